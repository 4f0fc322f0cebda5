"""Tell runs that are alive from runs that died: each holds a lock that its death sets free."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from newscrawl.state.backend import Database
from newscrawl.state.database import runs_folder


class RunLocks:
    """One lock file for each open run, in a folder beside the state file."""

    def __init__(self, state: Path) -> None:
        self.folder = runs_folder(state)
        self._own: dict[int, FileLock] = {}

    def take(self, run: int) -> None:
        """Take the lock of a new run."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = self._lock(run)
        lock.acquire(timeout=0)
        self._own[run] = lock

    def is_own(self, run: int) -> bool:
        """Tell whether this process holds it."""
        return run in self._own

    def living(self, runs: Sequence[int]) -> set[int]:
        """Give those of several runs that are alive."""
        return {run for run in runs if self.is_alive(run)}

    def is_alive(self, run: int) -> bool:
        """Tell whether a process holds the run's lock."""
        if run in self._own:
            return True
        if not self._path(run).exists():
            return False
        lock = self._lock(run)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return True
        lock.release()
        return False

    def release(self, run: int) -> None:
        """Give the lock back and remove its file, of a run that is over or dead."""
        if lock := self._own.pop(run, None):
            lock.release()
        with suppress(OSError):
            self._path(run).unlink(missing_ok=True)

    def _path(self, run: int) -> Path:
        return self.folder / f"{run}.lock"

    def _lock(self, run: int) -> FileLock:
        return FileLock(self._path(run), thread_local=False, fallback_to_soft=False)


def open_runs(database: Database) -> list[tuple[int, str, str, int, float]]:
    """Give the runs that have not ended: number, job, locks, process and start."""
    query = "SELECT id, job, locks, pid, started FROM run WHERE ended IS NULL ORDER BY id"
    return database.execute(query).fetchall()
