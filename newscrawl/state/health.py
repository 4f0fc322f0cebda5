"""Tell what is wrong with a source: it refuses, does not answer, cannot be read, delivers less, or has gone quiet.

A source is quiet when it has brought nothing new for longer than its own habit and chance explain, though its lists
are read: a daily paper may pause for a weekend, a wire may not pause for a day.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from typing import Final

from newscrawl.reasons import Reason
from newscrawl.state.backend import Database
from newscrawl.state.deliveries import KEPT_DAYS
from newscrawl.state.plan import DAY, IN_A_ROW, LEFT_ALONE
from newscrawl.state.tallies import HOUR, read_hours

LEAST_QUIET: Final = DAY
"""Seconds without anything new that are never too long by habit alone."""
TIMES_THE_LONGEST: Final = 2.0
"""How much longer than its longest pause of the last weeks a source may pause."""
FEWEST_HOURS: Final = 5
"""Hours with news, from which a habit can be told."""
SURE_HOURS: Final = 30
"""Hours with news from which the longest pause alone tells: that one of chance is twice as long is rare then."""
EXPECTED: Final = 9.0
"""With fewer, hours with news that should have come meanwhile: none comes of so many once in eight thousand times. Both give
less than one false alarm in two years, for papers of one article a week to thirty a day (`tests/test_health.py`)."""
FEWEST_READS: Final = 3
"""Lists that must have been read since the last new article: who crawls again after a break has not looked yet."""
RECENT: Final = 2 * DAY
"""Seconds for which a host that was left alone counts as refusing; what is not asked any more says nothing."""
FAILING_AFTER: Final = 3
REFUSALS: Final = frozenset({Reason.BLOCKED, Reason.ROBOTS, Reason.BOT_CHALLENGE})


class Trouble(StrEnum):
    """What is wrong with a source, the worst first."""

    REFUSING = "refusing"
    """It turns the crawler away: five refusals in a row, or every list that was asked for."""
    SILENT = "silent"
    """It does not answer."""
    FAILING = "failing"
    """None of its lists could be read, in several runs in a row."""
    DRIFTING = "drifting"
    """It no longer delivers a field, texts or links as in the weeks before."""
    QUIET = "quiet"
    """Its lists are read, and nothing is new for longer than ever."""
    LOST = "lost"
    """Its publisher file or spider is gone, and what is due of it is left out."""
    BROKEN = "broken"
    """Not of a source: the run itself could not go on, or a page failed by a bug."""


OF_RUNS: Final = frozenset({Trouble.LOST, Trouble.BROKEN})
"""Noted by whoever runs the crawls; the others are judged in the crawl itself."""
DEGRADED: Final = frozenset(Trouble) - {Trouble.QUIET, *OF_RUNS}
BY_WEIGHT: Final = (Trouble.REFUSING, Trouble.SILENT, Trouble.FAILING, Trouble.QUIET)
"""Of these a source has one at a time; while it has one, nothing is known of those behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A trouble of a source."""

    source: str
    trouble: Trouble
    detail: str
    since: float | None = None
    """Seconds since 1970; absent where it begins now."""
    parts: tuple[str, ...] = ()
    """Layouts and lists that show it, where it is a drift."""

    def said(self) -> str:
        """Say it in one line.

        >>> Finding(source="a.org", trouble=Trouble.QUIET, detail="nothing new for 3 days").said()
        'a.org is quiet: nothing new for 3 days'
        """
        return f"{self.source} is {self.trouble}: {self.detail}"


def judged_by(findings: Sequence[Finding]) -> list[Trouble]:
    """Give the troubles of which findings tell whether they are over.

    >>> judged_by([Finding(source="a.org", trouble=Trouble.SILENT, detail="")])
    [<Trouble.REFUSING: 'refusing'>, <Trouble.SILENT: 'silent'>]
    """
    worst = next((kind for kind in BY_WEIGHT for f in findings if f.trouble is kind), None)
    return list(BY_WEIGHT[: BY_WEIGHT.index(worst) + 1] if worst else BY_WEIGHT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """From when on something counts as trouble."""

    failing_after: int = FAILING_AFTER
    """Runs in a row in which no list could be read."""
    quiet_after: dict[str, float | None] = field(default_factory=dict)
    """Seconds without anything new, by source; None for never. What is not named goes by its habit."""


def judge_source(database: Database, source: str, limits: Limits, now: float) -> list[Finding]:
    """Give what is wrong with a source; what it delivers is compared elsewhere (`newscrawl.state.drift`).

    Args:
        database: the state.
        source: its registrable domain.
        limits: from when on.
        now: seconds since 1970.

    """
    row = database.execute(
        "SELECT last_new, reads, unread, reasons FROM source WHERE name = ?", (source,)
    ).fetchone()
    found = _of_hosts(database, source, now)
    if row is not None and found is None:
        last_new, reads, unread, reasons = row
        found = _of_lists(source, unread, reasons.split(), limits)
        # Who has stated how long a pause may be need not wait until habit can be told from a break in the polling.
        fewest = 1 if source in limits.quiet_after else FEWEST_READS
        if found is None and last_new is not None and reads >= fewest:
            found = _of_pauses(database, source, last_new, limits, now)
    return [found] if found else []


def _of_hosts(database: Database, source: str, now: float) -> Finding | None:
    rows = database.execute(
        "SELECT name, refusals, silences FROM host WHERE source = ? AND (refusals >= ? OR silences >= ?) "
        "AND next_at > ? ORDER BY refusals DESC",
        (source, IN_A_ROW, IN_A_ROW, now - RECENT),
    ).fetchall()
    for name, refusals, silences in rows:
        if refusals >= IN_A_ROW:
            detail = f"{name} refused {refusals} times in a row; it is asked once in {LEFT_ALONE / HOUR:.0f} h"
            return Finding(source=source, trouble=Trouble.REFUSING, detail=detail)
        detail = f"{name} did not answer {silences} times in a row"
        return Finding(source=source, trouble=Trouble.SILENT, detail=detail)
    return None


def _of_lists(source: str, unread: int, reasons: Sequence[str], limits: Limits) -> Finding | None:
    """Judge by the runs in a row in which no list could be read; a refusal tells at once."""
    if not unread:
        return None
    # Addresses that were only tried, where a site may have a feed, are often not there.
    telling = set(reasons) - {Reason.GONE} or set(reasons)
    times = f"in {unread} runs in a row" if unread > 1 else "in the last run"
    said = f"none of its lists can be read ({', '.join(sorted(telling))}), {times}"
    if telling <= REFUSALS:
        return Finding(source=source, trouble=Trouble.REFUSING, detail=said)
    if unread < limits.failing_after:
        return None
    return Finding(source=source, trouble=Trouble.FAILING, detail=said)


def _of_pauses(
    database: Database, source: str, last_new: float, limits: Limits, now: float
) -> Finding | None:
    pause = now - last_new
    if source in limits.quiet_after:
        most = limits.quiet_after[source]
        usual = "as was set"
    else:
        hours = read_hours(database, source, now)
        most = longest_pause(hours, now)
        usual = (
            f"in the {KEPT_DAYS // 7} weeks before never longer than {said_span(_longest(hours))}"
        )
    if most is None or pause <= most:
        return None
    detail = f"nothing new for {said_span(pause)}, {usual}"
    return Finding(source=source, trouble=Trouble.QUIET, detail=detail, since=last_new)


def longest_pause(hours: Sequence[int], now: float) -> float | None:
    """Give the seconds for which a source may bring nothing new; None where no habit can be told.

    Args:
        hours: hours since 1970 in which something was new, in order.
        now: seconds since 1970.

    >>> daily = range(0, 24 * 30, 24)
    >>> longest_pause(daily, 0) / 3600
    48.0
    >>> longest_pause(range(5), 0) / 3600  # five hours of one day: a week may follow from few
    24.0
    >>> longest_pause([0, 1, 2], 0)

    """
    if len(hours) < FEWEST_HOURS:
        return None
    most = max(LEAST_QUIET, TIMES_THE_LONGEST * _longest(hours))
    if len(hours) >= SURE_HOURS:
        return most
    span = (hours[-1] - hours[0]) * HOUR
    return max(most, EXPECTED * span / (len(hours) - 1))


def _longest(hours: Sequence[int]) -> float:
    return HOUR * max((later - earlier for earlier, later in pairwise(hours)), default=0)


def said_span(seconds: float) -> str:
    """Say how long something lasts, in minutes, hours or days.

    >>> said_span(100), said_span(3600 * 26), said_span(86400 * 6.2)
    ('2 min', '26 h', '6 days')
    """
    hours = seconds / HOUR
    if hours < 1:
        return f"{max(seconds, 0) / 60:.0f} min"
    return f"{hours:.0f} h" if hours < 3 * 24 else f"{math.floor(hours / 24)} days"
