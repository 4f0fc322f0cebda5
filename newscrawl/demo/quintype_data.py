"""The metas, JSON-LD and state JSON of a Quintype page."""

from __future__ import annotations

from typing import Any

from newscrawl.demo.body import printed, run_html
from newscrawl.demo.clock import epoch_ms
from newscrawl.demo.markup import attr, compact, lines, metas, slugify
from newscrawl.demo.model import DemoArticle, DemoPublisher
from newscrawl.demo.page import lead_image


def article_head(publisher: DemoPublisher, article: DemoArticle) -> str:
    """Return the head elements; as in the real thing there is no `article:published_time`."""
    named = {
        "description": article.summary,
        "keywords": ",".join(article.tags),
        "news_keywords": ",".join(article.tags),
        "author": ",".join(article.signed),
        "twitter:card": "summary_large_image",
        "twitter:title": article.title,
    }
    return lines(
        (
            metas("name", named),
            metas("property", _open_graph(publisher, article)),
            _script(_organisation(publisher)),
            _script(_news_article(publisher, article)),
        )
    )


def static_page(publisher: DemoPublisher, article: DemoArticle) -> str:
    """Return the script that holds the state of the page."""
    data = {"timezone": publisher.timezone, "story": _story(article)}
    state = {"qt": {"pageType": "story-page", "data": data}}
    return f'<script type="application/json" id="static-page">{compact(state)}</script>'


def _open_graph(publisher: DemoPublisher, article: DemoArticle) -> dict[str, str]:
    graph = {
        "og:type": "article",
        "og:url": article.url,
        "og:title": article.title,
        "og:description": article.summary,
        "og:site_name": publisher.name,
    }
    return graph | lead_image(article)


def _script(value: object) -> str:
    # Quintype writes both angle brackets as entities, so articleBody holds literal `&lt;p&gt;`.
    escaped = compact(value).replace("<\\/", "</").replace("<", "&lt;").replace(">", "&gt;")
    return f'<script type="application/ld+json">{escaped}</script>'


def _organisation(publisher: DemoPublisher) -> dict[str, Any]:
    return {
        "@context": "http://schema.org",
        "@type": "Organization",
        "name": publisher.name,
        "url": publisher.base,
        "logo": f"{publisher.base}/icon.png",
    }


def _news_article(publisher: DemoPublisher, article: DemoArticle) -> dict[str, Any]:
    owner = {"@type": "NewsMediaOrganization", "id": publisher.base, "name": publisher.name}
    return {
        "@context": "http://schema.org",
        "@type": "NewsArticle",
        "headline": article.title,
        "alternativeHeadline": article.subtitle,
        "description": article.summary,
        "articleBody": run_html(printed(article, inline_tail=True)).replace("\n", ""),
        "articleSection": article.section,
        "keywords": ",".join(article.tags),
        "inLanguage": publisher.language,
        "datePublished": article.date_published,
        "dateCreated": article.date_published,
        "dateModified": article.modified.isoformat(),
        "mainEntityOfPage": {"@type": "WebPage", "@id": article.url},
        "image": [{"@type": "ImageObject", "url": image.url} for image in article.images],
        "author": [_person(publisher, name) for name in article.signed],
        "publisher": owner,
    }


def _person(publisher: DemoPublisher, name: str) -> dict[str, str]:
    # The real thing makes a Person of a desk too, and puts the full name in `givenName`.
    address = f"{publisher.base}/author/{slugify(name)}"
    return {"@type": "Person", "givenName": name, "name": name, "url": address}


def _story(article: DemoArticle) -> dict[str, Any]:
    first = article.images[0]
    body = run_html(printed(article, inline_tail=True)).replace("\n", "")
    return {
        "headline": article.title,
        "subheadline": article.subtitle,
        "slug": article.path.strip("/"),
        "first-published-at": epoch_ms(article.published),
        "published-at": epoch_ms(article.published),
        "last-published-at": epoch_ms(article.modified),
        "updated-at": epoch_ms(article.modified),
        "author-name": article.signed[0],
        "authors": [{"name": name, "slug": slugify(name)} for name in article.signed],
        "hero-image-caption": attr(first.caption),
        "hero-image-attribution": first.credit,
        "sections": [{"name": article.section}],
        "tags": [{"name": tag, "slug": slugify(tag)} for tag in article.tags],
        "story-template": "text",
        "cards": [{"story-elements": [{"type": "text", "text": body}]}],
    }
