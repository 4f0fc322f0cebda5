"""A connection to a state in PostgreSQL, and the locks by which others know who is alive."""

import logging
import os
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any, Final

from newscrawl.errors import NoStateError, StateError, UsageError
from newscrawl.state.backend import LEASED_URL, NEW_URL, Dialect, Rows
from newscrawl.state.place import StatePlace
from newscrawl.state.postgres_schema import FIRST, MIGRATIONS, SCHEMA_VERSION
from newscrawl.state.running import machine

try:
    import psycopg
    from psycopg import errors
    from psycopg.adapt import Loader
    from psycopg.types.string import StrDumper
except ModuleNotFoundError as missing:
    raise UsageError("a state in PostgreSQL needs newscrawl[postgres]") from missing


# What psycopg says of connections that break is said by us.
logging.getLogger("psycopg").setLevel(logging.ERROR)

CONNECT_SECONDS: Final = 10
GRACE: Final = 60.0
"""Seconds after a start of the server in which runs that were at work before count as alive: they connect again."""
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
RUNS, SERIAL = 1, 2
"""Kinds of advisory locks."""


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
        self.class_of = {kind: number_of(f"{place.schema}:{kind}") for kind in (RUNS, SERIAL)}
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
            "SELECT pg_advisory_xact_lock(%s, %s)", (self.class_of[SERIAL], number_of(what))
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
                self._refuse_powerless()
                raise NoStateError(
                    f"there is no crawl state at {self.place}: newscrawl crawl SOURCE begins one"
                )
            with self.connection.transaction():
                # Two that begin at the same moment make the tables one after the other.
                self.serialise("schema")
                self._migrate(self._version())
        except psycopg.Error as error:
            raise self.explain(error) from error

    def _refuse_powerless(self) -> None:
        """Tell a user who could not make a state, nor perhaps see one.

        Raises:
            StateError: it is one.

        """
        row = self.connection.execute(
            "SELECT has_database_privilege(current_database(), 'CREATE') OR EXISTS "
            "(SELECT 1 FROM pg_namespace WHERE nspname = %s AND has_schema_privilege(oid, 'CREATE'))",
            (self.place.schema,),
        ).fetchone()
        if row and not row[0]:
            raise StateError(
                f"{self.place}: this user sees no crawl state there, and may make none; docs/scale.md names the rights"
            )

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
            f"SELECT id, machine, pid FROM run WHERE id IN ({marks}) AND (seen > ? OR (started < ? AND ? < ?))",
            (*asked, now - SILENCE, started, now - started, GRACE),
        )
        # Of a process that was on this machine it can be seen that it is gone: who starts it again need not wait.
        found |= {int(run) for run, where, pid in heard if where != machine() or _is_there(pid)}
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


class ExplainedDatabase(PostgresDatabase):
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


@lru_cache(maxsize=1000)
def _translated(query: str) -> str:
    """Write a statement with psycopg's marks."""
    return query.replace("%", "%%").replace("?", "%s")


def number_of(text: str) -> int:
    """Make a number of four bytes of a word, the same on all machines."""
    return zlib.crc32(text.encode("utf-8", "replace")) - (1 << 31)


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is another user's
        return True
    return True
