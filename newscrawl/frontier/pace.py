"""How long a host rests."""

import time
from email.utils import parsedate_to_datetime

from scrapy.http import Response
from scrapy.settings import BaseSettings


class Pace:
    """How long a host rests after a request, by Scrapy's own settings."""

    def __init__(self, settings: BaseSettings) -> None:
        self.least = settings.getfloat("DOWNLOAD_DELAY")
        self.slots = settings.getdict("DOWNLOAD_SLOTS")
        self.is_adaptive = settings.getbool("AUTOTHROTTLE_ENABLED")
        self.most = settings.getfloat("AUTOTHROTTLE_MAX_DELAY")
        self.share = settings.getfloat("AUTOTHROTTLE_TARGET_CONCURRENCY") or 1.0

    def delay(self, host: str, response: Response | None) -> float:
        """Give the seconds: the delay that is set, or as long as the host took to answer."""
        least = float(self.slots.get(host, {}).get("delay", self.least))
        if not self.is_adaptive or response is None or response.request is None:
            return least
        latency: float = response.meta.get("download_latency", 0.0)
        return max(least, min(latency / self.share, self.most))


def retry_after(value: str | None) -> float:
    """Read a Retry-After header, in seconds from now; 0 where it says nothing that can be read."""
    if not value:
        return 0.0
    if value.strip().isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError):
        return 0.0
