"""Clean a stream of pages: each ends once, as article, rejection or failure, and is counted."""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from newscrawl.items import Article, Page, Rejected
from newscrawl.jsonl import encode, encode_failure
from newscrawl.profiles import Profiles
from newscrawl.reasons import BROKEN_INPUT, Reason
from newscrawl.stages import clean
from newscrawl.wording import numbered

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A page on which newscrawl itself failed: a bug, with what is needed to find it."""

    error: str
    url: str | None = None
    id: str | int | None = None
    origin: str | None = None


Outcome = Article | Rejected | Failed


@dataclass
class Totals:
    """How many pages were read, and how they ended."""

    read: int = 0
    accepted: int = 0
    failed: int = 0
    rejected: Counter[Reason] = field(default_factory=Counter)

    def count(self, outcome: Outcome) -> None:
        """Count one end."""
        self.read += 1
        if isinstance(outcome, Article):
            self.accepted += 1
        elif isinstance(outcome, Rejected):
            self.rejected[outcome.reason] += 1
        else:
            self.failed += 1

    @property
    def broken(self) -> int:
        """Pages whose input itself was broken."""
        return sum(number for reason, number in self.rejected.items() if reason in BROKEN_INPUT)

    def adds_up(self) -> bool:
        """Tell whether every page that was read has ended exactly once."""
        return self.read == self.accepted + self.failed + self.rejected.total()

    def __str__(self) -> str:
        """Say it in one line."""
        reasons = {str(reason): number for reason, number in self.rejected.items()}
        return describe_ends(self.read, "read", self.accepted, reasons, self.failed)


def describe_ends(
    pages: int, verb: str, accepted: int, rejected: Mapping[str, int], failed: int
) -> str:
    """Say in one line how pages ended; batch and crawl say it alike.

    >>> describe_ends(3, "read", 1, {"empty": 2}, 0)
    '3 pages read: 1 article, 2 rejected (empty 2), 0 failed'
    """
    named = ", ".join(f"{reason} {number}" for reason, number in sorted(rejected.items()))
    total = f"{sum(rejected.values())} rejected{f' ({named})' if named else ''}"
    return f"{numbered(pages, 'page')} {verb}: {numbered(accepted, 'article')}, {total}, {failed} failed"


def clean_all(
    pages: Iterable[Page | Rejected], profiles: Profiles | None = None
) -> Iterator[Outcome]:
    """Clean pages one by one; a failure on one is logged with its address, and the rest goes on.

    Args:
        pages: pages, and refusals of what could not be read.
        profiles: what recurs on the pages of their sources, if that was learnt.

    """
    for page in pages:
        if isinstance(page, Rejected):
            yield page
        else:
            yield clean_guarded(profiles.applied_to(page) if profiles else page)


def clean_guarded(page: Page) -> Outcome:
    """Clean one page; the only place outside the crawl where every exception is caught."""
    try:
        return clean(page)
    except Exception as error:
        logger.error("failed on %s: %r", page.url or page.origin, error)
        logger.debug("traceback", exc_info=True)
        return Failed(error=repr(error), url=page.url, id=page.id, origin=page.origin)


def encode_outcome(outcome: Outcome, *, provenance: bool = False) -> bytes:
    """Encode any end of a page as a line."""
    if isinstance(outcome, Failed):
        return encode_failure(outcome.id, outcome.url, outcome.error)
    return encode(outcome, provenance=provenance)
