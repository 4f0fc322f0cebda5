"""The main text. The only module that imports trafilatura."""

import re
from collections.abc import Iterator
from copy import deepcopy
from importlib.metadata import version
from typing import Any, Final

import trafilatura
from lxml.etree import _Element, strip_elements
from lxml.html import HtmlElement
from trafilatura.settings import Extractor

from newscrawl.items import Block, BlockKind
from newscrawl.wording import squeeze

TRAFILATURA_VERSION: Final = version("trafilatura")
# Stated once. Fast leaves out its own comparison with other extractors, a third of its time. Never dedup=True: it remembers earlier pages, so that the same page five times gave
# 905, 905, 905, None and None characters.
OPTIONS: Final[dict[str, Any]] = {"comments": False, "tables": True, "dedup": False, "fast": True}
UNREAD: Final = (
    "script", "style", "noscript", "svg", "template", "iframe", "select", "option", "button", "textarea",
    "video", "audio", "canvas", "link", "meta", "img", "source", "input", "object", "map", "area", "dialog",
    "aside", "footer", "menu", "nav", "fieldset", "label", "legend",
)  # fmt: skip
"""Elements without text for a reader, and those that trafilatura drops wherever they stand.

It copies the tree time and again and searches it with a dozen expressions before it drops them:
without them and without empty elements it takes a fifth less, with the same text on 9 pages of 10.
"""
HOLLOW: Final = frozenset({"br", "hr", "td", "th", "body", "html"})
"""Elements that mean something though nothing is in them."""
DROPPED: Final = "dropped"

KINDS: Final[dict[str, BlockKind]] = {
    "head": "heading", "item": "list_item", "quote": "quote", "code": "code", "row": "table_row",
}  # fmt: skip
BLOCK_TAGS: Final = frozenset({"p", "head", "item", "quote", "code", "row", "list", "table", "div"})
LINE_BREAK: Final = "\n"
WORD: Final = re.compile(r"\w")


def told_lines(tree: HtmlElement, url: str | None) -> tuple[str, ...]:
    """Give the lines that trafilatura takes for the text; none where it finds none.

    Args:
        tree: the page; it is not changed.
        url: its address.

    """
    light = deepcopy(tree)
    strip_elements(light, *UNREAD, with_tail=False)
    _drop_empty(light)
    options = Extractor(url=url, **OPTIONS)
    body = getattr(trafilatura.bare_extraction(light, url=url, options=options), "body", None)
    return tuple(block.text for block in _blocks(body)) if body is not None else ()


def _drop_empty(tree: HtmlElement) -> None:
    """Drop elements without text, and those that only hold such.

    They are renamed and dropped at once by libxml2: one by one, each would join the texts around
    it anew, and a page of many takes time by the square of their number.
    """
    for element in reversed(list(tree.iterdescendants())):
        if (
            element.tag not in HOLLOW
            and _is_blank(element.text)
            and all(child.tag == DROPPED and _is_blank(child.tail) for child in element)
        ):
            element.tag = DROPPED
    strip_elements(tree, DROPPED, with_tail=False)


def _is_blank(text: str | None) -> bool:
    return not text or text.isspace()


def _blocks(body: _Element) -> Iterator[Block]:
    for kind, text in _runs(body, "paragraph"):
        for line in text.split(LINE_BREAK):
            if (clean := squeeze(line)) and WORD.search(clean):
                yield Block(kind=kind, text=clean)


def _runs(element: _Element, kind: BlockKind) -> Iterator[tuple[BlockKind, str]]:
    """Give the text of an element as runs, cut where a block begins or ends.

    A row of a table is one run, its cells joined by a bar; a line break cuts a run.
    """
    if element.tag == "row":
        cells = (" ".join("".join(map(str, cell.itertext())).split()) for cell in element)
        yield "table_row", " | ".join(cell for cell in cells if cell)
        return
    parts = [element.text or ""]
    for child in element:
        if child.tag in BLOCK_TAGS:
            yield kind, "".join(parts)
            yield from _runs(child, KINDS.get(str(child.tag), kind))
            parts = [child.tail or ""]
        else:
            parts += [LINE_BREAK] if child.tag == "lb" else _inline(child)
            parts.append(child.tail or "")
    yield kind, "".join(parts)


def _inline(element: _Element) -> list[str]:
    """Give the text of an inline element, line breaks inside it kept."""
    parts = [element.text or ""]
    for child in element:
        if child.tag == "lb" or child.tag in BLOCK_TAGS:
            parts.append(LINE_BREAK)
        parts += _inline(child)
        parts.append(child.tail or "")
    return parts
