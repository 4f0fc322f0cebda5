"""Extensions: the accounting that makes the totals add up, and the progress line."""

import logging
import sys
from pathlib import Path
from typing import IO, Any, Self

from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from scrapy.http import Response
from scrapy.statscollectors import StatsCollector
from twisted.python.failure import Failure

from newscrawl.batch import describe_ends
from newscrawl.items import Article, Rejected
from newscrawl.jsonl import encode
from newscrawl.pipelines import PageRejected
from newscrawl.progress import Progress
from newscrawl.reasons import Reason
from newscrawl.state.ends import KNOWN, End

logger = logging.getLogger(__name__)


class Accounting:
    """Count how each requested page ends: accepted, rejected with a reason, or failed.

    At the close what never came to an end is counted as `not_fetched`, so that
    requested = accepted + rejected + failed; the summary says whether it holds.
    """

    def __init__(
        self, stats: StatsCollector, rejects: str = "", *, has_state: bool = False
    ) -> None:
        self.stats = stats
        self.has_state = has_state
        self.path = rejects
        self.file: IO[bytes] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Read the settings and connect the signals."""
        assert crawler.stats is not None
        extension = cls(
            crawler.stats,
            crawler.settings.get("NEWSCRAWL_REJECTS", ""),
            has_state=bool(crawler.settings.get("NEWSCRAWL_STATE")),
        )
        connect = crawler.signals.connect
        connect(extension.spider_opened, signal=signals.spider_opened)
        connect(extension.item_scraped, signal=signals.item_scraped)
        connect(extension.item_dropped, signal=signals.item_dropped)
        connect(extension.item_error, signal=signals.item_error)
        connect(extension.spider_error, signal=signals.spider_error)
        connect(extension.spider_closed, signal=signals.spider_closed)
        return extension

    def spider_opened(self) -> None:
        """Open the file for refused pages."""
        if self.path:
            Path(self.path).parent.mkdir(parents=True, exist_ok=True)
            self.file = Path(self.path).open("ab")  # noqa: SIM115 - closed with the spider

    def item_scraped(self, item: Any) -> None:
        """Count an article."""
        if isinstance(item, Article):
            self.stats.inc_value("newscrawl/accepted")
            self.stats.inc_value(f"newscrawl/source/{item.source}")

    def item_dropped(self, exception: Exception) -> None:
        """Count a rejection by its reason, and write it down."""
        if isinstance(exception, PageRejected):
            self._reject(exception.rejected)
        else:
            self.stats.inc_value("newscrawl/rejected/dropped")

    def item_error(self) -> None:
        """Count a page on which a stage failed; Scrapy has logged it."""
        self.stats.inc_value("newscrawl/failed")

    def spider_error(self, response: Response | Failure | None) -> None:
        """Count a page on which the spider's callback or errback failed."""
        request = getattr(response, "request", None)
        if request and request.meta.get("newscrawl_article"):
            self.stats.inc_value("newscrawl/failed")

    def spider_closed(self, spider: Spider) -> None:
        """Count what never came to an end, check the sum and log it; the state's ledger does its own."""
        if self.file:
            self.file.close()
        if self.has_state:
            return
        totals = totals_of(self.stats.get_stats())
        missing = totals["requested"] - totals["accepted"] - totals["rejected"] - totals["failed"]
        if missing > 0:
            self.stats.inc_value(f"newscrawl/rejected/{Reason.NOT_FETCHED}", missing)
        self.stats.set_value("newscrawl/totals_add_up", missing >= 0)
        logger.info("newscrawl: %s", summary(self.stats.get_stats()), extra={"spider": spider})

    def _reject(self, rejected: Rejected) -> None:
        self.stats.inc_value(f"newscrawl/rejected/{rejected.reason}")
        if self.file:
            self.file.write(encode(rejected) + b"\n")
            self.file.flush()


def totals_of(stats: dict[str, Any]) -> dict[str, int]:
    """Sum up the stats of a crawl."""
    rejected = sum(v for k, v in stats.items() if k.startswith("newscrawl/rejected/"))
    names = ("requested", "accepted", "failed")
    known = sum(stats.get(f"newscrawl/ends/{end}", 0) for end in KNOWN)
    found = {name: stats.get(f"newscrawl/{name}", 0) for name in names}
    resting = stats.get(f"newscrawl/ends/{End.NOT_DUE}", 0)
    return found | {"rejected": rejected, "known": known, "resting": resting}


def last_line(stats: dict[str, Any]) -> str:
    """Say in one line what a crawl brought: by its ledger where it has a state."""
    return str(stats.get("newscrawl/last_line") or summary(stats))


def summary(stats: dict[str, Any]) -> str:
    """Say in one line how the pages of a crawl ended."""
    totals = totals_of(stats)
    prefix = "newscrawl/rejected/"
    reasons = {k.removeprefix(prefix): v for k, v in stats.items() if k.startswith(prefix)}
    return describe_ends(
        totals["requested"], "requested", totals["accepted"], reasons, totals["failed"]
    )


class ProgressLine:
    """A progress line on the terminal; off where stderr is none."""

    def __init__(self, stats: StatsCollector, progress: Progress) -> None:
        self.stats = stats
        self.progress = progress

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Switch off where nobody would see it."""
        if not crawler.settings.getbool("NEWSCRAWL_PROGRESS") or not sys.stderr.isatty():
            raise NotConfigured
        assert crawler.stats is not None
        extension = cls(crawler.stats, Progress())
        connect = crawler.signals.connect
        connect(extension.progress.__enter__, signal=signals.spider_opened, weak=False)
        connect(extension.response_received, signal=signals.response_received)
        connect(extension.spider_closed, signal=signals.spider_closed)
        return extension

    def response_received(self, response: Response, request: Request) -> None:
        """Show how far the crawl is."""
        stats = self.stats.get_stats()
        totals = totals_of(stats)
        self.progress.show(
            f"{stats.get('response_received_count', 0)} responses, {totals['accepted']} articles, "
            f"{totals['rejected']} rejected, {totals['failed']} failed",
            stats.get("response_received_count", 0),
        )

    def spider_closed(self) -> None:
        """Take the line away."""
        self.progress.__exit__(None, None, None)
