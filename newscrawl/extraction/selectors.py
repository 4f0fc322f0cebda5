"""A publisher's layout, applied to a page: what its selectors find, and which of them find nothing.

A layout corrects the general extractor and does not replace it: where a selector finds nothing, the
general result stands, and the miss is written down with the article.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from lxml.etree import XPathError
from lxml.html import HtmlElement

from newscrawl.extraction.document import Document
from newscrawl.extraction.visible import text_content
from newscrawl.items import BY_LAYOUT, Candidate, Provenance
from newscrawl.publishers import Layout, compile_selector

REGIONS: Final = (
    "body", "within", "keep", "strip", "images", "images_after", "images_before", "caption", "credit",
)  # fmt: skip
"""Keys whose selectors find elements."""
TEXTS: Final = ("title", "subtitle", "byline", "date", "modified", "section", "tags")
"""Keys whose selectors find texts."""
VALUES: Final = {"meta": "content", "time": "datetime", "data": "value"}
"""Attributes that hold the value of an element, rather than its text."""
CANDIDATES: Final = {"byline": "author", "date": "published", "modified": "modified"}
"""Fields that later stages choose, by the key of their selectors."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the selectors of a layout find on a page."""

    name: str = ""
    """The layout's name; empty where there is none."""
    elements: dict[str, tuple[HtmlElement, ...]] = field(default_factory=dict)
    texts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    is_article: bool = False
    """Whether the address has the form that the file states of articles."""
    missed: tuple[str, ...] = ()
    """Keys none of whose selectors finds anything."""

    def text(self, key: str) -> str | None:
        """Give the first text of a key."""
        return next(iter(self.texts.get(key, ())), None)

    def candidates(self) -> Iterator[Candidate]:
        """Give what later stages choose among, to be put before all others."""
        for key, name in CANDIDATES.items():
            for raw in self.texts.get(key, ()):
                yield Candidate(field=name, raw=raw, method=f"{BY_LAYOUT}{key}")

    def said(self, key: str, raw: str, alternatives: tuple[Candidate, ...]) -> Provenance:
        """Say that a field is the layout's, and what it was without."""
        others = tuple(c for c in alternatives if c.raw != raw)
        return Provenance(field=key, method=f"{BY_LAYOUT}{key}", raw=raw, alternatives=others)


NO_LAYOUT: Final = Found()


def apply_layout(document: Document, name: str, layout: Layout | None) -> Found:
    """Look for all that a layout names.

    Of several selectors of a text the first that finds one counts, of several selectors of elements all do.
    """
    if layout is None:
        return Found(name=name)
    elements = {
        key: tuple(dict.fromkeys(_elements(document, getattr(layout, key)))) for key in REGIONS
    }
    texts = {key: _first_texts(document, getattr(layout, key)) for key in TEXTS}
    stated = dict.fromkeys(key for key, _ in layout.selectors())
    missed = tuple(key for key in stated if not (elements.get(key) or texts.get(key)))
    return Found(name=name, elements=elements, texts=texts, missed=missed)


def _elements(document: Document, selectors: tuple[str, ...]) -> Iterator[HtmlElement]:
    for selector in selectors:
        yield from (e for e in _found(document, selector) if isinstance(e, HtmlElement))


def _found(document: Document, selector: str) -> list[object]:
    """Give what a selector finds; nothing where a function of it does not take what this page has."""
    try:
        found = compile_selector(selector)(document.tree)
    except XPathError:
        return []
    return [*found] if isinstance(found, list) else [found]


def _first_texts(document: Document, selectors: tuple[str, ...]) -> tuple[str, ...]:
    for selector in selectors:
        values = _found(document, selector)
        if texts := tuple(dict.fromkeys(text for value in values if (text := _text(value)))):
            return texts
    return ()


def _text(value: object) -> str:
    """Give the text of what a selector finds: an element, an attribute, a string."""
    if not isinstance(value, HtmlElement):
        return " ".join(value.split()) if isinstance(value, str) else ""
    attribute = VALUES.get(str(value.tag))
    stated = value.get(attribute, "") if attribute else ""
    return " ".join(stated.split()) or text_content(value)
