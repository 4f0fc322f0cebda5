"""Lease addresses: of hosts that are neither held nor resting, one after the other on each."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from newscrawl.state import Claim, Lease
from newscrawl.state.ends import End
from newscrawl.state.plan import LONGEST_WAIT
from newscrawl.state.running import DONE, LEASE_SECONDS, LEASED, WAITING, Run

MAX_ATTEMPTS: Final = 8
"""Leases without an ack after which an address is given up: it may be what kills the process."""
MOST_TAKEN: Final = 200
"""Addresses on one host that are taken over from another run at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A host that may be asked."""

    id: int
    name: str
    source: str
    is_distrusted: bool
    is_article: Any
    """What of it waits; true or false as the database has it."""
    free: int
    """Requests that it may take now."""


class Claiming:
    """Leases addresses, within the state's transactions."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.database = run.database
        self.per_source = max(run.manners.per_source, run.concurrency)

    def claim(self, number: int) -> Claim:
        """Lease up to so many addresses."""
        now = self.run.now()
        if self.run.articles_left() == 0:
            return Claim()
        leases = self._claim_own(number, now)
        if not leases and self.run.key.joins and self._take_over(number, now):
            leases = self._claim_own(number, now)
        return Claim(tuple(leases), 0.0 if leases else self._wait(now))

    def drained(self) -> bool:
        """Tell whether nothing is left that this run could claim, and nothing is leased to it."""
        manners, number = self.run.manners, self.run.number
        hosts = self.database.execute(
            "SELECT q.host FROM queue AS q JOIN host AS h ON h.id = q.host "
            "WHERE q.run = ? AND q.waiting > 0 AND h.next_at <= ?",
            (number, self.run.now() + manners.patience),
        ).fetchall()
        is_waiting = self.run.articles_left() != 0 and any(
            not self.run.is_full(host) for (host,) in hosts
        )
        leased = self.database.execute(
            f"SELECT 1 FROM url WHERE run = ? AND state = {LEASED} LIMIT 1", (number,)
        ).fetchone()
        return not is_waiting and leased is None and not self._may_take_over()

    def _may_take_over(self) -> bool:
        return (
            self.run.key.joins
            and self.run.articles_left() != 0
            and bool(
                self.database.execute(
                    "SELECT 1 FROM queue AS q JOIN run AS r ON r.id = q.run JOIN host AS h ON h.id = q.host "
                    "WHERE r.job = ? AND q.run <> ? AND q.waiting > 0 AND h.next_at <= ? LIMIT 1",
                    (self.run.key.job, self.run.number, self.run.now() + self.run.manners.patience),
                ).fetchone()
            )
        )

    def renew(self, leases: list[int]) -> None:
        """Put off the end of leases, and take back those of others that have expired."""
        now = self.run.now()
        self.database.executemany(
            f"UPDATE url SET lease_until = ? WHERE id = ? AND run = ? AND state = {LEASED}",
            [(now + LEASE_SECONDS, lease, self.run.number) for lease in sorted(leases)],
        )
        self.run.return_leases("lease_until < ?", now)

    def _claim_own(self, number: int, now: float) -> list[Lease]:
        hosts = self._ready_hosts(now, number)
        busy = self._busy_sources(hosts) if hosts else Counter[str]()
        left, wanted = self.run.articles_left(), dict[int, tuple[Ready, int]]()
        for host in hosts:
            room = min(
                host.free, number, self.per_source - busy[host.source],
                self.run.hosts.room_on(host.id, self.run.manners, self.run.claimed[host.id]),
            )  # fmt: skip
            if host.is_article and left is not None:
                room = min(room, left)
                left -= max(0, room)
            if room > 0:
                wanted[host.id] = host, room
                busy[host.source] += room
                number -= room
            if number <= 0:
                break
        return self._lease(wanted, now) if wanted else []

    def _busy_sources(self, hosts: Sequence[Ready]) -> Counter[str]:
        """Count the leases by registered domain: a publisher's hosts often stand on one machine."""
        sources = sorted({host.source for host in hosts})
        marks = ", ".join("?" for _ in sources)
        rows = self.database.execute(
            f"SELECT h.source, sum({self.database.dialect.busy}) FROM host AS h WHERE h.source IN ({marks}) GROUP BY h.source",
            sources,
        )
        return Counter(dict(rows.fetchall()))

    def _ready_hosts(self, now: float, number: int) -> list[Ready]:
        """Give the hosts that may be asked, with the number of requests that each may take."""
        dialect, left = self.database.dialect, self.run.articles_left()
        enough = ""
        if left is not None:
            # With a limit a host's lists are read only until it has enough.
            enough = (
                "AND (q.is_article OR NOT EXISTS (SELECT 1 FROM queue AS a WHERE a.run = q.run "
                f"AND a.is_article AND a.host = q.host AND a.waiting >= {left})) "
            )
        # Put in order first: then the addresses are looked at of no more hosts than are wanted.
        rows = self.database.execute(
            "SELECT * FROM (SELECT q.host, h.name, h.source, h.distrusted, q.is_article AS is_article "
            "FROM queue AS q JOIN host AS h ON h.id = q.host "
            f"WHERE q.run = ? AND q.waiting > 0 AND h.next_at <= ? AND {dialect.busy} < ? {enough}"
            "ORDER BY q.is_article, h.next_at) AS ready WHERE (SELECT 1 FROM url AS u WHERE u.run = ? "
            f"AND u.is_article = ready.is_article AND u.host = ready.host AND u.state = {WAITING} "
            "AND coalesce(u.not_before, 0) <= ? LIMIT 1) IS NOT NULL LIMIT ?",
            (self.run.number, now, self.run.concurrency, self.run.number, now, 2 * number),
        ).fetchall()
        held = self._held([row[0] for row in rows], now)
        most = 1 if self.run.manners.delay else self.run.concurrency
        found = dict[int, Ready]()
        for host, name, source, distrusted, is_article in rows:
            if host not in held:
                continue
            found.setdefault(
                host,
                Ready(
                    id=host, name=name, source=source, is_distrusted=bool(distrusted), is_article=is_article,
                    free=min(most, self.run.concurrency - held[host]),
                ),
            )  # fmt: skip
        return list(found.values())

    def _held(self, hosts: Sequence[int], now: float) -> dict[int, int]:
        """Hold those of some hosts that nobody else claims at this moment; give how much is leased of each."""
        if not hosts:
            return {}
        dialect = self.database.dialect
        marks = ", ".join("?" for _ in hosts)
        rows = self.database.execute(
            f"SELECT h.id, {dialect.busy} FROM host AS h WHERE h.id IN ({marks}) AND h.next_at <= ? "
            f"AND {dialect.busy} < ? {dialect.skip_locked}",
            (*hosts, now, self.run.concurrency),
        )
        return dict(rows.fetchall())

    def _lease(self, wanted: Mapping[int, tuple[Ready, int]], now: float) -> list[Lease]:
        rows = self.database.lease_urls(
            self.run.number, [(host.id, host.is_article, room) for host, room in wanted.values()],
            now, now + LEASE_SECONDS,
        )  # fmt: skip
        order, leases, manners = (
            {host: n for n, host in enumerate(wanted)},
            list[Lease](),
            self.run.manners,
        )
        # In the order in which they were to be taken; what a statement gives back has none.
        for *row, number in sorted(rows, key=lambda row: (order[row[-1]], -row[3], row[2], row[0])):
            host = wanted[number][0]
            self.run.claimed.add(number)
            if row[2] > MAX_ATTEMPTS:
                self._give_up(row[0], host)
                continue
            leases.append(_lease_of(row, host))
            self.run.claimed_articles.add(None, int(bool(host.is_article)))
        if manners.delay and self.run.concurrency > 1:
            for number in {row[-1] for row in rows}:
                self.run.hosts.rest(number, now + manners.delay)
        return leases

    def _give_up(self, url: int, host: Ready) -> None:
        self.database.execute(
            f"UPDATE url SET state = {DONE}, held = NULL, lease_until = NULL, outcome = ?, "
            "reason = 'given_up', failures = failures + 1, due = ? WHERE id = ?",
            (str(End.FAILED), self.run.now() + LONGEST_WAIT, url),
        )
        self.run.count(End.FAILED, "given_up", host.source)

    def _take_over(self, number: int, now: float) -> int:
        """Take waiting addresses over from runs that are at work on the same job, or have left it.

        Whole stretches of a host, of those that wait most: connections and robots.txt go with a host. What another run
        has counted as met is counted here instead; a run that has ended has counted it as left.
        """
        rows = self.database.execute(
            "SELECT q.run, q.host, q.is_article FROM queue AS q JOIN host AS h ON h.id = q.host "
            "JOIN run AS r ON r.id = q.run WHERE r.job = ? AND q.run <> ? AND q.waiting > 0 AND h.next_at <= ? "
            f"AND {self.database.dialect.busy} = 0 ORDER BY q.is_article, q.waiting DESC LIMIT ?",
            (self.run.key.job, self.run.number, now, number),
        ).fetchall()
        return sum(self._take_from(run, host, is_article, now) for run, host, is_article in rows)

    def _take_from(self, run: int, host: int, is_article: Any, now: float) -> int:
        dialect = self.database.dialect
        # Held until the commit: else it might end in between, and count as left what is counted off here.
        found = self.database.execute(
            f"SELECT ended FROM run WHERE id = ? {dialect.skip_locked_rows}", (run,)
        ).fetchone()
        if found is None:
            return 0
        count = self.database.hand_over((run, host, is_article), self.run.number, now, MOST_TAKEN)
        if found[0] is None:
            self.run.ask(-count, run)
        self.run.ask(count)
        return count

    def _wait(self, now: float) -> float:
        """Give the seconds until the next host has rested; a held one tells nothing."""
        poll = self.database.dialect.poll_seconds
        row = self.database.execute(
            "SELECT min(h.next_at) FROM queue AS q JOIN host AS h ON h.id = q.host "
            "WHERE q.run = ? AND q.waiting > 0 AND h.next_at > ?",
            (self.run.number, now),
        ).fetchone()
        return poll if row[0] is None else min(max(row[0] - now, 0.001), poll)


def _lease_of(row: Sequence[Any], host: Ready) -> Lease:
    url, address, attempts, priority, request, first, etag, modified, hints, article = row
    lease = Lease(
        id=url, url=address, host=host.name, is_article=bool(host.is_article), attempts=attempts,
        priority=priority, request=request, first_fetched=first,
    )  # fmt: skip
    # One 304 in a row is believed: the visit after it sees the page, and tells whether it was true.
    if article is None or hints or host.is_distrusted:
        return lease
    return replace(lease, etag=etag, last_modified=modified)
