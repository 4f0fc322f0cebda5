"""Batches of many pages: in this process and in others, interrupted and taken up again."""

import gzip
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import zstandard

from newscrawl.batch import Options, Totals, clean_line, clean_pages, clean_shard
from newscrawl.items import Page, Rejected
from newscrawl.pages import Sizes, Source, find_sources, read_pages, read_source
from newscrawl.reasons import Reason
from tests import workers
from tests.web import article

COUNT = 60


def lines(count: int = COUNT) -> bytes:
    """Give pages as JSON lines: articles, and every tenth a page that is none."""
    rows = []
    for number in range(count):
        html = "<html><body><p>Gone</p></body></html>" if number % 10 == 9 else _html(number)
        rows.append({"id": number, "url": f"https://a.example/2026/{number}", "html": html})
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def _html(number: int) -> str:
    body = article(f"Bridge number {number} reopens").body
    assert isinstance(body, str)
    return body


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    path = tmp_path / "pages.jsonl"
    path.write_bytes(lines())
    return path


def newscrawl(*arguments: str | Path, code: int = 0) -> str:
    command = [sys.executable, "-m", "newscrawl", *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, check=False, timeout=120, text=True)
    assert result.returncode == code, result.stderr[-3000:]
    assert "Traceback" not in result.stderr
    return result.stdout + result.stderr


def test_what_comes_out_does_not_depend_on_the_number_of_workers(
    pages: Path, tmp_path: Path
) -> None:
    found = []
    for number in (0, 1, 2, 3):
        output, rejects = tmp_path / f"{number}.jsonl", tmp_path / f"rejects-{number}.jsonl"
        said = newscrawl(
            "clean", pages, "--workers", str(number), "-O", output, "--rejects", rejects
        )
        assert "60 pages read: 54 articles, 6 rejected" in said
        found.append((output.read_bytes(), rejects.read_bytes()))

    assert len(set(found)) == 1
    assert not [*tmp_path.glob("*.progress")]


def test_without_order_the_same_lines_come(pages: Path, tmp_path: Path) -> None:
    newscrawl("clean", pages, "-O", tmp_path / "one.jsonl")
    newscrawl("clean", pages, "--workers", "2", "--unordered", "-O", tmp_path / "other.jsonl")

    one, other = ((tmp_path / f"{n}.jsonl").read_bytes().splitlines() for n in ("one", "other"))
    assert sorted(one) == sorted(other)


def test_a_page_that_never_ends_and_one_that_kills_are_counted_and_the_rest_is_cleaned(
    tmp_path: Path,
) -> None:
    once = workers.DeadlyOnce(_html(3))
    once.path = str(tmp_path / "died")
    bodies = [
        _html(0),
        workers.Endless("<html>"),
        _html(1),
        workers.Deadly("<html>"),
        _html(2),
        once,
    ]
    given = [Page(body=b, url=f"https://a.example/{n}", id=n) for n, b in enumerate(bodies)]
    totals = Totals()
    ends = []
    for number, ending in clean_pages(given, Options(workers=2, seconds=2.0)):
        totals.count(ending)
        ends.append((number, ending.reason))

    assert ends == [
        (0, None), (1, Reason.TIME_LIMIT), (2, None), (3, Reason.WORKER_DIED), (4, None), (5, None),
    ]  # fmt: skip
    assert totals.adds_up()
    assert totals.read == 6


def test_no_page_is_lost_while_workers_are_killed_again_and_again(pages: Path) -> None:
    given = [*read_pages([pages])] * 5
    expected = [clean_line(page, Options()) for page in given]
    found = []
    for number, ending in clean_pages(given, Options(workers=2)):
        found.append(ending)
        if number in (20, 90, 170, 240):
            _kill_a_worker()

    assert found == expected


def _kill_a_worker() -> None:
    command = ["pkill", "-KILL", "-n", "-P", str(os.getpid()), "-f", "newscrawl.crew"]
    subprocess.run(command, check=True)


def test_a_batch_that_was_killed_goes_on_to_the_same_output(tmp_path: Path) -> None:
    source, output, rejects = (tmp_path / name for name in ("in.jsonl.gz", "out.jsonl", "no.jsonl"))
    source.write_bytes(gzip.compress(lines(3000)))
    asked = ["clean", str(source), "--workers", "2", "-O", str(output), "--rejects", str(rejects)]
    newscrawl(*asked)
    whole = output.read_bytes(), rejects.read_bytes()
    output.unlink()

    killed = 0
    for _ in range(20):
        if _killed_at_work([*asked, "--resume"], output):
            killed += 1
        else:
            break
        if killed == 3:
            # A torn last line of either file is what a crash may leave as well.
            with output.open("ab") as file:
                file.write(b'{"torn')
            said = newscrawl(*asked, "--resume")
            assert "3000 pages read: 2700 articles, 300 rejected" in said
            break

    assert killed
    assert (output.read_bytes(), rejects.read_bytes()) == whole
    assert "whole: nothing is left" in newscrawl(*asked, "--resume")


def _killed_at_work(asked: list[str], output: Path) -> bool:
    """Run a batch, and kill it when it has saved something new; tell whether it was still at work."""
    journal = output.with_name(output.name + ".progress")
    before = journal.stat().st_size if journal.exists() else 0
    with subprocess.Popen(
        [sys.executable, "-m", "newscrawl", *asked], stderr=subprocess.PIPE
    ) as run:
        while run.poll() is None:
            if journal.exists() and journal.stat().st_size > max(before, 200):
                time.sleep(0.05)
                run.kill()
                break
            time.sleep(0.02)
    return run.returncode == -signal.SIGKILL


def test_an_interrupted_batch_keeps_what_it_has(tmp_path: Path) -> None:
    source, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(lines(8000))
    command = [sys.executable, "-m", "newscrawl", "clean", str(source), "-O", str(output)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as run:
        while not output.exists() or not output.stat().st_size:
            time.sleep(0.05)
        run.send_signal(signal.SIGINT)
        _, said = run.communicate(timeout=30)

    assert run.returncode == 130
    assert "Traceback" not in said
    saved = json.loads(Path(f"{output}.progress").read_bytes().splitlines()[-1])
    assert saved["output"] == output.stat().st_size > 0


def test_another_batch_is_not_taken_up(pages: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    source = tmp_path / "in.jsonl"
    # As many as take far longer than the second after which the first note is made.
    source.write_bytes(lines(3000))
    assert _killed_at_work(["clean", str(source), "-O", str(output)], output)

    said = newscrawl("clean", pages, "-O", output, "--resume", code=1)
    assert "of another batch (files changed)" in said
    said = newscrawl("clean", source, "-O", output, "--resume", "--provenance", code=1)
    assert "provenance changed" in said


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--resume"], "--resume goes on with the file that -O names"),
        (["--workers", "-1"], "0 or more"),
        (["--page-seconds", "0"], "above 0"),
        (["--shards", "x", "-O", "y"], "--shards names its files itself"),
    ],
)
def test_options_that_make_no_sense_are_named(pages: Path, arguments: list[str], why: str) -> None:
    assert why in newscrawl("clean", pages, *arguments, code=2)


# -- shards ---------------------------------------------------------------------------------------


def articles(path: Path) -> bytes:
    """Give the lines of the articles; those of refused pages name the file that they were read from."""
    return b"".join(line for line in path.read_bytes().splitlines() if b'"rejected"' not in line)


def test_any_executor_can_clean_shards_and_what_is_done_is_not_done_again(
    pages: Path, tmp_path: Path
) -> None:
    sources = [tmp_path / f"part-{n}.jsonl" for n in range(3)]
    for path in sources:
        path.write_bytes(pages.read_bytes())
    sinks = [tmp_path / "done" / f"{path.stem}.jsonl" for path in sources]
    with ProcessPoolExecutor(2) as executor:
        totals = [*executor.map(clean_shard, map(str, sources), sinks)]

    assert [t.read for t in totals] == [COUNT] * 3
    assert len({articles(sink) for sink in sinks}) == 1
    assert not [*tmp_path.rglob("*.part")]
    sources[0].unlink()
    assert clean_shard(str(sources[0]), sinks[0]) == totals[0]


def test_shards_by_the_command_line(pages: Path, tmp_path: Path) -> None:
    newscrawl("clean", pages, "-O", tmp_path / "one.jsonl")
    for name in ("a.jsonl.gz", "b.jsonl.gz"):
        (tmp_path / name).write_bytes(gzip.compress(pages.read_bytes()))
    both = [tmp_path / f"{name}.jsonl.gz" for name in "ab"]
    said = newscrawl("clean", *both, "--workers", "2", "--shards", tmp_path / "out")

    assert "120 pages read" in said
    for name in "ab":
        assert articles(tmp_path / "out" / f"{name}.jsonl") == articles(tmp_path / "one.jsonl")
        marker = json.loads((tmp_path / "out" / f"{name}.jsonl.done").read_bytes())
        assert marker["accepted"] == 54
    assert "both be written" in newscrawl(
        "clean", pages, tmp_path, "--input-format", "jsonl", "--shards", tmp_path / "o", code=2
    )


# -- what is read ---------------------------------------------------------------------------------


def test_zstandard_is_read_frame_by_frame_and_a_cut_file_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "pages.jsonl.zst"
    half = lines().splitlines(keepends=True)
    frames = [zstandard.compress(b"".join(half[:30])), zstandard.compress(b"".join(half[30:]))]
    path.write_bytes(b"".join(frames))
    assert len([*read_pages([path])]) == COUNT

    path.write_bytes(b"".join(frames)[:-9])
    *whole, last = read_pages([path])
    assert isinstance(last, Rejected)
    assert last.reason is Reason.UNREADABLE
    assert "cut off" in str(last.detail)
    assert len(whole) >= 30

    path.write_bytes(frames[0] + b"no frame at all")
    *whole, last = read_pages([path])
    assert isinstance(last, Rejected)
    assert "damaged" in str(last.detail)
    assert len(whole) == 30


def test_how_much_is_left_is_known_while_packed_files_are_read(tmp_path: Path) -> None:
    for name in ("a.jsonl.gz", "b.jsonl.gz"):
        (tmp_path / name).write_bytes(gzip.compress(lines(20)))
    sources = [s for s in find_sources([tmp_path]) if isinstance(s, Source)]
    sizes = Sizes(total=sum(source.size for source in sources))
    shares = []
    for source in sources:
        assert len([*read_source(source, sizes)]) == 20
        shares.append(sizes.share)

    assert shares == [pytest.approx(0.5, abs=0.01), 1.0]


def test_remote_files_are_read_like_local_ones(tmp_path: Path) -> None:
    (tmp_path / "pages.jsonl.gz").write_bytes(gzip.compress(lines(10)))
    with ThreadingHTTPServer(("127.0.0.1", 0), _Quiet.of(tmp_path)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_port}"
        found = [*read_pages([f"{base}/pages.jsonl.gz"])]
        (missing,) = read_pages([f"{base}/none.jsonl"])
        server.shutdown()

    assert Counter(type(page).__name__ for page in found) == {"Page": 10}
    assert isinstance(missing, Rejected)
    assert missing.reason is Reason.UNREADABLE


class _Quiet(SimpleHTTPRequestHandler):
    folder = ""

    @classmethod
    def of(cls, folder: Path) -> Any:
        return partial(cls, directory=str(folder))

    def log_message(self, *_: object) -> None:
        """Keep quiet."""
