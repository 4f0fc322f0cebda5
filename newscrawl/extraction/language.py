"""The language of a text: what the page declares, checked against what it says."""

import re
from functools import cache
from typing import Any, Final

from newscrawl.extraction.document import Document
from newscrawl.reference import load_table

CODE: Final = re.compile(r"\s*([a-zA-Z]{2,3})(?:[-_].*)?\s*$")
SAMPLE_CHARS: Final = 1000
PLAIN_SHARE: Final = 0.16
"""Share of a text's words that are common ones of the declared language, from which nothing is detected:
that costs a millisecond, and of 1,000 pages none with such a share was found to be in another."""
MIN_CHARS: Final = 80
"""Characters; below this the declaration is all there is to go by."""
CONFIDENT: Final = 0.95
# Codes that mean the same language; detectors cannot tell the first of each pair from the second.
ALIASES: Final = {"nb": "no", "nn": "no", "iw": "he", "in": "id", "ji": "yi", "sh": "hr"}
CLOSE: Final = (
    {"hr", "sr", "bs", "sl", "mk"}, {"id", "ms"}, {"no", "da", "nn", "nb", "sv"},
    {"cs", "sk"}, {"pt", "gl", "es"}, {"ru", "uk", "bg", "be", "mk", "sr"}, {"ur", "fa", "ar", "ps"},
    {"hi", "mr", "ne"}, {"bn", "as"}, {"af", "nl", "lb", "de"},
)  # fmt: skip


def declared_language(document: Document) -> str | None:
    """Give the ISO 639-1 code of the html element or the metas."""
    root = document.tree
    given = root.get("lang") or root.get("{http://www.w3.org/XML/1998/namespace}lang")
    for value in (given, root.get("xml:lang"), *_meta_languages(document)):
        if value and (match := CODE.match(value)):
            code = match[1].lower()
            return ALIASES.get(code, code)
    return None


def settle_language(declared: str | None, text: str) -> str | None:
    """Choose between the declared language and the one the text is written in.

    Templates declare English above German text, so a confident detection of another, not closely
    related language wins; in all other cases the declaration does.
    """
    if len(text) < MIN_CHARS or (declared and _is_plainly(declared, text)):
        return declared
    detected, confidence = detect_language(text[:SAMPLE_CHARS])
    if declared is None:
        return detected
    related = any(declared in group and detected in group for group in CLOSE)
    return detected if confidence > CONFIDENT and not related else declared


def _is_plainly(language: str, text: str) -> bool:
    """Tell whether the common words of a language are frequent in a text."""
    common = _common_words().get(language)
    words = text[:SAMPLE_CHARS].lower().split()
    return common is not None and sum([w in common for w in words]) >= PLAIN_SHARE * len(words)


@cache
def _common_words() -> dict[str, frozenset[str]]:
    return {code: frozenset(words.split()) for code, words in load_table("common_words").items()}


def detect_language(text: str) -> tuple[str, float]:
    """Give the most probable language of a text, and its probability (0 to 1).

    >>> detect_language("Der Stadtrat hat am Montag über den neuen Haushalt beraten.")[0]
    'de'
    """
    code, confidence = _identifier().classify(text)
    return ALIASES.get(code, code), float(confidence)


@cache
def _identifier() -> Any:
    # Imported here: numpy and the model cost half a second that a command without text never needs.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def _meta_languages(document: Document) -> tuple[str | None, ...]:
    names = ("content-language", "language", "dc.language", "inlanguage", "og:locale")
    return tuple(document.meta(name) for name in names)
