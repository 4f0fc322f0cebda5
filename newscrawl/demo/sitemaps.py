"""Sitemaps and robots.txt."""

from __future__ import annotations

from collections.abc import Iterable

from newscrawl.demo.markup import lines, text
from newscrawl.demo.model import DemoArticle, DemoPublisher, Resource
from newscrawl.demo.page import ABOUT

_XML = '<?xml version="1.0" encoding="UTF-8"?>'
_SPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
_NEWS = 'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
_DECLARED = {"quintype": ("/sitemap.xml", "/news_sitemap.xml"), "wordpress": ("/wp-sitemap.xml",)}


def robots(publisher: DemoPublisher) -> Resource:
    """Return robots.txt, which closes `/private/` on every site."""
    declared = _DECLARED.get(publisher.template, ())
    rows = ("User-agent: *", "Disallow: /private/", "")
    maps = tuple(f"Sitemap: {publisher.base}{path}" for path in declared)
    body = "\n".join(rows + maps).rstrip() + "\n"
    return Resource(content_type="text/plain; charset=utf-8", body=body.encode())


def sitemap_resources(publisher: DemoPublisher) -> dict[str, Resource]:
    """Return the sitemaps of a publisher by address."""
    match publisher.template:
        case "quintype":
            return _daily(publisher) | {f"{publisher.base}/news_sitemap.xml": _news(publisher)}
        case "wordpress":
            return _wordpress(publisher)
        case _:
            return {}


def _daily(publisher: DemoPublisher) -> dict[str, Resource]:
    days: dict[str, list[DemoArticle]] = {}
    for article in publisher.newest():
        days.setdefault(article.date_published[:10], []).append(article)
    root = f"{publisher.base}/sitemap/sitemap-daily"
    children = {f"{root}-{day}.xml": _urlset(articles) for day, articles in days.items()}
    return {f"{publisher.base}/sitemap.xml": _index(children)} | children


def _wordpress(publisher: DemoPublisher) -> dict[str, Resource]:
    root = f"{publisher.base}/wp-sitemap"
    about = f"<url><loc>{publisher.base}{ABOUT}</loc></url>"
    children = {
        f"{root}-posts-post-1.xml": _urlset(publisher.newest()),
        f"{root}-posts-page-1.xml": _xml(f"<urlset {_SPACE}>\n{about}\n</urlset>"),
    }
    return {f"{root}.xml": _index(children)} | children


def _index(addresses: Iterable[str]) -> Resource:
    rows = lines(f"<sitemap><loc>{text(address)}</loc></sitemap>" for address in addresses)
    return _xml(f"<sitemapindex {_SPACE}>\n{rows}\n</sitemapindex>")


def _urlset(articles: Iterable[DemoArticle]) -> Resource:
    rows = lines(
        f"<url><loc>{text(row.url)}</loc><lastmod>{row.modified.isoformat()}</lastmod></url>"
        for row in articles
    )
    return _xml(f"<urlset {_SPACE}>\n{rows}\n</urlset>")


def _news(publisher: DemoPublisher) -> Resource:
    rows = lines(_news_url(publisher, article) for article in publisher.newest())
    return _xml(f"<urlset {_SPACE} {_NEWS}>\n{rows}\n</urlset>")


def _news_url(publisher: DemoPublisher, article: DemoArticle) -> str:
    return (
        f"<url><loc>{text(article.url)}</loc><news:news><news:publication>"
        f"<news:name>{text(publisher.name)}</news:name>"
        f"<news:language>{publisher.language}</news:language></news:publication>"
        f"<news:publication_date>{article.date_published}</news:publication_date>"
        f"<news:title>{text(article.title)}</news:title>"
        f"<news:keywords>{text(', '.join(article.tags))}</news:keywords></news:news></url>"
    )


def _xml(root: str) -> Resource:
    body = f"{_XML}\n{root}\n".encode()
    return Resource(content_type="application/xml; charset=utf-8", body=body)
