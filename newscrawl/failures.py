"""Why a download failed, as a reason: sorted by what Scrapy, Twisted and asyncio raise."""

from typing import Final

from scrapy.exceptions import IgnoreRequest
from scrapy.spidermiddlewares.httperror import HttpError
from twisted.python.failure import Failure

from newscrawl.downloading.guard import UNSAFE, CircleError, UnsafeAddressError
from newscrawl.downloading.pause import HostRefusesError
from newscrawl.downloading.robots import RobotsUnreachableError
from newscrawl.reasons import Reason

IGNORED: Final = (
    (UnsafeAddressError, Reason.UNSAFE),
    (CircleError, Reason.REDIRECTS),
    (HostRefusesError, Reason.BLOCKED),
    (RobotsUnreachableError, Reason.UNREACHABLE),
)
"""Our own refusals, by their class."""
# By the names of the exception classes: Twisted, Scrapy and asyncio each have their own.
ERROR_MARKS: Final = (
    (("Timeout", "TimedOut"), Reason.TIMEOUT),
    (("Connect", "Connection", "DNS", "Resol", "SSL", "ResponseNever"), Reason.UNREACHABLE),
)
STATUSES: Final = {
    **dict.fromkeys((401, 403, 407, 429, 451), Reason.BLOCKED),
    **dict.fromkeys((404, 410), Reason.GONE),
}


def failure_reason(failure: Failure) -> tuple[Reason, str | None]:
    """Sort a download failure into a reason."""
    error = failure.value
    text = str(error).strip() or type(error).__name__
    if isinstance(error, HttpError):
        status = error.response.status
        return STATUSES.get(status, Reason.HTTP_ERROR), f"status {status}"
    if isinstance(error, IgnoreRequest):
        return _ignored(error, text)
    if UNSAFE in text:
        # Scrapy wraps what the resolver raises.
        return Reason.UNSAFE, text.partition(UNSAFE)[2][:200]
    name = type(error).__name__
    for marks, reason in ERROR_MARKS:
        if any(mark in name for mark in marks):
            return reason, text[:200]
    if "size" in text and ("limit" in text or "maxsize" in text):
        return Reason.TOO_LARGE, text[:200]
    return Reason.FETCH_FAILED, f"{name}: {text[:200]}"


def _ignored(error: IgnoreRequest, text: str) -> tuple[Reason, str | None]:
    for kind, reason in IGNORED:
        if isinstance(error, kind):
            return reason, text.removeprefix(UNSAFE)[:200]
    lowered = text.lower()
    if "robots" in lowered:
        return Reason.ROBOTS, None
    if "redirect" in lowered:
        return Reason.REDIRECTS, text[:200]
    if "offsite" in lowered:
        return Reason.OFFSITE, None
    return Reason.FETCH_FAILED, text[:200]
