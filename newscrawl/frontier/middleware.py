"""The spider middleware that stands between a spider and the engine."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterable
from typing import Any, Final, Self

from itemadapter import is_item
from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem, NotConfigured
from scrapy.http import Response
from scrapy.spidermiddlewares.httperror import HttpError
from scrapy.utils.serialize import ScrapyJSONEncoder
from twisted.python.failure import Failure

from newscrawl.downloading.keys import ARTICLE_KEY
from newscrawl.downloading.pace import Pace, retry_after
from newscrawl.downloading.pause import PauseMiddleware
from newscrawl.errors import NewscrawlError, StateError, TakenError
from newscrawl.failures import failure_reason
from newscrawl.frontier.requests import (
    LEASE_KEY,
    UNREAD_KEY,
    UNREADABLE,
    UNWRITABLE,
    entry_of,
    header,
    host_of,
    is_conditional,
    request_of,
)
from newscrawl.frontier.retrying import Retrying
from newscrawl.frontier.runs import begin_run
from newscrawl.frontier.signals import page_ended, run_ended
from newscrawl.frontier.stint import Stint
from newscrawl.frontier.storing import PageUnchanged, UnderWay, stored_form
from newscrawl.frontier.tickets import Ticket, iterated
from newscrawl.items import Article, Rejected
from newscrawl.pipelines import PageRejected
from newscrawl.publishers import publisher_for
from newscrawl.quality import registrable_domain
from newscrawl.reasons import Reason
from newscrawl.state import Claim, Entry, Lease, Line, Outcome
from newscrawl.state.addresses import digest_of
from newscrawl.state.ends import End, Ledger, end_of
from newscrawl.state.frontier import SQLFrontier
from newscrawl.state.health import Trouble
from newscrawl.state.plan import is_slow_down, plan_for
from newscrawl.state.running import LEASE_SECONDS

logger = logging.getLogger(__name__)

BATCH: Final = 500
"""Addresses that are put at once."""
MAX_LEASE_AGE: Final = 1800.0
"""Seconds after which a request that never came back is given up, as failed."""
NOT_MODIFIED: Final = 304


class FrontierMiddleware:
    """Spider middleware: everything a spider asks for goes through the frontier.

    Settings: `NEWSCRAWL_STATE` (the state file; without it this is switched off), `NEWSCRAWL_ARTICLES`,
    `NEWSCRAWL_REVISITS`.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.begun: SQLFrontier | None = None
        self.room = crawler.settings.getint("CONCURRENT_REQUESTS")
        self.plans: dict[str, str] = crawler.settings.getdict("NEWSCRAWL_REVISITS")
        self.own_pace = Pace(crawler.settings)
        self.retrying = Retrying(crawler.settings)
        self.stint = Stint(crawler.settings, crawler.stats)
        self.tickets: dict[int, Ticket] = {}
        self.acks: set[asyncio.Task[None]] = set()
        self.seeding: asyncio.Task[None] | None = None
        self.wake = asyncio.Event()
        self.trouble: BaseException | None = None
        self.is_closed = False
        self.closing: asyncio.Task[None] | None = None
        self.has_warned = False
        self.loose = 0
        self.under_way = UnderWay()
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
    def frontier(self) -> SQLFrontier:
        """The frontier of the run that has begun."""
        assert self.begun is not None
        return self.begun

    @property
    def pace(self) -> Pace:
        """How long hosts rest: as the downloader keeps it, where ours does."""
        pause = self.crawler.get_downloader_middleware(PauseMiddleware)
        return pause.pace if pause else self.own_pace

    # -- into the engine ----------------------------------------------------------------------

    async def process_start(self, start: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """Put what the spider starts with, and give what can be claimed until nothing is left."""
        try:
            assert self.crawler.spider is not None
            settings = self.crawler.settings
            # In a thread: a server that is starting again is waited for.
            self.begun = await asyncio.to_thread(begin_run, settings, self.crawler.spider)
            if settings.getbool("NEWSCRAWL_JOINS"):
                start = _nothing()  # who began the job has put all that it starts with
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
        if self.crawler.settings.getbool("NEWSCRAWL_LATER"):
            # What is put waits for those who take what is due.
            await self.seeding
            return
        while not self.trouble and not self.is_closed and not self._is_stint_over():
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
            if self.seeding.exception():
                self._stats("failed")
            self.seeding.result()  # what start() raised, Scrapy reports

    def _is_stint_over(self) -> bool:
        """End the run where it may not go on; what is under way comes to its end."""
        over = self.stint.over(len(self.tickets))
        if over is None:
            return False
        reason, why = over
        logger.log(logging.ERROR if why else logging.INFO, "the crawl ends: %s", why or reason)
        assert self.crawler.stats is not None
        if why:
            self.crawler.stats.set_value("newscrawl/stopped_by", why)
        engine = self.crawler.engine
        if engine and engine.spider and self.closing is None:
            self.closing = asyncio.get_running_loop().create_task(
                engine.close_spider_async(reason=reason)
            )
        return True

    async def _seed(self, start: AsyncIterator[Any], items: asyncio.Queue[Any]) -> None:
        """Put the start requests in batches, while the first of them are being fetched."""
        requests: asyncio.Queue[Request | None] = asyncio.Queue(maxsize=BATCH)

        async def read() -> None:
            try:
                async for value in start:
                    await (requests if isinstance(value, Request) else items).put(value)
                    self.wake.set()
            except Exception:
                await requests.put(None)
                raise
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
        left = self.stint.room(len(self.tickets))
        free = free if left is None else min(free, left)
        if free <= 0 or engine.needs_backout():
            return Claim(wait=1.0)
        return await self.frontier.claim(free)

    async def _is_over(self) -> bool:
        assert self.seeding is not None
        if not self.seeding.done() or self.tickets or self.is_closed:
            return self.is_closed
        return await self.frontier.drained()

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
            request = request_of(lease, self.crawler.spider)
        except UNREADABLE as error:
            logger.error("%s: its request cannot be made again: %s", lease.url, error)
            ticket.ends.append((End.FAILED, Reason.FETCH_FAILED))
            self._close_one(ticket)
            return None
        ticket.errback = request.errback
        # What fails is given back to the frontier: a retry of Scrapy's would come at once, and hold its place.
        own = (
            {}
            if self.retrying.is_for_spider(request, self.crawler.spider)
            else {"dont_retry": True}
        )
        meta = {**request.meta, **own, LEASE_KEY: lease.id}
        return request.replace(
            meta=meta, errback=self._failed, priority=lease.priority, dont_filter=True
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
            if error.response.status == NOT_MODIFIED and is_conditional(request):
                ticket.is_hint = True
                ticket.ends.append((End.UNCHANGED, None))
                self._close_one(ticket)
                return None
        reason, detail = failure_reason(failure)
        ticket.retry_in = self.retrying.delay(ticket.lease, failure, reason)
        if ticket.retry_in is not None:
            ticket.ends.append((End.FAILED, reason))
            self._close_one(ticket)
            return None
        ticket.ends.append((end_of(Rejected(reason=reason, detail=detail)), reason))
        if ticket.errback is None:
            self._close_one(ticket)
            failure.raiseException()
        return self._errback_output(ticket, failure)

    async def _errback_output(self, ticket: Ticket, failure: Failure) -> AsyncIterator[Any]:
        assert ticket.errback is not None
        async for value in self._sorted(ticket, iterated(ticket.errback, failure)):
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
            self._count_seen(put.seen, End.SEEN)
            self._count_seen(put.not_due, End.NOT_DUE)
            if parent:
                parent.new += put.new
                parent.known += len(put.seen)
                parent.keys.update(entry.key for entry in entries)
                parent.links += sum(entry.is_article for entry in entries)
            if parent:  # start() sets dont_filter on every request
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
        assert self.crawler.request_fingerprinter is not None
        try:
            return entry_of(request, self.crawler.spider, self.crawler.request_fingerprinter)
        except UNWRITABLE as error:
            if not self.has_warned:
                logger.warning(
                    "%s cannot be written down, and is fetched without the frontier: %s. Further ones are "
                    "counted as newscrawl/frontier/direct", request.url, error,
                )  # fmt: skip
            self.has_warned = True
            self._stats("frontier/direct")
            return None

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
            host = host_of(exception.rejected.url or "")
            await self.frontier.keep(
                Outcome(end=end_of(exception.rejected), reason=reason, host=host)
            )
        if ticket := self._ticket(response):
            if isinstance(exception, PageUnchanged):
                # Stored once more for its addresses: it is the same article.
                ticket.articles.append(stored_form(exception.article, self._request_of(response)))
                ticket.ends.append((End.UNCHANGED, None))
            elif isinstance(exception, PageRejected):
                reason = exception.rejected.reason
                ticket.published = getattr(exception, "published", None)
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
            if ticket.lease.id < 0:
                await self._hold_back(ticket)
            if ticket.retry_in is not None and ticket.lease.id > 0:
                self._stats("retries")
                await self.frontier.retry(ticket.lease, outcome, ticket.retry_in)
                return
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
                self._count(ticket, end, outcome.reason)
        except Exception as error:  # noqa: BLE001 - a task of its own; whatever it is, the crawl stops
            self.stop(error)
        finally:
            for stored in ticket.articles:
                self.under_way.discard(stored)
            self.tickets.pop(ticket.lease.id, None)
            self.wake.set()

    def _outcome(self, ticket: Ticket) -> Outcome:
        lease, response = ticket.lease, ticket.response
        end, reason = ticket.end()
        if response is not None and (unread := response.meta.get(UNREAD_KEY)):
            end, reason = End.UNREAD, Reason[unread]
        source = registrable_domain(lease.host)
        publisher = publisher_for(lease.host)
        plan = plan_for(source, self.plans, publisher.revisits if publisher else ())
        return Outcome(
            host=lease.host, end=end, reason=reason, articles=tuple(ticket.articles), lines=tuple(ticket.lines),
            delay=self.pace.delay(lease.host, response), plan=() if ticket.lines else plan,
            etag=header(response, "ETag"), last_modified=header(response, "Last-Modified"),
            is_hint=ticket.is_hint, children=tuple(ticket.children),
            status=response.status if response is not None else None,
            wait=retry_after(header(response, "Retry-After")),
            new=ticket.new, known=ticket.known, links=ticket.links, published=ticket.published,
            poll=publisher.poll.bounds() if publisher else (None, None),
            signature=digest_of(ticket.keys) if ticket.keys else None,
        )  # fmt: skip

    async def _hold_back(self, ticket: Ticket) -> None:
        """Leave a host alone for as long as it asks when it is overloaded, by an answer without a lease."""
        response = ticket.response
        if response is not None and is_slow_down(response.status):
            seconds = retry_after(header(response, "Retry-After"))
            if seconds:
                await self.frontier.block(host_of(response.url), seconds)

    def _count(self, ticket: Ticket, end: End, reason: Reason | None) -> None:
        self.crawler.signals.send_catch_log(
            page_ended, url=ticket.lease.url, host=ticket.lease.host, end=end, reason=reason
        )
        if end in (End.NEW, End.CHANGED, End.UNCHANGED):
            self._count_source(ticket.lease.host)
        self._stats(f"ends/{end}")

    def _count_seen(self, hosts: Iterable[str], end: End) -> None:
        for host in hosts:
            self._stats(f"ends/{end}")
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
            is_usual = isinstance(error, TakenError) and self.crawler.settings.getint(
                "NEWSCRAWL_WORKER"
            )
            logger.log(
                logging.DEBUG if is_usual else logging.ERROR,
                "the crawl stops: %s", error, exc_info=not isinstance(error, NewscrawlError),
            )  # fmt: skip
            assert self.crawler.stats is not None
            self.crawler.stats.set_value("newscrawl/stopped_by", str(error))
            self.crawler.stats.set_value("newscrawl/taken", isinstance(error, TakenError))
            engine = self.crawler.engine
            if engine and engine.spider:
                self.closing = asyncio.get_running_loop().create_task(
                    engine.close_spider_async(reason="state_error")
                )
        self.wake.set()

    async def abandon(self, reason: str) -> None:
        """End the run at once, whatever is under way: its leases go back."""
        if self.begun is None or self.is_closed:
            return
        self.is_closed = True
        # Acks from now on are none: what they would store is fetched again.
        self.trouble = self.trouble or StateError("the run was abandoned")
        self.wake.set()
        await asyncio.gather(*self.acks, return_exceptions=True)
        await self.frontier.close(reason)

    async def spider_closed(self, spider: Spider, reason: str) -> None:
        """Wait for what is being written, end the run, and say how it ended."""
        if self.begun is None or self.is_closed:
            return
        self.is_closed = True
        self.wake.set()
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
        stats.set_value("newscrawl/refusing", list(ledger.refusing))
        stats.set_value("newscrawl/silent", list(ledger.silent))
        stats.set_value("newscrawl/drift", [found.said() for found in ledger.breaks])
        if not ledger.adds_up():
            logger.error(
                "the ledger does not add up: %d addresses, but %d ends",
                ledger.asked, sum(ledger.ends.values()),
            )  # fmt: skip
        for found in ledger.breaks:
            logger.warning("drift: %s", found.said())
        for host in ledger.refusing:
            logger.warning("%s refuses, and is left alone for an hour", host)
        for host in ledger.silent:
            logger.warning("%s does not answer, and is left alone for an hour", host)
        for finding in ledger.troubles:
            if finding.trouble in (Trouble.FAILING, Trouble.QUIET):
                logger.warning("%s", finding.said())
        logger.info("newscrawl: %s", ledger.last_line(), extra={"spider": spider})
        self.crawler.signals.send_catch_log(
            run_ended, run=self.frontier.run, job=self.frontier.key.job, ledger=ledger
        )

    def _ticket(self, response: Response | Failure | None) -> Ticket | None:
        request = self._request_of(response)
        return self.tickets.get(request.meta.get(LEASE_KEY, 0)) if request else None

    def _request_of(self, response: Response | Failure | None) -> Request | None:
        return getattr(response, "request", None)


async def _nothing() -> AsyncIterator[Any]:
    """Start with nothing."""
    empty: tuple[Any, ...] = ()
    for value in empty:
        yield value
