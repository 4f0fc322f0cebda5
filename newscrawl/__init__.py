"""newscrawl: news pages in, clean, attributed, dated articles out.

>>> from newscrawl import Page, clean
>>> clean(Page(body=b"", url="https://example.org/a")).reason.value
'empty'
"""

from importlib.metadata import version as _version

from newscrawl.items import Article, Page, Rejected
from newscrawl.pages import read_pages
from newscrawl.stages import clean

__all__ = ["Article", "Page", "Rejected", "clean", "read_pages"]
__version__ = _version("newscrawl")
