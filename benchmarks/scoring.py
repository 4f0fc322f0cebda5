"""The scores that are usual for main texts: shingles, exact words, ROUGE-LSum, segments.

Shingles as in Zyte's article-extraction-benchmark (4 words; the corpus' F1 is that of the mean
precision over non-empty answers and the mean recall), ROUGE-LSum as in fundus-evaluation,
segments as in trafilatura's evaluation.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, combinations
from statistics import fmean
from typing import Any, Final

Counts = tuple[float, float, float]
"""Right, extra and missing shingles."""

INVISIBLE: Final = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
SHINGLE: Final = 4
MAX_OPTIONAL: Final = 4
"""With more optional paragraphs only all or none of them are tried."""
SENTENCE: Final = re.compile(r"(?<=[.!?])[\"')\]”’]*\s+(?=[\"'“‘(\[]?[A-Z0-9])")


def words(text: str) -> list[str]:
    """Give the words of a text, blind to invisible characters and the Unicode form."""
    return re.findall(r"\w+", unicodedata.normalize("NFC", INVISIBLE.sub("", text)))


def shingles(text: str) -> Counter[tuple[str, ...]]:
    """Count the runs of four words; a shorter text is one run."""
    tokens = words(text)
    runs = (tuple(tokens[i : i + SHINGLE]) for i in range(max(1, len(tokens) - SHINGLE + 1)))
    return Counter(run for run in runs if run)


def references(truth: dict[str, Any]) -> Iterator[list[str]]:
    """Give the acceptable bodies: with and without the optional paragraphs."""
    optional = truth.get("optional") or []
    many: Iterable[Sequence[int]] = [(), optional]
    if len(optional) <= MAX_OPTIONAL:
        many = chain.from_iterable(combinations(optional, n) for n in range(len(optional) + 1))
    for left_out in many:
        yield [p for i, p in enumerate(truth["paragraphs"]) if i not in left_out]


def body_counts(truth: dict[str, Any], text: str) -> tuple[Counts, bool]:
    """Compare a text with the best-matching reference: counts, and whether all words are the same."""
    given = shingles(text)
    found = []
    for body in map("\n".join, references(truth)):
        true = shingles(body)
        right = (true & given).total()
        counts = (right, given.total() - right, true.total() - right)
        found.append((counts, words(body) == words(text)))
    return max(found, key=lambda scored: (f1(scored[0]), scored[1]))


def precision(counts: Counts) -> float:
    """Give the share of the answer that is right."""
    right, extra, missing = counts
    return right / (right + extra) if right else float(extra == missing == 0)


def recall(counts: Counts) -> float:
    """Give the share of the truth that is found."""
    right, extra, missing = counts
    return right / (right + missing) if right else float(extra == missing == 0)


def harmonic(one: float, other: float) -> float:
    """Give the harmonic mean.

    >>> harmonic(1.0, 0.5)
    0.6666666666666666
    """
    return 2 * one * other / (one + other) if one and other else 0.0


def f1(counts: Counts) -> float:
    """Give one page's F1."""
    return harmonic(precision(counts), recall(counts))


def corpus_f1(every: Sequence[Counts]) -> tuple[float, float, float]:
    """Give precision, recall and F1 of a corpus."""
    p = fmean([precision(c) for c in every if c[0] + c[1]] or [0.0])
    r = fmean([recall(c) for c in every if c[0] + c[2]] or [0.0])
    return p, r, harmonic(p, r)


def segment_counts(truth: dict[str, Any], text: str) -> tuple[int, int, int]:
    """Count the wanted texts found, the unwanted found, and the wanted not found."""
    line = _one_line(text)
    right = sum(_one_line(part) in line for part in truth["with"])
    wrong = sum(_one_line(part) in line for part in truth["without"])
    return right, wrong, len(truth["with"]) - right


def segments_f1(every: Sequence[tuple[int, int, int]]) -> float:
    """Give the F1 over all segments of a corpus."""
    right, wrong, missing = map(sum, zip(*every, strict=True))
    return harmonic(right / max(1, right + wrong), right / max(1, right + missing))


def _one_line(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", INVISIBLE.sub("", text)).split())


def rouge_lsum(truth: dict[str, Any], text: str) -> float:
    """Give ROUGE-LSum's F1 against the best reference."""
    given = [s for line in text.split("\n") for s in _sentences(line)]
    return max(
        _rouge([s for p in body for s in _sentences(p)], given) for body in references(truth)
    )


def _sentences(paragraph: str) -> list[list[str]]:
    parts = (re.findall(r"[a-z0-9]+", part.lower()) for part in SENTENCE.split(paragraph))
    return [part for part in parts if part]


def _rouge(true: list[list[str]], given: list[list[str]]) -> float:
    left_true, left_given = Counter(chain(*true)), Counter(chain(*given))
    totals = left_true.total(), left_given.total()
    if not all(totals):
        return 0.0
    hits = 0
    known = {tuple(sentence) for sentence in given}
    for sentence in true:
        for token in _covered(sentence, given, known):
            if left_given[token] > 0 and left_true[token] > 0:
                hits += 1
                left_given[token] -= 1
                left_true[token] -= 1
    return harmonic(hits / totals[1], hits / totals[0])


def _covered(sentence: list[str], given: list[list[str]], known: set[tuple[str, ...]]) -> list[str]:
    """Give the words of a true sentence that are in its longest common run with some given one."""
    if tuple(sentence) in known:
        return sentence
    positions: set[int] = set()
    for other in given:
        if set(sentence) & set(other):
            positions |= _common(sentence, other)
    return [sentence[i] for i in sorted(positions)]


def _common(one: list[str], other: list[str]) -> set[int]:
    """Give the positions in one of a longest common subsequence with another."""
    table = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i, x in enumerate(one, 1):
        for j, y in enumerate(other, 1):
            table[i][j] = (
                table[i - 1][j - 1] + 1 if x == y else max(table[i - 1][j], table[i][j - 1])
            )
    i, j, found = len(one), len(other), set()
    while i and j:
        if one[i - 1] == other[j - 1]:
            i, j = i - 1, j - 1
            found.add(i)
        elif table[i][j - 1] > table[i - 1][j]:
            j -= 1
        else:
            i -= 1
    return found
