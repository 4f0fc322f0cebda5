"""newscrawl: news pages in, clean, attributed, dated articles out.

>>> from newscrawl import Page, clean
>>> clean(Page(body=b"", url="https://example.org/a")).reason.value
'empty'
"""

from importlib import import_module
from importlib.metadata import version as _version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from newscrawl.corpus.reading import read_articles
    from newscrawl.items import Article, Page, Rejected
    from newscrawl.pages import read_pages
    from newscrawl.stages import clean

__all__ = ["Article", "Page", "Rejected", "clean", "read_articles", "read_pages"]
__version__ = _version("newscrawl")

_HOMES = {
    "Article": "newscrawl.items",
    "Page": "newscrawl.items",
    "Rejected": "newscrawl.items",
    "clean": "newscrawl.stages",
    "read_articles": "newscrawl.corpus.reading",
    "read_pages": "newscrawl.pages",
}


def __getattr__(name: str) -> Any:
    # Imported on first use: `newscrawl --version` must not wait for trafilatura.
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
