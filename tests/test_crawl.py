"""The spiders against a real server, through Scrapy's own commands and ours."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from newscrawl.demo.server import DemoServer
from newscrawl.demo.site import load_publishers
from newscrawl.publishers import registry
from tests.conftest import FAST, Run, proxied

LANTERN = next(p for p in load_publishers() if p.template == "quintype")
ARTICLE = LANTERN.articles[0]


def lines(path: Path) -> list[dict[str, Any]]:
    """Read JSON lines."""
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_scrapy_lists_the_spiders(scrapy: Run) -> None:
    names = scrapy("list").stdout.decode().split()

    # A spider in Python takes its source over.
    ours = {source.id for source in registry().sources()} - {"newsgram.com"}
    assert set(names) == {"articles", "newsgram"} | ours


def test_newsgram_brings_every_article_once(scrapy: Run, web: DemoServer, tmp_path: Path) -> None:
    # The spider asks over https, which the loopback server does not speak: its addresses are given.
    output = tmp_path / "out.jsonl"

    result = scrapy("crawl", "newsgram", "-a", "days=all", "-a", "scheme=http", "-O", output, *FAST)

    urls = sorted(article["url"] for article in lines(output))
    expected = sorted(a.url.replace(LANTERN.host, "www.newsgram.com") for a in LANTERN.articles)
    assert urls == expected, result.stderr[-2000:]
    assert {article["publisher"]["name"] for article in lines(output)} == {"NewsGram"}
    assert {article["source"] for article in lines(output)} == {"newsgram.com"}
    assert b"'newscrawl/totals_add_up': True" in result.stderr
    assert not any("/private/" in url for url in web.requests)


def test_newsgram_reads_the_newest_daily_sitemaps_only(scrapy: Run, tmp_path: Path) -> None:
    result = scrapy(
        "crawl", "newsgram", "-a", "days=2", "-a", "scheme=http", "-O", tmp_path / "o.jsonl", *FAST
    )

    assert b"'newscrawl/skipped/days'" in result.stderr


def test_a_single_article_by_its_address(scrapy: Run, tmp_path: Path) -> None:
    scrapy("crawl", "articles", "-a", f"url={ARTICLE.url}", "-O", tmp_path / "out.jsonl", *FAST)

    assert [article["title"] for article in lines(tmp_path / "out.jsonl")] == [ARTICLE.title]


def test_articles_from_a_file_of_addresses(scrapy: Run, tmp_path: Path) -> None:
    urls = tmp_path / "urls.txt"
    urls.write_text("# two of them\n" + "\n".join(a.url for a in LANTERN.articles[:2]) + "\n\n")

    scrapy("crawl", "articles", "-a", f"urls_file={urls}", "-O", tmp_path / "out.jsonl", *FAST)

    assert len(lines(tmp_path / "out.jsonl")) == 2


@pytest.mark.parametrize("publisher", load_publishers(), ids=lambda p: p.template)
def test_a_whole_site_by_whatever_it_offers(
    publisher: Any, newscrawl: Run, web: DemoServer, tmp_path: Path
) -> None:
    """Sitemaps, an RSS feed, an Atom feed, and links alone: one publisher each."""
    output, rejects = tmp_path / "out.jsonl", tmp_path / "no.jsonl"

    result = newscrawl("crawl", publisher.base, "-O", output, "--rejects", rejects, *FAST)

    assert result.returncode == 0, result.stderr
    assert {a["url"] for a in lines(output)} == {a.url for a in publisher.articles}
    assert not any("/private/" in url for url in web.requests)


def test_every_end_is_counted_and_written(newscrawl: Run, tmp_path: Path) -> None:
    private = f"{LANTERN.base}/private/members"
    missing = f"{LANTERN.base}/world/2024/01/01/no-such-story-anywhere"
    moved = next(p for p in load_publishers() if p.template == "wordpress")
    target = moved.articles[0].url
    rejects = tmp_path / "no.jsonl"

    result = newscrawl(
        "crawl", ARTICLE.url, private, missing, target, f"{moved.base}/?p=501", "-O",
        tmp_path / "out.jsonl", "--rejects", rejects, *FAST,
    )  # fmt: skip

    ends = {r["url"]: r["rejected"] for r in lines(rejects)}
    assert ends[private] == "robots"
    assert ends[missing] == "gone"
    assert len(lines(tmp_path / "out.jsonl")) == 2
    # The short link leads to one that was asked for too: the same article.
    last = b"2 new, 0 changed, 1 seen before, 2 rejected (gone 1, robots 1), 0 failed"
    assert result.stderr.splitlines()[-1].endswith(last)


def test_limit_stops_asking(newscrawl: Run, tmp_path: Path) -> None:
    newscrawl("crawl", LANTERN.base, "--limit", "3", "-O", tmp_path / "out.jsonl", *FAST)

    assert len(lines(tmp_path / "out.jsonl")) == 3


def test_a_section_gives_the_articles_it_links_to(newscrawl: Run, tmp_path: Path) -> None:
    newscrawl("crawl", f"{LANTERN.base}/science", "-O", tmp_path / "out.jsonl", *FAST)

    titles = {article["title"] for article in lines(tmp_path / "out.jsonl")}
    assert {a.title for a in LANTERN.articles if a.section == "Science"} <= titles


def test_a_crawl_prints_to_stdout_when_nothing_else_is_asked(newscrawl: Run) -> None:
    result = newscrawl("crawl", ARTICLE.url, *FAST)

    assert json.loads(result.stdout)["title"] == ARTICLE.title


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("http://www.lanterngram.example/private/members", 5),
        ("http://www.lanterngram.example/2024/01/01/nothing-of-this-kind-here", 3),
        ("http://no-such-host.example/2024/01/01/nothing-of-this-kind-here", 3),
    ],
)
def test_exit_codes_of_a_crawl_that_brings_nothing(newscrawl: Run, target: str, code: int) -> None:
    assert newscrawl("crawl", target, *FAST).returncode == code


@pytest.mark.parametrize("command", ["fetch", "crawl", "explain"])
def test_an_unreachable_host_is_one_clear_line_and_exits_1(command: str, tmp_path: Path) -> None:
    arguments = [
        sys.executable,
        "-m",
        "newscrawl",
        command,
        "http://www.gone.example/2024/01/01/a-b-c-d-e",
    ]

    result = subprocess.run(
        arguments,
        cwd=tmp_path,
        env=proxied("http://127.0.0.1:1"),
        capture_output=True,
        check=False,
        timeout=120,
    )

    assert result.returncode == 1
    assert b"Traceback" not in result.stderr
    assert len(result.stderr.splitlines()) <= 4
    assert b"unreachable" in result.stderr


def test_degraded_when_one_of_two_sites_gives_nothing(newscrawl: Run, tmp_path: Path) -> None:
    result = newscrawl(
        "crawl",
        "http://www.talbote.example/",
        "http://nothing.example/",
        "-O",
        tmp_path / "o.jsonl",
        *FAST,
    )

    assert result.returncode == 4


def test_fetch_prints_one_article_and_refusals_exit_5(newscrawl: Run) -> None:
    fetched = newscrawl("fetch", ARTICLE.url)
    refused = newscrawl("fetch", f"{LANTERN.base}/private/members")

    assert json.loads(fetched.stdout)["title"] == ARTICLE.title
    assert (refused.returncode, refused.stdout) == (5, b"")
    assert b"robots" in refused.stderr


def test_explain_of_an_address(newscrawl: Run) -> None:
    assert ARTICLE.title.encode() in newscrawl("explain", ARTICLE.url).stdout


def test_scrapy_parse_shows_requests_and_items(scrapy: Run) -> None:
    url = ARTICLE.url.replace(LANTERN.host, "www.newsgram.com")

    parsed = scrapy("parse", url, "--spider", "newsgram", "--pipelines", "--nolinks", *FAST)

    assert parsed.returncode == 0
    assert b"Scraped Items" in parsed.stdout
    assert b"'date_published': '2024-03-04T" in parsed.stdout
    assert url.encode() in parsed.stdout


def test_scrapy_check_holds_the_contracts(scrapy: Run) -> None:
    result = scrapy("check", *FAST)

    assert result.returncode == 0, result.stderr[-2000:]
    assert b"OK" in result.stderr
    assert b"Ran 0 contracts" not in result.stderr


def test_the_agent_names_the_project(scrapy: Run) -> None:
    assert scrapy("settings", "--get", "USER_AGENT").stdout.startswith(b"newscrawl/")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ROBOTSTXT_OBEY", b"True"), ("AUTOTHROTTLE_ENABLED", b"True"),
        ("TELNETCONSOLE_ENABLED", b"False"), ("REMOTE_CONTROL_ENABLED", b"False"),
    ],
)  # fmt: skip
def test_polite_and_closed_by_default(scrapy: Run, name: str, value: bytes) -> None:
    assert scrapy("settings", "--get", name).stdout.strip() == value


def test_demo_ends_with_clean_articles(newscrawl: Run, tmp_path: Path) -> None:
    result = newscrawl("demo")

    articles = lines(tmp_path / "data" / "articles" / "demo.jsonl")
    truth = {a.url: a.title for p in load_publishers() for a in p.articles}
    assert result.returncode == 0, result.stderr
    assert {a["url"]: a["title"] for a in articles} == truth
    assert b"before" in result.stdout
