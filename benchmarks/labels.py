"""Find out which segments of a page are its article's text, from the truth about the page."""

import re
from collections import Counter, defaultdict
from typing import Any, Final

from benchmarks.scoring import SHINGLE, words
from newscrawl.extraction.segments import Segment

MATCHED: Final = 0.6
"""Share of a segment's shingles that must be in the truth."""
UNSURE: Final = (0.25, 0.6)
UNSURE_WEIGHT: Final = 0.3
OPTIONAL_WEIGHT: Final = 0.05
NEAR: Final = 3
"""Segments; a line of fewer words than a shingle counts only beside one that is sure."""
COPY_REACH: Final = 6
MIN_PART: Final = 40
"""Characters from which a segment that stands inside a wanted text counts as wanted."""

Labels = tuple[list[int], list[float]]
"""For each segment 1 or 0, and how far the label is to be trusted."""


def label(segments: list[Segment], truth: dict[str, Any]) -> Labels | None:
    """Label a page's segments; None where the truth has no body."""
    if truth.get("paragraphs"):
        return _from_paragraphs(segments, truth)
    if truth.get("with"):
        return _from_parts(segments, truth)
    return None


def _from_parts(segments: list[Segment], truth: dict[str, Any]) -> Labels:
    """Label only what holds a wanted or an unwanted text; nothing is known of the rest."""
    wanted, unwanted = ([_one_line(p) for p in truth[key]] for key in ("with", "without"))
    labels, weights = [], []
    for segment in segments:
        text = _one_line(segment.text)
        good = any(p in text or (len(text) > MIN_PART and text in p) for p in wanted)
        bad = any(p in text for p in unwanted)
        labels.append(int(good))
        weights.append(float(good != bad))
    return labels, weights


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _tokens(text: str) -> list[str]:
    return words(text.casefold())


def _runs(tokens: list[str]) -> list[tuple[str, ...]]:
    return [tuple(tokens[i : i + SHINGLE]) for i in range(len(tokens) - SHINGLE + 1)]


def _from_paragraphs(segments: list[Segment], truth: dict[str, Any]) -> Labels:
    tokens = [_tokens(segment.text) for segment in segments]
    paragraphs, optional = truth["paragraphs"], set(truth.get("optional") or [])
    true = _tokens("\n".join(paragraphs))
    runs = set(_runs(true))
    extra = set(_runs(_tokens("\n".join(paragraphs[i] for i in optional))))
    sure = set(_runs(_tokens("\n".join(p for i, p in enumerate(paragraphs) if i not in optional))))
    labels, weights = [0] * len(segments), [1.0] * len(segments)
    for i, own in enumerate(map(_runs, tokens)):
        if own:
            share = sum(run in runs for run in own) / len(own)
            labels[i] = int(share >= MATCHED)
            if UNSURE[0] < share < UNSURE[1]:
                weights[i] = UNSURE_WEIGHT
            if labels[i] and sum(r in extra for r in own) > sum(r in sure for r in own):
                weights[i] = OPTIONAL_WEIGHT
    joined = f" {' '.join(true)} "
    _label_short(tokens, labels, weights, {" ".join(_tokens(p)) for p in paragraphs}, joined)
    _unlabel_copies(tokens, labels, weights, joined)
    return labels, weights


def _label_short(
    tokens: list[list[str]], labels: list[int], weights: list[float], lines: set[str], joined: str
) -> None:
    """Label lines of fewer words than a shingle by the words around them."""
    size = len(tokens)
    for i, own in enumerate(tokens):
        if len(own) >= SHINGLE:
            continue
        key = " ".join(own)
        if not key:
            weights[i] = 0.0
            continue
        around = range(max(0, i - NEAR), min(size, i + NEAR + 1))
        if not any(labels[j] and len(tokens[j]) >= SHINGLE for j in around):
            continue
        labels[i] = int(key in lines or _is_between(tokens, labels, i, key, joined))


def _is_between(tokens: list[list[str]], labels: list[int], i: int, key: str, joined: str) -> bool:
    """Tell whether a short line follows or precedes its neighbour in the truth too."""
    sure = [bool(labels[j]) and len(tokens[j]) >= SHINGLE for j in range(len(tokens))]
    before = next((tokens[j] for j in range(i - 1, -1, -1) if sure[j]), [])
    after = next((tokens[j] for j in range(i + 1, len(tokens)) if sure[j]), [])
    first = " ".join([*before[-SHINGLE:], key])
    second = " ".join([key, *after[:SHINGLE]])
    return f" {first} " in joined or f" {second} " in joined


def _unlabel_copies(
    tokens: list[list[str]], labels: list[int], weights: list[float], joined: str
) -> None:
    """Of a text that stands on the page more often than in the truth, keep the best placed.

    The others teach nothing: which copy goes is settled by rules, because interviews, recipes and
    statements repeat lines on purpose.
    """
    places: dict[str, list[int]] = defaultdict(list)
    for i, own in enumerate(tokens):
        if labels[i]:
            places[" ".join(own)].append(i)
    for key, copies in places.items():
        wanted = max(1, joined.count(f" {key} "))
        if len(copies) <= wanted:
            continue
        support = Counter({i: _support(tokens, labels, i) for i in copies})
        for i in sorted(copies, key=lambda i: (-support[i], i))[wanted:]:
            labels[i], weights[i] = 0, 0.0


def _support(tokens: list[list[str]], labels: list[int], i: int) -> int:
    around = range(max(0, i - COPY_REACH), min(len(tokens), i + COPY_REACH + 1))
    return sum(labels[j] and tokens[j] != tokens[i] for j in around)
