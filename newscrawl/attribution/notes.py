"""Find what the editors say about the article: corrections, notes, disclosures, where it comes from."""

import re
from functools import cache
from typing import Final, get_args

from newscrawl.items import Block, Note, NoteKind
from newscrawl.reference import load_table
from newscrawl.wording import fold

MAX_NOTE_CHARS: Final = 900
"""Characters; longer blocks are stories about a correction."""
MAX_OPENING: Final = 45
"""Characters between the opening word and the sign behind it: `Correction, 3 May 2024:`."""
MAX_LEAD: Final = 120
"""Characters from the start in which a note says what it is; later it is quoted."""
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
        if _opening(kind).match(text) or any(p in text[:MAX_LEAD] for p in _contained(kind)):
            return Note(kind=kind, text=block.text)
    return None


@cache
def _opening(kind: str) -> re.Pattern[str]:
    words = sorted(map(fold, load_table("notes")[kind]["opens"]), key=len, reverse=True)
    return re.compile(
        rf"(?:{'|'.join(map(re.escape, words))})(?=[\s,:：.(–—-])[^:：.!?]{{0,{MAX_OPENING}}}(?:[:：)]|\s[-–—]\s)"
    )


@cache
def _contained(kind: str) -> tuple[str, ...]:
    return tuple(map(fold, load_table("notes")[kind]["contains"]))
