"""What all spiders share: article requests that are counted, and ends that are named."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from scrapy import Request, Spider
from scrapy.http import Response
from twisted.python.failure import Failure
from w3lib.url import canonicalize_url

from newscrawl.dates.formats import read_date
from newscrawl.errors import UsageError
from newscrawl.failures import failure_reason
from newscrawl.items import Candidate, Page, Rejected
from newscrawl.quality import same_site
from newscrawl.reasons import Reason


class NewsSpider(Spider):
    """Request article pages once each, and turn every answer into a Page or a Rejected.

    With a crawl state (`NEWSCRAWL_STATE`) it is the frontier that knows which addresses were asked for,
    in this run and before; without one the spider does.

    Arguments (`-a name=value`):
        limit: fetch this many articles at the most.
    """

    def __init__(self, *args: Any, limit: str | int | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.limit = positive("limit", limit) if limit else None
        self.frontier_limit = self.limit
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
        if not self.has_state and not self._is_asked_for(url):
            return
        yield Request(
            url,
            callback=self.parse,
            errback=self.article_failed,
            priority=priority,
            dont_filter=True,  # counted and filtered here; a silent drop would break the sum
            meta=article_meta(listed),
        )

    @property
    def has_state(self) -> bool:
        """Tell whether the frontier takes the requests."""
        return bool(self.settings.get("NEWSCRAWL_STATE"))

    def _is_asked_for(self, url: str) -> bool:
        """Count an address that is new to this crawl, unless the limit is reached."""
        key = canonicalize_url(url)
        # `scrapy check` runs all contracts on one spider; each must see all its requests.
        if key in self.requested and not os.environ.get("SCRAPY_CHECK"):
            return False
        if self.limit is not None and len(self.requested) >= self.limit:
            self.count("over_limit")
            return False
        self.requested.add(key)
        self.count("requested")
        return True

    def parse(self, response: Response, **kwargs: Any) -> Iterator[Page | Rejected]:
        """Make a page of the response to an article request.

        @url http://www.newsgram.com/
        @returns items 1 1
        """
        key = canonicalize_url(response.url)
        if key in self.answered and not self.has_state:
            yield Rejected(
                reason=Reason.DUPLICATE_URL, url=response.request.url if response.request else None,
                detail=f"leads to {response.url}, fetched already",
            )  # fmt: skip
            return
        self.answered.add(key)
        yield page_of(response, self.name, listed_in(response.meta))

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


def article_meta(listed: tuple[Candidate, ...]) -> dict[str, Any]:
    """Give what travels with an article's request: plain values, which can be written down."""
    meta: dict[str, Any] = {"newscrawl_article": True}
    if listed:
        meta["newscrawl_listed"] = [[said.field, said.raw, said.method] for said in listed]
    readings = (read_date(said.raw) for said in listed if said.field == "modified")
    if modified := next((reading for reading in readings if reading), None):
        meta["newscrawl_modified"] = modified.instant.timestamp()
    return meta


def listed_in(meta: dict[str, Any]) -> tuple[Candidate, ...]:
    """Read back what feed or sitemap said of an article."""
    return tuple(
        Candidate(field=field, raw=raw, method=method)
        for field, raw, method in meta.get("newscrawl_listed", ())
    )


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
