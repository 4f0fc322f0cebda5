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

from newscrawl.batch import Totals, clean_all
from newscrawl.cli.clean import add_profile_option, describe, given_profiles, with_url
from newscrawl.cli.exits import ExitCode, exit_code
from newscrawl.errors import UsageError
from newscrawl.items import Article, Author, DateInfo, Page, Rejected
from newscrawl.pages import read_pages

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
    parser.add_argument("--input-format", choices=("html", "jsonl", "text"), help="what a file is")
    parser.add_argument("--url", help="the address of the page, where a file is read")
    add_profile_option(parser)
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
    return with_url(read_pages([source], input_format=options.input_format), options.url)


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
    sources = {entry.field: entry for entry in article.provenance}
    for name, value in _values(article):
        entry = sources.get(name)
        origin = f"  [{entry.method}: {entry.raw}]" if entry else ""
        console.print(Text(f"  {name:<16} {value}{origin}"))
        for other in entry.alternatives if entry else ():
            shown = shorten(other.raw, MAX_ALTERNATIVE_CHARS, placeholder=" …")
            console.print(Text(f"  {'':<16} lost: {other.method}: {shown}", style="dim"))


def _values(article: Article) -> list[tuple[str, str]]:
    pairs = [
        ("date_published", _date(article.date_published, article.dates.published)),
        ("date_modified", _date(article.date_modified, article.dates.modified)),
        ("authors", ", ".join(map(_author, article.authors))),
        ("desk", ", ".join(article.desk)),
        ("editors", ", ".join(article.editors)),
        ("contributors", ", ".join(article.contributors)),
        ("agencies", ", ".join(f"{agency.id} ({agency.name})" for agency in article.agencies)),
        ("dateline", article.dateline.raw if article.dateline else ""),
        (
            "publisher",
            ", ".join(p for p in (article.publisher.name, article.publisher.domain) if p),
        ),
        ("language", article.language or ""),
        ("section", article.section or ""),
        ("tags", ", ".join(article.tags)),
        ("title", article.title or ""),
        ("subtitle", article.subtitle or ""),
    ]
    pairs += [("image", _image(image.caption, image.credit)) for image in article.images]
    pairs += [
        ("source_cited", f"{cited.name}: “{cited.phrase}”") for cited in article.sources_cited
    ]
    return [(name, value) for name, value in pairs if value]


def _author(author: Author) -> str:
    kind = author.kind if author.kind != "person" else None
    notes = [note for note in (kind, author.role, author.affiliation, author.place) if note]
    return author.name + (f" ({', '.join(notes)})" if notes else "")


def _image(caption: str | None, credit: object) -> str:
    raw = getattr(credit, "raw", None)
    return f"{caption or '(no caption)'}{f' | credit: {raw}' if raw else ''}"


def _date(value: str | None, info: DateInfo | None) -> str:
    if info is None:
        return ""
    zone = f", zone from {info.zone_from}" if info.zone_from else ""
    flags = f" ({', '.join(info.flags)})" if info.flags else ""
    if value is None:
        return f"not found: {info.raw!r}{flags}"
    return f"{value}, to the {info.precision}{zone}{flags}"


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
