"""Write the fixtures of the demo publishers: `python -m tests.make_fixtures`.

The expected article is not what newscrawl makes of the page but the truth that the demo's author
wrote down beside it, so that a fixture can fail.
"""

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from newscrawl.demo.site import DemoArticle, DemoPublisher, Resource, build_site, load_publishers
from newscrawl.fixtures import write_json

FOLDER = Path(__file__).parent / "fixtures" / "publishers"
FETCHED_AT = "2026-11-01T06:00:00+00:00"
KINDS = {"## ": "heading", "* ": "list_item", "> ": "quote"}


def main() -> None:
    """Write page.html.gz, page.json and article.json for each article of the demo web."""
    site = build_site()
    for publisher in load_publishers():
        for article in publisher.articles:
            write(publisher, article, site[article.url])
        if publisher.template == "quintype":
            # NewsGram's pages are made by the same framework.
            first = publisher.articles[0]
            write(publisher, first, as_newsgram(site[first.url]), host="www.newsgram.com")


def write(
    publisher: DemoPublisher, article: DemoArticle, resource: Resource, host: str | None = None
) -> None:
    """Write one fixture; *host* is another publisher's, whose page it is made to be."""
    found = host or publisher.host
    folder = FOLDER / found.removeprefix("www.") / article.slug
    folder.mkdir(parents=True, exist_ok=True)
    # mtime=0: the same page gives the same bytes.
    (folder / "page.html.gz").write_bytes(gzip.compress(resource.body, 9, mtime=0))
    page = {
        "url": article.url.replace(publisher.host, found), "content_type": resource.content_type,
        "fetched_at": FETCHED_AT, "why": f"{publisher.template} markup",
    }  # fmt: skip
    expected = truth(publisher, article)
    if host:
        text = json.dumps(expected, ensure_ascii=False)
        for old, new in ((publisher.host, host), (publisher.name, "NewsGram")):
            text = text.replace(old, new)
        expected = json.loads(text)
    write_json(folder / "page.json", page)
    write_json(folder / "article.json", expected)


def as_newsgram(resource: Resource) -> Resource:
    """Give a page of LanternGram as one of NewsGram's: the same framework, our own text."""
    body = resource.body.replace(b"www.lanterngram.example", b"www.newsgram.com")
    return replace(resource, body=body.replace(b"LanternGram", b"NewsGram"))


def truth(publisher: DemoPublisher, article: DemoArticle) -> dict[str, Any]:
    """Give the expected fields of an article."""
    return {
        "title": article.title,
        "body": [block(paragraph) for paragraph in _printed(publisher, article)],
        "authors": list(article.authors),
        "desk": sorted(article.desk),
        "editors": sorted(article.editors),
        "agencies": sorted(article.agencies),
        "date_published": article.date_published,
        "date_modified": article.date_modified or _unchanged(publisher, article),
        "dateline": article.dateline,
        "images": [[image.caption, image.credit] for image in article.images],
        "tags": list(article.tags),
        "section": article.section,
        "language": publisher.language,
        "subtitle": article.subtitle,
        "publisher": [publisher.name, publisher.host],
    }


def _printed(publisher: DemoPublisher, article: DemoArticle) -> tuple[str, ...]:
    """Give the body as printed: the German template has the standfirst as its first paragraph."""
    standfirst = publisher.template == "german" and article.subtitle
    return (article.subtitle or "", *article.paragraphs) if standfirst else article.paragraphs


def _unchanged(publisher: DemoPublisher, article: DemoArticle) -> str | None:
    """Give the publication: all templates but the wire's print it as dateModified too."""
    return None if publisher.template == "wire" else article.date_published


def block(paragraph: str) -> list[str]:
    """Split the truth's marks for headings, list items and quotes from the text."""
    mark = next((mark for mark in KINDS if paragraph.startswith(mark)), "")
    return [KINDS.get(mark, "paragraph"), " ".join(paragraph.removeprefix(mark).split())]


if __name__ == "__main__":
    main()
