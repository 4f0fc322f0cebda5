"""Do what a crawl asks of its state: in one thread, and in one transaction all that is asked meanwhile.

Commits are batched by load, and nobody waits for a timer.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Party(Protocol):
    """Whoever asks for something within a transaction, and keeps something that goes with it."""

    def before_commit(self) -> None:
        """Force to the disk what the commit is to speak for."""

    def committed(self) -> None:
        """Note that all of it stands."""

    def undone(self) -> None:
        """Take back what was noted outside the database."""


@dataclass(frozen=True, slots=True)
class Work:
    """A piece of work, and for whom it is done."""

    party: Party
    call: Callable[[], Any]


Transaction = Callable[[Sequence[Work]], list[Any]]


class Engine:
    """Hands work to a thread; see the module.

    Args:
        transaction: does pieces of work together, or none of them.

    """

    def __init__(self, transaction: Transaction) -> None:
        self.transaction = transaction
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="newscrawl-state")
        self._waiting: list[tuple[Work, asyncio.Future[Any]]] = []
        self._worker: asyncio.Task[None] | None = None

    async def do(self, party: Party, call: Callable[[], T]) -> T:
        """Do something in a transaction."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._waiting.append((Work(party, call), future))
        if self._worker is None or self._worker.done():
            self._worker = loop.create_task(self._work())
        return await future

    def do_now(self, party: Party, call: Callable[[], T]) -> T:
        """Do something outside an event loop."""
        result: T = self._thread.submit(self.transaction, [Work(party, call)]).result()[0]
        return result

    def shut(self) -> None:
        """End the thread, when it has done what it has."""
        self._thread.shutdown()

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                works = [work for work, _ in batch]
                results = await loop.run_in_executor(self._thread, self.transaction, works)
            except BaseException as error:
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                if not isinstance(error, Exception):
                    raise
                continue
            for (_, future), result in zip(batch, results, strict=True):
                if not future.done():
                    future.set_result(result)


def parties_of(works: Sequence[Work]) -> list[Party]:
    """Give those for whom work is done, each once."""
    return list({id(work.party): work.party for work in works}.values())


def keep(parties: Sequence[Party]) -> None:
    """Tell all that the transaction stands."""
    for party in parties:
        party.committed()


def undo(parties: Sequence[Party]) -> None:
    """Have all take back what they noted, the last first."""
    for party in reversed(parties):
        party.undone()
