"""What is known of an article for its place in a cluster, and what follows from it."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from newscrawl.attribution.agencies import agency_of_publisher
from newscrawl.dates.formats import read_date
from newscrawl.items import Article, ClusterRole

LAST: Final = datetime.max.replace(tzinfo=UTC)
SPANS: Final = {4: timedelta(days=366), 7: timedelta(days=31), 10: timedelta(days=1)}
"""By the length of a printed date that has no time: how much later than its beginning it may have been."""
DIGITS: Final = 3
"""Of a similarity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """What is known of one article of a cluster."""

    number: int
    identity: str
    """The same for all versions of an article of a source."""
    id: str
    source: str | None
    publisher: str | None
    published: datetime | None
    """The latest moment that its printed date allows."""
    fetched: datetime | None
    agencies: tuple[str, ...]

    @property
    def key(self) -> tuple[str | None, str]:
        """What tells an article from those of all sources."""
        return self.source, self.identity

    def rank(self, agency: str | None) -> tuple[bool, datetime, datetime, str, int]:
        """Order the members: the agency's own print first, then by time; the first is the original."""
        is_own = agency is not None and agency_of_publisher(self.publisher, self.source) == agency
        return (not is_own, self.published or LAST, self.fetched or LAST, self.id, self.number)


def latest(instant: datetime | None, printed: str | None) -> datetime | None:
    """Give the latest moment that a printed date allows: of a bare day, its end.

    A paper that prints only the day may have been the last or the first of that day; that one which prints a time
    was, is known of the other.
    """
    if instant is None or printed is None:
        return instant
    try:
        return instant + SPANS.get(len(printed), timedelta())
    except OverflowError:
        return instant


def leading(counts: Counter[str]) -> str | None:
    """Give what was counted most; of equals the first by name, so that the order of counting does not matter."""
    return min(counts, key=lambda name: (-counts[name], name), default=None)


def agency_of(members: Iterable[Member]) -> str | None:
    """Give the agency that most articles name, versions of one counted once."""
    named = {(member.key, agency) for member in members for agency in member.agencies}
    counts = Counter(agency for _, agency in sorted(named))
    return leading(counts)


def cluster_id(source: str | None, identity: str, text_hash: str = "") -> str:
    """Hash what tells an original from all others."""
    return hashlib.sha256(
        f"{(source or '').lower()}\n{identity}\n{text_hash}".encode()
    ).hexdigest()[:16]


def identity_of(article: Article) -> str:
    """Give what the versions of an article have in common, within its source."""
    return article.canonical_url or article.url or str(article.id)


def role_of(alike: float, *, is_original: bool) -> ClusterRole:
    """Name the part of a text by how much of it is the original's."""
    if is_original:
        return "original"
    return "copy" if alike == 1.0 else "edited_copy"


def member_of(article: Article) -> Member:
    """Give what is known of an article, for its place in a cluster."""
    reading = read_date(article.date_published) if article.date_published else None
    return Member(
        number=0, identity=identity_of(article), id=str(article.id), source=(article.source or "").lower() or None,
        publisher=article.publisher.name,
        published=latest(reading.instant if reading else None, article.date_published), fetched=article.fetched_at,
        agencies=tuple(agency.id for agency in article.agencies),
    )  # fmt: skip
