"""The stages in their order, and `clean`: the one function that crawl, batch and library call."""

from collections.abc import Callable
from typing import Any, Final

from newscrawl.attribution import normalise_attribution
from newscrawl.dates import normalise_dates
from newscrawl.extraction import extract
from newscrawl.items import Article, Draft, Page, Rejected
from newscrawl.quality import judge
from newscrawl.text import clean_text

# Dates before text: the text rules drop the lines that dates and bylines were read from.
STAGES: Final[tuple[Callable[[Any], Any], ...]] = (
    extract,
    normalise_dates,
    normalise_attribution,
    clean_text,
    judge,
)


def clean(page: Page) -> Article | Rejected:
    """Turn a page into an article, or say why it is none.

    Pure: no clock, no network, no memory of earlier pages; the same page gives the same article.

    Args:
        page: the page as fetched or read.

    Returns:
        The article, or the first stage's rejection.

    >>> html = "<html><body><article><h1>Mill reopens</h1>" + "<p>The old mill by the river reopened on Monday after nine years of repairs that cost the town far more than it had planned.</p>" * 2 + "</article></body></html>"
    >>> clean(Page(body=html, url="https://a.example/mill")).title
    'Mill reopens'

    """
    draft = draft_of(page)
    return draft if isinstance(draft, Rejected) else judge(draft)


def draft_of(page: Page) -> Draft | Rejected:
    """Take a page through all stages but the last, which judges the draft."""
    value: Any = page
    for stage in STAGES[:-1]:
        value = stage(value)
        if isinstance(value, Rejected):
            return value
    assert isinstance(value, Draft)
    return value
