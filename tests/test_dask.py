"""Shards cleaned by a Dask cluster: real processes, some of which are killed; nothing is lost or written twice."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from site import getsitepackages

import pytest

from benchmarks.batch import hanging_page
from newscrawl.archive import Archive
from newscrawl.batch import Options, clean_shard
from newscrawl.cli import main
from newscrawl.errors import ClusterError, InputError, UsageError
from newscrawl.executors import open_executor
from newscrawl.installed import describe_installation, differences
from newscrawl.pages import Source
from newscrawl.pages.warc import Note
from newscrawl.shards import clean_elsewhere, shared_terms
from tests.cluster import Cluster, children_of, is_alive, wait_for, writer_of
from tests.conftest import ROOT
from tests.test_warc import HTML, body

PAGES = 25
LIMIT = ("--page-seconds", "2")
TOTALS = "53 pages read: 50 articles, 3 rejected (service_page 2, time_limit 1), 0 failed"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two workers of two threads each, which their nannies replace when they are killed."""
    with Cluster(tmp_path_factory.mktemp("dask") / "cluster", allowed_failures=1) as found:
        found.hire("--nworkers", "2", "--nthreads", "2")
        yield found


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set of two archives in `raw`, one with a page that never ends, and its shards of one machine in `plain`."""
    folder = tmp_path_factory.mktemp("made")
    write_warc(folder / "raw" / "a.warc.gz", 0, hanging_page().encode())
    write_warc(folder / "raw" / "b.warc.gz", 1)
    said = ended(clean(folder, "raw", *LIMIT, "--shards", "plain", "--workers", "2"), code=1)
    assert TOTALS in said
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A folder of the same, in which a person gives commands."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path


def write_warc(path: Path, number: int, *more: bytes) -> None:
    archive = Archive(path.parent / "open", "test")
    pages = [body(PAGES * number + n) for n in range(PAGES)]
    for place, page in enumerate([*pages, b"<html><body><p>Gone</p></body></html>", *more]):
        archive.keep(f"https://{number}.example/2026/{place}", 200, HTML, page, Note())
    archive.close()
    (made,) = (path.parent / "open").iterdir()
    made.rename(path)
    made.parent.rmdir()


def clean(folder: Path, *asked: str) -> subprocess.Popen[str]:
    """Give the command; paths are relative, as people give them."""
    command = [sys.executable, "-m", "newscrawl", "clean", *asked]
    return subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True)


def ended(process: subprocess.Popen[str], code: int = 0) -> str:
    """Wait for the end of a command; give what it said."""
    _, said = process.communicate(timeout=90)
    assert process.returncode == code, said
    assert "Traceback" not in said
    return said


def shards(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def stamps(folder: Path) -> dict[str, tuple[int, int]]:
    found = ((path.name, path.stat()) for path in folder.iterdir())
    return {name: (stat.st_ino, stat.st_mtime_ns) for name, stat in found}


def kill_writer(sink: Path) -> list[int]:
    """Kill the worker that is writing a shard; give the processes in which it cleans."""
    pid = wait_for(lambda: writer_of(sink))
    crew = wait_for(lambda: children_of(pid))
    os.kill(pid, signal.SIGKILL)
    return crew


# -- workers that die -----------------------------------------------------------------------------


def test_a_set_of_which_a_worker_is_killed_gives_the_bytes_of_one_machine(
    cluster: Cluster, folder: Path
) -> None:
    asked = ("raw", *LIMIT, "--shards", "dasked", "--executor", cluster.address)
    run = clean(folder, *asked)
    crew = kill_writer(folder / "dasked" / "b.jsonl")

    assert TOTALS in ended(run, code=1)
    assert shards(folder / "dasked") == shards(folder / "plain")
    wait_for(lambda: not any(map(is_alive, crew)))

    before = stamps(folder / "dasked")
    assert TOTALS in ended(clean(folder, *asked), code=1)
    assert stamps(folder / "dasked") == before


def test_a_file_that_kills_each_worker_is_left_and_the_others_are_cleaned(
    cluster: Cluster, folder: Path
) -> None:
    good, sinks = folder / "raw" / "b.warc.gz", folder / "out"
    good.rename(folder / "kept.warc.gz")
    os.mkfifo(good)  # it holds its worker until that is killed
    asked = (
        "raw/a.warc.gz",
        "raw/b.warc.gz",
        *LIMIT,
        "--shards",
        "out",
        "--executor",
        cluster.address,
    )
    run = clean(folder, *asked)
    wait_for((sinks / "a.jsonl.done").exists)
    killed = wait_for(lambda: writer_of(sinks / "b.jsonl"))
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: not is_alive(killed))
    os.kill(wait_for(lambda: writer_of(sinks / "b.jsonl")), signal.SIGKILL)
    said = ended(run, code=1)

    assert "raw/b.warc.gz: left, 2 workers died of it" in said
    assert "27 pages read: 25 articles" in said
    assert "1 of 2 files left" in said
    assert [*sinks.glob("b.jsonl.*.part")]

    good.unlink()
    (folder / "kept.warc.gz").rename(good)
    assert TOTALS in ended(clean(folder, *asked), code=1)
    assert shards(sinks) == shards(folder / "plain")


def test_two_attempts_at_a_shard_do_not_meet(folder: Path) -> None:
    source = folder / "raw" / "b.warc.gz"
    os.mkfifo(folder / "slow")
    slow = Source(str(folder / "slow"), "warc", called=str(source))
    sink = folder / "out" / "b.jsonl"
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(clean_shard, slow, sink, Options())
        wait_for(lambda: writer_of(sink))
        totals = clean_shard(str(source), sink, Options())
        before = stamps(sink.parent)
        (folder / "slow").write_bytes(source.read_bytes())

        assert late.result(timeout=60) == totals
    assert stamps(sink.parent) == before
    assert set(before) == {"b.jsonl", "b.jsonl.rejects.jsonl", "b.jsonl.done"}


# -- other ends -----------------------------------------------------------------------------------


def test_an_interrupt_gives_back_what_is_pending(cluster: Cluster, folder: Path) -> None:
    slow = [folder / "slow" / f"{n}.warc" for n in range(4)]  # one for each thread
    slow[0].parent.mkdir()
    for path in slow:
        os.mkfifo(path)
    given = [f"slow/{path.name}" for path in slow]
    run = clean(folder, *given, "raw/b.warc.gz", "--shards", "out", "--executor", cluster.address)
    sinks = [folder / "out" / f"{path.stem}.jsonl" for path in slow]
    wait_for(lambda: all(writer_of(sink) for sink in sinks))
    run.send_signal(signal.SIGINT)
    assert "interrupted" in ended(run, code=130)
    for path in slow:
        path.write_bytes(b"")

    # What was under way is brought to its end by the workers, and the rest is not begun.
    wait_for(lambda: all(sink.with_name(f"{sink.name}.done").exists() for sink in sinks))
    time.sleep(0.3)
    assert len([*(folder / "out").iterdir()]) == 3 * len(slow)


def test_a_scheduler_that_is_lost_ends_the_command_and_what_is_whole_stays(folder: Path) -> None:
    os.mkfifo(folder / "raw" / "d.warc")
    asked = ("raw/b.warc.gz", "raw/d.warc", "--shards", "out", "--executor")
    with Cluster(folder / "cluster") as lost:
        lost.hire("--nthreads", "1", "--no-nanny")
        run = clean(folder, *asked, lost.address)
        wait_for(lambda: writer_of(folder / "out" / "d.jsonl"))
        lost.scheduler.kill()
        said = ended(run, code=1)

    assert said.count("\n") == 1
    assert "connection to the scheduler was lost" in said
    assert (folder / "out" / "b.jsonl.done").exists()
    assert not [*(folder / "out").glob(".run-*")]


# -- workers that are not as this machine is ------------------------------------------------------


def test_workers_must_see_what_is_seen_here_and_write_what_would_be_written_here(
    folder: Path,
) -> None:
    asked = ("raw", "--shards", "out", "--executor")
    with Cluster(folder / "cluster") as other:
        run = clean(folder, *asked, other.address)
        assert run.stderr is not None
        assert "has no workers yet" in run.stderr.readline()
        wait_for(lambda: bool([*(folder / "out").glob(".run-*")]))
        (folder / "raw" / "a.warc.gz").rename(folder / "kept.warc.gz")
        worker = other.hire("--nthreads", "1", "--no-nanny")
        said = ended(run, code=1)
        assert f"the worker {socket.gethostname()} (process {worker.pid}) does not see" in said
        assert f"{folder / 'raw' / 'a.warc.gz'}: it must be shared" in said
        worker.kill()
        worker.wait()
        (folder / "kept.warc.gz").rename(folder / "raw" / "a.warc.gz")

        (folder / "sources").mkdir()
        own = 'name = "A"\ndomains = ["a.example"]\n'
        (folder / "sources" / "a.example.toml").write_text(own, encoding="utf-8")
        environment = {"NEWSCRAWL_SOURCES": str(folder / "sources")}
        worker = other.hire("--nthreads", "1", "--no-nanny", environment=environment)
        said = ended(clean(folder, *asked, other.address), code=1)
        assert "would write other lines: publisher files none, there" in said
        worker.kill()
        worker.wait()

        bare = packages_without("newscrawl", folder / "bare")
        other.hire("--nthreads", "1", "--no-nanny", flags=("-S",), environment={"PYTHONPATH": bare})
        said = ended(clean(folder, *asked, other.address), code=1)
        assert "has no newscrawl: install it there" in said
    assert not [path for path in (folder / "out").iterdir() if path.suffix != ".json"]


def packages_without(name: str, folder: Path) -> str:
    """Make a folder of all packages but one, for a Python without its own."""
    folder.mkdir()
    for path in Path(getsitepackages()[0]).iterdir():
        if name not in path.name and path.suffix != ".pth":
            (folder / path.name).symlink_to(path)
    return str(folder)


def test_what_a_worker_does_not_see_is_no_refusal(folder: Path) -> None:
    source = folder / "raw" / "a.warc.gz"
    size = source.stat().st_size
    sink = folder / "out" / "a.jsonl"
    with shared_terms(sink.parent, Options()) as terms:
        with pytest.raises(ClusterError, match=r"does not see .*none.warc"):
            clean_elsewhere(Source(str(folder / "none.warc"), "warc", 9), sink, terms)
        (folder / "one.warc").write_bytes(b"x")
        with pytest.raises(ClusterError, match=r"sees another .* of 1 bytes"):
            clean_elsewhere(Source(str(folder / "one.warc"), "warc", 2), sink, terms)
        with pytest.raises(InputError, match=r"cannot read http.*none.warc"):
            clean_elsewhere(Source("http://127.0.0.1:9/none.warc", "warc", 9), sink, terms)
    with pytest.raises(ClusterError, match="folder of the shards must be shared"):
        clean_elsewhere(Source(str(source), "warc", size), sink, terms)
    assert not [*sink.parent.iterdir()]


def test_publisher_files_are_told_by_what_is_in_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = describe_installation()
    found = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.example.toml").write_text('name = "A"\n', encoding="utf-8")
        monkeypatch.setenv("NEWSCRAWL_SOURCES", str(tmp_path / name))
        found.append(describe_installation())

    assert found[0] == found[1]
    (said,) = differences(plain, found[0])
    assert said.startswith("publisher files none, there ")


# -- profiles -------------------------------------------------------------------------------------


def test_what_is_learnt_here_is_known_to_the_workers(cluster: Cluster, folder: Path) -> None:
    said = "<p>Our correspondent in this ward reports to readers of this page each day.</p>"
    pages = [body(n).replace(b"</article>", said.encode() + b"</article>") for n in range(8)]
    write_warc(folder / "raw" / "d.warc.gz", 3, *pages)
    asked = ("raw/d.warc.gz", "--shards")
    dasked = clean(folder, *asked, "dasked", "--learn", "--executor", cluster.address)

    assert ended(clean(folder, *asked, "learnt", "--learn")) == ended(dasked)
    assert shards(folder / "learnt") == shards(folder / "dasked")
    ended(clean(folder, *asked, "unlearnt"))
    assert shards(folder / "learnt") != shards(folder / "unlearnt")


# -- what is said at once -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (("--executor", "dask://127.0.0.1:1"), "name the folder of the --shards"),
        (("--shards", "out", "--executor", "ray://127.0.0.1:1"), "there is dask://HOST:PORT"),
        (("--shards", "out", "--executor", "dask://scheduler"), "an address is SCHEME://HOST:PORT"),
        (
            ("--shards", "out", "--executor", "dask://a:1", "--workers", "2"),
            "--workers are of this",
        ),
        (("--shards", "s3://bucket/out"), "--shards is a folder"),
    ],
)
def test_what_makes_no_sense_is_named(
    asked: tuple[str, ...], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["clean", str(ROOT / "tests" / "fixtures"), *asked]) == 2
    assert why in capsys.readouterr().err


def test_without_the_package_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(UsageError, match=r'needs the extra "dask": pip install "newscrawl\[dask\]"'),
        open_executor("dask://127.0.0.1:1"),
    ):
        pass


def test_a_scheduler_that_does_not_answer_is_named_in_time(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # and never listens
        ports = [found.getsockname()[1] for found in (silent, unused)]
        sooner = "import sys, newscrawl.executors as its; its.ANSWER_SECONDS = 1.0; from newscrawl.cli import main"
        runs = [
            subprocess.Popen(
                [sys.executable, "-c", f"{sooner}; sys.exit(main())", "clean", str(folder / "raw"),
                 "--shards", str(folder / "out"), "--executor", f"dask://127.0.0.1:{port}"],
                stderr=subprocess.PIPE, text=True,
            )
            for port in ports
        ]  # fmt: skip
        for run, port in zip(runs, ports, strict=True):
            said = ended(run, code=1)
            assert f"no Dask scheduler answers at dask://127.0.0.1:{port} within 1 seconds" in said
            assert said.count("\n") == 1
    assert not (folder / "out").exists()
