"""Render pages that only scripts fill, in the system's Chromium, for sources that ask for it.

The extra `render` brings scrapy-playwright; the browser is the system's own. Everything that it fetches
goes through `GuardProxy`.
"""

import os
import shutil
from importlib.util import find_spec
from typing import Any, Final, Self
from urllib.parse import urlsplit
from urllib.request import getproxies

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from scrapy.settings import BaseSettings

from newscrawl.downloading.proxy import GuardProxy
from newscrawl.errors import UsageError
from newscrawl.quality import registrable_domain

HANDLER: Final = "scrapy_playwright.handler.ScrapyPlaywrightDownloadHandler"
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
UNWANTED: Final = frozenset(
    {"image", "media", "font", "websocket", "eventsource", "beacon", "ping"}
)
"""Kinds of resources that no text comes from."""
PAGES_AT_ONCE: Final = 2
MILLISECONDS: Final = 30_000
KEYS: Final = ("playwright", "playwright_page_goto_kwargs")


def configure_rendering(settings: BaseSettings) -> None:
    """Switch the browser on where `NEWSCRAWL_RENDER` names sources.

    Raises:
        UsageError: the extra, or a browser, is not there.

    """
    if not settings.getlist("NEWSCRAWL_RENDER"):
        return
    if find_spec("scrapy_playwright") is None:
        raise UsageError(
            "NEWSCRAWL_RENDER needs scrapy-playwright: pip install 'newscrawl[render]'"
        )
    browser = settings.get("NEWSCRAWL_BROWSER") or next(
        filter(None, map(shutil.which, BROWSERS)), None
    )
    if not browser:
        raise UsageError(
            "NEWSCRAWL_RENDER needs Chromium: install it, or name it in NEWSCRAWL_BROWSER"
        )
    if not os.access(browser, os.X_OK):
        raise UsageError(f"NEWSCRAWL_BROWSER={browser}: no program that can be run")
    proxies = getproxies()
    proxy = GuardProxy(
        allows_private=settings.getbool("NEWSCRAWL_PRIVATE_ADDRESSES"),
        upstream=proxies.get("https") or proxies.get("http"),
    )
    handlers = {"http": HANDLER, "https": HANDLER, **settings.getdict("DOWNLOAD_HANDLERS")}
    # Chromium's own sandbox does not work for root, as in most containers.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    values: dict[str, Any] = {
        "DOWNLOAD_HANDLERS": handlers,
        "NEWSCRAWL_RENDER_PROXY": proxy,
        "PLAYWRIGHT_BROWSER_TYPE": "chromium",
        "PLAYWRIGHT_LAUNCH_OPTIONS": {
            "executable_path": browser, "headless": True, "args": arguments,
            # Without the second key Chromium would reach loopback by itself.
            "proxy": {"server": proxy.url, "bypass": "<-loopback>"},
        },
        "PLAYWRIGHT_CONTEXTS": {
            "default": {
                "user_agent": settings["USER_AGENT"], "service_workers": "block",
                "accept_downloads": False,
                "ignore_https_errors": not settings.getbool("DOWNLOAD_VERIFY_CERTIFICATES"),
            }
        },
        "PLAYWRIGHT_MAX_PAGES_PER_CONTEXT": PAGES_AT_ONCE,
        "PLAYWRIGHT_DEFAULT_NAVIGATION_TIMEOUT": MILLISECONDS,
        "PLAYWRIGHT_ABORT_REQUEST": is_unwanted,
    }  # fmt: skip
    for name, value in values.items():
        settings.set(name, value, priority="addon")
    settings.setdefault_in_component_priority_dict("DOWNLOADER_MIDDLEWARES", RenderMiddleware, 700)


def is_unwanted(request: Any) -> bool:
    """Tell a resource that a page asks for and that is not worth fetching."""
    return request.resource_type in UNWANTED or urlsplit(request.url).scheme not in (
        "http",
        "https",
    )


class RenderMiddleware:
    """Downloader middleware: pages of the sources in `NEWSCRAWL_RENDER` are fetched by the browser."""

    def __init__(self, sources: frozenset[str], proxy: GuardProxy) -> None:
        self.sources = sources
        self.proxy = proxy

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Read the settings.

        Raises:
            NotConfigured: nothing is to be rendered.

        """
        sources = crawler.settings.getlist("NEWSCRAWL_RENDER")
        proxy = crawler.settings.get("NEWSCRAWL_RENDER_PROXY")
        if not sources or not isinstance(proxy, GuardProxy):
            raise NotConfigured
        middleware = cls(frozenset(source.lower() for source in sources), proxy)
        crawler.signals.connect(middleware.spider_closed, signal=signals.spider_closed)
        return middleware

    async def process_request(self, request: Request) -> None:
        """Send a page to the browser; robots.txt, and what is neither of these sources, not."""
        for key in KEYS:
            request.meta.pop(key, None)
        domain = registrable_domain(urlsplit(request.url).hostname)
        is_page = request.method == "GET" and not request.meta.get("dont_obey_robotstxt")
        if is_page and domain in self.sources and _may_be_page(request.url):
            await self.proxy.start()
            request.meta["playwright"] = True
            request.meta["playwright_page_goto_kwargs"] = {"wait_until": "networkidle"}

    def spider_closed(self) -> None:
        """Stop the proxy and write down what it refused."""
        self.proxy.close()


def _may_be_page(url: str) -> bool:
    """Tell a page from a feed or sitemap, which a browser would show instead of giving it."""
    return (
        not urlsplit(url)
        .path.lower()
        .endswith((".xml", ".rss", ".gz", ".txt", ".json", "/feed", "/rss"))
    )
