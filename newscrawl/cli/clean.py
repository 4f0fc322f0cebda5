"""newscrawl clean."""

import argparse
import gc
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import IO, Final

from newscrawl.batch import Failed, Outcome, Totals, clean_all, encode_outcome
from newscrawl.cli.exits import ExitCode, exit_code
from newscrawl.cli.output import add_output_options, open_file, open_output
from newscrawl.errors import UsageError
from newscrawl.extraction.document import is_http_url
from newscrawl.items import Article, Page, Rejected
from newscrawl.pages import format_of, read_pages
from newscrawl.profiles import Profiles, learn_profiles, read_profiles
from newscrawl.progress import Progress

EXAMPLE: Final = """
examples:
  newscrawl clean page.html
  newscrawl clean pages/ -O articles.jsonl --rejects rejects.jsonl
  cat pages.jsonl | newscrawl clean --input-format jsonl > articles.jsonl

Each line of JSON lines, by suffix or --input-format jsonl, {"id"?, "url", "html", "fetched_at"?} is answered by
one with the same id: an article, or {"id", "rejected": reason}. Of other inputs the articles are
written, and what is refused is named on standard error and in the --rejects file.

exit codes: 0 all well, 1 a page failed or an input was broken, 2 wrong usage, 3 no article came out
"""
COLLECT_AFTER: Final = (20_000, 20, 100)
"""Objects made before Python looks for dead cycles, and rounds before it looks among older ones.

A page makes tens of thousands that die with it; to look among them as often as usual (700, 10, 10)
costs a twentieth of the time and finds nothing.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the command's options."""
    parser.epilog = EXAMPLE
    parser.add_argument("paths", nargs="*", metavar="PATH", help="files, folders, or - for stdin")
    parser.add_argument(
        "--input-format", choices=("html", "jsonl", "text"),
        help="what the input is; by default a file's suffix says it, and stdin is html",
    )  # fmt: skip
    parser.add_argument("--url", help="the address of the page, where a single file is read")
    add_output_options(parser)
    parser.add_argument(
        "--rejects", metavar="FILE", help="write refused pages to FILE, with reasons"
    )
    parser.add_argument(
        "--provenance", action="store_true", help="also write removed texts and each field's source"
    )
    add_profile_option(parser)
    parser.add_argument(
        "--learn", action="store_true",
        help="read the input twice, and drop from each source's pages what recurs on them",
    )  # fmt: skip
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> ExitCode:
    """Clean the pages."""
    gc.set_threshold(*COLLECT_AFTER)
    paths = _paths(options)
    options.answers_lines = _are_lines(paths, options.input_format)
    totals = Totals()
    with ExitStack() as stack:
        output = stack.enter_context(open_output(options))
        rejects = stack.enter_context(open_file(Path(options.rejects))) if options.rejects else None
        progress = stack.enter_context(Progress(quiet=options.quiet))
        own = [Path(p) for p in (options.append, options.overwrite, options.rejects) if p]

        def pages() -> Iterator[Page | Rejected]:
            found = read_pages(paths, input_format=options.input_format, exclude=own)
            return with_url(found, options.url)

        profiles = learn_profiles(pages()) if options.learn else given_profiles(options)
        for outcome in clean_all(pages(), profiles):
            totals.count(outcome)
            _write(outcome, output, rejects, options)
            progress.show(str(totals), totals.read)
    if not options.quiet:
        print(f"newscrawl: {totals}", file=sys.stderr)
    return exit_code(totals)


def _paths(options: argparse.Namespace) -> list[str]:
    if options.url and not is_http_url(options.url):
        raise UsageError(f"--url {options.url!r} is not an http or https address")
    if options.url and (len(options.paths) > 1 or any(Path(p).is_dir() for p in options.paths)):
        raise UsageError("--url is the address of one page; name one file")
    if options.learn and (options.profiles or not options.paths or "-" in options.paths):
        raise UsageError("--learn reads the input twice: name files or folders, and no --profiles")
    if options.paths:
        missing = [path for path in options.paths if path != "-" and not Path(path).exists()]
        if missing:
            raise UsageError(f"no such file or folder: {missing[0]}")
        return list(options.paths)
    if sys.stdin.isatty():
        raise UsageError("name files or folders to clean, or - for standard input")
    return ["-"]


def add_profile_option(parser: argparse.ArgumentParser) -> None:
    """Add --profiles."""
    parser.add_argument(
        "--profiles",
        metavar="FILE",
        help="drop what FILE, made by newscrawl profile, knows to recur",
    )


def given_profiles(options: argparse.Namespace) -> Profiles | None:
    """Read the file that --profiles names, if any."""
    return read_profiles(Path(options.profiles)) if options.profiles else None


def _are_lines(paths: list[str], input_format: str | None) -> bool:
    """Tell whether the input is JSON lines, so that each is answered by one."""
    if input_format:
        return input_format == "jsonl"
    return all(path != "-" and format_of(Path(path)) == "jsonl" for path in paths)


def with_url(pages: Iterable[Page | Rejected], url: str | None) -> Iterator[Page | Rejected]:
    """Give pages of unknown address the one from the command line."""
    for page in pages:
        known = isinstance(page, Rejected) or page.url or not url
        yield page if known else replace(page, url=url)


def _write(
    outcome: Outcome, output: IO[bytes], rejects: IO[bytes] | None, options: argparse.Namespace
) -> None:
    line = encode_outcome(outcome, provenance=options.provenance)
    is_article = isinstance(outcome, Article)
    if is_article or options.answers_lines:
        output.write(line + b"\n")
        # Line by line: who pipes a page in waits for its answer.
        output.flush()
    if not is_article and rejects:
        rejects.write(line + b"\n")
    if not is_article and not options.answers_lines and not options.quiet:
        print(f"newscrawl: {describe(outcome)}", file=sys.stderr)


def describe(outcome: Outcome) -> str:
    """Say in one line why a page gave no article."""
    where = outcome.origin if not isinstance(outcome, Article) else None
    where = where or outcome.url or "page"
    if isinstance(outcome, Rejected):
        detail = f": {outcome.detail}" if outcome.detail else ""
        return f"{where}: rejected, {outcome.reason}{detail}"
    return f"{where}: failed: {outcome.error}" if isinstance(outcome, Failed) else where
