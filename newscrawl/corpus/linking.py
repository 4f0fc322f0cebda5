"""Clusters of articles that are one text: which is the original, which are copies, and whose agency copy it is.

Nothing is deleted: an article gets a `Cluster` that says what it is among the others.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise

from newscrawl.corpus.clusters import Groups, TextStore, join_similar
from newscrawl.corpus.database import Corpus
from newscrawl.corpus.members import DIGITS, LAST, Member, agency_of, cluster_id, latest, role_of
from newscrawl.corpus.records import read_texts
from newscrawl.items import Article, Cluster


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
