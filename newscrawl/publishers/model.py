"""What a publisher file holds, and how its selectors and expressions are used."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import cache
from typing import ClassVar, Final

import msgspec
import regex
from cssselect import HTMLTranslator, SelectorError
from lxml.etree import Element, XPath, XPathError

from newscrawl.ages import read_age
from newscrawl.errors import DataError
from newscrawl.reasons import EditCode

SHIPPED: Final = "shipped"
XPATH_BEGINS: Final = ("/", "(", "./", "..", "string(", "normalize-space(")
"""By these a selector is XPath; every other is CSS."""
NAMESPACES: Final = {"re": "http://exslt.org/regular-expressions"}
TRIED_TAGS: Final = (
    "article", "section", "div", "main", "header", "footer", "aside", "nav", "h1", "h2", "h3", "h4", "p", "span", "a", "ul",
    "ol", "li", "figure", "figcaption", "img", "time", "meta", "blockquote", "table", "tr", "td", "em", "strong", "b", "i",
)  # fmt: skip
TRIED_PAGE: Final = Element("html")
TRIED_PAGE.extend([Element(tag) for tag in TRIED_TAGS])
ODD: Final = (ValueError, OverflowError, RecursionError)
"""What libraries raise on values that nobody writes by mistake: nested a thousand deep, numbers of a hundred digits."""
SECONDS: Final = 1.0
"""Seconds that an expression may look at one address or block: some that look harmless would take years."""
Strings = tuple[str, ...]


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of a file."""

    LISTS: ClassVar[Strings] = ()
    """Keys whose value is a list; a single string may stand for a list of one."""


class Layout(Table, frozen=True, kw_only=True):
    """How the pages of a publisher read, until a day. All but `until` are selectors, CSS or XPath."""

    until: date | None = None
    """The last day of download on which this layout holds; without one it is the present one."""
    body: Strings = ()
    """Elements that hold the text: all in them is text, and nothing beside them."""
    within: Strings = ()
    """Elements beside which there is no text; what is text in them the general extractor says."""
    keep: Strings = ()
    """Elements that are text, whatever the general extractor says."""
    strip: Strings = ()
    """Elements that are no text, wherever they stand."""
    title: Strings = ()
    """The headline; of several selectors of a text the first that finds one counts."""
    subtitle: Strings = ()
    """The standfirst."""
    byline: Strings = ()
    """Who wrote it: all that the selector finds, an author each."""
    date: Strings = ()
    """The time of publication; of a `time` element its `datetime`, of a `meta` its `content`."""
    modified: Strings = ()
    """The time of the last change."""
    section: Strings = ()
    """The section."""
    tags: Strings = ()
    """Keywords, one for each element."""
    images: Strings = ()
    """The article's images, or elements that hold them: no other image is the article's."""
    images_after: Strings = ()
    """What stands before the first of these elements is no image of the article."""
    images_before: Strings = ()
    """What stands after the first of these elements is no image of the article."""
    caption: Strings = ()
    """Captions: each belongs to the image before it."""
    credit: Strings = ()
    """Credits of images; one inside a caption is cut out of it."""
    LISTS: ClassVar[Strings] = (
        "body", "within", "keep", "strip", "title", "subtitle", "byline", "date", "modified", "section", "tags",
        "images", "images_after", "images_before", "caption", "credit",
    )  # fmt: skip

    def selectors(self) -> Iterator[tuple[str, str]]:
        """Give each selector with its key."""
        for name in self.LISTS:
            for selector in getattr(self, name):
                yield name, selector


class TextRule(Table, frozen=True, kw_only=True):
    """What recurs in a publisher's text and is none of it."""

    code: EditCode = EditCode.LAYOUT
    """What a removal is counted as."""
    drop: str | None = None
    """A regular expression; a block in which it is found is dropped."""
    cut: str | None = None
    """A regular expression; what it finds is cut from its block."""


class Poll(Table, frozen=True, kw_only=True):
    """Bounds of the time between two looks at a list, as ages: `10m`, `1d`."""

    least: str | None = None
    """The shortest."""
    most: str | None = None
    """The longest."""

    def bounds(self) -> tuple[float | None, float | None]:
        """Give both in seconds."""
        least, most = (read_age(age) if age else None for age in (self.least, self.most))
        return least, most


class Limits(Table, frozen=True, kw_only=True):
    """How hard a publisher's hosts may be asked."""

    delay: float | None = None
    """Seconds between two requests at the least."""
    pages: int | None = None
    """Requests to one host in a run at the most."""


class PublisherFile(Table, frozen=True, kw_only=True):
    """What a publisher file states; `name` and `domains` are enough."""

    name: str
    """What the publisher is called, as it writes itself."""
    domains: Strings
    """Its domains, those of subdomains among them; no other file of the same place may have one of them."""
    home: str | None = None
    """The address of the home page, if it is not `https://` and the first domain."""
    language: str | None = None
    """ISO 639-1; taken where a page's text does not tell."""
    country: str | None = None
    """ISO 3166-1; it settles abbreviations of time zones and the order of day and month."""
    timezone: str | None = None
    """IANA; the zone of times that are printed without an offset."""
    feeds: Strings = ()
    """Addresses of feeds: RSS, Atom, RDF, JSON Feed."""
    sitemaps: Strings = ()
    """Addresses of sitemaps, and of indexes of them."""
    sections: Strings = ()
    """Addresses of pages that link to articles."""
    article_pattern: str | None = None
    """A regular expression that is found in the address of each article, its query left out."""
    revisits: Strings = ()
    """Ages at which articles are looked at again: `1h 6h 24h 7d`."""
    poll: Poll = Poll()
    """Bounds of the time between two looks at a list."""
    limits: Limits = Limits()
    """How hard its hosts may be asked."""
    headers: Mapping[str, str] = {}
    """Headers that its hosts get, and nobody else, such as a cookie of consent."""
    render: bool = False
    """Whether its pages are drawn by scripts, and rendered in a browser."""
    verified: Strings = ()
    """Keys of this file that were confirmed on pages of the site; the others are from public knowledge."""
    layouts: tuple[Layout, ...] = ()
    """How its pages read, each until a day."""
    text: tuple[TextRule, ...] = ()
    """What recurs in its texts and is none of them."""
    id: str = ""
    """Its file's name without `.toml`; in a list file its first domain, unless stated."""
    path: str = ""
    """Where it was read from; not a key of a file."""

    LISTS: ClassVar[Strings] = (
        "domains", "feeds", "sitemaps", "sections", "revisits", "verified",
    )  # fmt: skip

    def is_article(self, url: str) -> bool:
        """Tell whether an address has the form that the file states of articles; any has, where it states none."""
        if self.article_pattern is None:
            return True
        return is_found(self.article_pattern, url.split("?", maxsplit=1)[0]) is not False

    @property
    def home_page(self) -> str:
        """The address of the home page."""
        return self.home or f"https://{self.domains[0]}/"

    @property
    def is_shipped(self) -> bool:
        """Whether it comes with newscrawl."""
        return self.path.startswith(f"{SHIPPED}/")

    def layout_at(self, moment: datetime | None) -> Layout | None:
        """Give the layout of pages fetched at a moment: the first that holds so long, else the present one.

        A page without a time of download has the present one.
        """
        day = moment.date() if moment else None
        dated = sorted((x for x in self.layouts if x.until), key=lambda x: x.until or date.max)
        if day:
            for layout in dated:
                if layout.until and day <= layout.until:
                    return layout
        return next((layout for layout in self.layouts if layout.until is None), None)

    def layout_name(self, layout: Layout | None) -> str:
        """Name a layout: the file's id, for a dated one with its last day: `a.org@2024-02-01`."""
        return f"{self.id}@{layout.until}" if layout and layout.until else self.id


def is_found(pattern: str, text: str) -> bool | None:
    r"""Tell whether an expression of a file is found in a text; None where it takes too long to tell.

    >>> is_found("^Read", "Read more"), is_found("(a|aa)+$", "a" * 99 + "b")
    (True, None)
    """
    try:
        return bool(regex.search(pattern, text, timeout=SECONDS))
    except (TimeoutError, regex.error):
        return None


@cache
def compile_selector(selector: str) -> XPath:
    """Compile a selector, CSS or XPath; in XPath `re:test(., '…')` is EXSLT's.

    Raises:
        DataError: it is neither.

    >>> from lxml.html import fromstring
    >>> page = fromstring('<div><p class="lead">A</p><p>B</p></div>')
    >>> len(compile_selector("p.lead")(page)), len(compile_selector("//p")(page))
    (1, 2)

    """
    try:
        is_xpath = selector.startswith(XPATH_BEGINS)
        path = selector if is_xpath else HTMLTranslator().css_to_xpath(selector)
        compiled = XPath(path, namespaces=NAMESPACES)
        # Unknown functions and prefixes are found only when it runs.
        compiled(TRIED_PAGE)
        return compiled
    except (XPathError, SelectorError, *ODD) as error:
        raise DataError(f"{selector!r} is no selector: {error}") from error
