"""Read one HTML page from a file."""

from collections.abc import Iterator
from typing import IO

from newscrawl.items import Page


def read_html(stream: IO[bytes], origin: str) -> Iterator[Page]:
    """Read a whole stream as one page; its address is not known, the page may state it."""
    yield Page(body=stream.read(), origin=origin)
