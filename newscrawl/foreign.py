"""Run the dates and attribution stages on items of anybody's spider.

An item is a dict, a Scrapy item, a dataclass or an attrs object; its fields may have the names that
newscrawl, schema.org or zyte-common-items give them. What a stage finds replaces the field's value
in its own form; further findings are added where the item has, or can have, a field for them.
"""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from itemadapter import ItemAdapter

from newscrawl.attribution import normalise_attribution
from newscrawl.dates import normalise_dates
from newscrawl.items import Author, Block, Candidate, Draft, Page, Publisher

PUBLISHED: Final = (
    "date_published", "datePublished", "published", "published_at", "pub_date", "pubDate", "date",
)  # fmt: skip
MODIFIED: Final = ("date_modified", "dateModified", "modified", "updated", "updated_at", "lastmod")
AUTHORS: Final = ("authors", "author", "byline", "creator")
TEXTS: Final = ("text", "articleBody", "body", "content")
LANGUAGES: Final = ("language", "inLanguage", "lang")
PUBLISHERS: Final = ("publisher", "source", "site_name")
GENERIC_SUFFIXES: Final = 2
"""Letters of a country's top-level domain."""

Fields = tuple[str, ...]


def normalise_item_dates(item: Any) -> Any:
    """Write an item's dates in ISO 8601; what cannot be read stays as it is.

    >>> normalise_item_dates({"url": "https://a.de/x", "date": "3. Mai 2024, 10:15 Uhr", "lang": "de"})["date"]
    '2024-05-03T10:15:00'
    """
    adapter = ItemAdapter(item)
    published, modified = _name(adapter, PUBLISHED), _name(adapter, MODIFIED)
    found = tuple(
        Candidate(field=field, raw=_text(adapter[name]), method=f"item.{name}")
        for field, name in (("published", published), ("modified", modified))
        if name
    )
    if not found:
        return item
    draft = normalise_dates(_draft(adapter, candidates=found))
    for name, value in ((published, draft.date_published), (modified, draft.date_modified)):
        if name and value:
            adapter[name] = value
    _add(adapter, "dates", asdict(draft.dates))
    return item


def normalise_item_attribution(item: Any) -> Any:
    """Split an item's byline, and move dateline, tails and notes of its text into fields.

    >>> item = {"author": "By Jane Doe and John Roe, dpa", "text": "Hamburg (dpa) - The port shut."}
    >>> found = normalise_item_attribution(item)
    >>> found["author"], found["text"], [a["id"] for a in found["agencies"]]
    ('Jane Doe; John Roe', 'The port shut.', ['dpa'])
    """
    adapter = ItemAdapter(item)
    authors, text = _name(adapter, AUTHORS), _name(adapter, TEXTS)
    if not authors and not text:
        return item
    found = tuple(
        Candidate(field="author", raw=raw, method="item.author")
        for raw in (_names(adapter[authors]) if authors else ())
    )
    draft = normalise_attribution(_draft(adapter, candidates=found, text=text))
    if authors and draft.authors:
        adapter[authors] = _in_form_of(adapter[authors], draft.authors)
    if text:
        paragraphs = [block.text for block in draft.blocks]
        adapter[text] = paragraphs if _is_list(adapter[text]) else "\n\n".join(paragraphs)
    _add(adapter, "byline_raw", draft.byline_raw)
    for name in ("desk", "editors", "contributors"):
        _add(adapter, name, list(getattr(draft, name)))
    for name in ("agencies", "sources_cited", "notes"):
        _add(adapter, name, [asdict(value) for value in getattr(draft, name)])
    _add(adapter, "dateline", asdict(draft.dateline) if draft.dateline else None)
    return item


def is_item(item: Any) -> bool:
    """Tell whether this is an item of a spider, and no value of newscrawl's own."""
    return ItemAdapter.is_item(item) and not type(item).__module__.startswith("newscrawl.")


def _draft(
    adapter: ItemAdapter, *, candidates: tuple[Candidate, ...], text: str | None = None
) -> Draft:
    url = _text(adapter.get("url") or adapter.get("link")) or None
    host = urlsplit(url).hostname if url else None
    suffix = (host or "").rpartition(".")[2]
    fetched = adapter.get("fetched_at")
    is_aware = isinstance(fetched, datetime) and fetched.tzinfo is not None
    name = _name(adapter, PUBLISHERS)
    language = _name(adapter, LANGUAGES)
    return Draft(
        page=Page(body="", url=url, fetched_at=fetched if is_aware else None),
        blocks=_blocks(adapter[text]) if text else (),
        candidates=candidates,
        publisher=Publisher(name=_text(adapter[name]) or None if name else None, domain=host),
        language=_text(adapter[language])[:2].lower() or None if language else None,
        country=suffix.upper() if len(suffix) == GENERIC_SUFFIXES else None,
    )


def _blocks(value: Any) -> tuple[Block, ...]:
    parts = value if _is_list(value) else str(value).split("\n\n" if "\n\n" in str(value) else "\n")
    texts = (" ".join(_text(part).split()) for part in parts)
    return tuple(Block(kind="paragraph", text=text) for text in texts if text)


def _in_form_of(given: Any, authors: tuple[Author, ...]) -> Any:
    """Write authors as they were given: one string, a list of strings, or of mappings."""
    people = [author.name for author in authors if author.kind == "person"]
    if not _is_list(given):
        return "; ".join(people or [author.name for author in authors])
    if all(isinstance(value, str) for value in given):
        return people or [author.name for author in authors]
    return [{k: v for k, v in asdict(author).items() if v is not None} for author in authors]


def _names(value: Any) -> Iterable[str]:
    values = value if _is_list(value) else [value]
    return filter(None, (_text(one) for one in values))


def _text(value: Any) -> str:
    """Give the text of a value: a string, a date, or the name of a mapping or an object."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return _text(value.get("name"))
    named = getattr(value, "name", None)
    return str(named if isinstance(named, str) else value) if value is not None else ""


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def _name(adapter: ItemAdapter, names: Fields) -> str | None:
    """Find the first field of these names that has a value."""
    return next((name for name in names if adapter.get(name)), None)


def _add(adapter: ItemAdapter, name: str, value: object) -> None:
    """Set a further field, where the item can have it and has no value of its own."""
    declared = (
        isinstance(adapter.item, dict) or name in adapter.field_names() or _declares(adapter, name)
    )
    if value and declared and not adapter.get(name):
        adapter[name] = value


def _declares(adapter: ItemAdapter, name: str) -> bool:
    return name in (getattr(type(adapter.item), "fields", None) or {})
