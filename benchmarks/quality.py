"""Measure main texts and refusals: ``python -m benchmarks.quality FOLDER [--peers …] [--unseen]``.

Reads pages and truth in JSON lines (see `benchmarks.evalset`), runs newscrawl and the peers asked for
in this very run, and prints a table a data set. With ``--unseen`` newscrawl's models are trained anew
for each fold of publishers and clean only the pages of publishers they have not seen. With
``--profile`` the pages of each publisher are also read as one batch.
"""

import argparse
import json
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing import Pool
from pathlib import Path
from statistics import fmean
from typing import Any, Final

from benchmarks import scoring
from benchmarks.evalset import FOLDS, fold_of, read_pages
from benchmarks.peers import PEERS
from newscrawl.forest import load_forest
from newscrawl.items import Article, Page
from newscrawl.quality import FIGURES
from newscrawl.stages import clean

DATASETS: Final = ("aeb", "fundus_eval", "fundus", "trafilatura", "wcxb", "wcxb_other")
WORKERS: Final = 2
NOISE_CAP: Final = 5
"""Extra lines of one page that are counted, so that one gallery does not decide the rate."""


@dataclass
class Answers:
    """What one extractor made of all pages."""

    name: str
    texts: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


def main() -> None:
    """Run, score and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="pages and truth in JSON lines")
    parser.add_argument("--datasets", default=",".join(DATASETS), help="comma-separated")
    parser.add_argument("--peers", default="trafilatura", help=f"of {', '.join(PEERS)}; or none")
    parser.add_argument(
        "--unseen", action="store_true", help="also with models trained on other publishers"
    )
    parser.add_argument(
        "--profile", action="store_true", help="also with a profile of each publisher's pages"
    )
    parser.add_argument(
        "--answers", type=Path, help="also write every extractor's texts to this folder"
    )
    options = parser.parse_args()
    items = list(read_pages(options.folder, options.datasets.split(",")))
    truths = [truth for _, truth in items]
    # A page that is in several sets is read once.
    pages = list({page["id"]: page for page, _ in items}.values())
    every = []
    for found in _run_all(options, items, pages):
        every.append(found)
        if options.answers:
            write_answers(options.answers, found)
    for dataset in dict.fromkeys(truth["dataset"] for truth in truths):
        print_table(dataset, every, [t for t in truths if t["dataset"] == dataset])
    print_cost(every)


def _run_all(
    options: argparse.Namespace,
    items: list[tuple[dict[str, Any], dict[str, Any]]],
    pages: list[dict[str, Any]],
) -> Iterator[Answers]:
    """Run newscrawl in the ways asked for, then the peers."""
    yield answer("newscrawl", pages)
    if options.unseen:
        yield from answer_unseen(options.folder, items, profiled=options.profile)
    if options.profile:
        yield answer_profiled(pages)
    for name in options.peers.split(",") if options.peers != "none" else ():
        yield answer(name, pages)


def answer(name: str, pages: list[dict[str, Any]]) -> Answers:
    """Run one extractor on all pages, in worker processes."""
    found = Answers(name)
    with Pool(WORKERS) as pool:
        for page_id, text, spent in pool.imap(_run, ((name, page) for page in pages), chunksize=8):
            found.texts[page_id], found.seconds[page_id] = text, spent
    return found


def _run(item: tuple[str, dict[str, Any]]) -> tuple[str, str, float]:
    name, page = item
    start = time.process_time()
    try:
        text = newscrawl_text(page) if name == "newscrawl" else PEERS[name](page)
    except Exception as error:  # noqa: BLE001  # a peer's crash is its answer
        print(f"{name} failed on {page['id']}: {error!r}"[:200], file=sys.stderr)
        text = ""
    return page["id"], text, time.process_time() - start


def newscrawl_text(page: dict[str, Any]) -> str:
    """Run newscrawl; a refusal is an empty text."""
    found = clean(Page(body=page["html"], url=page["url"]))
    return found.text if isinstance(found, Article) else ""


def answer_unseen(
    folder: Path, items: list[tuple[dict[str, Any], dict[str, Any]]], *, profiled: bool
) -> list[Answers]:
    """Run newscrawl with models that have seen no page of a page's publisher."""
    from benchmarks import train_lines, train_pages
    from benchmarks.folds import line_model_without
    from benchmarks.forests import write

    found = Answers("newscrawl, unseen publishers")
    with_profiles = Answers("newscrawl, unseen, with profiles")
    pages = {page["id"]: page for page, _ in items}
    fold_by_id = {page["id"]: fold_of(truth) for page, truth in items}
    lines, others = train_lines.samples_of(folder), train_pages.samples_of(folder)
    for fold in range(FOLDS):
        with line_model_without(lines, fold) as scratch:
            model = train_pages.fit([s for s in others if fold_of(s.truth) != fold])
            write("pages", model, FIGURES, scratch)
            load_forest.cache_clear()
            some = [page for key, page in pages.items() if fold_by_id[key] == fold]
            found.texts |= answer("newscrawl", some).texts
            if profiled:
                with_profiles.texts |= answer_profiled(some).texts
    return [found, with_profiles] if profiled else [found]


def write_answers(folder: Path, found: Answers) -> None:
    """Write an extractor's texts as JSON lines, so that a later one's crash costs nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps({"id": i, "text": text}) for i, text in found.texts.items())
    name = re.sub(r"\W+", "-", found.name)
    (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def answer_profiled(pages: list[dict[str, Any]]) -> Answers:
    """Run newscrawl with a profile learnt from the pages of each publisher."""
    from newscrawl.batch import clean_all
    from newscrawl.profiles import learn_profiles

    found = Answers("newscrawl, with profiles")
    batch = [Page(body=page["html"], url=page["url"], id=page["id"]) for page in pages]
    profiles = learn_profiles(batch)
    for outcome in clean_all(batch, profiles=profiles):
        found.texts[str(outcome.id)] = outcome.text if isinstance(outcome, Article) else ""
    return found


def print_table(dataset: str, every: list[Answers], truths: list[dict[str, Any]]) -> None:
    """Print the scores of all extractors on one data set."""
    print(f"\n### {dataset} ({len(truths)} pages)\n")
    rows = [{"extractor": a.name} | dict(_scores(a, truths)) for a in every]
    columns = list(rows[0])
    print(f"| {' | '.join(columns)} |\n|---{'|--:' * (len(columns) - 1)}|")
    for row in rows:
        print(f"| {' | '.join(row.get(column, '') for column in columns)} |")


def _scores(found: Answers, truths: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    texts = [found.texts.get(truth["id"], "") for truth in truths]
    pairs = list(zip(truths, texts, strict=True))
    bodies = [(t, text) for t, text in pairs if t.get("paragraphs")]
    if bodies:
        counted = [scoring.body_counts(t, text) for t, text in bodies]
        p, r, f1 = scoring.corpus_f1([c for c, _ in counted])
        yield from (("F1", f"{f1:.3f}"), ("P", f"{p:.3f}"), ("R", f"{r:.3f}"))
        yield "exact", f"{fmean(same for _, same in counted):.3f}"
        if bodies[0][0]["dataset"] == "fundus_eval":
            yield "ROUGE", f"{fmean(scoring.rouge_lsum(t, text) for t, text in bodies):.3f}"
        yield "extra lines", f"{100 * fmean(_extra_lines(t, text) for t, text in bodies):.0f}"
    if parts := [(t, text) for t, text in pairs if t.get("with")]:
        yield (
            "segments",
            f"{scoring.segments_f1([scoring.segment_counts(t, x) for t, x in parts]):.3f}",
        )
    refused: dict[str, list[bool]] = defaultdict(list)
    for truth, text in pairs:
        refused[truth.get("kind") or "article"].append(not text)
    for kind, ends in sorted(refused.items()):
        yield f"{kind} refused ({len(ends)})", f"{fmean(ends):.3f}"


def _extra_lines(truth: dict[str, Any], text: str) -> int:
    """Count the lines of an answer that are not in the truth, or are there more often."""
    body = f" {' '.join(scoring.words(' '.join(truth['paragraphs']).casefold()))} "
    seen: Counter[str] = Counter()
    extra = 0
    for line in text.split("\n"):
        key = " ".join(scoring.words(line.casefold()))
        seen[key] += bool(key)
        extra += bool(key) and seen[key] > body.count(f" {key} ")
    return min(extra, NOISE_CAP)


def print_cost(every: Iterable[Answers]) -> None:
    """Print the CPU time a page."""
    print("\n### cost\n\n| extractor | CPU ms a page, mean |\n|---|--:|")
    for found in every:
        if found.seconds:
            print(f"| {found.name} | {1000 * fmean(found.seconds.values()):.1f} |")


if __name__ == "__main__":
    main()
