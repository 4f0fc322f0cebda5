"""newscrawl run."""

import argparse
import math
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout
from scrapy.settings import Settings
from scrapy.spiderloader import get_spider_loader

from newscrawl.archive import forget_archives
from newscrawl.cli import add_log_options, positive_number
from newscrawl.cli.crawl import given_settings, log_settings
from newscrawl.cli.exits import ExitCode
from newscrawl.cli.reporting import (
    channels_of,
    complain,
    export_metrics,
    tell,
    told_codes,
    write_report,
)
from newscrawl.cli.state import DEFAULT, moment
from newscrawl.cli.verdict import Tolerance, judge_run, tolerance_of
from newscrawl.crawling import Budget, Job, Ran, project_settings, run_crawls
from newscrawl.errors import NewscrawlError, StateError
from newscrawl.frontier.runs import health_limits
from newscrawl.frontier.stint import disks, low_disk
from newscrawl.recording import places_of
from newscrawl.reports.building import Verdict, summary_line
from newscrawl.state.database import runs_folder
from newscrawl.state.inspection import DueJob, open_state
from newscrawl.state.plan import age_of
from newscrawl.wording import numbered

EXAMPLE: Final = """
examples:
  newscrawl run --due                          what a scheduler calls, every few minutes
  newscrawl run --due --list                   what is due, and when the next is
  newscrawl run --due -q --max-time 9m         the same from cron: says something only where something is wrong
  newscrawl schedule print cron                the line for it; also: systemd, kubernetes

What was crawled once is looked at again when its time has come: each feed, sitemap and section by the share of
new links it had, articles by their plan. newscrawl crawl begins a source; newscrawl state show SOURCE tells its
times. There is one such run at a time; a second one leaves at once, with 0.

exit codes: 0 all well, also where nothing is due; 1 a page failed by a bug, nothing answered, or the run could not go on;
2 wrong usage; 3 a source that was asked has brought nothing new for longer than ever; 4 a source that was asked refuses,
does not answer, cannot be read, or no longer delivers what it did; 5 all that was asked refuses.
docs/operations.md says from when on, and by which settings.
"""
STUCK: Final = 86400.0
"""Seconds after which a run that is still at work is taken to hang."""
DUE_LOCK: Final = "due.lock"
DAY: Final = 86400.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the command's options."""
    parser.epilog = EXAMPLE
    parser.add_argument(
        "--due", action="store_true", required=True, help="crawl what is due, and nothing else"
    )
    parser.add_argument("--list", action="store_true", help="only say what is due")
    parser.add_argument("--state", default=DEFAULT, metavar="FILE", help="the state (%(default)s)")
    parser.add_argument(
        "--max-time", type=age_of, metavar="AGE",
        help="ask for nothing more after so long, such as 9m; what is left is for the next run",
    )  # fmt: skip
    parser.add_argument(
        "--max-requests", type=positive_number, metavar="N",
        help="ask for nothing more after N requests; crawls go one after another then",
    )  # fmt: skip
    parser.add_argument(
        "--rejects", metavar="FILE", help="write refused pages to FILE, with reasons"
    )
    parser.add_argument(
        "--limit", type=positive_number, metavar="N",
        help="fetch N articles of each job at the most",
    )  # fmt: skip
    add_log_options(parser)
    parser.add_argument(
        "-s", dest="settings", action="append", default=[], metavar="NAME=VALUE",
        help="a Scrapy setting, as in scrapy crawl",
    )  # fmt: skip
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> ExitCode:
    """Crawl what is due."""
    began = time.time()
    settings = _settings(options)
    tolerance = tolerance_of(settings)
    # What makes no sense is to be found out now, not when there is something to tell.
    health_limits(settings)
    channels_of(settings)
    told_codes(settings)
    age_of(str(settings.get("NEWSCRAWL_NOTICE_AGAIN")))
    path = Path(options.state)
    if options.list:
        state = open_state(path)
        try:
            _print_due(state.due_jobs(began), state.next_due(began))
        finally:
            state.close()
        return ExitCode.OK
    with _alone(path) as holder:
        if holder:
            return _leave(holder, began, is_quiet=options.quiet)
        return _run(options, settings, tolerance, began)


def _run(
    options: argparse.Namespace, settings: Settings, tolerance: Tolerance, began: float
) -> ExitCode:
    ran, lost, stopped, said = list[Ran](), list[str](), "", ""
    try:
        stopped = low_disk(disks(settings), settings.getint("NEWSCRAWL_LEAST_FREE")) or ""
        if not stopped:
            todo, lost, said = _todo(options, settings, began)
            ran = _crawl(todo, options, settings)
            _tend(settings, is_quiet=options.quiet)
    except (NewscrawlError, OSError) as error:
        if options.verbose:
            raise
        stopped = str(error)
    verdict = judge_run(ran, tolerance, lost, stopped)
    crawls = [one.crawled for one in ran if one.crawled]
    line = said or summary_line(crawls, verdict, time.time() - began)
    if not options.quiet or verdict.code:
        print(f"newscrawl: {line}", file=sys.stderr)
    _report(ran, settings, verdict, began)
    tell(settings, verdict=verdict, line=line, run=options.run_name, now=time.time())
    return ExitCode(verdict.code or 0)


def _settings(options: argparse.Namespace) -> Settings:
    settings = project_settings(
        **log_settings(options),
        **given_settings(options.settings),
        NEWSCRAWL_STATE=options.state,
        NEWSCRAWL_REJECTS=options.rejects or "",
        NEWSCRAWL_DUE=True,
        NEWSCRAWL_REPORT=False,
    )
    # Of several crawls at once each would rewrite the others' line.
    is_single = settings.getint("NEWSCRAWL_CRAWLS_AT_ONCE") <= 1
    settings.set("NEWSCRAWL_PROGRESS", is_single and not options.quiet, priority="cmdline")
    return settings


def _todo(
    options: argparse.Namespace, settings: Settings, now: float
) -> tuple[list[Job], list[str], str]:
    """Give the jobs that are to be done, the spiders of jobs that are lost, and what to say where there is none."""
    state = open_state(Path(options.state))
    try:
        jobs, following = state.due_jobs(now), state.next_due(now)
    finally:
        state.close()
    if not jobs:
        return [], [], f"nothing is due{f'; the next is at {moment(following)}' if following else ''}"  # fmt: skip
    for job in jobs:
        if job.is_taken:
            complain(f"{job.name}: being crawled by another run, left out")
    # A source whose file has gone since is no reason to leave the others out.
    known = set(get_spider_loader(settings).list())
    limit = {"limit": options.limit} if options.limit else {}
    todo = [
        Job(spider=job.spider, arguments={**job.arguments, **limit})
        for job in jobs
        if job.spider in known and not job.is_taken
    ]
    lost = [job.spider for job in jobs if job.spider not in known]
    return todo, lost, "" if todo or lost else "all that is due is being crawled by other runs"


def _crawl(todo: Sequence[Job], options: argparse.Namespace, settings: Settings) -> list[Ran]:
    if not todo:
        return []
    budget = Budget(
        seconds=options.max_time or settings.getfloat("NEWSCRAWL_MAX_SECONDS") or math.inf,
        requests=options.max_requests or settings.getint("NEWSCRAWL_MAX_REQUESTS") or math.inf,
    )
    at_once = max(1, settings.getint("NEWSCRAWL_CRAWLS_AT_ONCE"))
    ran = run_crawls(todo, settings, at_once=at_once, budget=budget)
    if not options.quiet:
        for one in ran:
            print(f"newscrawl: {one.job.source}: {_said_of(one)}", file=sys.stderr)
        if left := len(todo) - len(ran):
            print(f"newscrawl: {numbered(left, 'crawl')} not begun: for the next run", file=sys.stderr)  # fmt: skip
    return ran


def _said_of(one: Ran) -> str:
    if one.crawled and one.crawled.ledger:
        return one.crawled.ledger.last_line()
    return str(one.stats.get("newscrawl/stopped_by") or one.stats.get("finish_reason"))


def _tend(settings: Settings, *, is_quiet: bool) -> None:
    """Once a day, keep the store fit: forget old runs and raw pages, give room back."""
    places = places_of(settings)
    state = open_state(places.state, places.articles)
    try:
        done = state.tend(time.time())
    finally:
        state.close()
    if done is None:
        return
    days = settings.getint("NEWSCRAWL_ARCHIVE_DAYS")
    archives = forget_archives(places.raw, time.time() - days * DAY) if days and places.raw else 0
    parts = [
        f"{numbered(done.runs, 'old run')} forgotten" if done.runs else "",
        f"{done.freed // 1_000_000} MB given back" if done.freed else "",
        f"{numbered(archives, 'old archive')} deleted" if archives else "",
    ]
    if not is_quiet and any(parts):
        print(f"newscrawl: upkeep: {', '.join(filter(None, parts))}", file=sys.stderr)


def _report(ran: Sequence[Ran], settings: Settings, verdict: Verdict, began: float) -> None:
    """Write report and metrics; a run that did nothing leaves no report."""
    if not ran and not verdict.code:
        return
    report = write_report(ran, settings, command="newscrawl run --due", began=began, verdict=verdict)  # fmt: skip
    if report:
        export_metrics(report, settings)


# -- one at a time -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Holder:
    """The run that is at work."""

    pid: str
    since: float


@contextmanager
def _alone(state: Path) -> Iterator[_Holder | None]:
    """Hold the lock of runs of what is due; give who has it, where it is taken."""
    folder = runs_folder(state)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StateError(f"cannot use {folder}: {error.strerror}") from error
    # The kernel frees it when the process dies, however it dies.
    lock, told = FileLock(folder / DUE_LOCK, fallback_to_soft=False), folder / f"{DUE_LOCK}.by"
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield _holder(told)
        return
    except OSError as error:
        raise StateError(f"cannot use {folder}: {error.strerror}") from error
    try:
        told.write_text(f"{os.getpid()} {time.time()}")
        yield None
    finally:
        lock.release()


def _holder(told: Path) -> _Holder:
    try:
        pid, since = told.read_text().split()
        return _Holder(pid, float(since))
    except (OSError, ValueError):  # it is being written
        return _Holder("unknown", time.time())


def _leave(holder: _Holder, now: float, *, is_quiet: bool) -> ExitCode:
    """Leave the work to the run that is at it; say so where it seems to hang."""
    is_stuck = now - holder.since > STUCK
    if is_stuck or not is_quiet:
        hangs = ", for more than a day: does it hang?" if is_stuck else ""
        complain(f"process {holder.pid} is at it since {moment(holder.since)}{hangs}")
    return ExitCode.FAILED if is_stuck else ExitCode.OK


def _print_due(jobs: list[DueJob], following: float | None) -> None:
    for job in jobs:
        taken = ", being crawled" if job.is_taken else ""
        print(f"{job.name}: {job.lists} lists, {job.articles} articles due{taken}")
    if not jobs:
        when = f"; the next is at {moment(following)}" if following else ""
        print(f"newscrawl: nothing is due{when}", file=sys.stderr)
