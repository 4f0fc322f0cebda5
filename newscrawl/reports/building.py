"""Put the report of a run together: what its crawls recorded, and what the state knows of their sources."""

import shutil
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from newscrawl.logs import run_name
from newscrawl.quality import registrable_domain
from newscrawl.reports.model import (
    CrawlReport,
    Day,
    FillRate,
    Report,
    SourceReport,
    Store,
    TroubleReport,
)
from newscrawl.reports.record import MOST_PAGES, HostReport, Mishap, PageReport, Recording
from newscrawl.state.deliveries import ARTICLES, FIELDS, HAS
from newscrawl.state.ends import End, Ledger
from newscrawl.state.health import Finding
from newscrawl.state.inspection import State, open_state
from newscrawl.state.place import StatePlace
from newscrawl.wording import numbered

DAYS_NOW: Final = 7
"""Days that a fill rate is of; what lies before is compared with."""
MOST_NAMED: Final = 3
"""Reasons in the summary line; the report has all."""
SKIPPED: Final = "newscrawl/skipped/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where a run's things are."""

    state: StatePlace
    articles: Path | str
    """A folder, or the address of shared storage."""
    raw: Path | None
    reports: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Crawled:
    """A crawl that has ended."""

    spider: str
    run: int | None
    job: str
    ledger: Ledger | None
    """Absent where the run did not begin, or could not be closed."""
    recording: Recording
    stats: Mapping[str, Any]
    """Scrapy's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a run counts."""

    code: int | None = None
    """The exit code; absent where Scrapy gives its own."""
    reasons: tuple[str, ...] = ()


def build_report(
    crawls: Sequence[Crawled], places: Places, *, command: str, began: float, verdict: Verdict
) -> Report:
    """Make the report of a run.

    Args:
        crawls: the crawls that it consists of.
        places: where its state and folders are.
        command: what was called.
        began: when, in seconds since 1970.
        verdict: how it counts.

    Raises:
        StateError: the state cannot be read.

    """
    now = time.time()
    state = open_state(places.state, places.articles)
    try:
        sources = _sources(crawls, state)
        store = _store(state, places, now)
    finally:
        state.close()
    recordings = [crawl.recording for crawl in crawls]
    skews = sorted(s for one in recordings if (s := one.clock_skew()) is not None)
    return Report(
        newscrawl=version("newscrawl"),
        run=run_name(began),
        command=command,
        started=stamp(began),
        ended=stamp(now),
        code=verdict.code,
        reasons=verdict.reasons,
        line=summary_line(crawls, verdict, now - began),
        crawls=tuple(map(_crawl_report, crawls)),
        sources=sources,
        slowest=top_pages((p for one in recordings for p in one.slowest()), "seconds"),
        heaviest=top_pages((p for one in recordings for p in one.heaviest()), "bytes"),
        mishaps=tuple(mishap for one in recordings for mishap in one.mishaps()),
        clock_skew=skews[len(skews) // 2] if skews else None,
        store=store,
    )


def summary_line(crawls: Sequence[Crawled], verdict: Verdict, seconds: float) -> str:
    """Say in one line what a run brought, how long it took, and why it does not end with 0."""
    ends = Counter[tuple[End, str]]()
    for crawl in crawls:
        ends.update(crawl.ledger.ends if crawl.ledger else {})
    line = f"{Ledger(ends=ends).last_line()}; {numbered(len(crawls), 'crawl')} in {seconds:.0f} s"
    reasons = {str(crawl.stats.get("finish_reason")) for crawl in crawls}
    if limits := sorted(reason for reason in reasons if reason.endswith("_limit")):
        line += f", ended by its {' and '.join(limits).replace('_', ' ')}"
    if verdict.code:
        named = list(verdict.reasons[:MOST_NAMED])
        if more := len(verdict.reasons) - len(named):
            named.append(f"and {more} more")
        line += f"; exit code {verdict.code}: {'; '.join(named)}"
    return line


def stamp(seconds: float) -> str:
    """Write a time in ISO 8601, in UTC.

    >>> stamp(0)
    '1970-01-01T00:00:00Z'
    """
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


def top_pages(pages: Any, by: str) -> tuple[PageReport, ...]:
    """Give the pages with the largest figure."""
    return tuple(sorted(pages, key=lambda page: (-getattr(page, by), page.url))[:MOST_PAGES])


def _crawl_report(crawl: Crawled) -> CrawlReport:
    stats = crawl.stats
    return CrawlReport(
        spider=crawl.spider,
        run=crawl.run,
        job=crawl.job,
        ended=str(stats.get("finish_reason") or ""),
        last_line=crawl.ledger.last_line() if crawl.ledger else "",
        stopped_by=str(stats.get("newscrawl/stopped_by") or ""),
        adds_up=crawl.ledger.adds_up() if crawl.ledger else False,
        bugs=int(stats.get("newscrawl/failed", 0)),
        pruned={k.removeprefix(SKIPPED): v for k, v in stats.items() if k.startswith(SKIPPED)},
    )


def _sources(crawls: Sequence[Crawled], state: State) -> dict[str, SourceReport]:
    ends = dict[str, Counter[str]]()
    asked, troubles = set[str](), list[Finding]()
    hosts = dict[str, dict[str, HostReport]]()
    for crawl in crawls:
        for name, host in crawl.recording.hosts().items():
            own = hosts.setdefault(registrable_domain(name) or name, {})
            own[name] = merged_host(own[name], host) if name in own else host
        if crawl.ledger is None:
            continue
        for source, ended in crawl.ledger.sources.items():
            ends.setdefault(source, Counter()).update(
                {f"{end}:{why}" if why else str(end): n for (end, why), n in ended.items() if n}
            )
        asked.update(crawl.ledger.asked_sources)
        troubles += crawl.ledger.troubles
    today = datetime.now(UTC).date()
    return {
        source: SourceReport(
            ends=dict(sorted(ends.get(source, {}).items())),
            is_asked=source in asked,
            hosts=hosts.get(source, {}),
            troubles=trouble_reports(one for one in troubles if one.source == source),
            **_known(state, source, today),
        )
        for source in sorted(ends.keys() | hosts.keys())
    }


def trouble_reports(findings: Any) -> tuple[TroubleReport, ...]:
    """Give findings as a report has them, each kind once."""
    found = {
        one.trouble: TroubleReport(
            trouble=str(one.trouble), detail=one.detail, since=stamp(one.since) if one.since else None
        )
        for one in findings
    }  # fmt: skip
    return tuple(found.values())


def _known(state: State, source: str, today: date) -> dict[str, Any]:
    history = tuple(
        Day(day=day.isoformat(), ends=dict(sorted(ends.items())))
        for day, ends in state.history(source).items()
    )
    filled, articles = _filled(state, source, today)
    last_new, due = state.last_new(source), state.next_due_of(source)
    return {
        "history": history, "filled": filled, "articles": articles,
        "last_new": stamp(last_new) if last_new else None, "next_due": stamp(due) if due else None,
    }  # fmt: skip


def _filled(state: State, source: str, today: date) -> tuple[tuple[FillRate, ...], int]:
    """Give on how many articles each field stands, in the last days and before, layouts put together."""
    now, before = Counter[str](), Counter[str]()
    first = today - timedelta(days=DAYS_NOW - 1)
    for days in state.deliveries(source).values():
        for day, counts in days.items():
            (now if day >= first else before).update(counts)
    if not now[ARTICLES]:
        return (), 0
    rates = tuple(
        FillRate(
            field=name,
            now=round(now[f"{HAS}{name}"] / now[ARTICLES], 4),
            before=round(before[f"{HAS}{name}"] / before[ARTICLES], 4) if before[ARTICLES] else None,
        )
        for name in FIELDS
    )  # fmt: skip
    return rates, now[ARTICLES]


def merged_host(a: HostReport, b: HostReport) -> HostReport:
    """Put together how a host was asked by two crawls."""
    smallest = [gap for gap in (a.smallest_gap, b.smallest_gap) if gap is not None]
    return HostReport(
        requests=a.requests + b.requests,
        statuses=dict(Counter(a.statuses) + Counter(b.statuses)),
        bytes=a.bytes + b.bytes,
        gaps=dict(Counter(a.gaps) + Counter(b.gaps)),
        smallest_gap=min(smallest, default=None),
    )


def _store(state: State, places: Places, now: float) -> Store:
    waiting, due = state.backlog(now)
    sizes = {"articles": state.article_bytes(), "reports": folder_bytes(places.reports)}
    if places.raw is not None:
        sizes["raw"] = folder_bytes(places.raw)
    return Store(
        waiting=waiting, due=due, bytes={"state": state.database.size(), **sizes},
        free=free_on(places.state.folder),
    )  # fmt: skip


def free_on(folder: Path) -> int:
    """Give the bytes that are free on the disk of a folder, which may not be there yet."""
    there = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    return shutil.disk_usage(there).free


def folder_bytes(path: Path) -> int:
    """Give the bytes of the files in a folder; what goes meanwhile counts for nothing."""
    total = 0
    for file in path.iterdir() if path.is_dir() else ():
        with suppress(OSError):
            total += file.stat().st_size if file.is_file() else 0
    return total


def merged_mishaps(mishaps: Sequence[Mishap]) -> tuple[Mishap, ...]:
    """Put what went wrong in the same way together, the examples of the latest first."""
    found = dict[tuple[str, str, str], Mishap]()
    for one in mishaps:
        key = (one.source, one.end, one.reason)
        other = found.get(key)
        found[key] = one if other is None else Mishap(
            source=one.source, end=one.end, reason=one.reason, number=one.number + other.number,
            examples=(*one.examples, *other.examples)[:len(max(one.examples, other.examples, key=len))],
        )  # fmt: skip
    return tuple(sorted(found.values(), key=lambda one: (-one.number, one.source, one.end, one.reason)))  # fmt: skip
