"""Lines before the body: the title again, date, byline, reading time."""

from collections.abc import Iterator
from typing import Final

from newscrawl.items import Block, Draft
from newscrawl.lines import is_byline, is_date_line, is_reading_time, split_date_label
from newscrawl.wording import bare, fold

HEAD_BLOCKS: Final = 6
"""Blocks; on 354 of 1,596 articles the title is repeated within the first six lines."""
DATE_BLOCKS: Final = 10
MAX_KICKER_CHARS: Final = 30


def repeated_title(blocks: tuple[Block, ...], draft: Draft) -> Iterator[int]:
    """Drop the title where it stands again at the head, alone or with a kicker before it."""
    title = bare(draft.title or "")
    for index, block in enumerate(blocks[:HEAD_BLOCKS]):
        line = bare(block.text)
        if title and (line == title or _is_kicker_and_title(line, title)):
            yield index


def empty_labels(blocks: tuple[Block, ...], draft: Draft) -> Iterator[int]:
    """Drop labels such as 'Published on:' whose value is missing."""
    for index, block in enumerate(blocks[:DATE_BLOCKS]):
        label, _, rest = split_date_label(block.text)
        if label and not rest.strip(" :|-") and block.text.rstrip().endswith(":"):
            yield index


def date_lines(blocks: tuple[Block, ...], draft: Draft) -> Iterator[int]:
    """Drop lines that are only a date, at the head; further down they belong to a chronicle."""
    for index, block in enumerate(blocks[:DATE_BLOCKS]):
        if is_date_line(block.text) and (index < HEAD_BLOCKS // 2 or _is_labelled(block.text)):
            yield index


def reading_times(blocks: tuple[Block, ...], draft: Draft) -> Iterator[int]:
    """Drop reading-time notes."""
    return (i for i, block in enumerate(blocks[:DATE_BLOCKS]) if is_reading_time(block.text))


def bylines(blocks: tuple[Block, ...], draft: Draft) -> Iterator[int]:
    """Drop bylines at the head: a lead-in word and names, or exactly an author's name."""
    names = {fold(author.name) for author in draft.authors} | {fold(draft.byline_raw or "")} - {""}
    for index, block in enumerate(blocks[:HEAD_BLOCKS]):
        if block.kind != "heading" and (is_byline(block.text) or fold(block.text) in names):
            yield index


def _is_kicker_and_title(line: str, title: str) -> bool:
    """Tell a kicker with the title behind it, glued or not: 'LocalOld mill to reopen'."""
    tight, wanted = line.replace(" ", ""), title.replace(" ", "")
    extra = len(tight) - len(wanted)
    return tight.endswith(wanted) and 0 < extra <= MAX_KICKER_CHARS and len(title.split()) >= 4


def _is_labelled(text: str) -> bool:
    return bool(split_date_label(text)[0])
