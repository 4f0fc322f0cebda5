"""Make every request wait until its host has rested."""

import asyncio
from typing import Self
from urllib.parse import urlsplit

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

from newscrawl.downloading.pace import Pace, retry_after


class HostRefusesError(IgnoreRequest):
    """A request to a host that has refused several in a row; it is not made."""


class PauseMiddleware:
    """Downloader middleware: the delay is kept from one answer to the next request.

    Scrapy counts it from request to request. A first request that takes long, for its robots.txt or its
    TLS handshake, and one that is sent when the delay is over, reach the host closer together. A host that
    answered 429 or 503 is waited for as long as its Retry-After says, by all requests to it.
    """

    def __init__(self, pace: Pace, concurrency: int) -> None:
        self.pace = pace
        self.is_single = concurrency <= 1
        self.turns: dict[str, asyncio.Lock] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Connect the signal."""
        settings = crawler.settings
        middleware = cls(Pace(settings), settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN"))
        crawler.signals.connect(middleware.response_received, signal=signals.response_received)
        return middleware

    def response_received(self, response: Response, request: Request) -> None:
        """Note how a host has answered."""
        said = (response.headers.get("Retry-After") or b"").decode("latin-1")
        self.pace.answered(_host_of(request), response.status, retry_after(said))

    async def process_request(self, request: Request) -> None:
        """Wait until the host has rested.

        Raises:
            HostRefusesError: it is left alone for this run.

        """
        host = _host_of(request)
        if self.pace.refuses(host):
            raise HostRefusesError(f"{host} refuses: it is left alone")
        clock = self.pace.clock(host)
        if not self.is_single and not clock.backoff and not clock.floor:
            return
        while (wait := self.pace.wait(host)) > 0:
            await asyncio.sleep(wait)


def _host_of(request: Request) -> str:
    return urlsplit(request.url).hostname or ""
