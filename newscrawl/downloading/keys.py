"""What newscrawl writes into a request's meta, by which its parts find one another."""

from typing import Final

ARTICLE_KEY: Final = "newscrawl_article"
"""True for the request of an article."""
KIND_KEY: Final = "newscrawl_kind"
"""What kind of list is asked for."""
LISTED_KEY: Final = "newscrawl_listed"
"""What the feed or sitemap said of an article: field, value and method of each."""
RECORD_KEY: Final = "newscrawl_record"
"""The WARC record of the response."""
