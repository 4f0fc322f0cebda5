"""Keep the responses of a crawl as they came; see `newscrawl.archive`."""

import asyncio
import logging
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem, NotConfigured
from scrapy.http import Response
from scrapy.settings import BaseSettings
from twisted.python.failure import Failure

from newscrawl.archive import MAX_BYTES, Archive
from newscrawl.downloading.keys import ARTICLE_KEY, KIND_KEY, LISTED_KEY, RECORD_KEY
from newscrawl.errors import ArchiveError, UsageError
from newscrawl.items import Article, Rejected
from newscrawl.pages.warc import Note
from newscrawl.quality import registrable_domain
from newscrawl.state.place import place_of

logger = logging.getLogger(__name__)

ROBOTS: Final = "/robots.txt"


class ArchiveMiddleware:
    """Downloader middleware nearest to the network: archive each response before anything unpacks it."""

    def __init__(self, crawler: Crawler, archive: Archive, sources: dict[str, bool]) -> None:
        self.crawler = crawler
        self.archive = archive
        self.sources = sources
        self.closing: asyncio.Task[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Open the archive that the settings name.

        Raises:
            NotConfigured: `NEWSCRAWL_ARCHIVE` is off, or there is no folder for it.
            UsageError: `NEWSCRAWL_ARCHIVE_PACKING` is neither gz nor zst.
            ArchiveError: the folder cannot be written.

        """
        folder = archive_folder(crawler.settings)
        if folder is None:
            raise NotConfigured
        packing = crawler.settings.get("NEWSCRAWL_ARCHIVE_PACKING") or "gz"
        if packing not in ("gz", "zst"):
            raise UsageError(f"NEWSCRAWL_ARCHIVE_PACKING is gz or zst, not {packing!r}")
        name = crawler.spider.name if crawler.spider else "newscrawl"
        size = crawler.settings.getint("NEWSCRAWL_ARCHIVE_BYTES") or MAX_BYTES
        archive = Archive(folder, name, packing="zst" if packing == "zst" else "gz", max_bytes=size)
        given = crawler.settings.getdict("NEWSCRAWL_ARCHIVE_SOURCES")
        middleware = cls(crawler, archive, {str(k).lower(): bool(v) for k, v in given.items()})
        connect = crawler.signals.connect
        connect(middleware.item_scraped, signal=signals.item_scraped)
        connect(middleware.item_dropped, signal=signals.item_dropped)
        connect(middleware.spider_closed, signal=signals.spider_closed)
        return middleware

    def process_response(self, request: Request, response: Response) -> Response:
        """Write the response down, and pass it on."""
        source = registrable_domain(urlsplit(response.url).hostname)
        if "cached" in response.flags or not self._is_kept(source):
            return response
        meta = request.meta
        opt_outs = getattr(self.crawler.spider, "opt_outs", None)
        note = Note(
            source=source,
            kind=self._kind_of(request),
            spider=self.crawler.spider.name if self.crawler.spider else None,
            listed=[tuple(said) for said in meta.get(LISTED_KEY, ())],
            opt_outs=[(o.signal, o.value) for o in opt_outs(response)] if opt_outs else [],
        )
        headers = [(name, v) for name, values in response.headers.items() for v in values]
        address = str(response.ip_address) if response.ip_address else None
        try:
            meta[RECORD_KEY] = self.archive.keep(
                response.url, response.status, headers, response.body, note, address
            )
        except ArchiveError as error:
            self._stop(error)
        self._count("archived")
        return response

    def item_scraped(self, item: Any, response: Response | Failure | None) -> None:
        """Write down which article came of a response."""
        if isinstance(item, Article):
            self._end(response, Note(article=str(item.id), outcome="accepted"))
        elif isinstance(item, Rejected):
            self._end(response, Note(outcome=item.reason.value))

    def item_dropped(self, exception: DropItem, response: Response | Failure | None) -> None:
        """Write down why no article came of a response."""
        rejected = getattr(exception, "rejected", None)
        article = getattr(exception, "article", None)
        if isinstance(rejected, Rejected):
            self._end(response, Note(outcome=rejected.reason.value))
        elif isinstance(article, Article):
            self._end(response, Note(article=str(article.id), outcome="unchanged"))

    def spider_closed(self) -> None:
        """Close the archive."""
        try:
            self.archive.close()
        except ArchiveError as error:
            logger.error("%s", error)

    def _end(self, response: Response | Failure | None, note: Note) -> None:
        # What failed is handed on as the failure; its last response, if any, was no article's.
        if not isinstance(response, Response) or response.request is None:
            return
        if record := response.request.meta.get(RECORD_KEY):
            try:
                self.archive.end(record, response.url, note)
            except ArchiveError as error:
                self._stop(error)

    def _is_kept(self, source: str | None) -> bool:
        return self.sources.get(source or "", self.sources.get("default", True))

    def _kind_of(self, request: Request) -> str:
        if request.meta.get(ARTICLE_KEY):
            return "article"
        if urlsplit(request.url).path == ROBOTS:
            return "other"
        # Of a spider that is not ours all pages may be articles.
        is_ours = hasattr(self.crawler.spider, "article_request")
        return "list" if is_ours or request.meta.get(KIND_KEY) else "article"

    def _stop(self, error: ArchiveError) -> None:
        """End the crawl: pages that were to be kept would be lost."""
        if self.closing is not None:
            return
        logger.error("the crawl stops: %s", error)
        assert self.crawler.stats is not None
        self.crawler.stats.set_value("newscrawl/stopped_by", str(error))
        if self.crawler.engine:
            self.closing = asyncio.get_running_loop().create_task(
                self.crawler.engine.close_spider_async(reason="archive_error")
            )

    def _count(self, name: str) -> None:
        assert self.crawler.stats is not None
        self.crawler.stats.inc_value(f"newscrawl/{name}")


def archive_folder(settings: BaseSettings) -> Path | None:
    """Give the folder of the archive: the one that is named, else `raw` beside the state; None for none."""
    if not settings.getbool("NEWSCRAWL_ARCHIVE"):
        return None
    if folder := settings.get("NEWSCRAWL_ARCHIVE_FOLDER"):
        return Path(folder)
    state = settings.get("NEWSCRAWL_STATE")
    return place_of(state).folder / "raw" if state else None
