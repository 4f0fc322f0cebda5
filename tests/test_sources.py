"""Sources by the command line and as spiders: added, listed, shown, tested, crawled."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from newscrawl.publishers import parse_publisher
from tests.conftest import FAST, ROOT, proxied
from tests.courier import HOME, HOST, article, courier, feed, section, url_of
from tests.shell import FAST as ONE_AT_A_TIME
from tests.states import change, state_in
from tests.web import Answer, Web

Run = Callable[..., "subprocess.CompletedProcess[str]"]
MINE = f"""name = "The Courier"
domains = ["courier.example"]
home = "{HOME}"
language = "en"
country = "GB"
timezone = "Europe/London"
feeds = ["{HOME}rss.xml"]
article_pattern = '/20\\d\\d/\\d\\d/\\d\\d/'
"""


@pytest.fixture
def web() -> Iterator[Web]:
    with courier() as web:
        yield web


@pytest.fixture
def run(web: Web, tmp_path: Path) -> Run:
    """Run newscrawl in an empty folder, against the site."""

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "newscrawl", *map(str, arguments)]
        return subprocess.run(
            command, cwd=tmp_path, env=proxied(web.proxy), capture_output=True, text=True, check=False,
            timeout=180,
        )  # fmt: skip

    return run


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def place(tmp_path: Path, text: str = MINE, name: str = "courier.example") -> Path:
    """Write a file of the user's, where it is looked for."""
    path = tmp_path / "data" / "sources" / f"{name}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


# -- add --------------------------------------------------------------------------------------------


def test_add_looks_at_a_site_and_writes_a_file_that_can_be_crawled(
    run: Run, web: Web, tmp_path: Path
) -> None:
    added = run("sources", "add", HOME, *FAST)

    assert added.returncode == 0, added.stderr
    path = tmp_path / "data" / "sources" / "courier.example.toml"
    source = parse_publisher(str(path), path.read_text("utf-8"))
    assert (source.name, source.domains) == ("The Courier", ("courier.example",))
    assert (source.language, source.country, source.timezone) == ("en", "GB", "Europe/London")
    assert source.feeds == (f"{HOME}rss.xml",)
    assert source.sections == (f"{HOME}news",)
    assert source.article_pattern is not None
    assert "10 of 10 pages are articles" in added.stdout
    fields = {row.split()[0]: row.split()[1] for row in added.stdout.splitlines() if "/10" in row}
    assert fields["title"] == fields["authors"] == fields["captions"] == "10/10"
    assert fields["tags"] == "0/10"
    crawled = run("crawl", "courier.example", "-O", "out.jsonl", *FAST)
    assert crawled.returncode == 0, crawled.stderr
    assert len(lines(tmp_path / "out.jsonl")) == 12


def test_add_asks_for_nothing_that_robots_txt_forbids(run: Run, web: Web) -> None:
    web.pages[f"{HOME}robots.txt"] = Answer("User-agent: *\nDisallow: /\n", type="text/plain")

    added = run("sources", "add", HOME, *FAST)

    assert added.returncode == 5
    assert "no article found (robots 1" in added.stderr
    assert {one.url for one in web.log} == {f"{HOME}robots.txt"}


def test_add_says_where_nothing_is_to_be_found(run: Run, web: Web, tmp_path: Path) -> None:
    web.pages = {HOME: Answer("<html><body><h1>Closed</h1></body></html>")}

    added = run("sources", "add", HOME, *FAST)

    assert added.returncode == 3
    assert "no list leads to one" in added.stderr
    assert not (tmp_path / "data").exists()


def test_add_of_a_host_that_is_not_there_fails(run: Run, web: Web) -> None:
    web.pages = {HOME: Answer("busy", status=500)}

    assert run("sources", "add", HOME, *FAST).returncode in (1, 3)


def test_add_overwrites_nothing_unless_it_is_told_to(run: Run, tmp_path: Path) -> None:
    path = place(tmp_path)

    refused = run("sources", "add", HOME, *FAST)
    dry = run("sources", "add", HOME, "--dry-run", *FAST)
    assert path.read_text("utf-8") == MINE
    forced = run("sources", "add", HOME, "--force", "--articles", "3", *FAST)

    assert (refused.returncode, dry.returncode, forced.returncode) == (2, 0, 0)
    assert "courier.example.toml is there already" in refused.stderr
    assert "--force" in refused.stderr
    assert 'name = "The Courier"' in dry.stdout
    assert "from 3 articles" in path.read_text("utf-8")


def test_add_refuses_what_is_no_site_and_a_domain_of_another_file(
    run: Run, web: Web, tmp_path: Path
) -> None:
    place(tmp_path, MINE, "mine")

    for site in ("ftp://courier.example/", "not a host", ""):
        assert run("sources", "add", site, *FAST).returncode == 2
    taken = run("sources", "add", HOME, *FAST)

    assert taken.returncode == 2
    assert "data/sources/mine.toml has courier.example already" in taken.stderr
    assert web.log == []


def test_add_keeps_what_is_known_of_how_a_site_reads(run: Run, tmp_path: Path) -> None:
    place(tmp_path, MINE + 'limits = { pages = 7 }\n\n[[layouts]]\nbyline = ".by-line"\n')

    added = run("sources", "add", HOME, "--force", *FAST)

    assert added.returncode == 0, added.stderr
    path = tmp_path / "data" / "sources" / "courier.example.toml"
    source = parse_publisher(str(path), path.read_text("utf-8"))
    assert source.limits.pages == 7
    assert source.layouts[0].byline == (".by-line",)
    assert source.sections == (f"{HOME}news",)


def test_a_file_elsewhere_says_how_it_is_read(run: Run) -> None:
    added = run("sources", "add", HOME, "--into", "elsewhere", "--articles", "2", *FAST)

    assert "it is read if NEWSCRAWL_SOURCES names elsewhere" in added.stdout


# -- list, show, test -------------------------------------------------------------------------------


def test_list_has_shipped_sources_and_the_users(run: Run, tmp_path: Path) -> None:
    place(tmp_path)

    listed = run("sources", "list")

    assert listed.returncode == 0, listed.stderr
    rows = {row.split()[0]: row for row in listed.stdout.splitlines() if row.strip()}
    assert "newscrawl" in rows["newsgram.com"]
    assert "Asia/Kolkata" in rows["newsgram.com"]
    assert "data/sources/courier.example.toml" in rows["courier.example"]


def test_list_shows_the_fields_that_a_source_has_delivered(run: Run, tmp_path: Path) -> None:
    place(tmp_path)
    run("crawl", "courier.example", "-O", "out.jsonl", *FAST)

    rows = run("sources", "list").stdout.splitlines()

    row = next(row for row in rows if row.startswith("courier.example")).split()
    heads = next(row for row in rows if row.startswith("source")).split()
    assert "12" in row
    assert row.count("100%") >= 5
    assert "0%" in row
    assert "auth." in heads


def test_a_wrong_file_is_named_and_the_others_are_listed(run: Run, tmp_path: Path) -> None:
    place(tmp_path)
    place(tmp_path, 'name = "B"\ndomain = "b.example"\n', "b.example")

    listed = run("sources", "list")

    assert listed.returncode == 1
    assert "data/sources/b.example.toml:2: domain: unknown key" in listed.stderr
    assert "courier.example" in listed.stdout


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_wrong_file_is_told_once_by_a_batch(run: Run, tmp_path: Path, workers: str) -> None:
    place(tmp_path, 'name = "B"\ndomain = "b.example"\n', "b.example")
    (tmp_path / "page.html").write_text(article(1), "utf-8")

    cleaned = run("clean", "page.html", "--workers", workers, "-O", "out.jsonl")

    assert cleaned.returncode == 0, cleaned.stderr
    assert cleaned.stderr.count("b.example.toml:2: domain: unknown key") == 1


def test_show_prints_the_file_and_what_was_delivered(run: Run, tmp_path: Path) -> None:
    place(tmp_path)
    run("crawl", "courier.example", "-O", "out.jsonl", *FAST)

    shown = run("sources", "show", "courier.example")

    assert shown.returncode == 0, shown.stderr
    assert 'timezone = "Europe/London"' in shown.stdout
    assert "12 articles, 0 of 12 pages refused" in shown.stdout
    assert "authors 100%" in shown.stdout
    assert "12.0 links in the mean of 1 look" in shown.stdout


def test_an_unknown_source_is_wrong_usage(run: Run) -> None:
    for action in (["show"], ["test"]):
        result = run("sources", *action, "nowhere.example")
        assert result.returncode == 2
        assert "there is no source 'nowhere.example'" in result.stderr
    assert run("sources", "test", "--live").returncode == 2


def test_fixtures_are_added_and_compared_field_by_field(run: Run, tmp_path: Path) -> None:
    place(tmp_path)
    added = run("fixture", "add", url_of(3), "--slug", "third")
    again = run("fixture", "add", url_of(3), "--slug", "third")
    expected = tmp_path / "data/sources/fixtures/courier.example/third/article.json"

    good = run("sources", "test", "courier.example")
    expected.write_text(expected.read_text("utf-8").replace("Jo Field", "Jo Meadow"), "utf-8")
    bad = run("sources", "test", "courier.example")
    (expected.parent.parent / "torn").mkdir()
    (expected.parent.parent / "torn" / "page.json").write_text("{", "utf-8")
    torn = run("sources", "test", "courier.example")
    shutil.rmtree(expected.parent.parent / "torn")
    known = tmp_path / "data/sources/fixtures/known_failures.json"
    known.write_text('{"courier.example/third::authors": "the truth is another"}', "utf-8")
    excused = run("sources", "test", "courier.example")

    assert added.returncode == 0, added.stderr
    assert "Old library to reopen" in added.stdout
    assert again.returncode == 2
    assert good.returncode == 0, good.stderr
    assert bad.returncode == torn.returncode == 1
    assert "courier.example/torn: fixture" in torn.stdout
    assert "courier.example/third: authors" in torn.stdout
    assert "courier.example/third: authors" in bad.stdout
    assert "expected ['[0] Jo Meadow']" in bad.stdout
    assert "found    ['[0] Jo Field']" in bad.stdout
    assert excused.returncode == 0, excused.stderr


def test_a_fixture_of_a_file_takes_its_address_and_time_from_the_options(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "page.html").write_text(article(5), "utf-8")

    added = run(
        "fixture", "add", "page.html", "--url", url_of(5), "--fetched-at", "2025-01-31T12:00", "--into", "fx"
    )  # fmt: skip

    assert added.returncode == 0, added.stderr
    folder = tmp_path / "fx" / "courier.example" / "harbour-to-reopen-1005"
    assert '"fetched_at": "2025-01-31T12:00:00+00:00"' in (folder / "page.json").read_text("utf-8")
    assert run("fixture", "add", "page.html", "--into", "fx").returncode == 2
    assert run("fixture", "add", "none.html").returncode == 1
    assert run("fixture", "add", "page.html", "--fetched-at", "soon").returncode == 2


def test_live_looks_at_lists_and_articles_as_they_are_now(
    run: Run, web: Web, tmp_path: Path
) -> None:
    place(tmp_path, MINE + f'sections = ["{HOME}sport"]\n\n[[layouts]]\nbyline = ".gone"\n')

    tested = run("sources", "test", "courier.example", "--live", "--articles", "4", *FAST)

    assert tested.returncode == 4, tested.stderr
    assert "4 of 4 pages are articles" in tested.stdout
    assert "layout: byline found nothing on 4 of 4 articles" in tested.stdout
    assert f"list: {HOME}sport: no article" in tested.stdout


# -- spiders ----------------------------------------------------------------------------------------


def scrapy(web: Web, tmp_path: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    state = f"NEWSCRAWL_STATE={tmp_path / 'data' / 'state.db'}"
    extra = ["-s", state] if arguments[0] == "crawl" else []
    return subprocess.run(
        [sys.executable, "-m", "scrapy", *arguments, *extra],
        cwd=ROOT, env=proxied(web.proxy), capture_output=True, text=True, check=False, timeout=180,
    )  # fmt: skip


def test_each_source_is_a_spider(web: Web, tmp_path: Path) -> None:
    path = place(tmp_path)
    setting = f"NEWSCRAWL_SOURCES={path.parent}"

    names = scrapy(web, tmp_path, "list", "-s", setting).stdout.split()
    crawled = scrapy(
        web, tmp_path, "crawl", "courier.example", "-O", str(tmp_path / "o.jsonl"), "-s", setting, *FAST
    )  # fmt: skip

    assert {"articles", "newsgram", "courier.example", "reuters.com"} <= set(names)
    assert "newsgram.com" not in names
    assert "source" not in names
    assert crawled.returncode == 0, crawled.stderr
    found = lines(tmp_path / "o.jsonl")
    assert len(found) == 12
    assert {a["extracted_with"]["publisher_layout"] for a in found} == {"courier.example"}
    assert {a["source"] for a in found} == {"courier.example"}


def test_a_source_without_lists_is_searched_from_its_home_page(run: Run, tmp_path: Path) -> None:
    place(tmp_path, f'name = "The Courier"\ndomains = ["courier.example"]\nhome = "{HOME}"\n')

    assert run("crawl", "courier.example", "-O", "out.jsonl", *FAST).returncode == 0
    assert len(lines(tmp_path / "out.jsonl")) == 12


def test_a_source_without_lists_is_searched_through_its_sections(
    run: Run, web: Web, tmp_path: Path
) -> None:
    del web.pages[f"{HOME}rss.xml"]
    web.pages[HOME] = Answer(
        '<html><body><nav><a href="/news">News</a><a href="/sport">Sport</a></nav></body></html>'
    )
    place(tmp_path, f'name = "The Courier"\ndomains = ["courier.example"]\nhome = "{HOME}"\n')

    crawled = run("crawl", "courier.example", "-O", "out.jsonl", "-v", *FAST)

    assert crawled.returncode == 0, crawled.stderr
    assert "Traceback" not in crawled.stderr
    assert len(lines(tmp_path / "out.jsonl")) == 12


def test_sections_whose_articles_are_all_out_of_range_are_not_searched_for(
    run: Run, web: Web, tmp_path: Path
) -> None:
    place(tmp_path, MINE.replace(f'feeds = ["{HOME}rss.xml"]', f'sections = ["{HOME}news"]'))
    for url in [url for url in web.pages if "reopen" in url]:
        del web.pages[url]

    run("crawl", "courier.example", "--dry-run", *FAST)

    assert {one.url for one in web.log} == {f"{HOME}robots.txt", f"{HOME}news"}


def test_where_the_lists_of_the_file_are_gone_the_site_is_searched(
    run: Run, web: Web, tmp_path: Path
) -> None:
    text = MINE.replace("rss.xml", "old.xml") + f'sections = ["{HOME}old"]\n'
    place(tmp_path, text)

    crawled = run("crawl", "courier.example", "-O", "out.jsonl", *FAST)

    assert crawled.returncode == 0, crawled.stderr
    assert len(lines(tmp_path / "out.jsonl")) == 12


def test_sections_and_the_pattern_tell_articles(run: Run, web: Web, tmp_path: Path) -> None:
    web.pages[f"{HOME}news"] = Answer(
        section(range(3)).replace("</ul>", '<li><a href="/offers/2026/win-a-trip-to-the-sea">Win a trip to the sea with us</a></li></ul>')
    )  # fmt: skip
    text = MINE.replace(f'feeds = ["{HOME}rss.xml"]', f'sections = ["{HOME}news"]')
    place(tmp_path, text)

    run("crawl", "courier.example", "-O", "out.jsonl", *FAST)

    assert len(lines(tmp_path / "out.jsonl")) == 3
    assert not web.asked("/offers/")


def test_a_source_is_polled_and_one_whose_file_is_gone_holds_up_no_other(
    run: Run, web: Web, tmp_path: Path
) -> None:
    path = place(tmp_path)
    run("crawl", "courier.example", "-O", "out.jsonl", *FAST)
    change(
        state_in(tmp_path, "data/state.db"),
        "UPDATE url SET due = 1 WHERE due IS NOT NULL AND kind = 'feed'",
    )
    listed = run("run", "--due", "--list")
    web.pages[f"{HOME}rss.xml"] = feed(range(14))
    web.pages |= {url_of(n): Answer(article(n)) for n in (12, 13)}
    path.rename(tmp_path / "gone")
    without = run("run", "--due", *FAST)
    (tmp_path / "gone").rename(path)

    polled = run("run", "--due", *FAST)

    assert "courier.example: 1 lists" in listed.stdout
    assert without.returncode == 4
    assert "courier.example: there is no such source or spider any more" in without.stderr
    assert polled.returncode == 0, polled.stderr
    assert "2 new" in polled.stderr


def test_places_can_be_given_as_a_setting_of_a_crawl(run: Run, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "post.toml").write_text(MINE, "utf-8")

    crawled = run("crawl", "post", "-s", f"NEWSCRAWL_SOURCES={other}", "-O", "out.jsonl", *FAST)

    assert crawled.returncode == 0, crawled.stderr
    assert len(lines(tmp_path / "out.jsonl")) == 12


def test_a_source_that_gives_nothing_beside_one_that_does_is_told_by_the_exit_code(
    run: Run, web: Web, tmp_path: Path
) -> None:
    place(tmp_path)
    gone = MINE.replace("courier.example", "field.example")
    place(tmp_path, gone, "field.example")
    web.pages["http://www.field.example/"] = Answer("<html><body><h1>Closed</h1></body></html>")

    crawled = run("crawl", "courier.example", "field.example", "-O", "out.jsonl", *FAST)

    assert crawled.returncode == 4, crawled.stderr


def test_single_articles_of_a_source_can_be_asked_for(web: Web, tmp_path: Path) -> None:
    path = place(tmp_path)

    result = scrapy(
        web, tmp_path, "crawl", "courier.example", "-a", f"url={url_of(2)}", "-O", str(tmp_path / "o.jsonl"),
        "-s", f"NEWSCRAWL_SOURCES={path.parent}", *FAST,
    )  # fmt: skip

    assert result.returncode == 0, result.stderr
    assert [a["url"] for a in lines(tmp_path / "o.jsonl")] == [url_of(2)]
    assert not web.asked("rss.xml")


def test_headers_delay_and_limit_of_the_file_hold(run: Run, web: Web, tmp_path: Path) -> None:
    web.pages[f"{HOME}robots.txt"] = Answer("User-agent: *\nAllow: /\n", type="text/plain")
    place(
        tmp_path,
        MINE + 'limits = { delay = 0.3, pages = 5 }\nheaders = { Cookie = "consent=1" }\n'
        'poll = { least = "2h", most = "3h" }\n',
    )

    crawled = run("crawl", "courier.example", "-O", "out.jsonl", *ONE_AT_A_TIME)

    assert len(lines(tmp_path / "out.jsonl")) == 4
    assert "over_limit" in crawled.stderr or "host_limit" in crawled.stderr
    pages = [one for one in web.log if "robots" not in one.url]
    assert {one.headers.get("Cookie") for one in pages} == {"consent=1"}
    assert min(web.gaps(HOST)[1:]) >= 0.28
    assert "rss.xml: every 120 min" in run("state", "show", "courier.example").stdout


def test_other_domains_of_the_file_are_its_own(run: Run, web: Web, tmp_path: Path) -> None:
    other = url_of(1).replace(HOST, "news.field.example")
    web.pages[other] = Answer(article(1))
    body = feed(range(1))
    assert isinstance(body.body, str)
    listed = body.body.replace("</channel>", f"<item><link>{other}</link></item></channel>")
    web.pages[f"{HOME}rss.xml"] = Answer(listed, type="application/rss+xml")
    place(tmp_path, MINE.replace('["courier.example"]', '["courier.example", "field.example"]'))

    run("crawl", "courier.example", "-O", "out.jsonl", *FAST)

    assert {a["url"] for a in lines(tmp_path / "out.jsonl")} == {url_of(0), other}
