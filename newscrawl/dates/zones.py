"""Resolve the abbreviations of time zones, most of which mean several."""

from datetime import timedelta, timezone, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from newscrawl.reference import load_table

# Where a bare name has one usual reading even without a country.
USUAL: Final = {"CST": "-360", "PST": "-480", "BST": "Europe/London"}


def zone_of(name: str, country: str | None) -> tzinfo | None:
    """Resolve an abbreviation by the publisher's country.

    IST is India's, Ireland's or Israel's time, and dateparser always takes Israel's; where the
    country does not settle it, the zone stays unknown.

    >>> str(zone_of("IST", "IN")), zone_of("IST", None)
    ('Asia/Kolkata', None)
    """
    table = load_table("zones")
    if name in table["fixed"]:
        return timezone(timedelta(minutes=table["fixed"][name]))
    by_country = table["zones"].get(name, {})
    found = by_country.get(country or "") or by_country.get("*") or USUAL.get(name)
    return _zone(found) if found else None


def _zone(value: str) -> tzinfo:
    if value.lstrip("-").isdigit():
        return timezone(timedelta(minutes=int(value)))
    return ZoneInfo(value)
