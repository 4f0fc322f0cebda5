"""Plain pages of a wire agency, described by microdata alone."""

from __future__ import annotations

from newscrawl.demo.body import Style, body_html, flow, hero, printed, run_html
from newscrawl.demo.clock import wire
from newscrawl.demo.markup import attr, joined, lines, link, metas, text
from newscrawl.demo.model import DemoArticle, DemoImage, DemoInsert, DemoPublisher
from newscrawl.demo.page import ABOUT, MEMBERS, Page, Template, document, section_links

_SCHEMA = 'itemscope itemtype="http://schema.org/'


def frame(publisher: DemoPublisher, page: Page) -> str:
    """Return a page between a bare menu and a bare footer."""
    feed = f'<link rel="alternate" type="application/atom+xml" href="{publisher.base}/feed.atom">'
    head = lines((feed, page.head))
    framed = Page(path=page.path, title=page.title, content=page.content, head=head)
    footer = f"{link(ABOUT, 'About')} | {link(MEMBERS, 'Clients')} | © 2024 {publisher.name}"
    body = lines(
        (
            "<body>",
            f'<div id="top">{link("/", publisher.name)}<ul>{section_links(publisher)}</ul></div>',
            page.content,
            f'<div id="bottom">{footer}</div>',
        )
    )
    return document(publisher, framed, f"{body}\n</body>")


def article_page(publisher: DemoPublisher, article: DemoArticle) -> str:
    """Return a story as NewsArticle microdata."""
    image = hero(article)
    content = lines(
        (
            f'<div class="story" {_SCHEMA}NewsArticle">',
            f'<div class="slug" itemprop="articleSection">{text(article.section)}</div>',
            f'<h1 itemprop="headline">{text(article.title)}</h1>',
            _byline(article),
            _dates(article),
            _picture(image) if image else "",
            f'<div class="story-text" itemprop="articleBody">{_text(article)}</div>',
            f'<meta itemprop="keywords" content="{attr(", ".join(article.tags))}">',
            "</div>",
        )
    )
    head = metas("name", {"description": article.summary})
    title = f"{article.title} | {publisher.name}"
    return frame(publisher, Page(path=article.path, title=title, content=content, head=head))


def _byline(article: DemoArticle) -> str:
    people = (
        f'<span itemprop="author" {_SCHEMA}Person"><span itemprop="name">{text(name)}</span></span>'
        for name in article.authors
    )
    return f'<p class="byline">By {joined(people, " and ")}</p>'


def _dates(article: DemoArticle) -> str:
    published = (
        f'<time itemprop="datePublished" datetime="{article.date_published}">'
        f"{wire(article.published)}</time>"
    )
    updated = (
        f' <span class="updated">Updated <time itemprop="dateModified" '
        f'datetime="{article.date_modified}">{wire(article.modified)}</time></span>'
    )
    return f'<p class="dates">{published}{updated if article.date_modified else ""}</p>'


def _picture(image: DemoImage) -> str:
    return (
        f'<div class="picture" itemprop="image" {_SCHEMA}ImageObject"><img itemprop="contentUrl" '
        f'src="{attr(image.url)}" alt=""><p class="caption" itemprop="caption">'
        f"{text(image.caption)} {text(image.credit)}</p></div>"
    )


def _text(article: DemoArticle) -> str:
    style = Style(run=run_html, image=_picture, insert=_nothing)
    blocks = body_html(flow(article, printed(article, inline_tail=False)), style)
    return lines((blocks, f"<p>{text(article.tail)}</p>" if article.tail else ""))


def _nothing(_insert: DemoInsert) -> str:
    return ""


WIRE = Template(frame=frame, article=article_page)
