"""The Scrapy add-ons that put a spider, ours or anybody's, onto the crawl state, and make it polite.

These lines of settings do it::

    ADDONS = {"newscrawl.addons.Politeness": 90, "newscrawl.addons.CrawlState": 100}
    NEWSCRAWL_STATE = "data/state.db"
    TWISTED_DNS_RESOLVER = "newscrawl.downloading.guard.GuardedResolver"
"""

from typing import Final

from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import NotConfigured
from scrapy.settings import BaseSettings
from twisted.web.client import HTTPConnectionPool

from newscrawl.downloading.archiving import ArchiveMiddleware
from newscrawl.downloading.guard import GuardMiddleware
from newscrawl.downloading.headers import HeadersMiddleware
from newscrawl.downloading.pause import PauseMiddleware
from newscrawl.downloading.render import configure_rendering
from newscrawl.downloading.robots import RobotsMiddleware
from newscrawl.frontier import FrontierMiddleware, HostMiddleware, Versions

NO_HANDLERS: Final = ("data", "file", "ftp", "s3")
"""Schemes that Scrapy would fetch and that lead to no news."""


class Politeness:
    """Spare the hosts, and let no request lead inward."""

    def update_settings(self, settings: BaseSettings) -> None:
        """Add the middlewares, and take away what fetches other than http and https."""
        add = settings.setdefault_in_component_priority_dict
        # Before anything is asked of a host, its robots.txt included.
        add("DOWNLOADER_MIDDLEWARES", GuardMiddleware, 10)
        settings.set_in_component_priority_dict("DOWNLOADER_MIDDLEWARES", RobotsTxtMiddleware, None)
        add("DOWNLOADER_MIDDLEWARES", RobotsMiddleware, 100)
        add("DOWNLOADER_MIDDLEWARES", HeadersMiddleware, 450)
        # After robots.txt, and after whatever else a middleware may fetch.
        add("DOWNLOADER_MIDDLEWARES", PauseMiddleware, 650)
        # Nearest to the network: before HttpCompressionMiddleware unpacks.
        add("DOWNLOADER_MIDDLEWARES", ArchiveMiddleware, 990)
        # Twisted would repeat a request at once, without any delay, on a connection that a server has dropped.
        HTTPConnectionPool.retryAutomatically = False
        handlers = dict.fromkeys(NO_HANDLERS) | settings.getdict("DOWNLOAD_HANDLERS")
        settings.set("DOWNLOAD_HANDLERS", handlers, priority="addon")
        configure_rendering(settings)


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
        # Also without the other add-on: the frontier counts on it.
        add("DOWNLOADER_MIDDLEWARES", PauseMiddleware, 650)
        # Behind the stages.
        add("ITEM_PIPELINES", Versions, 900)
