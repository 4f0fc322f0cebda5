"""The exit codes, the same for every command."""

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newscrawl.batch import Totals


class ExitCode(IntEnum):
    """What a scheduler learns from a command."""

    OK = 0
    """All well; ordinary rejections are well."""
    FAILED = 1
    """A page failed, an input was broken, or the command itself failed."""
    USAGE = 2
    """The command makes no sense as given."""
    NOTHING = 3
    """No article where at least one was expected."""
    DEGRADED = 4
    """Some of the sites gave nothing; others did."""
    BLOCKED = 5
    """The sites refused: robots.txt, 401, 403, 429."""


def exit_code(totals: "Totals") -> ExitCode:
    """Give the exit code of a run over local pages."""
    if totals.failed or totals.broken:
        return ExitCode.FAILED
    return ExitCode.OK if totals.accepted else ExitCode.NOTHING
