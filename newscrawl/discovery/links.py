"""Tell links to articles from links to lists: by the form of the address, its place and its anchor.

What feeds and sitemaps have listed on a host, and what proved to be an article there, teaches the form that
its articles' addresses have.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import parse_qsl, unquote, urldefrag, urlsplit

import lxml.html

from newscrawl.discovery.listed import absolute
from newscrawl.discovery.traps import trap_of
from newscrawl.reference import word_list
from newscrawl.wording import count_words, fold

LinkKind = Literal["article", "list", "next"]

FILE_TYPES: Final = re.compile(
    r"\.(?:jpe?g|png|gif|webp|svg|ico|css|js|json|xml|rss|pdf|zip|gz|mp[34]|m4a|webm|avi|mov|docx?|xlsx?|pptx?|epub|txt|woff2?)$",
    re.IGNORECASE,
)
DATE_PATH: Final = re.compile(r"/(?:19|20)\d\d[/-]?[01]?\d?[/-]?[0-3]?\d?(?:/|-|$)")
LONG_NUMBER: Final = re.compile(r"\d{5,}")
ARTICLE_WORD: Final = re.compile(
    r"(?:^|/)(?:article|articles|story|stories|artikel|artigo|noticia|news-story|a)(?:/|-|\d)",
    re.IGNORECASE,
)
PAGED: Final = re.compile(r"(?:[?&]page=|/page/|[?&]p=\d{1,2}$|/seite/)")
MIN_SLUG_WORDS: Final = 4
MIN_ANCHOR_WORDS: Final = 5
MAX_LIST_DEPTH: Final = 3
"""Path segments; section pages sit near the root."""
MIN_LEARNT: Final = 3
"""Articles that share a form before a link is taken for one by it."""
MENUS: Final = frozenset({"nav", "footer", "aside"})
MAX_MENU_LEVELS: Final = 12
MAX_TIME_LEVELS: Final = 3
"""How far above a link the element stands that holds its date too: a list item, a card."""
PAID_RELS: Final = frozenset({"sponsored"})


@dataclass(frozen=True, slots=True)
class Link:
    """A link worth following, and what it seems to lead to."""

    url: str
    kind: LinkKind
    date: str | None = None
    """The date that stands beside it, as printed for machines."""
    title: str | None = None
    """What it is called."""


class LinkTest:
    """Tell links of one host apart, by what is known of its articles.

    >>> test = LinkTest(f"https://a.example/n/{number}-x.html" for number in range(101, 105))
    >>> test.kind("https://a.example/n/177-y.html", 1), LinkTest().kind("https://a.example/n/177-y.html", 1)
    ('article', 'list')
    """

    def __init__(self, articles: Iterable[str] = ()) -> None:
        self.forms = Counter[str]()
        self.learn(articles)

    def learn(self, articles: Iterable[str]) -> None:
        """Take addresses for ones of articles."""
        self.forms.update(form for url in articles if (form := form_of(url)))

    def kind(self, url: str, anchor_words: int, *, is_menu: bool = False) -> LinkKind | None:
        """Say what a link leads to; None for pages that are neither, such as imprint or login.

        Args:
            url: where it leads.
            anchor_words: words of its anchor.
            is_menu: whether it stands in a menu, a footer or a side column.

        """
        by_form = link_kind(url, 0 if is_menu else anchor_words)
        if by_form == "list" and self.forms[form_of(url) or ""] >= MIN_LEARNT:
            return "article"
        return by_form


def form_of(url: str) -> str | None:
    """Give the form of an address: its segments by their kind; None where that tells nothing.

    >>> form_of("https://a.example/sport/n/177-flood-hits-town.html?ref=x")
    '/w/w/#slug.html'
    >>> form_of("https://a.example/sport") is None
    True
    """
    path, _, ending = unquote(urlsplit(url).path).rstrip("/").rpartition("/")
    name, dot, suffix = ending.rpartition(".")
    if not dot or len(suffix) > 5:
        name, suffix = ending, ""
    kinds = [_segment_kind(segment) for segment in (*path.split("/")[1:], name)]
    if not any("#" in kind or "slug" in kind for kind in kinds):
        return None
    return "/" + "/".join(kinds) + (f".{suffix.lower()}" if suffix else "")


def _segment_kind(segment: str) -> str:
    words = [word for word in re.split(r"[-_+]", segment) if word]
    number = "#" if re.search(r"\d", segment) else ""
    return f"{number}slug" if len(words) >= 3 else number or "w"


def find_links(
    tree: lxml.html.HtmlElement, url: str, test: LinkTest | None = None
) -> Iterator[Link]:
    """Give the links of a page to articles and lists of the same host, in order, each once."""
    test = test or LinkTest()
    seen = {url}
    for anchor in tree.iter("a"):
        target = _target(anchor.get("href"), url)
        rels = set((anchor.get("rel") or "").lower().split())
        if target is None or target in seen or rels & PAID_RELS or trap_of(target):
            continue
        seen.add(target)
        text = " ".join(" ".join(anchor.itertext()).split())
        if "next" in rels:
            yield Link(target, "next")
        elif kind := _kind_of(anchor, target, text, test):
            yield Link(target, kind, date=_date_near(anchor), title=text[:300] or None)


def _kind_of(
    anchor: lxml.html.HtmlElement, target: str, text: str, test: LinkTest
) -> LinkKind | None:
    is_menu = _is_in_menu(anchor)
    kind = test.kind(target, count_words(text), is_menu=is_menu)
    if kind == "list" and fold(text).strip() in _not_lists():
        return None
    return kind


def _not_lists() -> frozenset[str]:
    return frozenset(fold(word) for word in word_list("not_lists"))


def next_page(tree: lxml.html.HtmlElement, url: str) -> str | None:
    """Give the address of the page that goes on with a list."""
    for element in tree.iter("link", "a"):
        if "next" in (element.get("rel") or "").lower().split():
            return _target(element.get("href"), url)
    own = urlsplit(url)
    for anchor in tree.iter("a"):
        target = _target(anchor.get("href"), url)
        text = " ".join(anchor.itertext()).strip()
        if (
            target
            and PAGED.search(target)
            and text.isdigit()
            and int(text) == _page_number(url) + 1
        ):
            return target if urlsplit(target).path.startswith(own.path.rstrip("/")) else None
    return None


def _page_number(url: str) -> int:
    match = re.search(r"(?:[?&]page=|/page/|[?&]p=|/seite/)(\d{1,4})", url)
    return int(match[1]) if match else 1


def link_kind(url: str, anchor_words: int) -> LinkKind | None:
    """Say what a link leads to, by its own form; None for pages that are neither.

    >>> link_kind("https://a.example/world/2024/05/03/flood-hits-town", 2)
    'article'
    >>> link_kind("https://a.example/sport", 1), link_kind("https://a.example/privacy", 2)
    ('list', None)
    """
    parts = urlsplit(url)
    segments = [segment for segment in unquote(parts.path).lower().split("/") if segment]
    has_form = _has_article_form(parts.path, parts.query, segments)
    if FILE_TYPES.search(parts.path) or _is_other(segments, has_form=has_form):
        return None
    if PAGED.search(url):
        return "list"
    if has_form or (anchor_words >= MIN_ANCHOR_WORDS and segments):
        return "article"
    return "list" if len(segments) <= MAX_LIST_DEPTH and not parts.query else None


def is_other_page(url: str) -> bool:
    """Tell an address that a sitemap lists but that is no article: imprint, tag, login, file.

    >>> is_other_page("https://a.example/about"), is_other_page("https://a.example/archive/2019/11/x-y")
    (True, False)
    """
    parts = urlsplit(url)
    segments = [segment for segment in unquote(parts.path).lower().split("/") if segment]
    has_form = _has_article_form(parts.path, parts.query, segments)
    return (
        bool(FILE_TYPES.search(parts.path))
        or not segments
        or _is_other(segments, has_form=has_form)
    )


def is_paid(url: str) -> bool:
    """Tell an address that says that it was paid for.

    >>> is_paid("https://a.example/sponsored/ten-reasons"), is_paid("https://a.example/world/x")
    (True, False)
    """
    segments = unquote(urlsplit(url).path).lower().split("/")
    return not set(segments[:-1]).isdisjoint(word_list("paid_paths"))


def _is_other(segments: list[str], *, has_form: bool) -> bool:
    """Tell imprint, login, tag and similar pages by a segment of their path.

    The last segment decides alone; one before it, such as /archive/ in front of a dated path, only
    where nothing in the address says article.
    """
    names = set(word_list("not_articles"))
    plain = [segment.removesuffix(".html") for segment in segments]
    return bool(plain) and (plain[-1] in names or (not has_form and any(s in names for s in plain)))


def _has_article_form(path: str, query: str, segments: list[str]) -> bool:
    if not segments:
        return False
    slug = segments[-1]
    words = [word for word in re.split(r"[-_+.]", slug) if word.isalpha()]
    return (
        len(words) >= MIN_SLUG_WORDS
        or bool(DATE_PATH.search(path) and len(segments) >= 3)
        or bool(LONG_NUMBER.search(slug))
        or any(LONG_NUMBER.fullmatch(value) for _, value in parse_qsl(query))
        or bool(ARTICLE_WORD.search(path) and len(segments) >= 2)
    )


def _is_in_menu(anchor: lxml.html.HtmlElement) -> bool:
    for level, element in enumerate(anchor.iterancestors()):
        if element.tag in MENUS or element.get("role") == "navigation":
            return True
        if level >= MAX_MENU_LEVELS or element.tag in ("main", "article"):
            return False
    return False


def _date_near(anchor: lxml.html.HtmlElement) -> str | None:
    """Give the date beside a link, from the smallest element around both that holds one."""
    element = anchor
    for _ in range(MAX_TIME_LEVELS):
        times = list(element.iter("time"))
        if len(times) > 1:
            return None
        if times:
            return str(times[0].get("datetime") or times[0].text_content()).strip()[:100] or None
        parent = element.getparent()
        if parent is None:
            return None
        element = parent
    return None


def _target(href: str | None, url: str) -> str | None:
    target = absolute(urldefrag(href.strip()).url, url) if href and href.strip() else None
    try:
        same_host = bool(target) and urlsplit(target).hostname == urlsplit(url).hostname
    except ValueError:
        return None
    return target if same_host else None
