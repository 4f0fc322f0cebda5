"""The page of a run report, for people: one file with its plots in it."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from markupsafe import Markup

from newscrawl.reports.model import FillRate, Report, SourceReport
from newscrawl.reports.pages import render
from newscrawl.reports.plots import GROUPS, daily_plot, sparkline
from newscrawl.reports.record import HostReport, Mishap, median_gap
from newscrawl.wording import printable, sized

MOST_SPARKLINES: Final = 200
MOST_ROWS: Final = 1000
"""Rows of a table; the rest are counted."""
MOST_HOSTS: Final = 200
FALLEN: Final = 0.3
"""Share by which a fill rate must have fallen to be marked, as in `newscrawl.state.drift`."""
CODES: Final = {
    0: ("all well", "good"), 1: ("failed", "bad"), 3: ("quiet sources", "warn"), 4: ("degraded sources", "warn"),
    5: ("blocked", "bad"),
}  # fmt: skip
BADGES: Final = {"quiet": "warn", "drifting": "warn"}
TILES: Final = (
    ("new", ("new",)), ("changed", ("changed",)), ("seen before", ("seen", "unchanged")), ("refused", GROUPS["refused"]),
    ("failed", ("failed",)), ("left", ("left", "over_limit")),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A source in the table."""

    name: str
    source: SourceReport
    spark: Markup
    new: int
    changed: int
    refused: int
    failed: int
    unread: int
    """Lists that could not be read."""
    requests: int
    median: float | None
    smallest: float | None
    slow_downs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HostRow:
    """A host in the table of how hosts were asked."""

    name: str
    host: HostReport
    median: float | None


def page(report: Report) -> str:
    """Make the page.

    Raises:
        UsageError: matplotlib is not installed.

    """
    last = date.fromisoformat(report.ended[:10]) if report.ended else date(1970, 1, 1)
    names = sorted(report.sources, key=lambda name: _urgency(name, report.sources[name]))
    rows = [
        _row(name, report.sources[name], last, place) for place, name in enumerate(names[:MOST_ROWS])
    ]  # fmt: skip
    hosts = _hosts(report)
    code, badge = CODES.get(report.code or 0, ("exit code", "bad"))
    return render(
        "run.html",
        report=report,
        code=code,
        badge=badge,
        seconds=_seconds(report),
        # What one run has left another may have taken up.
        tiles=[(name, report.total(*ends)) for name, ends in TILES if name != "left" or report.runs == 1],
        requests=sum(row.host.requests for row in hosts),
        bytes=sum(row.host.bytes for row in hosts),
        daily=Markup(daily_plot(report.sources, last)),  # noqa: S704 - drawn by us, of figures
        days=_days(report),
        rows=rows,
        more=len(names) - len(rows),
        fields=[rate.field for rate in next((s.filled for s in report.sources.values() if s.filled), ())],
        filled=[(name, report.sources[name]) for name in names if report.sources[name].filled][:MOST_ROWS],
        hosts=hosts[:MOST_HOSTS],
        more_hosts=max(0, len(hosts) - MOST_HOSTS),
        mishaps=report.mishaps[:MOST_ROWS],
        badges=BADGES,
        moment=moment,
        size=sized,
        is_web=is_web,
        is_fallen=is_fallen,
        shown=printable,
        is_bad=is_bad,
    )  # fmt: skip


def _urgency(name: str, source: SourceReport) -> tuple[int, int, str]:
    return (-len(source.troubles), -source.total("new", "changed"), name)


def _row(name: str, source: SourceReport, last: date, place: int) -> Row:
    hosts = source.hosts.values()
    gaps = [host.smallest_gap for host in hosts if host.smallest_gap is not None]
    spark = sparkline(source, last, f"s{place}") if place < MOST_SPARKLINES else ""
    return Row(
        name=name, source=source, spark=Markup(spark),  # noqa: S704 - drawn by us, of figures
        new=source.total("new"), changed=source.total("changed"), refused=source.total(*GROUPS["refused"]),
        failed=source.total("failed"), unread=source.total("unread"), requests=sum(host.requests for host in hosts),
        median=median_gap(source.hosts), smallest=min(gaps, default=None),
        slow_downs=sum(host.refused for host in hosts),
    )  # fmt: skip


def _hosts(report: Report) -> list[HostRow]:
    rows = [
        HostRow(name=name, host=host, median=median_gap({name: host}))
        for source in report.sources.values()
        for name, host in source.hosts.items()
    ]
    return sorted(rows, key=lambda row: (-row.host.requests, row.name))


def _days(report: Report) -> list[tuple[str, list[int]]]:
    """Give the figures of the plot, for those who do not see it."""
    days = dict[str, Counter[str]]()
    for source in report.sources.values():
        for day in source.history:
            days.setdefault(day.day, Counter()).update(day.ends)
    return [
        (day, [sum(ends[end] for end in group) for group in GROUPS.values()])
        for day, ends in sorted(days.items(), reverse=True)
    ]


def _seconds(report: Report) -> float:
    if not (report.started and report.ended):
        return 0
    began, ended = map(datetime.fromisoformat, (report.started, report.ended))
    return (ended - began).total_seconds()


def moment(text: str | None) -> str:
    """Print a time of a report.

    >>> moment("2026-11-26T20:15:00Z"), moment(None)
    ('2026-11-26 20:15', '–')
    """
    return text[:16].replace("T", " ") if text else "–"


def is_web(url: str) -> bool:
    """Tell whether an address may be a link."""
    return url.startswith(("http://", "https://"))


def is_fallen(rate: FillRate) -> bool:
    """Tell whether a field stands on far fewer articles than before."""
    return rate.before is not None and rate.before - rate.now > FALLEN


def is_bad(mishap: Mishap) -> bool:
    """Tell what an operator should look at from what is everyday."""
    return mishap.end in ("failed", "blocked", "unread")
