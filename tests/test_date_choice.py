"""Of all dates that a page states the right one is chosen, and the choice can be explained."""

from datetime import UTC, datetime
from typing import Any

import pytest

from newscrawl.dates import normalise_dates
from newscrawl.items import Candidate, Draft, Page


def settled(*candidates: tuple[str, str, str], **fields: Any) -> Draft:
    """Settle a draft's dates from (field, raw, method) triples."""
    url = fields.pop("url", "https://a.example/x")
    page = Page(body="", url=url, fetched_at=datetime(2026, 11, 1, tzinfo=UTC))
    found = tuple(Candidate(field=f, raw=raw, method=m) for f, raw, m in candidates)
    return normalise_dates(Draft(page=page, blocks=(), candidates=found, **fields))


def test_the_first_trusted_candidate_wins_and_the_others_are_kept() -> None:
    draft = settled(
        ("published", "2024-05-03T10:00:00+02:00", "jsonld.datePublished"),
        ("published", "2024-05-04", "text.class"),
    )

    assert draft.date_published == "2024-05-03T10:00:00+02:00"
    assert draft.dates.published is not None
    assert [c.raw for c in draft.dates.published.alternatives] == ["2024-05-04"]


def test_a_bare_day_is_refined_by_a_later_candidate_of_the_same_day() -> None:
    draft = settled(
        ("published", "2024-05-03", "jsonld.datePublished"),
        ("published", "2024-05-03T10:00:00+02:00", "meta.article:published_time"),
    )

    assert draft.date_published == "2024-05-03T10:00:00+02:00"


def test_sentinels_and_the_future_are_skipped_and_flagged() -> None:
    draft = settled(
        ("published", "0001-01-01T00:00:00Z", "jsonld.datePublished"),
        ("published", "2031-05-03T10:00:00Z", "meta.date"),
        ("published", "2024-05-03T10:00:00Z", "time"),
    )

    assert draft.date_published == "2024-05-03T10:00:00+00:00"
    assert draft.dates.published is not None
    assert set(draft.dates.published.flags) == {"sentinel_skipped", "future_skipped"}


def test_same_wall_clock_with_two_zones_takes_the_printed_offset() -> None:
    draft = settled(
        ("published", "2020-04-02T04:11:00Z", "jsonld.datePublished"),
        ("published", "2020-04-02T04:11:00+05:30", "meta.article:published_time"),
    )

    assert draft.date_published == "2020-04-02T04:11:00+05:30"
    assert draft.dates.published is not None
    assert draft.dates.published.zone_from == "conflict"


def test_a_published_meta_that_is_the_modified_date_is_distrusted() -> None:
    draft = settled(
        ("published", "2024-08-05T19:49:50Z", "meta.article:published_time"),
        ("published", "2024-08-04T13:23:00Z", "microdata.datePublished"),
        ("modified", "2024-08-05T19:49:50Z", "meta.article:modified_time"),
    )

    assert draft.date_published == "2024-08-04T13:23:00+00:00"


def test_times_in_the_text_do_not_cast_doubt_on_a_meta() -> None:
    draft = settled(
        ("published", "2024-08-05T19:49:50Z", "meta.article:published_time"),
        ("published", "2024-08-01T13:23:00Z", "time"),
        ("published", "2 August 2024", "text.line"),
        ("modified", "2024-08-05T19:49:50Z", "meta.article:modified_time"),
    )

    assert draft.date_published == "2024-08-05T19:49:50+00:00"


def test_modified_before_published_is_kept_and_flagged() -> None:
    draft = settled(
        ("published", "2024-05-03T10:00:00Z", "jsonld.datePublished"),
        ("modified", "2024-05-01T10:00:00Z", "jsonld.dateModified"),
    )

    assert draft.date_modified == "2024-05-01T10:00:00+00:00"
    assert draft.dates.modified is not None
    assert draft.dates.modified.flags == ("modified_before_published",)


def test_the_day_in_the_address_is_the_last_resort() -> None:
    assert settled(url="https://a.example/2024/05/03/x").date_published == "2024-05-03"


def test_an_unreadable_value_is_kept_as_raw() -> None:
    draft = settled(("published", "yesterday or so", "time"))

    assert draft.date_published is None
    assert draft.dates.published is not None
    assert draft.dates.published.flags == ("unreadable",)


def test_the_same_moment_is_given_in_the_local_offset_where_one_is_printed() -> None:
    draft = settled(
        ("published", "2023-11-09T06:35:29+00:00", "jsonld.datePublished"),
        ("published", "2023-11-08T22:35:29-08:00", "time"),
    )

    assert draft.date_published == "2023-11-08T22:35:29-08:00"


@pytest.mark.parametrize(
    ("other", "method", "value"),
    [
        ("2023-11-08 22:28:35", "meta.sailthru.date", "2023-11-08T22:28:35-05:00"),
        ("2023-11-09 08:58:35", "time", "2023-11-09T08:58:35+05:30"),
        # Another second is another moment; a text's minutes may be anybody's; 20 hours are no offset.
        ("2023-11-08 22:28:36", "time", "2023-11-09T03:28:35+00:00"),
        ("2023-11-08 22:28:35", "text.class", "2023-11-09T03:28:35+00:00"),
        ("2023-11-08 07:28:35", "time", "2023-11-09T03:28:35+00:00"),
        ("2023-11-08 22:28", "time", "2023-11-09T03:28:35+00:00"),
    ],
)
def test_the_offset_is_read_from_the_same_moment_in_local_time(
    other: str, method: str, value: str
) -> None:
    draft = settled(
        ("published", "2023-11-09T03:28:35Z", "jsonld.datePublished"), ("published", other, method)
    )

    assert draft.date_published == value
    assert draft.dates.published is not None
    assert draft.dates.published.zone_from == ("utc" if value.endswith("+00:00") else "compared")


def test_a_page_that_prints_only_its_last_change_is_dated_by_it_with_a_flag() -> None:
    draft = settled(("modified", "Updated May 6, 2025", "text.near"), language="en")

    assert draft.date_published == draft.date_modified == "2025-05-06"
    assert draft.dates.published is not None
    assert draft.dates.published.flags == ("modified_only",)


def test_the_last_save_of_a_cms_dates_nothing() -> None:
    draft = settled(("modified", "2025-05-06T10:00:00Z", "meta.article:modified_time"))

    assert draft.date_published is None


def test_sources_of_two_days_are_flagged() -> None:
    draft = settled(
        ("published", "2024-05-03T10:00:00Z", "jsonld.datePublished"),
        ("published", "2024-04-01T10:00:00Z", "meta.article:published_time"),
    )

    assert draft.dates.published is not None
    assert draft.dates.published.flags == ("sources_disagree",)
    assert [c.why for c in draft.dates.published.alternatives] == ["less trusted"]


def listed(raw: str) -> Page:
    """Make a page that a feed led to."""
    says = (Candidate(field="published", raw=raw, method="feed.published"),)
    return Page(body="", url="https://a.example/x", listed=says)


def of_listed(page: Page, *candidates: tuple[str, str]) -> Draft:
    """Settle the published date of a listed page from (raw, method) pairs."""
    found = tuple(Candidate(field="published", raw=raw, method=m) for raw, m in candidates)
    return normalise_dates(Draft(page=page, blocks=(), candidates=found))


def test_the_feed_settles_a_contradiction() -> None:
    pairs = (
        ("2024-04-01T10:00:00Z", "jsonld.datePublished"), ("2 May 2024", "text.class"),
        ("2024-05-03T10:00:00Z", "meta.article:published_time"),
    )  # fmt: skip

    assert (
        of_listed(listed("Fri, 03 May 2024 10:00:00 GMT"), *pairs).date_published
        == "2024-05-03T10:00:00+00:00"
    )
    assert (
        of_listed(listed("Mon, 01 Apr 2024 10:00:00 GMT"), *pairs).date_published
        == "2024-04-01T10:00:00+00:00"
    )
    assert (
        of_listed(listed("Thu, 01 Feb 2024 10:00:00 GMT"), *pairs).date_published
        == "2024-04-01T10:00:00+00:00"
    )


def test_the_feed_dates_a_page_that_has_no_date() -> None:
    draft = of_listed(listed("Fri, 03 May 2024 10:00:00 GMT"))

    assert draft.dates.published is not None
    assert (draft.date_published, draft.dates.published.method) == (
        "2024-05-03T10:00:00+00:00",
        "feed.published",
    )


@pytest.mark.parametrize(
    ("first", "other", "value"),
    [
        ("02/10/2020", "2020-10-02", "2020-10-02"),
        ("02/10/2020 10:15", "2020-10-02", "2020-10-02T10:15:00"),
        ("02/10/2020", "2020-02-10", "2020-02-10"),
        ("02/10/2020", "2020-03-01", "2020-02-10"),
        ("02/10/2020", "10/02/2020", "2020-02-10"),
        ("02/02/2020", "2020-05-01", "2020-02-02"),
        ("02/20/2020", "2020-05-01", "2020-02-20"),
    ],
)
def test_another_candidate_settles_the_order_of_day_and_month(
    first: str, other: str, value: str
) -> None:
    draft = settled(
        ("published", first, "text.class"), ("published", other, "text.line"), country="US"
    )

    assert draft.date_published == value


def test_of_times_a_minute_apart_the_one_with_an_offset_is_taken() -> None:
    draft = settled(
        ("published", "2024-05-03T10:00:00Z", "jsonld.datePublished"),
        ("published", "2024-05-03T11:07:10+02:00", "time"),
        ("published", "2024-05-03T10:00:30+02:00", "meta.article:published_time"),
    )

    assert draft.date_published == "2024-05-03T10:00:30+02:00"


def test_a_published_meta_that_nothing_contradicts_is_believed() -> None:
    draft = settled(
        ("published", "2024-08-05T19:49:50Z", "meta.article:published_time"),
        ("published", "2024-08-05T19:40:00Z", "microdata.datePublished"),
        ("published", "nonsense", "meta.pubdate"),
        ("modified", "2024-08-05T19:49:50Z", "meta.article:modified_time"),
    )

    assert draft.date_published == "2024-08-05T19:49:50+00:00"


def test_a_published_meta_before_the_modified_one_is_believed() -> None:
    draft = settled(
        ("published", "2024-08-05T19:49:50Z", "meta.article:published_time"),
        ("modified", "2024-08-06T19:49:50Z", "meta.article:modified_time"),
    )

    assert draft.date_published == "2024-08-05T19:49:50+00:00"


def test_an_instant_in_utc_is_written_in_the_publishers_time() -> None:
    named = settled(
        ("published", "2024-05-03T10:00:00Z", "jsonld.datePublished"), timezone="Asia/Kolkata"
    )
    by_country = settled(
        ("published", "2024-01-03T10:00:00Z", "jsonld.datePublished"), country="DE"
    )
    of_many = settled(("published", "2024-01-03T10:00:00Z", "jsonld.datePublished"), country="US")

    assert [d.date_published for d in (named, by_country, of_many)] == [
        "2024-05-03T15:30:00+05:30", "2024-01-03T11:00:00+01:00", "2024-01-03T10:00:00+00:00",
    ]  # fmt: skip
    assert [d.dates.published.zone_from for d in (named, by_country, of_many) if d.dates.published] == [
        "publisher", "country", "utc",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "published", "modified"),
    [
        ("Updated 4 May 2024 10:15, Published 3 May 2024", "2024-05-03", "2024-05-04T10:15:00"),
        ("3 May 2024 (updated 4 May 2024)", "2024-05-03", "2024-05-04"),
        ("Published: 3 May 2024 | Last updated: 4 May 2024", "2024-05-03", "2024-05-04"),
        ("Published 3 May 2024", "2024-05-03", None),
    ],
)
def test_a_line_that_prints_both_dates(raw: str, published: str, modified: str | None) -> None:
    draft = settled(("published", raw, "text.class"), language="en")

    assert (draft.date_published, draft.date_modified) == (published, modified)


def test_a_year_of_another_calendar_is_none_of_ours() -> None:
    candidate = Candidate(field="published", raw="2081-01-21", method="meta.date")
    draft = normalise_dates(Draft(page=Page(body=""), blocks=(), candidates=(candidate,)))

    assert draft.date_published is None
    assert draft.dates.published is not None
    assert draft.dates.published.flags == ("future_skipped",)


def chosen_of(*found: tuple[str, str, str], **fields: Any) -> tuple[str | None, str]:
    """Choose the published date among candidates of (field, method, raw)."""
    draft = settled(*((f, raw, method) for f, method, raw in found), language="en", **fields)
    assert draft.dates.published is not None
    return draft.date_published, draft.dates.published.method


def test_a_printed_date_with_a_label_comes_before_an_element_without_one() -> None:
    time = ("published", "time", "2019-07-03T10:18:46Z")

    assert chosen_of(time, ("published", "text.class", "Published 29 June 2019")) == (
        "2019-06-29",
        "text.class",
    )
    assert chosen_of(time, ("published", "text.class", "29 June 2019"))[1] == "time"
    assert chosen_of(time, ("published", "text.class", "Date: 29 June 2019"))[1] == "time"
    assert chosen_of(time, ("published", "text.class", "Published 4 July 2019"))[1] == "time"
    both = "Published 29 June 2019, updated 3 July 2019"
    assert chosen_of(time, ("published", "text.class", both)) == ("2019-06-29", "text.both")
    assert chosen_of(time, ("published", "text.class", "Published 3 July 2019"))[1] == "time"


def test_a_meta_that_repeats_the_last_change_gives_way_to_a_line_that_prints_both_dates() -> None:
    metas = (
        ("published", "meta.og:article:published_time", "2020-01-20T09:49:32+0000"),
        ("modified", "meta.og:article:modified_time", "2020-01-20T09:49:32+0000"),
    )

    assert chosen_of(
        *metas, ("published", "text.class", "January 19, 2020 / 12:25 PM / Updated 8 hours ago")
    ) == ("2020-01-19T12:25:00", "text.both")
    assert chosen_of(*metas, ("published", "text.class", "January 19, 2020"))[1] == metas[0][1]


def test_the_order_of_day_and_month_is_told_by_a_date_with_full_stops() -> None:
    slashed = ("published", "meta.pubdate", "11/01/2023 12:43:42")

    found = chosen_of(slashed, ("published", "text.class", "01.11.2023"), country="CH")

    assert found == ("2023-11-01T12:43:00", "meta.pubdate")


def test_a_time_without_a_zone_that_is_printed_with_one_was_in_utc() -> None:
    found = chosen_of(
        ("published", "meta.pubdate", "2019-11-19 02:24:00"),
        ("published", "text.class", "Nov 18, 2019 at 9:24 pm EST"),
    )

    assert found == ("2019-11-18T21:24:00-05:00", "meta.pubdate")


@pytest.mark.parametrize(
    ("modified", "value"),
    [
        ("2019-11-18T22:15:39-05:00", "2019-11-18T22:05:46-05:00"),
        ("2019-12-18T22:15:39-05:00", "2019-11-19T03:05:46+00:00"),
        ("2019-11-19T03:15:39Z", "2019-11-19T03:05:46+00:00"),
    ],
)
def test_one_date_shows_the_offset_of_the_other(modified: str, value: str) -> None:
    found = chosen_of(
        ("published", "jsonld.datePublished", "2019-11-19T03:05:46Z"),
        ("modified", "jsonld.dateModified", modified),
    )

    assert found[0] == value
