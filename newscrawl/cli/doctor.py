"""newscrawl doctor."""

import argparse
import os
import platform
import shlex
import shutil
import socket
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as LateError
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Final, Literal
from urllib.request import getproxies

from protego import Protego
from rich.console import Console
from rich.text import Text
from scrapy.settings import Settings

from newscrawl import settings as ours
from newscrawl.cli.crawl import given_settings
from newscrawl.cli.exits import ExitCode
from newscrawl.cli.reporting import channels_of, check_settings
from newscrawl.cli.state import add_state_option, moment
from newscrawl.crawling import project_settings
from newscrawl.downloading.render import BROWSERS
from newscrawl.errors import NewscrawlError, NoStateError
from newscrawl.frontier.stint import disks, low_disk
from newscrawl.publishers import registry
from newscrawl.recording import places_of
from newscrawl.reports.storing import LATEST, read_report
from newscrawl.state.inspection import State, open_state
from newscrawl.wording import numbered, printable, sized

EXAMPLE: Final = """
examples:
  newscrawl doctor                     before the first scheduled run, and when something is odd
  newscrawl doctor --offline           without looking up names

Nothing is changed, and no site is asked for anything but its address.

exit codes: 0 all well, warnings too; 1 something is wrong; 2 wrong usage
"""
PACKAGES: Final = ("scrapy", "twisted", "trafilatura", "lxml", "dateparser", "msgspec", "filelock")
EXTRAS: Final = {
    "corpus": ("duckdb", "rensa", "matplotlib", "markdown-it-py"), "ops": ("matplotlib", "prometheus-client"),
    "postgres": ("psycopg",), "dask": ("distributed",),
    "remote": ("fsspec",), "render": ("scrapy-playwright",),
}  # fmt: skip
LEAST_SQLITE: Final = (3, 37)
"""Partial indexes, upserts and window functions as the state uses them."""
DNS_SECONDS: Final = 5.0
MOST_NAMES: Final = 8
"""Hosts that are looked up."""
SKEW: Final = 300.0
"""Seconds by which a clock may differ from those of the hosts."""
LARGE_LOG: Final = 256_000_000
"""Bytes of a log that is never folded in: some process holds it open."""

Mark = Literal["ok", "warn", "fail"]
STYLES: Final[dict[str, str]] = {"ok": "green", "warn": "yellow", "fail": "bold red"}


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, and how it is."""

    name: str
    mark: Mark
    said: str


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the command's options."""
    parser.epilog = EXAMPLE
    add_state_option(parser)
    parser.add_argument("--offline", action="store_true", help="look up no names")
    parser.add_argument(
        "-s", dest="settings", action="append", default=[], metavar="NAME=VALUE",
        help="a Scrapy setting, as in newscrawl run",
    )  # fmt: skip
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> ExitCode:
    """Check everything."""
    settings = project_settings(**given_settings(options.settings), NEWSCRAWL_STATE=options.state)
    parts: list[Callable[[], Iterator[Check]]] = [
        _versions,
        lambda: _settings(settings),
        lambda: _robots(settings),
        lambda: _disk(settings),
        lambda: _store(settings),
        lambda: _clock(settings),
        lambda: _names(settings, is_offline=options.offline),
    ]
    console = Console(
        width=None if sys.stdout.isatty() else 10_000, highlight=False, soft_wrap=True
    )
    marks = set[str]()
    for part in parts:
        for check in part():
            marks.add(check.mark)
            if check.mark != "ok" or not options.quiet:
                text = Text(f"{check.mark:<5}", style=STYLES[check.mark])
                console.print(text + Text(f"{check.name:<10} {printable(check.said)}", style=""))
    return ExitCode.FAILED if "fail" in marks else ExitCode.OK


def _versions() -> Iterator[Check]:
    own = f"newscrawl {version('newscrawl')}, Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    yield Check("versions", "ok", own)
    yield Check("versions", "ok", ", ".join(f"{name} {version(name)}" for name in PACKAGES))
    sqlite = sqlite3.sqlite_version
    is_old = sqlite3.sqlite_version_info < LEAST_SQLITE
    needs = f", and {'.'.join(map(str, LEAST_SQLITE))} is needed" if is_old else ""
    yield Check("versions", "fail" if is_old else "ok", f"SQLite {sqlite}{needs}")
    for name, packages in EXTRAS.items():
        missing = [package for package in packages if not _has(package)]
        said = f"extra {name}: " + (f"without {', '.join(missing)}" if missing else "installed")
        yield Check("versions", "ok", said)
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    yield Check("versions", "ok", f"browser: {browser or 'none; only NEWSCRAWL_RENDER needs one'}")


def _has(package: str) -> bool:
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True


def _settings(settings: Settings) -> Iterator[Check]:
    """Read what a run reads, so that it does not find out at night."""
    try:
        check_settings(settings)
        channels = channels_of(settings)
        number = len(registry().sources())
    except NewscrawlError as error:
        yield Check("settings", "fail", str(error))
        return
    yield Check("settings", "ok", f"{numbered(number, 'publisher file')} read")
    known = {name for name in vars(ours) if name.startswith("NEWSCRAWL_")}
    for name in sorted(n for n in settings if n.startswith("NEWSCRAWL_") and n not in known):
        yield Check("settings", "warn", f"{name} is no setting of newscrawl's")
    command = (shlex.split(channels.command) or [""])[0]
    if command and shutil.which(command) is None:
        yield Check("settings", "fail", f"NEWSCRAWL_NOTICE_COMMAND: there is no {command}")
    ways = channels.names()
    said = (
        f"notices go by {', '.join(ways)}"
        if ways
        else "nobody is told when a run ends badly (NEWSCRAWL_NOTICE_…)"
    )
    yield Check("settings", "ok" if ways else "warn", said)


def _robots(settings: Settings) -> Iterator[Check]:
    token, agent = settings.get("ROBOTSTXT_USER_AGENT") or "", settings.get("USER_AGENT") or ""
    if not settings.getbool("ROBOTSTXT_OBEY"):
        yield Check("robots", "warn", "ROBOTSTXT_OBEY is off: robots.txt is not obeyed")
    rules = Protego.parse(f"User-agent: {token}\nDisallow: /\n")
    is_met = not rules.can_fetch("https://www.example.org/", token or "*")
    if token and not is_met:
        yield Check(
            "robots", "fail", f"ROBOTSTXT_USER_AGENT={token!r} matches no rule that names it"
        )
    elif token and token.lower() not in agent.lower():
        yield Check(
            "robots",
            "warn",
            f"USER_AGENT {agent!r} does not name {token!r}, by which robots.txt is read",
        )
    else:
        yield Check("robots", "ok", f"robots.txt is read as {token or agent!r}")
    has_contact = "@" in agent or "http" in agent
    said = f"user agent: {agent}" + (
        "" if has_contact else "; add an address to write to, with USER_AGENT"
    )
    yield Check("robots", "ok" if has_contact else "warn", said)


def _disk(settings: Settings) -> Iterator[Check]:
    folders = disks(settings)
    try:
        least = settings.getint("NEWSCRAWL_LEAST_FREE")
    except ValueError:  # said above
        least = 0
    low = low_disk(folders, least)
    if low:
        yield Check("disk", "fail", low)
    for folder in folders:
        there = next(one for one in (folder, *folder.absolute().parents) if one.exists())
        if not os.access(there, os.W_OK | os.X_OK):
            yield Check("disk", "fail", f"{folder} cannot be written")
        elif not low:
            yield Check("disk", "ok", f"{folder}: {sized(shutil.disk_usage(there).free)} free")


def _store(settings: Settings) -> Iterator[Check]:
    places = places_of(settings)
    try:
        state = open_state(places.state, places.articles)
    except NoStateError as error:
        yield Check("store", "warn", str(error))
        return
    except NewscrawlError as error:
        yield Check("store", "fail", str(error))
        return
    try:
        yield from _opened_store(state)
    except sqlite3.Error as error:
        yield Check("store", "fail", f"{places.state}: {error}")
    finally:
        state.close()


def _opened_store(state: State) -> Iterator[Check]:
    problems = state.database.quick_problems()
    for said in problems:
        yield Check("store", "fail", f"{state.path}: {said}")
    if not problems:
        yield Check("store", "ok", f"{state.path}: sound, {sized(state.database.size())}")
    log = state.path.file.with_name(f"{state.path.file.name}-wal") if state.path.file else None
    if log is not None and log.exists() and log.stat().st_size > LARGE_LOG:
        yield Check(
            "store",
            "warn",
            f"{log} has {sized(log.stat().st_size)}: some process keeps it from being folded in",
        )
    for run in state.open_runs():
        yield Check(
            "store",
            "ok",
            f"run {run.id} is at work as process {run.pid} since {moment(run.started)}",
        )
    died = [run for run in state.runs(100) if run.reason == "died"]
    if died:
        yield Check(
            "store",
            "warn",
            f"{len(died)} of the last 100 runs died, the last at {moment(died[0].started)}: killed, or out of memory?",
        )
    upkeep = state.last_upkeep()
    if upkeep and time.time() - upkeep > 7 * 86400:
        yield Check(
            "store",
            "warn",
            f"the last upkeep was at {moment(upkeep)}: does newscrawl run --due run?",
        )


def _clock(settings: Settings) -> Iterator[Check]:
    now = datetime.now(UTC)
    zone = datetime.now().astimezone().strftime("%Z, UTC%z")
    yield Check(
        "clock",
        "ok",
        f"{now:%Y-%m-%d %H:%M:%S} UTC; local time is {zone}; all that is stored is in UTC",
    )
    places = places_of(settings)
    try:
        report = read_report(places.reports / LATEST)
    except NewscrawlError:
        return
    ended = datetime.fromisoformat(report.ended)
    if ended > now:
        yield Check(
            "clock",
            "fail",
            f"the last run ended at {report.ended}, which is still to come: was the clock set back?",
        )
    skew = report.clock_skew
    if skew is not None and abs(skew) > SKEW:
        yield Check(
            "clock",
            "fail",
            f"the hosts' clocks were {skew:.0f} s ahead of this machine's: set the clock",
        )
    elif skew is not None:
        yield Check("clock", "ok", f"the hosts of the last run agree within {abs(skew):.0f} s")


def _names(settings: Settings, *, is_offline: bool) -> Iterator[Check]:
    if proxies := {
        name: address for name, address in getproxies().items() if name in ("http", "https")
    }:
        yield Check(
            "names", "ok", f"a proxy resolves names: {', '.join(sorted(set(proxies.values())))}"
        )
        return
    hosts = _hosts(settings)
    if is_offline or not hosts:
        return
    with ThreadPoolExecutor(len(hosts)) as pool:
        begun = time.monotonic()
        looked_up = {host: pool.submit(socket.getaddrinfo, host, 443) for host in hosts}
        bad = []
        for host, found in looked_up.items():
            try:
                found.result(timeout=max(0.1, DNS_SECONDS - (time.monotonic() - begun)))
            except (OSError, LateError, UnicodeError) as error:
                bad.append(f"{host} ({error or 'no answer'})")
    if len(bad) == len(hosts):
        yield Check("names", "fail", f"no name could be looked up: {', '.join(bad)}")
    elif bad:
        yield Check("names", "warn", f"not found: {', '.join(bad)}")
    else:
        yield Check(
            "names",
            "ok",
            f"{numbered(len(hosts), 'host')} looked up in {time.monotonic() - begun:.1f} s",
        )


def _hosts(settings: Settings) -> list[str]:
    place = places_of(settings).state
    if not place.exists():
        return []
    try:
        state = open_state(place)
    except NewscrawlError:
        return []
    try:
        rows = state.database.execute(
            "SELECT name FROM host ORDER BY next_at DESC LIMIT ?", (MOST_NAMES,)
        )
        return [name for (name,) in rows]
    finally:
        state.close()
