"""The Scrapy add-on that puts a spider, ours or anybody's, onto the crawl state.

Two lines of settings do it::

    ADDONS = {"newscrawl.addons.CrawlState": 100}
    NEWSCRAWL_STATE = "data/state.db"
"""

from scrapy.exceptions import NotConfigured
from scrapy.settings import BaseSettings

from newscrawl.frontier import FrontierMiddleware, HostMiddleware, PauseMiddleware, Versions


class CrawlState:
    """Switch the frontier on where `NEWSCRAWL_STATE` names a state."""

    def update_settings(self, settings: BaseSettings) -> None:
        """Add the middlewares and the pipeline.

        Raises:
            NotConfigured: `NEWSCRAWL_STATE` is empty; the crawl is Scrapy's own then.

        """
        if not settings.get("NEWSCRAWL_STATE"):
            raise NotConfigured
        add = settings.setdefault_in_component_priority_dict
        # Nearest to the engine: what passes here is what the engine would get.
        add("SPIDER_MIDDLEWARES", FrontierMiddleware, 25)
        # Before robots.txt is asked for.
        add("DOWNLOADER_MIDDLEWARES", HostMiddleware, 50)
        # After it, and after whatever else a middleware may fetch.
        add("DOWNLOADER_MIDDLEWARES", PauseMiddleware, 650)
        # Behind the stages.
        add("ITEM_PIPELINES", Versions, 900)
