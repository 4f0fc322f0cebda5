"""The item pipeline that marks articles as the versions that they are."""

from typing import Any, Self

from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem, NotConfigured

from newscrawl.errors import StateError
from newscrawl.frontier.middleware import FrontierMiddleware
from newscrawl.frontier.storing import PageUnchanged, stored_form
from newscrawl.items import Article


class Versions:
    """Item pipeline behind the stages: mark an article as the version that it is, drop one that is none."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Switch off where there is no state.

        Raises:
            NotConfigured: `NEWSCRAWL_STATE` is empty.

        """
        if not crawler.settings.get("NEWSCRAWL_STATE"):
            raise NotConfigured
        return cls(crawler)

    async def process_item(self, item: Any) -> Any:
        """Give an article with its revision; other items as they are."""
        middleware = self.crawler.get_spider_middleware(FrontierMiddleware)
        if not isinstance(item, Article) or middleware is None or middleware.begun is None:
            return item
        stored = stored_form(item, None)
        try:
            revised = await middleware.frontier.version(stored)
        except StateError as error:
            middleware.stop(error)
            raise DropItem("the state failed", log_level="DEBUG") from error
        if revised is None or middleware.under_way.has(stored):
            raise PageUnchanged(item)
        return revised
