"""What cron, systemd and Kubernetes need to call `newscrawl run --due`: files of text, made from a plan.

Pure: nothing is installed, and nothing of the machine is looked at. Whatever a name or a folder may hold that one of
the three would read as more than a name is refused or quoted here, because the files are read by root.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from newscrawl.ages import read_age
from newscrawl.errors import UsageError

HOUR: Final = 60
DAY: Final = 24 * HOUR
"""Minutes."""
GRACE: Final = 180
"""Seconds that a run has to end: what is under way may wait 120 s for its host, and 30 s for the answer; then it is written."""
NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,50}[a-z0-9])?")
"""What is a file name to cron and systemd and a name to Kubernetes, which takes 52 characters of a CronJob."""
USER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,31}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is called, where, how often, and for how long at the most."""

    name: str
    every: int
    """Minutes; see `read_every`."""
    max_time: int
    """Seconds after which a run begins nothing more."""
    folder: str
    """Absolute; `data/` is in it."""
    program: tuple[str, ...] = ("newscrawl",)
    """What starts newscrawl; a name without a folder is looked for by whoever starts it."""
    user: str = ""

    def __post_init__(self) -> None:
        """Refuse what would be read as more than a name.

        Raises:
            UsageError: a name, user or path is none.

        """
        if not NAME.fullmatch(self.name):
            raise UsageError(
                f"--name {self.name!r}: up to 52 small letters, digits and hyphens, please"
            )
        if self.user and not USER.fullmatch(self.user):
            raise UsageError(f"--user {self.user!r} is no name of a user")
        for path in (self.folder, *(word for word in self.program[:1] if "/" in word)):
            if reason := _unsafe(path):
                raise UsageError(f"{path!r} cannot stand in a file for a scheduler: it {reason}")

    @property
    def command(self) -> tuple[str, ...]:
        """Give the words of the command that is called."""
        return (*self.program, "run", "--due", "--quiet", "--max-time", as_age(self.max_time))


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The files that a scheduler reads, by name, and what a person types to install them."""

    files: dict[str, str]
    install: Callable[[str], tuple[str, ...]]
    """Takes the folder that the files are in, quoted."""


def read_every(text: str) -> int:
    """Read how often to call, in minutes.

    Only what divides an hour or a day: to cron `*/7` is minutes 0, 7, … 56 and then 0 again, four minutes later.

    Raises:
        UsageError: it is no age, or one that cron cannot repeat evenly.

    >>> read_every("10m"), read_every("2h"), read_every("1d")
    (10, 120, 1440)

    """
    seconds = read_age(text)
    if seconds is None:
        raise UsageError(f"--every {text!r} is no time such as 10m or 2h")
    minutes = seconds / 60
    if 1 <= minutes <= DAY and minutes == int(minutes):
        is_even = HOUR % minutes == 0 or (minutes % HOUR == 0 and DAY % minutes == 0)
        if is_even:
            return int(minutes)
    raise UsageError(
        f"--every {text}: a scheduler repeats evenly only what divides an hour (1m, 2m, 3m, 4m, 5m, 6m, 10m, 12m, "
        "15m, 20m, 30m) or a day (1h, 2h, 3h, 4h, 6h, 8h, 12h, 24h)"
    )


def read_max_time(text: str | None, every: int) -> int:
    """Read for how long a run may begin new requests, in seconds; nine tenths of the interval if not stated.

    Raises:
        UsageError: it is no age of a second or more.

    >>> read_max_time(None, 10), read_max_time("2h", 10)
    (540, 7200)

    """
    seconds = every * 54 if text is None else read_age(text)
    if seconds is None or seconds < 1:
        raise UsageError(f"--max-time {text!r} is no time such as 9m or 1h")
    return int(seconds)


def as_age(seconds: int) -> str:
    """Write seconds as `--max-time` takes them.

    >>> as_age(540), as_age(54)
    ('9m', '54s')
    """
    return f"{seconds // 60}m" if seconds % 60 == 0 else f"{seconds}s"


def cron_times(every: int) -> str:
    """Give the five fields of a crontab.

    >>> cron_times(1), cron_times(10), cron_times(120), cron_times(1440)
    ('* * * * *', '*/10 * * * *', '0 */2 * * *', '0 0 * * *')
    """
    if every < HOUR:
        return f"{_step(every)} * * * *"
    return f"0 {_step(every // HOUR)} * * *" if every < DAY else "0 0 * * *"


def _step(number: int) -> str:
    return f"*/{number}" if number > 1 else "*"


def _unsafe(path: str) -> str:
    """Say what keeps a path out of the files; nothing if it may stand there, quoted."""
    if not path.startswith("/"):
        return "does not begin at the root"
    if not path.isprintable():
        return "has a line break, a control character or bytes that are no text"
    # systemd takes a path to the end of the line, without quotes, and a backslash there goes on with the next one.
    if "\\" in path or path != path.strip():
        return "has a backslash, or ends with a space"
    return ""
