"""When an address is looked at again: articles by a plan of ages, failures with growing patience."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from newscrawl.errors import UsageError
from newscrawl.reasons import Reason
from newscrawl.state.ends import End

UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
AGE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])")
DEFAULT: Final = "1h 6h 24h 7d"
"""Ages at which an article is looked at again; most changes to news fall into the first day."""
OF_ALL: Final = "default"
RETRIES: Final = (0.0, 0.0, 60.0, 600.0, 3600.0, 6 * 3600.0, 86400.0)
"""Seconds that a failed address waits, by how often it has failed in a row; then 7 days."""
LONGEST_WAIT: Final = 7 * 86400.0
REFUSALS: Final = {End.ROBOTS: 86400.0, End.BLOCKED: 3600.0}
"""Seconds until a refused address is asked for again: robots.txt may be kept for a day (RFC 9309)."""
LASTING: Final = frozenset(
    {
        Reason.HOME, Reason.LISTING, Reason.SEARCH, Reason.PRODUCT, Reason.SERVICE, Reason.NOT_HTML,
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
    found = [AGE.fullmatch(part) for part in parts]
    if not all(found):
        raise UsageError(f"{text!r} is no re-visit plan; write ages such as '1h 6h 24h 7d'")
    return tuple(sorted(float(match[1]) * UNITS[match[2]] for match in found if match))


def age_of(text: str) -> float:
    """Read one age such as `30d`, in seconds.

    Raises:
        UsageError: it is none.

    """
    ages = parse_plan(text)
    if len(ages) != 1:
        raise UsageError(f"{text!r} is no age; write a number with s, m, h or d, such as 30d")
    return ages[0]


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
