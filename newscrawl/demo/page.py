"""Pages that every template knows: listings, plain pages and their frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from newscrawl.demo.markup import attr, lines, link, text
from newscrawl.demo.model import DemoArticle, DemoPublisher

MEMBERS = "/private/members"
ABOUT = "/about"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a template frames: a title, the content and what stands around it."""

    path: str
    title: str
    content: str
    head: str = ""
    foot: str = ""
    charset: str = "utf-8"


Frame = Callable[[DemoPublisher, Page], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """The two things that make a publisher's pages look like its own."""

    frame: Frame
    article: Callable[[DemoPublisher, DemoArticle], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A page that lists articles, one of several if `next_path` or `previous_path` is set."""

    path: str
    heading: str
    articles: Sequence[DemoArticle]
    previous_path: str = ""
    next_path: str = ""


def document(publisher: DemoPublisher, page: Page, body: str) -> str:
    """Return a whole HTML document around a body element."""
    direction = ' dir="rtl"' if publisher.language == "ar" else ""
    head = lines(
        (
            f'<meta charset="{page.charset}">',
            f"<title>{text(page.title)}</title>",
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<link rel="canonical" href="{attr(publisher.base + page.path)}">',
            page.head,
        )
    )
    opening = f'<!DOCTYPE html>\n<html lang="{publisher.language}"{direction}>'
    return f"{opening}\n<head>\n{head}\n</head>\n{body}\n</html>\n"


def listing_page(publisher: DemoPublisher, listing: Listing) -> Page:
    """Return a page of cards with links to its neighbours."""
    cards = lines(_card(article) for article in listing.articles)
    content = lines((f"<h1>{text(listing.heading)}</h1>", cards, _pager(publisher, listing)))
    return Page(
        path=listing.path,
        title=f"{listing.heading} - {publisher.name}",
        content=f'<main class="listing">\n{content}\n</main>',
        head=_neighbours(publisher, listing),
    )


def plain_page(publisher: DemoPublisher, path: str, heading: str, body: str) -> Page:
    """Return a page with a heading and one paragraph."""
    content = f"<main>\n<h1>{text(heading)}</h1>\n<p>{text(body)}</p>\n</main>"
    return Page(path=path, title=f"{heading} - {publisher.name}", content=content)


def lead_image(article: DemoArticle) -> dict[str, str]:
    """Return the Open Graph entry for the first image, if there is one."""
    return {"og:image": article.images[0].url} if article.images else {}


def section_links(publisher: DemoPublisher) -> str:
    """Return the section menu as list items."""
    sections = publisher.sections
    return "".join(f"<li>{link(section.path, section.name)}</li>" for section in sections)


def _card(article: DemoArticle) -> str:
    heading = f'<h2 class="card-title">{link(article.path, article.title)}</h2>'
    return f'<article class="card">{heading}<p>{text(article.summary)}</p></article>'


def _pager(publisher: DemoPublisher, listing: Listing) -> str:
    newer, older = ("الأحدث", "الأقدم") if publisher.language == "ar" else ("Newer", "Older")
    anchors = lines(
        (
            link(listing.previous_path, newer, 'rel="prev"') if listing.previous_path else "",
            link(listing.next_path, older, 'rel="next"') if listing.next_path else "",
        )
    )
    return f'<nav class="pagination">{anchors}</nav>' if anchors else ""


def _neighbours(publisher: DemoPublisher, listing: Listing) -> str:
    pairs = (("prev", listing.previous_path), ("next", listing.next_path))
    rows = (f'<link rel="{rel}" href="{publisher.base}{path}">' for rel, path in pairs if path)
    return lines(rows)
