"""What became of a source's addresses: in this run, and over the weeks, so that a silence can be told from a pause.

New articles are counted by the hour, all else by the day; rows older than `KEPT_DAYS` go.
"""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from typing import Final

from newscrawl.state.backend import Database
from newscrawl.state.deliveries import KEPT_DAYS
from newscrawl.state.ends import End
from newscrawl.state.kept import Kept

HOUR: Final = 3600
HOURS_A_DAY: Final = 24
KEPT_HOURS: Final = KEPT_DAYS * HOURS_A_DAY
LEFT_ALONE: Final = ("refuses", "silent")
"""Why addresses were left, where their host is in trouble."""
UNCOUNTED: Final = frozenset({End.SEEN, End.NOT_DUE, End.LEFT, End.OVER_LIMIT})
"""Ends of addresses that were not asked for."""


class Tallies:
    """Counts how the addresses of sources end, in the state's transactions; remembers what this run brought."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.kept = Kept[tuple[str, End, str]]()
        """How many addresses of a source ended how, by source, end and reason."""
        self._news = set[str]()
        self._reads = Counter[str]()
        """Lists that were read since the last new article of a source, in this transaction."""

    @property
    def of_run(self) -> dict[str, dict[tuple[End, str], int]]:
        """What this run has counted, by source."""
        found = defaultdict[str, dict[tuple[End, str], int]](dict)
        for (source, end, reason), number in self.kept.all.items():
            found[source][end, reason] = number
        return dict(found)

    def count(self, source: str, end: End, reason: str, number: int) -> None:
        """Count addresses of a source that have ended in one way."""
        self.kept.add((source, end, reason), number)
        if end is End.NEW:
            self._news.add(source)
            self._reads[source] = 0
        elif end is End.READ:
            self._reads[source] += number

    def write(self, now: float) -> None:
        """Write what was counted since the last call, by hour, and what tells a pause."""
        hour = int(now // HOUR)
        rows = Counter[tuple[str, int, str]]()
        read = set[str]()
        for (source, end, _), number in self.kept.take().items():
            if end not in UNCOUNTED:
                rows[source, hour if end is End.NEW else hour - hour % HOURS_A_DAY, str(end)] += (
                    number
                )
            if end is End.READ:
                read.add(source)
        self.database.executemany(
            "INSERT INTO tally (source, at, kind, number) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (source, at, kind) DO UPDATE SET number = tally.number + excluded.number",
            [(*key, number) for key, number in sorted(rows.items())],
        )
        self.database.executemany(
            "INSERT INTO source (name, last_new) VALUES (?, ?) "
            "ON CONFLICT (name) DO UPDATE SET last_new = excluded.last_new, reads = 0",
            [(source, now) for source in sorted(self._news)],
        )
        self.database.executemany(
            "INSERT INTO source (name, last_read, reads) VALUES (?, ?, ?) "
            "ON CONFLICT (name) DO UPDATE SET last_read = excluded.last_read, reads = source.reads + excluded.reads",
            [(source, now, self._reads[source]) for source in sorted(read)],
        )
        self.forget_new()

    def forget_new(self) -> None:
        """Forget what is written, or was taken back."""
        self._news.clear()
        self._reads.clear()

    def asked(self) -> list[str]:
        """Give the sources of which this run has asked for something, or would have, had they not to be left alone."""
        return sorted(
            source
            for source, ends in self.of_run.items()
            if any(end not in UNCOUNTED or why in LEFT_ALONE for end, why in ends)
        )

    def close(self, failing_after: int, now: float) -> None:
        """Note of which sources this run could read no list; a list that is read says that all is well.

        Before a source counts as failing, those of its lists that were not asked for have their turn too: else one dead
        feed beside a home page that is looked at once a week would stand for the site.
        """
        for source, ends in self.of_run.items():
            reasons = sorted({reason or "failed" for end, reason in ends if end is End.UNREAD})
            if any(end is End.READ for end, _ in ends):
                self.database.execute(
                    "UPDATE source SET unread = 0, reasons = '' WHERE name = ?", (source,)
                )
            elif reasons:
                (unread,) = self.database.execute(
                    "INSERT INTO source (name, unread, reasons) VALUES (?, 1, ?) ON CONFLICT (name) DO UPDATE SET "
                    "unread = source.unread + 1, reasons = excluded.reasons RETURNING unread",
                    (source, " ".join(reasons)),
                ).fetchone()
                if unread == failing_after - 1:
                    self._ask_others(source, now)

    def _ask_others(self, source: str, now: float) -> None:
        self.database.execute(
            "UPDATE url SET due = ? WHERE host IN (SELECT id FROM host WHERE source = ?) AND NOT is_article "
            "AND state = 2 AND outcome = ? AND due > ?",
            (now, source, str(End.READ), now),
        )

    def prune(self, now: float) -> None:
        """Forget what is too old; and what a clock that went wrong has dated ahead."""
        hour = int(now // HOUR)
        self.database.execute(
            "DELETE FROM tally WHERE at < ? OR at > ?", (hour - KEPT_HOURS, hour + HOURS_A_DAY)
        )


def read_hours(database: Database, source: str, now: float) -> list[int]:
    """Give the hours since 1970 in which a source had new articles, within the weeks that are kept."""
    rows = database.execute(
        "SELECT at FROM tally WHERE source = ? AND kind = ? AND at BETWEEN ? AND ? ORDER BY at",
        (source, str(End.NEW), int(now // HOUR) - KEPT_HOURS, int(now // HOUR)),
    )
    return [at for (at,) in rows]


def read_days(database: Database, source: str) -> dict[date, Counter[str]]:
    """Give how a source's addresses ended, by day in UTC, oldest first."""
    found: dict[date, Counter[str]] = {}
    rows = database.execute(
        "SELECT at, kind, number FROM tally WHERE source = ? ORDER BY at", (source,)
    )
    for at, kind, number in rows:
        day = datetime.fromtimestamp(at * HOUR, UTC).date()
        found.setdefault(day, Counter())[kind] += number
    return found
