"""What a page looks like as a whole: figures from which `judge` tells articles from other pages."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from newscrawl.extraction.choice import KEPT
from newscrawl.extraction.document import Document
from newscrawl.extraction.evidence import Evidence
from newscrawl.extraction.jsonld import types_of
from newscrawl.items import FOUND_NEARBY, Candidate
from newscrawl.reference import word_list

CAP: Final = 50.0
"""Counts above it say no more."""
PRICE: Final = re.compile(
    r"(?:[$€£¥₹]|\b(?:USD|EUR|Rs\.?))\s?\d|\d\s?(?:[€£₹]|(?:EUR|USD|kr|zł|Kč)\b)"
)
CURRENCIES: Final = ("$", "€", "£", "¥", "₹", "USD", "EUR", "Rs", "kr", "zł", "Kč")
YEAR: Final = re.compile(r"/(?:19|20)\d\d(?:[/-]|$)")
DIGITS: Final = re.compile(r"\d{4,}")
PAGED: Final = re.compile(r"/(?:page|seite|pagina)/\d+|[?&](?:page|paged|p)=\d+", re.IGNORECASE)
SEARCH: Final = re.compile(r"(?:^|&)(?:q|s|query|search|suche|keyword|busca)=")
WORDS: Final = re.compile(r"[a-z]{2,}")
SHARER: Final = re.compile(
    r"sharer|/intent/(?:tweet|post)|twitter\.com/share|sharearticle|share\?|wa\.me/|api\.whatsapp|pinterest\.\w+/pin/create|mailto:\?"
)
"""Addresses that share the page itself, as nearly all articles offer."""
TRADE: Final = re.compile(
    r"(?:^|[/_.-])(?:cart|basket|checkout|quote|pricing|prices|plans|demo|booking|appointment|estimate|trial|warenkorb|panier|carrito"
    r"|carrello|winkelwagen|koszyk)(?:$|[/_.?#-])",
    re.MULTILINE,
)
TRADE_PATH: Final = re.compile(
    r"(?:^|[/_-])(?:products?|services?|shop|store|collections?|categor(?:y|ies)|browse|solutions?|courses?|programs?|pricing"
    r"|locations?|brands?|deals?|catalog|treatments?|produkte?|produits?|productos?|prodotti|leistungen|servicios|tienda|negozio)(?:$|[/_.-])"
)
TOPIC_PATH: Final = re.compile(
    r"(?:^|/)(?:topics?|sections?|tags?|category|categories|archives?|author|authors|people|news|blog|search|thema|themen|rubrik|dossier"
    r"|tema|temas|tag|etiqueta|rubrique|seccion)/?(?:[^/]*/?)$"
)
SCHEMA_TYPES: Final[dict[str, frozenset[str]]] = {
    "ld_article": frozenset({"Article", "NewsArticle", "BlogPosting", "ReportageNewsArticle", "LiveBlogPosting", "OpinionNewsArticle", "AnalysisNewsArticle", "TechArticle", "Report"}),
    "ld_product": frozenset({"Product", "Offer", "ProductGroup", "AggregateOffer"}),
    "ld_list": frozenset({"CollectionPage", "ItemList", "SearchResultsPage", "OfferCatalog"}),
    "ld_business": frozenset({"LocalBusiness", "Service", "ProfessionalService", "SoftwareApplication", "Hotel", "Restaurant", "FAQPage", "AboutPage", "ContactPage", "ProfilePage", "Event", "Course", "JobPosting"}),
    "ld_page": frozenset({"WebPage"}),
}  # fmt: skip
BODY_MARKS: Final[dict[str, str]] = {
    "body_single": r"(?<![a-z])(?:single|post|article|story|amp-wp-article)(?![a-z])",
    "body_list": r"(?<![a-z])(?:archive|category|tag|blog|home|front|listing|search|index|author)(?![a-z])",
    "body_shop": r"(?<![a-z])(?:product|woocommerce|shop|cart|store)(?![a-z])",
    "body_page": r"(?<![a-z])(?:page|landing|service)(?![a-z])",
}  # fmt: skip
BODY_PATTERNS: Final = {n: re.compile(p, re.IGNORECASE) for n, p in BODY_MARKS.items()}


def page_signs(
    document: Document, evidence: Evidence, scores: list[float], candidates: tuple[Candidate, ...]
) -> tuple[float, ...]:
    """Give the page's figures, in the order of `SIGNS`."""
    row = [
        *_address_signs(document.url),
        *_declared_signs(document),
        *_element_signs(document, evidence),
        *_text_signs(evidence, scores),
        *_candidate_signs(candidates),
        *_shape_signs(evidence),
        *_link_signs(document),
    ]
    return tuple(round(value, 4) for value in row)


def _address_signs(url: str | None) -> Iterator[float]:
    parts = urlsplit(url or "")
    steps = [step for step in parts.path.lower().split("/") if step]
    slug = steps[-1].rsplit(".", 1)[0] if steps else ""
    yield float(min(len(steps), 10))
    yield float(bool(url) and not steps)
    yield float(min(len(WORDS.findall(slug)), 20))
    yield float(bool(DIGITS.search(slug)))
    yield float(bool(YEAR.search(parts.path)))
    yield float(bool(url) and bool(PAGED.search(url or "")))
    yield float(bool(parts.query))
    known = set(word_list("not_articles"))
    yield float(any(step in known for step in steps))
    yield float("search" in steps or bool(SEARCH.search(parts.query)))
    yield float(bool(steps) and "." in steps[-1])


def _declared_signs(document: Document) -> Iterator[float]:
    types = {name for node in document.json_ld for name in types_of(node)}
    for names in SCHEMA_TYPES.values():
        yield float(bool(types & names))
    og_type = (document.meta("og:type") or "").lower()
    yield float(og_type == "article")
    yield float(og_type == "website")
    yield float(og_type.startswith(("product", "og:product")))
    yield float(
        bool(
            document.meta(
                "article:published_time", "datepublished", "date", "dc.date", "parsely-pub-date"
            )
        )
    )
    yield float(bool(document.meta("author", "article:author", "parsely-author", "dc.creator")))
    body = document.tree.find("body")
    marks = (
        f"{document.tree.get('class') or ''} {body.get('class') or '' if body is not None else ''}"
    )
    for pattern in BODY_PATTERNS.values():
        yield float(bool(pattern.search(marks)))


def _element_signs(document: Document, evidence: Evidence) -> Iterator[float]:
    count = Counter([element.tag for element in document.elements])
    linked = 0
    for element in document.tree.iter("h2", "h3", "h4"):
        parent = element.getparent()
        in_link = parent is not None and parent.tag == "a"
        linked += in_link or element.find("a") is not None
    yield min(count["article"], CAP)
    yield min(count["h1"], CAP)
    headings = count["h2"] + count["h3"] + count["h4"]
    yield min(headings, CAP)
    yield linked / headings if headings else 0.0
    for tag in ("img", "form", "input", "button", "time", "table"):
        yield min(count[tag], CAP)
    short = [s.text for s in evidence.segments if len(s.text) < 80]
    joined = "\n".join(short)
    # To look for the signs first saves a search in each line of the many pages that have none.
    is_priced = any(sign in joined for sign in CURRENCIES)
    yield min(sum(bool(PRICE.search(text)) for text in short), CAP) if is_priced else 0.0


def _text_signs(evidence: Evidence, scores: list[float]) -> Iterator[float]:
    size = sum(evidence.sizes)
    linked = sum(s.link_chars for s in evidence.segments) * evidence.scale
    prose = [p for p in evidence.prose if p]
    sizes = [evidence.sizes[i] for i in evidence.candidates]
    sure = [(size, score) for size, score in zip(sizes, scores, strict=True) if score >= KEPT]
    kept = sum(size for size, _ in sure)
    yield float(len(evidence.segments))
    yield 1.0 - len(evidence.candidates) / max(1, len(evidence.segments))
    yield linked / max(1.0, size)
    yield sum(prose)
    yield float(len(prose))
    yield float(sum(p > 250 for p in prose))
    yield sum(prose) / max(1, len(prose))
    yield evidence.top.prose_chars / evidence.total if evidence.top else 0.0
    yield kept / max(1.0, size)
    yield sum(size * score for size, score in sure) / max(1.0, kept)
    yield sum(score * size for size, score in zip(sizes, scores, strict=True)) / max(1.0, kept)


def _candidate_signs(candidates: tuple[Candidate, ...]) -> Iterator[float]:
    marked = [c for c in candidates if not c.method.startswith(FOUND_NEARBY)]
    yield float(min(sum(c.field == "author" for c in marked), 10))
    dates = [c for c in marked if c.field == "published"]
    yield float(min(len(dates), 10))
    yield float(any(c.method.startswith(("jsonld", "meta", "microdata")) for c in dates))


def _shape_signs(evidence: Evidence) -> Iterator[float]:
    """Say how much the page repeats one shape, as lists of teasers and shelves of goods do."""
    shapes: dict[tuple[str, str], int] = {}
    for i in evidence.candidates:
        block = evidence.blocks[i]
        holder = block.parent or block
        key = (block.tag, holder.marks)
        shapes[key] = shapes.get(key, 0) + (0 < evidence.sizes[i] < 250)
    yield float(max(shapes.values(), default=0)) / max(1, len(evidence.candidates))
    yield float(len(evidence.title_words))
    yield float(any("comment" in marks.lower() for marks in {b.marks for b in evidence.blocks}))
    texts = [evidence.segments[i].text for i in evidence.candidates]
    yield sum(text.endswith("?") for text in texts) / max(1, len(texts))
    yield sum(" our " in text or " your " in text for text in texts) / max(1, len(texts))


def _count_matches(pattern: re.Pattern[str], addresses: list[str]) -> int:
    """Count the addresses in which a pattern is found; most pages have none, and are searched once."""
    if not pattern.search("\n".join(addresses)):
        return 0
    return sum(bool(pattern.search(address)) for address in addresses)


def _link_signs(document: Document) -> Iterator[float]:
    """Count the links that only some kinds of page have."""
    links = [(href.lower(), rel) for _, href, rel in document.anchors]
    addresses = [address for address, _ in links]
    yield float(min(sum([address.startswith("tel:") for address in addresses]), 10))
    yield float(min(_count_matches(SHARER, addresses), 10))
    yield float(min(_count_matches(TRADE, addresses), 10))
    yield float(min(sum(["tag" in rel.split() for _, rel in links if rel]), 10))
    yield float(min(sum(["author" in rel or "/author" in address for address, rel in links]), 10))
    path = urlsplit(document.url or "").path.lower()
    yield float(bool(TRADE_PATH.search(path)))
    yield float(bool(TOPIC_PATH.search(path)))
