"""Puts the blocks of an article in the order in which a page prints them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from newscrawl.demo.markup import lines, text
from newscrawl.demo.model import DemoArticle, DemoImage, DemoInsert

Run = tuple[str, ...]
Part = Run | DemoImage | DemoInsert


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a template prints the parts of a body."""

    run: Callable[[Run], str]
    image: Callable[[DemoImage], str]
    insert: Callable[[DemoInsert], str]


def body_html(parts: Iterator[Part], style: Style) -> str:
    """Return the body as the template prints it."""
    return lines(_part_html(part, style) for part in parts)


def flow(article: DemoArticle, paragraphs: Run) -> Iterator[Part]:
    """Yield runs of paragraphs with the later images and the noise between them."""
    start = 0
    for stop in range(1, len(paragraphs) + 1):
        between = _standing_after(article, stop)
        if between or stop == len(paragraphs):
            yield paragraphs[start:stop]
            yield from between
            start = stop


def printed(article: DemoArticle, *, inline_tail: bool) -> Run:
    """Return the paragraphs with dateline and, if wanted, tail, as a desk would print them."""
    blocks = list(article.paragraphs)
    blocks[0] = article.dateline_raw + blocks[0]
    if article.tail and inline_tail:
        blocks[-1] = f"{blocks[-1]} {article.tail}"
    return tuple(blocks)


def run_html(run: Run) -> str:
    """Return a run of blocks as plain elements, with neighbouring list items in one list."""
    return lines(_block(block) for block in run).replace("</ul>\n<ul>", "")


def hero(article: DemoArticle) -> DemoImage | None:
    """Return the image that stands above the body."""
    first = article.images[0] if article.images else None
    return first if first and first.after == 0 else None


def _standing_after(article: DemoArticle, count: int) -> list[Part]:
    images: list[Part] = [image for image in article.images if image.after == count]
    return images + [insert for insert in article.inserts if insert.after == count]


def _part_html(part: Part, style: Style) -> str:
    if isinstance(part, DemoImage):
        return style.image(part)
    if isinstance(part, DemoInsert):
        return style.insert(part)
    return style.run(part)


def _block(block: str) -> str:
    if block.startswith("## "):
        return f"<h2>{text(block[3:])}</h2>"
    if block.startswith("* "):
        return f"<ul><li>{text(block[2:])}</li></ul>"
    if block.startswith("> "):
        return f"<blockquote><p>{text(block[2:])}</p></blockquote>"
    return f"<p>{text(block)}</p>"
