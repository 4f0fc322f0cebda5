"""newscrawl diff."""

import argparse
import sys
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final

from rich.console import Console
from rich.text import Text

from newscrawl.cli.exits import ExitCode
from newscrawl.cli.state import add_state_options, opened
from newscrawl.errors import UsageError
from newscrawl.reports.history import field_changes
from newscrawl.state.inspection import State, Version
from newscrawl.state.versions import compare_paragraphs

EXAMPLE: Final = """
examples:
  newscrawl diff https://www.example.org/some/article            the last version against the one before
  newscrawl diff https://www.example.org/some/article --all      each against the one before

exit codes: 0 shown, 2 wrong usage, 3 not known, or there is only one version
"""
STYLES: Final = {" ": "", "-": "red", "+": "green"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the command's options."""
    parser.epilog = EXAMPLE
    parser.add_argument("url", metavar="URL", help="any address of the article")
    parser.add_argument("--all", action="store_true", help="all versions, not the last two")
    add_state_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> ExitCode:
    """Show what changed."""
    state = opened(options)
    try:
        found = state.address(options.url)
    except ValueError as error:
        raise UsageError(f"{options.url!r} is no address: {error}") from error
    if found is None or found.article is None:
        print(f"newscrawl: no article of {options.url} is in {state.path}", file=sys.stderr)
        return ExitCode.NOTHING
    versions = found.versions
    if len(versions) < 2:
        stored = datetime.fromtimestamp(versions[0].stored, UTC) if versions else None
        print(
            f"newscrawl: there is one version, stored {stored:%Y-%m-%d %H:%M:%S} UTC",
            file=sys.stderr,
        )
        return ExitCode.NOTHING
    console = Console(
        width=None if sys.stdout.isatty() else 10_000, highlight=False, soft_wrap=True
    )
    pairs = list(pairwise(versions))
    for before, after in pairs if options.all else pairs[-1:]:
        _show(state, found.article, before, after, console)
    return ExitCode.OK


def _show(state: State, number: int, before: Version, after: Version, console: Console) -> None:
    old, new = state.article(number, before.number), state.article(number, after.number)
    for mark, version, article in (("---", before, old), ("+++", after, new)):
        stored = datetime.fromtimestamp(version.stored, UTC)
        line = f"{mark} version {version.number}, {stored:%Y-%m-%d %H:%M:%S} UTC, {article.url}"
        console.print(Text(line, style="bold"))
    for field in field_changes(old, new):
        console.print(Text(f"- {field.name}: {field.old}", style=STYLES["-"]))
        console.print(Text(f"+ {field.name}: {field.new}", style=STYLES["+"]))
    for correction in new.revision.corrections if new.revision else ():
        console.print(Text(f"! correction: {correction}", style="bold yellow"))
    for change, paragraph in compare_paragraphs(old, new):
        console.print(Text(f"{change} {paragraph}", style=STYLES[change]))
