"""Counts in memory that go with a transaction: what is rolled back is taken back."""

from collections import Counter
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Kept(Generic[K]):
    """A counter that forgets what was counted in a transaction that failed.

    >>> counts = Kept[str]()
    >>> counts.add("kept"); counts.committed(); counts.add("lost"); counts.undone(); counts.all
    Counter({'kept': 1})
    """

    def __init__(self) -> None:
        self.all = Counter[K]()
        """All that was counted, that of the present transaction included."""
        self._new = Counter[K]()

    def __getitem__(self, key: K) -> int:
        """Give a count."""
        return self.all[key]

    def add(self, key: K, number: int = 1) -> None:
        """Count."""
        self.all[key] += number
        self._new[key] += number

    def committed(self) -> None:
        """Keep what was counted since the last call."""
        self._new.clear()

    def undone(self) -> None:
        """Take back what was counted since the last commit."""
        for key, number in self._new.items():
            self.all[key] -= number
            if not self.all[key]:
                del self.all[key]
        self._new.clear()
