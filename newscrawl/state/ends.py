"""The states in which an address ends a run, and the sum that must come out."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from newscrawl.items import Rejected
from newscrawl.reasons import Reason

if TYPE_CHECKING:
    from newscrawl.state.drift import Break
    from newscrawl.state.health import Finding


class End(StrEnum):
    """How one address ended in one run; each address that a run meets has exactly one."""

    NEW = "new"
    """Its article was stored for the first time."""
    CHANGED = "changed"
    """A new version of its article was stored."""
    UNCHANGED = "unchanged"
    """Looked at again, or reached at another address, and the article is the one that is stored."""
    SEEN = "seen"
    """Known from an earlier run, or in the hands of another one, and its next visit is not due."""
    REJECTED = "rejected"
    """The page is no article; the reason is counted with it."""
    ROBOTS = "robots"
    """robots.txt forbids it."""
    BLOCKED = "blocked"
    """The site refused: 401, 403, 429, or a challenge to prove that a person is reading."""
    GONE = "gone"
    """The server says that it is no longer there: 404 or 410."""
    FAILED = "failed"
    """Not fetched for an error, or a bug; asked for again by a later run."""
    OUT_OF_RANGE = "out_of_range"
    """It leads out of the sites that were asked for or inward, is no web address, or is of another date."""
    OVER_LIMIT = "over_limit"
    """More articles were found than the limit allows; a later run takes it up."""
    LEFT = "left"
    """The run ended before its turn; the next run of the same job takes it up."""
    NOT_DUE = "not_due"
    """A feed, sitemap or section whose time has not come."""
    READ = "read"
    """A feed, sitemap, section or other page that only leads on was read, its links stored."""
    UNREAD = "unread"
    """Such a page could not be read."""


ENDS_OF_REASONS: Final = {
    Reason.ROBOTS: End.ROBOTS,
    Reason.BLOCKED: End.BLOCKED,
    Reason.BOT_CHALLENGE: End.BLOCKED,
    Reason.GONE: End.GONE,
    Reason.OFFSITE: End.OUT_OF_RANGE,
    Reason.UNSAFE: End.OUT_OF_RANGE,
    Reason.OUT_OF_RANGE: End.OUT_OF_RANGE,
    Reason.INVALID_URL: End.OUT_OF_RANGE,
    Reason.HTTP_ERROR: End.FAILED,
    Reason.TIMEOUT: End.FAILED,
    Reason.UNREACHABLE: End.FAILED,
    Reason.REDIRECTS: End.FAILED,
    Reason.FETCH_FAILED: End.FAILED,
    Reason.NOT_FETCHED: End.LEFT,
}
KNOWN: Final = (End.SEEN, End.UNCHANGED)
REFUSED: Final = (
    End.REJECTED, End.ROBOTS, End.BLOCKED, End.GONE, End.OUT_OF_RANGE, End.OVER_LIMIT,
)  # fmt: skip


def end_of(rejected: Rejected) -> End:
    """Give the end that a rejection means.

    >>> end_of(Rejected(reason=Reason.GONE)), end_of(Rejected(reason=Reason.LISTING))
    (<End.GONE: 'gone'>, <End.REJECTED: 'rejected'>)
    """
    return ENDS_OF_REASONS.get(rejected.reason, End.REJECTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """How the addresses of a run ended."""

    asked: int = 0
    """Addresses that the run has met, each once, counted as they were met."""
    ends: Mapping[tuple[End, str], int] = field(default_factory=dict)
    """How many ended how, by end and reason, counted as they ended."""
    refusing: tuple[str, ...] = ()
    """Hosts that refused so often in a row that they were left alone."""
    silent: tuple[str, ...] = ()
    """Hosts that were left alone because they did not answer."""
    breaks: "tuple[Break, ...]" = ()
    """What sources no longer deliver as in the weeks before."""
    sources: Mapping[str, Mapping[tuple[End, str], int]] = field(default_factory=dict)
    """The ends by source; in the run itself, not of one that is looked up later."""
    asked_sources: tuple[str, ...] = ()
    """Sources of which anything was asked for."""
    troubles: "tuple[Finding, ...]" = ()
    """What is wrong with them."""

    def total(self, *ends: End) -> int:
        """Sum up ends."""
        return sum(number for (end, _), number in self.ends.items() if end in ends)

    def adds_up(self) -> bool:
        """Tell whether every address that was met has ended exactly once."""
        return self.asked == sum(self.ends.values())

    def by_end(self) -> dict[str, int]:
        """Give the ends with their reasons, as `rejected:listing`."""
        return {f"{end}:{why}" if why else str(end): n for (end, why), n in self.ends.items() if n}

    def last_line(self) -> str:
        """Say what the run brought, in the line that it ends with.

        >>> ledger = Ledger(asked=4, ends={(End.NEW, ""): 1, (End.SEEN, ""): 2, (End.GONE, ""): 1})
        >>> ledger.last_line()
        '1 new, 0 changed, 2 seen before, 1 rejected (gone 1), 0 failed'
        """
        line = (
            f"{self.total(End.NEW)} new, {self.total(End.CHANGED)} changed, "
            f"{self.total(*KNOWN)} seen before, {self._with_reasons('rejected', *REFUSED)}, "
            f"{self._with_reasons('failed', End.FAILED)}"
        )
        left = self.total(End.LEFT)
        return f"{line}, {left} left for the next run" if left else line

    def _with_reasons(self, name: str, *ends: End) -> str:
        named = Counter[str]()
        for (end, why), number in self.ends.items():
            if end in ends and number:
                named[why or str(end)] += number
        named.pop(name, None)
        reasons = ", ".join(f"{why} {number}" for why, number in sorted(named.items()))
        return f"{self.total(*ends)} {name}{f' ({reasons})' if reasons else ''}"
