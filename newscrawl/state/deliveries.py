"""What sources deliver, day by day: how many of their articles have each field, how long they are, what is refused.

A row counts one thing of one part of a source on one day: the part is the layout that read the pages, or a list.
Rows older than `KEPT_DAYS` go.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final

from newscrawl.items import Article
from newscrawl.publishers import publisher_for
from newscrawl.quality import registrable_domain
from newscrawl.reasons import Reason
from newscrawl.state.backend import Database
from newscrawl.state.ends import End
from newscrawl.state.kept import Kept

KEPT_DAYS: Final = 56
"""Days; eight weeks, so that each weekday is there eight times."""
FIELDS: Final = (
    "title", "subtitle", "authors", "date_published", "time", "date_modified", "section", "tags", "images",
    "captions", "language",
)  # fmt: skip
"""What is counted of articles: the fields of an article, and whether its date has a time of day."""
ARTICLES, REJECTED, WORDS, LOGS, SQUARES, LINKS, READS = (
    "articles", "rejected", "words", "logs", "squares", "links", "reads",
)  # fmt: skip
THOUSAND: Final = 1000
"""Logarithms of lengths are counted in thousandths: lengths are spread by factors, and counters are whole numbers."""
HAS, MISSED = "has:", "missed:"
COUNTED: Final = frozenset(
    {
        Reason.NO_TEXT, Reason.TOO_SHORT, Reason.HOME, Reason.LISTING, Reason.SEARCH, Reason.PRODUCT, Reason.SERVICE,
        Reason.LOGIN_WALL, Reason.CONSENT_WALL, Reason.BOT_CHALLENGE, Reason.SOFT_404, Reason.SHELL, Reason.PAYWALL,
        Reason.NOT_HTML, Reason.UNPARSABLE, Reason.EMPTY,
    }
)  # fmt: skip
"""Refusals that say something of how a source's pages read; others are the network's, or what was asked for."""

Counts = Counter[str]
Part = tuple[str, str]
"""A source, and the name of a layout or the address of a list of it."""


def counts_of(article: Article) -> Counts:
    """Count what an article delivers."""
    has = filled(article)
    log = round(THOUSAND * math.log(max(1, article.word_count)))
    found = Counter({ARTICLES: 1, WORDS: article.word_count, LOGS: log, SQUARES: log**2})
    found.update(f"{HAS}{name}" for name in FIELDS if has[name])
    found.update(f"{MISSED}{key}" for key in article.extracted_with.layout_missed or ())
    return found


def filled(article: Article) -> dict[str, bool]:
    """Tell which of `FIELDS` an article has."""
    precision = article.dates.published.precision if article.dates.published else None
    given = {
        "authors": bool(article.authors or article.desk or article.agencies),
        "time": precision not in (None, "day", "month", "year"),
        "captions": any(image.caption for image in article.images),
    }
    return {name: given.get(name, bool(getattr(article, name, None))) for name in FIELDS}


class Deliveries:
    """Counts what this run delivers, in the state's transactions; remembers it, to compare it at the end."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.kept = Kept[tuple[Part, str]]()
        """How many of what, by part and kind."""

    @property
    def of_run(self) -> dict[Part, Counts]:
        """What this run has delivered, by part."""
        found = defaultdict[Part, Counts](Counter)
        for (part, kind), number in self.kept.all.items():
            found[part][kind] = number
        return dict(found)

    def article(self, article: Article) -> None:
        """Count an article that a page has given, stored or the same as before."""
        part = (article.source or "", article.extracted_with.publisher_layout or "")
        self._add(part, counts_of(article))

    def rejected(self, host: str, now: float) -> None:
        """Count a page of a host that was refused as no article."""
        publisher = publisher_for(host)
        moment = datetime.fromtimestamp(now, UTC)
        layout = publisher.layout_name(publisher.layout_at(moment)) if publisher else ""
        self._add((registrable_domain(host) or host, layout), Counter({REJECTED: 1}))

    def listed(self, host: str, url: str, links: int) -> None:
        """Count the article links of a list that was read."""
        part = (registrable_domain(host) or host, url)
        self._add(part, Counter({READS: 1, LINKS: links}))

    def _add(self, part: Part, counts: Counts) -> None:
        for kind, number in counts.items():
            self.kept.add((part, kind), number)

    def write(self, now: float) -> None:
        """Write what was counted since the last call, by day."""
        day = datetime.fromtimestamp(now, UTC).date().toordinal()
        self.database.executemany(
            "INSERT INTO delivery (source, part, day, kind, number) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (source, part, day, kind) DO UPDATE SET number = delivery.number + excluded.number",
            [
                (*part, day, kind, number)
                for (part, kind), number in sorted(self.kept.take().items())
            ],
        )

    def prune(self, now: float) -> None:
        """Forget what is too old to be compared with."""
        oldest = datetime.fromtimestamp(now, UTC).date() - timedelta(days=KEPT_DAYS)
        self.database.execute("DELETE FROM delivery WHERE day < ?", (oldest.toordinal(),))


def read_deliveries(database: Database, source: str) -> Iterator[tuple[str, dict[date, Counts]]]:
    """Give each part of a source with its counts by day, oldest first."""
    found: defaultdict[str, dict[date, Counts]] = defaultdict(dict)
    rows = database.execute(
        "SELECT part, day, kind, number FROM delivery WHERE source = ? ORDER BY part, day",
        (source,),
    )
    for part, day, kind, number in rows:
        found[part].setdefault(date.fromordinal(day), Counter())[kind] += number
    yield from found.items()


def without(days: Mapping[date, Counts], day: date, counts: Counts) -> dict[date, Counts]:
    """Take what one run has brought out of the counts of a day."""
    left = {d: Counter(c) for d, c in days.items()}
    if day in left:
        left[day].subtract(counts)
    return left


def count_delivery(end: End, reason: Reason | None) -> bool:
    """Tell whether a refused page says something of how its source's pages read."""
    return end is End.REJECTED and reason in COUNTED
