"""newscrawl profile."""

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from newscrawl.cli.exits import ExitCode
from newscrawl.errors import InputError, UsageError
from newscrawl.items import Article
from newscrawl.jsonl import decode
from newscrawl.pages import FORMATS, read_pages
from newscrawl.profiles import Profiles, encode_profiles, learn_from_articles, learn_profiles

EXAMPLE: Final = """
examples:
  newscrawl profile pages.jsonl.gz -O profiles.json
  newscrawl profile --articles data/articles/demo.jsonl -O profiles.json
  newscrawl clean more-pages/ --profiles profiles.json

Lines, images and linked lines that stand on several articles of one source are the source's, not
the articles'. The file names them, how often they were seen, and where.

exit codes: 0 all well, 1 an input was broken, 2 wrong usage, 3 nothing was learnt
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the command's options."""
    parser.epilog = EXAMPLE
    parser.add_argument("paths", nargs="+", metavar="PATH", help="files or folders of pages")
    parser.add_argument(
        "--input-format", choices=FORMATS, help="what the input is; a file's suffix says it"
    )
    parser.add_argument(
        "--articles",
        action="store_true",
        help="the input is article lines that were cleaned before",
    )
    parser.add_argument(
        "-O",
        "--overwrite",
        metavar="FILE",
        default="-",
        help="write here; standard output by default",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> ExitCode:
    """Learn, write, and say what was learnt."""
    missing = [path for path in options.paths if not Path(path).exists()]
    if missing:
        raise UsageError(f"no such file or folder: {missing[0]}")
    profiles = _learn(options)
    encoded = encode_profiles(profiles)
    if options.overwrite == "-":
        sys.stdout.buffer.write(encoded)
    else:
        Path(options.overwrite).write_bytes(encoded)
    if not options.quiet:
        print(f"newscrawl: {describe(profiles)}", file=sys.stderr)
    return ExitCode.OK if any(map(_is_full, profiles.by_source.values())) else ExitCode.NOTHING


def describe(profiles: Profiles) -> str:
    """Say in one line what was learnt."""
    found = profiles.by_source.values()
    lines, images, links = (
        sum(len(getattr(profile, kind)) for profile in found)
        for kind in ("lines", "images", "links")
    )
    pages = sum(profile.pages for profile in found)
    return f"{pages} articles of {len(found)} sources: {lines} lines, {images} images, {links} links recur"


def _is_full(profile: object) -> bool:
    return any(getattr(profile, kind) for kind in ("lines", "images", "links"))


def _learn(options: argparse.Namespace) -> Profiles:
    if options.articles:
        return learn_from_articles(_articles(options.paths))
    return learn_profiles(read_pages(options.paths, input_format=options.input_format))


def _articles(paths: Iterable[str]) -> Iterator[Article]:
    for path in paths:
        with Path(path).open("rb") as stream:
            for number, line in enumerate(stream, 1):
                if not line.strip() or b'"rejected"' in line[:200]:
                    continue
                try:
                    yield decode(line)
                except InputError as error:
                    raise InputError(f"{path}:{number}: {error}") from error
