"""Reference data, reviewed as data: publisher files, gazetteers, word lists."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import tomli

ROOT: Final = files("newscrawl.reference")


@dataclass(frozen=True, slots=True, kw_only=True)
class AgencyEntry:
    """One row of the agency gazetteer."""

    id: str
    name: str
    code: str = ""
    aliases: tuple[str, ...] = ()
    country: str = ""
    evidence: str = ""
    ambiguous: bool = False
    sites: tuple[str, ...] = ()


@cache
def word_list(name: str) -> tuple[str, ...]:
    """Read ``gazetteers/<name>.txt``: one term a line, ``#`` starts a comment."""
    text = (ROOT / "gazetteers" / f"{name}.txt").read_text(encoding="utf-8")
    lines = (line.split("#", 1)[0].strip() for line in text.splitlines())
    return tuple(line for line in lines if line)


@cache
def load_table(name: str) -> dict[str, Any]:
    """Read ``gazetteers/<name>.toml``."""
    return tomli.loads((ROOT / "gazetteers" / f"{name}.toml").read_text(encoding="utf-8"))


def zone_table(name: str) -> list[list[str]]:
    """Read a table of the time-zone database: ``zone.tab``, ``iso3166.tab``."""
    text = (files("tzdata.zoneinfo") / name).read_text(encoding="utf-8")
    return [row.split("\t") for row in text.splitlines() if not row.startswith("#")]


@cache
def agencies() -> tuple[AgencyEntry, ...]:
    """Read the agency gazetteer."""
    rows = load_table("agencies")["agencies"]
    return tuple(AgencyEntry(**_with_tuples(row)) for row in rows)


# Country-code domains that are sold as generic ones say nothing about the country.
GENERIC_DOMAINS: Final = frozenset(
    {"tv", "io", "co", "me", "ai", "fm", "ly", "cc", "to", "gg", "eu", "ws", "ag", "nu", "vc"}
)


def country_of(host: str | None) -> str | None:
    """Give the ISO 3166-1 code of the country whose domain a host has.

    >>> country_of("www.a.co.uk"), country_of("a.tv"), country_of("a.org")
    ('GB', None, None)
    """
    suffix = (host or "").lower().rsplit(".", 1)[-1]
    if len(suffix) != 2 or not suffix.isalpha() or suffix in GENERIC_DOMAINS:
        return None
    return {"uk": "GB"}.get(suffix, suffix.upper())


def _with_tuples(row: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(v) if isinstance(v, list) else v for key, v in row.items()}
