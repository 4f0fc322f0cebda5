"""Two hundred days of a scheduled job in minutes: hourly runs against the demo site, under a fake clock.

`make simulate` runs all of it; a test runs nine days. Papers publish, edit and take away articles, a paper is redesigned, one goes
silent, one is down, one refuses, the net is away, the disk is full, the machine is off, killed, and its clock wrong. What the server has
given out is the truth: every article once, the right versions; each exit code follows from what was asked, and each notice
comes on its day.
"""

import argparse
import json
import re
import sqlite3
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from newscrawl.demo.model import DemoArticle
from newscrawl.demo.site import Resource, load_publishers, publisher_resources
from newscrawl.quality import registrable_domain
from tests.web import Answer, Web

ROOT: Final = Path(__file__).parents[1]
BEGIN: Final = datetime(2026, 9, 15, tzinfo=UTC)
"""Two hundred days from here hold both days on which Berlin's clocks change."""
LISTED: Final = 40
"""Articles that feeds and sections list."""
AT_FIRST: Final = 8
HOURS: Final[dict[str, Callable[[datetime], bool]]] = {
    # In UTC: the papers' habits.
    "lanterngram": lambda now: now.hour in (1, 5, 9, 13),
    "harbourcourier": lambda now: now.hour == 6 and now.weekday() < 5,
    "meridianwire": lambda now: now.hour % 3 == 0,
    "sada-alsahel": lambda now: now.hour in (8, 16),
    "talbote": lambda now: now.hour == 4 and now.weekday() != 6,
}
SETTINGS: Final = (
    "DOWNLOAD_DELAY=0", "AUTOTHROTTLE_ENABLED=0", "CONCURRENT_REQUESTS_PER_DOMAIN=8", "RETRY_TIMES=0", "NEWSCRAWL_PATIENCE=0.5",
    "NEWSCRAWL_ARCHIVE_DAYS=30", "NEWSCRAWL_REPORT_DAYS=20", 'NEWSCRAWL_QUIET_AFTER={"meridianwire.example": "1d"}',
)  # fmt: skip
AN_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True)
class Event:
    """Something that happens to a paper, or to the machine, for a while."""

    kind: str
    begin: float
    """Days from the beginning."""
    days: float
    paper: str = ""
    told: tuple[str, ...] = ()
    """Troubles that a notice must name."""
    within: tuple[float, float] = (0.0, 0.0)
    """Days from `begin` on which the first of them is told."""
    allowed: tuple[str, ...] = ()
    """Troubles that may be told besides."""
    after: float = 2.0
    """Days after its end on which they still may."""

    def is_on(self, day: float) -> bool:
        return self.begin <= day < self.begin + self.days


YEARS: Final = (
    Event("killed", 20.3, 0.2),
    Event("down", 60.25, 1.5, "harbourcourier", ("failing",), (0.1, 1.5)),
    Event("silent", 90.2, 12, "talbote", ("quiet",), (3.5, 8.0)),
    Event("redesign", 120.1, 80, "lanterngram", ("drifting",), (0.0, 2.5)),
    Event("refusing", 150.1, 2, "meridianwire", ("refusing",), (0.0, 0.3)),
    Event("off", 165.0, 3.0),
    Event("net", 178.2, 0.3, "", ("broken",), (0.0, 0.15), ("silent", "failing"), 0.5),
    Event("disk", 185.3, 0.13, "", ("broken",), (0.0, 0.1), after=0.5),
    Event("clock", 190.25, 0.05, allowed=("broken",), after=0.5),
)
DAYS: Final = (
    Event("killed", 1.3, 0.2),
    Event("down", 2.2, 1.0, "sada-alsahel", ("failing",), (0.05, 1.0)),
    Event("redesign", 4.1, 9, "lanterngram", ("drifting",), (0.0, 2.5)),
    Event("silent", 4.6, 2.4, "meridianwire", ("quiet",), (0.9, 2.3)),
    Event("net", 7.2, 0.2, "", ("broken",), (0.0, 0.1), ("silent", "failing"), 0.5),
    Event("disk", 8.3, 0.1, "", ("broken",), (0.0, 0.1), after=0.5),
    Event("clock", 8.6, 0.05, allowed=("broken",), after=0.5),
)


@dataclass
class Truth:
    """An article of the simulated web."""

    article: DemoArticle
    born: datetime
    edited_at: datetime | None = None
    gone_at: datetime | None = None
    is_blocked: bool = False
    served: list[tuple[Any, ...]] = field(default_factory=list)
    """What was given out, in order: the text's variant, and whether it had a byline."""


class Papers(Web):
    """The simulated web, as it is at one moment."""

    def __init__(self, events: tuple[Event, ...]) -> None:
        super().__init__()
        self.events = events
        self.clock = self._moment
        self.now = BEGIN
        self.published = 0
        self.publishers = {p.host.split(".")[1]: p for p in load_publishers()}
        self.truths: dict[str, Truth] = {}
        self.latest: dict[str, list[Truth]] = defaultdict(list)
        self.resources: dict[str, dict[str, Resource]] = {}
        for name in self.publishers:
            for back in range(AT_FIRST, 0, -1):
                self._publish(name, BEGIN - timedelta(hours=7 * back))
            self._rebuild(name)

    # -- what happens -----------------------------------------------------------------------------

    def go_to(self, now: datetime) -> None:
        """Let the hours pass until then."""
        while self.now < now:
            self.now += AN_HOUR
            changed = {
                n for n in self.publishers if HOURS[n](self.now) and not self.is_on("silent", n)
            }
            for name in changed:
                self._publish(name, self.now)
            changed |= {
                self._paper_of(t) for t in self._recent() if self.now in (t.edited_at, t.gone_at)
            }
            if self._is_redesigned_now():
                changed.add("lanterngram")
            for name in changed:
                self._rebuild(name)

    def is_on(self, kind: str, paper: str = "") -> bool:
        return any(e.kind == kind and e.paper == paper and e.is_on(self.day) for e in self.events)

    @property
    def day(self) -> float:
        return (self.now - BEGIN) / timedelta(days=1)

    def _moment(self) -> float:
        return self.now.timestamp()

    def _is_redesigned_now(self) -> bool:
        before = self.day - AN_HOUR / timedelta(days=1)
        return any(e.kind == "redesign" and before < e.begin <= self.day for e in self.events)

    def _publish(self, name: str, born: datetime) -> None:
        self.published += 1
        number = self.published
        publisher = self.publishers[name]
        plain = [
            a
            for a in publisher.articles
            if a.kind == "news" and a.encoding == "utf-8" and a.authors
        ]
        # Those that an agency does not stand on have no byline where their authors are not named.
        plain = [a for a in plain if not a.agencies] or plain
        pattern = plain[number % len(plain)]
        local = born.astimezone(ZoneInfo(publisher.timezone))
        path = re.sub(r"/\d{4}/\d{2}/\d{2}/", f"/{local:%Y/%m/%d}/", pattern.path)
        path = re.sub(r"MW\d{8}", f"MW{local:%Y%m%d}", path).replace(
            pattern.slug, f"{pattern.slug}-{number}"
        )
        article = replace(
            pattern, slug=f"{pattern.slug}-{number}", path=path, title=f"{pattern.title} ({number})",
            paragraphs=_variant(pattern.paragraphs, number, 0), date_published=local.isoformat(), date_modified=None,
            related=(), inserts=(),
        )  # fmt: skip
        truth = Truth(article, born)
        # Some are edited before a visit of the plan, some between two, some after the last; some vanish, some are locked away.
        if number % 5 == 0:
            truth.edited_at = born + timedelta(hours=(2, 10, 40, 200)[number // 5 % 4])
        elif number % 23 == 0:
            truth.gone_at = born + timedelta(hours=30)
        elif number % 31 == 0:
            truth.is_blocked = True
        self.truths[article.url] = truth
        self.latest[name].append(truth)

    def _recent(self) -> Iterator[Truth]:
        for latest in self.latest.values():
            yield from latest[-150:]

    def _paper_of(self, truth: Truth) -> str:
        return truth.article.host.split(".")[1]

    def _rebuild(self, name: str) -> None:
        shown = [t for t in self.latest[name] if not self._is_gone(t)][-LISTED:]
        articles = tuple(map(self._as_it_is, shown))
        filled = {article.section for article in articles}
        sections = tuple(s for s in self.publishers[name].sections if s.name in filled)
        publisher = replace(self.publishers[name], articles=articles, sections=sections)
        self.resources[publisher.host] = publisher_resources(publisher)

    # -- what is given out ------------------------------------------------------------------------

    def answer(self, url: str) -> Answer:
        host = urlsplit(url).hostname or ""
        paper = host.split(".")[1] if host.count(".") > 1 else host
        if self.is_on("net"):
            raise ConnectionResetError
        if self.is_on("down", paper) and not url.endswith("/robots.txt"):
            return Answer("out of order", 500)
        if self.is_on("refusing", paper):
            return Answer("go away", 403)
        if truth := self.truths.get(url):
            return self._article(truth)
        found = self.resources.get(host, {}).get(url)
        if found is None:
            return Answer("not here", 404)
        return Answer(found.body, found.status, found.content_type)

    def _article(self, truth: Truth) -> Answer:
        if truth.is_blocked:
            return Answer("members only", 403)
        if self._is_gone(truth):
            return Answer("gone", 410)
        truth.served.append((self._is_edited(truth), self._has_byline(truth)))
        publisher = self.publishers[self._paper_of(truth)]
        # Related links and the like come from the paper's present list.
        article = self._as_it_is(truth)
        sections = tuple(s for s in publisher.sections if s.name == article.section)
        shown = replace(publisher, articles=(article,), sections=sections)
        found = publisher_resources(shown)[truth.article.url]
        body = found.body
        for name in () if self._has_byline(truth) else article.signed:
            # The new design prints no names, nor does it declare them.
            body = body.replace(name.encode(), b"")
        return Answer(body, 200, found.content_type)

    def _as_it_is(self, truth: Truth) -> DemoArticle:
        article = truth.article
        if self._is_edited(truth):
            assert truth.edited_at is not None
            number = int(article.slug.rsplit("-", 1)[1])
            edited = truth.edited_at.astimezone(article.published.tzinfo).isoformat()
            article = replace(
                article, paragraphs=_variant(article.paragraphs, number, 1), date_modified=edited
            )
        return article

    def _is_edited(self, truth: Truth) -> bool:
        return truth.edited_at is not None and truth.edited_at <= self.now

    def _is_gone(self, truth: Truth) -> bool:
        return truth.gone_at is not None and truth.gone_at <= self.now

    def _has_byline(self, truth: Truth) -> bool:
        return not self.is_on("redesign", self._paper_of(truth))


def _variant(paragraphs: tuple[str, ...], number: int, variant: int) -> tuple[str, ...]:
    mark = f" [{number}]" if not variant else f" [{number}, {variant}]"
    return (*(p.split(" [")[0] + mark for p in paragraphs),)


# -- the runs ------------------------------------------------------------------------------------


class Machine:
    """Calls newscrawl at a time of the simulation; see `tests.zygote`."""

    def __init__(self, folder: Path, proxy: str) -> None:
        self.folder = folder
        self.notices = folder / "notices.jsonl"
        self.said = folder / "said.txt"
        tell = folder / "tell.sh"
        tell.write_text(f"cat >> {self.notices}; echo >> {self.notices}\n")
        self.settings = [
            part for name in (*SETTINGS, f"NEWSCRAWL_NOTICE_COMMAND=sh {tell}") for part in ("-s", name)
        ]  # fmt: skip
        self.environment = {
            "http_proxy": proxy,
            "no_proxy": "",
            "TZ": "Europe/Berlin",
            "NEWSCRAWL_SOURCES": "",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.zygote"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def __call__(
        self, now: datetime, *arguments: str, kill_after: float | None = None
    ) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        asked = {
            "now": now.timestamp(), "arguments": arguments, "folder": str(self.folder), "said": str(self.said),
            "environment": self.environment, "kill_after": kill_after,
        }  # fmt: skip
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        done: dict[str, Any] = json.loads(self.process.stdout.readline())
        return done

    def run_due(self, now: datetime, *more: str, kill_after: float | None = None) -> dict[str, Any]:
        return self(now, "run", "--due", "-q", *self.settings, *more, kill_after=kill_after)

    def told(self) -> list[dict[str, Any]]:
        """Give the notices that came since the last call."""
        lines = self.notices.read_text().splitlines() if self.notices.exists() else []
        self.notices.unlink(missing_ok=True)
        return [json.loads(line) for line in lines if line.strip()]

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(30)


@dataclass
class Outcome:
    """What a simulation showed."""

    problems: list[str] = field(default_factory=list)
    codes: Counter[int] = field(default_factory=Counter)
    told: list[tuple[float, str, str]] = field(default_factory=list)
    """Day, source and trouble of each first notice."""
    over: list[tuple[float, str, str]] = field(default_factory=list)
    sizes: list[tuple[float, int]] = field(default_factory=list)
    """Day, and bytes of the state."""
    memory: list[int] = field(default_factory=list)
    """Most memory of each run that crawled, in kB."""
    runs: int = 0
    requests: int = 0
    articles: int = 0
    versions: int = 0
    cpu: float = 0.0
    seconds: float = 0.0


class Simulation:
    """Runs the job hour by hour, and holds every exit code and notice against what must be."""

    def __init__(self, folder: Path, days: float, events: tuple[Event, ...]) -> None:
        self.folder = folder
        self.days = days
        self.events = events
        self.papers = Papers(events)
        self.outcome = Outcome()
        self.troubles: set[tuple[str, str]] = set()
        self.drifting_since: dict[str, float] = {}
        self.told_on: dict[tuple[str, str], float] = {}

    def run(self) -> Outcome:
        begun = time.monotonic()
        with self.papers as web:
            machine = Machine(self.folder, web.proxy)
            try:
                self._begin(machine)
                for hour in range(1, int(self.days * 24)):
                    self._hour(machine, BEGIN + timedelta(hours=hour, minutes=7))
                self._check_store(machine)
            finally:
                machine.close()
        self._check_articles()
        self._check_notices()
        self.outcome.seconds = time.monotonic() - begun
        return self.outcome

    def _begin(self, machine: Machine) -> None:
        for publisher in self.papers.publishers.values():
            settings = machine.settings
            done = machine(BEGIN, "crawl", f"{publisher.base}/", "-O", "/dev/null", "-q", *settings)
            if done["code"] != 0:
                self.outcome.problems.append(
                    f"{publisher.host}: the first crawl ended with {done['code']}"
                )

    def _hour(self, machine: Machine, now: datetime) -> None:
        self.papers.go_to(now.replace(minute=0))
        if self.papers.is_on("off"):
            return
        logged = len(self.papers.log)
        more = ("-s", "NEWSCRAWL_LEAST_FREE=10000000000000000") if self.papers.is_on("disk") else ()
        kill = 0.25 if self.papers.is_on("killed") else None
        wrong = timedelta(hours=5) if self.papers.is_on("clock") else timedelta(0)
        done = machine.run_due(now - wrong, *more, kill_after=kill)
        asked = self.papers.log[logged:]
        del self.papers.log[:]
        outcome = self.outcome
        outcome.runs += 1
        outcome.requests += len(asked)
        outcome.codes[done["code"]] += 1
        outcome.cpu += done["cpu"]
        if asked:
            outcome.memory.append(done["rss"])
        sources = {
            registrable_domain(one.host) or ""
            for one in asked
            if not one.url.endswith("/robots.txt")
        }
        attempted = {registrable_domain(one.host) or "" for one in asked}
        self._note(machine.told())
        if kill is None or done["code"] >= 0:
            self._check_code(done["code"], sources, attempted)
        if int(self.papers.day * 24) % 24 == 0:
            outcome.sizes.append((self.papers.day, self._state_bytes()))

    def _note(self, notices: list[dict[str, Any]]) -> None:
        day = self.papers.day
        for notice in notices:
            for one in notice["troubles"]:
                key = (one["source"], one["trouble"])
                if key not in self.troubles:
                    self.outcome.told.append((day, *key))
                elif day - self.told_on[key] < 0.9:
                    self.outcome.problems.append(f"day {day:.2f}: {key} is told again too soon")
                self.troubles.add(key)
                self.told_on[key] = day
                if one["trouble"] == "drifting":
                    self.drifting_since.setdefault(one["source"], day)
            if notice["failure"]:
                self.outcome.told.append((day, "", "broken"))
            for one in notice["over"]:
                self.troubles.discard((one["source"], one["trouble"]))
                self.outcome.over.append((day, one["source"], one["trouble"]))

    def _check_code(self, code: int, sources: set[str], attempted: set[str]) -> None:
        expected = self._expected(sources, attempted)
        if code not in expected:
            said = f"day {self.papers.day:.2f}: exit code {code}, expected {sorted(expected)}; asked {sorted(sources)}, in trouble {sorted(self.troubles)}"  # fmt: skip
            self.outcome.problems.append(said)

    def _expected(self, sources: set[str], attempted: set[str]) -> set[int]:
        expected = self._expected_of_asked(sources, attempted)
        # A host that is left alone is not asked, and counts all the same, if something of it was due.
        is_resting = any(trouble in ("silent", "refusing") for _, trouble in self.troubles)
        return expected | {4, 5} if is_resting and expected != {1} else expected

    def _expected_of_asked(self, sources: set[str], attempted: set[str]) -> set[int]:
        if self.papers.is_on("disk") or (self.papers.is_on("net") and len(attempted) > 1):
            return {1}
        if self.papers.is_on("clock") and len(attempted) >= 3:
            # The hosts' clocks tell.
            return {1}
        named = {(s, t) for s, t in self.troubles if s in sources | attempted}
        refusing = {s for s, t in named if t == "refusing"}
        if refusing and refusing >= sources:
            return {5}
        if any(t in ("refusing", "silent", "failing") for _, t in named):
            return {4}
        # What drifts is named for a week; then it is taken for meant.
        drifting = [s for s, t in named if t == "drifting"]
        if any(self.papers.day - self.drifting_since[s] < 6.5 for s in drifting):
            return {4}
        rest = {3} if any(t == "quiet" for _, t in named) else {0}
        return rest | (
            {4} if any(self.papers.day - self.drifting_since[s] < 10 for s in drifting) else set()
        )

    # -- what must have come of it ----------------------------------------------------------------

    def _check_articles(self) -> None:
        stored: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for path in sorted((self.folder / "data" / "articles").rglob("*.jsonl")):
            for line in path.read_bytes().splitlines():
                article = json.loads(line)
                stored[article["url"]].append(article)
        problems = self.outcome.problems
        problems += [
            f"{url} is no article of any paper" for url in stored.keys() - self.papers.truths.keys()
        ]
        grown_up = BEGIN + timedelta(days=self.days - 1.5)
        for url, truth in self.papers.truths.items():
            served = [version for version, _ in groupby(truth.served)]
            versions = stored.get(url, [])
            if len(versions) != len(served):
                problems.append(
                    f"{url}: {len(versions)} versions are stored, {len(served)} were given out"
                )
            if [v["revision"]["number"] for v in versions] != list(range(1, len(versions) + 1)):
                problems.append(f"{url}: its versions are not 1, 2, …")
            for version, (is_edited, has_byline) in zip(versions, served, strict=False):
                self._check_version(url, version, is_edited=is_edited, has_byline=has_byline)
            is_due = truth.born < grown_up and not truth.is_blocked and truth.gone_at is None
            if is_due and not versions:
                problems.append(f"{url}, published {truth.born}, was never stored")
        self.outcome.articles = len(stored)
        self.outcome.versions = sum(map(len, stored.values()))

    def _check_version(
        self, url: str, version: dict[str, Any], *, is_edited: bool, has_byline: bool
    ) -> None:
        if (", 1]" in version["text"]) != is_edited:
            self.outcome.problems.append(f"{url}: a version has the wrong text")
        if bool(version.get("authors")) != has_byline:
            self.outcome.problems.append(f"{url}: a version has the wrong byline")

    def _check_notices(self) -> None:
        told = list(self.outcome.told)
        for event in (e for e in self.events if e.begin + e.within[1] + 0.1 < self.days):
            source = f"{event.paper}.example" if event.paper else ""
            first, last = (event.begin + days for days in event.within)
            for trouble in event.told:
                days = [d for d, s, t in told if t == trouble and (s == source or not source)]
                hits = [day for day in days if first <= day <= last + 0.05]
                if not hits:
                    self.outcome.problems.append(
                        f"{event}: told on {days}, not between {first:.1f} and {last:.1f}"
                    )
            end = event.begin + event.days + event.after
            mine = {*event.told, *event.allowed}
            told = [
                (d, s, t)
                for d, s, t in told
                if not (event.begin <= d <= end and t in mine and (s == source or not source))
            ]
            for trouble in event.told:
                is_over = any(
                    t == trouble and (s == source or not source) and d >= event.begin
                    for d, s, t in self.outcome.over
                )
                if not is_over and trouble != "drifting" and self.days > end:
                    self.outcome.problems.append(f"{event}: nobody was told that it is over")
        self.outcome.problems += [
            f"day {day:.2f}: a notice of {source or 'the run'}, {trouble}, for no reason"
            for day, source, trouble in told
        ]

    def _check_store(self, machine: Machine) -> None:
        done = machine(BEGIN + timedelta(days=self.days), "state", "check", "-q")
        if done["code"] != 0:
            self.outcome.problems.append(f"state check ends with {done['code']}")
        runs = self._number("SELECT count(*) FROM run")
        newest = self._number("SELECT max(id) FROM run")
        if self.days > 100 and runs > 0.6 * newest:
            self.outcome.problems.append(f"{runs} of {newest} runs are kept")
        data = self.folder / "data"
        raw, reports = (
            len(list((data / "raw").iterdir())),
            len(list((data / "runs").glob("*.json"))),
        )
        if self.days > 40 and (raw > 33 * 6 or reports > 22 * 24):
            self.outcome.problems.append(f"{raw} archives and {reports} reports are kept")

    def _number(self, query: str) -> int:
        database = sqlite3.connect(self.folder / "data" / "state.db")
        try:
            return int(database.execute(query).fetchone()[0])
        finally:
            database.close()

    def _state_bytes(self) -> int:
        return sum(
            p.stat().st_size for p in (self.folder / "data").glob("state.db*") if p.is_file()
        )


def simulate(folder: Path, days: float, events: tuple[Event, ...]) -> Outcome:
    """Run a simulation in a folder."""
    return Simulation(folder, days, events).run()


def describe(outcome: Outcome, days: float) -> str:
    """Say what it showed."""
    codes = ", ".join(f"{code}: {number}" for code, number in sorted(outcome.codes.items()))
    lines = [
        f"{days:g} days, {outcome.runs} runs, {outcome.requests} requests in {outcome.seconds:.0f} s ({outcome.cpu:.0f} s of CPU in the runs)",
        f"{outcome.articles} articles in {outcome.versions} versions",
        f"exit codes {codes}",
    ]
    lines += [
        f"told on day {day:.2f}: {source or 'the run'} is {trouble}"
        for day, source, trouble in outcome.told
    ]
    lines += [
        f"over on day {day:.2f}: {source} is no longer {trouble}"
        for day, source, trouble in outcome.over
    ]
    tenth = max(1, len(outcome.memory) // 10)
    early, late = median(outcome.memory[tenth : 2 * tenth]), median(outcome.memory[-tenth:])
    lines.append(
        f"memory of a run, median: {early / 1000:.0f} MB in the second tenth, {late / 1000:.0f} MB in the last"
    )
    marks = outcome.sizes[:: max(1, len(outcome.sizes) // 8)]
    lines.append("state: " + ", ".join(f"day {day:.0f} {size / 1e6:.1f} MB" for day, size in marks))
    lines += [f"PROBLEM {problem}" for problem in outcome.problems[:50]]
    lines.append(f"{len(outcome.problems)} problems")
    return "\n".join(lines)


def main() -> int:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=float, default=200)
    parser.add_argument("--keep", metavar="FOLDER", help="work in FOLDER, and leave it")
    options = parser.parse_args()
    events = YEARS if options.days > 20 else DAYS
    if options.keep:
        folder = Path(options.keep)
        folder.mkdir(parents=True)
        outcome = simulate(folder, options.days, events)
    else:
        with TemporaryDirectory() as temporary:
            outcome = simulate(Path(temporary), options.days, events)
    print(describe(outcome, options.days))
    return 1 if outcome.problems else 0


if __name__ == "__main__":
    sys.exit(main())
