"""Scheduled runs: lock, budget, exit codes, reports, notices, metrics, logs, upkeep, and what they say of themselves."""

import json
import os
import re
import shutil
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from prometheus_client.parser import text_string_to_metric_families

from newscrawl.errors import ReportError
from newscrawl.items import Page
from newscrawl.pages import read_pages
from newscrawl.reports.merging import merged
from newscrawl.reports.notice import Channels, Mail, Notice, by_webhook, send
from newscrawl.reports.storing import read_report, stored_reports
from newscrawl.state.health import Finding, Trouble
from tests.conftest import ROOT, proxied
from tests.shell import Shell
from tests.states import change, look, state_in
from tests.web import Answer, Web, article, feed, site

HOST, OTHER = "www.harrow.example", "www.bay.example"
BASE = f"http://{HOST}"
FAST = ("-s", "DOWNLOAD_DELAY=0", "-s", "AUTOTHROTTLE_ENABLED=0", "-s", "RETRY_TIMES=0")
TITLES = tuple(f"Council votes for harbour wall number {number}" for number in range(1, 9))


def run_due(shell: Shell, *more: str, code: int = 0) -> str:
    return shell("run", "--due", *FAST, *more, code=code)


def sql(folder: Path, *statements: str) -> list[tuple[Any, ...]]:
    place, rows = state_in(folder, "data/state.db"), list[tuple[Any, ...]]()
    for statement in statements:
        if statement.startswith(("SELECT", "PRAGMA")):
            rows += look(place, statement)
        else:
            change(place, statement)
    return rows


def make_due(folder: Path, condition: str = "NOT is_article") -> None:
    sql(folder, f"UPDATE url SET due = 1 WHERE due IS NOT NULL AND {condition}")


def latest(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "data" / "runs" / "latest.json").read_text())
    return found


# -- lock and budget -----------------------------------------------------------------------------


def test_a_second_run_leaves_at_once_and_says_who_is_at_work(tmp_path: Path) -> None:
    with Web(site(HOST, TITLES)) as web:
        shell = Shell(tmp_path, web.proxy)
        shell.crawl(f"{BASE}/")
        make_due(tmp_path)
        begun = len(web.log)
        folder = tmp_path / "data" / "state.db.runs"
        with FileLock(folder / "due.lock"):
            (folder / "due.lock.by").write_text(f"4711 {time.time() - 60}")
            assert "process 4711 is at it since" in run_due(shell)
            assert run_due(shell, "-q") == ""
            (folder / "due.lock.by").write_text(f"4711 {time.time() - 90_000}")
            assert "does it hang?" in run_due(shell, "-q", code=1)
        assert len(web.log) == begun
        assert "0 new" in run_due(shell)


def test_a_run_of_a_killed_process_holds_no_lock(tmp_path: Path) -> None:
    with Web(site(HOST, TITLES)) as web:
        shell = Shell(tmp_path, web.proxy)
        shell.crawl(f"{BASE}/", "--limit", "1")
        web.pages[f"{BASE}/robots.txt"] = Answer("", wait=20)
        command = [sys.executable, "-m", "newscrawl", "run", "--due", *FAST]
        process = subprocess.Popen(command, cwd=tmp_path, env=proxied(web.proxy))
        time.sleep(3)
        process.kill()
        process.wait()
        web.pages[f"{BASE}/robots.txt"] = Answer("")
        assert "7 new" in run_due(shell)


def test_a_run_asks_for_nothing_more_when_its_time_is_over(tmp_path: Path) -> None:
    with Web(site(HOST, TITLES)) as web:
        shell = Shell(tmp_path, web.proxy)
        shell.crawl(f"{BASE}/", "--limit", "1")
        slow = ("-s", "DOWNLOAD_DELAY=0.8", "-s", "AUTOTHROTTLE_ENABLED=0")
        said = shell("run", "--due", "--max-time", "2s", *slow)
        assert "ended by its time limit" in said
        assert re.search(r"[1-6] left for the next run", said)
        assert latest(tmp_path)["crawls"][0]["ended"] == "time_limit"
        assert "0 failed" in run_due(shell)
        assert len(shell.stored()) == len(TITLES)


def test_a_run_keeps_to_its_requests_over_all_crawls(tmp_path: Path) -> None:
    with Web({**site(HOST, TITLES), **site(OTHER, TITLES)}) as web:
        shell = Shell(tmp_path, web.proxy)
        for host in (HOST, OTHER):
            shell.crawl(f"http://{host}/", "--limit", "1")
        begun = len(web.log)
        said = run_due(shell, "--max-requests", "5")
        asked = [one for one in web.log[begun:] if not one.url.endswith("/robots.txt")]
        assert len(web.log) - begun <= 6  # a robots.txt may come on top
        assert len(asked) >= 3
        assert "ended by its request limit" in said
        # What did not have its turn comes first the next time.
        first = run_due(shell, "--max-requests", "5").partition("\n")[0]
        assert "http" not in first
        assert first.split(":")[1].strip() != said.partition("\n")[0].split(":")[1].strip()
        run_due(shell)
        assert len(shell.stored()) == 2 * len(TITLES)


# -- exit codes ----------------------------------------------------------------------------------


def test_a_source_that_is_quiet_for_longer_than_stated_ends_with_3_once_it_is_asked(
    tmp_path: Path,
) -> None:
    quiet = ("-s", 'NEWSCRAWL_QUIET_AFTER={"harrow.example": "2d"}')
    with Web(site(HOST, TITLES)) as web:
        shell = Shell(tmp_path, web.proxy)
        shell.crawl(f"{BASE}/")
        make_due(tmp_path)
        run_due(shell, *quiet)
        sql(tmp_path, "UPDATE source SET last_new = last_new - 200000")
        make_due(tmp_path)
        said = run_due(shell, "-q", *quiet, code=3)
        assert said.count("\n") == 1
        assert "harrow.example is quiet: nothing new for 56 h, as was set" in said
        assert latest(tmp_path)["sources"]["harrow.example"]["troubles"][0]["trouble"] == "quiet"
        assert "quiet: nothing new for 56 h" in shell("status")
        # Nothing is due: nothing is said, and it is no failure of this run.
        assert run_due(shell, "-q", *quiet) == ""
        make_due(tmp_path)
        never = ("-s", 'NEWSCRAWL_QUIET_AFTER={"harrow.example": "never"}')
        run_due(shell, *never)
        make_due(tmp_path)
        run_due(shell, *quiet, "-s", "NEWSCRAWL_MOST_QUIET=1")
        new = f"{BASE}/2026/11/21/a-story-of-the-next-day"
        known = [url for url in web.pages if "/2026/" in url]
        web.pages[f"{BASE}/feed.xml"] = feed({new: "New", **dict.fromkeys(known, "Old")})
        web.pages[new] = article("A story of the next day")
        make_due(tmp_path)
        assert "1 new" in run_due(shell, *quiet)


def test_one_source_in_trouble_is_degraded_and_all_refusing_are_blocked(tmp_path: Path) -> None:
    pages = {**site(HOST, TITLES), **site(OTHER, TITLES)}
    with Web(pages) as web:
        shell = Shell(tmp_path, web.proxy)
        for host in (HOST, OTHER):
            shell.crawl(f"http://{host}/")
        for path in ("/", "/feed.xml"):
            web.pages[f"{BASE}{path}"] = Answer("", 403)
        make_due(tmp_path)
        said = run_due(shell, code=4)
        assert (
            "exit code 4: harrow.example is refusing: none of its lists can be read (blocked)"
            in said
        )
        make_due(tmp_path)
        run_due(shell, "-s", "NEWSCRAWL_MOST_DEGRADED=0.5")
        for path in ("/", "/feed.xml"):
            web.pages[f"http://{OTHER}{path}"] = Answer("", 403)
        make_due(tmp_path)
        said = run_due(shell, code=5)
        assert (
            "bay.example is refusing: none of its lists can be read (blocked), in the last run"
            in said
        )
        assert latest(tmp_path)["code"] == 5


def test_a_source_fails_when_no_list_can_be_read_three_times(tmp_path: Path) -> None:
    with Web({**site(HOST, TITLES), **site(OTHER, TITLES)}) as web:
        shell = Shell(tmp_path, web.proxy)
        for host in (HOST, OTHER):
            shell.crawl(f"http://{host}/")
        for path in ("/", "/feed.xml"):
            web.pages[f"{BASE}{path}"] = Answer("", 500)
        for code in (0, 0, 4):
            make_due(tmp_path)
            said = run_due(shell, code=code)
        assert (
            "harrow.example is failing: none of its lists can be read (http_error), in 3 runs in a row"
            in said
        )
        web.pages |= site(HOST, TITLES)
        make_due(tmp_path)
        run_due(shell)
        assert "in trouble" in shell("status")
        assert "failing" not in shell("status")


def test_where_nobody_answers_it_is_this_machine(tmp_path: Path) -> None:
    web = Web({**site(HOST, TITLES), **site(OTHER, TITLES)})
    with web:
        shell = Shell(tmp_path, web.proxy)
        for host in (HOST, OTHER):
            shell.crawl(f"http://{host}/")
    make_due(tmp_path)
    assert "none of 2 sources answered: is this machine on the net?" in run_due(shell, code=1)


def test_a_bug_on_a_page_ends_with_1_unless_it_is_let_pass(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text(
        "class Broken:\n    def process_item(self, item):\n        raise RuntimeError('no such <b>luck</b>')\n"
    )
    broken = ("-s", 'ITEM_PIPELINES={"broken.Broken": 10}')
    with Web(site(HOST, TITLES)) as web:
        shell = Shell(tmp_path, web.proxy)
        shell.crawl(f"{BASE}/", "--limit", "1")
        said = run_due(shell, "--limit", "2", *broken, code=1)
        assert "2 pages failed by a bug" in said
        [mishap] = [m for m in latest(tmp_path)["mishaps"] if m["end"] == "failed"]
        assert mishap["number"] == 2
        assert mishap["examples"][0]["detail"] == "RuntimeError: no such <b>luck</b>"
        sql(tmp_path, "UPDATE url SET due = 1 WHERE outcome = 'failed'")
        run_due(shell, "--limit", "2", "-s", "NEWSCRAWL_MOST_FAILED=1", *broken)


def test_a_run_that_is_interrupted_twice_has_failed(tmp_path: Path) -> None:
    with Web(site(HOST, TITLES)) as web:
        shell = Shell(tmp_path, web.proxy)
        shell.crawl(f"{BASE}/", "--limit", "1")
        for url in web.pages:
            if "/2026/" in url:
                web.pages[url] = Answer("", wait=20)
        command = [sys.executable, "-m", "newscrawl", "run", "--due", *FAST]
        process = subprocess.Popen(
            command, cwd=tmp_path, env=proxied(web.proxy), stderr=subprocess.PIPE, text=True
        )
        time.sleep(3)
        for _ in range(2):
            process.terminate()
            time.sleep(1)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "it was interrupted" in said


def test_one_broken_spider_costs_its_own_job_and_is_told(tmp_path: Path) -> None:
    (tmp_path / "scrapy.cfg").write_text("[settings]\ndefault = own\n")
    (tmp_path / "own.py").write_text(
        "from newscrawl.settings import *\nSPIDER_MODULES = ['newscrawl.spiders', 'spiders_of_ours']\n"
        f"NEWSCRAWL_NOTICE_COMMAND = ['tee', '{tmp_path}/notice.json']\n"
    )
    spider = tmp_path / "spiders_of_ours.py"
    text = (
        "import scrapy\nclass Ours(scrapy.Spider):\n    name = 'ours'\n"
        f"    start_urls = ['http://{OTHER}/']\n    def __init__(self, *a, **k):\n        BODY\n        super().__init__(*a, **k)\n"
        "    def parse(self, response):\n        yield {'title': response.css('title::text').get()}\n"
    )
    spider.write_text(text.replace("BODY", "pass"))
    with Web({**site(HOST, TITLES), **site(OTHER, TITLES)}) as web:
        shell = Shell(tmp_path, web.proxy)
        shell("crawl", "ours", *FAST, "-O", "out.jsonl", code=3)  # items of its own are no articles
        shell.crawl(f"{BASE}/")
        sql(tmp_path, "UPDATE url SET due = 1")
        spider.write_text(text.replace("BODY", "raise RuntimeError('no luck')"))
        said = run_due(shell, code=1)
        assert "ours: RuntimeError: no luck" in said
        assert "harrow.example: 0 new" in said
        assert "no luck" in json.loads((tmp_path / "notice.json").read_text())["failure"]
        sql(tmp_path, "UPDATE url SET due = 1")
        spider.write_text("class Ours(:\n")
        # Scrapy says with a traceback why it cannot be read.
        command = [sys.executable, "-m", "newscrawl", "run", "--due", *FAST]
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env=proxied(web.proxy),
            capture_output=True,
            check=False,
            text=True,
        )
        assert done.returncode == 4
        assert "ours: there is no such source or spider any more" in done.stderr
        [lost] = json.loads((tmp_path / "notice.json").read_text())["troubles"]
        assert (lost["source"], lost["trouble"]) == ("ours", "lost")


def test_a_state_that_is_damaged_is_told(tmp_path: Path) -> None:
    notice = tmp_path / "notice.json"
    tell = ("-s", f"NEWSCRAWL_NOTICE_COMMAND=tee {notice}")
    with Web(site(HOST, TITLES)) as web:
        shell = Shell(tmp_path, web.proxy)
        shell.crawl(f"{BASE}/")
        make_due(tmp_path)
        [(page,)] = sql(tmp_path, "SELECT rootpage FROM sqlite_master WHERE name = 'url'")
        [(size,)] = sql(tmp_path, "PRAGMA page_size")
        sql(tmp_path, "PRAGMA wal_checkpoint(TRUNCATE)")
        with (tmp_path / "data" / "state.db").open("r+b") as file:
            file.seek((page - 1) * size)
            file.write(b"\xff" * size)
        run_due(shell, *tell, code=1)
        assert "malformed" in json.loads(notice.read_text())["failure"]
        assert "may be damaged" in shell("status", code=1)


def test_a_net_that_is_still_away_is_no_all_clear(tmp_path: Path) -> None:
    notices = tmp_path / "notices.jsonl"
    (tmp_path / "tell.sh").write_text(f"cat >> {notices}; echo >> {notices}\n")
    tell = ("-s", f"NEWSCRAWL_NOTICE_COMMAND=sh {tmp_path}/tell.sh")
    with Web({**site(HOST, TITLES), **site(OTHER, TITLES)}) as web:
        shell = Shell(tmp_path, web.proxy)
        for host in (HOST, OTHER):
            shell.crawl(f"http://{host}/")
    sql(tmp_path, "UPDATE url SET due = 1 WHERE due IS NOT NULL")
    run_due(shell, *tell, code=1)
    sql(tmp_path, "UPDATE url SET due = 1 WHERE due IS NOT NULL")
    run_due(shell, *tell, "-s", "NEWSCRAWL_PATIENCE=1", code=4)
    told = [json.loads(line) for line in notices.read_text().splitlines()]
    assert "none of 2 sources answered" in told[0]["failure"]
    assert not any(one["over"] for one in told)


def test_a_notice_that_could_not_be_sent_is_sent_by_the_next_run(tmp_path: Path) -> None:
    notice = tmp_path / "notice.json"
    well, broken = (
        ("-s", f"NEWSCRAWL_NOTICE_COMMAND={command}") for command in (f"tee {notice}", "false")
    )
    full = ("-s", "NEWSCRAWL_LEAST_FREE=1000000000000000000")
    with Web(site(HOST, TITLES)) as web:
        shell = Shell(tmp_path, web.proxy)
        shell.crawl(f"{BASE}/")
        assert "the notice could not be sent by command: false exits with 1" in run_due(
            shell, *full, *broken, code=1
        )
        run_due(shell, *full, *well, code=1)
        assert "to stay free" in json.loads(notice.read_text())["failure"]
        notice.unlink()
        # Where nothing was due it is not known yet.
        run_due(shell, *well)
        assert not notice.exists()
        make_due(tmp_path)
        run_due(shell, *broken)
        run_due(shell, *well)
        assert "runs go through again" in notice.read_text()


def test_a_share_that_is_none_is_wrong_usage(tmp_path: Path) -> None:
    shell = Shell(tmp_path, "")
    for setting, said in {
        "MOST_QUIET=3": "is no share between 0 and 1", "LEAST_FREE=200 MB": "'200 MB' is no number",
        "QUIET_AFTER=x": "is no dict of sources and ages", "NOTICE_CODES=2": "of 1, 3, 4 and 5, please",
        "NOTICE_WEBHOOK=ftp://a.org": "is no http or https address", "NOTICE_COMMAND=echo 'x": "No closing quotation",
        "NOTICE_AGAIN=soon": "'soon' is no age",
    }.items():  # fmt: skip
        assert said in shell("run", "--due", "-s", f"NEWSCRAWL_{setting}", code=2)
    assert "'9' is no age such as 9m" in shell("run", "--due", "--max-time", "9", code=2)
    assert "newscrawl crawl SOURCE begins one" in shell("run", "--due", code=1)
    assert not (tmp_path / "data").exists()


def test_a_page_for_members_alone_is_asked_for_ever_more_rarely_and_blames_nobody(
    tmp_path: Path,
) -> None:
    with Web(site(HOST, TITLES[:2])) as web:
        closed = next(url for url in web.pages if "/2026/" in url)
        web.pages[closed] = Answer("", 403)
        shell = Shell(tmp_path, web.proxy)
        shell.crawl(f"{BASE}/")
        waits = []
        for _ in range(7):
            [(due, fetched)] = sql(
                tmp_path, "SELECT due, fetched FROM url WHERE outcome = 'blocked'"
            )
            waits.append(round((due - fetched) / 3600))
            make_due(tmp_path, "outcome = 'blocked'")
            run_due(shell)
    assert waits == [1, 2, 4, 8, 16, 32, 64]


def test_what_a_feed_said_is_told_to_a_planned_visit_too(tmp_path: Path) -> None:
    url = f"{BASE}/2026/11/20/a-story-without-keywords"
    item = f"<item><title>T</title><link>{url}</link><category>Harbour</category></item>"
    pages = {
        **site(HOST, ()), url: [article("A story without keywords"), article("A story with another title")],
        f"{BASE}/feed.xml": Answer(f'<rss version="2.0"><channel>{item}</channel></rss>', type="application/rss+xml"),
    }  # fmt: skip
    with Web(pages) as web:
        shell = Shell(tmp_path, web.proxy)
        shell.crawl(f"{BASE}/")
        make_due(tmp_path, "is_article")
        run_due(shell)
    assert [line["tags"] for line in shell.stored()] == [["Harbour"], ["Harbour"]]


# -- reports -------------------------------------------------------------------------------------


def test_a_report_holds_what_a_run_did(tmp_path: Path) -> None:
    pages = site(HOST, TITLES)
    gone = f"{BASE}/2026/11/20/a-story-that-is-gone-now"
    with Web(pages) as web:
        listed = {url: "T" for url in pages if "/2026/" in url}
        web.pages[f"{BASE}/feed.xml"] = feed({**listed, gone: "Gone"})
        shell = Shell(tmp_path, web.proxy)
        shell(
            "crawl",
            f"{BASE}/",
            "-O",
            "out.jsonl",
            "-s",
            "DOWNLOAD_DELAY=0.3",
            "-s",
            "AUTOTHROTTLE_ENABLED=0",
        )
        gaps = sorted(web.gaps(HOST))
        requests = len(web.log)
    report = latest(tmp_path)
    source = report["sources"]["harrow.example"]
    host = source["hosts"][HOST]
    assert report["code"] == 0
    assert source["ends"] == {"gone:gone": 1, "new": 8, "read": 2}
    assert host["requests"] == requests
    assert host["statuses"] == {"200": requests - 1, "404": 1}
    # As the server has seen them.
    assert abs(host["smallest_gap"] - gaps[0]) < 0.05
    assert [day["ends"]["new"] for day in source["history"]] == [8]
    assert {rate["field"]: rate["now"] for rate in source["filled"]}["title"] == 1
    assert source["articles"] == 8
    assert report["mishaps"] == [
        {"source": "harrow.example", "end": "gone", "reason": "gone", "number": 1, "examples": [{"url": gone, "detail": ""}]}
    ]  # fmt: skip
    assert len(report["slowest"]) == len(report["heaviest"]) == 10
    assert report["slowest"][0]["seconds"] >= report["slowest"][-1]["seconds"]
    assert report["store"]["bytes"]["articles"] > 0
    assert report["crawls"][0]["adds_up"]


def test_every_scrapy_crawl_leaves_a_report_too(tmp_path: Path) -> None:
    with Web(site(HOST, TITLES)) as web:
        command = [
            sys.executable,
            "-m",
            "scrapy",
            "crawl",
            "articles",
            "-a",
            f"site={BASE}/",
            *FAST,
        ]
        state = f"NEWSCRAWL_STATE={tmp_path}/data/state.db"
        done = subprocess.run([*command, "-s", state], cwd=ROOT, env=proxied(web.proxy), capture_output=True, check=False)  # fmt: skip
        assert done.returncode == 0
    report = latest(tmp_path)
    assert report["command"] == "scrapy crawl articles"
    assert report["code"] is None
    assert report["sources"]["harrow.example"]["ends"]["new"] == 8


def test_reports_are_put_together_and_the_old_ones_taken_away(tmp_path: Path) -> None:
    with Web(site(HOST, TITLES)) as web:
        shell = Shell(tmp_path, web.proxy)
        shell.crawl(f"{BASE}/", "--limit", "3")
        run_due(shell)
    runs = tmp_path / "data" / "runs"
    old = runs / "20200101T000000Z.json"
    old.write_bytes((runs / "latest.json").read_bytes())
    reports = [read_report(path) for path in stored_reports(runs) if path != old]
    both = merged(reports)
    source = both.sources["harrow.example"]
    assert both.runs == 2
    assert source.ends["new"] == 8
    assert source.hosts[HOST].requests == len(web.log)
    assert shell("report", "--since", "1d", "--json").count('"run":') >= 2
    page = shell("report", "--since", "1d")
    assert "<h1>Run report" in page
    assert "harrow.example" in page
    sql(tmp_path, "UPDATE url SET due = 1 WHERE due IS NOT NULL")
    with Web(site(HOST, TITLES)) as again:
        Shell(tmp_path, again.proxy)("run", "--due", *FAST, "-s", "NEWSCRAWL_REPORT_PAGE=1")
    assert not old.exists()
    assert (runs / "latest.html").read_text().startswith("<!DOCTYPE html>")


def test_a_report_that_is_none_is_refused(tmp_path: Path) -> None:
    shell = Shell(tmp_path, "")
    assert "there is no report of a run in data/runs" in shell("report", code=3)
    (tmp_path / "x.json").write_text(
        '{"report_version": 99, "started": "2026-11-26T20:00:00Z", "ended": "2026-11-26T20:00:00Z"}'
    )
    assert "was written by a newer newscrawl" in shell("report", "x.json", code=1)
    (tmp_path / "x.json").write_text("[]")
    assert "is no run report" in shell("report", "x.json", code=1)
    assert "write an age" in shell("report", "--since", "soon", code=2)


def test_a_report_that_cannot_be_written_does_not_fail_the_run(tmp_path: Path) -> None:
    with Web(site(HOST, TITLES)) as web:
        shell = Shell(tmp_path, web.proxy)
        (tmp_path / "file").write_text("")
        said = shell.crawl(f"{BASE}/", "-s", "NEWSCRAWL_REPORTS=file/runs")
    assert "8 new" in said
    assert "no report was written: cannot write the report to file/runs" in said


# -- notices, metrics, logs ----------------------------------------------------------------------


class Hook:
    """A web server that takes what is posted."""

    def __init__(self) -> None:
        self.posted: list[dict[str, Any]] = []
        posted = self.posted

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"


@contextmanager
def served(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


class MailHandler(socketserver.StreamRequestHandler):
    """As much of SMTP (RFC 5321) as a delivery needs."""

    def handle(self) -> None:
        self.wfile.write(b"220 test\r\n")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                lines = iter(self.rfile.readline, b".\r\n")
                self.server.mails.append(b"".join(lines).decode())  # type: ignore[attr-defined]
            elif word == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            self.wfile.write(b"250 ok\r\n")


NOTICE = Notice(
    code=4, line="1 new", run="20261126T000000Z", host="a",
    troubles=[Finding(source="b.example", trouble=Trouble.FAILING, detail="\x1b[31m; rm -rf /", since=0.0)],
)  # fmt: skip


def test_a_notice_goes_by_command_webhook_and_mail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    hook = Hook()
    mails = socketserver.ThreadingTCPServer(("127.0.0.1", 0), MailHandler)
    mails.mails = []  # type: ignore[attr-defined]
    with served(hook.server), served(mails):
        port = mails.server_address[1]
        mail = Mail(to=["ops@b.example"], host="127.0.0.1", port=int(port))
        channels = Channels(
            command=f"tee '{tmp_path}/the notice.json'", webhook=hook.url, mail=mail
        )
        assert send(NOTICE, channels) == []
    told = json.loads((tmp_path / "the notice.json").read_text())
    assert told == hook.posted[0]
    assert told["troubles"] == [
        {
            "source": "b.example",
            "trouble": "failing",
            "detail": "\x1b[31m; rm -rf /",
            "since": "1970-01-01T00:00:00Z",
        }
    ]
    [text] = mails.mails  # type: ignore[attr-defined]
    assert "Subject: newscrawl on a: 1 source in trouble" in text
    assert "\x1b" not in text


def test_what_goes_wrong_with_a_notice_is_said(tmp_path: Path) -> None:
    assert "exits with 3" in send(NOTICE, Channels(command="sh -c 'exit 3'"))[0]
    assert "No such file" in send(NOTICE, Channels(command="/no/such/command"))[0]
    assert send(NOTICE, Channels(mail=Mail(to=["a@b.example"], host="127.0.0.1", port=1)))
    with pytest.raises(ReportError):
        by_webhook(NOTICE, "file:///etc/passwd")


def test_a_trouble_is_told_once_and_once_more_a_day_and_when_it_is_over(tmp_path: Path) -> None:
    notices = tmp_path / "notices.jsonl"
    (tmp_path / "tell.sh").write_text(f"cat >> {notices}; echo >> {notices}\n")
    tell = ("-s", f"NEWSCRAWL_NOTICE_COMMAND=sh {tmp_path}/tell.sh")

    def told() -> list[dict[str, Any]]:
        lines = notices.read_text().splitlines() if notices.exists() else []
        notices.unlink(missing_ok=True)
        return [json.loads(line) for line in lines]

    with Web({**site(HOST, TITLES), **site(OTHER, TITLES)}) as web:
        shell = Shell(tmp_path, web.proxy)
        for host in (HOST, OTHER):
            shell.crawl(f"http://{host}/")
        well = dict(web.pages)
        for path in ("/", "/feed.xml"):
            web.pages[f"{BASE}{path}"] = Answer("", 403)
        make_due(tmp_path)
        run_due(shell, *tell, code=4)
        [notice] = told()
        assert (notice["code"], notice["troubles"][0]["source"]) == (4, "harrow.example")
        assert "harrow.example is refusing" in notice["text"]
        make_due(tmp_path)
        run_due(shell, *tell, code=4)
        assert told() == []
        sql(tmp_path, "UPDATE trouble SET told = told - 86400")
        make_due(tmp_path)
        run_due(shell, *tell, code=4)
        assert len(told()) == 1
        web.pages.update(well)
        make_due(tmp_path)
        run_due(shell, *tell)
        [notice] = told()
        assert [one["source"] for one in notice["over"]] == ["harrow.example"]
        # A run that fails is told once too, and only codes that are asked for.
        full = ("-s", "NEWSCRAWL_LEAST_FREE=1000000000000000000")
        run_due(shell, *tell, *full, code=1)
        run_due(shell, *tell, *full, code=1)
        [notice] = told()
        assert "to stay free" in notice["failure"]
        run_due(shell, *tell, *full, "-s", "NEWSCRAWL_NOTICE_CODES=3", code=1)
        assert told() == []


def test_metrics_can_be_read_by_prometheus(tmp_path: Path) -> None:
    with Web(site(HOST, TITLES)) as web:
        shell = Shell(tmp_path, web.proxy)
        shell.crawl(f"{BASE}/", "--limit", "5")
        run_due(shell, "-s", "NEWSCRAWL_METRICS=metrics/newscrawl.prom")
    text = (tmp_path / "metrics" / "newscrawl.prom").read_text()
    samples = {
        (s.name, *sorted(s.labels.values())): s.value
        for family in text_string_to_metric_families(text) for s in family.samples
    }  # fmt: skip
    assert samples["newscrawl_run_exit_code",] == 0
    assert samples["newscrawl_run_addresses", "new"] == 3
    assert samples["newscrawl_source_trouble", "harrow.example", "quiet"] == 0
    assert abs(samples["newscrawl_run_timestamp_seconds",] - time.time()) < 60
    assert (
        samples["newscrawl_source_last_new_timestamp_seconds", "harrow.example"] > time.time() - 60
    )


def test_logs_are_json_lines_with_run_and_source(tmp_path: Path) -> None:
    with Web({**site(HOST, TITLES), **site(OTHER, TITLES)}) as web:
        shell = Shell(tmp_path, web.proxy)
        for host in (HOST, OTHER):
            shell.crawl(f"http://{host}/", "--limit", "1")
        web.pages[f"{BASE}/"] = Answer("x", 500)
        make_due(tmp_path)
        run_due(shell, "--log-file", "logs/run.jsonl", "--log-format", "json")
    events = [
        json.loads(line) for line in (tmp_path / "logs" / "run.jsonl").read_text().splitlines()
    ]
    assert {event["run"] for event in events} == {latest(tmp_path)["run"]}
    closed = [event for event in events if "Spider closed" in event["message"]]
    assert {event["source"] for event in closed} == {HOST, OTHER}
    [unread] = [event for event in events if f"{BASE}/: http_error" in event["message"]]
    assert (unread["source"], unread["level"]) == (HOST, "WARNING")
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", e["time"]) for e in events)


def test_a_text_log_has_one_line_an_event(tmp_path: Path) -> None:
    with Web(site(HOST, TITLES[:1])) as web:
        shell = Shell(tmp_path, web.proxy)
        shell.crawl(f"{BASE}/", "--log-file", "run.log")
    lines = (tmp_path / "run.log").read_text().splitlines()
    assert all(
        re.match(r"\d{4}-\d\d-\d\dT[\d:.]+Z [A-Z]+ \d{8}T\d{6}Z \S+ [\w.]+: ", line)
        for line in lines
    )


# -- long life -----------------------------------------------------------------------------------


def test_a_disk_that_is_nearly_full_stops_a_run_before_it_begins(tmp_path: Path) -> None:
    with Web(site(HOST, TITLES)) as web:
        shell = Shell(tmp_path, web.proxy)
        shell.crawl(f"{BASE}/", "--limit", "1")
        begun = len(web.log)
        said = run_due(shell, "-s", "NEWSCRAWL_LEAST_FREE=1000000000000000000", code=1)
        assert (
            "1000000.0 TB are to stay free (NEWSCRAWL_LEAST_FREE): make room; nothing was lost"
            in said
        )
        assert len(web.log) == begun
        assert "7 new" in run_due(shell)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small disk, which root alone may")
def test_a_disk_that_fills_during_a_crawl_stops_it_while_there_is_room(tmp_path: Path) -> None:
    disk = tmp_path / "data"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", disk], check=True)
    try:
        titles = [f"Council votes for harbour wall number {n}" for n in range(60)]
        pages = site(HOST, titles)
        for url, page in pages.items():
            if "/2026/" in url:
                assert isinstance(page, Answer)
                ballast = f"<!-- {os.urandom(60_000).hex()} -->"
                assert isinstance(page.body, str)
                pages[url] = Answer(page.body + ballast)
        with Web(pages) as web:
            shell = Shell(tmp_path, web.proxy)
            slow = ("-s", "DOWNLOAD_DELAY=0.15")
            said = shell.crawl(f"{BASE}/", *slow, "-s", "NEWSCRAWL_LEAST_FREE=2500000", code=1)
        assert "are to stay free" in said
        assert 5 < len(shell.stored()) < 60
        assert "sound" in shell("state", "check")
        shutil.rmtree(disk / "raw")
        with Web(pages) as web:
            Shell(tmp_path, web.proxy).crawl(
                f"{BASE}/", "--no-archive", "-s", "NEWSCRAWL_LEAST_FREE=1000000"
            )
        assert len(shell.stored()) == 60
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def test_the_crawls_of_a_day_go_on_with_one_archive(tmp_path: Path) -> None:
    with Web(site(HOST, TITLES)) as web:
        shell = Shell(tmp_path, web.proxy)
        shell.crawl(f"{BASE}/", "--limit", "3")
        run_due(shell)
    [archive] = list((tmp_path / "data" / "raw").iterdir())
    pages = [page.url for page in read_pages([str(archive)]) if isinstance(page, Page)]
    assert len(pages) == 8
    assert len(set(pages)) == 8


def test_old_archives_go_and_those_of_others_stay(tmp_path: Path) -> None:
    with Web(site(HOST, TITLES)) as web:
        shell = Shell(tmp_path, web.proxy)
        shell.crawl(f"{BASE}/", "--limit", "3")
        raw = tmp_path / "data" / "raw"
        [today] = list(raw.iterdir())
        names = (
            "articles-20240101000000-1-00001.warc.gz",
            "CC-NEWS-20160101000000-00001.warc.gz",
            "articles-20240101000000-1-00001.warc.gz.open",
        )
        for name in names:
            (raw / name).write_bytes(b"")
        assert "1 old archive deleted" in run_due(shell, "-s", "NEWSCRAWL_ARCHIVE_DAYS=30")
    # The open one was left by a crawl that was killed: it has got its name, and the next round takes it.
    assert {path.name for path in raw.iterdir()} >= {today.name, names[1]}
    assert not (raw / names[0]).exists() or (raw / names[0]).stat().st_size == 0


def test_old_runs_are_forgotten_and_nothing_that_counts_is_lost(tmp_path: Path) -> None:
    with Web(site(HOST, TITLES)) as web:
        shell = Shell(tmp_path, web.proxy)
        shell.crawl(f"{BASE}/")
        for _ in range(5):
            make_due(tmp_path)
            run_due(shell)
        ages = {1: 93, 2: 92, 3: 91, 4: 90, 5: 2, 6: 1}
        aged = [
            f"UPDATE run SET ended = ended - 86400 * {age}, started = started - 86400 * {age} WHERE id = {run}"
            for run, age in ages.items()
        ]
        sql(tmp_path, *aged, "DELETE FROM upkeep")
        [(answers,)] = sql(tmp_path, "SELECT sum(number) FROM answer")
        make_due(tmp_path)
        assert "4 old runs forgotten" in run_due(shell)
        [(after,)] = sql(tmp_path, "SELECT sum(number) FROM answer WHERE run = 0")
        assert 0 < after <= answers
        assert sql(tmp_path, "SELECT count(*) FROM url WHERE run NOT IN (SELECT id FROM run)") == [
            (0,)
        ]
        assert "sound" in shell("state", "check")
        make_due(tmp_path, "1")
        assert "0 new, 0 changed, 8 seen before" in run_due(shell)
        assert "old run" not in run_due(shell)


def test_a_clock_that_jumps_ahead_throws_nothing_away(tmp_path: Path) -> None:
    with Web(site(HOST, TITLES)) as web:
        shell = Shell(tmp_path, web.proxy)
        shell.crawl(f"{BASE}/")
        for _ in range(2):
            make_due(tmp_path)
            run_due(shell)
        # To the present clock all is 100 days old: it has jumped, or the machine was off.
        sql(
            tmp_path,
            "UPDATE run SET ended = ended - 8640000, started = started - 8640000",
            "DELETE FROM upkeep",
        )
        [archive] = list((tmp_path / "data" / "raw").iterdir())
        old = archive.with_name("articles-20200101000000-1-00001.warc.gz")
        archive.rename(old)
        make_due(tmp_path)
        said = run_due(shell, "-s", "NEWSCRAWL_ARCHIVE_DAYS=30")
        assert "forgotten" not in said
        assert old.exists()


def test_hosts_tell_that_the_clock_is_wrong(tmp_path: Path) -> None:
    hosts = [f"www.paper{number}.example" for number in range(3)]
    with Web({url: page for host in hosts for url, page in site(host, TITLES[:1]).items()}) as web:
        shell = Shell(tmp_path, web.proxy)
        for host in hosts:
            shell.crawl(f"http://{host}/")
        web.clock = lambda: time.time() + 86400
        make_due(tmp_path)
        # Three hosts of one crawl tell; here each crawl has one.
        run_due(shell)
        shell.crawl(*(f"http://{host}/" for host in hosts))
        make_due(tmp_path)
        assert "the clock is wrong: the hosts' are 24.0 h ahead of it" in run_due(shell, code=1)


def test_a_clock_that_was_ahead_for_one_run_is_mended(tmp_path: Path) -> None:
    year = 365 * 86400
    with Web(site(HOST, TITLES)) as web:
        shell = Shell(tmp_path, web.proxy)
        shell.crawl(f"{BASE}/", "--limit", "1")
        run_due(shell)
        run_due(shell, "-s", "NEWSCRAWL_REVISITS={}")
        make_due(tmp_path)
        run_due(shell)
        # As the last run would have left it under a clock that was a year ahead.
        sql(
            tmp_path,
            f"UPDATE run SET started = started + {year}, ended = ended + {year} WHERE id = (SELECT max(id) FROM run)",
            f"UPDATE url SET due = due + {year}, fetched = fetched + {year} WHERE NOT is_article",
            f"UPDATE source SET last_read = last_read + {year}",
        )  # fmt: skip
        [(before,)] = sql(tmp_path, "SELECT max(due) FROM url")
        assert before > time.time() + year / 2
        said = shell.crawl(f"{BASE}/")
        assert "h behind run" in said
        [(after, read)] = sql(
            tmp_path, "SELECT (SELECT max(due) FROM url), max(last_read) FROM source"
        )
        assert after < time.time() + 8 * 86400
        assert read <= time.time()
        assert "behind" not in shell.crawl(f"{BASE}/")
        assert "sound" in shell("state", "check")


def test_a_clock_that_is_wrong_now_dates_nothing(tmp_path: Path) -> None:
    with Web(site(HOST, TITLES)) as web:
        shell = Shell(tmp_path, web.proxy)
        for _ in range(3):
            shell.crawl(f"{BASE}/", "--limit", "2")
        sql(tmp_path, "UPDATE run SET started = started + 86400 * 300")
        stored = shell.stored()
        said = shell.crawl(f"{BASE}/", code=1)
        assert "set the clock; if it is right now, newscrawl state mend-clock" in said
        assert shell.stored() == stored
        shell("state", "mend-clock")
        assert "2 new" in shell.crawl(f"{BASE}/")


# -- status and doctor ---------------------------------------------------------------------------


def test_status_tells_health_backlog_and_disk(tmp_path: Path) -> None:
    with Web({**site(HOST, TITLES), **site(OTHER, TITLES)}) as web:
        shell = Shell(tmp_path, web.proxy)
        shell.crawl(f"{BASE}/", "--limit", "3")
        shell.crawl(f"http://{OTHER}/")
    said = shell("status")
    assert re.search(r"harrow\.example +well +\d+ (?:min|h) ago +in \d+ min +3 +0 +5", said)
    assert "2 sources, 0 in trouble; " in said
    assert "5 left by runs" in said
    assert "GB free" in said or "MB free" in said
    told = json.loads(shell("status", "--json"))
    assert [one["source"] for one in told["sources"]] == ["bay.example", "harrow.example"]
    assert told["sources"][1]["waiting"] == 5
    assert told["free"] > 0
    assert json.loads(shell("status", "--json", "--troubled"))["sources"] == []
    assert "there is no crawl state" in shell("status", "--state", "nowhere.db", code=1)


def test_doctor_finds_what_is_wrong(tmp_path: Path) -> None:
    with Web(site(HOST, TITLES)) as web:
        shell = Shell(tmp_path, web.proxy)
        assert "there is no crawl state at data/state.db" in shell("doctor")
        shell.crawl(f"{BASE}/", "--limit", "2")
        said = shell("doctor")
        assert "fail" not in said
        assert f"a proxy resolves names: {web.proxy}" in said
        said = shell(
            "doctor", "-s", "NEWSCRAWL_LEAST_FREE=1000000000000000000", "-s", "USER_AGENT=curl", "-s",
            "NEWSCRAWL_NOTICE_COMMAND=/no/such/program", code=1,
        )  # fmt: skip
        assert "are to stay free" in said
        assert "does not name 'newscrawl'" in said
        assert "there is no /no/such/program" in said
        assert "no age" in shell("doctor", "-s", 'NEWSCRAWL_QUIET_AFTER={"a.org": "soon"}', code=1)
        (tmp_path / "data" / "state.db").write_bytes(b"SQLite format 3\0" + b"x" * 5000)
        assert "fail store" in shell("doctor", code=1)


def test_doctor_looks_up_names_where_there_is_no_proxy(tmp_path: Path) -> None:
    with Web(site(HOST, TITLES[:1])) as web:
        shell = Shell(tmp_path, web.proxy)
        shell.crawl(f"{BASE}/")
        plain = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        command = [sys.executable, "-m", "newscrawl", "doctor"]
        done = subprocess.run(
            command, cwd=tmp_path, env=plain, capture_output=True, check=False, text=True
        )
        assert done.returncode == 1
        assert f"no name could be looked up: {HOST}" in done.stdout
        done = subprocess.run(
            [*command, "--offline"],
            cwd=tmp_path,
            env=plain,
            capture_output=True,
            check=False,
            text=True,
        )
        assert "names" not in done.stdout
