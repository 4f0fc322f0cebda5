"""Read XML sitemaps and sitemap indexes, gzipped or not, without trusting them."""

import zlib
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin

from lxml import etree

from newscrawl.discovery.listed import Listed, dates_of, list_of
from newscrawl.items import Candidate

MAX_BYTES: Final = 52_428_800
"""Bytes unpacked; the limit that sitemaps.org sets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitemap:
    """A sitemap: pages, or further sitemaps if it is an index."""

    is_index: bool
    entries: tuple[Listed, ...]

    @property
    def urls(self) -> tuple[str, ...]:
        """The addresses alone."""
        return tuple(entry.url for entry in self.entries)


def read_sitemap(body: bytes, url: str) -> Sitemap | None:
    """Read a sitemap; None where this is none or unpacks to more than the limit.

    Entities are not expanded and nothing is loaded from the network.
    """
    xml = _unpacked(body)
    if xml is None or not xml.strip():
        return None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True, huge_tree=False)
    try:
        root = etree.fromstring(xml.strip(), parser=parser)
    except etree.XMLSyntaxError:
        return None
    name = etree.QName(root).localname if root is not None else ""
    if name not in ("urlset", "sitemapindex"):
        return None
    entry = "sitemap" if name == "sitemapindex" else "url"
    entries = (
        (item.findtext("{*}loc") or "", _dates(item)) for item in root.iterchildren(f"{{*}}{entry}")
    )
    return Sitemap(is_index=name == "sitemapindex", entries=list_of(entries, url))


def _dates(item: etree._Element) -> tuple[Candidate, ...]:
    published = item.findtext("{*}news/{*}publication_date")
    return dates_of("sitemap", published, item.findtext("{*}lastmod"))


def sitemaps_in_robots(text: str, url: str) -> tuple[str, ...]:
    """Give the sitemaps that a robots.txt names.

    >>> sitemaps_in_robots("Sitemap: /news.xml # new", "https://a.example/robots.txt")
    ('https://a.example/news.xml',)
    """
    lines = (line.split("#", 1)[0].partition(":") for line in text.splitlines())
    found = (value.strip() for key, _, value in lines if key.strip().lower() == "sitemap")
    return tuple(dict.fromkeys(urljoin(url, value) for value in found if value))


def _unpacked(body: bytes) -> bytes | None:
    if not body.startswith(b"\x1f\x8b"):
        return body if len(body) <= MAX_BYTES else None
    unpacker = zlib.decompressobj(wbits=31)
    try:
        xml = unpacker.decompress(body, MAX_BYTES)
    except zlib.error:
        return None
    return None if unpacker.unconsumed_tail else xml
