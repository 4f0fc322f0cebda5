"""The spider for any site and any page."""

import hashlib
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import lxml.html
from scrapy import Request
from scrapy.http import Response, TextResponse
from scrapy.spidermiddlewares.httperror import HttpError
from twisted.python.failure import Failure

from newscrawl.discovery.feeds import declared_feeds, read_feed
from newscrawl.discovery.links import find_links, is_other_page
from newscrawl.discovery.listed import Listed
from newscrawl.discovery.sitemaps import read_sitemap, sitemaps_in_robots
from newscrawl.errors import UsageError
from newscrawl.extraction.document import is_http_url
from newscrawl.failures import failure_reason
from newscrawl.items import Rejected
from newscrawl.quality import registrable_domain
from newscrawl.reasons import Reason
from newscrawl.spiders.base import NewsSpider

USUAL_PATHS = ("/sitemap.xml", "/news-sitemap.xml", "/feed", "/rss.xml")
"""Tried where neither robots.txt nor the home page names a feed or sitemap."""
MAX_LIST_PAGES = 100
"""List pages followed on one site that has neither feed nor sitemap."""
MAX_LIST_DEPTH = 3
SOURCE_PRIORITY = 20
LIST_PRIORITY = 10


@dataclass
class Site:
    """What is known of a site while it is searched."""

    home: str
    sources: set[str] = field(default_factory=set)
    waiting: set[str] = field(default_factory=set)
    found: int = 0
    tried_usual: bool = False
    lists: set[str] = field(default_factory=set)
    home_response: Response | None = None
    is_section: bool = False


class ArticlesSpider(NewsSpider):
    """Fetch single articles, or find and fetch all articles of whole sites.

    A site's robots.txt and home page name its feeds and sitemaps; where these give no article, the
    home page's links are followed through section pages. Only the site's own registered domain is
    visited.

    Arguments (`-a name=value`):
        url: one or more article addresses, separated by white space or commas.
        urls_file: a file with an address a line; `#` starts a comment line.
        site: one or more sites, as address or host.
        section: one or more section pages; the articles they link to are fetched.
        limit: stop asking for further articles after this many.
    """

    name = "articles"

    def __init__(
        self,
        *args: Any,
        url: str = "",
        urls_file: str = "",
        site: str = "",
        section: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.urls = _split(url) + _read_urls(urls_file)
        self.sites = [Site(home=home_of(text)) for text in _split(site)]
        self.sites += [Site(home=home_of(text), is_section=True) for text in _split(section)]
        self.by_home = {site.home: site for site in self.sites}
        # What the frontier takes up after a crash is what the same job has left.
        self.frontier_locks = tuple(site.home for site in self.sites)
        self.frontier_job = " ".join((self.name, *sorted(self.frontier_locks), _digest(self.urls)))
        # Redirects out of the sites are stopped by Scrapy's offsite middleware. Single addresses may
        # lead anywhere. Never allow_offsite on a request: the robots.txt of its host would be asked
        # for without it, filtered, and so not obeyed.
        addresses = [*self.urls, *(site.home for site in self.sites)] if self.sites else []
        hosts = {registrable_domain(host_of(address)) for address in addresses}
        self.allowed_domains = sorted(host for host in hosts if host)

    async def start(self) -> AsyncIterator[Any]:
        """Ask for the given articles, and for each site's robots.txt."""
        if not self.urls and not self.sites:
            self.logger.error("nothing to do: give -a url=…, -a urls_file=… or -a site=…")
        for url in self.urls:
            if not is_http_url(url):
                if not self.has_state:
                    self.count("requested")
                yield Rejected(reason=Reason.INVALID_URL, url=url)
                continue
            for request in self.article_request(url):
                yield request
        for site in self.sites:
            if site.is_section:
                yield self.list_request(site.home, site, MAX_LIST_DEPTH)
                continue
            yield self.source_request(urljoin(site.home, "/robots.txt"), site, self.parse_robots)

    def source_request(self, url: str, site: Site, callback: Any) -> Request:
        """Give the request for a page that names other pages; its failure is an answer too."""
        site.waiting.add(url)
        return Request(
            url,
            callback=callback,
            errback=self.source_failed,
            priority=SOURCE_PRIORITY,
            dont_filter=True,
            cb_kwargs={"home": site.home},
            meta={"newscrawl_source": url},
        )

    def site_of(self, home: str) -> Site:
        """Give what this run knows of a site; a request of an earlier run may name one it did not ask for."""
        return self.by_home.setdefault(home, Site(home=home))

    def source_failed(self, failure: Failure) -> Iterator[Request]:
        """Go on without a source that cannot be fetched."""
        request = failure.request  # type: ignore[attr-defined]  # Scrapy adds it
        site = self.site_of(request.cb_kwargs["home"])
        self.count("sources_failed")
        if not isinstance(failure.value, HttpError) or request.callback == self.parse_home:
            reason, detail = failure_reason(failure)
            self.logger.warning("%s: %s%s", request.url, reason, f", {detail}" if detail else "")
        if request.callback == self.parse_robots:
            yield self.source_request(site.home, site, self.parse_home)
        yield from self.source_done(site, request)

    def parse_robots(self, response: Response, home: str) -> Iterator[Request]:
        """Note the sitemaps that robots.txt names, and ask for the home page."""
        site = self.site_of(home)
        if isinstance(response, TextResponse):
            found = sitemaps_in_robots(response.text, response.url)
            site.sources.update(url for url in found if self.is_own(url, site.home))
        yield self.source_request(site.home, site, self.parse_home)
        yield from self.source_done(site, response.request)

    def parse_home(self, response: Response, home: str) -> Iterator[Request]:
        """Ask for the feeds and sitemaps that are known now."""
        site = self.site_of(home)
        site.home_response = response
        if (tree := tree_of(response)) is not None:
            feeds = declared_feeds(tree, response.url)
            site.sources.update(url for url in feeds if self.is_own(url, site.home))
        for url in sorted(site.sources):
            yield self.source_request(url, site, self.parse_source)
        yield from self.source_done(site, response.request)

    def parse_source(self, response: Response, home: str) -> Iterator[Request]:
        """Ask for what a feed or sitemap lists."""
        site = self.site_of(home)
        sitemap = read_sitemap(response.body, response.url)
        if sitemap and sitemap.is_index:
            for url in sorted(set(sitemap.urls) - site.sources, reverse=True):
                if self.is_own(url, site.home):
                    site.sources.add(url)
                    yield self.source_request(url, site, self.parse_source)
        else:
            feed = None if sitemap else read_feed(response.body, response.url)
            yield from self.listed_articles(sitemap.entries if sitemap else feed or (), site)
        yield from self.source_done(site, response.request)

    def listed_articles(self, entries: tuple[Listed, ...], site: Site) -> Iterator[Request]:
        """Ask for the articles among listed addresses: the site's own, no imprint, no home page."""
        for entry in entries:
            if not self.is_own(entry.url, site.home) or is_other_page(entry.url):
                self.count("links_skipped")
                continue
            site.found += 1
            yield from self.article_request(entry.url, listed=entry.says)

    def source_done(self, site: Site, request: Request | None) -> Iterator[Request]:
        """Once all sources have answered without an article, try the usual paths, then links."""
        asked = request.meta["newscrawl_source"] if request else ""
        if asked not in site.waiting:
            return  # left by an earlier run; this one's own search goes on by itself
        site.waiting.discard(asked)
        if site.waiting or site.found:
            return
        if not site.tried_usual and not site.sources:
            site.tried_usual = True
            for path in USUAL_PATHS:
                yield self.source_request(urljoin(site.home, path), site, self.parse_source)
            return
        if site.home_response is not None:
            yield from self.follow_links(site.home_response, site)

    def list_request(self, url: str, site: Site, depth: int) -> Request:
        """Give the request for a page that links to articles."""
        return Request(
            url,
            callback=self.parse_list,
            errback=self.list_failed,
            priority=LIST_PRIORITY,
            cb_kwargs={"home": site.home},
            meta={"list_depth": depth},
        )

    def parse_list(self, response: Response, home: str) -> Iterator[Request]:
        """Follow the links of a list page."""
        yield from self.follow_links(response, self.site_of(home))

    def follow_links(self, response: Response, site: Site) -> Iterator[Request]:
        """Ask for the articles and further lists that a page links to."""
        tree = tree_of(response)
        if tree is None:
            return
        depth = response.meta.get("list_depth", 0)
        for link in find_links(tree, response.url):
            if link.kind == "article":
                yield from self.article_request(link.url)
            elif depth < MAX_LIST_DEPTH and link.url not in site.lists:
                if len(site.lists) >= MAX_LIST_PAGES:
                    self.count("lists_skipped")
                    continue
                site.lists.add(link.url)
                yield self.list_request(link.url, site, depth + 1)

    def list_failed(self, failure: Failure) -> None:
        """Count a list page that cannot be fetched."""
        self.count("sources_failed")


def tree_of(response: Response) -> lxml.html.HtmlElement | None:
    """Parse a response for its links; None where it is no HTML."""
    if not isinstance(response, TextResponse) or not response.body.strip():
        return None
    try:
        return lxml.html.document_fromstring(
            response.body, parser=lxml.html.HTMLParser(encoding=response.encoding)
        )
    except (lxml.etree.LxmlError, ValueError, LookupError):
        return None


def home_of(site: str) -> str:
    """Give the address of a site's home page.

    >>> home_of("www.example.org"), home_of("http://example.org/news/")
    ('https://www.example.org/', 'http://example.org/news/')
    """
    address = site if re.match(r"https?://", site) else f"https://{site}"
    return address if urlsplit(address).path else f"{address}/"


def host_of(address: str) -> str | None:
    """Give the host of an address; None where it has none."""
    return urlsplit(address).hostname if is_http_url(address) else None


def _split(text: str) -> list[str]:
    """Split at white space, and at a comma before another address; a comma inside one stays."""
    return [
        part.strip(",") for part in re.split(r"\s+|,(?=https?://)|,\s", text) if part.strip(",")
    ]


def _digest(urls: list[str]) -> str:
    """Name a list of addresses, so that the same list is the same job."""
    return hashlib.sha256("\n".join(sorted(urls)).encode()).hexdigest()[:16] if urls else ""


def _read_urls(path: str) -> list[str]:
    if not path:
        return []
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"urls_file={path}: {getattr(error, 'strerror', None) or error}"
        ) from error
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
