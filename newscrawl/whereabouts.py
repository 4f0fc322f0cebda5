"""Tell a publisher's language, country and time zone from some of its articles; where nothing tells it, say nothing."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from newscrawl.dates.formats import read_date
from newscrawl.dates.zones import country_zone, zone_of, zones_of
from newscrawl.items import Article, DateInfo, Page
from newscrawl.reference import country_of, load_table, zone_table
from newscrawl.wording import numbered

HEAD: Final = 20_000
"""Bytes of a page in which its languages are declared."""
LOCALE: Final = re.compile(
    r"<html\b[^>]{0,500}?\blang\s*=\s*[\"']?([a-z]{2})[-_]([a-z]{2})\b"
    r"|og:locale[\"'][^>]{0,50}content\s*=\s*[\"']([a-z]{2})[-_]([a-z]{2})\b",
    re.IGNORECASE,
)
DEFAULT_LOCALES: Final = frozenset({("en", "US")})
"""What frameworks declare where nobody has set anything."""
TELLING: Final = frozenset({"offset", "name", "compared"})
"""Ways in which a date's offset was found that say something of where the publisher is."""
ZONE_NAME: Final = re.compile(
    r"\d[:.]\d\d(?:[:.]\d\d)?\s*(?:[ap]\.?m\.?\s*)?\(?([A-Z]{2,5})\b(?![+-])", re.IGNORECASE
)
"""The abbreviation behind a printed time; `GMT+0000` is how a script prints one."""
MOST: Final = 0.5
"""Share of the articles that must name a place, for it to be taken instead of one with a larger press."""
FEW: Final = 4
"""A zone must be printed on one article of so many."""
QUARTER: Final = timedelta(minutes=15)
FARTHEST: Final = timedelta(hours=14)
NOWHERE: Final = frozenset({"UTC", "Z"})
"""Zones in which nobody lives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """Where a publisher is; None where nothing tells it."""

    language: str | None = None
    country: str | None = None
    timezone: str | None = None
    reasons: tuple[str, ...] = ()
    """What each rests on, in words."""


@dataclass(frozen=True, slots=True)
class Place:
    """A country and one of its time zones."""

    country: str
    zone: str


def find_whereabouts(
    host: str | None, articles: Sequence[Article], pages: Iterable[Page]
) -> Whereabouts:
    """Settle language, country and zone.

    The language is that of most texts. The country is the one of the domain, else the one that the publisher is named
    after, else the region that the pages declare with their language. The zone is one of the country's whose offset the
    printed times have; where the country is not known, one of those where the language is written. Of several that fit
    the one counts whose country and city the articles name most often, then the one with the largest press.

    Args:
        host: the site's host.
        articles: some of its articles.
        pages: their pages.

    """
    language = most_common(article.language for article in articles)
    country, why = _country(host, articles, pages, language)
    told = list(_told(articles))
    if FEW * len(told) < len(articles):
        told = []  # of an agency's story, or of a part of the site that is made elsewhere
    place = _place(country, language, told, articles)
    reasons = [f"language: of {_share(articles, language)}"] if language else []
    if place and not country:
        country, why = place.country, "the zone" if told else "the language, a guess"
    if country:
        reasons.append(f"country: by {why}")
    if place:
        reasons.append(f"timezone: {_reason(place, told)}")
    zone = place.zone if place else None
    return Whereabouts(
        language=language, country=country, timezone=zone, reasons=tuple(reasons)
    )  # fmt: skip


def _country(
    host: str | None, articles: Sequence[Article], pages: Iterable[Page], language: str | None
) -> tuple[str | None, str]:
    """Give the country, and by what."""
    press = load_table("press")["press"].get(language or "", ())
    if found := country_of(host):
        return found, "the domain"
    name = most_common(article.publisher.name for article in articles) or ""
    named = {code for code in _names() if any(_is_named(word, name) for word in _words_of(code))}
    if len(named) == 1 and _share_naming(articles, next(iter(named))):
        return next(iter(named)), "the publisher's name"
    regions = Counter(region for page in pages for region in _regions(page))
    # Of a language whose press is not known a region counts that does not only repeat its code: `ky-KY`.
    known = [
        region
        for region, _ in regions.most_common()
        if region in press
        or (not press and region in _names() and region != (language or "").upper())
    ]
    if known:
        return known[0], "declared locales"
    return (press[0], "the language") if len(press) == 1 else (None, "")


def _words_of(country: str) -> tuple[str, ...]:
    """Give the names that a country goes by: its own, and those of the cities of its time zones."""
    cities = (zone.rsplit("/", 1)[-1].replace("_", " ") for zone in _zones_of(country))
    return tuple(dict.fromkeys((_names()[country], *cities)))


def _is_named(name: str, text: str) -> bool:
    return bool(re.search(rf"\b{re.escape(name)}\b", text, re.IGNORECASE))


def _share_naming(articles: Sequence[Article], country: str, zone: str | None = None) -> float:
    """Give the share of the articles that name a country, or the city of a zone of it."""
    words = _words_of(country)
    if zone:
        words = (_names()[country], zone.rsplit("/", 1)[-1].replace("_", " "))
    naming = sum(any(_is_named(word, article.text) for word in words) for article in articles)
    return naming / max(1, len(articles))


def _place(
    country: str | None,
    language: str | None,
    told: list[tuple[datetime, timedelta]],
    articles: Sequence[Article],
) -> Place | None:
    """Choose among the zones that the printed times fit; without such times the usual one."""
    table = load_table("press")
    countries = (country,) if country else table["press"].get(language or "", ())
    places = [Place(name, zone) for name in countries for zone in _zones_of(name)]
    hits = {place: sum(_fits(place.zone, *one) for one in told) for place in places}
    most = max(hits.values(), default=0)
    if 2 * most > len(told):
        return _named_most([place for place in places if hits[place] == most], articles)
    # Printed by a CMS that is set to another zone, or not at all; the country still has one.
    usual = country or table["main"].get(language or "")
    return Place(usual, _zones_of(usual)[0]) if usual and _zones_of(usual) else None


def _named_most(places: list[Place], articles: Sequence[Article]) -> Place:
    """Give the first of some places, unless more than half of the articles name another, and far fewer the first."""
    first = places[0]
    shares = {place: _share_naming(articles, place.country, place.zone) for place in places}
    best = max(places, key=lambda place: shares[place])
    return best if shares[best] > MOST and shares[first] < shares[best] / 2 else first


def _reason(place: Place, told: list[tuple[datetime, timedelta]]) -> str:
    fits = sum(_fits(place.zone, *one) for one in told)
    if fits:
        return f"times of {numbered(fits, 'article')} fit"
    return (
        "the country has one" if country_zone(place.country) else "a guess, the usual one: check it"
    )


@cache
def _names() -> dict[str, str]:
    """Give the English names of countries by their codes: `Britain (UK)` without the bracket."""
    return {row[0]: row[1].partition(" (")[0] for row in zone_table("iso3166.tab")}


def most_common(values: Iterable[str | None]) -> str | None:
    """Give the value that occurs most; of equals the first."""
    counted = Counter(value for value in values if value)
    return counted.most_common(1)[0][0] if counted else None


def _share(articles: Sequence[Article], language: str) -> str:
    number = sum(article.language == language for article in articles)
    return f"{number} of {len(articles)} articles"


def _regions(page: Page) -> Iterator[str]:
    body = page.body
    head = body[:HEAD].decode("utf-8", "replace") if isinstance(body, bytes) else body[:HEAD]
    for match in LOCALE.finditer(head):
        language, region = match[1] or match[3], match[2] or match[4]
        if (language.lower(), region.upper()) not in DEFAULT_LOCALES:
            yield region.upper()


def _told(articles: Iterable[Article]) -> Iterator[tuple[datetime, timedelta]]:
    """Give the moments of publication with the offset that was printed, none for those in UTC."""
    for article in articles:
        info = article.dates.published
        moment = _moment(article.date_published)
        if info is None or moment is None or (offset := moment.utcoffset()) is None:
            continue
        names = (ZONE_NAME.search(raw) for raw in (info.raw, *(c.raw for c in info.alternatives)))
        zones = [zone_of(m[1].upper(), None) for m in names if m and m[1].upper() not in NOWHERE]
        if zone := next(filter(None, zones), None):
            yield moment, moment.astimezone(zone).utcoffset() or timedelta()
        elif offset and info.zone_from in TELLING:
            yield moment, offset
        elif local := next(_local_offsets(moment, info), None):
            yield moment, local


def _local_offsets(moment: datetime, info: DateInfo) -> Iterator[timedelta]:
    """Give how far a date without a zone is from the same moment with one: the same second, quarters of hours apart."""
    for other in info.alternatives:
        reading = read_date(other.raw)
        if reading is None or reading.zone_from or reading.precision != "second":
            continue
        apart = reading.wall.replace(tzinfo=UTC) - moment
        if apart and not apart % QUARTER and abs(apart) <= FARTHEST:
            yield apart


def _moment(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text or "")
    except ValueError:
        return None


def _zones_of(country: str) -> list[str]:
    """Give the zones of a country, the one first that most of its press is written in."""
    main = country_zone(country)
    usual = str(main) if main else load_table("press")["zones"].get(country)
    return list(dict.fromkeys((*([usual] if usual else []), *zones_of(country))))


def _fits(zone: str, moment: datetime, offset: timedelta) -> bool:
    return moment.astimezone(ZoneInfo(zone)).utcoffset() == offset
