"""Open a state, whichever back end holds it; that of a server is imported where one is named."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from newscrawl.state import Manners, RunKey
from newscrawl.state.backend import Database, Locks
from newscrawl.state.database import open_database
from newscrawl.state.frontier import SQLFrontier
from newscrawl.state.place import StatePlace
from newscrawl.state.runs import RunLocks


@dataclass(frozen=True, slots=True, kw_only=True)
class BackEnd:
    """An open state, and what tells who is at work on it."""

    database: Database
    locks: Locks
    place_id: Callable[[Path | str], str] = lambda _: ""
    """Gives what a folder of article files is known by, if it is known."""
    name_place: Callable[[Path | str], str] = lambda _: ""
    """The same, and makes it known."""


def open_back_end(place: StatePlace, *, create: bool = True) -> BackEnd:
    """Open a state.

    Args:
        place: where it is.
        create: whether one that is not there is made.

    Raises:
        StateError: it is not there, or cannot be used.
        UsageError: what it needs is not installed.

    """
    if place.file:
        return BackEnd(
            database=open_database(place.file, create=create), locks=RunLocks(place.file)
        )
    # Imported here: psycopg is an extra, and most states are files.
    from newscrawl.state.postgres import open_server

    return open_server(place, create=create)


def open_frontier(
    place: StatePlace, articles: Path | str, run: RunKey, manners: Manners | None = None
) -> SQLFrontier:
    """Begin a run.

    Args:
        place: where the state is.
        articles: the folder of article files, or the address of shared storage.
        run: what the run is known by.
        manners: how far it may go, and how it treats hosts.

    Raises:
        StateError: the state cannot be used, or a source of the run is being crawled by another one.
        UsageError: what it needs is not installed.

    """
    if place.file:
        from newscrawl.state.sqlite import SQLiteFrontier

        return SQLiteFrontier(place.file, articles, run, manners)
    from newscrawl.state.postgres import PostgresFrontier

    return PostgresFrontier(place, articles, run, manners)
