"""A redirect to another host waits for that host too."""

import asyncio
import time
from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured

from newscrawl.downloading.pause import HostRefusesError
from newscrawl.frontier.middleware import FrontierMiddleware
from newscrawl.frontier.requests import LEASE_KEY, host_of
from newscrawl.state import Manners
from newscrawl.state.backend import POLL_SECONDS


class HostMiddleware:
    """Downloader middleware: a request that is redirected to another host waits for that host too."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.patience = crawler.settings.getfloat("NEWSCRAWL_PATIENCE", Manners().patience)

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
        """Hold the host of a request that a redirect has led away from the leased one.

        Raises:
            HostRefusesError: it cannot be had in the time that a run waits for a host.

        """
        if not request.meta.get("redirect_times"):
            return
        middleware = self.crawler.get_spider_middleware(FrontierMiddleware)
        ticket = middleware.tickets.get(request.meta.get(LEASE_KEY, 0)) if middleware else None
        if middleware is None or ticket is None:
            return
        delay = middleware.pace.delay(ticket.lease.host, None)
        host, late = host_of(request.url), time.monotonic() + self.patience
        while not await middleware.frontier.move(ticket.lease, host, delay):
            if time.monotonic() > late:
                raise HostRefusesError(f"{host} is busy, or asks to be left alone")
            await asyncio.sleep(POLL_SECONDS)
