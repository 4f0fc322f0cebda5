"""Run crawls from Python: one process, one after the other, and what their stats say."""

import asyncio
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from scrapy import Spider, signals
from scrapy.crawler import AsyncCrawlerProcess, Crawler
from scrapy.settings import Settings
from scrapy.utils.project import get_project_settings

from newscrawl.errors import NewscrawlError
from newscrawl.items import Page, Rejected
from newscrawl.publishers import VARIABLE
from newscrawl.spiders.articles import ArticlesSpider


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One crawl: a spider by name, with its arguments."""

    spider: str
    arguments: dict[str, Any] = field(default_factory=dict)


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


def run_crawls(jobs: Iterable[Job], settings: Settings) -> list[dict[str, Any]]:
    """Run crawls one after the other; give the stats of each.

    One after the other, because they may append to the same file. Ctrl-C ends the one that runs,
    what it has got is written, and the others are not begun.
    """
    process = AsyncCrawlerProcess(settings)
    waiting, started = list(jobs), list[Crawler]()
    begun = list[asyncio.Future[None]]()

    def begin_next(_: object = None) -> None:
        # The crawler is replaced before the process looks whether any is left.
        if waiting and not (started and _was_stopped(started[-1])):
            job = waiting.pop(0)
            crawler = process.create_crawler(job.spider)
            started.append(crawler)
            task = process.crawl(crawler, **job.arguments)
            begun.append(task)
            task.add_done_callback(begin_next)

    begin_next()
    process.start()
    for crawler, task in zip(started, begun, strict=True):
        error = task.exception() if task.done() and not task.cancelled() else None
        if error and (isinstance(error, NewscrawlError) or not crawler.spider):
            raise error  # a state that cannot be used, a run that is locked out, a setting that is wrong
    return [crawler.stats.get_stats() for crawler in started if crawler.stats]


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


def _was_stopped(crawler: Crawler) -> bool:
    stats = crawler.stats.get_stats() if crawler.stats else {}
    return stats.get("finish_reason") == "shutdown"
