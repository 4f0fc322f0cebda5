"""Read the fixtures: pages with the articles that are expected of them."""

import gzip
import json
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from newscrawl.items import Article, Page, Rejected
from newscrawl.stages import clean

FOLDER = Path(__file__).parent / "fixtures"


@dataclass(frozen=True)
class Fixture:
    """One fixture directory."""

    path: Path

    @property
    def name(self) -> str:
        """`domain/slug`."""
        return f"{self.path.parent.name}/{self.path.name}"

    @property
    def page(self) -> Page:
        """The page as it was fetched."""
        about = json.loads((self.path / "page.json").read_text(encoding="utf-8"))
        return Page(
            body=gzip.decompress((self.path / "page.html.gz").read_bytes()),
            url=about["url"],
            content_type=about["content_type"],
            fetched_at=datetime.fromisoformat(about["fetched_at"]),
        )

    @property
    def expected(self) -> dict[str, Any]:
        """The expected fields."""
        found: dict[str, Any] = json.loads((self.path / "article.json").read_text(encoding="utf-8"))
        return found


def fixtures() -> list[Fixture]:
    """Give all fixtures in the order of their names."""
    return [Fixture(path.parent) for path in sorted(FOLDER.glob("publishers/*/*/page.json"))]


@cache
def cleaned(fixture: Fixture) -> Article | Rejected:
    """Clean a fixture's page, once for all tests."""
    return clean(fixture.page)
