"""newscrawl reclean."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from newscrawl.batch import Options, sources_of
from newscrawl.cli.exits import ExitCode
from newscrawl.cli.output import open_file
from newscrawl.crew import collect_seldom
from newscrawl.errors import UsageError
from newscrawl.items import Page, Rejected
from newscrawl.pages import Sizes, read_source
from newscrawl.progress import Progress
from newscrawl.recleaning import Review, StoredArticles, differences, reclean, table
from newscrawl.remote import is_remote

EXAMPLE: Final = """
examples:
  newscrawl reclean                                  data/raw against data/articles
  newscrawl reclean data/raw --workers 2 --diff > review.md
  newscrawl reclean old.warc.gz --articles old.jsonl -O new.jsonl

The pages that crawls have kept are cleaned by this version; a table says, for each source and field, how
many articles would be others, with examples. Nothing that is stored is touched: with -O the new
articles are written to a file of their own.

exit codes: 0 done, 1 a page failed, 2 wrong usage, 3 there was no page
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the command's options."""
    parser.epilog = EXAMPLE
    parser.add_argument(
        "paths", nargs="*", default=["data/raw"], metavar="PATH",
        help="WARC files, or folders of them (data/raw)",
    )  # fmt: skip
    parser.add_argument(
        "--articles", default="data/articles", metavar="PATH",
        help="the articles as they were made, a file or a folder (%(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--diff", action="store_true", help="behind the table, show each example in full"
    )
    parser.add_argument(
        "--examples", type=int, default=3, metavar="N",
        help="examples of each field and source (%(default)d)",
    )  # fmt: skip
    parser.add_argument(
        "--workers", type=int, default=0, metavar="N", help="clean in N processes; 0 for this one"
    )
    parser.add_argument(
        "-O", "--output", metavar="FILE", help="write the new articles to FILE, overwriting it"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> ExitCode:
    """Clean anew, and print what changed."""
    collect_seldom()
    missing = [
        p for p in (*options.paths, options.articles) if not is_remote(p) and not Path(p).exists()
    ]
    if missing:
        raise UsageError(f"no such file or folder: {missing[0]}")
    if options.examples < 1 or options.workers < 0:
        raise UsageError("--examples is 1 or more, --workers 0 or more")
    stored = StoredArticles(_article_files(Path(options.articles)))
    review, sizes = Review(options.examples), Sizes()
    with ExitStack() as stack:
        output = stack.enter_context(open_file(Path(options.output))) if options.output else None
        progress = stack.enter_context(Progress(quiet=options.quiet))
        for ending in reclean(
            _pages(options, sizes), stored, review, Options(workers=options.workers)
        ):
            if output and ending.is_article:
                output.write(ending.line + b"\n")
            progress.show(str(review.totals), review.totals.read, sizes.share)
    for line in (*table(review), *(differences(review) if options.diff else ())):
        print(line)
    if not options.quiet:
        print(f"newscrawl: {review.totals}", file=sys.stderr)
    if not review.totals.read:
        return ExitCode.NOTHING
    return ExitCode.FAILED if review.totals.failed else ExitCode.OK


def _pages(options: argparse.Namespace, sizes: Sizes) -> Iterator[Page | Rejected]:
    for source in list(sources_of(options.paths, None, [], sizes)):
        if isinstance(source, Rejected):
            yield source
        else:
            yield from read_source(source, sizes)


def _article_files(path: Path) -> list[Path]:
    return sorted(path.rglob("*.jsonl")) if path.is_dir() else [path]
