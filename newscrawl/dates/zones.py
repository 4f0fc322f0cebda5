"""Resolve the abbreviations of time zones, most of which mean several."""

from datetime import timedelta, timezone, tzinfo
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from newscrawl.reference import load_table, zone_table

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


@cache
def country_zone(country: str | None) -> ZoneInfo | None:
    """Give the time zone of a country that has one, by the time-zone database; else None.

    Countries with far islands or exclaves have the zone that their press writes in.

    >>> str(country_zone("IT")), country_zone("US"), country_zone(None)
    ('Europe/Rome', None, None)
    """
    names = _zones_by_country().get(country or "", ())
    main = load_table("zones")["main"].get(country or "")
    found = main or (names[0] if len(names) == 1 else None)
    return ZoneInfo(found) if found else None


def zones_of(country: str) -> tuple[str, ...]:
    """Give the names of a country's time zones, in the order of the time-zone database.

    >>> zones_of("PT"), zones_of("XX")
    (('Europe/Lisbon', 'Atlantic/Madeira', 'Atlantic/Azores'), ())
    """
    return _zones_by_country().get(country, ())


@cache
def _zones_by_country() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for country, _, name, *_ in zone_table("zone.tab"):
        found[country] = (*found.get(country, ()), name)
    return found


def _zone(value: str) -> tzinfo:
    if value.lstrip("-").isdigit():
        return timezone(timedelta(minutes=int(value)))
    return ZoneInfo(value)
