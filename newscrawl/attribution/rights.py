"""Read who holds the rights from a copyright line behind the text."""

import re
from typing import Final

from newscrawl.items import Block, Copyright
from newscrawl.lines import is_copyright

MAX_LINES: Final = 40
"""Lines from the end in which the line may stand; most of them are dropped later."""
MAX_HOLDER_WORDS: Final = 6
RIGHTS: Final = re.compile(
    r"\W*(?:(?:copyright|©|ⓒ|\(c\))\W*){1,3}(?P<year>(?:19|20)\d\d(?:\s?[-–]\s?(?:19|20)\d\d)?)?\W*(?:by\s+)?"
    r"(?P<holder>(?:[^.|,;:<>]|(?<=\b\w)\.|(?<=\bSt)\.){2,80}?)(?:\s+(?P<later>(?:19|20)\d\d))?[\s–-]*(?:(?<!\b\w)(?<!\bSt)\.|[|,;:<>)]|all rights|alle rechte|tous droits|$)",
    re.IGNORECASE,
)


def read_rights(blocks: tuple[Block, ...]) -> Copyright | None:
    """Give the first copyright line among the last, with holder and year where it has them.

    >>> found = read_rights((Block(kind="paragraph", text="© 2020 The Associated Press. All rights reserved."),))
    >>> found.holder, found.year
    ('The Associated Press', '2020')
    """
    lines = (block.text for block in blocks[-MAX_LINES:])
    notice = next((line for line in lines if is_copyright(line)), None)
    if notice is None:
        return None
    match = RIGHTS.match(notice)
    holder = match["holder"].strip() if match else ""
    return Copyright(
        holder=holder if 0 < len(holder.split()) <= MAX_HOLDER_WORDS else None,
        year=(match["year"] or match["later"]) if match else None,
        notice=notice,
    )
