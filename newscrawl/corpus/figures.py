"""What is in a corpus, counted article by article."""

from array import array
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from newscrawl.corpus.members import leading
from newscrawl.items import Article

HAS_TIME: Final = len("2026-01-31T")
HAS_ZONE: Final = len("2026-01-31T12:00:00+")
FILLED: Final[dict[str, Callable[[Article], object]]] = {
    "title": lambda a: a.title,
    "subtitle": lambda a: a.subtitle,
    "authors": lambda a: a.authors,
    "authors who are people": lambda a: any(author.kind == "person" for author in a.authors),
    "agencies": lambda a: a.agencies,
    "dateline": lambda a: a.dateline,
    "date_published": lambda a: a.date_published,
    "date_published with time": lambda a: a.date_published and len(a.date_published) > HAS_TIME,
    "date_published with zone": lambda a: a.date_published and len(a.date_published) >= HAS_ZONE,
    "date_modified": lambda a: a.date_modified,
    "language": lambda a: a.language,
    "section": lambda a: a.section,
    "tags": lambda a: a.tags,
    "images": lambda a: a.images,
    "images with caption": lambda a: any(image.caption for image in a.images),
    "images with credit": lambda a: any(image.credit for image in a.images),
    "sources_cited": lambda a: a.sources_cited,
    "notes": lambda a: a.notes,
    "copyright": lambda a: a.copyright,
}
"""Fields, and whether an article has a value in them."""
UNKNOWN: Final = "unknown"
MASK: Final = (1 << 64) - 1


@dataclass(slots=True)
class SourceFigures:
    """What there is of one source."""

    names: Counter[str] = field(default_factory=Counter)
    articles: int = 0
    words: int = 0
    languages: Counter[str] = field(default_factory=Counter)
    first: str | None = None
    """The earliest day, as printed."""
    last: str | None = None
    opted_out: int = 0
    truncated: int = 0

    @property
    def name(self) -> str:
        """The name that most of its articles give."""
        return leading(self.names) or ""


@dataclass(slots=True)
class Figures:
    """What a corpus holds."""

    articles: int = 0
    words: "array[int]" = field(default_factory=lambda: array("Q"))
    """Words of each article."""
    sources: dict[str, SourceFigures] = field(default_factory=dict)
    languages: Counter[str] = field(default_factory=Counter)
    months: Counter[str] = field(default_factory=Counter)
    """As printed; `unknown` for articles without a date, or with a year alone."""
    kinds: Counter[str] = field(default_factory=Counter)
    agencies: Counter[str] = field(default_factory=Counter)
    filled: Counter[str] = field(default_factory=Counter)
    removed: Counter[str] = field(default_factory=Counter)
    """Pieces by code."""
    removed_from: Counter[str] = field(default_factory=Counter)
    """Articles by code."""
    declared: int = 0
    """Articles whose page declares itself not free."""
    truncated: int = 0
    """Articles of which a paywall shows only the beginning."""
    opt_outs: Counter[str] = field(default_factory=Counter)
    """Articles by sign."""
    opted_out: int = 0
    roles: Counter[str] = field(default_factory=Counter)
    """Articles in clusters, by role."""
    clusters: dict[str, str | None] = field(default_factory=dict)
    """The agency of each."""
    made_with: dict[str, Counter[str]] = field(
        default_factory=lambda: {
            name: Counter() for name in ("newscrawl", "trafilatura", "publisher_layout", "profile")
        }
    )
    texts: "array[int]" = field(default_factory=lambda: array("Q"))
    """A number for each text; the same for the same."""
    has_on_request: bool = False
    """Whether an article has `removed` or `provenance`."""
    is_linked: bool = False
    """Whether near-duplicates were looked for."""

    def add(self, article: Article) -> None:
        """Count an article."""
        self.articles += 1
        self.words.append(article.word_count)
        self.texts.append(hash(article.text_hash) & MASK)
        self.languages[article.language or UNKNOWN] += 1
        self.months[_month(article.date_published)] += 1
        self.kinds[article.kind] += 1
        self.agencies.update({agency.id for agency in article.agencies})
        self.filled.update(name for name, value in FILLED.items() if value(article))
        self.declared += bool(article.paywall.declared)
        self.truncated += bool(article.paywall.truncated)
        for counted in article.removed_codes:
            self.removed[counted.code] += counted.count
            self.removed_from[counted.code] += 1
        self.has_on_request |= bool(article.removed or article.provenance)
        self._add_source(article)
        self._add_signs(article)

    def _add_source(self, article: Article) -> None:
        source = self.sources.setdefault(article.source or UNKNOWN, SourceFigures())
        source.names.update([article.publisher.name] if article.publisher.name else [])
        source.articles += 1
        source.words += article.word_count
        source.languages[article.language or UNKNOWN] += 1
        source.truncated += bool(article.paywall.truncated)
        source.opted_out += bool(article.opt_outs)
        if article.date_published:
            day = article.date_published[:10]
            source.first = min(source.first or day, day)
            source.last = max(source.last or day, day)

    def _add_signs(self, article: Article) -> None:
        if article.opt_outs:
            self.opted_out += 1
            self.opt_outs.update({f"{sign.signal}: {sign.value}" for sign in article.opt_outs})
        if article.cluster:
            self.roles[article.cluster.role] += 1
            self.clusters[article.cluster.id] = article.cluster.agency
        made = article.extracted_with
        for name, counts in self.made_with.items():
            if value := getattr(made, name):
                counts[value] += 1

    def texts_twice(self) -> int:
        """Count the articles whose text another one has, too, the first of each aside."""
        return self.articles - len(np.unique(np.frombuffer(self.texts, dtype=np.uint64)))

    def median_words(self) -> int:
        """Give the median of the articles' words."""
        ordered = sorted(self.words)
        return ordered[len(ordered) // 2] if ordered else 0


def _month(printed: str | None) -> str:
    return printed[:7] if printed and len(printed) >= len("2026-01") else UNKNOWN
