"""The spiders of sources: one for each publisher file, made from it.

`scrapy list` names them by the id of the file, and `scrapy crawl apnews.com` runs one. A spider in Python takes a
source over when it names it in `takes_over`.
"""

import os
import re
from collections.abc import AsyncIterator, Iterable
from typing import Any, ClassVar, Final

from scrapy import Request
from scrapy.settings import BaseSettings
from scrapy.spiderloader import SpiderLoader

from newscrawl.discovery.links import Link
from newscrawl.discovery.listed import Listed
from newscrawl.publishers import VARIABLE, PublisherFile, publisher_for, registry
from newscrawl.quality import registrable_domain
from newscrawl.spiders.articles import MAX_LIST_DEPTH, ArticlesSpider, Site, kind_of

BASE_NAME: Final = "source"


class SourceSpider(ArticlesSpider):
    """Find and fetch the articles of one source, by the feeds, sitemaps and sections that its file states.

    Where the file states none, or none of them lists an article, the site is searched from its home page.

    Arguments (`-a name=value`), besides those of every spider (limit, since, until, dry_run):
        url, urls_file: fetch these articles instead.
        scheme: `http` for a replay of the site on loopback. Default: as the file says.
    """

    name = BASE_NAME
    source: ClassVar[PublisherFile]

    def __init__(self, *args: Any, scheme: str = "", **kwargs: Any) -> None:
        self.scheme = scheme
        given = {key: kwargs.pop(key, "") for key in ("url", "urls_file", "site", "section")}
        is_single = bool(given["url"] or given["urls_file"])
        given["site"] = "" if is_single else self.at_scheme(self.source.home_page)
        given["section"] = ""
        super().__init__(*args, **given, **kwargs)
        self.has_searched = False
        if not is_single:
            self.frontier_job = self.name
            self.frontier_arguments = {"scheme": scheme} if scheme else {}

    @classmethod
    def update_settings(cls, settings: BaseSettings) -> None:
        """Have the source's pages rendered, where its file asks for it."""
        super().update_settings(settings)
        render_source(cls.source, settings, "spider")

    def at_scheme(self, url: str) -> str:
        """Give an address of the file with the scheme that was asked for."""
        return re.sub(r"^https?:", f"{self.scheme}:", url) if self.scheme else url

    async def start(self) -> AsyncIterator[Any]:
        """Ask for what the file states; for single articles, if any were given."""
        if self.urls or not self.has_lists:
            self.has_searched = True
            async for found in super().start():
                yield found
            return
        for site in self.sites:
            for request in self.stated_lists(site):
                yield request

    @property
    def has_lists(self) -> bool:
        """Whether the file states where articles are listed."""
        return bool(self.source.feeds or self.source.sitemaps or self.source.sections)

    def stated_lists(self, site: Site) -> Iterable[Request]:
        """Give the requests for the lists that the file states."""
        for url in map(self.at_scheme, self.source.sitemaps):
            site.sources.add(url)
            yield self.source_request(url, site, self.parse_source, kind=kind_of(url))
        for url in map(self.at_scheme, self.source.feeds):
            site.sources.add(url)
            yield self.source_request(url, site, self.parse_source, kind="feed")
        for url in map(self.at_scheme, self.source.sections):
            site.lists.add(url)
            site.waiting.add(url)
            request = self.list_request(url, site, MAX_LIST_DEPTH)
            request.meta["newscrawl_source"] = url
            yield request

    async def source_done(self, site: Site, request: Request | None) -> AsyncIterator[Request]:
        """Once all lists have answered without an article, search the site from its home page."""
        if self.has_searched:
            async for found in super().source_done(site, request):
                yield found
            return
        site.waiting.discard(request.meta.get("newscrawl_source", "") if request else "")
        if not site.waiting and not site.found:
            self.has_searched = True
            self.logger.warning("%s: no list of the file has an article", self.source.id)
            site.sources.clear()
            yield self.source_request(site.home, site, self.parse_home, kind="home")

    async def parse_list(self, response: Any, home: str) -> AsyncIterator[Request]:
        """Follow a section page; one that the file states is a list like its feeds."""
        async for request in super().parse_list(response, home):
            yield request
        if response.request and "newscrawl_source" in response.request.meta:
            async for request in self.source_done(self.site_of(home), response.request):
                yield request

    def list_failed(self, failure: Any) -> Any:
        """Count a section page that cannot be fetched, and go on."""
        yield from super().list_failed(failure)
        site = self.site_of(failure.request.cb_kwargs["home"])
        site.waiting.discard(failure.request.meta.get("newscrawl_source", ""))
        if not site.waiting and not site.found and not self.has_searched:
            self.has_searched = True
            yield self.source_request(site.home, site, self.parse_home, kind="home")

    def article_links(self, links: list[Link]) -> list[Link]:
        """Take for articles the links of the form that the file states, if it states one."""
        if self.source.article_pattern is None:
            return super().article_links(links)
        return [link for link in links if self.is_article(link.url)]

    def is_article(self, url: str) -> bool:
        """Tell whether an address has the form that the file states of articles."""
        return self.source.is_article(url)

    def skip_rule(self, entry: Listed, site: str) -> str | None:
        """Say for which rule a listed address is left out; an article's has the form that the file states."""
        return super().skip_rule(entry, site) or (
            None if self.is_article(entry.url) else "no_article"
        )


def render_source(source: PublisherFile, settings: BaseSettings, priority: str) -> None:
    """Have a source's pages rendered, where its file asks for it."""
    if source.render:
        own = [registrable_domain(domain) or domain for domain in source.domains]
        rendered = [*settings.getlist("NEWSCRAWL_RENDER"), *own]
        settings.set("NEWSCRAWL_RENDER", rendered, priority=priority)


def spider_of(source: PublisherFile) -> type[SourceSpider]:
    """Make the spider of a source."""
    body = {"name": source.id, "source": source, "__doc__": f"Fetch the articles of {source.name}."}
    return type("SourceSpider", (SourceSpider,), body)


class SourceSpiderLoader(SpiderLoader):
    """Load the project's spiders, and one for each publisher file that none of them takes over."""

    def __init__(self, settings: BaseSettings) -> None:
        if places := settings.get(VARIABLE):
            # Workers, and whoever cleans later in this process, are to know the same sources.
            os.environ[VARIABLE] = places
        super().__init__(settings)

    def _load_all_spiders(self) -> None:
        super()._load_all_spiders()
        self._spiders.pop(BASE_NAME, None)
        taken = {getattr(spider, "takes_over", None) for spider in self._spiders.values()}
        for source in registry().sources():
            if source.id not in taken and source.id not in self._spiders:
                self._spiders[source.id] = spider_of(source)


def source_of(domain: str) -> PublisherFile:
    """Give the file of the source that a spider in Python takes over.

    Raises:
        LookupError: there is none.

    """
    source = publisher_for(domain)
    if source is None:
        raise LookupError(f"there is no publisher file for {domain}")
    return source
