"""Real parts for the tests: the demo web on loopback, and Scrapy run as a person runs it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from newscrawl.demo.server import DemoServer
from newscrawl.demo.site import Resource, build_site
from newscrawl.publishers import VARIABLE
from tests.fixture_pages import fixtures, served_at
from tests.postgres import Server
from tests.states import ADDRESS, WHERE, give_states

ROOT = Path(__file__).parents[1]
FAST = [
    "-s",
    "AUTOTHROTTLE_ENABLED=0",
    "-s",
    "DOWNLOAD_DELAY=0",
    "-s",
    "CONCURRENT_REQUESTS_PER_DOMAIN=8",
]
# A user's own publisher files must not change what the tests see.
os.environ[VARIABLE] = ""
Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


def proxied(proxy: str) -> dict[str, str]:
    """Give the environment in which every request goes to the loopback server."""
    left_out = ("_proxy", VARIABLE.lower())
    plain = {k: v for k, v in os.environ.items() if not k.lower().endswith(left_out)}
    return {**plain, "http_proxy": proxy, "https_proxy": proxy}


@pytest.fixture(scope="session")
def web() -> Iterator[DemoServer]:
    """Serve the demo web, LanternGram once more under NewsGram's address, and the pages of all fixtures."""
    site = build_site()
    site |= dict(_as_newsgram(site))
    for fixture in fixtures():
        page = fixture.page
        assert isinstance(page.body, bytes)
        site.setdefault(
            served_at(fixture), Resource(body=page.body, content_type=page.content_type or "")
        )
    with DemoServer(site) as server:
        yield server


def _as_newsgram(site: dict[str, Resource]) -> Iterator[tuple[str, Resource]]:
    """Give LanternGram's resources as NewsGram's: the same framework, our own text."""
    for url, resource in site.items():
        if "www.lanterngram.example" in url:
            body = resource.body.replace(b"www.lanterngram.example", b"www.newsgram.com")
            body = body.replace(b"LanternGram", b"NewsGram")
            moved = url.replace("www.lanterngram.example", "www.newsgram.com")
            yield moved, replace(resource, body=body)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """Run a PostgreSQL server."""
    with Server() as server:
        yield server


@pytest.fixture(scope="session", autouse=True)
def everywhere(request: pytest.FixtureRequest) -> None:
    """Have all states in PostgreSQL, where the environment asks for it."""
    if os.environ.get(WHERE) == "postgresql":
        give_states(request.getfixturevalue("postgres").state)


@pytest.fixture(params=["sqlite", "postgresql"])
def back_end(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Have a test run once with its state in a file, and once in PostgreSQL."""
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres")
        (tmp_path / ADDRESS).write_text(server.state())
    return str(request.param)


@pytest.fixture
def scrapy(web: DemoServer, tmp_path: Path) -> Run:
    """Run the scrapy command in the project, against the loopback web, with a state of its own."""

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
        state = ["-s", f"NEWSCRAWL_STATE={tmp_path / 'data' / 'state.db'}"]
        takes_state = arguments[0] == "crawl" and "NEWSCRAWL_STATE=" not in arguments
        command = [
            sys.executable, "-m", "scrapy", *map(str, arguments), *(state if takes_state else [])
        ]  # fmt: skip
        return subprocess.run(
            command, cwd=ROOT, env=proxied(web.proxy), capture_output=True, check=False, timeout=180
        )

    return run


@pytest.fixture
def newscrawl(web: DemoServer, tmp_path: Path) -> Run:
    """Run the newscrawl command outside the project, against the loopback web."""

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "newscrawl", *map(str, arguments)]
        return subprocess.run(
            command,
            cwd=tmp_path,
            env=proxied(web.proxy),
            capture_output=True,
            check=False,
            timeout=180,
        )

    return run
