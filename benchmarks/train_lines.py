"""Train the line models: ``python -m benchmarks.train_lines FOLDER [--write]``.

Prints, cross-validated by publisher, what each model and both together gain over trafilatura's own
choice; with ``--write`` then trains on all pages and writes ``newscrawl/reference/models/lines.json``
and ``lines_told.json``. Needs LightGBM, of the dependency group ``dev``; with the same versions and
pages the same files come out.
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
from benchmarks.forests import FOLDER, Trained, join, train, write
from benchmarks.labels import label
from newscrawl.extraction import choose_title_text
from newscrawl.extraction.body import told_lines
from newscrawl.extraction.choice import (
    FIRST_MODEL,
    KEPT,
    SECOND_MODEL,
    SURE,
    expected_f1,
    gather_evidence,
)
from newscrawl.extraction.document import Document, parse_document
from newscrawl.extraction.evidence import FIRST_LOOK, SECOND_LOOK, Evidence
from newscrawl.items import Page

DATASETS: Final = ("aeb", "fundus_eval", "fundus", "wcxb", "trafilatura")
MAX_WORDS: Final = 100
"""Words above which a segment weighs no more."""
ROUNDS: Final = {FIRST_MODEL: 260, SECOND_MODEL: 130}
RATES: Final = {FIRST_MODEL: 0.06, SECOND_MODEL: 0.12}
"""Learning rates; the first model decides alone, and more and smaller steps gain it what they cost."""
SHARES: Final = (0.65, 0.35)
"""Weight of the trees that see trafilatura's choice, and of those that do not: best of 0.5, 0.65, 0.8.
The second half keeps the model from following the first where trafilatura errs."""
SETTINGS: Final[dict[str, Any]] = {
    "objective": "binary", "num_leaves": 31, "max_depth": 8,
    "min_data_in_leaf": 60, "feature_fraction": 0.35, "bagging_fraction": 0.8, "bagging_freq": 1,
    "lambda_l2": 5.0, "seed": 1, "num_threads": 2, "deterministic": True, "force_row_wise": True,
    "verbose": -1,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a page gives: figures of its candidates, labels, weights, texts, sizes."""

    table: Any
    labels: list[int]
    weights: list[float]
    texts: list[str]
    sizes: list[float]


@dataclass(frozen=True, slots=True)
class Sample:
    """One page, as each model sees it."""

    truth: dict[str, Any]
    looks: dict[str, Look]
    told: tuple[str, ...]


Choice = tuple[list[str], float]
"""The texts kept on a page, and the expected F1 of that."""


def main() -> None:
    """Cross-validate, and write the models if asked."""
    options = training_options(__doc__)
    samples = samples_of(options.folder)
    candidates = sum(len(sample.looks[FIRST_MODEL].table) for sample in samples)
    print(f"{len(samples)} pages, {candidates} candidates")
    report("trafilatura", samples, [list(s.told) for s in samples])
    first, second = (cross_validate(samples, name) for name in (FIRST_MODEL, SECOND_MODEL))
    report("first look, cross-validated", samples, [texts for texts, _ in first])
    report("second look, cross-validated", samples, [texts for texts, _ in second])
    for sure in (0.85, SURE, 0.96):
        both = [f if f[1] >= sure else s for f, s in zip(first, second, strict=True)]
        asked = fmean(expected < sure for _, expected in first)
        name = f"second look under {sure:g} ({asked:.1%} of the pages)"
        report(name, samples, [texts for texts, _ in both])
    if options.write:
        write_models(samples)


def write_models(samples: list[Sample], folder: Path = FOLDER) -> None:
    """Train both models and write them."""
    write(FIRST_MODEL, fit(samples, FIRST_MODEL), FIRST_LOOK, folder)
    write(SECOND_MODEL, fit(samples, SECOND_MODEL), SECOND_LOOK, folder)


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
    told = told_lines(document.tree, page["url"])
    title = choose_title_text(document)
    evidence = gather_evidence(document, title)
    first = _look(evidence, truth)
    # A page of which trafilatura tells nothing never gets a second look.
    second = _look(evidence.with_told(told), truth) if told else None
    if first is None:
        return None
    looks = {FIRST_MODEL: first} | ({SECOND_MODEL: second} if second else {})
    return Sample(truth=truth, looks=looks, told=told)


def _look(evidence: Evidence, truth: dict[str, Any]) -> Look | None:
    labelled = label(list(evidence.segments), truth)
    if labelled is None:
        return None
    at = evidence.candidates
    return Look(
        table=evidence.table(), labels=[labelled[0][i] for i in at],
        weights=[labelled[1][i] for i in at], texts=[evidence.segments[i].text for i in at],
        sizes=[evidence.sizes[i] for i in at],
    )  # fmt: skip


def fit(samples: list[Sample], name: str) -> Trained:
    """Train a model; the second of two halves, one of which does not see trafilatura's choice."""
    looks = [sample.looks[name] for sample in samples if name in sample.looks]
    table = np.concatenate([look.table for look in looks])
    labels = np.array([y for look in looks for y in look.labels])
    weights = np.concatenate([_weights(look) for look in looks])
    settings = SETTINGS | {"learning_rate": RATES[name]}
    whole = train(table, labels, weights, ROUNDS[name], settings)
    if name == FIRST_MODEL:
        return join([whole], (1.0,))
    blind = table.copy()
    blind[:, len(FIRST_LOOK) :] = 0.0
    return join([whole, train(blind, labels, weights, ROUNDS[name], settings)], SHARES)


def _weights(look: Look) -> Any:
    """Weigh a candidate by its words, and long pages less than their length."""
    sizes = np.array([len(scoring.words(text)) for text in look.texts])
    raw = np.array(look.weights) * np.sqrt(np.clip(sizes, 1, MAX_WORDS))
    return raw / np.sqrt(raw.sum() + 1)


def cross_validate(samples: list[Sample], name: str) -> list[Choice]:
    """Give what is kept on each page by a model that has seen no page of its publisher."""
    folds = [fold_of(s.truth) for s in samples]
    chosen: list[Choice] = [([], 0.0)] * len(samples)
    for fold in range(FOLDS):
        model = fit([s for s, f in zip(samples, folds, strict=True) if f != fold], name)
        for number, sample in enumerate(samples):
            look = sample.looks.get(name)
            if folds[number] == fold and look is not None and len(look.table):
                chosen[number] = _chosen(look, model.scores(look.table).tolist())
    return chosen


def _chosen(look: Look, scores: list[float]) -> Choice:
    kept = {number for number, score in enumerate(scores) if score >= KEPT}
    texts = [text for number, text in enumerate(look.texts) if number in kept]
    return texts, expected_f1(kept, scores, look.sizes)


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
