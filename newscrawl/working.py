"""Work until told to leave: begin what is due, one crawl after the other, several at once.

Each crawl is a run of its own in the state. Where nothing is due that nobody has, a worker joins a crawl that another one is
at, and takes over a part of what waits. What a worker that dies had in its hands is due again at once.
"""

import asyncio
import logging
import os
import random
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from scrapy.crawler import AsyncCrawlerProcess, Crawler
from scrapy.settings import Settings
from scrapy.spiderloader import get_spider_loader

from newscrawl.crawling import Job, stats_so_far
from newscrawl.errors import NewscrawlError, StateError
from newscrawl.frontier.middleware import FrontierMiddleware
from newscrawl.frontier.stint import disks, low_disk
from newscrawl.logs import crawl_of
from newscrawl.state.inspection import DueJob, State
from newscrawl.state.place import StatePlace
from newscrawl.state.running import machine
from newscrawl.state.shipping import ship

logger = logging.getLogger(__name__)

POLL_SECONDS: Final = 5.0
"""Between two looks at what is due, where nothing has ended meanwhile."""
BURY_SECONDS: Final = 10.0
"""Between two looks for runs that died, and two words that this worker is alive."""
SHIP_SECONDS: Final = 60.0
FINISH_SECONDS: Final = 5.0
"""What is being fetched may take so long to come to its end after the word to leave; then leases go back."""
RETURN_SECONDS: Final = 3.0
"""What giving them back may take: with it a worker is gone within ten seconds."""
LEAVE_SECONDS: Final = 9.5
"""After which it is gone in any case."""
FIRST_REST: Final = 5.0
LONGEST_REST: Final = 600.0
"""Seconds for which a job that could not go on is left alone."""
SOON: Final = 60.0
"""A worker that is to work until all is done waits for what is due so soon."""
UNREACHABLE_SECONDS: Final = 120.0
"""For which a state that is not there at the start is waited for."""
REFUSED: Final = (
    "authentication failed",
    "does not exist",
    "pg_hba.conf",
    "password supplied",
    "can read",
    "invalid",
)
"""What a server, or libpq, says that no waiting will change."""
T = TypeVar("T")


@dataclass
class Worked:
    """What a worker did."""

    crawls: int = 0
    joined: int = 0
    """Of them, those that another worker had begun."""
    broken: int = 0
    """Of them, those that could not begin or were broken off."""
    reason: str = ""
    """Why it left."""


@dataclass(eq=False)
class _Crawl:
    """A crawl at work."""

    job: str
    crawler: Crawler
    task: "asyncio.Future[None]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a worker works."""

    name: str
    crawls: int
    """At once."""
    seconds: float
    """After which it leaves."""
    until_done: bool = False
    """Whether it leaves when nothing is due, and nobody is at work."""


class Worker:
    """A worker in this process; it has the process for itself, and ends it.

    Args:
        place: the state.
        articles: where articles go.
        settings: Scrapy's.
        terms: how it works.

    """

    def __init__(
        self, place: StatePlace, articles: Path | str, settings: Settings, terms: Terms
    ) -> None:
        self.place = place
        self.articles = articles
        self.settings = settings
        self.terms = terms
        self.worked = Worked()
        self.number = 0
        self.crawls: list[_Crawl] = []
        self.process = AsyncCrawlerProcess(settings)
        self.known = set(get_spider_loader(settings).list())
        self.deadline = time.monotonic() + terms.seconds
        self._wake = asyncio.Event()
        self._leaving = ""
        self._state: State | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="newscrawl-worker")
        self._shipper = ThreadPoolExecutor(1, thread_name_prefix="newscrawl-ship")
        self._last = _Last()
        self._lost = set[str]()
        self._resting = dict[str, tuple[int, float]]()
        """Jobs that could not go on: how often in a row, and until when they are left alone."""
        self._low = ""

    def run(self) -> Worked:
        """Work, until there is a reason to leave.

        Raises:
            StateError: the state cannot be used.

        """
        self._join()
        loop = asyncio.get_event_loop()
        loop.create_task(self._work()).add_done_callback(self._over)
        self.process.start(stop_after_crawl=False, install_signal_handlers=False)
        if self._failure:
            raise self._failure
        return self.worked

    _failure: BaseException | None = None

    def _over(self, task: "asyncio.Future[None]") -> None:
        from twisted.internet import reactor  # the one that Scrapy has installed by now

        self._failure = task.exception() if not task.cancelled() else None
        reactor.stop()  # type: ignore[misc]

    # -- the work -------------------------------------------------------------------------------

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._told_to_leave, signal.Signals(number).name)
        logger.info("worker %s, number %d, on %s", self.terms.name, self.number, self.place)
        while not self._leaving:
            self._wake.clear()
            try:
                if self._last.shipped(time.monotonic()) and not isinstance(self.articles, Path):
                    asyncio.get_running_loop().run_in_executor(self._shipper, self._ship)
                jobs = await self._ask(self._look)
                self._begin(jobs)
                if self.terms.until_done and not self.crawls and await self._ask(self._is_done):
                    self._leaving = "done"
            except (StateError, sqlite3.Error) as error:
                # The server may be starting again: what is at work waits for it too.
                logger.warning("%s", error)
                await self._ask(self._close)
            if time.monotonic() >= self.deadline:
                self._leaving = "time_limit"
            if not self._leaving:
                await self._sleep(POLL_SECONDS * random.uniform(0.8, 1.2))  # noqa: S311 - spreads them
        await self._leave()

    def _told_to_leave(self, name: str) -> None:
        if not self._leaving:
            # A server that hangs holds up whoever waits for it; what is lost with us then, others take up.
            late = threading.Timer(LEAVE_SECONDS, os._exit, [0])
            late.daemon = True
            late.start()
        logger.info("%s: what is being fetched comes to its end, the rest goes back", name)
        self._leaving = self._leaving or "told_to_leave"
        self._wake.set()

    async def _sleep(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._wake.wait(), seconds)
        except TimeoutError:
            return

    def _begin(self, jobs: list[DueJob]) -> None:
        """Begin what is due, as far as there is room; else join what others are at."""
        at_it = {crawl.job for crawl in self.crawls}
        now = time.monotonic()
        at_it |= {job for job, (_, until) in self._resting.items() if now < until}
        random.shuffle(jobs)  # workers that look at the same moment do not reach for the same
        for job in jobs:
            if job.spider not in self.known and job.spider not in self._lost:
                self._lost.add(job.spider)
                logger.error("%s: there is no such spider here; its addresses stay", job.spider)
        able = [job for job in jobs if job.spider in self.known and job.job not in at_it]
        # What nobody has comes first.
        for job in sorted(able, key=lambda job: job.is_taken):
            if len(self.crawls) >= self.terms.crawls:
                return
            self._begin_one(job, joins=job.is_taken)

    def _begin_one(self, job: DueJob, *, joins: bool) -> None:
        crawled = Job(spider=job.spider, arguments=dict(job.arguments))
        self.worked.crawls += 1
        self.worked.joined += joins
        try:
            crawler = self.process.create_crawler(job.spider)
        except Exception:
            logger.exception("%s cannot begin", job.name)
            self.worked.broken += 1
            return
        for name, value in {"NEWSCRAWL_JOINS": joins, "NEWSCRAWL_WORKER": self.number}.items():
            crawler.settings.set(name, value, priority="cmdline")
        with crawl_of(crawled.source):
            task = self.process.crawl(crawler, **crawled.arguments)
        crawl = _Crawl(job.job, crawler, task)
        self.crawls.append(crawl)
        task.add_done_callback(lambda _: self._ended(crawl))

    def _ended(self, crawl: _Crawl) -> None:
        self.crawls.remove(crawl)
        error = crawl.task.exception() if not crawl.task.cancelled() else None
        stats = stats_so_far(crawl.crawler)
        is_taken = bool(stats.get("newscrawl/taken"))
        has_failed = bool(error or stats.get("newscrawl/stopped_by")) and not is_taken
        self._note(crawl.job, has_failed=has_failed)
        self.worked.crawls -= is_taken
        self.worked.broken += has_failed
        self._wake.set()

    def _note(self, job: str, *, has_failed: bool) -> None:
        """Leave a job that could not go on alone for a while, the longer the oftener."""
        if not has_failed:
            self._resting.pop(job, None)
            return
        times = self._resting.get(job, (0, 0.0))[0] + 1
        seconds = min(FIRST_REST * 2 ** (times - 1), LONGEST_REST)
        self._resting[job] = times, time.monotonic() + seconds

    # -- the state, in a thread of its own ---------------------------------------------------------

    async def _ask(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    def _opened(self) -> State:
        if self._state is None:
            # Workers may be there before the first source is begun.
            self._state = State(self.place, self.articles, create=self.place.file is None)
        return self._state

    def _close(self) -> None:
        if self._state is not None:
            self._state.close()
            self._state = None

    def _join(self) -> None:
        """Come to work; a server that is being started is waited for."""
        late = time.monotonic() + UNREACHABLE_SECONDS
        while True:
            try:
                self.number = self._opened().join(self.terms.name, machine(), os.getpid())
                self._opened().settle()
            except StateError as error:
                is_away = "cannot be reached" in str(error) and not any(
                    said in str(error) for said in REFUSED
                )
                if self.place.file or not is_away or time.monotonic() > late:
                    raise
                logger.warning("%s; it is tried again, for two minutes", error)
                time.sleep(POLL_SECONDS)
            else:
                return

    def _look(self) -> list[DueJob]:
        """Say a word now and then, bury the dead, send what is to be sent, and see what is due."""
        state, now = self._opened(), time.monotonic()
        if self._last.beat(now):
            state.beat(self.number)
            state.bury_the_dead(self.settings.getfloat("DOWNLOAD_DELAY"))
        low = low_disk(disks(self.settings), self.settings.getint("NEWSCRAWL_LEAST_FREE")) or ""
        if low and low != self._low:
            logger.error("nothing is begun: %s", low)
        self._low = low
        if low or len(self.crawls) >= self.terms.crawls:
            return []
        due = state.due_jobs(state.database.now())
        return [job for job in due if not job.is_taken] + state.joinable_jobs()

    def _ship(self) -> None:
        """Send lines to shared storage, on a connection of its own: it may take its time."""
        try:
            with State(self.place, self.articles) as state:
                ship(state.database, self.articles)
        except NewscrawlError as error:
            logger.warning("articles stay in the state until they can be sent: %s", error)

    def _is_done(self) -> bool:
        """Tell whether nothing is due, or will be in a moment, and nobody is at work."""
        state = self._opened()
        now = state.database.now()
        state.bury_the_dead(self.settings.getfloat("DOWNLOAD_DELAY"))
        following = state.next_due(now)
        is_soon = following is not None and following < now + SOON
        return not state.due_jobs(now) and not state.open_runs() and not is_soon

    # -- leaving ----------------------------------------------------------------------------------

    async def _leave(self) -> None:
        """Let what is being fetched come to its end, for a while; then give leases back."""
        self.worked.reason = self._leaving
        crawls = list(self.crawls)
        stopping = [asyncio.ensure_future(crawl.crawler.stop_async()) for crawl in crawls]
        await _until(FINISH_SECONDS, (*stopping, *(crawl.task for crawl in crawls)))
        frontiers = [crawl.crawler.get_spider_middleware(FrontierMiddleware) for crawl in crawls]
        left = [one for one in frontiers if one and not one.is_closed]
        if left:
            logger.info("%d crawls had pages on the way still; these go back", len(left))
        await _until(
            RETURN_SECONDS, [asyncio.ensure_future(one.abandon(self._leaving)) for one in left]
        )
        parting = asyncio.ensure_future(self._ask(self._part))
        await _until(RETURN_SECONDS / 2, [parting])
        if left or not all(one.done() for one in (*stopping, parting)):
            # Downloads that nobody waits for any more would hold the process up; all that counts is stored.
            logging.shutdown()
            sys.stdout.flush()
            os._exit(0)

    def _part(self) -> None:
        try:
            self._opened().leave(self.number, self._leaving)
        except StateError as error:
            logger.warning("%s", error)
        self._close()


@dataclass
class _Last:
    """When what is done now and then was done last."""

    at: dict[str, float] = field(default_factory=dict)

    def beat(self, now: float) -> bool:
        """Tell whether it is time for a word."""
        return self._is_time("beat", BURY_SECONDS, now)

    def shipped(self, now: float) -> bool:
        """Tell whether it is time to send lines to shared storage."""
        return self._is_time("ship", SHIP_SECONDS, now)

    def _is_time(self, what: str, every: float, now: float) -> bool:
        if now - self.at.get(what, -every) < every:
            return False
        self.at[what] = now
        return True


async def _until(seconds: float, tasks: Iterable["asyncio.Future[Any]"]) -> None:
    """Wait for tasks, but not longer than so many seconds."""
    waiting = list(tasks)
    if waiting:
        await asyncio.wait(waiting, timeout=seconds)
