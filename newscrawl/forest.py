"""Score rows of figures with a forest of decision trees, and say which figures decided.

The trees are data (`reference/models/*.json`), trained by `benchmarks/train_*.py`. All values in
them are whole thousandths, so that a sum is the same on every machine.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from newscrawl.errors import DataError
from newscrawl.reference import ROOT

FOLDER = ROOT / "models"
"""Where models are read from; the benchmarks put others in their place."""
Rows = NDArray[Any] | list[list[float]]
UNIT: Final = 1000
"""Parts of a log-odds that a leaf's value is counted in."""
MODEL_VERSION: Final = 1


class ForestFile(msgspec.Struct, forbid_unknown_fields=True):
    """A forest as it is stored: nodes of all trees in one list each, leaves last."""

    version: int
    made_by: str
    features: list[str]
    roots: list[int]
    feature: list[int]
    threshold: list[float]
    left: list[int]
    right: list[int]
    value: list[int]
    depth: int


@dataclass(frozen=True, eq=False)
class Forest:
    """Trees that can be walked for many rows at once."""

    features: tuple[str, ...]
    roots: NDArray[Any]
    feature: NDArray[Any]
    threshold: NDArray[Any]
    left: NDArray[Any]
    """Left child of each node, with the right one behind it; a leaf is its own."""
    value: NDArray[Any]
    depth: int

    def scores(self, rows: Rows) -> list[float]:
        """Give each row's probability, 0 to 1."""
        if not len(rows):
            return []
        *_, nodes = self._walk(_table(rows))
        odds = self.value.take(nodes).reshape(len(rows), -1).sum(axis=1) / UNIT
        scores: list[float] = np.round(1.0 / (1.0 + np.exp(-odds)), 4).tolist()
        return scores

    def reasons(self, rows: Rows, count: int = 3) -> list[tuple[tuple[str, float], ...]]:
        """Give the figures that lowered each row's score most, with their values.

        A figure's share is the sum of the steps in expected score at the splits that ask for it.
        """
        if not len(rows):
            return []
        table = _table(rows)
        width = len(self.features)
        shares = np.zeros(len(rows) * width)
        at = np.repeat(np.arange(len(rows)) * width, len(self.roots))
        for nodes, followers in pairwise(self._walk(table)):
            # Where a leaf is reached, node and follower are one, and the step is nothing.
            change = self.value[followers] - self.value[nodes]
            shares += np.bincount(self.feature[nodes] + at, change, len(shares))
        by_row = shares.reshape(len(rows), width)
        worst = np.argsort(by_row, axis=1, kind="stable")[:, :count]
        return [
            tuple((self.features[i], float(row[i])) for i in order if share[i] < 0)
            for row, share, order in zip(table, by_row, worst, strict=True)
        ]

    def _walk(self, table: NDArray[Any]) -> Iterator[NDArray[Any]]:
        """Give the nodes that each row stands on in each tree, row by row, level by level."""
        starts = np.repeat(np.arange(len(table)) * table.shape[1], len(self.roots))
        values = table.ravel()
        nodes = np.tile(self.roots, len(table))
        yield nodes
        for _ in range(self.depth):
            at = self.feature.take(nodes)
            at += starts
            goes_right = values.take(at) > self.threshold.take(nodes)
            nodes = self.left.take(nodes)
            nodes += goes_right
            yield nodes


def _table(rows: Rows) -> NDArray[Any]:
    return np.ascontiguousarray(rows, dtype=np.float32)


@cache
def load_forest(name: str) -> Forest:
    """Read ``reference/models/<name>.json``.

    Raises:
        DataError: the file is not a forest of this version.

    """
    path = FOLDER / f"{name}.json"
    try:
        stored = msgspec.json.decode(path.read_bytes(), type=ForestFile)
    except (OSError, msgspec.MsgspecError) as error:
        raise DataError(f"model {name}: {error}") from error
    if stored.version != MODEL_VERSION:
        raise DataError(f"model {name}: version {stored.version}, expected {MODEL_VERSION}")
    order = _siblings_together(stored)
    at = {old: new for new, old in enumerate(order)}
    left = np.array([at[stored.left[node]] for node in order], dtype=np.intp)
    threshold = np.array([stored.threshold[node] for node in order], dtype=np.float32)
    # No value is beyond it, so that a leaf is never left.
    threshold[left == np.arange(len(left))] = np.inf
    return Forest(
        features=tuple(stored.features),
        roots=np.array([at[root] for root in stored.roots], dtype=np.intp),
        feature=np.array([stored.feature[node] for node in order], dtype=np.intp),
        threshold=threshold,
        left=left,
        value=np.array([stored.value[node] for node in order], dtype=np.int64),
        depth=stored.depth,
    )


def _siblings_together(stored: ForestFile) -> list[int]:
    """Give all nodes in an order in which right children stand behind left ones.

    So that the next node is one look-up and an addition.
    """
    order = [*stored.roots]
    for node in order:
        if stored.left[node] != node:
            order += [stored.left[node], stored.right[node]]
    return order
