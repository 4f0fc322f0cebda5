"""Dates of pages that mark none: near the headline, behind a label, in the page's title.

Of 1,000 pages with a known date one in ten has it only in such places, in elements whose class says
nothing. How near a date stands to the headline is what tells it from those of other articles.
"""

import re
from collections.abc import Iterator
from operator import itemgetter
from typing import Final

from lxml.etree import iterwalk
from lxml.html import HtmlElement

from newscrawl.extraction.document import Document
from newscrawl.extraction.places import Places
from newscrawl.extraction.printed import MODIFIED_WORD
from newscrawl.items import Candidate
from newscrawl.lines import is_sentence

DATE: Final = re.compile(
    r"(?<![\w/.-])(?:\d{1,2}(?:st|nd|rd|th|er|º)?\.?\s*(?:de\s+|of\s+)?[^\W\d_]{3,12}\.?,?\s*(?:de\s+|del\s+)?(?:19|20)\d\d"
    r"|[^\W\d_]{3,12}\.?\s+\d{1,2}(?:st|nd|rd|th)?,?\s+(?:19|20)\d\d"
    r"|\d{1,2}\s?[./-]\s?\d{1,2}\s?[./-]\s?(?:(?:19|20)\d\d|\d\d(?=\W*$))"
    r"|(?:19|20)\d\d[./-]\d{1,2}[./-]\d{1,2}|(?:19|20)\d\d\s?[年년]\s?\d{1,2}\s?[月월]\s?\d{1,2})(?!\d)"
)
CLOCK_CHARS: Final = 24
"""Characters behind the day in which its time may stand."""
ADJACENT: Final = 60
"""Characters; so near the headline a date is the article's, though its container is called a teaser."""
MAX_RUN: Final = 110
"""Characters; a date line with author and section is shorter, a sentence that tells of a day longer."""
MAX_LEAD: Final = 45
"""Characters of author or place in front of the date."""
MAX_OPENING: Final = 30
"""The same where the date opens the first paragraph, as a dateline does."""
BEFORE: Final = 250
AFTER: Final = 700
"""Characters of text between the headline and the date: menus in front, standfirst and byline behind."""
OPENERS: Final = ("–", "—", "-", ":", ".", ")", "|", "(")
SAID: Final = re.compile(
    r"^(?:datum|date|fecha|data)\s*:|gespeichert von|dieser (?:artikel|beitrag|eintrag) wurde|veröffentlicht|erschienen|erstellt|geschrieben|publié|publicad|pubblicat|published|posted|written|gepubliceerd|opublikowan"
    r"|publicerad|yayınlan|опубликован|pressemitteilung|press release|submitted",
    re.IGNORECASE,
)
MAX_LABEL: Final = 40
"""Characters of a label in front of its date."""
MAX_SAID: Final = 160
DATED_PROPERTY: Final = re.compile(
    r"(?:^|\s)(?:dc|schema|dcterms):(?:date\w*|created|issued)(?:\s|$)"
)
CLOSED: Final = frozenset(
    {
        "nav",
        "footer",
        "aside",
        "script",
        "style",
        "template",
        "noscript",
        "option",
        "textarea",
        "title",
    }
)
BESIDE: Final = re.compile(
    r"(?:^|[\s_-])(?:comments?|repl(?:y|ies)|related|sidebar|teasers?|promo|widget|cards?|events?|copyright)(?:$|[\s_-])",
    re.IGNORECASE,
)


def nearby_dates(document: Document, places: Places) -> Iterator[Candidate]:
    """Give the dates of a page that marks none, the likeliest first.

    A date that a label calls the last change is a candidate for `modified`.
    """
    headline = places.headline
    if headline is None:
        headline = next(document.tree.iter("h2"), None)
    around = frozenset(headline.iterancestors()) if headline is not None else frozenset()
    yield from _stated(document, around)
    yield from _labelled_or_near(document, headline, around)
    title = document.title
    text = " ".join("".join(title.itertext()).split()) if title is not None else ""
    found = DATE.search(text)
    if found and (found.start() == 0 or found.end() == len(text)):
        yield Candidate(field="published", raw=found[0], method="text.title")


def _stated(document: Document, around: frozenset[HtmlElement]) -> Iterator[Candidate]:
    """Give dates of RDFa properties, and of the abbreviations that hAtom writes them in."""
    for element in document.elements:
        name = element.get("property") if element.tag != "meta" else None
        value, method = None, "rdfa"
        if name and "modified" not in name.lower() and DATED_PROPERTY.search(name):
            value = element.get("content")
        elif element.tag == "abbr" and "published" in (element.get("class") or "").split():
            value, method = element.get("title"), "hatom"
        if value and not _is_closed(element, around):
            yield Candidate(field="published", raw=value, method=method)


def _labelled_or_near(
    document: Document, headline: HtmlElement | None, around: frozenset[HtmlElement]
) -> Iterator[Candidate]:
    """Give the dates around the headline, nearest first, then those that a sentence calls its date."""
    runs, start, end = _dated_runs(document, headline)
    near: list[tuple[int, Candidate]] = []
    said: list[Candidate] = []
    for at, text, element in runs:
        found = DATE.search(text)
        if found is None:
            continue
        raw = text[found.start() : _end_of(text, found)]
        field = "modified" if MODIFIED_WORD.search(text[: found.start()]) else "published"
        gap = start - at if at < start else max(0, at - end)
        if _is_closed(element, around) and (gap > ADJACENT or _is_in_closed_tag(element, around)):
            continue
        is_near = headline is not None and gap <= (BEFORE if at < start else AFTER)
        if is_near and _is_date_line(text, found):
            near.append((gap, Candidate(field=field, raw=raw, method="text.near")))
        elif len(text) <= MAX_SAID and (named := SAID.search(text)):
            later = DATE.search(text, named.end()) or found
            raw = text[later.start() : _end_of(text, later)]
            is_changed = MODIFIED_WORD.search(text[: later.start()]) and later is found
            said.append(
                Candidate(
                    field="modified" if is_changed else "published", raw=raw, method="text.said"
                )
            )
        elif len(text) <= MAX_SAID and field == "modified":
            said.append(Candidate(field=field, raw=raw, method="text.said"))
    yield from (candidate for _, candidate in sorted(near, key=itemgetter(0)))
    yield from said


def _end_of(text: str, found: re.Match[str]) -> int:
    """Give where a date's clock ends; a second date so near, of the last change, is not cut in two."""
    second = DATE.search(text, found.end())
    is_near = second is not None and second.start() <= found.end() + CLOCK_CHARS
    return (second.end() if second is not None and is_near else found.end()) + CLOCK_CHARS


def _is_date_line(text: str, found: re.Match[str]) -> bool:
    """Tell a line that states a date, or a paragraph that opens with one, from a sentence about a day."""
    ends = found.end() >= len(text) - 2
    if len(text) <= MAX_RUN and found.start() <= MAX_LEAD and (ends or not is_sentence(text)):
        return True
    return found.start() <= MAX_OPENING and text[found.end() :].lstrip()[:1] in OPENERS


Runs = list[tuple[int, str, HtmlElement]]


def _dated_runs(document: Document, headline: HtmlElement | None) -> tuple[Runs, int, int]:
    """Give every text with a digit, where it stands in the page's text, and the headline's ends."""
    runs: Runs = []
    at = start = end = 0
    for event, element in iterwalk(document.tree, events=("start", "end")):
        is_start = event == "start"
        if element is headline:
            start, end = (at, end) if is_start else (start, at)
        text = element.text if is_start else element.tail
        holder = element if is_start else element.getparent()
        if not text or text.isspace() or holder is None or holder.tag in CLOSED:
            continue
        plain = " ".join(text.split())
        if not is_start:  # <b>Datum:</b> 19.11.2021
            before = [holder.text or "", *(element.itertext())]
            label = " ".join(" ".join(before).split())
            plain = f"{label} {plain}" if 0 < len(label) <= MAX_LABEL else plain
        if any(map(str.isdigit, plain)):
            runs.append((at, plain, holder))
        at += len(plain)
    return runs, start, end


def _is_closed(element: HtmlElement, around: frozenset[HtmlElement]) -> bool:
    """Tell a place that holds dates of other things: menus, comments, teasers.

    What holds the headline too is the article's own, whatever its name.
    """
    for near in (element, *element.iterancestors()):
        if near in around:
            return False
        if near.tag in CLOSED or BESIDE.search(f"{near.get('class')} {near.get('id')}"):
            return True
    return False


def _is_in_closed_tag(element: HtmlElement, around: frozenset[HtmlElement]) -> bool:
    """Tell a place inside a menu, footer or aside that does not hold the headline."""
    return any(near.tag in CLOSED and near not in around for near in element.iterancestors())
