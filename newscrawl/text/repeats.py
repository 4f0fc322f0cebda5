"""Passages that are printed twice: standfirsts, pull quotes, contents, copies for another screen."""

from collections.abc import Iterator
from typing import Final

from newscrawl.items import Block, Draft
from newscrawl.lines import is_sentence
from newscrawl.wording import bare

HEAD_BLOCKS: Final = 4
MIN_WORDS: Final = 6
MIN_CONTENTS: Final = 2
"""Lines that repeat a later heading; one alone may be chance."""
PROSE_WORDS: Final = 12
MAX_RUN: Final = 300
"""Lines of a run that are compared, so that a page of one line a thousand times costs no more."""
MIN_RUN_PROSE: Final = 3
"""Sentences of that many words in a repeated run. Plans, recipes and specifications repeat runs of
short lines on purpose, a statement that is quoted twice is one paragraph."""


def doubled_lead(blocks: tuple[Block, ...], draft: Draft) -> Iterator[int]:
    """Drop a first copy of a paragraph that comes again; the paragraph in its place stays.

    Only the head is looked at, and no question: interviews, recipes and spec lists repeat lines on
    purpose (of 87 pages with repeated lines about 40 were of that kind).
    """
    lines = [bare(block.text) for block in blocks]
    for index, line in enumerate(lines[:HEAD_BLOCKS]):
        is_question = blocks[index].text.endswith(("?", "？", "؟"))
        if len(line.split()) >= MIN_WORDS and not is_question and line in lines[index + 1 :]:
            yield index


def contents(blocks: tuple[Block, ...], draft: Draft) -> Iterator[int]:
    """Drop a list whose lines are headings further down."""
    lines = [bare(block.text) for block in blocks]
    later: set[str] = set()
    found = []
    for index in range(len(blocks) - 1, -1, -1):
        if blocks[index].kind == "heading":
            later.add(lines[index])
        elif blocks[index].kind == "list_item" and lines[index] in later:
            found.append(index)
    return iter(found if len(found) >= MIN_CONTENTS else ())


def doubled_runs(blocks: tuple[Block, ...], draft: Draft) -> Iterator[int]:
    """Drop the second copy of a passage, such as the same body for another screen size."""
    lines = [bare(block.text) for block in blocks]
    is_prose = [
        len(line.split()) >= PROSE_WORDS and is_sentence(block.text)
        for line, block in zip(lines, blocks, strict=True)
    ]
    first: dict[str, int] = {}
    taken: set[int] = set()
    for index, line in enumerate(lines):
        earlier = first.setdefault(line, index)
        if earlier == index or index in taken:
            continue
        run = _run_length(lines, earlier, index)
        if sum(is_prose[index : index + run]) >= MIN_RUN_PROSE:
            taken.update(range(index, index + run))
    return iter(sorted(taken))


def _run_length(lines: list[str], one: int, other: int) -> int:
    length = 0
    while other + length < len(lines) and one + length < other and length < MAX_RUN:
        if lines[one + length] != lines[other + length]:
            break
        length += 1
    return length
