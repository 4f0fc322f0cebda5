"""A run's view of a state, whichever database holds it."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

from newscrawl.errors import StateError
from newscrawl.items import Article
from newscrawl.state import Claim, Entry, Lease, Outcome, Put, Stored
from newscrawl.state.acking import Acking
from newscrawl.state.beginning import begin
from newscrawl.state.claiming import Claiming
from newscrawl.state.ending import end_run, read_ledger
from newscrawl.state.ends import End, Ledger
from newscrawl.state.engine import Engine
from newscrawl.state.putting import Putting
from newscrawl.state.running import Run

KNOWN_ARTICLES = 300
"""Addresses of articles from which their form on a host is learnt."""
T = TypeVar("T")


class SQLFrontier:
    """A run at work; see `newscrawl.state.Frontier` for the contract.

    Args:
        context: what the run is.
        engine: does the work.

    Raises:
        StateError: the state cannot be used, or a source of the run is being crawled by another one.

    """

    def __init__(self, context: Run, engine: Engine) -> None:
        self.context = context
        self.engine = engine
        self.key = context.key
        self.database = context.database
        self.locks = context.locks
        self.is_over = False
        self._putting = Putting(context)
        self._claiming = Claiming(context)
        self._acking = Acking(context)
        self.run = engine.do_now(self, lambda: begin(context))

    # -- the interface ------------------------------------------------------------------------

    async def put(self, entries: Sequence[Entry]) -> Put:
        """Add addresses, or meet them again."""
        return await self._do(lambda: self._putting.put(entries))

    async def claim(self, number: int) -> Claim:
        """Lease up to so many addresses of hosts that are neither held nor resting."""
        return await self._do(lambda: self._claiming.claim(number))

    async def ack(self, lease: Lease, outcome: Outcome) -> End | None:
        """End a lease; what it brought is on the disk before this returns."""
        return await self._do(lambda: self._acking.ack(lease, outcome))

    async def retry(self, lease: Lease, outcome: Outcome, delay: float) -> None:
        """Give a lease back, to be claimed again after so many seconds."""
        await self._do(lambda: self._acking.retry(lease, outcome, delay))

    async def known(self, keys: Sequence[bytes]) -> int:
        """Count the addresses that were met before this run, by their keys."""
        return await self._do(lambda: self._putting.known(keys))

    async def articles_of(self, host: str) -> list[str]:
        """Give addresses of the last articles stored from a host."""
        return await self._do(lambda: self._articles_of(host))

    async def move(self, lease: Lease, host: str, delay: float) -> bool:
        """Leave the lease's host for another, after a redirect; False while that one is busy."""
        return await self._do(lambda: self._acking.move(lease, host, delay))

    async def block(self, host: str, seconds: float) -> None:
        """Leave a host alone for so long."""
        hosts = self.context.hosts
        await self._do(lambda: hosts.rest(hosts.id_of(host), self.context.now() + seconds))

    async def renew(self, leases: Sequence[Lease]) -> None:
        """Put off the end of leases, and take back those of others that have expired."""
        await self._do(lambda: self._claiming.renew([lease.id for lease in leases]))

    async def drained(self) -> bool:
        """Tell whether nothing is left that this run could claim, and nothing is leased to it."""
        return await self._do(self._claiming.drained)

    async def version(self, article: Stored) -> Article | None:
        """Give the article marked with its revision, None where it is stored already as it is."""
        return await self._do(lambda: self.context.articles.revise(article))

    async def keep(self, outcome: Outcome) -> End:
        """Store and count what came without a lease."""
        return await self._do(lambda: self._acking.keep(outcome))

    async def close(self, reason: str) -> Ledger:
        """End the run; see `close_now`."""
        ending = self._do(lambda: end_run(self.context, reason))
        try:
            # What is asked for from now on comes too late: the sums are being made.
            ledger = asyncio.ensure_future(ending)
            await asyncio.sleep(0)
            self.is_over = True
            return await ledger
        finally:
            self._shut()

    def close_now(self, reason: str) -> Ledger:
        """End the run outside an event loop."""
        try:
            return self.engine.do_now(self, lambda: end_run(self.context, reason))
        finally:
            self._shut()

    def ledger(self) -> Ledger:
        """Give the run's ledger as it stands."""
        return self.engine.do_now(self, lambda: read_ledger(self.context))

    # -- with a transaction ---------------------------------------------------------------------

    def before_commit(self) -> None:
        """Write what was counted, and force the lines of articles to the disk."""
        self.context.write_counts()
        self.context.lines.sync()

    def committed(self) -> None:
        """Note that what was counted and written stands."""
        self.context.lines.committed()
        for kept in self.context.kept:
            kept.committed()

    def undone(self) -> None:
        """Take back what was counted and written."""
        self.context.lines.undo()
        self.context.tallies.forget_new()
        for kept in self.context.kept:
            kept.undone()

    async def _do(self, call: Callable[[], T]) -> T:
        if self.is_over:
            raise StateError("the run has ended")
        return await self.engine.do(self, call)

    def _shut(self) -> None:
        """Close what is this run's own."""
        self.context.lines.close()
        self.locks.release(self.run)

    def _articles_of(self, host: str) -> list[str]:
        rows = self.database.execute(
            "SELECT url FROM url WHERE host = (SELECT id FROM host WHERE name = ?) "
            "AND article IS NOT NULL ORDER BY article DESC LIMIT ?",
            (host, KNOWN_ARTICLES),
        )
        return [url for (url,) in rows]
