"""Where things stand on a page: near the headline, or in a part that holds other things."""

import re
from functools import cached_property, lru_cache
from typing import Final

from lxml.html import HtmlElement

from newscrawl.extraction.document import Document
from newscrawl.extraction.visible import headline_element, in_aside, text_content
from newscrawl.wording import bare, count_words

BEFORE: Final = 300
AFTER: Final = 1000
"""Characters of text between the headline and what belongs to it: a kicker in front, standfirst and
caption behind. Of 700 bylines with a known author, nine in ten stand there."""
MIN_TITLE_WORDS: Final = 5
"""Words; a shorter h1 that the page's title does not repeat is the site's name or a section."""
MIN_TITLE: Final = 12
"""Characters; a title that short may be a section's or the site's."""
UNPRINTED: Final = frozenset({"script", "style", "svg", "button", "noscript", "template", "title"})
CLOSED: Final = frozenset({"nav", "template", "noscript"})
EDGE: Final = frozenset({"aside", "footer"})
EDGE_CLASS: Final = re.compile(r"(?:^|[\s_-])footer(?:$|[\s_-])", re.IGNORECASE)
BESIDE: Final = re.compile(
    r"(?:^|[\s_-])(?:comments?|repl(?:y|ies)|related|teasers?|promo|newsletter|nav|menu)(?:$|[\s_-])",
    re.IGNORECASE,
)
"""Classes of what stands near a headline without being the article's; 'widget' is not among them, as
page builders make all of a page of widgets."""
OWN: Final = re.compile(r"meta|byline|author|date|publish|info", re.IGNORECASE)
"""Classes, in an aside or a footer, of what tells of the article."""


class Places:
    """Which elements stand near the headline, by the text between."""

    def __init__(self, document: Document) -> None:
        self._document = document
        headline = _titled(document)
        self.headline = headline
        self._around = frozenset(headline.iterancestors()) if headline is not None else frozenset()

    @cached_property
    def near(self) -> tuple[HtmlElement, ...]:
        """The elements near the headline, in their order; all, where there is no headline."""
        elements = self._document.elements
        if self.headline is None:
            return elements
        at = first = last = elements.index(self.headline)
        size = 0
        while first > 0 and size <= BEFORE:
            first -= 1
            size += _own_size(elements[first])
        # The element that goes beyond the limit is the first that does not count.
        first += size > BEFORE
        room = AFTER + sum(map(_own_size, self.headline.iter()))
        size = 0
        while last < len(elements) and size + (own := _own_size(elements[last])) <= room:
            size += own
            last += 1
        return elements[first : max(last, at)]

    @cached_property
    def _earlier(self) -> frozenset[HtmlElement]:
        elements = self._document.elements
        return frozenset(elements[: elements.index(self.near[0])]) if self.near else frozenset()

    def is_earlier(self, element: HtmlElement) -> bool:
        """Tell whether the element stands before all that is near the headline."""
        return element in self._earlier

    @cached_property
    def _above(self) -> frozenset[HtmlElement]:
        if self.headline is None:
            return frozenset()
        near = self.near
        return (
            frozenset(near[: near.index(self.headline)]) if self.headline in near else frozenset()
        )

    def is_above(self, element: HtmlElement) -> bool:
        """Tell whether the element stands near the headline, in front of it."""
        return element in self._above

    @cached_property
    def _known(self) -> frozenset[HtmlElement]:
        return frozenset(self.near)

    def is_near(self, element: HtmlElement) -> bool:
        """Tell whether the element stands near the headline."""
        return element in self._known

    def is_beside(self, element: HtmlElement) -> bool:
        """Tell a place of other things: an aside, but not one that holds the headline as well."""
        if not self.is_near(element):
            return in_aside(element)
        is_own = False
        for holder in (element, *element.iterancestors()):
            if holder in self._around:
                return False
            says_own, says_edge, says_beside = _says(f"{holder.get('class')} {holder.get('id')}")
            is_own = is_own or says_own
            is_edge = says_edge or holder.tag in EDGE
            if holder.tag in CLOSED or says_beside or (is_edge and not is_own):
                return True
        return False


@lru_cache(maxsize=16384)
def _says(marks: str) -> tuple[bool, bool, bool]:
    """Tell whether class and id name the article's own, an edge of it, or other things."""
    return bool(OWN.search(marks)), bool(EDGE_CLASS.search(marks)), bool(BESIDE.search(marks))


def _titled(document: Document) -> HtmlElement | None:
    """Give the headline, by the page's title where the h1 is the site's name."""
    shown = headline_element(document)
    element = document.title
    declared = [
        bare(text)
        for text in (document.meta("og:title"), "" if element is None else text_content(element))
        if text and len(text) >= MIN_TITLE
    ]
    first = shown if shown is not None else next(document.tree.iter("h1"), None)
    is_long = first is not None and count_words(text_content(first)) >= MIN_TITLE_WORDS
    if is_long or not declared or (first is not None and _repeats(first, declared)):
        return first
    others = (e for e in document.tree.iter("h1", "h2", "h3") if _repeats(e, declared))
    return next(others, first)


def _repeats(element: HtmlElement, declared: list[str]) -> bool:
    text = bare(text_content(element))
    return len(text) >= MIN_TITLE and any(
        (text in title and 2 * len(text) >= len(title)) or title in text for title in declared
    )


def _own_size(element: HtmlElement) -> int:
    if element.tag in UNPRINTED:
        return len((element.tail or "").strip())
    return len((element.text or "").strip()) + len((element.tail or "").strip())
