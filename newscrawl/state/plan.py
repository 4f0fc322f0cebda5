"""When an address is looked at again, and how long its host rests.

Articles follow a plan of ages, lists the share of new links in them, failures a growing patience.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from newscrawl.ages import read_age
from newscrawl.errors import UsageError
from newscrawl.reasons import Reason
from newscrawl.state.ends import End

DEFAULT: Final = "1h 6h 24h 7d"
"""Ages at which an article is looked at again; most changes to news fall into the first day."""
OF_ALL: Final = "default"
RETRIES: Final = (0.0, 0.0, 60.0, 600.0, 3600.0, 6 * 3600.0, 86400.0)
"""Seconds that a failed address waits, by how often it has failed in a row; then 7 days."""
LONGEST_WAIT: Final = 7 * 86400.0
REFUSALS: Final = {End.ROBOTS: 86400.0, End.BLOCKED: 3600.0}
"""Seconds until a refused address is asked for again, the first time: robots.txt may be kept for a day (RFC 9309)."""
LASTING: Final = frozenset(
    {
        Reason.OUT_OF_RANGE, Reason.UNSAFE, Reason.HOME, Reason.LISTING, Reason.SEARCH, Reason.PRODUCT, Reason.SERVICE, Reason.NOT_HTML,
        Reason.TOO_LARGE, Reason.TOO_COMPLEX,
    }
)  # fmt: skip
"""Reasons for which a page is not looked at again; a short text or a wall may become an article."""

Plan = tuple[float, ...]


def parse_plan(text: str) -> Plan:
    """Read ages such as `1h 6h 24h 7d`, in seconds; nothing means never again.

    Raises:
        UsageError: it is no list of ages.

    >>> parse_plan("1h 6h"), parse_plan("")
    ((3600.0, 21600.0), ())

    """
    parts = text.replace(",", " ").split()
    found = [read_age(part) for part in parts]
    if None in found:
        raise UsageError(f"{text!r} is no re-visit plan; write ages such as '1h 6h 24h 7d'")
    return tuple(sorted(age for age in found if age is not None))


def age_of(text: str) -> float:
    """Read one age such as `30d`, in seconds.

    Raises:
        UsageError: it is none.

    """
    age = read_age(text.strip())
    if age is None:
        raise UsageError(f"{text!r} is no age; write a number with s, m, h or d, such as 30d")
    return age


def plan_for(source: str | None, plans: Mapping[str, str], stated: Sequence[str] = ()) -> Plan:
    """Give the plan of a source: the settings' for it, its publisher file's, the settings' for all.

    >>> plan_for("a.org", {"a.org": "1d", "default": "1h"}), plan_for("b.org", {}, ["2h"])
    ((86400.0,), (7200.0,))
    """
    given = plans.get(source or "")
    if given is not None:
        return parse_plan(given)
    return parse_plan(" ".join(stated) if stated else plans.get(OF_ALL, DEFAULT))


def next_visit(plan: Plan, first: float, now: float) -> float | None:
    """Give the time of the next visit: the first age of the plan that has not passed.

    Args:
        plan: ages in seconds.
        first: when the address was first fetched, in seconds since 1970.
        now: likewise.

    >>> next_visit((3600.0, 21600.0), 0.0, 4000.0), next_visit((3600.0,), 0.0, 4000.0)
    (21600.0, None)

    """
    return next((first + age for age in plan if first + age > now), None)


def next_try(failures: int, now: float) -> float:
    """Give the time at which a failed address may be asked for again."""
    return now + (RETRIES[failures - 1] if failures <= len(RETRIES) else LONGEST_WAIT)


def next_after_refusal(end: End, refusals: int, now: float) -> float:
    """Give the time at which a refused address may be asked for again: twice as long each time, a week at the most.

    Else a page for members alone would be asked for every hour, for ever.

    >>> [next_after_refusal(End.BLOCKED, times, 0.0) / 3600 for times in (1, 2, 9)]
    [1.0, 2.0, 168.0]
    """
    return now + min(REFUSALS[end] * 2.0 ** max(0, refusals - 1), LONGEST_WAIT)


def is_asked_again(listed: float, fetched: float, unchanged: int, first_age: float) -> bool:
    """Tell whether a feed's or sitemap's word that an article was modified is worth a visit.

    Some state the time of the request for every page; therefore the patience doubles with each visit
    that found nothing.

    Args:
        listed: when it was modified, as listed.
        fetched: when it was last looked at.
        unchanged: visits in a row that found nothing new.
        first_age: the first age of the plan, in seconds.

    >>> is_asked_again(100.0, 50.0, 0, 3600.0), is_asked_again(100.0, 50.0, 1, 3600.0)
    (True, False)

    """
    patience = first_age * 2 ** (unchanged - 1) if unchanged else 0.0
    return listed > fetched + patience


# -- hosts ---------------------------------------------------------------------------------------

SLOW_DOWN: Final = frozenset({429, 503})
"""Statuses by which a server says that it is overloaded (RFC 6585, 4; RFC 9110, 15.6.4)."""
REFUSING: Final = frozenset({401, 403, 407, 429, 451})
IN_A_ROW: Final = 5
"""Refusals, or requests without an answer, after which a host is left alone."""
LEFT_ALONE: Final = 3600.0
"""Seconds for which it is; a run that lasts longer may try again."""
FIRST_BACKOFF: Final = 1.0
LONGEST_BACKOFF: Final = 300.0
EASE: Final = 0.9
"""What is left of a backoff after each answer that is none: half of it after seven."""
LEAST_BACKOFF: Final = 0.1


def is_slow_down(status: int | None) -> bool:
    """Tell a status that asks to come less often."""
    return status in SLOW_DOWN


def is_refusal(status: int | None) -> bool:
    """Tell a status that turns the crawler away."""
    return status in REFUSING


def slowed(backoff: float, delay: float) -> float:
    """Give the seconds that an overloaded host rests on top of its delay: twice as many each time.

    >>> slowed(0.0, 0.5), slowed(1.0, 0.5), slowed(200.0, 0.5)
    (1.0, 2.0, 300.0)
    """
    return min(max(2 * backoff, delay, FIRST_BACKOFF), LONGEST_BACKOFF)


def eased(backoff: float) -> float:
    """Give what is left of a backoff when the host answers as it should."""
    return backoff * EASE if backoff * EASE >= LEAST_BACKOFF else 0.0


def retry_delay(attempts: int) -> float:
    """Give the seconds after which what failed is tried again in the same run.

    >>> [retry_delay(attempts) for attempts in (1, 2, 3, 9)]
    [1.0, 4.0, 16.0, 64.0]
    """
    return float(min(4 ** max(0, attempts - 1), 64))


# -- lists ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often a kind of list is looked at, in seconds."""

    first: float
    least: float
    most: float


HOUR: Final = 3600.0
DAY: Final = 86400.0
RHYTHMS: Final = {
    "feed": Rhythm(HOUR, 600.0, DAY),
    "news_sitemap": Rhythm(HOUR, 600.0, DAY),
    "sitemap": Rhythm(12 * HOUR, HOUR, 30 * DAY),
    "index": Rhythm(6 * HOUR, HOUR, 7 * DAY),
    "section": Rhythm(HOUR, 600.0, 2 * DAY),
    "home": Rhythm(6 * HOUR, HOUR, 7 * DAY),
}
"""By kind of list; the bounds of feeds are Media Cloud's, the first intervals follow CC-NEWS'."""
OTHER: Final = Rhythm(HOUR, 600.0, 7 * DAY)
MANY: Final = 2 / 3
FEW: Final = 1 / 3
"""Shares of new links among all of a list from which it is looked at more, and less, often."""
WEIGHTS: Final = {Reason.GONE: 1.0, Reason.NO_LIST: 0.5, Reason.ROBOTS: 0.5, Reason.BLOCKED: 0.5}
"""What a failure adds to a list's score; others, which may pass, a quarter (Media Cloud)."""
PASSING: Final = 0.25
BURIED: Final = 5.0
"""Score from which a list is taken for dead, and asked for once in `LONG`."""
LONG: Final = 30 * DAY


def next_interval(kind: str | None, interval: float | None, new: int, known: int) -> float:
    """Give the seconds until a list is looked at again, by the share of its links that were new.

    Args:
        kind: what it is, a key of `RHYTHMS`.
        interval: the seconds it was given the last time.
        new: links that were not known.
        known: links that were.

    >>> next_interval("feed", None, 20, 0), next_interval("feed", 3600.0, 19, 1)
    (3600.0, 1800.0)
    >>> next_interval("feed", 3600.0, 0, 20), next_interval("feed", 80000.0, 1, 19)
    (5400.0, 86400.0)

    """
    rhythm = RHYTHMS.get(kind or "", OTHER)
    if interval is None:
        return rhythm.first
    share = new / (new + known) if new + known else 0.0
    if share > MANY:
        factor = 0.5
    elif share >= FEW:
        factor = 1.0
    else:
        factor = 1.25 if share else 1.5
    return min(max(interval * factor, rhythm.least), rhythm.most)


def within(interval: float, least: float | None, most: float | None) -> float:
    """Keep an interval within the bounds that a publisher's file states.

    >>> within(3600.0, None, 600.0), within(60.0, 300.0, None), within(60.0, None, None)
    (600.0, 300.0, 60.0)
    """
    return min(max(interval, least or 0.0), most or math.inf)


def interval_after_failure(kind: str | None, interval: float | None, score: float) -> float:
    """Give the seconds until a list that could not be read is tried again; a dead one waits long.

    >>> interval_after_failure("feed", 3600.0, 0.5), interval_after_failure("feed", 3600.0, 5.0) == LONG
    (5400.0, True)
    """
    if score >= BURIED:
        return LONG
    rhythm = RHYTHMS.get(kind or "", OTHER)
    return min((interval or rhythm.first) * (1 + score), max(rhythm.most, DAY))


def weight_of(reason: Reason | None) -> float:
    """Give what a failure adds to the score of a list."""
    return WEIGHTS.get(reason, PASSING) if reason else PASSING
