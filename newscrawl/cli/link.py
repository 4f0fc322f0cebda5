"""newscrawl link."""

import argparse
import sys
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from newscrawl.cli.exits import ExitCode
from newscrawl.cli.export import window_of
from newscrawl.cli.output import add_output_options, open_output
from newscrawl.corpus.files import find_files, refuse_overlap
from newscrawl.corpus.formats import write_line
from newscrawl.corpus.passing import WindowLinker
from newscrawl.corpus.reading import articles_of_parquet, is_refusal
from newscrawl.corpus.records import with_text_id
from newscrawl.errors import InputError
from newscrawl.items import Article
from newscrawl.jsonl import decode
from newscrawl.pages import Source, open_source
from newscrawl.wording import numbered

AT_ONCE: Final = 20
"""Articles of a file that are sketched at a time."""
EXAMPLE: Final = """
examples:
  newscrawl crawl newsgram -O - | newscrawl link >> linked.jsonl
  newscrawl export | newscrawl link --window 3d -O linked.jsonl         in the order of time

Each line is answered with the same line, and in it `cluster`: which of the articles that passed by before it has the same text,
whether it is the original, a copy or an edited copy, and the agency that they name. Articles are best given in the order of time. Lines of pages that are no articles pass as
they are. What was said stays said: for a corpus that lies there as a whole, newscrawl export --link knows more.

exit codes: 0 all well, 1 a line is no article (it passes as it is), 2 wrong usage, 3 there was no article
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the command's options."""
    parser.epilog = EXAMPLE
    parser.add_argument(
        "paths",
        nargs="*",
        default=["-"],
        metavar="FILE",
        help="article files or folders; - for standard input, the default",
    )
    parser.add_argument(
        "--window", default="7d", metavar="AGE",
        help="how long an article is remembered to be compared with (%(default)s)",
    )  # fmt: skip
    add_output_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> ExitCode:
    """Link."""
    window = window_of(options.window)
    if (target := options.append or options.overwrite) not in (None, "-"):
        refuse_overlap([path for path in options.paths if path != "-"], Path(target))
    assert window is not None
    linker, roles, odd = WindowLinker(window), Counter[str](), 0
    with open_output(options) as output:
        for batch in _batches(options.paths):
            articles = [article for _, article in batch if article]
            linked = iter(linker.link(articles))
            for line, article in batch:
                if article is None:
                    output.write(line.rstrip(b"\r\n") + b"\n")
                    odd += bool(line.strip()) and not is_refusal(line)
                    continue
                found = next(linked)
                roles[found.cluster.role if found.cluster else ""] += 1
                output.write(write_line(found))
            output.flush()
    if not options.quiet:
        said = ", ".join(
            f"{number} {role.replace('_', ' ')}" for role, number in sorted(roles.items())
        )
        print(f"newscrawl: {numbered(roles.total(), 'article')}: {said or 'none'}", file=sys.stderr)
    if odd:
        print(f"newscrawl: {numbered(odd, 'line')} no article, passed as they are", file=sys.stderr)
        return ExitCode.FAILED
    return ExitCode.OK if roles else ExitCode.NOTHING


def _batches(paths: list[str]) -> Iterator[list[tuple[bytes, Article | None]]]:
    for path in paths:
        if path == "-":
            # A crawl that feeds the pipe may give a line a minute.
            yield from _read(sys.stdin.buffer, 1)
            continue
        files = find_files([path])
        for file in files.lines:
            try:
                with open_source(Source(str(file), "jsonl")) as stream:
                    yield from _read(stream, AT_ONCE)
            except (OSError, EOFError, zlib.error) as error:
                raise InputError(f"{file}: {error}") from error
        for file in files.parquet:
            yield from _read(map(write_line, articles_of_parquet(file)), AT_ONCE)


def _read(lines: Iterable[bytes], size: int) -> Iterator[list[tuple[bytes, Article | None]]]:
    batch: list[tuple[bytes, Article | None]] = []
    for line in lines:
        try:
            article = with_text_id(decode(line))
        except InputError:
            article = None
        batch.append((line, article))
        if len(batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch
