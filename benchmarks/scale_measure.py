"""What a page costs a state in PostgreSQL: rows, log, statements, CPU; and what grows where many share it."""

import asyncio
import os
import resource
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import psycopg

from benchmarks.servers import Journeys, Watched, running
from newscrawl import Article, Page, clean
from newscrawl.state import Entry, Lease, Manners, Outcome, RunKey, Stored
from newscrawl.state.addresses import key_of
from newscrawl.state.ends import End
from newscrawl.state.inspection import open_state
from newscrawl.state.place import StatePlace, place_of
from newscrawl.state.plan import DEFAULT, parse_plan
from newscrawl.state.postgres import PostgresFrontier
from newscrawl.state.postgres_session import leave, session_of
from tests.crash import article, article_url

SETTINGS: Final = {"max_wal_size": "8GB", "checkpoint_timeout": "1h"}
"""No checkpoint but those that are asked for: what one adds to the log is told apart."""
PLAN: Final = parse_plan(DEFAULT)
TABLES: Final = ("url", "article", "alias", "version", "queue", "host", "run", "ledger", "answer", "tally", "delivery", "session")  # fmt: skip
AT_ONCE: Final = 64
RUNS: Final = 200
"""That are at work at the same time, on one connection."""
BATCH: Final = 500
JOB: Final = "bench"
REQUEST: Final = b"\x83" + b"x" * 80
"""As long as that of an article."""
Figures = dict[str, Any]


def entry(number: int, hosts: int, *, is_article: bool = True) -> Entry:
    """Give an address as long as those of news sites are."""
    host = f"www.paper-{number % hosts}.example"
    kind = "2026/03/01/a-report-on-matter" if is_article else "feed"
    url = f"https://{host}/{kind}-{number}"
    return Entry(
        key=key_of(url), url=url, host=host, is_article=is_article, request=REQUEST,
        kind=None if is_article else "feed",
    )  # fmt: skip


class Template:
    """Makes articles that differ in what they are known by."""

    def __init__(self) -> None:
        made = clean(Page(body=article(0).body, url=article_url(0)))
        assert isinstance(made, Article)
        self.article = made

    def of(self, lease: Lease) -> Stored:
        """Make the article of an address; the same one each time."""
        key = key_of(lease.url)
        made = replace(
            self.article, url=lease.url, source=lease.host.removeprefix("www."), text_hash=key.hex(),
            title=f"A report on matter {lease.url.rpartition('-')[2]}, as long as titles are", canonical_url=lease.url,
        )  # fmt: skip
        return Stored(article=made, keys=(key,), canonical=key)


class Recorder:
    """Notes what each kind of work costs."""

    def __init__(self, server: Watched, journeys: Journeys) -> None:
        self.server = server
        self.journeys = journeys
        self.phases: dict[str, Figures] = {}
        self.texts: dict[str, Counter[str]] = {}

    @contextmanager
    def phase(self, name: str, times: int) -> Iterator[None]:
        """Note what is done within, so many times."""
        before, texts = self._look(), Counter(self.journeys.texts)
        yield
        after = self._look()
        self.phases[name] = {"times": times} | {key: after[key] - before[key] for key in before}
        self.texts[name] = self.journeys.texts - texts

    def _look(self) -> dict[str, float]:
        count = self.journeys.count
        return {
            "client": time.process_time(), "server": self.server.cpu(), "wall": time.perf_counter(),
            "log": self.server.log(), "images": self.server.images(), "statements": count["statements"],
            "journeys": count["journeys"], "transactions": count["transactions"],
        }  # fmt: skip


def measure(urls: int, hosts: int, jobs: int, runs: int) -> Figures:
    """Fill a state through the frontier, and give what everything cost.

    Args:
        urls: articles that are put.
        hosts: on so many hosts.
        jobs: jobs that the state is filled with, to see what workers' looks cost.
        runs: runs of each of them.

    """
    with running(**SETTINGS) as server, tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        return _measured(server, Path(folder), (urls, hosts, jobs, runs))


def _measured(server: Watched, folder: Path, numbers: tuple[int, int, int, int]) -> Figures:
    urls, hosts, jobs, runs = numbers
    place = place_of(server.server.state())
    session = session_of(place)
    try:
        recorder = Recorder(server, Journeys(session.database))
        server.set(full_page_writes="off")
        life = _Life(place, folder / "articles", recorder, hosts)
        asyncio.run(life.first(urls))
        before = Counter(life.dead())
        tables = sizes(server, place)
        asyncio.run(life.again(urls))
        server.set(full_page_writes="on")
        asyncio.run(life.after_a_checkpoint(max(1, urls // 10), urls))
        life.begin_and_end(min(RUNS, hosts))
        return {
            "urls": urls, "hosts": hosts, "phases": recorder.phases, "tables": tables,
            "texts": {name: texts.most_common(40) for name, texts in recorder.texts.items()},
            "dead": {name: {"after first": before[name], "after all": n} for name, n in life.dead().items()},
            "tables after": sizes(server, place), "packed": packed(server, place), "line bytes": life.lines(), "commits": commits(server, min(2.0, urls / 5000)),
            "connection MB": connection_memory(server), "server MB": server.memory(),
            "shared": shared_work(server, place, folder, (jobs, runs)),
            "client MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }  # fmt: skip
    finally:
        leave(place)


class _Life:
    """A state from its first address on."""

    def __init__(self, place: StatePlace, articles: Path, recorder: Recorder, hosts: int) -> None:
        self.place = place
        self.articles = articles
        self.recorder = recorder
        self.hosts = hosts
        self.template = Template()

    def frontier(self, job: str = JOB) -> PostgresFrontier:
        return PostgresFrontier(self.place, self.articles, RunKey(job=job, locks=(job,)), Manners())

    async def first(self, urls: int) -> None:
        """Put addresses, refuse a part, store the others; then meet them all again."""
        phase, opened = self.recorder.phase, self.frontier()
        lists = [entry(n, self.hosts, is_article=False) for n in range(self.hosts)]
        articles = [entry(n, self.hosts) for n in range(urls)]
        with phase("put, new", urls):
            await put(opened, articles)
        refused = urls // 5
        await self._take(opened, refused, "refused", lambda _: Outcome(end=End.REJECTED))
        single = urls // 5
        await self._take(opened, single, "new, one by one", self._new, one_by_one=True)
        await self._take(opened, urls - refused - single, "new", self._new)
        await put(opened, lists)
        await self._take(opened, self.hosts, "list", _list_read)
        with phase("put, known", urls):
            await put(opened, articles)
        await opened.close("finished")

    async def again(self, urls: int) -> None:
        """Visit them again, as if their time had come."""
        self._make_due()
        opened = self.frontier()
        number = min(urls // 2, _waiting(opened))
        await self._take(opened, number * 4 // 5, "unchanged", self._new)
        await self._take(opened, number // 5, "unchanged, one by one", self._new, one_by_one=True)
        await self._take(opened, number // 5, "not modified", _not_modified, one_by_one=True)
        await opened.close("finished")

    async def after_a_checkpoint(self, number: int, urls: int) -> None:
        """Put and store a few more, right after a checkpoint."""
        opened = self.frontier("after")
        self.recorder.server.connection.execute("CHECKPOINT")
        more = [entry(urls + n, self.hosts) for n in range(number)]
        with self.recorder.phase("put, after a checkpoint", number):
            await put(opened, more)
        self.recorder.server.connection.execute("CHECKPOINT")
        await self._take(opened, number, "new, after a checkpoint", self._new)
        await opened.close("finished")

    def begin_and_end(self, jobs: int) -> None:
        """Begin and end runs that find one address each."""
        with self.recorder.phase("run, begin", jobs):
            frontiers = [self.frontier(f"job-{number}") for number in range(jobs)]

        async def work() -> None:
            for number, opened in enumerate(frontiers):
                await opened.put([entry(10_000_000 + number, self.hosts)])
            leases = list[Lease]()
            with self.recorder.phase("claim, one", jobs):
                for opened in frontiers:
                    leases += (await opened.claim(1)).leases
            for opened, lease in zip(frontiers, leases, strict=True):
                await opened.ack(lease, self._new(lease))
            with self.recorder.phase("claim, nothing ready", jobs):
                for opened in frontiers:
                    await opened.claim(32)
            with self.recorder.phase("drained", jobs):
                for opened in frontiers:
                    await opened.drained()
            with self.recorder.phase("run, end", jobs):
                for opened in frontiers:
                    await opened.close("finished")

        asyncio.run(work())

    def _new(self, lease: Lease) -> Outcome:
        return Outcome(
            end=End.NEW, articles=(self.template.of(lease),), plan=PLAN, status=200, etag='"5f3a-61e2b8"'
        )  # fmt: skip

    async def _take(
        self, opened: PostgresFrontier, number: int, name: str, outcome: Callable[[Lease], Outcome],
        *, one_by_one: bool = False,
    ) -> None:  # fmt: skip
        """Claim and end so many leases; what claims and ends cost is noted apart."""
        leases = list[Lease]()
        with self.recorder.phase(f"claim, {name}", number):
            while (
                len(leases) < number
                and (claim := await opened.claim(min(AT_ONCE, number - len(leases)))).leases
            ):
                leases += claim.leases
                # A host is held until its page has ended: others have their turn.
                if len(leases) % self.hosts > self.hosts - AT_ONCE:
                    break
        with self.recorder.phase(f"end, {name}", len(leases)):
            await self._end_all(opened, leases, outcome, one_by_one=one_by_one)
        self.recorder.phases[f"claim, {name}"]["times"] = len(leases)
        if leases and len(leases) < number:
            await self._rest(opened, number - len(leases), name, outcome, one_by_one=one_by_one)

    async def _rest(
        self, opened: PostgresFrontier, number: int, name: str, outcome: Callable[[Lease], Outcome],
        *, one_by_one: bool,
    ) -> None:  # fmt: skip
        phases, kinds = self.recorder.phases, (f"claim, {name}", f"end, {name}")
        before = {kind: phases.pop(kind) for kind in kinds}
        texts = {kind: self.recorder.texts.pop(kind) for kind in kinds}
        await self._take(opened, number, name, outcome, one_by_one=one_by_one)
        for kind in kinds:
            own = phases.setdefault(kind, dict.fromkeys(before[kind], 0))
            phases[kind] = {key: before[kind][key] + own[key] for key in before[kind]}
            self.recorder.texts[kind] = texts[kind] + self.recorder.texts.get(kind, Counter())

    async def _end_all(
        self, opened: PostgresFrontier, leases: Sequence[Lease], outcome: Callable[[Lease], Outcome],
        *, one_by_one: bool,
    ) -> None:  # fmt: skip
        step = 1 if one_by_one else AT_ONCE
        for first in range(0, len(leases), step):
            together = leases[first : first + step]
            await asyncio.gather(*(opened.ack(lease, outcome(lease)) for lease in together))

    def _make_due(self) -> None:
        server = self.recorder.server.connection
        server.execute(f'SET search_path TO "{self.place.schema}"'.encode())
        server.execute("UPDATE url SET due = 1 WHERE article IS NOT NULL")
        server.execute("VACUUM ANALYZE url")

    def dead(self) -> dict[str, int]:
        """Give the dead rows of each table, as the server counts them."""
        time.sleep(1.2)  # processes tell their counts once a second
        rows = self.recorder.server.connection.execute(
            "SELECT relname, n_dead_tup FROM pg_stat_user_tables WHERE schemaname = %s",
            (self.place.schema,),
        )
        return {name: int(number) for name, number in rows if name in TABLES}

    def lines(self) -> float:
        """Give the mean bytes of an article's line."""
        files = list(self.articles.rglob("*.jsonl"))
        lines = sum(path.read_bytes().count(b"\n") for path in files)
        return sum(path.stat().st_size for path in files) / max(1, lines)


def _waiting(opened: PostgresFrontier) -> int:
    query = "SELECT coalesce(sum(waiting), 0) FROM queue WHERE run = ?"
    return int(opened.database.execute(query, (opened.run,)).fetchone()[0])


def _list_read(lease: Lease) -> Outcome:
    return Outcome(
        end=End.READ, new=10, known=20, links=30, signature=key_of(lease.url), status=200
    )


def _not_modified(_: Lease) -> Outcome:
    return Outcome(end=End.UNCHANGED, is_hint=True, status=304, plan=PLAN)


async def put(opened: PostgresFrontier, entries: list[Entry]) -> None:
    """Put addresses as a long list gives them."""
    for first in range(0, len(entries), BATCH):
        await opened.put(entries[first : first + BATCH])


def sizes(server: Watched, place: StatePlace) -> dict[str, Figures]:
    """Give rows and bytes of each table, as they have come to be."""
    found = {}
    server.connection.execute(f'SET search_path TO "{place.schema}"'.encode())
    for name in TABLES:
        found[name] = {
            "rows": server.ask(f"SELECT count(*) FROM {name}"),
            "heap": server.ask(f"SELECT pg_table_size('{name}')"),
            "indices": server.ask(f"SELECT pg_indexes_size('{name}')"),
        }
    return found


def packed(server: Watched, place: StatePlace) -> dict[str, Figures]:
    """Give the same, written anew without a gap."""
    for name in TABLES:
        server.connection.execute(f'VACUUM FULL "{place.schema}".{name}'.encode())
    return sizes(server, place)


# -- the server alone --------------------------------------------------------------------------


def commits(server: Watched, seconds: float) -> Figures:
    """Give the transactions a second that connections do, of one small change each, with and without waiting for the disk."""
    server.connection.execute("CREATE TABLE public.small (id INT PRIMARY KEY, n INT)")
    server.connection.execute("INSERT INTO public.small SELECT g, 0 FROM generate_series(1, 64) g")
    return {
        f"{number}, {wait}": _commits(server, number, wait, seconds)
        for wait in ("on", "off")
        for number in (1, 8)
    }


def _commits(server: Watched, number: int, wait: str, seconds: float) -> float:
    counts, until = [0] * number, time.perf_counter() + seconds

    def work(place: int) -> None:
        with psycopg.connect(server.server.address, autocommit=True) as own:
            own.execute(f"SET synchronous_commit = {wait}".encode())
            while time.perf_counter() < until:
                own.execute("UPDATE public.small SET n = n + 1 WHERE id = %s", (place + 1,))
                counts[place] += 1

    threads = [threading.Thread(target=work, args=(place,)) for place in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / seconds


def connection_memory(server: Watched, number: int = 20) -> float:
    """Give the MB that a connection holds which has done a little and waits."""
    before = server.memory()
    opened = [psycopg.connect(server.server.address) for _ in range(number)]
    for one in opened:
        one.execute("SELECT count(*) FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid")
    after = server.memory()
    for one in opened:
        one.close()
    return (after - before) / number


# -- what grows with all that share a state -----------------------------------------------------


def shared_work(
    server: Watched, place: StatePlace, folder: Path, numbers: tuple[int, int]
) -> Figures:
    """Give the ms that a worker's look, a run's begin and a claim take, as jobs, runs and others' leases grow."""
    jobs, runs = numbers
    connection = server.connection
    connection.execute(f'SET search_path TO "{place.schema}"'.encode())
    _fill_jobs(connection, "filled", jobs, 1)
    found: Figures = {"jobs": jobs, "runs": runs, "history": HISTORY, "at a look": DUE + AT_WORK}
    found["look, nothing due, a run a job"] = _look(server, place, folder)
    _fill_work(connection)
    found["look, a run a job"] = _look(server, place, folder)
    _fill_jobs(connection, "filled", jobs, runs - 1)
    found[f"look, {runs} runs a job"] = _look(server, place, folder)
    _fill_jobs(connection, "often", 1, HISTORY)
    found["begin, of a job's second run"] = _begins(server, place, folder, "seldom")
    found[f"begin, after {HISTORY} runs of its job"] = _begins(server, place, folder, "often-1")
    for others in (0, jobs // 10, jobs):
        _lease_to_others(connection, others)
        found[f"claim beside {others} leases"] = _claims(server, place, folder)
    return found


DUE: Final = 50
"""Jobs of which something is due when a worker looks."""
AT_WORK: Final = 40
"""Jobs that others are at work on meanwhile."""
HISTORY: Final = 2500
"""Runs of a job that is crawled each half hour, in the eight weeks for which they are kept."""


def _fill_jobs(connection: "psycopg.Connection[Any]", name: str, jobs: int, runs: int) -> None:
    connection.execute(
        "INSERT INTO run (job, locks, pid, started, ended, spider, arguments, reason) "
        "SELECT %s || '-' || j, '[\"paper-' || j || '.example\"]', 1, 1, 2, 'articles', '{\"site\": \"www.paper-' || j || '.example\"}', 'finished' "
        "FROM generate_series(1, %s) r, generate_series(1, %s) j",
        (name, runs, jobs),
    )
    connection.execute("ANALYZE run")


def _fill_work(connection: "psycopg.Connection[Any]") -> None:
    """Let an address be due of each of some jobs, and others be at work, each on an address that waits."""
    connection.execute(
        "INSERT INTO run (job, locks, pid, started, seen, spider, arguments) SELECT 'filled-' || j, "
        "'[\"paper-' || j || '.example\"]', 1, 1, 1e12, 'articles', '{}' FROM generate_series(%s + 1, %s + %s) j",
        (DUE, DUE, AT_WORK),
    )
    connection.execute(
        "INSERT INTO host (name, source) SELECT 'due-' || j, 'due-' || j FROM generate_series(1, %s) j",
        (DUE + AT_WORK,),
    )
    connection.execute(
        "INSERT INTO url (key, url, host, state, is_article, run, met, due, found) "
        "SELECT decode(md5(h.name), 'hex'), h.name, h.id, CASE WHEN r.ended IS NULL THEN 0 ELSE 2 END, true, r.id, r.id, 1, 1 "
        "FROM host AS h JOIN run AS r ON r.id = (SELECT max(id) FROM run WHERE job = replace(h.name, 'due-', 'filled-')) "
        "WHERE h.name LIKE 'due-%'"
    )
    for table in ("run", "host", "url", "queue"):
        connection.execute(f"VACUUM ANALYZE {table}".encode())


def _look(server: Watched, place: StatePlace, folder: Path) -> Figures:
    with open_state(place, folder / "articles") as state:

        def look() -> int:
            """Ask what a worker asks whose hands are not full."""
            return len([*state.due_jobs(state.database.now()), *state.joinable_jobs()])

        look()
        return timed(server, look, LOOKS) | {"found": look()}


LOOKS: Final = 50


def _begins(server: Watched, place: StatePlace, folder: Path, job: str) -> Figures:
    """Time begins of a job, one after the other, of which nothing is left."""
    times, took, cpu, log = 20, 0.0, 0.0, 0
    for number in range(times + 1):
        # The first one is not counted; a job of its own each time, where it is to be young.
        name = job if job.startswith("often") else f"{job}-{number}"
        if name != job:
            _fill_jobs(server.connection, name, 1, 1)
            name += "-1"
        before, used, written = time.perf_counter(), server.cpu(), server.log()
        opened = PostgresFrontier(
            place,
            folder / "articles",
            RunKey(job=name, locks=(name,), spider="articles"),
            Manners(),
        )
        took += (time.perf_counter() - before) * bool(number)
        cpu += (server.cpu() - used) * bool(number)
        log += (server.log() - written) * bool(number)
        opened.close_now("finished")
    return {"ms": took / times * 1e3, "server ms": cpu / times * 1e3, "log": log / times}


def _lease_to_others(connection: "psycopg.Connection[Any]", number: int) -> None:
    """Lease addresses to a run of nobody's, on hosts of its own."""
    connection.execute("DELETE FROM url WHERE run = 0")
    connection.execute("DELETE FROM host WHERE name LIKE 'other-%'")
    connection.execute(
        "INSERT INTO host (name, source) SELECT 'other-' || g, 'other-' || g FROM generate_series(1, %s) g",
        (number,),
    )
    connection.execute(
        "INSERT INTO url (key, url, host, state, is_article, run, met, held, lease_until, found) "
        "SELECT decode(md5(h.name), 'hex'), h.name, h.id, 1, true, 0, 0, h.id, 1e12, 1 FROM host h WHERE h.name LIKE 'other-%%'"
    )
    for table in ("url", "host"):
        connection.execute(f"VACUUM ANALYZE {table}".encode())


def _claims(server: Watched, place: StatePlace, folder: Path) -> Figures:
    """Time claims of one address, as a crawl makes them for each that has ended."""
    opened = PostgresFrontier(
        place, folder / "articles", RunKey(job=f"claims-{os.getpid()}"), Manners()
    )
    hosts, times = 30, 30
    numbers = range(20_000_000 + opened.run * 1000, 20_000_000 + opened.run * 1000 + times)

    async def work() -> Figures:
        await opened.put([entry(number, hosts) for number in numbers])
        loop = asyncio.get_running_loop()
        before, cpu = loop.time(), server.cpu()
        for _ in range(times):
            claim = await opened.claim(1)
            assert claim.leases, "every host has one address"
        found = {
            "ms": (loop.time() - before) / times * 1e3,
            "server ms": (server.cpu() - cpu) / times * 1e3,
        }
        await opened.close("finished")
        return found

    return asyncio.run(work())


def timed(server: Watched, call: Callable[[], Any], times: int) -> Figures:
    """Give the ms of a call, by the clock and of the server's CPU."""
    before, cpu = time.perf_counter(), server.cpu()
    for _ in range(times):
        call()
    return {
        "ms": (time.perf_counter() - before) / times * 1e3,
        "server ms": (server.cpu() - cpu) / times * 1e3,
    }
