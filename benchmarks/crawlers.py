"""The crawlers that newscrawl's discovery is measured against; each runs with its own package alone.

    python crawlers.py NAME SITES.txt DELAY

SITES.txt has the address of a home page a line. Nothing is printed but errors: the replay counts what was
asked for. Each is set to obey robots.txt and to wait DELAY seconds between requests to a host, as far as it can.
"""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit


def scrapy_sitemap(sites: list[str], delay: float) -> None:
    """Run Scrapy's own SitemapSpider over the robots.txt of each site."""
    from scrapy.crawler import AsyncCrawlerProcess
    from scrapy.spiders import SitemapSpider

    class Spider(SitemapSpider):
        name = "peer"
        sitemap_urls = tuple(urljoin(site, "/robots.txt") for site in sites)

        def parse(self, response: Any) -> Any:
            """Take the page."""
            return {"url": response.url}

    process = AsyncCrawlerProcess(
        {"ROBOTSTXT_OBEY": True, "DOWNLOAD_DELAY": delay, "CONCURRENT_REQUESTS": 64, "LOG_LEVEL": "ERROR",
         "CONCURRENT_REQUESTS_PER_DOMAIN": 1, "AUTOTHROTTLE_ENABLED": True, "DOWNLOAD_TIMEOUT": 30}
    )  # fmt: skip
    process.crawl(Spider)
    process.start()


def trafilatura(sites: list[str], delay: float) -> None:
    """Run what `trafilatura --crawl` runs, and fetch what it has found; eight sites at a time."""
    from trafilatura import fetch_url
    from trafilatura.settings import use_config
    from trafilatura.spider import focused_crawler

    config = use_config()
    config.set("DEFAULT", "SLEEP_TIME", str(delay))
    pause = threading.Event()

    def crawl(site: str) -> None:
        # Thirty pages, as its command line does; it fetches these while it looks for links.
        waiting, _ = focused_crawler(site, max_seen_urls=30, config=config)
        for url in waiting:
            pause.wait(delay)
            fetch_url(url, config=config)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(crawl, sites))


def fundus(sites: list[str], delay: float) -> None:
    """Run Fundus on the publishers that it knows, with the replay's feeds and sitemaps as their sources."""
    from curl_cffi.requests import Session
    from fundus import Crawler, PublisherCollection
    from fundus.scraping.url import NewsMap, RSSFeed, Sitemap

    # The replay's certificate is its own.
    begin = Session.__init__
    Session.__init__ = lambda self, *args, **values: begin(
        self, *args, **{**values, "verify": False}
    )
    homes = {urlsplit(site).hostname: site for site in sites}
    known = []
    for publisher in PublisherCollection:
        host = urlsplit(publisher.domain).hostname
        home = homes.get(host) or homes.get(f"www.{host}")
        if home is None:
            continue
        publisher.robots.robots_file_parser.set_url(urljoin(home, "/robots.txt"))
        publisher.source_mapping.clear()
        publisher.source_mapping[RSSFeed] = [
            RSSFeed(urljoin(home, "/feed.xml")),
            RSSFeed(urljoin(home, "/atom.xml")),
        ]
        publisher.source_mapping[NewsMap] = []
        publisher.source_mapping[Sitemap] = [Sitemap(urljoin(home, "/sitemap.xml"))]
        known.append(publisher)
    print(len(known), "publishers:", *(urlsplit(p.domain).hostname for p in known), flush=True)
    for article in Crawler(*known, delay=delay).crawl(only_complete=False, timeout=120):
        print(article.html.requested_url, flush=True)


def news_please(sites: list[str], delay: float) -> None:
    """Run news-please with its own defaults but the delay, on all sites."""
    import json
    import subprocess
    import tempfile

    import newsplease

    folder = Path(tempfile.mkdtemp(prefix="news-please-"))
    own = Path(newsplease.__file__).parent / "config" / "config.cfg"
    text = own.read_text().replace(
        "working_path = ~/news-please-repo/", f"working_path = {folder}/"
    )
    text = text.replace("check_certificate = True", "check_certificate = False")
    text = text.replace("number_of_parallel_crawlers = 5", "number_of_parallel_crawlers = 8")
    text = text.replace("ROBOTSTXT_OBEY=False", "ROBOTSTXT_OBEY=True")
    text += f"\nDOWNLOAD_DELAY = {delay}\n" if "DOWNLOAD_DELAY" not in text else ""
    (folder / "config.cfg").write_text(text)
    (folder / "sitelist.hjson").write_text(
        json.dumps({"base_urls": [{"url": site} for site in sites]})
    )
    # Its own look-ups before the crawl go past Scrapy, and would fail on the replay's certificate.
    (folder / "sitecustomize.py").write_text(
        "import ssl\nssl._create_default_https_context = ssl._create_unverified_context\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    program = Path(sys.executable).with_name("news-please")
    subprocess.run([str(program), "-c", str(folder), "-no-confirm"], env=environment, check=False)


def main() -> None:
    """Run one."""
    name, path, delay = sys.argv[1:]
    sites = Path(path).read_text().split()
    {
        "scrapy-sitemap": scrapy_sitemap, "trafilatura": trafilatura, "fundus": fundus, "news-please": news_please,
    }[name](sites, float(delay))  # fmt: skip


if __name__ == "__main__":
    main()
