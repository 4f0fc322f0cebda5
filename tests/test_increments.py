"""Crawls that know what was fetched before: real ones, against a loopback site that changes."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from newscrawl.demo.server import DemoServer
from newscrawl.demo.site import Resource
from newscrawl.state.place import StatePlace
from tests.conftest import proxied
from tests.crash import FAST, HOME, HOST, article, article_url, build_site, sitemap
from tests.states import change, environment_in, state_in

ARTICLES = 12
SOON = "2099-01-01T00:00:00+00:00"


@pytest.fixture
def server() -> Iterator[DemoServer]:
    with DemoServer(build_site(ARTICLES)) as running:
        yield running


BOTH = pytest.mark.usefixtures("back_end")


class Shell:
    """A folder in which a person runs commands against the site."""

    def __init__(self, folder: Path, server: DemoServer) -> None:
        self.folder = folder
        self.server = server

    def __call__(self, *arguments: str, code: int = 0, module: str = "newscrawl") -> str:
        result = subprocess.run(
            [sys.executable, "-m", module, *arguments], cwd=self.folder,
            env=proxied(self.server.proxy) | environment_in(self.folder), capture_output=True, check=False, timeout=180, text=True,
        )  # fmt: skip
        assert result.returncode == code, result.stderr[-3000:]
        assert "Traceback" not in result.stderr
        return result.stdout + result.stderr

    @property
    def state(self) -> StatePlace:
        return state_in(self.folder, "data/state.db")

    def crawl(self, *arguments: str, code: int = 0) -> str:
        """Crawl the site; give the last line."""
        said = self("crawl", *(arguments or (HOME,)), *FAST, "-O", "out.jsonl", code=code)
        return said.strip().splitlines()[-1].removeprefix("newscrawl: ")

    def stored(self) -> list[dict[str, Any]]:
        paths = sorted((self.folder / "data" / "articles").rglob("*.jsonl"))
        return [json.loads(line) for path in paths for line in path.read_bytes().splitlines()]

    def asked_articles(self, since: int) -> list[str]:
        return [url for url in self.server.requests[since:] if "/report-number-" in url]


@pytest.fixture
def shell(tmp_path: Path, server: DemoServer) -> Shell:
    return Shell(tmp_path, server)


def html(title: str, text: str, *, canonical: str = "", head: str = "") -> Resource:
    link = f"<link rel=canonical href='{canonical}'>" if canonical else ""
    sentences = " ".join(
        f"{text}, says line {n} of the keeper's log about {title}." for n in range(9)
    )
    body = (
        f"<!doctype html><html lang=en><head><title>{title}</title>{link}{head}"
        f"<meta property='article:published_time' content='2026-03-01T08:00:00Z'></head>"
        f"<body><article><h1>{title}</h1><p>{sentences}</p><p>{sentences[::-1]}</p></article></body></html>"
    )
    return Resource(content_type="text/html; charset=utf-8", body=body.encode())


@BOTH
def test_a_second_run_fetches_no_article_and_says_so(shell: Shell) -> None:
    first = shell.crawl()
    before = len(shell.server.requests)
    second = shell.crawl()

    assert first == f"{ARTICLES} new, 0 changed, 0 seen before, 0 rejected, 0 failed"
    assert second == f"0 new, 0 changed, {ARTICLES} seen before, 0 rejected, 0 failed"
    assert shell.asked_articles(before) == []
    assert shell.server.requests[before:], "feeds and sitemaps are always looked at again"
    assert len(shell.stored()) == ARTICLES
    assert (shell.folder / "out.jsonl").read_bytes() == b""


@BOTH
def test_three_new_and_two_edited_articles_are_exactly_what_is_stored(shell: Shell) -> None:
    shell.crawl()
    site = build_site(ARTICLES + 3)
    for number in (4, 7):
        site[article_url(number)] = article(number, edition=2)
    site[f"{HOME}sitemap-0.xml"] = sitemap(range(ARTICLES + 3), dict.fromkeys((4, 7), SOON))
    shell.server.serve(site)
    before = len(shell.server.requests)

    last = shell.crawl()

    assert last == f"3 new, 2 changed, {ARTICLES - 2} seen before, 0 rejected, 0 failed"
    assert len(shell.asked_articles(before)) == 5
    added = shell.stored()[ARTICLES:]
    assert {line["url"] for line in added} == {
        article_url(number) for number in (4, 7, ARTICLES, ARTICLES + 1, ARTICLES + 2)
    }
    changed = [line for line in added if line["revision"]["number"] == 2]
    assert [line["revision"]["changed"] for line in changed] == [["text"], ["text"]]
    first = next(line for line in shell.stored() if line["url"] == changed[0]["url"])
    assert changed[0]["revision"]["previous"] == first["text_hash"]
    assert len((shell.folder / "out.jsonl").read_bytes().splitlines()) == 5


@BOTH
def test_diff_shows_versions_by_paragraph_and_corrections(shell: Shell) -> None:
    url = f"{HOME}2026/03/01/the-crates-were-counted"
    text = "<p>The crates on the quay were counted by four keepers on Monday, and the number was entered in the log of the harbour board.</p>"
    more = "<p>The board will meet again in the week after Easter, when the ferry crews have come back from the salt coast.</p>"
    page = "<html><head><title>The crates were counted</title></head><body><article><h1>The crates were counted</h1>{}</article></body></html>"
    note = "<p>Correction: An earlier version of this article misstated the number of keepers.</p>"

    def serve(body: str) -> None:
        shell.server.site[url] = Resource(
            content_type="text/html; charset=utf-8", body=page.format(body).encode()
        )

    serve(text + more)
    shell.crawl(url, "-s", 'NEWSCRAWL_REVISITS={"default": "0.001s 9d"}')
    shell("diff", url, code=3)
    serve(text.replace("four", "five") + more + note)
    make_due(shell)

    assert shell.crawl(url) == "0 new, 1 changed, 0 seen before, 0 rejected, 0 failed"
    lines = shell("diff", url).splitlines()
    assert [line for line in lines if line.startswith("-") and "four keepers" in line]
    assert [line for line in lines if line.startswith("+") and "five keepers" in line]
    assert [line for line in lines if line.startswith("  The board will meet")]
    assert [line for line in lines if line.startswith("! correction:") and "misstated" in line]
    assert "misstated" in shell.stored()[-1]["revision"]["corrections"][0]


def make_due(shell: Shell) -> None:
    """Let the time of all re-visits come."""
    change(shell.state, "UPDATE url SET due = 1 WHERE is_article")


@BOTH
def test_one_article_at_many_addresses_is_stored_once(shell: Shell) -> None:
    canonical = f"{HOME}2026/03/01/one-story-at-many-addresses"
    story = html("One story at many addresses", "The ferry came late", canonical=canonical)
    addresses = [
        canonical, f"{canonical}?utm_source=feed", f"http://m.{HOST.removeprefix('www.')}/2026/03/01/one-story-at-many-addresses",
        f"{canonical}/amp", f"{HOME}print/12345678", f"{HOME}?story=7654321",
    ]  # fmt: skip
    shell.server.site.update(dict.fromkeys(addresses, story))

    last = shell.crawl(*addresses)

    assert last == "1 new, 0 changed, 2 seen before, 0 rejected, 0 failed"
    assert len(shell.stored()) == 1
    shown = shell("state", "show", f"{HOME}print/12345678")
    assert "known as: 3 addresses" in shown
    assert shell.crawl(*addresses) == "0 new, 0 changed, 3 seen before, 0 rejected, 0 failed"


@BOTH
def test_a_canonical_address_that_all_pages_share_swallows_none(shell: Shell) -> None:
    wrong = f"{HOME}2026/03/01/the-newest-story-of-all"
    urls = [f"{HOME}2026/03/0{n}/a-story-with-number-{n}" for n in range(1, 4)]
    for number, url in enumerate(urls):
        shell.server.site[url] = html(f"Story {number}", f"Text {number}", canonical=wrong)

    assert shell.crawl(*urls) == "3 new, 0 changed, 0 seen before, 0 rejected, 0 failed"
    assert len(shell.stored()) == 3


@BOTH
def test_an_amp_page_makes_no_version_of_its_own(shell: Shell) -> None:
    canonical = f"{HOME}2026/03/01/the-story-of-the-lamp"
    shell.server.site[canonical] = html("The lamp", "It was lit")
    other = f"{HOME}service/lite/98765432"
    shell.server.site[other] = html("The lamp", "It was lit, in short", canonical=canonical)

    shell.crawl(canonical)
    assert shell.crawl(other) == "0 new, 0 changed, 1 seen before, 0 rejected, 0 failed"
    assert len(shell.stored()) == 1


@BOTH
def test_two_runs_at_once_fetch_no_article_twice_and_keep_the_delay(shell: Shell) -> None:
    delay = 0.3
    urls = [article_url(number) for number in range(ARTICLES)]
    command = [sys.executable, "-m", "newscrawl", "crawl", "-q", "-O", "/dev/null", "-s",
               f"DOWNLOAD_DELAY={delay}", "-s", "AUTOTHROTTLE_ENABLED=0"]  # fmt: skip
    processes = [
        subprocess.Popen(
            [*command, *half],
            cwd=shell.folder,
            env=proxied(shell.server.proxy) | environment_in(shell.folder),
        )
        for half in (urls[:9], urls[3:][::-1])
    ]
    assert [process.wait(timeout=120) for process in processes] == [0, 0]

    asked = shell.asked_articles(0)
    gaps = [b - a for a, b in pairwise(shell.server.times)]
    assert sorted(asked) == sorted(urls)
    assert sorted(line["url"] for line in shell.stored()) == sorted(urls)
    assert min(gaps) >= delay
    assert "sound" in shell("state", "check")


@BOTH
def test_a_304_is_believed_once_and_a_wrong_one_never_again(shell: Shell) -> None:
    url = f"{HOME}2026/03/01/a-story-with-an-etag"
    page = replace(html("Etag", "The first text"), etag='"one"')
    shell.server.site[url] = page
    plan = ("-s", 'NEWSCRAWL_REVISITS={"default": "30d 60d 90d"}')
    unchanged = "0 new, 0 changed, 1 seen before, 0 rejected, 0 failed"

    shell.crawl(url, *plan)
    # The server lies: the page changes, its ETag does not.
    shell.server.site[url] = replace(html("Etag", "Another text"), etag='"one"')
    make_due(shell)
    assert shell.crawl(url, *plan) == unchanged, "a 304, as a hint"
    make_due(shell)
    assert "1 changed" in shell.crawl(url, *plan), "the visit after a 304 sees the page"
    shell.server.site[url] = replace(html("Etag", "A third text"), etag='"one"')
    make_due(shell)
    assert "1 changed" in shell.crawl(url, *plan), "the host's ETags are distrusted from now on"


@BOTH
def test_every_end_is_in_the_ledger_and_the_sums_hold(shell: Shell) -> None:
    site = shell.server.site
    site[f"{HOME}robots.txt"] = Resource(
        content_type="text/plain", body=b"User-agent: *\nDisallow: /private/\n"
    )
    urls = {
        f"{HOME}2026/03/01/a-story-that-is-there": html("There", "It is there"),
        f"{HOME}private/2026/03/01/a-story-for-members": html("Private", "No"),
        f"{HOME}2026/03/01/a-story-that-is-gone": Resource(content_type="text/html", body=b"", status=410),
        f"{HOME}2026/03/01/a-story-behind-a-wall": Resource(content_type="text/html", body=b"", status=403),
        f"{HOME}2026/03/01/a-story-that-breaks": Resource(content_type="text/html", body=b"x", status=500),
        f"{HOME}2026/03/01/a-story-without-text-at-all": Resource(content_type="text/html", body=b"<html>"),
        f"{HOME}2026/03/01/a-story-that-moves-away": Resource(
            content_type="text/html", body=b"", status=302, location="http://elsewhere.example/2026/03/01/x"
        ),
    }  # fmt: skip
    site.update(urls)

    last = shell.crawl(*urls, "-s", "RETRY_TIMES=0", "--limit", "6")

    assert last.startswith("1 new, 0 changed, 0 seen before, ")
    for name in ("gone", "blocked", "robots", "over_limit 1", "http_error"):
        assert name in last
    shown = shell("state", "show")
    assert shell("state", "check").strip().endswith("sound")
    assert "run 1" in shown


@BOTH
def test_state_show_forget_and_check(shell: Shell) -> None:
    shell.crawl()

    assert f"{ARTICLES} articles in {ARTICLES} versions" in shell("state", "show", "crash.example")
    shown = shell("state", "show", article_url(3))
    assert "last outcome: new" in shown
    assert "version 1:" in shown
    shell("state", "show", "http://unknown.example/x", code=3)
    shell("state", "show", "unknown.example", code=3)
    shell("state", "forget", code=2)
    shell("state", "forget", "--source", "crash.example", "--older-than", "soon", code=2)
    assert "0 addresses" in shell(
        "state", "forget", "--source", "crash.example", "--older-than", "1d"
    )
    assert "sound" in shell("state", "check")
    (file,) = (shell.folder / "data" / "articles").rglob("*.jsonl")
    file.write_bytes(file.read_bytes().replace(b'"number":1', b'"number":7', 1))
    assert "not version 1" in shell("state", "check", code=1)
    assert "forgotten" in shell("state", "forget", "--source", "crash.example")
    assert "0 articles" in shell("state", "show", "crash.example")


def test_without_a_state_every_run_is_scrapys_own(shell: Shell) -> None:
    for _ in range(2):
        shell("crawl", HOME, *FAST, "--no-state", "-O", "out.jsonl")
        lines = [
            json.loads(line) for line in (shell.folder / "out.jsonl").read_bytes().splitlines()
        ]
        assert len(lines) == ARTICLES
        assert "revision" not in lines[0]
    assert not (shell.folder / "data").exists()


def test_a_state_that_cannot_be_used_is_one_clear_line(shell: Shell) -> None:
    (shell.folder / "data").mkdir()
    (shell.folder / "data" / "state.db").write_bytes(b"no database at all, only text" * 99)

    said = shell("crawl", HOME, *FAST, "-O", "out.jsonl", code=1)

    assert "data/state.db" in said
    assert len(said.strip().splitlines()) == 1
    assert (shell.folder / "data" / "state.db").read_bytes().startswith(b"no database")


def test_jobdir_beside_a_state_is_refused(shell: Shell) -> None:
    assert "set one of them" in shell("crawl", HOME, *FAST, "-s", "JOBDIR=job", "-O", "o", code=1)


SOMEBODYS = '''
import scrapy

class CratesSpider(scrapy.Spider):
    """Somebody's spider, which knows nothing of newscrawl."""

    name = "crates"
    custom_settings = {"DOWNLOAD_DELAY": 0, "LOG_LEVEL": "INFO"}

    async def start(self):
        yield scrapy.Request("%(home)scrates/0", self.parse_list, cb_kwargs={"page": 0})

    def parse_list(self, response, page):
        for href in response.css("a.crate::attr(href)").getall():
            yield response.follow(href, self.parse_crate, meta={"page": page})
        if following := response.css("a.next::attr(href)").get():
            yield response.follow(following, self.parse_list, cb_kwargs={"page": page + 1})
        # Requests that no disk queue could keep: their callbacks are no methods.
        yield scrapy.Request(response.url + "?extra=1", lambda r: iter([
            {"extra": page},
            scrapy.Request(r.url + "&deep=1", lambda r: iter([{"deep": page}])),
        ]))

    async def parse_crate(self, response):
        yield {"url": response.url, "crate": response.css("h1::text").get(), "page": response.meta["page"]}
'''
TWO_LINES = [
    "-s", 'ADDONS={"newscrawl.addons.CrawlState": 100}', "-s", "NEWSCRAWL_STATE=kept/state.db",
]  # fmt: skip


def crates(pages: int) -> dict[str, Resource]:
    site = dict[str, Resource]()
    for page in range(pages):
        links = "".join(f"<a class=crate href=/crate/{page}-{n}>x</a>" for n in range(4))
        following = f"<a class=next href=/crates/{page + 1}>next</a>" if page + 1 < pages else ""
        listing = Resource(content_type="text/html", body=f"<html>{links}{following}".encode())
        site |= {
            f"{HOME}crates/{page}{query}": listing for query in ("", "?extra=1", "?extra=1&deep=1")
        }
        site |= {
            f"{HOME}crate/{page}-{n}": Resource(
                content_type="text/html", body=f"<html><h1>Crate {page}-{n}</h1>".encode()
            )
            for n in range(4)
        }
    return site


def test_somebody_elses_spider_gets_it_with_two_lines_of_settings(shell: Shell) -> None:
    (shell.folder / "crates.py").write_text(SOMEBODYS % {"home": HOME})
    shell.server.serve(crates(3))

    def run(*settings: str) -> str:
        return shell("runspider", "crates.py", *settings, module="scrapy")

    said = run(*TWO_LINES)
    lines = [
        json.loads(line)
        for path in (shell.folder / "kept" / "articles" / "crates").iterdir()
        for line in path.read_bytes().splitlines()
    ]
    assert sorted(line["crate"] for line in lines if "crate" in line) == [
        f"Crate {page}-{n}" for page in range(3) for n in range(4)
    ]
    assert sorted(line["extra"] for line in lines if "extra" in line) == [0, 1, 2]
    assert sorted(line["deep"] for line in lines if "deep" in line) == [0, 1, 2]
    assert "cannot be written down" in said

    shell.server.serve(crates(4))
    before = len(shell.server.requests)
    run(*TWO_LINES)
    assert sorted(url for url in shell.server.requests[before:] if "/crate/" in url) == [
        f"{HOME}crate/3-{n}" for n in range(4)
    ]
    assert "'newscrawl/" not in run()


SCRAPYS = """
from scrapy.linkextractors import LinkExtractor
from scrapy.spiders import CrawlSpider, Rule

class RulesSpider(CrawlSpider):
    name = "rules"
    start_urls = ["%(home)scrates/0", "%(home)scrates/0"]
    rules = (Rule(LinkExtractor(allow="/crate/"), "parse_crate"), Rule(LinkExtractor(allow="/crates/")))

    def parse_crate(self, response):
        if response.url.endswith("1-1"):
            raise ValueError("a page on which the callback fails")
        yield {"url": response.url}
"""


@BOTH
def test_a_crawl_spider_with_rules_and_a_failing_callback(shell: Shell) -> None:
    (shell.folder / "rules.py").write_text(SCRAPYS % {"home": HOME})
    shell.server.serve(crates(3))
    command = [sys.executable, "-m", "scrapy", "runspider", "rules.py", *TWO_LINES]
    before = []
    for _ in range(2):
        before.append(len(shell.server.requests))
        result = subprocess.run(
            command,
            cwd=shell.folder,
            env=proxied(shell.server.proxy),
            capture_output=True,
            check=False,
        )
        assert b"'newscrawl/totals_add_up': True" in result.stderr

    (file,) = (shell.folder / "kept" / "articles" / "rules").iterdir()
    assert len(file.read_bytes().splitlines()) == 11
    again = [url for url in shell.server.requests[before[1] :] if "/crate/" in url]
    assert again == [f"{HOME}crate/1-1"], "what failed is asked for again, and nothing else"
