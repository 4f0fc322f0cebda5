"""What all parts of a run share: the open state, what the run is known by, and what it has counted."""

import os
import platform
from dataclasses import dataclass, field
from typing import Any, Final

from newscrawl.state import Manners, RunKey
from newscrawl.state.articles import ArticleStore
from newscrawl.state.backend import Database, Locks
from newscrawl.state.deliveries import Deliveries
from newscrawl.state.ends import End
from newscrawl.state.hosts import Hosts
from newscrawl.state.kept import Kept
from newscrawl.state.lines import Lines
from newscrawl.state.tallies import Tallies

WAITING, LEASED, DONE = 0, 1, 2
NO_URL: Final = 0
LEASE_SECONDS: Final = 300.0
"""Renewed while the run works on it; longer than a page takes with its retries and timeouts."""


def machine() -> str:
    """Name the machine."""
    return os.environ.get("NEWSCRAWL_MACHINE") or platform.node() or "unknown"


@dataclass(kw_only=True)
class Run:
    """A run at work on a state; all is done within the state's transactions."""

    database: Database
    locks: Locks
    lines: Lines
    """Where articles are written."""
    key: RunKey
    manners: Manners
    number: int = 0
    """Its number, once it has begun."""
    articles: ArticleStore = field(init=False)
    hosts: Hosts = field(init=False)
    tallies: Tallies = field(init=False)
    deliveries: Deliveries = field(init=False)
    claimed: Kept[int] = field(default_factory=Kept)
    """Addresses that it has leased, by host."""
    claimed_articles: Kept[None] = field(default_factory=Kept)
    asked: Kept[int] = field(default_factory=Kept)
    """Addresses that were met, by the run that has met them."""
    ends: Kept[tuple[str, str]] = field(default_factory=Kept)
    """How they ended, by end and reason."""
    answers: Kept[tuple[str, str]] = field(default_factory=Kept)
    """What came back, by source and kind."""

    def __post_init__(self) -> None:
        """Open the tables."""
        self.articles = ArticleStore(self.database, self.lines)
        self.hosts = Hosts(self.database)
        self.tallies = Tallies(self.database)
        self.deliveries = Deliveries(self.database)

    @property
    def concurrency(self) -> int:
        """Leases on one host at a time."""
        return max(1, self.manners.concurrency)

    @property
    def kept(self) -> tuple[Kept[Any], ...]:
        """What goes with a transaction."""
        return (
            self.claimed, self.claimed_articles, self.asked, self.ends, self.answers, self.tallies.kept,
            self.deliveries.kept,
        )  # fmt: skip

    def now(self) -> float:
        """Give the time, in seconds since 1970."""
        return self.database.now()

    def ask(self, number: int, run: int | None = None) -> None:
        """Count addresses that the run, or another, has met."""
        if number:
            self.asked.add(run or self.number, number)

    def count(self, end: End, reason: str | None, source: str, number: int = 1) -> None:
        """Count addresses that have ended."""
        if number:
            self.tallies.count(source, end, reason or "", number)
            self.ends.add((str(end), reason or ""), number)

    def write_counts(self) -> None:
        """Write what was counted in this transaction, each row once.

        All runs write in one order: two that count for the same source wait for each other, and none for ever.
        """
        now = self.now()
        self.database.executemany(
            "UPDATE run SET asked = asked + ? WHERE id = ?",
            [(number, run) for run, number in sorted(self.asked.take().items()) if number],
        )
        self.database.executemany(
            "INSERT INTO ledger (run, outcome, reason, number) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (run, outcome, reason) DO UPDATE SET number = ledger.number + excluded.number",
            [(self.number, *end, number) for end, number in sorted(self.ends.take().items())],
        )
        self.database.executemany(
            "INSERT INTO answer (run, source, kind, number) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (run, source, kind) DO UPDATE SET number = answer.number + excluded.number",
            [
                (self.number, *answer, number)
                for answer, number in sorted(self.answers.take().items())
            ],
        )
        self.tallies.write(now)
        self.deliveries.write(now)

    def is_full(self, host: int) -> bool:
        """Tell whether a host has been asked as often as it may be in a run."""
        return self.hosts.room_on(host, self.manners, self.claimed[host]) <= 0

    def articles_left(self) -> int | None:
        """Give how many articles may still be leased; None where there is no limit."""
        limit = self.manners.limit
        return None if limit is None else max(0, limit - self.claimed_articles[None])

    def return_leases(self, condition: str, value: float) -> None:
        """Let leases wait again."""
        return_leases(self.database, condition, value, self.manners.delay)


def return_leases(database: Database, condition: str, value: float, delay: float) -> None:
    """Let leases wait again, and their hosts rest by the delay that was last kept: they may have been asked a moment ago."""
    leased = f"state = {LEASED} AND {condition}"
    database.execute(
        "UPDATE host SET next_at = greatest(next_at, ? + greatest(delay, ?)) "
        f"WHERE id IN (SELECT held FROM url WHERE {leased})",
        (database.now(), delay, value),
    )
    database.execute(
        f"UPDATE url SET state = {WAITING}, held = NULL, lease_until = NULL WHERE {leased}",
        (value,),
    )
