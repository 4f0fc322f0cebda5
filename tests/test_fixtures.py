"""Each fixture page gives the article that its author wrote down: one test a field."""

import json
from typing import Any

import pytest

from newscrawl.items import Article
from newscrawl.wording import bare
from tests.fixture_pages import FOLDER, Fixture, cleaned, fixtures

KNOWN_FAILURES: dict[str, str] = json.loads((FOLDER / "known_failures.json").read_text("utf-8"))


def actual(article: Article, field: str) -> Any:
    """Give a field in the form of the fixture files."""
    place = article.dateline.place if article.dateline else None
    forms = {
        "body": [[block.kind, block.text] for block in article.body],
        "authors": [a.name for a in article.authors if a.kind == "person"],
        "desk": sorted(article.desk),
        "editors": sorted(article.editors),
        "agencies": sorted(agency.id for agency in article.agencies),
        "dateline": place.casefold() if place else None,
        "images": [[i.caption, i.credit.raw if i.credit else None] for i in article.images],
        "tags": list(article.tags),
        "publisher": [article.publisher.name, article.publisher.domain],
    }
    return forms[field] if field in forms else getattr(article, field)


def expectation(fixture: Fixture, field: str) -> Any:
    """Give the expected value; wires print places in capitals, the truth does not."""
    value = fixture.expected[field]
    return value.casefold() if field == "dateline" and value else value


def cases() -> list[Any]:
    """Give a case for each fixture and field, the known failures marked."""
    found = []
    for fixture in fixtures():
        for field in fixture.expected:
            name = f"{fixture.name}::{field}"
            reason = KNOWN_FAILURES.get(name)
            marks = [pytest.mark.xfail(strict=True, reason=reason)] if reason else []
            found.append(pytest.param(fixture, field, id=name, marks=marks))
    return found


@pytest.mark.parametrize(("fixture", "field"), cases())
def test_field_is_as_expected(fixture: Fixture, field: str) -> None:
    article = cleaned(fixture)

    assert isinstance(article, Article), article
    found, expected = actual(article, field), expectation(fixture, field)
    if field == "body":
        found, expected = (_without_standfirst(blocks, article) for blocks in (found, expected))
    assert found == expected


def _without_standfirst(blocks: list[Any], article: Article) -> list[Any]:
    """Leave the standfirst out: it has a field of its own, and may stand in the text as well."""
    is_first = blocks and article.subtitle and bare(blocks[0][1]) == bare(article.subtitle)
    return blocks[1:] if is_first else blocks


def test_known_failures_name_fixtures_that_exist() -> None:
    names = {f"{fixture.name}::{field}" for fixture in fixtures() for field in fixture.expected}

    assert set(KNOWN_FAILURES) <= names


def test_every_publisher_template_has_fixtures() -> None:
    assert len({fixture.path.parent for fixture in fixtures()}) >= 4
    assert len(fixtures()) >= 40
