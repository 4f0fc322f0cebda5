"""Say in words what the fields of an article hold; `explain` and the inspector say it alike."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from newscrawl.items import Article, Author, CitedSource, DateInfo, Image, Provenance

ONE_OF: Final = {"images": "image", "notes": "note", "sources_cited": "source_cited"}
"""Fields that are shown value by value, under another name than provenance has for them."""


@dataclass(frozen=True, slots=True)
class Told:
    """A field in words, and where its value came from."""

    name: str
    value: str
    origins: tuple[Provenance, ...] = ()


def fields_told(article: Article) -> Iterator[Told]:
    """Give the fields that hold anything; where one has several values, the first has what is said of all."""
    said: dict[str, list[Provenance]] = {}
    for entry in article.provenance:
        said.setdefault(ONE_OF.get(entry.field, entry.field), []).append(entry)
    for name, value in _values(article):
        yield Told(name, value, tuple(said.pop(name, ())))
    for name, entries in said.items():
        yield Told(name, "", tuple(entries))


def _values(article: Article) -> list[tuple[str, str]]:
    pairs = [
        ("date_published", _date(article.date_published, article.dates.published)),
        ("date_modified", _date(article.date_modified, article.dates.modified)),
        ("authors", ", ".join(map(_author, article.authors))),
        ("desk", ", ".join(article.desk)),
        ("editors", ", ".join(article.editors)),
        ("contributors", ", ".join(article.contributors)),
        ("agencies", ", ".join(f"{agency.id} ({agency.name})" for agency in article.agencies)),
        ("dateline", article.dateline.raw if article.dateline else ""),
        (
            "publisher",
            ", ".join(p for p in (article.publisher.name, article.publisher.domain) if p),
        ),
        ("language", article.language or ""),
        ("section", article.section or ""),
        ("tags", ", ".join(article.tags)),
        ("title", article.title or ""),
        ("subtitle", article.subtitle or ""),
    ]
    made = article.extracted_with
    if made.publisher_layout:
        missed = (
            f"; nothing found by: {', '.join(made.layout_missed)}" if made.layout_missed else ""
        )
        pairs.append(("publisher file", f"{made.publisher_layout}{missed}"))
    pairs += [("kind", article.kind), ("canonical_url", article.canonical_url or "")]
    pairs += [("image", _image(image)) for image in article.images]
    pairs += [("source_cited", _cited(cited)) for cited in article.sources_cited]
    pairs += [("note", f"{note.kind}: {note.text}") for note in article.notes]
    if rights := article.copyright:
        said = (rights.holder, rights.year, rights.notice, rights.licence)
        pairs.append(("copyright", "; ".join(part for part in said if part)))
    return [(name, value) for name, value in pairs if value]


def _author(author: Author) -> str:
    kind = author.kind if author.kind != "person" else None
    notes = [note for note in (kind, author.role, author.affiliation, author.place) if note]
    return author.name + (f" ({', '.join(notes)})" if notes else "")


def _image(image: Image) -> str:
    credit = image.credit
    parts = [f"credit: {credit.raw}"] if credit else []
    if credit:
        parts += [f"by {name}" for name in credit.photographers]
        parts += [f"from {name}" for name in credit.agencies]
        parts += [part for part in (credit.supplied_as, credit.licence) if part]
    parts += ["generic"] if image.is_generic else []
    return " | ".join([image.caption or "(no caption)", *parts])


def _cited(cited: CitedSource) -> str:
    kind = ", itself" if cited.is_self else ""
    return f"{cited.name or 'unnamed'} ({cited.kind}{kind}): “{cited.phrase}”"


def _date(value: str | None, info: DateInfo | None) -> str:
    if info is None:
        return ""
    zone = f", zone from {info.zone_from}" if info.zone_from else ""
    flags = f" ({', '.join(info.flags)})" if info.flags else ""
    if value is None:
        return f"not found: {info.raw!r}{flags}"
    return f"{value}, to the {info.precision}{zone}{flags}"
