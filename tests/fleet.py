"""Many workers on one state, which are killed again and again; and its database too.

    python -m tests.fleet --hosts 100 --articles 100 --workers 4 --kill-every 4

Workers crawl a web of many hosts on loopback, each with a folder of its own as on a machine of its own; with `--namespaces`,
where this machine allows it, each in a network of its own too. At the end every article must stand exactly once in their
files, no host may have been asked sooner than its delay allows, every run's ledger must add up, and the state be sound.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from multiprocessing.connection import Connection
from pathlib import Path

from newscrawl.state.inspection import open_state
from newscrawl.state.place import StatePlace, place_of
from tests.crash import article as coast_article
from tests.postgres import Server

DELAY = 0.5
TOLERANCE = 0.02
"""Seconds by which two requests may come closer together on their way."""
OWN = os.getpid() % 10_000
BRIDGE, NET = f"ncb{OWN}", f"10.77.{OWN % 250}"
"""Of this trial alone: others may be under way."""
MARK = "/report-number-"


# -- the web -------------------------------------------------------------------------------------


def host_of(number: int) -> str:
    return f"paper-{number}.example"


def paths_of(host: int, articles: int) -> list[str]:
    return [
        f"/2026/03/{1 + n % 28:02}{MARK}{host}-{n}-from-the-salt-coast" for n in range(articles)
    ]


class Papers:
    """Hosts with a sitemap of articles each, served by an HTTP proxy in a process of its own, which logs what is asked."""

    def __init__(self, hosts: int, articles: int, log: Path, address: str = "127.0.0.1") -> None:
        self.hosts = hosts
        self.articles = articles
        self.log = log
        self.address = address
        ours, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.get_context("fork").Process(
            target=_serve, args=(hosts, articles, log, address, theirs), daemon=True
        )
        self.process.start()
        self.proxy = f"http://{address}:{ours.recv()}"
        ours.close()
        theirs.close()

    def stop(self) -> None:
        self.process.terminate()
        self.process.join()
        self.process.close()

    def asked(self) -> list[tuple[float, str, str]]:
        """Give what was asked: moment, host, path."""
        found = []
        for line in self.log.read_text().splitlines():
            at, host, path = line.split(" ", 2)
            found.append((float(at), host, path))
        return found

    def wanted(self) -> set[str]:
        return {
            f"http://{host_of(n)}{path}"
            for n in range(self.hosts)
            for path in paths_of(n, self.articles)
        }


def _serve(hosts: int, articles: int, log: Path, address: str, told: Connection) -> None:
    asyncio.run(_answer_all(hosts, articles, log, address, told))


async def _answer_all(hosts: int, articles: int, log: Path, address: str, told: Connection) -> None:
    file = log.open("a", buffering=1)

    def page(host: str, path: str) -> tuple[str, bytes]:
        number = int(host.split("-")[1].split(".", maxsplit=1)[0])
        if path == "/robots.txt":
            return "text/plain", f"User-agent: *\nSitemap: http://{host}/sitemap.xml\n".encode()
        if path == "/":
            return "text/html", b"<html><body><h1>A paper</h1></body></html>"
        if path == "/sitemap.xml":
            entries = "".join(
                f"<url><loc>http://{host}{one}</loc></url>" for one in paths_of(number, articles)
            )
            return (
                "application/xml",
                f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</urlset>'.encode(),
            )
        if MARK in path:
            n = int(path.split(MARK)[1].split("-")[1])
            body = coast_article(number * 10_000 + n).body
            assert isinstance(body, bytes)
            start = body.index(b"<link rel=canonical")
            return "text/html; charset=utf-8", body[:start] + body[body.index(b">", start) + 1 :]
        return "", b""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, IndexError):
            while line := await reader.readline():
                target = line.split(b" ")[1].decode()
                while (await reader.readline()).strip():
                    pass
                host, _, rest = target.partition("://")[2].partition("/")
                file.write(f"{time.time():.4f} {host} /{rest}\n")
                kind, body = page(host, f"/{rest}") if host.startswith("paper-") else ("", b"")
                status = "200 OK" if kind else "404 Not Found"
                writer.write(
                    f"HTTP/1.1 {status}\r\nContent-Type: {kind or 'text/plain'}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
                    + body
                )
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, address, 0)
    told.send(server.sockets[0].getsockname()[1])
    async with server:
        await server.serve_forever()


# -- the machines ----------------------------------------------------------------------------------


@contextmanager
def networks(number: int) -> Iterator[list[list[str]] | None]:
    """Make a network for each of several machines; give what their commands begin with, None where it is not allowed."""

    def ip(*words: str) -> None:
        subprocess.run(["ip", *words], check=True, capture_output=True)

    names = [f"ncw{OWN}-{n}" for n in range(number)]
    try:
        ip("link", "add", BRIDGE, "type", "bridge")
        ip("addr", "add", f"{NET}.1/24", "dev", BRIDGE)
        ip("link", "set", BRIDGE, "up")
        for n, name in enumerate(names):
            ip("netns", "add", name)
            ip(
                "link",
                "add",
                f"ncv{OWN}-{n}",
                "type",
                "veth",
                "peer",
                "name",
                "eth0",
                "netns",
                name,
            )
            ip("link", "set", f"ncv{OWN}-{n}", "master", BRIDGE, "up")
            ip("-n", name, "addr", "add", f"{NET}.{n + 10}/24", "dev", "eth0")
            ip("-n", name, "link", "set", "eth0", "up")
            ip("-n", name, "link", "set", "lo", "up")
        yield [["ip", "netns", "exec", name] for name in names]
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"no namespaces: {getattr(error, 'stderr', b'').decode().strip() or error}")
        yield None
    finally:
        for n, name in enumerate(names):
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)
            subprocess.run(["ip", "link", "del", f"ncv{OWN}-{n}"], check=False, capture_output=True)
        subprocess.run(["ip", "link", "del", BRIDGE], check=False, capture_output=True)


@dataclass
class Fleet:
    """Workers on one state."""

    folder: Path
    state: StatePlace
    papers: Papers
    options: tuple[str, ...] = ()
    prefixes: list[list[str]] = field(default_factory=list)
    processes: dict[int, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    kills: int = 0
    one_folder: bool = False

    def machine(self, number: int) -> Path:
        """Give the folder that a worker works in."""
        folder = self.folder / ("machine" if self.one_folder else f"machine-{number}")
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def command(self, number: int, *words: str) -> "subprocess.Popen[bytes]":
        plain = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        names = {
            "http_proxy": self.papers.proxy, "https_proxy": self.papers.proxy, "NEWSCRAWL_STATE": self.state.text(),
            "NEWSCRAWL_MACHINE": f"machine-{number}",
        }  # fmt: skip
        prefix = self.prefixes[number % len(self.prefixes)] if self.prefixes else []
        with (self.folder / f"log-{number}").open("ab") as log:
            return subprocess.Popen(
                [*prefix, sys.executable, "-m", "newscrawl", *words], cwd=self.machine(number), env=plain | names,
                stdout=log, stderr=log,
            )  # fmt: skip

    def begin(self, jobs: int) -> None:
        """Put so many jobs, each of several hosts."""
        sites = [f"http://{host_of(n)}/" for n in range(self.papers.hosts)]
        for n in range(jobs):
            code = self.command(0, "crawl", *sites[n::jobs], "--later", "-q", *self.options).wait()
            if code:
                self.problems.append(f"crawl --later ended with {code}: {self.said(0)[-300:]}")

    def start(self, number: int, *words: str) -> None:
        self.processes[number] = self.command(number, "worker", "-v", *self.options, *words)

    def kill(self, number: int) -> None:
        self.processes[number].kill()
        self.processes[number].wait()
        self.kills += 1

    def at_work(self) -> list[int]:
        return [number for number, process in self.processes.items() if process.poll() is None]

    def said(self, number: int) -> str:
        return (self.folder / f"log-{number}").read_text()

    def end(self) -> None:
        for process in self.processes.values():
            if process.poll() is None:
                process.kill()
            process.wait()

    # -- what came of it ------------------------------------------------------------------------

    def lines(self) -> Iterator[dict[str, object]]:
        for path in sorted(self.folder.rglob("articles/*/*.jsonl")):
            for line in path.read_bytes().splitlines():
                yield json.loads(line)

    def check(self) -> None:
        stored, wanted = Counter(str(line["url"]) for line in self.lines()), self.papers.wanted()
        if lost := wanted - set(stored):
            self.problems.append(f"lost {len(lost)}: {sorted(lost)[:3]}")
        if doubled := [url for url, number in stored.items() if number > 1]:
            self.problems.append(f"twice {len(doubled)}: {doubled[:3]}")
        if strangers := set(stored) - wanted:
            self.problems.append(f"strangers {len(strangers)}: {sorted(strangers)[:3]}")
        if short := self.short_gaps():
            self.problems.append(f"{len(short)} gaps under {DELAY} s: {short[:5]}")
        for machine in sorted(self.folder.glob("machine*")):
            with open_state(self.state, machine / "data" / "articles") as state:
                self.problems += list(state.check())
        for number in self.processes:
            if "Traceback" in self.said(number):
                start = self.said(number).index("Traceback")
                self.problems.append(f"worker {number}: {self.said(number)[start : start + 1500]}")

    def gaps(self) -> list[tuple[float, str]]:
        by_host = defaultdict[str, list[float]](list)
        for at, host, _ in self.papers.asked():
            by_host[host].append(at)
        return [
            (b - a, host) for host, times in by_host.items() for a, b in pairwise(sorted(times))
        ]

    def short_gaps(self) -> list[tuple[float, str]]:
        return sorted(gap for gap in self.gaps() if gap[0] < DELAY - TOLERANCE)

    def fetched_twice(self) -> int:
        paths = [(host, path) for _, host, path in self.papers.asked() if MARK in path]
        return len(paths) - len(set(paths))

    def sums(self) -> str:
        with open_state(self.state, self.machine(0) / "data" / "articles") as state:
            runs = state.runs(100_000)
        died = sum(run.reason == "died" for run in runs)
        wrong = sum(not run.adds_up() for run in runs)
        new = sum(run.ends.get("new", 0) for run in runs)
        return f"{len(runs)} runs, {died} of them died, {wrong} do not add up; {new} new in their ledgers"


@dataclass(frozen=True)
class Plan:
    """What happens to a fleet."""

    workers: int
    kill_every: float = 0.0
    kill_database_after: float = 0.0
    most: float = 1800.0
    most_kills: int = 100_000


def work(fleet: Fleet, plan: Plan, server: Server | None, chance: random.Random) -> float:
    """Let a fleet work until all is done; give the seconds."""
    began = time.monotonic()
    for number in range(plan.workers):
        fleet.start(number, "--until-done")
    next_kill = began + plan.kill_every
    database_at = began + plan.kill_database_after
    while fleet.at_work() and time.monotonic() - began < plan.most:
        time.sleep(0.1)
        now = time.monotonic()
        if (
            plan.kill_every
            and fleet.kills < plan.most_kills
            and now >= next_kill
            and len(fleet.at_work()) == plan.workers
        ):
            victim = chance.choice(fleet.at_work())
            fleet.kill(victim)
            fleet.start(victim, "--until-done")
            next_kill = now + plan.kill_every
        if plan.kill_database_after and server and now >= database_at:
            database_at = float("inf")
            server.kill()
            time.sleep(2)
            server.start()
    if fleet.at_work():
        fleet.problems.append(f"not done after {plan.most:.0f} s")
    fleet.end()
    return time.monotonic() - began


FAST = (
    "-s", "AUTOTHROTTLE_ENABLED=0", "-s", f"DOWNLOAD_DELAY={DELAY}", "-s", "DOWNLOAD_DELAY_JITTER=0", "-s", "NEWSCRAWL_ARCHIVE=0",
)  # fmt: skip


def main() -> int:
    """Run the trial; 0 if all holds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hosts", type=int, default=100)
    parser.add_argument("--articles", type=int, default=100, help="of each host")
    parser.add_argument("--jobs", type=int, default=10)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--crawls", type=int, default=4)
    parser.add_argument("--kill-every", type=float, default=4.0, help="seconds; 0 for never")
    parser.add_argument(
        "--kill-database-after", type=float, default=60.0, help="seconds; 0 for never"
    )
    parser.add_argument(
        "--sqlite", action="store_true", help="on one machine, with the state in a file"
    )
    parser.add_argument("--namespaces", action="store_true")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="newscrawl-fleet-", dir="/var/tmp"))
    with networks(options.workers if options.namespaces else 0) as prefixes:
        is_apart = bool(options.namespaces and prefixes)
        address = f"{NET}.1" if is_apart else "127.0.0.1"
        papers = Papers(options.hosts, options.articles, folder / "asked", address)
        server = None if options.sqlite else Server(address=address).__enter__()
        state = place_of(server.state() if server else folder / "state.db")
        fleet = Fleet(
            folder, state, papers, (*FAST, *(("-s", f"NEWSCRAWL_CRAWLS_AT_ONCE={options.crawls}"))),
            prefixes if prefixes and is_apart else [], one_folder=options.sqlite,
        )  # fmt: skip
        if options.sqlite:
            # As on a machine of its own: beside the state they would stand otherwise.
            articles_in = fleet.machine(0).absolute() / "data" / "articles"
            fleet.options = (*fleet.options, "-s", f"NEWSCRAWL_ARTICLES={articles_in}")
        fleet.begin(options.jobs)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        plan = Plan(
            options.workers,
            options.kill_every,
            0.0 if options.sqlite else options.kill_database_after,
        )
        seconds = work(fleet, plan, server, random.Random(options.seed))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        fleet.check()
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        articles = options.hosts * options.articles
        gaps = fleet.gaps()
        print(
            f"{options.workers} workers on {'SQLite' if options.sqlite else 'PostgreSQL'}"
            f"{', each in a network of its own' if is_apart else ''}, {options.hosts} hosts, {articles} articles, seed {options.seed}: "
            f"{seconds:.0f} s, {articles / seconds:.1f} pages a second, {1000 * cpu / articles:.0f} ms CPU of workers a page; "
            f"{fleet.kills} kills, database killed {'once' if plan.kill_database_after else 'never'}; "
            f"{fleet.fetched_twice()} fetched twice; {len(gaps)} gaps, the least {min(gaps)[0]:.3f} s; {fleet.sums()}"
        )
        print(
            "; ".join(fleet.problems)
            or "every article once, no gap under the delay, every ledger adds up, state sound"
        )
        papers.stop()
        if server:
            server.__exit__(None, None, None)
        if not fleet.problems and not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(folder)
    return bool(fleet.problems)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(main())
