"""Read RSS, Atom, RDF and JSON feeds, and find where a page says its feeds are."""

import html
import re
from typing import Any, Final

import feedparser
import lxml.html
import msgspec

from newscrawl.discovery.listed import Listed, absolute, list_of, said

FEED_TYPES: Final = (
    "application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json",
)  # fmt: skip
COMMENT_MARKS: Final = ("comment", "/comments/")
MAX_BYTES: Final = 10_000_000
"""Bytes of a feed; the largest of full articles seen have 3 million."""
MAX_ENTRIES: Final = 5000
MAX_TAGS: Final = 200_000
"""Tags of a feed, forty for each of five thousand entries; feedparser takes a kilobyte for each."""
DOCTYPE: Final = re.compile(rb"<!DOCTYPE[^>\[]*(?:\[.*?\]\s*)?>", re.DOTALL | re.IGNORECASE)
ENTITY: Final = re.compile(rb"<!ENTITY", re.IGNORECASE)
TAG: Final = re.compile(r"<[^>]{0,2000}>")
JSON_FEED: Final = "https://jsonfeed.org/version/"


def read_feed(body: bytes, url: str) -> tuple[Listed, ...] | None:
    """Give the articles of a feed with what it says of them, in its order; None where this is no feed.

    feedparser reads what is not well-formed too; it is given bytes, so that it fetches nothing, and no
    document type, so that nothing is there to expand.
    """
    if len(body) > MAX_BYTES or not body.strip():
        return None
    if body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return _read_json_feed(body, url)
    if b"<" not in body[:2000] or _is_html(body) or body.count(b"<") > MAX_TAGS:
        return None
    if ENTITY.search(body, 0, 100_000):
        body = DOCTYPE.sub(b"", body, count=1)
        if ENTITY.search(body):
            return None
    parsed = feedparser.parse(body, response_headers={"content-location": url})
    if not parsed.version and not parsed.entries:
        return None
    entries = (
        (_link_of(entry), said("feed", _values(entry))) for entry in parsed.entries[:MAX_ENTRIES]
    )
    return list_of(entries, url)


def _is_html(body: bytes) -> bool:
    head = body[:1000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return head.startswith((b"<!doctype html", b"<html"))


def _link_of(entry: Any) -> str:
    """Give an entry's address: its link, else its id where that is one."""
    # FeedBurner's feeds link to a counter; they name the article beside it.
    link = entry.get("feedburner_origlink") or entry.get("link") or ""
    identity = entry.get("id") or ""
    return link or (identity if identity.startswith(("http://", "https://")) else "")


def _values(entry: Any) -> dict[str, object]:
    return {
        "published": entry.get("published"),
        # Past feedparser's own look-up, which gives the date of publication instead, with a warning.
        "modified": dict.get(entry, "updated"),
        "title": _plain(entry.get("title")),
        "tags": [tag.get("term") for tag in entry.get("tags", ())[:30]],
        "author": [author.get("name") for author in entry.get("authors", ())[:10]],
        "image": [
            media.get("url") for media in entry.get("media_content", ())[:1]
            if str(media.get("medium") or media.get("type") or "").startswith("image")
        ],
    }  # fmt: skip


def _plain(title: object) -> str | None:
    """Give a title without markup; some feeds escape theirs twice."""
    if not isinstance(title, str):
        return None
    return html.unescape(TAG.sub("", html.unescape(title)))


class _JSONAuthor(msgspec.Struct):
    name: str | None = None


class _JSONItem(msgspec.Struct):
    url: str | None = None
    external_url: str | None = None
    id: str | int | None = None
    title: str | None = None
    date_published: str | None = None
    date_modified: str | None = None
    tags: list[str] | None = None
    language: str | None = None
    image: str | None = None
    authors: list[_JSONAuthor] | None = None


class _JSONFeed(msgspec.Struct):
    version: str
    items: list[_JSONItem]


def _read_json_feed(body: bytes, url: str) -> tuple[Listed, ...] | None:
    """Read a JSON feed; https://jsonfeed.org/version/1.1."""
    try:
        feed = msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"), type=_JSONFeed)
    except (msgspec.DecodeError, RecursionError):
        return None
    if not feed.version.replace("http://", "https://").startswith(JSON_FEED):
        return None
    entries = (
        (
            item.url or str(item.id or ""),
            said("feed", {
                "published": item.date_published, "modified": item.date_modified, "title": item.title,
                "tags": (item.tags or [])[:30], "language": item.language, "image": item.image,
                "author": [author.name for author in item.authors or ()],
            }),
        )
        for item in feed.items[:MAX_ENTRIES]
    )  # fmt: skip
    return list_of(entries, url)


def declared_feeds(tree: lxml.html.HtmlElement, url: str) -> tuple[str, ...]:
    """Give the feeds that a page declares, without those of comments."""
    links = tree.xpath('//link[contains(concat(" ", @rel, " "), " alternate ")][@href]')
    return tuple(
        dict.fromkeys(
            feed
            for link in links
            if (feed := absolute(link.get("href"), url))
            and (link.get("type") or "").split(";")[0].strip().lower() in FEED_TYPES
            and not any(
                m in f"{link.get('title', '')} {link.get('href')}".lower() for m in COMMENT_MARKS
            )
        )
    )
