"""What the commands that crawl do when they are through: the report, the metrics, the notice."""

import shlex
import sqlite3
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scrapy.settings import Settings

from newscrawl.cli.verdict import tolerance_of
from newscrawl.crawling import Ran
from newscrawl.errors import NewscrawlError, UsageError
from newscrawl.frontier.runs import articles_folder, health_limits
from newscrawl.recording import places_of
from newscrawl.reports.building import Verdict, build_report
from newscrawl.reports.metrics import write_metrics
from newscrawl.reports.model import Report
from newscrawl.reports.notice import Channels, Mail, Notice, send
from newscrawl.reports.storing import store_report, write_file
from newscrawl.state.health import Finding, Trouble
from newscrawl.state.inspection import RUN, open_state
from newscrawl.state.lines import check_storage
from newscrawl.state.plan import age_of
from newscrawl.state.shipping import ship
from newscrawl.state.troubles import Told

PAGE: Final = "latest.html"
LOST: Final = "there is no such source or spider any more; newscrawl state forget --source takes away what is due of it"
CODES: Final = {Trouble.BROKEN: 1, Trouble.QUIET: 3}
"""Exit codes that troubles stand for; the others are degraded, or blocked where they are all there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a run has ended, for those who are told."""

    code: int
    line: str
    run: str
    """Its name."""
    now: float
    """Seconds since 1970."""
    failure: str = ""
    """Why it failed, where it did."""
    lost: Sequence[str] | None = None
    """Spiders of jobs that are there no more; None where it was not looked."""
    is_elsewhere: bool = False
    """Whether another run is at work, and this one did nothing."""
    is_reached: bool = True
    """Whether a host answered: else it is not known whether a failure is over."""
    report: str = ""
    """Where its report is."""


def write_report(
    ran: Sequence[Ran], settings: Settings, *, command: str, began: float, verdict: Verdict
) -> tuple[Report, Path | None] | None:
    """Write the report of a run into its folder; give it and its file, or None where it could not be written.

    What was crawled is stored whatever happens here. A run that did nothing leaves no file.
    """
    places = places_of(settings)
    crawls = [one.crawled for one in ran if one.crawled]
    if not places.state.exists():
        return None  # why is said already
    try:
        report = build_report(crawls, places, command=command, began=began, verdict=verdict)
        path = None
        if ran or verdict.code:
            path = store_report(report, places.reports, settings.getint("NEWSCRAWL_REPORT_DAYS"))
    except (NewscrawlError, OSError, sqlite3.Error) as error:
        # What stopped the crawl is said already.
        if all(str(error) != one.stats.get("newscrawl/stopped_by") for one in ran):
            complain(f"no report was written: {error}")
        return None
    if settings.getbool("NEWSCRAWL_REPORT_PAGE") and ran:
        # Imported here: the plots load matplotlib.
        from newscrawl.reports.runpage import page

        try:
            write_file(places.reports / PAGE, page(report))
        except NewscrawlError as error:
            complain(str(error))
    return report, path


def export_metrics(report: Report, settings: Settings) -> None:
    """Write the metrics, where a file is named for them."""
    if not (path := settings.get("NEWSCRAWL_METRICS")):
        return
    places = places_of(settings)
    try:
        state = open_state(places.state, places.articles)
        try:
            write_metrics(Path(path), report, state)
        finally:
            state.close()
    except (NewscrawlError, sqlite3.Error) as error:
        complain(str(error))


def send_articles(settings: Settings) -> None:
    """Write what was stored to shared storage, where articles go there; what cannot be written stays in the state."""
    places = places_of(settings)
    if isinstance(places.articles, Path):
        return
    try:
        with open_state(places.state, places.articles) as state:
            ship(state.database, places.articles, everything=True)
    except NewscrawlError as error:
        complain(f"articles are kept in the state until they can be sent: {error}")


def tell(settings: Settings, ended: Ended) -> None:
    """Note how a run ended, and send a notice of what is new since the last one, where there is somebody to tell."""
    places = places_of(settings)
    broken = None
    if ended.failure or ended.is_reached:
        why = [ended.failure] if ended.failure else []
        broken = [Finding(source=RUN, trouble=Trouble.BROKEN, detail=one) for one in why]
    lost = None
    if ended.lost is not None:
        lost = [Finding(source=name, trouble=Trouble.LOST, detail=LOST) for name in ended.lost]
    channels = channels_of(settings)
    again = age_of(str(settings.get("NEWSCRAWL_NOTICE_AGAIN")))
    try:
        state = open_state(places.state, places.articles)
    except NewscrawlError:
        # Nobody remembers then: it is told each time. Why it cannot be used is the failure.
        told = _wanted(settings, Told(tuple(broken or ())))
        if told and channels:
            _send(settings, ended, told, channels)
        return
    try:
        state.note_run(broken, lost, ended.now)
        told = _wanted(settings, state.to_tell(ended.now, again))
        if told and channels and _send(settings, ended, told, channels):
            state.mark_told(told, ended.now)
    except (NewscrawlError, sqlite3.Error) as error:
        complain(str(error))
    finally:
        state.close()


def _send(settings: Settings, ended: Ended, told: Told, channels: Channels) -> bool:
    """Send a notice; tell whether any channel took it."""
    is_failure = any(one.trouble is Trouble.BROKEN for one in told.troubles)
    notice = Notice(
        code=ended.code, line=ended.line, run=ended.run, over=told.over,
        troubles=[one for one in told.troubles if one.trouble is not Trouble.BROKEN],
        failure=ended.failure if is_failure else "", report=ended.report,
    )  # fmt: skip
    problems = send(notice, channels)
    for problem in problems:
        complain(problem)
    return len(problems) < len(channels.names())


def _wanted(settings: Settings, told: Told) -> Told:
    codes = told_codes(settings)

    def is_wanted(one: Finding) -> bool:
        code = CODES.get(one.trouble)
        return code in codes if code else bool(codes & {4, 5})

    return Told(tuple(filter(is_wanted, told.troubles)), tuple(filter(is_wanted, told.over)))


def channels_of(settings: Settings) -> Channels:
    """Read by what notices go.

    Raises:
        UsageError: a setting makes no sense.

    """
    to = settings.getlist("NEWSCRAWL_NOTICE_MAIL")
    mail = None
    if to:
        mail = Mail(
            to=to, sender=settings.get("MAIL_FROM"), host=settings.get("MAIL_HOST"), port=settings.getint("MAIL_PORT"),
            user=settings.get("MAIL_USER") or "", password=settings.get("MAIL_PASS") or "",
            tls=settings.getbool("MAIL_TLS"), ssl=settings.getbool("MAIL_SSL"),
        )  # fmt: skip
    webhook = settings.get("NEWSCRAWL_NOTICE_WEBHOOK") or ""
    if webhook and (
        not webhook.startswith(("http://", "https://")) or set(webhook) & set(" \t\r\n")
    ):
        raise UsageError(f"NEWSCRAWL_NOTICE_WEBHOOK={webhook!r} is no http or https address")
    if any(not address.isprintable() or "@" not in address for address in to):
        raise UsageError(f"NEWSCRAWL_NOTICE_MAIL={to}: not all are addresses")
    command = settings.get("NEWSCRAWL_NOTICE_COMMAND") or ""
    if not isinstance(command, str):
        command = shlex.join(command)
    try:
        shlex.split(command)
    except ValueError as error:
        raise UsageError(f"NEWSCRAWL_NOTICE_COMMAND={command!r}: {error}") from error
    return Channels(command=command, webhook=webhook, mail=mail)


NUMBERS: Final = (
    "MAX_SECONDS", "MAX_REQUESTS", "LEAST_FREE", "CRAWLS_AT_ONCE", "FAILING_AFTER", "REPORT_DAYS", "ARCHIVE_DAYS",
)  # fmt: skip
"""Settings of a run that are numbers, without their prefix."""


def check_settings(settings: Settings) -> None:
    """Read what a run reads when it ends, so that it does not find out at night.

    Raises:
        UsageError: a setting makes no sense.

    """
    check_storage(articles_folder(settings))
    for name in NUMBERS:
        given = settings.get(f"NEWSCRAWL_{name}")
        try:
            is_number = float(given or 0) >= 0
        except (TypeError, ValueError):
            is_number = False
        if not is_number:
            raise UsageError(f"NEWSCRAWL_{name}={given!r} is no number")
    try:
        health_limits(settings)
    except ValueError as error:
        raise UsageError(
            f"NEWSCRAWL_QUIET_AFTER is no dict of sources and ages: {error}"
        ) from error
    tolerance_of(settings)
    channels_of(settings)
    told_codes(settings)
    age_of(str(settings.get("NEWSCRAWL_NOTICE_AGAIN")))


def told_codes(settings: Settings) -> frozenset[int]:
    """Read the exit codes for which notices go.

    Raises:
        UsageError: one is none.

    """
    given = settings.getlist("NEWSCRAWL_NOTICE_CODES")
    if not {str(code).strip() for code in given} <= {"1", "3", "4", "5"}:
        raise UsageError(f"NEWSCRAWL_NOTICE_CODES={given}: of 1, 3, 4 and 5, please")
    return frozenset(int(code) for code in given)


def complain(problem: str) -> None:
    """Say what did not work beside the crawl."""
    print(f"newscrawl: {problem}", file=sys.stderr)
