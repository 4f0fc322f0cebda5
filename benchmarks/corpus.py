"""A corpus of synthetic articles: selected, linked, described, checked: ``python -m benchmarks.corpus FOLDER --count N``.

The articles are made in FOLDER unless they are there: lengths and blocks as 260 real articles of two public data sets
have them (words log-normal, mu 6.37, sigma 0.8; 20 blocks), languages as 1,599 pages of the web have them, words
of an alphabet of each language by Zipf's law. Into every 25 articles two copies are planted whose words were changed
in a block and in places, and a text of which a half was taken from another; one article in a thousand is a wire story that stands in 21
papers. What is similar, and how much, is computed on the words as they were made, apart from newscrawl.

Printed: wall and CPU time and peak memory of each command, and how much of what was planted it found.
"""

import argparse
import hashlib
import os
import subprocess
import sys
import time
from collections import Counter, OrderedDict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import IO, Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from newscrawl.quality import text_hash

LANGUAGES: Final = {
    "en": 661, "de": 618, "es": 92, "fr": 45, "pt": 23, "ja": 22, "pl": 21, "ru": 14, "it": 13, "ko": 9, "ar": 9,
    "id": 7, "no": 6, "tr": 6, "hi": 5, "cs": 4, "da": 4, "hu": 4, "sv": 4, "zh": 4,
}  # fmt: skip
LETTERS: Final = {
    "ru": (0x430, 32), "ar": (0x628, 19), "hi": (0x915, 33), "ko": (0xAC00, 2000), "ja": (0x3042, 80), "zh": (0x4E00, 3000),
}  # fmt: skip
"""First letter and number of letters; else Latin ones."""
UNSPACED: Final = frozenset({"ja", "zh"})
VOCABULARY: Final = 60_000
MU: Final = 6.37
"""Mean of the logarithm of an article's words."""
SIGMA: Final = 0.8
"""Its standard deviation."""
BLOCK_WORDS: Final = 35
SOURCES: Final = 40
DAYS: Final = 365
FIRST_DAY: Final = datetime(2024, 1, 1, 5, tzinfo=UTC)
FAMILY: Final = 25
"""Articles of which the first has copies among the others."""
WIRED: Final = 40
"""Of so many families one is a wire story with 20 copies."""
AGENCIES: Final = ("ap", "dpa", "reuters", "afp")
SIMILAR: Final = 0.8
"""Jaccard similarity from which a planted copy must be found."""
DIFFERENT: Final = 0.7
"""Similarity below which a link is wrong."""
MAX_OPEN: Final = 200


@dataclass(frozen=True, slots=True)
class Made:
    """One article as it was made."""

    number: int
    original: int | None
    similarity: float
    language: str
    words: NDArray[np.int64]


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=1_000_000)
    options = parser.parse_args()
    source = options.folder / f"articles-{options.count}"
    if not source.is_dir():
        started = time.monotonic()
        make(source, options.count)
        print(f"made in {time.monotonic() - started:.0f} s", flush=True)
    size = sum(path.stat().st_size for path in source.rglob("*.jsonl"))
    files = sum(1 for _ in source.rglob("*.jsonl"))
    print(f"{options.count:,} articles, {size / 1e9:.1f} GB in {files:,} files", flush=True)
    out = options.folder / "out"
    commands = {
        "export of three months in German, Parquet": [
            "export", source, "--since", "2024-03-01", "--until", "2024-05-31", "--language", "de", "--format", "parquet",
            "-O", out / "german",
        ],
        "query: articles by source": ["query", "SELECT source, count(*) FROM articles GROUP BY 1 ORDER BY 1", source],
        "data card": ["describe", source, "-O", out / "card"],
        "data card with near-duplicates": ["describe", source, "--link", "-O", out / "linked-card"],
        "export of all with near-duplicates, card, hashes": ["export", source, "--link", "-O", out / "linked"],
        "verify of that": ["verify", out / "linked"],
    }  # fmt: skip
    print(f"{'command':50} {'wall s':>8} {'CPU s':>8} {'peak MB':>8}")
    for name, command in commands.items():
        wall, cpu, memory = measured([str(part) for part in command])
        print(f"{name:50} {wall:8.0f} {cpu:8.0f} {memory:8.0f}", flush=True)
    judge(source.with_suffix(".truth"), out / "linked" / "articles.jsonl")


def measured(command: list[str]) -> tuple[float, float, float]:
    """Run newscrawl; give wall and CPU seconds and the peak of its memory in MB."""
    started = time.monotonic()
    run = subprocess.Popen([sys.executable, "-m", "newscrawl", *command], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(run.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} ended with {status}")
    return time.monotonic() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def judge(truth: Path, lines: Path) -> None:
    """Compare the clusters of an export with what was planted."""
    clusters, roles = dict[str, tuple[str, str, float]](), Counter[str]()
    with lines.open("rb") as file:
        for line in file:
            record = msgspec.json.decode(line, type=_Linked)
            if record.cluster:
                cluster = record.cluster
                clusters[record.id] = (cluster["id"], cluster["original"], cluster["similarity"])
                roles[cluster["role"]] += 1
    planted = {copy: (original, share) for copy, original, share in read_truth(truth)}
    must = [(copy, original) for copy, (original, share) in planted.items() if share >= SIMILAR]
    found = sum(
        copy in clusters and clusters[copy][0] == clusters.get(original, ("",))[0]
        for copy, original in must
    )
    closest = [pair for pair in must if planted[pair[0]][1] < SIMILAR + 0.05]
    near = sum(
        copy in clusters and clusters[copy][0] == clusters.get(o, ("",))[0] for copy, o in closest
    )
    linked = [(id_, original) for id_, (_, original, _) in clusters.items() if id_ != original]
    right = sum(_is_planted(planted, a, b) for a, b in linked)
    shown = ", ".join(f"{number:,} {role}" for role, number in sorted(roles.items()))
    print(f"clusters: {len({c for c, _, _ in clusters.values()}):,}; {shown}")
    print(f"recall at a similarity of {SIMILAR} and more: {found / len(must):.4f} of {len(must):,}; "
          f"of {SIMILAR} to {SIMILAR + 0.05:.2f}: {near / len(closest):.4f} of {len(closest):,}")  # fmt: skip
    print(f"precision of links to an original: {right / len(linked):.4f} of {len(linked):,}")
    firsts = {original for original, _ in planted.values()}
    named = sum(original in firsts for _, original in linked)
    print(f"original rightly named: {named / len(linked):.4f}")


def _is_planted(planted: dict[str, tuple[str, float]], a: str, b: str) -> bool:
    """Tell whether two articles are of one family, and alike enough."""
    first, second = planted.get(a, (a, 1.0)), planted.get(b, (b, 1.0))
    return first[0] == second[0] and min(first[1], second[1]) >= DIFFERENT


class _Linked(msgspec.Struct):
    id: str
    cluster: dict[str, Any] | None = None


def read_truth(path: Path) -> Iterator[tuple[str, str, float]]:
    """Give copy, original and similarity of all that was planted."""
    for part in sorted(path.iterdir()):
        for line in part.read_text().splitlines():
            copy, original, share = line.split("\t")
            yield copy, original, float(share)


def make(folder: Path, count: int) -> None:
    """Make the articles, a file a source and day, and beside them what was planted."""
    folder.with_suffix(".truth").mkdir(parents=True)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        list(
            pool.map(
                _make_days,
                [(folder, count, n, os.cpu_count() or 1) for n in range(os.cpu_count() or 1)],
            )
        )


def _make_days(task: tuple[Path, int, int, int]) -> None:
    folder, count, worker, workers = task
    files: OrderedDict[Path, IO[bytes]] = OrderedDict()
    with (folder.with_suffix(".truth") / f"{worker}.tsv").open("w") as truth:
        for day in range(worker, DAYS, workers):
            for family in range(day, -(-count // FAMILY), DAYS):
                for made in make_family(family):
                    if made.number >= count:
                        continue
                    path = (
                        folder
                        / source_of(made.number)
                        / f"{FIRST_DAY + timedelta(days=day):%Y-%m-%d}.jsonl"
                    )
                    _opened(files, path).write(msgspec.json.encode(record_of(made, day)) + b"\n")
                    if made.original is not None:
                        truth.write(
                            f"{id_of(made.number)}\t{id_of(made.original)}\t{made.similarity:.4f}\n"
                        )
    for file in files.values():
        file.close()


def _opened(files: OrderedDict[Path, IO[bytes]], path: Path) -> IO[bytes]:
    if path not in files:
        if len(files) >= MAX_OPEN:
            files.popitem(last=False)[1].close()
        path.parent.mkdir(parents=True, exist_ok=True)
        files[path] = path.open("ab")
    return files[path]


def make_family(family: int) -> Iterator[Made]:
    """Make 25 articles: one, its copies, a text that is half another's, and others."""
    first = family * FAMILY
    dice = np.random.default_rng(family)
    shares = np.array(list(LANGUAGES.values())) / sum(LANGUAGES.values())
    language = str(dice.choice(list(LANGUAGES), p=shares))
    original = _words(dice)
    yield Made(first, None, 1.0, language, original)
    copies = 20 if family % WIRED == 0 else 2
    for number in range(1, copies + 1):
        words = _edited(original, dice, dice.uniform(0, 0.12), int(dice.integers(0, 4)))
        yield Made(first + number, first, jaccard(original, words), language, words)
    half = _edited(original, dice, dice.uniform(0.3, 0.5), 0)
    yield Made(first + copies + 1, first, jaccard(original, half), language, half)
    for number in range(copies + 2, FAMILY):
        other = str(dice.choice(list(LANGUAGES), p=shares))
        yield Made(first + number, None, 1.0, other, _words(dice))


def _words(dice: np.random.Generator) -> NDArray[np.int64]:
    length = int(np.clip(dice.lognormal(MU, SIGMA), 60, 8000))
    return np.searchsorted(_zipf(), dice.random(length))


def _edited(
    words: NDArray[np.int64], dice: np.random.Generator, share: float, places: int
) -> NDArray[np.int64]:
    """Put other words in place of a block and of some single ones."""
    words = words.copy()
    size = int(share * len(words))
    start = int(dice.integers(0, len(words) - size + 1))
    words[start : start + size] = np.searchsorted(_zipf(), dice.random(size))
    for place in dice.integers(0, len(words), places):
        words[place] = int(dice.integers(0, VOCABULARY))
    return words


def jaccard(a: NDArray[np.int64], b: NDArray[np.int64]) -> float:
    """Compare two texts by the sets of five words in a row."""
    first, second = (
        {tuple(row) for row in np.lib.stride_tricks.sliding_window_view(x, 5).tolist()}
        for x in (a, b)
    )
    return len(first & second) / len(first | second)


@cache
def _zipf() -> NDArray[np.float64]:
    weights = 1 / np.arange(1, VOCABULARY + 1)
    return np.cumsum(weights / weights.sum())


@cache
def vocabulary(language: str) -> NDArray[np.object_]:
    """Give the words of a language; in scripts without spaces, letters."""
    dice = np.random.default_rng(sum(map(ord, language)))
    first, number = LETTERS.get(language, (0x61, 26))
    if language in UNSPACED:
        return np.array([chr(first + n % number) for n in range(VOCABULARY)], dtype=object)
    lengths = np.clip(dice.poisson(5.6, VOCABULARY), 2, 16)
    letters = "".join(chr(first + n) for n in dice.integers(0, number, lengths.sum()).tolist())
    ends = np.cumsum(lengths).tolist()
    return np.array(
        [letters[end - length : end] for end, length in zip(ends, lengths.tolist(), strict=True)],
        dtype=object,
    )


def id_of(number: int) -> str:
    """Give the id of an article."""
    return hashlib.sha256(str(number).encode()).hexdigest()[:16]


def source_of(number: int) -> str:
    """Give the source of an article; copies are in other papers."""
    return f"paper{(number // FAMILY * 7 + number % FAMILY) % SOURCES:02d}.example"


def record_of(made: Made, day: int) -> dict[str, Any]:
    """Write an article line as newscrawl does."""
    words = vocabulary(made.language)[made.words].tolist()
    between = "" if made.language in UNSPACED else " "
    blocks = [
        between.join(words[n : n + BLOCK_WORDS]) + "." for n in range(0, len(words), BLOCK_WORDS)
    ]
    text = "\n\n".join(blocks)
    place, family = made.number % FAMILY, made.number // FAMILY
    published = FIRST_DAY + timedelta(days=day, minutes=family % 60 + place * 30)
    agency = AGENCIES[family % len(AGENCIES)]
    is_wire = made.original is not None or place == 0
    agencies = [{"id": agency, "name": agency.upper(), "where": ["tail"]}] if is_wire else []
    url = f"https://www.{source_of(made.number)}/{published:%Y/%m/%d}/{made.number}"
    info = {
        "raw": published.isoformat(),
        "method": "jsonld.datePublished",
        "alternatives": [],
        "flags": [],
        "precision": "second",
        "zone_from": "offset",
    }
    return {
        "schema_version": 1, "id": id_of(made.number), "url": url, "canonical_url": url, "source": source_of(made.number),
        "publisher": {"name": source_of(made.number).title(), "domain": f"www.{source_of(made.number)}"},
        "title": between.join(words[:9]), "text": text, "body": [{"kind": "paragraph", "text": block} for block in blocks],
        "authors": [{"name": " ".join(words[9:11]).title(), "kind": "person"}], "editors": [], "contributors": [], "desk": [],
        "agencies": agencies, "sources_cited": [], "notes": [], "date_published": published.isoformat(),
        "dates": {"published": info}, "language": made.language, "section": "News", "tags": words[11:15], "kind": "article",
        "paywall": {}, "images": [{"url": f"{url}.jpg", "caption": between.join(words[15:30]), "is_lead": True, "is_generic": False}],
        "videos": [], "opt_outs": [], "text_hash": text_hash(text), "word_count": len(words),
        "fetched_at": (published + timedelta(hours=1)).isoformat(), "extracted_with": {"newscrawl": "0.1.0", "trafilatura": "2.3.1"},
        "removed_codes": [{"code": "related.block", "count": 2}],
    }  # fmt: skip


if __name__ == "__main__":
    main()
