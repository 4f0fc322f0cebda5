"""How a run of what was due counts: its exit code, and why."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from statistics import median
from typing import Final

from scrapy.settings import Settings

from newscrawl.cli.exits import ExitCode
from newscrawl.crawling import Ran
from newscrawl.errors import UsageError
from newscrawl.reports.building import Verdict
from newscrawl.state.health import DEGRADED, Finding, Trouble
from newscrawl.wording import numbered

WRONG_CLOCK: Final = 3600.0
"""Seconds by which the hosts' clocks differ in the median, from which it is this machine's that is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """Shares that may be in trouble before the exit code says so, 0 to 1."""

    failed: float = 0.0
    """Of the pages, by a bug."""
    degraded: float = 0.0
    """Of the sources that were asked."""
    quiet: float = 0.0
    """Likewise."""


def tolerance_of(settings: Settings) -> Tolerance:
    """Read the shares.

    Raises:
        UsageError: one is none.

    """
    names = ("failed", "degraded", "quiet")
    return Tolerance(**{name: _share(settings, f"NEWSCRAWL_MOST_{name.upper()}") for name in names})


def _share(settings: Settings, name: str) -> float:
    given = settings.get(name)
    with suppress(TypeError, ValueError):
        if 0 <= float(given) <= 1:
            return float(given)
    raise UsageError(f"{name}={given} is no share between 0 and 1")


def judge_run(
    ran: Sequence[Ran], tolerance: Tolerance, lost: Sequence[str] = (), stopped: str = ""
) -> Verdict:
    """Judge a run by what went wrong in it, and by the sources that it asked.

    A source counts in the runs that ask it: one that is quiet is asked about once a day, and says so then. What comes first
    here wins: 1, 5, 4, 3, 0.

    Args:
        ran: its crawls.
        tolerance: what may be wrong.
        lost: spiders of jobs that are no longer there.
        stopped: why it could not begin.

    """
    found: list[tuple[ExitCode, str]] = []
    if failures := [stopped] if stopped else _failures(ran, tolerance):
        found += [(ExitCode.FAILED, why) for why in failures]
    asked = sorted({name for one in ran for name in _asked(one)})
    troubles = {(f.source, f.trouble): f for one in ran for f in _troubles(one)}.values()
    found += _of_sources(asked, list(troubles), tolerance)
    found += [(ExitCode.DEGRADED, f"{name}: there is no such source or spider any more") for name in lost]  # fmt: skip
    order = (ExitCode.FAILED, ExitCode.BLOCKED, ExitCode.DEGRADED, ExitCode.NOTHING)
    code = next((code for code in order if any(code is one for one, _ in found)), ExitCode.OK)
    return Verdict(
        code=int(code), reasons=tuple(why for one in order for c, why in found if c is one)
    )


def _failures(ran: Sequence[Ran], tolerance: Tolerance) -> list[str]:
    # Taken by another run between the look and the crawl: its work is done there.
    stats = [one.stats for one in ran if not one.stats.get("newscrawl/taken")]
    stops = [str(why) for s in stats if (why := s.get("newscrawl/stopped_by"))]
    found = list(dict.fromkeys(stops))
    found += [
        f"{one.job.source}: {type(one.error).__name__}: {one.error}" for one in ran if one.error
    ]
    # One that was broken off has no reason to end.
    whole = [one.stats for one in ran if not one.error]
    if any(s.get("finish_reason", "shutdown") == "shutdown" for s in whole):
        found.append("it was interrupted")
    skews = [skew for one in ran if one.crawled and (skew := one.crawled.recording.clock_skew())]
    if skews and abs(median(skews)) > WRONG_CLOCK:
        found.append(f"the clock is wrong: the hosts' are {median(skews) / 3600:.1f} h ahead of it")
    if any(s.get("newscrawl/totals_add_up") is False for s in stats) and not stops:
        found.append("the ledger does not add up")
    bugs = sum(int(s.get("newscrawl/failed", 0)) for s in stats)
    pages = sum(int(s.get("newscrawl/asked", 0)) for s in stats)
    if bugs > tolerance.failed * pages:
        found.append(f"{numbered(bugs, 'page')} failed by a bug")
    asked = {name for one in ran for name in _asked(one)}
    requests, answers = (
        sum(int(s.get(f"downloader/{name}_count", 0)) for s in stats)
        for name in ("request", "response")
    )
    if len(asked) > 1 and requests and not answers:
        found.append(f"none of {len(asked)} sources answered: is this machine on the net?")
    return found


def _asked(one: Ran) -> Sequence[str]:
    return one.crawled.ledger.asked_sources if one.crawled and one.crawled.ledger else ()


def _troubles(one: Ran) -> Sequence[Finding]:
    return one.crawled.ledger.troubles if one.crawled and one.crawled.ledger else ()


def _of_sources(
    asked: Sequence[str], troubles: list[Finding], tolerance: Tolerance
) -> list[tuple[ExitCode, str]]:
    refusing = {one.source for one in troubles if one.trouble is Trouble.REFUSING}
    if asked and refusing.issuperset(asked):
        own = [one for one in troubles if one.trouble is Trouble.REFUSING]
        return [(ExitCode.BLOCKED, one.said()) for one in own]
    found = []
    groups = (
        (ExitCode.DEGRADED, tolerance.degraded, [t for t in troubles if t.trouble in DEGRADED]),
        (ExitCode.NOTHING, tolerance.quiet, [t for t in troubles if t.trouble is Trouble.QUIET]),
    )
    for code, share, group in groups:
        if len({one.source for one in group}) > share * len(asked):
            found += [(code, one.said()) for one in group]
    return found
