"""Train forests with LightGBM, join them, and write them in the form that newscrawl reads."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import lightgbm
import numpy as np

from newscrawl.forest import MODEL_VERSION, UNIT

FOLDER: Final = Path(__file__).parent.parent / "newscrawl" / "reference" / "models"
DIGITS: Final = 6


@dataclass
class Trained:
    """Boosters whose raw scores are added up with their shares."""

    parts: list[tuple[Any, float]]

    def scores(self, rows: Any) -> Any:
        """Give each row's probability."""
        table = np.array(rows, dtype=np.float32)
        raw = sum(share * booster.predict(table, raw_score=True) for booster, share in self.parts)
        return 1.0 / (1.0 + np.exp(-raw))


def train(table: Any, labels: Any, weights: Any, rounds: int, settings: dict[str, Any]) -> Any:
    """Train one booster."""
    return lightgbm.train(settings, lightgbm.Dataset(table, labels, weight=weights), rounds)


def join(boosters: Sequence[Any], shares: Sequence[float]) -> Trained:
    """Join boosters into one."""
    return Trained(list(zip(boosters, shares, strict=True)))


def write(name: str, trained: Trained, features: Sequence[str], folder: Path = FOLDER) -> None:
    """Write a forest as JSON; see `newscrawl.extraction.forest.ForestFile`."""
    nodes: dict[str, list[Any]] = {
        "feature": [],
        "threshold": [],
        "left": [],
        "right": [],
        "value": [],
    }
    roots, depth = [], 0
    for booster, share in trained.parts:
        for tree in booster.dump_model()["tree_info"]:
            root, levels = _add(tree["tree_structure"], share, nodes)
            roots.append(root)
            depth = max(depth, levels)
    stored = {
        "version": MODEL_VERSION,
        "made_by": f"benchmarks.train_{name}, lightgbm {version('lightgbm')}",
        "features": list(features), "roots": roots, **nodes, "depth": depth,
    }  # fmt: skip
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.json"
    lines = (
        f" {json.dumps(key)}: {json.dumps(value, separators=(',', ':'))}"
        for key, value in stored.items()
    )
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    print(f"wrote {path.name}: {path.stat().st_size} bytes, {len(roots)} trees, depth {depth}")


def _add(node: dict[str, Any], share: float, nodes: dict[str, list[Any]]) -> tuple[int, int]:
    """Add a node and what is under it; give its number and the levels under it."""
    number = len(nodes["feature"])
    is_leaf = "leaf_value" in node
    value = node["leaf_value"] if is_leaf else node["internal_value"]
    nodes["feature"].append(0 if is_leaf else node["split_feature"])
    nodes["threshold"].append(0 if is_leaf else _short(node["threshold"]))
    nodes["value"].append(round(share * value * UNIT))
    nodes["left"].append(number)
    nodes["right"].append(number)
    if is_leaf:
        return number, 0
    nodes["left"][number], left = _add(node["left_child"], share, nodes)
    nodes["right"][number], right = _add(node["right_child"], share, nodes)
    return number, 1 + max(left, right)


def _short(threshold: float) -> float:
    return float(f"{threshold:.{DIGITS}g}")
