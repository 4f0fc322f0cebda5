"""Pages in the manner of Quintype's arrow components."""

from __future__ import annotations

from functools import partial

from newscrawl.demo.body import Run, Style, body_html, flow, hero, printed, run_html
from newscrawl.demo.clock import indian
from newscrawl.demo.markup import attr, lines, link, slugify, text
from newscrawl.demo.model import DemoArticle, DemoImage, DemoInsert, DemoPublisher
from newscrawl.demo.page import ABOUT, MEMBERS, Page, Template, document, section_links
from newscrawl.demo.quintype_data import article_head, static_page

_PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
_INNER = '<div class="text-story-m_story-content-inner-wrapper__s3KPp">'
_ELEMENT = '<div class="arr--element-container">'
_TEXT = 'class="arrow-component arr--text-element text-m_textElement__e3QEt"'


def frame(publisher: DemoPublisher, page: Page) -> str:
    """Return a page inside the site's header, footer and install card."""
    home = link("/", publisher.name)
    menu = f"<nav><ul>{section_links(publisher)}</ul></nav>"
    footer = f"{link(ABOUT, 'About Us')} {link(MEMBERS, 'Members')} <p>© {publisher.name} 2024</p>"
    body = lines(
        (
            '<body><div class="page-wrapper">',
            f'<header id="nav-bar" class="sticky-header">{home}{menu}</header>',
            f'<div id="container">{page.content}</div>',
            f'<footer id="footer" class="footer-wrapper">{footer}</footer></div>',
            '<div><div><img src="/icon.png" alt="logo"/></div>'
            f"<div><div>{publisher.name}</div><div>{publisher.host}</div></div></div>",
            page.foot,
        )
    )
    return document(publisher, page, f"{body}\n</body>")


def article_page(publisher: DemoPublisher, article: DemoArticle) -> str:
    """Return a text story with its state JSON."""
    content = lines(
        (
            '<div data-test-id="text-story-headline-hero-priority-full-bleed" '
            'class="arrow-component arr-story-grid arr--content-wrapper '
            'arr--text-story-template-wrapper">',
            _header(publisher, article),
            _hero_image(article),
            _story(publisher, article),
            _ASIDE,
            "</div>",
        )
    )
    head = article_head(publisher, article)
    foot = static_page(publisher, article)
    page = Page(path=article.path, title=article.title, content=content, head=head, foot=foot)
    return frame(publisher, page)


def _header(publisher: DemoPublisher, article: DemoArticle) -> str:
    path = next(row.path for row in publisher.sections if row.name == article.section)
    return (
        f'{_INNER}<div class="text-story-m_header-details__3D-Xf">'
        f'<a class="arrow-component arr--section-name" aria-label="section-name" href="{path}">'
        f'<div class="section-tag" data-test-id="sectionTag">{text(article.section)}</div></a>'
        '<div class="arr--story-headline"><h1 data-testid="story-headline" '
        'class="arr--story--headline-h1 story-headline-m_headline__x10-O">'
        f"<bdi>{text(article.title)}</bdi></h1></div>"
        '<div class="p-alt arr--sub-headline arrow-component subheadline-m_subheadline__3fd7z" '
        f'data-test-id="subheadline">{text(article.subtitle or "")}</div></div></div>'
    )


def _hero_image(article: DemoArticle) -> str:
    image = hero(article)
    if image is None:
        return ""
    return (
        '<div class="text-story-m_hero-image__2lDzS" data-test-id="headline-hero-priority-image">'
        '<div class="arr--hero-image" data-test-id="arr--hero-image">'
        '<div class="hero-image-m_image-wrapper__2EIzt">'
        f'<figure class="arr--responsive-hero-image" style="padding-top:56.25%">{_lazy(image)}'
        "</figure></div></div></div>"
    )


def _lazy(image: DemoImage) -> str:
    alt = attr(image.caption)
    return (
        f'<img class="qt-image" src="{_PIXEL}" alt="{alt}" '
        f'data-src="{attr(image.url)}?auto=format%2Ccompress"/>'
        f'<noscript><img src="{attr(image.url)}?w=1200" alt="{alt}"/></noscript>'
    )


def _caption(image: DemoImage) -> str:
    return (
        '<div data-test-id="caption" class="arr--caption-attribution">'
        f"<span>{text(image.caption)}</span>"
        f'<span data-test-id="attribution">{text(image.credit)}</span></div>'
    )


def _story(publisher: DemoPublisher, article: DemoArticle) -> str:
    image = hero(article)
    style = Style(run=_text_element, image=_image_element, insert=partial(_insert, publisher))
    cards = body_html(flow(article, printed(article, inline_tail=True)), style)
    return lines(
        (
            _INNER + (_caption(image) if image else ""),
            '<div class="text-story-m_gap-16__5BPKQ">',
            _authors(article),
            _times(article),
            f'<div class="arr--story-page-card-wrapper">{cards}</div>',
            _tags(article),
            "</div></div>",
        )
    )


def _authors(article: DemoArticle) -> str:
    anchors = (
        link(f"/author/{slugify(name)}", name, 'aria-label="author-name"')
        for name in article.signed
    )
    names = ",&nbsp;".join(f"<span>{anchor}</span>" for anchor in anchors)
    return (
        '<div data-test-id="author-card-default"><div class="arr-name-share" '
        f'data-test-id="author-name">{names}</div></div>'
    )


def _times(article: DemoArticle) -> str:
    updated = _time("updateDetails", "Updated on", article, modified=True)
    return (
        '<div data-test-id="timeStamp" class="arrow-component arr--publish-details">'
        f"{_time('publishDetails', 'Published on', article, modified=False)}"
        f"{updated if article.date_modified else ''}"
        '<div class="arrow-component arr--read-time" data-test-id="read-time">'
        "2 min read</div></div>"
    )


def _time(test_id: str, label: str, article: DemoArticle, *, modified: bool) -> str:
    moment = article.modified if modified else article.published
    return (
        f'<div data-test-id="{test_id}">{label}:&nbsp;<div class="publish-details-m_date__3ZIQN">'
        f'<time class="arr__timeago" datetime="{moment.isoformat()}">{indian(moment)}</time>'
        "</div></div>"
    )


def _text_element(run: Run) -> str:
    inner = run_html(run)
    return f'{_ELEMENT}<div {_TEXT} data-test-id="text" id="text-element">{inner}</div></div>'


def _image_element(image: DemoImage) -> str:
    return (
        f'{_ELEMENT}<div class="arrow-component arr--image-element" data-test-id="image-element">'
        f"<figure>{_lazy(image)}</figure>{_caption(image)}</div></div>"
    )


def _insert(publisher: DemoPublisher, insert: DemoInsert) -> str:
    if insert.kind == "promo":
        promo = 'data-test-id="promotional-message"'
        return f"{_ELEMENT}<div {_TEXT} {promo}><p>{text(insert.text)}</p></div></div>"
    other = publisher.article(insert.slug)
    return (
        f'{_ELEMENT}<div class="arrow-component arr--also-read-element" data-test-id="also-read">'
        f"<h3><span>Also Read</span>: {link(other.path, other.title)}</h3></div></div>"
    )


def _tags(article: DemoArticle) -> str:
    rows = "".join(f"<li>{link(f'/topic/{slugify(tag)}', tag)}</li>" for tag in article.tags)
    return f'<ul class="arrow-component arr--story-tags">{rows}</ul>'


# A server never fills this box: the browser does, so every real page carries the empty state.
_ASIDE = (
    '<div class="arrow-component arr--aside-collection" data-nosnippet="true" '
    'data-test-id="aside-collection"><div class="arr--collection-name"><h2>Related Stories</h2>'
    '</div><div><div data-test-id="no-stories">No stories found.</div></div></div>'
)

QUINTYPE = Template(frame=frame, article=article_page)
