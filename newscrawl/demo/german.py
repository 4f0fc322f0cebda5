"""Pages of the German paper, with kicker, dpa marks and reading time."""

from __future__ import annotations

from functools import partial
from typing import Any

from newscrawl.demo.body import Style, body_html, flow, hero, printed, run_html
from newscrawl.demo.clock import german
from newscrawl.demo.markup import attr, joined, json_ld, lines, link, metas, slugify, text
from newscrawl.demo.model import DemoArticle, DemoImage, DemoInsert, DemoPublisher
from newscrawl.demo.page import ABOUT, MEMBERS, Page, Template, document, section_links

_NEWSLETTER = (
    '<div class="nl-box"><strong>Der Talbote am Morgen</strong><p>Melden Sie sich hier kostenlos '
    "für unseren Newsletter an und lesen Sie täglich, was im Tal passiert.</p></div>"
)


def frame(publisher: DemoPublisher, page: Page) -> str:
    """Return a page with menu and imprint."""
    feed = f'<link rel="alternate" type="application/rss+xml" href="{publisher.base}/rss.xml">'
    head = lines((feed, page.head))
    framed = Page(path=page.path, title=page.title, content=page.content, head=head)
    footer = f"{link(ABOUT, 'Impressum')} | {link(MEMBERS, 'Mein Abo')}"
    body = lines(
        (
            "<body>",
            f'<header class="kopf">{link("/", publisher.name)}'
            f"<nav><ul>{section_links(publisher)}</ul></nav></header>",
            page.content,
            f'<footer class="fuss">{footer}<p>© {publisher.name} 2024</p></footer>',
        )
    )
    return document(publisher, framed, f"{body}\n</body>")


def article_page(publisher: DemoPublisher, article: DemoArticle) -> str:
    """Return an article with kicker, standfirst and tags."""
    image = hero(article)
    intro = f'<p class="vorspann">{text(article.subtitle)}</p>' if article.subtitle else ""
    content = lines(
        (
            '<main><article class="beitrag">',
            f'<h1><span class="kicker">{text(article.kicker)}</span>'
            f'<span class="titel">{text(article.title)}</span></h1>',
            intro,
            _meta_line(article),
            _figure(image) if image else "",
            f'<div class="text">{_text(publisher, article)}</div>',
            _tags(article),
            "</article></main>",
        )
    )
    head = _head(publisher, article)
    title = f"{article.title} | {publisher.name}"
    return frame(publisher, Page(path=article.path, title=title, content=content, head=head))


def _meta_line(article: DemoArticle) -> str:
    byline = article.byline_raw or f"Von {joined(article.authors, ' und ')}"
    updated = f"Aktualisiert: {german(article.modified)}"
    return lines(
        (
            f'<div class="autor">{text(byline)}</div>',
            f'<time class="datum" datetime="{article.date_published}">{german(article.published)}'
            "</time>",
            f'<span class="stand">{updated}</span>' if article.date_modified else "",
            '<span class="lesedauer">Lesedauer: 4 Minuten</span>',
        )
    )


def _figure(image: DemoImage) -> str:
    return (
        f'<figure><img src="{attr(image.url)}" alt="{attr(image.caption)}">'
        f"<figcaption>{text(image.caption)} Foto: {text(image.credit)}</figcaption></figure>"
    )


def _text(publisher: DemoPublisher, article: DemoArticle) -> str:
    style = Style(run=run_html, image=_figure, insert=partial(_insert, publisher))
    blocks = body_html(flow(article, printed(article, inline_tail=False)), style)
    return lines((blocks, f"<p>{text(article.tail)}</p>" if article.tail else ""))


def _insert(publisher: DemoPublisher, insert: DemoInsert) -> str:
    if insert.kind == "newsletter":
        return _NEWSLETTER
    other = publisher.article(insert.slug)
    return f"<p>Lesen Sie auch: {link(other.path, other.title)}</p>"


def _tags(article: DemoArticle) -> str:
    rows = "".join(f"<li>{link(f'/thema/{slugify(tag)}/', tag)}</li>" for tag in article.tags)
    return f'<ul class="themen">{rows}</ul>'


def _head(publisher: DemoPublisher, article: DemoArticle) -> str:
    graph = {
        "og:type": "article",
        "og:title": f"{article.kicker}: {article.title}",
        "og:description": article.summary,
        "og:url": article.url,
        "og:image": article.images[0].url,
    }
    named = {
        "description": article.summary,
        "news_keywords": ", ".join(article.tags),
        "date": article.date_published,
    }
    structured = json_ld(_news_article(publisher, article))
    return lines((metas("name", named), metas("property", graph), structured))


def _news_article(publisher: DemoPublisher, article: DemoArticle) -> dict[str, Any]:
    agencies = [{"@type": "Organization", "name": code} for code in article.agencies]
    people = [{"@type": "Person", "name": name} for name in article.authors]
    return {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": article.title,
        "datePublished": article.date_published,
        "dateModified": article.modified.isoformat(),
        "author": people + agencies,
        "articleSection": article.section,
        "image": [image.url for image in article.images],
        "publisher": {"@type": "Organization", "name": publisher.name},
    }


GERMAN = Template(frame=frame, article=article_page)
