"""How fast pages are cleaned, beside others: ``python -m benchmarks.speed [PAGES…] [--peer NAME=PYTHON…]``.

PAGES are JSON lines with url and html; without any the fixtures of the tests are taken, which are small. Each
contestant is run on the same pages by its own Python: newscrawl by this one, a peer by the one that is
given or, as `make bench` does it, by an environment that is made from `benchmarks/peers.txt`. Printed for each: CPU
time a page, start-up aside; its multiple of the floor, which is to decode and parse alone; pages a second with one
and two processes; the most memory of one; and the CPU time that a command takes to say its help.

Wall time is noise on a busy machine: compare the CPU times, and those as ratios.
"""

import argparse
import gzip
import json
import random
import resource
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.environments import ROOT, environment
from benchmarks.evalset import read_lines

RUNNER: Final = Path(__file__).with_name("contestants.py")
FLOOR: Final = "parse"
OWN: Final = (FLOOR, "newscrawl")
PEERS: Final = ("trafilatura", "trafilatura-json", "newspaper4k", "readability", "resiliparse")
HELPS: Final = {
    "newscrawl": ["-m", "newscrawl", "--help"],
    "trafilatura": ["-m", "trafilatura.cli", "--help"],
}
COMMANDS: Final = {
    "newscrawl": ["-m", "newscrawl", "clean", "--quiet", "{pages}", "-O", "{out}.jsonl"],
    "trafilatura": [
        "-m", "trafilatura.cli", "--input-dir", "{pages}", "--output-dir", "{out}", "--json", "--with-metadata",
        "--parallel", "1",
    ],
}  # fmt: skip
"""How each command line cleans a folder, all fields asked for, in one process."""
PAGE_FAILED: Final = (0, 1)
"""How a command ends that has come through, a page that failed among them or not."""
FEWEST: Final = 200
"""Pages; fewer are taken again and again, since the first do not count."""
START: Final = 100
"""Pages of a command's first run, which is taken off the second: what it takes to start and to load."""
BAR: Final = 50
"""Characters of the longest bar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one contestant took."""

    name: str
    cpu_ms: float
    p95_ms: float
    rates: tuple[float, float]
    memory_mb: float
    help_ms: float | None


def main() -> None:
    """Measure, and print a table and a plot."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", nargs="*", type=Path, help="pages in JSON lines")
    parser.add_argument("--count", type=int, default=400, help="pages that are taken of them")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PYTHON")
    parser.add_argument(
        "--install", action="store_true", help="make an environment for the peers in .bench"
    )
    options = parser.parse_args()
    peers = dict(pair.split("=", 1) for pair in options.peer)
    if options.install:
        peers = dict.fromkeys(PEERS, environment("peers")) | peers
    with tempfile.TemporaryDirectory(prefix="newscrawl-speed-") as folder:
        path = Path(folder) / "pages.jsonl"
        count = choose(options.pages, options.count, path)
        print(f"{count} pages, Python {sys.version.split()[0]}", flush=True)
        names = dict.fromkeys(OWN, sys.executable) | peers
        results = [measure(name, python, path) for name, python in names.items()]
        print_table(results)
        for name, arguments in COMMANDS.items():
            if name in names:
                print_command(name, [names[name], *arguments], path)


def choose(paths: list[Path], count: int, target: Path) -> int:
    """Write the pages that are measured, in an order that mixes their sources."""
    rows = pages_of(paths)
    random.Random(1).shuffle(rows)
    rows *= -(-FEWEST // max(1, len(rows)))
    target.write_text("".join(json.dumps(row) + "\n" for row in rows[:count]), encoding="utf-8")
    return min(count, len(rows))


def pages_of(paths: list[Path]) -> list[dict[str, Any]]:
    """Read pages, each once; the fixtures of the tests, where no file is named."""
    rows: dict[str, dict[str, Any]] = {}
    for path in paths:
        for row in read_lines(path):
            rows.setdefault(row["html"], {"url": row["url"], "html": row["html"]})
    if not paths:
        for page in sorted((ROOT / "tests" / "fixtures").rglob("page.html.gz")):
            about = json.loads(page.with_name("page.json").read_text(encoding="utf-8"))
            html = gzip.decompress(page.read_bytes()).decode("utf-8", "replace")
            rows[html] = {"url": about["url"], "html": html}
    return [*rows.values()]


def measure(name: str, python: str, pages: Path) -> Result:
    """Run one contestant alone, then with one and with two processes."""
    alone = _run(name, python, pages, 0)
    rates = [_run(name, python, pages, workers) for workers in (1, 2)]
    help_ms = _help(python, HELPS[name]) if name in HELPS else None
    result = Result(
        name=name, cpu_ms=alone["cpu_ms"], p95_ms=alone["p95_ms"], memory_mb=alone["memory_mb"],
        rates=(rates[0]["rate"], rates[1]["rate"]), help_ms=help_ms,
    )  # fmt: skip
    print(f"{name}: {result.cpu_ms:.2f} ms", flush=True)
    return result


def print_command(name: str, command: list[str], pages: Path) -> None:
    """Print what a command line takes for each page of a folder, beyond the first so many."""
    rows = [json.loads(line) for line in pages.read_text(encoding="utf-8").splitlines()]
    took = []
    for count in (min(START, len(rows) // 2), len(rows)):
        folder = pages.with_name(f"{name}-{count}")
        folder.mkdir()
        for number, row in enumerate(rows[:count]):
            text = row["html"].encode("utf-8", "replace")
            (folder / f"{number:05}.html").write_bytes(text)
        words = [word.format(pages=folder, out=f"{folder}-out") for word in command]
        took.append((count, _cpu(words, PAGE_FAILED)))
    (few, first), (many, whole) = took
    print(
        f"{name}, its command on a folder: {1000 * (whole - first) / (many - few):.2f} ms CPU a page"
    )


def _cpu(command: list[str], fine: tuple[int, ...] = (0,)) -> float:
    """Give the CPU seconds of a command and its children, which must end with a code that is fine."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, check=False, capture_output=True, cwd=ROOT)
    if done.returncode not in fine:
        done.check_returncode()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _run(name: str, python: str, pages: Path, workers: int) -> dict[str, Any]:
    command = [python, str(RUNNER), name, str(pages), str(workers)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _help(python: str, arguments: list[str]) -> float:
    """Give the CPU milliseconds of a command, the best of five."""
    return min(_cpu([python, *arguments]) for _ in range(5)) * 1000


def print_table(results: list[Result]) -> None:
    """Print a table in Markdown, and the CPU times as bars."""
    floor = next(r.cpu_ms for r in results if r.name == FLOOR)
    print(
        "\n| | CPU ms a page | p95 | x floor | pages/s, 1 process | 2 processes | memory MB | --help ms |"
    )
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    for r in results:
        helped = f"{r.help_ms:.0f}" if r.help_ms is not None else "–"
        one, two = r.rates
        print(f"| {r.name} | {r.cpu_ms:.2f} | {r.p95_ms:.1f} | {r.cpu_ms / floor:.1f} | {one:.1f} | {two:.1f} "
              f"({two / one:.2f}) | {r.memory_mb:.0f} | {helped} |")  # fmt: skip
    most = max(r.cpu_ms for r in results)
    print("\nCPU ms a page")
    for r in sorted(results, key=lambda r: r.cpu_ms):
        print(f"{r.name:>18} {'█' * max(1, round(BAR * r.cpu_ms / most))} {r.cpu_ms:.1f}")


if __name__ == "__main__":
    main()
