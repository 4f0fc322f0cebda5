"""Pages with truth, in JSON lines: ``{"id", "url", "html"}`` and ``{"id", "publisher", "paragraphs", …}``.

A folder holds ``truth.jsonl(.gz)`` and one ``NAME.pages.jsonl(.gz)`` a data set. A truth has
``dataset`` and either ``paragraphs`` (with ``optional``: numbers of those that may be missing) or
``with`` and ``without`` (texts that must and must not be in the body), or ``kind`` for pages that are
no articles.
"""

import argparse
import gzip
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

FOLDS: Final = 5
Truth = dict[str, Any]


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Read JSON lines, gzipped or not."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def find(folder: Path, stem: str) -> Path:
    """Find a file of the set, gzipped or not."""
    for suffix in (".jsonl.gz", ".jsonl"):
        if (path := folder / f"{stem}{suffix}").exists():
            return path
    raise SystemExit(f"{folder}: no {stem}.jsonl or {stem}.jsonl.gz")


def read_truths(folder: Path) -> dict[tuple[str, str], Truth]:
    """Read all truths by data set and id: a page may be in several sets."""
    return {(t["dataset"], t["id"]): t for t in read_lines(find(folder, "truth"))}


def read_pages(folder: Path, names: list[str]) -> Iterator[tuple[dict[str, Any], Truth]]:
    """Read the pages of the named data sets, each with its truth."""
    truths = read_truths(folder)
    for name in names:
        for page in read_lines(find(folder, f"{name}.pages")):
            if truth := truths.get((name, page["id"])):
                yield page, truth


def fold_of(truth: Truth) -> int:
    """Give the fold of a page; all pages of a publisher are in one."""
    key = str(truth.get("publisher") or truth["id"])
    return int(hashlib.md5(key.encode(), usedforsecurity=False).hexdigest(), 16) % FOLDS


def training_options(description: str | None) -> argparse.Namespace:
    """Read the options of a script that trains a model."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("folder", type=Path, help="pages and truth in JSON lines")
    parser.add_argument(
        "--write", action="store_true", help="train on all pages and write the model"
    )
    return parser.parse_args()
