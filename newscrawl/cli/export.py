"""newscrawl export."""

import argparse
import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from newscrawl.ages import read_age
from newscrawl.cli import positive_number
from newscrawl.cli.exits import ExitCode
from newscrawl.corpus.database import opened_corpus
from newscrawl.corpus.export import DEDUPES, Refusals, Report, Wish, export_file, export_folder
from newscrawl.corpus.files import refuse_overlap, workshop
from newscrawl.corpus.formats import BY_NAME, FORMATS, FormatName
from newscrawl.corpus.selection import VERSIONS, Filter, are_in_order, fate_of, parse_when
from newscrawl.corpus.uploading import check_target, upload
from newscrawl.errors import UsageError
from newscrawl.remote import is_remote
from newscrawl.state.inspection import open_state
from newscrawl.state.place import StatePlace, place_of
from newscrawl.wording import numbered

DEFAULT: Final = "data/articles"
STATE: Final = "state.db"
LONGEST_AGE: Final = 1900 * 365.25 * 86400
"""Seconds."""
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

--source, --language, --agency, --author and --kind take several values, by commas or given again; one of them must hold. --match given
again must be found too; it is taken whole.
The same articles and the same command give the same bytes, wherever the articles lie.

exit codes: 0 all well, 1 an input was damaged (what could be read is exported) or nothing can be written, 2 wrong usage,
3 no article is left
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the command's options."""
    parser.epilog = EXAMPLE
    add_paths(parser)
    add_state(parser)
    chosen = parser.add_argument_group("which articles")
    chosen.add_argument(
        "--since",
        metavar="DATE",
        help="published on this day or later: 2026-01-31, 2026-01, 2026-01-31T12:00+01:00, or an age, 7d",
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
    chosen.add_argument(
        "--min-words", type=positive_number, default=0, metavar="N", help="of at least N words"
    )
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
    made.add_argument("--format", choices=FORMATS, help="(by the suffix of the file, else jsonl)")
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
        "paths", nargs="*", metavar="PATH", default=[DEFAULT],
        help=f"article files (JSON lines, also packed, or Parquet) or folders; - for standard input ({DEFAULT})",
    )  # fmt: skip


def add_state(parser: argparse.ArgumentParser) -> None:
    """Add where refusals are counted."""
    parser.add_argument(
        "--state", metavar="FILE|ADDRESS",
        help=f"the crawl state, for the refusals that the data card counts ({STATE} beside the folder of the articles, if there is one)",
    )  # fmt: skip


def run(options: argparse.Namespace) -> ExitCode:
    """Export."""
    wish, target = _wish(options), str(options.output)
    if target != "-" and not is_remote(target):
        refuse_overlap(options.paths, Path(target))
        report = _export(options, wish, Path(target))
    else:
        if target != "-":
            check_target(target)
        with workshop() as scratch:
            made = scratch / "export" / _name(target, wish)
            report = _export(options, wish, made)
            if report.tally.taken:
                _send(made, target)
    return _close(options, report)


def _export(options: argparse.Namespace, wish: Wish, target: Path) -> Report:
    beside = target.parent if target.parent.is_dir() else None
    with opened_corpus(options.paths, beside) as corpus:
        if options.output != "-" and is_folder(options.output):
            report = export_folder(corpus, wish, target, refusals_of(options))
        else:
            report = export_file(corpus, wish, target)
        report.damaged += corpus.torn
    return report


def _name(target: str, wish: Wish) -> str:
    """Give the name under which an export is made that goes elsewhere."""
    if target == "-":
        return f"export{BY_NAME[wish.format].suffix}"
    return "export" if is_folder(target) else target.rpartition("/")[2]


def _send(made: Path, target: str) -> None:
    """Copy an export to standard output or to an address."""
    if target == "-":
        with made.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    elif is_folder(target):
        upload(made, target)
    else:
        upload(made.parent, target.rpartition("/")[0])


def is_folder(target: str) -> bool:
    """Tell the name of a folder from that of a file."""
    return (
        target.endswith("/")
        or (not is_remote(target) and Path(target).is_dir())
        or not Path(target).suffix
    )


def _close(options: argparse.Namespace, report: Report) -> ExitCode:
    """Say what was done, and give the exit code."""
    tally = report.tally
    say_damaged([*report.damaged, *tally.damaged])
    for line in tally.unmet:
        print(f"newscrawl: {line}", file=sys.stderr)
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
    if not are_in_order(wanted.since, wanted.until):
        raise UsageError(f"since {options.since} is later than until {options.until}")
    return Wish(
        format=_format(options), filter=wanted, dedupe=options.dedupe, is_linked=options.link,
        window=window_of(options.window), split=options.split, title=options.title.encode("utf-8", "replace").decode(),
    )  # fmt: skip


def _format(options: argparse.Namespace) -> FormatName:
    """Give the format that is asked for, or that the file's name says.

    Raises:
        UsageError: they contradict each other, or the name is of a kind that is not written.

    """
    target = options.output
    said: FormatName | None = options.format
    if target == "-" or is_folder(target):
        return said or "jsonl"
    suffix = Path(target).suffix.lower()
    named = next((form for form, known in BY_NAME.items() if known.suffix == suffix), None)
    if named is None and suffix not in (".tei", ".jl", ".ndjson"):
        kinds = ", ".join(known.suffix for known in BY_NAME.values())
        raise UsageError(
            f"{target}: a file ends in {kinds}, a folder in /; what is packed is not written"
        )
    named = named or ("tei" if suffix == ".tei" else "jsonl")
    if said and said != named:
        raise UsageError(f"{target} would not hold {said}: its name says {named}")
    return named


def _when(name: str, text: str | None, now: datetime) -> str | None:
    age = read_age(text) if text else None
    if age is None:
        return parse_when(name, text)
    return (now - span_of(name, text, age)).isoformat(timespec="seconds")


def span_of(name: str, text: str | None, seconds: float) -> timedelta:
    """Turn an age into a span of time.

    Raises:
        UsageError: no calendar goes back so far.

    """
    if seconds > LONGEST_AGE:
        raise UsageError(f"{name}={text}: no calendar goes back so far")
    return timedelta(seconds=seconds)


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
    return span_of("window", text, age)


def split_values(values: list[str]) -> tuple[str, ...]:
    """Give the values of an option that may be given several times, and with commas."""
    return tuple(value.strip() for given in values for value in given.split(",") if value.strip())


def refusals_of(options: argparse.Namespace) -> Refusals:
    """Read what was refused from the crawl state, if there is one."""
    where: Path | StatePlace | None = place_of(options.state) if options.state else None
    if where is None:
        folders = [Path(given) for given in options.paths]
        where = next(
            (found for folder in folders if (found := folder.parent / STATE).is_file()), None
        )
    if where is None:
        return {}
    state = open_state(where)
    try:
        return state.refusals()
    finally:
        state.close()
