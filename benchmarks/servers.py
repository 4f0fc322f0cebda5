"""A PostgreSQL of a benchmark's own, and what it uses: CPU, memory, log, statements."""

import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg

from tests.postgres import Server

TICKS: Final = os.sysconf("SC_CLK_TCK")
PAGE: Final = 8192


class Watched:
    """A server that is watched from outside, by what the kernel says of its processes, and by its own counters."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.connection = psycopg.connect(server.address, autocommit=True)

    def ask(self, query: str) -> Any:
        """Give the first value of a query."""
        row = self.connection.execute(query.encode()).fetchone()
        return row[0] if row else None

    def processes(self) -> list[int]:
        """Give the server's processes, the first one that began all others."""
        assert self.server.process is not None
        first = self.server.process.pid
        return [first, *(pid for pid in _all_processes() if _fields(pid)[1:2] == [str(first)])]

    def cpu(self) -> float:
        """Give the seconds of CPU of all its processes, of those that have ended too."""
        first, *others = self.processes()
        ticks = sum(map(int, _fields(first)[11:15]))
        for pid in others:
            ticks += sum(map(int, _fields(pid)[11:13]))
        return ticks / TICKS

    def memory(self) -> float:
        """Give the MB that it holds: shared pages count once (PSS)."""
        return sum(map(_pss, self.processes())) / 1024

    def log(self) -> int:
        """Give the bytes of log (WAL) that were ever written."""
        return int(self.ask("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"))

    def images(self) -> int:
        """Give the pages that were written to the log whole, as each is for the first time after a checkpoint."""
        # A process tells its counters when it is idle; ours asks after the others had the time to.
        return int(self.ask("SELECT wal_fpi FROM pg_stat_wal"))

    def commits(self) -> int:
        """Give the transactions that were committed, as far as the server has counted them."""
        query = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
        return int(self.ask(query))

    def size(self) -> float:
        """Give the MB of the database on the disk."""
        return float(self.ask("SELECT pg_database_size(current_database())")) / 1e6

    def set(self, **values: str) -> None:
        """Change settings that need no restart."""
        for name, value in values.items():
            self.connection.execute(f"ALTER SYSTEM SET {name} = '{value}'".encode())
        self.ask("SELECT pg_reload_conf()")


def _all_processes() -> Iterator[int]:
    return (int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal())


def _fields(pid: int) -> list[str]:
    """Give what /proc/PID/stat says behind the name: state, parent, …; nothing where the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


@contextmanager
def running(**settings: str) -> Iterator[Watched]:
    """Start a server, and end it, also when this process is told to end; settings are those that need no restart."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with Server() as server:
        watched = Watched(server)
        watched.set(**settings)
        try:
            yield watched
        finally:
            watched.connection.close()


class Journeys:
    """Counts what a state's connection asks of the server: statements, and journeys over the network.

    Within a pipeline a statement is sent and not waited for: a journey is a wait for answers that are still to come.
    """

    def __init__(self, database: Any) -> None:
        self.count = Counter[str]()
        self.texts = Counter[str]()
        """By the first words of each statement."""
        self._wrap(database)

    def _wrap(self, database: Any) -> None:
        count, texts = self.count, self.texts
        connection = database.connection
        execute: Callable[..., Any] = connection.execute
        pipeline: Callable[..., Any] = connection.pipeline
        many: Callable[..., Any] = database.executemany

        def counted(query: Any, *values: Any, **options: Any) -> Any:
            text = query.decode() if isinstance(query, bytes) else str(query)
            count["statements"] += 1
            count["journeys"] += not connection.pgconn.pipeline_status
            count["transactions"] += text == "COMMIT"
            texts[" ".join(text.split())[:90]] += 1
            return execute(query, *values, **options)

        def counted_many(query: str, values: Sequence[Sequence[Any]]) -> Any:
            rows = list(values)
            count["statements"] += len(rows)
            texts[" ".join(query.split())[:90]] += len(rows)
            return many(query, rows)

        @contextmanager
        def counted_pipeline() -> Iterator[Any]:
            with pipeline() as opened:
                fetch: Callable[..., Any] = opened._fetch_gen

                def counted_fetch(*, flush: bool) -> Any:
                    count["journeys"] += bool(opened.result_queue)
                    return fetch(flush=flush)

                opened._fetch_gen = counted_fetch
                yield opened

        connection.execute = counted
        connection.pipeline = counted_pipeline
        database.executemany = counted_many
