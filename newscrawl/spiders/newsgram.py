"""The spider for NewsGram: what its file states, and of its daily sitemaps the newest."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from scrapy import Request
from scrapy.http import Response

from newscrawl.discovery.sitemaps import Sitemap
from newscrawl.spiders.articles import Site
from newscrawl.spiders.base import positive
from newscrawl.spiders.source import SourceSpider, source_of


class NewsgramSpider(SourceSpider):
    """Fetch NewsGram's articles (a Quintype site; addresses as its framework proxies them).

    The sitemap index lists a sitemap for each day since the site began; the newest `days` of them
    are read.

    Arguments (`-a name=value`), besides those of the spiders of sources:
        days: daily sitemaps to read, newest first; `all` for the whole archive. Default 7.
    """

    name = "newsgram"
    takes_over = "newsgram.com"
    source = source_of(takes_over)

    def __init__(self, *args: Any, days: str | int = 7, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.days = None if days == "all" else positive("days", days)
        self.frontier_arguments |= {"days": str(days)}

    def sub_sitemaps(self, index: Sitemap, site: Site, response: Response) -> Iterator[Request]:
        """Ask for the newest of the daily sitemaps; dates that are asked for take the place of `days`."""
        newest = sorted(index.entries, key=lambda entry: entry.url, reverse=True)
        if self.days is not None and not self.bounds:
            for entry in newest[self.days :]:
                self.skip(entry.url, "days", response.url)
            newest = newest[: self.days]
        yield from super().sub_sitemaps(replace(index, entries=tuple(newest)), site, response)
