"""Move a state from one back end to the other: all of it, and it goes on there."""

import asyncio
from pathlib import Path

import pytest

from newscrawl.errors import StateError
from newscrawl.state import Manners, Outcome, RunKey, Stored
from newscrawl.state.addresses import key_of
from newscrawl.state.back_ends import open_back_end, open_frontier
from newscrawl.state.copying import TABLES, copy_state
from newscrawl.state.ends import End
from newscrawl.state.inspection import open_state
from newscrawl.state.place import StatePlace, place_of
from tests.articles import an_article
from tests.postgres import Server
from tests.states import look
from tests.test_frontier import entry, fetch_all

UNTOUCHED = {"queue", "newscrawl", "session", "sqlite_sequence", "worker"}
"""Tables that triggers fill, that tell the schema, or who is at work now."""


@pytest.fixture(params=["into PostgreSQL", "into a file"])
def ways(
    request: pytest.FixtureRequest, tmp_path: Path, postgres: Server
) -> tuple[StatePlace, StatePlace]:
    """Give where a state is, and where it is to go."""
    file, server = place_of(tmp_path / "state.db"), place_of(postgres.state())
    return (file, server) if request.param == "into PostgreSQL" else (server, file)


def fill(place: StatePlace, folder: Path) -> None:
    """Leave an article in two versions, a rejection, and three addresses that wait."""

    async def main() -> None:
        opened = open_frontier(place, folder, RunKey(job="job", locks=("job",)), Manners())
        await opened.put([entry(number, f"{number}.example") for number in range(2)])
        leases = sorted((await opened.claim(2)).leases, key=lambda lease: lease.url)
        await opened.ack(leases[0], outcome(leases[0].url, "one"))
        await opened.ack(leases[1], Outcome(end=End.REJECTED, plan=(3600.0,)))
        await opened.put([entry(number, f"{number}.example") for number in range(2, 5)])
        await opened.close("finished")

    asyncio.run(main())


def outcome(url: str, text: str) -> Outcome:
    article = an_article("a", url=url, text=f"{text} and more of it. " * 9)
    return Outcome(
        end=End.NEW, articles=(Stored(article=article, keys=(key_of(url),)),), plan=(0.0,)
    )


def contents(place: StatePlace) -> dict[str, list[tuple[object, ...]]]:
    found = {}
    for table, columns in TABLES.items():
        names = [name for name in columns.split() if name not in ("place", "path")]
        if table == "place":
            continue
        query = "SELECT " + ", ".join(f'"{name}"' for name in names) + f" FROM {table}"
        found[table] = sorted(look(place, query), key=repr)
    return found


def test_all_is_there_afterwards_and_goes_on(
    tmp_path: Path, ways: tuple[StatePlace, StatePlace]
) -> None:
    source, target = ways
    articles = tmp_path / "articles"
    fill(source, articles)
    before = contents(source)

    copied = copy_state(source, target, articles)

    assert copied.addresses == 5
    assert copied.articles == 1
    assert contents(source) == before
    assert plain(contents(target)) == plain(before)
    with open_state(target, articles) as state:
        assert list(state.check()) == []
        assert state.article(1, 1).text.startswith("one")

    async def go_on() -> list[str]:
        opened = open_frontier(target, articles, RunKey(job="job", locks=("job",)), Manners())
        again = await opened.put([entry(number, f"{number}.example") for number in range(5)])
        assert again.added == 0
        revised = await opened.version(outcome(entry(0, "0.example").url, "two").articles[0])
        assert revised is not None
        assert revised.revision is not None
        assert revised.revision.number == 2
        assert revised.revision.changed == ("text",)
        fetched = await fetch_all(opened)
        assert (await opened.close("finished")).adds_up()
        return fetched

    assert len(asyncio.run(go_on())) == 3


def plain(found: dict[str, list[tuple[object, ...]]]) -> dict[str, list[tuple[object, ...]]]:
    return {
        table: sorted(
            (tuple(int(v) if isinstance(v, bool) else v for v in row) for row in rows), key=repr
        )
        for table, rows in found.items()
    }


def test_nothing_is_copied_over_a_state_or_under_a_run(
    tmp_path: Path, ways: tuple[StatePlace, StatePlace]
) -> None:
    source, target = ways
    articles = tmp_path / "articles"
    fill(source, articles)
    fill(target, tmp_path / "others")
    with pytest.raises(StateError, match="is not empty"):
        copy_state(source, target, articles)
    with pytest.raises(StateError, match="onto itself"):
        copy_state(source, source, articles)

    opened = open_frontier(source, articles, RunKey(job="job"), Manners())
    try:
        with pytest.raises(StateError, match="is at work on it"):
            copy_state(source, place_of(tmp_path / "new.db"), articles)
    finally:
        opened.close_now("finished")


def test_an_older_state_gets_what_versions_are_compared_by(
    tmp_path: Path, postgres: Server
) -> None:
    source, target = place_of(tmp_path / "state.db"), place_of(postgres.state())
    fill(source, tmp_path / "articles")
    database = open_back_end(source).database
    with database.writing():
        database.execute("UPDATE article SET basis = NULL")
    database.close()

    copy_state(source, target, tmp_path / "articles")

    assert look(target, "SELECT count(*) FROM article WHERE basis IS NULL") == [(0,)]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_every_column_of_every_table_is_copied(tmp_path: Path, postgres: Server, kind: str) -> None:
    if kind == "sqlite":
        place = place_of(tmp_path / "state.db")
        query = (
            "SELECT m.name, c.name FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c "
            "WHERE m.type = 'table'"
        )
    else:
        place = place_of(postgres.state())
        query = f"SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = '{place.schema}'"
    open_back_end(place).database.close()
    columns: dict[str, set[str]] = {}
    for table, column in look(place, query):
        columns.setdefault(str(table), set()).add(str(column))
    columns.get("host", set()).discard("busy")  # a trigger counts it

    assert {t: c for t, c in columns.items() if t not in UNTOUCHED} == {
        table: set(names.split()) for table, names in TABLES.items()
    }


def test_the_command_copies_and_says_so(tmp_path: Path, postgres: Server) -> None:
    from newscrawl.cli import main

    fill(place_of(tmp_path / "data" / "state.db"), tmp_path / "data" / "articles")
    target = postgres.state()

    code = main(["state", "copy", "--state", str(tmp_path / "data" / "state.db"), "--to", target])

    assert code == 0
    assert look(place_of(target), "SELECT count(*) FROM url") == [(5,)]
