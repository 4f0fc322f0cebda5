"""The standfirst that repeats a paragraph of the body."""

from collections.abc import Iterator
from typing import Final

from newscrawl.items import Block, Draft
from newscrawl.wording import bare

HEAD_BLOCKS: Final = 4
MIN_WORDS: Final = 6


def doubled_lead(blocks: tuple[Block, ...], draft: Draft) -> Iterator[int]:
    """Drop a first copy of a paragraph that comes again; the paragraph in its place stays.

    Only the head is looked at: further down interviews, recipes and spec lists repeat lines on
    purpose (of 87 pages with repeated lines about 40 were of that kind).
    """
    lines = [bare(block.text) for block in blocks]
    for index, line in enumerate(lines[:HEAD_BLOCKS]):
        if len(line.split()) >= MIN_WORDS and line in lines[index + 1 :]:
            yield index
