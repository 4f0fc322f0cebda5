"""What a reader sees around the text: headline, standfirst, byline, date."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Final

from lxml.html import HtmlElement

from newscrawl.extraction.document import Document
from newscrawl.items import Candidate
from newscrawl.lines import is_date_line

MAX_DATE_CHARS: Final = 120
MAX_TITLE_CHARS: Final = 350
MIN_DATE_CHARS: Final = 6
MAX_DATE_LINE: Final = 60
MAX_LINE_DATES: Final = 3
DATE_TAGS: Final = frozenset({"div", "span", "p", "li", "td", "small", "em", "b"})
DIGIT: Final = re.compile(r"\d")
NO_TEXT: Final = frozenset({"script", "style", "title", "option", "textarea", "time"})

SPLIT: Final = re.compile(r"[\s_-]+")


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
DATE_CLASS: Final = Telling(
    frozenset({
        "date", "datum", "fecha", "data", "datetime", "timestamp", "time", "published", "publish",
        "pubdate", "posted", "updated", "dateline",
    }),
    re.compile(r"publish(?:ed)?-?(?:date|details)|article-?date|post-?date"),
)  # fmt: skip
MODIFIED_WORD: Final = re.compile(r"modif|updat|aktuali|atualiz|aggiorn|mis à jour", re.IGNORECASE)
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
    for element, tag, marks in document.marked:
        if tag not in ("p", "div", "h2", "h3", "span"):
            continue
        if _matches(SUBTITLE_CLASS, marks) and not in_aside(element):
            text = text_content(element)
            if text and 20 < len(text) < 600:
                return text
    return None


def date_candidates(document: Document) -> Iterator[Candidate]:
    """Give dates: microdata, time elements, then text in elements whose class says date."""
    for key, field in (("datePublished", "published"), ("dateModified", "modified")):
        for element in document.properties.get(key, ()):
            raw = element.get("datetime") or element.get("content") or text_content(element)
            if raw and len(raw) <= MAX_DATE_CHARS and not in_aside(element):
                yield Candidate(field=field, raw=raw, method=f"microdata.{key}")
    yield from _time_elements(document)
    yield from _class_dates(document)
    yield from _line_dates(document)


def text_content(element: HtmlElement) -> str:
    """Give an element's text with a space between blocks, white space folded."""
    return " ".join(" ".join(part for part in element.itertext()).split())


def in_aside(element: HtmlElement) -> bool:
    """Tell whether an element stands in a part of the page that is not the article's own."""
    for ancestor in [element, *element.iterancestors()]:
        if ancestor.tag in ("body", "html", "article", "main"):
            return False
        if ancestor.tag in ("aside", "nav", "footer", "template", "noscript"):
            return True
        if _matches(ASIDE, _marks(ancestor)):
            return True
    return False


@lru_cache(maxsize=16384)
def _matches(telling: Telling, marks: str) -> bool:
    """Tell whether class and id match; a page repeats few of them many times."""
    words, plain = _words(marks)
    return not telling.words.isdisjoint(words) or bool(telling.pattern.search(plain))


@lru_cache(maxsize=4096)
def _words(marks: str) -> tuple[frozenset[str], str]:
    plain = marks.lower()
    return frozenset(SPLIT.split(plain)), plain


def _marks(element: HtmlElement) -> str:
    return " ".join(filter(None, (element.get("class"), element.get("id"))))


def _time_elements(document: Document) -> Iterator[Candidate]:
    for element in document.tree.iter("time"):
        raw = element.get("datetime") or text_content(element)
        if not raw or len(raw) > MAX_DATE_CHARS or in_aside(element) or _in_link_list(element):
            continue
        field = "modified" if _is_modified(element) else "published"
        yield Candidate(field=field, raw=raw, method="time")


def _is_modified(element: HtmlElement) -> bool:
    """Tell by the marks and the label of an element and its wrappers which date it holds."""
    near = [element, *islice(element.iterancestors(), 2)]
    marks = " ".join(f"{_marks(e)} {e.get('data-test-id') or ''}" for e in near)
    labels = (text_content(e)[:60] for e in near)
    return bool(MODIFIED_WORD.search(marks)) or any(map(MODIFIED_WORD.match, labels))


def _class_dates(document: Document) -> Iterator[Candidate]:
    for element, tag, marks in document.marked:
        if tag not in DATE_TAGS or not _matches(DATE_CLASS, marks):
            continue
        raw = text_content(element)
        is_short = 0 < len(raw) <= MAX_DATE_CHARS and any(map(str.isdigit, raw))
        if is_short and not in_aside(element) and not _in_link_list(element):
            field = "modified" if _is_modified(element) else "published"
            yield Candidate(field=field, raw=raw, method="text.class")


def _line_dates(document: Document) -> Iterator[Candidate]:
    """Give the first texts that are nothing but a date, from the headline on, whatever their class."""
    start = next(document.tree.iter("h1"), document.tree)
    found = 0
    first = document.elements.index(start) if start.tag == "h1" else 0
    for element in document.elements[first:]:
        text = element.text
        if not text or not DIGIT.search(text) or element.tag in NO_TEXT:
            continue
        raw = " ".join(text.split())
        is_short = MIN_DATE_CHARS <= len(raw) <= MAX_DATE_LINE
        if not is_short or not (field := is_date_line(raw)):
            continue
        if not in_aside(element) and not _in_link_list(element):
            yield Candidate(field=field, raw=raw, method="text.line")
            found += 1
            if found == MAX_LINE_DATES:
                return


def _in_link_list(element: HtmlElement) -> bool:
    """Tell whether an element stands inside a link or a teaser, as dates of other articles do."""
    for ancestor in element.iterancestors("a", "li", "h2", "h3"):
        if ancestor.tag == "a" or (ancestor.tag == "li" and ancestor.find(".//a") is not None):
            return True
    return False
