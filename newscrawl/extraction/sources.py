"""Simple fields, each from the first place that has it, with what the other places say."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from newscrawl.extraction import structured, visible
from newscrawl.extraction.document import Document
from newscrawl.extraction.jsonld import Node, text_of, types_of
from newscrawl.items import Candidate, Copyright, Image, Provenance
from newscrawl.wording import fold

Sourced = tuple[str | None, tuple[Provenance, ...]]
LESS_TRUSTED = "less trusted"
SAME = "the same"


def first_of(field: str, places: Iterable[tuple[str, str | None]]) -> Sourced:
    """Give the first value, and where the field came from."""
    found = [Candidate(field=field, raw=raw, method=method) for method, raw in places if raw]
    if not found:
        return None, ()
    chosen, *others = found
    return chosen.raw, (
        Provenance(
            field=field,
            method=chosen.method,
            raw=chosen.raw,
            alternatives=tuple(replace(c, why=_reason(c, chosen)) for c in others),
        ),
    )


def _reason(candidate: Candidate, chosen: Candidate) -> str:
    return SAME if fold(candidate.raw) == fold(chosen.raw) else LESS_TRUSTED


def section(node: Node, document: Document) -> Sourced:
    """Give the section."""
    return first_of(
        "section",
        (
            ("jsonld.articleSection", text_of(node.get("articleSection"))),
            *(
                (f"meta.{name}", structured.document_meta_text(document, name))
                for name in structured.SECTION_METAS
            ),
            ("microdata.articleSection", structured.microdata_section(document)),
        ),
    )


def subtitle(node: Node, document: Document, title: str | None) -> Sourced:
    """Give the standfirst, unless it is the title again."""
    declared = text_of(node.get("alternativeHeadline"))
    places = (
        ("jsonld.alternativeHeadline", declared),
        ("class.subtitle", visible.subtitle(document)),
    )
    kept = [(m, raw) for m, raw in places if raw and fold(raw) != fold(title or "")]
    # A declaration that only repeats the title means that there is none.
    is_title = bool(declared) and fold(declared or "") == fold(title or "")
    return (None, ()) if is_title else first_of("subtitle", kept)


def publisher_name(node: Node, document: Document, host: str | None) -> Sourced:
    """Give the publisher's name as the page states it."""
    site = next((n for n in document.json_ld if "WebSite" in types_of(n)), {})
    metas = ("og:site_name", "application-name", "publisher")
    return first_of(
        "publisher",
        (
            ("jsonld.publisher", text_of(node.get("publisher"))),
            *((f"meta.{n}", structured.document_meta_text(document, n)) for n in metas),
            ("jsonld.WebSite", text_of(site)),
            ("title", structured.name_in_title(document, host)),
        ),
    )


def others(
    node: Node,
    document: Document,
    images: tuple[Image, ...],
    copyright_: Copyright | None,
    kind: str,
) -> Iterator[Provenance]:
    """Give where the remaining fields came from."""
    for method, address in (
        ("link.canonical", document.links.get("canonical")),
        ("meta.og:url", document.meta("og:url")),
    ):
        if address:
            yield Provenance(field="canonical_url", method=method, raw=address)
            break
    if kind != "article":
        is_typed = bool(types_of(node))
        raw = ", ".join(sorted(types_of(node))) or document.meta("og:type") or ""
        yield Provenance(
            field="kind", method="jsonld.@type" if is_typed else "meta.og:type", raw=raw
        )
    if images:
        captioned = sum(bool(image.caption or image.credit) for image in images)
        raw = f"{captioned} of {len(images)} with caption or credit"
        yield Provenance(field="images", method="figure" if captioned else "declared", raw=raw)
    if copyright_:
        raw = copyright_.notice or copyright_.holder or copyright_.licence or copyright_.year or ""
        yield Provenance(field="copyright", method="declared", raw=raw)
