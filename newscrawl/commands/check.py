"""``scrapy check`` without the crawl state: contracts ask for pages again and again."""

from typing import ClassVar

from scrapy.commands.check import Command as CheckCommand


class Command(CheckCommand):
    """Check the contracts of the spiders."""

    default_settings: ClassVar = {**CheckCommand.default_settings, "NEWSCRAWL_STATE": ""}
