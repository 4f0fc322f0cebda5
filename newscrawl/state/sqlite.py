"""The frontier on one SQLite file: for one machine, any number of runs, and no server."""

import asyncio
import json
import os
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from newscrawl.errors import StateError, TakenError
from newscrawl.items import Article
from newscrawl.reasons import Reason
from newscrawl.state import Claim, Entry, Lease, Manners, Outcome, Put, RunKey, Stored
from newscrawl.state.articles import ArticleStore
from newscrawl.state.database import explain, open_database, writing
from newscrawl.state.deliveries import Deliveries, count_delivery, read_deliveries, without
from newscrawl.state.drift import Break, find_breaks, is_recent
from newscrawl.state.drifting import MEANT, OVER, Delivered, judge_drift
from newscrawl.state.ends import End, Ledger
from newscrawl.state.files import ArticleFiles
from newscrawl.state.health import Finding, Trouble, judge_source, judged_by
from newscrawl.state.hosts import LONGEST_BLOCK, Hosts
from newscrawl.state.plan import (
    DEFAULT,
    IN_A_ROW,
    LASTING,
    LONGEST_WAIT,
    REFUSALS,
    interval_after_failure,
    is_asked_again,
    next_after_refusal,
    next_interval,
    next_try,
    next_visit,
    parse_plan,
    weight_of,
    within,
)
from newscrawl.state.runs import RunLocks, open_runs
from newscrawl.state.tallies import Tallies
from newscrawl.state.troubles import Troubles
from newscrawl.state.upkeep import mend_clock

WAITING, LEASED, DONE = 0, 1, 2
NO_URL: Final = 0
LEASE_SECONDS: Final = 300.0
"""Renewed while the run works on it; longer than a page takes with its retries and timeouts."""
MAX_ATTEMPTS: Final = 8
"""Leases without an ack after which an address is given up: it may be what kills the process."""
POLL_SECONDS: Final = 0.25
"""How long to wait where another run holds a host."""
KNOWN_ARTICLES: Final = 300
"""Addresses of articles from which their form on a host is learnt."""
FIRST_AGE: Final = parse_plan(DEFAULT)[0]
T = TypeVar("T")

LEASE_COLUMNS: Final = (
    "id, url, attempts, priority, request, first_fetched, etag, last_modified, hints, article"
)


class SQLiteFrontier:
    """A run's view of the state file; see `newscrawl.state.Frontier` for the contract.

    All work is done in one thread of its own, and what is asked for meanwhile is done together in the next
    transaction: commits are batched by load, and nobody waits for a timer.

    Args:
        path: the state file.
        articles: the folder of the article files.
        run: what the run is known by.
        manners: how far the run may go, and how it treats hosts.

    Raises:
        StateError: the file cannot be used, or a source of the run is being crawled by another one.

    """

    def __init__(
        self, path: Path, articles: Path, run: RunKey, manners: Manners | None = None
    ) -> None:
        self.path = path
        self.key = run
        self.manners = manners = manners or Manners()
        self.limit = manners.limit
        self.concurrency = max(1, manners.concurrency)
        self.per_source = max(manners.per_source, self.concurrency)
        self.delay = manners.delay
        self.claimed_articles = 0
        self.claimed = Counter[int]()
        self.most = dict[int, int | None]()
        self._check_not_lost(path, articles)
        self.database = open_database(path)
        self.deliveries = Deliveries(self.database)
        self.tallies = Tallies(self.database)
        self.files = ArticleFiles(articles, articles.parent / "recovered", self.database)
        self.articles = ArticleStore(self.database, self.files)
        self.hosts = Hosts(self.database)
        self.locks = RunLocks(path)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="newscrawl-state")
        self._waiting: list[tuple[Callable[[], Any], asyncio.Future[Any]]] = []
        self._worker: asyncio.Task[None] | None = None
        self._live: dict[int, bool] = {}
        try:
            self.run = self._transaction(self._begin)
        except BaseException:
            self._thread.shutdown()
            self.database.close()
            raise

    # -- the interface ------------------------------------------------------------------------

    async def put(self, entries: Sequence[Entry]) -> Put:
        """Add addresses, or meet them again."""
        return await self._do(lambda: self._put(entries))

    async def claim(self, number: int) -> Claim:
        """Lease up to so many addresses of hosts that are neither held nor resting."""
        return await self._do(lambda: self._claim(number))

    async def ack(self, lease: Lease, outcome: Outcome) -> End | None:
        """End a lease; what it brought is on the disk before this returns."""
        return await self._do(lambda: self._ack(lease, outcome))

    async def retry(self, lease: Lease, outcome: Outcome, delay: float) -> None:
        """Give a lease back, to be claimed again after so many seconds."""
        await self._do(lambda: self._retry(lease, outcome, delay))

    async def known(self, keys: Sequence[bytes]) -> int:
        """Count the addresses that were met before this run, by their keys."""
        return await self._do(lambda: sum(map(self._is_known, keys)))

    async def articles_of(self, host: str) -> list[str]:
        """Give addresses of the last articles stored from a host."""
        return await self._do(lambda: self._articles_of(host))

    async def move(self, lease: Lease, host: str, delay: float) -> bool:
        """Leave the lease's host for another, after a redirect; False while that one is busy."""
        return await self._do(lambda: self._move(lease, host, delay))

    async def block(self, host: str, until: float) -> None:
        """Leave a host alone until a time."""
        await self._do(lambda: self.hosts.rest(self.hosts.id_of(host), until))

    async def renew(self, leases: Sequence[Lease]) -> None:
        """Put off the end of leases, and take back those of others that have expired."""
        await self._do(lambda: self._renew([lease.id for lease in leases]))

    async def drained(self) -> bool:
        """Tell whether nothing is left that this run could claim, and nothing is leased to it."""
        return await self._do(self._drained)

    async def version(self, article: Stored) -> Article | None:
        """Give the article marked with its revision, None where it is stored already as it is."""
        return await self._do(lambda: self.articles.revise(article))

    async def keep(self, outcome: Outcome) -> End:
        """Store and count what came without a lease."""
        return await self._do(lambda: self._keep(outcome))

    async def close(self, reason: str) -> Ledger:
        """End the run; see `close_now`."""
        try:
            return await self._do(lambda: self._end(reason))
        finally:
            self._shut()

    def close_now(self, reason: str) -> Ledger:
        """End the run outside an event loop."""
        try:
            return self._transaction(lambda: self._end(reason))
        finally:
            self._shut()

    # -- one thread, one transaction for all that waits -------------------------------------------

    async def _do(self, work: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._waiting.append((work, future))
        if self._worker is None or self._worker.done():
            self._worker = loop.create_task(self._work())
        return await future

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                results = await loop.run_in_executor(self._thread, self._together, batch)
            except BaseException as error:
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                if not isinstance(error, Exception):
                    raise
                continue
            for (_, future), result in zip(batch, results, strict=True):
                if not future.done():
                    future.set_result(result)

    def _together(self, batch: list[tuple[Callable[[], Any], Any]]) -> list[Any]:
        return self._transaction(lambda: [work() for work, _ in batch])

    def _transaction(self, work: Callable[[], T]) -> T:
        try:
            with writing(self.database):
                result = work()
                self.files.sync()
            self.files.committed()
        except BaseException as error:
            self.files.undo()
            if isinstance(error, (sqlite3.Error, OSError)):
                raise explain(error, self.path) from error
            raise
        return result

    # -- runs ---------------------------------------------------------------------------------

    def _check_not_lost(self, path: Path, articles: Path) -> None:
        """Refuse to start afresh beside articles of a state that is not there."""
        if not path.exists() and next(articles.glob("*/*.jsonl"), None):
            raise StateError(
                f"there is no crawl state at {path}, but {articles} holds articles of one: put it back, "
                "name it with --state, or move the articles away"
            )

    def _begin(self) -> int:
        mend_clock(self.database, time.time())
        self._bury_the_dead()
        self._refuse_second()
        now = time.time()
        cursor = self.database.execute(
            "INSERT INTO run (job, locks, pid, started, spider, arguments) VALUES (?, ?, ?, ?, ?, ?)",
            (
                self.key.job,
                json.dumps(self.key.locks),
                os.getpid(),
                now,
                self.key.spider,
                json.dumps(dict(self.key.arguments)),
            ),
        )
        run = int(cursor.lastrowid or 0)
        self.locks.take(run)
        self.database.execute(
            "UPDATE host SET next_at = ? WHERE next_at > ?", (now, now + LONGEST_BLOCK)
        )
        # Not of a run of the same job that is at work: single addresses lock nothing.
        of_job = "run IN (SELECT id FROM run WHERE job = ? AND ended IS NOT NULL)"
        taken = self.database.execute(
            f"UPDATE url SET run = ?, met = ? WHERE state = {WAITING} AND {of_job}",
            (run, -run, self.key.job),
        ).rowcount
        due = self.database.execute(
            f"UPDATE url SET run = ?, met = ?, state = {WAITING}, attempts = 0 "
            f"WHERE state = {DONE} AND due <= ? AND (is_article OR (? AND request IS NOT NULL)) AND {of_job}",
            (run, -run, now, self.key.due_only, self.key.job),
        ).rowcount
        self._ask(run, taken + due)
        return run

    def _bury_the_dead(self) -> None:
        """End the runs whose process is gone; what they had leased waits again."""
        for run, *_ in open_runs(self.database):
            if not self.locks.is_alive(run):
                self._return_leases("run = ?", run)
                self.database.execute(
                    "UPDATE run SET ended = ?, reason = 'died' WHERE id = ?", (time.time(), run)
                )
                self.locks.release(run)

    def _refuse_second(self) -> None:
        for run, _, locks, pid, started in open_runs(self.database):
            for lock in set(json.loads(locks)) & set(self.key.locks):
                since = datetime.fromtimestamp(started, UTC)
                raise TakenError(
                    f"{lock} is being crawled already, by process {pid} (run {run}, since "
                    f"{since:%Y-%m-%d %H:%M:%S} UTC); wait for it or stop it"
                )

    def _return_leases(self, condition: str, value: float) -> None:
        """Let leases wait again, and their hosts rest: they may have been asked a moment ago."""
        leased = f"state = {LEASED} AND {condition}"
        self.database.execute(
            f"UPDATE host SET next_at = max(next_at, ?) "
            f"WHERE id IN (SELECT held FROM url WHERE {leased})",
            (time.time() + self.delay, value),
        )
        self.database.execute(
            f"UPDATE url SET state = {WAITING}, held = NULL, lease_until = NULL WHERE {leased}",
            (value,),
        )

    def _end(self, reason: str) -> Ledger:
        self._return_leases("run = ?", self.run)
        limited = self.limit is not None and self.claimed_articles >= self.limit
        rows = self.database.execute(
            "SELECT q.is_article, h.id, h.name, h.source, h.refusals, h.silences, h.next_at, q.waiting FROM queue AS q "
            "JOIN host AS h ON h.id = q.host WHERE q.run = ? AND q.waiting > 0",
            (self.run,),
        ).fetchall()
        for is_article, host, name, source, refusals, silences, next_at, waiting in rows:
            if self._is_full(host):
                self._count(End.OVER_LIMIT, "host_limit", source, waiting)
            elif is_article and limited:
                self._count(End.OVER_LIMIT, None, source, waiting)
            elif next_at > time.time() + self.manners.patience:
                why = "asked_to_wait"
                if refusals >= IN_A_ROW:
                    why = "refuses"
                    self.hosts.refusing.add(name)
                elif silences >= IN_A_ROW:
                    why = "silent"
                    self.hosts.silent.add(name)
                self._count(End.LEFT, why, source, waiting)
            else:
                self._count(End.LEFT, None, source, waiting)
        delivered = {source: self._delivered(source) for source, _ in self.deliveries.of_run}
        breaks = self._breaks(delivered)
        ledger = replace(
            self.ledger(),
            breaks=tuple(one for one in breaks if is_recent(one, _today())),
            troubles=tuple(self._troubles(delivered, breaks)),
        )
        if not ledger.adds_up():
            reason = "does_not_add_up"
        self.database.execute(
            "UPDATE run SET ended = ?, reason = ? WHERE id = ?", (time.time(), reason, self.run)
        )
        return ledger

    def _breaks(self, delivered: Mapping[str, Mapping[str, Delivered]]) -> list[Break]:
        """Compare what this run's sources delivered with the weeks before."""
        return [
            found
            for source in sorted(delivered)
            for part, own in delivered[source].items()
            for found in find_breaks(source, part, own.days, {_today(): own.counts})
        ]

    def _delivered(self, source: str) -> dict[str, Delivered]:
        """Give what a source has delivered in this run, and on the days before without it."""
        return {
            part: Delivered(counts=counts, days=without(days, _today(), counts))
            for part, days in read_deliveries(self.database, source)
            if (counts := self.deliveries.of_run.get((source, part)))
        }

    def _troubles(
        self, delivered: Mapping[str, Mapping[str, Delivered]], breaks: Sequence[Break]
    ) -> list[Finding]:
        """Judge the sources that were asked, and note what is wrong with them and what no longer is."""
        now, troubles = time.time(), Troubles(self.database)
        self.deliveries.prune(now)
        self.tallies.prune(now)
        self.tallies.close(self.manners.health.failing_after, now)
        found = list[Finding]()
        for source in self.tallies.asked():
            findings = judge_source(self.database, source, self.manners.health, now)
            judged = judged_by(findings)
            if source in delivered:
                before = [one for one in troubles.of([source]) if one.trouble is Trouble.DRIFTING]
                own = [one for one in breaks if one.source == source]
                parts = delivered[source]
                drift = judge_drift(source, own, before[0] if before else None, parts, _today())
                findings += [drift.finding] if drift.finding else []
                judged += [Trouble.DRIFTING] if drift.verdict == OVER else []
                if drift.verdict == MEANT:
                    troubles.forget(source, Trouble.DRIFTING)
            found += troubles.note(source, findings, now, judged=judged)
        return found

    def _shut(self) -> None:
        self._thread.shutdown()
        self.files.close()
        # Dropping the last connection folds the log into the file.
        with suppress(sqlite3.Error):
            self.database.close()
        self.locks.release(self.run)

    def ledger(self) -> Ledger:
        """Give the run's ledger as it stands."""
        asked = self.database.execute("SELECT asked FROM run WHERE id = ?", (self.run,)).fetchone()
        rows = self.database.execute(
            "SELECT outcome, reason, number FROM ledger WHERE run = ?", (self.run,)
        )
        return Ledger(
            asked=int(asked[0]),
            ends={(End(end), reason): number for end, reason, number in rows},
            refusing=tuple(sorted(self.hosts.refusing)),
            silent=tuple(sorted(self.hosts.silent)),
            sources={source: dict(ends) for source, ends in self.tallies.of_run.items()},
            asked_sources=tuple(self.tallies.asked()),
        )

    def _ask(self, run: int, number: int) -> None:
        if number:
            self.database.execute("UPDATE run SET asked = asked + ? WHERE id = ?", (number, run))

    def _count(self, end: End, reason: str | None, source: str, number: int = 1) -> None:
        if number:
            self.tallies.count(source, end, reason or "", number, time.time())
            self.database.execute(
                "INSERT INTO ledger VALUES (?, ?, ?, ?) "
                "ON CONFLICT DO UPDATE SET number = number + excluded.number",
                (self.run, str(end), reason or "", number),
            )

    # -- put ----------------------------------------------------------------------------------

    def _put(self, entries: Sequence[Entry]) -> Put:
        asked = Counter[str]()
        seen, not_due, repeated = list[str](), list[str](), list[int]()
        for place, entry in enumerate(entries):
            what = self._put_one(entry)
            asked[what] += 1
            asked["new"] += what == "added" and entry.is_article
            if what == "seen":
                seen.append(entry.host)
            elif what == "not_due":
                not_due.append(entry.host)
            elif what == "repeated":
                repeated.append(place)
        self._ask(self.run, asked["added"] + asked["seen"] + asked["not_due"])
        for hosts, end in ((seen, End.SEEN), (not_due, End.NOT_DUE)):
            for host, number in Counter(hosts).items():
                self._count(end, None, self.hosts.source_of(host), number)
        return Put(
            added=asked["added"],
            seen=tuple(seen),
            not_due=tuple(not_due),
            repeated=tuple(repeated),
            new=asked["new"],
        )

    def _put_one(self, entry: Entry) -> str:
        row = self._row(entry)
        if row is None:
            self._insert(entry)
            return "added"
        url, state, run, met, is_article = row[:5]
        if met == self.run:
            return "repeated" if run == self.run else "known"
        if met == -self.run:
            return self._meet_inherited(entry, url, state)
        if state != DONE:
            is_ours = not self._is_live(run)
        else:
            is_ours = self._is_wanted(entry, bool(is_article), row)
        if not is_ours:
            self.database.execute("UPDATE url SET met = ? WHERE id = ?", (self.run, url))
            return "seen" if is_article else "not_due"
        self.database.execute(
            f"UPDATE url SET state = {WAITING}, run = ?, met = ?, priority = ?, request = ?, "
            "kind = coalesce(?, kind), not_before = NULL, held = NULL, lease_until = NULL, attempts = CASE state WHEN 2 THEN 0 ELSE attempts END, "
            "hints = CASE WHEN ? THEN max(hints, 1) ELSE hints END WHERE id = ?",
            (
                self.run,
                self.run,
                entry.priority,
                entry.request,
                entry.kind,
                entry.modified is not None,
                url,
            ),
        )
        return "added"

    def _meet_inherited(self, entry: Entry, url: int, state: int) -> str:
        """Meet what this run has taken up by itself; it was counted then.

        A list that it has read by an old request meanwhile is read again, by the spider's own.
        """
        is_again = state == DONE and not entry.is_article
        if state == WAITING or is_again:
            self.database.execute(
                f"UPDATE url SET state = {WAITING}, met = ?, priority = ?, request = ? WHERE id = ?",
                (self.run, entry.priority, entry.request, url),
            )
        else:
            self.database.execute("UPDATE url SET met = ? WHERE id = ?", (self.run, url))
        return "added" if is_again else "known"

    def _row(self, entry: Entry) -> tuple[Any, ...] | None:
        find = "SELECT id, state, run, met, is_article, due, fetched, unchanged, published FROM url WHERE "
        row = self.database.execute(f"{find} key = ?", (entry.key,)).fetchone()
        if row is None and entry.is_article and (article := self.articles.article_of(entry.key)):
            home = "id = (SELECT url FROM article WHERE id = ?)"
            row = self.database.execute(f"{find} {home}", (article,)).fetchone()
        return row  # type: ignore[no-any-return]

    def _is_wanted(self, entry: Entry, is_article: bool, row: tuple[Any, ...]) -> bool:
        """Tell whether a done address is fetched again: when it is time, or when it is said to have changed.

        Lists always are, unless only what is due is asked for, or the index that names them tells when they
        changed: a publisher's archive may have thousands.
        """
        *_, due, fetched, unchanged, published = row
        if due is not None and due <= time.time():
            return True
        if not is_article and entry.modified is None:
            return not self.key.due_only
        if published is not None:
            return self._is_in_range(published)
        return (
            entry.modified is not None
            and fetched is not None
            and is_asked_again(entry.modified, fetched, unchanged, FIRST_AGE)
        )

    def _insert(self, entry: Entry) -> None:
        self.database.execute(
            "INSERT INTO url (key, url, host, is_article, run, met, priority, found, request, kind) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                entry.key, entry.url, self.hosts.id_of(entry.host), entry.is_article, self.run,
                self.run, entry.priority, time.time(), entry.request, entry.kind,
            ),
        )  # fmt: skip

    def _is_in_range(self, published: float) -> bool:
        since, until = self.key.since, self.key.until
        return (since is None or published >= since) and (until is None or published <= until)

    def _is_known(self, key: bytes) -> bool:
        row = self.database.execute("SELECT state, run FROM url WHERE key = ?", (key,)).fetchone()
        if row is not None:
            return bool(row[0] == DONE or row[1] != self.run)
        return self.articles.article_of(key) is not None

    def _articles_of(self, host: str) -> list[str]:
        rows = self.database.execute(
            "SELECT url FROM url WHERE host = (SELECT id FROM host WHERE name = ?) "
            "AND article IS NOT NULL ORDER BY article DESC LIMIT ?",
            (host, KNOWN_ARTICLES),
        )
        return [url for (url,) in rows]

    def _is_live(self, run: int) -> bool:
        """Tell whether another run is at work; one that was is not asked about again and again."""
        if run == self.run:
            return True
        ended = self.database.execute("SELECT ended FROM run WHERE id = ?", (run,)).fetchone()
        return ended is not None and ended[0] is None and self.locks.is_alive(run)

    # -- claim ----------------------------------------------------------------------------------

    def _claim(self, number: int) -> Claim:
        now = time.time()
        if not self._articles_left():
            return Claim()
        leases = list[Lease]()
        hosts = self._ready_hosts(now, number)
        busy = self._busy_sources()
        for host, name, source, distrusted, is_article, free in hosts:
            room = min(
                free, number - len(leases), self._articles_left() if is_article else number,
                self.per_source - busy[source], self._room_on(host),
            )  # fmt: skip
            taken = self._lease(host, name, bool(distrusted), is_article, room, now)
            busy[source] += len(taken)
            self.claimed[host] += len(taken)
            leases += taken
            if len(leases) >= number:
                break
        return Claim(tuple(leases), 0.0 if leases else self._wait(now))

    def _busy_sources(self) -> Counter[str]:
        """Count the leases by registered domain: a publisher's hosts often stand on one machine."""
        rows = self.database.execute(
            "SELECT h.source, count(*) FROM url AS u JOIN host AS h ON h.id = u.held "
            f"WHERE u.state = {LEASED} GROUP BY h.source"
        )
        return Counter(dict(rows.fetchall()))

    def _room_on(self, host: int) -> int:
        most = self._most_on(host)
        return 1_000_000 if most is None else max(0, most - self.claimed[host])

    def _most_on(self, host: int) -> int | None:
        if host not in self.most:
            (name,) = self.database.execute(
                "SELECT name FROM host WHERE id = ?", (host,)
            ).fetchone()
            own = self.manners.most_on(name) if self.manners.most_on else None
            stated = [most for most in (own, self.manners.most_per_host) if most is not None]
            self.most[host] = min(stated, default=None)
        return self.most[host]

    def _is_full(self, host: int) -> bool:
        return self._room_on(host) <= 0

    def _ready_hosts(self, now: float, number: int) -> list[tuple[int, str, str, int, int, int]]:
        """Give the hosts that may be asked, with the number of requests that each may take."""
        rows = self.database.execute(
            "SELECT q.host, h.name, h.source, h.distrusted, q.is_article, "
            f"(SELECT count(*) FROM url WHERE state = {LEASED} AND held = q.host) AS busy "
            "FROM queue AS q JOIN host AS h ON h.id = q.host "
            "WHERE q.run = ? AND q.waiting > 0 AND h.next_at <= ? AND busy < ? "
            # With a limit a host's lists are read only until it has enough.
            "AND (q.is_article OR ? IS NULL OR NOT EXISTS (SELECT 1 FROM queue AS a WHERE a.run = q.run "
            "AND a.is_article AND a.host = q.host AND a.waiting >= ?)) "
            f"AND EXISTS (SELECT 1 FROM url WHERE run = q.run AND is_article = q.is_article "
            f"AND host = q.host AND state = {WAITING} AND coalesce(not_before, 0) <= ?) "
            "ORDER BY q.is_article, h.next_at LIMIT ?",
            (self.run, now, self.concurrency, self.limit, self._articles_left(), now, 2 * number),
        ).fetchall()
        most = 1 if self.delay else self.concurrency
        found, taken = [], set[int]()
        for host, name, source, distrusted, is_article, busy in rows:
            if host not in taken:
                taken.add(host)
                free = min(most, self.concurrency - busy)
                found.append((host, name, source, distrusted, is_article, free))
        return found

    def _lease(
        self, host: int, name: str, distrusted: bool, is_article: int, room: int, now: float
    ) -> list[Lease]:
        rows = self.database.execute(
            f"SELECT {LEASE_COLUMNS} FROM url WHERE run = ? AND is_article = ? AND host = ? "
            f"AND state = {WAITING} AND coalesce(not_before, 0) <= ? "
            "ORDER BY priority DESC, attempts, id LIMIT ?",
            (self.run, is_article, host, now, max(0, room)),
        ).fetchall()
        leases = []
        for row in rows:
            self.database.execute(
                f"UPDATE url SET state = {LEASED}, held = host, lease_until = ?, "
                "attempts = attempts + 1 WHERE id = ?",
                (now + LEASE_SECONDS, row[0]),
            )
            if row[2] >= MAX_ATTEMPTS:
                self._give_up(row[0])
                continue
            leases.append(_lease_of(row, name, bool(is_article), distrusted=distrusted))
        self.claimed_articles += len(leases) if is_article else 0
        if leases and self.delay and self.concurrency > 1:
            self.hosts.rest(host, now + self.delay)
        return leases

    def _give_up(self, url: int) -> None:
        self.database.execute(
            f"UPDATE url SET state = {DONE}, held = NULL, lease_until = NULL, outcome = ?, "
            "reason = 'given_up', failures = failures + 1, due = ? WHERE id = ?",
            (str(End.FAILED), time.time() + LONGEST_WAIT, url),
        )
        (source,) = self.database.execute(
            "SELECT source FROM host WHERE id = (SELECT host FROM url WHERE id = ?)", (url,)
        ).fetchone()
        self._count(End.FAILED, "given_up", source)

    def _articles_left(self) -> int:
        return 1_000_000 if self.limit is None else max(0, self.limit - self.claimed_articles)

    def _wait(self, now: float) -> float:
        """Give the seconds until the next host has rested; a held one tells nothing."""
        row = self.database.execute(
            "SELECT min(h.next_at) FROM queue AS q JOIN host AS h ON h.id = q.host "
            "WHERE q.run = ? AND q.waiting > 0 AND h.next_at > ?",
            (self.run, now),
        ).fetchone()
        return POLL_SECONDS if row[0] is None else min(max(row[0] - now, 0.001), POLL_SECONDS)

    def _drained(self) -> bool:
        hosts = self.database.execute(
            "SELECT q.host FROM queue AS q JOIN host AS h ON h.id = q.host "
            "WHERE q.run = ? AND q.waiting > 0 AND h.next_at <= ?",
            (self.run, time.time() + self.manners.patience),
        )
        is_waiting = self._articles_left() > 0 and any(not self._is_full(host) for (host,) in hosts)
        leased = self.database.execute(
            f"SELECT 1 FROM url WHERE run = ? AND state = {LEASED} LIMIT 1", (self.run,)
        ).fetchone()
        return not is_waiting and leased is None

    def _renew(self, leases: list[int]) -> None:
        now = time.time()
        self.database.executemany(
            f"UPDATE url SET lease_until = ? WHERE id = ? AND run = ? AND state = {LEASED}",
            [(now + LEASE_SECONDS, lease, self.run) for lease in leases],
        )
        self._return_leases("lease_until < ?", now)

    def _move(self, lease: Lease, name: str, delay: float) -> bool:
        now = time.time()
        host = self.hosts.id_of(name)
        if not self._is_ours(lease):
            return True  # the ack will say that it is not ours; nothing is held for it
        held = self._held(lease)
        if held == host:
            return True
        if held is not None:
            # Freed first: two runs that wait for each other's host would wait for ever.
            self.database.execute("UPDATE url SET held = NULL WHERE id = ?", (lease.id,))
            self.hosts.rest(held, now + delay)
        busy, next_at = self.database.execute(
            f"SELECT (SELECT count(*) FROM url WHERE state = {LEASED} AND held = host.id), next_at "
            "FROM host WHERE id = ?",
            (host,),
        ).fetchone()
        if busy >= self.concurrency or next_at > now:
            return False
        self.database.execute("UPDATE url SET held = ? WHERE id = ?", (host, lease.id))
        return True

    def _retry(self, lease: Lease, outcome: Outcome, delay: float) -> None:
        if self._is_ours(lease):
            now = time.time()
            self._release(lease, outcome, now)
            self.claimed_articles -= lease.is_article
            self.database.execute(
                f"UPDATE url SET state = {WAITING}, not_before = ? WHERE id = ?",
                (now + delay, lease.id),
            )

    # -- ack --------------------------------------------------------------------------------------

    def _ack(self, lease: Lease, outcome: Outcome) -> End | None:
        if not self._is_ours(lease):
            return None
        now = time.time()
        end, article = self._store(lease.id, outcome)
        for child in outcome.children:
            self._keep(child)
        if end in REFUSALS and self._value("outcome", lease) == end:
            # A page that is closed to all says nothing new of its host.
            outcome = replace(outcome, is_repeated=True)
        self._release(lease, outcome, now)
        if outcome.is_hint:
            hints, etag, modified = "hints + 1", lease.etag, lease.last_modified
        else:
            hints, etag, modified = "0", outcome.etag, outcome.last_modified
            if end is End.CHANGED:
                self._judge_validators(lease, etag, modified)
        failures = 0
        if end in (End.FAILED, End.UNREAD, *REFUSALS):
            failures = 1 + int(self._value("failures", lease))
        is_list = end in (End.READ, End.UNREAD)
        first = lease.first_fetched or now
        plan = outcome.plan if self._is_home(lease, article) else ()
        due = _due(end, outcome.reason, failures, plan, first, now)
        self.database.execute(
            f"UPDATE url SET state = {DONE}, is_article = ?, outcome = ?, reason = ?, due = ?, "
            "first_fetched = ?, fetched = ?, failures = ?, attempts = 0, published = ?, "
            "request = CASE WHEN ? THEN request END, "
            f"unchanged = CASE ? WHEN 'unchanged' THEN unchanged + 1 ELSE 0 END, hints = {hints}, "
            "etag = ?, last_modified = ?, article = coalesce(?, article) WHERE id = ?",
            (
                not is_list, str(end), outcome.reason, due, first, now, failures, outcome.published,
                # What a feed said of an article is told to its next visit too: else the page seems to have lost it.
                is_list or due is not None, str(end), etag, modified, article, lease.id,
            ),
        )  # fmt: skip
        if is_list:
            self._schedule(lease.id, end, outcome, now)
        self._count(end, outcome.reason, self.hosts.source_of(lease.host))
        self._count_answer(lease, end, outcome)
        self._count_delivery(lease, end, outcome, now)
        return end

    def _count_delivery(self, lease: Lease, end: End, outcome: Outcome, now: float) -> None:
        """Count what the page delivers, by source and layout."""
        # A page that was looked at again tells how pages read now, though its article is the same.
        for stored in outcome.articles:
            self.deliveries.article(stored.article, now)
        if count_delivery(end, outcome.reason):
            self.deliveries.rejected(lease.host, now)
        # What a run for certain dates leaves out of a list says nothing of the list.
        if end is End.READ and self.key.since is None and self.key.until is None:
            self.deliveries.listed(lease.host, lease.url, outcome.links, now)

    def _schedule(self, url: int, end: End, outcome: Outcome, now: float) -> None:
        """Set when a list is looked at again."""
        kind, interval, signature, score = self.database.execute(
            "SELECT kind, interval, signature, score FROM url WHERE id = ?", (url,)
        ).fetchone()
        if end is End.UNREAD:
            score += weight_of(outcome.reason)
            interval = interval_after_failure(kind, interval, score)
        else:
            is_same = outcome.signature is not None and outcome.signature == signature
            known = outcome.new + outcome.known if is_same else outcome.known
            new = 0 if is_same else outcome.new
            interval, score = next_interval(kind, interval, new, known), 0.0
            interval = within(interval, *outcome.poll)
        self.database.execute(
            "UPDATE url SET due = ?, interval = ?, signature = coalesce(?, signature), score = ? WHERE id = ?",
            (now + interval, interval, outcome.signature, score, url),
        )

    def _count_answer(self, lease: Lease, end: End, outcome: Outcome) -> None:
        """Count what came back, by source."""
        kind = "not_modified" if outcome.is_hint else str(outcome.reason or "ok")
        if end in (End.FAILED, End.UNREAD) and not outcome.reason:
            kind = "failed"
        self.database.execute(
            "INSERT INTO answer SELECT ?, source, ?, 1 FROM host "
            "WHERE id = (SELECT host FROM url WHERE id = ?) "
            "ON CONFLICT DO UPDATE SET number = number + 1",
            (self.run, kind, lease.id),
        )

    def _keep(self, outcome: Outcome) -> End:
        end, _ = self._store(NO_URL, outcome)
        for child in outcome.children:
            self._keep(child)
        self._ask(self.run, 1)
        self._count(end, outcome.reason, self.hosts.source_of(outcome.host))
        return end

    def _store(self, url: int, outcome: Outcome) -> tuple[End, int | None]:
        """Write the items; the article's end wins over that of others on the same page."""
        end, article = outcome.end, None
        for stored in outcome.articles:
            end, article = self.articles.save(stored, self.run, url)
        day = datetime.now(UTC).date().isoformat()
        for line in outcome.lines:
            self.files.append(line.source, day, line.data)
        return end, article

    def _is_home(self, lease: Lease, article: int | None) -> bool:
        """Tell whether an article's visits are made at this address, and not at another of its own."""
        if article is None:
            return True
        row = self.database.execute("SELECT url FROM article WHERE id = ?", (article,)).fetchone()
        return bool(row and row[0] == lease.id)

    def _release(self, lease: Lease, outcome: Outcome, now: float) -> None:
        held = self._held(lease)
        self.database.execute(
            "UPDATE url SET held = NULL, lease_until = NULL WHERE id = ?", (lease.id,)
        )
        if held is not None:
            self.hosts.answered(held, outcome, now)

    def _judge_validators(self, lease: Lease, etag: str | None, last_modified: str | None) -> None:
        """Distrust a host's validators for good once they stayed the same on a page that changed."""
        row = self.database.execute(
            "SELECT etag, last_modified FROM url WHERE id = ?", (lease.id,)
        ).fetchone()
        old_etag, old_modified = row
        is_same = (etag is not None and etag == old_etag) or (
            etag is None and last_modified is not None and last_modified == old_modified
        )
        if is_same:
            self.database.execute(
                "UPDATE host SET distrusted = 1 WHERE id = (SELECT host FROM url WHERE id = ?)",
                (lease.id,),
            )

    def _is_ours(self, lease: Lease) -> bool:
        row = self.database.execute(
            "SELECT state, run FROM url WHERE id = ?", (lease.id,)
        ).fetchone()
        return bool(row and row == (LEASED, self.run))

    def _held(self, lease: Lease) -> int | None:
        held = self._value("held", lease)
        return None if held is None else int(held)

    def _value(self, column: str, lease: Lease) -> Any:
        query = f"SELECT {column} FROM url WHERE id = ?"
        return self.database.execute(query, (lease.id,)).fetchone()[0]


def _today() -> date:
    return datetime.now(UTC).date()


def _due(
    end: End,
    reason: Reason | None,
    failures: int,
    plan: tuple[float, ...],
    first: float,
    now: float,
) -> float | None:
    """Give the time at which a done address may be asked for again, None for never."""
    if end in REFUSALS:
        return next_after_refusal(end, failures, now)
    if failures:
        return next_try(failures, now)
    return None if reason in LASTING else next_visit(plan, first, now)


def _lease_of(row: tuple[Any, ...], host: str, is_article: bool, *, distrusted: bool) -> Lease:
    url, address, attempts, priority, request, first, etag, modified, hints, article = row
    lease = Lease(
        id=url, url=address, host=host, is_article=is_article, attempts=attempts + 1,
        priority=priority, request=request, first_fetched=first,
    )  # fmt: skip
    # One 304 in a row is believed: the visit after it sees the page, and tells whether it was true.
    if article is None or hints or distrusted:
        return lease
    return replace(lease, etag=etag, last_modified=modified)
