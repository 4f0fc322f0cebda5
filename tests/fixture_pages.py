"""The fixtures of the project: pages with the articles that are expected of them."""

from functools import cache
from pathlib import Path

from newscrawl.fixtures import Fixture, find_fixtures
from newscrawl.items import Article, Rejected
from newscrawl.stages import clean

FOLDER = Path(__file__).parent / "fixtures"


def fixtures() -> list[Fixture]:
    """Give all fixtures in the order of their names."""
    return find_fixtures([FOLDER / "publishers"])


def served_at(fixture: Fixture) -> str:
    """Give the address at which the loopback web serves a fixture's page: it speaks no https."""
    return str(fixture.page.url).replace("https://", "http://", 1)


@cache
def cleaned(fixture: Fixture) -> Article | Rejected:
    """Clean a fixture's page, once for all tests."""
    return clean(fixture.page)
