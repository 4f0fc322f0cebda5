"""The feed exporter on the shared encoder, so that crawl and batch write the same bytes."""

from typing import Any

from scrapy.exporters import JsonLinesItemExporter

from newscrawl.items import Article
from newscrawl.jsonl import encode


class ArticleLinesExporter(JsonLinesItemExporter):
    """Write an article as one line; items of other spiders as Scrapy does."""

    def export_item(self, item: Any) -> None:
        """Write one item."""
        if isinstance(item, Article):
            self.file.write(encode(item) + b"\n")
        else:
            super().export_item(item)
