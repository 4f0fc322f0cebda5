"""Look at a site, politely, as a reader of it would: where it lists its articles, and how these come out.

What `newscrawl sources add` writes a file from, and `newscrawl sources test --live` compares one with.
"""

import re
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from heapq import nlargest
from itertools import zip_longest
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from scrapy import Request
from scrapy.http import Response
from scrapy.settings import Settings
from scrapy.spidermiddlewares.httperror import HttpError
from twisted.python.failure import Failure

from newscrawl.crawling import crawl_items
from newscrawl.discovery.feeds import declared_feeds, read_feed
from newscrawl.discovery.links import find_links
from newscrawl.discovery.listed import Listed
from newscrawl.discovery.sitemaps import read_sitemap
from newscrawl.downloading.robots import RobotsMiddleware
from newscrawl.extraction.answers import classify
from newscrawl.failures import failure_reason
from newscrawl.items import OptOut, Page, Rejected
from newscrawl.publishers import PublisherFile
from newscrawl.reasons import Reason
from newscrawl.spiders.articles import USUAL_PATHS, entry_of, home_of, kind_of, tree_of, with_www
from newscrawl.spiders.base import NewsSpider, article_meta, page_of
from newscrawl.spiders.source import render_source

MAX_FEEDS: Final = 8
MAX_SITEMAPS: Final = 4
MAX_CHILDREN: Final = 3
"""Sitemaps of an index that are looked into."""
MAX_SECTIONS: Final = 6
MAX_ENTRIES: Final = 1000
"""Articles of one list that are looked at; a sitemap may have fifty thousand."""
ARTICLES: Final = 10


@dataclass(slots=True)
class Lead:
    """A list of a site: a feed, a sitemap or a section, and what it leads to."""

    url: str
    kind: str
    """feed, news_sitemap, sitemap, index or section."""
    entries: tuple[Listed, ...] = ()
    problem: str | None = None
    """Why it could not be read."""


@dataclass(slots=True)
class Survey:
    """What was found on a site."""

    home: str
    leads: list[Lead] = field(default_factory=list)
    pages: list[Page | Rejected] = field(default_factory=list)
    problem: tuple[Reason, str | None] | None = None
    """Why the home page could not be read."""
    delay: float = 0.0
    """Seconds between two requests that robots.txt asks for."""
    opt_outs: tuple[OptOut, ...] = ()
    """What robots.txt and headers say against uses of its pages."""

    def good(self, *kinds: str) -> list[Lead]:
        """Give the lists of some kinds that lead to articles."""
        return [lead for lead in self.leads if lead.kind in kinds and lead.entries]


class ProbeSpider(NewsSpider):
    """Look at one site: its home page, its lists, a few of its articles. One request after the other."""

    name = "probe"
    allowed_domains: list[str]

    def __init__(
        self, *args: Any, survey: Survey, source: PublisherFile | None = None, number: int = ARTICLES, **kwargs: Any
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        self.survey = survey
        self.source = source
        self.number = number

    async def start(self) -> AsyncIterator[Any]:
        """Look at lists, then at articles; nothing goes through the scheduler."""
        if self.source is None:
            await self._look_around()
        else:
            await self._look_at(self.source)
        for listed in self._choice():
            yield await self._article(listed)

    # -- lists --------------------------------------------------------------------------------------

    async def _look_at(self, source: PublisherFile) -> None:
        """Read the lists that a file states."""
        for url in (*source.sitemaps, *source.feeds):
            await self._list(url, kind_of(url) if url in source.sitemaps else "feed")
        for url in source.sections:
            await self._section(url)
        if not source.sitemaps and not source.feeds and not source.sections:
            await self._look_around()

    async def _look_around(self) -> None:
        """Read what robots.txt and the home page name; the usual addresses where they name nothing."""
        response = await self._fetch_home()
        if not isinstance(response, Response):
            self.survey.problem = response
            return
        self.survey.home = response.url
        robots = self.crawler.get_downloader_middleware(RobotsMiddleware)
        rules = robots.rules_of(response.url) if robots else None
        self.survey.opt_outs = self.opt_outs(response)
        if rules and robots:
            self.survey.delay = rules.delay(robots.agent)
        tree = tree_of(response)
        feeds = declared_feeds(tree, response.url) if tree is not None else ()
        for url in [u for u in rules.sitemaps(response.url) if self.is_own(u, response.url)][:MAX_SITEMAPS] if rules else ():  # fmt: skip
            await self._list(url, kind_of(url))
        for url in [u for u in feeds if self.is_own(u, response.url)][:MAX_FEEDS]:
            await self._list(url, "feed")
        if not any(lead.entries for lead in self.survey.leads):
            for path in USUAL_PATHS:
                await self._list(urljoin(response.url, path), kind_of(path), is_guess=True)
                if self.survey.good("feed", "news_sitemap", "sitemap", "index"):
                    break
        if tree is not None:
            await self._sections(response, tree)
        elif wall := classify(page_of(response, self.name)):
            self.survey.problem = (wall, None)

    async def _fetch_home(self) -> Response | tuple[Reason, str | None]:
        """Fetch the home page, at `www.` where the bare domain has no server."""
        response = await self._fetch(self.survey.home)
        other = with_www(self.survey.home)
        if other and not isinstance(response, Response) and response[0] is Reason.UNREACHABLE:
            return await self._fetch(other)
        return response

    async def _list(self, url: str, kind: str, *, depth: int = 0, is_guess: bool = False) -> None:
        """Read a feed or sitemap; of an index the news sitemaps and the newest others."""
        if any(lead.url == url for lead in self.survey.leads):
            return
        lead = Lead(url, kind)
        response = await self._fetch(url)
        if not isinstance(response, Response):
            lead.problem = _told(response)
            self.survey.leads += [] if is_guess else [lead]
            return
        self.survey.leads.append(lead)
        sitemap = read_sitemap(response.body, response.url)
        if sitemap is None:
            found = read_feed(response.body, response.url)
            lead.problem = None if found is not None else str(Reason.NO_LIST)
            lead.kind = "feed" if found is not None else kind
            lead.entries = tuple(self._articles(found or ()))
            if is_guess and not lead.entries:
                self.survey.leads.remove(lead)
            return
        if not sitemap.is_index:
            lead.kind = "news_sitemap" if sitemap.is_news else "sitemap"
            lead.entries = tuple(self._articles(sitemap.entries))
            return
        lead.kind = "index"
        own = [entry for entry in sitemap.entries if self.is_own(entry.url, self.survey.home)]
        own.sort(key=lambda entry: ("news" not in entry.url.rsplit("/", 1)[-1], -_time_of(entry)))
        before = len(self.survey.leads)
        for entry in own[:MAX_CHILDREN] if depth == 0 else ():
            await self._list(entry.url, kind_of(entry.url), depth=1)
        children = self.survey.leads[before:]
        lead.entries = tuple(entry for child in children for entry in child.entries)
        # What an index leads to is stated by it; a news sitemap is worth its own rhythm.
        known = {other.url for other in self.survey.leads[:before]}
        self.survey.leads[before:] = [
            child for child in children
            if child.kind == "news_sitemap" == kind_of(child.url) and child.url not in known
        ]  # fmt: skip

    async def _sections(self, response: Response, tree: Any) -> None:
        links = list(find_links(tree, response.url))
        lists = [link.url for link in links if link.kind == "list"]
        named = [url for url in lists if len(urlsplit(url).path.strip("/").split("/")) <= 2]
        for url in named[:MAX_SECTIONS]:
            await self._section(url)
        entries = [entry_of(link) for link in links if link.kind == "article"]
        if not any(lead.entries for lead in self.survey.leads) and entries:
            self.survey.leads.append(Lead(response.url, "section", tuple(self._articles(entries))))

    async def _section(self, url: str) -> None:
        """Read a section page."""
        lead = Lead(url, "section")
        response = await self._fetch(url)
        self.survey.leads.append(lead)
        if not isinstance(response, Response):
            lead.problem = _told(response)
            return
        tree = tree_of(response)
        if tree is None:
            lead.problem = str(Reason.NOT_HTML)
            return
        found = [entry_of(x) for x in find_links(tree, response.url) if x.kind == "article"]
        lead.entries = tuple(self._articles(found))

    def _articles(self, entries: Iterable[Listed]) -> Iterable[Listed]:
        home = self.source.home_page if self.source else self.survey.home
        own = (
            entry
            for entry in entries
            if self.skip_rule(entry, home) is None
            and (self.source is None or self.source.is_article(entry.url))
        )
        return nlargest(MAX_ENTRIES, own, key=_time_of)

    # -- articles -----------------------------------------------------------------------------------

    def _choice(self) -> list[Listed]:
        """Choose the newest of each list by turns."""
        columns = [sorted(lead.entries, key=_time_of, reverse=True) for lead in self.survey.leads]
        chosen = dict[str, Listed]()
        for row in zip_longest(*columns):
            for listed in row:
                if listed is not None and len(chosen) < self.number:
                    chosen.setdefault(listed.url, listed)
        return list(chosen.values())

    async def _article(self, listed: Listed) -> Page | Rejected:
        response = await self._fetch(listed.url, article_meta(listed.says))
        if isinstance(response, Response):
            return page_of(response, self.name, listed.says, self.opt_outs(response))
        return Rejected(reason=response[0], url=listed.url, detail=response[1])

    async def _fetch(
        self, url: str, meta: dict[str, Any] | None = None
    ) -> Response | tuple[Reason, str | None]:
        """Fetch an address as a crawl does, robots.txt and pauses and all."""
        assert self.crawler.engine is not None
        try:
            response = await self.crawler.engine.download_async(
                Request(url, dont_filter=True, meta=meta or {})
            )
            if response.status >= 400:
                raise HttpError(response)
        except Exception as error:  # noqa: BLE001 - whatever a download raises is its reason
            return failure_reason(Failure(error))  # type: ignore[no-untyped-call]
        return response


def survey_site(
    address: str, settings: Settings, *, source: PublisherFile | None = None, number: int = ARTICLES
) -> Survey:
    """Look at a site.

    Args:
        address: its home page or host.
        settings: the project's.
        source: its file, to read the lists that this states and no others.
        number: articles to fetch at the most.

    """
    survey = Survey(home=home_of(address))
    if source:
        render_source(source, settings, "cmdline")
    survey.pages = crawl_items(ProbeSpider, settings, survey=survey, source=source, number=number)
    return survey


def _told(problem: tuple[Reason, str | None]) -> str:
    reason, detail = problem
    return f"{reason}, {detail}" if detail else str(reason)


def _time_of(listed: Listed) -> float:
    moment = listed.newest
    return moment.timestamp() if moment else 0.0


# -- what a file says of it ---------------------------------------------------------------------------

PATTERNS: Final = (
    r"/\d{4}/\d{1,2}/\d{1,2}/[^/]+", r"/\d{4}/[a-z]{3}/\d{1,2}/[^/]+", r"/\d{4}-\d{2}-\d{2}/[^/]+",
    r"/\d{4}/\d{1,2}/[^/]+", r"[-_/.]\d{5,}(?:\.\w+)?/?$", r"/articles?/[^/]+", r"/story/[^/]+", r"\.html?$",
)  # fmt: skip
"""Forms of addresses of articles, the more telling first."""
MIN_ADDRESSES: Final = 8
"""Addresses that a form must be seen on before it is written down."""


def article_pattern(survey: Survey) -> str | None:
    """Give the form that the addresses of all listed articles have, and those of no list.

    >>> listed = tuple(Listed(url=f"https://a.example/{n % 3}/2026/05/0{n}/x-{n}") for n in range(1, 10))
    >>> survey = Survey("https://a.example/", [Lead("https://a.example/0", "section", listed)])
    >>> article_pattern(survey) == PATTERNS[0]
    True
    """
    addresses = {e.url.split("?")[0] for lead in survey.leads for e in lead.entries}
    lists = {lead.url.split("?")[0] for lead in survey.good("section")} | {survey.home}
    if len(addresses) < MIN_ADDRESSES:
        return None
    for pattern in PATTERNS:
        test = re.compile(pattern)
        if all(map(test.search, addresses)) and not any(map(test.search, lists)):
            return pattern
    return None
