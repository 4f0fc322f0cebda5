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
from newscrawl.downloading.keys import KIND_KEY
from newscrawl.reasons import Reason
from newscrawl.reference import publishers
from newscrawl.spiders.articles import kind_of, tree_of
from newscrawl.spiders.base import NewsSpider, modified_meta, positive

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
        self.frontier_arguments = {"days": str(days), "scheme": scheme}
        self.allowed_domains = list(self.source.domains)
        self.article_pattern = re.compile(self.source.article_pattern or "")

    async def start(self) -> AsyncIterator[Any]:
        """Ask for sitemaps, feeds and section pages."""
        for url in self.source.sitemaps:
            yield self.source_request(url, self.parse_sitemap, kind_of(url))
        for url in self.source.feeds:
            yield self.source_request(url, self.parse_feed, "feed")
        for url in self.source.sections:
            yield self.source_request(url, self.parse_section, "section")

    def source_request(
        self, url: str, callback: Any, kind: str, listed: Listed | None = None
    ) -> Request:
        """Give the request for a page that lists articles."""
        url = url.replace("https://", f"{self.scheme}://", 1)
        meta = {KIND_KEY: kind, **(modified_meta(listed.says) if listed else {})}
        return Request(
            url, callback=callback, errback=self.source_failed, priority=SOURCE_PRIORITY, meta=meta
        )

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
            self.unread(response, Reason.NO_LIST)
        elif sitemap.is_index:
            yield from self.daily_sitemaps(sitemap.entries, response.url)
        else:
            yield from self.listed(sitemap.entries, response.url)

    def daily_sitemaps(self, entries: Iterable[Listed], where: str) -> Iterator[Request]:
        """Ask for the newest of the daily sitemaps; dates that are asked for take the place of `days`."""
        newest = sorted(entries, key=lambda entry: entry.url, reverse=True)
        days = None if self.bounds else self.days
        for place, entry in enumerate(newest):
            rule = self.bounds.against_sitemap(entry)
            if days is not None and place >= days:
                rule = "days"
            if rule:
                self.skip(entry.url, rule, where)
            else:
                yield self.source_request(entry.url, self.parse_sitemap, "sitemap", entry)

    def parse_feed(self, response: Response) -> Iterator[Request]:
        """Ask for a feed's articles.

        @url http://www.newsgram.com/stories.rss
        @returns requests 1
        """
        feed = read_feed(response.body, response.url)
        if feed is None:
            self.unread(response, Reason.NO_LIST)
        yield from self.listed(feed or (), response.url)

    def parse_section(self, response: Response) -> Iterator[Request]:
        """Ask for the articles that a section page links to.

        @url http://www.newsgram.com/world
        @returns requests 1
        """
        tree = tree_of(response)
        if tree is not None:
            links = find_links(tree, response.url)
            yield from self.listed((Listed(url=link.url) for link in links), response.url)

    def listed(self, entries: Iterable[Listed], where: str) -> Iterator[Request]:
        """Ask for the articles among listed addresses, newest first."""
        yield from self.listed_requests(entries, f"https://{self.source.domains[0]}/", where)

    def skip_rule(self, entry: Listed, site: str) -> str | None:
        """Say for which rule a listed address is left out; an article's has the form that the publisher file states."""
        if not self.article_pattern.search(entry.url.split("?")[0]):
            return "no_article"
        return super().skip_rule(entry, site)
