"""The plots of a run report: what came day by day, and a sparkline for each source."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from newscrawl.drawing import INK, draw
from newscrawl.reports.model import Day, SourceReport
from newscrawl.state.deliveries import KEPT_DAYS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NO_EXTRA: Final = "the plots of a report need the extra ops: pip install 'newscrawl[ops]'"
COLOURS: Final = {"new": "#2f7fc1", "changed": "#56b4a9", "refused": "#d08a2e", "failed": "#c8453c"}
"""Told apart by the colour-blind too, and in the dark."""
GROUPS: Final = {
    "new": ("new",), "changed": ("changed",), "refused": ("rejected", "robots", "blocked", "gone", "out_of_range"),
    "failed": ("failed",),
}  # fmt: skip
FEWEST_DAYS: Final = 14
WIDTH, HEIGHT = 11.0, 2.3
SPARK_WIDTH, SPARK_HEIGHT = 1.9, 0.34
"""Inches."""
PROLOGUE: Final = re.compile(r"^.*?(?=<svg)|<metadata>.*?</metadata>", re.DOTALL)
IDS: Final = re.compile(r'(id="|href="#|url\(#)')


def daily_plot(sources: Mapping[str, SourceReport], last: date) -> str:
    """Draw what all sources brought, day by day, as inline SVG.

    Raises:
        UsageError: matplotlib is not installed.

    """
    days = _shown_days(sources, last)
    totals = {name: [0] * len(days) for name in GROUPS}
    for source in sources.values():
        for name, values in _series(source.history, days).items():
            totals[name] = [a + b for a, b in zip(totals[name], values, strict=True)]
    return _inline(
        draw(lambda axes: _columns(axes, days, totals), WIDTH, HEIGHT, NO_EXTRA), "daily"
    )


def sparkline(source: SourceReport, last: date, name: str) -> str:
    """Draw the new articles of a source, day by day, as inline SVG.

    Raises:
        UsageError: matplotlib is not installed.

    """
    values = _series(source.history, days_until(last))["new"]
    return _inline(
        draw(lambda axes: _spark(axes, values), SPARK_WIDTH, SPARK_HEIGHT, NO_EXTRA, fills=True),
        name,
    )


def _shown_days(sources: Mapping[str, SourceReport], last: date) -> list[date]:
    """Leave out what was before anything was counted, down to two weeks."""
    first = min((day.day for one in sources.values() for day in one.history), default="")
    days = days_until(last)
    counted = [day for day in days if day.isoformat() >= first]
    return days[-max(len(counted), FEWEST_DAYS) :]


def days_until(last: date) -> list[date]:
    """Give the days that a history shows, the last of them last."""
    return [last - timedelta(days=back) for back in reversed(range(KEPT_DAYS))]


def _series(history: Sequence[Day], days: Sequence[date]) -> dict[str, list[int]]:
    by_day = {day.day: Counter(day.ends) for day in history}
    return {
        name: [sum(by_day.get(day.isoformat(), Counter())[end] for end in ends) for day in days]
        for name, ends in GROUPS.items()
    }


def _columns(axes: "Axes", days: Sequence[date], totals: Mapping[str, Sequence[int]]) -> None:
    from matplotlib.ticker import MaxNLocator

    # One shape a series: a column each day would be four hundred. Each day ends where the next begins.
    edges = [place - 0.5 for place in range(len(days) + 1)]
    rows = [[*values, values[-1]] for values in totals.values()]
    axes.stackplot(
        edges, *rows, labels=list(totals), colors=list(COLOURS.values()), step="post", linewidth=0
    )
    axes.set_xticks(range(len(days) - 1, -1, -7), [f"{d:%b} {d.day}" for d in days[::-1][::7]])
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.set_xlim(-0.5, len(days) - 0.5)
    axes.set_ylabel("addresses a day")
    axes.legend(frameon=False, ncols=4, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2)


def _spark(axes: "Axes", values: Sequence[int]) -> None:
    edges = [place - 0.5 for place in range(len(values) + 1)]
    axes.fill_between(edges, [*values, values[-1]], step="post", color=COLOURS["new"], linewidth=0)
    axes.axhline(0, color=INK, linewidth=0.6)
    axes.set_xlim(-0.5, len(values) - 0.5)
    axes.set_ylim(0, max(1, *values))
    axes.set_axis_off()


def _inline(svg: bytes, name: str) -> str:
    """Make a plot part of a page: no prologue, ids that are its own, and hidden from readers of the table beside it."""
    text = PROLOGUE.sub("", svg.decode("utf-8"))
    text = IDS.sub(rf"\g<1>{name}-", text)
    return text.replace("<svg", '<svg aria-hidden="true" focusable="false"', 1).strip()
