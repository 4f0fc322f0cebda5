"""newscrawl inspect."""

import argparse
import hashlib
import os
import re
import shlex
import sys
import webbrowser
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from newscrawl.batch import Totals, clean_guarded, describe
from newscrawl.cli.clean import add_profile_option, given_moment, given_profiles, with_url
from newscrawl.cli.exits import ExitCode, exit_code
from newscrawl.cli.output import open_file
from newscrawl.cli.state import add_state_options, named_state, opened
from newscrawl.errors import StateError, UsageError
from newscrawl.extraction.document import is_http_url
from newscrawl.fixtures import slug_of
from newscrawl.items import Article, Page, Rejected
from newscrawl.pages import FORMATS, format_of, read_pages
from newscrawl.remote import is_remote
from newscrawl.reports.history import Step, steps_of
from newscrawl.reports.inspector import Look, inspector_page
from newscrawl.state.place import DEFAULT
from newscrawl.wording import numbered

EXAMPLE: Final = """
examples:
  newscrawl inspect https://www.example.org/2024/05/03/flood-hits-old-town
  newscrawl inspect page.html --url https://www.example.org/2024/05/03/flood-hits-old-town
  newscrawl inspect data/raw/example.org.warc.gz --url https://www.example.org/2024/05/03/flood-hits-old-town
  newscrawl inspect page.html -O - > look.html

It writes one file that shows the original beside the article: every block with what became of it, where each field came
from, and the versions that the state knows. Nothing of the page runs in it, and nothing is loaded.

exit codes: 0 all well, 1 not fetched, broken or failed, 2 wrong usage, 3 the page is no article, 5 the site refused
"""
FOLDER: Final = Path("data/inspect")
NO_NAME: Final = re.compile(r"[^\w.-]+")
HASH_CHARS: Final = 6
"""Hex digits that tell addresses apart whose last parts are the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The page to look at, among those of its source."""

    page: Page | Rejected
    pages: int
    """How many pages the source has."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the command's options."""
    parser.epilog = EXAMPLE
    parser.add_argument("source", metavar="FILE|URL", help="a file, - for stdin, or an address")
    parser.add_argument("--input-format", choices=FORMATS, help="what a file is")
    parser.add_argument(
        "--url", help="the address of the page; of a file with several pages, the one to look at"
    )
    parser.add_argument(
        "--fetched-at", metavar="TIME",
        help="when a file was downloaded, in ISO 8601: it picks the publisher's layout",
    )  # fmt: skip
    add_profile_option(parser)
    add_state_options(parser)
    parser.add_argument(
        "-O", "--output", metavar="FILE",
        help="where to write; - is standard output (a file of the address's name in data/inspect/)",
    )  # fmt: skip
    parser.add_argument("--no-open", action="store_true", help="do not open it in a browser")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> ExitCode:
    """Write the inspector's page, and open it."""
    is_fetched = options.source.startswith(("http://", "https://"))
    found = _find(options, is_fetched=is_fetched)
    totals = Totals()
    if isinstance(found.page, Rejected):
        totals.count(found.page)
        print(f"newscrawl: {describe(found.page)}", file=sys.stderr)
    else:
        profiles = given_profiles(options)
        page = profiles.applied_to(found.page) if profiles else found.page
        _show(page, found.pages, options, totals)
    if is_fetched:
        # Imported here and below: it loads Scrapy, which a file does not need.
        from newscrawl.cli.fetch import fetch_exit_code

        return fetch_exit_code(totals, [found.page])
    return exit_code(totals)


def _show(page: Page, pages: int, options: argparse.Namespace, totals: Totals) -> None:
    outcome = clean_guarded(page)
    totals.count(outcome)
    if not isinstance(outcome, Article):
        print(f"newscrawl: {describe(outcome)}", file=sys.stderr)
    target = (
        None if options.output == "-" else Path(options.output or FOLDER / f"{_name_of(page)}.html")
    )
    command, why = _fixture_command(page, options, target)
    remarks = [f"one of {numbered(pages, 'page')} in {options.source}"] if pages > 1 else []
    if page.profile:
        remarks.append("cleaned with a profile, which fixtures are not")
    address = page.url or (outcome.canonical_url if isinstance(outcome, Article) else None)
    look = Look(
        page=page, outcome=outcome, command=command, no_command=why,
        remarks=tuple(remarks), steps=_steps(address, options),
    )  # fmt: skip
    _write(inspector_page(look), target)
    if target is None:
        return
    print(target)
    if not options.no_open and sys.stdout.isatty() and _has_screen():
        webbrowser.open(target.resolve().as_uri())


def _find(options: argparse.Namespace, *, is_fetched: bool) -> Found:
    if is_fetched:
        from newscrawl.cli.fetch import fetch

        return _chosen(fetch(options.source, options), None)
    if options.url and not is_http_url(options.url):
        raise UsageError(f"--url {options.url!r} is not an http or https address")
    if (
        options.source != "-"
        and not is_remote(options.source)
        and not Path(options.source).is_file()
    ):
        raise UsageError(f"no such file: {options.source}")
    pages = read_pages([options.source], input_format=options.input_format)
    return _chosen(with_url(pages, options.url, given_moment(options.fetched_at)), options.url)


def _chosen(pages: Iterable[Page | Rejected], url: str | None) -> Found:
    """Choose the page with an address, else the first; only that one is kept in memory.

    Raises:
        UsageError: several pages, and none with the address.

    """
    first = chosen = None
    number = 0
    for page in pages:
        number += 1
        first = first or page
        if chosen is None and url is not None and page.url == url:
            chosen = page
    if first is None:
        raise UsageError("there is no page in it")
    if url is not None and chosen is None:
        raise UsageError(f"none of {numbered(number, 'page')} has the address {url}")
    return Found(page=chosen or first, pages=number)


def _name_of(page: Page) -> str:
    """Name the file after the address: host, last part, and a few digits that tell its like apart."""
    url = page.url if page.url and is_http_url(page.url) else None
    host = urlsplit(url).hostname if url else None
    key = (url or page.origin or "").encode("utf-8", "replace")
    parts = [host, slug_of(url or page.origin or ""), hashlib.sha256(key).hexdigest()[:HASH_CHARS]]
    return NO_NAME.sub("-", "-".join(filter(None, parts))).strip(".-")


def _fixture_command(
    page: Page, options: argparse.Namespace, target: Path | None
) -> tuple[str | None, str]:
    """Give the command that keeps the page as a fixture; else why there is none."""
    if page.kind == "text":
        return None, "Text dumps cannot be kept as fixtures."
    if not page.url or not is_http_url(page.url):
        return None, "Its address is not known: give --url, and it can be kept as a fixture."
    told = {
        "--url": page.url,
        "--fetched-at": page.fetched_at.isoformat() if page.fetched_at else "",
        "--content-type": page.content_type if isinstance(page.body, bytes) else "",
    }
    if not all(value.isprintable() for value in told.values() if value):
        # A terminal takes some of them for commands when they are pasted.
        return None, "Its address or type has signs that must not be pasted into a shell."
    file = _file_of(page, options, target)
    if file is None:
        return None, "Write it to a file with -O, and the page is kept beside it for a fixture."
    given = [part for name, value in told.items() if value for part in (name, value)]
    return shlex.join(["newscrawl", "fixture", "add", str(file.resolve()), *given]), ""


def _file_of(page: Page, options: argparse.Namespace, target: Path | None) -> Path | None:
    """Give a file that holds the page alone: the one that was read, or one written beside the inspector's page."""
    source = Path(options.source)
    is_own = (
        source.is_file() and format_of(source) == "html" and options.input_format in (None, "html")
    )
    if is_own:
        return source
    if target is None:
        return None
    body = page.body if isinstance(page.body, bytes) else page.body.encode("utf-8", "ignore")
    file = target.with_suffix(".page.html")
    with open_file(file) as stream:
        stream.write(body)
    return file


def _steps(url: str | None, options: argparse.Namespace) -> tuple[Step, ...]:
    """Give the versions that the state has; a state that is not there is none, unless it was asked for."""
    if (
        url is None
        or not is_http_url(url)
        or (options.state == DEFAULT and not named_state(options).exists())
    ):
        return ()
    state = opened(options)
    try:
        return tuple(steps_of(state, url))
    except StateError as error:
        # The rest can be shown all the same.
        print(f"newscrawl: no versions: {error}", file=sys.stderr)
        return ()
    finally:
        state.close()


def _write(page: str, target: Path | None) -> None:
    # Lone surrogates, which JSON may hold, are no text.
    data = page.encode("utf-8", "replace")
    if target is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    with open_file(target) as stream:
        stream.write(data)


def _has_screen() -> bool:
    """Tell whether a browser would have a window: else Python may start one within the terminal."""
    return sys.platform in ("darwin", "win32") or any(
        map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY"))
    )
