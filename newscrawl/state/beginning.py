"""Begin a run: bury the dead, refuse a second one, take up what earlier runs of the job have left."""

import json
import os
from datetime import UTC, datetime

from newscrawl.errors import TakenError
from newscrawl.state.backend import Database, Locks
from newscrawl.state.hosts import LONGEST_BLOCK
from newscrawl.state.lines import Lines
from newscrawl.state.running import DONE, WAITING, Run, machine, return_leases
from newscrawl.state.runs import open_runs
from newscrawl.state.upkeep import mend_clock

BEGIN = "begin"
"""What runs wait for to begin one after the other."""


def begin(run: Run) -> int:
    """Begin a run; give its number.

    Raises:
        StateError: the clock is wrong.
        TakenError: one of its sources is being crawled.

    """
    database = run.database
    database.serialise(BEGIN)
    mend_clock(database, run.now())
    bury_the_dead(database, run.locks, run.lines, run.manners.delay)
    if not run.key.joins:
        _refuse_second(run)
    now = run.now()
    (run.number,) = database.execute(
        "INSERT INTO run (job, locks, pid, started, spider, arguments, machine, worker, seen) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (
            run.key.job, json.dumps(run.key.locks), os.getpid(), now, run.key.spider,
            json.dumps(dict(run.key.arguments)), machine(), run.key.worker, now,
        ),
    ).fetchone()  # fmt: skip
    run.locks.take(run.number)
    database.execute("UPDATE host SET next_at = ? WHERE next_at > ?", (now, now + LONGEST_BLOCK))
    _take_up(run, now)
    return run.number


def _take_up(run: Run, now: float) -> None:
    # Held: who takes addresses over from a run that has ended holds it too.
    run.database.execute(
        "SELECT id FROM run WHERE job = ? AND ended IS NOT NULL AND id IN (SELECT run FROM queue) "
        f"ORDER BY id {run.database.dialect.for_update}",
        (run.key.job,),
    ).fetchall()
    with run.database.moving(run.number, run.key.job):
        _take_up_all(run, now)


def _take_up_all(run: Run, now: float) -> None:
    # Not of a run of the same job that is at work: single addresses lock nothing.
    of_job = "run IN (SELECT id FROM run WHERE job = ? AND ended IS NOT NULL)"
    left = run.database.execute(
        f"UPDATE url SET run = ?, met = ? WHERE state = {WAITING} AND {of_job}",
        (run.number, -run.number, run.key.job),
    ).rowcount
    due_lists = "OR request IS NOT NULL" if run.key.due_only else ""
    due = run.database.execute(
        f"UPDATE url SET run = ?, met = ?, state = {WAITING}, attempts = 0 "
        f"WHERE state = {DONE} AND due <= ? AND (is_article {due_lists}) AND {of_job}",
        (run.number, -run.number, now, run.key.job),
    ).rowcount
    run.ask(left + due)


def bury_the_dead(database: Database, locks: Locks, lines: Lines | None, delay: float) -> int:
    """End the runs whose process is gone; what they had leased waits again.

    Args:
        database: the state, within a transaction.
        locks: tells who is alive.
        lines: where the dead may have written; None where this process does not write there.
        delay: seconds that their hosts rest.

    Returns:
        How many were buried.

    """
    begun = {number: started for number, *_, started in open_runs(database)}
    dead = sorted(begun.keys() - locks.living(list(begun)))
    for number in dead:
        return_leases(database, "run = ?", number, delay)
        database.execute(
            "UPDATE run SET ended = ?, reason = 'died' WHERE id = ? AND ended IS NULL",
            (database.now(), number),
        )
        locks.release(number)
    if dead and lines:
        lines.settle(min(begun[number] for number in dead))
    return len(dead)


def _refuse_second(run: Run) -> None:
    for number, _, locks, pid, started in open_runs(run.database):
        for lock in set(json.loads(locks)) & set(run.key.locks):
            since = datetime.fromtimestamp(started, UTC)
            raise TakenError(
                f"{lock} is being crawled already, by process {pid} (run {number}, since "
                f"{since:%Y-%m-%d %H:%M:%S} UTC); wait for it or stop it"
            )
