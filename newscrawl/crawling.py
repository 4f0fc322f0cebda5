"""Run crawls from Python: one process, several crawls, and what their stats say."""

import asyncio
import math
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from scrapy import Spider, signals
from scrapy.crawler import AsyncCrawlerProcess, Crawler
from scrapy.settings import Settings
from scrapy.utils.project import get_project_settings

from newscrawl.errors import NewscrawlError
from newscrawl.items import Page, Rejected
from newscrawl.logs import crawl_of
from newscrawl.publishers import VARIABLE
from newscrawl.recording import Recorder
from newscrawl.reports.building import Crawled
from newscrawl.spiders.articles import ArticlesSpider


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One crawl: a spider by name, with its arguments."""

    spider: str
    arguments: dict[str, Any] = field(default_factory=dict)

    @property
    def source(self) -> str:
        """What its log lines name: the spider, or the first site that it was given."""
        sites = str(self.arguments.get("site") or self.arguments.get("url") or "").split()
        return (urlsplit(sites[0]).hostname if sites else None) or self.spider


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A crawl that was run."""

    job: Job
    stats: dict[str, Any]
    """Scrapy's."""
    crawled: Crawled | None = None
    """What its report needs; absent where there is no state."""
    error: Exception | None = None
    """What kept it from beginning, or broke it off; where it is not ours, Scrapy has logged it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What all crawls of a run may take together."""

    seconds: float = math.inf
    requests: float = math.inf


def project_settings(**overrides: Any) -> Settings:
    """Give the settings of the project one stands in, ours where there is none."""
    settings = get_project_settings()
    if not settings.getlist("SPIDER_MODULES"):
        settings.setmodule("newscrawl.settings", priority="project")
    # The command line has configured logging already.
    settings.update({"LOG_INSTALL_ROOT_HANDLER": False, **overrides}, priority="cmdline")
    if places := settings.get(VARIABLE):
        # Before anybody asks which sources there are; workers are to know them too.
        os.environ[VARIABLE] = places
    return settings


class _Crawls:
    """The crawls of a run: begins the next when one ends, while the budget lasts."""

    def __init__(
        self, process: AsyncCrawlerProcess, jobs: Iterable[Job], at_once: int, budget: Budget
    ) -> None:
        self.process = process
        self.waiting = list(jobs)
        # What one takes is known when it has ended.
        self.at_once = at_once if budget.requests == math.inf else 1
        self.requests = budget.requests
        self.deadline = time.monotonic() + budget.seconds
        self.begun: list[tuple[Job, Crawler, asyncio.Future[None]]] = []
        self.broken: list[Ran] = []
        """Those whose spider cannot be loaded."""

    def begin(self) -> None:
        """Begin as many as may go on at once."""
        under_way = sum(not task.done() for *_, task in self.begun)
        while self.waiting and under_way < self.at_once and self._may_go_on():
            self._begin_one(self.waiting.pop(0))
            under_way += 1

    def _begin_one(self, job: Job) -> None:
        try:
            crawler = self.process.create_crawler(job.spider)
        except Exception as error:  # noqa: BLE001 - a spider's own code; the other jobs are to go on
            self.broken.append(Ran(job=job, stats={}, error=error))
            return
        limits = {
            "NEWSCRAWL_MAX_SECONDS": self.deadline - time.monotonic(),
            "NEWSCRAWL_MAX_REQUESTS": self.requests - self._made(),
        }
        for name, value in limits.items():
            if value != math.inf:
                crawler.settings.set(name, value, priority="cmdline")
        with crawl_of(job.source):
            task = self.process.crawl(crawler, **job.arguments)
        self.begun.append((job, crawler, task))
        # The next is begun before the process looks whether any is left.
        task.add_done_callback(lambda _: self.begin())

    def _may_go_on(self) -> bool:
        if any(_was_stopped(crawler) for _, crawler, _ in self.begun):
            return False
        return self.deadline - time.monotonic() > 0 and self.requests - self._made() >= 1

    def _made(self) -> int:
        return sum(
            int(stats_so_far(c).get("downloader/request_count", 0)) for _, c, _ in self.begun
        )


def run_crawls(
    jobs: Iterable[Job], settings: Settings, *, at_once: int = 1, budget: Budget | None = None
) -> list[Ran]:
    """Run crawls; give what became of each that was begun, one that is broken among them.

    One after the other unless told otherwise, because they may append to the same file. Ctrl-C ends those that run,
    what they have got is written, and the others are not begun.

    Args:
        jobs: the crawls, in their order.
        settings: Scrapy's.
        at_once: how many may be under way at a time.
        budget: what all together may take; what is left is for another run.

    """
    process = AsyncCrawlerProcess(settings)
    crawls = _Crawls(process, jobs, at_once, budget or Budget())
    crawls.begin()
    if crawls.begun:
        process.start()
    return crawls.broken + [
        Ran(
            job=job,
            stats=stats_so_far(crawler),
            crawled=_crawled(crawler),
            error=_error(crawler, task),
        )
        for job, crawler, task in crawls.begun
    ]


def stats_of(ran: Sequence[Ran]) -> list[dict[str, Any]]:
    """Give the stats of crawls.

    Raises:
        Exception: what kept one from beginning: a state that cannot be used, a setting that is wrong.

    """
    for one in ran:
        if one.error:
            raise one.error
    return [one.stats for one in ran]


def fetch_pages(urls: Iterable[str], settings: Settings) -> list[Page | Rejected]:
    """Fetch pages as a crawl does, robots.txt and all, without cleaning them."""
    return crawl_items(ArticlesSpider, settings, url=" ".join(urls))


def crawl_items(spider: type[Spider], settings: Settings, **arguments: Any) -> list[Any]:
    """Run one crawl without pipelines, feeds and state, and give its items."""
    without = {"ITEM_PIPELINES": {}, "EXTENSIONS": {}, "FEEDS": {}, "NEWSCRAWL_STATE": ""}
    settings.update(without, priority="cmdline")
    process = AsyncCrawlerProcess(settings)
    crawler = process.create_crawler(spider)
    items: list[Any] = []

    def collect(item: Any) -> None:
        items.append(item)

    crawler.signals.connect(collect, signal=signals.item_scraped)
    process.crawl(crawler, **arguments)
    process.start()
    return items


def stats_so_far(crawler: Crawler) -> dict[str, Any]:
    """Give a crawl's stats, as far as it has begun."""
    try:
        return crawler.stats.get_stats() if crawler.stats else {}
    except RuntimeError:  # its task has not had its turn yet
        return {}


def _error(crawler: Crawler, task: asyncio.Future[None]) -> Exception | None:
    """Give what kept a crawl from beginning; an error of a spider that has begun is counted in its stats."""
    error = task.exception() if task.done() and not task.cancelled() else None
    if isinstance(error, Exception) and (isinstance(error, NewscrawlError) or not crawler.spider):
        return error
    return None


def _crawled(crawler: Crawler) -> Crawled | None:
    try:
        recorder = crawler.get_extension(Recorder) if crawler.extensions else None
    except RuntimeError:  # it did not begin
        return None
    return recorder.crawled() if recorder else None


def _was_stopped(crawler: Crawler) -> bool:
    return stats_so_far(crawler).get("finish_reason") == "shutdown"
