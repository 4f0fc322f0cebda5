"""The extract stage: from a page to a draft, the document parsed once."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from newscrawl.extraction import sources, structured, visible
from newscrawl.extraction.bylines import author_candidates
from newscrawl.extraction.choice import Scored, choose_body, score_page
from newscrawl.extraction.document import Document, parse_document, refuse
from newscrawl.extraction.figures import find_images, told_captions
from newscrawl.extraction.jsonld import Node, text_of
from newscrawl.extraction.language import declared_language, settle_language
from newscrawl.extraction.listings import said_of, titles_in
from newscrawl.extraction.nearby import nearby_dates
from newscrawl.extraction.optouts import opt_outs_of
from newscrawl.extraction.paywall import read_paywall
from newscrawl.extraction.places import Places
from newscrawl.extraction.plain import read_dump
from newscrawl.extraction.printed import date_candidates
from newscrawl.extraction.selectors import NO_LAYOUT, Found, apply_layout
from newscrawl.extraction.signs import page_signs
from newscrawl.extraction.state import rescue
from newscrawl.extraction.topics import tags_of
from newscrawl.extraction.walls import find_wall
from newscrawl.items import (
    HOME_PAGE,
    Candidate,
    Draft,
    Page,
    Paywall,
    Provenance,
    Publisher,
    Rejected,
)
from newscrawl.publishers import publisher_for
from newscrawl.reference import country_of
from newscrawl.wording import bare, closed_up, count_words, fold

TITLE_SEPARATOR: Final = re.compile(r"\s+[|–—·•»:-]+\s+|\s*\|\s*")
NOT_SHOWN: Final = "differs from what a reader sees"
BEHIND_TITLE: Final = re.compile(
    r"\s+(?:posted|published|updated|by|von|par|por)\b|\s+\(|\s+\d", re.IGNORECASE
)
MIN_SHARED: Final = 0.3
"""Share of the title's words that a headline in other words has of it."""
MIN_AGREEING: Final = 2
"""Declarations; one alone may be a headline for search engines."""
MIN_TITLE_CHARS: Final = 8
MIN_TITLE_WORDS: Final = 5
"""Words; of 970 pages with a known title, h1s that nothing else repeats are the site's name or a
section below that, and the headline from there on."""
SAMPLE_CHARS: Final = 4000
"""Characters of the text that the language is told from."""
ARTICLES: Final = frozenset(
    ["the", "a", "an", "der", "die", "das", "ein", "eine", "le", "la", "les", "el", "los", "las", "il", "o", "os",
     "de", "het"]
)  # fmt: skip
MAX_KICKER_WORDS: Final = 4
MAX_SITE_WORDS: Final = 4


def extract(page: Page) -> Draft | Rejected:
    """Find everything on the page that a later stage may need."""
    page = replace(page, url=page.url.strip()) if page.url else page
    if page.kind == "text":
        problem = refuse(page)
        return problem or _with_publisher_file(_with_language(_read_dump(page), None))
    document = parse_document(page)
    if isinstance(document, Rejected):
        return document
    return _with_publisher_file(_read_document(document, page))


def _read_dump(page: Page) -> Draft:
    """Read a text dump; one that does not print its host is of the address that was given with it."""
    draft = read_dump(page)
    host = urlsplit(page.url or "").hostname
    if draft.publisher.domain or not host:
        return draft
    return replace(draft, publisher=replace(draft.publisher, domain=host))


def _layout_of(document: Document, page: Page) -> Found:
    """Apply the layout that the page's publisher had when it was fetched."""
    address = document.url or structured.canonical_url(document) or ""
    source = publisher_for(urlsplit(address).hostname)
    if source is None:
        return NO_LAYOUT
    layout = source.layout_at(page.fetched_at)
    found = apply_layout(document, source.layout_name(layout), layout)
    has_form = bool(source.article_pattern) and source.is_article(address)
    return replace(found, is_article=has_form)


def _read_document(document: Document, page: Page) -> Draft:
    found = _layout_of(document, page)
    node = structured.main_article(document)
    title, provenance = _with_layout(found, "title", *_choose_title(document, node, page.listed))
    images = find_images(document, node, found)
    candidates = (
        *found.candidates(), *_candidates(document, node), *structured.agency_candidates(node),
    )  # fmt: skip
    scored = _scored(document, found)
    body = choose_body(document, scored, found)
    blocks = body.lines
    # What the publisher's file points to is the text, however short it is.
    rescued = None if body.is_ruled else rescue(document, node, blocks)
    if rescued:
        blocks = rescued.lines
        provenance = (*provenance, Provenance(field="text", method=rescued.method, raw=""))
    publisher, said = _publisher(document, node)
    section, section_said = _with_layout(found, "section", *sources.section(node, document))
    subtitle, subtitle_said = _with_layout(
        found, "subtitle", *sources.subtitle(node, document, title)
    )
    tags, tags_said = tags_of(node, document, publisher, page.listed)
    if found.texts.get("tags"):
        tags = found.texts["tags"]
        tags_said = (found.said("tags", ", ".join(tags), ()),)
    kind = structured.kind_of(node, document)
    rights = structured.copyright_of(node, document)
    rest = sources.others(node, document, images, rights, kind)
    draft = Draft(
        page=replace(page, body=b""),
        blocks=blocks,
        candidates=candidates,
        images=images,
        told_captions=told_captions(document, images),
        title=title,
        subtitle=subtitle,
        description=structured.document_meta_text(document, "description", "og:description"),
        canonical_url=structured.canonical_url(document),
        amp_url=document.absolute(document.links.get("amphtml")),
        publisher=publisher,
        section=section,
        tags=tags,
        kind=kind,
        page_type=_page_type(document, node),
        signs=page_signs(document, scored.evidence, scored.scores, candidates),
        wall=None if rescued else find_wall(document, scored.evidence),
        is_rescued=bool(rescued),
        is_ruled=body.is_ruled and found.is_article,
        publisher_layout=found.name or None,
        layout_missed=body.missed,
        paywall=_as_listed(read_paywall(document, node, scored.evidence, blocks), page.listed),
        videos=structured.videos_of(node, document),
        opt_outs=tuple(dict.fromkeys((*page.opt_outs, *opt_outs_of(document)))),
        copyright=rights,
        provenance=(*provenance, *subtitle_said, *said, *section_said, *tags_said, *rest),
    )
    return _with_language(draft, declared_language(document) or said_of(page.listed, "language"))


def score_document(document: Document, page: Page) -> Scored:
    """Score a page's segments as `extract` does, for those who want to see how each one did."""
    return _scored(document, _layout_of(document, page))


def _scored(document: Document, found: Found) -> Scored:
    return score_page(document, found.text("title") or choose_title_text(document))


def _as_listed(paywall: Paywall, listed: tuple[Candidate, ...]) -> Paywall:
    """Take the word of a news sitemap for it that a page is not free, where the page says nothing."""
    access = (said_of(listed, "access") or "").lower()
    is_sold = paywall.declared is None and access in ("subscription", "registration")
    return replace(paywall, declared=True) if is_sold else paywall


def _publisher(document: Document, node: Node) -> tuple[Publisher, tuple[Provenance, ...]]:
    host = urlsplit(document.url or structured.canonical_url(document) or "").hostname
    name, said = sources.publisher_name(node, document, host)
    return Publisher(name=name, domain=host), said


def _with_layout(
    found: Found, key: str, value: str | None, said: tuple[Provenance, ...]
) -> tuple[str | None, tuple[Provenance, ...]]:
    """Take the layout's word for a field, where it has one; what was chosen without it is an alternative."""
    ruled = found.text(key)
    if ruled is None:
        return value, said
    others = tuple(
        replace(Candidate(field=key, raw=p.raw, method=p.method), why=sources.LESS_TRUSTED)
        for p in said
    )
    return ruled, (found.said(key, ruled, others),)


def choose_title_text(document: Document) -> str:
    """Give the headline that lines of the body are compared with."""
    return visible.headline(document) or structured.document_meta_text(document, "og:title") or ""


def _candidates(document: Document, node: Node) -> Iterator[Candidate]:
    yield from structured.author_candidates(node, document)
    places = Places(document)
    yield from author_candidates(document, places)
    dates = [
        *structured.date_candidates(node, document),
        *date_candidates(document, places),
        *structured.other_dates(node, document),
        *structured.unlisted_dates(document),
    ]
    yield from dates
    if not any(candidate.field == "published" for candidate in dates):
        yield from nearby_dates(document, places)


def _page_type(document: Document, node: Node) -> str | None:
    if node:
        return None
    if found := structured.page_type(document):
        return found
    is_root = bool(document.url) and urlsplit(document.url or "").path in ("", "/")
    # One-page blogs have an article at the root; it is dated or says what it is.
    if not is_root or document.meta("og:type") == "article":
        return None
    return None if any(date_candidates(document, Places(document))) else HOME_PAGE


def _choose_title(
    document: Document, node: Node, listed: tuple[Candidate, ...] = ()
) -> tuple[str | None, tuple[Provenance, ...]]:
    """Choose the headline a reader sees, with what the page declares to check it.

    The visible h1 wins where the title element or another declaration repeats it, or where it is
    too long for the name of a site; then JSON-LD, og:title and the title element without the
    site's name. Declarations are written for search engines and differ from what a reader sees. What a feed
    or sitemap calls the page is one of them, and the last.
    """
    site = document.meta("og:site_name", "application-name")
    found = [
        Candidate(field="title", raw=raw, method=m) for m, raw in _titles(document, node) if raw
    ]
    found += [replace(c, raw=_without_site(c.raw, site) or c.raw) for c in titles_in(listed)]
    if not found:
        return None, ()
    site_names = _site_names(document)
    declared = _without_suffix([c for c in found if c.method != "h1"], site_names)
    shown = next((c for c in found if c.method == "h1"), None)
    shown = _with_kicker(_without_kicker(shown, declared), declared)
    is_site = shown is not None and closed_up(shown.raw) in site_names
    headlines = [c for c in declared if shown and bare(c.raw) != bare(shown.raw)]
    h1s = len(document.tree.findall(".//h1"))
    if (is_site and headlines) or _is_overruled(shown, declared, h1s):
        shown, declared = None, headlines if is_site else declared
    confirmed = shown and any(_same_title(shown.raw, c.raw) for c in declared)
    is_long = shown and count_words(shown.raw) >= MIN_TITLE_WORDS
    chosen = shown if shown and (confirmed or is_long or not declared) else declared[0]
    chosen = _respaced(chosen, declared)
    others = tuple(
        replace(c, why=sources.SAME if bare(c.raw) == bare(chosen.raw) else NOT_SHOWN)
        for c in found
        if c.method != chosen.method
    )
    return chosen.raw, (
        Provenance(field="title", method=chosen.method, raw=chosen.raw, alternatives=others),
    )


def _without_suffix(declared: list[Candidate], names: frozenset[str]) -> list[Candidate]:
    """Cut the site's name from a declaration where another has the same title without it."""
    cut = []
    for candidate in declared:
        shorter = (
            c.raw
            for c in declared
            if candidate.raw.startswith(c.raw) and closed_up(candidate.raw[len(c.raw) :]) in names
        )
        cut.append(replace(candidate, raw=next(shorter, candidate.raw)))
    return cut


def _site_names(document: Document) -> frozenset[str]:
    """Give what the site is called, bare and without spaces: its declared name, labels of its host."""
    host = (urlsplit(document.url or "").hostname or "").removeprefix("www.")
    names = (document.meta("og:site_name") or "", document.meta("application-name") or "", host)
    return frozenset(closed_up(name) for name in (*names, *host.split("."))) - {""}


def _is_overruled(shown: Candidate | None, declared: list[Candidate], h1s: int) -> bool:
    """Tell an h1 that is not the headline, where all declarations agree on another.

    It holds date and byline behind the headline, or is one of several that head other things.
    """
    titles = {bare(c.raw) for c in declared}
    if shown is None or len(declared) < MIN_AGREEING or len(titles) != 1:
        return False
    title = declared[0].raw
    if fold(shown.raw).startswith(fold(title)):
        return bool(BEHIND_TITLE.match(shown.raw[len(title) :]))
    words = set(next(iter(titles)).split())
    shared = len(words & set(bare(shown.raw).split()))
    return h1s > 1 and shared < MIN_SHARED * len(words)


def _respaced(chosen: Candidate, declared: list[Candidate]) -> Candidate:
    """Take the spaces of a declaration: in the h1 a kicker's element has some of its own."""
    plain = "".join(chosen.raw.split())
    found = (c.raw for c in declared if "".join(c.raw.split()) == plain)
    return replace(chosen, raw=next(found, chosen.raw))


def _titles(document: Document, node: Node) -> Iterator[tuple[str, str | None]]:
    site = document.meta("og:site_name", "application-name")
    yield "h1", visible.headline(document)
    yield "jsonld.headline", text_of(node.get("headline"))
    yield (
        "meta.og:title",
        _without_site(structured.document_meta_text(document, "og:title"), site),
    )
    yield (
        "meta.twitter:title",
        _without_site(structured.document_meta_text(document, "twitter:title"), site),
    )
    element = document.title
    text = visible.text_content(element) if element is not None else None
    yield "title", _without_site(text, site)


def _without_kicker(shown: Candidate | None, declared: list[Candidate]) -> Candidate | None:
    """Cut the kicker that an h1 holds in front of the title, where a declaration has it without.

    A year or an article is none, and neither is what other declarations repeat.
    """
    line = bare(shown.raw) if shown else ""
    if shown is None or any(fold(c.raw) == fold(shown.raw) for c in declared):
        return shown
    for other in declared:
        title = bare(other.raw)
        kicker = line.removesuffix(f" {title}").split() if line.endswith(f" {title}") else []
        is_word = any(word.isalpha() and word not in ARTICLES for word in kicker)
        if is_word and len(kicker) <= min(MAX_KICKER_WORDS, len(title.split())):
            return replace(other, method="h1")
    return shown


def _with_kicker(shown: Candidate | None, declared: list[Candidate]) -> Candidate | None:
    """Add the kicker that stands above the h1, where JSON-LD and og:title both have it before a colon."""
    said = {c.method: c.raw for c in declared}
    title = said.get("jsonld.headline", "")
    if shown is None or fold(title) != fold(said.get("meta.og:title", "")):
        return shown
    kicker, colon, rest = title.partition(": ")
    is_kicker = 0 < len(kicker.split()) <= MAX_KICKER_WORDS and not re.search(r"[^\w -]|\d", kicker)
    is_same = bool(colon) and is_kicker and fold(rest) == fold(shown.raw)
    return replace(shown, raw=title) if is_same else shown


def _same_title(one: str, other: str) -> bool:
    first, second = bare(one), bare(other)
    is_reordered = sorted(first.split()) == sorted(second.split())
    is_part = first in second or (len(second) >= MIN_TITLE_CHARS and second in first)
    return bool(first) and (is_part or is_reordered)


def _without_site(title: str | None, site: str | None) -> str | None:
    """Cut the site's name from the end of a title element: the last part, if short or the name.

    >>> _without_site("Old mill to reopen | Harbour Courier", None)
    'Old mill to reopen'
    """
    if not title:
        return None
    parts = list(TITLE_SEPARATOR.finditer(title))
    if not parts:
        return title
    last = title[parts[-1].end() :]
    head = title[: parts[-1].start()]
    is_name = bool(site) and fold(last) == fold(site or "")
    # A bar is only used for this; a dash also joins two halves of a headline.
    apart = "|" in parts[-1][0] or len(head) >= 2 * len(last)
    is_short = len(last.split()) <= MAX_SITE_WORDS and len(head) >= MIN_TITLE_CHARS and apart
    return head if is_name or is_short else title


def _with_language(draft: Draft, declared: str | None) -> Draft:
    sample = "\n".join(block.text for block in draft.blocks)[:SAMPLE_CHARS]
    language = settle_language(declared, sample)
    if language is None:
        return draft
    said = Candidate(
        field="language", raw=declared or "", method="declared", why="the text is in another"
    )
    source = Provenance(
        field="language",
        method="declared" if language == declared else "text",
        raw=language,
        alternatives=(said,) if declared and declared != language else (),
    )
    return replace(draft, language=language, provenance=(*draft.provenance, source))


def _with_publisher_file(draft: Draft) -> Draft:
    """Add what the publisher's file says: its name, zone and country."""
    publisher = draft.publisher
    known = publisher_for(publisher.domain)
    if known is None:
        return replace(draft, country=country_of(publisher.domain))
    return replace(
        draft,
        publisher=Publisher(name=known.name, domain=publisher.domain),
        language=draft.language or known.language,
        country=known.country or country_of(publisher.domain),
        timezone=known.timezone,
        publisher_layout=draft.publisher_layout or known.id,
    )
