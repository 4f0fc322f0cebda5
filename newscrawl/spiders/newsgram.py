"""The spider for NewsGram: its news sitemap, its feed, its section pages, its daily sitemaps."""

import re
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

from scrapy import Request
from scrapy.http import Response
from twisted.python.failure import Failure

from newscrawl.discovery.feeds import read_feed
from newscrawl.discovery.links import find_links
from newscrawl.discovery.listed import Listed
from newscrawl.discovery.sitemaps import read_sitemap
from newscrawl.reference import publishers
from newscrawl.spiders.articles import tree_of
from newscrawl.spiders.base import NewsSpider, positive

SOURCE_PRIORITY = 20


class NewsgramSpider(NewsSpider):
    """Fetch NewsGram's articles (a Quintype site; addresses as its framework proxies them).

    The sitemap index lists a sitemap for each day since the site began; the newest `days` of them
    are read.

    Arguments (`-a name=value`):
        days: daily sitemaps to read, newest first; `all` for the whole archive. Default 7.
        scheme: `http` for a replay of the site on loopback. Default https.
        limit: stop asking for further articles after this many.
    """

    name = "newsgram"
    source = publishers()["newsgram.com"]

    def __init__(
        self, *args: Any, days: str | int = 7, scheme: str = "https", **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.scheme = scheme
        self.days = None if days == "all" else positive("days", days)
        self.allowed_domains = list(self.source.domains)
        self.article_pattern = re.compile(self.source.article_pattern or "")

    async def start(self) -> AsyncIterator[Any]:
        """Ask for sitemaps, feeds and section pages."""
        for url in self.source.sitemaps:
            yield self.source_request(url, self.parse_sitemap)
        for url in self.source.feeds:
            yield self.source_request(url, self.parse_feed)
        for url in self.source.sections:
            yield self.source_request(url, self.parse_section)

    def source_request(self, url: str, callback: Any) -> Request:
        """Give the request for a page that lists articles."""
        url = url.replace("https://", f"{self.scheme}://", 1)
        return Request(url, callback=callback, errback=self.source_failed, priority=SOURCE_PRIORITY)

    def source_failed(self, failure: Failure) -> None:
        """Count a source that cannot be fetched; the others go on."""
        self.count("sources_failed")
        request = failure.request  # type: ignore[attr-defined]  # Scrapy adds it
        self.logger.warning("source %s failed: %s", request.url, failure.getErrorMessage())

    def parse_sitemap(self, response: Response) -> Iterator[Request]:
        """Follow a sitemap index, or ask for a sitemap's articles.

        @url http://www.newsgram.com/news_sitemap.xml
        @returns requests 1
        """
        sitemap = read_sitemap(response.body, response.url)
        if sitemap is None:
            self.count("sources_failed")
        elif sitemap.is_index:
            newest = sorted(sitemap.urls, reverse=True)
            for url in newest[: self.days]:
                yield self.source_request(url, self.parse_sitemap)
            self.count("sitemaps_skipped", len(newest[self.days :]) if self.days else 0)
        else:
            yield from self.listed(sitemap.entries)

    def parse_feed(self, response: Response) -> Iterator[Request]:
        """Ask for a feed's articles.

        @url http://www.newsgram.com/stories.rss
        @returns requests 1
        """
        yield from self.listed(read_feed(response.body, response.url) or ())

    def parse_section(self, response: Response) -> Iterator[Request]:
        """Ask for the articles that a section page links to.

        @url http://www.newsgram.com/world
        @returns requests 1
        """
        tree = tree_of(response)
        if tree is not None:
            yield from self.listed(Listed(url=link.url) for link in find_links(tree, response.url))

    def listed(self, entries: Iterable[Listed]) -> Iterator[Request]:
        """Ask for the addresses that have the form of an article's."""
        for entry in entries:
            if self.article_pattern.search(entry.url.split("?")[0]):
                yield from self.article_request(entry.url, listed=entry.says)
            else:
                self.count("links_skipped")
