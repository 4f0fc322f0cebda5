"""Draw with matplotlib as SVG: legible on white and on black, and the same figures give the same bytes."""

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from newscrawl.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK: Final = "#767676"
"""Legible on white and on black."""
SETTINGS: Final[Any] = {
    # Ids are random without a salt, and text as text keeps a plot readable for machines and in the dark.
    "svg.hashsalt": "newscrawl", "svg.fonttype": "none", "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": INK,
    "xtick.color": INK, "ytick.color": INK, "font.size": 9, "axes.spines.top": False, "axes.spines.right": False,
    # A dollar in a name begins no formula.
    "text.parse_math": False,
}  # fmt: skip


def draw(
    paint: Callable[["Axes"], None],
    width: float,
    height: float,
    no_extra: str,
    *,
    fills: bool = False,
) -> bytes:
    """Draw one plot.

    Args:
        paint: paints onto the axes.
        width: inches.
        height: inches.
        no_extra: what to say where matplotlib is not installed.
        fills: whether it fills the picture to its edges, as a sparkline does.

    Raises:
        UsageError: it is not.

    """
    try:
        from matplotlib import rc_context, rcdefaults, rcParams
        from matplotlib.figure import Figure
    except ImportError as error:
        raise UsageError(no_extra) from error
    with rc_context():
        # Not with what a file in the folder or at home says.
        rcdefaults()
        rcParams.update(SETTINGS)
        figure = Figure(figsize=(width, height), layout=None if fills else "constrained")
        paint(figure.add_axes((0, 0, 1, 1)) if fills else figure.add_subplot())
        image = io.BytesIO()
        figure.savefig(
            image, format="svg", transparent=True, metadata={"Date": None, "Creator": None}
        )
    return image.getvalue()
