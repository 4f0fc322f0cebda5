"""Hosts are spared: what robots.txt, Retry-After and refusals say holds for every request to a host."""

import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from newscrawl.downloading.pace import retry_after
from newscrawl.state.plan import eased, slowed
from tests.conftest import proxied
from tests.shell import Shell
from tests.web import Answer, Web, article, feed, home, site

HOST = "www.harrow.example"
BASE = f"http://{HOST}"
TITLES = (
    "Council votes for the harbour wall",
    "School reopens after the long storm",
    "Ferry returns to the western pier",
)


@pytest.fixture
def web() -> Iterator[Web]:
    with Web(site(HOST, TITLES)) as running:
        yield running


@pytest.fixture
def shell(tmp_path: Path, web: Web) -> Shell:
    return Shell(tmp_path, web.proxy)


def robots(web: Web, text: str, host: str = HOST) -> None:
    web.pages[f"http://{host}/robots.txt"] = Answer(text, type="text/plain")


@pytest.mark.parametrize("state", [(), ("--no-state",)], ids=["state", "no state"])
@pytest.mark.parametrize("rule", ["Crawl-delay: 0.7", "Request-rate: 2/1.4"])
def test_crawl_delay_and_request_rate_are_kept_between_all_requests(
    rule: str, state: tuple[str, ...], web: Web, shell: Shell
) -> None:
    robots(web, f"User-agent: *\n{rule.replace('2/1.4', '10/7')}\n")

    shell.crawl(f"{BASE}/", *state)

    gaps = web.gaps(HOST)
    assert len(gaps) == 5
    assert min(gaps) >= 0.69, gaps


def test_a_crawl_delay_beyond_the_limit_is_cut_and_said(web: Web, shell: Shell) -> None:
    robots(web, "User-agent: *\nCrawl-delay: 86400\n")

    said = shell.crawl(f"{BASE}/", "-s", "NEWSCRAWL_MAX_CRAWL_DELAY=0.5")

    assert "asks for 86400 seconds between requests; 0.5 are kept" in said
    assert min(web.gaps(HOST)) >= 0.49


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("state", [(), ("--no-state",)], ids=["state", "no state"])
def test_retry_after_holds_the_whole_host_and_no_other(
    status: int, state: tuple[str, ...], web: Web, shell: Shell
) -> None:
    other = "www.other.example"
    web.pages |= site(other, TITLES)
    busy = next(url for url in web.pages if "council" in url and HOST in url)
    page = web.pages[busy]
    assert isinstance(page, Answer)
    web.pages[busy] = [Answer("slow down", status, headers={"Retry-After": "2"}), page]

    shell.crawl(f"{BASE}/", f"http://{other}/", *state)

    times = [one.at for one in web.log if one.host == HOST]
    refused = next(one.at for one in web.log if one.url == busy)
    after = [at - refused for at in times if at > refused]
    assert after
    assert min(after) >= 2.0
    assert max(one.at for one in web.log if one.host == other) < refused + 2
    assert len(web.asked("2026/11/20")) == 7


def test_what_fails_is_tried_again_later_and_others_are_fetched_meanwhile(
    web: Web, shell: Shell
) -> None:
    first = next(url for url in web.pages if "council" in url)
    page = web.pages[first]
    assert isinstance(page, Answer)
    web.pages[first] = [Answer("error", 500), Answer("error", 500), page]

    said = shell.crawl(f"{BASE}/")

    assert "3 new" in said
    times = [one.at for one in web.log if one.url == first]
    waits = [b - a for a, b in pairwise(times)]
    assert waits[0] >= 1.0
    assert waits[1] >= 4.0
    others = [one.at for one in web.log if "2026/11/20" in one.url and one.url != first]
    assert max(others) < times[1]


def test_a_429_raises_the_delay_until_answers_are_good_again(web: Web, shell: Shell) -> None:
    titles = [f"Report number {number} from the old harbour" for number in range(9)]
    web.pages |= site(HOST, titles)
    busy = next(url for url in web.pages if "report-number-0-" in url)
    page = web.pages[busy]
    assert isinstance(page, Answer)
    web.pages[busy] = [Answer("slow down", 429), page]

    shell(
        "crawl",
        f"{BASE}/",
        "-s",
        "AUTOTHROTTLE_ENABLED=0",
        "-s",
        "DOWNLOAD_DELAY=0.1",
        "-O",
        "out.jsonl",
    )

    times = [one.at for one in web.log if one.host == HOST]
    refused = next(one.at for one in web.log if one.url == busy)
    before = [b - a for a, b in pairwise(times) if b <= refused]
    after = [b - a for a, b in pairwise(times) if a >= refused]
    assert max(before) < 0.9
    assert after[0] >= 1.0
    assert after[-1] < after[0]
    assert slowed(slowed(0.0, 0.1), 0.1) == 2.0
    assert eased(0.05) == 0.0


def test_a_host_that_refuses_is_left_alone_and_the_exit_code_says_so(
    web: Web, shell: Shell
) -> None:
    urls = {f"{BASE}/2026/11/20/story-number-{n}-of-the-day": f"Story {n}" for n in range(20)}
    web.pages[f"{BASE}/feed.xml"] = feed(urls)
    web.pages |= dict.fromkeys(urls, Answer("forbidden", 403))

    said = shell.crawl(f"{BASE}/", code=5)

    assert len(web.asked("/story-number-")) == 5
    assert f"{HOST} refuses, and is left alone for an hour" in said
    assert "5 rejected (blocked 5), 0 failed, 15 left for the next run" in said
    begun = len(web.log)
    shell.crawl(f"{BASE}/", code=5)
    assert len(web.log) == begun, "the next run asked it again at once"
    assert "blocked 5" in shell("state", "show", "harrow.example")


def test_other_sites_of_the_run_go_on_when_one_refuses(web: Web, shell: Shell) -> None:
    urls = {f"{BASE}/2026/11/20/story-number-{n}-of-the-day": f"Story {n}" for n in range(9)}
    web.pages[f"{BASE}/feed.xml"] = feed(urls)
    web.pages |= dict.fromkeys(urls, Answer("forbidden", 403))
    web.pages |= site("www.other.example", TITLES)

    said = shell.crawl(f"{BASE}/", "http://www.other.example/", code=4)

    assert "3 new" in said


def test_a_silent_host_is_left_alone(web: Web, shell: Shell) -> None:
    urls = {f"{BASE}/2026/11/20/story-number-{n}-of-the-day": f"Story {n}" for n in range(20)}
    web.pages[f"{BASE}/feed.xml"] = feed(urls)
    web.pages |= dict.fromkeys(urls, Answer("late", wait=3.0))

    said = shell.crawl(f"{BASE}/", "-s", "DOWNLOAD_TIMEOUT=1", "-s", "RETRY_TIMES=0", code=1)

    assert len(web.asked("/story-number-")) == 5
    assert f"{HOST} does not answer, and is left alone for an hour" in said


def test_a_robots_txt_that_cannot_be_had_forbids_everything(web: Web, shell: Shell) -> None:
    web.pages[f"{BASE}/robots.txt"] = Answer("error", 503)

    said = shell.crawl(f"{BASE}/", code=1)

    assert {one.url for one in web.log} == {f"{BASE}/robots.txt"}
    assert "robots.txt cannot be had: status 503" in said


def test_a_missing_robots_txt_allows_everything(web: Web, shell: Shell) -> None:
    del web.pages[f"{BASE}/robots.txt"]

    assert "3 new" in shell.crawl(f"{BASE}/")


def test_the_robots_txt_behind_a_redirect_to_another_host_is_obeyed(web: Web, shell: Shell) -> None:
    moved = "http://static.elsewhere.example/robots.txt"
    web.pages[f"{BASE}/robots.txt"] = Answer(status=301, headers={"Location": moved})
    web.pages[moved] = Answer("User-agent: newscrawl\nDisallow: /2026/\n", type="text/plain")

    said = shell.crawl(f"{BASE}/", code=5)

    assert not web.asked("/2026/")
    assert "robots 3" in said


def test_the_sitemap_that_robots_txt_names_is_read_without_a_second_request(
    web: Web, shell: Shell
) -> None:
    [url, *_] = [url for url in web.pages if "2026" in url]
    robots(web, f"User-agent: *\nSitemap: {BASE}/map.xml\n")
    web.pages[f"{BASE}/"] = home()
    web.pages[f"{BASE}/map.xml"] = Answer(
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>{url}</loc></url></urlset>',
        type="application/xml",
    )

    assert "1 new" in shell.crawl(f"{BASE}/")
    assert len(web.asked("robots.txt")) == 1


def test_hosts_of_one_domain_are_asked_a_few_at_a_time(web: Web, shell: Shell) -> None:
    hosts = [f"blog-{number}.harrow.org" for number in range(8)]
    urls = [f"http://{host}/2026/11/20/a-story-of-the-day" for host in hosts]
    for url in urls:
        page = article("A story of the day")
        web.pages[url] = Answer(page.body, wait=0.3)

    shell.crawl(*urls, "-s", "NEWSCRAWL_CONCURRENT_REQUESTS_PER_SOURCE=3")

    assert len(web.asked("a-story-of-the-day")) == 8
    assert web.most_busy <= 3


def test_two_runs_share_what_a_host_has_asked_for(web: Web, tmp_path: Path) -> None:
    other = "www.other.example"
    web.pages |= site(other, TITLES)
    web.pages[f"{BASE}/2026/11/20/a-busy-page-of-the-day"] = Answer(
        "", 429, headers={"Retry-After": "4"}
    )
    shared = "http://www.harrow.example/2026/11/20/another-page-of-the-day"
    web.pages[shared] = article("Another page of the day")

    def start(*urls: str) -> "subprocess.Popen[bytes]":
        settings = ["-s", "DOWNLOAD_DELAY=0", "-s", "AUTOTHROTTLE_ENABLED=0", "-s", "RETRY_TIMES=0"]
        return subprocess.Popen(
            [sys.executable, "-m", "newscrawl", "crawl", *urls, *settings, "-O", "/dev/null"],
            cwd=tmp_path, env=proxied(web.proxy), stderr=subprocess.DEVNULL,
        )  # fmt: skip

    first = start(
        f"{BASE}/2026/11/20/a-busy-page-of-the-day", f"{BASE}/2026/11/20/a-missing-page-of-the-day"
    )
    while not web.asked("a-busy-page"):
        time.sleep(0.02)
    time.sleep(0.3)
    second = start(shared)
    assert second.wait(60) == 0
    first.wait(60)

    busy = web.asked("a-busy-page")[0].at
    assert web.asked("another-page")[0].at - busy >= 4.0
    assert web.asked("a-missing-page")[0].at - busy >= 4.0


def test_a_wait_beyond_patience_is_left_for_the_next_run(web: Web, shell: Shell) -> None:
    busy = next(url for url in web.pages if "council" in url)
    web.pages[busy] = Answer("slow down", 503, headers={"Retry-After": "3000"})
    begun = time.monotonic()

    said = shell.crawl(f"{BASE}/", code=3)

    assert time.monotonic() - begun < 60
    assert "left for the next run" in said


def test_opt_outs_stand_on_the_article(web: Web, shell: Shell) -> None:
    url = f"{BASE}/2026/11/20/what-may-not-be-done-with-this"
    page = article(
        "What may not be done with this",
        head="<meta name=robots content='noarchive, max-image-preview:large'>",
    )
    web.pages[url] = Answer(
        page.body, headers={"X-Robots-Tag": "noai, googlebot: noindex", "tdm-reservation": "1"}
    )
    robots(
        web, "User-agent: GPTBot\nUser-agent: CCBot\nDisallow: /2026/\n\nUser-agent: *\nDisallow:\n"
    )

    shell.crawl(url)

    [stored] = shell.stored()
    assert stored["opt_outs"] == [
        {"signal": "x-robots-tag", "value": "noai"},
        {"signal": "tdm-reservation", "value": "1"},
        {"signal": "robots.txt", "value": "GPTBot"},
        {"signal": "robots.txt", "value": "CCBot"},
        {"signal": "meta.robots", "value": "noarchive"},
    ]


@pytest.mark.parametrize(
    ("value", "least", "most"),
    [("120", 120, 120), ("0", 0, 0), ("soon", 0, 0), ("", 0, 0), (None, 0, 0), ("-5", 0, 0), ("²", 0, 0),
     ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0), ("Wed, 21 Oct 2099 07:28:00 GMT", 1e9, 1e10), ("9" * 400, 1e9, 1e9)],
)  # fmt: skip
def test_retry_after_is_read_in_both_forms(value: str | None, least: float, most: float) -> None:
    assert least <= retry_after(value) <= most


def test_headers_go_to_their_source_alone_and_into_no_state(web: Web, shell: Shell) -> None:
    moved = f"{BASE}/2026/11/20/a-page-that-has-moved-on"
    target = "http://www.other.example/2026/11/20/where-the-page-is-now"
    web.pages[moved] = Answer(status=302, headers={"Location": target})
    web.pages[target] = article("Where the page is now")
    secret = '{"harrow.example": {"Cookie": "consent=yes-7731", "X-Reader": "r-7731"}}'

    shell.crawl(moved, target, "-s", f"NEWSCRAWL_HEADERS={secret}")

    own = [one.headers for one in web.log if one.host == HOST and "robots" not in one.url]
    others = [one.headers for one in web.log if one.host != HOST]
    assert [h.get("Cookie") for h in own] == ["consent=yes-7731"]
    assert others
    assert not any("Cookie" in h or "X-Reader" in h for h in others)
    assert b"7731" not in (shell.folder / "data" / "state.db").read_bytes()


@pytest.mark.parametrize(
    "headers",
    ['{"a.example": "Cookie"}', '{"a.example": {"Coo kie": "x"}}', '{"a.example": {"X": "a\\nb"}}'],
)
def test_a_header_that_is_none_is_wrong_usage(headers: str, web: Web, shell: Shell) -> None:
    assert "NEWSCRAWL_HEADERS" in shell.crawl(
        f"{BASE}/", "-s", f"NEWSCRAWL_HEADERS={headers}", code=2
    )


def test_a_redirect_to_a_host_that_is_left_alone_does_not_hang(web: Web, shell: Shell) -> None:
    moved = f"{BASE}/2026/11/20/a-page-that-has-moved-on"
    target = "http://www.busy.example/2026/11/20/where-the-page-is-now"
    web.pages[moved] = Answer(status=302, headers={"Location": target})
    web.pages[target] = Answer("", 503, headers={"Retry-After": "3000"})
    begun = time.monotonic()

    said = shell.crawl(target, moved, "-s", "NEWSCRAWL_PATIENCE=2", "-s", "RETRY_TIMES=0", code=3)

    assert time.monotonic() - begun < 30
    assert len(web.asked("where-the-page-is-now")) == 1
    assert "failed" in said
