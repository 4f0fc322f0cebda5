"""Find what the editors say about the article: corrections, notes, disclosures, where it comes from."""

import re
from functools import cache
from typing import Final, get_args

from newscrawl.attribution.names import is_spelt_as_name
from newscrawl.items import Block, Note, NoteKind
from newscrawl.lines import is_dateish
from newscrawl.reference import load_table
from newscrawl.wording import fold

MAX_NOTE_CHARS: Final = 900
"""Characters; longer blocks are stories about a correction."""
MAX_OPENING: Final = 45
"""Characters between the opening word and the sign behind it: `Correction, 3 May 2024:`."""
MAX_LEAD: Final = 120
"""Characters from the start in which a note says what it is; later it is quoted."""
PLAIN: Final = re.compile(
    r"\W*(?:(?:appended|posted|published)\b[^:]*|(?:to|on|zu|in) (?:this|our|diesem|cet|este|questo) [\w -]+|aus dem \w+|from (?:the )?\w+"
    r"|d(?:e l'|u |el |al |o )\w+)?\W*"
)
"""What may stand between a single opening word and its colon besides a date: nothing, what it is about."""
AND: Final = re.compile(r"\s*[,/&]\s*|\s+(?:and|und|et|y|e)\s+")
WRAPPING: Final = " *()[]–—-•†"


def note_of(block: Block) -> Note | None:
    """Read a block that is a note of the editors.

    >>> note_of(Block(kind="paragraph", text="Correction: The mill is nine years old.")).kind
    'correction'
    >>> note_of(Block(kind="paragraph", text="Correction officers went on strike.")) is None
    True
    """
    if len(block.text) > MAX_NOTE_CHARS:
        return None
    text = fold(block.text[: 2 * MAX_LEAD]).strip(WRAPPING)
    # Asked of all kinds at once first: nearly every block is a note of none.
    if not (_any_opening().match(text) or _any_contained().search(text[:MAX_LEAD])):
        return None
    for kind in get_args(NoteKind):
        if _is_opened(kind, text, block.text) or _contained(kind).search(text[:MAX_LEAD]):
            return Note(kind=kind, text=block.text)
    return None


def _is_opened(kind: str, text: str, printed: str) -> bool:
    """Tell a note by its first words: `Correction, 3 May:`, not `Correction of the market: shares fell`.

    'Translation:' also opens what a writer has to say in other words; names alone make it a note.
    """
    match = _opening(kind).match(text)
    if match is None:
        return False
    if kind == "translation" and not _names_only(printed):
        return False
    between = match["between"]
    is_phrase = re.search(r"\W", match["word"]) is not None
    return is_phrase or is_dateish(between.strip(WRAPPING)) or PLAIN.fullmatch(between) is not None


def _names_only(text: str) -> bool:
    """Tell whether names of two words or three are all that stands behind the colon."""
    names = AND.split(re.split(r"[:：]|\s[–—-]\s", text.strip(WRAPPING), maxsplit=1)[-1])
    return all(1 < len(name.split()) < 4 and is_spelt_as_name(name) for name in names)


@cache
def _any_opening() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{_opening_words(kind)})" for kind in get_args(NoteKind)))


@cache
def _any_contained() -> re.Pattern[str]:
    phrases = "|".join(_contained_phrases(kind) for kind in get_args(NoteKind))
    return re.compile(rf"(?<!\w)(?:{phrases})(?!\w)")


def _opening_words(kind: str) -> str:
    words = sorted(map(fold, load_table("notes")[kind]["opens"]), key=len, reverse=True)
    return "|".join(map(re.escape, words)) or "(?!)"


@cache
def _opening(kind: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?P<word>{_opening_words(kind)})(?=[\s,:：.(–—-])"
        rf"(?P<between>[^:：!?]{{0,{MAX_OPENING}}}?)(?:[:：]|\s-\s|\)\s)"
    )


@cache
def _contained(kind: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{_contained_phrases(kind)})(?!\w)")


def _contained_phrases(kind: str) -> str:
    """Give the phrases of a kind as one pattern.

    `<text>` stands for what an article is called, `<print>` for that or a part of one.
    """
    table = load_table("notes")
    phrases = "|".join(re.escape(fold(phrase)) for phrase in table[kind]["contains"]) or "(?!)"
    for name, words in table["texts"].items():
        phrases = phrases.replace(f"<{name}>", f"(?:{'|'.join(map(fold, words))})")
    return phrases
