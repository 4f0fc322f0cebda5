"""newscrawl fixture."""

import argparse
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from textwrap import shorten
from typing import Final

from newscrawl.cli import add_common_options
from newscrawl.cli.clean import given_moment
from newscrawl.cli.exits import ExitCode
from newscrawl.errors import InputError, UsageError
from newscrawl.fixtures import default_folder, write_fixture
from newscrawl.items import Page, Rejected
from newscrawl.pages import read_pages

EXAMPLE: Final = """
examples:
  newscrawl fixture add https://www.example.org/2026/05/03/flood-hits-old-town
  newscrawl fixture add page.html --url https://www.example.org/2026/05/03/flood-hits-old-town --slug flood

The page and what it is cleaned to now go into a folder. Read article.json, and correct what is wrong in it:
newscrawl sources test compares with it field by field.

exit codes: 0 written, 1 not fetched, 2 wrong usage, 5 the site refused
"""
MAX_SHOWN: Final = 100


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the command's options."""
    parser.epilog = EXAMPLE
    actions = parser.add_subparsers(metavar="ACTION", title="actions", required=True)
    add = actions.add_parser("add", help="keep a page and the article that is expected of it")
    add.add_argument("page", metavar="PATH|URL", help="a file, or an address that is fetched")
    add.add_argument("--url", help="the address of the page, where a file is read")
    add.add_argument(
        "--fetched-at", metavar="TIME",
        help="when a file was downloaded, in ISO 8601: it picks the layout (now)",
    )  # fmt: skip
    add.add_argument(
        "--content-type", metavar="TYPE",
        help="the Content-Type that a file came with, which may state its encoding",
    )  # fmt: skip
    add.add_argument("--slug", metavar="NAME", help="the fixture's name; else of the address")
    add.add_argument("--why", default="", metavar="TEXT", help="what it is a case of")
    add.add_argument(
        "--into", metavar="DIR",
        help="where fixtures are kept: tests/fixtures/publishers if it exists, else fixtures/ beside your publisher files",
    )  # fmt: skip
    add.add_argument("--force", action="store_true", help="overwrite one of the same name")
    add.set_defaults(run=run_add)
    add_common_options(add, is_action=True)


def run_add(options: argparse.Namespace) -> ExitCode:
    """Keep a page as a fixture."""
    pages = _pages(options)
    if len(pages) != 1:
        raise UsageError(f"{options.page}: {len(pages)} pages; a fixture is of one")
    page = pages[0]
    if isinstance(page, Rejected):
        from newscrawl.batch import Totals
        from newscrawl.cli.fetch import fetch_exit_code

        print(f"newscrawl: {page.url}: {page.reason}", file=sys.stderr)
        return fetch_exit_code(Totals(), pages)
    folder = Path(options.into) if options.into else default_folder()
    fixture = write_fixture(
        page, folder, slug=options.slug, why=options.why, replace=options.force
    )  # fmt: skip
    if not options.quiet:
        print(f"{fixture.path}: expected from now on; read it, and correct what is wrong")
        for name, value in fixture.expected.items():
            print(f"  {name:<16} {shorten(str(value), MAX_SHOWN, placeholder=' …')}")
    return ExitCode.OK


def _pages(options: argparse.Namespace) -> list[Page | Rejected]:
    if options.page.startswith(("http://", "https://")):
        # Imported here: it loads Scrapy, which a file does not need.
        from newscrawl.cli.fetch import fetch

        return fetch(options.page, options)
    if not Path(options.page).exists():
        raise InputError(f"no such file: {options.page}")
    moment = given_moment(options.fetched_at)
    return [
        replace(
            page,
            url=options.url or page.url,
            fetched_at=moment or page.fetched_at or _now(),
            content_type=options.content_type or page.content_type,
        )
        if isinstance(page, Page)
        else page
        for page in read_pages([options.page])
    ]


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
