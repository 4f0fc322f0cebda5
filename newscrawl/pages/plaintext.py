"""Read one plain-text dump from a file."""

from collections.abc import Iterator
from typing import IO

from newscrawl.items import Page


def read_text(stream: IO[bytes], origin: str) -> Iterator[Page]:
    """Read a whole stream as one text dump."""
    yield Page(body=stream.read(), kind="text", origin=origin)
