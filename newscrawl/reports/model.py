"""The run report: what `newscrawl run --due` or a crawl did, as JSON for machines.

Keys are only added within one `report_version`. Times are ISO 8601 in UTC.
"""

from dataclasses import dataclass, field
from typing import Final

from newscrawl.reports.record import HostReport, Mishap, PageReport

REPORT_VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlReport:
    """One crawl: a spider with its arguments."""

    spider: str
    run: int | None = None
    """Its number in the crawl state; absent where it did not begin."""
    job: str = ""
    ended: str = ""
    """Scrapy's finish reason: finished, time_limit, request_limit, disk_low, shutdown, state_error, archive_error."""
    last_line: str = ""
    stopped_by: str = ""
    """The error that ended it."""
    adds_up: bool = True
    """Whether each address that it met has ended exactly once."""
    bugs: int = 0
    """Pages on which a stage or a callback failed."""
    pruned: dict[str, int] = field(default_factory=dict)
    """Addresses that lists named and that were not asked for, by rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What a day brought."""

    day: str
    ends: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FillRate:
    """On how many articles a field stands."""

    field: str
    now: float
    """Share of the articles of the last 7 days, 0 to 1."""
    before: float | None = None
    """Share of those of the weeks before; absent where there are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TroubleReport:
    """What is wrong with a source."""

    trouble: str
    """refusing, silent, failing, drifting or quiet."""
    detail: str
    since: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """What a run did at one source, and how the source has been."""

    ends: dict[str, int] = field(default_factory=dict)
    """How its addresses ended, `end` or `end:reason`."""
    is_asked: bool = False
    """Whether anything was asked of it."""
    hosts: dict[str, HostReport] = field(default_factory=dict)
    troubles: tuple[TroubleReport, ...] = ()
    history: tuple[Day, ...] = ()
    """The last eight weeks, days without anything left out."""
    filled: tuple[FillRate, ...] = ()
    articles: int = 0
    """Articles of the last 7 days on which `filled` rests."""
    last_new: str | None = None
    next_due: str | None = None

    def total(self, *ends: str) -> int:
        """Sum up ends, whatever their reasons."""
        return sum(n for end, n in self.ends.items() if end.partition(":")[0] in ends)


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """What the state and its folders hold."""

    waiting: int = 0
    """Addresses that runs have left."""
    due: int = 0
    """Addresses whose time has come."""
    bytes: dict[str, int] = field(default_factory=dict)
    """Bytes by part: state, articles, raw, reports."""
    free: int = 0
    """Bytes that are free on the disk of the state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a run did."""

    report_version: int = REPORT_VERSION
    newscrawl: str = ""
    """The version."""
    run: str = ""
    """The name of the run: when it began."""
    command: str = ""
    started: str = ""
    ended: str = ""
    runs: int = 1
    """Runs that are put together in it."""
    code: int | None = None
    """The exit code; absent for a crawl of Scrapy's, which exits with 0 whatever happens."""
    reasons: tuple[str, ...] = ()
    """Why it is not 0."""
    line: str = ""
    """The summary line."""
    crawls: tuple[CrawlReport, ...] = ()
    sources: dict[str, SourceReport] = field(default_factory=dict)
    slowest: tuple[PageReport, ...] = ()
    heaviest: tuple[PageReport, ...] = ()
    mishaps: tuple[Mishap, ...] = ()
    clock_skew: float | None = None
    """Seconds by which the hosts' clocks are ahead of this machine's, in the median."""
    store: Store = field(default_factory=Store)

    def total(self, *ends: str) -> int:
        """Sum up ends over all sources."""
        return sum(source.total(*ends) for source in self.sources.values())
