"""Forests score as their trees say, and broken files are named."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from newscrawl import forest
from newscrawl.errors import DataError
from newscrawl.extraction.evidence import FIRST_LOOK, SECOND_LOOK
from newscrawl.forest import load_forest
from newscrawl.quality import FIGURES
from newscrawl.reference import ROOT

# Two trees: size > 10 ? +2 : -2, and links > 0.5 ? -1 : (size > 100 ? 1 : 0).
STORED: dict[str, Any] = {
    "version": 1, "made_by": "hand", "features": ["size", "links"], "roots": [0, 3],
    "feature": [0, 0, 0, 1, 0, 0, 0, 0], "threshold": [10, 0, 0, 0.5, 100, 0, 0, 0],
    "left": [1, 1, 2, 4, 5, 5, 6, 7], "right": [2, 1, 2, 7, 6, 5, 6, 7],
    "value": [0, -2000, 2000, 0, 200, 0, 1000, -1000], "depth": 2,
}  # fmt: skip


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(forest, "FOLDER", tmp_path)
    load_forest.cache_clear()
    yield tmp_path
    load_forest.cache_clear()


def test_scores_are_the_sums_of_the_leaves(models: Path) -> None:
    (models / "lines.json").write_text(json.dumps(STORED))
    found = load_forest("lines").scores([[200, 0.1], [5, 0.9], [50, 0.1]])

    assert found == pytest.approx([0.9526, 0.0474, 0.8808], abs=1e-4)


def test_reasons_name_what_lowered_the_score(models: Path) -> None:
    (models / "lines.json").write_text(json.dumps(STORED))

    assert load_forest("lines").reasons([[5, 0.9], [200, 0.1]]) == [
        (("size", 5), ("links", pytest.approx(0.9))),
        (),
    ]


def test_no_rows_give_no_scores() -> None:
    assert load_forest("lines").scores([]) == []


@pytest.mark.parametrize(
    "text", ["", "{}", "[1]", json.dumps(STORED | {"version": 2}), json.dumps(STORED | {"more": 1})]
)
def test_a_file_that_is_no_forest_is_named(models: Path, text: str) -> None:
    (models / "lines.json").write_text(text)

    with pytest.raises(DataError, match="model lines"):
        load_forest("lines")


def test_a_missing_file_is_named(models: Path) -> None:
    with pytest.raises(DataError, match="model pages"):
        load_forest("pages")


@pytest.mark.parametrize(
    ("name", "features"), [("lines", FIRST_LOOK), ("lines_told", SECOND_LOOK), ("pages", FIGURES)]
)
def test_shipped_models_are_small_and_fit_the_code(name: str, features: tuple[str, ...]) -> None:
    path = ROOT / "models" / f"{name}.json"

    assert len(path.read_bytes()) < 1_000_000
    assert load_forest(name).features == features
