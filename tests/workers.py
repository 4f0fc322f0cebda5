"""What tests ask worker processes to do, and pages that do something to a worker that unpacks them."""

import os
import signal
import time
from pathlib import Path
from typing import Any


def double(number: int) -> int:
    return 2 * number


def own_pid(_: int) -> int:
    return os.getpid()


def sleep(seconds: float) -> None:
    time.sleep(seconds)


def burn() -> None:
    """Hold the interpreter in C, where no signal handler of Python is ever reached."""
    sum(range(10**13))


def fill(size: int) -> int:
    return len(bytearray(size))


def fail(what: str) -> None:
    raise KeyError(what)


class OddError(Exception):
    """Cannot be pickled back: it wants two arguments."""

    def __init__(self, one: str, other: str) -> None:
        super().__init__(one)
        self.other = other


def fail_oddly() -> None:
    raise OddError("one", "other")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_once(path: str) -> str:
    """Die the first time that it is asked."""
    if not Path(path).exists():
        Path(path).touch()
        die()
    return "alive"


class Deadly(str):
    """A page's text that kills the process that unpickles it."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        return die, ()


class Endless(str):
    """A page's text that never comes out of its pickle."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        return burn, ()


class DeadlyOnce(str):  # noqa: SLOT000 - it has an attribute
    """A page's text that kills the first process that unpickles it, as a kill from outside would."""

    path = ""

    def __reduce__(self) -> tuple[Any, ...]:
        return text_or_die, (str(self), self.path)


def text_or_die(text: str, path: str) -> str:
    die_once(path)
    return text
