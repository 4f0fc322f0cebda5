"""Write the lines of the outbox to shared storage: many at once, each in one file, whatever dies on the way.

First a group of lines is given a file's name, then the file is written, then the lines are said to be in it. Who takes over
from one that died in between writes the same lines under the same name.
"""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from newscrawl.errors import StateError
from newscrawl.remote import is_remote
from newscrawl.state.backend import Database
from newscrawl.state.lines import remote

logger = logging.getLogger(__name__)

SHIP_AFTER: Final = 900.0
"""Seconds for which a line may wait for others of its source and day."""
SHIP_BYTES: Final = 32_000_000
"""Bytes of a source's day that are written at once."""
SHIP: Final = "ship"


def ship(database: Database, articles: Path | str, *, everything: bool = False) -> int:
    """Write lines that have waited long enough, or are many enough.

    Args:
        database: the state, outside a transaction.
        articles: where articles go; where that is a folder, nothing is to be sent.
        everything: whether those that have not waited long enough go too.

    Returns:
        The lines that were written.

    Raises:
        StateError: the storage cannot be written; the lines stay where they are.

    """
    if not isinstance(articles, str) or not is_remote(articles):
        return 0
    total = 0
    try:
        for file, name in _assigned(database, articles.rstrip("/"), everything=everything):
            total += _send(database, articles.rstrip("/"), file, name)
    except sqlite3.Error as error:
        raise database.explain(error) from error
    return total


def _assigned(database: Database, place: str, *, everything: bool) -> Iterator[tuple[int, str]]:
    """Give the files that are to be written: those that another one began, and new ones."""
    with database.writing():
        database.serialise(SHIP)
        # Lines that were to go where articles went before, and have not: a wrong address that was put right.
        wrong = "(SELECT id FROM file WHERE place <> ? AND size = 0 AND id IN (SELECT file FROM outbox WHERE file IS NOT NULL))"
        late = 0.0 if everything else 2 * SHIP_AFTER
        database.execute(
            f"UPDATE outbox SET file = NULL WHERE file IN {wrong} AND stored <= ?",
            (place, database.now() - late),
        )
        before = 0.0 if everything else database.now() - SHIP_AFTER
        groups = database.execute(
            "SELECT source, day, min(id), sum(length(line)), min(stored) FROM outbox WHERE file IS NULL GROUP BY 1, 2"
        ).fetchall()
        for source, day, first, size, stored in groups:
            if everything or stored <= before or size >= SHIP_BYTES:
                name = f"{source}/{day}.{first}.jsonl"
                (file,) = database.execute(
                    "INSERT INTO file (place, name, size) VALUES (?, ?, 0) RETURNING id",
                    (place, name),
                ).fetchone()
                database.execute(
                    "UPDATE outbox SET file = ? WHERE file IS NULL AND source = ? AND day = ?",
                    (file, source, day),
                )
        found = database.execute(
            "SELECT id, name FROM file WHERE place = ? AND id IN (SELECT file FROM outbox WHERE file IS NOT NULL) ORDER BY id",
            (place,),
        ).fetchall()
    for file, name in found:
        yield int(file), str(name)


def _send(database: Database, place: str, file: int, name: str) -> int:
    rows: list[Any] = database.execute(
        "SELECT id, line FROM outbox WHERE file = ? ORDER BY id", (file,)
    ).fetchall()
    if not rows:  # another one has sent it meanwhile
        return 0
    data = b"".join(bytes(line) + b"\n" for _, line in rows)
    # Outside a transaction, which may not wait for a network: two who do this at once write the same.
    _write(f"{place}/{name}", data)
    moved, start = list[tuple[int, int, int]](), 0
    for number, line in rows:
        moved.append((file, start, number))
        start += len(line) + 1
    with database.writing():
        database.executemany(
            "UPDATE version SET file = ?, start = ? WHERE file = 0 AND start = ?", moved
        )
        database.execute("UPDATE file SET size = ? WHERE id = ?", (len(data), file))
        database.execute("DELETE FROM outbox WHERE file = ?", (file,))
    return len(rows)


def _write(address: str, data: bytes) -> None:
    system, path = remote(address)
    try:
        with suppress(FileExistsError):
            system.makedirs(path.rpartition("/")[0], exist_ok=True)
        system.pipe_file(path, data)
    except Exception as error:  # the kinds differ by storage
        raise StateError(f"cannot write {address}: {error}") from error
