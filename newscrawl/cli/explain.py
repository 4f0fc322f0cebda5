"""newscrawl explain."""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from textwrap import shorten
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from newscrawl.batch import Totals, clean_all, describe
from newscrawl.cli.clean import add_profile_option, given_moment, given_profiles, with_url
from newscrawl.cli.exits import ExitCode, exit_code
from newscrawl.errors import UsageError
from newscrawl.items import Article, Page, Rejected
from newscrawl.pages import FORMATS, read_pages
from newscrawl.reports.fields import fields_told

EXAMPLE: Final = """
examples:
  newscrawl explain page.html --url https://www.example.org/2024/05/03/flood-hits-old-town
  newscrawl explain --input-format text dump.txt
  newscrawl explain https://www.example.org/2024/05/03/flood-hits-old-town

exit codes: 0 all well, 1 not fetched, broken or failed, 2 wrong usage, 3 the page is no article
"""
MAX_ALTERNATIVE_CHARS: Final = 80


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the command's options."""
    parser.epilog = EXAMPLE
    parser.add_argument("source", metavar="PATH|URL", help="a file, - for stdin, or an address")
    parser.add_argument("--input-format", choices=FORMATS, help="what a file is")
    parser.add_argument("--url", help="the address of the page, where a file is read")
    add_profile_option(parser)
    parser.add_argument(
        "--fetched-at", metavar="TIME",
        help="when a file was downloaded, in ISO 8601: it picks the publisher's layout",
    )  # fmt: skip
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> ExitCode:
    """Explain each page of the source."""
    totals = Totals()
    # Wide where the output is no terminal, so that a pipe into grep gets whole lines.
    console = Console(
        width=None if sys.stdout.isatty() else 10_000, highlight=False, soft_wrap=True
    )
    pages = list(_pages(options))
    for outcome in clean_all(pages, given_profiles(options)):
        totals.count(outcome)
        if isinstance(outcome, Article):
            show(outcome, console)
        else:
            print(f"newscrawl: {describe(outcome)}", file=sys.stderr)
    if _is_address(options.source):
        # Imported here and below: it loads Scrapy, which a file does not need.
        from newscrawl.cli.fetch import fetch_exit_code

        return fetch_exit_code(totals, pages)
    return exit_code(totals)


def _is_address(source: str) -> bool:
    return source.startswith(("http://", "https://"))


def _pages(options: argparse.Namespace) -> Iterable[Page | Rejected]:
    source = options.source
    if _is_address(source):
        from newscrawl.cli.fetch import fetch

        return fetch(source, options)
    if source != "-" and not Path(source).exists():
        raise UsageError(f"no such file or folder: {source}")
    pages = read_pages([source], input_format=options.input_format)
    return with_url(pages, options.url, given_moment(options.fetched_at))


def show(article: Article, console: Console) -> None:
    """Print where each field came from, what was removed, and the text that is left."""
    console.print(Text(article.title or "(no title)", style="bold"))
    _print_fields(article, console)
    _print_removed(article, console)
    console.print(
        Text(f"\nText ({len(article.body)} blocks, {article.word_count} words)", style="bold")
    )
    for block in article.body:
        console.print(Text(f"  {block.kind:<10} {block.text}"))


def _print_fields(article: Article, console: Console) -> None:
    console.print(Text("\nFields", style="bold"))
    for told in fields_told(article):
        origin = "; ".join(f"{one.method}: {' '.join(one.raw.split())}" for one in told.origins)
        console.print(Text(f"  {told.name:<16} {told.value}{f'  [{origin}]' if origin else ''}"))
        for other in (other for one in told.origins for other in one.alternatives):
            shown = shorten(other.raw, MAX_ALTERNATIVE_CHARS, placeholder=" …")
            why = f" ({other.why})" if other.why else ""
            console.print(Text(f"  {'':<16} lost: {other.method}: {shown}{why}", style="dim"))


def _print_removed(article: Article, console: Console) -> None:
    console.print(Text(f"\nRemoved ({len(article.removed)})", style="bold"))
    for edit in article.removed:
        console.print(Text(f"  {edit.code:<16} {edit.text}"))
        if edit.detail:
            console.print(Text(f"  {'':<16} {edit.detail}", style="dim"))
    codes = sorted({edit.code for edit in article.removed})
    table = Table.grid(padding=(0, 2))
    for code in codes:
        table.add_row(f"  {code}", code.sentence)
    if codes:
        console.print(Text("\nCodes", style="bold"))
        console.print(table)
