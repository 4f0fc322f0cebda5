"""Who a page says wrote it, as candidates: from marks, author links and lead-ins, the nearest first.

Of 700 pages with known authors one in ten names them only in elements whose class says little, and one in
twelve has bylines of other articles too; how near one stands to the headline tells them apart.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

from lxml.html import HtmlElement

from newscrawl.extraction.document import Document, mark_test
from newscrawl.extraction.places import Places
from newscrawl.extraction.visible import in_aside
from newscrawl.items import Candidate
from newscrawl.lines import byline_prefix, is_dateish, is_signature
from newscrawl.reference import word_list
from newscrawl.wording import UNSPACED, fold, squeeze

MAX_BYLINE_CHARS: Final = 160
"""Characters; longer 'author' elements are biographies (of 1,175 pages, all bylines are shorter)."""
MAX_APART: Final = 90
"""Characters; what stands apart is read only if it is short: teasers of other articles are not."""
MAX_LINE_WORDS: Final = 14
MAX_LINK_WORDS: Final = 5
BYLINE_TAGS: Final = frozenset(
    {"a", "address", "aside", "b", "cite", "dd", "div", "dl", "em", "h2", "h3", "h4", "h5", "h6", "li", "p",
     "small", "span", "strong", "td", "ul"}
)  # fmt: skip
UNPRINTED: Final = frozenset({"script", "style", "svg", "time", "button", "noscript", "template"})
SPLIT: Final = re.compile(r"[\s_-]+|(?<=[a-z])(?=[A-Z])")
NO_BYLINE: Final = re.compile(
    r"author(?:ity|i[sz]|ing)|bio|image|img|avatar|photo|thumb|social|share|follow|desc|widget|related|count",
    re.IGNORECASE,
)
"""What the class of an author's portrait, biography or links says besides."""
AUTHOR_PATH: Final = re.compile(
    r"/(?:authors?|autor(?:en|es|as?|i)?|auteurs?|people|contributors?|journalist\w*|journaliste\w*|reporters?"
    r"|writers?|staff|columnists?|profiles?|profil|by|users?|members?|redakteur\w*|korrespondent\w*|penulis"
    r"|yazar(?:lar)?|muhabir(?:ler)?|firmas?|bylines?|biograph(?:y|ies)|mitarbeiter\w*)/([^/]+)",
    re.IGNORECASE,
)
LETTER: Final = re.compile(r"[^\W\d_]")
LABEL: Final = re.compile(
    r"\s*(?:(?:autor(?:in|en|a|es)?|auteurs?|autore|authors?|автор|text|texte|tekst|redaktion|reporter|reportage"
    r"|muhabir|penulis|written by|geschrieben von)\s*[:：]|(?:autorin/autor|auteur|author|autor(?:in)?)\s*$)",
    re.IGNORECASE | re.MULTILINE,
)
LABEL_INITIALS: Final = frozenset("ATRMPWGАatrmpwgа")
NAME: Final = re.compile(r"[^\W\d_a-zа-яё][\w.'’-]*(?:\s+[\w.'’-]+){0,4}$")


def author_candidates(document: Document, places: Places) -> Iterator[Candidate]:
    """Give visible bylines: those near the headline first, then the first of those further off.

    Within each, microdata come first, then rel=author, elements whose class says so, links to an
    author's page, and lines that open with a lead-in such as 'By'. Those apart have methods of
    their own, such as `class.apart`.
    """
    marked = [
        *_tagged("microdata.author", _microdata(document)),
        *_tagged("rel.author", _related(document)),
        *_tagged("class.byline", _classed(document)),
    ]
    marked = [(m, e) for m, e in marked if not places.is_beside(e)]
    near = [
        *((m, e) for m, e in marked if places.is_near(e)),
        *_tagged("link.author", _author_links(places)),
        *_tagged("text.byline", _led_in(places)),
    ]
    apart = [(m, e) for m, e in marked if not places.is_near(e) and len(pieces(e)) <= MAX_APART]
    apart += _tagged("text.byline", _labelled(document))
    yield from _unique(_candidate(method, element, document) for method, element in near)
    yield from _unique(
        _candidate(method.split(".")[0] + ".apart", element, document)
        for method, element in _first_cluster(apart)
    )


Found = tuple[str, HtmlElement]


def _tagged(method: str, elements: Iterable[HtmlElement]) -> Iterator[Found]:
    for element in elements:
        in_figure = next(element.iterancestors("figure", "figcaption"), None) is not None
        yield ("figure.byline" if in_figure else method), element


def _first_cluster(found: list[Found]) -> list[Found]:
    """Keep, of what stands apart, the first of each kind and what stands beside it.

    Pages end with lists of articles, each with its author.
    """
    firsts: dict[str, HtmlElement] = {}
    kept = []
    for method, element in found:
        first = firsts.setdefault(method, element)
        if element is first or element.getparent() is first.getparent():
            kept.append((method, element))
    return kept


def _candidate(method: str, element: HtmlElement, document: Document) -> Candidate | None:
    raw = pieces(element)
    if not raw or len(raw) > MAX_BYLINE_CHARS:
        return None
    links = [element.get("href"), *(a.get("href") for a in element.iter("a"))]
    url = next((link for link in links if link), None)
    return Candidate(field="author", raw=raw, method=method, url=document.absolute(url))


def pieces(element: HtmlElement) -> str:
    """Give an element's texts, a line each: templates put name, role and date into elements."""
    named = element.find('.//*[@itemprop="name"]') if element.get("itemprop") else None
    if named is not None:
        return squeeze(named.get("content") or "") or pieces(named)
    if content := element.get("content"):
        return squeeze(content)
    return "\n".join(text for text in map(squeeze, _texts(element)) if text)


def _texts(element: HtmlElement) -> Iterator[str]:
    if element.text:
        yield element.text
    for child in element:
        if child.tag not in UNPRINTED:
            yield from _texts(child)
        if child.tail:
            yield child.tail


def _microdata(document: Document) -> Iterator[HtmlElement]:
    yield from document.properties.get("author", ())


def _related(document: Document) -> Iterator[HtmlElement]:
    return (element for element, _, rel in document.anchors if "author" in rel.split())


def _classed(document: Document) -> Iterator[HtmlElement]:
    taken: set[HtmlElement] = set()
    for element, tag in document.marked_as(BYLINES):
        if tag not in BYLINE_TAGS and "-" not in tag:
            continue
        # Of nested matches the outermost short one counts: it holds 'By' and all the names.
        if any(ancestor in taken for ancestor in element.iterancestors()):
            continue
        raw = pieces(element)
        if len(raw) <= MAX_BYLINE_CHARS and LETTER.search(raw) and not is_dateish(raw):
            taken.add(element)
            yield element


def _says_byline(mark: str) -> bool:
    """Tell whether a class or an id is that of a byline."""
    words = [word.lower() for word in SPLIT.split(mark)]
    return not (_byline_words().isdisjoint(words) or NO_BYLINE.search(mark))


BYLINES: Final = mark_test(_says_byline, word_list("byline_classes"), tested=True)


@lru_cache(maxsize=1)
def _byline_words() -> frozenset[str]:
    return frozenset(word_list("byline_classes"))


def _author_links(places: Places) -> Iterator[HtmlElement]:
    for element in places.near:
        address = (element.get("href") or "").partition("?")[0] if element.tag == "a" else ""
        found = AUTHOR_PATH.search(address) if address else None
        text = squeeze(" ".join(element.itertext())) if found else ""
        if found and _is_page_of(found[1], text) and not places.is_beside(element):
            yield element


def _is_page_of(slug: str, text: str) -> bool:
    """Tell whether an address is that of the person: it spells a part of the name, or is a number."""
    words = re.findall(r"[^\W\d_]{3,}", _unaccented(text))
    is_name = bool(NAME.match(text)) and len(text.split()) <= MAX_LINK_WORDS
    spelt = _unaccented(unquote(slug))
    return is_name and (slug.isdigit() or any(word in spelt for word in words))


def _unaccented(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in plain if not unicodedata.combining(sign))


def _led_in(places: Places) -> Iterator[HtmlElement]:
    """Give short elements that open with a lead-in and a name, whatever their class."""
    for element in places.near:
        text = element.text
        if not text or len(text) > MAX_BYLINE_CHARS or element.tag not in BYLINE_TAGS:
            continue
        if text.lstrip()[:1].lower() not in _initials() or not byline_prefix().match(text):
            continue
        for holder in (element, element.getparent()):
            if holder is not None and _is_led_in(holder, byline_prefix()):
                if not places.is_beside(holder):
                    yield holder
                break


@lru_cache(maxsize=1)
def _initials() -> frozenset[str]:
    """Give the first letters of lead-ins: to look at one letter is cheaper than to match a hundred words."""
    return frozenset(word[0].lower() for word in word_list("byline_prefixes"))


def _is_led_in(element: HtmlElement, opening: re.Pattern[str]) -> bool:
    text = pieces(element)
    match = opening.match(text)
    if not match or len(text) > MAX_BYLINE_CHARS or len(text.split()) > MAX_LINE_WORDS:
        return False
    rest = squeeze(text[match.end() :])
    if UNSPACED.search(rest):
        return True
    first = rest.split(",")[0][:60]
    # 'by ibby': a user's name has no capital; a longer text without one is a sentence.
    return bool(NAME.match(first)) or (len(rest.split()) == 1 and rest.isalpha())


def _labelled(document: Document) -> Iterator[HtmlElement]:
    """Give short elements that open with a label and a colon, as bylines below the text do."""
    for element, tag, text in document.texts:
        if len(text) > MAX_BYLINE_CHARS or tag not in BYLINE_TAGS:
            continue
        if not text.isascii() and is_signature(text) and not in_aside(element):
            yield element
            return
        if text.lstrip()[:1] not in LABEL_INITIALS or not LABEL.match(text):
            continue
        # <p>Autor: <b>…</b></p> holds the name; <b>Autor:</b> has it beside itself.
        holder = element if squeeze(LABEL.sub("", pieces(element))) else element.getparent()
        if holder is not None and _is_led_in(holder, LABEL) and not in_aside(holder):
            yield holder
            return


def _unique(candidates: Iterable[Candidate | None]) -> Iterator[Candidate]:
    seen: set[tuple[str, str]] = set()
    for candidate in candidates:
        if candidate is None:
            continue
        key = (candidate.method, fold(candidate.raw))
        if key not in seen:
            seen.add(key)
            yield candidate
