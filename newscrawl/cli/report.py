"""newscrawl report."""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from newscrawl.ages import read_age
from newscrawl.cli.exits import ExitCode
from newscrawl.cli.state import add_state_option, named_state
from newscrawl.errors import InputError, UsageError
from newscrawl.reports.merging import merged
from newscrawl.reports.model import Report
from newscrawl.reports.runpage import page
from newscrawl.reports.storing import LATEST, read_report, stored_reports, write_file
from newscrawl.wording import numbered

EXAMPLE: Final = """
examples:
  newscrawl report -O report.html                  the last run
  newscrawl report --since 7d -O week.html         all runs of a week, put together
  newscrawl report data/runs/20261126T201500Z-4711.json -O report.html
  newscrawl report --since 1d --json | jq .sources

A report is one file that loads nothing. Every run leaves its figures as JSON in the folder runs/ beside the state.

exit codes: 0 written, 1 a report cannot be read, 2 wrong usage, 3 there is none
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the command's options."""
    parser.epilog = EXAMPLE
    parser.add_argument("reports", nargs="*", metavar="FILE", help="reports, instead of the last")
    parser.add_argument(
        "--since", metavar="AGE", help="put the runs together that began since then, such as 7d"
    )
    parser.add_argument(
        "--folder", metavar="DIR", help="where the reports are (runs/ beside the state)"
    )
    add_state_option(parser)
    parser.add_argument("--json", action="store_true", help="write the figures, not a page")
    parser.add_argument(
        "-O", "--output", default="-", metavar="FILE", help="where to, - for standard output"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> ExitCode:
    """Make a page of what runs did."""
    paths = _paths(options)
    if not paths:
        print(f"newscrawl: there is no report of a run in {_folder(options)}", file=sys.stderr)
        return ExitCode.NOTHING
    report = merged(_readable(paths) if options.since else [read_report(path) for path in paths])
    text = _json(report) if options.json else page(report)
    if options.output == "-" and sys.stdout.isatty() and not options.json:
        raise UsageError("a page is for a browser: name a file with -O")
    if options.output == "-":
        sys.stdout.write(text)
        return ExitCode.OK
    write_file(Path(options.output), text)
    if not options.quiet:
        print(f"newscrawl: {numbered(len(paths), 'run')} in {options.output}", file=sys.stderr)
    return ExitCode.OK


def _paths(options: argparse.Namespace) -> list[Path]:
    if options.reports:
        if options.since:
            raise UsageError("name reports, or an age with --since")
        return [Path(path) for path in options.reports]
    folder = _folder(options)
    if not options.since:
        return [folder / LATEST] if (folder / LATEST).exists() else []
    age = read_age(options.since)
    if age is None:
        raise UsageError(f"--since {options.since}: write an age such as 7d")
    since = datetime.fromtimestamp(datetime.now(UTC).timestamp() - age, UTC)
    return stored_reports(folder, since)


def _folder(options: argparse.Namespace) -> Path:
    return Path(options.folder) if options.folder else named_state(options).folder / "runs"


def _readable(paths: list[Path]) -> list[Report]:
    """Read reports; one that is damaged is left out of many, and named.

    Raises:
        InputError: none can be read.

    """
    found = []
    for path in paths:
        try:
            found.append(read_report(path))
        except InputError as error:
            print(f"newscrawl: left out: {error}", file=sys.stderr)
    if not found:
        raise InputError("no report can be read")
    return found


def _json(report: Report) -> str:
    return msgspec.json.format(msgspec.json.encode(report), indent=1).decode() + "\n"
