"""What the runs of a process share: a connection, a thread, and transactions that are done once, whatever breaks."""

import logging
import threading
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import errors

from newscrawl.state.engine import Engine, Work, keep, parties_of, undo
from newscrawl.state.place import StatePlace
from newscrawl.state.postgres_database import PostgresDatabase, PostgresLocks

logger = logging.getLogger(__name__)

PATIENCE: Final = 120.0
"""Seconds for which a server that went away is waited for; a restart takes less."""
PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 5.0
TIMES: Final = 20
"""How often a transaction is done again that met others in the wrong order."""
BEAT: Final = 4.0
"""Seconds between two words that this process's runs are alive."""
BROKEN: Final = (psycopg.OperationalError, psycopg.InterfaceError)
AGAIN: Final = (
    errors.DeadlockDetected, errors.SerializationFailure, errors.UniqueViolation, errors.LockNotAvailable,
    errors.PipelineAborted,
)  # fmt: skip
"""What another transaction may cause; done again, it may not."""


class Session:
    """What all runs of a process share that use the same state: a connection, a thread, and who is at work."""

    def __init__(self, place: StatePlace) -> None:
        self.database = PostgresDatabase(place)
        self.locks = PostgresLocks(self.database)
        self.engine = Engine(self._transaction)
        self.users = 0
        self.settled: set[Path] = set()
        """Folders in which nothing is left of others."""
        self.patience = PATIENCE
        self.id = uuid.uuid4().hex
        self.number = 0
        """Of the transaction that was begun last."""
        self._beat = time.monotonic()
        self.database.execute(
            "INSERT INTO session (id, number, seen) VALUES (?, 0, ?)",
            (self.id, self.database.now()),
        )

    def close(self) -> None:
        """Close it, when nobody uses it any more."""
        self.engine.shut()
        with suppress(psycopg.Error):
            self.database.execute("DELETE FROM session WHERE id = ?", (self.id,))
        self.database.close()

    def _transaction(self, works: Sequence[Work]) -> list[Any]:
        """Do pieces of work together; what one of them breaks is done apart from it."""
        try:
            return self._persist(works)
        except Exception:
            if len(parties_of(works)) == 1 or self.database.connection.closed:
                raise
        # Crawls of many sources share the connection: one that fails is to fail alone.
        results = []
        for party in parties_of(works):
            own = [work for work in works if work.party is party]
            try:
                done = self._persist(own)
            except Exception as error:  # noqa: BLE001 - it is raised where that party waits
                done = [error] * len(own)
            results += list(zip(own, done, strict=True))
        by_work = {id(work): done for work, done in results}
        return [by_work[id(work)] for work in works]

    def _persist(self, works: Sequence[Work]) -> list[Any]:
        """Do a transaction, again where it met others in the wrong order or its server went away."""
        late, times = time.monotonic() + self.patience, 0
        while True:
            self.number += 1
            try:
                return self._once(works)
            except _Gone as gone:
                if self._is_done(gone, late, works):
                    return gone.results
            except AGAIN as error:
                times += 1
                if times > TIMES:
                    raise self.database.explain(error) from error
            except psycopg.Error as error:
                raise self.database.explain(error) from error

    def _once(self, works: Sequence[Work]) -> list[Any]:
        parties, connection = parties_of(works), self.database.connection
        results, is_at_commit = list[Any](), False
        try:
            connection.execute("BEGIN")
            with self.database.piping():
                self._begin()
                results = [work.call() for work in works]
                for party in parties:
                    party.before_commit()
            is_at_commit = True
            connection.execute("COMMIT")
        except BaseException as error:
            if isinstance(error, BROKEN) and connection.broken:
                raise _Gone(error, results, is_at_commit=is_at_commit) from error
            with suppress(psycopg.Error):
                connection.execute("ROLLBACK")
            undo(parties)
            raise
        keep(parties)
        return results

    def _begin(self) -> None:
        """Write the number of the transaction, which tells afterwards whether it was committed; and that we are alive."""
        self.locks.free()
        if self.locks.missing:
            self.locks.take_again()
        self.database.execute(
            "UPDATE session SET number = ?, seen = ? WHERE id = ?",
            (self.number, self.database.now(), self.id),
        )
        if time.monotonic() - self._beat > BEAT and (own := sorted(self.locks.own())):
            self._beat = time.monotonic()
            self.database.executemany(
                "UPDATE run SET seen = ? WHERE id = ?", [(self.database.now(), run) for run in own]
            )

    def _is_done(self, gone: "_Gone", late: float, works: Sequence[Work]) -> bool:
        """Find out, when the server is there again, whether a transaction was committed; what was not is taken back."""
        parties = parties_of(works)
        try:
            logger.warning("the crawl state went away, and is waited for: %s", gone)
            self._wait_for_it(late)
            is_done = gone.is_at_commit and self._was_committed()
        except BaseException as error:
            undo(parties)
            if isinstance(error, psycopg.Error):
                raise self.database.explain(error) from error
            raise
        if not is_done:
            undo(parties)
            return False
        keep(parties)
        return True

    def _wait_for_it(self, late: float) -> None:
        """Connect again, however often it takes, and take the locks of this process's runs again."""
        old, pause = self.database.backend, PAUSE
        while True:
            try:
                self.database.reconnect()
                # It may not know yet that we have gone, and be about to commit still.
                self.database.end_backend(*old)
                self.locks.missing |= self.locks.own()
                self.locks.take_again()
            except psycopg.Error:
                if time.monotonic() > late:
                    raise
                time.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                return

    def _was_committed(self) -> bool:
        # For update: a transaction that is being committed still is waited for.
        row = self.database.connection.execute(
            "SELECT number FROM session WHERE id = %s FOR UPDATE", (self.id,)
        ).fetchone()
        return bool(row and row[0] == self.number)


class _Gone(Exception):
    """The connection broke; what the transaction would have given, if it was about to commit."""

    def __init__(self, error: Exception, results: list[Any], *, is_at_commit: bool) -> None:
        super().__init__(" ".join(str(error).split()))
        self.results = results
        self.is_at_commit = is_at_commit


_sessions: dict[StatePlace, Session] = {}
_guard = threading.Lock()


def session_of(place: StatePlace) -> Session:
    """Give the session of this process with a state; `leave` it once."""
    with _guard:
        if place not in _sessions:
            _sessions[place] = Session(place)
        _sessions[place].users += 1
        return _sessions[place]


def leave(place: StatePlace) -> None:
    """Leave a session; the last one closes it."""
    with _guard:
        session = _sessions[place]
        session.users -= 1
        if not session.users:
            del _sessions[place]
            session.close()
