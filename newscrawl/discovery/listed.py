"""What feeds and sitemaps list: addresses, and what they say of each."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from newscrawl.items import Candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One address of a feed or sitemap."""

    url: str
    """Absolute address."""
    says: tuple[Candidate, ...] = ()
    """Its dates, as they stand there."""


def list_of(entries: Iterable[tuple[str, tuple[Candidate, ...]]], base: str) -> tuple[Listed, ...]:
    """Make addresses absolute, drop what is no web address, and list each once."""
    found: dict[str, Listed] = {}
    for address, says in entries:
        url = urljoin(base, address.strip())
        if address.strip() and urlsplit(url).scheme in ("http", "https"):
            found.setdefault(url, Listed(url=url, says=says))
    return tuple(found.values())


def dates_of(
    method: str, published: object = None, modified: object = None
) -> tuple[Candidate, ...]:
    """Give the dates of an entry as candidates, named after where they stand."""
    return tuple(
        Candidate(field=field, raw=raw.strip(), method=f"{method}.{field}")
        for field, raw in (("published", published), ("modified", modified))
        if isinstance(raw, str) and raw.strip()
    )
