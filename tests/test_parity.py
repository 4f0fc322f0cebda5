"""Crawl, batch and library give the same bytes for every fixture."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import newscrawl as library
from newscrawl import settings
from newscrawl.fixtures import Fixture
from newscrawl.jsonl import decode, encode
from newscrawl.pipelines import StagePipeline
from newscrawl.stages import STAGES
from tests.conftest import FAST, Run
from tests.fixture_pages import fixtures, served_at


def crawl(scrapy: Run, folder: Path, *settings: str) -> dict[str, bytes]:
    """Crawl all fixture pages; give the lines by address."""
    urls = folder / "urls.txt"
    urls.write_text("\n".join(map(served_at, fixtures())))
    result = scrapy(
        "crawl", "articles", "-a", f"urls_file={urls}", "-O", folder / "out.jsonl", *FAST,
        *settings,
    )  # fmt: skip
    lines = (folder / "out.jsonl").read_bytes().splitlines()
    assert len(lines) == len(fixtures()), result.stderr[-2000:]
    return {json.loads(line)["url"]: line for line in lines}


def batch(rows: list[dict[str, str]]) -> list[bytes]:
    """Clean JSON lines on the command line."""
    stdin = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    command = [sys.executable, "-m", "newscrawl", "clean", "--input-format", "jsonl", "-q"]
    return subprocess.run(command, input=stdin, capture_output=True, check=True).stdout.splitlines()


def html_of(fixture: Fixture) -> str:
    """Decode a fixture's page as its server meant it."""
    body = fixture.page.body
    assert isinstance(body, bytes)
    encoding = "windows-1252" if b"windows-1252" in body[:2000] else "utf-8"
    return body.decode(encoding)


def test_crawl_batch_and_library_give_the_same_bytes(scrapy: Run, tmp_path: Path) -> None:
    crawled = crawl(scrapy, tmp_path, "-s", "NEWSCRAWL_STATE=")
    # The time of the download is the one thing a crawl cannot repeat.
    times = {url: json.loads(line)["fetched_at"] for url, line in crawled.items()}
    rows = [
        {"url": served_at(f), "html": html_of(f), "fetched_at": times[served_at(f)]}
        for f in fixtures()
    ]

    answered = batch(rows)

    for fixture, line in zip(fixtures(), answered, strict=True):
        url = served_at(fixture)
        page = replace(fixture.page, url=url, fetched_at=datetime.fromisoformat(times[url]))
        assert encode(library.clean(page)) == line == crawled[url], url


def test_a_crawl_with_state_adds_the_revision_and_nothing_else(scrapy: Run, tmp_path: Path) -> None:
    copied = crawl(scrapy, tmp_path)
    paths = (tmp_path / "data" / "articles").rglob("*.jsonl")
    stored = {
        json.loads(line)["url"]: line for path in paths for line in path.read_bytes().splitlines()
    }

    assert stored == copied
    for fixture in fixtures():
        line = stored[served_at(fixture)]
        moment = datetime.fromisoformat(json.loads(line)["fetched_at"])
        page = replace(fixture.page, url=served_at(fixture), fetched_at=moment)
        assert encode(library.clean(page)) == encode(replace(decode(line), revision=None))


def test_the_pipelines_are_the_stages_in_their_order() -> None:
    paths = sorted(settings.ITEM_PIPELINES, key=lambda path: settings.ITEM_PIPELINES[path])
    classes = {cls.__name__: cls for cls in StagePipeline.__subclasses__()}

    first, *names = [path.rsplit(".", 1)[1] for path in paths]
    # All stages at once, where there are workers.
    assert first == "InWorkers"
    assert names[len(STAGES) :] == ["InRange"]
    assert tuple(classes[name].stage for name in names[: len(STAGES)]) == STAGES


def test_the_output_does_not_depend_on_the_seed_of_hashes() -> None:
    rows = [{"url": str(fixture.page.url), "html": html_of(fixture)} for fixture in fixtures()]
    stdin = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    command = [
        sys.executable,
        "-m",
        "newscrawl",
        "clean",
        "--input-format",
        "jsonl",
        "-q",
        "--provenance",
    ]

    answers = {
        subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2", "3")
    }

    assert len(answers) == 1
    assert b'"text"' in answers.pop()
