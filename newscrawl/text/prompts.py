"""Lines that a site puts into or under every article: links, promos, share prompts, adverts."""

from collections.abc import Callable, Iterator
from typing import Final

from newscrawl import lines
from newscrawl.items import Block, Draft, Line

MAX_LINK_CHARS: Final = 200
MIN_PROSE_CHARS: Final = 80
MAX_TITLE_WORDS: Final = 6


def related_blocks(blocks: tuple[Block, ...], draft: Draft) -> Iterator[int]:
    """Drop headings over related stories, with the titles listed under them.

    Under a heading everything up to the next full paragraph goes, if it looks like a list of
    titles: lines that do not end as sentences do.
    """
    index = 0
    while index < len(blocks):
        if lines.is_related_heading(blocks[index].text):
            yield index
            for follower in range(index + 1, len(blocks)):
                if not _is_listed_title(blocks[follower]) or _opens_prose(blocks, follower):
                    break
                yield follower
                index = follower
        index += 1


def _is_listed_title(block: Block) -> bool:
    return len(block.text) <= MAX_LINK_CHARS and not lines.is_sentence(block.text)


def _opens_prose(blocks: tuple[Block, ...], index: int) -> bool:
    """Tell a sub-heading of the article: a full paragraph follows it."""
    follower = blocks[index + 1 : index + 2]
    is_prose = any(lines.is_sentence(b.text) and len(b.text) > MIN_PROSE_CHARS for b in follower)
    return blocks[index].kind == "heading" and is_prose


def read_more_lines(blocks: tuple[Block, ...], draft: Draft) -> Iterator[int]:
    """Drop lines that point to another article."""
    return _where(blocks, lambda block: lines.is_read_more(block.text) or _points_away(block))


def _points_away(block: Block) -> bool:
    """Tell a link, or a line in brackets, that begins as pointers to other articles do."""
    is_apart = block.text[0] + block.text[-1] in ("[]", "()")
    is_link = isinstance(block, Line) and bool(block.link) and block.kind != "heading"
    return (is_apart or is_link) and lines.is_read_more_link(block.text)


def promos(blocks: tuple[Block, ...], draft: Draft) -> Iterator[int]:
    """Drop invitations to newsletters, apps, channels and subscriptions, with their box's title."""
    for index in _each(blocks, lines.is_promo):
        if index and _is_box_title(blocks[index - 1]):
            yield index - 1
        yield index


def _is_box_title(block: Block) -> bool:
    """Tell the title of a promo's box: a heading may be that of the text around the box."""
    few = len(block.text.split()) <= MAX_TITLE_WORDS
    return block.kind == "paragraph" and few and not lines.is_sentence(block.text)


def share_prompts(blocks: tuple[Block, ...], draft: Draft) -> Iterator[int]:
    """Drop share, follow and comment prompts."""
    return _each(blocks, lines.is_share_prompt)


def adverts(blocks: tuple[Block, ...], draft: Draft) -> Iterator[int]:
    """Drop advertising labels."""
    return _each(blocks, lines.is_advert_label)


def orphans(blocks: tuple[Block, ...], draft: Draft) -> Iterator[int]:
    """Drop widget labels that stand alone."""
    return _each(blocks, lines.is_orphan)


def tag_lists(blocks: tuple[Block, ...], draft: Draft) -> Iterator[int]:
    """Drop lines that list tags behind a label."""
    return _each(blocks, lines.is_tag_list)


def copyright_lines(blocks: tuple[Block, ...], draft: Draft) -> Iterator[int]:
    """Drop copyright lines."""
    return _each(blocks, lines.is_copyright)


def _each(blocks: tuple[Block, ...], is_noise: Callable[[str], object]) -> Iterator[int]:
    return (i for i, b in enumerate(blocks) if b.kind != "table_row" and is_noise(b.text))


def _where(blocks: tuple[Block, ...], is_noise: Callable[[Block], object]) -> Iterator[int]:
    return (i for i, b in enumerate(blocks) if b.kind != "table_row" and is_noise(b))
