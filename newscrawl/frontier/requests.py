"""Write Scrapy's requests down, and make them again."""

from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from scrapy import Request, Spider
from scrapy.http import Response
from scrapy.utils.request import RequestFingerprinterProtocol, request_from_dict

from newscrawl.downloading.keys import ARTICLE_KEY, KIND_KEY
from newscrawl.state import Entry, Lease
from newscrawl.state.addresses import digest, key_of

LEASE_KEY: Final = "newscrawl_lease"
UNREAD_KEY: Final = "newscrawl_unread"
"""Where a callback says for which reason a list could not be read."""
MODIFIED_KEY: Final = "newscrawl_modified"
UNWRITABLE: Final = (ValueError, TypeError, msgspec.EncodeError)
"""What `entry_of` raises of a request that cannot be written down."""
UNREADABLE: Final = (ValueError, TypeError, msgspec.DecodeError)
"""What `request_of` raises of one that can no longer be made."""


def entry_of(
    request: Request, spider: Spider | None, fingerprinter: RequestFingerprinterProtocol
) -> Entry:
    """Write a request down.

    Raises:
        UNWRITABLE: its callback is no method of the spider, or it holds values that msgpack would give back
            as others: tuples, sets, objects.

    """
    is_article = bool(request.meta.get(ARTICLE_KEY))
    values = _without_defaults(request.to_dict(spider=spider))
    url = values.pop("url")
    if not url.isprintable():
        raise ValueError("its address has letters that are none")
    encoded = msgspec.msgpack.encode(values, enc_hook=_plain)
    if msgspec.msgpack.decode(encoded) != values:
        raise TypeError("it holds values that would come back as others")
    key = key_of(url) if is_article else digest(fingerprinter.fingerprint(request).hex())
    return Entry(
        key=key, url=url, host=host_of(url), is_article=is_article, priority=request.priority,
        request=encoded, modified=request.meta.get(MODIFIED_KEY), kind=request.meta.get(KIND_KEY),
    )  # fmt: skip


def _plain(value: object) -> object:
    """Give the plain string of one that remembers where it stood, as Scrapy's link extractor finds them."""
    if isinstance(value, str):
        return str(value)
    raise TypeError(f"{type(value).__name__} is no plain value")


def request_of(lease: Lease, spider: Spider | None) -> Request:
    """Make the request of a lease again, conditional where the lease has validators.

    Raises:
        UNREADABLE: the spider has no such method any more.

    """
    if lease.request is not None:
        values = msgspec.msgpack.decode(lease.request)
        request = request_from_dict({"url": lease.url, **values}, spider=spider)
    else:
        # An article that is looked at again: made as the spider makes one.
        request = Request(
            lease.url,
            callback=spider.parse if spider else None,
            errback=getattr(spider, "article_failed", None),
            meta={ARTICLE_KEY: True},
        )
    if lease.etag:
        request.headers.setdefault("If-None-Match", lease.etag)
    if lease.last_modified:
        request.headers.setdefault("If-Modified-Since", lease.last_modified)
    return request


def host_of(url: str) -> str:
    """Give the host of an address as Scrapy's downloader parts hosts."""
    return urlsplit(url).hostname or ""


def header(response: Response | None, name: str) -> str | None:
    value = response.headers.get(name) if response is not None else None
    return value.decode("latin-1") if value else None


def is_conditional(request: Request) -> bool:
    """Tell whether a 304 may answer a request."""
    return "If-None-Match" in request.headers or "If-Modified-Since" in request.headers


def _without_defaults(values: dict[str, Any]) -> dict[str, Any]:
    """Leave out what every request has, so that a row stays small."""
    kept = {
        key: value for key, value in values.items() if value not in (None, b"", {}, [], False, 0)
    }
    if kept.get("method") == "GET":
        del kept["method"]
    if kept.get("encoding") == "utf-8":
        del kept["encoding"]
    return kept
