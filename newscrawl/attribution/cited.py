"""Find the outlets that a text names as the ones that reported something."""

import re
from functools import cache
from typing import Final

from newscrawl.items import Block, CitedSource
from newscrawl.reference import agencies, word_list

REPORTED: Final = (
    "reported", "reports", "wrote", "writes", "said", "revealed", "berichtete", "berichtet", "meldete",
    "schreibt", "rapporte", "informó", "riporta",
)  # fmt: skip
TOLD: Final = (
    "told", "tells", "according to", "quoted by", "cited by", "seen by", "obtained by", "reviewed by",
    "interview with", "laut", "selon", "según", "secondo",
)  # fmt: skip
HINTS: Final = tuple({phrase.split()[0] for phrase in REPORTED + TOLD})
"""Words without which no text cites anyone; to look for them first saves most of the time."""


def cited_sources(blocks: tuple[Block, ...]) -> tuple[CitedSource, ...]:
    """Give each citation of an outlet, in order; the same outlet as often as it is cited.

    >>> cited_sources((Block(kind="paragraph", text="He left, Daily Mail reported."),))[0].name
    'Daily Mail'
    """
    found = []
    for block in blocks:
        if not any(hint in block.text for hint in HINTS):
            continue
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
    verbs = "|".join(REPORTED)
    openings = "|".join(phrase.replace(" ", r"\s+") for phrase in TOLD)
    quoted = rf"[\"“„«']?(?:the\s+)?({outlets})[\"”“»']?"
    return re.compile(
        rf"(?<!\w){quoted}(?:\s+newspaper)?\s+(?:has\s+|had\s+)?(?:{verbs})\b"
        rf"|\b(?:{openings})\s+(?:the\s+|der\s+|dem\s+|le\s+|la\s+|el\s+|il\s+)?"
        rf"(?:news\s+agency\s+|broadcaster\s+)?{quoted}"
    )
