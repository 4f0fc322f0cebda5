"""Be the only one who runs what is due: on a machine by a lock file, on many by a lock of the database."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from newscrawl.errors import NoStateError, StateError
from newscrawl.state.database import runs_folder
from newscrawl.state.place import StatePlace

LOCK: Final = "due.lock"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who is at it."""

    who: str
    """A process, and its machine where that is another."""
    since: float
    """Seconds since 1970."""


@contextmanager
def alone(place: StatePlace, now: float) -> Iterator[Holder | None]:
    """Hold the lock of runs of what is due; give who has it, where it is taken.

    Args:
        place: the state.
        now: seconds since 1970.

    Raises:
        StateError: there is no state, or it cannot be used.

    """
    if place.file is None:
        from newscrawl.state.postgres import alone_on

        with alone_on(place) as found:
            yield Holder(*found) if found else None
        return
    if not place.exists():
        raise NoStateError(f"there is no crawl state at {place}: newscrawl crawl SOURCE begins one")
    folder = runs_folder(place.file)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StateError(f"cannot use {folder}: {error.strerror}") from error
    # The kernel frees it when the process dies, however it dies.
    lock, told = FileLock(folder / LOCK, fallback_to_soft=False), folder / f"{LOCK}.by"
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield _told(told, now)
        return
    except OSError as error:
        raise StateError(f"cannot use {folder}: {error.strerror}") from error
    try:
        told.write_text(f"{os.getpid()} {now}")
        yield None
    finally:
        lock.release()


def _told(told: Path, now: float) -> Holder:
    try:
        pid, since = told.read_text().split()
        return Holder(pid, float(since))
    except (OSError, ValueError):  # it is being written
        return Holder("unknown", now)
