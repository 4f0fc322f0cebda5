"""Where lines go: standard output, or a file that is overwritten or appended to."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from newscrawl.errors import InputError, UsageError


def add_output_options(parser: argparse.ArgumentParser) -> None:
    """Add -o and -O, as in Scrapy."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument("-o", dest="append", metavar="FILE", help="append JSON lines to FILE")
    group.add_argument(
        "-O", "--output", dest="overwrite", metavar="FILE",
        help="write JSON lines to FILE, overwriting it; - is standard output (the default)",
    )  # fmt: skip


@contextmanager
def open_output(options: argparse.Namespace) -> Iterator[IO[bytes]]:
    """Open what -o or -O names, else standard output."""
    path = options.append or options.overwrite
    if path in (None, "-"):
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with open_file(Path(path), append=bool(options.append)) as stream:
        yield stream


def open_file(path: Path, *, append: bool = False) -> IO[bytes]:
    """Open a file for lines, making its folder; an appended file's torn last line is refused."""
    if path.is_dir():
        raise UsageError(f"{path} is a folder; name a file")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("ab" if append else "wb")
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error
