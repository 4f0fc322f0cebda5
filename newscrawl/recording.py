"""The extension that records what a crawl does on the way, for its report."""

import logging
import time
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from scrapy.http import Response
from scrapy.settings import BaseSettings
from twisted.python.failure import Failure

from newscrawl.downloading.archiving import archive_folder
from newscrawl.errors import ReportError, StateError
from newscrawl.frontier.runs import articles_folder, state_place
from newscrawl.frontier.signals import page_ended, run_ended
from newscrawl.quality import registrable_domain
from newscrawl.reasons import Reason
from newscrawl.reports.building import Crawled, Places, Verdict, build_report
from newscrawl.reports.record import Recording
from newscrawl.reports.storing import store_report
from newscrawl.state.ends import End, Ledger

logger = logging.getLogger(__name__)


class Recorder:
    """Extension: follow the requests and ends of a crawl; where it runs by itself, write its report.

    Settings: `NEWSCRAWL_REPORT`, and those of `newscrawl.reports`.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.recording = Recording()
        self.run: int | None = None
        self.job = ""
        self.ledger: Ledger | None = None
        self.began = time.time()
        self._headers_at: dict[int, float] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Connect the signals.

        Raises:
            NotConfigured: there is no state, and without one no history and no report.

        """
        if not crawler.settings.get("NEWSCRAWL_STATE"):
            raise NotConfigured
        recorder = cls(crawler)
        connect = crawler.signals.connect
        connect(recorder.request_reached, signal=signals.request_reached_downloader)
        connect(recorder.headers_received, signal=signals.headers_received)
        connect(recorder.response_downloaded, signal=signals.response_downloaded)
        connect(recorder.request_left, signal=signals.request_left_downloader)
        connect(recorder.item_error, signal=signals.item_error)
        connect(recorder.spider_error, signal=signals.spider_error)
        connect(recorder.page_ended, signal=page_ended)
        connect(recorder.run_ended, signal=run_ended)
        connect(recorder.engine_stopped, signal=signals.engine_stopped)
        return recorder

    def request_reached(self, request: Request) -> None:
        """Note that a request goes out."""
        self.recording.asked(_host_of(request.url))

    def headers_received(self, request: Request) -> None:
        """Note the moment from which the latency counts back to the request."""
        self._headers_at[id(request)] = time.monotonic()

    def request_left(self, request: Request) -> None:
        """Forget a request that has ended."""
        self._headers_at.pop(id(request), None)

    def response_downloaded(self, response: Response, request: Request) -> None:
        """Note an answer."""
        now = time.monotonic()
        headers_at = self._headers_at.pop(id(request), now)
        started = headers_at - float(request.meta.get("download_latency", 0.0))
        host = _host_of(request.url)
        self.recording.answered(
            host, request.url, status=response.status, size=len(response.body), started=started, seconds=now - started
        )  # fmt: skip
        if (date := response.headers.get("Date")) is not None:
            self._note_clock(host, date.decode("latin-1"))

    def item_error(self, response: Response | Failure | None, failure: Failure) -> None:
        """Note what a stage failed with."""
        self._note_failure(response, failure)

    def spider_error(self, response: Response | Failure | None, failure: Failure) -> None:
        """Note what a callback failed with."""
        self._note_failure(response, failure)

    def page_ended(self, url: str, host: str, end: End, reason: Reason | None) -> None:
        """Note how an address ended."""
        self.recording.ended(url, registrable_domain(host) or host, end, str(reason or ""))

    def run_ended(self, run: int, job: str, ledger: Ledger) -> None:
        """Take the ledger."""
        self.run, self.job, self.ledger = run, job, ledger

    def engine_stopped(self) -> None:
        """Write the report, unless whoever runs the crawl does it for several."""
        if not self.crawler.settings.getbool("NEWSCRAWL_REPORT"):
            return
        settings = self.crawler.settings
        places, command = places_of(settings), f"scrapy crawl {self._spider_name()}"
        try:
            report = build_report(
                [self.crawled()], places, command=command, began=self.began, verdict=Verdict()
            )
            store_report(report, places.reports, settings.getint("NEWSCRAWL_REPORT_DAYS"))
        except (ReportError, StateError) as error:
            # What was crawled is stored; a crawl does not fail for its report.
            logger.error("no report was written: %s", error)

    def crawled(self) -> Crawled:
        """Give all that the report needs of this crawl."""
        assert self.crawler.stats is not None
        return Crawled(
            spider=self._spider_name(), run=self.run, job=self.job, ledger=self.ledger, recording=self.recording,
            stats=self.crawler.stats.get_stats(),
        )  # fmt: skip

    def _spider_name(self) -> str:
        return self.crawler.spider.name if self.crawler.spider else self.crawler.spidercls.name

    def _note_failure(self, response: Response | Failure | None, failure: Failure) -> None:
        request = getattr(response, "request", None)
        if request is not None:
            self.recording.failed(request.url, f"{type(failure.value).__name__}: {failure.value}")

    def _note_clock(self, host: str, date: str) -> None:
        try:
            self.recording.dated(host, parsedate_to_datetime(date).timestamp() - time.time())
        except (ValueError, TypeError, OverflowError):
            return


def places_of(settings: BaseSettings) -> Places:
    """Give where a run's state, articles, raw responses and reports are."""
    state = state_place(settings)
    reports = settings.get("NEWSCRAWL_REPORTS")
    return Places(
        state=state,
        articles=articles_folder(settings),
        raw=archive_folder(settings),
        reports=Path(reports) if reports else state.folder / "runs",
    )


def _host_of(url: str) -> str:
    return urlsplit(url).hostname or ""
