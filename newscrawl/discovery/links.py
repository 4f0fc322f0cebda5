"""Tell links to articles from links to lists, by the form of the address and by the anchor."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import parse_qsl, unquote, urldefrag, urljoin, urlsplit

import lxml.html

from newscrawl.reference import word_list
from newscrawl.wording import count_words

LinkKind = Literal["article", "list"]

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


@dataclass(frozen=True, slots=True)
class Link:
    """A link worth following, and what it seems to lead to."""

    url: str
    kind: LinkKind


def find_links(tree: lxml.html.HtmlElement, url: str) -> Iterator[Link]:
    """Give the links of a page to articles and lists of the same host, in order, each once."""
    seen = {url}
    for anchor in tree.iter("a"):
        target = _target(anchor.get("href"), url)
        if target is None or target in seen:
            continue
        seen.add(target)
        is_next = "next" in (anchor.get("rel") or "").split()
        words = count_words(" ".join(anchor.itertext()))
        if kind := ("list" if is_next else link_kind(target, words)):
            yield Link(target, kind)


def link_kind(url: str, anchor_words: int) -> LinkKind | None:
    """Say what a link leads to; None for pages that are neither, such as imprint or login.

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


def _target(href: str | None, url: str) -> str | None:
    try:
        target = urldefrag(urljoin(url, (href or "").strip())).url
        parts = urlsplit(target)
        same_host = parts.hostname == urlsplit(url).hostname
    except ValueError:
        return None
    return target if href and parts.scheme in ("http", "https") and same_host else None
