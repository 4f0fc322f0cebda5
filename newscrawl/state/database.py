"""Open the state file: its schema and migrations, and a clear refusal of what cannot be used."""

import logging
import math
import shutil
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout

from newscrawl.errors import NoStateError, StateError
from newscrawl.state.backend import LEASED_URL, NEW_URL, Dialect
from newscrawl.state.place import StatePlace

logger = logging.getLogger(__name__)

APPLICATION_ID: Final = 0x6E637773
"""Marks the file as ours: `ncws`."""
BUSY_SECONDS: Final = 30.0
"""How long to wait for another run's transaction, which takes milliseconds."""
CACHE_KIB: Final = 65_536

SCHEMA_1: Final = """
CREATE TABLE run (
    id INTEGER PRIMARY KEY, job TEXT NOT NULL, locks TEXT NOT NULL, pid INTEGER NOT NULL,
    started REAL NOT NULL, ended REAL, reason TEXT, asked INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX run_of_job ON run (job);
CREATE INDEX run_open ON run (id) WHERE ended IS NULL;
CREATE TABLE ledger (
    run INTEGER NOT NULL, outcome TEXT NOT NULL, reason TEXT NOT NULL, number INTEGER NOT NULL,
    PRIMARY KEY (run, outcome, reason)
) WITHOUT ROWID;
CREATE TABLE host (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, source TEXT NOT NULL,
    next_at REAL NOT NULL DEFAULT 0, distrusted INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX host_of_source ON host (source);
-- state: 0 waiting, 1 leased, 2 done. due: when a done address is looked at again.
CREATE TABLE url (
    id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, url TEXT NOT NULL, host INTEGER NOT NULL,
    state INTEGER NOT NULL DEFAULT 0, is_article INTEGER NOT NULL, run INTEGER NOT NULL, met INTEGER NOT NULL,
    priority INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0, held INTEGER,
    lease_until REAL, due REAL, outcome TEXT, reason TEXT, found REAL NOT NULL, first_fetched REAL,
    fetched REAL, failures INTEGER NOT NULL DEFAULT 0, unchanged INTEGER NOT NULL DEFAULT 0,
    hints INTEGER NOT NULL DEFAULT 0, etag TEXT, last_modified TEXT, article INTEGER, request BLOB
);
CREATE INDEX url_ready ON url (run, is_article, host, priority DESC, attempts, id) WHERE state = 0;
CREATE INDEX url_held ON url (held) WHERE state = 1;
CREATE INDEX url_leased ON url (run) WHERE state = 1;
CREATE INDEX url_due ON url (due) WHERE state = 2 AND due IS NOT NULL;
CREATE INDEX url_host ON url (host);
-- How many addresses wait, by run and host; kept by the triggers.
CREATE TABLE queue (
    run INTEGER NOT NULL, is_article INTEGER NOT NULL, host INTEGER NOT NULL, waiting INTEGER NOT NULL,
    PRIMARY KEY (run, is_article, host)
) WITHOUT ROWID;
CREATE TRIGGER url_added AFTER INSERT ON url WHEN new.state = 0 BEGIN
    INSERT INTO queue VALUES (new.run, new.is_article, new.host, 1)
    ON CONFLICT DO UPDATE SET waiting = waiting + 1;
END;
CREATE TRIGGER url_left AFTER UPDATE OF state, run, is_article ON url WHEN old.state = 0 BEGIN
    UPDATE queue SET waiting = waiting - 1
    WHERE run = old.run AND is_article = old.is_article AND host = old.host;
    DELETE FROM queue
    WHERE run = old.run AND is_article = old.is_article AND host = old.host AND waiting = 0;
END;
CREATE TRIGGER url_came AFTER UPDATE OF state, run, is_article ON url WHEN new.state = 0 BEGIN
    INSERT INTO queue VALUES (new.run, new.is_article, new.host, 1)
    ON CONFLICT DO UPDATE SET waiting = waiting + 1;
END;
CREATE TRIGGER url_gone AFTER DELETE ON url WHEN old.state = 0 BEGIN
    UPDATE queue SET waiting = waiting - 1
    WHERE run = old.run AND is_article = old.is_article AND host = old.host;
END;
-- url: the address it was first stored from; key: the one that its versions are read from.
CREATE TABLE article (
    id INTEGER PRIMARY KEY, url INTEGER NOT NULL, key BLOB NOT NULL, number INTEGER NOT NULL,
    hash BLOB NOT NULL, fingerprint BLOB NOT NULL, title TEXT, text_hash TEXT NOT NULL
);
CREATE INDEX article_url ON article (url);
CREATE INDEX article_fingerprint ON article (fingerprint);
CREATE TABLE alias (key BLOB PRIMARY KEY, article INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX alias_article ON alias (article);
CREATE TABLE version (
    article INTEGER NOT NULL, number INTEGER NOT NULL, run INTEGER NOT NULL, stored REAL NOT NULL,
    file INTEGER NOT NULL, start INTEGER NOT NULL, length INTEGER NOT NULL,
    PRIMARY KEY (article, number)
) WITHOUT ROWID;
CREATE TABLE file (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, size INTEGER NOT NULL);
"""
SCHEMA_2: Final = """
-- backoff: seconds on top of the delay; refusals, silences: how many in a row.
ALTER TABLE host ADD COLUMN backoff REAL NOT NULL DEFAULT 0;
ALTER TABLE host ADD COLUMN refusals INTEGER NOT NULL DEFAULT 0;
ALTER TABLE host ADD COLUMN silences INTEGER NOT NULL DEFAULT 0;
-- not_before: when it is tried again; kind, interval, signature, score: of lists; published: of what was
-- out of range.
ALTER TABLE url ADD COLUMN not_before REAL;
ALTER TABLE url ADD COLUMN kind TEXT;
ALTER TABLE url ADD COLUMN interval REAL;
ALTER TABLE url ADD COLUMN signature BLOB;
ALTER TABLE url ADD COLUMN score REAL NOT NULL DEFAULT 0;
ALTER TABLE url ADD COLUMN published REAL;
-- spider and arguments: what begins the job again.
ALTER TABLE run ADD COLUMN spider TEXT;
ALTER TABLE run ADD COLUMN arguments TEXT;
-- What came back, by source.
CREATE TABLE answer (
    run INTEGER NOT NULL, source TEXT NOT NULL, kind TEXT NOT NULL, number INTEGER NOT NULL,
    PRIMARY KEY (run, source, kind)
) WITHOUT ROWID;
CREATE INDEX answer_source ON answer (source);
CREATE INDEX url_article ON url (host, article) WHERE article IS NOT NULL;
"""
SCHEMA_3: Final = """
-- What sources deliver; see newscrawl.state.deliveries. day: the proleptic Gregorian ordinal of the day in UTC.
CREATE TABLE delivery (
    source TEXT NOT NULL, part TEXT NOT NULL, day INTEGER NOT NULL, kind TEXT NOT NULL, number INTEGER NOT NULL,
    PRIMARY KEY (source, part, day, kind)
) WITHOUT ROWID;
CREATE INDEX delivery_day ON delivery (day);
"""
SCHEMA_4: Final = """
-- What became of a source's addresses; see newscrawl.state.tallies. at: hours since 1970.
CREATE TABLE tally (
    source TEXT NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL, number INTEGER NOT NULL,
    PRIMARY KEY (source, at, kind)
) WITHOUT ROWID;
CREATE INDEX tally_at ON tally (at);
-- last_new: when it gave an article that was not known; reads: lists of it that were read since; unread: runs in a row in
-- which no list of it could be read, and the reasons of the last one.
CREATE TABLE source (
    name TEXT PRIMARY KEY, last_new REAL, last_read REAL, reads INTEGER NOT NULL DEFAULT 0,
    unread INTEGER NOT NULL DEFAULT 0, reasons TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
-- parts: layouts and lists that show it, as JSON; seen: when it was last found; told: when a notice last named it; ended: when
-- it was found to be over.
CREATE TABLE trouble (
    source TEXT NOT NULL, kind TEXT NOT NULL, since REAL NOT NULL, detail TEXT NOT NULL, parts TEXT NOT NULL, seen REAL NOT NULL,
    told REAL, ended REAL,
    PRIMARY KEY (source, kind)
) WITHOUT ROWID;
-- Lists among the addresses of a host, which are articles by far the most.
CREATE INDEX url_list ON url (host) WHERE NOT is_article;
-- When each part of the upkeep was done.
CREATE TABLE upkeep (name TEXT PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID;
-- What is known of earlier weeks.
INSERT INTO tally SELECT h.source, CAST(v.stored / 3600 AS INTEGER), 'new', count(*)
    FROM version AS v JOIN article AS a ON a.id = v.article JOIN url AS u ON u.id = a.url JOIN host AS h ON h.id = u.host
    WHERE v.number = 1 AND v.stored > CAST(strftime('%s', 'now') AS REAL) - 56 * 86400 GROUP BY 1, 2;
INSERT INTO source (name, last_new) SELECT h.source, max(v.stored)
    FROM version AS v JOIN article AS a ON a.id = v.article JOIN url AS u ON u.id = a.url JOIN host AS h ON h.id = u.host
    WHERE v.number = 1 GROUP BY 1;
"""
SCHEMA_5: Final = """
-- What versions are compared by, so that nobody needs the file of the one before; see newscrawl.state.versions.Basis.
ALTER TABLE article ADD COLUMN basis BLOB;
-- place: which folder or shared storage holds it; '' is the folder beside this file.
ALTER TABLE file RENAME TO old_file;
CREATE TABLE file (
    id INTEGER PRIMARY KEY, place TEXT NOT NULL DEFAULT '', name TEXT NOT NULL, size INTEGER NOT NULL, UNIQUE (place, name)
);
INSERT INTO file (id, name, size) SELECT id, name, size FROM old_file;
DROP TABLE old_file;
CREATE TABLE place (id TEXT PRIMARY KEY, machine TEXT NOT NULL, path TEXT NOT NULL) WITHOUT ROWID;
-- Lines on their way to shared storage; file: the one that they are being written to.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL, day TEXT NOT NULL, line BLOB NOT NULL, stored REAL NOT NULL,
    file INTEGER
);
CREATE INDEX version_unsent ON version (start) WHERE file = 0;
ALTER TABLE run ADD COLUMN machine TEXT NOT NULL DEFAULT '';
ALTER TABLE run ADD COLUMN worker INTEGER;
-- When it was last heard of, where its lock alone does not tell.
ALTER TABLE run ADD COLUMN seen REAL NOT NULL DEFAULT 0;
CREATE INDEX run_of_worker ON run (worker) WHERE worker IS NOT NULL;
-- The delay that was last kept; whoever dies meanwhile leaves it to be kept.
ALTER TABLE host ADD COLUMN delay REAL NOT NULL DEFAULT 0;
-- Processes that run what is due until they are told to leave.
CREATE TABLE worker (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, machine TEXT NOT NULL, pid INTEGER NOT NULL, started REAL NOT NULL,
    seen REAL NOT NULL, ended REAL, reason TEXT
);
"""
MIGRATIONS: Final = (SCHEMA_1, SCHEMA_2, SCHEMA_3, SCHEMA_4, SCHEMA_5)
"""The script that leads to each version of the schema from the one before; none is ever changed."""
SCHEMA_VERSION: Final = len(MIGRATIONS)
LEAST_FREED: Final = 64_000_000
"""Bytes that are free inside the file, from which it is written anew."""
FREED_SHARE: Final = 0.25
"""Share of the file that must be free as well."""


class SQLiteDatabase(sqlite3.Connection):
    """A state file, as `newscrawl.state.backend.Database` asks for it."""

    place: StatePlace
    dialect = Dialect(busy="(SELECT count(*) FROM url WHERE state = 1 AND held = h.id)")

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Run a write transaction; it waits for those of other processes."""
        self.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.execute("COMMIT")
        except BaseException:
            if self.in_transaction:
                self.execute("ROLLBACK")
            raise

    def insert_urls(self, rows: Sequence[Sequence[Any]]) -> set[bytes]:
        """Insert addresses that are not there: nobody else writes meanwhile."""
        marks = ", ".join("?" for _ in NEW_URL.split(", "))
        self.executemany(f"INSERT INTO url ({NEW_URL}) VALUES ({marks})", rows)
        return {row[0] for row in rows}

    @contextmanager
    def moving(self, run: int, job: str) -> Iterator[None]:
        """Let many addresses go over to a run."""
        yield

    def lease_urls(
        self, run: int, wanted: Sequence[tuple[int, Any, int]], now: float, until: float
    ) -> list[Sequence[Any]]:
        """Lease addresses, a host after the other."""
        found = list[Sequence[Any]]()
        for host, is_article, room in wanted:
            found += self.execute(
                "UPDATE url SET state = 1, held = host, lease_until = ?, attempts = attempts + 1 WHERE id IN "
                "(SELECT id FROM url WHERE run = ? AND is_article = ? AND host = ? AND state = 0 "
                "AND coalesce(not_before, 0) <= ? ORDER BY priority DESC, attempts, id LIMIT ?) "
                f"RETURNING {', '.join(LEASED_URL)}",
                (until, run, is_article, host, now, room),
            ).fetchall()
        return found

    def hand_over(self, waiting: tuple[int, int, Any], run: int, now: float, most: int) -> int:
        """Let waiting addresses go over to another run."""
        # No WITH: sqlite3 does not count what such a statement changes.
        return self.execute(
            "UPDATE url SET run = ?, met = ? WHERE id IN (SELECT id FROM url WHERE run = ? AND host = ? AND is_article = ? "
            "AND state = 0 AND coalesce(not_before, 0) <= ? ORDER BY priority DESC, attempts, id LIMIT ?)",
            (run, -run, *waiting, now, most),
        ).rowcount

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read as of one moment."""
        self.execute("BEGIN")
        try:
            yield
        finally:
            self.execute("ROLLBACK")

    def stream(self, query: str, at_once: int) -> Iterator[Sequence[Any]]:
        """Give rows as they are asked for."""
        cursor = self.execute(query)
        while rows := cursor.fetchmany(at_once):
            yield from rows

    def fill(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        """Insert many rows."""
        marks, names = ", ".join("?" for _ in columns), ", ".join(f'"{name}"' for name in columns)
        return self.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows).rowcount

    def settle_numbers(self, tables: Sequence[str]) -> None:
        """Do nothing: the next number is that behind the greatest."""

    def explain(self, error: Exception) -> StateError:
        """Say what an error of it means."""
        assert self.place.file is not None
        return explain(error, self.place.file)

    def now(self) -> float:
        """Give the time of this machine."""
        return time.time()

    def serialise(self, what: str) -> None:
        """There is one write transaction at a time."""

    def problems(self) -> Iterator[str]:
        """Check the file."""
        try:
            found = [row[0] for row in self.execute("PRAGMA integrity_check")]
        except sqlite3.Error as error:
            yield str(self.explain(error))
            return
        yield from (problem for problem in found if problem != "ok")

    def quick_problems(self) -> list[str]:
        """Check the file without its indices."""
        [(said,)] = self.execute("PRAGMA quick_check(1)").fetchall()
        return [] if said == "ok" else [f"{said}; put a copy back"]

    def size(self) -> int:
        """Give the bytes of the file with its log."""
        path = self.place.file
        assert path is not None
        parts = (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm"))
        return sum(part.stat().st_size for part in parts if part.exists())

    def tidy(self) -> int:
        """Write the file anew where much of it is free, there is room for that, and nobody else is at work."""
        self.execute("PRAGMA optimize")
        freed = self._give_back()
        # Folds the log into the file, and cuts it; where another run reads, what can be folded is.
        self.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return freed

    def _give_back(self) -> int:
        page, pages, free = (
            int(self.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_size", "page_count", "freelist_count")
        )
        needed = page * (pages - free)
        if page * free < max(LEAST_FREED, FREED_SHARE * page * pages):
            return 0
        is_alone = self.execute("SELECT 1 FROM run WHERE ended IS NULL LIMIT 1").fetchone() is None
        # It is written twice: to the side, and into the log.
        if not is_alone or shutil.disk_usage(self.place.folder).free < 3 * needed:
            return 0
        try:
            # Not in memory, which may be smaller than the file.
            self.execute("PRAGMA temp_store = FILE")
            self.execute("VACUUM")
        except sqlite3.OperationalError as error:
            # It was not urgent: another run may have begun meanwhile, or the disk have filled.
            logger.warning("%s: its free room was not given back: %s", self.place, error)
            return 0
        finally:
            self.execute("PRAGMA temp_store = MEMORY")
        return page * free


def open_database(path: Path, *, create: bool = True) -> SQLiteDatabase:
    """Open a state file, migrating an older one; a missing one is made.

    Args:
        path: the file.
        create: whether a missing one is made.

    Raises:
        StateError: it is none, newer, locked, damaged, or cannot be read or written.

    """
    if not path.exists() and not create:
        raise NoStateError(f"there is no crawl state at {path}: newscrawl crawl SOURCE begins one")
    if path.is_dir():
        raise StateError(f"{path} is a folder; name the state file in it")
    with _explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        # One connection is used from one worker thread at a time; transactions are begun by hand.
        connection = sqlite3.connect(
            path,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            factory=SQLiteDatabase,
        )
        connection.place = StatePlace(file=path)
        # PostgreSQL has them by these names.
        connection.create_function("greatest", 2, _greatest, deterministic=True)
        connection.create_function("least", 2, _least, deterministic=True)
        connection.create_function("floor", 1, math.floor, deterministic=True)
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def _prepare(connection: SQLiteDatabase, path: Path) -> None:
    _refuse_strangers(connection, path)
    if not _is_ready(connection):
        # One at a time: SQLite does not wait for its turn where it switches to WAL.
        lock = opening_lock(path)
        try:
            with lock:
                connection.execute("PRAGMA journal_mode = WAL")
                _migrate(connection, path)
        except Timeout as error:
            raise StateError(f"{path} is being opened by another program") from error
    # A commit survives the process at once and a power cut at the next checkpoint. What is lost then is
    # fetched again: article lines are synced by themselves, before the commit.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    connection.execute("PRAGMA temp_store = MEMORY")


def _is_ready(connection: sqlite3.Connection) -> bool:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    mode = str(connection.execute("PRAGMA journal_mode").fetchone()[0])
    return version == SCHEMA_VERSION and mode == "wal"


def opening_lock(path: Path) -> FileLock:
    """Give the lock under which a state is made or migrated."""
    folder = runs_folder(path)
    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / "open.lock", timeout=BUSY_SECONDS, fallback_to_soft=False)


def runs_folder(path: Path) -> Path:
    """Give the folder of lock files beside a state file."""
    return path.with_name(f"{path.name}.runs")


def _refuse_strangers(connection: sqlite3.Connection, path: Path) -> None:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    mark = int(connection.execute("PRAGMA application_id").fetchone()[0])
    is_empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if not is_empty and mark != APPLICATION_ID:
        raise StateError(f"{path} is a database of another program; name another file")
    if version > SCHEMA_VERSION:
        raise StateError(
            f"{path} was written by a newer newscrawl (state schema {version}, this one knows "
            f"{SCHEMA_VERSION}); use that version, or name another file"
        )


def _migrate(connection: SQLiteDatabase, path: Path) -> None:
    """Bring the schema up to date, all in one transaction."""
    with connection.writing():
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version == SCHEMA_VERSION:
            return
        if version:
            logger.warning("%s: migrating from schema %d to %d", path, version, SCHEMA_VERSION)
        for script in MIGRATIONS[version:]:
            for statement in _statements(script):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _statements(script: str) -> Iterator[str]:
    """Cut a script into its statements; executescript would commit in between."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _greatest(one: Any, other: Any) -> Any:
    """Give the greater of two that are there, as PostgreSQL does."""
    return max((v for v in (one, other) if v is not None), default=None)


def _least(one: Any, other: Any) -> Any:
    return min((v for v in (one, other) if v is not None), default=None)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise explain(error, path) from error


def explain(error: Exception, path: Path) -> StateError:
    """Say what an error of the database or of the disk means, and what to do."""
    if isinstance(error, OSError):
        return StateError(f"cannot use {path}: {error.strerror}")
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    meanings = {
        sqlite3.SQLITE_BUSY: f"is locked by another program for more than {BUSY_SECONDS:.0f} seconds",
        sqlite3.SQLITE_LOCKED: "is locked by another program",
        sqlite3.SQLITE_CORRUPT: "is damaged; run newscrawl state check, and put a copy back",
        sqlite3.SQLITE_NOTADB: "is no crawl state, or is damaged at its head; put a copy back",
        sqlite3.SQLITE_FULL: "cannot grow: the disk is full",
        sqlite3.SQLITE_READONLY: "cannot be written: the file or its folder is read-only",
        sqlite3.SQLITE_CANTOPEN: "cannot be opened: the disk or folder is read-only, or not there",
        sqlite3.SQLITE_IOERR: f"cannot be read or written: {error}",
    }
    return StateError(f"the crawl state {path} {meanings.get(code, f'cannot be used: {error}')}")
