"""Feed Scrapy from the frontier: through ``start()`` and a spider middleware, with no private API.

`FrontierMiddleware` puts what a spider asks for into the frontier, hands the engine what can be claimed, and
acks a lease when all that its page gave has come to an end. What it needs of a spider is nothing: requests
are written down as Scrapy itself writes them (`Request.to_dict`).
"""

import asyncio
import inspect
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

import msgspec
from itemadapter import is_item
from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem, NotConfigured
from scrapy.http import Response
from scrapy.settings import BaseSettings
from scrapy.spidermiddlewares.httperror import HttpError
from scrapy.utils.request import request_from_dict
from scrapy.utils.serialize import ScrapyJSONEncoder
from twisted.python.failure import Failure

from newscrawl.errors import NewscrawlError, StateError, UsageError
from newscrawl.failures import failure_reason
from newscrawl.items import Article, Rejected
from newscrawl.pipelines import PageRejected
from newscrawl.quality import registrable_domain
from newscrawl.reasons import Reason
from newscrawl.reference import publisher_for
from newscrawl.state import Claim, Entry, Lease, Line, Outcome, RunKey, Stored
from newscrawl.state.addresses import digest, key_of
from newscrawl.state.ends import End, Ledger, end_of
from newscrawl.state.plan import parse_plan, plan_for
from newscrawl.state.sqlite import LEASE_SECONDS, POLL_SECONDS, SQLiteFrontier
from newscrawl.state.versions import title_of

logger = logging.getLogger(__name__)

PAGE_ENDS: Final = (End.NEW, End.CHANGED, End.UNCHANGED, End.REJECTED, End.READ)
"""Ends of a page that was fetched; any other of a page that only leads on is UNREAD."""
LEASE_KEY: Final = "newscrawl_lease"
ARTICLE_KEY: Final = "newscrawl_article"
MODIFIED_KEY: Final = "newscrawl_modified"
BATCH: Final = 500
"""Addresses that are put at once."""
MAX_LEASE_AGE: Final = 1800.0
"""Seconds after which a request that never came back is given up, as failed."""
NOT_MODIFIED: Final = 304
SLOW_DOWN: Final = (429, 503)
RANK: Final = (
    End.NEW, End.CHANGED, End.FAILED, End.BLOCKED, End.ROBOTS, End.GONE, End.OUT_OF_RANGE, End.REJECTED,
    End.UNCHANGED, End.READ,
)  # fmt: skip
"""Of several ends on one page the first of these is the page's."""


@dataclass
class Ticket:
    """A lease at work: how much of it is still under way, and what came of it."""

    lease: Lease
    errback: Callable[[Failure], Any] | None = None
    open: int = 1
    """Callbacks that run, items in the pipelines, and requests that could not be written down."""
    ends: list[tuple[End, Reason | None]] = field(default_factory=list)
    articles: list[Stored] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)
    response: Response | None = None
    errored: Response | None = None
    parent: "Ticket | None" = None
    children: list[Outcome] = field(default_factory=list)
    is_hint: bool = False


class FrontierMiddleware:
    """Spider middleware: everything a spider asks for goes through the frontier.

    Settings: `NEWSCRAWL_STATE` (the state file; without it this is switched off), `NEWSCRAWL_ARTICLES`,
    `NEWSCRAWL_REVISITS`.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.begun: SQLiteFrontier | None = None
        self.room = crawler.settings.getint("CONCURRENT_REQUESTS")
        self.plans: dict[str, str] = crawler.settings.getdict("NEWSCRAWL_REVISITS")
        self.pace = Pace(crawler.settings)
        self.tickets: dict[int, Ticket] = {}
        self.acks: set[asyncio.Task[None]] = set()
        self.seeding: asyncio.Task[None] | None = None
        self.wake = asyncio.Event()
        self.trouble: BaseException | None = None
        self.has_warned = False
        self.loose = 0
        self.under_way: dict[bytes | None, tuple[str | None, str]] = {}
        self.renewed = time.monotonic()
        self.encoder = ScrapyJSONEncoder(ensure_ascii=False)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Connect the signals.

        Raises:
            NotConfigured: `NEWSCRAWL_STATE` is empty.

        """
        if not crawler.settings.get("NEWSCRAWL_STATE"):
            raise NotConfigured
        middleware = cls(crawler)
        connect = crawler.signals.connect
        connect(middleware.item_scraped, signal=signals.item_scraped)
        connect(middleware.item_dropped, signal=signals.item_dropped)
        connect(middleware.item_error, signal=signals.item_error)
        connect(middleware.spider_error, signal=signals.spider_error)
        connect(middleware.request_dropped, signal=signals.request_dropped)
        connect(middleware.spider_closed, signal=signals.spider_closed)
        return middleware

    @property
    def frontier(self) -> SQLiteFrontier:
        """The frontier of the run that has begun."""
        assert self.begun is not None
        return self.begun

    def _begin(self) -> SQLiteFrontier:
        """Open the state and begin the run; only now, because `scrapy shell` crawls nothing.

        Raises:
            StateError: the state cannot be used, or the source is being crawled already.
            UsageError: a setting makes no sense.

        """
        settings, spider = self.crawler.settings, self.crawler.spider
        if settings.get("JOBDIR"):
            raise UsageError(
                "JOBDIR and NEWSCRAWL_STATE keep the same requests twice: set one of them"
            )
        assert spider is not None
        for plan in self.plans.values():
            parse_plan(plan)
        return SQLiteFrontier(
            state_path(settings["NEWSCRAWL_STATE"]),
            articles_folder(settings),
            run_key(spider),
            limit=getattr(spider, "frontier_limit", None),
            concurrency=settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN"),
            delay=settings.getfloat("DOWNLOAD_DELAY"),
        )

    # -- into the engine ----------------------------------------------------------------------

    async def process_start(self, start: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """Put what the spider starts with, and give what can be claimed until nothing is left."""
        try:
            self.begun = self._begin()
            async for value in self._feed(start):
                yield value
        except NewscrawlError as error:
            self.stop(error)
        finally:
            if self.seeding:
                self.seeding.cancel()

    async def _feed(self, start: AsyncIterator[Any]) -> AsyncIterator[Any]:
        items: asyncio.Queue[Any] = asyncio.Queue(maxsize=BATCH)
        self.seeding = asyncio.create_task(self._seed(start, items))
        while not self.trouble:
            while not items.empty():
                yield items.get_nowait()
            self.wake.clear()
            claim = await self._claim()
            for lease in claim.leases:
                if request := self._request(lease):
                    yield request
            if not claim.leases:
                if await self._is_over() and items.empty():
                    break
                await self._sleep(claim.wait)
            await self._renew()
        if self.seeding.done() and not self.seeding.cancelled():
            self.seeding.result()  # what start() raised, Scrapy reports

    async def _seed(self, start: AsyncIterator[Any], items: asyncio.Queue[Any]) -> None:
        """Put the start requests in batches, while the first of them are being fetched."""
        requests: asyncio.Queue[Request | None] = asyncio.Queue(maxsize=BATCH)

        async def read() -> None:
            try:
                async for value in start:
                    await (requests if isinstance(value, Request) else items).put(value)
                    self.wake.set()
            finally:
                await requests.put(None)

        reader = asyncio.create_task(read())
        try:
            is_open = True
            while is_open:
                batch = [await requests.get()]
                while not requests.empty() and len(batch) < BATCH:
                    batch.append(requests.get_nowait())
                is_open = None not in batch
                for request in await self._put([r for r in batch if r is not None], None):
                    await items.put(request)
                self.wake.set()
            await reader
        except StateError as error:
            self.stop(error)
        finally:
            reader.cancel()
            self.wake.set()

    async def _claim(self) -> Claim:
        engine = self.crawler.engine
        assert engine is not None
        free = self.room - len(self.tickets)
        if free <= 0 or engine.needs_backout():
            return Claim(wait=1.0)
        return await self.frontier.claim(free)

    async def _is_over(self) -> bool:
        assert self.seeding is not None
        return self.seeding.done() and not self.tickets and await self.frontier.drained()

    async def _sleep(self, seconds: float) -> None:
        """Wait until something ends, is put, or the time is over."""
        try:
            await asyncio.wait_for(self.wake.wait(), seconds)
        except TimeoutError:
            return

    async def _renew(self) -> None:
        """Put off the end of leases now and then; give up what never came back."""
        now = time.monotonic()
        if now - self.renewed < LEASE_SECONDS / 4:
            return
        self.renewed = now
        parents = {id(ticket.parent) for ticket in self.tickets.values()}
        for ticket in list(self.tickets.values()):
            if id(ticket) not in parents and now - ticket.started > MAX_LEASE_AGE:
                logger.error("%s never came back; it is given up", ticket.lease.url)
                ticket.ends.append((End.FAILED, Reason.TIMEOUT))
                ticket.open = 1
                self._close_one(ticket)
        leases = [ticket.lease for ticket in self.tickets.values()]
        await self.frontier.renew([lease for lease in leases if lease.id > 0])

    def _request(self, lease: Lease) -> Request | None:
        """Make the request of a lease; what can no longer be made is acked as failed."""
        ticket = Ticket(lease)
        self.tickets[lease.id] = ticket
        try:
            request = self._decoded(lease)
        except (ValueError, TypeError, msgspec.DecodeError) as error:
            logger.error("%s: its request cannot be made again: %s", lease.url, error)
            ticket.ends.append((End.FAILED, Reason.FETCH_FAILED))
            self._close_one(ticket)
            return None
        ticket.errback = request.errback
        meta = {**request.meta, LEASE_KEY: lease.id}
        request = request.replace(
            meta=meta, errback=self._failed, priority=lease.priority, dont_filter=True
        )
        if lease.etag:
            request.headers.setdefault("If-None-Match", lease.etag)
        if lease.last_modified:
            request.headers.setdefault("If-Modified-Since", lease.last_modified)
        return request

    def _decoded(self, lease: Lease) -> Request:
        spider = self.crawler.spider
        if lease.request is not None:
            values = msgspec.msgpack.decode(lease.request)
            return request_from_dict({"url": lease.url, **values}, spider=spider)
        # An article that is looked at again: made as the spider makes one.
        return Request(
            lease.url,
            callback=spider.parse if spider else None,
            errback=getattr(spider, "article_failed", None),
            meta={ARTICLE_KEY: True},
        )

    # -- out of the spider --------------------------------------------------------------------

    async def process_spider_output(
        self, response: Response, result: AsyncIterator[Any]
    ) -> AsyncIterator[Any]:
        """Put the requests of a callback, and count its items until they have ended."""
        ticket = self._ticket(response)
        if ticket is None or response is ticket.errored:
            async for value in result:
                yield value
            return
        ticket.response = response
        async for value in self._sorted(ticket, result):
            yield value

    async def _sorted(self, ticket: Ticket, result: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """Part items from requests; the callback is over when all its requests are put."""
        batch = list[Request]()
        try:
            async for value in result:
                if isinstance(value, Request):
                    batch.append(value)
                else:
                    ticket.open += 1
                    yield value
                if len(batch) >= BATCH:
                    for request in await self._put(batch, ticket):
                        yield request
                    batch = []
            for request in await self._put(batch, ticket):
                yield request
        except StateError as error:
            ticket.ends.append((End.FAILED, None))
            self.stop(error)
        except Exception:
            ticket.ends.append((End.FAILED, None))
            raise
        finally:
            self._close_one(ticket)

    def _failed(self, failure: Failure) -> Any:
        """Stand in for the errback of a lease's request; the spider's own is called within."""
        request: Request = failure.request  # type: ignore[attr-defined]  # Scrapy adds it
        ticket = self.tickets.get(request.meta.get(LEASE_KEY, 0))
        error = failure.value
        if ticket is None:
            failure.raiseException()
        if isinstance(error, HttpError):
            # The errback's output of a refused response comes through process_spider_output too.
            ticket.response = ticket.errored = error.response
            if error.response.status == NOT_MODIFIED and _is_conditional(request):
                ticket.is_hint = True
                ticket.ends.append((End.UNCHANGED, None))
                self._close_one(ticket)
                return None
        reason, detail = failure_reason(failure)
        ticket.ends.append((end_of(Rejected(reason=reason, detail=detail)), reason))
        if ticket.errback is None:
            self._close_one(ticket)
            failure.raiseException()
        return self._errback_output(ticket, failure)

    async def _errback_output(self, ticket: Ticket, failure: Failure) -> AsyncIterator[Any]:
        assert ticket.errback is not None
        async for value in self._sorted(ticket, _iterated(ticket.errback, failure)):
            yield value

    async def _put(self, requests: list[Request], parent: Ticket | None) -> list[Request]:
        """Put requests; give those that cannot be written down, or are repeated on purpose.

        These go to the engine at once. They are lost if the process dies; therefore their parent is not
        acked before they have ended, and is fetched again.
        """
        entries, places, direct = [], [], []
        for request in requests:
            entry = self._entry(request)
            if entry is None:
                direct.append(request)
            else:
                entries.append(entry)
                places.append(request)
        if entries:
            put = await self.frontier.put(entries)
            self._count_seen(put.seen)
            direct += [
                places[place] for place in put.repeated
                if places[place].dont_filter and not places[place].meta.get(ARTICLE_KEY)
            ]  # fmt: skip
            self.wake.set()
        return [self._direct(request, parent) for request in direct]

    def _direct(self, request: Request, parent: Ticket | None) -> Request:
        """Give a request a ticket without a lease, which belongs to that of its parent."""
        self.loose += 1
        lease = Lease(id=-self.loose, url=request.url, host=host_of(request.url))
        self.tickets[lease.id] = Ticket(lease, errback=request.errback, parent=parent)
        if parent:
            parent.open += 1
        return request.replace(meta={**request.meta, LEASE_KEY: lease.id}, errback=self._failed)

    def _entry(self, request: Request) -> Entry | None:
        spider = self.crawler.spider
        is_article = bool(request.meta.get(ARTICLE_KEY))
        try:
            values = _without_defaults(request.to_dict(spider=spider))
            url = values.pop("url")
            encoded = msgspec.msgpack.encode(values)
            if msgspec.msgpack.decode(encoded) != values:
                raise TypeError("it holds values that would come back as others")
            key = key_of(url) if is_article else self._fingerprint(request)
        except (ValueError, TypeError, msgspec.EncodeError) as error:
            if not self.has_warned:
                logger.warning(
                    "%s cannot be written down, and is fetched without the frontier: %s. Further ones are "
                    "counted as newscrawl/frontier/direct", request.url, error,
                )  # fmt: skip
            self.has_warned = True
            self._stats("frontier/direct")
            return None
        return Entry(
            key=key, url=url, host=host_of(url), is_article=is_article, priority=request.priority,
            request=encoded, modified=request.meta.get(MODIFIED_KEY),
        )  # fmt: skip

    def _fingerprint(self, request: Request) -> bytes:
        assert self.crawler.request_fingerprinter is not None
        return digest(self.crawler.request_fingerprinter.fingerprint(request).hex())

    def is_under_way(self, stored: Stored) -> bool:
        """Tell whether the same article, at another address, is about to be stored; else note this one."""
        own = (title_of(stored.article), stored.article.text_hash)
        if any(key in self.under_way for key in stored.keys):
            return True
        if stored.canonical and (other := self.under_way.get(stored.canonical)):
            return own[0] == other[0] or own[1] == other[1]
        keys = (*stored.keys, *((stored.canonical,) if stored.canonical else ()))
        self.under_way.update(dict.fromkeys(keys, own))
        return False

    # -- the ends -----------------------------------------------------------------------------

    def item_scraped(self, item: Any, response: Response | Failure | None) -> None:
        """Take an item that has passed all pipelines."""
        if ticket := self._ticket(response):
            if isinstance(item, Article):
                ticket.articles.append(stored_form(item, self._request_of(response)))
                ticket.ends.append((End.NEW, None))
            elif is_item(item):
                data = self.encoder.encode(item).encode()
                name = self.crawler.spider.name if self.crawler.spider else "spider"
                ticket.lines.append(Line(source=name, data=data))
                ticket.ends.append((End.NEW, None))
            self._close_one(ticket)

    async def item_dropped(self, exception: DropItem, response: Response | Failure | None) -> None:
        """Note why an item was dropped."""
        if response is None and isinstance(exception, PageRejected) and self.begun:
            # From start(): there was no request.
            reason = exception.rejected.reason
            await self.frontier.keep(Outcome(end=end_of(exception.rejected), reason=reason))
        if ticket := self._ticket(response):
            if isinstance(exception, PageUnchanged):
                # Stored once more for its addresses: it is the same article.
                ticket.articles.append(stored_form(exception.article, self._request_of(response)))
                ticket.ends.append((End.UNCHANGED, None))
            elif isinstance(exception, PageRejected):
                reason = exception.rejected.reason
                ticket.ends.append((end_of(exception.rejected), reason))
            else:
                ticket.ends.append((End.REJECTED, None))
            self._close_one(ticket)

    def item_error(self, response: Response | Failure | None) -> None:
        """Note that a pipeline failed on an item."""
        if ticket := self._ticket(response):
            ticket.ends.append((End.FAILED, None))
            self._close_one(ticket)

    def spider_error(self, response: Response | Failure | None) -> None:
        """Note that a callback failed before it gave anything."""
        ticket = self._ticket(response)
        if ticket and ticket.response is None:
            ticket.ends.append((End.FAILED, None))
            self._close_one(ticket)

    def request_dropped(self, request: Request) -> None:
        """Note that the scheduler refused a request."""
        if ticket := self.tickets.get(request.meta.get(LEASE_KEY, 0)):
            ticket.ends.append((End.FAILED, None))
            self._close_one(ticket)

    def _close_one(self, ticket: Ticket) -> None:
        """End one part of a lease; with the last part the lease is acked."""
        ticket.open -= 1
        if ticket.open == 0 and self.tickets.get(ticket.lease.id) is ticket:
            task = asyncio.get_running_loop().create_task(self._ack(ticket))
            self.acks.add(task)
            task.add_done_callback(self.acks.discard)

    async def _ack(self, ticket: Ticket) -> None:
        try:
            if self.trouble:
                return  # what could not be written is not done; the lease goes back
            outcome = self._outcome(ticket)
            await self._hold_back(ticket)
            if ticket.parent:
                ticket.parent.children.append(outcome)
                self._close_one(ticket.parent)
                return
            is_leased = ticket.lease.id > 0
            end = await (
                self.frontier.ack(ticket.lease, outcome)
                if is_leased
                else self.frontier.keep(outcome)
            )
            if end is None:
                logger.warning("%s: another run has taken it meanwhile", ticket.lease.url)
            else:
                self._count(ticket, end)
        except Exception as error:  # noqa: BLE001 - a task of its own; whatever it is, the crawl stops
            self.stop(error)
        finally:
            for stored in ticket.articles:
                for key in (*stored.keys, stored.canonical):
                    self.under_way.pop(key, None)
            self.tickets.pop(ticket.lease.id, None)
            self.wake.set()

    def _outcome(self, ticket: Ticket) -> Outcome:
        lease, response = ticket.lease, ticket.response
        end, reason = min(ticket.ends or [(End.READ, None)], key=lambda pair: RANK.index(pair[0]))
        if lease.is_article and end is End.READ:
            # The callback of an article gave neither an item nor a reason.
            end, reason = End.REJECTED, Reason.NO_TEXT
        elif not lease.is_article and end not in PAGE_ENDS:
            end = End.UNREAD
        source = registrable_domain(lease.host)
        publisher = publisher_for(lease.host)
        plan = plan_for(source, self.plans, publisher.revisits if publisher else ())
        return Outcome(
            end=end, reason=reason, articles=tuple(ticket.articles), lines=tuple(ticket.lines),
            delay=self.pace.delay(lease.host, response), plan=() if ticket.lines else plan,
            etag=_header(response, "ETag"), last_modified=_header(response, "Last-Modified"),
            is_hint=ticket.is_hint, children=tuple(ticket.children),
        )  # fmt: skip

    async def _hold_back(self, ticket: Ticket) -> None:
        """Leave a host alone for as long as it asks when it is overloaded."""
        response = ticket.response
        if response is not None and response.status in SLOW_DOWN:
            seconds = retry_after(_header(response, "Retry-After"))
            if seconds:
                await self.frontier.block(host_of(response.url), time.time() + seconds)

    def _count(self, ticket: Ticket, end: End) -> None:
        if end in (End.NEW, End.CHANGED, End.UNCHANGED):
            self._count_source(ticket.lease.host)
        self._stats(f"ends/{end}")

    def _count_seen(self, hosts: Iterable[str]) -> None:
        for host in hosts:
            self._stats(f"ends/{End.SEEN}")
            self._count_source(host)

    def _count_source(self, host: str) -> None:
        self._stats(f"known_source/{registrable_domain(host)}")

    def _stats(self, name: str) -> None:
        assert self.crawler.stats is not None
        self.crawler.stats.inc_value(f"newscrawl/{name}")

    def stop(self, error: BaseException) -> None:
        """End the crawl: the state cannot be written, and nothing may be called done."""
        if self.trouble is None:
            self.trouble = error
            logger.error(
                "the crawl stops: %s", error, exc_info=not isinstance(error, NewscrawlError)
            )
            assert self.crawler.stats is not None
            self.crawler.stats.set_value("newscrawl/stopped_by", str(error))
            engine = self.crawler.engine
            if engine and engine.spider:
                self.closing = asyncio.get_running_loop().create_task(
                    engine.close_spider_async(reason="state_error")
                )
        self.wake.set()

    async def spider_closed(self, spider: Spider, reason: str) -> None:
        """Wait for what is being written, end the run, and say how it ended."""
        if self.begun is None:
            return
        while self.acks:
            await asyncio.gather(*self.acks, return_exceptions=True)
        try:
            ledger = await self.frontier.close(reason)
        except StateError as error:
            self.stop(error)
            return
        self._report(ledger, spider)

    def _report(self, ledger: Ledger, spider: Spider) -> None:
        stats = self.crawler.stats
        assert stats is not None
        stats.set_value("newscrawl/ledger", ledger.by_end())
        stats.set_value("newscrawl/asked", ledger.asked)
        stats.set_value("newscrawl/totals_add_up", ledger.adds_up() and self.trouble is None)
        stats.set_value("newscrawl/last_line", ledger.last_line())
        if not ledger.adds_up():
            logger.error(
                "the ledger does not add up: %d addresses, but %d ends",
                ledger.asked, sum(ledger.ends.values()),
            )  # fmt: skip
        logger.info("newscrawl: %s", ledger.last_line(), extra={"spider": spider})

    def _ticket(self, response: Response | Failure | None) -> Ticket | None:
        request = self._request_of(response)
        return self.tickets.get(request.meta.get(LEASE_KEY, 0)) if request else None

    def _request_of(self, response: Response | Failure | None) -> Request | None:
        return getattr(response, "request", None)


class Pace:
    """How long a host rests after a request, by Scrapy's own settings."""

    def __init__(self, settings: BaseSettings) -> None:
        self.least = settings.getfloat("DOWNLOAD_DELAY")
        self.slots = settings.getdict("DOWNLOAD_SLOTS")
        self.is_adaptive = settings.getbool("AUTOTHROTTLE_ENABLED")
        self.most = settings.getfloat("AUTOTHROTTLE_MAX_DELAY")
        self.share = settings.getfloat("AUTOTHROTTLE_TARGET_CONCURRENCY") or 1.0

    def delay(self, host: str, response: Response | None) -> float:
        """Give the seconds: the delay that is set, or as long as the host took to answer."""
        least = float(self.slots.get(host, {}).get("delay", self.least))
        if not self.is_adaptive or response is None or response.request is None:
            return least
        latency: float = response.meta.get("download_latency", 0.0)
        return max(least, min(latency / self.share, self.most))


class HostMiddleware:
    """Downloader middleware: a request that is redirected to another host waits for that host too."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Switch off where there is no frontier.

        Raises:
            NotConfigured: `NEWSCRAWL_STATE` is empty.

        """
        if not crawler.settings.get("NEWSCRAWL_STATE"):
            raise NotConfigured
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Hold the host of a request that a redirect has led away from the leased one."""
        if not request.meta.get("redirect_times"):
            return
        middleware = self.crawler.get_spider_middleware(FrontierMiddleware)
        ticket = middleware.tickets.get(request.meta.get(LEASE_KEY, 0)) if middleware else None
        if middleware is None or ticket is None:
            return
        delay = middleware.pace.delay(ticket.lease.host, None)
        while not await middleware.frontier.move(ticket.lease, host_of(request.url), delay):
            await asyncio.sleep(POLL_SECONDS)


class PageUnchanged(DropItem):
    """An article that is stored already as it is. Expected, so it is logged at DEBUG."""

    def __init__(self, article: Article):
        super().__init__("unchanged", log_level="DEBUG")
        self.article = article


class Versions:
    """Item pipeline behind the stages: mark an article as the version that it is, drop one that is none."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Switch off where there is no state.

        Raises:
            NotConfigured: `NEWSCRAWL_STATE` is empty.

        """
        if not crawler.settings.get("NEWSCRAWL_STATE"):
            raise NotConfigured
        return cls(crawler)

    async def process_item(self, item: Any) -> Any:
        """Give an article with its revision; other items as they are."""
        middleware = self.crawler.get_spider_middleware(FrontierMiddleware)
        if not isinstance(item, Article) or middleware is None or middleware.begun is None:
            return item
        stored = stored_form(item, None)
        try:
            revised = await middleware.frontier.version(stored)
        except StateError as error:
            middleware.stop(error)
            raise DropItem("the state failed", log_level="DEBUG") from error
        if revised is None or middleware.is_under_way(stored):
            raise PageUnchanged(item)
        return revised


class PauseMiddleware:
    """Downloader middleware: the delay is kept from one answer to the next request.

    Scrapy counts it from request to request. A first request that takes long, for its robots.txt or its
    TLS handshake, and one that is sent when the delay is over, reach the host closer together.
    """

    def __init__(self, pace: Pace, concurrency: int) -> None:
        self.pace = pace
        self.is_on = concurrency <= 1
        self.answered: dict[str, float] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Connect the signal.

        Raises:
            NotConfigured: `NEWSCRAWL_STATE` is empty.

        """
        settings = crawler.settings
        if not settings.get("NEWSCRAWL_STATE"):
            raise NotConfigured
        middleware = cls(Pace(settings), settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN"))
        crawler.signals.connect(middleware.response_received, signal=signals.response_received)
        return middleware

    def response_received(self, request: Request) -> None:
        """Note when a host has answered."""
        self.answered[host_of(request.url)] = time.monotonic()

    async def process_request(self, request: Request) -> None:
        """Wait until the host has rested."""
        host = host_of(request.url)
        answered = self.answered.get(host)
        if self.is_on and answered is not None:
            rest = answered + self.pace.delay(host, None) - time.monotonic()
            if rest > 0:
                await asyncio.sleep(rest)


def run_key(spider: Spider) -> RunKey:
    """Say what a spider's run is known by: its job, and the sources that it locks."""
    job = getattr(spider, "frontier_job", spider.name)
    return RunKey(job=job, locks=tuple(getattr(spider, "frontier_locks", (spider.name,))))


def state_path(value: str) -> Path:
    """Read the setting `NEWSCRAWL_STATE`.

    Raises:
        UsageError: it is the address of a back end that there is not.

    """
    scheme, has_scheme, rest = str(value).partition("://")
    if has_scheme and scheme != "sqlite":
        raise UsageError(f"NEWSCRAWL_STATE={value}: no such back end; name a file")
    return Path(rest if has_scheme else value)


def articles_folder(settings: BaseSettings) -> Path:
    """Give the folder of the article files: beside the state, if not set."""
    given = settings.get("NEWSCRAWL_ARTICLES")
    return Path(given) if given else state_path(settings["NEWSCRAWL_STATE"]).parent / "articles"


def stored_form(article: Article, request: Request | None) -> Stored:
    """Give an article with the keys of its addresses: fetched from, asked for, canonical, AMP."""
    asked = [request.url, *request.meta.get("redirect_urls", ())] if request else []
    fetched = article.url or (asked[0] if asked else None)
    addresses = [fetched, *asked, article.amp_url]
    keys = dict.fromkeys(key for url in addresses if url and (key := _key_or_none(url)))
    return Stored(article=article, keys=tuple(keys), canonical=_canonical_key(article))


def _canonical_key(article: Article) -> bytes | None:
    """Give the key of the canonical address, unless it cannot be an article of this publisher."""
    url = article.canonical_url
    if not url or registrable_domain(host_of(url)) != registrable_domain(
        host_of(article.url or url)
    ):
        return None
    is_root = not url.split("://", 1)[-1].partition("/")[2].strip("/")
    return None if is_root else _key_or_none(url)


def _key_or_none(url: str) -> bytes | None:
    try:
        return key_of(url)
    except ValueError:
        return None


def host_of(url: str) -> str:
    """Give the host of an address as Scrapy's downloader parts hosts."""
    return urlsplit(url).hostname or ""


def retry_after(value: str | None) -> float:
    """Read a Retry-After header, in seconds from now; 0 where it says nothing that can be read."""
    if not value:
        return 0.0
    if value.strip().isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError):
        return 0.0


def _header(response: Response | None, name: str) -> str | None:
    value = response.headers.get(name) if response is not None else None
    return value.decode("latin-1") if value else None


def _is_conditional(request: Request) -> bool:
    return "If-None-Match" in request.headers or "If-Modified-Since" in request.headers


def _without_defaults(values: dict[str, Any]) -> dict[str, Any]:
    """Leave out what every request has, so that a row stays small."""
    kept = {
        key: value for key, value in values.items() if value not in (None, b"", {}, [], False, 0)
    }
    if kept.get("method") == "GET":
        del kept["method"]
    if kept.get("encoding") == "utf-8":
        del kept["encoding"]
    return kept


async def _iterated(errback: Callable[[Failure], Any], failure: Failure) -> AsyncIterator[Any]:
    """Give what an errback gives, of whatever kind."""
    result = errback(failure)
    if hasattr(result, "__aiter__"):
        async for value in result:
            yield value
        return
    # asyncio's own test takes a plain generator for a coroutine up to Python 3.11.
    if inspect.iscoroutine(result):
        result = await result
    if isinstance(result, Failure):
        result.raiseException()
    if result is None:
        return
    if isinstance(result, (Request, dict)) or is_item(result):
        yield result
        return
    for value in result:
        yield value
