"""Append article lines so that no crash tears one and none stands twice.

The state says how long each file is. Lines are appended and synced inside the write transaction that
records the new length, so there is one writer at a time on the whole store, and bytes beyond the recorded
length are the work of a writer that died before its commit: they are taken out, into a folder of their own,
and what they came from is fetched again.
"""

import logging
import os
import re
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import IO, Final

from filelock import FileLock, Timeout

from newscrawl.errors import StateError
from newscrawl.state.backend import Database

logger = logging.getLogger(__name__)

UNSAFE: Final = re.compile(r"[^\w.-]|^\.+", re.ASCII)
LOOKED_BACK: Final = timedelta(days=60)
"""A writer that died is not held to have written on earlier days than these before now."""
NEW: Final = ".new"
MAX_OPEN: Final = 64
"""Files kept open; a run over many sources writes to each now and then."""


class ArticleFiles:
    """The files under one folder, a source and day each, written within the database's transactions.

    Args:
        folder: where they are.
        recovered: where bytes go that no commit stands behind.
        database: an open state; all calls are made within its write transactions.
        place: what the folder is known by in a state that several machines share.
        slots: which of the writers into the folder this is, where several write at the same time.

    """

    def __init__(
        self, folder: Path, recovered: Path, database: Database, place: str = "", slots: "Slots | None" = None
    ) -> None:  # fmt: skip
        self.folder = folder
        self.recovered = recovered
        self.database = database
        self.place = place
        self.slots = slots
        self._open: dict[str, IO[bytes]] = {}
        self._written: dict[str, int] = {}
        self._new: list[str] = []
        """Files that were begun in this transaction; a mark beside them says so, until it is committed."""

    def append(self, source: str | None, day: str, line: bytes) -> tuple[int, int, int]:
        """Append a line; give the file's number, the offset and the length.

        Raises:
            StateError: the file is shorter than the state says, or cannot be written.

        """
        if self.slots:
            self.slots.note(day)
        slot = self.slots.own if self.slots else 0
        name = (
            f"{safe_name(source or 'unknown')}/{safe_name(day)}{f'.{slot}' if slot else ''}.jsonl"
        )
        number, size = self._known(name)
        try:
            stream = self._stream(name, size)
            self._written.setdefault(name, size)
            data = line + b"\n"
            _write_all(stream, data)
        except OSError as error:
            raise StateError(f"cannot write {self.folder / name}: {error.strerror}") from error
        self.database.execute("UPDATE file SET size = ? WHERE id = ?", (size + len(data), number))
        return number, size, len(data)

    def sync(self) -> None:
        """Force what was written since the last call to the disk; the commit may follow."""
        for name in self._written:
            try:
                self._open[name].flush()
                os.fsync(self._open[name].fileno())
            except OSError as error:
                raise StateError(f"cannot write {self.folder / name}: {error.strerror}") from error

    def committed(self) -> None:
        """Note that the lengths are recorded."""
        self._written.clear()
        self._forget_new()
        while len(self._open) > MAX_OPEN:
            self._open.pop(next(iter(self._open))).close()

    def undo(self) -> None:
        """Cut the files back to where they were before the transaction."""
        for name, size in self._written.items():
            if stream := self._open.pop(name, None):
                try:
                    os.ftruncate(stream.fileno(), size)
                    stream.close()
                except OSError as error:  # what stays is taken out by the next writer
                    logger.debug("%s: %s", name, error)
        self._written.clear()
        self._forget_new()

    def read(self, name: str, offset: int, length: int) -> bytes:
        """Read a line that was stored.

        Raises:
            StateError: it cannot be read.

        """
        try:
            with (self.folder / name).open("rb") as stream:
                stream.seek(offset)
                return stream.read(length).removesuffix(b"\n")
        except OSError as error:
            raise StateError(f"cannot read {self.folder / name}: {error.strerror}") from error

    def close(self) -> None:
        """Close all files."""
        while self._open:
            self._open.popitem()[1].close()

    def settle(self, since: float) -> None:
        """Take out what writers that died have written without a commit: nobody may write to their files any more.

        Args:
            since: when the first of them began, in seconds since 1970.

        """
        last = datetime.fromtimestamp(self.database.now(), UTC).date()
        first = max(datetime.fromtimestamp(since, UTC).date(), last - LOOKED_BACK)
        for back in range((last - first).days + 1):
            rows = self.database.execute(
                "SELECT name, size FROM file WHERE place = ? AND name LIKE ?",
                (self.place, f"%/{last - timedelta(days=back)}.%"),
            ).fetchall()
            for name, size in rows:
                self._settle_dead(name, size)
        for mark in self.folder.glob(f"*/*{NEW}"):
            name = mark.relative_to(self.folder).as_posix().removesuffix(NEW)
            query = "SELECT 1 FROM file WHERE place = ? AND name = ?"
            if self.database.execute(query, (self.place, name)).fetchone() is None:
                self._settle_dead(name, 0)
            if self.slots is None or self.slots.is_free(_slot_of(name)):
                mark.unlink(missing_ok=True)

    def _mark(self, name: str) -> Path:
        return self.folder / f"{name}{NEW}"

    def _forget_new(self) -> None:
        while self._new:
            self._mark(self._new.pop()).unlink(missing_ok=True)

    def _settle_dead(self, name: str, size: int) -> None:
        path = self.folder / name
        if name in self._written or not path.exists() or path.stat().st_size <= size:
            return
        if self.slots is None or self.slots.is_free(_slot_of(name)):
            with path.open("ab", buffering=0) as stream:
                self._settle(stream, path, size)

    def _known(self, name: str) -> tuple[int, int]:
        find = "SELECT id, size FROM file WHERE place = ? AND name = ?"
        row = self.database.execute(find, (self.place, name)).fetchone()
        if row is None:
            # A file that the state does not know is somebody's, and not touched; but one that was begun in a transaction
            # whose writer died before its commit.
            is_there = (self.folder / name).exists() and (self.folder / name).stat().st_size
            if is_there and not self._mark(name).exists():
                raise StateError(
                    f"{self.folder / name} is not known to the state: put the state back that belongs to it, "
                    "or move the file away"
                )
            self.database.execute(
                "INSERT INTO file (place, name, size) VALUES (?, ?, 0)", (self.place, name)
            )
            row = self.database.execute(find, (self.place, name)).fetchone()
        return int(row[0]), int(row[1])

    def _stream(self, name: str, size: int) -> IO[bytes]:
        path = self.folder / name
        stream = self._open.get(name)
        if stream is None:
            is_new = not path.exists()
            path.parent.mkdir(parents=True, exist_ok=True)
            if is_new:
                self._mark(name).touch()
            # Unbuffered: what is written is with the kernel, and a killed process leaves it there.
            stream = path.open("ab", buffering=0)
            self._open[name] = stream
            if is_new:
                self._new.append(name)
                _sync_folder(path.parent)
                _sync_folder(path.parent.parent)
        if name not in self._written:
            self._settle(stream, path, size)
        return stream

    def _settle(self, stream: IO[bytes], path: Path, size: int) -> None:
        """Bring a file to the length that the state has recorded."""
        actual = os.fstat(stream.fileno()).st_size
        if actual < size:
            raise StateError(
                f"{path} has {actual} bytes, the state has recorded {size}: it was cut or replaced; "
                "put it back, or move it away and run newscrawl state forget"
            )
        if actual > size:
            self._take_out(path, size)
            os.ftruncate(stream.fileno(), size)
            os.fsync(stream.fileno())

    def _take_out(self, path: Path, size: int) -> None:
        with path.open("rb") as source:
            source.seek(size)
            data = source.read()
        self.recovered.mkdir(parents=True, exist_ok=True)
        kept = self.recovered / f"{path.parent.name}-{path.name}"
        with kept.open("ab") as target:
            target.write(data if data.endswith(b"\n") else data + b"\n")
            target.flush()
            os.fsync(target.fileno())
        lines = data.count(b"\n")
        logger.warning(
            "%s: %d whole lines and %d bytes of a torn one, written but not committed, went to %s; "
            "their pages are fetched again",
            path, lines, len(data) - data.rfind(b"\n") - 1, kept,
        )  # fmt: skip


class Slots:
    """Numbers of those who write into one folder at the same time, the least that is free to each process.

    The kernel frees a number when its process dies, however it dies; who takes it next goes on with its files.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / ".slots"
        self.folder.mkdir(parents=True, exist_ok=True)
        self._noted = ""
        self.own = next(n for n in count() if self._take(n))

    def note(self, day: str) -> None:
        """Note the first day of which something may be left uncommitted, for whoever has the number next."""
        if day != self._noted:
            (self.folder / f"{self.own}.day").write_text(day)
            self._noted = day

    def since(self) -> float:
        """Give from when on the one who had the number before may have left something, in seconds since 1970."""
        try:
            day = datetime.fromisoformat((self.folder / f"{self.own}.day").read_text()).replace(
                tzinfo=UTC
            )
        except (OSError, ValueError):
            return datetime.now(UTC).timestamp()
        return (day - timedelta(days=1)).timestamp()

    def is_free(self, number: int) -> bool:
        """Tell whether no other process writes under a number."""
        if number == self.own:
            return True
        lock = self._lock(number)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return False
        lock.release()
        return True

    def _take(self, number: int) -> bool:
        self._held = self._lock(number)
        try:
            self._held.acquire(timeout=0)
        except Timeout:
            return False
        return True

    def _lock(self, number: int) -> FileLock:
        return FileLock(self.folder / f"{number}.lock", thread_local=False, fallback_to_soft=False)


@cache
def slots_of(folder: Path) -> Slots:
    """Give this process's number among those who write into a folder; it keeps it until it ends."""
    return Slots(folder)


def _slot_of(name: str) -> int:
    """Give the number of the writer that a file belongs to.

    >>> _slot_of("a.org/2026-01-31.jsonl"), _slot_of("a.org/2026-01-31.2.jsonl")
    (0, 2)
    """
    slot = name.rpartition("/")[2].removesuffix(".jsonl").partition(".")[2]
    return int(slot) if slot.isdigit() else 0


def _write_all(stream: IO[bytes], data: bytes) -> None:
    """Write everything: on a disk that fills up, an unbuffered write may take a part."""
    view = memoryview(data)
    while view:
        view = view[stream.write(view) :]


def safe_name(text: str) -> str:
    """Give a name that is one part of a path, whatever the text.

    >>> safe_name("../etc/passwd"), safe_name("a.org"), safe_name("..")
    ('__etc_passwd', 'a.org', '_')
    """
    return UNSAFE.sub("_", text)[:120] or "_"


def _sync_folder(path: Path) -> None:
    """Force a folder's entries to the disk, so that a new file survives a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
