"""Clusters of articles that are one text: which is the original, which are copies, and whose agency copy it is.

Nothing is deleted: an article gets a `Cluster` that says what it is among the others.
"""

import hashlib
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from newscrawl.attribution.agencies import agency_of_publisher
from newscrawl.corpus.clusters import SIMILAR, Groups, TextStore, join_similar
from newscrawl.corpus.database import Corpus
from newscrawl.corpus.records import read_texts
from newscrawl.corpus.shingles import Sketches, similarity
from newscrawl.dates.formats import read_date
from newscrawl.items import Article, Cluster, ClusterRole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LAST: Final = datetime.max.replace(tzinfo=UTC)
SPANS: Final = {4: timedelta(days=366), 7: timedelta(days=31), 10: timedelta(days=1)}
"""By the length of a printed date that has no time: how much later than its beginning it may have been."""
MAX_ALIKE: Final = 12
"""Articles that passed by and are remembered under one band value; more are prints of one text, or filled from one template."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """The clusters of a corpus."""

    clusters: dict[int, Cluster] = field(default_factory=dict)
    """By position; only of articles that have near-duplicates."""
    homes: dict[str, str | None] = field(default_factory=dict)
    """The source of the original, by the cluster's id."""

    def marked(self, position: int, article: Article) -> Article:
        """Give an article with its cluster, and without the one that it may have had."""
        cluster = self.clusters.get(position)
        return article if cluster == article.cluster else replace(article, cluster=cluster)


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


def agency_of(members: Iterable[Member]) -> str | None:
    """Give the agency that most articles name, versions of one counted once."""
    named = {(member.key, agency) for member in members for agency in member.agencies}
    counts = Counter(agency for _, agency in sorted(named))
    return min(counts, key=lambda agency: (-counts[agency], agency)) if counts else None


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


def link(corpus: Corpus, *, near: bool = True, window: timedelta | None = None) -> Links:
    """Find the clusters among the articles that were chosen.

    Args:
        corpus: one in which articles were selected.
        near: whether texts that are similar count, not only those that are equal.
        window: how far apart two may have been published at the most.

    """
    times = _times(corpus) if window else {}
    groups, twins = Groups(), dict[int, int]()

    def may_join(a: int, b: int) -> bool:
        first, second = times.get(a), times.get(b)
        return window is None or first is None or second is None or abs(first - second) <= window

    for positions in _positions(corpus, "text_hash"):
        for before, after in pairwise(sorted(positions, key=lambda p: times.get(p, LAST))):
            if may_join(before, after):
                groups.join(before, after)
        twins |= {position: groups.find(position) for position in positions}
    for positions in _positions(corpus, "source, identity"):
        for position in positions[1:]:
            groups.join(positions[0], position)
    store = TextStore(corpus.scratch, _count(corpus)) if near else None
    if store is not None:
        # One print of each text is enough to compare.
        texts = read_texts(corpus)
        store.fill(
            (position, text)
            for position, text in texts
            if twins.get(position, position) == position
        )
        join_similar(store, groups, may_join)
    try:
        return _clusters(corpus, groups, twins, store)
    finally:
        if store is not None:
            store.close()


def _clusters(
    corpus: Corpus, groups: Groups, twins: dict[int, int], store: TextStore | None
) -> Links:
    links, sets = Links(), groups.sets()
    members = _members(corpus, {position for positions in sets for position in positions})

    def alike(a: int, b: int) -> float:
        a, b = twins.get(a, a), twins.get(b, b)
        return 1.0 if a == b else store.similarity(a, b) if store is not None else 0.0

    for positions in sets:
        found = [members[position] for position in positions]
        size = len({member.key for member in found})
        if size < 2:  # versions of one article
            continue
        agency = agency_of(found)
        original = min(found, key=lambda member: member.rank(agency))
        name = cluster_id(original.source, original.identity)
        links.homes[name] = original.source
        for member in found:
            share = alike(original.number, member.number)
            is_original = member.key == original.key
            links.clusters[member.number] = Cluster(
                id=name, role=role_of(share, is_original=is_original), size=size,
                similarity=round(share, DIGITS), original=original.id, agency=agency,
            )  # fmt: skip
    return links


def _members(corpus: Corpus, wanted: set[int]) -> dict[int, Member]:
    cursor = corpus.database.cursor().execute(
        "SELECT position, identity, id, source, publisher, instant, date_published, fetched_at, agency_ids FROM chosen"
    )
    found = {}
    while rows := cursor.fetchmany(10_000):
        for number, identity, name, source, publisher, instant, printed, fetched, agencies in rows:
            if number in wanted:
                found[number] = Member(
                    number=number, identity=identity, id=name, source=source, publisher=publisher,
                    published=latest(instant, printed), fetched=fetched, agencies=tuple(agencies or ()),
                )  # fmt: skip
    return found


def _positions(corpus: Corpus, column: str) -> Iterator[list[int]]:
    """Give the positions of articles that have a value in common."""
    cursor = corpus.database.cursor().execute(
        f"SELECT list(position ORDER BY position) FROM chosen GROUP BY {column} HAVING count(*) > 1"
    )
    while rows := cursor.fetchmany(10_000):
        yield from (positions for (positions,) in rows)


def _times(corpus: Corpus) -> dict[int, datetime]:
    rows = corpus.database.execute(
        "SELECT position, coalesce(instant, fetched_at) AS time FROM chosen WHERE time IS NOT NULL"
    )
    return dict(rows.fetchall())


def _count(corpus: Corpus) -> int:
    row = corpus.database.execute("SELECT count(*) FROM chosen").fetchone()
    return row[0] if row else 0


@dataclass(slots=True)
class _Passed:
    """An article that has passed by, as long as it can have copies."""

    member: Member
    text_hash: str
    shingles: "NDArray[np.uint32]"
    keys: list[int]
    time: datetime | None
    family: "_Family"


@dataclass(slots=True)
class _Family:
    """A cluster of articles that have passed by."""

    id: str
    original: _Passed | None = None
    agencies: Counter[str] = field(default_factory=Counter)


class WindowLinker:
    """Links articles as they pass by to those of the last days: what a job that never ends can afford.

    Memory grows with the articles in the window alone, by some 5 kB each. What was said of an article stays said: where an
    earlier print comes later, it is marked as the original, and the lines before are as they were.
    """

    def __init__(self, window: timedelta) -> None:
        """Begin.

        Args:
            window: how long before the newest an article may have been fetched to be compared with.

        """
        self._window = window
        self._passed: deque[_Passed] = deque()
        self._bands: dict[tuple[int, int], list[_Passed]] = {}
        self._newest: datetime | None = None

    def link(self, articles: Sequence[Article]) -> list[Article]:
        """Mark articles with the cluster that they belong to; each has one, for copies may follow.

        Args:
            articles: some at a time, in the order in which they come; to sketch many at once is faster.

        """
        if not articles:
            return []
        sketches = Sketches([article.text for article in articles])
        found = []
        for index, article in enumerate(articles):
            keys = sketches.keys[index].tolist()
            found.append(self._link(article, keys, sketches.of(index)))
        return found

    def _link(self, article: Article, keys: list[int], shingles: "NDArray[np.uint32]") -> Article:
        member = member_of(article)
        # Articles pass by in the order in which they were fetched; a printed date may lie years ahead by mistake.
        time = member.fetched or member.published or self._newest
        self._forget(time)
        known = self._most_alike(keys, shingles, article.text_hash, time)
        # By the text too: a later version may have become another text, with copies of its own.
        family = (
            known.family
            if known
            else _Family(cluster_id(member.source, member.identity, article.text_hash))
        )
        passed = _Passed(member, article.text_hash, shingles, keys, time, family)
        family.agencies.update(set(member.agencies))
        agency = min(family.agencies, key=lambda a: (-family.agencies[a], a), default=None)
        if family.original is None or member.rank(agency) < family.original.member.rank(agency):
            family.original = passed
        self._keep(passed)
        share = similarity(family.original.shingles, shingles)
        is_original = family.original.member.key == member.key
        return replace(
            article,
            cluster=Cluster(
                id=family.id, role=role_of(share, is_original=is_original), agency=agency,
                similarity=round(share, DIGITS), original=family.original.member.id,
            ),
        )  # fmt: skip

    def _most_alike(
        self, keys: list[int], shingles: "NDArray[np.uint32]", text_hash: str, time: datetime | None
    ) -> _Passed | None:
        candidates = {
            id(passed): passed for key in enumerate(keys) for passed in self._bands.get(key, ())
        }
        best, most = None, SIMILAR
        for passed in candidates.values():
            if time and passed.time and abs(time - passed.time) > self._window:
                continue
            share = 1.0 if passed.text_hash == text_hash else similarity(passed.shingles, shingles)
            if share > most or (share == most and best is None):
                best, most = passed, share
            if most == 1.0:
                break
        return best

    def _keep(self, passed: _Passed) -> None:
        self._passed.append(passed)
        for key in enumerate(passed.keys):
            known = self._bands.setdefault(key, [])
            if len(known) >= MAX_ALIKE:
                # The first stays, and the newest.
                known.pop(1)
            known.append(passed)

    def _forget(self, time: datetime | None) -> None:
        """Let go of what no article that comes can be a copy of."""
        if time and (self._newest is None or time > self._newest):
            self._newest = time
        while self._passed and self._newest:
            first = self._passed[0]
            if first.time is None or self._newest - first.time <= self._window:
                break
            self._passed.popleft()
            for key in enumerate(first.keys):
                kept = [passed for passed in self._bands.get(key, ()) if passed is not first]
                if kept:
                    self._bands[key] = kept
                else:
                    self._bands.pop(key, None)


def member_of(article: Article) -> Member:
    """Give what is known of an article, for its place in a cluster."""
    reading = read_date(article.date_published) if article.date_published else None
    return Member(
        number=0, identity=identity_of(article), id=str(article.id), source=(article.source or "").lower() or None,
        publisher=article.publisher.name,
        published=latest(reading.instant if reading else None, article.date_published), fetched=article.fetched_at,
        agencies=tuple(agency.id for agency in article.agencies),
    )  # fmt: skip
