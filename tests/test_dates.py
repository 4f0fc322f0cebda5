"""Printed dates are read exactly or not at all."""

import re

import pytest

from newscrawl.dates import formats
from newscrawl.dates.formats import ENGLISH_MONTHS, read_date

MACHINE = [
    ("2022-09-13T15:20:41+05:30", "2022-09-13T15:20:41+05:30", "second", "offset"),
    ("2022-09-13T15:20:41+0530", "2022-09-13T15:20:41+05:30", "second", "offset"),
    ("2022-09-13T15:20:41.123Z", "2022-09-13T15:20:41+00:00", "second", "utc"),
    ("20201123T11:02:35Z", "2020-11-23T11:02:35+00:00", "second", "utc"),
    ("2022-5-3T23:57:00", "2022-05-03T23:57:00", "second", None),
    ("2020-09-25T16:02:50CDT", "2020-09-25T16:02:50-05:00", "second", "name"),
    ("2020-09-26T12:07:40+02:00CET", "2020-09-26T12:07:40+02:00", "second", "offset"),
    ("Sun, 11 Oct 2020 07:34:36 GMT", "2020-10-11T07:34:36+00:00", "second", "utc"),
    ("Sun, 11 Oct 2020 07:34:36 +0200", "2020-10-11T07:34:36+02:00", "second", "offset"),
    ("Tue Jul 30 09:35:14 CEST 2019", "2019-07-30T09:35:14+02:00", "second", "name"),
    ("Tue Nov 19 2019 03:05:46 GMT+0000 (UTC)", "2019-11-19T03:05:46+00:00", "second", "utc"),
    ("1663062641000", "2022-09-13T09:50:41+00:00", "second", "utc"),
    ("Sun, 11 Oct 2020 07:34:36 EST", "2020-10-11T07:34:36-05:00", "second", "name"),
    ("2020-01-01T10:00:00+19:00", "2020-01-01T10:00:00", "second", None),
    ("2024-05-03 10:15 PM", "2024-05-03T22:15:00", "minute", None),
    ("2024-05-03 12:15 a.m. +02:00", "2024-05-03T00:15:00+02:00", "minute", "offset"),
    ("2022-09-13", "2022-09-13", "day", None),
    ("2022-09", "2022-09", "month", None),
]
VISIBLE = [
    ("13 Sep, 2022, 3:20 pm", "en", "2022-09-13T15:20:00"),
    ("September 13, 2022", "en", "2022-09-13"),
    ("September 13, 2022, 12:05 am", "en", "2022-09-13T00:05:00"),
    ("11:25 PM - 10 Jul 2020", "en", "2020-07-10T23:25:00"),
    ("10 Jul 2020, 23:25 +02:00", "en", "2020-07-10T23:25:00+02:00"),
    ("10 Jul 2020, 23:25 (GMT + 2)", "en", "2020-07-10T23:25:00+02:00"),
    ("3 May 2024", "xx", "2024-05-03"),
    ("28.04.2024, 17:19 Uhr", "de", "2024-04-28T17:19:00"),
    ("lundi 9 décembre 2019 à 09h08", "fr", "2019-12-09T09:08:00"),
    ("4 febbraio 2025 - 14:41", "it", "2025-02-04T14:41:00"),
    ("2025年1月13日 21時37分", "ja", "2025-01-13T21:37:00"),
    ("2023.11.02. 오후 8:06", "ko", "2023-11-02T20:06:00"),
    ("2024年5月3日 午前12時5分", "ja", "2024-05-03T00:05:00"),
    ("May 3, 2024 2:00pm-4:00pm", "en", "2024-05-03T14:00:00"),
    ("3. Mai 2024, 10:00-12:00 Uhr", "de", "2024-05-03T10:00:00"),
    ("10 Jul 2020, 23:25 -05:00", "en", "2020-07-10T23:25:00-05:00"),
    ("2024-05-03, 10:00-12:00 Uhr", "de", "2024-05-03T10:00:00"),
    ("2024-05-03T10:00 - 5 min", "en", "2024-05-03T10:00:00"),
    ("3 мая 2024 10:00-11:30", "ru", "2024-05-03T10:00:00"),
    ("10:00-4 May 2024", "en", "2024-05-04T10:00:00"),
    ("3 May 2024 10:00 +5:30", "en", "2024-05-03T10:00:00+05:30"),
    ("3 พฤษภาคม 2567 10:15", "th", "2024-05-03T10:15:00"),
    ("24 أبريل 2020", "ar", "2020-04-24"),
    ("2 февраля 2025, 11:15", "ru", "2025-02-02T11:15:00"),
    ("5 lutego 2025 10:30", "pl", "2025-02-05T10:30:00"),
    ("Hafenstadt, 3. Juli 2018", "de", "2018-07-03"),
    ("Erstellt von Ute am Dienstag 6. Mai 2014", "de", "2014-05-06"),
    ("Posted on June 04, 2025", "en", "2025-06-04"),
    ("10. Februar 2019 9. Februar 2019", "de", "2019-02-10"),
    ("Written: 2023-11-07 15:03:30 / Updated: 2023-11-07 15:30:46", "en", "2023-11-07T15:03:00"),
]
NOT_DATES = [
    "10h02", "4 hours ago", "vor 3 Stunden", "2022", "March", "© 2024 Example", "3 min read", "",
    "۱۳۹۹/۰۲/۲۱", "Room 2024", "13:45", "Reference 2023-13-07", "Sun, 31 Feb 2020 07:34:36 GMT", "2022-13", "31.02.2024", "Room 12 in 2024",
]  # fmt: skip


@pytest.mark.parametrize(("raw", "value", "precision", "zone_from"), MACHINE)
def test_machine_forms(raw: str, value: str, precision: str, zone_from: str | None) -> None:
    reading = read_date(raw)

    assert reading is not None
    assert (reading.value, reading.precision, reading.zone_from) == (value, precision, zone_from)


@pytest.mark.parametrize(("raw", "language", "value"), VISIBLE)
def test_visible_forms(raw: str, language: str, value: str) -> None:
    reading = read_date(raw, language=language)

    assert reading is not None
    assert reading.value == value


@pytest.mark.parametrize("raw", NOT_DATES)
def test_nothing_is_made_up(raw: str) -> None:
    assert read_date(raw, language="en") is None


@pytest.mark.parametrize(
    ("country", "offset"), [("IN", "+05:30"), ("IL", "+03:00"), ("IE", "+01:00")]
)
def test_ist_is_read_by_the_publishers_country(country: str, offset: str) -> None:
    reading = read_date(
        "04:25:06 PM IST Apr 08, 2020".replace(":06", ""), language="en", country=country
    )

    assert reading is not None
    assert reading.value.endswith(offset)


def test_ist_without_a_country_stays_without_zone() -> None:
    reading = read_date("Apr 08, 2020 16:25 IST", language="en")

    assert reading is not None
    assert (reading.value, reading.zone_from) == ("2020-04-08T16:25:00", None)


def test_cst_is_read_by_the_publishers_country() -> None:
    values = [
        reading.value
        for country in ("US", "CN", None)
        if (reading := read_date("Apr 08, 2020 16:25 CST", language="en", country=country))
    ]

    assert values == [
        "2020-04-08T16:25:00-06:00", "2020-04-08T16:25:00+08:00", "2020-04-08T16:25:00-06:00",
    ]  # fmt: skip


def test_summer_time_of_et() -> None:
    reading = read_date("July 4, 2024 5:00 a.m. ET", language="en", country="US")

    assert reading is not None
    assert reading.value == "2024-07-04T05:00:00-04:00"


def test_numeric_order_follows_the_country() -> None:
    american = read_date("04/05/2022", language="en", country="US")
    british = read_date("04/05/2022", language="en", country="GB")

    assert american is not None
    assert british is not None
    assert (american.value, british.value) == ("2022-04-05", "2022-05-04")


def test_publishers_zone_is_used_and_said() -> None:
    reading = read_date("13 Sep 2022 15:20", language="en", timezone="Asia/Kolkata")

    assert reading is not None
    assert (reading.value, reading.zone_from) == ("2022-09-13T15:20:00+05:30", "publisher")


LANGUAGES = [
    ("ar", "3 مايو 2024", "2024-05-03"), ("bg", "3 май 2024", "2024-05-03"), ("bn", "৩ মে ২০২৪", "2024-05-03"),
    ("ca", "3 de maig de 2024", "2024-05-03"), ("cs", "3. května 2024", "2024-05-03"),
    ("da", "3. maj 2024 kl. 13.05", "2024-05-03T13:05:00"), ("de", "Freitag, 3. Mai 2024, 13:05 Uhr", "2024-05-03T13:05:00"),
    ("el", "3 Μαΐου 2024", "2024-05-03"), ("en", "Friday, May 3rd, 2024 at 1:05 p.m.", "2024-05-03T13:05:00"),
    ("es", "3 de mayo de 2024 a las 07:46hrs.", "2024-05-03T07:46:00"), ("et", "3. mai 2024", "2024-05-03"),
    ("fa", "۳ مه ۲۰۲۴", "2024-05-03"), ("fi", "3. toukokuuta 2024", "2024-05-03"),
    ("fr", "Publié le 3 mai 2024 - 16:00", "2024-05-03T16:00:00"), ("he", "3 במאי 2024", "2024-05-03"),
    ("hi", "3 मई 2024", "2024-05-03"), ("hr", "3. svibnja 2024.", "2024-05-03"), ("hu", "2024. 06. 04. 11:27", "2024-06-04T11:27:00"),
    ("id", "Jumat, 3 Mei 2024 04:25 WIB", "2024-05-03T04:25:00+07:00"), ("it", "3 maggio 2024 | 14:41", "2024-05-03T14:41:00"),
    ("ja", "2024年5月3日（金）21時32分", "2024-05-03T21:32:00"), ("ko", "입력 2024.05.03. 오후 8:06", "2024-05-03T20:06:00"),
    ("lt", "2024 m. gegužės 3 d.", "2024-05-03"), ("lv", "2024. gada 3. maijs", "2024-05-03"),
    ("nl", "vrijdag 3 mei 2024, 13:05", "2024-05-03T13:05:00"), ("no", "fredag 3. mai 2024", "2024-05-03"),
    ("pl", "Publikacja: 03.05.2024 21:52", "2024-05-03T21:52:00"), ("pt", "01 de Maio de 2020, 10h51", "2020-05-01T10:51:00"),
    ("ro", "3 mai 2024", "2024-05-03"), ("ru", "11:15 05.10.18", "2018-10-05T11:15:00"), ("sk", "3. mája 2024", "2024-05-03"),
    ("sl", "3. maj 2024", "2024-05-03"), ("sr", "3. мај 2024.", "2024-05-03"), ("sv", "3 maj 2024 kl. 13.05", "2024-05-03T13:05:00"),
    ("th", "3 พฤษภาคม 2024", "2024-05-03"), ("tr", "3 Mayıs 2024 Cuma", "2024-05-03"), ("uk", "3 травня 2024, 10:15", "2024-05-03T10:15:00"),
    ("vi", "Thứ tư, 22/10/2025, 19:25 (GMT+7)", "2025-10-22T19:25:00+07:00"), ("zh", "2024年05月03日 15:05", "2024-05-03T15:05:00"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "raw", "value"), LANGUAGES, ids=[row[0] for row in LANGUAGES])
def test_a_date_in_the_language_of_the_page(language: str, raw: str, value: str) -> None:
    reading = read_date(raw, language=language)

    assert reading is not None
    assert reading.value == value


@pytest.mark.parametrize("name", [*ENGLISH_MONTHS, *(m[:3] for m in ENGLISH_MONTHS), "Sept"])
def test_english_days_are_read_as_dateparser_reads_them(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    forms = ("{m} {d}, 2024", "{m}. {d} 2023", "{d} {m} 2023", "{d} {m}, 2024")
    days = ("1", "05", "29", "31", "39")
    texts = [
        form.format(m=month, d=day)
        for form in forms
        for month in (name, name.upper())
        for day in days
    ]
    ours = [formats._day_of(text, "en") for text in texts]
    monkeypatch.setattr(formats, "ENGLISH_DAY", re.compile("(?!)"))

    assert ours == [formats._day_of(text, "en") for text in texts]
    assert any(ours)
