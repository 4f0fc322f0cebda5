"""Dates that a reader sees: microdata, time elements, elements whose class says date, date lines.

Those near the headline come first: pages carry the dates of other articles, of comments and the
clock of the page itself in the same elements.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from itertools import islice
from typing import Final

from lxml.html import HtmlElement

from newscrawl.extraction.document import Document, mark_test
from newscrawl.extraction.places import Places
from newscrawl.extraction.visible import Telling, marks_of, opening_text, tells
from newscrawl.items import Candidate
from newscrawl.lines import is_date_line, split_date_label

MAX_DATE_CHARS: Final = 120
MIN_DATE_CHARS: Final = 6
MAX_LABEL: Final = 60
"""Characters in which a wrapper says which date it holds."""
MAX_DATE_LINE: Final = 60
MAX_APART: Final = 6
"""Dates far below the headline; more are those of a list."""
MAX_LINKED: Final = 60
"""Characters of a list item that holds a date and a link and is still no teaser."""
DATE_TAGS: Final = frozenset({"div", "span", "p", "li", "td", "small", "em", "b"})
DIGIT: Final = re.compile(r"\d")
NO_TEXT: Final = frozenset({"script", "style", "title", "option", "textarea", "time"})
DATE_CLASS: Final = Telling(
    frozenset({
        "date", "datum", "fecha", "data", "datetime", "timestamp", "time", "published", "publish",
        "pubdate", "posted", "updated", "dateline",
    }),
    re.compile(r"publish(?:ed)?-?(?:date|details)|article-?date|post-?date"),
)  # fmt: skip
MODIFIED_WORD: Final = re.compile(
    r"modif|updat|aktuali|atualiz|aggiorn|mis à jour|letzte änderung|geändert am|last edited",
    re.IGNORECASE,
)
PRINTED_CLOCK: Final = re.compile(r"\d[:.h]\d\d|\d\s?[ap]\.?m\b", re.IGNORECASE)
CLOCK: Final = re.compile(
    r"aktuelles datum|heute ist|today is|current (?:date|time)|hoy es|oggi è|bugün|сегодня",
    re.IGNORECASE,
)
"""What a page says before the time of the reader's visit."""

DATED: Final = mark_test(
    lambda mark: tells(DATE_CLASS, mark), (*DATE_CLASS.words, "publish", "date")
)
Dated = tuple[HtmlElement, Candidate]


def date_candidates(document: Document, places: Places) -> Iterator[Candidate]:
    """Give the dates in sight, near the headline first, and by how plainly they are marked."""
    # Asked of one list for each date in it.
    has_link = cache(lambda item: item.find(".//a") is not None)
    found = [
        (element, candidate)
        for kind in (_microdata, _time_elements, _class_dates, _line_dates)
        for element, candidate in kind(document)
        if not places.is_beside(element)
        and not _is_teaser(element, places, has_link)
        and not CLOCK.search(candidate.raw)
    ]
    near = [(e, c) for e, c in found if places.is_near(e)]
    # Above the headline stand kickers, and the day of the reader's visit.
    yield from (
        candidate for element, candidate in sorted(near, key=lambda f: places.is_above(f[0]))
    )
    apart = [c for e, c in found if not places.is_near(e) and not places.is_earlier(e)]
    if len(apart) > MAX_APART:
        apart = [c for c in apart if split_date_label(c.raw)[0]]
    for candidate in apart:
        yield replace(candidate, method=f"{candidate.method.split('.')[0]}.apart")


def _microdata(document: Document) -> Iterator[Dated]:
    for key, field in (("datePublished", "published"), ("dateModified", "modified")):
        for element in document.properties.get(key, ()):
            raw = element.get("datetime") or element.get("content") or _shown(element)
            if raw and len(raw) <= MAX_DATE_CHARS:
                yield element, Candidate(field=field, raw=raw, method=f"microdata.{key}")


def _time_elements(document: Document) -> Iterator[Dated]:
    for element in document.tree.iter("time"):
        stated = element.get("datetime") or ""
        raw = stated or _shown(element)
        if raw and len(raw) <= MAX_DATE_CHARS:
            yield element, Candidate(field=_field_of(element), raw=raw, method="time")
        # <time datetime="…Z">March 1, 2024 3 AM PT</time> shows the zone.
        if stated.endswith("Z") and PRINTED_CLOCK.search(shown := _shown(element)):
            yield element, Candidate(field=_field_of(element), raw=shown, method="text.time")


def _shown(element: HtmlElement) -> str:
    return opening_text(element, MAX_DATE_CHARS)


def _field_of(element: HtmlElement) -> str:
    """Tell by the marks and the label of an element and its wrappers which date it holds."""
    near = [element, *islice(element.iterancestors(), 2)]
    marks = " ".join(f"{marks_of(e)} {e.get('data-test-id') or ''}" for e in near)
    labels = (opening_text(e, MAX_LABEL) for e in near)
    is_modified = bool(MODIFIED_WORD.search(marks)) or any(map(MODIFIED_WORD.match, labels))
    return "modified" if is_modified else "published"


def _class_dates(document: Document) -> Iterator[Dated]:
    for element, tag in document.marked_as(DATED):
        if tag not in DATE_TAGS:
            continue
        raw = _shown(element)
        if len(raw) <= MAX_DATE_CHARS and DIGIT.search(raw):
            yield element, Candidate(field=_field_of(element), raw=raw, method="text.class")


def _line_dates(document: Document) -> Iterator[Dated]:
    """Give texts that are nothing but a date, whatever their class."""
    for element, tag, text in document.texts:
        if tag in NO_TEXT or not DIGIT.search(text):
            continue
        raw = " ".join(text.split())
        is_short = MIN_DATE_CHARS <= len(raw) <= MAX_DATE_LINE
        if is_short and (field := is_date_line(raw)):
            yield element, Candidate(field=field, raw=raw, method="text.line")


def _is_teaser(
    element: HtmlElement, places: Places, has_link: Callable[[HtmlElement], bool]
) -> bool:
    """Tell whether an element stands inside a link or a teaser, as dates of other articles do.

    Near the headline a short item may hold a link: the date's own, or the author's.
    """
    is_near = places.is_near(element)
    for ancestor in element.iterancestors("a", "li", "h2", "h3"):
        if is_near and len(opening_text(ancestor, MAX_LINKED)) <= MAX_LINKED:
            continue
        if ancestor.tag == "a" or (ancestor.tag == "li" and has_link(ancestor)):
            return True
    return False
