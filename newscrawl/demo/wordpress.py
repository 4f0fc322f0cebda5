"""Pages in the manner of WordPress with block editor and Yoast."""

from __future__ import annotations

from functools import partial

from newscrawl.demo.body import Style, body_html, flow, hero, printed, run_html
from newscrawl.demo.clock import british
from newscrawl.demo.markup import attr, joined, lines, link, slugify, text
from newscrawl.demo.model import DemoArticle, DemoImage, DemoInsert, DemoPublisher
from newscrawl.demo.page import ABOUT, MEMBERS, Page, Template, document, section_links
from newscrawl.demo.yoast import article_head

_NEWSLETTER = (
    '<div class="wp-block-group newsletter-signup"><h3>Get the Courier in your inbox</h3>'
    "<p>Sign up to our free morning newsletter and never miss a story from the harbour.</p>"
    '<form action="/subscribe"><input type="email" placeholder="Your email address">'
    "<button>Sign up</button></form></div>"
)
_COOKIES = (
    '<div id="cookie-banner" class="cookie-notice" role="dialog"><p>We use cookies to improve your '
    "experience on our site. By continuing you agree to our use of cookies.</p>"
    "<button>Accept all</button></div>"
)
_COMMENTS = (
    '<div id="comments" class="comments-area"><h3>Leave a Reply</h3><p>Your email address will not '
    'be published. Required fields are marked *</p><form id="commentform"><textarea></textarea>'
    "<button>Post Comment</button></form></div>"
)


def frame(publisher: DemoPublisher, page: Page) -> str:
    """Return a page inside the theme."""
    feed = (
        '<link rel="alternate" type="application/rss+xml" '
        f'title="{publisher.name} &raquo; Feed" href="{publisher.base}/feed/">'
    )
    framed = Page(
        path=page.path,
        title=page.title,
        content=page.content,
        head=lines((feed, page.head)),
        charset=page.charset,
    )
    footer = f"{link(ABOUT, 'About')} {link(MEMBERS, 'Members')}"
    body = lines(
        (
            '<body class="wp-theme-quayside">',
            f'<header class="site-header">{link("/", publisher.name)}</header>',
            f'<nav class="main-navigation"><ul>{section_links(publisher)}</ul></nav>',
            f'<div id="content" class="site-content">{page.content}</div>',
            f'<footer class="site-footer">{footer}<p>© 2024 {publisher.name}. All rights reserved.'
            f"</p></footer>{_COOKIES}",
        )
    )
    return document(publisher, framed, f"{body}\n</body>")


def article_page(publisher: DemoPublisher, article: DemoArticle) -> str:
    """Return a single post."""
    content = lines(
        (
            '<main id="primary"><article class="post type-post status-publish">',
            _header(article),
            _SHARE,
            f'<div class="entry-content">{_content(publisher, article)}</div>',
            _footer(publisher, article),
            f"</article>{_COMMENTS}</main>",
        )
    )
    page = Page(
        path=article.path,
        title=f"{article.title} - {publisher.name}",
        content=content,
        head=article_head(publisher, article),
        charset=article.encoding,
    )
    return frame(publisher, page)


def _header(article: DemoArticle) -> str:
    subtitle = f'<p class="standfirst">{text(article.subtitle)}</p>' if article.subtitle else ""
    updated = _time("updated", article.date_modified or "", "Updated ", article)
    return lines(
        (
            f'<header class="entry-header"><h1 class="entry-title">{text(article.title)}</h1>',
            subtitle,
            f'<p class="byline">By {_names(article)}</p><p class="entry-meta">',
            _time("entry-date published", article.date_published, "Published ", article),
            updated if article.date_modified else "",
            "</p></header>",
        )
    )


def _names(article: DemoArticle) -> str:
    anchors = [link(f"/author/{slugify(name)}/", name, 'rel="author"') for name in article.authors]
    return ", ".join((joined(anchors, " and "), *map(text, article.desk)))


def _time(css: str, value: str, label: str, article: DemoArticle) -> str:
    moment = article.published if "published" in css else article.modified
    return f'{label}<time class="{css}" datetime="{value}">{british(moment)}</time>'


def _content(publisher: DemoPublisher, article: DemoArticle) -> str:
    first = hero(article)
    style = Style(run=run_html, image=_figure, insert=partial(_insert, publisher))
    blocks = body_html(flow(article, printed(article, inline_tail=False)), style)
    tail = f"<p><em>{text(article.tail)}</em></p>" if article.tail else ""
    return lines((_figure(first) if first else "", blocks, tail))


def _figure(image: DemoImage) -> str:
    return (
        f'<figure class="wp-block-image size-large"><img src="{attr(image.url)}" '
        f'alt="{attr(image.caption)}" width="1024" height="683"/><figcaption '
        f'class="wp-element-caption">{text(image.caption)}<span class="credit">'
        f"Photo: {text(image.credit)}</span></figcaption></figure>"
    )


def _insert(publisher: DemoPublisher, insert: DemoInsert) -> str:
    if insert.kind == "newsletter":
        return _NEWSLETTER
    if insert.kind == "pull-quote":
        quote = text(insert.text)
        return (
            f'<figure class="wp-block-pullquote"><blockquote><p>{quote}</p></blockquote></figure>'
        )
    other = publisher.article(insert.slug)
    return f"<p><strong>Read more:</strong> {link(other.path, other.title)}</p>"


def _footer(publisher: DemoPublisher, article: DemoArticle) -> str:
    tags = ", ".join(link(f"/tag/{slugify(tag)}/", tag, 'rel="tag"') for tag in article.tags)
    others = [row for row in publisher.newest() if row.slug != article.slug][:3]
    related = "".join(f"<li>{link(row.path, row.title)}</li>" for row in others)
    author = article.authors[0]
    return lines(
        (
            f'<footer class="entry-footer"><span class="tags-links">Tagged {tags}</span></footer>',
            f'<div class="author-box"><h4>About {text(author)}</h4><p>{text(author)} is a reporter '
            "at the Harbour Courier and can be reached through the newsroom.</p></div>",
            f'<div class="related-posts"><h3>Related posts</h3><ul>{related}</ul></div>',
        )
    )


_SHARE = (
    '<ul class="share-buttons"><li><a href="#share-mail">Share by email</a></li>'
    '<li><a href="#share-print">Print</a></li><li><a href="#share-link">Copy link</a></li></ul>'
)

WORDPRESS = Template(frame=frame, article=article_page)
