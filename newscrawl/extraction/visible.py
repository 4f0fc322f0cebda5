"""What a reader sees around the text: headline, standfirst, and what stands beside."""

import re
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import islice
from typing import Final

from lxml.html import HtmlElement

from newscrawl.extraction.document import Document, mark_test

MAX_TITLE_CHARS: Final = 350
MAX_PARTS: Final = 400
"""Texts, most of them white space, that are joined to see how an element begins."""

SPLIT: Final = re.compile(r"[_-]+")


@dataclass(frozen=True, eq=False)
class Telling:
    """Classes and ids that say what an element is: words of them, and a pattern for the rest.

    To look words up is several times faster than to search for them between hyphens.
    """

    words: frozenset[str]
    pattern: re.Pattern[str]


ASIDE: Final = Telling(
    frozenset({
        "comment", "comments", "related", "sidebar", "footer", "teaser", "promo", "widget", "nav", "menu",
        "trending", "newsletter", "reply", "bio",
    }),
    re.compile(
        r"(?:^|[\s_-])(?:recommend\w*|most-?(?:read|popular)|more-?(?:news|stories|on)|also-?read"
        r"|author-?(?:bio|box)|about-?author)(?:$|[\s_-])"
    ),
)  # fmt: skip
"""Parts of a page that never hold the article's own byline or date."""
SUBTITLE_CLASS: Final = Telling(
    frozenset({"deck", "dek", "chapo", "sottotitolo", "bajada", "vorspann"}),
    re.compile(
        r"su(?:b-?(?:title|head(?:line)?|heading))|stand-?first|lead-?text(?:$|[\s_-])"
        r"|article-?summary(?:$|[\s_-])"
    ),
)


def headline(document: Document) -> str | None:
    """Give the text of the page's headline."""
    element = headline_element(document)
    return None if element is None else text_content(element)


def headline_element(document: Document) -> HtmlElement | None:
    """Give the page's headline: the only h1, or the first inside the article."""
    named = set(document.properties.get("headline", ()))
    tops = list(document.tree.iter("h1", "h2"))
    inside = [e for e in tops if e in named or (e.tag == "h1" and _is_in_article(e))]
    for element in [*inside, *(e for e in tops if e.tag == "h1")]:
        text = text_content(element)
        if text and len(text) <= MAX_TITLE_CHARS and not in_aside(element):
            return element
    return None


def _is_in_article(element: HtmlElement) -> bool:
    return next(element.iterancestors("article", "main"), None) is not None


def subtitle(document: Document) -> str | None:
    """Give the standfirst that has an element of its own near the headline."""
    for element, tag in document.marked_as(SUBTITLES):
        if tag in ("p", "div", "h2", "h3", "span") and not in_aside(element):
            text = text_content(element)
            if text and 20 < len(text) < 600:
                return text
    return None


def text_content(element: HtmlElement) -> str:
    """Give an element's text with a space between blocks, white space folded."""
    return " ".join(" ".join(part for part in element.itertext()).split())


def opening_text(element: HtmlElement, chars: int) -> str:
    """Give the first characters of an element's text, and one more where there are more.

    Only so much of it is read: asked of the wrappers of each of many elements, reading all of
    their text takes quadratic time.
    """
    parts: list[str] = []
    size = 0
    for part in islice(element.itertext(), MAX_PARTS):
        parts.append(part)
        size += len(part.strip())
        if size > chars:
            break
    return " ".join(" ".join(parts).split())[: chars + 1]


def in_aside(element: HtmlElement) -> bool:
    """Tell whether an element stands in a part of the page that is not the article's own."""
    for ancestor in [element, *element.iterancestors()]:
        if ancestor.tag in ("body", "html", "article", "main"):
            return False
        if ancestor.tag in ("aside", "nav", "footer", "template", "noscript"):
            return True
        if matches(ASIDE, marks_of(ancestor)):
            return True
    return False


@lru_cache(maxsize=8192)
def matches(telling: Telling, marks: str) -> bool:
    """Tell whether one of an element's classes, or its id, matches."""
    return any(tells(telling, mark) for mark in marks.split())


@lru_cache(maxsize=65536)
def tells(telling: Telling, mark: str) -> bool:
    """Look one class or id up; sites share most of theirs, and a page repeats few of them many times."""
    plain = mark.lower()
    return not telling.words.isdisjoint(SPLIT.split(plain)) or bool(telling.pattern.search(plain))


SUBTITLES: Final = mark_test(
    partial(tells, SUBTITLE_CLASS),
    (*SUBTITLE_CLASS.words, "sub", "standfirst", "stand-first", "lead", "summary"),
)


def marks_of(element: HtmlElement) -> str:
    return " ".join(filter(None, (element.get("class"), element.get("id"))))
