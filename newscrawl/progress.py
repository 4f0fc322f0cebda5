"""A progress line, on a terminal only."""

import os
import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.status import Status

SECONDS_BETWEEN = 0.2


class Progress:
    """One line on stderr that is rewritten in place; nothing at all where that is no terminal."""

    def __init__(self, *, quiet: bool = False) -> None:
        shown = not quiet and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._status = Status("", console=Console(stderr=True)) if shown else None
        self._first: tuple[float, int, float] | None = None
        self._shown = 0.0

    def __enter__(self) -> Self:
        if self._status:
            self._status.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._status:
            self._status.stop()

    def show(self, text: str, done: int, share: float | None = None) -> None:
        """Show a text, the rate and the time left, at most five times a second.

        Args:
            text: what to say.
            done: how many were done; the rate is that of those done since the first call.
            share: how much of the work is behind, 0 to 1; None where that is not known.

        """
        now = time.monotonic()
        if not self._status or now - self._shown <= SECONDS_BETWEEN:
            return
        if self._first is None:
            self._first = (now, done, share or 0.0)
        since, earlier, begun = self._first
        self._shown = now
        rate = (done - earlier) / max(now - since, 0.001)
        left = ""
        if share and share > begun:
            seconds = (1 - share) * (now - since) / (share - begun)
            left = f", {share:.0%}, {duration(seconds)} left"
        self._status.update(f"{text}, {rate:.0f} a second{left}")


def duration(seconds: float) -> str:
    """Say how long something takes.

    >>> duration(42.4), duration(312), duration(7500)
    ('42 s', '5 min', '2 h 5 min')
    """
    minutes = round(seconds / 60)
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
