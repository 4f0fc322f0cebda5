"""Workers on a shared state: killed, told to leave, cut off from their database; and what they leave behind."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from newscrawl.errors import StateError, UsageError
from newscrawl.state import Lease, Line, Manners, Outcome, RunKey
from newscrawl.state.back_ends import open_frontier
from newscrawl.state.ends import End
from newscrawl.state.frontier import SQLFrontier
from newscrawl.state.inspection import open_state
from newscrawl.state.place import StatePlace, place_of
from newscrawl.state.shipping import ship
from tests.fleet import DELAY, FAST, Fleet, Papers, Plan, work
from tests.postgres import Server
from tests.states import change, look
from tests.test_frontier import entry, fetch_all


@pytest.fixture
def papers(tmp_path: Path) -> Iterator[Papers]:
    found = Papers(9, 6, tmp_path / "asked")
    yield found
    found.stop()


@pytest.fixture
def own_server() -> Iterator[Server]:
    """A server that may be killed."""
    with Server() as server:
        yield server


def a_fleet(folder: Path, state: StatePlace, papers: Papers, *options: str, **values: Any) -> Fleet:
    return Fleet(
        folder, state, papers, (*FAST, "-s", "NEWSCRAWL_CRAWLS_AT_ONCE=2", *options), **values
    )


# -- many, killed ---------------------------------------------------------------------------------


def test_every_article_once_however_often_workers_and_their_database_are_killed(
    tmp_path: Path, papers: Papers, own_server: Server
) -> None:
    fleet = a_fleet(tmp_path, place_of(own_server.state()), papers)
    fleet.begin(3)

    work(
        fleet,
        Plan(2, kill_every=5.0, kill_database_after=6.0, most=150.0, most_kills=3),
        own_server,
        random.Random(7),
    )

    fleet.check()
    assert fleet.problems == []
    assert fleet.kills >= 1


def test_workers_share_a_file_on_one_machine(tmp_path: Path, papers: Papers) -> None:
    fleet = a_fleet(tmp_path, place_of(tmp_path / "state.db"), papers, one_folder=True)
    (tmp_path / "articles").mkdir()
    fleet.options = (*fleet.options, "-s", f"NEWSCRAWL_ARTICLES={tmp_path}/machine/data/articles")
    fleet.begin(1)

    work(fleet, Plan(2, kill_every=5.0, most=150.0, most_kills=2), None, random.Random(7))

    fleet.check()
    assert fleet.problems == []


def test_a_second_worker_joins_a_job_that_the_first_is_at(tmp_path: Path, postgres: Server) -> None:
    """The first has no hands for all hosts: two requests at a time, and nine hosts."""
    papers = Papers(9, 36, tmp_path / "asked")
    state = place_of(postgres.state())
    fleet = a_fleet(tmp_path, state, papers, "-s", "CONCURRENT_REQUESTS=2")
    fleet.begin(1)

    work(fleet, Plan(2, most=150.0), None, random.Random(7))

    fleet.check()
    papers.stop()
    assert fleet.problems == []
    shares = look(
        state,
        "SELECT worker, sum(number) FROM ledger JOIN run ON run.id = ledger.run WHERE outcome = 'new' GROUP BY 1",
    )
    assert len(shares) == 2
    assert sum(int(number) for _, number in shares) == len(papers.wanted())
    assert any("begun by others" in fleet.said(number) for number in (0, 1))


# -- leaving ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_worker_that_is_told_to_leave_is_gone_within_ten_seconds(
    tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    """Its pages take half a minute each: their leases go back."""
    from tests.web import Answer, Web, article, site

    pages = site("slow.example", ["One story here", "Another story here"])
    slow = {
        url: article("A slow story") if "/2026/" in url else page for url, page in pages.items()
    }
    for url in [url for url in slow if "/2026/" in url]:
        slow[url] = Answer(b"never", wait=30.0)
    server = request.getfixturevalue("postgres") if kind == "postgresql" else None
    state = place_of(server.state() if server else tmp_path / "state.db")
    with Web(dict(slow)) as web:
        environment = {
            **os.environ, "http_proxy": web.proxy, "https_proxy": web.proxy, "NEWSCRAWL_STATE": state.text(),
        }  # fmt: skip
        command = [sys.executable, "-m", "newscrawl"]
        subprocess.run(
            [*command, "crawl", "http://slow.example/", "--later", "-q"],
            env=environment,
            cwd=tmp_path,
            check=True,
        )
        worker = subprocess.Popen(
            [*command, "worker", "-v", *FAST],
            env=environment,
            cwd=tmp_path,
            stderr=subprocess.PIPE,
            text=True,
        )
        while not web.asked("/2026/"):
            time.sleep(0.1)
            assert worker.poll() is None
        assert look(state, "SELECT count(*) FROM url WHERE state = 1") == [(1,)]

        told = time.monotonic()
        worker.send_signal(signal.SIGTERM)
        _, said = worker.communicate(timeout=30)

        assert time.monotonic() - told < 10
        assert worker.returncode == 0, said
        assert "Traceback" not in said
    assert look(state, "SELECT count(*) FROM url WHERE state = 1") == [(0,)]
    assert look(state, "SELECT count(*) FROM run WHERE ended IS NULL") == [(0,)]
    assert look(state, "SELECT reason FROM worker") == [("told_to_leave",)]
    with open_state(state, tmp_path / "data" / "articles") as opened:
        assert list(opened.check()) == []


def test_an_idle_worker_leaves_at_once(tmp_path: Path, postgres: Server) -> None:
    state = place_of(postgres.state())
    open_frontier(state, tmp_path / "a", RunKey(job="job")).close_now("finished")
    worker = subprocess.Popen(
        [sys.executable, "-m", "newscrawl", "worker", "--name", "idle", "--state", state.text()],
        cwd=tmp_path, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while not look(state, "SELECT 1 FROM worker"):
        time.sleep(0.1)
    time.sleep(1)
    worker.send_signal(signal.SIGTERM)
    _, said = worker.communicate(timeout=10)
    assert worker.returncode == 0
    assert said == "newscrawl: 0 crawls; left: told to leave\n"


# -- status -----------------------------------------------------------------------------------------


def test_status_shows_workers_hosts_and_backlog(tmp_path: Path, postgres: Server) -> None:
    state = place_of(postgres.state())

    async def main() -> None:
        opened = open_frontier(state, tmp_path / "a", RunKey(job="job", worker=1))
        with open_state(state) as looked:
            assert looked.join("first", "machine-a", 11) == 1
            assert looked.join("second", "machine-b", 22) == 2
        change(state, "UPDATE worker SET seen = seen - 500 WHERE id = 2")
        await opened.put([entry(number, f"{number % 3}.example") for number in range(9)])
        leases = (await opened.claim(1)).leases
        await opened.ack(leases[0], Outcome(end=End.REJECTED, delay=60.0))
        await opened.claim(1)
        said = command(tmp_path, "status", "--state", state.text())
        plain = json.loads(command(tmp_path, "status", "--json", "--state", state.text()))

        assert "hosts: 3 known, 3 with something to fetch, 1 being asked, 1 resting" in said
        assert "worker first, process 11 on machine-a" in said
        assert "1 crawl, 1 addresses ended" in said
        assert "worker second, process 22 on machine-b: lost" in said
        assert "7 left by runs" in said
        assert plain["hosts"] == {"known": 3, "leased": 1, "resting": 1, "waiting": 3}
        assert [worker["alive"] for worker in plain["workers"]] == [True, False]
        await opened.close("finished")

    asyncio.run(main())


def command(folder: Path, *words: str, code: int = 0) -> str:
    result = subprocess.run(
        [sys.executable, "-m", "newscrawl", *words], cwd=folder, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert result.returncode == code, result.stderr
    return result.stdout + result.stderr


# -- the database -------------------------------------------------------------------------------------


def test_a_run_goes_on_when_its_database_has_been_killed(
    tmp_path: Path, own_server: Server
) -> None:
    state = place_of(own_server.state())

    async def main() -> None:
        opened = open_frontier(state, tmp_path / "a", RunKey(job="job", locks=("job",)))
        await opened.put([entry(number, f"{number}.example") for number in range(4)])
        leases = (await opened.claim(2)).leases
        own_server.kill()
        waiting = asyncio.gather(*(opened.ack(one, Outcome(end=End.REJECTED)) for one in leases))
        await asyncio.sleep(1)
        assert not waiting.done()
        own_server.start()
        assert await waiting == [End.REJECTED, End.REJECTED]
        # It is still held to be at work: nobody may begin its source.
        assert taken(state, tmp_path)
        assert len(await fetch_all(opened)) == 2
        ledger = await opened.close("finished")
        assert ledger.adds_up()
        assert ledger.total(End.REJECTED) == 4

    asyncio.run(main())


TAKES = """
import sys
from pathlib import Path
from newscrawl.errors import TakenError
from newscrawl.state import RunKey
from newscrawl.state.back_ends import open_frontier
from newscrawl.state.place import place_of
try:
    open_frontier(place_of(sys.argv[1]), Path(sys.argv[2]), RunKey(job="job", locks=("job",))).close_now("finished")
except TakenError:
    sys.exit(9)
"""


def taken(state: StatePlace, folder: Path) -> bool:
    """Tell whether another process is refused the source."""
    result = subprocess.run(
        [sys.executable, "-c", TAKES, state.text(), str(folder / "b")], check=False
    )
    assert result.returncode in (0, 9)
    return result.returncode == 9


@pytest.mark.parametrize("moment", ["before the commit", "after the commit"])
def test_a_commit_that_is_cut_off_counts_once(
    tmp_path: Path, postgres: Server, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """The connection breaks at the commit, and nobody knows whether it was done."""
    state = place_of(postgres.state())

    async def main() -> None:
        opened = open_frontier(state, tmp_path / "a", RunKey(job="job"))
        await opened.put([entry(1)])
        (lease,) = (await opened.claim(1)).leases
        connection = opened.database.connection  # type: ignore[attr-defined]
        execute, pid = connection.execute, connection.info.backend_pid

        def cut(query: Any, *values: Any, **named: Any) -> Any:
            if query != "COMMIT":
                return execute(query, *values, **named)
            if moment == "after the commit":
                execute(query)
            with psycopg.connect(postgres.address, autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
            return execute("SELECT 1")

        monkeypatch.setattr(connection, "execute", cut)
        line = Line(source="shop", data=b'{"a":1}')
        assert await opened.ack(lease, Outcome(end=End.NEW, lines=(line,))) is End.NEW
        ledger = await opened.close("finished")
        assert ledger.adds_up()
        assert ledger.total(End.NEW) == 1

    asyncio.run(main())
    (file,) = (tmp_path / "a" / "shop").iterdir()
    assert file.read_bytes() == b'{"a":1}\n'


def test_a_run_that_was_taken_for_dead_stores_nothing_more(
    tmp_path: Path, postgres: Server
) -> None:
    state = place_of(postgres.state())

    async def main() -> None:
        opened = open_frontier(state, tmp_path / "a", RunKey(job="job", locks=("job",)))
        await opened.put([entry(1)])
        (lease,) = (await opened.claim(1)).leases
        pid = opened.database.connection.info.backend_pid  # type: ignore[attr-defined]
        with psycopg.connect(postgres.address, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
        change(state, "UPDATE run SET seen = 0")
        assert not taken(state, tmp_path)

        with pytest.raises(StateError, match="took this run for dead"):
            await insist(opened, lease)
        with pytest.raises(StateError, match="took this run for dead"):
            await opened.close("finished")

    asyncio.run(main())
    assert look(state, "SELECT reason FROM run ORDER BY id") == [("died",), ("finished",)]


async def insist(opened: SQLFrontier, lease: Lease) -> None:
    """Ack again and again: that its run was buried is seen when the connection is there again."""
    for _ in range(3):
        await opened.ack(lease, Outcome(end=End.NEW))


def test_what_cannot_be_used_is_said_in_a_line(tmp_path: Path, postgres: Server) -> None:
    state = postgres.state()
    with psycopg.connect(postgres.address, autocommit=True) as other:
        other.execute("CREATE SCHEMA strange")
        other.execute("CREATE TABLE strange.cookies (name text)")
    beginning = RunKey(job="job")

    def begin(address: str) -> None:
        open_frontier(place_of(address), tmp_path / "a", beginning, Manners()).close_now("finished")

    with pytest.raises(StateError, match="tables of another program"):
        begin(f"{postgres.address}?schema=strange")
    with pytest.raises(StateError, match="there is no crawl state"):
        open_state(place_of(state))
    begin(state)
    change(place_of(state), "INSERT INTO newscrawl (version) VALUES (99)")
    with pytest.raises(StateError, match="written by a newer newscrawl"):
        begin(state)
    with pytest.raises(StateError, match="cannot be reached") as caught:
        begin("postgresql://me:hidden@127.0.0.1:1/none")
    assert "hidden" not in str(caught.value)
    for wrong in ("redis://here", "postgresql://here/db?schema=no-name"):
        with pytest.raises(UsageError):
            place_of(wrong)


def test_the_environment_names_the_state_and_no_help_tells_its_password(tmp_path: Path) -> None:
    named = {**os.environ, "NEWSCRAWL_STATE": "postgresql://me:hidden@127.0.0.1:1/none"}
    helped = subprocess.run(
        [sys.executable, "-m", "newscrawl", "worker", "--help"],
        env=named,
        capture_output=True,
        text=True,
        check=True,
    )
    asked = subprocess.run(
        [sys.executable, "-m", "newscrawl", "state", "show"], env=named, cwd=tmp_path, capture_output=True, text=True,
        check=False,
    )  # fmt: skip

    assert "postgresql://me@127.0.0.1:1/none" in helped.stdout
    assert asked.returncode == 1
    assert "cannot be reached" in asked.stderr
    assert "hidden" not in helped.stdout + asked.stdout + asked.stderr


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://me:se#cret@127.0.0.1:1/news", "postgresql://me:se?cret@127.0.0.1:1/news", "postgresql://me:secret%zz@127.0.0.1:1/news",
        "postgresql://me:se/cret@127.0.0.1:1/news", "postgresql://me:secret@[::1]x/news", "postgresql:/me:secret@127.0.0.1:1/news",
        "host=127.0.0.1 user=me password=secret", "postgresql://127.0.0.1:1/news?user=me&password=secret",
        "postgresql://me:se@cret@127.0.0.1:1/news",
    ],
)  # fmt: skip
def test_no_password_is_ever_shown(tmp_path: Path, address: str) -> None:
    named = {**os.environ, "NEWSCRAWL_STATE": address}
    shown = ""
    for words in (
        ["status", "--help"],
        ["status"],
        ["schedule", "print", "cron", "--state", address],
    ):
        result = subprocess.run(
            [sys.executable, "-m", "newscrawl", *words], env=named, cwd=tmp_path, capture_output=True, text=True, check=False
        )  # fmt: skip
        shown += result.stdout + result.stderr
    assert "secret" not in shown
    assert "cret" not in shown.replace("secret", "")
    assert "Traceback" not in shown


def test_what_one_crawl_breaks_does_not_break_the_others(tmp_path: Path, postgres: Server) -> None:
    """All crawls of a process share a connection and its transactions."""
    state = place_of(postgres.state())

    async def main() -> None:
        one = open_frontier(state, tmp_path / "a", RunKey(job="one"))
        two = open_frontier(state, tmp_path / "a", RunKey(job="two"))
        broken, kept = await asyncio.gather(
            one.put([replace(entry(1), kind=object())]),  # type: ignore[arg-type]
            two.put([entry(2)]),
            return_exceptions=True,
        )
        assert isinstance(broken, Exception)
        assert not isinstance(kept, BaseException)
        assert kept.added == 1
        assert (await one.close("finished")).asked == 0
        assert (await two.close("finished")).asked == 1

    asyncio.run(main())


# -- where articles go ---------------------------------------------------------------------------------


async def store(opened: Any, number: int) -> None:
    await opened.put([entry(number)])
    (lease,) = (await opened.claim(1)).leases
    line = Line(source="shop", data=b'{"n":%d}' % number)
    await opened.ack(lease, Outcome(end=End.NEW, lines=(line,)))


def test_two_who_write_into_one_folder_have_files_of_their_own(
    tmp_path: Path, postgres: Server
) -> None:
    """The other's tail, which is not committed yet, stays; that of one who died goes."""
    state, folder = place_of(postgres.state()), tmp_path / "a"
    open_frontier(state, folder, RunKey(job="none")).close_now("finished")
    other = subprocess.Popen(
        [sys.executable, "-c", WRITES, state.text(), str(folder)], stdout=subprocess.PIPE
    )
    assert other.stdout is not None
    assert other.stdout.readline() == b"written\n"
    (theirs,) = (folder / "shop").iterdir()
    with theirs.open("ab") as stream:
        stream.write(b"on its way")

    async def main() -> None:
        opened = open_frontier(state, folder, RunKey(job="mine"))
        await store(opened, 2)
        await opened.close("finished")

    asyncio.run(main())
    assert theirs.read_bytes() == b'{"n":1}\non its way'
    assert sorted(file.read_bytes() for file in (folder / "shop").iterdir()) == [
        b'{"n":1}\non its way',
        b'{"n":2}\n',
    ]

    other.kill()
    other.communicate()
    after = subprocess.run([sys.executable, "-c", TAKES, state.text(), str(folder)], check=False)
    assert after.returncode == 0
    assert sorted(file.read_bytes() for file in (folder / "shop").iterdir()) == [
        b'{"n":1}\n',
        b'{"n":2}\n',
    ]


WRITES = """
import asyncio, sys, time
from pathlib import Path
from newscrawl.state import RunKey
from newscrawl.state.back_ends import open_frontier
from newscrawl.state.place import place_of
from tests.test_workers import store

async def main():
    opened = open_frontier(place_of(sys.argv[1]), Path(sys.argv[2]), RunKey(job="theirs"))
    await store(opened, 1)
    print("written", flush=True)
    time.sleep(60)

asyncio.run(main())
"""


@pytest.mark.usefixtures("back_end")
def test_lines_go_to_shared_storage_once_whatever_breaks_on_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.states import state_in

    state, storage = state_in(tmp_path), f"file://{tmp_path}/shared/articles"
    from newscrawl.state import Stored
    from newscrawl.state.addresses import key_of
    from tests.articles import an_article

    async def main(first: int) -> None:
        opened = open_frontier(state, storage, RunKey(job="job"))
        for number in range(first, first + 2):
            await opened.put([entry(number)])
            (lease,) = (await opened.claim(1)).leases
            article = an_article(f"n{number}", url=lease.url, source="a.example")
            stored = Stored(article=article, keys=(key_of(lease.url),))
            assert await opened.ack(lease, Outcome(end=End.NEW, articles=(stored,))) is End.NEW
        await opened.close("finished")

    def texts() -> list[str]:
        paths = sorted((tmp_path / "shared").rglob("*.jsonl"))
        return sorted(
            json.loads(line)["id"] for path in paths for line in path.read_bytes().splitlines()
        )

    asyncio.run(main(0))
    with open_state(state, storage) as opened:
        assert opened.article(1, 1).id == "id-n0"
        assert ship(opened.database, storage) == 0
        # It dies when the file is written, and before the state knows of it.
        with monkeypatch.context() as context:
            context.setattr(opened.database, "executemany", broken)
            with pytest.raises(OSError, match="killed"):
                ship(opened.database, storage, everything=True)
    assert texts() == ["id-n0", "id-n1"]

    asyncio.run(main(2))
    with open_state(state, storage) as opened:
        assert ship(opened.database, storage, everything=True) == 4
        assert ship(opened.database, storage, everything=True) == 0
    asyncio.run(main(4))
    with open_state(state, storage) as opened:
        assert ship(opened.database, storage, everything=True) == 2
        assert texts() == [f"id-n{number}" for number in range(6)]
        assert [opened.article(number, 1).id for number in range(1, 7)] == texts()
        assert list(opened.check()) == []
        address = opened.address("https://a.example/story-3")
        assert address is not None
        assert address.versions[0].file.startswith(storage)


def broken(*_: object) -> None:
    raise OSError("killed")


def test_what_is_on_another_machine_is_named(tmp_path: Path, postgres: Server) -> None:
    state = place_of(postgres.state())
    asyncio.run(_stored(state, tmp_path / "a"))
    (tmp_path / "a").rename(tmp_path / "gone")
    with open_state(state, tmp_path / "b") as opened:
        rows = look(
            state,
            "SELECT file, start, length FROM file JOIN (SELECT 1 AS file, 0 AS start, 8 AS length) AS x ON true",
        )
        with pytest.raises(StateError, match=r"is in .*/a on .*, which cannot be read here"):
            opened.lines.read(*(int(value) for value in rows[0]))


async def _stored(state: StatePlace, folder: Path) -> None:
    opened = open_frontier(state, folder, RunKey(job="job"))
    await store(opened, 1)
    await opened.close("finished")


def test_the_delay_between_workers_is_that_of_the_trial() -> None:
    assert f"DOWNLOAD_DELAY={DELAY}" in FAST


def test_a_worker_that_finds_nothing_to_do_settles_what_its_forerunner_left(
    tmp_path: Path, postgres: Server
) -> None:
    state, folder = place_of(postgres.state()), tmp_path / "data" / "articles"
    folder.mkdir(parents=True)
    other = subprocess.Popen(
        [sys.executable, "-c", WRITES, state.text(), str(folder)], stdout=subprocess.PIPE
    )
    assert other.stdout is not None
    assert other.stdout.readline() == b"written\n"
    other.kill()
    other.communicate()
    change(state, "UPDATE run SET seen = 0")
    (file,) = (folder / "shop").iterdir()
    with file.open("ab") as stream:
        stream.write(b'{"n":"not committed"}\n')

    command(tmp_path, "worker", "--until-done", "--state", state.text())

    assert file.read_bytes() == b'{"n":1}\n'
