"""Language, country and zone of a publisher, from its articles; where nothing tells it, nothing is said."""

import pytest

from newscrawl import Article, Page, clean
from newscrawl.whereabouts import Whereabouts, find_whereabouts

TEXTS = {
    "en": "The old mill by the river reopened on Monday after nine years of repairs that cost the town far more than planned. "
    "Hundreds of people walked across the new bridge to see the wheel turn again, among them the daughter of the miller.",
    "de": "Die alte Mühle am Fluss hat am Montag nach neun Jahren wieder geöffnet, die Arbeiten kosteten die Stadt mehr als geplant. "
    "Hunderte gingen über die neue Brücke, um das Rad wieder laufen zu sehen, unter ihnen die Tochter des letzten Müllers.",
    "da": "Den gamle mølle ved åen åbnede igen mandag efter ni års reparationer, der kostede byen langt mere end planlagt. "
    "Hundredvis af mennesker gik over den nye bro for at se hjulet dreje igen, blandt dem den sidste møllers datter.",
}


def found(
    host: str,
    language: str = "en",
    date: str = "",
    *,
    text: str = "",
    name: str = "",
    head: str = "",
) -> Whereabouts:
    """Settle where the publisher of a page is."""
    stamp = f'<meta property="article:published_time" content="{date}">' if date else ""
    site = f'<meta property="og:site_name" content="{name}">' if name else ""
    html = (
        f"<html {head}><head><title>Mill</title>{stamp}{site}</head><body><article><h1>Mill reopens after nine years</h1>"
        f"<p>{TEXTS[language]}</p><p>{text or TEXTS[language]}</p></article></body></html>"
    )
    page = Page(body=html.encode(), url=f"https://{host}/2026/05/03/mill")
    article = clean(page)
    assert isinstance(article, Article), article
    return find_whereabouts(host, [article], [page])


@pytest.mark.parametrize(
    ("host", "language", "date", "country", "zone"),
    [
        ("www.a.de", "de", "2026-05-03T14:08:00+02:00", "DE", "Europe/Berlin"),
        ("www.a.at", "de", "2026-05-03T12:08:00Z", "AT", "Europe/Vienna"),
        ("www.a.dk", "da", "", "DK", "Europe/Copenhagen"),
        ("www.a.example", "da", "2026-05-03T12:08:00Z", "DK", "Europe/Copenhagen"),
        ("www.a.example", "de", "2026-05-03T14:08:00+02:00", "DE", "Europe/Berlin"),
        ("www.a.example", "en", "2026-05-03T14:08:00+05:30", "IN", "Asia/Kolkata"),
        ("www.a.example", "en", "2026-05-03T14:08:00+01:00", "GB", "Europe/London"),
        ("www.a.au", "en", "2026-05-03T14:08:00+08:00", "AU", "Australia/Perth"),
        ("www.a.example", "en", "2026-05-03T14:08:00Z", None, None),
        ("www.a.au", "en", "2026-05-03T14:08:00Z", "AU", "Australia/Sydney"),
        # The CMS is set to another country's time; the country has one all the same.
        ("www.a.de", "de", "2026-05-03T14:08:00-07:00", "DE", "Europe/Berlin"),
    ],
)  # fmt: skip
def test_country_and_zone(
    host: str, language: str, date: str, country: str | None, zone: str | None
) -> None:
    where = found(host, language, date)

    assert (where.language, where.country, where.timezone) == (language, country, zone)


def test_of_zones_with_the_same_offset_the_one_counts_that_articles_name() -> None:
    text = f"{TEXTS['en']} In Kuala Lumpur the minister said that Malaysia was proud, and Malaysia's mills were next."

    where = found("a.example", date="2026-05-03T14:08:00+08:00", text=text)

    assert (where.country, where.timezone) == ("MY", "Asia/Kuala_Lumpur")
    assert where.reasons[1:] == ("country: by the zone", "timezone: times of 1 article fit")


def test_where_no_time_tells_a_zone_the_usual_one_is_a_guess_that_says_so() -> None:
    of_country = found("a.au", date="2026-05-03T14:08:00Z")
    of_language = found("a.example", "de", "2026-05-03T12:08:00Z")

    assert of_country.reasons[-1] == "timezone: a guess, the usual one: check it"
    assert (of_language.country, of_language.timezone) == ("DE", "Europe/Berlin")
    assert of_language.reasons[1] == "country: by the language, a guess"


@pytest.mark.parametrize(
    ("printed", "zone"),
    [("3 May 2026, 9:08 am EDT", "America/New_York"), ("3 January 2026, 14.08 GMT", "Europe/London"), ("3 May 2026, 14:08 UTC", None)],
)  # fmt: skip
def test_the_name_of_a_zone_behind_a_printed_time_tells_it(printed: str, zone: str | None) -> None:
    assert found("a.example", text=f"{TEXTS['en']}</p><p>Published: {printed}").timezone == zone


def test_a_city_of_a_zone_in_the_publishers_name_tells_the_country() -> None:
    where = found("a.example", name="Taipei Mill Times", text=f"{TEXTS['en']} So it was in Taipei.")

    assert (where.country, where.timezone) == ("TW", "Asia/Taipei")


def test_the_publishers_name_and_declared_locales_tell_the_country() -> None:
    text = f"{TEXTS['en']} Mexico has many such mills."
    named = found("a.example", name="Mexico Mill News", text=text)
    declared = found("a.example", head='lang="en-NZ"')
    usual = found("a.example", head='lang="en-US"')

    assert (named.country, named.timezone) == ("MX", "America/Mexico_City")
    assert (declared.country, declared.timezone) == ("NZ", "Pacific/Auckland")
    assert usual.country is None
