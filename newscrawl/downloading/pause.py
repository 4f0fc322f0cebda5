"""Make every request wait until its host has rested."""

import asyncio
from typing import Final, Self
from urllib.parse import urlsplit

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

from newscrawl.downloading.pace import Pace, retry_after

TICK: Final = 0.02
"""Seconds between two looks whether the request before has ended."""


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
        self.under_way: dict[str, set[int]] = {}
        """Requests that have passed and have no end yet, by host."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Connect the signal, and read the settings."""
        settings = crawler.settings
        middleware = cls(Pace(settings), settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN"))
        connect = crawler.signals.connect
        connect(middleware.request_left, signal=signals.request_left_downloader)
        return middleware

    def request_left(self, request: Request) -> None:
        """Note that a request has ended, however it did."""
        self.under_way.get(_host_of(request), set()).discard(id(request))

    def process_response(self, request: Request, response: Response) -> Response:
        """Note how a host has answered, before anything is made of the answer."""
        self.request_left(request)
        said = (response.headers.get("Retry-After") or b"").decode("latin-1")
        self.pace.answered(_host_of(request), response.status, retry_after(said))
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        """Note that a request has ended, also where another middleware ended it."""
        self.request_left(request)

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
        # One at a time: those that wait together must not go together.
        under_way = self.under_way.setdefault(host, set())
        while under_way or (wait := self.pace.wait(host)) > 0:
            await asyncio.sleep(TICK if under_way else wait)
        under_way.add(id(request))


def _host_of(request: Request) -> str:
    return urlsplit(request.url).hostname or ""
