"""The state in a PostgreSQL database, for any number of machines.

Hosts are claimed with `SKIP LOCKED`, and held by a count that the claim itself raises, so that two claims at the same
moment never get the same host. A transaction that met another one in the wrong order, or whose server went away, is done
again; of one that broke at its commit the server is asked what became of it.
"""

import logging
import os
import threading
import time
import uuid
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from newscrawl.errors import NoStateError, StateError, UsageError
from newscrawl.state import Manners, RunKey
from newscrawl.state.back_ends import BackEnd
from newscrawl.state.backend import LEASED_URL, NEW_URL, Dialect, Rows
from newscrawl.state.ending import BURIED
from newscrawl.state.engine import Engine, Party, Work, parties_of
from newscrawl.state.files import slots_of
from newscrawl.state.frontier import SQLFrontier
from newscrawl.state.lines import REMOTE, Lines, open_lines
from newscrawl.state.place import StatePlace
from newscrawl.state.postgres_schema import FIRST, MIGRATIONS, SCHEMA_VERSION
from newscrawl.state.running import Run, machine

try:
    import psycopg
    from psycopg import errors
    from psycopg.adapt import Loader
    from psycopg.types.string import StrDumper
except ModuleNotFoundError as missing:
    raise UsageError("a state in PostgreSQL needs newscrawl[postgres]") from missing

logger = logging.getLogger(__name__)

CONNECT_SECONDS: Final = 10
PATIENCE: Final = 120.0
"""Seconds for which a server that went away is waited for; a restart takes less."""
PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 5.0
GRACE: Final = 60.0
"""Seconds after a start of the server in which runs that were at work before count as alive: they connect again."""
TIMES: Final = 20
"""How often a transaction is done again that met others in the wrong order."""
BEAT: Final = 4.0
"""Seconds between two words that this process's runs are alive."""
SILENCE: Final = 15.0
"""Seconds without a word after which a run whose lock is gone counts as dead: a connection can break under one that lives."""
CLOCK_SECONDS: Final = 60.0
"""Seconds between two looks at the server's clock."""
IDLE_SECONDS: Final = 120
"""Seconds after which the server ends a transaction in which nothing happens: its client hangs, and others wait."""
SESSION: Final = (
    f"-c idle_in_transaction_session_timeout={IDLE_SECONDS}s -c tcp_keepalives_idle=20 "
    "-c tcp_keepalives_interval=10 -c tcp_keepalives_count=3 -c client_min_messages=warning -c application_name=newscrawl"
)
"""A machine that is cut off without a word is noticed within a minute: until then its runs count as alive."""
WRONG_CLOCK: Final = 60.0
"""Seconds by which this machine's clock may differ from the server's."""
PLACE_FILE: Final = ".place"
RUNS, WORKERS, SERIAL = 1, 2, 3
"""Kinds of advisory locks."""
BROKEN: Final = (psycopg.OperationalError, psycopg.InterfaceError)
AGAIN: Final = (
    errors.DeadlockDetected, errors.SerializationFailure, errors.UniqueViolation, errors.LockNotAvailable,
    errors.PipelineAborted,
)  # fmt: skip
"""What another transaction may cause; done again, it may not."""


class _Text(StrDumper):
    """Writes text as PostgreSQL can hold it: no NUL, no half of a surrogate pair."""

    def dump(self, obj: str) -> bytes:
        """Encode it."""
        return obj.replace("\0", "�").encode("utf-8", "replace")


class _Whole(Loader):
    """Reads sums of whole numbers, which PostgreSQL gives without limit, as whole numbers."""

    def load(self, data: Any) -> int | float:
        """Decode it."""
        text = bytes(data).decode()
        return int(text) if text.lstrip("-").isdigit() else float(text)


class _Late:
    """What a statement gave that may be on its way still."""

    def __init__(self, cursor: "psycopg.Cursor[Any]", pipeline: "psycopg.Pipeline") -> None:
        self.cursor = cursor
        self.pipeline = pipeline
        self.fetchone = cursor.fetchone
        self.fetchall = cursor.fetchall

    def __iter__(self) -> Iterator[Any]:
        """Give one row after the other."""
        return iter(self.cursor.fetchall())

    @property
    def rowcount(self) -> int:
        """Rows that were changed; waits until it is known."""
        self.pipeline.sync()
        return self.cursor.rowcount


class PostgresDatabase:
    """A connection to a state in PostgreSQL, as `newscrawl.state.backend.Database` asks for it.

    Args:
        place: where it is.
        create: whether the tables are made where there are none.

    Raises:
        StateError: it cannot be used.

    """

    dialect = Dialect(
        busy="h.busy",
        skip_locked="FOR UPDATE OF h SKIP LOCKED",
        skip_locked_rows="FOR UPDATE SKIP LOCKED",
        for_update="FOR UPDATE",
        for_update_of_url="FOR UPDATE OF u",
        poll_seconds=0.5,
    )

    def __init__(self, place: StatePlace, *, create: bool = True) -> None:
        self.place = place
        self.class_of = {
            kind: _number(f"{place.schema}:{kind}") for kind in (RUNS, WORKERS, SERIAL)
        }
        self._pipeline: psycopg.Pipeline | None = None
        self.backend = (0, "")
        """The server's process for the connection, and since when it is."""
        self._skew = 0.0
        self._looked = -CLOCK_SECONDS
        self.connection = self._connected()
        try:
            self._prepare(create=create)
        except BaseException:
            self.connection.close()
            raise

    # -- the interface ------------------------------------------------------------------------

    def execute(self, query: str, values: Sequence[Any] = (), /) -> Rows:
        """Run a statement; within `piping` it may be on its way still when this returns."""
        if not values:
            cursor = self.connection.execute(query)
        else:
            cursor = self.connection.execute(_translated(query), values)
        return _Late(cursor, self._pipeline) if self._pipeline else cursor

    @contextmanager
    def piping(self) -> Iterator[None]:
        """Wait for the server only where something is to be read: most statements of a transaction only change something."""
        with self.connection.pipeline() as pipeline:
            self._pipeline = pipeline
            try:
                yield
            finally:
                self._pipeline = None

    def lease_urls(
        self, run: int, wanted: Sequence[tuple[int, Any, int]], now: float, until: float
    ) -> list[Sequence[Any]]:
        """Lease addresses of all hosts in one statement."""
        hosts, kinds, rooms = (list(column) for column in zip(*wanted, strict=True))
        columns = ", ".join(f"u.{name}" for name in LEASED_URL)
        return self.connection.execute(
            "WITH wanted AS (SELECT * FROM unnest(%s::int8[], %s::bool[], %s::int4[]) AS w (host, is_article, room)), "
            "taken AS (SELECT one.id FROM wanted AS w CROSS JOIN LATERAL (SELECT id FROM url WHERE run = %s AND host = w.host "
            "AND is_article = w.is_article AND state = 0 AND coalesce(not_before, 0) <= %s "
            "ORDER BY priority DESC, attempts, id LIMIT w.room FOR UPDATE SKIP LOCKED) AS one) "
            "UPDATE url AS u SET state = 1, held = host, lease_until = %s, attempts = attempts + 1 "
            f"FROM taken WHERE u.id = taken.id RETURNING {columns}",
            (hosts, kinds, rooms, run, now, until),
        ).fetchall()

    def hand_over(self, waiting: tuple[int, int, Any], run: int, now: float, most: int) -> int:
        """Let waiting addresses go over to another run."""
        return self.execute(
            "WITH taken AS (SELECT id FROM url WHERE run = ? AND host = ? AND is_article = ? AND state = 0 "
            "AND coalesce(not_before, 0) <= ? ORDER BY priority DESC, attempts, id LIMIT ? FOR UPDATE SKIP LOCKED) "
            "UPDATE url SET run = ?, met = ? WHERE id IN (SELECT id FROM taken)",
            (*waiting, now, most, run, -run),
        ).rowcount

    def executemany(self, query: str, values: Iterable[Sequence[Any]], /) -> Any:
        """Run a statement for each of several rows, in one journey."""
        rows = list(values)
        if rows:
            self.connection.cursor().executemany(_translated(query), rows)

    def insert_urls(self, rows: Sequence[Sequence[Any]]) -> set[bytes]:
        """Insert addresses that nobody has, all in one statement."""
        columns = list(zip(*rows, strict=True))
        types = ("bytea", "text", "int8", "bool", "int8", "int8", "int8", "float8", "bytea", "text")
        given = ", ".join(f"%s::{kind}[]" for kind in types)
        query = (
            f"INSERT INTO url ({NEW_URL}) SELECT * FROM unnest({given}) "
            "ON CONFLICT (key) DO NOTHING RETURNING key"
        )
        found = self.connection.execute(query, [list(column) for column in columns])
        return {bytes(key) for (key,) in found}

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Run a transaction; it is not done again."""
        try:
            with self.connection.transaction():
                yield
        except psycopg.Error as error:
            raise self.explain(error) from error

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read as of one moment."""
        with self.connection.transaction():
            self.connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            yield

    def stream(self, query: str, at_once: int) -> Iterator[Sequence[Any]]:
        """Give rows as they are asked for, within `reading`."""
        with self.connection.cursor(name="stream") as cursor:
            cursor.itersize = at_once
            cursor.execute(query.encode())
            yield from cursor

    def fill(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        """Insert many rows by COPY."""
        names, number = ", ".join(f'"{name}"' for name in columns), 0
        with (
            self.connection.cursor() as cursor,
            cursor.copy(f"COPY {table} ({names}) FROM STDIN".encode()) as copy,
        ):
            for row in rows:
                copy.write_row(row)
                number += 1
        return number

    def settle_numbers(self, tables: Sequence[str]) -> None:
        """Set the sequences behind the greatest number."""
        for table in tables:
            self.connection.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table} HAVING max(id) > 0".encode()
            )

    def explain(self, error: Exception) -> StateError:
        """Say what an error means, and what to do."""
        said = " ".join(str(error).split())
        meanings: dict[type[Exception], str] = {
            errors.InsufficientPrivilege: "may not be used by this user: grant it what docs/scale.md names",
            errors.DiskFull: "cannot grow: the server's disk is full",
            errors.ReadOnlySqlTransaction: "is read-only: this server is a standby",
            errors.TooManyConnections: "takes no more connections: raise max_connections, or have fewer workers",
        }
        for kind, meaning in meanings.items():
            if isinstance(error, kind):
                return StateError(f"the crawl state {self.place} {meaning} ({said})")
        return StateError(f"the crawl state {self.place} cannot be used: {said}")

    def now(self) -> float:
        """Give the server's time: clocks of many machines differ, and hosts rest by one."""
        if time.monotonic() - self._looked > CLOCK_SECONDS:
            before = time.time()
            row = self.connection.execute(
                "SELECT extract(epoch FROM clock_timestamp())::float8"
            ).fetchone()
            after = time.time()
            self._skew = (row[0] if row else before) - (before + after) / 2
            self._looked = time.monotonic()
        return time.time() + self._skew

    @contextmanager
    def moving(self, run: int, job: str) -> Iterator[None]:
        """Count once what waits, where many addresses go over to a run: a trigger would count each."""
        self.execute("SET LOCAL newscrawl.moving TO on")
        yield
        self.execute("SET LOCAL newscrawl.moving TO off")
        runs = "(SELECT id FROM run WHERE id = ? OR (job = ? AND ended IS NOT NULL))"
        self.execute(f"DELETE FROM queue WHERE run IN {runs}", (run, job))
        self.execute(
            "INSERT INTO queue (run, is_article, host, waiting) SELECT run, is_article, host, count(*) FROM url "
            f"WHERE state = 0 AND run IN {runs} GROUP BY 1, 2, 3",
            (run, job),
        )

    def serialise(self, what: str) -> None:
        """Let nobody else pass here with the same word until the transaction is over."""
        self.connection.execute(
            "SELECT pg_advisory_xact_lock(%s, %s)", (self.class_of[SERIAL], _number(what))
        )

    def problems(self) -> Iterator[str]:
        """Check what is counted beside the addresses; the server checks its files itself."""
        query = "SELECT count(*) FROM host AS h WHERE busy <> (SELECT count(*) FROM url WHERE state = 1 AND held = h.id)"
        row = self.connection.execute(query).fetchone()
        if row and row[0]:
            yield f"{row[0]} hosts do not count what is leased"

    def quick_problems(self) -> list[str]:
        """Tell whether it can be written, and whether this machine's clock is right."""
        found = []
        row = self.connection.execute("SELECT pg_is_in_recovery()").fetchone()
        if row and row[0]:
            found.append("this server is a standby, which nobody can write to: name the primary")
        if abs(self.now() - time.time()) > WRONG_CLOCK:
            found.append(
                f"its clock and this machine's differ by {self.now() - time.time():+.0f} s"
            )
        return found

    def size(self) -> int:
        """Give the bytes of its tables and indices."""
        query = (
            "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::int8 FROM pg_class AS c "
            "JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relkind = 'r'"
        )
        row = self.connection.execute(query, (self.place.schema,)).fetchone()
        return int(row[0]) if row else 0

    def tidy(self) -> int:
        """Nothing: the server gives room back by itself (autovacuum)."""
        return 0

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    # -- connecting -----------------------------------------------------------------------------

    def reconnect(self) -> None:
        """Connect again, after the server went away.

        Raises:
            psycopg.OperationalError: it is not back yet.

        """
        with suppress(psycopg.Error):
            self.connection.close()
        self._looked = -CLOCK_SECONDS
        self.connection = self._connect()

    def end_backend(self, pid: int, since: str) -> None:
        """End the server's side of a connection that is lost, if it is there still, and wait until it has ended."""
        self.connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid = %s AND backend_start::text = %s",
            (pid, since),
        ).fetchall()

    def started(self) -> float:
        """Give when the server was started, in seconds since 1970."""
        query = "SELECT extract(epoch FROM pg_postmaster_start_time())::float8"
        row = self.connection.execute(query).fetchone()
        return float(row[0]) if row else 0.0

    def _connected(self) -> "psycopg.Connection[Any]":
        try:
            return self._connect()
        except psycopg.Error as error:
            said = self.place.without_secret(" ".join(str(error).split()))
            raise StateError(f"the crawl state {self.place} cannot be reached: {said}") from None

    def _connect(self) -> "psycopg.Connection[Any]":
        assert self.place.server is not None
        connection = psycopg.connect(
            self.place.server, autocommit=True, connect_timeout=CONNECT_SECONDS, options=SESSION,
            keepalives_idle=20, keepalives_interval=10, keepalives_count=3,
        )  # fmt: skip
        connection.adapters.register_dumper(str, _Text)
        connection.adapters.register_loader("numeric", _Whole)
        connection.execute(f'SET search_path TO "{self.place.schema}", pg_catalog')
        row = connection.execute(
            "SELECT backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()"
        ).fetchone()
        self.backend = (connection.info.backend_pid, str(row[0]) if row else "")
        return connection

    def _prepare(self, *, create: bool) -> None:
        try:
            version = self._version()
            if version == SCHEMA_VERSION:
                return
            if version is None and not create:
                raise NoStateError(
                    f"there is no crawl state at {self.place}: newscrawl crawl SOURCE begins one"
                )
            with self.connection.transaction():
                # Two that begin at the same moment make the tables one after the other.
                self.serialise("schema")
                self._migrate(self._version())
        except psycopg.Error as error:
            raise self.explain(error) from error

    def _version(self) -> int | None:
        """Give the version of the schema; None where there is none.

        Raises:
            StateError: it is newer than this program, or not ours.

        """
        found = self.connection.execute(
            "SELECT (SELECT count(*) FROM pg_tables WHERE schemaname = %s), to_regclass(%s) IS NOT NULL",
            (self.place.schema, f'"{self.place.schema}".newscrawl'),
        ).fetchone()
        tables, is_ours = found or (0, False)
        if not is_ours:
            if tables:
                raise StateError(
                    f"{self.place}: the schema {self.place.schema} has tables of another program; name another, ?schema=…"
                )
            return None
        row = self.connection.execute("SELECT max(version) FROM newscrawl").fetchone()
        version = int(row[0]) if row else 0
        if version > SCHEMA_VERSION:
            raise StateError(
                f"{self.place} was written by a newer newscrawl (state schema {version}, this one knows "
                f"{SCHEMA_VERSION}); use that version"
            )
        return version

    def _migrate(self, version: int | None) -> None:
        if version is None:
            # Asked first: to make one needs rights that nobody needs for one that is there.
            known = "SELECT 1 FROM pg_namespace WHERE nspname = %s"
            if self.connection.execute(known, (self.place.schema,)).fetchone() is None:
                self.connection.execute(f'CREATE SCHEMA "{self.place.schema}"')
            self.connection.execute(
                "CREATE TABLE newscrawl (version INTEGER NOT NULL, since TIMESTAMPTZ DEFAULT now())"
            )
            version = FIRST - 1
        for number in range(version + 1, SCHEMA_VERSION + 1):
            # Names are compared by their bytes, as SQLite does.
            script = MIGRATIONS[number - FIRST].replace(" TEXT", ' TEXT COLLATE "C"')
            self.connection.execute(script)
            self.connection.execute("INSERT INTO newscrawl (version) VALUES (%s)", (number,))


class PostgresLocks:
    """Tells runs that are alive from those that died: each holds an advisory lock, which goes with its connection."""

    def __init__(self, database: PostgresDatabase, kind: int = RUNS) -> None:
        self.database = database
        self.kind = database.class_of[kind]
        self._own: set[int] = set()
        self._released: list[int] = []
        self.missing: set[int] = set()
        """Own runs whose lock went with a connection, and is not taken again yet."""
        self.lost: set[int] = set()
        """Own runs that were taken for dead meanwhile."""

    def take(self, number: int) -> None:
        """Take the lock of a new run."""
        self.database.execute("SELECT pg_advisory_lock(?, ?)", (self.kind, number))
        self._own.add(number)

    def take_again(self) -> None:
        """Take those that the old connection had; the server may not have noticed yet that it is gone."""
        for number in list(self.missing):
            ended = self.database.execute(
                "SELECT ended FROM run WHERE id = ?", (number,)
            ).fetchone()
            if ended is None or ended[0] is not None:
                self.lost.add(number)
                self.missing.discard(number)
                continue
            row = self.database.execute(
                "SELECT pg_try_advisory_lock(?, ?)", (self.kind, number)
            ).fetchone()
            if row and row[0]:
                self.missing.discard(number)

    def own(self) -> set[int]:
        """Give those of this process."""
        return self._own - self.lost

    def is_own(self, number: int) -> bool:
        """Tell whether this process holds it."""
        return number in self._own

    def is_alive(self, number: int) -> bool:
        """Tell whether a process holds it; see `living`."""
        return number in self.living([number])

    def living(self, numbers: Sequence[int]) -> set[int]:
        """Give those that a process holds, or may be about to take again after the server was restarted."""
        asked = [number for number in numbers if number not in self._own]
        found = set(numbers) - set(asked)
        if not asked:
            return found
        rows = self.database.execute(
            "SELECT objid::int8 FROM pg_locks WHERE locktype = 'advisory' AND classid = ?::int4::oid AND objsubid = 2 "
            "AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            (self.kind,),
        )
        found |= {int(number) for (number,) in rows} & set(asked)
        started, now = self.database.started(), self.database.now()
        marks = ", ".join("?" for _ in asked)
        heard = self.database.execute(
            f"SELECT id FROM run WHERE id IN ({marks}) AND (seen > ? OR (started < ? AND ? < ?))",
            (*asked, now - SILENCE, started, now - started, GRACE),
        )
        found |= {int(number) for (number,) in heard}
        return found

    def release(self, number: int) -> None:
        """Give it back, with the next transaction: the connection may be in the middle of one."""
        if number in self._own:
            self._own.discard(number)
            self._released.append(number)

    def free(self) -> None:
        """Give back what was released."""
        while self._released:
            self.database.execute(
                "SELECT pg_advisory_unlock(?, ?)", (self.kind, self._released.pop())
            )


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
            _undo(parties)
            raise
        for party in parties:
            party.committed()
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
            _undo(parties)
            if isinstance(error, psycopg.Error):
                raise self.database.explain(error) from error
            raise
        if not is_done:
            _undo(parties)
            return False
        for party in parties:
            party.committed()
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


def _undo(parties: Sequence[Party]) -> None:
    for party in reversed(parties):
        party.undone()


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


class PostgresFrontier(SQLFrontier):
    """A run's view of a state in PostgreSQL.

    Args:
        place: where the state is.
        articles: the folder of the article files on this machine, or the address of shared storage.
        run: what the run is known by.
        manners: how far the run may go, and how it treats hosts.

    Raises:
        StateError: the state cannot be used, or a source of the run is being crawled by another one.

    """

    def __init__(
        self, place: StatePlace, articles: Path | str, run: RunKey, manners: Manners | None = None
    ) -> None:
        self.place = place
        self.session = session_of(place)
        try:
            database = self.session.database
            is_remote = isinstance(articles, str) and REMOTE in articles
            lines = open_lines(
                database, articles,
                "" if is_remote else self.session.engine.do_now(_Nobody(), lambda: known_place(database, Path(articles))),
                None if is_remote else slots_of(Path(articles).absolute()),
            )  # fmt: skip
            context = Run(
                database=database, locks=self.session.locks, lines=lines, key=run, manners=manners or Manners(),
            )  # fmt: skip
            if not is_remote:
                self._settle(lines, Path(articles).absolute())
            super().__init__(context, self.session.engine)
        except BaseException:
            leave(place)
            raise

    def _settle(self, lines: Lines, folder: Path) -> None:
        """Take out what the last one who wrote under this number has left uncommitted, once in a process."""
        if folder not in self.session.settled:
            since = slots_of(folder).since()
            self.session.engine.do_now(_Nobody(), lambda: lines.settle(since))
            self.session.settled.add(folder)

    async def _do(self, call: Callable[[], Any]) -> Any:
        if self.run in self.session.locks.lost:
            raise StateError(BURIED)
        result = await super()._do(call)
        if isinstance(result, BaseException):
            raise result
        return result

    def _shut(self) -> None:
        self.context.lines.close()
        self.locks.release(self.run)
        leave(self.place)


class _Nobody:
    """Does something in a transaction without keeping anything beside it."""

    def before_commit(self) -> None:
        """Nothing."""

    committed = undone = before_commit


class _Explained(PostgresDatabase):
    """A connection whose errors say what they mean, for whoever looks at a state and does not try again."""

    def execute(self, query: str, values: Sequence[Any] = (), /) -> Rows:
        """Run a statement.

        Raises:
            StateError: the state cannot be used.

        """
        with self._explained():
            return super().execute(query, values)

    def stream(self, query: str, at_once: int) -> Iterator[Sequence[Any]]:
        """Give rows as they are asked for."""
        with self._explained():
            yield from super().stream(query, at_once)

    def fill(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        """Insert many rows."""
        with self._explained():
            return super().fill(table, columns, rows)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            raise self.explain(error) from error


def open_server(place: StatePlace, *, create: bool = True) -> BackEnd:
    """Open a state in PostgreSQL to be looked at, on a connection of its own."""
    database = _Explained(place, create=create)
    return BackEnd(
        database=database, locks=PostgresLocks(database), place_id=read_place,
        name_place=lambda folder: known_place(database, Path(folder)),
    )  # fmt: skip


def read_place(folder: Path | str) -> str:
    """Give what a folder of article files is known by; nothing where nobody has written there."""
    try:
        return (Path(folder) / PLACE_FILE).read_text().strip()
    except OSError:
        return str(folder) if REMOTE in str(folder) else ""


def known_place(database: PostgresDatabase, folder: Path) -> str:
    """Give what a folder is known by, which is made up if it is new, and tell the state where it is.

    Raises:
        StateError: the folder cannot be written.

    """
    name = read_place(folder)
    if not name:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # Under its name only when it is whole: another worker may look for it at this moment.
            draft = folder / f"{PLACE_FILE}.{uuid.uuid4().hex}"
            draft.write_text(uuid.uuid4().hex)
            with suppress(FileExistsError):
                (folder / PLACE_FILE).hardlink_to(draft)
            draft.unlink()
        except OSError as error:
            raise StateError(f"cannot write {folder}: {error.strerror}") from error
        name = read_place(folder)
    if not name:
        raise StateError(f"{folder / PLACE_FILE} is empty: remove it")
    database.execute(
        "INSERT INTO place (id, machine, path) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
        "machine = excluded.machine, path = excluded.path "
        "WHERE (place.machine, place.path) <> (excluded.machine, excluded.path)",
        (name, machine(), str(folder.absolute())),
    )
    return name


@lru_cache(maxsize=1000)
def _translated(query: str) -> str:
    """Write a statement with psycopg's marks."""
    return query.replace("%", "%%").replace("?", "%s")


def _number(text: str) -> int:
    """Make a number of four bytes of a word, the same on all machines."""
    return zlib.crc32(text.encode("utf-8", "replace")) - (1 << 31)


@contextmanager
def alone_on(place: StatePlace) -> Iterator[tuple[str, float] | None]:
    """Hold the lock of runs of what is due; give who has it and since when, where it is taken.

    Raises:
        StateError: there is no state, or it cannot be used.

    """
    database = _Explained(place, create=False)
    try:
        key = (database.class_of[SERIAL], _number("due"))
        told = f"newscrawl due {os.getpid()} on {machine()}"
        database.execute("SELECT set_config('application_name', ?, false)", (told[:63],))
        taken = database.execute("SELECT pg_try_advisory_lock(?, ?)", key).fetchone()
        if taken and taken[0]:
            yield None
            return
        holder = database.execute(
            "SELECT a.application_name, extract(epoch FROM a.backend_start)::float8 FROM pg_locks AS l "
            "JOIN pg_stat_activity AS a ON a.pid = l.pid WHERE l.locktype = 'advisory' AND l.granted "
            "AND l.classid = ?::int4::oid AND l.objid = ?::int4::oid AND l.pid <> pg_backend_pid() "
            "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            key,
        ).fetchone()
        who, since = holder or ("", database.now())
        yield str(who).removeprefix("newscrawl due ") or "unknown", float(since)
    finally:
        database.close()
