"""What is due is polled, and nothing else: the rhythm of lists, and `newscrawl run --due`."""

from pathlib import Path

import pytest

from newscrawl.reasons import Reason
from newscrawl.state.plan import (
    BURIED,
    LONG,
    RHYTHMS,
    interval_after_failure,
    next_interval,
    weight_of,
)
from tests.shell import Shell
from tests.states import change, look, state_in
from tests.web import Answer, Web, article, feed, site

BOTH = pytest.mark.usefixtures("back_end")
HOST = "www.harrow.example"
BASE = f"http://{HOST}"
TITLES = (
    "Council votes for the harbour wall",
    "School reopens after the long storm",
    "Ferry returns to the western pier",
)


def let_time_pass(folder: Path, condition: str = "1 = 1") -> None:
    """Let the time of what is planned come."""
    place = state_in(folder, "data/state.db")
    change(place, f"UPDATE url SET due = 1 WHERE due IS NOT NULL AND {condition}")


def interval_of(folder: Path, url: str) -> float:
    place = state_in(folder, "data/state.db")
    [(interval,)] = look(place, "SELECT interval FROM url WHERE url = ?", url)
    return float(interval)


@pytest.mark.parametrize("kind", [*RHYTHMS, None])
def test_an_interval_stays_between_its_bounds_and_follows_the_share_of_new_links(
    kind: str | None,
) -> None:
    often = rare = None
    for _ in range(60):
        often, rare = next_interval(kind, often, 9, 1), next_interval(kind, rare, 0, 10)
    first = next_interval(kind, None, 1, 1)
    assert often <= first <= rare  # type: ignore[operator]
    assert next_interval(kind, first, 5, 5) == first
    assert next_interval(kind, often, 0, 0) > often  # type: ignore[operator]


def test_failures_weigh_by_what_they_mean() -> None:
    assert weight_of(Reason.GONE) > weight_of(Reason.NO_LIST) > weight_of(Reason.TIMEOUT)
    assert interval_after_failure("feed", 3600.0, 0.25) < interval_after_failure(
        "feed", 3600.0, 2.0
    )
    assert interval_after_failure("feed", 3600.0, BURIED) == LONG


@BOTH
def test_only_what_is_due_is_asked_for(tmp_path: Path) -> None:
    with Web(site(HOST, TITLES)) as web:
        shell = Shell(tmp_path, web.proxy)
        fast = ("-s", "DOWNLOAD_DELAY=0", "-s", "AUTOTHROTTLE_ENABLED=0")
        shell.crawl(f"{BASE}/")
        begun = len(web.log)
        assert "nothing is due; the next is at 20" in shell("run", "--due", *fast)
        assert len(web.log) == begun

        let_time_pass(tmp_path, f"url = '{BASE}/feed.xml'")
        assert "1 lists, 0 articles due" in shell("run", "--due", "--list", *fast)
        new = f"{BASE}/2026/11/21/a-story-of-the-next-day"
        known = [url for url in web.pages if "/2026/" in url]
        web.pages[f"{BASE}/feed.xml"] = feed({new: "New", **dict.fromkeys(known, "Old")})
        web.pages[new] = article("A story of the next day")
        said = shell("run", "--due", *fast)
        assert [one.url for one in web.log[begun:]] == [
            f"{BASE}/robots.txt",
            f"{BASE}/feed.xml",
            new,
        ]
        assert "1 new, 0 changed, 3 seen before" in said
        assert "nothing is due" in shell("run", "--due", *fast)


@BOTH
def test_a_feed_without_news_is_asked_less_often_and_one_with_news_more(tmp_path: Path) -> None:
    with Web(site(HOST, TITLES)) as web:
        shell = Shell(tmp_path, web.proxy)
        fast = ("-s", "DOWNLOAD_DELAY=0", "-s", "AUTOTHROTTLE_ENABLED=0")
        shell.crawl(f"{BASE}/")
        intervals = [interval_of(tmp_path, f"{BASE}/feed.xml")]
        for number in range(4):
            let_time_pass(tmp_path, "url LIKE '%/feed.xml'")
            if number >= 2:
                fresh = {
                    f"{BASE}/2026/11/2{number}/a-new-story-of-the-day-{n}": "T" for n in range(9)
                }
                web.pages[f"{BASE}/feed.xml"] = feed(fresh)
                web.pages |= {url: article(f"A new story {url[-1]} of {number}") for url in fresh}
            shell("run", "--due", *fast)
            intervals.append(interval_of(tmp_path, f"{BASE}/feed.xml"))
        shown = shell("state", "show", HOST)
    assert intervals == [3600.0, 5400.0, 8100.0, 4050.0, 2025.0]
    assert "feed http://www.harrow.example/feed.xml: every 34 min, next 20" in shown


@BOTH
def test_a_dead_feed_is_buried_and_says_so(tmp_path: Path) -> None:
    with Web(site(HOST, TITLES)) as web:
        shell = Shell(tmp_path, web.proxy)
        fast = ("-s", "DOWNLOAD_DELAY=0", "-s", "AUTOTHROTTLE_ENABLED=0")
        shell.crawl(f"{BASE}/")
        web.pages[f"{BASE}/feed.xml"] = Answer("", 410)
        for _ in range(5):
            let_time_pass(tmp_path, "url LIKE '%/feed.xml'")
            shell("run", "--due", *fast)
        assert interval_of(tmp_path, f"{BASE}/feed.xml") == LONG
        assert "unread (gone), failure score 5" in shell("state", "show", HOST)


@BOTH
def test_the_sitemaps_of_an_index_are_read_again_only_when_they_have_changed(
    tmp_path: Path,
) -> None:
    name = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    urls = {month: f"{BASE}/2026/{month}/20/a-story-of-month-{month}" for month in ("09", "10")}

    def index(later: str) -> Answer:
        maps = "".join(
            f"<sitemap><loc>{BASE}/map-{month}.xml</loc><lastmod>{day}</lastmod></sitemap>"
            for month, day in (("09", "2026-09-30T00:00:00Z"), ("10", later))
        )
        return Answer(f"<sitemapindex {name}>{maps}</sitemapindex>", type="application/xml")

    pages = site(HOST, ())
    pages |= {
        f"{BASE}/robots.txt": Answer(f"Sitemap: {BASE}/index.xml", type="text/plain"),
        f"{BASE}/index.xml": index("2026-10-31T00:00:00Z"),
        **{f"{BASE}/map-{m}.xml": Answer(f"<urlset {name}><url><loc>{u}</loc></url></urlset>") for m, u in urls.items()},
        **{url: article(f"A story of month {month}") for month, url in urls.items()},
    }  # fmt: skip
    with Web(pages) as web:
        shell = Shell(tmp_path, web.proxy)
        assert "2 new" in shell.crawl(f"{BASE}/")
        begun = len(web.log)
        shell.crawl(f"{BASE}/")
        assert not [one for one in web.log[begun:] if "/map-" in one.url]
        web.pages[f"{BASE}/index.xml"] = index("2099-01-01T00:00:00Z")
        shell.crawl(f"{BASE}/")
        assert [one.url for one in web.log[begun:] if "/map-" in one.url] == [f"{BASE}/map-10.xml"]


@BOTH
def test_articles_left_by_a_limit_are_due_too(tmp_path: Path) -> None:
    with Web(site(HOST, TITLES)) as web:
        shell = Shell(tmp_path, web.proxy)
        shell.crawl(f"{BASE}/", "--limit", "1")
        assert "2 articles due" in shell("run", "--due", "--list")
        assert "2 new" in shell("run", "--due", "-s", "DOWNLOAD_DELAY=0")


@BOTH
def test_a_site_that_refuses_when_it_is_due_ends_with_its_exit_code(tmp_path: Path) -> None:
    with Web(site(HOST, TITLES)) as web:
        shell = Shell(tmp_path, web.proxy)
        shell.crawl(f"{BASE}/")
        fresh = {f"{BASE}/2026/11/22/a-new-story-of-the-day-{n}": "T" for n in range(9)}
        web.pages[f"{BASE}/feed.xml"] = feed(fresh)
        web.pages |= dict.fromkeys(fresh, Answer("", 403))
        let_time_pass(tmp_path, "url LIKE '%/feed.xml'")
        shell("run", "--due", "-s", "DOWNLOAD_DELAY=0", code=5)
        assert "nothing is due" in shell("run", "--due", "-s", "DOWNLOAD_DELAY=0")
