"""End leases: store what they brought, plan the next visit, let the host rest, count."""

from dataclasses import replace
from datetime import UTC, datetime

from newscrawl.reasons import Reason
from newscrawl.state import Lease, Outcome
from newscrawl.state.deliveries import count_delivery
from newscrawl.state.ends import End
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
from newscrawl.state.running import DONE, NO_URL, WAITING, Run


class Acking:
    """Ends leases, within the state's transactions."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.database = run.database

    def ack(self, lease: Lease, outcome: Outcome) -> End | None:
        """End a lease; None where it was no longer ours."""
        if not self.run.holds(lease.id):
            return None
        now = self.run.now()
        end, article = self._store(lease.id, outcome)
        for child in outcome.children:
            self.keep(child)
        if end in REFUSALS and self.run.value("outcome", lease.id) == end:
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
            failures = 1 + int(self.run.value("failures", lease.id))
        is_list = end in (End.READ, End.UNREAD)
        first = lease.first_fetched or now
        plan = outcome.plan if self._is_home(lease, article) else ()
        due = _due(end, outcome.reason, failures, plan, first, now)
        # What a feed said of an article is told to its next visit too: else the page seems to have lost it.
        request = "" if is_list or due is not None else "request = NULL, "
        unchanged = "unchanged + 1" if end is End.UNCHANGED else "0"
        self.database.execute(
            f"UPDATE url SET state = {DONE}, is_article = ?, outcome = ?, reason = ?, due = ?, {request}"
            "first_fetched = ?, fetched = ?, failures = ?, attempts = 0, published = ?, "
            f"unchanged = {unchanged}, hints = {hints}, "
            "etag = ?, last_modified = ?, article = coalesce(?, article) WHERE id = ?",
            (
                not is_list, str(end), outcome.reason, due, first, now, failures, outcome.published,
                etag, modified, article, lease.id,
            ),
        )  # fmt: skip
        if is_list:
            self._schedule(lease.id, end, outcome, now)
        self.run.count(end, outcome.reason, self.run.hosts.source_of(lease.host))
        self._count_answer(lease, end, outcome)
        self._count_delivery(lease, end, outcome, now)
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
        if self.run.holds(lease.id):
            now = self.run.now()
            self._release(lease, outcome, now)
            self.run.claimed_articles.add(None, -int(lease.is_article))
            self.database.execute(
                f"UPDATE url SET state = {WAITING}, not_before = ? WHERE id = ?",
                (now + delay, lease.id),
            )

    def move(self, lease: Lease, name: str, delay: float) -> bool:
        """Leave the lease's host for another; False while that one is busy."""
        now = self.run.now()
        host = self.run.hosts.id_of(name)
        if not self.run.holds(lease.id):
            return True  # the ack will say that it is not ours; nothing is held for it
        held = self.run.held(lease.id)
        if held == host:
            return True
        if held is not None:
            # Freed first: two runs that wait for each other's host would wait for ever.
            self.database.execute("UPDATE url SET held = NULL WHERE id = ?", (lease.id,))
            self.run.hosts.rest(held, now + delay)
        dialect = self.database.dialect
        free = self.database.execute(
            f"SELECT 1 FROM host AS h WHERE h.id = ? AND {dialect.busy} < ? AND h.next_at <= ? {dialect.skip_locked}",
            (host, self.run.concurrency, now),
        ).fetchone()
        if free is None:
            return False
        self.database.execute("UPDATE url SET held = ? WHERE id = ?", (host, lease.id))
        return True

    def _count_delivery(self, lease: Lease, end: End, outcome: Outcome, now: float) -> None:
        """Count what the page delivers, by source and layout."""
        deliveries = self.run.deliveries
        # A page that was looked at again tells how pages read now, though its article is the same.
        for stored in outcome.articles:
            deliveries.article(stored.article, now)
        if count_delivery(end, outcome.reason):
            deliveries.rejected(lease.host, now)
        # What a run for certain dates leaves out of a list says nothing of the list.
        if end is End.READ and self.run.key.since is None and self.run.key.until is None:
            deliveries.listed(lease.host, lease.url, outcome.links, now)

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
        (source,) = self.database.execute(
            "SELECT source FROM host WHERE id = (SELECT host FROM url WHERE id = ?)", (lease.id,)
        ).fetchone()
        self.database.execute(
            "INSERT INTO answer (run, source, kind, number) VALUES (?, ?, ?, 1) "
            "ON CONFLICT (run, source, kind) DO UPDATE SET number = answer.number + 1",
            (self.run.number, source, kind),
        )

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

    def _release(self, lease: Lease, outcome: Outcome, now: float) -> None:
        held = self.run.held(lease.id)
        self.database.execute(
            "UPDATE url SET held = NULL, lease_until = NULL WHERE id = ?", (lease.id,)
        )
        if held is not None:
            self.run.hosts.answered(held, outcome, now)

    def _judge_validators(self, lease: Lease, etag: str | None, last_modified: str | None) -> None:
        """Distrust a host's validators for good once they stayed the same on a page that changed."""
        old_etag, old_modified = self.database.execute(
            "SELECT etag, last_modified FROM url WHERE id = ?", (lease.id,)
        ).fetchone()
        is_same = (etag is not None and etag == old_etag) or (
            etag is None and last_modified is not None and last_modified == old_modified
        )
        if is_same:
            self.database.execute(
                "UPDATE host SET distrusted = 1 WHERE id = (SELECT host FROM url WHERE id = ?)",
                (lease.id,),
            )


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
