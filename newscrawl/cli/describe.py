"""newscrawl describe."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

from newscrawl.cli.exits import ExitCode
from newscrawl.cli.export import add_paths, add_state, is_folder, refusals_of, say_damaged
from newscrawl.corpus.card import Card, markdown, page
from newscrawl.corpus.database import opened_corpus
from newscrawl.corpus.describing import describe
from newscrawl.corpus.export import CARD, README, write_card
from newscrawl.corpus.plots import plots
from newscrawl.errors import UsageError
from newscrawl.wording import numbered

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
    add_state(parser)
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
    written = _checked(options.output)
    with opened_corpus(options.paths) as corpus:
        tally, figures = describe(corpus, is_linked=options.link)
        damaged = list(corpus.torn)
    say_damaged([*damaged, *tally.damaged])
    if not tally.taken:
        print(f"newscrawl: nothing to describe: {tally.culprit()}", file=sys.stderr)
        return ExitCode.NOTHING
    card = Card(title=options.title, figures=figures, tally=tally, refusals=refusals_of(options))
    _write(card, written)
    if written is not None and not options.quiet:
        print(
            f"newscrawl: {numbered(figures.articles, 'article')} described in {written}",
            file=sys.stderr,
        )
    return ExitCode.FAILED if damaged or tally.is_damaged else ExitCode.OK


def _checked(output: str) -> Path | None:
    """Give where the card goes; None for standard output.

    Raises:
        UsageError: it would take the place of something else.

    """
    if output == "-":
        return None
    path = Path(output)
    if not is_folder(output):
        if path.suffix not in (".md", ".html"):
            raise UsageError(f"{output}: a card ends in .md or .html, or is a folder")
        return path
    others = (
        {entry.name for entry in path.iterdir()} - {README, CARD, "plots"}
        if path.is_dir()
        else set()
    )
    is_card = not others and (
        not path.exists() or (path / CARD).exists() or not any(path.iterdir())
    )
    if not is_card:
        raise UsageError(f"{output} holds something else; name another folder")
    return path


def _write(card: Card, output: Path | None) -> None:
    if output is None:
        sys.stdout.write(markdown(card))
    elif output.suffix == ".md":
        output.write_text(markdown(card), encoding="utf-8")
    else:
        whole = replace(card, plots=plots(card.figures))
        if output.suffix == ".html":
            output.write_text(page(whole), encoding="utf-8")
        else:
            write_card(whole, output)
