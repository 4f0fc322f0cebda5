"""Find every article, newest first: feeds, sitemaps, sections, and what they say of each."""

import gzip
from datetime import UTC, datetime
from pathlib import Path

import lxml.html
import pytest
from protego import Protego

from newscrawl import Article, Page, clean
from newscrawl.discovery.bounds import Bounds, parse_bounds, span_in_name, span_in_path
from newscrawl.discovery.feeds import declared_feeds, read_feed
from newscrawl.discovery.links import LinkTest, find_links, form_of, is_paid, next_page
from newscrawl.discovery.listed import Listed, said
from newscrawl.discovery.sitemaps import read_sitemap
from newscrawl.downloading.robots import Rules, unnamed_in
from newscrawl.errors import UsageError
from newscrawl.items import Candidate
from tests.shell import Shell
from tests.web import Answer, Answers, Web, article, home, site

BASE = "http://www.harrow.example"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
NAMESPACES = (
    'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9" '
    'xmlns:image="http://www.google.com/schemas/sitemap-image/1.1" xmlns:xhtml="http://www.w3.org/1999/xhtml"'
)
RSS = '<rss version="2.0"><channel><item><title>{title}</title><link>/a</link>{more}</item></channel></rss>'


def only(entries: tuple[Listed, ...] | None) -> Listed:
    assert entries
    [entry] = entries
    return entry


def test_rss_gives_address_title_dates_tags_and_author() -> None:
    entry = only(read_feed(RSS.format(
        title="Ferry &amp;amp; &lt;b&gt;bridge&lt;/b&gt;",
        more="<pubDate>Fri, 20 Nov 2026 10:00:00 GMT</pubDate><category>Harbour</category><category>Roads</category>"
        "<author>desk@harrow.example (Ana Moss)</author>",
    ).encode(), f"{BASE}/feed"))  # fmt: skip
    assert entry.url == f"{BASE}/a"
    assert entry.value("title") == "Ferry & bridge"
    assert entry.newest == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert [c.raw for c in entry.says if c.field == "tags"] == ["Harbour", "Roads"]
    assert "Ana Moss" in (entry.value("author") or "")


@pytest.mark.parametrize(
    "body",
    [
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>T</title><link href="/a"/><updated>2026-11-20T10:00:00Z</updated></entry></feed>',
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        '<channel rdf:about="x"/><item rdf:about="/a"><title>T</title><link>/a</link><dc:date>2026-11-20T10:00:00Z</dc:date></item></rdf:RDF>',
        '{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1", "url": "/a", "title": "T", "date_published": "2026-11-20T10:00:00Z"}]}',
        '\ufeff\n<rss version="2.0"><channel><item><title>T & more</title><link>/a</link><pubDate>2026-11-20T10:00:00Z</pubDate>',
    ],
    ids=["atom", "rdf", "json", "broken rss"],
)
def test_every_kind_of_feed_is_read(body: str) -> None:
    entry = only(read_feed(body.encode(), f"{BASE}/feed"))
    assert entry.url == f"{BASE}/a"
    assert (entry.value("title") or "").startswith("T")
    assert entry.newest == datetime(2026, 11, 20, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "body",
    [b"", b"   ", b"<html><body>Just a moment</body></html>", b"<!DOCTYPE html><p>x", b'{"items": []}', b"[1,2]",
     b"plain text", b"\x89PNG\r\n", b'{"version": "https://jsonfeed.org/version/1"', b"<urlset></urlset>"],
)  # fmt: skip
def test_what_is_no_feed_is_none(body: bytes) -> None:
    assert not read_feed(body, BASE)


def test_a_news_sitemap_gives_all_that_it_says() -> None:
    body = f"""<?xml version="1.0"?><urlset {NAMESPACES}><url><loc>{BASE}/a</loc><lastmod>2026-11-21</lastmod>
      <news:news><news:publication><news:name>Harrow Post</news:name><news:language>en</news:language></news:publication>
      <news:publication_date>2026-11-20T10:00:00+01:00</news:publication_date><news:title>Ferry returns</news:title>
      <news:keywords>Ferry, Harbour</news:keywords><news:genres>Opinion</news:genres><news:access>Subscription</news:access>
      <news:stock_tickers>NASDAQ:FRY</news:stock_tickers></news:news>
      <image:image><image:loc>{BASE}/a.jpg</image:loc><image:caption>The ferry</image:caption></image:image>
      <xhtml:link rel="alternate" hreflang="de" href="{BASE}/de/a"/></url></urlset>"""
    sitemap = read_sitemap(body.encode(), f"{BASE}/news.xml")
    assert sitemap is not None
    assert sitemap.is_news
    entry = only(sitemap.entries)
    values = {c.field: c.raw for c in entry.says if c.field != "tags"}
    assert values == {
        "published": "2026-11-20T10:00:00+01:00", "title": "Ferry returns", "access": "Subscription",
        "genres": "Opinion", "stock_tickers": "NASDAQ:FRY", "language": "en", "publication": "Harrow Post",
        "modified": "2026-11-21", "image": f"{BASE}/a.jpg", "image_caption": "The ferry", "hreflang": f"de {BASE}/de/a",
    }  # fmt: skip
    assert [c.raw for c in entry.says if c.field == "tags"] == ["Ferry", "Harbour"]


@pytest.mark.parametrize(
    ("body", "urls"),
    [
        (
            f"<urlset><url><loc> {BASE}/a </loc></url><url><loc>{BASE}/b</loc></url></urlset>".encode(),
            2,
        ),
        (
            f"\n\n <urlset><url><loc>{BASE}/a?x=1&y=2</loc></url><url><loc>{BASE}/b</loc>".encode(),
            2,
        ),
        (gzip.compress(f"<urlset {NAMESPACES}><url><loc>/a</loc></url></urlset>".encode()), 1),
        (gzip.compress(f"<urlset {NAMESPACES}><url><loc>/a</loc></url></urlset>".encode())[:-9], 1),
        (f"{BASE}/a\n{BASE}/b\n\nnot an address\n".encode(), 2),
        (b"\xef\xbb\xbf" + f"{BASE}/a\r\n".encode(), 1),
    ],
    ids=["plain", "broken", "gzip", "gzip cut", "text", "text with mark"],
)
def test_every_form_of_sitemap_is_read(body: bytes, urls: int) -> None:
    sitemap = read_sitemap(body, f"{BASE}/map.xml")
    assert sitemap is not None
    assert len(sitemap.entries) == urls


@pytest.mark.parametrize(
    "body", [b"", b"<html></html>", b"\x1f\x8bnot gzip", b"<rss/>", b"hello", b"<", b"\x00\x01"]
)
def test_what_is_no_sitemap_is_none(body: bytes) -> None:
    assert read_sitemap(body, BASE) is None


def test_what_a_list_says_takes_part_in_title_tags_and_access() -> None:
    page = str(article("x").body).replace("<title>x</title>", "").replace("<h1>x</h1>", "")
    says = said(
        "sitemap",
        {"title": "Ferry returns to the bay", "tags": ["Ferry"], "access": "Subscription"},
    )
    found = clean(Page(body=page, url=f"{BASE}/2026/11/20/ferry", listed=says))
    assert isinstance(found, Article)
    assert found.title == "Ferry returns to the bay"
    assert found.tags == ("Ferry",)
    assert found.paywall.declared is True
    shown = clean(
        Page(body=str(article("Another headline on the page").body), url=f"{BASE}/x", listed=says)
    )
    assert isinstance(shown, Article)
    assert shown.title == "Another headline on the page"
    cut = (Candidate(field="title", raw="Ferry returns…", method="feed.title"),)
    without = clean(Page(body=page, url=f"{BASE}/2026/11/20/ferry", listed=cut))
    assert isinstance(without, Article)
    assert without.title is None


def test_declared_feeds_are_found_without_those_of_comments() -> None:
    tree = lxml.html.fromstring(
        '<html><head><link rel="alternate" type="application/rss+xml; charset=utf-8" href="/feed">'
        '<link rel="alternate" type="application/feed+json" href="/feed.json">'
        '<link rel="alternate" type="application/rss+xml" href="/comments/feed">'
        '<link rel="alternate" hreflang="de" href="/de"></head></html>'
    )
    assert declared_feeds(tree, f"{BASE}/") == (f"{BASE}/feed", f"{BASE}/feed.json")


# -- dates --------------------------------------------------------------------------------------------


def listed(url: str, **values: str) -> Listed:
    return Listed(url=url, says=said("sitemap", values))


MAY = Bounds(
    since=datetime(2024, 5, 1, tzinfo=UTC), until=datetime(2024, 5, 31, 23, 59, tzinfo=UTC)
)


@pytest.mark.parametrize(
    ("entry", "rule"),
    [
        (listed(f"{BASE}/sitemap-2024-05.xml"), None),
        (listed(f"{BASE}/sitemap-2024-03.xml"), "sitemap_name"),
        (listed(f"{BASE}/sitemap-2024-04.xml"), None),
        (listed(f"{BASE}/sitemap-2023.xml"), "sitemap_name"),
        (listed(f"{BASE}/sitemap/2024/05/07.xml.gz"), None),
        (listed(f"{BASE}/sitemap.xml?yyyy=2024&mm=06&dd=11"), "sitemap_name"),
        (listed(f"{BASE}/sitemap-daily-20240307.xml"), "sitemap_name"),
        (listed(f"{BASE}/sitemap-17.xml", modified="2024-04-02T00:00:00Z"), "sitemap_lastmod"),
        (listed(f"{BASE}/sitemap-17.xml", modified="2026-04-02T00:00:00Z"), None),
        (listed(f"{BASE}/sitemap-1.xml"), None),
    ],
)
def test_sitemaps_are_pruned_by_name_and_lastmod(entry: Listed, rule: str | None) -> None:
    assert MAY.against_sitemap(entry) == rule
    assert Bounds().against_sitemap(entry) is None


@pytest.mark.parametrize(
    ("entry", "rule"),
    [
        (listed(f"{BASE}/a", published="2024-05-07T10:00:00Z"), None),
        (listed(f"{BASE}/a", published="2024-04-29T10:00:00Z"), "listed_date"),
        (listed(f"{BASE}/a", published="2024-06-02T10:00:00Z"), "listed_date"),
        (listed(f"{BASE}/a", published="2024-04-30"), None),
        (listed(f"{BASE}/2019/05/07/a", published="2024-05-07T10:00:00Z"), None),
        (listed(f"{BASE}/2024/05/07/a"), None),
        (listed(f"{BASE}/2024/04/07/a"), "path_date"),
        (listed(f"{BASE}/news-20240707-a"), "path_date"),
        (listed(f"{BASE}/a", modified="2024-04-20T10:00:00Z"), "listed_date"),
        (listed(f"{BASE}/a", modified="2026-04-20T10:00:00Z"), None),
        (listed(f"{BASE}/books/1984-and-2023"), None),
        (listed(f"{BASE}/a-123456"), None),
    ],
)
def test_pages_are_pruned_by_what_is_known_of_their_date(entry: Listed, rule: str | None) -> None:
    assert MAY.against_page(entry) == rule


@pytest.mark.parametrize(
    "date", ["0001-01-01T00:00:00", "0001-01-01", "9999-12", "0000-00-00", "soon"]
)
def test_dates_that_mean_none_prune_nothing(date: str) -> None:
    assert MAY.against_page(listed(f"{BASE}/a", published=date, modified=date)) is None
    assert MAY.against_sitemap(listed(f"{BASE}/map.xml", modified=date)) is None
    assert not MAY.holds(date)


@pytest.mark.parametrize(
    "text",
    [
        "User-agent: *\nDisallow: /\n\nUser-agent: newscrawl\nAllow: /\n",
        "User-agent: *\nAllow: /\n\nUser-agent: GPTBot\nUser-agent: ccbot # no\nDisallow: /a\n",
        "User-Agent : cohere\nDisallow: /\n",
        "user-agent: Meta-ExternalAgent/1.1\nDisallow: /\n\nUser-agent: Bot\nDisallow: /a/\n",
        "Disallow: /\n",
        "",
    ],
)
def test_crawlers_that_robots_txt_does_not_name_are_asked_of_at_once(text: str) -> None:
    rules = Protego.parse(text)
    for path in ("/a/b", "/c"):
        one_by_one = Rules(read=0.0, rules=rules).opt_outs(BASE + path)
        at_once = Rules(read=0.0, rules=rules, unnamed=unnamed_in(text)).opt_outs(BASE + path)
        assert at_once == one_by_one


def test_addresses_that_are_none_in_robots_txt_and_home_page_are_passed_over() -> None:
    rules = Rules(read=0.0, rules=Protego.parse("Sitemap: http://[bad\nSitemap: /map.xml\n"))
    assert rules.sitemaps(f"{BASE}/") == (f"{BASE}/map.xml",)
    tree = lxml.html.fromstring(
        "<html><head><link rel=alternate type='application/rss+xml' href='http://[bad'></head></html>"
    )
    assert declared_feeds(tree, f"{BASE}/") == ()


def test_what_stays_is_judged_by_the_articles_date() -> None:
    assert MAY.holds("2024-05-07T10:00:00+05:30")
    assert MAY.holds("2024-05-31")
    assert not MAY.holds("2024-07-07")
    assert not MAY.holds(None)


@pytest.mark.parametrize(
    ("since", "until", "first", "last"),
    [("2026-01-31", "2026-01-31", (1, 31, 0), (1, 31, 23)), ("7d", None, (11, 16, 12), None), (None, "2026-01-31T12:00+01:00", None, (1, 31, 11))],
)  # fmt: skip
def test_bounds_are_read(
    since: str | None,
    until: str | None,
    first: tuple[int, ...] | None,
    last: tuple[int, ...] | None,
) -> None:
    bounds = parse_bounds(since, until, NOW)
    assert (bounds.since and (bounds.since.month, bounds.since.day, bounds.since.hour)) == first
    until_utc = bounds.until and bounds.until.astimezone(UTC)
    assert (until_utc and (until_utc.month, until_utc.day, until_utc.hour)) == last


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("yesterday", None),
        ("2026-02-30", None),
        ("2026-02-01", "2026-01-01"),
        (None, "31.1.2026"),
        ("99999999d", None),
    ],
)
def test_bounds_that_make_no_sense_are_wrong_usage(since: str | None, until: str | None) -> None:
    with pytest.raises(UsageError):
        parse_bounds(since, until, NOW)


def test_spans_are_none_where_nothing_is_said() -> None:
    assert span_in_path(f"{BASE}/2024/13/45/x") is None or span_in_path(f"{BASE}/x") is None
    assert span_in_name(f"{BASE}/sitemap-2023-to-2024.xml") is None


# -- links --------------------------------------------------------------------------------------------


def test_the_link_test_learns_the_form_of_a_hosts_articles() -> None:
    known = [
        f"{BASE}/n/{number}-{word}.html" for number, word in ((101, "a"), (102, "b"), (2003, "c"))
    ]
    tree = lxml.html.fromstring(
        "<main><a href=/n/177-x.html>Short</a> <a href=/n/178>Other</a> <a href=/sport>Sport</a></main>"
    )
    before = {link.url: link.kind for link in find_links(tree, f"{BASE}/")}
    after = {link.url: link.kind for link in find_links(tree, f"{BASE}/", LinkTest(known))}
    assert before[f"{BASE}/n/177-x.html"] == "list"
    assert after == {
        f"{BASE}/n/177-x.html": "article",
        f"{BASE}/n/178": "list",
        f"{BASE}/sport": "list",
    }
    assert form_of(f"{BASE}/world") is None


def test_menus_paid_links_and_words_that_lead_nowhere_are_no_articles() -> None:
    tree = lxml.html.fromstring(
        "<body><nav><a href=/about-the-whole-team>Everything about our whole large team</a><a href=/deals>Offers</a></nav>"
        "<main><a href=/x rel='sponsored nofollow'>Five words that somebody has paid for</a>"
        "<li><a href=/y>Five words of a real headline</a> <time datetime='2026-11-20'>20 Nov</time></li></main></body>"
    )
    found = {link.url: link for link in find_links(tree, f"{BASE}/")}
    assert f"{BASE}/x" not in found
    assert f"{BASE}/deals" not in found
    assert found[f"{BASE}/y"].kind == "article"
    assert found[f"{BASE}/y"].date == "2026-11-20"
    assert is_paid(f"{BASE}/advertorial/x")


def test_the_next_page_is_told_by_rel_or_by_its_number() -> None:
    rel = lxml.html.fromstring("<body><a rel=next href='/world?page=2'>Older</a></body>")
    number = lxml.html.fromstring(
        "<body><a href='/world?page=3'>3</a> <a href='/world?page=2'>2</a></body>"
    )
    assert next_page(rel, f"{BASE}/world") == f"{BASE}/world?page=2"
    assert next_page(number, f"{BASE}/world") == f"{BASE}/world?page=2"
    assert next_page(number, f"{BASE}/world?page=2") == f"{BASE}/world?page=3"
    assert next_page(lxml.html.fromstring("<p>x</p>"), f"{BASE}/world") is None


# -- crawls -------------------------------------------------------------------------------------------


def dated_site() -> dict[str, Answers]:
    """Give a site with an index of monthly sitemaps, and two articles a month."""
    months = ("2024-03", "2024-04", "2024-05", "2024-06")
    pages: dict[str, Answers] = {
        f"{BASE}/robots.txt": Answer(f"Sitemap: {BASE}/index.xml\n", type="text/plain"),
        f"{BASE}/": home(),
        f"{BASE}/index.xml": Answer(
            f"<sitemapindex {NAMESPACES}>" + "".join(f"<sitemap><loc>{BASE}/map-{m}.xml</loc></sitemap>" for m in months) + "</sitemapindex>",
            type="application/xml",
        ),
    }  # fmt: skip
    for month in months:
        urls = []
        for day in ("08", "21"):
            title = f"What was decided on {month}-{day} in the council"
            url = f"{BASE}/council/decided-on-the-{day}-of-{month.replace('-', 'm')}"
            pages[url] = article(title, date=f"{month}-{day}T10:00:00+00:00")
            lastmod = f"<lastmod>{month}-{day}T11:00:00Z</lastmod>" if day == "08" else ""
            urls.append(f"<url><loc>{url}</loc>{lastmod}</url>")
        pages[f"{BASE}/map-{month}.xml"] = Answer(
            f"<urlset {NAMESPACES}>{''.join(urls)}</urlset>", type="application/xml"
        )
    return pages


def test_a_date_range_prunes_sitemaps_and_pages_and_filters_what_is_left(tmp_path: Path) -> None:
    with Web(dated_site()) as web:
        shell = Shell(tmp_path, web.proxy)
        said = shell.crawl(f"{BASE}/", "--since", "2024-04-15", "--until", "2024-05-15")
        maps = {one.url for one in web.asked("/map-")}
        assert maps == {f"{BASE}/map-2024-04.xml", f"{BASE}/map-2024-05.xml"}
        assert shell.titles() == [
            "What was decided on 2024-04-21 in the council", "What was decided on 2024-05-08 in the council",
        ]  # fmt: skip
        assert "2 new, 0 changed, 0 seen before, 1 rejected (out_of_range 1)" in said
        assert "listed_date 1, sitemap_name 2" in said
        # A later run with another range fetches what was out of this one.
        assert "1 new" in shell.crawl(f"{BASE}/", "--since", "2024-05-16", "--until", "2024-05-30")


def test_a_dry_run_fetches_lists_and_says_what_it_would_fetch_and_why(tmp_path: Path) -> None:
    with Web(dated_site()) as web:
        shell = Shell(tmp_path, web.proxy)
        shell.crawl(f"{BASE}/", "--since", "2024-06-01")
        stored, begun = len(shell.stored()), len(web.log)
        said = shell(
            "crawl", f"{BASE}/", "--since", "2024-05-04", "--dry-run", "-s", "DOWNLOAD_DELAY=0"
        )
        assert not [one for one in web.log[begun:] if "/council/" in one.url]
        assert len(shell.stored()) == stored
    rows = [line.split("\t") for line in said.splitlines() if "\t" in line]
    verdicts = sorted((verdict, url.rsplit("/", 1)[-1]) for verdict, url, _ in rows)
    assert verdicts == [
        ("fetch", "decided-on-the-08-of-2024m05"), ("fetch", "decided-on-the-21-of-2024m05"),
        ("known", "decided-on-the-08-of-2024m06"), ("known", "decided-on-the-21-of-2024m06"),
        ("skip", "map-2024-03.xml"), ("skip", "map-2024-04.xml"),
    ]  # fmt: skip
    assert f"listed in {BASE}/map-2024-05.xml, 2024-05-08T11:00:00Z" in said


def test_the_newest_come_first(tmp_path: Path) -> None:
    with Web(dated_site()) as web:
        Shell(tmp_path, web.proxy).crawl(f"{BASE}/", "--limit", "2")
        fetched = [one.url.rsplit("/", 1)[-1] for one in web.asked("/council/")]
    # Undated ones count as of today; of the dated the newest.
    assert len(fetched) == 2
    with Web(site("www.harrow.example", ())) as web:
        links = {
            f"{BASE}/council/decided-on-the-{day:02}-of-may": f"2026-05-{day:02}"
            for day in range(1, 9)
        }
        items = "".join(
            f"<item><title>T</title><link>{url}</link><pubDate>{date}T10:00:00Z</pubDate></item>"
            for url, date in links.items()
        )
        web.pages[f"{BASE}/feed.xml"] = Answer(
            f"<rss version='2.0'><channel>{items}</channel></rss>", type="application/rss+xml"
        )
        web.pages |= {url: article(f"What was decided on {date}") for url, date in links.items()}
        (tmp_path / "two").mkdir()
        Shell(tmp_path / "two", web.proxy).crawl(f"{BASE}/", "--limit", "3")
        fetched = [one.url.rsplit("/", 1)[-1] for one in web.asked("/council/")]
    assert fetched == [f"decided-on-the-{day:02}-of-may" for day in (8, 7, 6)]


def section_site(pages: int) -> dict[str, Answers]:
    """Give a section of several pages, three articles each, the newest first."""
    found: dict[str, Answers] = {}
    for number in range(1, pages + 1):
        day = 23 - number
        urls = [f"{BASE}/world/2026/11/{day:02}/a-story-of-page-{number}-{n}" for n in range(6)]
        links = "".join(
            f"<li><a href={url}>A story of page {number} and {n}</a></li>"
            for n, url in enumerate(urls)
        )
        own = f"{BASE}/world" if number == 1 else f"{BASE}/world?page={number}"
        found[own] = home(
            body=f"<main><ul>{links}</ul><a rel=next href='/world?page={number + 1}'>Older</a></main>"
        )
        found |= {
            url: article(f"A story of page {number} and {n}", date=f"2026-11-{day:02}T10:00:00Z")
            for n, url in enumerate(urls)
        }
    return found


def test_a_section_is_read_page_by_page_until_nothing_is_new(tmp_path: Path) -> None:
    pages = section_site(4)
    with Web(pages) as web:
        shell = Shell(tmp_path, web.proxy)
        assert "24 new" in shell.crawl(f"{BASE}/world")
        begun = len(web.log)
        assert "0 new" in shell.crawl(f"{BASE}/world")
        assert [one.url for one in web.log[begun:] if "robots" not in one.url] == [f"{BASE}/world"]


def test_a_section_stops_after_a_run_of_old_pages(tmp_path: Path) -> None:
    with Web(section_site(9)) as web:
        said = Shell(tmp_path, web.proxy).crawl(f"{BASE}/world", "--since", "2026-11-21T12:00Z")
        lists = {one.url for one in web.asked("/world") if "/2026/" not in one.url}
    assert f"{BASE}/world?page=2" in lists
    assert len(lists) <= 4
    assert "path_date" in said


def test_a_challenge_in_place_of_a_feed_is_counted_and_no_empty_feed(tmp_path: Path) -> None:
    pages = site("www.harrow.example", ())
    pages[f"{BASE}/feed.xml"] = Answer(
        "<html><head><title>Just a moment...</title></head><body><p>Checking your browser before accessing.</p></body></html>"
    )
    with Web(pages) as web:
        shell = Shell(tmp_path, web.proxy)
        said = shell.crawl(f"{BASE}/", code=5)
        assert "bot_challenge" in said
        assert "bot_challenge 1" in shell("state", "show", "www.harrow.example")


WALLS = {
    "consent_wall": "<title>Before you continue</title><p>We and our partners use cookies. Accept all cookies to continue to the site.</p><button>Accept all</button>",
    "login_wall": "<title>Log in</title><p>Please log in to continue reading.</p><form><input type=password></form>",
    "soft_404": "<title>Page not found</title><h1>Page not found</h1><p>The page you are looking for does not exist.</p>",
    "empty_shell": "<title>Post</title><div id=root></div><noscript>You need to enable JavaScript to run this app.</noscript>",
    "bot_challenge": "<title>Just a moment...</title><p>Verify you are human by completing the action below.</p>",
}


def test_what_comes_back_in_place_of_an_article_is_counted_and_never_written(
    tmp_path: Path,
) -> None:
    urls = {
        name: f"{BASE}/2026/11/20/what-came-back-was-a-{name.replace('_', '-')}" for name in WALLS
    }
    good, gone = f"{BASE}/2026/11/20/a-story-that-is-one", f"{BASE}/2026/11/20/a-story-that-is-gone"
    stub = f"{BASE}/2026/11/20/a-story-before-a-paywall"
    pages: dict[str, Answers] = {
        urls[name]: Answer(f"<html><body>{body}</body></html>") for name, body in WALLS.items()
    }
    pages |= {good: article("A story that is one"), gone: Answer("", 410), stub: Answer(
        "<html><head><title>A story before a paywall</title><meta property=og:type content=article>"
        "<script type='application/ld+json'>{\"@context\": \"https://schema.org\", \"@type\": \"NewsArticle\", "
        "\"headline\": \"A story before a paywall\", \"isAccessibleForFree\": false, \"datePublished\": \"2026-11-20\"}</script></head>"
        "<body><article><h1>A story before a paywall</h1><p>The council of Harrow Bay met on Tuesday evening for the ninth time this year, and what it decided about the harbour wall…</p>"
        "</article><p>Subscribe to continue reading this article.</p></body></html>")}  # fmt: skip
    with Web(pages) as web:
        shell = Shell(tmp_path, web.proxy)
        said = shell.crawl(*pages, code=0)
        assert shell.titles() == ["A story that is one"]
        shown = shell("state", "show", "www.harrow.example")
    for name in (*WALLS, "gone", "paywall_stub"):
        assert f"{name} 1" in said
        assert f"{name} 1" in shown
    assert "ok 1" in shown


def test_with_a_limit_no_more_lists_are_read_than_it_takes(tmp_path: Path) -> None:
    with Web(dated_site()) as web:
        said = Shell(tmp_path, web.proxy).crawl(f"{BASE}/", "--limit", "2")
        assert len(web.asked("/map-")) == 1
    assert "2 new" in said
