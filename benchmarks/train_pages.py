"""Train the page model: ``python -m benchmarks.train_pages FOLDER [--write]``.

It tells pages that are no articles. Prints, cross-validated by publisher, how many pages of each kind
are refused; ``--write`` trains on all pages and writes ``newscrawl/reference/models/pages.json``.
"""

from collections import defaultdict
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks import train_lines
from benchmarks.evalset import FOLDS, fold_of, read_pages, training_options
from benchmarks.folds import line_model_without
from benchmarks.forests import Trained, join, train, write
from newscrawl.items import Page, Rejected
from newscrawl.quality import FIGURES, MODEL, REFUSED, figures
from newscrawl.stages import draft_of

DATASETS: Final = ("aeb", "fundus_eval", "fundus", "wcxb", "trafilatura", "htmldate", "wcxb_other")
SURE: Final = ("aeb", "fundus_eval", "fundus", "wcxb", "wcxb_other")
"""Sets whose pages are known to be articles or known to be none; nearly all pages of the others are
articles, but nobody has said so, and they do not count in the sums."""
ROUNDS: Final = 300
SETTINGS: Final[dict[str, Any]] = {
    "objective": "binary", "learning_rate": 0.04, "num_leaves": 12, "max_depth": 6,
    "min_data_in_leaf": 15, "feature_fraction": 0.15, "bagging_fraction": 0.8, "bagging_freq": 1,
    "lambda_l2": 10.0, "seed": 1, "num_threads": 2, "deterministic": True, "force_row_wise": True,
    "verbose": -1,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sample:
    """One page's figures, and whether it is no article."""

    truth: dict[str, Any]
    row: list[float]
    is_other: bool


def main() -> None:
    """Cross-validate, and write the model if asked."""
    options = training_options(__doc__)
    samples = samples_of(options.folder)
    print(f"{len(samples)} pages, {sum(s.is_other for s in samples)} no articles")
    report(samples, cross_validate(samples))
    if options.write:
        write(MODEL, fit(samples), FIGURES)


def samples_of(folder: Path) -> list[Sample]:
    """Read all pages, each with a line model that has seen no page of its publisher.

    The line model's scores are among the figures, and on pages it was trained on they are too good.
    """
    pages = list(read_pages(folder, list(DATASETS)))
    lines = train_lines.samples_of(folder)
    found: list[Sample] = []
    for fold in range(FOLDS):
        with line_model_without(lines, fold), Pool(2) as pool:
            some = [item for item in pages if fold_of(item[1]) == fold]
            found += [s for s in pool.imap(prepare, some, chunksize=4) if s]
    return found


def prepare(item: tuple[dict[str, Any], dict[str, Any]]) -> Sample | None:
    """Take one page through all stages but the last."""
    page, truth = item
    draft = draft_of(Page(body=page["html"], url=page["url"]))
    if isinstance(draft, Rejected):
        return None
    return Sample(truth=truth, row=figures(draft), is_other=truth["dataset"] == "wcxb_other")


def fit(samples: list[Sample]) -> Trained:
    """Train on some pages."""
    table = np.array([s.row for s in samples], dtype=np.float32)
    labels = np.array([s.is_other for s in samples], dtype=np.int8)
    return join([train(table, labels, np.ones(len(labels)), ROUNDS, SETTINGS)], [1.0])


def cross_validate(samples: list[Sample]) -> list[float]:
    """Give each page's score from a model that has seen no page of its publisher."""
    folds = [fold_of(s.truth) for s in samples]
    found = [0.0] * len(samples)
    for fold in range(FOLDS):
        model = fit([s for s, f in zip(samples, folds, strict=True) if f != fold])
        mine = [i for i, f in enumerate(folds) if f == fold]
        for i, score in zip(mine, model.scores([samples[i].row for i in mine]), strict=True):
            found[i] = float(score)
    return found


def report(samples: list[Sample], scores: list[float]) -> None:
    """Print the share refused of each kind, at the limit in use and around it."""
    for limit in (0.5, REFUSED, 0.6, 0.7, 0.8):
        ends: dict[str, list[bool]] = defaultdict(list)
        for sample, score in zip(samples, scores, strict=True):
            dataset = sample.truth["dataset"]
            name = sample.truth["kind"] if sample.is_other else dataset
            ends[name].append(score >= limit)
            if sample.is_other or dataset in SURE:
                ends["= others" if sample.is_other else "= articles"].append(score >= limit)
        shares = (f"{name} {np.mean(values):.3f}" for name, values in sorted(ends.items()))
        print(f"refused from {limit}: {', '.join(shares)}", flush=True)


if __name__ == "__main__":
    main()
