"""End a run: count what is left, compare what its sources delivered, judge them, close the ledger."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

from newscrawl.errors import StateError
from newscrawl.state.deliveries import Counts, Part, read_deliveries, without
from newscrawl.state.drift import Break, find_breaks, is_recent
from newscrawl.state.drifting import MEANT, OVER, Delivered, judge_drift
from newscrawl.state.ends import End, Ledger
from newscrawl.state.health import Finding, Trouble, judge_source, judged_by
from newscrawl.state.plan import IN_A_ROW
from newscrawl.state.running import Run
from newscrawl.state.troubles import Troubles

BURIED = "the state took this run for dead, and another goes on with what it had: was this machine cut off from it?"


def end_run(run: Run, reason: str) -> Ledger:
    """End a run.

    Raises:
        StateError: it was taken for dead meanwhile.

    """
    check_open(run)
    run.return_leases("run = ?", run.number)
    _count_left(run)
    run.write_counts()
    own = run.deliveries.of_run
    delivered = {source: _delivered(run, source, own) for source in {source for source, _ in own}}
    breaks = _breaks(run, delivered)
    ledger = replace(
        read_ledger(run),
        breaks=tuple(one for one in breaks if is_recent(one, _today(run))),
        troubles=tuple(_troubles(run, delivered, breaks)),
    )
    if not ledger.adds_up():
        reason = "does_not_add_up"
    run.database.execute(
        "UPDATE run SET ended = ?, reason = ? WHERE id = ?", (run.now(), reason, run.number)
    )
    return ledger


def check_open(run: Run) -> None:
    """See to it that the run is still held to be at work.

    Raises:
        StateError: it is not.

    """
    # Held: who takes addresses over counts them off here, before or after the sum is made.
    query = f"SELECT ended FROM run WHERE id = ? {run.database.dialect.for_update}"
    row = run.database.execute(query, (run.number,)).fetchone()
    if row is None or row[0] is not None:
        raise StateError(BURIED)


def read_ledger(run: Run) -> Ledger:
    """Give the run's ledger as it stands."""
    run.write_counts()
    asked = run.database.execute("SELECT asked FROM run WHERE id = ?", (run.number,)).fetchone()
    rows = run.database.execute(
        "SELECT outcome, reason, number FROM ledger WHERE run = ?", (run.number,)
    )
    return Ledger(
        asked=int(asked[0]),
        ends={(End(end), reason): number for end, reason, number in rows},
        refusing=tuple(sorted(run.hosts.refusing)),
        silent=tuple(sorted(run.hosts.silent)),
        sources=run.tallies.of_run,
        asked_sources=tuple(run.tallies.asked()),
    )


def _count_left(run: Run) -> None:
    is_limited = run.articles_left() == 0
    rows = run.database.execute(
        "SELECT q.is_article, h.id, h.name, h.source, h.refusals, h.silences, h.next_at, q.waiting FROM queue AS q "
        "JOIN host AS h ON h.id = q.host WHERE q.run = ? AND q.waiting > 0",
        (run.number,),
    ).fetchall()
    for is_article, host, name, source, refusals, silences, next_at, waiting in rows:
        if run.is_full(host):
            run.count(End.OVER_LIMIT, "host_limit", source, waiting)
        elif is_article and is_limited:
            run.count(End.OVER_LIMIT, None, source, waiting)
        elif next_at > run.now() + run.manners.patience:
            why = "asked_to_wait"
            if refusals >= IN_A_ROW:
                why = "refuses"
                run.hosts.refusing.add(name)
            elif silences >= IN_A_ROW:
                why = "silent"
                run.hosts.silent.add(name)
            run.count(End.LEFT, why, source, waiting)
        else:
            run.count(End.LEFT, None, source, waiting)


def _breaks(run: Run, delivered: Mapping[str, Mapping[str, Delivered]]) -> list[Break]:
    """Compare what this run's sources delivered with the weeks before."""
    return [
        found
        for source in sorted(delivered)
        for part, own in delivered[source].items()
        for found in find_breaks(source, part, own.days, {_today(run): own.counts})
    ]


def _delivered(run: Run, source: str, own: Mapping[Part, Counts]) -> dict[str, Delivered]:
    """Give what a source has delivered in this run, and on the days before without it."""
    today = _today(run)
    return {
        part: Delivered(counts=counts, days=without(days, today, counts))
        for part, days in read_deliveries(run.database, source)
        if (counts := own.get((source, part)))
    }


def _troubles(
    run: Run, delivered: Mapping[str, Mapping[str, Delivered]], breaks: Sequence[Break]
) -> list[Finding]:
    """Judge the sources that were asked, and note what is wrong with them and what no longer is."""
    now, troubles, limits = run.now(), Troubles(run.database), run.manners.health
    run.deliveries.prune(now)
    run.tallies.prune(now)
    run.tallies.close(limits.failing_after, now)
    found = list[Finding]()
    for source in run.tallies.asked():
        findings = judge_source(run.database, source, limits, now)
        judged = judged_by(findings)
        if source in delivered:
            before = [one for one in troubles.of([source]) if one.trouble is Trouble.DRIFTING]
            own = [one for one in breaks if one.source == source]
            parts = delivered[source]
            drift = judge_drift(source, own, before[0] if before else None, parts, _today(run))
            findings += [drift.finding] if drift.finding else []
            judged += [Trouble.DRIFTING] if drift.verdict == OVER else []
            if drift.verdict == MEANT:
                troubles.forget(source, Trouble.DRIFTING)
        found += troubles.note(source, findings, now, judged=judged)
    return found


def _today(run: Run) -> date:
    return datetime.fromtimestamp(run.now(), UTC).date()
