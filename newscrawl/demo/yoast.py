"""The metas and the JSON-LD graph that Yoast writes."""

from __future__ import annotations

from typing import Any

from newscrawl.demo.markup import json_ld, lines, metas, slugify
from newscrawl.demo.model import DemoArticle, DemoImage, DemoPublisher
from newscrawl.demo.page import lead_image


def shortlink(publisher: DemoPublisher, article: DemoArticle) -> str:
    """Return the numbered address that redirects to the article."""
    return f"{publisher.base}/?p={501 + publisher.articles.index(article)}"


def article_head(publisher: DemoPublisher, article: DemoArticle) -> str:
    """Return the head elements of a post."""
    named = {"description": article.summary, "author": article.signed[0]}
    return lines(
        (
            metas("name", named),
            metas("property", _properties(publisher, article)),
            f'<link rel="shortlink" href="{shortlink(publisher, article)}">',
            json_ld({"@context": "https://schema.org", "@graph": _graph(publisher, article)}),
        )
    )


def _properties(publisher: DemoPublisher, article: DemoArticle) -> dict[str, str]:
    values = {
        "og:locale": "en_GB",
        "og:type": "article",
        "og:title": article.title,
        "og:description": article.summary,
        "og:url": article.url,
        "og:site_name": publisher.name,
        "article:published_time": article.date_published,
        "article:section": article.section,
    }
    if article.date_modified:
        values["article:modified_time"] = article.date_modified
    return values | lead_image(article)


def _graph(publisher: DemoPublisher, article: DemoArticle) -> list[dict[str, Any]]:
    return [
        _article(publisher, article),
        _web_page(publisher, article),
        *(_image(article, image) for image in article.images[:1]),
        _organisation(publisher),
        *(_person(publisher, name) for name in article.signed),
    ]


def _article(publisher: DemoPublisher, article: DemoArticle) -> dict[str, Any]:
    authors = [{"@id": _person_id(publisher, name)} for name in article.signed]
    return {
        "@type": "Article",
        "@id": f"{article.url}#article",
        "isPartOf": {"@id": article.url},
        "author": authors[0] if len(authors) == 1 else authors,
        "headline": article.title,
        "datePublished": article.date_published,
        "dateModified": article.modified.isoformat(),
        "mainEntityOfPage": {"@id": article.url},
        "publisher": {"@id": f"{publisher.base}/#organization"},
        "image": {"@id": f"{article.url}#primaryimage"},
        "keywords": list(article.tags),
        "articleSection": [article.section],
        "inLanguage": "en-GB",
    }


def _web_page(publisher: DemoPublisher, article: DemoArticle) -> dict[str, Any]:
    return {
        "@type": "WebPage",
        "@id": article.url,
        "url": article.url,
        "name": f"{article.title} - {publisher.name}",
        "datePublished": article.date_published,
        "description": article.summary,
    }


def _image(article: DemoArticle, image: DemoImage) -> dict[str, Any]:
    return {
        "@type": "ImageObject",
        "@id": f"{article.url}#primaryimage",
        "url": image.url,
        "contentUrl": image.url,
        "caption": image.caption,
    }


def _organisation(publisher: DemoPublisher) -> dict[str, Any]:
    return {
        "@type": "Organization",
        "@id": f"{publisher.base}/#organization",
        "name": publisher.name,
        "url": f"{publisher.base}/",
    }


def _person(publisher: DemoPublisher, name: str) -> dict[str, Any]:
    address = f"{publisher.base}/author/{slugify(name)}/"
    return {"@type": "Person", "@id": _person_id(publisher, name), "name": name, "url": address}


def _person_id(publisher: DemoPublisher, name: str) -> str:
    return f"{publisher.base}/#/schema/person/{slugify(name)}"
