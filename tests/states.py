"""Where the state of a test is: a file in its folder, unless the folder says which database."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from newscrawl.state.back_ends import open_back_end
from newscrawl.state.place import StatePlace, place_of

ADDRESS = "state.address"
"""The file that names a database."""


WHERE = "NEWSCRAWL_TEST_BACK_END"
"""An environment variable; `postgresql` has all tests that run commands in a folder keep their state there."""
_given: list[Callable[[], str]] = []


def give_states(new: Callable[[], str]) -> None:
    """Have every folder's state in a database; `new` gives the address of one that nobody has used."""
    _given.append(new)


def somewhere() -> str | None:
    """Give the address of a new state, where they are to be in a database."""
    return _given[-1]() if _given else None


def state_in(folder: Path, file: str = "state.db") -> StatePlace:
    told = folder / ADDRESS
    return place_of(told.read_text() if told.exists() else folder / file)


def environment_in(folder: Path) -> dict[str, str]:
    """Give what names the state to commands, where it is in a database."""
    told = folder / ADDRESS
    return {"NEWSCRAWL_STATE": told.read_text()} if told.exists() else {}


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
