"""Tell a publisher's language, country and time zone from some of its articles; where nothing tells it, say nothing."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from newscrawl.dates.zones import country_zone, zones_of
from newscrawl.items import Article, Page
from newscrawl.reference import country_of, load_table, zone_table

HEAD: Final = 20_000
"""Bytes of a page in which its languages are declared."""
LOCALE: Final = re.compile(
    r"<html\b[^>]{0,500}?\blang\s*=\s*[\"']?([a-z]{2})[-_]([a-z]{2})\b"
    r"|og:locale[\"'][^>]{0,50}content\s*=\s*[\"']([a-z]{2})[-_]([a-z]{2})\b",
    re.IGNORECASE,
)
DEFAULT_LOCALES: Final = frozenset({("en", "US"), ("en", "GB")})
"""What frameworks declare where nobody has set anything."""
TELLING: Final = frozenset({"offset", "name", "compared"})
"""Ways in which a date's offset was found that say something of where the publisher is."""


MENTIONS: Final = 3
"""Times that a country or the city of its zone must be named in the articles, to be taken for the publisher's."""
LEAD: Final = 2
"""How many times as often as the next."""


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
    language = _most(article.language for article in articles)
    press = tuple(load_table("press")["press"].get(language or "", ()))
    country, why = _country(host, articles, pages, press)
    told = [(moment, offset) for moment, offset in _moments(articles) if offset]
    named = _mentions(articles, (country,) if country else press)
    place = _place(country, press, told, named)
    reasons = [f"language: of {_share(articles, language)}"] if language else []
    if place and not country:
        country, why = place.country, "its name in the articles" if named[place] else "the zone"
    if country:
        reasons.append(f"country: by {why}")
    if place:
        reasons.append(f"timezone: {_reason(place, told)}")
    zone = place.zone if place else None
    return Whereabouts(
        language=language, country=country, timezone=zone, reasons=tuple(reasons)
    )  # fmt: skip


def _country(
    host: str | None, articles: Sequence[Article], pages: Iterable[Page], press: Sequence[str]
) -> tuple[str | None, str]:
    """Give the country, and by what."""
    if found := country_of(host):
        return found, "the domain"
    name = _most(article.publisher.name for article in articles) or ""
    text = " ".join(article.text for article in articles)
    named = [code for code, country in _names().items() if _count(country, name)]
    if len(named) == 1 and (named[0] in press or _count(_names()[named[0]], text)):
        return named[0], "the publisher's name"
    regions = Counter(region for page in pages for region in _regions(page))
    known = [region for region, _ in regions.most_common() if region in press or not press]
    if known:
        return known[0], "declared locales"
    return (press[0], "the language") if len(press) == 1 else (None, "")


def _mentions(articles: Sequence[Article], countries: Sequence[str]) -> Counter[Place]:
    """Count how often articles name each country, and the city of each of its zones."""
    words = " ".join(f"{article.title or ''} {article.text}" for article in articles)
    counts = Counter[Place]()
    for country in countries:
        whole = _count(_names()[country], words) if country in _names() else 0
        for zone in _zones_of(country):
            city = zone.rsplit("/", 1)[-1].replace("_", " ")
            counts[Place(country, zone)] = whole + (_count(city, words) if city else 0)
    return counts


def _count(name: str, text: str) -> int:
    return len(re.findall(rf"\b{re.escape(name)}\b", text, re.IGNORECASE))


def _place(
    country: str | None,
    press: Sequence[str],
    told: list[tuple[datetime, timedelta]],
    named: Counter[Place],
) -> Place | None:
    """Choose among the zones that the printed times fit; without such times only what is clear."""
    countries = (country,) if country else press
    places = [Place(name, zone) for name in countries for zone in _zones_of(name)]
    if not places:
        return None
    hits = {place: sum(_fits(place.zone, *one) for one in told) for place in places}
    most = max(hits.values())
    if told and 2 * most > len(told):
        fitting = [place for place in places if hits[place] == most]
        return max(fitting, key=lambda place: named[place])
    main = country_zone(country)
    if main and country:
        # Printed by a CMS that is set to another zone, or not at all; the country still has one.
        return Place(country, str(main))
    return _named_most(named)


def _named_most(named: Counter[Place]) -> Place | None:
    """Give the place that is named by far the most; None where none is."""
    ranked = named.most_common()
    if not ranked or ranked[0][1] < MENTIONS:
        return None
    best, number = ranked[0]
    others = [n for place, n in ranked[1:] if place.country != best.country]
    return best if number >= LEAD * max(others, default=0) else None


def _reason(place: Place, told: list[tuple[datetime, timedelta]]) -> str:
    fits = sum(_fits(place.zone, *one) for one in told)
    if fits:
        return f"times of {fits} articles fit"
    main = country_zone(place.country)
    return "the country has one" if main else "a guess, by the places that articles name: check it"


@cache
def _names() -> dict[str, str]:
    """Give the English names of countries by their codes: `Britain (UK)` without the bracket."""
    return {row[0]: row[1].partition(" (")[0] for row in zone_table("iso3166.tab")}


def _most(values: Iterable[str | None]) -> str | None:
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


def _moments(articles: Iterable[Article]) -> Iterator[tuple[datetime, timedelta]]:
    """Give the moments of publication with the offset that was printed, those in UTC with none."""
    for article in articles:
        info = article.dates.published
        if info is None or not article.date_published or info.zone_from not in TELLING:
            continue
        try:
            moment = datetime.fromisoformat(article.date_published)
        except ValueError:
            continue
        if moment.tzinfo is not None:
            yield moment, moment.utcoffset() or timedelta()


def _zones_of(country: str) -> list[str]:
    main = country_zone(country)
    return [*([str(main)] if main else []), *zones_of(country)]


def _fits(zone: str, moment: datetime, offset: timedelta) -> bool:
    return moment.astimezone(ZoneInfo(zone)).utcoffset() == offset
