"""The spider for any site and any page."""

import hashlib
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

import lxml.html
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response, TextResponse
from scrapy.spidermiddlewares.httperror import HttpError
from twisted.python.failure import Failure

from newscrawl.discovery.feeds import declared_feeds, read_feed
from newscrawl.discovery.links import Link, LinkTest, find_links, next_page
from newscrawl.discovery.listed import Listed, said
from newscrawl.discovery.sitemaps import Sitemap, read_sitemap
from newscrawl.downloading.keys import KIND_KEY
from newscrawl.downloading.robots import RobotsMiddleware
from newscrawl.errors import UsageError
from newscrawl.extraction.answers import classify
from newscrawl.extraction.document import is_http_url, is_too_complex
from newscrawl.failures import failure_reason
from newscrawl.frontier import FrontierMiddleware
from newscrawl.items import Rejected
from newscrawl.quality import registrable_domain
from newscrawl.reasons import Reason
from newscrawl.spiders.base import NewsSpider, modified_meta, page_of
from newscrawl.state.addresses import key_of

USUAL_PATHS = ("/sitemap.xml", "/news-sitemap.xml", "/feed", "/rss.xml")
"""Tried where neither robots.txt nor the home page names a feed or sitemap."""
MAX_INDEX_DEPTH = 3
MAX_SECTION_PAGES = 20
"""Pages of one list that are read in one run, as long as each has something new."""
MAX_BARREN = 3
"""List pages of one form that lead to no article, after which no more of them are read."""
OLD_IN_A_ROW = 5
MAX_LIST_PAGES = 100
"""List pages followed on one site that has neither feed nor sitemap."""
MAX_LIST_DEPTH = 3
SOURCE_PRIORITY = {
    "home": 2_000_000_000,
    "feed": 1_900_000_000,
    "news_sitemap": 1_900_000_000,
    "index": 30,
    "sitemap": 20,
}
"""Above all times in minutes since 1970 stands what lists the newest articles."""
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
    barren: Counter[str] = field(default_factory=Counter)
    """List pages that led to nothing, by the form of their address."""
    fruitful: set[str] = field(default_factory=set)
    """Forms of list pages that led to articles."""
    tried: Counter[str] = field(default_factory=Counter)
    """List pages that were asked for, by form."""
    held: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    """List pages, with their depth, that wait for what those of the same form bring."""
    home_response: Response | None = None
    is_section: bool = False


class ArticlesSpider(NewsSpider):
    """Fetch single articles, or find and fetch all articles of whole sites.

    A site's robots.txt and home page name its feeds and sitemaps; where these give no article, the
    home page's links are followed through section pages. Only the site's own registered domain is
    visited, and those that `NEWSCRAWL_ALLOWED` names for it.

    Arguments (`-a name=value`), besides those of every spider (limit, since, until, dry_run):
        url: one or more article addresses, separated by white space or commas.
        urls_file: a file with an address a line; `#` starts a comment line.
        site: one or more sites, as address or host.
        section: one or more section pages; the articles they link to are fetched, and those of the pages that
            go on with the list for as long as these have something new.
    """

    name = "articles"
    allowed_domains: list[str]

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
        given = {"site": site, "section": section, "url": " ".join(self.urls)}
        self.frontier_arguments = {name: value for name, value in given.items() if value}

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Make the spider, with the domains that it keeps to.

        Redirects out of the sites are stopped by Scrapy's offsite middleware. Single addresses may lead
        anywhere.
        """
        spider = super().from_crawler(crawler, *args, **kwargs)
        addresses = [*spider.urls, *spider.by_home] if spider.sites else []
        hosts = {registrable_domain(host_of(address)) for address in addresses}
        hosts |= {domain for address in addresses for domain in spider.allowed_by(address)}
        spider.allowed_domains = sorted(host for host in hosts if host)
        return spider

    async def start(self) -> AsyncIterator[Any]:
        """Ask for the given articles, and for each site's home page; robots.txt is asked for before it."""
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
            yield self.source_request(site.home, site, self.parse_home, kind="home")

    def source_request(
        self, url: str, site: Site, callback: Any, *, kind: str, listed: Listed | None = None
    ) -> Request:
        """Give the request for a page that names other pages; its failure is an answer too."""
        site.waiting.add(url)
        moment = listed.newest if listed else None
        return Request(
            url,
            callback=callback,
            errback=self.source_failed,
            # The newest first; those of an index after those that a site names itself.
            priority=int(moment.timestamp() / 60) if moment else SOURCE_PRIORITY[kind],
            dont_filter=True,
            cb_kwargs={"home": site.home},
            meta={
                "newscrawl_source": url, KIND_KEY: kind,
                **(modified_meta(listed.says) if listed else {}),
            },
        )  # fmt: skip

    def site_of(self, home: str) -> Site:
        """Give what this run knows of a site; a request of an earlier run may name one it did not ask for."""
        return self.by_home.setdefault(home, Site(home=home))

    async def source_failed(self, failure: Failure) -> AsyncIterator[Request]:
        """Go on without a source that cannot be fetched."""
        request = failure.request  # type: ignore[attr-defined]  # Scrapy adds it
        site = self.site_of(request.cb_kwargs["home"])
        is_home = request.callback == self.parse_home
        self.count("sources_failed")
        reason, detail = failure_reason(failure)
        if not isinstance(failure.value, HttpError) or is_home:
            self.logger.warning("%s: %s%s", request.url, reason, f", {detail}" if detail else "")
        other = with_www(request.url) if is_home and reason is Reason.UNREACHABLE else None
        if other and other not in site.lists:
            site.lists.add(other)
            site.waiting.discard(request.meta["newscrawl_source"])
            yield self.source_request(other, site, self.parse_home, kind="home")
            return
        if is_home:
            self.count(f"unread/{reason}")
            # Where the home page cannot be reached no guessed address can.
            site.tried_usual = reason in (Reason.TIMEOUT, Reason.UNREACHABLE, Reason.UNSAFE)
            for found in self.sources_of(site, request.url):
                yield found
        async for found in self.source_done(site, request):
            yield found

    async def parse_home(self, response: Response, home: str) -> AsyncIterator[Request]:
        """Ask for the feeds and sitemaps that robots.txt and the home page name."""
        site = self.site_of(home)
        site.home_response = response
        if (tree := tree_of(response)) is not None:
            feeds = declared_feeds(tree, response.url)
            site.sources.update(url for url in feeds if self.is_own(url, site.home))
        wall = None if site.sources else classify(page_of(response, self.name))
        if wall:
            self.unread(response, wall)
        for found in self.sources_of(site, response.url):
            yield found
        async for found in self.source_done(site, response.request):
            yield found

    def sources_of(self, site: Site, url: str) -> Iterator[Request]:
        """Ask for all feeds and sitemaps that are known, those that robots.txt names among them."""
        robots = self.crawler.get_downloader_middleware(RobotsMiddleware)
        for address in dict.fromkeys((site.home, url)) if robots else ():
            rules = robots.rules_of(address) if robots else None
            found = rules.sitemaps(address) if rules else ()
            site.sources.update(one for one in found if self.is_own(one, site.home))
        for source in sorted(site.sources):
            yield self.source_request(source, site, self.parse_source, kind=kind_of(source))

    async def parse_source(self, response: Response, home: str) -> AsyncIterator[Request]:
        """Ask for what a feed or sitemap lists."""
        site = self.site_of(home)
        sitemap = read_sitemap(response.body, response.url)
        feed = None if sitemap else read_feed(response.body, response.url)
        if sitemap and sitemap.is_index:
            for request in self.sub_sitemaps(sitemap, site, response):
                yield request
        elif sitemap is None and feed is None:
            self.unread(response, classify(page_of(response, self.name)) or Reason.NO_LIST)
        else:
            entries = sitemap.entries if sitemap else feed or ()
            site.found += len(entries)
            for request in self.listed_requests(entries, site.home, response.url):
                yield request
        async for request in self.source_done(site, response.request):
            yield request

    def sub_sitemaps(self, index: Sitemap, site: Site, response: Response) -> Iterator[Request]:
        """Ask for the sitemaps of an index, the newest first."""
        depth = response.meta.get("index_depth", 0)
        for entry in index.entries:
            if entry.url in site.sources or not self.is_own(entry.url, site.home):
                continue
            rule = (
                "sitemap_depth" if depth >= MAX_INDEX_DEPTH else self.bounds.against_sitemap(entry)
            )
            if rule:
                self.skip(entry.url, rule, response.url)
                continue
            site.sources.add(entry.url)
            request = self.source_request(
                entry.url, site, self.parse_source, kind=kind_of(entry.url), listed=entry
            )
            request.meta["index_depth"] = depth + 1
            yield request

    async def source_done(self, site: Site, request: Request | None) -> AsyncIterator[Request]:
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
                url = urljoin(site.home, path)
                yield self.source_request(url, site, self.parse_source, kind=kind_of(url))
            return
        if site.home_response is not None:
            async for found in self.follow_links(site.home_response, site):
                yield found

    # -- pages that link to articles ------------------------------------------------------------------

    def list_request(self, url: str, site: Site, depth: int, page: int = 1) -> Request:
        """Give the request for a page that links to articles."""
        return Request(
            url,
            callback=self.parse_list,
            errback=self.list_failed,
            priority=LIST_PRIORITY - depth - page,
            dont_filter=True,
            cb_kwargs={"home": site.home},
            meta={"list_depth": depth, "list_page": page, KIND_KEY: "section"},
        )

    async def parse_list(self, response: Response, home: str) -> AsyncIterator[Request]:
        """Follow the links of a list page."""
        async for request in self.follow_links(response, self.site_of(home)):
            yield request

    async def follow_links(self, response: Response, site: Site) -> AsyncIterator[Request]:
        """Ask for the articles and further lists that a page links to."""
        tree = tree_of(response)
        if tree is None:
            self.unread(response, Reason.NOT_HTML)
            return
        test = LinkTest(await self.known_articles(response.url))
        links = list(find_links(tree, response.url, test))
        entries = [entry_of(link) for link in self.article_links(links)]
        site.found += len(entries)
        requests = list(self.listed_requests(entries, site.home, response.url))
        form = list_form(response.url)
        if entries:
            site.fruitful.add(form)
        else:
            site.barren[form] += 1
        if not entries and (wall := classify(page_of(response, self.name))):
            self.unread(response, wall)
        for request in requests:
            yield request
        goes_on = await self.goes_on(entries, requests)
        for request in self.further_lists(links, tree, response, site, goes_on=goes_on):
            yield request
        for request in self.held_lists(form, site, response.url):
            yield request

    def article_links(self, links: list[Link]) -> list[Link]:
        """Give the links that lead to articles."""
        return [link for link in links if link.kind == "article"]

    def further_lists(
        self,
        links: list[Link],
        tree: lxml.html.HtmlElement,
        response: Response,
        site: Site,
        *,
        goes_on: bool,
    ) -> Iterator[Request]:
        """Ask for the pages that go on with a list, and for other lists unless the list was asked for alone."""
        depth, page = response.meta.get("list_depth", 0), response.meta.get("list_page", 1)
        following = next_page(tree, response.url)
        if following and goes_on and page < MAX_SECTION_PAGES and following not in site.lists:
            site.lists.add(following)
            yield self.list_request(following, site, depth, page + 1)
        for link in links:
            is_new = link.kind == "list" and link.url not in site.lists and link.url != following
            if not is_new or depth >= MAX_LIST_DEPTH:
                continue
            if len(site.lists) >= MAX_LIST_PAGES:
                self.skip(link.url, "list_limit", response.url)
                continue
            site.lists.add(link.url)
            form = list_form(link.url)
            if form not in site.fruitful and site.tried[form] >= MAX_BARREN:
                site.held.setdefault(form, []).append((link.url, depth + 1))
                continue
            site.tried[form] += 1
            yield self.list_request(link.url, site, depth + 1)

    def held_lists(self, form: str, site: Site, where: str) -> Iterator[Request]:
        """Ask for lists that were held back, once one of their form has led to articles.

        A maze gives more and more pages of one form, and never an article: after a few of them, the others are
        not asked for.
        """
        if form in site.fruitful:
            for url, depth in site.held.pop(form, ()):
                yield self.list_request(url, site, depth)
        elif site.barren[form] >= MAX_BARREN:
            for url, _ in site.held.pop(form, ()):
                self.skip(url, "trap_maze", where)

    async def goes_on(self, entries: list[Listed], requests: list[Request]) -> bool:
        """Tell whether a list is worth going on with: it has an article that is new, and in range.

        Lists are read newest first: a page of old articles is followed by older ones.
        """
        old = [entry for entry in entries[-OLD_IN_A_ROW:] if self.bounds.against_page(entry)]
        if not requests or len(old) == OLD_IN_A_ROW:
            return False
        frontier = self.crawler.get_spider_middleware(FrontierMiddleware)
        if frontier is None or frontier.begun is None:
            return True
        keys = [key_of(request.url) for request in requests]
        return await frontier.frontier.known(keys) < len(keys)

    async def known_articles(self, url: str) -> list[str]:
        """Give addresses of articles that are known on a host, to learn their form."""
        frontier = self.crawler.get_spider_middleware(FrontierMiddleware)
        if frontier is None or frontier.begun is None:
            return []
        return await frontier.frontier.articles_of(host_of(url) or "")

    def list_failed(self, failure: Failure) -> Iterator[Request]:
        """Count a list page that cannot be fetched."""
        request = failure.request  # type: ignore[attr-defined]  # Scrapy adds it
        site = self.site_of(request.cb_kwargs["home"])
        form = list_form(request.url)
        site.barren[form] += 1
        self.count("sources_failed")
        yield from self.held_lists(form, site, request.url)


def entry_of(link: Link) -> Listed:
    """Give a link as what a list says of it."""
    # What stands beside a link may be the time of the last change, or of an event.
    return Listed(url=link.url, says=said("link", {"modified": link.date}))


def kind_of(url: str) -> str:
    """Guess from its address what a source is; see `newscrawl.state.plan.RHYTHMS`.

    >>> kind_of("https://a.example/news-sitemap.xml"), kind_of("https://a.example/feed")
    ('news_sitemap', 'feed')
    """
    path = urlsplit(url).path.lower()
    if "sitemap" not in path:
        return "feed"
    if "news" in path.rsplit("/", 1)[-1]:
        return "news_sitemap"
    return "index" if "index" in path else "sitemap"


def list_form(url: str) -> str:
    """Give the form that the addresses of one kind of list share: digits are all the same.

    >>> list_form("https://a.example/maze/17") == list_form("https://a.example/maze/3/")
    True
    """
    parts = urlsplit(url)
    return re.sub(r"\d+", "#", parts.path.rstrip("/")) + ("?" if parts.query else "")


def tree_of(response: Response) -> lxml.html.HtmlElement | None:
    """Parse a response for its links; None where it is no HTML."""
    if not isinstance(response, TextResponse) or not response.body.strip():
        return None
    if is_too_complex(response.body):
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


def with_www(home: str) -> str | None:
    """Give the home page at `www.`, where some sites are and not at their bare domain; None for what is none.

    >>> with_www("https://example.org/"), with_www("https://www.example.org/"), with_www("https://a.org/news")
    ('https://www.example.org/', None, None)
    """
    parts = urlsplit(home)
    host = parts.hostname or ""
    is_bare = parts.path == "/" and "." in host and registrable_domain(host) == host
    return parts._replace(netloc=f"www.{parts.netloc}").geturl() if is_bare else None


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
