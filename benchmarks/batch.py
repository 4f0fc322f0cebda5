"""Clean a large batch while workers are killed, and the batch itself: ``python -m benchmarks.batch PAGES… --count N``.

PAGES are JSON lines; they are repeated until there are N, a few that take longer than a page may among them. Printed:
pages a second with 1 and 2 workers, memory of all processes at the first and the last thousand pages, whether
every page came out, how many were ended for their time, and whether a batch that was killed twice and taken up again gave the same output.
"""

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Final

from benchmarks.evalset import read_lines

SAMPLE_SECONDS: Final = 0.5
PAGE_SECONDS: Final = 15
"""What a page may take; of the real ones none comes near."""
HANGING: Final = 4
"""Pages that take far longer."""
HANGING_ELEMENTS: Final = 120_000


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", nargs="+", type=Path, help="pages in JSON lines")
    parser.add_argument("--count", type=int, default=20_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="newscrawl-batch-") as folder:
        source = Path(folder) / "pages.jsonl"
        write_pages(options.pages, options.count, source, hanging=HANGING)
        few = Path(folder) / "few.jsonl"
        write_pages(options.pages, min(1000, options.count), few)
        rates = {n: rate_of(few, n, Path(folder)) for n in (1, 2)}
        shown = ", ".join(f"{rate:.1f} pages/s with {n}" for n, rate in rates.items())
        print(f"workers: {shown}: {rates[2] / rates[1]:.2f} times", flush=True)
        whole, memory, took = run_whole(source, Path(folder) / "whole.jsonl", options.count)
        first, last = memory
        print(f"{options.count} pages in {took:.0f} s, workers killed on the way: {whole}")
        found = lines_with(Path(folder) / "whole.jsonl", b'"rejected":"time_limit"')
        print(f"{found} of {HANGING} hanging pages were ended and counted")
        print(f"memory of all processes: {first:.0f} MB at the first thousand, {last:.0f} MB at the last: "
              f"{last / first:.2f} times", flush=True)  # fmt: skip
        again, kills = run_interrupted(source, Path(folder) / "again.jsonl")
        print(
            f"killed {kills} times and taken up again: {'the same' if again == whole else 'ANOTHER'} output"
        )


def write_pages(paths: list[Path], count: int, target: Path, hanging: int = 0) -> None:
    """Repeat the pages until there are enough, each with an address of its own."""
    rows = [row for path in paths for row in read_lines(path)]
    random.Random(1).shuffle(rows)
    slow = {(n + 1) * count // (hanging + 1) for n in range(hanging)}
    with target.open("w", encoding="utf-8") as file:
        for number in range(count):
            row = rows[number % len(rows)]
            page = {
                "id": number,
                "url": f"{row['url']}{'&' if '?' in row['url'] else '?'}n={number}",
                "html": hanging_page() if number in slow else row["html"],
            }
            file.write(json.dumps(page) + "\n")


def hanging_page() -> str:
    """Make a page that takes more than a minute: all its elements may be dates and bylines."""
    lines = (
        f'<div class="date-{n} author-{7 * n}"><span>on 3 May 20{n % 90 + 10:02}, {n}</span></div>'
        for n in range(HANGING_ELEMENTS)
    )
    return f"<html><body><article><h1>Slow</h1>{''.join(lines)}</article></body></html>"


def lines_with(path: Path, part: bytes) -> int:
    """Count the lines that hold something."""
    with path.open("rb") as lines:
        return sum(part in line for line in lines)


def command(source: Path, output: Path, *more: str) -> list[str]:
    """Give the command of a batch."""
    limit = ["--page-seconds", str(PAGE_SECONDS)]
    asked = ["clean", "--quiet", str(source), "-O", str(output), *limit, *more]
    return [sys.executable, "-m", "newscrawl", *asked]


def rate_of(source: Path, workers: int, folder: Path) -> float:
    """Give the pages a second, without the time that it takes to start."""
    times = []
    lines = source.read_bytes().splitlines(keepends=True)
    short = folder / "short.jsonl"
    short.write_bytes(b"".join(lines[:100]))
    for one in (short, source):
        begun = time.monotonic()
        subprocess.run(command(one, folder / "rate.jsonl", "--workers", str(workers)), check=False)
        times.append(time.monotonic() - begun)
    return (len(lines) - 100) / (times[1] - times[0])


def run_whole(source: Path, output: Path, count: int) -> tuple[str, tuple[float, float], float]:
    """Run a batch to its end, and kill a worker now and then; sample the memory by the lines written."""
    samples: list[tuple[int, float]] = []
    begun = time.monotonic()
    run = subprocess.Popen(command(source, output, "--workers", "2"))
    over = threading.Event()

    def disturb() -> None:
        while not over.wait(30):
            subprocess.run(["pkill", "-KILL", "-n", "-f", "newscrawl.crew"], check=False)

    threading.Thread(target=disturb, daemon=True).start()
    written, position = 0, 0
    while run.poll() is None:
        time.sleep(SAMPLE_SECONDS)
        if output.exists():
            with output.open("rb") as file:
                file.seek(position)
                new = file.read()
            position += len(new)
            written += new.count(b"\n")
            samples.append((written, memory_of(run.pid)))
    over.set()
    lines = output.read_bytes()
    if lines.count(b"\n") != count:
        print(f"LOST: {lines.count(chr(10).encode())} lines of {count}")
    first = [mb for at, mb in samples if 500 < at <= 1500]
    last = [mb for at, mb in samples if at > count - 1000]
    mean = sum(first) / len(first), sum(last) / len(last)
    return hashlib.sha256(lines).hexdigest()[:16], mean, time.monotonic() - begun


def memory_of(pid: int) -> float:
    """Give the megabytes that a process and its children hold."""
    total = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
            if pid in (int(path.parent.name), int(fields[1])):
                total += int(fields[21]) * os.sysconf("SC_PAGESIZE")
        except (OSError, IndexError):
            continue
    return total / 1e6


def run_interrupted(source: Path, output: Path) -> tuple[str, int]:
    """Kill a batch twice, by the size of its output, and let it come to its end."""
    kills = 0
    whole = source.stat().st_size
    for share in (0.01, 0.025, 9.0):
        run = subprocess.Popen(command(source, output, "--workers", "2", "--resume"))
        while run.poll() is None:
            time.sleep(0.2)
            if output.exists() and output.stat().st_size > share * whole:
                run.send_signal(signal.SIGKILL)
                kills += 1
                run.wait()
    return hashlib.sha256(output.read_bytes()).hexdigest()[:16], kills


if __name__ == "__main__":
    main()
