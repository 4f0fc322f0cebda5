"""robots.txt, all of it: what may be fetched, how often, and whom it turns away (RFC 9309)."""

import asyncio
import logging
import re
import time
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urljoin, urlsplit

from protego import Protego
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest, NotConfigured
from scrapy.http.request import NO_CALLBACK

from newscrawl.discovery.listed import absolute
from newscrawl.downloading.pause import PauseMiddleware
from newscrawl.items import OptOut
from newscrawl.reference import word_list

logger = logging.getLogger(__name__)

MAX_BYTES: Final = 512_000
"""Bytes of a robots.txt that are read; the least that RFC 9309 asks for."""
MAX_AGE: Final = 86_400.0
"""Seconds for which one is kept; the most that RFC 9309 recommends."""
PRIORITY: Final = 1000
TOO_MANY: Final = 429
AGENT: Final = re.compile(
    r"^[^\S\n]*user-?agent[^\S\n]*:?([^#\n\r]*)", re.IGNORECASE | re.MULTILINE
)


class RobotsForbidError(IgnoreRequest):
    """A request that robots.txt forbids; it is not made."""


class RobotsUnreachableError(IgnoreRequest):
    """A request to a host whose robots.txt cannot be had; it may forbid anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a host's robots.txt says to us."""

    read: float
    """When it was read, by `time.monotonic`."""
    rules: Protego | None = None
    """None where there is none, so that all is allowed."""
    problem: str | None = None
    """Why it could not be had, so that nothing is allowed."""
    unnamed: frozenset[str] = frozenset()
    """The crawlers for training that it has no rules of their own for, as far as it is known."""

    def allows(self, url: str, agent: str) -> bool:
        """Tell whether an agent may fetch an address."""
        return self.rules is None or bool(self.rules.can_fetch(url, agent))

    def delay(self, agent: str) -> float:
        """Give the seconds between two requests that it asks for, by Crawl-delay or Request-rate."""
        if self.rules is None:
            return 0.0
        rate = self.rules.request_rate(agent)
        seconds = rate.seconds / rate.requests if rate and rate.requests else 0.0
        return float(max(self.rules.crawl_delay(agent) or 0.0, seconds))

    def sitemaps(self, base: str) -> tuple[str, ...]:
        """Give the sitemaps that it names."""
        found = self.rules.sitemaps if self.rules else ()
        return tuple(dict.fromkeys(one for url in found if (one := absolute(url, base))))

    def opt_outs(self, url: str) -> tuple[OptOut, ...]:
        """Give the crawlers for training machines that it forbids an address which we may fetch."""
        if self.rules is None:
            return ()
        # Asked of all those at once that it does not name: one rule serves them.
        others = self.unnamed
        forbids_others = bool(others) and not self.rules.can_fetch(url, min(others))
        return tuple(
            OptOut(signal="robots.txt", value=name)
            for name in word_list("training_agents")
            if (forbids_others if name in others else not self.rules.can_fetch(url, name))
        )


def unnamed_in(text: str) -> frozenset[str]:
    """Give the crawlers for training that a robots.txt does not name, nor a part of their name.

    >>> "CCBot" in unnamed_in("User-agent: GPTBot"), "GPTBot" in unnamed_in("User-agent: gptbot")
    (True, False)
    """
    named = {agent.strip().lower() for agent in AGENT.findall(text)} - {"*", ""}
    return frozenset(
        name
        for name in word_list("training_agents")
        if not any(part in name.lower() or name.lower() in part for part in named)
    )


class RobotsMiddleware:
    """Downloader middleware: obey robots.txt.

    Unlike Scrapy's it obeys Crawl-delay and Request-rate, forbids everything while a robots.txt cannot be
    had for an error of the server (RFC 9309, 2.3.1.4), and follows its redirects to other hosts.
    """

    def __init__(self, crawler: Crawler, agent: str) -> None:
        self.crawler = crawler
        self.agent = agent
        self.known: dict[str, asyncio.Task[Rules]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Read the settings.

        Raises:
            NotConfigured: `ROBOTSTXT_OBEY` is off.

        """
        settings = crawler.settings
        if not settings.getbool("ROBOTSTXT_OBEY"):
            raise NotConfigured
        return cls(crawler, settings.get("ROBOTSTXT_USER_AGENT") or settings["USER_AGENT"])

    async def process_request(self, request: Request) -> None:
        """Let a request pass, or not.

        Raises:
            RobotsForbidError: robots.txt forbids it.
            RobotsUnreachableError: robots.txt cannot be had.

        """
        if request.meta.get("dont_obey_robotstxt"):
            return
        rules = await self.rules_for(request.url)
        if rules.problem:
            raise RobotsUnreachableError(f"robots.txt cannot be had: {rules.problem}")
        if not rules.allows(request.url, self.agent):
            self._count("forbidden")
            raise RobotsForbidError("Forbidden by robots.txt")

    async def rules_for(self, url: str) -> Rules:
        """Give the rules of an address' host; they are fetched once."""
        netloc = urlsplit(url).netloc
        task = self.known.get(netloc)
        if task is None or (task.done() and time.monotonic() - task.result().read > MAX_AGE):
            task = self.known[netloc] = asyncio.ensure_future(self._fetch(url))
        return await asyncio.shield(task)

    def rules_of(self, url: str) -> Rules | None:
        """Give the rules of an address' host, if they have been read."""
        task = self.known.get(urlsplit(url).netloc)
        return task.result() if task and task.done() and not task.cancelled() else None

    async def _fetch(self, url: str) -> Rules:
        rules = await self._ask(urljoin(url, "/robots.txt"))
        pause = self.crawler.get_downloader_middleware(PauseMiddleware)
        delay = rules.delay(self.agent)
        if pause is not None and delay:
            host = urlsplit(url).hostname or ""
            pause.pace.ask(host, delay)
            if delay > pause.pace.most_asked:
                logger.warning(
                    "%s asks for %g seconds between requests; %g are kept",
                    host,
                    delay,
                    pause.pace.most_asked,
                )
        return rules

    async def _ask(self, address: str) -> Rules:
        # Without allow_offsite the file of a host to which a redirect leads would be filtered, and not obeyed.
        meta = {"dont_obey_robotstxt": True, "allow_offsite": True}
        request = Request(address, priority=PRIORITY, meta=meta, callback=NO_CALLBACK)
        self._count("request_count")
        assert self.crawler.engine is not None
        try:
            response = await self.crawler.engine.download_async(request)
        except IgnoreRequest:
            # It leads inward, or in a circle: RFC 9309 treats that as a file that is not there.
            return Rules(read=time.monotonic())
        except Exception as error:  # noqa: BLE001 - whatever a download may raise
            self._count(f"exception_count/{type(error).__name__}")
            return Rules(read=time.monotonic(), problem=str(error)[:200] or type(error).__name__)
        self._count(f"response_status_count/{response.status}")
        if response.status >= 500 or response.status == TOO_MANY:
            return Rules(read=time.monotonic(), problem=f"status {response.status}")
        if response.status >= 300:
            return Rules(read=time.monotonic())
        text = response.body[:MAX_BYTES].decode("utf-8-sig", "replace")
        return Rules(read=time.monotonic(), rules=Protego.parse(text), unnamed=unnamed_in(text))

    def _count(self, name: str) -> None:
        assert self.crawler.stats is not None
        self.crawler.stats.inc_value(f"robotstxt/{name}")
