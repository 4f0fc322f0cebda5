"""Home, section, tag and author pages of a publisher."""

from __future__ import annotations

from collections.abc import Iterator

from newscrawl.demo.markup import slugify
from newscrawl.demo.model import DemoArticle, DemoPublisher, DemoSection
from newscrawl.demo.page import ABOUT, MEMBERS, Listing, Page, listing_page, plain_page

_WORDS = {
    "ar": ("من نحن", "فضاء المشتركين"),
    "de": ("Impressum", "Mein Abo"),
    "en": ("About us", "Members"),
}


def listing_pages(publisher: DemoPublisher) -> Iterator[Page]:
    """Yield every page of a publisher that is not an article."""
    yield _home(publisher)
    for section in publisher.sections:
        yield from _section(publisher, section)
    yield from _topics(publisher)
    about, members = _WORDS[publisher.language]
    yield plain_page(publisher, ABOUT, about, publisher.about)
    yield plain_page(publisher, MEMBERS, members, members)


def _home(publisher: DemoPublisher) -> Page:
    articles = publisher.newest()[: publisher.home_items]
    return listing_page(publisher, Listing(path="/", heading=publisher.name, articles=articles))


def _section(publisher: DemoPublisher, section: DemoSection) -> Iterator[Page]:
    articles = [row for row in publisher.newest() if row.section == section.name]
    size = section.page_size or len(articles)
    count = -(-len(articles) // size)
    for number in range(1, count + 1):
        listing = Listing(
            path=_page_path(section, number),
            heading=section.name,
            articles=articles[(number - 1) * size : number * size],
            previous_path=_page_path(section, number - 1) if number > 1 else "",
            next_path=_page_path(section, number + 1) if number < count else "",
        )
        yield listing_page(publisher, listing)


def _page_path(section: DemoSection, number: int) -> str:
    return section.path if number == 1 else section.page_path.format(n=number)


def _topics(publisher: DemoPublisher) -> Iterator[Page]:
    groups: dict[tuple[str, str], list[DemoArticle]] = {}
    for article in publisher.newest():
        for key in _keys(publisher, article):
            groups.setdefault(key, []).append(article)
    for (path, heading), articles in groups.items():
        yield listing_page(publisher, Listing(path=path, heading=heading, articles=articles))


def _keys(publisher: DemoPublisher, article: DemoArticle) -> Iterator[tuple[str, str]]:
    for pattern, names in (
        (publisher.tag_path, article.tags),
        (publisher.author_path, article.signed),
    ):
        for name in names if pattern else ():
            yield pattern.format(slug=slugify(name)), name
