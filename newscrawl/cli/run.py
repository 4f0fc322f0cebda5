"""newscrawl run."""

import argparse
import logging
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from scrapy.settings import Settings
from scrapy.spiderloader import get_spider_loader

from newscrawl.archive import forget_archives
from newscrawl.cli import add_log_options, add_setting_option, age_option, positive_number
from newscrawl.cli.crawl import given_settings, log_settings
from newscrawl.cli.exits import ExitCode
from newscrawl.cli.reporting import (
    Ended,
    check_settings,
    complain,
    export_metrics,
    send_articles,
    tell,
    write_report,
)
from newscrawl.cli.state import add_state_option, moment, named_state
from newscrawl.cli.verdict import WRONG_CLOCK, Tolerance, judge_run, tolerance_of
from newscrawl.crawling import Budget, Job, Ran, project_settings, run_crawls
from newscrawl.errors import NewscrawlError
from newscrawl.frontier.stint import disks, low_disk
from newscrawl.recording import places_of
from newscrawl.reports.building import Verdict, summary_line
from newscrawl.state.alone import Holder, alone
from newscrawl.state.inspection import DueJob, open_state
from newscrawl.state.plan import DAY
from newscrawl.wording import numbered, printable

logger = logging.getLogger(__name__)

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


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the command's options."""
    parser.epilog = EXAMPLE
    parser.add_argument(
        "--due", action="store_true", required=True, help="crawl what is due, and nothing else"
    )
    parser.add_argument("--list", action="store_true", help="only say what is due")
    add_state_option(parser)
    parser.add_argument(
        "--max-time", type=age_option, metavar="AGE",
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
    add_setting_option(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> ExitCode:
    """Crawl what is due."""
    began = time.time()
    settings = _settings(options)
    # What makes no sense is to be found out now, not when there is something to tell.
    check_settings(settings)
    tolerance, place = tolerance_of(settings), named_state(options)
    if options.list:
        state = open_state(place)
        try:
            _print_due(state.due_jobs(began), state.next_due(began))
        finally:
            state.close()
        return ExitCode.OK
    ended = _run(options, settings, tolerance, began)
    try:
        if not ended.is_elsewhere or ended.failure:
            tell(settings, ended)
    except Exception as error:  # noqa: BLE001 - the run is over; what it did stands
        complain(f"no notice was sent: {error}")
    return ExitCode(ended.code)


def _run(
    options: argparse.Namespace, settings: Settings, tolerance: Tolerance, began: float
) -> Ended:
    """Run, whatever happens: somebody must be told of it."""
    did = _Did()
    try:
        with alone(named_state(options), began) as holder:
            if holder:
                did.stopped = _stuck(holder, began)
                did.said = (
                    did.stopped or f"process {holder.who} is at it since {moment(holder.since)}"
                )
                did.is_elsewhere = True
            else:
                _work(did, options, settings, began)
    except (NewscrawlError, OSError) as error:
        did.stopped = str(error)
    except Exception as error:
        logger.exception("the run broke off")
        did.stopped = f"{type(error).__name__}: {error}"
    verdict = judge_run(did.ran, tolerance, did.lost or (), did.stopped)
    crawls = [one.crawled for one in did.ran if one.crawled]
    line = did.said
    if not line or (verdict.code and not did.is_elsewhere):
        line = summary_line(crawls, verdict, time.time() - began)
    if not options.quiet or verdict.code:
        print(f"newscrawl: {printable(line)}", file=sys.stderr)
    report = ""
    if not did.is_elsewhere:
        report = _report(did.ran, settings, verdict, began)
    answers = sum(one.stats.get("downloader/response_count", 0) for one in did.ran)
    return Ended(
        is_reached=bool(answers), report=report,
        code=verdict.code or 0, line=line, run=options.run_name, now=time.time(), lost=did.lost,
        failure="; ".join(verdict.reasons) if verdict.code == ExitCode.FAILED else "",
        is_elsewhere=did.is_elsewhere,
    )  # fmt: skip


@dataclass
class _Did:
    """What a run has done so far."""

    ran: list[Ran] = field(default_factory=list)
    lost: list[str] | None = None
    """Spiders of jobs that are there no more; None where it was not looked."""
    stopped: str = ""
    """Why it could not go on."""
    said: str = ""
    """What to say instead of a sum."""
    is_elsewhere: bool = False
    """Whether another run is at work."""


def _work(did: _Did, options: argparse.Namespace, settings: Settings, began: float) -> None:
    least = settings.getint("NEWSCRAWL_LEAST_FREE")
    if low_disk(disks(settings), least):
        # What is past its time goes first: it may be what fills the disk.
        _delete_old(settings, began, is_quiet=options.quiet)
    did.stopped = low_disk(disks(settings), least) or ""
    if did.stopped:
        return
    todo, did.lost, did.said = _todo(options, settings, began)
    did.ran = _crawl(todo, options, settings)
    send_articles(settings)
    skews = [
        skew for one in did.ran if one.crawled and (skew := one.crawled.recording.clock_skew())
    ]
    if not any(abs(skew) > WRONG_CLOCK for skew in skews):
        _tend(settings, is_quiet=options.quiet)


def _settings(options: argparse.Namespace) -> Settings:
    settings = project_settings(
        **log_settings(options),
        **given_settings(options.settings),
        NEWSCRAWL_STATE=options.state,
        NEWSCRAWL_REJECTS=options.rejects or "",
        NEWSCRAWL_DUE=True,
        NEWSCRAWL_REPORT=False,
        # A spider file that cannot be read costs its own jobs alone; these count as lost.
        SPIDER_LOADER_WARN_ONLY=True,
    )
    # Of several crawls at once each would rewrite the others' line.
    is_single = str(settings.get("NEWSCRAWL_CRAWLS_AT_ONCE")) == "1"
    settings.set("NEWSCRAWL_PROGRESS", is_single and not options.quiet, priority="cmdline")
    return settings


def _todo(
    options: argparse.Namespace, settings: Settings, now: float
) -> tuple[list[Job], list[str], str]:
    """Give the jobs that are to be done, the spiders of jobs that are lost, and what to say where there is none."""
    state = open_state(named_state(options))
    try:
        now = state.database.now()
        jobs, following = state.due_jobs(now), state.next_due(now)
    finally:
        state.close()
    if not jobs:
        return [], [], f"nothing is due{f'; the next is at {moment(following)}' if following else ''}"  # fmt: skip
    for job in jobs:
        if job.is_taken and not options.quiet:
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
    """Once a day, keep the store fit: forget old runs, give room back, delete raw pages that are past their time."""
    places = places_of(settings)
    state = open_state(places.state, places.articles)
    try:
        done = state.tend(state.database.now())
    finally:
        state.close()
    if done is None:
        return
    parts = [
        f"{numbered(done.runs, 'old run')} forgotten" if done.runs else "",
        f"{done.freed // 1_000_000} MB given back" if done.freed else "",
    ]
    if not is_quiet and any(parts):
        print(f"newscrawl: upkeep: {', '.join(filter(None, parts))}", file=sys.stderr)
    _delete_old(settings, time.time(), is_quiet=is_quiet)


def _delete_old(settings: Settings, now: float, *, is_quiet: bool) -> None:
    """Delete raw pages that are past their time, unless the clock may have jumped."""
    places, days = places_of(settings), settings.getint("NEWSCRAWL_ARCHIVE_DAYS")
    if not days or not places.raw or not places.state.exists():
        return
    state = open_state(places.state, places.articles)
    try:
        is_plausible = state.is_plausible(state.database.now())
    finally:
        state.close()
    number = forget_archives(places.raw, now - days * DAY) if is_plausible else 0
    if number and not is_quiet:
        print(f"newscrawl: upkeep: {numbered(number, 'old archive')} deleted", file=sys.stderr)


def _report(ran: Sequence[Ran], settings: Settings, verdict: Verdict, began: float) -> str:
    """Write report and metrics; these also where nothing was due, so that somebody sees that it was looked.

    Returns:
        Where the report is; nothing where there is none.

    """
    if not ran and not verdict.code and not settings.get("NEWSCRAWL_METRICS"):
        return ""
    written = write_report(
        ran, settings, command="newscrawl run --due", began=began, verdict=verdict
    )
    if written is None:
        return ""
    report, path = written
    export_metrics(report, settings)
    return str(path.absolute()) if path else ""


def _stuck(holder: Holder, now: float) -> str:
    """Say that the run that is at work seems to hang; nothing where it does not."""
    if now - holder.since <= STUCK:
        return ""
    return f"process {holder.who} is at it since {moment(holder.since)}, for more than a day: does it hang?"


def _print_due(jobs: list[DueJob], following: float | None) -> None:
    for job in jobs:
        taken = ", being crawled" if job.is_taken else ""
        print(f"{job.name}: {job.lists} lists, {job.articles} articles due{taken}")
    if not jobs:
        when = f"; the next is at {moment(following)}" if following else ""
        print(f"newscrawl: nothing is due{when}", file=sys.stderr)
