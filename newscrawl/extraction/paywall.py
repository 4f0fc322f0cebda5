"""Tell whether a page is free, and whether its text is only the beginning of the article."""

from typing import Final

from newscrawl.extraction import structured
from newscrawl.extraction.document import Document
from newscrawl.extraction.evidence import Evidence
from newscrawl.extraction.jsonld import Node
from newscrawl.extraction.walls import find_truncation
from newscrawl.items import Line, Paywall
from newscrawl.wording import UNSPACED, count_words

REACH: Final = 15
"""Segments behind the last line of the text in which a paywall's words stand."""
SHORT_WORDS: Final = 400
"""Words; a text with more is not cut off, whatever is sold under it."""
LONGER: Final = 1.7
"""Times the words that a page declares for its article must be those of the text on it."""
CUT: Final = ("…", "...", "[…]", "[...]")


def read_paywall(
    document: Document, node: Node, evidence: Evidence, lines: tuple[Line, ...]
) -> Paywall:
    """Read what the page declares, and judge by its text whether the rest is missing.

    `truncated` is True where the text is cut off or a paywall's words follow it, False where the
    page declares itself free and nothing speaks against it, None where nothing is known.
    """
    declared = structured.paywall_of(node, document)
    kept = [line.text for line in lines if not line.doubt]
    if _is_cut(node, evidence, kept, declared=bool(declared)):
        return Paywall(declared=declared, truncated=True)
    return Paywall(declared=declared, truncated=False if declared is False else None)


def _is_cut(node: Node, evidence: Evidence, kept: list[str], *, declared: bool) -> bool:
    if not kept:
        return False
    text = " ".join(kept)
    words = count_words(text)
    if words >= SHORT_WORDS and not declared:
        return False
    if _declared_words(node, text) > max(words * LONGER, words + 100):
        return True
    if declared and kept[-1].endswith(CUT):
        return True
    # On a page with little else the words may have been taken for the end of the text.
    around = [*kept[-2:], *_after(evidence, kept)]
    return words < SHORT_WORDS and find_truncation(around) is not None


def _declared_words(node: Node, text: str) -> int:
    """Give the word count that the page declares; in scripts without spaces nobody counts alike."""
    number = node.get("wordCount")
    if UNSPACED.search(text) or not str(number).isdigit():
        return 0
    return int(str(number))


def _after(evidence: Evidence, kept: list[str]) -> list[str]:
    """Give the lines that follow the text."""
    texts = [segment.text for segment in evidence.segments]
    last = max((i for i, text in enumerate(texts) if text == kept[-1]), default=None)
    return texts[last + 1 : last + 1 + REACH] if last is not None else []
