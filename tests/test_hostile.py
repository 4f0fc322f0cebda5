"""Hostile sites: bombs, endless answers, traps, and text that would like to be something else."""

import gzip
import itertools
import re
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from newscrawl.discovery.feeds import read_feed
from newscrawl.discovery.sitemaps import read_sitemap
from newscrawl.discovery.traps import trap_of
from tests.conftest import proxied
from tests.shell import FAST, Shell
from tests.web import Answer, Answers, Web, article, feed, home, site

HOST = "www.harrow.example"
BASE = f"http://{HOST}"
TITLES = ("Council votes for the harbour wall", "School reopens after the long storm")
MEMORY_MB = 400
NAMESPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
DOCTYPE = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}<!ENTITY f SYSTEM "file:///etc/passwd">]>'


def endless() -> Iterable[bytes]:
    for _ in range(4000):
        yield b"<p>" + b"endless " * 8000 + b"</p>"


def slow_drip() -> Iterable[bytes]:
    for _ in range(600):
        time.sleep(0.2)
        yield b"<p>drip</p>"


def bomb(what: bytes, size: int) -> bytes:
    return gzip.compress(what * (size // len(what)), 9)


HTML_BOMB = b"<html><body>" + b"<a>" * 3_000_000
BOMBS: dict[str, Answer] = {
    "gzip": Answer(bomb(b"\0", 200 << 20), headers={"Content-Encoding": "gzip"}),
    "double": Answer(
        gzip.compress(bomb(b"<p>", 500 << 20)), headers={"Content-Encoding": "gzip, gzip"}
    ),
    "html": Answer(HTML_BOMB),
    "packed-html": Answer(bomb(b"<div><b>", 19 << 20), headers={"Content-Encoding": "gzip"}),
    "deep": Answer(b"<html><body>" + b"<div>" * 200_000),
    "attributes": Answer(
        b"<html><body><p " + b" ".join(b"a%d=1" % n for n in range(400_000)) + b">"
    ),
    "endless": Answer(stream=endless),
    "xml": Answer(f"{DOCTYPE}<x>&l11;&f;</x>", type="application/xml"),
    "line": Answer(b"<html><body><p>" + b"x" * 15_000_000),
}


def memory_of(pid: int) -> float:
    """Give the most memory that a process has taken so far, in MB; a child's usage counts its parent's."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


def run_measured(folder: Path, web: Web, *arguments: str) -> tuple[str, float]:
    """Run a crawl; give what it said and the most memory that it took, in MB."""
    with (folder / "said.txt").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "newscrawl", "crawl", *FAST, "-O", "out.jsonl", *arguments], cwd=folder,
            env=proxied(web.proxy), stdout=said, stderr=said,
        )  # fmt: skip
        most, late = 0.0, time.monotonic() + 60
        while process.poll() is None:
            most = max(most, memory_of(process.pid))
            if time.monotonic() > late:
                process.kill()
            time.sleep(0.05)
    return (folder / "said.txt").read_text(errors="replace"), most


@pytest.mark.parametrize("kind", BOMBS)
def test_a_bomb_among_articles_is_stopped_at_a_bounded_memory(kind: str, tmp_path: Path) -> None:
    url = f"{BASE}/2026/11/20/a-bomb-among-the-articles"
    pages: dict[str, Answers] = site(HOST, TITLES)
    urls = {one: "T" for one in pages if "/2026/" in one}
    pages |= {f"{BASE}/feed.xml": feed({url: "Bomb", **urls}), url: BOMBS[kind]}
    with Web(pages) as web:
        said, memory = run_measured(tmp_path, web, f"{BASE}/", "-s", "RETRY_TIMES=0")
    assert "2 new" in said, said
    assert "1 rejected" in said or "1 failed" in said, said
    assert memory < MEMORY_MB, memory


LISTS: dict[str, Answer] = {
    "gzipped sitemap": Answer(
        gzip.compress(f"<urlset {NAMESPACE}>".encode() + b"<url><loc>http://a/</loc></url>" * 9_000_000),
        type="application/gzip",
    ),
    "laughing sitemap": Answer(
        f"{DOCTYPE}<urlset {NAMESPACE}><url><loc>{BASE}/&l11;&f;</loc></url></urlset>", type="application/xml"
    ),
    "laughing feed": Answer(
        f"{DOCTYPE}<rss version='2.0'><channel><item><title>&l11;&f;</title><link>{BASE}/a-b-c-d-e-f</link></item>"
        "</channel></rss>",
        type="application/rss+xml",
    ),
    "huge feed": Answer(b"<rss version='2.0'><channel>" + b"<item><title>x</title></item>" * 600_000, type="application/rss+xml"),
    "deep feed": Answer(b"<rss version='2.0'><channel>" + b"<item>" * 300_000, type="application/rss+xml"),
    "html bomb": Answer(HTML_BOMB),
    "endless": Answer(stream=endless, type="application/xml"),
    "long index": Answer(
        f"<sitemapindex {NAMESPACE}>{'<sitemap><loc>/feed.xml</loc></sitemap>' * 100_000}</sitemapindex>", type="application/xml"
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", LISTS)
def test_a_bomb_in_place_of_a_list_is_stopped_at_a_bounded_memory(
    kind: str, tmp_path: Path
) -> None:
    pages: dict[str, Answers] = site(HOST, TITLES)
    pages |= {
        f"{BASE}/": home(f"{BASE}/feed.xml", f"{BASE}/bomb.xml"),
        f"{BASE}/bomb.xml": LISTS[kind],
    }
    with Web(pages) as web:
        said, memory = run_measured(tmp_path, web, f"{BASE}/", "-s", "RETRY_TIMES=0")
    assert "2 new" in said, said
    assert "root:" not in (tmp_path / "out.jsonl").read_text()
    assert memory < MEMORY_MB, memory


def test_entities_are_not_expanded() -> None:
    sitemap = read_sitemap(str(LISTS["laughing sitemap"].body).encode(), BASE)
    found = read_feed(str(LISTS["laughing feed"].body).encode(), BASE)
    said = str(sitemap and sitemap.entries) + str(found)
    assert "haha" not in said
    assert "root:" not in said


def test_a_slow_drip_is_cut_after_the_timeout(tmp_path: Path) -> None:
    url = f"{BASE}/2026/11/20/a-page-that-never-ends"
    with Web({url: Answer(stream=slow_drip)}) as web:
        begun = time.monotonic()
        said = Shell(tmp_path, web.proxy).crawl(
            url, "-s", "DOWNLOAD_TIMEOUT=2", "-s", "RETRY_TIMES=0", code=3
        )
    assert time.monotonic() - begun < 20
    assert "timeout 1" in said


def test_redirects_in_a_circle_cost_one_request_and_chains_end(tmp_path: Path) -> None:
    pages: dict[str, Answers] = {
        f"{BASE}/2026/11/20/round-and-round-it-goes": Answer(
            status=302, headers={"Location": "/2026/11/20/round-and-round-it-goes"}
        ),
        **{
            f"{BASE}/hop/a-chain-of-many-hops-{n}": Answer(status=301, headers={"Location": f"/hop/a-chain-of-many-hops-{n + 1}"})
            for n in range(50)
        },
    }  # fmt: skip
    with Web(pages) as web:
        said = Shell(tmp_path, web.proxy).crawl(
            f"{BASE}/2026/11/20/round-and-round-it-goes",
            f"{BASE}/hop/a-chain-of-many-hops-0",
            code=3,
        )
        assert len(web.asked("round-and-round")) == 1
        assert len(web.asked("/hop/")) == 6
    assert "redirects 2" in said


def _maze(url: str) -> Answer:
    number = int(url.rsplit("/", 1)[-1] or 0)
    links = "".join(f"<a href=/maze/{number * 5 + k}>Day {number * 5 + k}</a>" for k in range(1, 6))
    return Answer(f"<html><body>{links}</body></html>")


def _calendar(url: str) -> Answer:
    return Answer(
        "".join(
            f"<a href=/calendar/20{n}/05>May 20{n}</a> <a href=/agenda?month={n}>M</a>"
            for n in range(10, 99)
        )
    )


def _sessions(url: str) -> Answer:
    number = next(COUNTER)
    return Answer(
        f"<a href=/topics?PHPSESSID={number:032x}>News of the day</a> <a href=/sport/sport/sport/sport>Sport</a>"
    )


COUNTER = itertools.count()


def test_mazes_calendars_and_sessions_do_not_keep_a_crawler(tmp_path: Path) -> None:
    urls = [f"{BASE}/2026/11/20/{title.lower().replace(' ', '-')}" for title in TITLES]
    links = "".join(f"<a href={url}>{title}</a>" for url, title in zip(urls, TITLES, strict=True))
    traps = "<a href=/maze/1>Pages</a> <a href=/calendar/2026/11>Days</a> <a href=/world>World</a>"
    pages: dict[str, Answers] = {
        f"{BASE}/": home(body=links + traps),
        f"{BASE}/world": _sessions,
        f"{BASE}/topics*": _sessions,
        f"{BASE}/maze/*": _maze,
        f"{BASE}/calendar/*": _calendar,
        f"{BASE}/agenda*": _calendar,
        **{url: article(title) for url, title in zip(urls, TITLES, strict=True)},
    }
    with Web(pages) as web:
        said = Shell(tmp_path, web.proxy).crawl(f"{BASE}/")
        assert len(web.asked("/maze/")) <= 4
        assert not web.asked("/calendar/")
        assert not web.asked("PHPSESSID")
        assert len(web.log) < 20
    assert "2 new" in said


@pytest.mark.parametrize(
    ("url", "kind"),
    [("https://a.example/a/b/a/b/a/b", "repeated_path"), ("https://a.example/" + "x/" * 20, "repeated_path"),
     ("https://a.example/?" + "&".join(f"p{n}=1" for n in range(12)), "many_parameters"),
     ("https://a.example/x?a=1&a=2&a=3", "many_parameters"), ("https://a.example/n;jsessionid=44A", "session"),
     ("https://a.example/(S(lit3py55t21z5v55vlm25s55))/x", "session"), ("https://a.example/events/2031-05", "calendar"),
     ("https://a.example/x?month=5&year=2031", "calendar"), ("https://a.example/" + "y" * 3000, "long_address"),
     ("https://a.example/2026/11/20/council-votes", None), ("https://a.example/news/2026/11/20/2026-budget", None),
     ("https://a.example/kultur/kalender-der-woche-12345.html", None), ("https://a.example/s?id=7&ref=x", None)],
)  # fmt: skip
def test_traps_are_told_from_articles(url: str, kind: str | None) -> None:
    assert trap_of(url) == kind


def test_offsite_and_paid_links_in_feeds_are_refused_unless_allowed(tmp_path: Path) -> None:
    own, other = (
        f"{BASE}/2026/11/20/a-story-of-our-own",
        "http://www.partner.example/2026/11/20/a-story-of-theirs",
    )
    paid = f"{BASE}/sponsored/2026/ten-reasons-to-buy-a-boat"
    pages: dict[str, Answers] = {
        f"{BASE}/": home(f"{BASE}/feed.xml"),
        f"{BASE}/feed.xml": feed({own: "Own", other: "Theirs", paid: "Boats"}),
        own: article("A story of our own"), other: article("A story of theirs"), paid: article("Boats"),
    }  # fmt: skip
    with Web(pages) as web:
        shell = Shell(tmp_path, web.proxy)
        said = shell.crawl(f"{BASE}/")
        assert "not asked for: offsite 1, paid 1" in said
        assert not web.asked("partner.example")
        allowed = 'NEWSCRAWL_ALLOWED={"www.harrow.example": ["partner.example"], "harrow.example": ["www.partner.example"]}'
        assert "1 new" in shell.crawl(f"{BASE}/", "-s", allowed)


def test_what_a_page_says_becomes_no_path_no_command_and_no_false_log_line(tmp_path: Path) -> None:
    url = f"{BASE}/2026/11/20/a-page-with-a-plan"
    head = (
        "<meta property=og:site_name content='../../../../etc/cron.d/evil'><link rel=canonical href='http://www.harrow.example/../../x'>"
        "<meta name=author content='$(touch pwned) `touch pwned`'>"
    )
    lie = "x\r\nnewscrawl: 99 new, 0 changed\x1b[2J"
    gone = f"{BASE}/2026/11/20/a-redirect-that-lies-to-us"
    pages: dict[str, Answers] = {
        url: article("A page; touch pwned; with $(a) plan\x1b[31m\nnewscrawl: 99 new", head=head),
        gone: Answer(status=302, headers={"Location": "http://127.0.0.1/" + lie.replace("\r\n", "%0d%0a").replace("\x1b", "%1b")}),
        f"{BASE}/": home(body="<a href='/2026/11/20/x%0anewscrawl: 99 new\x1b[2J-a-b-c-d'>A link with a lie in it, long enough</a>"),
    }  # fmt: skip
    with Web(pages) as web:
        shell = Shell(tmp_path, web.proxy)
        said = shell("crawl", *FAST, "-O", "out.jsonl", "-v", url, gone, timeout=120)
        said += shell("crawl", *FAST, "-O", "out.jsonl", f"{BASE}/", "--dry-run")
    assert not any(line.startswith("newscrawl: 99") for line in said.splitlines())
    assert "\x1b" not in said
    files = {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*") if path.is_file()}
    assert files == {"data", "out.jsonl"}
    [stored] = (tmp_path / "data" / "articles").iterdir()
    assert stored.name in ("www.harrow.example", "harrow.example")
