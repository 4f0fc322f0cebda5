"""Find the outlets that a text names as the ones that reported something."""

import re
from functools import cache
from typing import Final

from newscrawl.items import Block, CitedSource
from newscrawl.reference import agencies, word_list

VERBS: Final = r"(?:reported|reports|wrote|writes|said|revealed|berichtete|berichtet|meldete|schreibt|rapporte|informó|riporta)"


def cited_sources(blocks: tuple[Block, ...]) -> tuple[CitedSource, ...]:
    """Give each citation of an outlet, in order; the same outlet as often as it is cited.

    >>> cited_sources((Block(kind="paragraph", text="He left, Daily Mail reported."),))[0].name
    'Daily Mail'
    """
    found = []
    for block in blocks:
        for match in _pattern().finditer(block.text):
            name = next(group for group in match.groups() if group)
            found.append(CitedSource(name=name, phrase=match[0]))
    return tuple(found)


@cache
def _pattern() -> re.Pattern[str]:
    names = {
        *word_list("outlets"),
        *(row.name for row in agencies()),
        "Reuters",
        "AFP",
        "Xinhua",
        "TASS",
        "dpa",
    }
    outlets = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    quoted = rf"[\"“„«']?(?:the\s+)?({outlets})[\"”“»']?"
    return re.compile(
        rf"(?<!\w){quoted}(?:\s+newspaper)?\s+(?:has\s+|had\s+)?{VERBS}\b"
        rf"|\b(?:told|tells|according\s+to|quoted\s+by|cited\s+by|seen\s+by|obtained\s+by|reviewed\s+by"
        rf"|interview\s+with|laut|selon|según|secondo)\s+(?:the\s+|der\s+|dem\s+|le\s+|la\s+|el\s+|il\s+)?"
        rf"(?:news\s+agency\s+|broadcaster\s+)?{quoted}"
    )
