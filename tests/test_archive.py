"""Crawls that keep what they fetch, clean it in workers, and clean it again later: real ones on loopback."""

import gzip
import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from newscrawl.items import Page
from newscrawl.pages import read_pages
from tests.shell import Shell
from tests.web import Answer, Web, article, site

HOST = "www.harrowbay.example"
TITLES = [f"Harbour report {number}" for number in range(1, 9)]


@pytest.fixture
def web() -> Iterator[Web]:
    pages = site(HOST, TITLES)
    for url, answer in list(pages.items()):
        # As servers send it: packed, and said to be.
        if isinstance(answer, Answer) and "/2026/" in url:
            assert isinstance(answer.body, str)
            packed = gzip.compress(answer.body.encode())
            headers = {"Content-Encoding": "gzip", "X-Robots-Tag": "noai"}
            pages[url] = Answer(packed, headers=headers)
    with Web(pages) as running:
        yield running


@pytest.fixture
def shell(tmp_path: Path, web: Web) -> Shell:
    return Shell(tmp_path, web.proxy)


def rows(shell: Shell, name: str = "out.jsonl") -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (shell.folder / name).read_bytes().splitlines()]
    return sorted(lines, key=lambda row: str(row["url"]))


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """Leave out what differs with the second in which a page was fetched, and what the state adds."""
    return {k: v for k, v in row.items() if k not in ("fetched_at", "revision")}


def test_a_crawl_keeps_each_response_as_it_came(shell: Shell) -> None:
    shell.crawl(f"http://{HOST}/")
    (path,) = (shell.folder / "data" / "raw").glob("*.warc.gz")
    text = gzip.decompress(path.read_bytes())

    assert text.count(b"WARC-Type: response") == len(TITLES) + 3  # robots.txt, home page, feed
    assert text.count(b"Content-Encoding: gzip") == len(TITLES)
    pages = [p for p in read_pages([path]) if isinstance(p, Page)]
    assert {p.url for p in pages} == {row["url"] for row in rows(shell)}
    assert all(("title", t) in [(c.field, c.raw) for c in p.listed] for p, t in zip(
        sorted(pages, key=lambda p: str(p.url)), TITLES, strict=True))  # fmt: skip
    ends = [json.loads(part.split(b"\r\n\r\n")[1]) for part in text.split(b"WARC/1.1\r\n")
            if b"newscrawl+json" in part]  # fmt: skip
    assert {e["article"] for e in ends if "article" in e} == {row["id"] for row in rows(shell)}
    assert {e["source"] for e in ends if "source" in e} == {"harrowbay.example"}


def test_what_was_kept_gives_the_same_articles(shell: Shell) -> None:
    shell.crawl(f"http://{HOST}/")
    shell("clean", "data/raw", "-O", "again.jsonl")

    assert [plain(r) for r in rows(shell, "again.jsonl")] == [plain(r) for r in rows(shell)]
    assert rows(shell)[0]["opt_outs"] == [{"signal": "x-robots-tag", "value": "noai"}]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--no-archive",),
        ("--no-state",),
        ("-s", 'NEWSCRAWL_ARCHIVE_SOURCES={"harrowbay.example": false}'),
    ],
)
def test_nothing_is_kept_where_that_is_not_wanted(shell: Shell, arguments: tuple[str, ...]) -> None:
    shell.crawl(f"http://{HOST}/", *arguments)

    assert len(rows(shell)) == len(TITLES)
    assert not [*shell.folder.rglob("*.warc.*")]


def test_zstandard_and_small_files_on_request(shell: Shell) -> None:
    settings = (
        "NEWSCRAWL_ARCHIVE_PACKING=zst",
        "NEWSCRAWL_ARCHIVE_BYTES=4000",
        "NEWSCRAWL_ARCHIVE_FOLDER=kept",
    )
    shell.crawl(f"http://{HOST}/", *(word for setting in settings for word in ("-s", setting)))
    files = [*(shell.folder / "kept").glob("*.warc.zst")]

    assert len(files) > 1
    assert len([p for p in read_pages(files) if isinstance(p, Page)]) == len(TITLES)
    said = shell.crawl(f"http://{HOST}/", "-s", "NEWSCRAWL_ARCHIVE_PACKING=rar", code=2)
    assert "gz or zst" in said


# -- workers --------------------------------------------------------------------------------------


def test_workers_give_the_same_articles(shell: Shell, tmp_path: Path) -> None:
    shell.crawl(f"http://{HOST}/", "--no-state")
    alone = rows(shell)
    said = shell.crawl(f"http://{HOST}/", "--no-state", "--workers", "2")

    assert "8 articles, 0 rejected" in said
    assert [plain(r) for r in rows(shell)] == [plain(r) for r in alone]


def test_a_crawl_whose_workers_are_killed_ends_as_it_should(shell: Shell, web: Web) -> None:
    slow = [f"Slow report {number}" for number in range(12)]
    host = "www.slowbay.example"
    web.pages.update({
        url: Answer(answer.body, type=answer.type, wait=0.15) if isinstance(answer, Answer) else answer
        for url, answer in site(host, slow).items()
    })  # fmt: skip
    killed = []

    def kill() -> None:
        # The first as soon as there is one, the next when another is at work.
        for _ in range(600):
            time.sleep(0.1)
            # Of this test's own crawl: others may be at work beside it.
            found = subprocess.run(["pgrep", "-P", str(os.getpid()), "-f", host], capture_output=True, check=False)  # fmt: skip
            crawl = ",".join(found.stdout.decode().split()) or "0"
            command = ["pkill", "-KILL", "-n", "-P", crawl, "-f", "newscrawl.crew"]
            killed.append(subprocess.run(command, check=False).returncode == 0)
            if sum(killed) == 2:
                return
            time.sleep(3.0 if killed[-1] else 0.0)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    said = shell.crawl(f"http://{host}/", "--workers", "1")

    assert any(killed)
    assert {row["title"] for row in rows(shell)} == set(slow)
    assert "12 new, 0 changed, 0 seen before, 0 rejected, 0 failed" in said


def test_a_page_that_takes_too_long_is_counted_and_the_crawl_goes_on(shell: Shell) -> None:
    said = shell.crawl(
        f"http://{HOST}/",
        "--no-state",
        "--workers",
        "1",
        "-s",
        "NEWSCRAWL_PAGE_SECONDS=0.0001",
        code=3,
    )

    assert "8 rejected (time_limit 8)" in said


# -- cleaning again -------------------------------------------------------------------------------


def test_reclean_says_what_would_change_by_source_and_field(shell: Shell) -> None:
    shell.crawl(f"http://{HOST}/")
    assert "# 8 pages cleaned anew: 0 changed" in shell("reclean")

    (path,) = (shell.folder / "data" / "articles").rglob("*.jsonl")
    stored = [json.loads(line) for line in path.read_bytes().splitlines()]
    stored[0]["title"] = "Another | title"
    stored[1]["title"] = "A third title"
    stored[1]["authors"] = [{"name": "Nobody"}]
    gone = stored.pop()
    path.write_text("".join(json.dumps(row) + "\n" for row in stored) + '{"torn')
    before = path.read_bytes()
    said = shell("reclean", "--workers", "2", "--diff", "-O", "new.jsonl")

    assert "# 8 pages cleaned anew: 3 changed" in said
    assert "| harrowbay.example | 8 | 3 | title 2, " in said
    assert "Another \\| title" in said
    assert f"(article gained) | 1 | – | {gone['title']}" in said
    assert "-A third title" in said
    assert len(rows(shell, "new.jsonl")) == len(TITLES)
    assert path.read_bytes() == before


def test_reclean_names_articles_that_would_be_lost(shell: Shell, web: Web) -> None:
    shell.crawl(f"http://{HOST}/")
    (path,) = (shell.folder / "data" / "articles").rglob("*.jsonl")
    row = json.loads(path.read_bytes().splitlines()[0])
    web.pages[row["url"]] = Answer("<html><body><p>Nothing here.</p></body></html>")
    shell.crawl(row["url"], "--no-state", "-s", "NEWSCRAWL_ARCHIVE_FOLDER=later", code=3)
    time.sleep(0)

    assert "(article lost)" in shell("reclean", "later")


def test_reclean_without_pages_says_so(shell: Shell) -> None:
    shell("reclean", code=2)
    (shell.folder / "data" / "raw").mkdir(parents=True)
    (shell.folder / "data" / "articles").mkdir()
    assert "unreadable" in shell("reclean", code=0)


def test_the_archive_of_articles_has_what_a_page_says(tmp_path: Path) -> None:
    assert isinstance(article("A title").body, str)
