"""The plots of a data card, as SVG, by matplotlib: the same figures give the same bytes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from newscrawl.corpus import NO_EXTRA
from newscrawl.corpus.figures import FILLED, UNKNOWN, Figures
from newscrawl.drawing import draw
from newscrawl.wording import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BAR: Final = "#3b82c4"
WIDTH: Final = 7.0
"""Inches."""
MAX_BARS: Final = 20
MAX_MONTHS: Final = 120
MAX_LABELS: Final = 12
BINS: Final = 40


def plots(figures: Figures) -> dict[str, bytes]:
    """Draw what a card shows, by file name.

    Raises:
        UsageError: matplotlib is not installed.

    """
    found = {}
    months = {name: n for name, n in sorted(figures.months.items()) if name != UNKNOWN}
    if months:
        found["months.svg"] = _draw(_columns, "articles", list(months.items())[-MAX_MONTHS:])
    largest = sorted(figures.sources.items(), key=lambda item: (-item[1].articles, item[0]))[
        :MAX_BARS
    ]
    found["sources.svg"] = _draw(
        _bars, "articles", [(name, source.articles) for name, source in largest]
    )
    shares = [(name, 100 * figures.filled[name] / max(1, figures.articles)) for name in FILLED]
    found["fields.svg"] = _draw(_bars, "% of articles", shares)
    found["lengths.svg"] = _draw(_histogram, "words", [("", words) for words in figures.words])
    return found


def _draw(kind: Any, label: str, rows: Sequence[tuple[str, float]]) -> bytes:
    height = max(1.6, 0.22 * len(rows) + 0.7) if kind is _bars else 2.4
    return draw(lambda axes: kind(axes, label, rows), WIDTH, height, NO_EXTRA)


def _columns(axes: "Axes", label: str, rows: Sequence[tuple[str, float]]) -> None:
    axes.bar(range(len(rows)), [value for _, value in rows], color=BAR)
    step = len(rows) // MAX_LABELS + 1
    axes.set_xticks(
        range(0, len(rows), step),
        [_label(name) for name, _ in rows[::step]],
        rotation=30,
        ha="right",
    )
    axes.set_ylabel(label)


def _bars(axes: "Axes", label: str, rows: Sequence[tuple[str, float]]) -> None:
    axes.barh(range(len(rows)), [value for _, value in rows], color=BAR)
    axes.set_yticks(range(len(rows)), [_label(name) for name, _ in rows])
    axes.invert_yaxis()
    axes.set_xlabel(label)


def _label(name: str) -> str:
    return printable(name[:40])


def _histogram(axes: "Axes", label: str, rows: Sequence[tuple[str, float]]) -> None:
    from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

    words = np.array([value for _, value in rows])
    # Lengths are spread by factors.
    edges = np.unique(np.geomspace(max(1, words.min()), words.max() + 1, BINS).round())
    axes.hist(words, bins=edges.tolist() if len(edges) > 1 else 1, color=BAR)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(base=10, subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel(label)
    axes.set_ylabel("articles")
