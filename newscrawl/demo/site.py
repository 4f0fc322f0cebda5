"""The whole demo web as a mapping of addresses to resources."""

from __future__ import annotations

from newscrawl.demo.arabic import ARABIC
from newscrawl.demo.feeds import feed_resources
from newscrawl.demo.german import GERMAN
from newscrawl.demo.listings import listing_pages
from newscrawl.demo.loading import load_publishers
from newscrawl.demo.model import DemoArticle, DemoImage, DemoPublisher, Resource
from newscrawl.demo.page import Template
from newscrawl.demo.quintype import QUINTYPE
from newscrawl.demo.sitemaps import robots, sitemap_resources
from newscrawl.demo.wire import WIRE
from newscrawl.demo.wordpress import WORDPRESS
from newscrawl.demo.yoast import shortlink

__all__ = [
    "DemoArticle",
    "DemoImage",
    "DemoPublisher",
    "Resource",
    "build_site",
    "load_publishers",
    "publisher_resources",
]

_TEMPLATES = {
    "quintype": QUINTYPE,
    "wordpress": WORDPRESS,
    "wire": WIRE,
    "arabic": ARABIC,
    "german": GERMAN,
}


def build_site() -> dict[str, Resource]:
    """Return every resource of the demo web by its absolute address."""
    site: dict[str, Resource] = {}
    for publisher in load_publishers():
        site |= publisher_resources(publisher)
    return site


def publisher_resources(publisher: DemoPublisher) -> dict[str, Resource]:
    """Return every resource of one publisher by its absolute address."""
    template = _TEMPLATES[publisher.template]
    site = {f"{publisher.base}/robots.txt": robots(publisher)}
    for page in listing_pages(publisher):
        site[publisher.base + page.path] = _html(template.frame(publisher, page))
    for article in publisher.articles:
        site[article.url] = _article(template, publisher, article)
    return site | feed_resources(publisher) | sitemap_resources(publisher) | _redirects(publisher)


def _article(template: Template, publisher: DemoPublisher, article: DemoArticle) -> Resource:
    body = template.article(publisher, article)
    if article.encoding == "utf-8":
        return _html(body)
    # Without a charset in the header only the meta element tells how to read the page.
    return Resource(content_type="text/html", body=body.encode(article.encoding))


def _html(body: str) -> Resource:
    return Resource(content_type="text/html; charset=utf-8", body=body.encode())


def _redirects(publisher: DemoPublisher) -> dict[str, Resource]:
    if publisher.template != "wordpress":
        return {}
    return {shortlink(publisher, row): _moved(row.url) for row in publisher.articles}


def _moved(url: str) -> Resource:
    content_type = "text/html; charset=utf-8"
    return Resource(content_type=content_type, body=b"", status=301, location=url)
