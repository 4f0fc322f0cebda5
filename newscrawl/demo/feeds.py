"""RSS and Atom feeds."""

from __future__ import annotations

from newscrawl.demo.body import printed, run_html
from newscrawl.demo.clock import rfc822
from newscrawl.demo.markup import attr, lines, text
from newscrawl.demo.model import DemoArticle, DemoPublisher, Resource

_XML = '<?xml version="1.0" encoding="UTF-8"?>'
_RSS = (
    '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/">'
)


def feed_resources(publisher: DemoPublisher) -> dict[str, Resource]:
    """Return the feeds of a publisher by address."""
    base = publisher.base
    match publisher.template:
        case "quintype":
            return {f"{base}/stories.rss": _rss(publisher, full=True)}
        case "wordpress":
            return {f"{base}/feed/": _rss(publisher, full=True)}
        case "wire":
            return {f"{base}/feed.atom": _atom(publisher)}
        case "german":
            return {f"{base}/rss.xml": _rss(publisher, full=False)}
        case _:
            return {}


def _rss(publisher: DemoPublisher, *, full: bool) -> Resource:
    newest = publisher.newest()
    items = lines(_item(article, full=full) for article in newest)
    channel = lines(
        (
            f"<title>{text(publisher.name)}</title>",
            f"<link>{publisher.base}/</link>",
            f"<description>{text(publisher.about)}</description>",
            f"<language>{publisher.language}</language>",
            f"<lastBuildDate>{rfc822(newest[0].modified)}</lastBuildDate>",
            items,
        )
    )
    body = f"{_XML}\n{_RSS}<channel>\n{channel}\n</channel></rss>\n"
    return Resource(content_type="application/rss+xml; charset=utf-8", body=body.encode())


def _item(article: DemoArticle, *, full: bool) -> str:
    content = run_html(printed(article, inline_tail=True))
    fields = (
        f"<title>{text(article.title)}</title>",
        f"<link>{text(article.url)}</link>",
        f'<guid isPermaLink="true">{text(article.url)}</guid>',
        f"<pubDate>{rfc822(article.published)}</pubDate>",
        *(f"<dc:creator>{text(name)}</dc:creator>" for name in article.signed),
        *(f"<category>{text(name)}</category>" for name in (article.section, *article.tags)),
        f"<description>{text(article.summary)}</description>",
        *(f'<media:content medium="image" url="{row.url}"/>' for row in article.images[:1]),
        f"<content:encoded><![CDATA[{content}]]></content:encoded>" if full else "",
    )
    return f"<item>\n{lines(fields)}\n</item>"


def _atom(publisher: DemoPublisher) -> Resource:
    newest = publisher.newest()
    parts = (
        '<feed xmlns="http://www.w3.org/2005/Atom">',
        f"<title>{text(publisher.name)}</title>",
        f"<id>{publisher.base}/</id>",
        f'<link rel="self" href="{publisher.base}/feed.atom"/>',
        f'<link rel="alternate" href="{publisher.base}/"/>',
        f"<updated>{max(row.modified for row in newest).isoformat()}</updated>",
        *(_entry(article) for article in newest),
        "</feed>",
    )
    body = f"{_XML}\n{lines(parts)}\n"
    return Resource(content_type="application/atom+xml; charset=utf-8", body=body.encode())


def _entry(article: DemoArticle) -> str:
    fields = (
        f"<title>{text(article.title)}</title>",
        f"<id>{text(article.url)}</id>",
        f'<link rel="alternate" type="text/html" href="{attr(article.url)}"/>',
        f"<published>{article.date_published}</published>",
        f"<updated>{article.modified.isoformat()}</updated>",
        *(f"<author><name>{text(name)}</name></author>" for name in article.authors),
        f'<category term="{attr(article.section)}"/>',
        f"<summary>{text(article.summary)}</summary>",
    )
    return f"<entry>\n{lines(fields)}\n</entry>"
