"""The contract of the frontier, on a real SQLite file and on a real PostgreSQL: leases, host clocks, runs, sums."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from newscrawl.errors import StateError
from newscrawl.reasons import Reason
from newscrawl.state import Entry, Frontier, Lease, Line, Manners, Outcome, RunKey
from newscrawl.state.addresses import key_of
from newscrawl.state.back_ends import open_frontier
from newscrawl.state.claiming import MAX_ATTEMPTS
from newscrawl.state.ends import End
from newscrawl.state.frontier import SQLFrontier
from newscrawl.state.inspection import open_state
from newscrawl.state.running import LEASE_SECONDS
from tests.states import change, look, state_in

pytestmark = pytest.mark.usefixtures("back_end")
Task = Callable[[SQLFrontier], Coroutine[Any, Any, Any]]


def entry(number: int, host: str = "a.example", **values: Any) -> Entry:
    url = f"https://{host}/story-{number}"
    given = {"is_article": True, **values}
    return Entry(key=key_of(url), url=url, host=host, **given)


@contextmanager
def frontier(folder: Path, job: str = "job", **values: Any) -> Iterator[SQLFrontier]:
    locks = values.pop("locks", (job,))
    opened = open_frontier(
        state_in(folder), folder / "articles", RunKey(job=job, locks=locks), Manners(**values)
    )
    try:
        yield opened
    finally:
        if opened.locks.is_own(opened.run):
            opened.close_now("finished")


def run(folder: Path, task: Task, job: str = "job", **values: Any) -> Any:
    """Run a task within a run of its own, and end it."""

    async def main() -> Any:
        with frontier(folder, job, **values) as opened:
            result = await task(opened)
            await opened.close("finished")
            return result

    return asyncio.run(main())


async def fetch_all(opened: SQLFrontier, end: End = End.REJECTED, **values: Any) -> list[str]:
    """Claim and ack until nothing is left; give the addresses in their order."""
    fetched = []
    while not await opened.drained():
        claim = await opened.claim(10)
        for lease in claim.leases:
            fetched.append(lease.url)
            await opened.ack(lease, Outcome(end=end, **values))
        if not claim.leases:
            await asyncio.sleep(claim.wait)
    return fetched


def test_it_is_a_frontier(tmp_path: Path) -> None:
    with frontier(tmp_path) as opened:
        interface: Frontier = opened
        assert interface is opened


def test_each_address_is_claimed_once_and_higher_priorities_first(tmp_path: Path) -> None:
    async def task(opened: SQLFrontier) -> None:
        put = await opened.put([entry(1), entry(2), entry(1), entry(3, priority=5)])

        assert put.added == 3
        assert put.repeated == (2,)
        assert [url[-1] for url in await fetch_all(opened)] == ["3", "1", "2"]

    run(tmp_path, task)


def test_a_host_is_held_until_the_ack_and_rests_after_it(tmp_path: Path) -> None:
    async def task(opened: SQLFrontier) -> None:
        await opened.put([entry(1), entry(2), entry(1, "b.example")])
        first = await opened.claim(10)
        assert sorted(lease.host for lease in first.leases) == ["a.example", "b.example"]

        assert (await opened.claim(10)).leases == ()
        a = next(lease for lease in first.leases if lease.host == "a.example")
        await opened.ack(a, Outcome(end=End.REJECTED, delay=0.3))
        acked = time.time()
        assert (await opened.claim(10)).leases == ()
        while not (claim := await opened.claim(10)).leases:
            assert claim.wait > 0
            await asyncio.sleep(claim.wait)

        assert 0.25 < time.time() - acked < 2
        assert claim.leases[0].host == "a.example"
        await opened.ack(claim.leases[0], Outcome(end=End.REJECTED))
        await opened.ack(
            next(lease for lease in first.leases if lease.host == "b.example"),
            Outcome(end=End.REJECTED),
        )

    run(tmp_path, task)


def test_several_requests_a_host_where_that_is_set(tmp_path: Path) -> None:
    async def task(opened: SQLFrontier) -> None:
        await opened.put([entry(number) for number in range(9)])

        assert len((await opened.claim(10)).leases) == 4
        assert len((await opened.claim(10)).leases) == 0

    run(tmp_path, task, concurrency=4)


def test_a_blocked_host_is_left_alone(tmp_path: Path) -> None:
    async def task(opened: SQLFrontier) -> None:
        await opened.put([entry(1)])
        await opened.block("a.example", 0.4)
        assert (await opened.claim(1)).leases == ()
        await asyncio.sleep(0.45)
        assert len((await opened.claim(1)).leases) == 1

    run(tmp_path, task)


def test_a_redirect_moves_the_hold_to_the_other_host(tmp_path: Path) -> None:
    async def task(opened: SQLFrontier) -> None:
        await opened.put([entry(1), entry(2, "b.example")])
        leases = {lease.host: lease for lease in (await opened.claim(2)).leases}
        a, b = leases["a.example"], leases["b.example"]

        assert not await opened.move(a, "b.example", 0.0)
        await opened.ack(b, Outcome(end=End.REJECTED))
        assert await opened.move(a, "b.example", 0.0)
        await opened.put([entry(3), entry(4, "b.example")])

        assert [lease.host for lease in (await opened.claim(2)).leases] == ["a.example"]
        await opened.ack(a, Outcome(end=End.REJECTED))

    run(tmp_path, task)


def test_a_known_article_is_seen_and_a_list_is_read_again(tmp_path: Path) -> None:
    async def first(opened: SQLFrontier) -> None:
        await opened.put([entry(1), entry(2, is_article=False)])
        await fetch_all(opened, End.READ)

    async def second(opened: SQLFrontier) -> None:
        await opened.put([entry(2, is_article=False)])
        (lease,) = (await opened.claim(5)).leases
        put = await opened.put([entry(1)])
        assert put.seen == ("a.example",)
        await opened.ack(lease, Outcome(end=End.READ))
        assert await opened.drained()

    async def article(opened: SQLFrontier) -> None:
        await opened.put([entry(1)])
        await fetch_all(opened, End.REJECTED)

    run(tmp_path, article)
    run(tmp_path, lambda opened: _put_and_read(opened, [entry(2, is_article=False)]))
    run(tmp_path, second)


async def _put_and_read(opened: SQLFrontier, entries: list[Entry]) -> None:
    await opened.put(entries)
    await fetch_all(opened, End.READ)


def test_an_article_is_due_by_its_plan(tmp_path: Path) -> None:
    async def first(opened: SQLFrontier) -> None:
        await opened.put([entry(1)])
        await fetch_all(opened, plan=(0.3, 3600.0))

    run(tmp_path, first)
    run(tmp_path, _nothing_to_do)
    time.sleep(0.35)

    async def due(opened: SQLFrontier) -> None:
        # Without being listed anywhere: the plan alone brings it back.
        assert len(await fetch_all(opened, plan=(0.3, 3600.0))) == 1

    run(tmp_path, due)
    run(tmp_path, _nothing_to_do)


async def _nothing_to_do(opened: SQLFrontier) -> None:
    assert (await opened.put([entry(1)])).seen
    assert await opened.drained()


@pytest.mark.parametrize(("ahead", "expected"), [(60.0, 1), (-60.0, 0)])
def test_a_listed_change_brings_an_article_back(
    tmp_path: Path, ahead: float, expected: int
) -> None:
    async def again(opened: SQLFrontier) -> None:
        put = await opened.put([entry(1, modified=time.time() + ahead)])
        assert put.added == expected
        await fetch_all(opened)

    async def first(opened: SQLFrontier) -> None:
        await opened.put([entry(1)])
        await fetch_all(opened, plan=(3600.0,))

    run(tmp_path, first)
    run(tmp_path, again)


def test_a_feed_that_always_says_modified_is_believed_less_and_less(tmp_path: Path) -> None:
    async def visit(opened: SQLFrontier) -> int:
        put = await opened.put([entry(1, modified=time.time() + 1)])
        await fetch_all(opened, End.UNCHANGED, plan=())
        return put.added

    visits = [run(tmp_path, visit) for _ in range(4)]

    assert visits == [1, 0, 0, 0]


def test_what_failed_is_asked_for_again_with_growing_patience(tmp_path: Path) -> None:
    async def fail(opened: SQLFrontier) -> int:
        await opened.put([entry(1)])
        return len(await fetch_all(opened, End.FAILED, reason=Reason.TIMEOUT))

    assert [run(tmp_path, fail) for _ in range(4)] == [1, 1, 1, 0]


def test_nothing_is_left_of_a_job_before_the_next_run_has_it(tmp_path: Path) -> None:
    async def interrupted(opened: SQLFrontier) -> None:
        await opened.put([entry(number) for number in range(5)])
        await opened.claim(1)

    async def resumed(opened: SQLFrontier) -> None:
        assert len(await fetch_all(opened)) == 5

    run(tmp_path, interrupted)
    run(tmp_path, _is_drained, job="another job")
    run(tmp_path, resumed)


async def _is_drained(opened: SQLFrontier) -> None:
    assert await opened.drained()


def test_a_limit_leaves_the_rest_for_later(tmp_path: Path) -> None:
    async def some(opened: SQLFrontier) -> int:
        await opened.put([entry(number) for number in range(5)])
        fetched = len(await fetch_all(opened))
        ledger = await opened.close("finished")
        assert ledger.adds_up()
        assert ledger.total(End.OVER_LIMIT) == 5 - fetched
        return fetched

    async def main() -> int:
        with frontier(tmp_path, limit=3) as opened:
            return await some(opened)

    assert asyncio.run(main()) == 3
    assert len(run(tmp_path, fetch_all)) == 2


def test_two_runs_at_once_share_hosts_and_never_an_address(tmp_path: Path) -> None:
    entries = [entry(number, f"{host}.example") for number in range(8) for host in "abc"]
    holding = list[str]()
    fetched = list[str]()

    async def crawl(opened: SQLFrontier) -> None:
        await opened.put(entries)
        while not await opened.drained():
            claim = await opened.claim(3)
            await asyncio.gather(*(visit(opened, lease) for lease in claim.leases))
            if not claim.leases:
                await asyncio.sleep(0.01)

    async def visit(opened: SQLFrontier, lease: Lease) -> None:
        assert lease.host not in holding
        holding.append(lease.host)
        fetched.append(lease.url)
        await asyncio.sleep(0.005)
        holding.remove(lease.host)
        await opened.ack(lease, Outcome(end=End.REJECTED))

    async def main() -> None:
        with frontier(tmp_path, "one") as one, frontier(tmp_path, "two") as two:
            await asyncio.gather(crawl(one), crawl(two))
            ledgers = [await one.close("finished"), await two.close("finished")]
        assert all(ledger.adds_up() for ledger in ledgers)
        assert sum(ledger.total(End.REJECTED) for ledger in ledgers) == 24

    asyncio.run(main())

    assert len(fetched) == len(set(fetched)) == 24


def test_a_second_run_of_a_source_is_told_who_has_it(tmp_path: Path) -> None:
    with (
        frontier(tmp_path, "one", locks=("a.example",)),
        pytest.raises(
            StateError, match=rf"a\.example is being crawled already, by process {os.getpid()}"
        ),
    ):
        open_frontier(
            state_in(tmp_path), tmp_path / "articles", RunKey(job="two", locks=("a.example",))
        )


def test_a_second_run_of_the_same_addresses_leaves_the_first_its_own(tmp_path: Path) -> None:
    async def main() -> None:
        with (
            frontier(tmp_path, "same", locks=()) as one,
            frontier(tmp_path, "other", locks=()) as _,
        ):
            await one.put([entry(number) for number in range(4)])
            with frontier(tmp_path, "same", locks=()) as two:
                put = await two.put([entry(number) for number in range(4)])
                assert len(put.seen) == 4
                assert await two.drained()
                assert (await two.close("finished")).adds_up()
            assert len(await fetch_all(one)) == 4
            assert (await one.close("finished")).adds_up()

    asyncio.run(main())


DIES = """
import asyncio, os, signal, sys
from pathlib import Path
from newscrawl.state import RunKey
from newscrawl.state.back_ends import open_frontier
from tests.states import state_in
from tests.test_frontier import entry

async def main(folder):
    opened = open_frontier(state_in(folder), folder / "articles", RunKey(job="job", locks=("job",)))
    await opened.put([entry(number, f"{number}.example") for number in range(5)])
    await opened.claim(3)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main(Path(sys.argv[1])))
"""


def die(folder: Path) -> None:
    result = subprocess.run([sys.executable, "-c", DIES, str(folder)], check=False)
    assert result.returncode == -signal.SIGKILL
    # What broke is a connection; that the run is dead is sure when it has said nothing for a while.
    change(state_in(folder), "UPDATE run SET seen = 0")


def test_the_leases_of_a_killed_run_return_at_once(tmp_path: Path) -> None:
    die(tmp_path)

    async def resumed(opened: SQLFrontier) -> list[int]:
        attempts = []
        while not await opened.drained():
            for lease in (await opened.claim(9)).leases:
                attempts.append(lease.attempts)
                await opened.ack(lease, Outcome(end=End.REJECTED))
        return attempts

    # What the dead run had in its hands comes last: it may be what killed it.
    assert run(tmp_path, resumed) == [1, 1, 2, 2, 2]


def test_an_address_that_kills_its_process_each_time_is_given_up(tmp_path: Path) -> None:
    for _ in range(MAX_ATTEMPTS):
        die(tmp_path)
        change(state_in(tmp_path), "UPDATE url SET attempts = attempts + 1 WHERE attempts > 0")

    with frontier(tmp_path) as opened:
        rows = opened.database.execute("SELECT outcome, reason FROM url WHERE state = 2").fetchall()
        ledger = opened.close_now("finished")

    assert ledger.adds_up()
    assert rows == [("failed", "given_up")] * 5


def test_an_expired_lease_returns_and_its_late_ack_counts_for_nothing(tmp_path: Path) -> None:
    async def task(opened: SQLFrontier) -> None:
        await opened.put([entry(1)])
        (late,) = (await opened.claim(1)).leases
        opened.database.execute(f"UPDATE url SET lease_until = lease_until - {LEASE_SECONDS + 1}")
        await opened.renew([])
        assert await opened.ack(late, Outcome(end=End.NEW)) is None

        (again,) = (await opened.claim(1)).leases
        assert await opened.ack(again, Outcome(end=End.REJECTED)) is End.REJECTED

    run(tmp_path, task)


def test_a_renewed_lease_stays(tmp_path: Path) -> None:
    async def task(opened: SQLFrontier) -> None:
        await opened.put([entry(1)])
        (lease,) = (await opened.claim(1)).leases
        opened.database.execute(f"UPDATE url SET lease_until = lease_until - {LEASE_SECONDS + 1}")
        await opened.renew([lease])

        assert await opened.ack(lease, Outcome(end=End.REJECTED)) is End.REJECTED

    run(tmp_path, task)


def test_the_ledger_of_a_run_that_lost_an_address_does_not_add_up(tmp_path: Path) -> None:
    async def main() -> bool:
        with frontier(tmp_path) as opened:
            await opened.put([entry(1), entry(2)])
            await fetch_all(opened)
            opened.database.execute("UPDATE ledger SET number = number - 1")
            ledger = await opened.close("finished")
            return ledger.adds_up()

    assert asyncio.run(main()) is False
    with open_state(state_in(tmp_path)) as state:
        assert [run.adds_up() for run in state.runs(5)] == [False]
    assert any("2 addresses, but 1 ends" in problem for problem in check(tmp_path))


def check(folder: Path) -> list[str]:
    with open_state(state_in(folder), folder / "articles") as state:
        return list(state.check())


def test_a_line_is_on_the_disk_before_its_ack_returns(tmp_path: Path) -> None:
    path = tmp_path / "articles" / "shop"

    async def task(opened: SQLFrontier) -> None:
        await opened.put([entry(1)])
        (lease,) = (await opened.claim(1)).leases
        await opened.ack(lease, Outcome(end=End.NEW, lines=(Line(source="shop", data=b'{"a":1}'),)))
        assert [file.read_bytes() for file in path.iterdir()] == [b'{"a":1}\n']

    run(tmp_path, task)


def test_bytes_without_a_commit_are_taken_out_and_kept_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def one(number: int, opened: SQLFrontier) -> None:
        await opened.put([entry(number)])
        (lease,) = (await opened.claim(1)).leases
        line = Line(source="shop", data=b'{"n":%d}' % number)
        await opened.ack(lease, Outcome(end=End.NEW, lines=(line,)))

    run(tmp_path, lambda opened: one(1, opened))
    (file,) = (tmp_path / "articles" / "shop").iterdir()
    with file.open("ab") as stream:
        stream.write(b'{"n":"whole"}\n{"n":"to')
    run(tmp_path, lambda opened: one(2, opened))

    assert file.read_bytes() == b'{"n":1}\n{"n":2}\n'
    (kept,) = (tmp_path / "recovered").iterdir()
    assert kept.read_bytes() == b'{"n":"whole"}\n{"n":"to\n'
    assert "1 whole lines and 8 bytes of a torn one" in caplog.text
    assert check(tmp_path) == []


def test_a_file_that_was_cut_is_an_error_and_not_written_to(tmp_path: Path) -> None:
    async def one(number: int, opened: SQLFrontier) -> None:
        await opened.put([entry(number)])
        (lease,) = (await opened.claim(1)).leases
        await opened.ack(lease, Outcome(end=End.NEW, lines=(Line(source="shop", data=b"{}"),)))

    run(tmp_path, lambda opened: one(1, opened))
    (file,) = (tmp_path / "articles" / "shop").iterdir()
    file.write_bytes(b"{")

    with pytest.raises(StateError, match="has 1 bytes, the state has recorded 3"):
        run(tmp_path, lambda opened: one(2, opened))
    assert file.read_bytes() == b"{"
    assert any("has 1 bytes, 3 are recorded" in problem for problem in check(tmp_path))


def test_forgetting_makes_an_address_new_again(tmp_path: Path) -> None:
    async def put(opened: SQLFrontier) -> int:
        added = (await opened.put([entry(1), entry(2, "b.example")])).added
        await fetch_all(opened)
        return added

    assert run(tmp_path, put) == 2
    state = open_state(state_in(tmp_path))
    assert state.forget("a.example", 3600.0) == 0
    assert state.forget("a.example", None) == 1
    assert state.forget("nothing.example", None) == 0
    state.close()

    assert run(tmp_path, put) == 1
    assert check(tmp_path) == []


def test_what_comes_after_the_end_of_a_run_is_refused(tmp_path: Path) -> None:
    async def main() -> None:
        with frontier(tmp_path) as opened, frontier(tmp_path, "other") as _:
            await opened.put([entry(1)])
            ledger = await opened.close("finished")
            assert ledger.adds_up()
            with pytest.raises(StateError, match="the run has ended"):
                await opened.put([entry(2)])

    asyncio.run(main())
    assert check(tmp_path) == []


def test_the_host_of_a_run_that_died_rests_by_the_delay_that_it_kept(tmp_path: Path) -> None:
    async def dies_with_a_long_delay(opened: SQLFrontier) -> None:
        await opened.put([entry(1), entry(2)])
        (lease,) = (await opened.claim(1)).leases
        await opened.ack(lease, Outcome(end=End.REJECTED, delay=30.0, status=200))
        opened.database.execute("UPDATE host SET next_at = 0")
        assert len((await opened.claim(1)).leases) == 1

    run(tmp_path, dies_with_a_long_delay)

    [(rests,)] = look(state_in(tmp_path), "SELECT next_at FROM host")
    assert float(str(rests)) - time.time() > 25


def test_a_joined_run_with_a_limit_comes_to_its_end(tmp_path: Path) -> None:
    async def main() -> None:
        with frontier(tmp_path) as first:
            await first.put([entry(number, f"{number}.example") for number in range(6)])
            key = RunKey(job="job", locks=("job",), joins=True)
            second = open_frontier(state_in(tmp_path), tmp_path / "articles", key, Manners(limit=2))
            fetched = await asyncio.wait_for(fetch_all(second), 20)
            assert len(fetched) == 2
            ledger = await second.close("finished")
            assert ledger.adds_up()
            # What it has taken over and may not fetch waits for the next run.
            assert ledger.asked == 2 + ledger.total(End.OVER_LIMIT)
            left = await fetch_all(first)
            assert len(left) + ledger.asked == 6
            assert (await first.close("finished")).adds_up()

    asyncio.run(main())
    assert check(tmp_path) == []


def test_what_is_left_is_counted_when_it_is_taken_up(tmp_path: Path) -> None:
    async def leaves(opened: SQLFrontier) -> None:
        await opened.put([entry(number, f"{number % 7}.example") for number in range(60)])
        assert len((await opened.claim(5)).leases) == 5

    run(tmp_path, leaves)
    assert check(tmp_path) == []
    run(tmp_path, leaves)
    assert check(tmp_path) == []
    assert len(run(tmp_path, fetch_all)) == 60
    assert check(tmp_path) == []


def test_forgetting_leaves_alone_what_is_being_fetched(tmp_path: Path) -> None:
    async def task(opened: SQLFrontier) -> None:
        await opened.put([entry(1), entry(2, "b.example")])
        (lease, other) = (await opened.claim(2)).leases
        await opened.ack(other, Outcome(end=End.REJECTED))
        with open_state(state_in(tmp_path), tmp_path / "articles") as state:
            assert state.forget(None, -1.0) == 1
        assert await opened.ack(lease, Outcome(end=End.REJECTED)) is End.REJECTED

    run(tmp_path, task)
    assert check(tmp_path) == []
