"""newscrawl describe."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

from newscrawl.cli.exits import ExitCode
from newscrawl.cli.export import DEFAULT, add_paths, refusals_of, say_damaged
from newscrawl.corpus.card import Card, markdown, page
from newscrawl.corpus.database import Corpus, find_files, workshop
from newscrawl.corpus.describing import describe
from newscrawl.corpus.export import write_card
from newscrawl.corpus.plots import plots

EXAMPLE: Final = """
examples:
  newscrawl describe                                 data/articles, as Markdown
  newscrawl describe corpus/ -O card.html            one page, plots in it
  newscrawl describe data/articles --link -O card/   README.md, card.html and the plots

newscrawl export to a folder writes the card of what it exports by itself.

exit codes: 0 all well, 1 an input was damaged (what could be read is described), 2 wrong usage, 3 there is no article
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the command's options."""
    parser.epilog = EXAMPLE
    add_paths(parser)
    parser.add_argument(
        "--link", action="store_true", help="look for near-duplicates, and count them"
    )
    parser.add_argument("--title", default="A newscrawl corpus", help="the title (%(default)s)")
    parser.add_argument(
        "-O", "--output", metavar="PATH", default="-",
        help="a folder, a file that ends in .md or .html, or - for Markdown on standard output, the default",
    )  # fmt: skip
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> ExitCode:
    """Describe."""
    with (
        workshop() as scratch,
        Corpus(find_files(options.paths or [DEFAULT], scratch), scratch) as corpus,
    ):
        tally, figures = describe(corpus, is_linked=options.link)
        damaged = list(corpus.torn)
    say_damaged([*damaged, *tally.damaged])
    if not tally.taken:
        print(f"newscrawl: nothing to describe: {tally.culprit()}", file=sys.stderr)
        return ExitCode.NOTHING
    card = Card(title=options.title, figures=figures, tally=tally, refusals=refusals_of(options))
    _write(card, options.output)
    return ExitCode.FAILED if damaged or tally.is_damaged else ExitCode.OK


def _write(card: Card, output: str) -> None:
    if output == "-":
        sys.stdout.write(markdown(card))
    elif output.endswith(".md"):
        Path(output).write_text(markdown(card), encoding="utf-8")
    elif output.endswith(".html"):
        Path(output).write_text(page(replace(card, plots=plots(card.figures))), encoding="utf-8")
    else:
        write_card(replace(card, plots=plots(card.figures)), Path(output))
