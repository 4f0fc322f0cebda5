"""Ten thousand sites under the real plan: what a number of workers makes of them, day by day."""

import heapq
import random
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from newscrawl.state.plan import DAY, DEFAULT, RHYTHMS, next_interval, parse_plan
from newscrawl.state.postgres_database import SILENCE

PLAN: Final = parse_plan(DEFAULT)
LISTS: Final = (("feed", 30), ("news_sitemap", 200), ("section", 40), ("home", 60))
"""The lists of a site, and how many articles each names at the most."""
SPREAD: Final = 1.5
"""Of the logarithm of articles a day over sites; the greatest tenth of them publishes six tenths of all."""
MOST_A_DAY: Final = 2000.0
LOOK: Final = 5.0
"""Seconds between two looks of a worker."""
LOST: Final = SILENCE
"""Seconds until what a worker that died had is due again."""
STALL: Final = 60.0
"""Seconds for which the database is away at a time."""
DAYS_BEFORE: Final = 7
"""Days before the beginning whose articles are visited again still."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What is simulated."""

    sites: int = 10_000
    articles: float = 30.0
    """A site and day, the mean."""
    days: int = 2
    workers: int = 4
    crawls: int = 16
    """Of a worker at a time."""
    delay: float = 1.0
    latency: float = 0.5
    page_ms: float = 45.0
    """CPU of a worker for a page."""
    crawl_ms: float = 150.0
    """CPU of a worker to begin and end a crawl, its robots.txt among it."""
    begin_seconds: float = 1.0
    """From the look at what is due to the first page: robots.txt, home."""
    deaths: float = 1.0
    """Of a worker a day."""
    stalls: float = 1.0
    """Of the database a day."""
    seed: int = 1


@dataclass(slots=True)
class Site:
    """A site, as the state knows it."""

    a_second: float
    """Articles that it publishes."""
    seen_until: float
    due: list[float]
    """When each list is looked at again."""
    interval: list[float | None]
    visits: tuple[deque[tuple[float, int]], ...] = field(
        default_factory=lambda: tuple(deque[tuple[float, int]]() for _ in PLAN)
    )
    """By age of the plan: articles that wait for it, as the first visit of the first of them and their number."""

    def next(self) -> float:
        """Give when something is due."""
        ahead = [first + age for age, (first, _) in zip(PLAN, self._heads(), strict=True)]
        return min(*self.due, *ahead)

    def _heads(self) -> Iterator[tuple[float, int]]:
        return (waiting[0] if waiting else (float("inf"), 0) for waiting in self.visits)


@dataclass(slots=True)
class Day:
    """What a day brought."""

    lateness: list[float] = field(default_factory=list)
    """Of lists, in seconds."""
    ages: list[float] = field(default_factory=list)
    """Of articles when they were first fetched, in seconds, a mean a poll."""
    count: Counter[str] = field(default_factory=Counter)
    busy: float = 0.0
    """Seconds of crawls."""
    cpu: float = 0.0
    hours: Counter[int] = field(default_factory=Counter)
    """Pages by the hour."""
    backlog: int = 0
    """Sites that waited for a worker when the day ended."""


class Simulation:
    """Runs a world; each crawl is an event, its pages are sums."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.chance = np.random.default_rng(world.seed)
        self.random = random.Random(world.seed)
        self.sites = [self._site(a_day) for a_day in self._sizes()]
        self.days = [Day() for _ in range(world.days)]
        self.cores = [0.0] * world.workers
        """Until when the core of each worker has to do."""
        self.dies = [self._death(0.0) for _ in self.cores]
        self.stalls = self._stalls()
        self.ready: list[int] = []
        self.free = [n for n in range(world.workers) for _ in range(world.crawls)]
        self.events: list[tuple[float, int, int]] = [
            (site.next(), number, -1) for number, site in enumerate(self.sites)
        ]
        heapq.heapify(self.events)

    def _sizes(self) -> list[float]:
        sizes = self.chance.lognormal(0.0, SPREAD, self.world.sites)
        mean = float(sizes.mean())
        return [min(float(size) / mean * self.world.articles, MOST_A_DAY) for size in sizes]

    def _site(self, a_day: float) -> Site:
        """Make a site that has been crawled for long: its lists have their rhythm, its last articles wait for visits."""
        intervals = [settled(kind, most, a_day / DAY) for kind, most in LISTS]
        site = Site(
            a_second=a_day / DAY, seen_until=0.0, interval=[*intervals],
            due=[self.random.uniform(0.0, interval) for interval in intervals],
        )  # fmt: skip
        step = min(intervals)
        number = round(site.a_second * step) or int(self.random.random() < site.a_second * step)
        # With few articles a poll they come one by one.
        gap = step if number else DAY / max(a_day, 0.01)
        at = -DAYS_BEFORE * DAY + self.random.uniform(0.0, gap)
        while at < 0.0:
            following = next((n for n, age in enumerate(PLAN) if at + age > 0.0), None)
            if following is not None:
                site.visits[following].append((at, max(1, number)))
            at += gap
        return site

    def _death(self, now: float) -> float:
        return (
            now + self.random.expovariate(self.world.deaths / DAY)
            if self.world.deaths
            else float("inf")
        )

    def _stalls(self) -> list[float]:
        number = self.chance.poisson(self.world.stalls * self.world.days)
        return sorted(float(at) for at in self.chance.uniform(0, self.world.days * DAY, number))

    # -- the events -----------------------------------------------------------------------------

    def run(self) -> list[Day]:
        """Let the days pass."""
        end = self.world.days * DAY
        day = 0
        while self.events and self.events[0][0] < end:
            now, number, slot = heapq.heappop(self.events)
            while now >= (day + 1) * DAY:
                self.days[day].backlog = len(self.ready)
                day += 1
            if slot >= 0:
                self.free.append(slot)
            if number >= 0:
                self.ready.append(number)
            while self.ready and self.free:
                # A worker whose crawl has ended looks at once; others find what is due at their next look.
                self._begin(
                    now, 0.0 if slot >= 0 else LOOK / (1 + len(self.free) / self.world.crawls)
                )
        self.days[-1].backlog = len(self.ready)
        return self.days

    def _begin(self, now: float, within: float) -> None:
        """Let a worker begin what is due at a site: any of those, as workers shuffle them; so many seconds go by at the most."""
        place = self.random.randrange(len(self.ready))
        self.ready[place], self.ready[-1] = self.ready[-1], self.ready[place]
        number, slot = self.ready.pop(), self.free.pop(self.random.randrange(len(self.free)))
        world, site = self.world, self.sites[number]
        began = self._there(now + self.random.uniform(0.0, within))
        day = self.days[min(int(began // DAY), len(self.days) - 1)]
        pages = self._crawl(site, began + world.begin_seconds, day)
        network = world.begin_seconds + pages * (world.delay + world.latency)
        cpu = (world.crawl_ms + pages * world.page_ms) / 1e3
        self.cores[slot] = max(self.cores[slot], began) + cpu
        ended = self._there(max(began + network, self.cores[slot]))
        day.count.update(pages=pages, crawls=1)
        day.hours[int(began // 3600)] += pages
        day.busy += ended - began
        day.cpu += cpu
        if self.dies[slot] < ended:
            ended = self._lost(slot, ended, day)
        heapq.heappush(self.events, (ended, -1, slot))
        heapq.heappush(self.events, (max(site.next(), ended), number, -1))

    def _lost(self, slot: int, ended: float, day: Day) -> float:
        """Let a worker die: the pages under way are fetched again, and its core comes back a little later."""
        under_way = self.world.crawls - self.free.count(slot)
        day.count.update(pages=under_way, deaths=1)
        self.dies[slot] = self._death(ended)
        self.cores[slot] = ended + LOST + LOOK
        return self.cores[slot]

    def _there(self, at: float) -> float:
        """Give the time at which the database answers."""
        return next((stall + STALL for stall in self.stalls if stall <= at < stall + STALL), at)

    def _crawl(self, site: Site, at: float, day: Day) -> int:
        """Fetch what is due: lists, the articles they lead to, and articles to be visited again; give how many pages."""
        pages, new = 0, 0
        for place, (kind, most) in enumerate(LISTS):
            if site.due[place] > at:
                continue
            day.lateness.append(at - site.due[place])
            found = self._published(site, at, day)
            new += found
            links = min(most, max(found, 1 + int(2 * DAY * site.a_second)))
            site.interval[place] = next_interval(
                kind, site.interval[place], min(found, links), links - min(found, links)
            )
            site.due[place] = at + (site.interval[place] or DAY)
            day.count["polls"] += 1
            pages += 1
        visits = self._visits(site, at)
        day.count.update(new=new, visits=visits)
        if new:
            site.visits[0].append((at, new))
        return pages + new + visits

    def _published(self, site: Site, at: float, day: Day) -> int:
        """Give how many articles are new; more by day than by night."""
        passed = at - site.seen_until
        share = 1.0 - 0.8 * np.cos(2 * np.pi * (site.seen_until + passed / 2) / DAY)
        found = int(
            self.chance.poisson(site.a_second * passed * (share if passed < DAY / 2 else 1.0))
        )
        if found:
            day.ages.append(passed / 2)
        site.seen_until = at
        return found

    def _visits(self, site: Site, at: float) -> int:
        """Visit the articles whose time has come: each stands a delay behind the one before it."""
        world, number = self.world, 0
        spacing = world.delay + world.latency
        for age, waiting in zip(PLAN, site.visits, strict=True):
            while waiting and waiting[0][0] + age <= at:
                first, left = waiting.popleft()
                ready = min(left, 1 + int((at - first - age) / spacing))
                number += ready
                self._plan_next(site, first, ready, at)
                if ready < left:
                    waiting.appendleft((first + ready * spacing, left - ready))
                    break
        return number

    def _plan_next(self, site: Site, first: float, number: int, at: float) -> None:
        """Plan the next visit, as `plan.next_visit` does: the first age that has not passed."""
        following = next((n for n, age in enumerate(PLAN) if first + age > at), None)
        if following is not None:
            site.visits[following].append((first, number))


def settled(kind: str, most: int, a_second: float) -> float:
    """Give the interval that the rhythm of a list comes to, of a site that publishes evenly.

    >>> 600.0 <= settled("feed", 30, 30 / 86400) <= 86400.0
    True
    """
    interval, carried, sum_, steps = RHYTHMS[kind].first, 0.0, 0.0, 60
    for step in range(steps):
        carried += a_second * interval
        new = min(most, int(carried))
        carried -= int(carried)
        links = min(most, max(new, 1 + int(2 * DAY * a_second)))
        interval = next_interval(kind, interval, new, links - new)
        sum_ += interval if step >= steps // 2 else 0.0
    return sum_ / (steps - steps // 2)


def quantile(values: list[float], share: float) -> float:
    """Give a quantile; 0 of nothing."""
    return float(np.quantile(values, share)) if values else 0.0
