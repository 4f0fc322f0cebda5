"""Worker processes that die, hang, and take too much: real ones."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import CancelledError
from pathlib import Path

import pytest

from newscrawl.crew import Crew, TimeLimitError, WorkerDiedError
from tests import workers


def test_a_crew_is_an_executor() -> None:
    with Crew(2) as crew:
        assert list(crew.map(workers.double, range(50))) == [2 * n for n in range(50)]


def test_a_call_that_raises_gives_what_it_raised_and_the_next_is_answered() -> None:
    with Crew(1) as crew:
        failed, odd, fine = (
            crew.submit(workers.fail, "title"), crew.submit(workers.fail_oddly), crew.submit(workers.double, 4),
        )  # fmt: skip

        assert isinstance(failed.exception(), KeyError)
        assert "OddError" in str(odd.exception())
        assert fine.result() == 8
        assert crew.replaced == 0


def test_a_call_that_never_ends_is_ended_and_those_behind_it_are_answered() -> None:
    with Crew(1, seconds=1.0) as crew:
        stuck = crew.submit(workers.burn)
        behind = [crew.submit(workers.double, n) for n in range(5)]

        with pytest.raises(TimeLimitError, match="within 1 seconds"):
            stuck.result(timeout=30)
        assert [future.result(timeout=30) for future in behind] == [0, 2, 4, 6, 8]
        assert crew.replaced == 1


def test_a_worker_that_was_killed_loses_no_call(tmp_path: Path) -> None:
    with Crew(2) as crew:
        futures = [crew.submit(workers.double, n) for n in range(20)]
        once = crew.submit(workers.die_once, str(tmp_path / "died"))
        futures += [crew.submit(workers.double, n) for n in range(20, 40)]

        assert once.result(timeout=30) == "alive"
        assert [future.result(timeout=30) for future in futures] == [2 * n for n in range(40)]


def test_a_call_that_kills_two_workers_is_given_up() -> None:
    with Crew(1) as crew:
        deadly, behind = crew.submit(workers.die), crew.submit(workers.double, 1)

        with pytest.raises(WorkerDiedError, match="SIGKILL"):
            deadly.result(timeout=30)
        assert behind.result(timeout=30) == 2
        assert crew.replaced == 2


def test_memory_is_limited_beyond_what_a_worker_has() -> None:
    with Crew(1, memory=200_000_000) as crew:
        assert isinstance(
            crew.submit(workers.fill, 2_000_000_000).exception(timeout=30), MemoryError
        )
        assert crew.submit(workers.fill, 50_000_000).result(timeout=30) == 50_000_000


def test_workers_are_replaced_before_they_grow_old() -> None:
    with Crew(1, tasks=5) as crew:
        pids = list(crew.map(workers.own_pid, range(12)))

    assert len(set(pids)) == 3
    assert crew.replaced == 0


def test_what_dask_sets_for_its_own_processes_slows_no_worker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "65536")
    monkeypatch.setenv("ANOTHER", "kept")
    with Crew(1) as crew:
        found = crew.map(os.getenv, ("MALLOC_TRIM_THRESHOLD_", "ANOTHER"))

        assert [*found] == [None, "kept"]


def test_a_crew_that_is_shut_down_takes_no_calls_and_leaves_no_process() -> None:
    crew = Crew(1)
    pid = crew.submit(workers.own_pid, 0).result(timeout=30)
    late = [crew.submit(workers.sleep, 60) for _ in range(3)]
    crew.shutdown(cancel_futures=True)

    with pytest.raises(RuntimeError, match="shut down"):
        crew.submit(workers.double, 1)
    assert all(isinstance(f.exception(), WorkerDiedError) for f in late if not f.cancelled())
    with pytest.raises(CancelledError):
        late[-1].result()
    assert not Path(f"/proc/{pid}").exists()


def test_workers_die_with_a_parent_that_is_killed() -> None:
    code = (
        "from newscrawl.crew import Crew; from tests import workers\n"
        "crew = Crew(1); print(crew.submit(workers.own_pid, 0).result(), flush=True)\n"
        "crew.submit(workers.burn).result()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        time.sleep(0.3)
        parent.kill()
    for _ in range(100):
        if not _is_alive(pid):
            break
        time.sleep(0.1)
    assert not _is_alive(pid)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIG_DFL)
    except ProcessLookupError:
        return False
    # Of an orphan nobody has taken leave of yet nothing is left but its number.
    return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
