"""Keep a state fit for years: forget runs nobody asks about, fold the log in, give room back, mend what a clock broke.

The rows of a run are needed for a while only; what refers to them is handed to the last run of the same job, and what came
back from sources is added up under run 0.
"""

import logging
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from newscrawl.errors import StateError
from newscrawl.state.backend import Database
from newscrawl.state.deliveries import KEPT_DAYS
from newscrawl.state.plan import DAY
from newscrawl.state.tallies import HOUR

logger = logging.getLogger(__name__)

EVERY: Final = DAY
"""Seconds between two rounds of upkeep."""
KEPT_RUNS: Final = KEPT_DAYS * DAY
"""Seconds for which a run's ledger is kept."""
STEP_BACK: Final = 60.0
"""Seconds by which a clock may be behind the last run; synchronised clocks differ by less."""
FEWEST_MOMENTS: Final = 3
"""Moments of runs within that time from which it is."""
WITNESSES: Final = 10
"""Moments of runs that are asked whether the clock is wrong now, or was."""
MOMENT: Final = 600.0
"""Seconds in which crawls count as begun at one moment."""
LONGEST_ABSENCE: Final = 14 * DAY
"""Seconds without a run after which the clock is not believed at once: nothing is thrown away for its age."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upkeep:
    """What a round of upkeep did."""

    runs: int = 0
    """Runs whose ledgers were forgotten."""
    freed: int = 0
    """Bytes given back to the disk."""


def is_due(database: Database, now: float) -> bool:
    """Tell whether a day has passed since the last round, or the clock says that it is still to come."""
    row = database.execute("SELECT at FROM upkeep WHERE name = 'state'").fetchone()
    return row is None or not now - EVERY < row[0] <= now


def is_plausible(database: Database, now: float) -> bool:
    """Tell whether there were runs shortly before, by the same clock: one that has jumped ahead makes all look old."""
    slots = database.execute(
        "SELECT count(DISTINCT floor(started / ?)) FROM run WHERE started BETWEEN ? AND ?",
        (MOMENT, now - LONGEST_ABSENCE, now + STEP_BACK),
    ).fetchone()[0]
    first = database.execute("SELECT min(started) FROM run").fetchone()[0]
    is_young = first is None or now - first < LONGEST_ABSENCE
    return bool(is_young or slots >= FEWEST_MOMENTS)


def tend(database: Database, now: float) -> Upkeep:
    """Do a round of upkeep.

    Args:
        database: the state, open, outside a transaction.
        now: seconds since 1970.

    Raises:
        StateError: the state cannot be written.

    """
    try:
        with database.writing():
            runs = _forget_runs(database, now - KEPT_RUNS)
            database.execute("DELETE FROM worker WHERE seen < ?", (now - KEPT_RUNS,))
            database.execute(
                "INSERT INTO upkeep (name, at) VALUES ('state', ?) ON CONFLICT (name) DO UPDATE SET at = excluded.at",
                (now,),
            )
        freed = database.tidy()
    except sqlite3.Error as error:
        raise database.explain(error) from error
    return Upkeep(runs=runs, freed=freed)


def _forget_runs(database: Database, before: float) -> int:
    """Forget the runs that ended before a time, but for the last of each job and those with work left."""
    database.execute("CREATE TEMP TABLE old (id BIGINT PRIMARY KEY, last BIGINT NOT NULL)")
    database.execute(
        "INSERT INTO old SELECT r.id, l.last FROM run AS r "
        "JOIN (SELECT job, max(id) AS last FROM run GROUP BY job) AS l ON l.job = r.job "
        "WHERE r.ended < ? AND r.id < l.last AND r.id NOT IN (SELECT run FROM queue WHERE waiting > 0)",
        (before,),
    )
    database.execute(
        "UPDATE url SET run = (SELECT last FROM old WHERE old.id = url.run) "
        "WHERE run IN (SELECT id FROM old) AND state = 2"
    )
    database.execute(
        "INSERT INTO answer (run, source, kind, number) SELECT 0, source, kind, sum(number) FROM answer WHERE run IN (SELECT id FROM old) "
        "GROUP BY 2, 3 ON CONFLICT (run, source, kind) DO UPDATE SET number = answer.number + excluded.number"
    )
    for table in ("answer", "ledger"):
        database.execute(f"DELETE FROM {table} WHERE run IN (SELECT id FROM old)")
    number = database.execute("DELETE FROM run WHERE id IN (SELECT id FROM old)").rowcount
    database.execute("DROP TABLE old")
    return number


def mend_clock(database: Database, now: float) -> None:
    """Move what was planned by a clock that was ahead: else its lists would not be looked at until then.

    Runs that began later than now tell. Where they are few among the last ones, it was they whose clock was wrong; where
    it is most of them, and by more than a day, it is the present clock, and nothing may be dated by it.

    Raises:
        StateError: the clock is wrong now.

    """
    row = database.execute("SELECT id, started FROM run ORDER BY id DESC LIMIT 1").fetchone()
    if row is None or row[1] <= now + STEP_BACK:
        return
    # Moments, not rows: one call may begin a thousand crawls.
    last = database.execute(
        "SELECT min(started), max(id) AS latest FROM run GROUP BY floor(started / ?) ORDER BY latest DESC LIMIT ?",
        (MOMENT, WITNESSES),
    ).fetchall()
    ahead = sum(started > now + STEP_BACK for started, _ in last)
    is_small = row[1] - now <= DAY
    if not is_small and 2 * ahead > len(last):
        raise StateError(
            f"the clock says {_moment(now)} UTC, but the last run began at {_moment(row[1])} UTC: set the clock; if it is "
            "right now, newscrawl state mend-clock moves what was planned"
        )
    logger.warning(
        "the clock is %s behind run %d, which began at %s UTC: what was planned since is moved",
        _span(row[1] - now), row[0], _moment(row[1]),
    )  # fmt: skip
    move_back(database, now)


def move_back(database: Database, now: float) -> None:
    """Count what was fetched "later" as fetched now, its next visit as far away as it was planned."""
    database.execute(
        "UPDATE url SET due = ? + greatest(0, due - fetched), fetched = ?, first_fetched = least(first_fetched, ?) "
        "WHERE fetched > ?",
        (now, now, now, now),
    )
    database.execute("UPDATE url SET found = ? WHERE found > ?", (now, now))
    database.execute("UPDATE url SET not_before = NULL WHERE not_before > ?", (now + DAY,))
    for column in ("last_new", "last_read"):
        database.execute(f"UPDATE source SET {column} = ? WHERE {column} > ?", (now, now))
    database.execute(
        "UPDATE trouble SET since = least(since, ?), seen = least(seen, ?), told = CASE WHEN told > ? THEN ? ELSE told END",
        (now, now, now, now),
    )
    # Days that have not come would be compared with for weeks.
    tomorrow = now + DAY
    database.execute("DELETE FROM tally WHERE at > ?", (int(tomorrow // HOUR),))
    day = datetime.fromtimestamp(tomorrow, UTC).date().toordinal()
    database.execute("DELETE FROM delivery WHERE day > ?", (day,))
    database.execute(
        "UPDATE run SET started = ?, ended = CASE WHEN ended > ? THEN ? ELSE ended END WHERE started > ?",
        (now, now, now, now),
    )


def _span(seconds: float) -> str:
    return f"{seconds / HOUR:.1f} h" if seconds >= HOUR else f"{seconds / 60:.0f} min"


def _moment(seconds: float) -> str:
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError, OSError):
        return f"{seconds:.0f} s after 1970"
