"""What the state asks of a database, so that the same SQL runs on SQLite and on PostgreSQL.

The SQL of this package is what both understand, `?` for values; where they part, a back end states its own piece
(`Dialect`). Everything is done within transactions of `Database.writing`.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final, Protocol

from newscrawl.errors import StateError
from newscrawl.state.place import StatePlace

POLL_SECONDS: Final = 0.25
LEASED_URL: Final = (
    "id", "url", "attempts", "priority", "request", "first_fetched", "etag", "last_modified", "hints", "article", "host",
)  # fmt: skip
"""What a claim needs of an address."""
NEW_URL: Final = "key, url, host, is_article, run, met, priority, found, request, kind"


class Rows(Protocol):
    """What a statement gave."""

    @property
    def rowcount(self) -> int:
        """Rows that were changed."""

    def fetchone(self) -> Any:
        """Give the next row, a tuple; None where there is none."""

    def fetchall(self) -> list[Any]:
        """Give all rows."""

    def __iter__(self) -> Iterator[Any]:
        """Give one row after the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """Pieces of SQL in which the back ends differ."""

    busy: str
    """How many addresses of the host `h` are leased."""
    skip_locked: str = ""
    """Behind a query for hosts: leave out those that another transaction has, and hold the rest."""
    skip_locked_rows: str = ""
    """The same, behind a query for rows of one table."""
    for_update: str = ""
    """Behind a query for rows that are to be changed: wait for whoever changes them, and hold them."""
    for_update_of_url: str = ""
    """The same for the rows `u` of `url`, where others are joined to them."""
    poll_seconds: float = POLL_SECONDS
    """How long to wait where another run holds a host."""


class Database(Protocol):
    """An open state."""

    place: StatePlace
    dialect: Dialect

    def execute(self, query: str, values: Sequence[Any] = (), /) -> Rows:
        """Run a statement."""

    def executemany(self, query: str, values: Iterable[Sequence[Any]], /) -> Any:
        """Run a statement for each of several rows."""

    def insert_urls(self, rows: Sequence[Sequence[Any]]) -> set[bytes]:
        """Insert addresses, the columns of `NEW_URL`; give the keys of those that nobody had."""

    def moving(self, run: int, job: str) -> AbstractContextManager[None]:
        """Let many addresses go over to a run, from those of its job that have ended."""

    def lease_urls(
        self, run: int, wanted: Sequence[tuple[int, Any, int]], now: float, until: float
    ) -> list[Sequence[Any]]:
        """Lease waiting addresses of a run; give the columns of `LEASED_URL`, in any order.

        Args:
            run: whose they are.
            wanted: hosts, whether articles or lists of them, and how many at the most.
            now: seconds since 1970; what is to be tried again only later is left out.
            until: when the leases expire.

        """

    def hand_over(self, waiting: tuple[int, int, Any], run: int, now: float, most: int) -> int:
        """Let waiting addresses go over to another run; give how many.

        Args:
            waiting: the run that has them, their host, and whether they are articles.
            run: the other one.
            now: seconds since 1970; what is to be tried again only later stays.
            most: how many.

        """

    def writing(self) -> AbstractContextManager[None]:
        """Run a write transaction."""

    def reading(self) -> AbstractContextManager[None]:
        """See all as it is at one moment, for as long as it takes to read it."""

    def stream(self, query: str, at_once: int) -> Iterator[Sequence[Any]]:
        """Run a query whose rows may not fit into memory."""

    def fill(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        """Insert many rows; give how many."""

    def settle_numbers(self, tables: Sequence[str]) -> None:
        """Go on counting behind the numbers that were filled in."""

    def explain(self, error: Exception) -> StateError:
        """Say what an error of it means, and what to do."""

    def now(self) -> float:
        """Give the time by which everybody goes who shares the state, in seconds since 1970."""

    def serialise(self, what: str) -> None:
        """Let nobody else pass here with the same word until the transaction is over."""

    def problems(self) -> Iterator[str]:
        """Check the database itself; give each problem in a line."""

    def quick_problems(self) -> list[str]:
        """Tell in a moment what keeps it from being used."""

    def size(self) -> int:
        """Give the bytes that it takes."""

    def tidy(self) -> int:
        """Give room back that nobody needs, where it is much; give the bytes."""

    def close(self) -> None:
        """Close it."""


class Locks(Protocol):
    """Tells what is at work from what has died: each run holds a lock that its death sets free."""

    def take(self, number: int) -> None:
        """Take the lock of a new run or worker."""

    def is_alive(self, number: int) -> bool:
        """Tell whether a process holds a lock."""

    def living(self, numbers: Sequence[int]) -> set[int]:
        """Give those of several that a process holds."""

    def is_own(self, number: int) -> bool:
        """Tell whether this process holds it."""

    def release(self, number: int) -> None:
        """Give a lock back, of what is over or dead."""
