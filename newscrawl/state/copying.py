"""Copy a state from one back end into another, whole or not at all.

What the tables hold is the same in both; what a back end keeps beside them, such as the queues, its triggers count again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from newscrawl.errors import StateError
from newscrawl.remote import is_remote
from newscrawl.state.articles import ArticleStore
from newscrawl.state.back_ends import BackEnd, open_back_end
from newscrawl.state.beginning import BEGIN, bury_the_dead
from newscrawl.state.files import ArticleFiles
from newscrawl.state.lines import FileLines
from newscrawl.state.place import StatePlace
from newscrawl.state.runs import open_runs
from newscrawl.state.versions import Basis

TABLES: Final = {
    "run": "id job locks pid started ended reason asked spider arguments machine worker seen",
    "ledger": "run outcome reason number",
    "host": "id name source next_at distrusted backoff refusals silences delay",
    "url": "id key url host state is_article run met priority attempts held lease_until due outcome reason found first_fetched "
    "fetched failures unchanged hints etag last_modified article request not_before kind interval signature score published",
    "article": "id url key number hash fingerprint title text_hash basis",
    "alias": "key article",
    "version": "article number run stored file start length",
    "file": "id place name size",
    "place": "id machine path",
    "outbox": "id source day line stored file",
    "answer": "run source kind number",
    "delivery": "source part day kind number",
    "tally": "source at kind number",
    "source": "name last_new last_read reads unread reasons",
    "trouble": "source kind since detail parts seen told ended",
    "upkeep": "name at",
}
"""The columns of all tables but those that triggers fill; `tests/test_copying.py` holds them against both schemas."""
NUMBERED: Final = ("run", "host", "url", "article", "file", "outbox")
"""Tables whose rows are counted."""
AT_ONCE: Final = 5000
"""Rows that are read and written together."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What was copied."""

    addresses: int
    articles: int
    rows: int


def copy_state(source: StatePlace, target: StatePlace, articles: Path | str) -> Copied:
    """Copy a state into one that is not there yet, or is empty.

    Args:
        source: where it is.
        target: where it goes; the source stays as it is.
        articles: the folder of its article files, which stay where they are.

    Raises:
        StateError: a run is at work on it, the target is not empty, or one of them cannot be used.

    """
    if source == target:
        raise StateError(f"{source} cannot be copied onto itself")
    old = open_back_end(source, create=False)
    try:
        _refuse_at_work(old, source, articles)
        new = open_back_end(target)
        try:
            return _copy(old, new, target, articles)
        finally:
            new.database.close()
    finally:
        old.database.close()


def _refuse_at_work(old: BackEnd, source: StatePlace, articles: Path | str) -> None:
    own = _files(old, articles)
    with old.database.writing():
        bury_the_dead(old.database, old.locks, own if source.file else None, 0.0)
        begun = open_runs(old.database)
    if begun:
        raise StateError(
            f"{source}: run {begun[0][0]} is at work on it; stop what crawls, and copy then"
        )


def _copy(old: BackEnd, new: BackEnd, target: StatePlace, articles: Path | str) -> Copied:
    counts = dict[str, int]()
    with new.database.writing(), old.database.reading():
        # Nobody may begin on the new one before it is whole.
        new.database.serialise(BEGIN)
        if open_runs(old.database):
            raise StateError("a run has begun meanwhile; stop what crawls, and copy then")
        for table in ("run", "url", "article"):
            if new.database.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone():
                raise StateError(f"{target} is not empty: name one that is not there yet")
        places = _places(old, new, articles)
        store = ArticleStore(old.database, _files(old, articles))
        for table, names in TABLES.items():
            columns = names.split()
            counts[table] = new.database.fill(
                table, columns, _rows(old, table, columns, places, store)
            )
        new.database.settle_numbers(NUMBERED)
    return Copied(counts["url"], counts["article"], sum(counts.values()))


def _places(old: BackEnd, new: BackEnd, articles: Path | str) -> dict[str, str]:
    """Give what the folder of article files is called in the old state, and in the new one."""
    if is_remote(str(articles)):
        return {}
    return {old.place_id(articles): new.name_place(articles)}


def _files(old: BackEnd, articles: Path | str) -> FileLines:
    folder = Path(articles)
    files = ArticleFiles(folder, folder.parent / "recovered", old.database, old.place_id(articles))
    return FileLines(files, old.database)


def _rows(
    old: BackEnd, table: str, columns: Sequence[str], places: dict[str, str], store: ArticleStore
) -> Iterator[list[Any]]:
    order = ", ".join(f'"{name}"' for name in columns[:4])
    names = ", ".join(f'"{name}"' for name in columns)
    query = f"SELECT {names} FROM {table} ORDER BY {order}"
    for row in old.database.stream(query, AT_ONCE):
        values = dict(zip(columns, row, strict=True))
        if table == "url":
            values["is_article"] = bool(values["is_article"])
        elif table == "file":
            values["place"] = places.get(values["place"], values["place"])
        elif table == "place" and values["id"] in places:
            continue  # it is there by its new name, if it needs one
        elif table == "article" and values["basis"] is None:
            values["basis"] = _basis(store, values["id"], values["number"])
        yield list(values.values())


def _basis(store: ArticleStore, article: int, number: int) -> bytes | None:
    """Read what a version is compared by from its line: where the copy is read, that may be far away."""
    try:
        return Basis.of(store.read(article, number)).written()
    except (StateError, msgspec.MsgspecError):
        return None
