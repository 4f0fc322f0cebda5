"""newscrawl state."""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from newscrawl.cli import add_common_options
from newscrawl.cli.exits import ExitCode
from newscrawl.errors import UsageError
from newscrawl.remote import is_remote
from newscrawl.state.copying import copy_state
from newscrawl.state.inspection import Address, ListedPage, Run, Source, State, open_state
from newscrawl.state.place import DEFAULT, StatePlace, place_of
from newscrawl.state.plan import age_of
from newscrawl.wording import numbered

EXAMPLE: Final = """
examples:
  newscrawl state show                                     the sources and the last runs
  newscrawl state show newsgram.com                        one source
  newscrawl state show https://www.example.org/some/article
  newscrawl state forget --source example.org --older-than 365d
  newscrawl state check
  newscrawl state copy --to postgresql://news@db/news      from this machine to many

exit codes: 0 all well, 1 something is wrong with the state, 2 wrong usage, 3 not known
"""
LAST_RUNS: Final = 10


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the command's options."""
    parser.epilog = EXAMPLE
    actions = parser.add_subparsers(metavar="ACTION", title="actions", required=True)
    show = actions.add_parser("show", help="what is known of an address, of a source, or of all")
    show.add_argument("what", nargs="?", metavar="URL|SOURCE")
    show.set_defaults(run=run_show)
    forget = actions.add_parser(
        "forget",
        help="forget addresses and articles; what is met again is fetched and stored again. "
        "Lines in article files stay",
    )
    forget.add_argument("--source", metavar="SOURCE", help="those of this source or host")
    forget.add_argument(
        "--older-than", metavar="AGE", help="those not fetched for so long, such as 365d"
    )
    forget.set_defaults(run=run_forget)
    check = actions.add_parser("check", help="check the database, its sums and the article files")
    check.set_defaults(run=run_check)
    copy = actions.add_parser(
        "copy",
        help="copy the state into another back end, where nothing is yet: from a file into PostgreSQL, or back. "
        "Article files stay where they are",
    )
    copy.add_argument("--to", required=True, metavar="FILE|ADDRESS", help="where it goes")
    copy.set_defaults(run=run_copy)
    mend = actions.add_parser(
        "mend-clock",
        help="move what was planned while the clock was ahead, where runs refuse to begin because of it",
    )
    mend.set_defaults(run=run_mend_clock)
    for action in (show, forget, check, copy, mend):
        add_state_options(action)
        add_common_options(action, is_action=True)


def add_state_options(parser: argparse.ArgumentParser) -> None:
    """Add what names the state."""
    add_state_option(parser)
    parser.add_argument(
        "--articles", metavar="DIR", help="the article files, if not in articles/ beside the state"
    )


def opened(options: argparse.Namespace) -> State:
    """Open the state that the options name."""
    return open_state(named_state(options), folder_or_address(options.articles))


def add_state_option(parser: argparse.ArgumentParser) -> None:
    """Add --state."""
    try:
        # A password that the environment names is not for the help.
        shown = str(place_of(DEFAULT)).replace("%", "%%")
    except UsageError:
        shown = "named wrongly by the environment"
    parser.add_argument(
        "--state", default=DEFAULT, metavar="FILE|ADDRESS",
        help=f"the state: a file, or postgresql://… ({shown}; NEWSCRAWL_STATE in the environment names another)",
    )  # fmt: skip


def named_state(options: argparse.Namespace) -> StatePlace:
    """Give the state that the options name.

    Raises:
        UsageError: it is the address of a back end that there is not.

    """
    return place_of(options.state)


def folder_or_address(given: str | None) -> Path | str | None:
    """Read where articles are: a folder, or the address of shared storage."""
    return given if is_remote(given) else Path(given) if given else None


def run_show(options: argparse.Namespace) -> ExitCode:
    """Show an address, a source, or all."""
    state = opened(options)
    if options.what is None:
        for name in state.sources():
            if source := state.source(name):
                print(f"{name}: {_counts(source)}")
        for run in state.runs(LAST_RUNS):
            print(_run_line(run))
        return ExitCode.OK
    if "/" in options.what:
        return _show_address(state, options.what)
    source = state.source(options.what)
    if source is None:
        print(f"newscrawl: {options.what} is not in {named_state(options)}", file=sys.stderr)
        return ExitCode.NOTHING
    print(f"{source.name}: {_counts(source)}")
    print(f"  hosts: {', '.join(source.hosts)}")
    for state_name, number in source.by_state.items():
        print(f"  {state_name}: {number}")
    if source.answers:
        print(f"  came back: {', '.join(f'{kind} {n}' for kind, n in source.answers.items())}")
    for found in source.lists:
        print(f"  {_list_line(found)}")
    return ExitCode.OK


def run_forget(options: argparse.Namespace) -> ExitCode:
    """Forget a source, or what is old."""
    if not options.source and not options.older_than:
        raise UsageError("say what to forget: --source, --older-than, or both")
    older_than = age_of(options.older_than) if options.older_than else None
    state = opened(options)
    if options.source and state.source(options.source) is None:
        print(f"newscrawl: {options.source} is not in {named_state(options)}", file=sys.stderr)
        return ExitCode.NOTHING
    number = state.forget(options.source, older_than)
    if not options.quiet:
        forgotten = numbered(number, "address", "addresses")
        print(
            f"newscrawl: {forgotten} forgotten; the article files are as they were", file=sys.stderr
        )
    return ExitCode.OK


def run_check(options: argparse.Namespace) -> ExitCode:
    """Check everything."""
    with opened(options) as state:
        problems, unchecked = list(state.check()), state.unchecked()
        unsent, _ = state.unsent()
    for problem in problems:
        print(problem)
    if not options.quiet:
        for files in unchecked:
            print(f"newscrawl: {files} not checked here", file=sys.stderr)
        if unsent:
            print(f"newscrawl: {numbered(unsent, 'line')} not sent yet", file=sys.stderr)
    if not problems and not options.quiet:
        print(f"{named_state(options)}: sound")
    return ExitCode.FAILED if problems else ExitCode.OK


def run_copy(options: argparse.Namespace) -> ExitCode:
    """Copy the state."""
    source, target = named_state(options), place_of(options.to)
    articles = folder_or_address(options.articles) or source.folder / "articles"
    copied = copy_state(source, target, articles)
    if not options.quiet:
        print(
            f"newscrawl: {copied.rows:,} rows copied to {target}: {numbered(copied.addresses, 'address', 'addresses')}, "
            f"{numbered(copied.articles, 'article')}; {source} is as it was, and article files stay where they are",
            file=sys.stderr,
        )
    return ExitCode.OK


def run_mend_clock(options: argparse.Namespace) -> ExitCode:
    """Take the present clock for right."""
    with opened(options) as state:
        state.mend_clock(state.database.now())
    if not options.quiet:
        print("newscrawl: what was planned while the clock was ahead is moved", file=sys.stderr)
    return ExitCode.OK


def _show_address(state: State, url: str) -> ExitCode:
    try:
        found = state.address(url)
    except ValueError as error:
        raise UsageError(f"{url!r} is no address: {error}") from error
    if found is None:
        print(f"newscrawl: {url} is not in {state.path}", file=sys.stderr)
        return ExitCode.NOTHING
    for name, value in _rows(found):
        print(f"{name:>14}: {value}")
    for version in found.versions:
        where = f"{version.file}, byte {version.start}, {version.length} bytes"
        print(f"{f'version {version.number}':>14}: {moment(version.stored)}, {where}")
    return ExitCode.OK


def _rows(found: Address) -> list[tuple[str, str]]:
    outcome = f"{found.outcome or '-'}{f' ({found.reason})' if found.reason else ''}"
    rows = [
        ("address", found.url),
        ("state", f"{found.state}, {'an article' if found.is_article else 'leads on'}"),
        ("last outcome", outcome),
        ("found", moment(found.found)),
        ("first fetched", moment(found.first_fetched)),
        ("last fetched", moment(found.fetched)),
        ("next visit", moment(found.due) if found.due else "by no plan"),
        ("last run", str(found.run)),
    ]
    if found.failures or found.attempts:
        rows.append(("failures", f"{found.failures}, unfinished attempts {found.attempts}"))
    if found.article:
        rows.append(("known as", numbered(found.aliases, "address", "addresses")))
    return rows


def _list_line(found: ListedPage) -> str:
    every = f"every {found.interval / 60:.0f} min" if found.interval else "at each crawl"
    trouble = (
        f", {found.outcome} ({found.reason}), failure score {found.score:g}" if found.score else ""
    )
    return f"{found.kind or 'list'} {found.url}: {every}, next {moment(found.due)}{trouble}"


def _counts(source: Source) -> str:
    return (
        f"{numbered(source.articles, 'article')} in {numbered(source.versions, 'version')}, "
        f"{numbered(sum(source.by_state.values()), 'address', 'addresses')}, {source.due} due"
    )


def _run_line(run: Run) -> str:
    ends = ", ".join(f"{end} {number}" for end, number in run.ends.items()) or "nothing"
    ended = run.reason or f"at work as process {run.pid}"
    return f"run {run.id}, {moment(run.started)}, {ended}: {run.job}: {ends}"


def moment(seconds: float | None) -> str:
    """Print a time, in UTC."""
    if seconds is None:
        return "-"
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
