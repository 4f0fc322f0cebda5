"""Tell whether a drift that was found goes on, until it is over or taken for meant.

From one run to the next the weeks before come to hold what has changed already, so that it would seem over; therefore a drift
is held against the days before it began, and only the parts that showed it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from datetime import time as clock_time
from typing import Final

from newscrawl.state.deliveries import Counts
from newscrawl.state.drift import RECENT_DAYS, Break, enough, find_breaks, is_recent
from newscrawl.state.health import Finding, Trouble

GOES_ON, OVER, UNKNOWN, MEANT = "goes on", "over", "unknown", "meant"
NONE: Final = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What a part of a source delivered: in this run, and on the days before without it."""

    counts: Counts
    days: Mapping[date, Counts]


@dataclass(frozen=True, slots=True)
class Drift:
    """How it stands with the drift of a source."""

    verdict: str
    finding: Finding | None = None


def judge_drift(
    source: str, breaks: Sequence[Break], before: Finding | None, parts: Mapping[str, Delivered], today: date
) -> Drift:  # fmt: skip
    """Judge a source that has delivered something.

    Args:
        source: its name.
        breaks: what was found against the weeks before.
        before: the drift that was found by an earlier run, if any.
        parts: what was delivered, by layout or list.
        today: the day, in UTC.

    """
    recent = [one for one in breaks if is_recent(one, today)]
    if recent:
        return Drift(GOES_ON, _finding(source, recent, before))
    if before is None or before.since is None:
        return Drift(NONE)
    began = datetime.fromtimestamp(before.since, UTC).date()
    if (today - began).days > RECENT_DAYS:
        return Drift(MEANT)
    known = [parts[name] for name in before.parts if name in parts]
    compared = [_goes_on(source, part, began, today) for part in known]
    if any(compared):
        return Drift(GOES_ON, before)
    if len(known) < len(before.parts) or None in compared:
        return Drift(UNKNOWN)
    return Drift(OVER)


def _goes_on(source: str, part: Delivered, began: date, today: date) -> bool | None:
    """Tell whether the latest pages differ from those before it began; None where they are too few."""
    since = {day: counts for day, counts in part.days.items() if day >= began}
    latest, _ = enough({today: part.counts}, since)
    if not latest:
        return None
    earlier = {day: counts for day, counts in part.days.items() if day < began}
    return bool(find_breaks(source, "", earlier, latest))


def _finding(source: str, breaks: Sequence[Break], before: Finding | None) -> Finding:
    began = datetime.combine(min(one.since for one in breaks), clock_time(), UTC).timestamp()
    return Finding(
        source=source,
        trouble=Trouble.DRIFTING,
        detail="; ".join(one.said().removeprefix(source).lstrip(": ") for one in breaks),
        since=before.since if before and before.since else began,
        parts=tuple(sorted({one.part for one in breaks})),
    )
