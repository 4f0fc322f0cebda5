"""End leases: store what they brought, plan the next visit, let the host rest, count."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from newscrawl.reasons import Reason
from newscrawl.state import Lease, Outcome
from newscrawl.state.deliveries import count_delivery
from newscrawl.state.ends import End
from newscrawl.state.hosts import Manner
from newscrawl.state.plan import (
    LASTING,
    REFUSALS,
    interval_after_failure,
    next_after_refusal,
    next_interval,
    next_try,
    next_visit,
    weight_of,
    within,
)
from newscrawl.state.running import DONE, LEASED, NO_URL, WAITING, Run


@dataclass(frozen=True, slots=True)
class Before:
    """What is known of an address before its lease ends."""

    held: int | None
    outcome: str | None
    failures: int
    etag: str | None
    last_modified: str | None
    kind: str | None
    interval: float | None
    signature: bytes | None
    score: float
    host: Manner
    """How the host that is held for it has answered so far."""


class Acking:
    """Ends leases, within the state's transactions."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.database = run.database

    def ack(self, lease: Lease, outcome: Outcome) -> End | None:
        """End a lease; None where it was no longer ours."""
        before = self._held(lease)
        if before is None:
            return None
        now = self.run.now()
        end, article = self._store(lease.id, outcome)
        for child in outcome.children:
            self.keep(child)
        if end in REFUSALS and before.outcome == end:
            # A page that is closed to all says nothing new of its host.
            outcome = replace(outcome, is_repeated=True)
        if before.held is not None:
            self.run.hosts.answered(before.held, before.host, outcome, now)
        if outcome.is_hint:
            hints, etag, modified = "hints + 1", lease.etag, lease.last_modified
        else:
            hints, etag, modified = "0", outcome.etag, outcome.last_modified
            if end is End.CHANGED:
                self._judge_validators(lease, before, etag, modified)
        is_failure = end in (End.FAILED, End.UNREAD, *REFUSALS)
        failures = 1 + before.failures if is_failure else 0
        is_list = end in (End.READ, End.UNREAD)
        first = lease.first_fetched or now
        plan = outcome.plan if self._is_home(lease, article) else ()
        due = _due(end, outcome.reason, failures, plan, first, now)
        interval, score = before.interval, before.score
        if is_list:
            interval, score = _rhythm(before, end, outcome)
            due = now + interval
        # What a feed said of an article is told to its next visit too: else the page seems to have lost it.
        request = "" if is_list or due is not None else "request = NULL, "
        unchanged = "unchanged + 1" if end is End.UNCHANGED else "0"
        self.database.execute(
            f"UPDATE url SET state = {DONE}, held = NULL, lease_until = NULL, is_article = ?, outcome = ?, reason = ?, "
            f"due = ?, {request}first_fetched = ?, fetched = ?, failures = ?, attempts = 0, published = ?, "
            f"unchanged = {unchanged}, hints = {hints}, etag = ?, last_modified = ?, interval = ?, score = ?, "
            "signature = coalesce(?, signature), article = coalesce(?, article) WHERE id = ?",
            (
                not is_list, str(end), outcome.reason, due, first, now, failures, outcome.published, etag, modified,
                interval, score, outcome.signature if is_list else None, article, lease.id,
            ),
        )  # fmt: skip
        source = self.run.hosts.source_of(lease.host)
        self.run.count(end, outcome.reason, source)
        self.run.answers.add((source, _answer(end, outcome)))
        self._count_delivery(lease, end, outcome)
        return end

    def keep(self, outcome: Outcome) -> End:
        """Store and count what came without a lease."""
        end, _ = self._store(NO_URL, outcome)
        for child in outcome.children:
            self.keep(child)
        self.run.ask(1)
        self.run.count(end, outcome.reason, self.run.hosts.source_of(outcome.host))
        return end

    def retry(self, lease: Lease, outcome: Outcome, delay: float) -> None:
        """Give a lease back, to be claimed again after so many seconds."""
        before = self._held(lease)
        if before is None:
            return
        now = self.run.now()
        if before.held is not None:
            self.run.hosts.answered(before.held, before.host, outcome, now)
        self.run.claimed_articles.add(None, -int(lease.is_article))
        self.database.execute(
            f"UPDATE url SET state = {WAITING}, held = NULL, lease_until = NULL, not_before = ? WHERE id = ?",
            (now + delay, lease.id),
        )

    def move(self, lease: Lease, name: str, delay: float) -> bool:
        """Leave the lease's host for another; False while that one is busy."""
        now = self.run.now()
        host = self.run.hosts.id_of(name)
        before = self._held(lease)
        if before is None or before.held == host:
            return True  # where it is not ours, the ack will say so; nothing is held for it
        if before.held is not None:
            # Freed first: two runs that wait for each other's host would wait for ever.
            self.database.execute("UPDATE url SET held = NULL WHERE id = ?", (lease.id,))
            self.run.hosts.rest(before.held, now + delay)
        dialect = self.database.dialect
        free = self.database.execute(
            f"SELECT 1 FROM host AS h WHERE h.id = ? AND {dialect.busy} < ? AND h.next_at <= ? {dialect.skip_locked}",
            (host, self.run.concurrency, now),
        ).fetchone()
        if free is None:
            return False
        self.database.execute("UPDATE url SET held = ? WHERE id = ?", (host, lease.id))
        return True

    def _held(self, lease: Lease) -> Before | None:
        """Look up an address that is leased to this run; nobody takes it until the transaction is over."""
        row = self.database.execute(
            "SELECT u.held, u.outcome, u.failures, u.etag, u.last_modified, u.kind, u.interval, u.signature, u.score, "
            "h.name, h.backoff, h.refusals, h.silences, h.delay FROM url AS u LEFT JOIN host AS h ON h.id = u.held "
            f"WHERE u.id = ? AND u.state = {LEASED} AND u.run = ? {self.database.dialect.for_update_of_url}",
            (lease.id, self.run.number),
        ).fetchone()
        if row is None:
            return None
        held, was, failures, etag, modified, kind, interval, signature, score, *manner = row
        return Before(
            held, was, failures, etag, modified, kind, interval, signature, score, Manner(*manner)
        )

    def _count_delivery(self, lease: Lease, end: End, outcome: Outcome) -> None:
        """Count what the page delivers, by source and layout."""
        deliveries = self.run.deliveries
        # A page that was looked at again tells how pages read now, though its article is the same.
        for stored in outcome.articles:
            deliveries.article(stored.article)
        if count_delivery(end, outcome.reason):
            deliveries.rejected(lease.host, self.run.now())
        # What a run for certain dates leaves out of a list says nothing of the list.
        if end is End.READ and self.run.key.since is None and self.run.key.until is None:
            deliveries.listed(lease.host, lease.url, outcome.links)

    def _store(self, url: int, outcome: Outcome) -> tuple[End, int | None]:
        """Write the items; the article's end wins over that of others on the same page."""
        end, article = outcome.end, None
        for stored in outcome.articles:
            end, article = self.run.articles.save(stored, self.run.number, url)
        day = datetime.fromtimestamp(self.run.now(), UTC).date().isoformat()
        for line in outcome.lines:
            self.run.lines.append(line.source, day, line.data)
        return end, article

    def _is_home(self, lease: Lease, article: int | None) -> bool:
        """Tell whether an article's visits are made at this address, and not at another of its own."""
        if article is None:
            return True
        row = self.database.execute("SELECT url FROM article WHERE id = ?", (article,)).fetchone()
        return bool(row and row[0] == lease.id)

    def _judge_validators(
        self, lease: Lease, before: Before, etag: str | None, last_modified: str | None
    ) -> None:
        """Distrust a host's validators for good once they stayed the same on a page that changed."""
        is_same = (etag is not None and etag == before.etag) or (
            etag is None and last_modified is not None and last_modified == before.last_modified
        )
        if is_same:
            self.database.execute(
                "UPDATE host SET distrusted = 1 WHERE id = (SELECT host FROM url WHERE id = ?)",
                (lease.id,),
            )


def _answer(end: End, outcome: Outcome) -> str:
    """Say what came back."""
    if end in (End.FAILED, End.UNREAD) and not outcome.reason:
        return "failed"
    return "not_modified" if outcome.is_hint else str(outcome.reason or "ok")


def _rhythm(before: Before, end: End, outcome: Outcome) -> tuple[float, float]:
    """Give the seconds until a list is looked at again, and its failures in a row, weighted."""
    if end is End.UNREAD:
        score = before.score + weight_of(outcome.reason)
        return interval_after_failure(before.kind, before.interval, score), score
    is_same = outcome.signature is not None and outcome.signature == before.signature
    known = outcome.new + outcome.known if is_same else outcome.known
    new = 0 if is_same else outcome.new
    interval = next_interval(before.kind, before.interval, new, known)
    return within(interval, *outcome.poll), 0.0


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
