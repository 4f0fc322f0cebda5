"""A Dask cluster on loopback: a real scheduler, real workers, each a process that a test may kill."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self, TypeVar

from newscrawl.crew import PR_SET_PDEATHSIG

PATIENCE = 60.0
"""Seconds within which everything here happens, on a machine that has other work too."""
DYING = f"import ctypes, os, sys; ctypes.CDLL(None).prctl({PR_SET_PDEATHSIG}, 9); os.execv(sys.argv[1], sys.argv[1:])"
"""Becomes another process, which dies with the tests when these are killed and clear nothing away."""
T = TypeVar("T")


class Cluster:
    """A scheduler, which has no workers until some are started.

    Args:
        folder: for its files; must not be there yet.
        allowed_failures: workers that may die of a task; one more, and it is given up.

    """

    def __init__(self, folder: Path, *, allowed_failures: int = 3) -> None:
        self.folder = folder
        folder.mkdir()
        self._file = folder / "scheduler.json"
        self._processes: list[subprocess.Popen[bytes]] = []
        failures = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": str(allowed_failures)}
        asked = ["--scheduler-file", str(self._file), "--host", "127.0.0.1", "--port", "0"]
        self.scheduler = self._start("scheduler", asked, failures)
        wait_for(lambda: self._file.exists() and self._file.stat().st_size > 0)
        wait_for(lambda: "address" in self._file.read_text(encoding="utf-8"))
        told = json.loads(self._file.read_bytes())
        self.address = str(told["address"]).replace("tcp://", "dask://")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            # A group of their own: nobody else's processes are in it. What pages are cleaned in dies with its parent.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def hire(
        self, *asked: str, flags: tuple[str, ...] = (), environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start workers, and wait until the first of them is there."""
        log = self.folder / f"worker-{len(self._processes)}.log"
        own = ["--scheduler-file", str(self._file), "--local-directory", str(self.folder)]
        process = self._start("worker", [*own, *asked], environment, log, flags)
        wait_for(lambda: b"Registered to" in log.read_bytes())
        return process

    def _start(
        self,
        what: str,
        asked: list[str],
        environment: Mapping[str, str] | None = None,
        log: Path | None = None,
        flags: tuple[str, ...] = (),
    ) -> subprocess.Popen[bytes]:
        python = [sys.executable, *flags]
        command = [*python, "-c", DYING, *python, "-m", f"distributed.cli.dask_{what}"]
        path = log or self.folder / f"{what}.log"
        with path.open("wb") as file:
            # From another folder than the command's: relative paths must not mean the same by chance.
            process = subprocess.Popen(
                [*command, "--no-dashboard", *asked], cwd=self.folder, env={**os.environ, **(environment or {})},
                stdout=file, stderr=file, start_new_session=True,
            )  # fmt: skip
        self._processes.append(process)
        return process


def wait_for(find: Callable[[], T | None]) -> T:
    """Wait until something is found, or is so; give it."""
    end = time.monotonic() + PATIENCE
    while not (found := find()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
    return found


def writer_of(sink: Path) -> int | None:
    """Find the process that is writing a shard, by the files that it has open."""
    for place in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            name = str(place.readlink())
            if name.startswith(f"{sink}.") and name.endswith(".part"):
                return int(place.parts[2])
    return None


def children_of(pid: int) -> list[int]:
    """Give the children of a process, whichever of its threads started them."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
            if int(parent) == pid and state != "Z":
                found.append(int(path.parts[2]))
    return found


def is_alive(pid: int) -> bool:
    """Tell whether a process is there, and not only its number."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
