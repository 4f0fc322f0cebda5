"""Keep what is wrong with sources: since when, when it was told, and that it is over."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from newscrawl.state.backend import Database
from newscrawl.state.health import Finding, Trouble
from newscrawl.state.tallies import HOUR

COLUMNS: Final = "source, kind, detail, since, parts"
SIZE_OF_GROUP: Final = 500
"""Names in one query."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a notice names: troubles that are new or were last told long ago, and those that are over."""

    troubles: tuple[Finding, ...] = ()
    over: tuple[Finding, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.troubles or self.over)


class Troubles:
    """The table `trouble`; used within the transactions of the state."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def note(
        self, source: str, findings: Sequence[Finding], now: float, *, judged: Iterable[Trouble]
    ) -> list[Finding]:
        """Note what was found of a source, and that the rest of what was judged is over; give what is wrong.

        Args:
            source: the source.
            findings: what was found.
            now: seconds since 1970.
            judged: the kinds that were looked for; others stay as they were.

        """
        found = {finding.trouble: finding for finding in findings}
        for kind in judged:
            if kind not in found:
                self._end(source, kind, now)
        for kind, finding in found.items():
            self.database.execute(
                "INSERT INTO trouble (source, kind, since, detail, parts, seen) VALUES (?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (source, kind) DO UPDATE SET detail = excluded.detail, parts = excluded.parts, seen = excluded.seen, "
                "since = CASE WHEN trouble.ended IS NULL THEN trouble.since ELSE excluded.since END, "
                # What comes back before its end was told goes on being told.
                "ended = NULL",
                (
                    source,
                    str(kind),
                    finding.since or now,
                    finding.detail,
                    json.dumps(finding.parts),
                    now,
                ),
            )
        return self.of([source])

    def named(self, kind: Trouble) -> list[str]:
        """Give the sources that are in one kind of trouble."""
        rows = self.database.execute(
            "SELECT source FROM trouble WHERE kind = ? AND ended IS NULL", (str(kind),)
        )
        return [source for (source,) in rows]

    def forget(self, source: str, kind: Trouble) -> None:
        """Take away what is neither over nor news any more."""
        self.database.execute(
            "DELETE FROM trouble WHERE source = ? AND kind = ?", (source, str(kind))
        )

    def of(self, sources: Sequence[str] | None = None) -> list[Finding]:
        """Give what is wrong, of some sources or of all."""
        groups = (
            [()]
            if sources is None
            else [sources[i : i + SIZE_OF_GROUP] for i in range(0, len(sources), SIZE_OF_GROUP)]
        )
        found = list[Finding]()
        for group in groups:
            marks = ", ".join("?" for _ in group)
            where = f"AND source IN ({marks})" if group else ""
            rows = self.database.execute(
                f"SELECT {COLUMNS} FROM trouble WHERE ended IS NULL {where} ORDER BY source, kind",
                tuple(group),
            )
            found += [_finding(*row) for row in rows]
        return found

    def to_tell(self, now: float, remind_after: float) -> Told:
        """Give what a notice is to name now; `mark` notes that it was named.

        Args:
            now: seconds since 1970.
            remind_after: seconds after which a trouble that lasts is named again.

        """
        # Runs that are a day apart differ by seconds. A source that nobody asks any more is not named again.
        before = now - remind_after + HOUR / 2
        rows = self.database.execute(
            f"SELECT {COLUMNS} FROM trouble WHERE ended IS NULL AND (told IS NULL OR (told <= ? AND seen > told)) "
            "ORDER BY source, kind",
            (before,),
        ).fetchall()
        over = self.database.execute(
            f"SELECT {COLUMNS} FROM trouble WHERE ended IS NOT NULL ORDER BY source, kind"
        ).fetchall()
        return Told(tuple(_finding(*row) for row in rows), tuple(_finding(*row) for row in over))

    def mark(self, told: Told, now: float) -> None:
        """Note that a notice has named something."""
        self.database.executemany(
            "UPDATE trouble SET told = ? WHERE source = ? AND kind = ?",
            [(now, one.source, str(one.trouble)) for one in told.troubles],
        )
        self.database.executemany(
            "DELETE FROM trouble WHERE source = ? AND kind = ? AND ended IS NOT NULL",
            [(one.source, str(one.trouble)) for one in told.over],
        )

    def _end(self, source: str, kind: Trouble, now: float) -> None:
        """Keep what was told until its end is told; what nobody heard of goes."""
        self.database.execute(
            "DELETE FROM trouble WHERE source = ? AND kind = ? AND told IS NULL",
            (source, str(kind)),
        )
        self.database.execute(
            "UPDATE trouble SET ended = ? WHERE source = ? AND kind = ? AND ended IS NULL",
            (now, source, str(kind)),
        )


def _finding(source: str, kind: str, detail: str, since: float, parts: str) -> Finding:
    return Finding(
        source=source,
        trouble=Trouble(kind),
        detail=detail,
        since=since,
        parts=tuple(json.loads(parts)),
    )
