"""newscrawl export."""

import argparse
import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from newscrawl.ages import read_age
from newscrawl.cli.exits import ExitCode
from newscrawl.corpus.database import Corpus, find_files, workshop
from newscrawl.corpus.export import DEDUPES, Refusals, Report, Wish, export_file, export_folder
from newscrawl.corpus.formats import BY_NAME, FORMATS
from newscrawl.corpus.selection import VERSIONS, Filter, fate_of, parse_when
from newscrawl.corpus.uploading import is_remote, upload
from newscrawl.errors import UsageError
from newscrawl.state.inspection import open_state
from newscrawl.wording import numbered

DEFAULT: Final = "data/articles"
STATE: Final = "state.db"
MAX_NAMED: Final = 10
"""Damaged files and lines that are named."""
EXAMPLE: Final = """
examples:
  newscrawl export -O corpus/                                    all of data/articles, with manifest and data card
  newscrawl export --since 2026-01-01 --until 2026-01-31 --language de --format parquet -O january/
  newscrawl export --agency ap --link -O ap/                     the AP's copy, linked to clusters
  newscrawl export --dedupe near --split train=90,test=10 -O training/
  newscrawl export --match 'ferry|harbour' --format csv > ferries.csv
  newscrawl export crawl.jsonl.zst --format tei --split month -O tei/

An option that takes a value may be given several times, or with commas; one of the values must hold, of --match all.
The same articles and the same command give the same bytes, wherever the articles lie.

exit codes: 0 all well, 1 an input was damaged (what could be read is exported) or nothing can be written, 2 wrong usage,
3 no article is left
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the command's options."""
    parser.epilog = EXAMPLE
    add_paths(parser)
    chosen = parser.add_argument_group("which articles")
    chosen.add_argument(
        "--since",
        metavar="DATE",
        help="published on this day or later: 2026-01-31, 2026-01-31T12:00+01:00, or an age, 7d",
    )
    chosen.add_argument("--until", metavar="DATE", help="published on this day or earlier")
    for name, what in (
        ("source", "of this source, by its id or host"), ("language", "in this language, such as de"),
        ("agency", "that name this agency, by id or name"), ("author", "with an author whose name holds this"),
        ("kind", "of this kind: article, opinion, live_blog, …"),
    ):  # fmt: skip
        chosen.add_argument(
            f"--{name}", action="append", default=[], metavar=name.upper(), help=what
        )
    chosen.add_argument(
        "--match", action="append", default=[], metavar="REGEX",
        help="in whose title, subtitle or text this is found (RE2; case does not matter)",
    )  # fmt: skip
    chosen.add_argument("--min-words", type=int, default=0, metavar="N", help="of at least N words")
    chosen.add_argument(
        "--no-opt-outs", action="store_true", help="leave out what its publisher restricts"
    )
    chosen.add_argument(
        "--versions",
        choices=VERSIONS,
        default="last",
        help="of an article that was changed (%(default)s)",
    )
    twice = parser.add_argument_group("duplicates")
    twice.add_argument(
        "--dedupe", choices=DEDUPES, default="none",
        help="leave out copies: word for word (exact), also changed ones (near), or all but one a source (per-source)",
    )  # fmt: skip
    twice.add_argument(
        "--link",
        action="store_true",
        help="mark near-duplicates with their cluster; leave none out",
    )
    twice.add_argument(
        "--window",
        metavar="AGE",
        help="link only what was published so close together, such as 30d",
    )
    made = parser.add_argument_group("what is made")
    made.add_argument("--format", choices=FORMATS, default="jsonl", help="(%(default)s)")
    made.add_argument(
        "--split", metavar="HOW",
        help="one file a day, month, year, source, language or kind; or of N articles; or by shares: train=90,test=10",
    )  # fmt: skip
    made.add_argument(
        "--title", default="A newscrawl corpus", help="the title of the data card (%(default)s)"
    )
    made.add_argument(
        "-O", "--output", metavar="PATH", default="-",
        help="a folder (made if its name has no suffix or ends in /), a file, an address such as s3://bucket/corpus/, or - for standard output, the default",
    )  # fmt: skip
    parser.set_defaults(run=run)


def add_paths(parser: argparse.ArgumentParser) -> None:
    """Add what is read."""
    parser.add_argument(
        "paths", nargs="*", metavar="PATH",
        help=f"article files (JSON lines, also packed, or Parquet) or folders; - for standard input ({DEFAULT})",
    )  # fmt: skip
    parser.add_argument(
        "--state", metavar="FILE",
        help=f"the crawl state, for the refusals that the data card counts ({STATE} beside the folder of the articles, if there is one)",
    )  # fmt: skip


def run(options: argparse.Namespace) -> ExitCode:
    """Export."""
    wish = _wish(options)
    refusals = refusals_of(options)
    target = options.output
    if target != "-" and not is_remote(target):
        report = _export(options, wish, Path(target), refusals, is_folder=_is_folder(target))
    else:
        with workshop() as scratch:
            is_folder = target != "-" and _is_folder(target)
            name = (
                "export"
                if is_folder
                else Path(target).name
                if target != "-"
                else f"export{BY_NAME[wish.format].suffix}"
            )
            made = scratch / "export" / name
            report = _export(options, wish, made, refusals, is_folder=is_folder)
            if report.tally.taken and target == "-":
                with made.open("rb") as file:
                    shutil.copyfileobj(file, sys.stdout.buffer)
            elif report.tally.taken:
                upload(
                    made if is_folder else made.parent,
                    target if is_folder else target.rpartition("/")[0],
                )
    return _close(options, wish, report)


def _export(
    options: argparse.Namespace, wish: Wish, target: Path, refusals: Refusals, *, is_folder: bool
) -> Report:
    beside = target.parent if target.parent.is_dir() else None
    with (
        workshop(beside) as scratch,
        Corpus(find_files(options.paths or [DEFAULT], scratch), scratch) as corpus,
    ):
        report = (
            export_folder(corpus, wish, target, refusals)
            if is_folder
            else export_file(corpus, wish, target)
        )
        report.damaged += corpus.torn
    return report


def _is_folder(target: str) -> bool:
    return (
        target.endswith("/")
        or (not is_remote(target) and Path(target).is_dir())
        or not Path(target).suffix
    )


def _close(options: argparse.Namespace, wish: Wish, report: Report) -> ExitCode:
    """Say what was done, and give the exit code."""
    tally = report.tally
    say_damaged([*report.damaged, *tally.damaged])
    if not tally.taken:
        print(f"newscrawl: nothing to export: {tally.culprit()}", file=sys.stderr)
        return ExitCode.NOTHING
    if not options.quiet:
        print(f"newscrawl: {summary(report)}", file=sys.stderr)
    return ExitCode.FAILED if report.damaged or tally.is_damaged else ExitCode.OK


def say_damaged(lines: list[str]) -> None:
    """Name what could not be read."""
    for line in lines[:MAX_NAMED]:
        print(f"newscrawl: {line}", file=sys.stderr)
    if len(lines) > MAX_NAMED:
        print(f"newscrawl: and {len(lines) - MAX_NAMED} more", file=sys.stderr)


def summary(report: Report) -> str:
    """Say in a line what was exported, and what was not."""
    tally, figures = report.tally, report.figures
    left = ", ".join(f"{fate_of(name)} {number:,}" for name, number in tally.left_out.items())
    parts = [
        f"{tally.taken:,} of {numbered(tally.lines, 'line')} exported",
        *([f"left out: {left}"] if left else []),
        *(
            [f"{numbered(len(figures.clusters), 'cluster')} of near-duplicates"]
            if figures.is_linked
            else []
        ),
    ]
    return "; ".join(parts)


def _wish(options: argparse.Namespace) -> Wish:
    """Turn options into what is asked for."""
    now = datetime.now(UTC)
    split = {
        name: split_values(getattr(options, name))
        for name in ("source", "language", "agency", "author", "kind")
    }
    wanted = Filter(
        since=_when("since", options.since, now), until=_when("until", options.until, now),
        sources=split["source"], languages=split["language"], agencies=split["agency"], authors=split["author"],
        kinds=split["kind"], matches=tuple(options.match), min_words=options.min_words,
        no_opt_outs=options.no_opt_outs, versions=options.versions,
    )  # fmt: skip
    if wanted.since and wanted.until and wanted.since[:10] > wanted.until[:10]:
        raise UsageError(f"since {options.since} is later than until {options.until}")
    return Wish(
        format=options.format, filter=wanted, dedupe=options.dedupe, is_linked=options.link,
        window=window_of(options.window), split=options.split, title=options.title,
    )  # fmt: skip


def _when(name: str, text: str | None, now: datetime) -> str | None:
    age = read_age(text) if text else None
    return (
        (now - timedelta(seconds=age)).isoformat(timespec="seconds")
        if age is not None
        else parse_when(name, text)
    )


def window_of(text: str | None) -> timedelta | None:
    """Read a window.

    Raises:
        UsageError: it is no age.

    """
    if not text:
        return None
    age = read_age(text)
    if not age:
        raise UsageError(f"window={text}: no age; write 36h or 30d")
    return timedelta(seconds=age)


def split_values(values: list[str]) -> tuple[str, ...]:
    """Give the values of an option that may be given several times, and with commas."""
    return tuple(value.strip() for given in values for value in given.split(",") if value.strip())


def refusals_of(options: argparse.Namespace) -> Refusals:
    """Read what was refused from the crawl state, if there is one."""
    path = Path(options.state) if options.state else None
    if path is None:
        folders = [Path(given) for given in options.paths or [DEFAULT]]
        path = next(
            (found for folder in folders if (found := folder.parent / STATE).is_file()), None
        )
    if path is None:
        return {}
    state = open_state(path)
    try:
        return state.refusals()
    finally:
        state.close()
