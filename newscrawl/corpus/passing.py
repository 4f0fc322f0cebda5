"""Articles linked as they pass by, to those of the last days."""

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from newscrawl.corpus.clusters import SIMILAR
from newscrawl.corpus.members import DIGITS, Member, cluster_id, leading, member_of, role_of
from newscrawl.corpus.shingles import Sketches, similarity
from newscrawl.items import Article, Cluster

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_ALIKE: Final = 12
"""Articles that passed by and are remembered under one band value; more are prints of one text, or filled from one template."""


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
        agency = leading(family.agencies)
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
