"""What the commands that crawl do when they are through: the report, the metrics, the notice."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from scrapy.settings import Settings

from newscrawl.crawling import Ran
from newscrawl.errors import NewscrawlError, UsageError
from newscrawl.recording import places_of
from newscrawl.reports.building import Verdict, build_report
from newscrawl.reports.metrics import write_metrics
from newscrawl.reports.model import Report
from newscrawl.reports.notice import Channels, Mail, Notice, send
from newscrawl.reports.storing import store_report, write_file
from newscrawl.state.health import Finding, Trouble
from newscrawl.state.inspection import RUN, open_state
from newscrawl.state.plan import age_of
from newscrawl.state.troubles import Told

PAGE: Final = "latest.html"
CODES: Final = {Trouble.BROKEN: 1, Trouble.QUIET: 3}
"""Exit codes that troubles stand for; the others are degraded, or blocked where they are all there is."""


def write_report(
    ran: Sequence[Ran], settings: Settings, *, command: str, began: float, verdict: Verdict
) -> Report | None:
    """Write the report of a run into its folder; give it, or None where it could not be written.

    What was crawled is stored whatever happens here.
    """
    places = places_of(settings)
    crawls = [one.crawled for one in ran if one.crawled]
    if not places.state.exists():
        return None  # why is said already
    try:
        report = build_report(crawls, places, command=command, began=began, verdict=verdict)
        store_report(report, places.reports, settings.getint("NEWSCRAWL_REPORT_DAYS"))
    except (NewscrawlError, OSError) as error:
        # What stopped the crawl is said already.
        if all(str(error) != one.stats.get("newscrawl/stopped_by") for one in ran):
            complain(f"no report was written: {error}")
        return None
    if settings.getbool("NEWSCRAWL_REPORT_PAGE"):
        # Imported here: the plots load matplotlib.
        from newscrawl.reports.runpage import page

        try:
            write_file(places.reports / PAGE, page(report))
        except NewscrawlError as error:
            complain(str(error))
    return report


def export_metrics(report: Report, settings: Settings) -> None:
    """Write the metrics, where a file is named for them."""
    if not (path := settings.get("NEWSCRAWL_METRICS")):
        return
    places = places_of(settings)
    state = open_state(places.state, places.articles)
    try:
        write_metrics(Path(path), report, state)
    except NewscrawlError as error:
        complain(str(error))
    finally:
        state.close()


def tell(settings: Settings, *, verdict: Verdict, line: str, run: str, now: float) -> None:
    """Send a notice of what is new since the last one, where there is somebody to tell."""
    channels = channels_of(settings)
    if not channels:
        return
    places = places_of(settings)
    failure = "; ".join(verdict.reasons) if verdict.code == 1 else ""
    told = _told(settings, places.state, failure, now)
    troubles = [one for one in told.troubles if one.trouble is not Trouble.BROKEN]
    is_failure = any(one.trouble is Trouble.BROKEN for one in told.troubles)
    if not (troubles or told.over or is_failure):
        return
    latest = places.reports / "latest.json"
    notice = Notice(
        code=verdict.code or 0, line=line, run=run, troubles=troubles, over=told.over,
        failure=failure if is_failure else "", report=str(latest.absolute()) if latest.exists() else "",
    )  # fmt: skip
    for problem in send(notice, channels):
        complain(problem)


def _told(settings: Settings, path: Path, failure: str, now: float) -> Told:
    """Ask the state what is to be told; where it cannot be used, the failure is told each time."""
    broken = [Finding(source=RUN, trouble=Trouble.BROKEN, detail=failure)] if failure else []
    try:
        again = age_of(str(settings.get("NEWSCRAWL_NOTICE_AGAIN")))
        codes = told_codes(settings)
        state = open_state(path)
        try:
            state.note_run(broken, now)
            told = state.to_tell(now, again)
        finally:
            state.close()
    except NewscrawlError as error:
        complain(str(error))
        return Told(tuple(broken))

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
    if webhook and not webhook.startswith(("http://", "https://")):
        raise UsageError(f"NEWSCRAWL_NOTICE_WEBHOOK={webhook!r} is no http or https address")
    return Channels(
        command=settings.get("NEWSCRAWL_NOTICE_COMMAND") or "", webhook=webhook, mail=mail
    )


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
