"""What a request costs in the frontier, against Scrapy's own queues; and what ten million seen addresses do.

    python -m benchmarks.frontier [--urls 100000] [--seen 10000000]
    python -m benchmarks.frontier --back-ends sqlite postgresql --urls 1000000     the frontier alone, on both back ends

Each queue runs in a process of its own: addresses are put as a sitemap gives them, 500 at a time, and each is
taken out again. Scrapy's queues are driven through its scheduler with its duplicate filter. CPU time is that
of the process, memory its growth, disk what is left when all is in. PostgreSQL is started by the benchmark; its CPU
time and memory are those of all its processes, its settings are its own but for `max_wal_size`.
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.servers import Watched
    from newscrawl.state.place import StatePlace

BATCH = 500
HOSTS = 1000
QUEUES = ("memory", "disk", "sqlite", "frontier")
BACK_ENDS = ("sqlite", "postgresql")


def url_of(number: int) -> str:
    return f"https://host-{number % HOSTS}.example/2026/03/{number % 28 + 1:02}/a-report-on-matter-{number}"


def rss() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def size_of(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def scrapy_queue(kind: str, urls: int, folder: Path) -> dict[str, float]:
    """Put and take through Scrapy's scheduler."""
    from scrapy import Request, Spider
    from scrapy.core.scheduler import Scheduler
    from scrapy.crawler import Crawler
    from scrapy.utils.reactor import install_reactor

    install_reactor("twisted.internet.asyncioreactor.AsyncioSelectorReactor")
    classes = {
        "disk": "scrapy.squeues.PickleLifoDiskQueue",
        "sqlite": "scrapy.squeues.PickleLifoSQLiteQueue",
    }
    settings: dict[str, Any] = {"SCHEDULER_PRIORITY_QUEUE": "scrapy.pqueues.ScrapyPriorityQueue"}
    if kind != "memory":
        settings |= {"JOBDIR": str(folder), "SCHEDULER_DISK_QUEUE": classes[kind]}
    crawler = Crawler(Spider, settings)
    crawler._apply_settings()
    crawler.spider = crawler._create_spider("bench")
    scheduler = Scheduler.from_crawler(crawler)
    scheduler.open(crawler.spider)
    base, cpu, wall = rss(), time.process_time(), time.perf_counter()
    for number in range(urls):
        scheduler.enqueue_request(Request(url_of(number), meta={"newscrawl_article": True}))
    put = time.process_time() - cpu, time.perf_counter() - wall
    disk, cpu, wall = size_of(folder), time.process_time(), time.perf_counter()
    taken = sum(1 for _ in iter(scheduler.next_request, None))
    assert taken == urls
    return figures(put, (time.process_time() - cpu, time.perf_counter() - wall), base, disk, urls)


def figures(
    put: tuple[float, float], take: tuple[float, float], base: float, disk: float, urls: int
) -> dict[str, float]:
    return {
        "put CPU µs": put[0] / urls * 1e6, "put µs": put[1] / urls * 1e6,
        "take CPU µs": take[0] / urls * 1e6, "take µs": take[1] / urls * 1e6,
        "memory MB": rss() - base, "disk MB": disk,
    }  # fmt: skip


async def frontier(urls: int, folder: Path) -> dict[str, float]:
    """Put, claim and ack through the frontier; an ack comes with each address, as in a crawl."""
    from newscrawl.state import Outcome, RunKey
    from newscrawl.state.ends import End
    from newscrawl.state.sqlite import SQLiteFrontier

    opened = SQLiteFrontier(folder / "state.db", folder / "articles", RunKey(job="bench"))
    base, cpu, wall = rss(), time.process_time(), time.perf_counter()
    await put_all(opened, range(urls))
    put = time.process_time() - cpu, time.perf_counter() - wall
    disk, cpu, wall = size_of(folder), time.process_time(), time.perf_counter()
    taken = 0
    while not await opened.drained():
        claim = await opened.claim(64)
        outcome = Outcome(end=End.REJECTED)
        await asyncio.gather(*(opened.ack(lease, outcome) for lease in claim.leases))
        taken += len(claim.leases)
    assert taken == urls
    take = time.process_time() - cpu, time.perf_counter() - wall
    await opened.close("finished")
    return figures(put, take, base, disk, urls)


def on_back_end(kind: str, urls: int, folder: Path) -> dict[str, float]:
    """Put, claim and ack on one of the back ends, with what its server uses."""
    from benchmarks.servers import running
    from newscrawl.state.place import place_of

    if kind == "sqlite":
        place = place_of(str(folder / "state.db"))
        return asyncio.run(whole_life(place, urls, folder, None))
    with running(max_wal_size="4GB") as server:
        return asyncio.run(whole_life(place_of(server.server.state()), urls, folder, server))


async def whole_life(
    place: "StatePlace", urls: int, folder: Path, server: "Watched | None"
) -> dict[str, float]:
    """Put all addresses, and take each out again."""
    from newscrawl.state import Outcome, RunKey
    from newscrawl.state.back_ends import open_frontier
    from newscrawl.state.ends import End

    opened = open_frontier(place, folder / "articles", RunKey(job="bench"))
    base, log = rss(), server.log() if server else 0
    moments = [moment(server)]
    await put_all(opened, range(urls))
    moments.append(moment(server))
    most, taken = server.memory() if server else 0.0, 0
    while not await opened.drained():
        claim = await opened.claim(64)
        outcome = Outcome(end=End.REJECTED)
        await asyncio.gather(*(opened.ack(lease, outcome) for lease in claim.leases))
        taken += len(claim.leases)
        if server and taken % (64 * 256) < 64:
            most = max(most, server.memory())
    assert taken == urls
    moments.append(moment(server))
    found = dict[str, float]()
    for name, before, after in zip(("put", "take"), moments, moments[1:], strict=False):
        wall, client, served = (b - a for a, b in zip(before, after, strict=True))
        found |= {
            f"{name} /s": urls / wall, f"{name} client CPU µs": client / urls * 1e6,
            f"{name} server CPU µs": served / urls * 1e6,
        }  # fmt: skip
    result = found | {
        "client peak MB": rss(), "client grown by MB": rss() - base,
        "server MB": max(most, server.memory()) if server else 0.0,
        "disk MB": server.size() if server else size_of(folder),
        "log MB": (server.log() - log) / 1e6 if server else 0.0,
    }  # fmt: skip
    await opened.close("finished")
    return result


def moment(server: "Watched | None") -> tuple[float, float, float]:
    """Give the time, the CPU time of this process, and that of the server."""
    return time.perf_counter(), time.process_time(), server.cpu() if server else 0.0


async def put_all(opened: Any, numbers: range) -> int:
    """Put addresses in batches; give how many were seen before."""
    from newscrawl.state import Entry
    from newscrawl.state.addresses import key_of

    request = b"\x83" + b"x" * 80  # as long as that of an article
    seen = 0
    for first in range(numbers.start, numbers.stop, BATCH):
        entries = []
        for number in range(first, min(first + BATCH, numbers.stop)):
            url = url_of(number)
            host = url.split("/")[2]
            entries.append(
                Entry(key=key_of(url), url=url, host=host, is_article=True, request=request)
            )
        seen += len((await opened.put(entries)).seen)
    return seen


async def ten_million(seen: int, folder: Path) -> dict[str, float]:
    """Fill a store with seen articles, and meet known and new addresses."""
    from newscrawl.state import RunKey
    from newscrawl.state.sqlite import SQLiteFrontier

    path = folder / "state.db"
    filled = fill(path, folder, seen)
    opened = SQLiteFrontier(path, folder / "articles", RunKey(job="bench"))
    base, sample = rss(), 50_000
    step = max(1, seen // sample)
    known = await meet(opened, lambda n: n * step, sample)
    new = await meet(opened, lambda n: seen + n, sample)
    result = {
        "fill s": filled, "file MB": size_of(folder), "bytes a URL": size_of(folder) * 1e6 / seen,
        "known, µs": known, "new, µs": new, "memory MB": rss(), "grown by MB": rss() - base,
    }  # fmt: skip
    opened.close_now("finished")
    return result


async def meet(opened: Any, number: Callable[[int], int], sample: int) -> float:
    """Put single addresses all over the store, in batches; give the time for each, in µs."""
    from newscrawl.state import Entry
    from newscrawl.state.addresses import key_of

    urls = [url_of(number(n)) for n in range(sample)]
    entries = [
        Entry(key=key_of(url), url=url, host=url.split("/")[2], is_article=True) for url in urls
    ]
    wall = time.perf_counter()
    for first in range(0, sample, BATCH):
        await opened.put(entries[first : first + BATCH])
    return (time.perf_counter() - wall) / sample * 1e6


def fill(path: Path, folder: Path, seen: int) -> float:
    """Write done articles with their aliases straight into the tables, as so many acks would."""
    from newscrawl.state import RunKey
    from newscrawl.state.addresses import key_of
    from newscrawl.state.sqlite import SQLiteFrontier

    opened = SQLiteFrontier(path, folder / "articles", RunKey(job="fill"))
    wall = time.perf_counter()
    database = opened.database
    database.executemany(
        "INSERT INTO host (id, name, source) VALUES (?, ?, ?)",
        [(n + 1, f"host-{n}.example", f"host-{n}.example") for n in range(HOSTS)],
    )
    for first in range(0, seen, 100_000):
        numbers = range(first, min(first + 100_000, seen))
        keys = [key_of(url_of(n)) for n in numbers]
        database.execute("BEGIN")
        database.executemany(
            "INSERT INTO url (id, key, url, host, state, is_article, run, met, outcome, found, first_fetched, "
            "fetched, article) VALUES (?, ?, ?, ?, 2, 1, 1, 1, 'new', 1e9, 1e9, 1e9, ?)",
            [
                (n + 1, key, url_of(n), n % HOSTS + 1, n + 1)
                for n, key in zip(numbers, keys, strict=True)
            ],
        )
        database.executemany(
            "INSERT INTO article VALUES (?, ?, ?, 1, ?, ?, 'A title of some forty letters, as they are', ?)",
            [
                (n + 1, n + 1, key, key, key, key.hex())
                for n, key in zip(numbers, keys, strict=True)
            ],
        )
        database.executemany(
            "INSERT INTO alias VALUES (?, ?)",
            [(key, n + 1) for n, key in zip(numbers, keys, strict=True)],
        )
        database.executemany(
            "INSERT INTO version VALUES (?, 1, 1, 1e9, 1, ?, 4000)",
            [(n + 1, n * 4000) for n in numbers],
        )
        database.execute("COMMIT")
    opened.close_now("finished")
    return time.perf_counter() - wall


def measure(kind: str, number: int, folder: Path, *, is_life: bool) -> dict[str, float]:
    """Run one measurement; called in a process of its own."""
    if kind == "frontier":
        return asyncio.run(frontier(number, folder))
    if kind in BACK_ENDS and is_life:
        return on_back_end(kind, number, folder)
    if kind == "seen":
        return asyncio.run(ten_million(number, folder))
    return scrapy_queue(kind, number, folder)


def in_own_process(kind: str, number: int, *more: str) -> dict[str, float]:
    command = [
        sys.executable,
        "-m",
        "benchmarks.frontier",
        "--measure",
        kind,
        "--number",
        str(number),
        *more,
    ]
    result = subprocess.run(command, capture_output=True, check=True, text=True)
    return dict(json.loads(result.stdout.splitlines()[-1]))


def main() -> None:
    """Measure all and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--urls", type=int, default=100_000)
    parser.add_argument("--seen", type=int, default=10_000_000)
    parser.add_argument("--back-ends", nargs="+", choices=BACK_ENDS, default=[])
    parser.add_argument("--life", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    parser.add_argument("--number", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        with tempfile.TemporaryDirectory() as folder:
            found = measure(options.measure, options.number, Path(folder), is_life=options.life)
            print(json.dumps(found))
        return
    if options.back_ends:
        lives = {kind: in_own_process(kind, options.urls, "--life") for kind in options.back_ends}
        show(f"{options.urls:,} addresses of {HOSTS} hosts: put, claimed and acked", lives)
        return
    rows = {kind: in_own_process(kind, options.urls) for kind in QUEUES}
    show(f"{options.urls:,} addresses of {HOSTS} hosts", rows)
    if options.seen:
        show(f"{options.seen:,} seen articles", {"frontier": in_own_process("seen", options.seen)})


def show(title: str, rows: dict[str, dict[str, float]]) -> None:
    names = list(next(iter(rows.values())))
    print(f"\n{title}\n\n| | {' | '.join(names)} |\n|---|{'--:|' * len(names)}")
    for kind, row in rows.items():
        print(f"| {kind} | {' | '.join(f'{row[name]:.1f}' for name in names)} |", flush=True)


if __name__ == "__main__":
    main()
