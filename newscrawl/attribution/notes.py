"""Find what the editors say about the article: corrections, notes, disclosures, where it comes from."""

import re
from functools import cache
from typing import Final, get_args

from newscrawl.attribution.names import is_spelt_as_name
from newscrawl.items import Block, Note, NoteKind
from newscrawl.reference import load_table
from newscrawl.wording import fold

MAX_NOTE_CHARS: Final = 900
"""Characters; longer blocks are stories about a correction."""
MAX_OPENING: Final = 45
"""Characters between the opening word and the sign behind it: `Correction, 3 May 2024:`."""
MAX_LEAD: Final = 120
"""Characters from the start in which a note says what it is; later it is quoted."""
PLAIN: Final = re.compile(
    r"\W*|.*\d.*|\W*(?:to|on|for|zu|zum|à|al?|del?|du|vom) (?:this|our|an|the|diesem|cet|este|questo)\b.*"
)
"""What may stand between a single opening word and its colon: nothing, a date, what it is about."""
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
    for kind in get_args(NoteKind):
        if _is_opened(kind, text, block.text) or _contained(kind).search(text[:MAX_LEAD]):
            return Note(kind=kind, text=block.text)
    return None


def _is_opened(kind: str, text: str, printed: str) -> bool:
    """Tell a note by its first words: `Correction, 3 May:`, not `Correction of the market: shares fell`.

    'Translation:' also opens what a writer has to say in other words; a name alone makes it a note.
    """
    match = _opening(kind).match(text)
    if match is None:
        return False
    if kind == "translation" and not is_spelt_as_name(printed[-len(match["rest"]) :]):
        return False
    is_phrase = re.search(r"\W", match["word"]) is not None
    return is_phrase or PLAIN.fullmatch(match["between"]) is not None


@cache
def _opening(kind: str) -> re.Pattern[str]:
    words = sorted(map(fold, load_table("notes")[kind]["opens"]), key=len, reverse=True)
    return re.compile(
        rf"(?P<word>{'|'.join(map(re.escape, words))})(?=[\s,:：.(–—-])"
        rf"(?P<between>[^:：.!?]{{0,{MAX_OPENING}}})(?:[:：)]|\s-\s)(?P<rest>.*)"
    )


@cache
def _contained(kind: str) -> re.Pattern[str]:
    """Give the phrases of a kind as one pattern; `<text>` stands for what an article is called."""
    table = load_table("notes")
    texts = f"(?:{'|'.join(map(fold, table['texts']['words']))})"
    phrases = (re.escape(fold(p)).replace("<text>", texts) for p in table[kind]["contains"])
    return re.compile(rf"(?<!\w)(?:{'|'.join(phrases) or '(?!)'})(?!\w)")
