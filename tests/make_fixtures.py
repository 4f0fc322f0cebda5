"""Write the fixtures of the demo publishers: `python -m tests.make_fixtures`.

The expected article is not what newscrawl makes of the page but the truth that the demo's author
wrote down beside it, so that a fixture can fail.
"""

import gzip
import json
from pathlib import Path
from typing import Any

from newscrawl.demo.site import DemoArticle, DemoPublisher, build_site, load_publishers

FOLDER = Path(__file__).parent / "fixtures" / "publishers"
FETCHED_AT = "2026-11-01T06:00:00+00:00"
KINDS = {"## ": "heading", "* ": "list_item", "> ": "quote"}


def main() -> None:
    """Write page.html.gz, page.json and article.json for each article of the demo web."""
    site = build_site()
    for publisher in load_publishers():
        for article in publisher.articles:
            folder = FOLDER / publisher.host.removeprefix("www.") / article.slug
            folder.mkdir(parents=True, exist_ok=True)
            resource = site[article.url]
            # mtime=0: the same page gives the same bytes.
            (folder / "page.html.gz").write_bytes(gzip.compress(resource.body, 9, mtime=0))
            page = {
                "url": article.url, "content_type": resource.content_type,
                "fetched_at": FETCHED_AT, "why": f"{publisher.template} markup",
            }  # fmt: skip
            _write(folder / "page.json", page)
            _write(folder / "article.json", truth(publisher, article))


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


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
