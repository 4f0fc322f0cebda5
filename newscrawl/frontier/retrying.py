"""Which failures are tried again in the same run, and when."""

from typing import Any, Final

from scrapy import Request, Spider
from scrapy.settings import BaseSettings
from scrapy.spidermiddlewares.httperror import HttpError
from scrapy.utils.misc import load_object
from twisted.python.failure import Failure

from newscrawl.reasons import Reason
from newscrawl.state import Lease
from newscrawl.state.plan import retry_delay

FINAL: Final = frozenset({Reason.UNSAFE, Reason.ROBOTS, Reason.OFFSITE, Reason.TOO_LARGE})
"""Reasons that a second try would not change, whatever exception came with them."""


class Retrying:
    """Scrapy's own settings of what is tried again, RETRY_*, with a delay that grows.

    The lease goes back to the frontier meanwhile, so that a retry holds no place in the downloader.
    """

    def __init__(self, settings: BaseSettings) -> None:
        is_on = settings.getbool("RETRY_ENABLED")
        self.times = settings.getint("RETRY_TIMES") if is_on else 0
        self.statuses = frozenset(map(int, settings.getlist("RETRY_HTTP_CODES")))
        named: list[Any] = settings.getlist("RETRY_EXCEPTIONS")
        self.exceptions = tuple(load_object(name) for name in named)

    def is_for_spider(self, request: Request, spider: Spider | None) -> bool:
        """Tell whether the spider itself takes the answers that would be tried again; Scrapy's retries stay then."""
        handled = getattr(spider, "handle_httpstatus_list", None)
        meta = request.meta
        return bool(
            handled or meta.get("handle_httpstatus_list") or meta.get("handle_httpstatus_all")
        )

    def delay(self, lease: Lease, failure: Failure, reason: Reason) -> float | None:
        """Give the seconds until a failed lease is tried again; None where it has failed for good."""
        if lease.id < 0 or lease.attempts > self.times or reason in FINAL:
            return None
        error = failure.value
        if isinstance(error, HttpError):
            is_passing = error.response.status in self.statuses
        else:
            is_passing = isinstance(error, self.exceptions)
        return retry_delay(lease.attempts) if is_passing else None
