"""What the page says of itself: JSON-LD, metas and microdata, as candidates."""

import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from newscrawl.extraction.document import Document
from newscrawl.extraction.jsonld import Node, as_list, is_article, plain_text, text_of, types_of
from newscrawl.items import Candidate, Copyright
from newscrawl.wording import closed_up

PUBLISHED_METAS: Final = (
    "article:published_time", "article:published:time", "article:published", "og:article:published_time",
    "og:published_time", "parsely-pub-date", "cxenseparse:recs:publishtime",
    "cxenseparse:publishtime", "datepublished", "dc.date.issued", "dcterms.issued", "pubdate",
    "publish-date", "publishdate", "publish_date", "publication_date", "pub_date", "bt:pubdate",
    "sailthru.date", "dcsext.articlefirstpublished", "date", "dc.date", "dcterms.date",
    "article_date_original", "originalpublicationdate", "article.published",
    "rnews:datepublished", "weibo:article:create_at", "shareaholic:article_published_time",
)  # fmt: skip
PUBLISHED_META: Final = re.compile(
    r"(?:^|[.:_-])(?:publi(?:sh(?:ed)?|cation)[-_.]?(?:date|time|on|at)?|date[-_.]?publi(?:shed|cation)|issue[-_.]?date)(?:[-_.](?:iso|utc|original))?$"
)
"""Names of CMSs' own metas for the date of publication."""
MAX_DATE_CHARS: Final = 60
MODIFIED_METAS: Final = (
    "article:modified_time", "article:modified:time", "og:article:modified_time", "datemodified", "og:updated_time",
    "dcterms.modified", "dc.date.modified", "article.updated", "last-modified", "lastmod",
)  # fmt: skip
AUTHOR_METAS: Final = (
    "byl", "author", "article:author", "og:article:author", "sailthru.author", "parsely-author",
    "cxenseparse:author", "bt:author", "dc.creator", "dcterms.creator", "article.author",
    "citation_author", "twitter:data1",
)  # fmt: skip
SECTION_METAS: Final = (
    "article:section", "og:article:section", "parsely-section", "articlesection",
)  # fmt: skip
DATED_TYPES: Final = frozenset(
    {"Recipe", "HowTo", "WebPage", "CreativeWork", "QAPage", "MedicalWebPage"}
)
"""Types of nodes that stand for the page where no article does."""
# The order of kinds matters: a live blog is also typed as an article.
KINDS: Final = (
    ("LiveBlogPosting", "live_blog"), ("OpinionNewsArticle", "opinion"), ("Review", "review"),
    ("ReviewNewsArticle", "review"), ("ClaimReview", "fact_check"),
    ("AdvertiserContentArticle", "sponsored"), ("SatiricalArticle", "satire"),
)  # fmt: skip


def main_article(document: Document) -> Node:
    """Choose the node that is this page's article; an empty one if there is none.

    Pages carry related articles and the posts of live blogs as nodes of their own, so a node that
    names this page's address wins, and otherwise the first with a headline.
    """
    articles = [node for node in document.json_ld if is_article(node)]
    addresses = {_path(url) for url in (document.url, canonical_url(document)) if url}
    matching = [node for node in articles if addresses & set(_addresses(node))]
    ranked = matching or articles
    return next((n for n in ranked if n.get("headline") or n.get("datePublished")), {})


def agency_candidates(node: Node) -> Iterator[Candidate]:
    """Give whom JSON-LD names as the source of the text, or as holder of its rights."""
    for key in ("sourceOrganization", "provider", "copyrightHolder", "isBasedOn"):
        for item in as_list(node.get(key)):
            if (text := text_of(item)) and not text.startswith("http"):
                yield Candidate(field="agency", raw=text, method=f"jsonld.{key}")


def copyright_of(node: Node, document: Document) -> Copyright | None:
    """Give who holds the rights, as JSON-LD, metas and the licence link say; None where none does."""
    metas = ("copyright", "dcterms.rights", "dc.rights", "rights", "dcterms.rightsholder")
    found = Copyright(
        holder=text_of(node.get("copyrightHolder"))
        or document_meta_text(document, "dcterms.rightsholder"),
        year=text_of(node.get("copyrightYear")),
        notice=text_of(node.get("copyrightNotice")) or document_meta_text(document, *metas),
        licence=text_of(node.get("license")) or document.absolute(document.links.get("license")),
    )
    return None if found == Copyright() else found


def canonical_url(document: Document) -> str | None:
    """Give the page's canonical address; one on another site's root is not believed."""
    url = document.absolute(document.links.get("canonical") or document.meta("og:url"))
    if url and document.url and urlsplit(url).path in ("", "/"):
        return None if urlsplit(document.url).path not in ("", "/") else url
    return url


def author_candidates(node: Node, document: Document) -> Iterator[Candidate]:
    """Give author candidates from JSON-LD, then from metas."""
    for key in ("author", "creator"):
        for item in as_list(node.get(key)):
            yield from _json_authors(item, f"jsonld.{key}", document)
    for name in AUTHOR_METAS:
        if name == "twitter:data1" and (document.meta("twitter:label1") or "")[:7] != "Written":
            continue
        for value in document.metas.get(name, ()):
            if text := plain_text(value):
                yield Candidate(field="author", raw=text, method=f"meta.{name}")


def date_candidates(node: Node, document: Document) -> Iterator[Candidate]:
    """Give date candidates from JSON-LD and metas, in the order they are trusted."""
    for field, key in (("published", "datePublished"), ("modified", "dateModified")):
        if raw := text_of(node.get(key)):
            yield Candidate(field=field, raw=raw, method=f"jsonld.{key}")
    for field, names in (("published", PUBLISHED_METAS), ("modified", MODIFIED_METAS)):
        for name in names:
            for value in document.metas.get(name, ())[:1]:
                yield Candidate(field=field, raw=value, method=f"meta.{name}")


def other_dates(node: Node, document: Document) -> Iterator[Candidate]:
    """Give the date of the node that is this page, a recipe or a plain WebPage, where none is an article."""
    if node:
        return
    addresses = {_path(url) for url in (document.url, canonical_url(document)) if url}
    for other in document.json_ld:
        raw = text_of(other.get("datePublished"))
        if raw and (addresses & set(_addresses(other)) or types_of(other) & DATED_TYPES):
            yield Candidate(field="published", raw=raw, method="page.datePublished")


def unlisted_dates(document: Document) -> Iterator[Candidate]:
    """Give the dates of metas that no list knows but whose name says publication; they come last."""
    known = {*PUBLISHED_METAS, *MODIFIED_METAS}
    for name, values in document.metas.items():
        if name not in known and PUBLISHED_META.search(name) and len(values[0]) <= MAX_DATE_CHARS:
            yield Candidate(field="published", raw=values[0], method=f"meta.{name}")


def name_in_title(document: Document, host: str | None) -> str | None:
    """Find the part of the title element that spells the host: `… | Meridian Wire`."""
    element = document.title
    parts = re.split(r"\s+[|–—·•-]\s+", "".join(element.itertext())) if element is not None else []
    labels = {label.replace("-", "") for label in (host or "").split(".") if len(label) > 3}
    return next((" ".join(p.split()) for p in parts if closed_up(p) in labels), None)


def document_meta_text(document: Document, *names: str) -> str | None:
    """Give a meta's content with entities undone and white space folded."""
    value = document.meta(*names)
    return plain_text(value) if value else None


def microdata_section(document: Document) -> str | None:
    """Give the section that microdata name."""
    for element in document.properties.get("articleSection", ()):
        if text := plain_text(element.get("content") or "".join(element.itertext())):
            return text
    return None


def kind_of(node: Node, document: Document) -> str:
    """Give the kind of article that the page declares."""
    types = types_of(node)
    declared = next((kind for name, kind in KINDS if name in types), None)
    if declared is None and document.meta("og:type") in ("video", "video.other"):
        return "video"
    return declared or "article"


def page_type(document: Document) -> str | None:
    """Say what the page declares to be where that is no article: a list, a search, a home page."""
    types = {name for node in document.json_ld for name in types_of(node)}
    if any(is_article(node) for node in document.json_ld):
        return None
    if found := types & {"CollectionPage", "SearchResultsPage", "ProfilePage", "ItemList"}:
        return min(found)
    return None


def paywall_of(node: Node, document: Document) -> bool | None:
    """Tell whether the page declares itself not free; None where it says nothing."""
    free = node.get("isAccessibleForFree")
    if isinstance(free, bool):
        return not free
    if isinstance(free, str) and free.lower() in ("true", "false"):
        return free.lower() == "false"
    tier = document.meta("article:content_tier")
    return tier in ("locked", "metered") if tier else None


def videos_of(node: Node, document: Document) -> tuple[str, ...]:
    """Give the addresses of the videos that belong to the article node."""
    urls = (
        document.absolute(text_of(item.get("contentUrl") or item.get("embedUrl")))
        for item in as_list(node.get("video"))
        if isinstance(item, dict)
    )
    return tuple(dict.fromkeys(url for url in urls if url))


def image_nodes(node: Node) -> Iterator[dict[str, Any]]:
    """Give the article's images as nodes; a bare address becomes one with a `url`."""
    for item in as_list(node.get("image")):
        if isinstance(item, str):
            yield {"url": item}
        elif isinstance(item, dict):
            yield item


def _json_authors(item: object, method: str, document: Document) -> Iterator[Candidate]:
    if isinstance(item, str):
        if text := plain_text(item):
            yield Candidate(field="author", raw=text, method=method)
        return
    if not isinstance(item, dict):
        return
    kind = next(iter(sorted(types_of(item))), None)
    url = item.get("url") if isinstance(item.get("url"), str) else None
    for name in as_list(item.get("name")) or [_composed_name(item)]:
        if text := text_of(name):
            yield Candidate(
                field="author", raw=text, method=method, kind=kind, url=document.absolute(url)
            )


def _composed_name(item: Node) -> str | None:
    given, family = text_of(item.get("givenName")), text_of(item.get("familyName"))
    return text_of(item.get("byline")) or " ".join(p for p in (given, family) if p) or None


def _addresses(node: Node) -> Iterator[str]:
    for key in ("url", "@id", "mainEntityOfPage"):
        for value in as_list(node.get(key)):
            address = value.get("@id") or value.get("url") if isinstance(value, dict) else value
            if isinstance(address, str) and address.startswith("http"):
                yield _path(address)


def _path(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return parts.path.rstrip("/") + (f"?{parts.query}" if parts.query else "")
