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
        self._started = time.monotonic()
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

    def show(self, text: str, done: int) -> None:
        """Show a text and the rate, at most five times a second."""
        now = time.monotonic()
        if self._status and now - self._shown > SECONDS_BETWEEN:
            self._shown = now
            self._status.update(f"{text}, {done / max(now - self._started, 0.001):.0f} a second")
