"""The dates and attribution stages serve items of spiders that are not ours."""

import json
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from scrapy import Field, Item

from newscrawl.demo.server import DemoServer
from newscrawl.demo.site import load_publishers
from newscrawl.foreign import is_item, normalise_item_attribution, normalise_item_dates
from newscrawl.items import Draft, Page
from newscrawl.pipelines import NormaliseAttribution, NormaliseDates
from tests.conftest import proxied

SPIDER = """
import scrapy

class Theirs(scrapy.Spider):
    name = "theirs"
    start_urls = ["{url}"]
    custom_settings = {{"ITEM_PIPELINES": {{
        "newscrawl.pipelines.NormaliseDates": 200, "newscrawl.pipelines.NormaliseAttribution": 300}}}}

    def parse(self, response):
        yield {{"url": response.url, "date": "13 Sep 2022, 3:20 pm IST", "author": "By Jo Doe and Al Roe, PTI",
               "text": "MUMBAI: The port shut, " + response.css("title::text").get()}}
"""


class ScrapyItem(Item):
    """An item with declared fields."""

    url = Field()
    datePublished = Field()
    authors = Field()
    agencies = Field()


@dataclass
class Story:
    """An item as a dataclass, with names of our schema."""

    url: str = "https://a.example.de/x"
    published: str = ""
    authors: list[Any] = field(default_factory=list)
    body: list[str] = field(default_factory=list)
    language: str = "de"
    publisher: dict[str, str] = field(default_factory=dict)
    fetched_at: datetime | None = None
    dateline: dict[str, Any] | None = None
    agencies: list[dict[str, Any]] = field(default_factory=list)


def test_a_dict() -> None:
    item = {
        "url": "https://a.example.in/x", "date": "13 Sep 2022, 3:20 pm IST", "updated": "never",
        "author": "By Jo Doe", "text": "One.\n\nCorrection: Two.\n\nThree. (KB/IANS)",
    }  # fmt: skip
    found = normalise_item_attribution(normalise_item_dates(item))

    assert found["date"] == "2022-09-13T15:20:00+05:30"
    assert found["updated"] == "never"
    assert found["dates"]["modified"]["flags"] == ("unreadable",)
    assert (found["author"], found["text"], found["editors"]) == (
        "Jo Doe",
        "One.\n\nThree.",
        ["KB"],
    )
    assert [agency["id"] for agency in found["agencies"]] == ["ians"]
    assert [note["kind"] for note in found["notes"]] == ["correction"]


def test_a_scrapy_item_gets_the_fields_that_it_declares() -> None:
    item = ScrapyItem(
        url="https://a.example/x", datePublished="2024-05-03T10:00:00Z", authors=["Jo Doe, dpa"]
    )
    found = normalise_item_attribution(normalise_item_dates(item))

    assert found["datePublished"] == "2024-05-03T10:00:00+00:00"
    assert (found["authors"], [a["id"] for a in found["agencies"]]) == (["Jo Doe"], ["dpa"])
    assert "dates" not in found


def test_a_dataclass() -> None:
    item = Story(
        published="3. Mai 2024, 10:15 Uhr", authors=[{"name": "Jo Doe, Reporterin"}], publisher={"name": "Bote"},
        body=["Hamburg (dpa) - Der Hafen ruht.", "Er ruht."], fetched_at=datetime(2024, 5, 4, tzinfo=UTC),
    )  # fmt: skip
    found = normalise_item_attribution(normalise_item_dates(item))

    assert found.published == "2024-05-03T10:15:00"
    assert found.authors == [
        {"name": "Jo Doe", "kind": "person", "raw": "Jo Doe, Reporterin", "role": "Reporterin"}
    ]
    assert found.body == ["Der Hafen ruht.", "Er ruht."]


@pytest.mark.parametrize("item", [{}, {"url": "https://a.example/x"}, {"date": None, "author": ""}])
def test_an_item_without_such_fields_stays_as_it_is(item: dict[str, Any]) -> None:
    assert normalise_item_attribution(normalise_item_dates(dict(item))) == item


def test_values_of_other_types() -> None:
    item = {
        "date": datetime(2024, 5, 3, 10, tzinfo=UTC),
        "authors": ["Courier Desk"],
        "text": "One line\nand another",
    }
    found = normalise_item_attribution(normalise_item_dates(item))

    assert found["date"] == datetime(2024, 5, 3, 10, tzinfo=UTC)
    assert (found["authors"], found["desk"], found["text"]) == (
        ["Courier Desk"], ["Courier Desk"], "One line\nand another",
    )  # fmt: skip


@dataclass(frozen=True)
class Frozen:
    """An item that cannot be changed."""

    date: str
    author: str
    agencies: list[Any] = field(default_factory=list)


class Writer:
    """An author of a class of its own."""

    name = "Jo Doe, dpa"
    email = "jo@a.example"


def test_a_frozen_item_is_replaced() -> None:
    item = Frozen(date="3 May 2024", author="By Jo Doe, dpa")
    found = normalise_item_attribution(normalise_item_dates(item))

    assert (found.date, found.author, found.agencies[0]["id"]) == ("2024-05-03", "Jo Doe", "dpa")
    assert item == Frozen(date="3 May 2024", author="By Jo Doe, dpa")


@pytest.mark.parametrize(
    "item",
    [
        {"published": True, "date": 1714730000.5},
        {"url": "http://[broken/", "date": "soon"},
        {"text": b"Hamburg (dpa) - Der Hafen ruht."},
        {"text": "<p>Hamburg (dpa) - Der Hafen ruht.</p>"},
        {"content": [{"text": "Hamburg (dpa) - Der Hafen ruht."}]},
        {"authors": [{"name": "Jo Doe and Al Roe", "url": "https://a.example/two"}]},
        {"author": {"name": "Jo Doe and Al Roe"}},
        {"authors": [Writer()]},
        {"authors": [{"name": "Courier Desk"}]},
        {"author": Writer},
        {"text": "Source: Reuters"},
        {"author": ", ".join(f"Jo Doe{chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(60))},
        {
            "text": "The port shut.\n\nIt is shut. (KB/IANS)",
            "editors": ["Boss"],
            "removed": ["own"],
        },
        {"date": datetime(2024, 5, 3, 10, tzinfo=UTC)},
        {"text": "Two lines\nof one paragraph.\n\nOne  more.\n"},
    ],
)
def test_what_is_not_understood_stays_as_it_is(item: dict[str, Any]) -> None:
    found = normalise_item_attribution(normalise_item_dates(dict(item)))

    assert {key: found[key] for key in item} == item
    assert item.get("removed") == found.get("removed")


def test_a_date_that_cannot_be_read_is_not_replaced_by_the_day_in_the_address() -> None:
    item = {"url": "https://a.example/2024/05/03/x", "date": "soon", "updated": "3 May 2024"}

    found = normalise_item_dates(item)

    assert (found["date"], found["updated"]) == ("soon", "2024-05-03")
    assert found["dates"]["published"]["method"] == "url"


def test_mappings_keep_what_else_they_have() -> None:
    item = {"authors": [
        {"name": "By Jo Doe, dpa", "url": "https://a.example/jo"}, {"@type": "Person", "name": "Al Roe and Ed Poe"},
    ]}  # fmt: skip

    found = normalise_item_attribution(item)

    assert found["authors"] == [
        {"name": "Jo Doe", "url": "https://a.example/jo", "kind": "person", "raw": "By Jo Doe, dpa", "affiliation": "dpa"},
        {"@type": "Person", "name": "Al Roe", "kind": "person", "raw": "Al Roe and Ed Poe"},
        {"@type": "Person", "name": "Ed Poe", "kind": "person", "raw": "Al Roe and Ed Poe"},
    ]  # fmt: skip
    assert (
        normalise_item_attribution({"author": {"name": "By Jo Doe"}})["author"]["name"] == "Jo Doe"
    )


class Roomy(Item):
    """An item that has a field for what is taken out of its text."""

    text = Field()
    removed = Field()


class Narrow(Item):
    """An item that has fields for nothing else."""

    author = Field()
    text = Field()


@pytest.mark.parametrize(
    ("author", "text"),
    [
        ("Jo Doe; dpa", "Hamburg (dpa) - Der Hafen ruht."),
        (["Jo Doe", "dpa"], ["Der Hafen ruht.", "Correction: He does not."]),
        ("By Jo Doe, edited by Al Roe", "Er ruht."),
        (
            "Jo Doe, Senior Reporter, Lille",
            "Er ruht.\n\nReporting by Jo Doe in Lyon; Writing by Al Roe",
        ),
        ([{"name": "Jo Doe, edited by Al Roe"}], "Er ruht.\n\nWith inputs from agencies"),
        ([{"name": "Jo Doe, dpa"}], "Der Hafen ruht.\n\nEr ruht. (KB/IANS)"),
    ],
)
def test_nothing_is_taken_out_that_the_item_has_no_other_field_for(author: Any, text: Any) -> None:
    item = normalise_item_attribution(Narrow(author=author, text=text))

    assert (item["author"], item["text"]) == (author, text)


def test_only_the_paragraphs_that_change_are_written_anew() -> None:
    item = {"text": "Hamburg (dpa) - Der Hafen\nruht.\n\nEr ruht\nsehr."}

    assert normalise_item_attribution(item)["text"] == "Der Hafen ruht.\n\nEr ruht\nsehr."


def test_paragraphs_stay_parted_as_they_are() -> None:
    windows = {"text": "Hamburg (dpa) - Er ruht.\r\n\r\nSehr.\r\n\r\nLang."}
    pair = Roomy(text=("Hamburg (dpa) - Er ruht.", "Sehr."))

    assert normalise_item_attribution(windows)["text"] == "Er ruht.\r\n\r\nSehr.\r\n\r\nLang."
    assert normalise_item_attribution(pair)["text"] == ("Er ruht.", "Sehr.")
    assert pair["removed"][0]["code"] == "dateline.moved"


def test_a_long_list_of_names_in_one_string_is_kept() -> None:
    names = [f"{given} Doe{chr(97 + i)}" for given in ("Jo", "Al") for i in range(26)]

    assert normalise_item_attribution({"author": "; ".join(names)})["author"] == "; ".join(names)


def test_a_desk_stays_with_the_authors_where_its_field_is_taken() -> None:
    found = normalise_item_attribution({"author": "Jo Doe and Web Desk", "desk": ["Sports"]})

    assert (found["author"], found["desk"]) == ("Jo Doe; Web Desk", ["Sports"])


def test_the_first_field_that_can_be_read_is_the_date() -> None:
    found = normalise_item_dates({"published": "yes", "date": "3 May 2024"})

    assert (found["published"], found["date"]) == ("yes", "2024-05-03")


@pytest.mark.parametrize(
    ("url", "lang", "value"),
    [
        ("https://a.example.tv/x", "en", "2022-09-13T15:20:00"),
        ("https://a.example.in/x", "en-IN", "2022-09-13T15:20:00+05:30"),
        ("https://www.newsgram.com/x", "English", "2022-09-13T15:20:00+05:30"),
    ],
)
def test_country_and_zone_come_from_the_publisher(url: str, lang: str, value: str) -> None:
    item = {"url": url, "date": "13 Sep 2022, 3:20 pm IST", "lang": lang}

    assert normalise_item_dates(item)["date"] == value


def test_our_own_values_pass_through_their_stages() -> None:
    draft = Draft(page=Page(body=""), blocks=())

    assert not is_item(draft)
    assert isinstance(NormaliseDates().process_item(draft), Draft)
    assert isinstance(NormaliseAttribution().process_item(draft), Draft)


def test_in_a_crawl_of_somebody_elses_spider(web: DemoServer, tmp_path: Path) -> None:
    article = load_publishers()[0].articles[0]
    spider, output = tmp_path / "theirs.py", tmp_path / "out.jsonl"
    spider.write_text(SPIDER.format(url=article.url))
    command = [sys.executable, "-m", "scrapy", "runspider", str(spider), "-O", str(output)]

    result = subprocess.run(
        command, cwd=tmp_path, env=proxied(web.proxy), capture_output=True, check=False, timeout=120
    )

    item = json.loads(output.read_text().splitlines()[0])
    assert item["author"] == "Jo Doe; Al Roe", result.stderr[-2000:]
    assert [agency["id"] for agency in item["agencies"]] == ["pti"]
    assert item["date"] == "2022-09-13T15:20:00"
    assert item["dateline"]["place"] == "MUMBAI"
