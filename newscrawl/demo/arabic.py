"""Pages of the Arabic paper, written from right to left."""

from __future__ import annotations

from functools import partial
from typing import Any

from newscrawl.demo.body import Style, body_html, flow, hero, printed, run_html
from newscrawl.demo.clock import arabic
from newscrawl.demo.markup import attr, joined, json_ld, lines, link, metas, text
from newscrawl.demo.model import DemoArticle, DemoImage, DemoInsert, DemoPublisher
from newscrawl.demo.page import ABOUT, MEMBERS, Page, Template, document, section_links

_SHARE = (
    '<div class="share-row"><span>شارك المقال</span> <a href="#mail">بريد</a> '
    '<a href="#print">طباعة</a> <a href="#copy">نسخ الرابط</a></div>'
)


def frame(publisher: DemoPublisher, page: Page) -> str:
    """Return a page with the menu of sections."""
    footer = f"{link(ABOUT, 'من نحن')} {link(MEMBERS, 'فضاء المشتركين')}"
    body = lines(
        (
            "<body>",
            f'<header><div class="brand">{link("/", publisher.name)}</div>'
            f'<nav><ul class="menu">{section_links(publisher)}</ul></nav></header>',
            page.content,
            f"<footer>{footer}<p>جميع الحقوق محفوظة © {publisher.name} 2024</p></footer>",
        )
    )
    return document(publisher, page, f"{body}\n</body>")


def article_page(publisher: DemoPublisher, article: DemoArticle) -> str:
    """Return an article with byline, date and share row."""
    image = hero(article)
    content = lines(
        (
            '<main><article class="node-article">',
            f'<div class="category">{text(article.section)}</div>',
            f'<h1 class="title">{text(article.title)}</h1>',
            f'<p class="chapo">{text(article.subtitle)}</p>' if article.subtitle else "",
            _meta_line(article),
            _SHARE,
            _figure(image) if image else "",
            f'<div class="article-body">{_text(publisher, article)}</div>',
            _related(publisher, article),
            "</article></main>",
        )
    )
    head = _head(publisher, article)
    title = f"{article.title} | {publisher.name}"
    return frame(publisher, Page(path=article.path, title=title, content=content, head=head))


def _meta_line(article: DemoArticle) -> str:
    names = " - ".join((_people(article), *article.desk))
    published = f"نشر في: {arabic(article.published)}"
    updated = f" | آخر تحديث: {arabic(article.modified)}" if article.date_modified else ""
    return (
        f'<div class="writer">كتب: {text(names)}</div>'
        f'<div class="article-date">{published}{updated}</div>'
    )


def _people(article: DemoArticle) -> str:
    return joined(article.authors, " و", "، ")


def _figure(image: DemoImage) -> str:
    return (
        f'<figure><img src="{attr(image.url)}" alt="{attr(image.caption)}">'
        f"<figcaption>{text(image.caption)} ({text(image.credit)})</figcaption></figure>"
    )


def _text(publisher: DemoPublisher, article: DemoArticle) -> str:
    style = Style(run=run_html, image=_figure, insert=partial(_insert, publisher))
    return body_html(flow(article, printed(article, inline_tail=True)), style)


def _insert(publisher: DemoPublisher, insert: DemoInsert) -> str:
    other = publisher.article(insert.slug)
    return f'<p class="read-also">اقرأ أيضا: {link(other.path, other.title)}</p>'


def _related(publisher: DemoPublisher, article: DemoArticle) -> str:
    others = [publisher.article(slug) for slug in article.related]
    rows = "".join(f"<li>{link(other.path, other.title)}</li>" for other in others)
    return f'<aside class="related"><h3>مواضيع ذات صلة</h3><ul>{rows}</ul></aside>' if rows else ""


def _head(publisher: DemoPublisher, article: DemoArticle) -> str:
    graph = {
        "og:type": "article",
        "og:locale": "ar_TN",
        "og:site_name": publisher.name,
        "og:title": article.title,
        "og:description": article.summary,
        "og:url": article.url,
        "og:image": article.images[0].url,
        "article:published_time": article.date_published,
        "article:section": article.section,
    }
    named = {"description": article.summary, "keywords": "، ".join(article.tags)}
    structured = json_ld([_site(publisher), _news_article(publisher, article)])
    return lines((metas("name", named), metas("property", graph), structured))


def _site(publisher: DemoPublisher) -> dict[str, Any]:
    return {
        "@context": "https://schema.org",
        "@type": "WebSite",
        "name": publisher.name,
        "url": f"{publisher.base}/",
    }


def _news_article(publisher: DemoPublisher, article: DemoArticle) -> dict[str, Any]:
    return {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": article.title,
        "description": article.summary,
        "datePublished": article.date_published,
        "dateModified": article.modified.isoformat(),
        "author": _people(article),
        "articleSection": article.section,
        "image": [image.url for image in article.images],
        "publisher": {"@type": "Organization", "name": publisher.name},
    }


ARABIC = Template(frame=frame, article=article_page)
