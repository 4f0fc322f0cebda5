"""How hosts are spared: how long they rest, and which of them a redirect has to wait for."""

import asyncio
import time
from typing import Self

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured

from newscrawl.frontier.middleware import FrontierMiddleware
from newscrawl.frontier.pace import Pace
from newscrawl.frontier.requests import LEASE_KEY, host_of
from newscrawl.state.sqlite import POLL_SECONDS


class HostMiddleware:
    """Downloader middleware: a request that is redirected to another host waits for that host too."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Switch off where there is no frontier.

        Raises:
            NotConfigured: `NEWSCRAWL_STATE` is empty.

        """
        if not crawler.settings.get("NEWSCRAWL_STATE"):
            raise NotConfigured
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Hold the host of a request that a redirect has led away from the leased one."""
        if not request.meta.get("redirect_times"):
            return
        middleware = self.crawler.get_spider_middleware(FrontierMiddleware)
        ticket = middleware.tickets.get(request.meta.get(LEASE_KEY, 0)) if middleware else None
        if middleware is None or ticket is None:
            return
        delay = middleware.pace.delay(ticket.lease.host, None)
        while not await middleware.frontier.move(ticket.lease, host_of(request.url), delay):
            await asyncio.sleep(POLL_SECONDS)


class PauseMiddleware:
    """Downloader middleware: the delay is kept from one answer to the next request.

    Scrapy counts it from request to request. A first request that takes long, for its robots.txt or its
    TLS handshake, and one that is sent when the delay is over, reach the host closer together.
    """

    def __init__(self, pace: Pace, concurrency: int) -> None:
        self.pace = pace
        self.is_on = concurrency <= 1
        self.answered: dict[str, float] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Connect the signal.

        Raises:
            NotConfigured: `NEWSCRAWL_STATE` is empty.

        """
        settings = crawler.settings
        if not settings.get("NEWSCRAWL_STATE"):
            raise NotConfigured
        middleware = cls(Pace(settings), settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN"))
        crawler.signals.connect(middleware.response_received, signal=signals.response_received)
        return middleware

    def response_received(self, request: Request) -> None:
        """Note when a host has answered."""
        self.answered[host_of(request.url)] = time.monotonic()

    async def process_request(self, request: Request) -> None:
        """Wait until the host has rested."""
        host = host_of(request.url)
        answered = self.answered.get(host)
        if self.is_on and answered is not None:
            rest = answered + self.pace.delay(host, None) - time.monotonic()
            if rest > 0:
                await asyncio.sleep(rest)
