"""Where the lines of articles go: files on this machine, or storage that many machines share."""

import re
from pathlib import Path
from typing import Any, Final, Protocol

from newscrawl.errors import StateError, UsageError
from newscrawl.remote import is_remote, open_remote
from newscrawl.state.backend import Database
from newscrawl.state.files import ArticleFiles, Slots, safe_name

UNSENT: Final = 0
"""In the place of a file: the line is still in the state."""


class Lines(Protocol):
    """Takes lines within the state's transactions, and gives them back."""

    def append(self, source: str | None, day: str, line: bytes) -> tuple[int, int, int]:
        """Append a line; give the file's number, the offset and the length.

        Raises:
            StateError: it cannot be written.

        """

    def read(self, file: int, start: int, length: int) -> bytes:
        """Read a line.

        Raises:
            StateError: it cannot be read from here.

        """

    def sync(self) -> None:
        """Force what was written to the disk; the commit may follow."""

    def committed(self) -> None:
        """Note that what was written stands."""

    def undo(self) -> None:
        """Take back what the transaction has written."""

    def settle(self, since: float) -> None:
        """Take out what writers that died have written since a time without a commit."""

    def close(self) -> None:
        """Close all files."""


class FileLines:
    """Lines in files on this machine, a source and day each."""

    def __init__(self, files: ArticleFiles, database: Database) -> None:
        self.files = files
        self.database = database
        self.append = files.append
        self.sync = files.sync
        self.committed = files.committed
        self.undo = files.undo
        self.settle = files.settle
        self.close = files.close

    def read(self, file: int, start: int, length: int) -> bytes:
        """Read a line, wherever it is."""
        return read_line(self.database, self.files, file, start, length)


class Outbox:
    """Lines that are kept in the state until they are written to shared storage, many at once."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def append(self, source: str | None, day: str, line: bytes) -> tuple[int, int, int]:
        """Put a line into the outbox."""
        (number,) = self.database.execute(
            "INSERT INTO outbox (source, day, line, stored) VALUES (?, ?, ?, ?) RETURNING id",
            (safe_name(source or "unknown"), day, line, self.database.now()),
        ).fetchone()
        return UNSENT, int(number), len(line) + 1

    def read(self, file: int, start: int, length: int) -> bytes:
        """Read a line, wherever it is."""
        return read_line(self.database, None, file, start, length)

    def sync(self) -> None:
        """Nothing is on this machine's disk."""

    committed = undo = close = sync

    def settle(self, since: float) -> None:
        """Do nothing: what was not committed is nowhere."""


def read_line(
    database: Database, files: ArticleFiles | None, file: int, start: int, length: int
) -> bytes:
    """Read a line from the outbox, this machine's files, or shared storage.

    Raises:
        StateError: it cannot be read, or is on another machine.

    """
    if file == UNSENT:
        row = database.execute("SELECT line FROM outbox WHERE id = ?", (start,)).fetchone()
        if row is None:
            raise StateError(f"line {start} is not in the outbox")
        return bytes(row[0])
    row = database.execute("SELECT place, name FROM file WHERE id = ?", (file,)).fetchone()
    if row is None:
        raise StateError(f"file {file} is not in the state")
    place, name = row
    if is_remote(place):
        return read_remote(place, name, start, length)
    if files is not None and place == files.place:
        return files.read(name, start, length)
    return ArticleFiles(_elsewhere(database, place, name), Path(), database).read(
        name, start, length
    )


def _elsewhere(database: Database, place: str, name: str) -> Path:
    """Give the folder of another place, where this machine sees it too."""
    row: Any = database.execute("SELECT machine, path FROM place WHERE id = ?", (place,)).fetchone()
    machine, path = row or ("another machine", "")
    if not path or not (Path(path) / name).exists():
        raise StateError(
            f"{name} is in {path or 'a folder'} on {machine}, which cannot be read here"
        )
    return Path(path)


def read_remote(place: str, name: str, start: int, length: int) -> bytes:
    """Read a part of a file of shared storage.

    Raises:
        StateError: it cannot be read.

    """
    system, path = remote(f"{place.rstrip('/')}/{name}")
    try:
        data: bytes = system.cat_file(path, start=start, end=start + length)
    except Exception as error:  # the kinds differ by storage
        raise StateError(f"cannot read {place}/{name}: {error}") from error
    return data.removesuffix(b"\n")


def check_storage(articles: Path | str) -> None:
    """See to it that shared storage can be used, as far as can be told without writing.

    Raises:
        UsageError: there is no such storage, no package for it, or its address is none.

    """
    if isinstance(articles, Path):
        return
    if re.match(r"(?:file|local)://(?!/)", articles):
        raise UsageError(f"{articles}: a folder is named with three slashes, file:///…")
    remote(articles)


def remote(address: str) -> tuple[Any, str]:
    """Give the file system of an address, and the path in it.

    Raises:
        UsageError: there is no package for it.
        StateError: it cannot be used.

    """
    try:
        return open_remote(address)
    except UsageError:
        raise
    except Exception as error:  # the kinds differ by storage
        raise StateError(f"{address}: {error}") from error


def open_lines(
    database: Database, articles: Path | str, place: str = "", slots: Slots | None = None
) -> Lines:
    """Open what lines go to.

    Args:
        database: the state.
        articles: a folder, or the address of shared storage.
        place: what the folder is known by.
        slots: which of its writers this is.

    """
    if is_remote(articles):
        return Outbox(database)
    folder = Path(articles)
    return FileLines(
        ArticleFiles(folder, folder.parent / "recovered", database, place, slots), database
    )
