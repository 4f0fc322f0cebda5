"""What a number of sites asks of workers and of PostgreSQL, from what `scale_measure` has measured."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from benchmarks.scale_simulation import LISTS, settled
from newscrawl.state.deliveries import KEPT_DAYS
from newscrawl.state.plan import DAY, DEFAULT, parse_plan
from newscrawl.state.postgres_database import PostgresDatabase
from newscrawl.working import BURY_SECONDS, POLL_SECONDS

PAGE: Final = 8192
GB: Final = 1e9
POLL: Final = PostgresDatabase.dialect.poll_seconds
"""Seconds between two claims of a crawl that finds no host ready."""
RANDOM_NEW: Final = 4
"""Pages of the database that a new article touches where nothing else does: of the keys of addresses, of fingerprints, of aliases, and of its host."""
RANDOM_AGAIN: Final = 5
"""Those of a visit: its row, its key, its number, and twice its host."""
IMAGE: Final = 0.75
"""What a page takes in the log when it is written whole, of 8 kB; the rest is free room, which is left out."""
VACUUM: Final = 0.01
"""Share of dead rows from which `url` is vacuumed, as docs/scale.md sets it."""
DEAD_ROWS: Final = 4
"""Rows of `url` that a page leaves behind: taken up, claimed, set free, ended."""
INDEX_READ: Final = 400e6
"""Bytes a second that a vacuum reads at its default cost limit."""
CONNECTIONS: Final = 2
"""Of a worker: one for its crawls, one to look at what is due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is asked for, and of which machines."""

    sites: int = 10_000
    pages: float = 1e8
    """Articles in the end."""
    articles: float = 30.0
    """That a site publishes a day."""
    refused: float = 0.1
    """Pages that are no articles, for each article."""
    changed: float = 0.1
    """Later versions, for each article."""
    not_modified: float = 0.3
    """Share of visits that the server answers with 304."""
    pages_a_crawl: float = 3.4
    """As the simulation gives it."""
    peak: float = 2.0
    """The busiest hour, against the mean."""
    delay: float = 1.0
    latency: float = 0.5
    page_ms: float = 43.4
    """CPU of a worker for a page: python -m benchmarks.crawling, in docs/performance.md."""
    crawl_ms: float = 150.0
    """CPU of a worker to begin and end a crawl: python -m tests.fleet with one article a host."""
    crawls: int = 16
    """Of a worker at a time."""
    busy: float = 0.6
    """Share of a core, and of a worker's places, that is used at the peak."""
    look_ms: float = 0.0
    """CPU of the server for a worker's look at what is due; 0 for what was measured, with as many jobs as are due or at work."""
    round_trip_ms: float = 0.3
    """Between a worker and the database, within one data centre."""
    gaps: float = 1.4
    """Bytes of a table that lives, against one that was just written anew: dead rows until the next vacuum, indices that split."""
    line_bytes: float = 4000.0
    raw_bytes: float = 46_000.0
    """Of a page in the archive, packed."""
    database_cores: int = 8
    disk: float = 200e6
    """Bytes a second that the database's disk writes in the long run."""
    checkpoint: float = 900.0
    """Seconds between two checkpoints."""

    @property
    def again(self) -> int:
        """Visits of an article after the first."""
        return len(parse_plan(DEFAULT))


Figures = Mapping[str, Any]


class Model:
    """The figures of a load.

    Args:
        measured: what `scale_measure.measure` gave.
        load: what is asked for.

    """

    def __init__(self, measured: Figures, load: Load) -> None:
        self.measured = measured
        self.load = load

    # -- what there is to do, a day ----------------------------------------------------------------

    @property
    def new(self) -> float:
        return self.load.sites * self.load.articles

    @property
    def visits(self) -> float:
        return self.new * self.load.again

    @property
    def polls(self) -> float:
        a_second = self.load.articles / DAY
        return self.load.sites * sum(DAY / settled(kind, most, a_second) for kind, most in LISTS)

    @property
    def fetches(self) -> float:
        return self.new * (1 + self.load.refused) + self.visits + self.polls

    @property
    def crawls(self) -> float:
        return self.fetches / self.load.pages_a_crawl

    @property
    def days(self) -> float:
        return self.load.pages / self.new

    # -- what a piece of work costs --------------------------------------------------------------------

    def cost(self, phase: str, what: str) -> float:
        """Give what one of a kind costs, in what the measurement counts: seconds, bytes, numbers."""
        found = self.measured["phases"][phase]
        return float(found[what] / max(1, found["times"]))

    def a_day(self, what: str) -> float:
        """Give what a day costs."""
        load, cost = self.load, self.cost
        hinted = self.visits * load.not_modified
        stored = self.new * (1 + load.changed)
        plain = self.visits - hinted - self.new * load.changed
        empty = self.fetches * (load.delay + load.latency) / POLL
        found: float = sum(
            (
                self.fetches * cost("claim, one", what),
                empty * cost("claim, nothing ready", what),
                stored * cost("end, new, one by one", what),
                plain * cost("end, unchanged, one by one", what),
                hinted * cost("end, not modified", what),
                self.new * load.refused * cost("end, refused", what),
                self.polls * cost("end, list", what),
                self.new * cost("put, new", what),
                self.crawls * (cost("run, begin", what) + cost("run, end", what) + cost("drained", what)),
            )
        )  # fmt: skip
        return found

    @property
    def transactions(self) -> float:
        """Transactions a day of crawls: each claim, end, put is one, where nothing else is asked at the same moment.

        Each of them writes the row of its worker's session, and so waits for the disk.
        """
        empty = self.fetches * (self.load.delay + self.load.latency) / POLL
        return 2 * self.fetches + empty + self.polls + 3 * self.crawls

    # -- rows --------------------------------------------------------------------------------------

    def rows(self) -> dict[str, float]:
        """Give the rows of each table in the end."""
        load, after = self.load, self.measured["tables after"]
        kept = self.crawls * KEPT_DAYS
        begun = after["run"]["rows"]
        hours = min(24.0, load.articles) + 4
        return {
            "url": load.pages * (1 + load.refused) + load.sites * len(LISTS),
            "article": load.pages, "alias": load.pages, "version": load.pages * (1 + load.changed),
            "run": kept, "ledger": kept * 3, "answer": kept * max(1.0, min(3.0, after["answer"]["rows"] / begun)),
            "tally": load.sites * KEPT_DAYS * hours, "delivery": load.sites * KEPT_DAYS * (15 + 2 * len(LISTS)),
            "host, queue": load.sites * 2,
        }  # fmt: skip

    def row_bytes(self, table: str) -> float:
        """Give the bytes of a row with its part of the indices, and of the gaps between."""
        found = self.measured["packed"][table.partition(",")[0]]
        return self.load.gaps * float((found["heap"] + found["indices"]) / max(1, found["rows"]))

    def bytes(self) -> dict[str, float]:
        return {name: number * self.row_bytes(name) for name, number in self.rows().items()}

    @property
    def touched(self) -> float:
        """Pages of the database a day that are read or changed at random: from the disk, where memory does not hold them."""
        return RANDOM_NEW * self.new + RANDOM_AGAIN * self.visits

    # -- the log -----------------------------------------------------------------------------------

    @property
    def log(self) -> float:
        """Bytes a day of changes: a begin of a crawl locks each run of its job, and each lock is written."""
        return self.a_day("log") + self.crawls * self.begin_growth("log")

    @property
    def whole_pages(self) -> float:
        """Bytes a day of pages that are written whole because a checkpoint was before: most pages are touched once between two."""
        pages = sum(self.bytes().values()) / PAGE
        touched = self.touched * self.load.checkpoint / DAY
        distinct = pages * (1 - math.exp(-touched / pages))
        return distinct * PAGE * IMAGE * DAY / self.load.checkpoint

    # -- machines ------------------------------------------------------------------------------------

    @property
    def worker_cores(self) -> float:
        load = self.load
        own = self.a_day("client")
        return (self.fetches * load.page_ms / 1e3 + self.crawls * load.crawl_ms / 1e3 + own) / DAY

    @property
    def places(self) -> float:
        """Crawls that are at work at the same time, at the mean."""
        load = self.load
        return (self.fetches * (load.delay + load.latency) + self.crawls * 2) / DAY

    @property
    def workers(self) -> int:
        load = self.load
        by_cpu = self.worker_cores * load.peak / load.busy
        by_places = self.places * load.peak / load.busy / load.crawls
        return math.ceil(max(by_cpu, by_places))

    @property
    def looks(self) -> float:
        """CPU seconds of the server a day for workers' looks at what is due: now and then, and when a crawl has ended."""
        return (self.workers * DAY / POLL_SECONDS + self.crawls) * self.look_ms / 1e3

    @property
    def look_ms(self) -> float:
        """CPU of the server for a look: it grows with the jobs that are due or at work, not with those that are known."""
        if self.load.look_ms:
            return self.load.look_ms
        shared = self.measured["shared"]
        none = shared["look, nothing due, a run a job"]["server ms"]
        some = shared[f"look, {shared['runs']} runs a job"]["server ms"]
        jobs = self.places + self.crawls / DAY * POLL_SECONDS
        return float(none + max(0.0, some - none) / shared["at a look"] * jobs)

    def begin_growth(self, what: str) -> float:
        """Give the ms, or bytes of log, by which earlier runs of a job make a begin dearer, with as many as it comes to have."""
        shared = self.measured["shared"]
        many = shared[f"begin, after {shared['history']} runs of its job"][what]
        one = shared["begin, of a job's second run"][what]
        runs = self.rows()["run"] / self.load.sites
        return float(max(0.0, many - one) / shared["history"] * runs)

    @property
    def claim_ms_a_lease(self) -> float:
        """What each lease of anybody adds to a claim: all are counted, by source."""
        shared = self.measured["shared"]
        most = shared[f"claim beside {shared['jobs']} leases"]["server ms"]
        none = shared["claim beside 0 leases"]["server ms"]
        return max(0.0, float((most - none) / max(1, shared["jobs"])))

    @property
    def database_cores(self) -> float:
        beside = self.fetches * self.claim_ms_a_lease / 1e3 * self.places
        return (
            self.a_day("server")
            + beside
            + self.looks
            + self.crawls * self.begin_growth("server ms") / 1e3
            + self.workers * DAY / BURY_SECONDS * 1e-3
        ) / DAY

    def seconds(self, phase: str) -> float:
        """Give how long a transaction of a kind holds what it has locked: CPU on both sides, its journeys, one wait for the disk."""
        journeys = self.cost(phase, "journeys") * self.load.round_trip_ms / 1e3
        disk = 1 / float(self.measured["commits"]["1, on"])
        return self.cost(phase, "client") + self.cost(phase, "server") + journeys + disk

    @property
    def source_limit(self) -> float:
        """Articles a second of one source on all workers: the rows of its day are changed by one transaction at a time."""
        return 1 / self.seconds("end, new, one by one")

    @property
    def begin_limit(self) -> float:
        """Crawls a second that can begin: one after the other."""
        return 1 / (self.seconds("run, begin") + self.begin_growth("ms") / 1e3)

    def limits(self) -> dict[str, float]:
        """Give how many times this load each part of PostgreSQL could take."""
        load = self.load
        index = self.bytes()["url"] / 2
        return {
            f"CPU ({load.database_cores} cores, {load.busy:.0%} of them used)":
                load.database_cores * load.busy / (self.database_cores * load.peak),
            "log: bytes": load.disk / ((self.log + self.whole_pages) / DAY * load.peak),
            "log: commits that wait for the disk (8 connections)":
                self.measured["commits"]["8, on"] / (self.transactions / DAY * load.peak),
            "begins of crawls, one after the other": self.begin_limit / (self.crawls / DAY * load.peak),
            "connections (500)": 500 / (self.workers * CONNECTIONS),
            f"vacuum of url, at {VACUUM:.0%} of dead rows":
                VACUUM * self.rows()["url"] / (self.fetches * DEAD_ROWS) * DAY / (index / INDEX_READ),
        }  # fmt: skip


FIGURES: Final[dict[str, Callable[["Model"], float]]] = {
    "fetches": lambda m: m.fetches, "transactions": lambda m: m.transactions,
    "database cores": lambda m: m.database_cores, "log": lambda m: m.log + m.whole_pages,
    "bytes": lambda m: sum(m.bytes().values()), "worker cores": lambda m: m.worker_cores,
    "workers": lambda m: float(m.workers), "crawls a second that can begin": lambda m: m.begin_limit,
}  # fmt: skip
CHANGES: Final = (
    "sites", "articles", "pages", "delay", "round_trip_ms", "page_ms", "crawl_ms", "pages_a_crawl", "crawls", "checkpoint",
)  # fmt: skip


def sensitivity(model: Model) -> dict[str, dict[str, float]]:
    """Give by what factor figures change when one number is doubled."""
    found = {}
    for change in CHANGES:
        value = getattr(model.load, change)
        other = Model(model.measured, replace(model.load, **{change: type(value)(2 * value)}))
        found[change] = {name: figure(other) / figure(model) for name, figure in FIGURES.items()}
    return found
