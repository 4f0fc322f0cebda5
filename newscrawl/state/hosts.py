"""The hosts of a state: when each may be asked again, and which have had enough of us."""

import sqlite3
import time
from typing import Final

from newscrawl.quality import registrable_domain
from newscrawl.reasons import Reason
from newscrawl.state import Outcome
from newscrawl.state.ends import End
from newscrawl.state.plan import IN_A_ROW, LEFT_ALONE, eased, is_refusal, is_slow_down, slowed

LONGEST_BLOCK: Final = 86400.0
"""Seconds that a host rests at the most; also guards against a clock that was set back."""
SILENCE: Final = frozenset({Reason.TIMEOUT, Reason.UNREACHABLE})
"""A host that does not answer costs a timeout each time."""


class Hosts:
    """The table `host`; used within the transactions of the frontier."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self.database = database
        self.refusing: set[str] = set()
        """Hosts that began to be left alone while this run asked them, because they refused."""
        self.silent: set[str] = set()
        """Hosts that began to be left alone because they did not answer."""

    def id_of(self, name: str) -> int:
        """Give the number of a host, which is made if it is new."""
        find = "SELECT id FROM host WHERE name = ?"
        row = self.database.execute(find, (name,)).fetchone()
        if row is None:
            self.database.execute(
                "INSERT INTO host (name, source) VALUES (?, ?)", (name, self.source_of(name))
            )
            row = self.database.execute(find, (name,)).fetchone()
        return int(row[0])

    def source_of(self, name: str) -> str:
        """Give the source that a host belongs to."""
        return registrable_domain(name) or name

    def rest(self, host: int, until: float) -> None:
        """Leave a host alone until a time, in seconds since 1970."""
        until = min(until, time.time() + LONGEST_BLOCK)
        self.database.execute(
            "UPDATE host SET next_at = max(next_at, ?) WHERE id = ?", (until, host)
        )

    def answered(self, host: int, outcome: Outcome, now: float) -> None:
        """Note how a host answered, and let it rest accordingly."""
        name, *before = self.database.execute(
            "SELECT name, backoff, refusals, silences FROM host WHERE id = ?", (host,)
        ).fetchone()
        backoff, refusals, silences = before
        has_answered = outcome.status is not None
        if is_slow_down(outcome.status):
            backoff = slowed(backoff, outcome.delay)
        elif has_answered:
            backoff = eased(backoff)
        if is_refusal(outcome.status) or outcome.end is End.BLOCKED:
            refusals += not outcome.is_repeated
        elif has_answered:
            refusals = 0
        silences = 0 if has_answered else silences + (outcome.reason in SILENCE)
        if [backoff, refusals, silences] != before:
            self.database.execute(
                "UPDATE host SET backoff = ?, refusals = ?, silences = ? WHERE id = ?",
                (backoff, refusals, silences, host),
            )
        wait = outcome.wait if is_slow_down(outcome.status) else 0.0
        if max(refusals, silences) >= IN_A_ROW:
            (self.refusing if refusals >= IN_A_ROW else self.silent).add(name)
            wait = max(wait, LEFT_ALONE)
        self.rest(host, now + max(outcome.delay + backoff, wait))
