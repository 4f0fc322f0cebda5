"""The command line: one module a command, imported when it is called."""

import argparse
import logging
import os
import re
import sqlite3
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Final, NoReturn

from newscrawl.ages import read_age
from newscrawl.cli.exits import ExitCode
from newscrawl.errors import NewscrawlError, UsageError
from newscrawl.logs import FORMS, JsonLines, OneLine, Plain, log_to, run_name

COMMANDS: Final = {
    "demo": "crawl the built-in news site and show what comes out; needs no network",
    "crawl": "crawl sites, or fetch single articles, into JSON lines",
    "run": "crawl again what is due; what a scheduler calls",
    "worker": "join a state that many share, and run what is due until told to leave",
    "schedule": "write what cron, systemd or Kubernetes need to call newscrawl run --due",
    "fetch": "fetch and clean one page",
    "clean": "clean pages from files, folders or standard input into JSON lines",
    "profile": "learn from several pages of a source what recurs on all of them",
    "explain": "say where each field of a page came from, and what was removed and why",
    "inspect": "show a page beside what was made of it, block by block",
    "sources": "add, list, show and test the publisher files that crawls and cleaning rest on",
    "fixture": "keep a page and the article that is expected of it, as a test",
    "status": "tell how sources are: what is wrong, what is due, what is left, how full the disk is",
    "report": "make a page of what runs did",
    "doctor": "check this machine and the store: versions, disk, clock, names, robots agent",
    "state": "look into the crawl state, check it, or make it forget",
    "diff": "show what changed between the versions of an article",
    "reclean": "clean the pages that were kept with this version, and show what changes",
    "export": "select articles of a corpus and write them, with a manifest and a data card",
    "query": "ask a corpus in SQL",
    "describe": "write the data card of a corpus",
    "verify": "check an export against its manifest",
    "link": "mark near-duplicates as article lines pass by",
    "schema": "print the JSON Schema of an article line",
}
SECRET: Final = re.compile(r"(?<=:/)(/?[^\s:/@]*:)\S*(?=@)|(password=)\S+")
Run = Callable[[argparse.Namespace], ExitCode]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; give the exit code."""
    try:
        return _main(list(sys.argv[1:] if arguments is None else arguments))
    except KeyboardInterrupt:  # in the imports already, or in the command
        print("newscrawl: interrupted", file=sys.stderr)
        return 130


def _main(argv: list[str]) -> int:
    parser = _parser(argv)
    options = parser.parse_args(argv)
    if not getattr(options, "run", None):
        parser.print_help(sys.stderr)
        return ExitCode.USAGE
    return _guarded(options)


def _guarded(options: argparse.Namespace) -> int:
    """Run the command; an error is one line on stderr, with a traceback only under -v."""
    run: Run = options.run
    try:
        _configure_logging(options)
        return run(options)
    except UsageError as error:
        print(f"newscrawl: {error}", file=sys.stderr)
        return ExitCode.USAGE
    except (NewscrawlError, OSError, sqlite3.Error) as error:
        if isinstance(error, BrokenPipeError):
            return _closed_pipe()
        if options.verbose:
            raise
        hint = ": the crawl state may be damaged; see newscrawl state check" if isinstance(error, sqlite3.Error) else ""  # fmt: skip
        print(f"newscrawl: {error}{hint}", file=sys.stderr)
        return ExitCode.FAILED


def _closed_pipe() -> int:
    """End quietly when the reader of a pipe has gone, as `head` does."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ExitCode.OK


def _parser(argv: list[str]) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="newscrawl",
        description="News sites in, clean, attributed, dated articles out.",
        epilog="newscrawl COMMAND --help shows a command's options with an example.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    subparsers = parser.add_subparsers(metavar="COMMAND", title="commands")
    called = next((word for word in argv if word in COMMANDS), None)
    for name, summary in COMMANDS.items():
        sub = subparsers.add_parser(
            name,
            help=summary,
            description=summary[:1].upper() + summary[1:] + ".",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        # Only the command that is called is imported: Scrapy costs a third of a second.
        if name == called:
            import_module(f"newscrawl.cli.{name}").configure(sub)
        add_common_options(sub)
    return parser


def add_common_options(parser: argparse.ArgumentParser, *, is_action: bool = False) -> None:
    """Add what every command takes; an action of one takes it too, and leaves what the command was given."""
    quiet, verbose = (argparse.SUPPRESS, argparse.SUPPRESS) if is_action else (False, 0)
    group = parser.add_argument_group("messages")
    group.add_argument(
        "-q", "--quiet", action="store_true", default=quiet, help="print errors only"
    )
    group.add_argument(
        "-v",
        "--verbose",
        action="count",
        default=verbose,
        help="more messages and tracebacks; -vv for all",
    )


def add_log_options(parser: argparse.ArgumentParser) -> None:
    """Add where logs go, and in which form."""
    parser.add_argument(
        "--log-file", metavar="FILE",
        help="write a log to FILE too, from level INFO on; it is turned over at 10 MB, five are kept",
    )  # fmt: skip
    parser.add_argument(
        "--log-format", choices=FORMS, default="text",
        help="text, or json for an object a line with time, level, run, source and message",
    )  # fmt: skip


def add_setting_option(parser: argparse.ArgumentParser) -> None:
    """Add -s."""
    parser.add_argument(
        "-s", dest="settings", action="append", default=[], metavar="NAME=VALUE",
        help="a Scrapy setting, as in scrapy crawl",
    )  # fmt: skip


def age_option(text: str) -> float:
    """Read an option that must be an age, in seconds."""
    seconds = read_age(text)
    if not seconds:
        raise argparse.ArgumentTypeError(f"{text!r} is no age such as 9m or 24h")
    return seconds


def positive_number(text: str) -> int:
    """Read an option that must be a number above 0."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return int(text)


def _configure_logging(options: argparse.Namespace) -> None:
    level = logging.ERROR if options.quiet else logging.WARNING
    level = {0: level, 1: logging.INFO}.get(options.verbose, logging.DEBUG)
    handler = logging.StreamHandler(sys.stderr)
    # On the handler: Scrapy opens the root logger for all levels.
    handler.setLevel(level)
    handler.setFormatter(Plain("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler])
    if not options.verbose:
        # Certificates that do not match, line by line; Scrapy goes on all the same. By a filter,
        # because Scrapy resets the levels of its own loggers.
        handler.addFilter(lambda record: record.name != "scrapy.core.downloader.tls")
        handler.setFormatter(OneLine())
    options.run_name = run_name(time.time())
    if getattr(options, "log_format", "text") == "json":
        handler.setFormatter(JsonLines(options.run_name))
    if path := getattr(options, "log_file", None):
        # A file is read when something went wrong: it has more than a terminal.
        log_to(Path(path), options.log_format, options.run_name, min(level, logging.INFO))
    if options.verbose < 2:
        # They announce for each page what we return as a reason.
        for name in ("trafilatura", "htmldate", "charset_normalizer", "readability"):
            logging.getLogger(name).setLevel(logging.CRITICAL)


class _Parser(argparse.ArgumentParser):
    """A parser whose errors repeat no password."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the arguments, and exit."""
        super().error(SECRET.sub(r"\1\2…", message))


class _Version(argparse.Action):
    """Print the version without importing the package's core at start-up."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print(f"newscrawl {version('newscrawl')}")
        parser.exit()
