"""What a cluster costs: ``python -m benchmarks.cluster PAGES… --count N --files M``.

PAGES are JSON lines; of N of them M archives are made, and cleaned three times with two processes: by `newscrawl clean
--shards --workers`, by the same with `--executor` and a Dask scheduler and workers on this machine, and
again while one of the workers is killed in the middle of a file, and replaced by its nanny. Printed for each: seconds by
the clock from the command to its end; CPU seconds of all processes from first to last, those of the cluster
and its start included; the most memory of all; and whether the bytes of all shards and the totals are those of the
first. A cluster that is started and given nothing is one more row.

Wall time is noise on a busy machine: compare the CPU times, and those as ratios.
"""

import argparse
import ctypes
import hashlib
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.speed import pages_of
from newscrawl.archive import Archive
from newscrawl.pages.warc import Note

HTML: Final = [(b"Content-Type", b"text/html; charset=utf-8")]
WORKERS: Final = 2
KILLED_AFTER: Final = 0.4
"""Share of the time that the run without a kill took, after which a worker is killed."""
SAMPLE_SECONDS: Final = 0.2
PR_SET_CHILD_SUBREAPER: Final = 36
"""Of Linux, from sys/prctl.h."""
Done = tuple[float, tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run took."""

    name: str
    wall: float | None
    cpu: float
    memory_mb: float
    what: tuple[str, str]
    """A digest of what came out, and what was said."""


class Watch:
    """Samples the memory of all that descends from this process, until it is told to stop.

    Memory that is shared is fairly divided (PSS), so that it does not count twice.
    """

    def __init__(self) -> None:
        self.memory = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        """Give the most megabytes that were seen."""
        self._over.set()
        self._thread.join()
        return self.memory

    def _run(self) -> None:
        while not self._over.wait(SAMPLE_SECONDS):
            memory = 0.0
            for pid in descendants():
                with suppress(OSError, IndexError):
                    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
                    memory += int(rollup.partition("\nPss:")[2].split()[0]) / 1000
            self.memory = max(self.memory, memory)


def main() -> None:
    """Make the archives, clean them three times, print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pages", nargs="*", type=Path, help="pages in JSON lines")
    parser.add_argument("--count", type=int, default=400, help="pages")
    parser.add_argument("--files", type=int, default=8, help="archives they are put into")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="newscrawl-cluster-") as place:
        folder = Path(place)
        count = write_archives(options, folder / "raw")
        print(f"{count} pages in {options.files} archives, {WORKERS} processes", flush=True)
        # What loses its parent becomes a child of this process, so that nobody's CPU time is lost.
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
        plain = measure("one machine", lambda: clean(folder, "plain", "--workers", str(WORKERS)))
        after = KILLED_AFTER * (plain.wall or 0)
        rows = [
            plain,
            measure("Dask", lambda: on_dask(folder, "dask")),
            measure("Dask, a worker killed", lambda: on_dask(folder, "killed", kill_after=after)),
            measure("a Dask cluster, started and stopped", lambda: on_dask(folder, None)),
        ]
        print_table(rows)


def write_archives(options: argparse.Namespace, folder: Path) -> int:
    """Deal pages out to archives, mixed, so that these are about as large; give how many there are."""
    rows = pages_of(options.pages)
    random.Random(1).shuffle(rows)
    rows = rows[: options.count]
    for number in range(options.files):
        own = folder.with_name("open")
        archive = Archive(own, "set")
        for row in rows[number :: options.files]:
            archive.keep(row["url"], 200, HTML, row["html"].encode("utf-8", "replace"), Note())
        archive.close()
        folder.mkdir(exist_ok=True)
        (made,) = own.iterdir()
        made.rename(folder / f"set-{number:03}.warc.gz")
    return len(rows)


def on_dask(folder: Path, name: str | None, kill_after: float | None = None) -> Done | None:
    """Start a cluster, clean by it if there is a name for what comes out, and stop it."""
    place = Path(tempfile.mkdtemp(dir=folder))
    told, log = place / "scheduler.json", place / "worker.log"
    common = ["--no-dashboard", "--scheduler-file", str(told)]
    local = ["--local-directory", str(place)]
    processes = [
        start("scheduler", [*common, "--host", "127.0.0.1", "--port", "0"], place),
        start("worker", [*common, *local, "--nworkers", str(WORKERS), "--nthreads", "1"], place),
    ]
    try:
        while log.read_text(encoding="utf-8").count("Registered to") < WORKERS:
            time.sleep(0.1)
        if name is None:
            return None
        if kill_after is not None:
            task = threading.Thread(target=kill_one, args=(folder / name, kill_after), daemon=True)
            task.start()
        address = told.read_text(encoding="utf-8").partition("tcp://")[2].partition('"')[0]
        return clean(folder, name, "--executor", f"dask://{address}")
    finally:
        for process in reversed(processes):
            # Each with a group of its own, in which nothing else is.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def start(what: str, asked: list[str], place: Path) -> "subprocess.Popen[bytes]":
    """Start a scheduler or workers."""
    command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *asked]
    with (place / f"{what}.log").open("wb") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)


def kill_one(folder: Path, after: float) -> None:
    """Kill a worker that has a shard open, some seconds from now."""
    time.sleep(after)
    while True:
        for place in Path("/proc").glob("[0-9]*/fd/*"):
            with suppress(OSError):
                name = str(place.readlink())
                if name.startswith(str(folder)) and name.endswith(".part"):
                    os.kill(int(place.parts[2]), signal.SIGKILL)
                    print(f"killed process {place.parts[2]}, at work on {Path(name).name}")
                    return
        time.sleep(0.05)


def clean(folder: Path, name: str, *asked: str) -> Done:
    """Clean the archives; give the seconds, and what came of it."""
    paths = [str(folder / "raw"), "--shards", str(folder / name)]
    command = [sys.executable, "-m", "newscrawl", "clean", *paths, *asked]
    begun = time.monotonic()
    done = subprocess.run(command, check=False, stderr=subprocess.PIPE, text=True)
    return time.monotonic() - begun, (digest_of(folder / name), done.stderr)


def measure(name: str, run: Callable[[], Done | None]) -> Run:
    """Run something, and watch what it and all its processes take until the last of them has ended."""
    watch = Watch()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    wall, what = run() or (None, ("", ""))
    memory = watch.stop()
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{name}: {what[1].strip() or 'done'}", flush=True)
    return Run(name=name, wall=wall, cpu=cpu, memory_mb=memory, what=what)


def descendants() -> set[int]:
    """Give all processes that descend from this one."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, IndexError):
            parents[int(path.parts[2])] = int(path.read_text().rpartition(")")[2].split()[1])
    found = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {os.getpid()}


def digest_of(folder: Path) -> str:
    """Digest all files of a folder, with their names."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def print_table(runs: list[Run]) -> None:
    """Print a table in Markdown."""
    first = runs[0]
    print(
        "\n| | wall s | CPU s | x | memory of all, MB | same bytes and totals |\n|---|--:|--:|--:|--:|---|"
    )
    for run in runs:
        wall = f"{run.wall:.1f}" if run.wall is not None else "–"
        same = "yes" if run.what == first.what else "NO"
        print(f"| {run.name} | {wall} | {run.cpu:.1f} | {run.cpu / first.cpu:.2f} | {run.memory_mb:.0f} "
              f"| {same if run.wall is not None else '–'} |")  # fmt: skip


if __name__ == "__main__":
    main()
