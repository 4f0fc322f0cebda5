"""Measure what publisher files gain: ``python -m benchmarks.sources FOLDER [--unseen] [--loading]``.

Reads pages and truth in JSON lines (see `benchmarks.evalset`), cleans the pages of publishers that have a file with
layouts or text rules, once with the whole file and once with its head alone, and prints a row a publisher. With
``--unseen`` the models are trained anew for each fold of publishers and clean only publishers they have not seen.
``--loading`` writes a thousand files and times their loading.
"""

import argparse
import os
import re
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path
from statistics import fmean, median
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from benchmarks import scoring
from benchmarks.evalset import FOLDS, fold_of, read_pages
from newscrawl.items import Article, Page
from newscrawl.publishers import (
    DEFAULT_PLACE,
    VARIABLE,
    PublisherFile,
    forget_registry,
    publisher_for,
    registry,
    to_toml,
)
from newscrawl.reference import ROOT
from newscrawl.stages import clean
from newscrawl.wording import fold

DATASETS: Final = ("fundus_eval", "fundus", "aeb", "trafilatura", "newspaper", "wcxb")
WORKERS: Final = 2
LOADED: Final = 1000
TIMES: Final = 7
NAMES: Final = re.compile(r"[;|/&]|, | and | und | et | y ")
Scores = dict[str, float]
Pair = tuple[Scores, Scores]


@dataclass(frozen=True, slots=True)
class Case:
    """A page, its truth, and the source that it is of."""

    page: dict[str, Any]
    truth: dict[str, Any]
    source: str


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="pages and truth in JSON lines")
    parser.add_argument("--datasets", default=",".join(DATASETS), help="comma-separated")
    parser.add_argument("--unseen", action="store_true", help="with models trained on others")
    parser.add_argument("--loading", action="store_true", help="time the loading of 1,000 files")
    options = parser.parse_args()
    if options.loading:
        time_loading()
    if options.folder:
        measure_gains(options.folder, options.datasets.split(","), unseen=options.unseen)


# -- gains ------------------------------------------------------------------------------------------


def measure_gains(folder: Path, datasets: list[str], *, unseen: bool) -> None:
    """Print what each file gains."""
    ruled = {s.id: s for s in registry().sources() if s.layouts or s.text}
    cases = [
        Case(page, truth, source.id)
        for page, truth in read_pages(folder, datasets)
        if (source := publisher_for(urlsplit(page["url"]).hostname)) and source.id in ruled
    ]
    sources = list(ruled.values())
    pairs = _unseen(folder, cases, sources) if unseen else _both(cases, sources)
    print_gains(ruled, cases, pairs)


def _both(cases: list[Case], sources: list[PublisherFile]) -> list[Pair]:
    """Score each page with the heads of the files alone, and with the whole files."""
    with heads_only(sources):
        before = _score_all(cases)
    return list(zip(before, _score_all(cases), strict=True))


@contextmanager
def heads_only(sources: list[PublisherFile]) -> Iterator[None]:
    """Put files without layouts and rules in the place of the shipped ones."""
    before = os.environ.get(VARIABLE)
    with tempfile.TemporaryDirectory() as folder:
        for source in sources:
            head = msgspec.structs.replace(source, layouts=(), text=())
            Path(folder, f"{source.id}.toml").write_text(to_toml(head), encoding="utf-8")
        os.environ[VARIABLE] = folder
        forget_registry()
        try:
            yield
        finally:
            os.environ[VARIABLE] = before or DEFAULT_PLACE
            forget_registry()


def _unseen(folder: Path, cases: list[Case], sources: list[PublisherFile]) -> list[Pair]:
    """Score each page both ways, by models that have not seen its publisher."""
    from benchmarks import train_lines, train_pages
    from benchmarks.folds import line_model_without
    from benchmarks.forests import write
    from newscrawl.forest import load_forest
    from newscrawl.quality import FIGURES

    lines, others = train_lines.samples_of(folder), train_pages.samples_of(folder)
    found: dict[int, Pair] = {}
    for number in range(FOLDS):
        mine = [i for i, case in enumerate(cases) if fold_of(case.truth) == number]
        with line_model_without(lines, number) as scratch:
            model = train_pages.fit([s for s in others if fold_of(s.truth) != number])
            write("pages", model, FIGURES, scratch)
            load_forest.cache_clear()
            found |= dict(zip(mine, _both([cases[i] for i in mine], sources), strict=True))
    load_forest.cache_clear()
    return [found[i] for i in range(len(cases))]


def _score_all(cases: list[Case]) -> list[Scores]:
    with Pool(WORKERS) as pool:
        return pool.map(score, cases, chunksize=4)


def score(case: Case) -> Scores:
    """Clean a page and score each field that its truth has."""
    outcome = clean(Page(body=case.page["html"], url=case.page["url"]))
    article = outcome if isinstance(outcome, Article) else None
    text, truth = article.text if article else "", case.truth
    found: Scores = {}
    if truth.get("paragraphs"):
        found["F1"] = scoring.f1(scoring.body_counts(truth, text)[0])
    if truth["dataset"] == "fundus_eval":
        found["ROUGE"] = scoring.rouge_lsum(truth, text)
    if truth.get("with"):
        found["segments"] = scoring.segments_f1([scoring.segment_counts(truth, text)])
    if truth.get("title"):
        found["title"] = float(article is not None and _same(article.title, truth["title"]))
    if people := _people(truth.get("authors") or ()):
        found["authors"] = float(
            article is not None and _people(a.name for a in article.authors) == people
        )
    if truth.get("date"):
        given_date = article.date_published if article else None
        found["date"] = float((given_date or "")[:10] == truth["date"][:10])
    if tags := {fold(tag) for tag in _texts(truth.get("tags"))}:
        given = {fold(tag) for tag in article.tags} if article else set()
        found["tags"] = 2 * len(tags & given) / (len(tags) + len(given))
    found |= _images(truth, article)
    return found


def _images(truth: dict[str, Any], article: Article | None) -> Scores:
    """Score captions and credits: the share of the true ones that are found."""
    images = article.images if article else ()
    given: dict[str, list[str | None]] = {
        "caption": [image.caption for image in images],
        "credit": [image.credit.raw for image in images if image.credit],
    }
    scores = {}
    for name, values in given.items():
        true = [i[name] for i in truth.get("images") or () if isinstance(i, dict) and i.get(name)]
        if true:
            scores[f"{name}s"] = fmean(any(_alike(t, v) for v in values) for t in true)
    return scores


def _alike(one: str, other: str | None) -> bool:
    short, long = sorted((fold(one).strip(), fold(other or "").strip()), key=len)
    return bool(short) and short in long and len(short) >= 0.8 * len(long)


def _same(one: str | None, other: str) -> bool:
    return " ".join(fold(one or "").split()) == " ".join(fold(other).split())


def _people(names: Any) -> set[str]:
    parts = (part for name in _texts(names) for part in NAMES.split(name))
    return {fold(part).strip(" .") for part in parts if part.strip(" .")}


def _texts(values: Any) -> list[str]:
    """Give the texts in a list, those of lists in it and the names of tables too."""
    if isinstance(values, dict):
        values = values.get("name")
    if isinstance(values, str):
        return [values]
    return [text for value in values or () for text in _texts(value)]


def print_gains(sources: dict[str, PublisherFile], cases: list[Case], scored: list[Pair]) -> None:
    """Print a row a publisher: its fields that differ, before and after."""
    places = defaultdict[str, list[int]](list)
    for place, case in enumerate(cases):
        places[case.source].append(place)
    print("\n| source | lines | pages | before → after |\n|---|--:|--:|---|")
    worse = 0
    for name, source in sources.items():
        mine = places[name]
        fields = dict.fromkeys(field for i in mine for field in scored[i][0])
        changes = []
        for field in fields:
            both = [scored[i] for i in mine if field in scored[i][0]]
            pairs = [(one[field], other.get(field, 0.0)) for one, other in both]
            worse += sum(b < a - 1e-9 for a, b in pairs)
            if any(abs(a - b) > 1e-9 for a, b in pairs):
                first, second = (fmean(column) for column in zip(*pairs, strict=True))
                changes.append(f"{field} {first:.3f} → {second:.3f}")
        print(f"| {name} | {lines_of(source)} | {len(mine)} | {'; '.join(changes) or '—'} |")
    rouge = [(b["ROUGE"], a["ROUGE"]) for b, a in scored if "ROUGE" in b]
    if rouge:
        first, second = (fmean(column) for column in zip(*rouge, strict=True))
        print(f"\nfundus_eval, {len(rouge)} pages: ROUGE {first:.4f} → {second:.4f}")
        lines = sorted(lines_of(sources[n]) for n in {c.source for c in cases if c.truth["dataset"] == "fundus_eval"})  # fmt: skip
        print(f"lines of their files: median {median(lines):g}, at most {lines[-1]}")
    print(f"{len(sources)} files; fields of pages that are worse with the file: {worse}")


def lines_of(source: PublisherFile) -> int:
    """Count the lines of a file that hold TOML."""
    text = (ROOT / "publishers" / f"{source.id}.toml").read_text(encoding="utf-8")
    return sum(bool(line.strip()) and not line.startswith("#") for line in text.splitlines())


# -- loading ----------------------------------------------------------------------------------------


def time_loading() -> None:
    """Time the loading of a thousand files, as sources that are all different."""
    before = os.environ.get(VARIABLE)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(LOADED):
            Path(folder, f"times{number}.example.toml").write_text(made_up(number), "utf-8")
        os.environ[VARIABLE] = folder
        spent, waited = [], []
        for _ in range(TIMES):
            forget_registry()
            cpu, clock = time.process_time(), time.perf_counter()
            count = len(registry().sources())
            spent.append(1000 * (time.process_time() - cpu))
            waited.append(1000 * (time.perf_counter() - clock))
    os.environ[VARIABLE] = before or DEFAULT_PLACE
    forget_registry()
    print(
        f"{count} sources, shipped ones among them: CPU {median(spent):.0f} ms, clock {median(waited):.0f} ms "
        f"(median of {TIMES}; the first, with cold caches of ours, {waited[0]:.0f} ms)"
    )


def made_up(number: int) -> str:
    """Write a file of eleven lines, each in five with a layout and a rule of its own."""
    text = (
        f'name = "Times {number}"\ndomains = ["times{number}.example"]\nlanguage = "en"\ncountry = "GB"\n'
        f'timezone = "Europe/London"\nfeeds = ["https://times{number}.example/rss"]\n'
        f'sitemaps = ["https://times{number}.example/news.xml"]\n'
        f'sections = ["https://times{number}.example/world", "https://times{number}.example/uk"]\n'
        f"article_pattern = '/20\\d\\d/\\d\\d/{number}-'\n"
    )
    if number % 5 == 0:
        text += f'[[layouts]]\nbody = "div.body-{number} > p"\nstrip = ["aside", "//*[contains(@class, \'promo-{number}\')]"]\n'
        text += f"[[text]]\ndrop = '^(?:Read more|See also {number}):'\n"
    return text


if __name__ == "__main__":
    main()
