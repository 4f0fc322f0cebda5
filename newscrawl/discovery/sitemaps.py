"""Read sitemaps and sitemap indexes, XML or text, gzipped or not, without trusting them."""

import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lxml import etree

from newscrawl.discovery.listed import Listed, list_of, said
from newscrawl.items import Candidate

MAX_BYTES: Final = 52_428_800
"""Bytes unpacked; the limit that sitemaps.org sets."""
MAX_ENTRIES: Final = 50_000
"""Addresses in one file; likewise."""
GZIP: Final = b"\x1f\x8b"
CHUNK: Final = 65_536
TEXT_LINE: Final = re.compile(rb"https?://[^\s<>\"]+")
NEWS: Final = {
    "publication_date": "published", "title": "title", "keywords": "tags", "access": "access",
    "genres": "genres", "stock_tickers": "stock_tickers",
}  # fmt: skip
"""Elements of Google's news sitemaps, and the fields that they speak of."""


class TooLargeError(Exception):
    """A sitemap unpacks to more than the limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitemap:
    """A sitemap: pages, or further sitemaps if it is an index."""

    is_index: bool
    entries: tuple[Listed, ...]
    is_news: bool = False
    """Whether it is one for news: of articles of the last two days."""

    @property
    def urls(self) -> tuple[str, ...]:
        """The addresses alone."""
        return tuple(entry.url for entry in self.entries)


class _Unpacked(io.RawIOBase):
    """The bytes of a sitemap, unpacked as they are read, so that a bomb does not fill the memory."""

    def __init__(self, body: bytes) -> None:
        self.body = io.BytesIO(body)
        self.unpacker = zlib.decompressobj(wbits=31) if body.startswith(GZIP) else None
        self.given = 0
        self.is_begun = False

    def read(self, size: int = -1) -> bytes:
        """Give the next bytes.

        Raises:
            TooLargeError: there have been more than the limit.

        """
        size = size if 0 < size <= CHUNK else CHUNK
        data = self._next(size)
        while data and not self.is_begun:
            # What stands before the declaration makes XML parsers stop.
            data = data.lstrip(b"\xef\xbb\xbf \t\r\n")
            self.is_begun = bool(data)
            data = data or self._next(size)
        self.given += len(data)
        if self.given > MAX_BYTES:
            raise TooLargeError
        return data

    def _next(self, size: int) -> bytes:
        if self.unpacker is None:
            return self.body.read(size)
        data = b""
        while not data and not self.unpacker.eof:
            packed = self.unpacker.unconsumed_tail or self.body.read(size)
            if not packed:
                break
            try:
                data = self.unpacker.decompress(packed, size)
            except zlib.error:
                break
        return data


def read_sitemap(body: bytes, url: str) -> Sitemap | None:
    """Read a sitemap; None where this is none or unpacks to more than the limit.

    It is read entry by entry, entities are not expanded, and nothing is loaded from the network.
    """
    if len(body) > MAX_BYTES:
        return None
    try:
        head = _Unpacked(body).read(CHUNK)
        if not head:
            return None
        if not head.startswith(b"<"):
            return _read_text(body, url) if TEXT_LINE.match(head) else None
        return _read_xml(body, url)
    except (TooLargeError, etree.XMLSyntaxError):
        return None


def _read_text(body: bytes, url: str) -> Sitemap:
    """Read a sitemap that is a plain list of addresses, one a line."""
    source, text = _Unpacked(body), bytearray()
    while chunk := source.read():
        text += chunk
    lines = (line.strip() for line in bytes(text).splitlines())
    found = [line.decode("utf-8", "replace") for line in lines if TEXT_LINE.fullmatch(line)]
    return Sitemap(is_index=False, entries=list_of(((one, ()) for one in found[:MAX_ENTRIES]), url))


def _read_xml(body: bytes, url: str) -> Sitemap | None:
    events = etree.iterparse(
        _Unpacked(body), events=("start", "end"), recover=True, resolve_entities=False, load_dtd=False,
        no_network=True, huge_tree=False,
    )  # fmt: skip
    _, root = next(events, ("", None))
    name = etree.QName(root).localname if root is not None and isinstance(root.tag, str) else ""
    if name not in ("urlset", "sitemapindex"):
        return None
    is_index = name == "sitemapindex"
    entries = list(_entries(events, "sitemap" if is_index else "url"))
    is_news = any(said.method == "sitemap.published" for _, says in entries[:20] for said in says)
    return Sitemap(is_index=is_index, entries=list_of(entries, url), is_news=is_news)


def _entries(
    events: Iterator[tuple[str, etree._Element]], name: str
) -> Iterator[tuple[str, tuple[Candidate, ...]]]:
    number = 0
    for event, element in events:
        if event != "end" or not isinstance(element.tag, str):
            continue
        if etree.QName(element).localname != name:
            continue
        yield element.findtext("{*}loc") or "", _says(element)
        number += 1
        if number >= MAX_ENTRIES:
            return
        # What has been read is let go: the tree of fifty megabytes takes ten times as much.
        parent = element.getparent()
        element.clear()
        while parent is not None and element.getprevious() is not None:
            del parent[0]


def _says(entry: etree._Element) -> tuple[Candidate, ...]:
    """Give all that a sitemap says of a page: its own elements, `news:`, `image:` and hreflang."""
    values: dict[str, object] = {}
    news = entry.find("{*}news")
    if news is not None:
        for name, field in NEWS.items():
            values[field] = news.findtext(f"{{*}}{name}")
        values["tags"] = _split(news.findtext("{*}keywords"))
        values["language"] = news.findtext("{*}publication/{*}language")
        values["publication"] = news.findtext("{*}publication/{*}name")
    values["modified"] = entry.findtext("{*}lastmod")
    image = entry.find("{*}image")
    if image is not None:
        values["image"] = image.findtext("{*}loc")
        values["image_caption"] = image.findtext("{*}caption") or image.findtext("{*}title")
    values["hreflang"] = [
        f"{link.get('hreflang')} {link.get('href')}"
        for link in entry.findall("{*}link")[:50] if link.get("hreflang") and link.get("href")
    ]  # fmt: skip
    return said("sitemap", values)


def _split(keywords: str | None) -> list[str]:
    return [word for word in (keywords or "").split(",") if word.strip()][:30]
