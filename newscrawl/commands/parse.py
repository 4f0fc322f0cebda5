"""``scrapy parse`` that shows articles: a page as it was fetched says nothing to a reader."""

from typing import Any, ClassVar

import msgspec
from scrapy.commands.parse import Command as ParseCommand
from scrapy.utils import display

from newscrawl.batch import clean_guarded, ending_of
from newscrawl.items import Page


class Command(ParseCommand):
    """Parse an address with a spider and show the requests and the cleaned items."""

    # One page is looked at; nothing of it is kept.
    default_settings: ClassVar = {**ParseCommand.default_settings, "NEWSCRAWL_STATE": ""}

    def print_items(self, lvl: int | None = None, colour: bool = True) -> None:
        """Print the items, pages cleaned."""
        levels = self.items.values() if lvl is None else [self.items.get(lvl, [])]
        print("# Scraped Items ", "-" * 60)  # noqa: T201 - what the command is for
        display.pprint([_shown(item) for level in levels for item in level], colorize=colour)


def _shown(item: Any) -> Any:
    if not isinstance(item, Page):
        return item
    return msgspec.json.decode(ending_of(clean_guarded(item)).line)
