"""Counts in memory that go with a transaction: written with it, all that came together in one row, or taken back."""

from collections import Counter
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Kept(Generic[K]):
    """A counter that forgets what was counted in a transaction that failed.

    >>> kept = Kept[str]()
    >>> kept.add("stays"); kept.take(); kept.committed(); kept.add("goes"); kept.undone(); kept.all
    Counter({'stays': 1})
    Counter({'stays': 1})
    """

    def __init__(self) -> None:
        self.all = Counter[K]()
        """All that was counted, that of the present transaction included."""
        self._new = Counter[K]()
        self._unwritten = Counter[K]()

    def __getitem__(self, key: K) -> int:
        """Give a count."""
        return self.all[key]

    def add(self, key: K, number: int = 1) -> None:
        """Count."""
        self.all[key] += number
        self._new[key] += number
        self._unwritten[key] += number

    def take(self) -> Counter[K]:
        """Give what was counted since the last call, for the transaction to write."""
        taken, self._unwritten = self._unwritten, Counter()
        return taken

    def committed(self) -> None:
        """Keep what was counted since the last call."""
        self._new.clear()
        self._unwritten.clear()

    def undone(self) -> None:
        """Take back what was counted since the last commit."""
        for key, number in self._new.items():
            self.all[key] -= number
            if not self.all[key]:
                del self.all[key]
        self.committed()
