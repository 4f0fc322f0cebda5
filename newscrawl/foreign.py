"""Run the dates and attribution stages on items of anybody's spider.

An item is a dict, a Scrapy item, a dataclass or an attrs object; its fields may have the names that
newscrawl, schema.org or zyte-common-items give them. What a stage finds replaces the field's value
in its own form; further findings are added where the item has, or can have, a field for them.
Nothing is taken out of a field that the item has no other field for, and a value that is not
understood (HTML, bytes, a list of objects) stays as it is.
"""

import re
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import asdict
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from itemadapter import ItemAdapter

from newscrawl.attribution import normalise_attribution
from newscrawl.attribution.bylines import MAX_BYLINE_CHARS, Name, read_byline
from newscrawl.dates import normalise_dates
from newscrawl.dates.formats import read_date
from newscrawl.items import Block, Candidate, Draft, Page, Publisher
from newscrawl.publishers import publisher_for
from newscrawl.reasons import EditCode
from newscrawl.reference import country_of

PUBLISHED: Final = (
    "date_published", "datePublished", "published", "published_at", "pub_date", "pubDate", "date",
)  # fmt: skip
MODIFIED: Final = ("date_modified", "dateModified", "modified", "updated", "updated_at", "lastmod")
AUTHORS: Final = ("authors", "author", "byline", "creator")
TEXTS: Final = ("text", "articleBody", "body", "content")
LANGUAGES: Final = ("language", "inLanguage", "lang")
PUBLISHERS: Final = ("publisher", "source", "site_name")
LANGUAGE_TAG: Final = re.compile(r"[A-Za-z]{2,3}(?![A-Za-z])")
MARKUP: Final = re.compile(r"</\w+>|<(?:p|br|div|img)\b[^<>]*>", re.IGNORECASE)
HOMES: Final = {EditCode.DATELINE: "dateline", EditCode.NOTE: "notes"}
"""The further fields that keep what these edits take out of a text."""
MADE_OF: Final = {"agency": "agencies", "desk": "desk", "publisher": "desk"}
"""The further field that keeps a name of this kind when the authors are cut down to people."""

Fields = tuple[str, ...]
Changes = dict[str, object]


def normalise_item_dates(item: Any) -> Any:
    """Write an item's dates in ISO 8601; what cannot be read, or is a datetime, stays as it is.

    >>> normalise_item_dates({"url": "https://a.de/x", "date": "3. Mai 2024, 10:15 Uhr", "lang": "de"})["date"]
    '2024-05-03T10:15:00'
    """
    adapter = ItemAdapter(item)
    language = _language(adapter)
    published, modified = (
        _name(adapter, names, lambda value: _is_dated(value, language))
        or _name(adapter, names, _is_date)
        for names in (PUBLISHED, MODIFIED)
    )
    found = tuple(
        Candidate(field=field, raw=_text(adapter[name]), method=f"item.{name}")
        for field, name in (("published", published), ("modified", modified))
        if name
    )
    if not found:
        return item
    draft = normalise_dates(_draft(adapter, candidates=found))
    changes: Changes = {}
    for name, value, info in (
        (published, draft.date_published, draft.dates.published),
        (modified, draft.date_modified, draft.dates.modified),
    ):
        # What the address or the other date says is in `dates`, but is no reading of this value.
        is_own = info is not None and info.method == f"item.{name}"
        if name and value and is_own and isinstance(adapter[name], str):
            changes[name] = value
    return _written(item, changes | _further(adapter, {"dates": asdict(draft.dates)}))


def normalise_item_attribution(item: Any) -> Any:
    """Split an item's byline, and move dateline, tails and notes of its text into fields.

    >>> item = {"author": "By Jane Doe and John Roe, dpa", "text": "Hamburg (dpa) - The port shut."}
    >>> found = normalise_item_attribution(item)
    >>> found["author"], found["text"], [a["id"] for a in found["agencies"]]
    ('Jane Doe; John Roe', 'The port shut.', ['dpa'])
    """
    adapter = ItemAdapter(item)
    authors, text = _name(adapter, AUTHORS, _is_named), _name(adapter, TEXTS, _is_text)
    if not authors and not text:
        return item
    names = _names(adapter[authors]) if authors else []
    found = tuple(Candidate(field="author", raw=raw, method=f"item.{authors}") for raw in names)
    pieces = _pieces(adapter[text]) if text else []
    blocks = tuple(Block(kind="paragraph", text=" ".join(piece.split())) for piece in pieces)
    given = _draft(adapter, candidates=found, blocks=blocks)
    draft = normalise_attribution(given)
    changes: Changes = {}
    if authors and draft.authors:
        changes[authors] = _named(adapter, adapter[authors], draft)
    findings = _findings(draft)
    if text and draft.blocks and _keeps(adapter, draft, findings):
        changes[text] = _rewritten(adapter[text], pieces, given.blocks, draft.blocks)
    else:
        del findings["removed"]
    return _written(item, changes | _further(adapter, findings))


def is_item(item: Any) -> bool:
    """Tell whether this is an item of a spider, and no value of newscrawl's own."""
    return ItemAdapter.is_item(item) and not type(item).__module__.startswith("newscrawl.")


def _findings(draft: Draft) -> Changes:
    found: Changes = {"byline_raw": draft.byline_raw}
    found |= {name: list(getattr(draft, name)) for name in ("desk", "editors", "contributors")}
    for name in ("agencies", "sources_cited", "notes"):
        found[name] = [asdict(value) for value in getattr(draft, name)]
    found["removed"] = [asdict(edit) for edit in draft.edits]
    return found | {"dateline": asdict(draft.dateline) if draft.dateline else None}


def _draft(
    adapter: ItemAdapter, *, candidates: tuple[Candidate, ...], blocks: tuple[Block, ...] = ()
) -> Draft:
    url = _text(adapter.get("url") or adapter.get("link")) or None
    try:
        host = urlsplit(url).hostname if url else None
    except ValueError:  # http://[
        url = host = None
    fetched = adapter.get("fetched_at")
    is_aware = isinstance(fetched, datetime) and fetched.tzinfo is not None
    name = _name(adapter, PUBLISHERS)
    known = publisher_for(host)
    return Draft(
        page=Page(body="", url=url, fetched_at=fetched if is_aware else None),
        blocks=blocks,
        candidates=candidates,
        publisher=Publisher(name=_text(adapter[name]) or None if name else None, domain=host),
        language=_language(adapter),
        country=(known.country if known else None) or country_of(host),
        timezone=known.timezone if known else None,
    )


def _language(adapter: ItemAdapter) -> str | None:
    name = _name(adapter, LANGUAGES)
    tag = LANGUAGE_TAG.match(_text(adapter[name])) if name else None
    return tag[0].lower() if tag else None


def _pieces(value: Any) -> list[str]:
    """Give the paragraphs as they are written."""
    if isinstance(value, str):
        value = value.split(_sign_between(value))
    return [piece for piece in value if piece.strip()]


def _sign_between(text: str) -> str:
    """Give what parts the paragraphs of a text: empty lines if it has any, else line breaks."""
    return next((sign for sign in ("\r\n\r\n", "\n\n", "\r\n") if sign in text), "\n")


def _rewritten(
    value: Any, pieces: list[str], given: tuple[Block, ...], left: tuple[Block, ...]
) -> Any:
    """Give the text of the blocks that are left; what no stage touched stays as it is written."""
    if given == left:
        return value
    written = {id(block): piece for block, piece in zip(given, pieces, strict=True)}
    texts = [written.get(id(block), block.text) for block in left]
    return _sign_between(value).join(texts) if isinstance(value, str) else _like(value, texts)


def _like(given: Any, values: list[Any]) -> Any:
    return tuple(values) if isinstance(given, tuple) else values


def _keeps(adapter: ItemAdapter, draft: Draft, found: Changes) -> bool:
    """Tell whether the item has a free field for everything that was taken out of its text."""
    if _can_take(adapter, "removed"):
        return True
    codes = {edit.code for edit in draft.edits}
    tails = [name for name in ("agencies", "editors", "contributors") if found[name]]
    taken = [name for code, name in HOMES.items() if code in codes]
    taken += tails if codes - set(HOMES) else []
    return all(_can_take(adapter, name) for name in taken) and bool(tails or codes <= set(HOMES))


def _named(adapter: ItemAdapter, given: Any, draft: Draft) -> Any:
    """Write the authors as they were given: one string, a list of strings, or of mappings."""
    if isinstance(given, str):
        is_whole = len(given) <= MAX_BYLINE_CHARS or ";" in given
        is_kept = is_whole and _is_kept(adapter, draft)
        return "; ".join(_people(adapter, draft)) if is_kept else given
    if not _is_list(given):
        found = _renamed(adapter, given, draft)
        return found[0] if len(found) == 1 else given
    if all(isinstance(value, str) for value in given):
        return _like(given, _people(adapter, draft)) if _is_kept(adapter, draft) else given
    return _like(given, [name for value in given for name in _renamed(adapter, value, draft)])


def _is_kept(adapter: ItemAdapter, draft: Draft) -> bool:
    """Tell whether what else a byline says has a free field: in `byline_raw`, all of it."""
    others = [name for name in ("editors", "contributors") if getattr(draft, name)]
    names = {None, *(author.name for author in draft.authors if author.kind != "person")}
    has_more = any(
        author.role or author.place or author.affiliation not in names for author in draft.authors
    )
    is_apart = all(_can_take(adapter, name) for name in others) and not has_more
    return _can_take(adapter, "byline_raw") or is_apart


def _people(adapter: ItemAdapter, draft: Draft) -> list[str]:
    """Give the names of the people, and of all others too that the item has no field for."""
    people = [author.name for author in draft.authors if author.kind == "person"]
    others = (MADE_OF[author.kind] for author in draft.authors if author.kind != "person")
    is_kept = all(_can_take(adapter, name) for name in others)
    return people if people and is_kept else [author.name for author in draft.authors]


def _renamed(adapter: ItemAdapter, value: Any, draft: Draft) -> list[Any]:
    """Clean the name in a mapping, and add what its byline says beside it.

    Where the name is several people's and the mapping has more than a name, or where it names no
    person, it stays; so do objects, whose class knows best what is in them.
    """
    if not isinstance(value, Mapping):
        return [value]
    publisher = draft.publisher
    read = read_byline(_text(value), publisher.name, publisher.domain)
    names = [name for name in read if name.part == "author"]
    people = [name for name in names if name.kind == "person"]
    others = [MADE_OF[name.kind] for name in names if name.kind != "person"]
    others += [f"{name.part}s" for name in read if name.part != "author"]
    is_kept = all(_can_take(adapter, name) for name in others)
    is_shared = len(people) > 1 and not set(value) <= {"name", "@type", "type"}
    if not people or is_shared or not is_kept:
        return [value]
    return [_with_name(value, name) for name in people]


def _with_name(value: Mapping[str, Any], name: Name) -> dict[str, Any]:
    found = {
        "kind": name.kind, "raw": _text(value), "role": name.role, "affiliation": name.affiliation,
        "place": name.place,
    }  # fmt: skip
    if name.text == found["raw"]:
        del found["raw"]
    added = {key: said for key, said in found.items() if said and key not in value}
    return {**value, "name": name.text, **added}


def _names(value: Any) -> list[str]:
    values = value if _is_list(value) else [value]
    texts = [text for text in map(_text, values) if text]
    # A long list in one string, part by part: bylines are cut at a length.
    if isinstance(value, str) and len(value) > MAX_BYLINE_CHARS:
        return [name for name in map(str.strip, value.split(";")) if name]
    return texts


def _text(value: Any) -> str:
    """Give the text of a value: a string, a date, or the name of a mapping or an object."""
    if isinstance(value, str):
        return value
    if isinstance(value, date):  # a datetime is one
        return value.isoformat()
    named = value.get("name") if isinstance(value, Mapping) else getattr(value, "name", None)
    return named if isinstance(named, str) else ""


def _is_named(value: Any) -> bool:
    return any(_names(value))


def _is_date(value: Any) -> bool:
    return isinstance(value, (str, date)) and bool(value)


def _is_dated(value: Any, language: str | None) -> bool:
    return _is_date(value) and read_date(_text(value), language=language) is not None


def _is_text(value: Any) -> bool:
    """Tell plain text, whole or in paragraphs, from markup and from parts of other kinds."""
    parts = value if _is_list(value) else [value]
    return all(isinstance(part, str) and not MARKUP.search(part) for part in parts)


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def _name(
    adapter: ItemAdapter, names: Fields, test: Callable[[Any], bool] = lambda _: True
) -> str | None:
    """Find the first field of these names that has a value that can be read."""
    return next((name for name in names if adapter.get(name) and test(adapter[name])), None)


def _further(adapter: ItemAdapter, found: Changes) -> Changes:
    """Give the further fields that the item can have and has no value of its own for."""
    return {name: value for name, value in found.items() if value and _can_take(adapter, name)}


def _can_take(adapter: ItemAdapter, name: str) -> bool:
    """Tell whether the item has such a field, or can have it, and no value of its own in it."""
    can_have = isinstance(adapter.item, dict) or name in adapter.field_names()
    return can_have and not adapter.get(name)


def _written(item: Any, changes: Changes) -> Any:
    """Set the fields; of an item that is frozen, on a copy."""
    adapter = ItemAdapter(item)
    try:
        for name, value in changes.items():
            adapter[name] = value
    except AttributeError:
        item = copy(item)
        for name, value in changes.items():
            object.__setattr__(item, name, value)
    return item
