"""Read RSS, Atom and RDF feeds, and find where a page says its feeds are."""

from typing import Final
from urllib.parse import urljoin

import feedparser
import lxml.html

from newscrawl.discovery.listed import Listed, dates_of, list_of

FEED_TYPES: Final = ("application/rss+xml", "application/atom+xml", "application/rdf+xml")
COMMENT_MARKS: Final = ("comment", "/comments/")


def read_feed(body: bytes, url: str) -> tuple[Listed, ...] | None:
    """Give the articles of a feed with their dates, in its order; None where this is no feed.

    feedparser reads what is not well-formed too; it is given bytes, so that it fetches nothing.
    """
    parsed = feedparser.parse(body, response_headers={"content-location": url})
    if not parsed.version and not parsed.entries:
        return None
    entries = (
        (entry.get("link") or "", dates_of("feed", entry.get("published"), entry.get("updated")))
        for entry in parsed.entries
    )
    return list_of(entries, url)


def declared_feeds(tree: lxml.html.HtmlElement, url: str) -> tuple[str, ...]:
    """Give the feeds that a page's head declares, without those of comments."""
    links = tree.xpath('//link[contains(concat(" ", @rel, " "), " alternate ")][@href]')
    return tuple(
        dict.fromkeys(
            urljoin(url, link.get("href"))
            for link in links
            if (link.get("type") or "").strip().lower() in FEED_TYPES
            and not any(
                m in f"{link.get('title', '')} {link.get('href')}".lower() for m in COMMENT_MARKS
            )
        )
    )
