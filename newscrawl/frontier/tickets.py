"""A lease at work: what of it is still under way, and how it ends."""

import inspect
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from itemadapter import is_item
from scrapy import Request
from scrapy.http import Response
from twisted.python.failure import Failure

from newscrawl.reasons import Reason
from newscrawl.state import Lease, Line, Outcome, Stored
from newscrawl.state.ends import End

PAGE_ENDS: Final = (End.NEW, End.CHANGED, End.UNCHANGED, End.REJECTED, End.READ)
"""Ends of a page that was fetched; any other of a page that only leads on is UNREAD."""
RANK: Final = (
    End.NEW, End.CHANGED, End.FAILED, End.BLOCKED, End.ROBOTS, End.GONE, End.OUT_OF_RANGE, End.REJECTED,
    End.UNCHANGED, End.READ,
)  # fmt: skip
"""Of several ends on one page the first of these is the page's."""


@dataclass
class Ticket:
    """A lease at work: how much of it is still under way, and what came of it."""

    lease: Lease
    errback: Callable[[Failure], Any] | None = None
    open: int = 1
    """Callbacks that run, items in the pipelines, and requests that could not be written down."""
    ends: list[tuple[End, Reason | None]] = field(default_factory=list)
    articles: list[Stored] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)
    response: Response | None = None
    errored: Response | None = None
    parent: "Ticket | None" = None
    children: list[Outcome] = field(default_factory=list)
    is_hint: bool = False
    new: int = 0
    known: int = 0
    """Articles that the page led to, for the first time and not."""
    links: int = 0
    """Articles that it led to in all."""
    keys: set[bytes] = field(default_factory=set)
    """Of all that it led to: its signature."""
    published: float | None = None
    retry_in: float | None = None
    """Seconds after which it is tried again; it has not ended then."""

    def end(self) -> tuple[End, Reason | None]:
        """Give the end of the page, of all that came of it."""
        end, reason = min(self.ends or [(End.READ, None)], key=lambda pair: RANK.index(pair[0]))
        if self.lease.is_article and end is End.READ:
            # The callback of an article gave neither an item nor a reason.
            return End.REJECTED, Reason.NO_TEXT
        if not self.lease.is_article and end not in PAGE_ENDS:
            return End.UNREAD, reason
        return end, reason


async def iterated(errback: Callable[[Failure], Any], failure: Failure) -> AsyncIterator[Any]:
    """Give what an errback gives, of whatever kind."""
    result = errback(failure)
    if hasattr(result, "__aiter__"):
        async for value in result:
            yield value
        return
    # asyncio's own test takes a plain generator for a coroutine up to Python 3.11.
    if inspect.iscoroutine(result):
        result = await result
    if isinstance(result, Failure):
        result.raiseException()
    if result is None:
        return
    if isinstance(result, (Request, dict)) or is_item(result):
        yield result
        return
    for value in result:
        yield value
