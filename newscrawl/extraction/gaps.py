"""Put back sub-headings and lists that stand between two paragraphs of the body.

On layouts whose class names mislead it, trafilatura falls back to paragraphs alone (Quintype's
`story-content` wrapper around the headline is one). What stands between two paragraphs of the body
and under the same parent belongs to the body, unless it is a list of links.
"""

from collections.abc import Iterator
from typing import Final

from lxml.html import HtmlElement

from newscrawl.extraction.visible import in_aside
from newscrawl.items import Block
from newscrawl.lines import is_related_heading
from newscrawl.wording import bare, squeeze

MIN_KEY_CHARS: Final = 25
"""Characters; shorter paragraphs are not sure to be the same element."""
KEY_LETTERS: Final = 40
MAX_LINK_SHARE: Final = 0.3
HEADINGS: Final = frozenset({"h2", "h3", "h4"})
LISTS: Final = frozenset({"ul", "ol"})
# What a list of cards or a menu has inside its items, and a list in a text has not.
NESTED: Final = ("div", "h2", "h3", "h4", "ul", "img", "script", "style", "button", "input")


def fill_gaps(tree: HtmlElement, blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """Give the blocks with what is missing between two of them put back in its place."""
    positions = {bare(b.text): i for i, b in enumerate(blocks) if len(b.text) >= MIN_KEY_CHARS}
    whole = _tight("".join(block.text for block in blocks))
    insertions: dict[int, list[Block]] = {}
    for paragraph in tree.iter("p"):
        at = positions.get(bare(_text(paragraph)))
        if at is not None and at not in insertions:
            missing = [b for b in _until_next(paragraph, positions) if not _stands_in(b, whole)]
            insertions[at] = missing
    filled: list[Block] = []
    for index, block in enumerate(blocks):
        filled += [block, *insertions.get(index, ())]
    return tuple(filled)


def _stands_in(block: Block, whole: str) -> bool:
    """Tell whether the body has a block already, perhaps cut into several: its beginning is there."""
    return _tight(block.text)[:KEY_LETTERS] in whole


def _tight(text: str) -> str:
    return bare(text).replace(" ", "")


def _until_next(paragraph: HtmlElement, positions: dict[str, int]) -> list[Block]:
    """Give the blocks of the siblings up to the next paragraph of the body; none if there is none."""
    found: list[Block] = []
    for sibling in paragraph.itersiblings():
        if sibling.tag == "p" and bare(_text(sibling)) in positions:
            return found
        if sibling.tag == "p" and _text(sibling):
            return []
        found += _blocks_of(sibling)
    return []


def _blocks_of(element: HtmlElement) -> Iterator[Block]:
    if in_aside(element) or _link_share(element) > MAX_LINK_SHARE:
        return
    if element.tag in HEADINGS and _is_plain(element):
        if (text := _text(element)) and not is_related_heading(text):
            yield Block(kind="heading", text=text)
    elif element.tag in LISTS:
        for item in element.iterchildren("li"):
            if (text := _text(item)) and _is_plain(item):
                yield Block(kind="list_item", text=text)


def _is_plain(element: HtmlElement) -> bool:
    return not any(next(element.iterdescendants(tag), None) is not None for tag in NESTED)


def _link_share(element: HtmlElement) -> float:
    linked = sum(len(_text(link)) for link in element.iter("a"))
    return linked / max(1, len(_text(element)))


def _text(element: HtmlElement) -> str:
    return squeeze("".join(map(str, element.itertext())))
