"""What all spiders share: article requests that are counted, and ends that are named."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from scrapy import Request, Spider
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.spidermiddlewares.httperror import HttpError
from twisted.python.failure import Failure
from w3lib.url import canonicalize_url

from newscrawl.errors import UsageError
from newscrawl.items import Candidate, Page, Rejected
from newscrawl.quality import registrable_domain
from newscrawl.reasons import Reason

# By the names of the exception classes: Twisted, Scrapy and asyncio each have their own.
ERROR_MARKS = (
    (("Timeout", "TimedOut"), Reason.TIMEOUT),
    (("Connect", "Connection", "DNS", "Resol", "SSL", "ResponseNever"), Reason.UNREACHABLE),
)


class NewsSpider(Spider):
    """Request article pages once each, and turn every answer into a Page or a Rejected.

    Arguments (`-a name=value`):
        limit: stop asking for further articles after this many.
    """

    def __init__(self, *args: Any, limit: str | int | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.limit = positive("limit", limit) if limit else None
        self.requested: set[str] = set()
        self.answered: set[str] = set()

    def article_request(
        self, url: str, *, priority: int = 0, listed: tuple[Candidate, ...] = ()
    ) -> Iterator[Request]:
        """Give the request for an article, unless it was made already or the limit is reached.

        Args:
            url: its address.
            priority: Scrapy's; the higher, the earlier.
            listed: what the feed or sitemap that led there says of it.

        """
        key = canonicalize_url(url)
        # `scrapy check` runs all contracts on one spider; each must see all its requests.
        if key in self.requested and not os.environ.get("SCRAPY_CHECK"):
            return
        if self.limit is not None and len(self.requested) >= self.limit:
            self.count("over_limit")
            return
        self.requested.add(key)
        self.count("requested")
        yield Request(
            url,
            callback=self.parse,
            errback=self.article_failed,
            priority=priority,
            dont_filter=True,  # counted and filtered here; a silent drop would break the sum
            meta={"newscrawl_article": True, "newscrawl_listed": listed},
        )

    def parse(self, response: Response, **kwargs: Any) -> Iterator[Page | Rejected]:
        """Make a page of the response to an article request.

        @url http://www.newsgram.com/
        @returns items 1 1
        """
        key = canonicalize_url(response.url)
        if key in self.answered:
            yield Rejected(
                reason=Reason.DUPLICATE_URL, url=response.request.url if response.request else None,
                detail=f"leads to {response.url}, fetched already",
            )  # fmt: skip
            return
        self.answered.add(key)
        yield page_of(response, self.name, response.meta.get("newscrawl_listed", ()))

    def article_failed(self, failure: Failure) -> Iterator[Rejected]:
        """Name the reason for which an article could not be fetched."""
        request = failure.request  # type: ignore[attr-defined]  # Scrapy adds it
        reason, detail = failure_reason(failure)
        yield Rejected(reason=reason, url=request.url, detail=detail)

    def is_own(self, url: str, site: str) -> bool:
        """Tell whether an address belongs to a site's registered domain."""
        return same_site(url, site)

    def count(self, name: str, number: int = 1) -> None:
        """Count under `newscrawl/`."""
        assert self.crawler.stats is not None
        self.crawler.stats.inc_value(f"newscrawl/{name}", number)


def positive(name: str, value: str | int) -> int:
    """Read a spider argument that must be a number above 0.

    Raises:
        UsageError: it is none.

    """
    if not str(value).isdigit() or int(value) < 1:
        raise UsageError(f"{name}={value}: not a number above 0")
    return int(value)


def page_of(response: Response, origin: str, listed: tuple[Candidate, ...] = ()) -> Page:
    """Make a page of a response; the clock is read here and nowhere below."""
    content_type = (response.headers.get("Content-Type") or b"").decode("latin-1")
    return Page(
        body=response.body,
        url=response.url,
        content_type=content_type or None,
        fetched_at=datetime.now(UTC).replace(microsecond=0),
        origin=origin,
        listed=listed,
    )


def same_site(url: str, site: str) -> bool:
    """Tell whether two addresses share their registered domain.

    >>> same_site("https://m.a.co.uk/x", "https://www.a.co.uk/")
    True
    """
    hosts = (urlsplit(url).hostname, urlsplit(site).hostname)
    return registrable_domain(hosts[0]) == registrable_domain(hosts[1])


def failure_reason(failure: Failure) -> tuple[Reason, str | None]:
    """Sort a download failure into a reason."""
    error = failure.value
    text = str(error).strip() or type(error).__name__
    if isinstance(error, HttpError):
        return Reason.HTTP_ERROR, f"status {error.response.status}"
    if isinstance(error, IgnoreRequest):
        return _ignored(text)
    name = type(error).__name__
    for marks, reason in ERROR_MARKS:
        if any(mark in name for mark in marks):
            return reason, text[:200]
    if "size" in text and ("limit" in text or "maxsize" in text):
        return Reason.TOO_LARGE, text[:200]
    return Reason.FETCH_FAILED, f"{name}: {text[:200]}"


def _ignored(text: str) -> tuple[Reason, str | None]:
    lowered = text.lower()
    if "robots" in lowered:
        return Reason.ROBOTS, None
    if "redirect" in lowered:
        return Reason.REDIRECTS, text[:200]
    if "offsite" in lowered:
        return Reason.OFFSITE, None
    return Reason.FETCH_FAILED, text[:200]
