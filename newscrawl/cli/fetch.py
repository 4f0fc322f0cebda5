"""newscrawl fetch."""

import argparse
import sys
from typing import Final

from newscrawl.batch import Totals, clean_all, ending_of
from newscrawl.cli.crawl import log_settings
from newscrawl.cli.exits import ExitCode
from newscrawl.cli.output import add_output_options, open_output
from newscrawl.crawling import fetch_pages, project_settings
from newscrawl.errors import UsageError
from newscrawl.extraction.document import is_http_url
from newscrawl.items import Page, Rejected
from newscrawl.reasons import Reason

EXAMPLE: Final = """
example:
  newscrawl fetch https://www.example.org/2024/05/03/flood-hits-old-town

robots.txt is obeyed. exit codes: 0 all well, 1 not fetched or failed, 2 wrong usage, 3 the page is
no article, 5 the site refused
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the command's options."""
    parser.epilog = EXAMPLE
    parser.add_argument("url", metavar="URL", help="the address of the page")
    add_output_options(parser)
    parser.add_argument(
        "--provenance", action="store_true", help="also write removed texts and each field's source"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> ExitCode:
    """Fetch and clean one page."""
    pages = fetch(options.url, options)
    totals = Totals()
    with open_output(options) as output:
        for outcome in clean_all(pages):
            totals.count(outcome)
            ending = ending_of(outcome, provenance=options.provenance)
            if ending.is_article:
                output.write(ending.line + b"\n")
            else:
                print(f"newscrawl: {ending.told}", file=sys.stderr)
    return fetch_exit_code(totals, pages)


def fetch(url: str, options: argparse.Namespace) -> list[Page | Rejected]:
    """Fetch one page; a wrong address is wrong usage."""
    if not is_http_url(url):
        raise UsageError(f"{url!r} is not an http or https address")
    return fetch_pages([url], project_settings(**log_settings(options)))


def fetch_exit_code(totals: Totals, pages: list[Page | Rejected]) -> ExitCode:
    """Give the exit code for pages that were fetched by their address."""
    if totals.accepted:
        return ExitCode.OK
    refused = any(
        isinstance(page, Rejected) and (page.reason in (Reason.ROBOTS, Reason.BLOCKED))
        for page in pages
    )
    if refused:
        return ExitCode.BLOCKED
    fetched = any(isinstance(page, Page) for page in pages)
    return (
        ExitCode.NOTHING if fetched and not totals.failed and not totals.broken else ExitCode.FAILED
    )
