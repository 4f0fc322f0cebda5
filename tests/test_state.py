"""The state as a SQLite file: its schemas, and what cannot be used."""

import os
import sqlite3
from pathlib import Path

import pytest

from newscrawl.errors import StateError
from newscrawl.state.addresses import key_of
from newscrawl.state.database import (
    APPLICATION_ID,
    MIGRATIONS,
    SCHEMA_1,
    SCHEMA_VERSION,
    open_database,
)
from newscrawl.state.frontier import SQLFrontier
from newscrawl.state.inspection import open_state
from tests.test_frontier import check, entry, fetch_all, frontier, run


def test_a_missing_state_beside_articles_is_no_silent_fresh_start(tmp_path: Path) -> None:
    (tmp_path / "articles" / "a.example").mkdir(parents=True)
    (tmp_path / "articles" / "a.example" / "2026-03-01.jsonl").write_bytes(b"{}\n")

    with pytest.raises(StateError, match="holds articles of one: put it back"), frontier(tmp_path):
        pass
    assert not (tmp_path / "state.db").exists()


def test_a_newer_state_is_refused_and_left_alone(tmp_path: Path) -> None:
    with frontier(tmp_path):
        pass
    database = sqlite3.connect(tmp_path / "state.db")
    database.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    database.close()

    with pytest.raises(StateError, match="written by a newer newscrawl"), frontier(tmp_path):
        pass
    with pytest.raises(StateError, match="written by a newer newscrawl"):
        open_state(tmp_path / "state.db")


def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "state.db")
    database.execute("CREATE TABLE cookies (name TEXT)")
    database.close()

    with pytest.raises(StateError, match="a database of another program"), frontier(tmp_path):
        pass


@pytest.mark.parametrize("damage", ["head", "middle", "text"])
def test_a_damaged_state_is_refused_or_found_by_the_check(tmp_path: Path, damage: str) -> None:
    async def fill(opened: SQLFrontier) -> None:
        await opened.put([entry(number, f"{number % 50}.example") for number in range(2000)])

    run(tmp_path, fill)
    path = tmp_path / "state.db"
    data = bytearray(path.read_bytes())
    if damage == "text":
        data = bytearray(b"this is no database, but a text that somebody has put here\n" * 40)
    start = {"head": 0, "middle": 8192, "text": 0}[damage]
    if damage != "text":
        data[start : start + 4096] = os.urandom(4096)
    path.write_bytes(data)

    try:
        problems = check(tmp_path)
    except StateError as error:
        problems = [str(error)]
    assert problems
    assert "damaged" in problems[0] or "state.db" in problems[0]
    assert path.read_bytes()[:64] == bytes(data[:64])


def test_a_state_locked_by_another_program_is_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with frontier(tmp_path):
        pass
    monkeypatch.setattr("newscrawl.state.database.BUSY_SECONDS", 0.2)
    other = sqlite3.connect(tmp_path / "state.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")

    with pytest.raises(StateError, match="is locked by another program"), frontier(tmp_path):
        pass
    other.execute("ROLLBACK")
    other.close()


def test_a_folder_is_no_state(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="is a folder"):
        open_state(tmp_path)
    with pytest.raises(StateError, match="there is no crawl state"):
        open_state(tmp_path / "none.db")


def test_migrations_lead_from_every_older_schema_to_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A next schema, as it will be written one day, is reached with all rows kept."""
    run(tmp_path, lambda opened: opened.put([entry(1)]))
    later = (*MIGRATIONS, "ALTER TABLE url ADD COLUMN colour TEXT DEFAULT 'grey';")
    monkeypatch.setattr("newscrawl.state.database.MIGRATIONS", later)
    monkeypatch.setattr("newscrawl.state.database.SCHEMA_VERSION", len(later))

    with frontier(tmp_path) as opened:
        rows = opened.database.execute("SELECT url, colour FROM url").fetchall()

    assert rows == [("https://a.example/story-1", "grey")]


def test_a_migration_that_fails_leaves_the_state_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path, lambda opened: opened.put([entry(1)]))
    broken = (
        *MIGRATIONS,
        "ALTER TABLE url ADD COLUMN colour TEXT;\nALTER TABLE nothing DROP COLUMN x;",
    )
    with monkeypatch.context() as context:
        context.setattr("newscrawl.state.database.MIGRATIONS", broken)
        context.setattr("newscrawl.state.database.SCHEMA_VERSION", len(broken))
        with pytest.raises(StateError), frontier(tmp_path):
            pass

    assert check(tmp_path) == []
    assert len(run(tmp_path, fetch_all)) == 1


def test_a_state_of_the_first_schema_is_migrated_with_all_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    old = sqlite3.connect(path)
    old.executescript(SCHEMA_1)
    old.execute("INSERT INTO host (name, source) VALUES ('www.a.example', 'a.example')")
    old.execute(
        "INSERT INTO url (key, url, host, is_article, run, met, found) VALUES (?, ?, 1, 1, 1, 1, 1.0)",
        (key_of("http://www.a.example/x"), "http://www.a.example/x"),
    )
    old.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    old.execute("PRAGMA user_version = 1")
    old.commit()
    old.close()

    database = open_database(path)

    assert database.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION
    assert database.execute("SELECT url, score, not_before FROM url").fetchall() == [
        ("http://www.a.example/x", 0.0, None)
    ]
    assert database.execute("SELECT backoff, refusals, silences FROM host").fetchall() == [
        (0.0, 0, 0)
    ]
    assert database.execute("SELECT waiting FROM queue").fetchall() == [(1,)]
    database.close()
