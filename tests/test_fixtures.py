"""Each fixture page gives the article that its author wrote down: one test a field."""

import json
from collections import Counter
from typing import Any

import pytest

from newscrawl.fixtures import Fixture, compare
from newscrawl.items import Article
from newscrawl.publishers import registry
from tests.fixture_pages import FOLDER, cleaned, fixtures

KNOWN_FAILURES: dict[str, str] = json.loads((FOLDER / "known_failures.json").read_text("utf-8"))
SHIPPED = [source for source in registry().sources() if source.is_shipped]


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
    expected = fixture.expected

    found = list(compare(cleaned(fixture), {field: expected[field]}))

    assert [(one.field, one.found) for one in found] == [(field, one.expected) for one in found]
    assert found


def test_known_failures_name_fixtures_that_exist() -> None:
    names = {f"{fixture.name}::{field}" for fixture in fixtures() for field in fixture.expected}

    assert set(KNOWN_FAILURES) <= names


def test_every_publisher_template_has_fixtures() -> None:
    assert len({fixture.path.parent for fixture in fixtures()}) >= 4
    assert len(fixtures()) >= 40


def test_every_shipped_file_and_every_layout_of_it_has_a_fixture() -> None:
    used = Counter(
        (fixture.publisher, article.extracted_with.publisher_layout)
        for fixture in fixtures()
        if isinstance(article := cleaned(fixture), Article)
    )
    layouts = [(s, layout) for s in SHIPPED for layout in s.layouts or (None,)]

    missing = [
        s.layout_name(layout) for s, layout in layouts if not used[s.id, s.layout_name(layout)]
    ]

    assert missing == []


def test_every_selector_of_a_layout_finds_something_in_a_fixture_of_it() -> None:
    keys = {
        (source.layout_name(layout), key)
        for source in SHIPPED
        for layout in source.layouts
        for key, _ in layout.selectors()
    }
    found = {
        (article.extracted_with.publisher_layout, key)
        for article in map(cleaned, fixtures())
        for name, key in keys
        if isinstance(article, Article)
        and article.extracted_with.publisher_layout == name
        and key not in (article.extracted_with.layout_missed or ())
    }

    assert keys - found == set()
