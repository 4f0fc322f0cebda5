"""Train the line model: ``python -m benchmarks.train_lines FOLDER [--write]``.

Prints, cross-validated by publisher, what the model gains over trafilatura's own choice and over
the rules without a model; with ``--write`` then trains on all pages and writes
``newscrawl/reference/models/lines.json``. Needs LightGBM, of the dependency group ``dev``; with the
same versions and pages the same file comes out.
"""

from collections import defaultdict
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path
from statistics import fmean
from typing import Any, Final

import numpy as np

from benchmarks import scoring
from benchmarks.evalset import FOLDS, fold_of, read_pages, training_options
from benchmarks.forests import Trained, join, train, write
from benchmarks.labels import label
from newscrawl.extraction import choose_title_text
from newscrawl.extraction.body import told_lines
from newscrawl.extraction.choice import KEPT, MODEL, gather_evidence
from newscrawl.extraction.document import Document, parse_document
from newscrawl.extraction.evidence import FEATURES, FROM_TRAFILATURA
from newscrawl.items import Page

DATASETS: Final = ("aeb", "fundus_eval", "fundus", "wcxb", "trafilatura")
MAX_WORDS: Final = 100
"""Words above which a segment weighs no more."""
ROUNDS: Final = 130
SHARES: Final = (0.65, 0.35)
"""Weight of the trees that see trafilatura's choice, and of those that do not: best of 0.5, 0.65, 0.8.
The second half keeps the model from following the first where trafilatura errs."""
SETTINGS: Final[dict[str, Any]] = {
    "objective": "binary", "learning_rate": 0.12, "num_leaves": 31, "max_depth": 8,
    "min_data_in_leaf": 60, "feature_fraction": 0.35, "bagging_fraction": 0.8, "bagging_freq": 1,
    "lambda_l2": 5.0, "seed": 1, "num_threads": 2, "deterministic": True, "force_row_wise": True,
    "verbose": -1,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sample:
    """One page: figures of its candidates, labels, weights, texts."""

    truth: dict[str, Any]
    rows: list[list[float]]
    labels: list[int]
    weights: list[float]
    texts: list[str]
    told: tuple[str, ...]


def main() -> None:
    """Cross-validate, and write the model if asked."""
    options = training_options(__doc__)
    samples = samples_of(options.folder)
    print(f"{len(samples)} pages, {sum(map(len, (s.rows for s in samples)))} candidates")
    report("trafilatura", samples, [list(s.told) for s in samples])
    kept = cross_validate(samples)
    report("model, cross-validated", samples, kept)
    if options.write:
        write(MODEL, fit(samples), FEATURES)


def samples_of(folder: Path) -> list[Sample]:
    """Read all pages."""
    pages = read_pages(folder, list(DATASETS))
    with Pool(2) as pool:
        return [s for s in pool.imap(prepare, pages, chunksize=4) if s]


def prepare(item: tuple[dict[str, Any], dict[str, Any]]) -> Sample | None:
    """Read one page."""
    page, truth = item
    document = parse_document(Page(body=page["html"], url=page["url"]))
    if not isinstance(document, Document):
        return None
    told = told_lines(document.tree, page["url"], fast=True)
    evidence = gather_evidence(document, told, choose_title_text(document))
    labelled = label(list(evidence.segments), truth)
    if labelled is None:
        return None
    at = evidence.candidates
    return Sample(
        truth=truth, rows=evidence.rows(), labels=[labelled[0][i] for i in at],
        weights=[labelled[1][i] for i in at], texts=[evidence.segments[i].text for i in at],
        told=told,
    )  # fmt: skip


def fit(samples: list[Sample]) -> Trained:
    """Train both halves and join them."""
    table = np.array([row for s in samples for row in s.rows], dtype=np.float32)
    labels = np.array([y for s in samples for y in s.labels])
    weights = np.concatenate([_weights(s) for s in samples])
    whole = train(table, labels, weights, ROUNDS, SETTINGS)
    blind = table.copy()
    blind[:, list(FROM_TRAFILATURA)] = 0.0
    return join([whole, train(blind, labels, weights, ROUNDS, SETTINGS)], SHARES)


def _weights(sample: Sample) -> Any:
    """Weigh a candidate by its words, and long pages less than their length."""
    sizes = np.array([len(scoring.words(text)) for text in sample.texts])
    raw = np.array(sample.weights) * np.sqrt(np.clip(sizes, 1, MAX_WORDS))
    return raw / np.sqrt(raw.sum() + 1)


def cross_validate(samples: list[Sample]) -> list[list[str]]:
    """Give the texts kept on each page by a model that has seen no page of its publisher."""
    folds = [fold_of(s.truth) for s in samples]
    kept: list[list[str]] = [[] for _ in samples]
    for fold in range(FOLDS):
        model = fit([s for s, f in zip(samples, folds, strict=True) if f != fold])
        for number, sample in enumerate(samples):
            if folds[number] == fold and sample.rows:
                scores = model.scores(sample.rows)
                kept[number] = [t for t, p in zip(sample.texts, scores, strict=True) if p >= KEPT]
    return kept


def report(name: str, samples: list[Sample], kept: list[list[str]]) -> None:
    """Print the scores of one choice on each data set."""
    by_set: dict[str, list[tuple[dict[str, Any], str]]] = defaultdict(list)
    for sample, texts in zip(samples, kept, strict=True):
        by_set[sample.truth["dataset"]].append((sample.truth, "\n".join(texts)))
    cells = []
    for dataset, pairs in by_set.items():
        if dataset == "trafilatura":
            value = scoring.segments_f1([scoring.segment_counts(t, text) for t, text in pairs])
            cells.append(f"segments F1 {value:.4f}")
            continue
        counted = [scoring.body_counts(t, text) for t, text in pairs]
        exact = fmean(same for _, same in counted)
        cells.append(
            f"{dataset} F1 {scoring.corpus_f1([c for c, _ in counted])[2]:.4f} exact {exact:.3f}"
        )
        if dataset == "fundus_eval":
            cells.append(f"ROUGE {fmean(scoring.rouge_lsum(t, text) for t, text in pairs):.4f}")
    print(f"{name}: {'; '.join(cells)}", flush=True)


if __name__ == "__main__":
    main()
