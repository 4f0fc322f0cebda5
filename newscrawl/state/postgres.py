"""The state in a PostgreSQL database, for any number of machines.

Hosts are claimed with `SKIP LOCKED`, and held by a count that the claim itself raises, so that two claims at the same
moment never get the same host. A transaction that met another one in the wrong order, or whose server went away, is done
again; one that broke at its commit has left a number by which it is known whether it was done.
"""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from newscrawl.errors import StateError
from newscrawl.remote import is_remote
from newscrawl.state import Manners, RunKey
from newscrawl.state.back_ends import BackEnd
from newscrawl.state.ending import BURIED
from newscrawl.state.files import slots_of
from newscrawl.state.frontier import SQLFrontier
from newscrawl.state.lines import Lines, open_lines
from newscrawl.state.place import StatePlace
from newscrawl.state.postgres_database import (
    SERIAL,
    ExplainedDatabase,
    PostgresDatabase,
    PostgresLocks,
    number_of,
)
from newscrawl.state.postgres_session import leave, session_of
from newscrawl.state.running import Run, machine

PLACE_FILE: Final = ".place"


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
            is_elsewhere = is_remote(articles)
            lines = open_lines(
                database, articles,
                "" if is_elsewhere else self.session.engine.do_now(_Nobody(), lambda: known_place(database, Path(articles))),
                None if is_elsewhere else slots_of(Path(articles).absolute()),
            )  # fmt: skip
            context = Run(
                database=database, locks=self.session.locks, lines=lines, key=run, manners=manners or Manners(),
            )  # fmt: skip
            if not is_elsewhere:
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


def open_server(place: StatePlace, *, create: bool = True) -> BackEnd:
    """Open a state in PostgreSQL to be looked at, on a connection of its own."""
    database = ExplainedDatabase(place, create=create)
    return BackEnd(
        database=database, locks=PostgresLocks(database), place_id=read_place,
        name_place=lambda folder: known_place(database, Path(folder)),
    )  # fmt: skip


def read_place(folder: Path | str) -> str:
    """Give what a folder of article files is known by; nothing where nobody has written there."""
    try:
        return (Path(folder) / PLACE_FILE).read_text().strip()
    except OSError:
        return str(folder) if is_remote(str(folder)) else ""


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


@contextmanager
def alone_on(place: StatePlace) -> Iterator[tuple[str, float] | None]:
    """Hold the lock of runs of what is due; give who has it and since when, where it is taken.

    Raises:
        StateError: there is no state, or it cannot be used.

    """
    database = ExplainedDatabase(place, create=False)
    try:
        key = (database.class_of[SERIAL], number_of("due"))
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
