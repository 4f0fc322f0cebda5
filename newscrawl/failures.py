"""Why a download failed, as a reason: sorted by what Scrapy, Twisted and asyncio raise."""

from typing import Final

from scrapy.exceptions import IgnoreRequest
from scrapy.spidermiddlewares.httperror import HttpError
from twisted.python.failure import Failure

from newscrawl.reasons import Reason

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
        return _ignored(text)
    name = type(error).__name__
    for marks, reason in ERROR_MARKS:
        if any(mark in name for mark in marks):
            return reason, text[:200]
    if "size" in text and ("limit" in text or "maxsize" in text):
        return Reason.TOO_LARGE, text[:200]
    return Reason.FETCH_FAILED, f"{name}: {text[:200]}"


def _ignored(text: str) -> tuple[Reason, str | None]:
    lowered = text.lower()
    if "robots" in lowered:
        return Reason.ROBOTS, None
    if "redirect" in lowered:
        return Reason.REDIRECTS, text[:200]
    if "offsite" in lowered:
        return Reason.OFFSITE, None
    return Reason.FETCH_FAILED, text[:200]
