"""Tell when a source no longer delivers what it did: which field, and since which day.

The latest pages are compared with those of the weeks before, of the same weekdays where these are enough: papers have
no bylines on Sundays. A change counts where chance does not explain it.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from newscrawl.state.deliveries import (
    ARTICLES,
    FIELDS,
    HAS,
    LINKS,
    LOGS,
    MISSED,
    READS,
    REJECTED,
    SQUARES,
    THOUSAND,
    WORDS,
    Counts,
)

FEWEST: Final = 5
"""Pages that both sides of a comparison need."""
ENOUGH: Final = 20
"""Pages of the same weekdays from which those alone are compared with."""
RECENT_DAYS: Final = 7
"""Days that are put together, until there are pages enough to compare; and for which a break is named again."""
BY_CHANCE: Final = 1e-4
"""Probability under which a change is none of chance: a thousand sources with a dozen fields, looked at daily, give
one false alarm a day at most; most of them far fewer, because a drop must be large too."""
LARGE: Final = 0.3
"""Share of the articles by which a field's fill rate must differ."""
SHORTER, LONGER = 0.6, 1 / 0.6
"""How much shorter or longer the mean text must be."""
DEVIATIONS: Final = 5.0
"""Standard errors of the difference of mean logarithms, which is all but normal; the deviation is an estimate itself."""
FEW_LINKS: Final = 0.2
"""Share of the usual links under which a list counts as dried up."""
USUAL_LINKS: Final = 3.0
"""Links that a list has in the mean, for its drying up to say something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """A change for the worse in what a part of a source delivers."""

    source: str
    part: str
    """The layout, or the address of the list."""
    field: str
    """The field; `text`, `rejected`, `links`, or `layout.` and the key of a selector."""
    since: date
    """The first day on which it was so."""
    before: float
    now: float
    """Shares from 0 to 1; words for `text`, links for `links`."""
    pages: int
    """Pages that show it."""

    def said(self) -> str:
        """Say it in one line.

        >>> Break(source="a.org", part="a.org", field="authors", since=date(2026, 11, 26), before=0.98, now=0.0,
        ...       pages=12).said()
        'a.org: authors: on 0 % of 12 pages since 2026-11-26, before on 98 %'
        """
        part = f" ({self.part})" if self.part not in ("", self.source) else ""
        what = f"{self.source}{part}: {self.field}"
        if self.field in ("text", "links"):
            unit = "words" if self.field == "text" else "links"
            return f"{what}: {self.now:.0f} {unit} in the mean of {self.pages} since {self.since}, before {self.before:.0f}"
        return f"{what}: on {self.now:.0%} of {self.pages} pages since {self.since}, before on {self.before:.0%}".replace("%", " %")  # fmt: skip


Days = Mapping[date, Counts]


def find_breaks(source: str, part: str, days: Days, recent: Mapping[date, Counts]) -> list[Break]:
    """Compare the latest pages of a part with those before.

    Args:
        source: the source.
        part: the layout or list.
        days: counts by day, without those of `recent`.
        recent: counts of a run, or of the latest day.

    """
    recent, days = enough(recent, days)
    if not recent:
        return []
    usual = _usual(days, recent)
    tests = (_rates, _rejections, _lengths, _links)
    return [found for test in tests for found in test(source, part, days, usual, recent)]


def is_recent(found: Break, today: date) -> bool:
    """Tell a break of the last days; what was so for longer was named, and may be meant."""
    return (today - found.since).days <= RECENT_DAYS


def latest(days: Days) -> tuple[dict[date, Counts], dict[date, Counts]]:
    """Part the latest day from those before it."""
    last = max(days, default=None)
    if last is None:
        return {}, {}
    return {d: c for d, c in days.items() if d != last}, {last: days[last]}


def enough(recent: Days, days: Days) -> tuple[dict[date, Counts], dict[date, Counts]]:
    """Take earlier days to the latest until there are pages enough; none where a week has too few."""
    taken, left = dict(recent), dict(days)
    first = min(taken, default=None)
    while first is not None and _pages(taken.values()) < FEWEST:
        before = [day for day in left if (first - day).days <= RECENT_DAYS]
        if not before:
            return {}, left
        day = max(before)
        taken[day] = taken.get(day, Counter()) + left.pop(day)
    return taken, left


def _pages(counts: Iterable[Counts]) -> int:
    return sum(c[ARTICLES] + c[REJECTED] + FEWEST * c[READS] for c in counts)


def _usual(days: Days, recent: Days) -> Counts:
    """Add up what was before: of the same weekdays where these are enough."""
    weekdays = {day.weekday() for day in recent}
    same = sum((c for d, c in days.items() if d.weekday() in weekdays), Counter())
    is_enough = same[ARTICLES] >= ENOUGH or same[READS] >= FEWEST
    return same if is_enough else sum(days.values(), Counter())


Test = Callable[[Counts], float | None]


def _since(days: Days, recent: Days, rate: Test, before: float, now: float) -> date:
    """Give the first day on which it was so: those before it are nearer to what was usual."""
    first = min(recent)
    for day in sorted((day for day in days if day <= first), reverse=True):
        value = rate(days[day])
        if value is None:
            continue
        if abs(value - now) >= abs(value - before):
            break
        first = day
    return first


def _share(kind: str, of: Iterable[str]) -> Test:
    whole = tuple(of)

    def rate(counts: Counts) -> float | None:
        total = sum(counts[name] for name in whole)
        return counts[kind] / total if total > 0 else None

    return rate


def _rates(source: str, part: str, days: Days, usual: Counts, recent: Days) -> Iterable[Break]:
    """Compare the fill rates of the fields, and the misses of the layout's selectors."""
    now = sum(recent.values(), Counter())
    if now[ARTICLES] < FEWEST or usual[ARTICLES] < FEWEST:
        return
    missed = sorted(kind for kind in now if kind.startswith(MISSED))
    for kind in (*(f"{HAS}{name}" for name in FIELDS), *missed):
        is_missed = kind.startswith(MISSED)
        given = (now[kind], now[ARTICLES], usual[kind], usual[ARTICLES])
        if _is_drop(*(_turned(*given) if is_missed else given)):
            rate = _share(kind, (ARTICLES,))
            before, after = rate(usual) or 0.0, rate(now) or 0.0
            name = f"layout.{kind.removeprefix(MISSED)}, nothing found" if is_missed else kind.removeprefix(HAS)  # fmt: skip
            since = _since(days, recent, rate, before, after)
            yield Break(
                source=source, part=part, field=name, since=since, before=before, now=after,
                pages=now[ARTICLES],
            )  # fmt: skip


def _turned(
    found: int, pages: int, found_before: int, pages_before: int
) -> tuple[int, int, int, int]:
    """Give the numbers of what is not so: more misses are fewer hits."""
    return pages - found, pages, pages_before - found_before, pages_before


def _is_drop(found: int, pages: int, found_before: int, pages_before: int) -> bool:
    """Tell a drop that is large, and that chance does not explain.

    >>> _is_drop(0, 5, 5, 5), _is_drop(0, 4, 5, 5), _is_drop(8, 12, 90, 100)
    (True, False, False)
    """
    # Laplace's rule: five of five is not certainty.
    before = (found_before + 1) / (pages_before + 2)
    if found_before / pages_before - found / pages < LARGE:
        return False
    return _at_most(found, pages, before) < BY_CHANCE


def _at_most(found: int, pages: int, share: float) -> float:
    """Give the probability of so few hits among some pages (binomial)."""
    return sum(
        math.comb(pages, k) * share**k * (1 - share) ** (pages - k) for k in range(found + 1)
    )


def _rejections(source: str, part: str, days: Days, usual: Counts, recent: Days) -> Iterable[Break]:
    """Compare the share of the pages that were refused as no articles."""
    now = sum(recent.values(), Counter())
    pages, before = now[ARTICLES] + now[REJECTED], usual[ARTICLES] + usual[REJECTED]
    if pages < FEWEST or before < FEWEST:
        return
    if _is_drop(now[ARTICLES], pages, usual[ARTICLES], before):
        rate = _share(REJECTED, (ARTICLES, REJECTED))
        shares = (usual[REJECTED] / before, now[REJECTED] / pages)
        since = _since(days, recent, rate, *shares)
        yield Break(
            source=source, part=part, field="rejected", since=since, before=shares[0], now=shares[1],
            pages=pages,
        )  # fmt: skip


def _lengths(source: str, part: str, days: Days, usual: Counts, recent: Days) -> Iterable[Break]:
    """Compare the mean length of the texts."""
    now = sum(recent.values(), Counter())
    count, before = now[ARTICLES], usual[ARTICLES]
    if count < FEWEST or before < FEWEST:
        return
    # By logarithms: of lengths themselves one long read would outweigh twenty briefs.
    log, log_before = now[LOGS] / count, usual[LOGS] / before
    deviation = math.sqrt(max(0.0, usual[SQUARES] / before - log_before**2))
    error = max(deviation, THOUSAND / 10) * math.sqrt(1 / count + 1 / before)
    is_far = abs(log - log_before) > DEVIATIONS * error
    ratio = math.exp((log - log_before) / THOUSAND)
    if is_far and not SHORTER <= ratio <= LONGER:
        rate = _share(LOGS, (ARTICLES,))
        since = _since(days, recent, rate, log_before, log)
        yield Break(
            source=source, part=part, field="text", since=since, before=usual[WORDS] / before,
            now=now[WORDS] / count, pages=count,
        )  # fmt: skip


def _links(source: str, part: str, days: Days, usual: Counts, recent: Days) -> Iterable[Break]:
    """Compare the article links of a list."""
    now = sum(recent.values(), Counter())
    if not now[READS] or usual[READS] < 2:
        return
    mean, before = now[LINKS] / now[READS], usual[LINKS] / usual[READS]
    if before >= USUAL_LINKS and mean <= FEW_LINKS * before:
        rate = _share(LINKS, (READS,))
        since = _since(days, recent, rate, before, mean)
        yield Break(
            source=source, part=part, field="links", since=since, before=before, now=mean, pages=now[READS]
        )  # fmt: skip
