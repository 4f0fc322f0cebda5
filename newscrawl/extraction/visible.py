"""What a reader sees around the text: headline, standfirst, byline, date."""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Final

from lxml.html import HtmlElement

from newscrawl.extraction.document import Document
from newscrawl.items import Candidate
from newscrawl.lines import is_date_line
from newscrawl.wording import fold

MAX_BYLINE_CHARS: Final = 160
"""Characters; longer 'author' elements are biographies (of 1,175 pages, all bylines are shorter)."""
MAX_DATE_CHARS: Final = 120
MAX_TITLE_CHARS: Final = 350
MIN_DATE_CHARS: Final = 6
MAX_DATE_LINE: Final = 60
MAX_LINE_DATES: Final = 3
DATE_TAGS: Final = frozenset({"div", "span", "p", "li", "td", "small", "em", "b"})
NO_TEXT: Final = frozenset({"script", "style", "title", "option", "textarea", "time"})

# Parts of a page that never hold the article's own byline or date.
ASIDE: Final = re.compile(
    r"(?:^|[\s_-])(?:comments?|related|recommend\w*|sidebar|footer|teaser|promo|widget|nav|menu"
    r"|most-?(?:read|popular)|trending|more-?(?:news|stories|on)|also-?read|newsletter|reply"
    r"|author-?(?:bio|box)|about-?author|bio)(?:$|[\s_-])",
    re.IGNORECASE,
)
BYLINE_CLASS: Final = re.compile(
    r"(?:^|[\s_-])(?:byline|by-line|author|authors|autor|autoren|auteur|autore|writer|redaktion"
    r"|reporter|signature|firma)(?:$|[\s_-])|author-?name|byline-?name|(?:^|\s)article__?author",
    re.IGNORECASE,
)
DATE_CLASS: Final = re.compile(
    r"(?:^|[\s_-])(?:date|datum|fecha|data|datetime|timestamp|time|published|publish|pubdate"
    r"|posted|updated|entry-date|dateline)(?:$|[\s_-])|publish(?:ed)?-?(?:date|details)"
    r"|article-?date|post-?date",
    re.IGNORECASE,
)
MODIFIED_WORD: Final = re.compile(r"modif|updat|aktuali|atualiz|aggiorn|mis à jour", re.IGNORECASE)
SUBTITLE_CLASS: Final = re.compile(
    r"sub-?(?:title|head(?:line)?|heading)|stand-?first|(?:^|[\s_-])(?:deck|dek|lead-?text|chapo"
    r"|sottotitolo|bajada|vorspann|article-?summary)(?:$|[\s_-])",
    re.IGNORECASE,
)


def headline(document: Document) -> str | None:
    """Give the text of the page's headline: the only h1, or the first inside the article."""
    found = document.tree.xpath(
        '//*[@itemprop="headline"][self::h1 or self::h2] | //article//h1 | //main//h1'
    )
    for element in [*found, *document.tree.xpath("//h1")]:
        text = text_content(element)
        if text and len(text) <= MAX_TITLE_CHARS and not in_aside(element):
            return text
    return None


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


def author_candidates(document: Document) -> Iterator[Candidate]:
    """Give bylines: microdata, rel=author, then elements whose class says so."""
    yield from _unique(_microdata_authors(document))
    yield from _unique(_linked_authors(document))
    yield from _unique(_class_authors(document))


def date_candidates(document: Document) -> Iterator[Candidate]:
    """Give dates: microdata, time elements, then text in elements whose class says date."""
    for key, field in (("datePublished", "published"), ("dateModified", "modified")):
        for element in document.tree.xpath(f'//*[@itemprop="{key}"][not(self::meta)]'):
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
def _matches(pattern: re.Pattern[str], marks: str) -> bool:
    """Tell whether class and id match; a page repeats few of them many times."""
    return bool(pattern.search(marks))


def _marks(element: HtmlElement) -> str:
    return " ".join(filter(None, (element.get("class"), element.get("id"))))


def _microdata_authors(document: Document) -> Iterator[Candidate]:
    for element in document.tree.xpath('//*[@itemprop="author"][not(self::meta)]'):
        if in_aside(element):
            continue
        named = element.xpath('.//*[@itemprop="name"]')
        raw = (
            " ".join((named[0].get("content") or text_content(named[0])).split())
            if named
            else text_content(element)
        )
        yield from _byline(raw, "microdata.author", document, element)


def _linked_authors(document: Document) -> Iterator[Candidate]:
    for element in document.tree.xpath('//a[contains(concat(" ", @rel, " "), " author ")]'):
        if not in_aside(element):
            yield from _byline(text_content(element), "rel.author", document, element)


def _class_authors(document: Document) -> Iterator[Candidate]:
    taken: list[HtmlElement] = []
    for element in document.tree.iter(
        "a", "address", "div", "h4", "li", "p", "span", "td", "strong"
    ):
        marks = (
            f"{_marks(element)} {element.get('data-testid', '')} {element.get('data-test-id', '')}"
        )
        if not _matches(BYLINE_CLASS, marks) or in_aside(element):
            continue
        # Of nested matches the outermost short one counts: it holds 'By' and all the names.
        if any(ancestor in taken for ancestor in element.iterancestors()):
            continue
        raw = text_content(element)
        if raw and len(raw) <= MAX_BYLINE_CHARS:
            taken.append(element)
            yield from _byline(raw, "class.byline", document, element)


def _byline(raw: str, method: str, document: Document, element: HtmlElement) -> Iterator[Candidate]:
    links = [element.get("href"), *element.xpath(".//a/@href")] if raw else []
    url = next((str(link) for link in links if link), None)
    if raw and len(raw) <= MAX_BYLINE_CHARS:
        yield Candidate(field="author", raw=raw, method=method, url=document.absolute(url))


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
    for element in start.xpath("self::* | following::*") if start.tag == "h1" else start.iter():
        raw = " ".join((element.text or "").split()) if isinstance(element.tag, str) else ""
        is_short = MIN_DATE_CHARS <= len(raw) <= MAX_DATE_LINE and any(map(str.isdigit, raw))
        if element.tag in NO_TEXT or not is_short or not (field := is_date_line(raw)):
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


def _unique(candidates: Iterator[Candidate]) -> Iterator[Candidate]:
    seen: set[str] = set()
    for candidate in candidates:
        if (key := fold(candidate.raw)) not in seen:
            seen.add(key)
            yield candidate
