"""What feeds and sitemaps list: addresses, and what they say of each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urljoin, urlsplit

from newscrawl.dates.formats import Reading, read_date
from newscrawl.items import Candidate

MAX_VALUE: Final = 500
"""Characters of a value that are kept; it travels with the request."""
MAX_URL: Final = 2000
"""Characters of an address; longer ones are made by traps (RFC 9110, 4.1 asks for 8,000 to be understood)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One address of a feed or sitemap."""

    url: str
    """Absolute address."""
    says: tuple[Candidate, ...] = ()
    """What the list says of it: dates, title, tags and more, as they stand there."""

    def value(self, field: str) -> str | None:
        """Give the first value of a field."""
        return next((said.raw for said in self.says if said.field == field), None)

    def date(self, field: str) -> Reading | None:
        """Read the date `published` or `modified`."""
        raw = self.value(field)
        return read_date(raw) if raw else None

    @property
    def newest(self) -> datetime | None:
        """The moment by which it is sorted: of publication, else of change; aware."""
        reading = self.date("published") or self.date("modified")
        return reading.instant if reading else None


def list_of(entries: Iterable[tuple[str, tuple[Candidate, ...]]], base: str) -> tuple[Listed, ...]:
    """Make addresses absolute, drop what is no web address, and list each once."""
    found: dict[str, Listed] = {}
    for address, says in entries:
        if url := absolute(address, base):
            found.setdefault(url, Listed(url=url, says=says))
    return tuple(found.values())


def absolute(address: str, base: str) -> str | None:
    """Make an address absolute; None for what is no web address."""
    try:
        url = urljoin(base, address.strip())
        parts = urlsplit(url)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return None
    return url if address.strip() and is_web and len(url) <= MAX_URL else None


def said(method: str, values: Mapping[str, object]) -> tuple[Candidate, ...]:
    """Give what a list says of an address as candidates, named after where they stand.

    >>> [(c.field, c.raw, c.method) for c in said("feed", {"published": " 2024-05-03 ", "title": None})]
    [('published', '2024-05-03', 'feed.published')]
    """
    found = []
    for field, value in values.items():
        raws = value if isinstance(value, (list, tuple)) else (value,)
        found += [
            Candidate(
                field=field, raw=" ".join(raw.split())[:MAX_VALUE], method=f"{method}.{field}"
            )
            for raw in raws
            if isinstance(raw, str) and raw.strip()
        ]
    return tuple(found)
