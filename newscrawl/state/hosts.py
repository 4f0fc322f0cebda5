"""The hosts of a state: when each may be asked again, and which have had enough of us."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from newscrawl.quality import registrable_domain
from newscrawl.reasons import Reason
from newscrawl.state import Manners, Outcome
from newscrawl.state.backend import Database
from newscrawl.state.ends import End
from newscrawl.state.plan import IN_A_ROW, LEFT_ALONE, eased, is_refusal, is_slow_down, slowed

LONGEST_BLOCK: Final = 86400.0
"""Seconds that a host rests at the most; also guards against a clock that was set back."""
NO_LIMIT: Final = 1_000_000
SILENCE: Final = frozenset({Reason.TIMEOUT, Reason.UNREACHABLE})
"""A host that does not answer costs a timeout each time."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a host has answered so far."""

    name: str
    backoff: float
    """Seconds on top of the delay."""
    refusals: int
    silences: int
    """In a row."""
    delay: float
    """Seconds that it rested after the last answer, before the backoff."""


class Hosts:
    """The table `host`; used within the transactions of the frontier."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.refusing: set[str] = set()
        """Hosts that began to be left alone while this run asked them, because they refused."""
        self.silent: set[str] = set()
        """Hosts that began to be left alone because they did not answer."""
        self._most = dict[int, int | None]()

    def id_of(self, name: str) -> int:
        """Give the number of a host, which is made if it is new."""
        return self.ids_of({name})[name]

    def ids_of(self, names: Collection[str]) -> dict[str, int]:
        """Give the numbers of hosts; those that are new are made."""
        found = self._find(names)
        # In one order: two runs that make the same hosts wait for each other.
        if new := sorted(set(names) - found.keys()):
            self.database.executemany(
                "INSERT INTO host (name, source) VALUES (?, ?) ON CONFLICT (name) DO NOTHING",
                [(name, self.source_of(name)) for name in new],
            )
            found |= self._find(new)
        return found

    def _find(self, names: Collection[str]) -> dict[str, int]:
        marks = ", ".join("?" for _ in names)
        rows = self.database.execute(f"SELECT name, id FROM host WHERE name IN ({marks})", [*names])
        return dict(rows.fetchall())

    def room_on(self, host: int, manners: Manners, claimed: int) -> int:
        """Give how often a host may still be asked in a run that has asked it so often."""
        most = self._most_on(host, manners)
        return NO_LIMIT if most is None else max(0, most - claimed)

    def _most_on(self, host: int, manners: Manners) -> int | None:
        if host not in self._most:
            (name,) = self.database.execute(
                "SELECT name FROM host WHERE id = ?", (host,)
            ).fetchone()
            own = manners.most_on(name) if manners.most_on else None
            stated = [most for most in (own, manners.most_per_host) if most is not None]
            self._most[host] = min(stated, default=None)
        return self._most[host]

    def source_of(self, name: str) -> str:
        """Give the source that a host belongs to."""
        return registrable_domain(name) or name

    def rest(self, host: int, until: float) -> None:
        """Leave a host alone until a time, in seconds since 1970."""
        until = min(until, self.database.now() + LONGEST_BLOCK)
        self.database.execute(
            "UPDATE host SET next_at = greatest(next_at, ?) WHERE id = ?", (until, host)
        )

    def answered(self, host: int, was: Manner, outcome: Outcome, now: float) -> None:
        """Note how a host answered, and let it rest accordingly."""
        backoff, refusals, silences = was.backoff, was.refusals, was.silences
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
        wait = outcome.wait if is_slow_down(outcome.status) else 0.0
        if max(refusals, silences) >= IN_A_ROW:
            (self.refusing if refusals >= IN_A_ROW else self.silent).add(was.name)
            wait = max(wait, LEFT_ALONE)
        until = min(now + max(outcome.delay + backoff, wait), now + LONGEST_BLOCK)
        if Manner(was.name, backoff, refusals, silences, outcome.delay) == was:
            self.rest(host, until)
        else:
            self.database.execute(
                "UPDATE host SET next_at = greatest(next_at, ?), backoff = ?, refusals = ?, silences = ?, delay = ? WHERE id = ?",
                (until, backoff, refusals, silences, outcome.delay, host),
            )
