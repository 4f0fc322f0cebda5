"""The judge stage: an article, or the reason there is none."""

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import version
from typing import Final
from urllib.parse import urlsplit

import tldextract

from newscrawl.forest import load_forest
from newscrawl.items import (
    BY_LAYOUT,
    FOUND_NEARBY,
    SIGNS,
    Article,
    Block,
    CodeCount,
    Draft,
    ExtractedWith,
    Rejected,
)
from newscrawl.lines import is_sentence
from newscrawl.reasons import Reason
from newscrawl.wording import count_words

MIN_WORDS: Final = 20
"""Words; the shortest true body on 692 scored pages has 24."""
FEWEST_WORDS: Final = 8
"""Words; with fewer nothing is an article, whatever its address says of a date."""
STUB_WORDS: Final = 60
"""Words; a text that is cut off before a paywall and has fewer is a teaser."""
MODEL: Final = "pages"
REFUSED: Final = 0.55
"""Score of the page model from which a page is refused; see `benchmarks.train_pages`."""
SUSPECT: Final = 0.4
"""Score from which a page is refused that itself declares to be a list, a search or a home page."""
WALL_WORDS: Final = 100
"""Words; with more text than that a page's wall stands beside an article."""
BESIDE: Final = frozenset({Reason.CONSENT_WALL, Reason.LOGIN_WALL, Reason.SHELL})
"""Walls whose words also stand on pages that have a short text."""
BESIDE_WORDS: Final = 40
PRICED: Final = 3
"""Prices on a page that offers something."""
VERSION: Final = version("newscrawl")
TRAFILATURA_VERSION: Final = version("trafilatura")

# The list of public suffixes that ships with the package: no network, same answer every day.
_split_host = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


FIGURES: Final = (
    *SIGNS, "kept_words", "kept_blocks", "sentence_share", "heading_share", "list_share",
    "row_share", "words_a_block", "long_blocks", "has_date", "has_authors", "has_desk", "has_agency",
    "captions", "tags", "has_section", "has_subtitle", "dropped_blocks",
)  # fmt: skip
"""What the page model looks at."""


def figures(draft: Draft) -> list[float]:
    """Give the figures of a page, in the order of `FIGURES`."""
    blocks = draft.blocks
    words = [count_words(block.text) for block in blocks]
    count = max(1, len(blocks))
    return [
        *draft.signs,
        float(sum(words)),
        float(len(blocks)),
        sum(is_sentence(block.text) for block in blocks) / count,
        sum(block.kind == "heading" for block in blocks) / count,
        sum(block.kind == "list_item" for block in blocks) / count,
        sum(block.kind == "table_row" for block in blocks) / count,
        sum(words) / count,
        float(sum(number > 40 for number in words)),
        float(_is_dated(draft)),
        float(_is_signed(draft)),
        float(bool(draft.desk)),
        float(bool(draft.agencies)),
        float(sum(bool(image.caption) for image in draft.images)),
        float(len(draft.tags)),
        float(bool(draft.section)),
        float(bool(draft.subtitle)),
        float(len(draft.edits)),
    ]


def _is_dated(draft: Draft) -> bool:
    """Tell a page that marks its date from one where a date merely stands near the headline."""
    found = draft.dates.published
    if draft.date_published is None or found is None or "modified_only" in found.flags:
        return False
    return not found.method.startswith(FOUND_NEARBY)


def _is_signed(draft: Draft) -> bool:
    """Tell a page that marks who wrote it from one where a name merely stands near the headline."""
    source = next((p for p in draft.provenance if p.field == "authors"), None)
    return _has_person(draft) and source is not None and not source.method.startswith(FOUND_NEARBY)


def _has_person(draft: Draft) -> bool:
    return any(author.kind == "person" for author in draft.authors)


def judge(draft: Draft) -> Article | Rejected:
    """Make the article, or say why the page is none."""
    if problem := _problem(draft, _text(draft)):
        reason, detail = problem
        page = draft.page
        return Rejected(reason=reason, url=page.url, id=page.id, detail=detail, origin=page.origin)
    return article_of(draft)


def article_of(draft: Draft) -> Article:
    """Make the article that a draft is, or, where something speaks against it, would be."""
    text = _text(draft)
    page = draft.page
    return Article(
        id=_stable_id(draft, text) if page.id is None else page.id,
        url=page.url,
        canonical_url=draft.canonical_url,
        amp_url=draft.amp_url,
        source=registrable_domain(draft.publisher.domain),
        publisher=draft.publisher,
        title=draft.title,
        subtitle=draft.subtitle,
        text=text,
        body=tuple(Block(kind=block.kind, text=block.text) for block in draft.blocks),
        authors=draft.authors,
        editors=draft.editors,
        contributors=draft.contributors,
        desk=draft.desk,
        agencies=draft.agencies,
        byline_raw=draft.byline_raw,
        dateline=draft.dateline,
        sources_cited=draft.sources_cited,
        notes=draft.notes,
        copyright=draft.copyright,
        date_published=draft.date_published,
        date_modified=draft.date_modified,
        dates=draft.dates,
        language=draft.language,
        section=draft.section,
        tags=draft.tags,
        kind=draft.kind,
        paywall=draft.paywall,
        images=draft.images,
        videos=draft.videos,
        opt_outs=draft.opt_outs,
        text_hash=text_hash(text),
        word_count=count_words(text),
        fetched_at=page.fetched_at,
        extracted_with=ExtractedWith(
            newscrawl=VERSION,
            trafilatura=TRAFILATURA_VERSION if page.kind == "html" else None,
            publisher_layout=draft.publisher_layout,
            layout_missed=_missed(draft) or None,
            profile=page.profile.digest if page.profile else None,
        ),
        removed_codes=tuple(_counts(draft)),
        removed=draft.edits,
        provenance=draft.provenance,
    )


def _text(draft: Draft) -> str:
    return "\n\n".join(block.text for block in draft.blocks)


def registrable_domain(host: str | None) -> str | None:
    """Give the part of a host that is registered: the publisher's id.

    >>> registrable_domain("www.news.example.co.uk")
    'example.co.uk'
    """
    if not host:
        return None
    return _split_host(host).top_domain_under_public_suffix or host.removeprefix("www.")


def same_site(url: str, site: str) -> bool:
    """Tell whether two addresses share their registered domain.

    >>> same_site("https://m.a.co.uk/x", "https://www.a.co.uk/")
    True
    """
    hosts = (urlsplit(url).hostname, urlsplit(site).hostname)
    return registrable_domain(hosts[0]) == registrable_domain(hosts[1])


def _problem(draft: Draft, text: str) -> tuple[Reason, str | None] | None:
    words = count_words(text)
    if draft.wall and _stands_in_place(draft, words):
        return draft.wall
    if not words:
        return Reason.NO_TEXT, None
    if found := _other_kind(draft):
        return found
    if draft.paywall.truncated and words < STUB_WORDS:
        return Reason.PAYWALL, f"{words} words before a paywall"
    has_source = draft.date_published or _has_person(draft)
    if words < FEWEST_WORDS or (words < MIN_WORDS and not has_source):
        return Reason.TOO_SHORT, f"{words} words"
    return None


def _stands_in_place(draft: Draft, words: int) -> bool:
    """Tell a wall from an article that has one's words beside it, or behind its first lines."""
    beside = draft.wall is not None and draft.wall[0] in BESIDE
    if words >= (BESIDE_WORDS if beside else WALL_WORDS):
        return False
    is_dated = bool(draft.date_published) and _sign(draft, "ld_article", "og_article")
    return not (is_dated and words >= MIN_WORDS)


def _other_kind(draft: Draft) -> tuple[Reason, str] | None:
    """Say what kind of page it is, if not an article: what it declares, and how the model scores it.

    A declaration alone is not believed: CMSs call articles collections, and one-page blogs have
    their article at the root.
    """
    if not draft.signs or draft.is_rescued or (draft.is_ruled and not draft.page_type):
        return None
    score = load_forest(MODEL).scores([figures(draft)])[0]
    if score < (SUSPECT if draft.page_type else REFUSED):
        return None
    declared = f"it declares {draft.page_type}, and " if draft.page_type else ""
    return _kind_of(draft), f"{declared}scored {score:.2f} as no article"


def _kind_of(draft: Draft) -> Reason:
    if draft.page_type == "SearchResultsPage" or _sign(draft, "is_search"):
        return Reason.SEARCH
    if _sign(draft, "is_root"):
        return Reason.HOME
    if _sign(draft, "ld_product", "og_product") or (
        _sign(draft, "prices") and _sign(draft, "body_shop")
    ):
        return Reason.PRODUCT
    if draft.page_type or _looks_like_list(draft):
        return Reason.LISTING
    is_priced = _figure(draft, "prices") >= PRICED and _sign(draft, "trade_links", "trade_path")
    return Reason.PRODUCT if is_priced else Reason.SERVICE


def _looks_like_list(draft: Draft) -> bool:
    many_titles = _figure(draft, "headings") >= 5 and _figure(draft, "linked_headings") >= 0.5
    return many_titles or _sign(draft, "ld_list", "topic_path", "path_paged", "body_list")


def _figure(draft: Draft, name: str) -> float:
    return draft.signs[SIGNS.index(name)] if draft.signs else 0.0


def _sign(draft: Draft, *names: str) -> bool:
    return any(_figure(draft, name) > 0 for name in names)


def _missed(draft: Draft) -> tuple[str, ...]:
    """Give the keys of the layout that were of no use: nothing found, or nothing that could be read."""
    used = {p.method for p in draft.provenance}
    ruled = {c.method for c in draft.candidates if c.method.startswith(BY_LAYOUT)}
    unread = sorted(method.removeprefix(BY_LAYOUT) for method in ruled - used)
    return tuple(dict.fromkeys((*draft.layout_missed, *unread)))


def _counts(draft: Draft) -> Iterator[CodeCount]:
    counts = Counter(edit.code for edit in draft.edits)
    return (CodeCount(code=code, count=counts[code]) for code in sorted(counts))


def text_hash(text: str) -> str:
    """Hash a text so that two prints of it are equal: NFKC, white space folded."""
    normal = " ".join(unicodedata.normalize("NFKC", text).split())
    return hashlib.sha256(normal.encode()).hexdigest()[:32]


def _stable_id(draft: Draft, text: str) -> str:
    """Hash the address the page calls its own, else the one it was fetched from, else the text."""
    key = draft.canonical_url or draft.page.url
    return hashlib.sha256(key.encode()).hexdigest()[:16] if key else text_hash(text)[:16]
