"""The judge stage: an article, or the reason there is none."""

import hashlib
import unicodedata
from importlib.metadata import version
from typing import Final

import tldextract

from newscrawl.items import HOME_PAGE, Article, Draft, ExtractedWith, Rejected
from newscrawl.lines import is_sentence
from newscrawl.reasons import Reason
from newscrawl.wording import count_words

MIN_WORDS: Final = 20
"""Words; the shortest true body on 692 scored pages has 24."""
PROSE_CHARS: Final = 150
"""Characters; a teaser on a front page is shorter."""
VERSION: Final = version("newscrawl")
TRAFILATURA_VERSION: Final = version("trafilatura")

# The list of public suffixes that ships with the package: no network, same answer every day.
_split_host = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


def judge(draft: Draft) -> Article | Rejected:
    """Make the article, or say why the page is none."""
    text = "\n\n".join(block.text for block in draft.blocks)
    if problem := _problem(draft, text):
        reason, detail = problem
        page = draft.page
        return Rejected(reason=reason, url=page.url, id=page.id, detail=detail, origin=page.origin)
    return _article(draft, text)


def registrable_domain(host: str | None) -> str | None:
    """Give the part of a host that is registered: the publisher's id.

    >>> registrable_domain("www.news.example.co.uk")
    'example.co.uk'
    """
    if not host:
        return None
    return _split_host(host).top_domain_under_public_suffix or host.removeprefix("www.")


def _problem(draft: Draft, text: str) -> tuple[Reason, str | None] | None:
    words = count_words(text)
    if not words:
        return Reason.NO_TEXT, None
    if draft.page_type and not (draft.page_type == HOME_PAGE and _is_prose(draft)):
        return Reason.NOT_ARTICLE, f"the page is a {draft.page_type}"
    if words < MIN_WORDS and not (draft.date_published or draft.authors):
        return Reason.TOO_SHORT, f"{words} words"
    return None


def _is_prose(draft: Draft) -> bool:
    """Tell a one-page blog's article at the root of its site from a front page's teasers."""
    full = sum(len(b.text) >= PROSE_CHARS and is_sentence(b.text) for b in draft.blocks)
    return full >= 3 and full * 2 >= len(draft.blocks)


def _article(draft: Draft, text: str) -> Article:
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
        body=draft.blocks,
        authors=draft.authors,
        editors=draft.editors,
        desk=draft.desk,
        agencies=draft.agencies,
        byline_raw=draft.byline_raw,
        dateline=draft.dateline,
        sources_cited=draft.sources_cited,
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
        text_hash=text_hash(text),
        word_count=count_words(text),
        fetched_at=page.fetched_at,
        extracted_with=ExtractedWith(
            newscrawl=VERSION,
            trafilatura=TRAFILATURA_VERSION if page.kind == "html" else None,
            publisher_layout=draft.publisher_layout,
        ),
        removed=draft.edits,
        provenance=draft.provenance,
    )


def text_hash(text: str) -> str:
    """Hash a text so that two prints of it are equal: NFKC, white space folded."""
    normal = " ".join(unicodedata.normalize("NFKC", text).split())
    return hashlib.sha256(normal.encode()).hexdigest()[:32]


def _stable_id(draft: Draft, text: str) -> str:
    """Hash the address the page calls its own, else the one it was fetched from, else the text."""
    key = draft.canonical_url or draft.page.url
    return hashlib.sha256(key.encode()).hexdigest()[:16] if key else text_hash(text)[:16]
