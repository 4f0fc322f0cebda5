"""Look into a state, check it, and make it forget."""

import json
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Self

from newscrawl.errors import InputError
from newscrawl.items import Article
from newscrawl.jsonl import decode
from newscrawl.remote import is_remote
from newscrawl.state.addresses import key_of
from newscrawl.state.articles import ArticleStore
from newscrawl.state.back_ends import open_back_end
from newscrawl.state.beginning import BEGIN, bury_the_dead
from newscrawl.state.deliveries import Counts, read_deliveries
from newscrawl.state.drift import Break, find_breaks, latest
from newscrawl.state.ends import REFUSED
from newscrawl.state.files import ArticleFiles, slots_of
from newscrawl.state.health import Finding, Trouble
from newscrawl.state.lines import open_lines, remote
from newscrawl.state.place import StatePlace, place_of
from newscrawl.state.runs import open_runs
from newscrawl.state.tallies import read_days
from newscrawl.state.troubles import Told, Troubles
from newscrawl.state.upkeep import Upkeep, is_due, is_plausible, move_back, tend
from newscrawl.wording import numbered

MAX_LISTS = 200
"""Lists of a source that are shown."""
RUN = "the run"
"""In the place of a source, where it is the run that is in trouble."""
LOST_AFTER = 60.0
"""Seconds without a word after which a worker counts as lost; it says one every ten."""
FORGOTTEN = 86400.0
"""Seconds for which a lost worker is shown."""
STATES = ("waiting", "leased", "done")


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """Where a version of an article is."""

    number: int
    stored: float
    """Seconds since 1970."""
    file: str
    """Its path or address."""
    start: int
    """Bytes from the beginning of the file."""
    length: int
    """Bytes, the line feed included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """What the state knows of one address."""

    url: str
    state: str
    is_article: bool
    outcome: str | None
    reason: str | None
    found: float
    first_fetched: float | None
    fetched: float | None
    due: float | None
    """When it is looked at again; absent for never, or at once if it waits."""
    attempts: int
    failures: int
    run: int
    article: int | None
    aliases: int
    """Addresses that lead to the article, this one included."""
    published: float | None = None
    """When it was published, where it was out of the range that was asked for."""
    versions: tuple[Version, ...] = ()

    def is_due(self, now: float) -> bool:
        """Tell whether a run that meets it would fetch it, at a time in seconds since 1970."""
        return self.state != "done" or (self.due is not None and self.due <= now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run and its ledger."""

    id: int
    job: str
    pid: int
    started: float
    ended: float | None
    reason: str | None
    asked: int
    ends: dict[str, int]

    def adds_up(self) -> bool:
        """Tell whether every address that it met has ended once; one that died has no ledger to check."""
        return self.reason in (None, "died") or self.asked == sum(self.ends.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPage:
    """A feed, sitemap or section, and when it is looked at again."""

    url: str
    kind: str | None
    interval: float | None
    """Seconds between two looks."""
    due: float | None
    outcome: str | None
    reason: str | None
    score: float
    """Failures in a row, weighted; see `newscrawl.state.plan.WEIGHTS`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DueJob:
    """A job of which something is due."""

    spider: str
    arguments: dict[str, str]
    lists: int
    articles: int
    is_taken: bool
    """Whether a run that is alive has one of its sources."""
    job: str = ""
    """What it is known by."""

    @property
    def name(self) -> str:
        """The job in words: spider and arguments."""
        return " ".join((self.spider, *(f"{k}={v[:100]}" for k, v in self.arguments.items())))


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosts:
    """How many hosts do what."""

    known: int
    leased: int
    """Of which something is being fetched."""
    resting: int
    """Whose time to be asked again has not come."""
    waiting: int
    """Of which something waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A process that runs what is due."""

    id: int
    name: str
    machine: str
    pid: int
    started: float
    seen: float
    """When it was last heard of, in seconds since 1970."""
    crawls: int
    """Runs of it that are at work."""
    ends: int
    """Addresses that have ended in its runs, of those that are still kept."""
    is_alive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What the state knows of one source."""

    name: str
    hosts: tuple[str, ...]
    by_state: dict[str, int]
    """Addresses by state and last outcome, such as `done:new`."""
    articles: int
    versions: int
    due: int
    """Articles whose time to be looked at again has come."""
    lists: tuple[ListedPage, ...] = ()
    """Feeds, sitemaps and sections, those that are due first."""
    answers: dict[str, int] = field(default_factory=dict)
    """What came back in all runs, by kind: ok, not_modified, or the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a source is, in short."""

    name: str
    articles: int
    waiting: int
    """Addresses that runs have left."""
    due: int
    """Addresses whose time has come."""
    next_due: float | None
    """When the next of its lists is looked at, in seconds since 1970."""
    last_new: float | None
    last_read: float | None
    """When one of its lists was read."""
    troubles: tuple[Finding, ...] = ()


class State:
    """A state, opened to be looked at."""

    def __init__(
        self, where: Path | StatePlace, articles: Path | str | None = None, *, create: bool = False
    ) -> None:
        """Open it; one that is not there is made only where that is asked for.

        Raises:
            StateError: there is none, or it cannot be used.

        """
        self.path = place_of(where)
        back_end = open_back_end(self.path, create=create)
        self.folder = articles or self.path.folder / "articles"
        self.database, self.locks = back_end.database, back_end.locks
        self.place_id = back_end.place_id(self.folder)
        self.lines = open_lines(self.database, self.folder, self.place_id)
        self.store = ArticleStore(self.database, self.lines)

    def close(self) -> None:
        """Close it."""
        self.database.close()

    def __enter__(self) -> Self:
        """Use it for a while."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def address(self, url: str) -> Address | None:
        """Find an address, by itself or by the article that it leads to."""
        key = key_of(url)
        find = (
            "SELECT id, url, state, is_article, outcome, reason, found, first_fetched, fetched, due, "
            "attempts, failures, run, article, published FROM url WHERE "
        )
        row = self.database.execute(f"{find} key = ?", (key,)).fetchone()
        row = row or self.database.execute(f"{find} url = ?", (url,)).fetchone()
        article = self.store.article_of(key)
        if row is None and article is not None:
            home = "id = (SELECT url FROM article WHERE id = ?)"
            row = self.database.execute(f"{find} {home}", (article,)).fetchone()
        if row is None:
            return None
        _, address, state, is_article, outcome, reason, found, first, fetched, due, *rest = row
        attempts, failures, run, own, published = rest
        number = own or article
        aliases = self._number("SELECT count(*) FROM alias WHERE article = ?", number)
        return Address(
            url=address, state=STATES[state], is_article=bool(is_article), outcome=outcome, reason=reason,
            found=found, first_fetched=first, fetched=fetched, due=due, attempts=attempts, failures=failures,
            run=run, article=number, aliases=aliases, published=published,
            versions=tuple(self.versions(number)),
        )  # fmt: skip

    def versions(self, article: int | None) -> Iterator[Version]:
        """Give the versions of an article, oldest first."""
        rows = self.database.execute(
            "SELECT v.number, v.stored, f.place, p.machine, p.path, f.name, v.start, v.length FROM version AS v "
            "LEFT JOIN file AS f ON f.id = v.file LEFT JOIN place AS p ON p.id = f.place "
            "WHERE v.article = ? ORDER BY v.number",
            (article,),
        ).fetchall()
        for number, stored, *where, start, length in rows:
            yield Version(
                number=number,
                stored=stored,
                file=self._said_file(*where),
                start=start,
                length=length,
            )

    def _said_file(
        self, place: str | None, machine: str | None, path: str | None, name: str | None
    ) -> str:
        """Say where a line is: a file, on which machine if on another, shared storage, or the state itself."""
        if name is None:
            return f"{self.path}, not sent yet"
        if place and is_remote(place):
            return f"{place}/{name}"
        if not place or place == self.place_id:
            return str(Path(self.folder) / name)
        return f"{machine}:{path}/{name}"

    def article(self, number: int, version: int) -> Article:
        """Read a version of an article.

        Raises:
            StateError: it is not there, or cannot be read.

        """
        return self.store.read(number, version)

    def source(self, name: str) -> Source | None:
        """Find a source by its name, the registrable domain, or by one of its hosts."""
        rows = self.database.execute(
            "SELECT id, name, source FROM host WHERE source = ? OR name = ?", (name, name)
        ).fetchall()
        if not rows:
            return None
        known = rows[0][2]
        by_state = {
            f"{STATES[state]}:{outcome}" if outcome else STATES[state]: number
            for state, outcome, number in self.database.execute(
                "SELECT state, outcome, count(*) FROM url WHERE host IN "
                "(SELECT id FROM host WHERE source = ?) GROUP BY 1, 2 ORDER BY 1, 2",
                (known,),
            )
        }
        of_source = (
            "FROM article JOIN url ON url.id = article.url JOIN host ON host.id = url.host "
            "WHERE host.source = ?"
        )
        hosts = self.database.execute(
            "SELECT name FROM host WHERE source = ? ORDER BY name", (known,)
        )
        return Source(
            name=known,
            hosts=tuple(row[0] for row in hosts),
            by_state=by_state,
            articles=self._number(f"SELECT count(*) {of_source}", known),
            versions=self._number(f"SELECT coalesce(sum(article.number), 0) {of_source}", known),
            due=self._number(
                "SELECT count(*) FROM url JOIN host ON host.id = url.host WHERE host.source = ? "
                "AND state = 2 AND is_article AND due <= ?",
                known,
                self.database.now(),
            ),
            lists=tuple(self._lists(known)),
            answers=dict(
                self.database.execute(
                    "SELECT kind, sum(number) AS n FROM answer WHERE source = ? GROUP BY 1 ORDER BY n DESC",
                    (known,),
                ).fetchall()
            ),
        )

    def _lists(self, source: str) -> Iterator[ListedPage]:
        rows = self.database.execute(
            "SELECT url, kind, interval, due, outcome, reason, score FROM url WHERE host IN "
            "(SELECT id FROM host WHERE source = ?) AND NOT is_article ORDER BY due NULLS FIRST LIMIT ?",
            (source, MAX_LISTS),
        )
        for url, kind, interval, due, outcome, reason, score in rows:
            yield ListedPage(
                url=url,
                kind=kind,
                interval=interval,
                due=due,
                outcome=outcome,
                reason=reason,
                score=score,
            )

    def refusals(self) -> dict[str, dict[str, int]]:
        """Count the addresses whose last fetch gave no article, by source and reason."""
        found: dict[str, dict[str, int]] = {}
        marks = ", ".join("?" for _ in REFUSED)
        rows = self.database.execute(
            "SELECT host.source, coalesce(nullif(reason, ''), outcome) AS why, count(*) FROM url "
            f"JOIN host ON host.id = url.host WHERE is_article AND outcome IN ({marks}) GROUP BY 1, 2 ORDER BY 1, 2",
            [str(end) for end in REFUSED],
        )
        for source, reason, number in rows:
            found.setdefault(source, {})[reason] = number
        return found

    def deliveries(self, source: str) -> dict[str, dict[date, Counts]]:
        """Give what a source delivered, by layout or list and by day."""
        return dict(read_deliveries(self.database, source))

    def breaks(self, source: str) -> list[Break]:
        """Compare what a source delivered on the latest day with the weeks before."""
        parts = self.deliveries(source).items()
        return [found for part, days in parts for found in find_breaks(source, part, *latest(days))]

    def history(self, source: str) -> dict[date, Counter[str]]:
        """Give how a source's addresses ended in the last weeks, by day in UTC, oldest first."""
        return read_days(self.database, source)

    def last_new(self, source: str) -> float | None:
        """Give when a source brought an article that was not known, in seconds since 1970."""
        row = self.database.execute(
            "SELECT last_new FROM source WHERE name = ?", (source,)
        ).fetchone()
        return row[0] if row else None

    def next_due_of(self, source: str) -> float | None:
        """Give when the next list of a source is looked at, in seconds since 1970."""
        query = (
            "SELECT min(due) FROM url WHERE host IN (SELECT id FROM host WHERE source = ?) "
            "AND NOT is_article AND state = 2"
        )
        found: float | None = self.database.execute(query, (source,)).fetchone()[0]
        return found

    def backlog(self, now: float) -> tuple[int, int]:
        """Count the addresses that runs have left, and those whose time has come."""
        waiting = self._number("SELECT coalesce(sum(waiting), 0) FROM queue WHERE waiting > 0")
        due = self._number("SELECT count(*) FROM url WHERE state = 2 AND due <= ?", now)
        return waiting, due

    def unsent(self) -> tuple[int, float | None]:
        """Give the lines that wait to be sent to shared storage, and since when the first does."""
        number, stored = self.database.execute(
            "SELECT count(*), min(stored) FROM outbox"
        ).fetchone()
        return int(number), stored

    def unchecked(self) -> list[str]:
        """Say which files `check` does not look into: those of other machines."""
        rows = self.database.execute(
            "SELECT p.machine, p.path, count(*) FROM file AS f JOIN place AS p ON p.id = f.place "
            "WHERE f.place <> ? AND f.size > 0 GROUP BY 1, 2 ORDER BY 1, 2",
            (self.place_id,),
        )
        return [
            f"{numbered(files, 'file')} in {path} on {machine}" for machine, path, files in rows
        ]

    def article_bytes(self) -> int:
        """Sum up the bytes of the article files."""
        return self._number("SELECT coalesce(sum(size), 0) FROM file")

    def health(self, now: float) -> list[Health]:
        """Give how all sources are, those in trouble first; counts all addresses, which takes a second for some millions."""
        troubles = dict[str, list[Finding]]()
        for one in self.troubles():
            troubles.setdefault(one.source, []).append(one)
        rows = self.database.execute(
            "SELECT h.source, count(DISTINCT u.article), count(CASE WHEN u.state = 0 THEN 1 END), "
            "count(CASE WHEN u.state = 2 AND u.due <= ? THEN 1 END), min(CASE WHEN NOT u.is_article AND u.state = 2 THEN u.due END) "
            "FROM url AS u JOIN host AS h ON h.id = u.host GROUP BY 1",
            (now,),
        ).fetchall()
        known = {
            name: (new, read)
            for name, new, read in self.database.execute(
                "SELECT name, last_new, last_read FROM source"
            )
        }
        found = [
            Health(
                name=name, articles=articles, waiting=waiting, due=due, next_due=next_due,
                last_new=known.get(name, (None, None))[0], last_read=known.get(name, (None, None))[1],
                troubles=tuple(troubles.get(name, ())),
            )
            for name, articles, waiting, due, next_due in rows
        ]  # fmt: skip
        return sorted(found, key=lambda one: (not one.troubles, one.name))

    def open_runs(self) -> list[Run]:
        """Give the runs that are at work, as far as their locks tell."""
        alive = {run for run, *_ in self._at_work()}
        return [run for run in self.runs(1000) if run.id in alive]

    def last_upkeep(self) -> float | None:
        """Give when the last round of upkeep was, in seconds since 1970."""
        row = self.database.execute("SELECT at FROM upkeep WHERE name = 'state'").fetchone()
        return row[0] if row else None

    def troubles(self) -> list[Finding]:
        """Give what is wrong with sources, as the last run that asked them found."""
        return Troubles(self.database).of()

    def note_run(
        self, broken: Sequence[Finding] | None, lost: Sequence[Finding] | None, now: float
    ) -> None:
        """Note that the run is in trouble, or no longer, and which jobs have lost their source; None where it is not known."""
        with self._writing():
            troubles = Troubles(self.database)
            if broken is not None:
                troubles.note(RUN, broken, now, judged=[Trouble.BROKEN])
            if lost is None:
                return
            for source in {*troubles.named(Trouble.LOST), *(one.source for one in lost)}:
                own = [one for one in lost if one.source == source]
                troubles.note(source, own, now, judged=[Trouble.LOST])

    def to_tell(self, now: float, remind_after: float) -> Told:
        """Give what a notice is to name now."""
        return Troubles(self.database).to_tell(now, remind_after)

    def mark_told(self, told: Told, now: float) -> None:
        """Note that a notice has named something."""
        with self._writing():
            Troubles(self.database).mark(told, now)

    def tend(self, now: float) -> Upkeep | None:
        """Do the upkeep that is due; None where none is.

        Raises:
            StateError: the state cannot be written.

        """
        if not is_due(self.database, now) or not self.is_plausible(now):
            return None
        return tend(self.database, now)

    def is_plausible(self, now: float) -> bool:
        """Tell whether runs were shortly before by the same clock, so that things may be thrown away for their age."""
        return is_plausible(self.database, now)

    def mend_clock(self, now: float) -> None:
        """Take a clock for right, and move what was planned by one that was ahead."""
        with self._writing():
            move_back(self.database, now)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            with self.database.writing():
                yield
        except sqlite3.Error as error:
            raise self.database.explain(error) from error

    def due_jobs(self, now: float) -> list[DueJob]:
        """Give the jobs of which something is due or was left, in the order in which they were begun."""
        counts = dict[str, Counter[bool]]()
        rows = self.database.execute(
            "SELECT r.job, u.is_article, count(*) FROM url AS u JOIN run AS r ON r.id = u.run "
            "WHERE u.state = 2 AND u.due IS NOT NULL AND u.due <= ? "
            "AND (u.is_article OR u.request IS NOT NULL) GROUP BY 1, 2 "
            "UNION ALL SELECT r.job, q.is_article, sum(q.waiting) FROM queue AS q "
            "JOIN run AS r ON r.id = q.run JOIN host AS h ON h.id = q.host "
            "WHERE q.waiting > 0 AND h.next_at <= ? GROUP BY 1, 2",
            (now, now),
        )
        for job, is_article, number in rows:
            counts.setdefault(job, Counter())[bool(is_article)] += number
        at_work = self._at_work()
        taken = {lock for _, _, locks, *_ in at_work for lock in json.loads(locks)}
        return [
            DueJob(
                spider=spider, arguments=json.loads(arguments), lists=counts[job][False], articles=counts[job][True],
                is_taken=not taken.isdisjoint(json.loads(locks)), job=job,
            )
            for job, spider, arguments, locks in self._last_runs(counts)
        ]  # fmt: skip

    def joinable_jobs(self) -> list[DueJob]:
        """Give the jobs that runs are at work on, and of which more hosts wait than there are runs."""
        runs, hosts = Counter(job for _, job, *_ in self._at_work()), self._waiting_hosts()
        jobs = [job for job, number in runs.items() if hosts[job] > number]
        return [
            DueJob(spider=spider, arguments=json.loads(arguments), lists=0, articles=0, is_taken=True, job=job)
            for job, spider, arguments, _ in self._last_runs(jobs)
        ]  # fmt: skip

    def _at_work(self) -> list[tuple[int, str, str, int, float]]:
        found = open_runs(self.database)
        living = self.locks.living([run for run, *_ in found])
        return [row for row in found if row[0] in living]

    def _waiting_hosts(self) -> Counter[str]:
        rows = self.database.execute(
            "SELECT r.job, count(DISTINCT q.host) FROM queue AS q JOIN run AS r ON r.id = q.run "
            "WHERE q.waiting > 0 AND r.ended IS NULL GROUP BY 1"
        )
        return Counter(dict(rows.fetchall()))

    def bury_the_dead(self, delay: float) -> int:
        """End the runs whose process is gone, so that what they had leased is due again; give how many there were."""
        with self._writing():
            self.database.serialise(BEGIN)
            # Of files that several write at the same moment only a writer may take something out.
            lines = self.lines if self.path.file else None
            return bury_the_dead(self.database, self.locks, lines, delay)

    def hosts(self, now: float) -> Hosts:
        """Count the hosts by what they do."""
        known, leased, resting = self.database.execute(
            f"SELECT count(*), count(CASE WHEN {self.database.dialect.busy} > 0 THEN 1 END), "
            "count(CASE WHEN h.next_at > ? THEN 1 END) FROM host AS h",
            (now,),
        ).fetchone()
        waiting = self._number("SELECT count(DISTINCT host) FROM queue WHERE waiting > 0")
        return Hosts(known=known, leased=leased, resting=resting, waiting=waiting)

    def workers(self, now: float) -> list[Worker]:
        """Give the workers that have not left, the ones that were lost among them."""
        rows = self.database.execute(
            "SELECT w.id, w.name, w.machine, w.pid, w.started, w.seen, "
            "(SELECT count(*) FROM run AS r WHERE r.worker = w.id AND r.ended IS NULL), "
            "(SELECT coalesce(sum(l.number), 0) FROM run AS r JOIN ledger AS l ON l.run = r.id WHERE r.worker = w.id) "
            "FROM worker AS w WHERE w.ended IS NULL AND w.seen > ? ORDER BY w.id",
            (now - FORGOTTEN,),
        ).fetchall()
        return [
            Worker(
                id=number, name=name, machine=machine, pid=pid, started=started, seen=seen, crawls=crawls,
                ends=ends, is_alive=now - seen < LOST_AFTER,
            )
            for number, name, machine, pid, started, seen, crawls, ends in rows
        ]  # fmt: skip

    def join(self, name: str, machine: str, pid: int) -> int:
        """Note that a worker has come; give its number."""
        now = self.database.now()
        with self._writing():
            (number,) = self.database.execute(
                "INSERT INTO worker (name, machine, pid, started, seen) VALUES (?, ?, ?, ?, ?) RETURNING id",
                (name, machine, pid, now, now),
            ).fetchone()
        return int(number)

    def settle(self) -> None:
        """Take out what was left uncommitted in this machine's folder by the one who wrote there under this process's number.

        Called before this process writes there itself.
        """
        folder = Path(self.folder).absolute()
        if self.path.file or is_remote(str(self.folder)) or not self.place_id:
            return  # who writes into a file state settles what the dead have left when it buries them
        slots = slots_of(folder)
        files = ArticleFiles(
            folder, folder.parent / "recovered", self.database, self.place_id, slots
        )
        with self._writing():
            files.settle(slots.since())

    def beat(self, worker: int) -> None:
        """Note that a worker is alive."""
        with self._writing():
            self.database.execute(
                "UPDATE worker SET seen = ?, ended = NULL WHERE id = ?",
                (self.database.now(), worker),
            )

    def leave(self, worker: int, reason: str) -> None:
        """Note that a worker has left."""
        with self._writing():
            self.database.execute(
                "UPDATE worker SET seen = ?, ended = ?, reason = ? WHERE id = ?",
                (self.database.now(), self.database.now(), reason, worker),
            )

    def _last_runs(self, jobs: Collection[str]) -> list[tuple[str, str, str, str]]:
        """Give the spider, arguments and locks of jobs, as their last runs had them, in the order of those."""
        query = (
            "SELECT id, job, spider, arguments, locks FROM run WHERE id = "
            "(SELECT max(id) FROM run WHERE job = ? AND spider IS NOT NULL)"
        )
        rows = [self.database.execute(query, (job,)).fetchone() for job in jobs]
        return [tuple(row[1:]) for row in sorted(row for row in rows if row)]

    def next_due(self, now: float) -> float | None:
        """Give the next time at which something is due, or a host of which something was left has rested."""
        query = (
            "SELECT min(at) FROM (SELECT min(due) AS at FROM url WHERE state = 2 AND due > ? UNION ALL "
            "SELECT min(h.next_at) FROM queue AS q JOIN host AS h ON h.id = q.host WHERE q.waiting > 0 AND h.next_at > ?) AS times"
        )
        found: float | None = self.database.execute(query, (now, now)).fetchone()[0]
        return found

    def sources(self) -> list[str]:
        """Give the names of all sources."""
        rows = self.database.execute("SELECT DISTINCT source FROM host ORDER BY source")
        return [row[0] for row in rows]

    def runs(self, number: int) -> list[Run]:
        """Give the last runs, newest first."""
        rows = self.database.execute(
            "SELECT id, job, pid, started, ended, reason, asked FROM run ORDER BY id DESC LIMIT ?",
            (number,),
        ).fetchall()
        return [self._run(row) for row in rows]

    def _run(self, row: tuple[int, str, int, float, float | None, str | None, int]) -> Run:
        run, job, pid, started, ended, reason, asked = row
        ends = self.database.execute(
            "SELECT outcome, reason, number FROM ledger WHERE run = ? ORDER BY 1, 2", (run,)
        )
        return Run(
            id=run, job=job.strip(), pid=pid, started=started, ended=ended, reason=reason, asked=asked,
            ends={f"{end}:{why}" if why else end: number for end, why, number in ends},
        )  # fmt: skip

    def forget(self, source: str | None, older_than: float | None) -> int:
        """Forget what is done: addresses, articles and their versions; lines in files stay.

        What is forgotten is fetched and stored again when it is met again. Addresses that wait or are
        leased stay, so that a run that is at work is not disturbed.

        Args:
            source: only those of this source.
            older_than: only those not fetched for so many seconds.

        Returns:
            How many addresses were forgotten.

        """
        condition, values = "state = 2", list[str | float]()
        if source is not None:
            condition += " AND host IN (SELECT id FROM host WHERE source = ? OR name = ?)"
            values += [source, source]
        if older_than is not None:
            condition += " AND fetched < ?"
            values.append(self.database.now() - older_than)
        with self._writing():
            self.database.execute("CREATE TEMP TABLE old (id BIGINT PRIMARY KEY)")
            # Held, so that no run begins to fetch them meanwhile.
            held = self.database.dialect.for_update
            self.database.execute(
                f"INSERT INTO old SELECT id FROM url WHERE {condition} {held}", values
            )
            articles = "(SELECT id FROM article WHERE url IN (SELECT id FROM old))"
            self.database.execute(f"DELETE FROM alias WHERE article IN {articles}")
            self.database.execute(f"DELETE FROM version WHERE article IN {articles}")
            self.database.execute("DELETE FROM article WHERE url IN (SELECT id FROM old)")
            number = self.database.execute(
                "DELETE FROM url WHERE id IN (SELECT id FROM old)"
            ).rowcount
            if source and older_than is None:
                for table, column in (
                    ("tally", "source"),
                    ("source", "name"),
                    ("trouble", "source"),
                ):
                    self.database.execute(f"DELETE FROM {table} WHERE {column} = ?", (source,))
            self.database.execute("DROP TABLE old")
        return number

    def check(self) -> Iterator[str]:
        """Check the database, the sums and the article files; give each problem in a line."""
        problems = list(self.database.problems())
        yield from (f"{self.path}: {problem}" for problem in problems)
        if any("cannot" in problem or "damaged" in problem for problem in problems):
            return
        yield from self._check_rows()
        yield from self._check_runs()
        yield from self._check_files()

    def _check_rows(self) -> Iterator[str]:
        rules = {
            "addresses have no host": "SELECT count(*) FROM url WHERE host NOT IN (SELECT id FROM host)",
            "aliases lead to no article": "SELECT count(*) FROM alias WHERE article NOT IN (SELECT id FROM article)",
            "articles lack their last version": "SELECT count(*) FROM article AS a WHERE NOT EXISTS "
            "(SELECT 1 FROM version AS v WHERE v.article = a.id AND v.number = a.number)",
            "queues do not count what waits": "SELECT count(*) FROM "
            "(SELECT run, is_article, host, waiting FROM queue WHERE waiting > 0 EXCEPT "
            "SELECT run, is_article, host, count(*) FROM url WHERE state = 0 GROUP BY 1, 2, 3) AS wrong",
        }
        for what, query in rules.items():
            if number := self._number(query):
                yield f"{self.path}: {number} {what}"

    def _check_runs(self) -> Iterator[str]:
        for run in self.runs(1_000_000):
            if not run.adds_up():
                yield f"run {run.id}: {run.asked} addresses, but {sum(run.ends.values())} ends"

    def _check_files(self) -> Iterator[str]:
        rows = self.database.execute(
            "SELECT id, place, name, size FROM file WHERE size > 0 ORDER BY place, name"
        ).fetchall()
        for number, place, name, size in rows:
            if is_remote(place):
                yield from self._check_remote(place, name, size)
            elif place == self.place_id:
                yield from self._check_file(number, Path(self.folder) / name, size)

    def _check_file(self, number: int, path: Path, size: int) -> Iterator[str]:
        if not path.exists():
            yield f"{path} is missing"
            return
        actual = path.stat().st_size
        if actual < size:
            yield f"{path} has {actual} bytes, {size} are recorded"
        yield from self._check_lines(number, path)

    def _check_remote(self, place: str, name: str, size: int) -> Iterator[str]:
        try:
            system, path = remote(f"{place.rstrip('/')}/{name}")
            actual = system.size(path)
        except Exception as error:  # noqa: BLE001 - the kinds differ by storage
            yield f"{place}/{name} cannot be read: {error}"
            return
        if actual != size:
            yield f"{place}/{name} has {actual} bytes, {size} are recorded"

    def _check_lines(self, number: int, path: Path) -> Iterator[str]:
        rows = self.database.execute(
            "SELECT article, number, start, length FROM version WHERE file = ? ORDER BY start",
            (number,),
        ).fetchall()
        with path.open("rb") as stream:
            for article, version, start, length in rows:
                stream.seek(start)
                line = stream.read(length)
                try:
                    found = decode(line.removesuffix(b"\n"))
                except InputError:
                    yield f"{path} at byte {start}: version {version} of article {article} is not there"
                    continue
                if found.revision is None or found.revision.number != version:
                    yield f"{path} at byte {start}: not version {version} of article {article}"

    def _number(self, query: str, *values: object) -> int:
        return int(self.database.execute(query, values).fetchone()[0])


def open_state(path: Path | StatePlace, articles: Path | str | None = None) -> State:
    """Open a state to look at.

    Raises:
        StateError: there is none, or it cannot be used.

    """
    return State(path, articles)
