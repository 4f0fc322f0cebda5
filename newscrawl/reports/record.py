"""What a crawl did on the way: how hosts were asked, which pages were slow or heavy, and what went wrong where."""

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Any, Final

from newscrawl.state.ends import End

MOST_PAGES: Final = 10
"""Slowest and heaviest pages that are named."""
MOST_EXAMPLES: Final = 3
"""Addresses that are named for each thing that went wrong."""
MOST_DETAIL: Final = 300
"""Characters of what an error says."""
STEP: Final = math.log(1.05)
"""Gaps are counted in steps of a twentieth, so that those of many runs can be put together."""
LEAST_GAP: Final = 0.001
TROUBLED: Final = frozenset(
    {End.FAILED, End.REJECTED, End.BLOCKED, End.ROBOTS, End.GONE, End.OUT_OF_RANGE, End.UNREAD}
)
"""Ends of which examples are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostReport:
    """How a host was asked, and how it answered."""

    requests: int = 0
    """Requests that were made, robots.txt and redirects among them."""
    statuses: dict[str, int] = field(default_factory=dict)
    """Answers by HTTP status."""
    bytes: int = 0
    """Bytes of the answers' bodies, as they came."""
    gaps: dict[str, int] = field(default_factory=dict)
    """Seconds from one request to the next, counted in steps of 5 %: the key is the logarithm to the base 1.05."""
    smallest_gap: float | None = None
    """Seconds."""

    @property
    def refused(self) -> int:
        """Answers that asked to slow down: 429 and 503."""
        return self.statuses.get("429", 0) + self.statuses.get("503", 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageReport:
    """A page that took long or was large."""

    url: str
    seconds: float
    """From the request to the end of the answer."""
    bytes: int
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """An address at which something went wrong."""

    url: str
    detail: str = ""
    """What the error says, where it says something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mishap:
    """What went wrong in one way at one source."""

    source: str
    end: str
    """The end of its addresses: rejected, blocked, failed, …"""
    reason: str
    """One of `newscrawl.reasons.Reason`, or empty for a bug."""
    number: int
    examples: tuple[Example, ...] = ()


@dataclass(slots=True)
class _Host:
    starts: list[float] = field(default_factory=list)
    requests: int = 0
    bytes: int = 0
    statuses: Counter[str] = field(default_factory=Counter)


class Recording:
    """Collects while a crawl is under way; holds a few numbers a request and a few pages."""

    def __init__(self) -> None:
        self._hosts: defaultdict[str, _Host] = defaultdict(_Host)
        self._slowest: list[tuple[float, str, int, int]] = []
        self._heaviest: list[tuple[int, str, float, int]] = []
        self._numbers: Counter[tuple[str, str, str]] = Counter()
        self._examples: defaultdict[tuple[str, str, str], list[Example]] = defaultdict(list)
        self._details: dict[str, str] = {}
        self._skews: dict[str, float] = {}

    def asked(self, host: str) -> None:
        """Note that a request goes out."""
        self._hosts[host].requests += 1

    def answered(
        self, host: str, url: str, *, status: int, size: int, started: float, seconds: float
    ) -> None:
        """Note an answer.

        Args:
            host: who gave it.
            url: to what.
            status: its HTTP status.
            size: bytes of its body.
            started: when the request was sent, by a clock that only goes forward.
            seconds: from then to the end of the answer.

        """
        one = self._hosts[host]
        one.starts.append(started)
        one.statuses[str(status)] += 1
        one.bytes += size
        _push(self._slowest, (round(seconds, 3), url, size, status))
        _push(self._heaviest, (size, url, round(seconds, 3), status))

    def dated(self, host: str, ahead: float) -> None:
        """Note by how many seconds a host's clock is ahead of ours."""
        self._skews.setdefault(host, ahead)

    def failed(self, url: str, detail: str) -> None:
        """Note what an error says; how its page ends is told by itself."""
        if len(self._details) < MOST_EXAMPLES * MOST_PAGES:
            # Lone surrogates, as errors of encoding show them, are no text to an encoder.
            plain = detail[:MOST_DETAIL].encode("utf-8", "backslashreplace").decode()
            self._details.setdefault(url, plain)

    def ended(self, url: str, source: str, end: End, reason: str) -> None:
        """Note how an address ended."""
        if end not in TROUBLED:
            return
        key = (source, str(end), reason)
        self._numbers[key] += 1
        if len(self._examples[key]) < MOST_EXAMPLES:
            self._examples[key].append(Example(url=url, detail=self._details.get(url, "")))

    def hosts(self) -> dict[str, HostReport]:
        """Give how hosts were asked, by name."""
        return {name: _host_report(host) for name, host in sorted(self._hosts.items())}

    def slowest(self) -> tuple[PageReport, ...]:
        """Give the pages that took longest."""
        rows = sorted(self._slowest, reverse=True)
        return tuple(PageReport(url=u, seconds=s, bytes=b, status=c) for s, u, b, c in rows)

    def heaviest(self) -> tuple[PageReport, ...]:
        """Give the largest pages."""
        rows = sorted(self._heaviest, reverse=True)
        return tuple(PageReport(url=u, seconds=s, bytes=b, status=c) for b, u, s, c in rows)

    def mishaps(self) -> tuple[Mishap, ...]:
        """Give what went wrong, the most frequent first."""
        return tuple(
            Mishap(source=key[0], end=key[1], reason=key[2], number=number, examples=tuple(self._examples[key]))
            for key, number in sorted(self._numbers.items(), key=lambda item: (-item[1], item[0]))
        )  # fmt: skip

    def clock_skew(self) -> float | None:
        """Give the seconds by which the hosts' clocks are ahead of ours in the median; None where few tell."""
        return round(median(self._skews.values()), 1) if len(self._skews) >= 3 else None


def _push(rows: list[Any], row: tuple[float, str, float, int]) -> None:
    if len(rows) < MOST_PAGES:
        heapq.heappush(rows, row)
    else:
        heapq.heappushpop(rows, row)


def _host_report(host: _Host) -> HostReport:
    starts = sorted(host.starts)
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    steps = Counter(str(step_of(gap)) for gap in gaps)
    return HostReport(
        requests=max(host.requests, len(starts)), statuses=dict(sorted(host.statuses.items())), bytes=host.bytes,
        gaps=dict(steps), smallest_gap=round(min(gaps), 3) if gaps else None,
    )  # fmt: skip


def step_of(gap: float) -> int:
    """Give the step in which a gap is counted.

    >>> 1.05 ** step_of(2.0) / 2.0 < 1.03
    True
    """
    return round(math.log(max(gap, LEAST_GAP)) / STEP)


def median_gap(hosts: Mapping[str, HostReport]) -> float | None:
    """Give the median of the gaps of hosts, in seconds, to a twentieth.

    >>> median_gap({"a.org": HostReport(gaps={"0": 3, "14": 1})})
    1.0
    """
    steps = Counter[int]()
    for host in hosts.values():
        steps.update({int(step): number for step, number in host.gaps.items()})
    left = (sum(steps.values()) + 1) // 2
    for step, number in sorted(steps.items()):
        left -= number
        if left <= 0:
            return round(math.exp(step * STEP), 2)
    return None
