"""How long a host rests, and when it has had enough of us."""

import math
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from scrapy.http import Response
from scrapy.settings import BaseSettings

from newscrawl.publishers import publisher_for
from newscrawl.state.plan import IN_A_ROW, eased, is_refusal, is_slow_down, slowed


@dataclass(slots=True)
class Clock:
    """What is known of one host in this run; times are those of `time.monotonic`."""

    floor: float = 0.0
    """Seconds between two requests that its robots.txt asks for."""
    backoff: float = 0.0
    """Seconds on top, since it said that it is overloaded."""
    ready: float = 0.0
    """When it may be asked again."""
    refusals: int = 0
    """Refusals in a row."""
    stated: float = 0.0
    """Seconds between two requests that its publisher's file states."""


class Pace:
    """How long hosts rest after a request: Scrapy's own settings, robots.txt, and what they answer.

    Args:
        settings: Scrapy's, for DOWNLOAD_DELAY, DOWNLOAD_SLOTS and AUTOTHROTTLE_*; of ours
            NEWSCRAWL_MAX_CRAWL_DELAY, in seconds.

    """

    def __init__(self, settings: BaseSettings) -> None:
        self.least = settings.getfloat("DOWNLOAD_DELAY")
        self.slots = settings.getdict("DOWNLOAD_SLOTS")
        self.is_adaptive = settings.getbool("AUTOTHROTTLE_ENABLED")
        self.most = settings.getfloat("AUTOTHROTTLE_MAX_DELAY")
        self.share = settings.getfloat("AUTOTHROTTLE_TARGET_CONCURRENCY") or 1.0
        self.most_asked = settings.getfloat("NEWSCRAWL_MAX_CRAWL_DELAY", math.inf)
        self.clocks: dict[str, Clock] = {}

    def clock(self, host: str) -> Clock:
        """Give the clock of a host."""
        if host not in self.clocks:
            publisher = publisher_for(host)
            self.clocks[host] = Clock(stated=(publisher.limits.delay if publisher else None) or 0.0)
        return self.clocks[host]

    def ask(self, host: str, seconds: float) -> None:
        """Keep what a host's robots.txt asks for, up to the most that is granted."""
        clock = self.clock(host)
        clock.floor = min(seconds, self.most_asked)
        # Counted from the answer that said so.
        clock.ready = max(clock.ready, time.monotonic() + clock.floor)

    def delay(self, host: str, response: Response | None) -> float:
        """Give the seconds that a host rests: as set, as asked for, or as long as it took to answer."""
        least = float(self.slots.get(host, {}).get("delay", self.least))
        clock = self.clock(host)
        least = max(least, clock.floor, clock.stated)
        if not self.is_adaptive or response is None or response.request is None:
            return least
        latency: float = response.meta.get("download_latency", 0.0)
        return max(least, min(latency / self.share, self.most))

    def answered(self, host: str, status: int, wait: float) -> None:
        """Note an answer: an overloaded host rests twice as long each time, a content one less and less.

        Args:
            host: its name.
            status: the answer's status.
            wait: seconds that it asks us to wait, by its Retry-After.

        """
        clock, now = self.clock(host), time.monotonic()
        if is_slow_down(status):
            clock.backoff = slowed(clock.backoff, self.delay(host, None))
        else:
            clock.backoff = eased(clock.backoff)
        clock.refusals = clock.refusals + 1 if is_refusal(status) else 0
        clock.ready = max(clock.ready, now + self.delay(host, None) + clock.backoff)
        if is_slow_down(status):
            clock.ready = max(clock.ready, now + wait)

    def wait(self, host: str) -> float:
        """Give the seconds until a host may be asked again."""
        return max(0.0, self.clock(host).ready - time.monotonic())

    def refuses(self, host: str) -> bool:
        """Tell whether a host has refused so often in a row that it is left alone."""
        return self.clock(host).refusals >= IN_A_ROW


def retry_after(value: str | None) -> float:
    """Read a Retry-After header (RFC 9110, 10.2.3), in seconds from now; 0 where it says nothing."""
    if not value:
        return 0.0
    if value.strip().isdigit() and value.strip().isascii():
        return min(float(value), 1e9)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return 0.0
