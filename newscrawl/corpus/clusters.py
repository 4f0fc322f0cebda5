"""Which texts are one text: candidates by MinHash, compared exactly, and joined to clusters.

What is large is on the disk: 8 bytes a word for the shingles, 160 bytes a text for the keys of its bands, of which one
band is read at a time.
"""

import os
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from newscrawl.corpus.shingles import BANDS, Sketches, as_set, similarity
from newscrawl.crew import Crew

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIMILAR: Final = 0.75
"""Jaccard similarity from which two texts are one: a paragraph in six may differ."""
AT_ONCE: Final = 500
"""Texts that are sketched at a time, if they are not long."""
MANY_CHARS: Final = 4_000_000
"""Characters that are sketched at a time."""
MAX_COMPARED: Final = 50
"""Texts of one band value that differ from each other and are still compared with each new one; so many are alike in a
band only where a template fills most of the text."""
KEPT_SETS: Final = 4_000
"""Sets of shingles that are kept in memory, 3 kB each."""
SHINGLE_BYTES: Final = 8
FEW: Final = 6
"""Batches that are not worth a process."""
PROCESSES: Final = os.cpu_count() or 1
AHEAD: Final = 2 * PROCESSES
"""Batches that are on their way, so that no process waits for us."""
Batch = tuple[list[int], list[str]]
Pair = Callable[[int, int], bool]


class Groups:
    """Disjoint sets of numbers; the smallest of a set stands for it."""

    def __init__(self) -> None:
        self._parents: dict[int, int] = {}

    def find(self, number: int) -> int:
        """Give the number that stands for the set."""
        root = number
        while (parent := self._parents.get(root, root)) != root:
            root = parent
        while number != root:
            self._parents[number], number = root, self._parents[number]
        return root

    def join(self, a: int, b: int) -> None:
        """Make one set of two."""
        a, b = sorted((self.find(a), self.find(b)))
        if a != b:
            self._parents[b] = a
            self._parents.setdefault(a, a)

    def sets(self) -> list[list[int]]:
        """Give the sets that have more than one member, in order."""
        found: dict[int, list[int]] = {}
        for number in sorted(self._parents):
            found.setdefault(self.find(number), []).append(number)
        return [members for members in found.values() if len(members) > 1]


class TextStore:
    """Shingles of many texts on the disk, by number."""

    def __init__(self, folder: Path, size: int) -> None:
        """Make an empty one.

        Args:
            folder: where its files go.
            size: one more than the highest number of a text.

        """
        self._folder = folder
        self._numbers = array("q")
        self._starts = np.zeros(size, dtype=np.int64)
        self._counts = np.zeros(size, dtype=np.int32)
        self._file = (folder / "shingles").open("w+b")
        self._cached = lru_cache(KEPT_SETS)(self._read)

    def fill(self, texts: Iterable[tuple[int, str]]) -> None:
        """Sketch texts and store them."""
        end = 0
        with ExitStack() as stack:
            bands = [stack.enter_context(self._band(band).open("wb")) for band in range(BANDS)]
            for numbers, sketches in _sketched(_batched(texts)):
                self._numbers.extend(numbers)
                self._starts[numbers] = sketches.starts[:-1] + end
                self._counts[numbers] = sketches.counts
                end += len(sketches.shingles)
                sketches.shingles.tofile(self._file)
                for band, file in enumerate(bands):
                    file.write(sketches.keys[:, band].tobytes())
        self._file.flush()

    def similarity(self, a: int, b: int) -> float:
        """Compare two texts."""
        return 1.0 if a == b else similarity(self._cached(a), self._cached(b))

    def candidates(self) -> Iterator[list[int]]:
        """Give the numbers of texts that have a band in common, band by band."""
        numbers = np.array(self._numbers, dtype=np.int64)
        for band in range(BANDS):
            keys = np.fromfile(self._band(band), dtype=np.uint64)
            order = np.lexsort((numbers, keys))
            edges = np.flatnonzero(np.diff(keys[order])) + 1
            starts = np.concatenate(([0], edges))
            ends = np.concatenate((edges, [len(keys)]))
            is_shared = ends - starts > 1
            for start, end in zip(starts[is_shared], ends[is_shared], strict=True):
                yield numbers[order[start:end]].tolist()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _band(self, band: int) -> Path:
        return self._folder / f"band-{band}"

    def _read(self, number: int) -> "NDArray[np.uint32]":
        self._file.seek(int(self._starts[number]) * SHINGLE_BYTES)
        return as_set(np.fromfile(self._file, dtype=np.uint64, count=int(self._counts[number])))


def join_similar(store: TextStore, groups: Groups, may_join: Pair = lambda *_: True) -> None:
    """Join the texts that are similar.

    Args:
        store: the texts.
        groups: what is joined already, such as texts that are equal.
        may_join: whether two texts may be one at all.

    """

    def is_same(a: int, b: int) -> bool:
        return may_join(a, b) and store.similarity(a, b) >= SIMILAR

    for members in store.candidates():
        compared: list[int] = []
        for number in members:
            for known in compared:
                if groups.find(known) != groups.find(number) and is_same(known, number):
                    groups.join(known, number)
                    break
            if len(compared) < MAX_COMPARED:
                compared.append(number)


def _batched(texts: Iterable[tuple[int, str]]) -> Iterator[Batch]:
    numbers, batch, size = list[int](), list[str](), 0
    for number, text in texts:
        numbers.append(number)
        batch.append(text)
        size += len(text)
        if len(batch) >= AT_ONCE or size >= MANY_CHARS:
            yield numbers, batch
            numbers, batch, size = [], [], 0
    if batch:
        yield numbers, batch


def _sketched(batches: Iterator[Batch]) -> Iterator[tuple[list[int], Sketches]]:
    """Sketch batches, in their order; the first few here, more in processes, which take a second to start."""
    for numbers, texts in islice(batches, FEW):
        yield numbers, Sketches(texts)
    first = next(batches, None)
    if first is None:
        return
    waiting: deque[tuple[list[int], Future[Sketches]]] = deque()
    with Crew(PROCESSES) as crew:
        for numbers, texts in chain((first,), batches):
            waiting.append((numbers, crew.submit(Sketches, texts)))
            if len(waiting) > AHEAD:
                yield _first(waiting)
        while waiting:
            yield _first(waiting)


def _first(waiting: "deque[tuple[list[int], Future[Sketches]]]") -> tuple[list[int], Sketches]:
    numbers, sketches = waiting.popleft()
    return numbers, sketches.result()
