"""Where the state of a test is: a file in its folder, unless the folder says which database."""

from pathlib import Path
from typing import Any

from newscrawl.state.back_ends import open_back_end
from newscrawl.state.place import StatePlace, place_of

ADDRESS = "state.address"
"""The file that names a database."""


def state_in(folder: Path, file: str = "state.db") -> StatePlace:
    told = folder / ADDRESS
    return place_of(told.read_text() if told.exists() else folder / file)


def look(place: StatePlace, query: str, *values: Any) -> list[tuple[Any, ...]]:
    """Ask a state something."""
    database = open_back_end(place, create=False).database
    try:
        return [tuple(row) for row in database.execute(query, values)]
    finally:
        database.close()


def change(place: StatePlace, query: str, *values: Any) -> None:
    """Change something in a state."""
    database = open_back_end(place, create=False).database
    try:
        with database.writing():
            database.execute(query, values)
    finally:
        database.close()
