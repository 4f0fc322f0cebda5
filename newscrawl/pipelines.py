"""The stages as item pipelines: one thin class each, numbered in ITEM_PIPELINES."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Self

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem, NotConfigured

from newscrawl.attribution import normalise_attribution
from newscrawl.crew import Crew, TimeLimitError, WorkerDiedError
from newscrawl.dates import normalise_dates
from newscrawl.dates.formats import read_date
from newscrawl.discovery.bounds import Bounds
from newscrawl.extraction import extract
from newscrawl.foreign import is_item, normalise_item_attribution, normalise_item_dates
from newscrawl.items import Article, Draft, Page, Rejected
from newscrawl.profiles import Profiles, read_profiles
from newscrawl.quality import judge
from newscrawl.reasons import Reason
from newscrawl.stages import clean
from newscrawl.text import clean_text


class PageRejected(DropItem):
    """A page that is no article. Expected, so it is logged at DEBUG; the extension counts it."""

    def __init__(self, rejected: Rejected):
        detail = f": {rejected.detail}" if rejected.detail else ""
        super().__init__(f"{rejected.reason}{detail}", log_level="DEBUG")
        self.rejected = rejected


class OutOfRange(PageRejected):
    """An article that was published outside the dates that were asked for."""

    def __init__(self, rejected: Rejected, published: float | None):
        super().__init__(rejected)
        self.published = published
        """When it was, in seconds since 1970."""


class StagePipeline:
    """Run one stage on the items that are its input; what is none passes untouched."""

    stage: ClassVar[Callable[..., Any]]
    takes: ClassVar[type] = Draft

    def process_item(self, item: Any) -> Any:
        """Give what the stage makes of the item, or drop it with the stage's reason."""
        result = type(self).stage(item) if isinstance(item, self.takes) else item
        if isinstance(result, Rejected):
            raise PageRejected(result)
        return result


class Extract(StagePipeline):
    """Page to draft, with the source's profile if there is one."""

    stage = staticmethod(extract)
    takes = Page

    def __init__(self, profiles: Profiles | None = None) -> None:
        self.profiles = profiles

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Read the profiles that the settings name.

        Raises:
            DataError: the file cannot be read, or is none.

        """
        path = crawler.settings.get("NEWSCRAWL_PROFILES")
        return cls(read_profiles(Path(path)) if path else None)

    def process_item(self, item: Any) -> Any:
        """Give the draft of a page."""
        if self.profiles and isinstance(item, Page):
            item = self.profiles.applied_to(item)
        return super().process_item(item)


class InWorkers:
    """Take a page through all stages in a process of its own, and leave the reactor free.

    How many are under way is bounded by Scrapy's SCRAPER_SLOT_MAX_ACTIVE_SIZE: while responses of more
    bytes than that are worked on, no more are fetched.
    """

    def __init__(self, crew: Crew, profiles: Profiles | None) -> None:
        self.crew = crew
        self.profiles = profiles

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Hire the workers.

        Raises:
            NotConfigured: `NEWSCRAWL_WORKERS` is 0.
            DataError: `NEWSCRAWL_PROFILES` cannot be read.

        """
        settings = crawler.settings
        workers = settings.getint("NEWSCRAWL_WORKERS")
        if workers <= 0:
            raise NotConfigured
        path = settings.get("NEWSCRAWL_PROFILES")
        profiles = read_profiles(Path(path)) if path else None
        crew = Crew(
            workers,
            seconds=settings.getfloat("NEWSCRAWL_PAGE_SECONDS") or None,
            memory=settings.getint("NEWSCRAWL_PAGE_MEMORY") or None,
        )
        pipeline = cls(crew, profiles)
        # After the last item: the engine waits for those under way before it says so.
        crawler.signals.connect(pipeline.spider_closed, signal=signals.spider_closed)
        return pipeline

    async def process_item(self, item: Any) -> Any:
        """Give the article of a page; other items as they are.

        Raises:
            PageRejected: the page is none, took too long, or its workers died.

        """
        if not isinstance(item, Page):
            return item
        page = self.profiles.applied_to(item) if self.profiles else item
        try:
            outcome = await asyncio.wrap_future(self.crew.submit(clean, page))
        except TimeLimitError as error:
            outcome = _refused(page, Reason.TIME_LIMIT, error)
        except WorkerDiedError as error:
            outcome = _refused(page, Reason.WORKER_DIED, error)
        if isinstance(outcome, Rejected):
            raise PageRejected(outcome)
        return outcome

    def spider_closed(self) -> None:
        """Let the workers go."""
        self.crew.shutdown(cancel_futures=True)


def _refused(page: Page, reason: Reason, error: Exception) -> Rejected:
    return Rejected(reason=reason, url=page.url, id=page.id, detail=str(error), origin=page.origin)


class NormaliseDates(StagePipeline):
    """Choose the dates; on items of other spiders too."""

    stage = staticmethod(normalise_dates)

    def process_item(self, item: Any) -> Any:
        """Give the draft, or the item, with its dates."""
        return normalise_item_dates(item) if is_item(item) else super().process_item(item)


class NormaliseAttribution(StagePipeline):
    """Read authors, agencies, dateline and credits; on items of other spiders too."""

    stage = staticmethod(normalise_attribution)

    def process_item(self, item: Any) -> Any:
        """Give the draft, or the item, with what byline and text attribute."""
        return normalise_item_attribution(item) if is_item(item) else super().process_item(item)


class CleanText(StagePipeline):
    """Remove what is not the article's text."""

    stage = staticmethod(clean_text)


class Judge(StagePipeline):
    """Draft to article."""

    stage = staticmethod(judge)


class InRange:
    """Drop articles that were published outside the spider's `bounds`; those without a date too."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Read the bounds.

        Raises:
            NotConfigured: the spider has none.

        """
        bounds = getattr(crawler.spider, "bounds", None)
        if not bounds:
            raise NotConfigured
        return cls(bounds)

    def process_item(self, item: Any) -> Any:
        """Give an item that lies within.

        Raises:
            OutOfRange: an article does not.

        """
        if not isinstance(item, Article) or self.bounds.holds(item.date_published):
            return item
        detail = f"published {item.date_published}" if item.date_published else "it has no date"
        rejected = Rejected(reason=Reason.OUT_OF_RANGE, url=item.url, id=item.id, detail=detail)
        reading = read_date(item.date_published) if item.date_published else None
        raise OutOfRange(rejected, reading.instant.timestamp() if reading else None)
