"""Reference data, reviewed as data: publisher files, gazetteers, word lists."""

import tomllib
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from typing import Any, Final

from newscrawl.errors import DataError

ROOT: Final = files("newscrawl.reference")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublisherFile:
    """What a publisher file states; two keys are enough."""

    id: str
    name: str
    domains: tuple[str, ...]
    language: str | None = None
    country: str | None = None
    timezone: str | None = None
    feeds: tuple[str, ...] = ()
    sitemaps: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    revisits: tuple[str, ...] = ()
    article_pattern: str | None = None


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


@cache
def word_list(name: str) -> tuple[str, ...]:
    """Read ``gazetteers/<name>.txt``: one term a line, ``#`` starts a comment."""
    text = (ROOT / "gazetteers" / f"{name}.txt").read_text(encoding="utf-8")
    lines = (line.split("#", 1)[0].strip() for line in text.splitlines())
    return tuple(line for line in lines if line)


@cache
def load_table(name: str) -> dict[str, Any]:
    """Read ``gazetteers/<name>.toml``."""
    return tomllib.loads((ROOT / "gazetteers" / f"{name}.toml").read_text(encoding="utf-8"))


def zone_table(name: str) -> list[list[str]]:
    """Read a table of the time-zone database: ``zone.tab``, ``iso3166.tab``."""
    text = (files("tzdata.zoneinfo") / name).read_text(encoding="utf-8")
    return [row.split("\t") for row in text.splitlines() if not row.startswith("#")]


@cache
def agencies() -> tuple[AgencyEntry, ...]:
    """Read the agency gazetteer."""
    rows = load_table("agencies")["agencies"]
    return tuple(AgencyEntry(**_with_tuples(row)) for row in rows)


@cache
def publishers() -> dict[str, PublisherFile]:
    """Read all shipped publisher files, by domain.

    Raises:
        DataError: a file has an unknown or missing key, or claims another's domain.

    """
    found: dict[str, PublisherFile] = {}
    for entry in sorted((ROOT / "publishers").iterdir(), key=lambda item: item.name):
        if entry.name.endswith(".toml"):
            publisher = parse_publisher(entry.name, entry.read_text(encoding="utf-8"))
            for domain in publisher.domains:
                if domain in found:
                    raise DataError(
                        f"{entry.name}: domain {domain!r} belongs to {found[domain].id}"
                    )
                found[domain] = publisher
    return found


def parse_publisher(name: str, text: str) -> PublisherFile:
    r"""Read one publisher file; *name* is its file name.

    >>> parse_publisher("a.org.toml", 'name = "A"\ndomains = ["a.org"]').id
    'a.org'
    """
    try:
        row = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{name}: {error}") from error
    known = {field.name for field in fields(PublisherFile)} - {"id"}
    if unknown := sorted(set(row) - known):
        raise DataError(f"{name}: unknown key {unknown[0]!r}; known are {', '.join(sorted(known))}")
    if missing := sorted({"name", "domains"} - set(row)):
        raise DataError(f"{name}: key {missing[0]!r} is missing")
    return PublisherFile(id=name.removesuffix(".toml"), **_with_tuples(row))


def publisher_for(host: str | None) -> PublisherFile | None:
    """Find the publisher file of a host, by the longest suffix of it."""
    parts = (host or "").lower().split(".")
    known = publishers()
    suffixes = (".".join(parts[i:]) for i in range(len(parts) - 1))
    return next((known[suffix] for suffix in suffixes if suffix in known), None)


# Country-code domains that are sold as generic ones say nothing about the country.
GENERIC_DOMAINS: Final = frozenset(
    {"tv", "io", "co", "me", "ai", "fm", "ly", "cc", "to", "gg", "eu", "ws"}
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
