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
from newscrawl.items import Article, Author, CitedSource, DateInfo, Image, Page, Rejected
from newscrawl.pages import FORMATS, read_pages

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
    for name, value in _values(article):
        entries = [entry for entry in article.provenance if entry.field == name]
        origin = "; ".join(f"{entry.method}: {' '.join(entry.raw.split())}" for entry in entries)
        console.print(Text(f"  {name:<16} {value}{f'  [{origin}]' if origin else ''}"))
        for other in (other for entry in entries for other in entry.alternatives):
            shown = shorten(other.raw, MAX_ALTERNATIVE_CHARS, placeholder=" …")
            why = f" ({other.why})" if other.why else ""
            console.print(Text(f"  {'':<16} lost: {other.method}: {shown}{why}", style="dim"))


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
    made = article.extracted_with
    if made.publisher_layout:
        missed = (
            f"; nothing found by: {', '.join(made.layout_missed)}" if made.layout_missed else ""
        )
        pairs.append(("publisher file", f"{made.publisher_layout}{missed}"))
    pairs += [("kind", article.kind), ("canonical_url", article.canonical_url or "")]
    pairs += [("image", _image(image)) for image in article.images]
    pairs += [("source_cited", _cited(cited)) for cited in article.sources_cited]
    pairs += [("note", f"{note.kind}: {note.text}") for note in article.notes]
    if rights := article.copyright:
        said = (rights.holder, rights.year, rights.notice, rights.licence)
        pairs.append(("copyright", "; ".join(part for part in said if part)))
    return [(name, value) for name, value in pairs if value]


def _author(author: Author) -> str:
    kind = author.kind if author.kind != "person" else None
    notes = [note for note in (kind, author.role, author.affiliation, author.place) if note]
    return author.name + (f" ({', '.join(notes)})" if notes else "")


def _image(image: Image) -> str:
    credit = image.credit
    parts = [f"credit: {credit.raw}"] if credit else []
    if credit:
        parts += [f"by {name}" for name in credit.photographers]
        parts += [f"from {name}" for name in credit.agencies]
        parts += [part for part in (credit.supplied_as, credit.licence) if part]
    parts += ["generic"] if image.is_generic else []
    return " | ".join([image.caption or "(no caption)", *parts])


def _cited(cited: CitedSource) -> str:
    kind = ", itself" if cited.is_self else ""
    return f"{cited.name or 'unnamed'} ({cited.kind}{kind}): “{cited.phrase}”"


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
