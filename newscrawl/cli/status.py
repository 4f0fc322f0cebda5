"""newscrawl status."""

import argparse
import sys
from dataclasses import asdict, dataclass
from typing import Any, Final

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from newscrawl.cli.exits import ExitCode
from newscrawl.cli.state import add_state_options, moment, opened
from newscrawl.reports.building import folder_bytes, free_on, stamp
from newscrawl.state.health import said_span
from newscrawl.state.inspection import RUN, Health, Hosts, Run, State, Worker
from newscrawl.wording import numbered, printable, sized

EXAMPLE: Final = """
examples:
  newscrawl status                     all sources, those in trouble first
  newscrawl status --troubled          only those
  newscrawl status --json | jq '.sources[] | select(.troubles != [])'

A source's health is that which the last run found that asked it. newscrawl state show SOURCE has its lists and answers.

exit codes: 0 told, 1 the state cannot be used, 2 wrong usage
"""
LAST: Final = 5
"""Runs that are shown."""
STALE: Final = 86400.0
"""Seconds without a run after which it is asked whether anybody calls."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the command's options."""
    parser.epilog = EXAMPLE
    parser.add_argument(
        "--troubled", action="store_true", help="only sources with which something is wrong"
    )
    parser.add_argument("--json", action="store_true", help="as JSON, for machines")
    add_state_options(parser)
    parser.set_defaults(run=run)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Status:
    now: float
    sources: list[Health]
    runs: list[Run]
    at_work: list[Run]
    next_due: float | None
    waiting: int
    due: int
    bytes: dict[str, int]
    free: int
    broken: str
    """Why the last run failed."""
    hosts: Hosts
    workers: list[Worker]
    unsent: tuple[int, float | None]
    """Lines that wait to be sent to shared storage, and since when."""


def run(options: argparse.Namespace) -> ExitCode:
    """Tell how sources are."""
    state = opened(options)
    try:
        status = _status(state, state.database.now())
    finally:
        state.close()
    sources = [one for one in status.sources if one.troubles or not options.troubled]
    if options.json:
        sys.stdout.write(msgspec.json.encode(_plain(status, sources)).decode() + "\n")
        return ExitCode.OK
    console = Console(width=None if sys.stdout.isatty() else 140, highlight=False)
    console.print(_table(sources, status.now))
    for line in _lines(status):
        console.print(Text(line))
    return ExitCode.OK


def _status(state: State, now: float) -> _Status:
    waiting, due = state.backlog(now)
    folder = state.path.folder
    return _Status(
        now=now, sources=state.health(now), runs=state.runs(LAST), at_work=state.open_runs(),
        next_due=state.next_due(now), waiting=waiting, due=due,
        bytes={
            "state": state.database.size(), "articles": state.article_bytes(),
            "raw": folder_bytes(folder / "raw"), "reports": folder_bytes(folder / "runs"),
        },
        free=free_on(folder),
        hosts=state.hosts(now), workers=state.workers(now), unsent=state.unsent(),
        broken="; ".join(one.detail for one in state.troubles() if one.source == RUN),
    )  # fmt: skip


def _table(sources: list[Health], now: float) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("source", "health", "last new", "next look"):
        table.add_column(name, overflow="fold")
    for name in ("articles", "due", "left"):
        table.add_column(name, justify="right")
    for one in sources:
        said = "; ".join(f"{t.trouble}: {t.detail}" for t in one.troubles)
        style = "red" if one.troubles else "green"
        table.add_row(
            Text(printable(one.name)),
            Text(printable(said) or ("well" if one.last_read else "not read yet"), style=style),
            f"{said_span(now - one.last_new)} ago" if one.last_new else "-",
            _until(one.next_due, now),
            f"{one.articles:,}",
            f"{one.due:,}",
            f"{one.waiting:,}",
        )
    return table


def _until(due: float | None, now: float) -> str:
    if due is None:
        return "-"
    return (
        "now"
        if due <= now
        else f"in {(due - now) / 60:.0f} min"
        if due - now < 7200
        else f"in {said_span(due - now)}"
    )


def _lines(status: _Status) -> list[str]:
    troubled = sum(bool(one.troubles) for one in status.sources)
    sizes = ", ".join(f"{name} {sized(number)}" for name, number in status.bytes.items())
    lines = [
        "",
        f"{numbered(len(status.sources), 'source')}, {troubled} in trouble; {status.due:,} addresses due, {status.waiting:,} left by runs; "
        f"the next is due at {moment(status.next_due)}",
        f"hosts: {status.hosts.known:,} known, {status.hosts.waiting:,} with something to fetch, "
        f"{status.hosts.leased:,} being asked, {status.hosts.resting:,} resting",
        f"disk: {sizes}; {sized(status.free)} free",
    ]  # fmt: skip
    if status.runs and status.now - status.runs[0].started > STALE:
        lines.append(
            f"the last run began {said_span(status.now - status.runs[0].started)} ago: does newscrawl run --due run?"
        )
    if status.broken:
        lines.append(f"the last run failed: {printable(status.broken)}")
    number, since = status.unsent
    if number and since is not None:
        lines.append(
            f"shared storage: {numbered(number, 'line')} wait, the first for {said_span(status.now - since)}"
        )
    lines += [_worker_line(one, status.now) for one in status.workers]
    lines += [f"at work: run {one.id}, process {one.pid}, since {moment(one.started)}: {printable(one.job)}" for one in status.at_work]  # fmt: skip
    lines += [f"run {one.id}, {moment(one.started)}, {_ended(one, status)}: {printable(one.job)[:100]}" for one in status.runs]  # fmt: skip
    return lines


def _worker_line(worker: Worker, now: float) -> str:
    who = f"worker {printable(worker.name)}, process {worker.pid} on {printable(worker.machine)}"
    if not worker.is_alive:
        return f"{who}: lost, not heard of for {said_span(now - worker.seen)}"
    return f"{who}, since {moment(worker.started)}, heard of {now - worker.seen:.0f} s ago: {numbered(worker.crawls, 'crawl')}, {worker.ends:,} addresses ended"


def _ended(run: Run, status: _Status) -> str:
    if run.reason:
        return run.reason
    return "at work" if run.id in {one.id for one in status.at_work} else "died"


def _plain(status: _Status, sources: list[Health]) -> dict[str, Any]:
    def when(seconds: float | None) -> str | None:
        return stamp(seconds) if seconds is not None else None

    return {
        "time": stamp(status.now),
        "sources": [
            {
                "source": one.name, "articles": one.articles, "due": one.due, "waiting": one.waiting,
                "next_due": when(one.next_due), "last_new": when(one.last_new), "last_read": when(one.last_read),
                "troubles": [
                    {"trouble": str(t.trouble), "detail": t.detail, "since": when(t.since)} for t in one.troubles
                ],
            }
            for one in sources
        ],
        "due": status.due, "waiting": status.waiting, "next_due": when(status.next_due),
        "hosts": asdict(status.hosts),
        "unsent": status.unsent[0],
        "workers": [
            {
                "worker": one.id, "name": one.name, "machine": one.machine, "pid": one.pid, "alive": one.is_alive,
                "started": when(one.started), "seen": when(one.seen), "crawls": one.crawls, "ends": one.ends,
            }
            for one in status.workers
        ],
        "bytes": status.bytes, "free": status.free, "broken": status.broken or None,
        "at_work": [{"run": one.id, "pid": one.pid, "job": one.job, "started": when(one.started)} for one in status.at_work],
        "runs": [
            {"run": one.id, "job": one.job, "started": when(one.started), "ended": when(one.ended), "reason": one.reason, "ends": one.ends}
            for one in status.runs
        ],
    }  # fmt: skip
