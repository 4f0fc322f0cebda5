"""Fold the addresses under which one article is reached onto one key.

Scheme, `www.`, mobile and AMP hosts, AMP paths, tracking parameters, fragments, default ports, a slash
at the end and the order of parameters make no difference. Any other parameter does: `?id=7` may be the
article.
"""

import hashlib
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from w3lib.url import canonicalize_url

from newscrawl.reference import word_list

KEY_BYTES: Final = 16
HOST_MARKS: Final = re.compile(r"^(?:www\d?|m|mobile|amp|wap)\.(?=[^.]+\.)")
AMP_PATH: Final = re.compile(r"^/amp(?=/)|/amp(?=\.html?$)|(?:/|\.)amp(?=/?$)|\.amp(?=\.html?$)")
INDEX: Final = re.compile(r"/(?:index|default)\.(?:html?|php|aspx?)$")
AMP_PARAMETERS: Final = frozenset(
    {("amp", ""), ("amp", "1"), ("amp", "true"), ("outputtype", "amp")}
)


def fold(url: str) -> str:
    """Give the form of an address that all its variants share.

    Raises:
        ValueError: it is no address.

    >>> fold("http://m.a.org/news/x/amp/?utm_source=feed&id=7#top")
    'https://a.org/news/x?id=7'
    >>> fold("https://www.a.org/amp/story.html?outputType=amp"), fold("https://amp.a.org:443/story.html")
    ('https://a.org/story.html', 'https://a.org/story.html')

    """
    parts = urlsplit(url.strip())
    host = (parts.hostname or "").rstrip(".")
    while (shorter := HOST_MARKS.sub("", host)) != host:
        host = shorter
    port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    path = parts.path.rstrip("/")
    while (shorter := INDEX.sub("", AMP_PATH.sub("", path)).rstrip("/")) != path:
        path = shorter
    query = "&".join(
        pair for pair in parts.query.split("&") if pair and not _is_noise(*_name_and_value(pair))
    )
    plain = urlunsplit(("https", host + port, path or "/", query, ""))
    return canonicalize_url(plain)


def key_of(url: str) -> bytes:
    """Give the key of an address: 16 bytes of a hash of its folded form."""
    return digest(fold(url))


def digest(text: str) -> bytes:
    """Hash a text to the size of a key."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=KEY_BYTES).digest()


def digest_of(keys: Iterable[bytes]) -> bytes:
    """Hash a set of keys, in whatever order."""
    return hashlib.blake2b(b"".join(sorted(keys)), digest_size=KEY_BYTES).digest()


def _name_and_value(pair: str) -> tuple[str, str]:
    found = parse_qsl(pair, keep_blank_values=True)
    return (found[0][0].lower(), found[0][1].lower()) if found else ("", "")


def _is_noise(name: str, value: str) -> bool:
    if (name, value) in AMP_PARAMETERS:
        return True
    marks = word_list("tracking_parameters")
    return any(name.startswith(mark[:-1]) if mark.endswith("*") else name == mark for mark in marks)
