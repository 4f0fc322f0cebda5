"""Fixtures: a page that was kept, and the article that is expected of it, one folder each.

`<publisher's id>/<slug>/` holds `page.html.gz`, `page.json` (its address, type and time of download) and
`article.json` (the expected fields; or `{"rejected": reason}`). What is expected is edited by hand: a field that is left
out is not compared.
"""

import gzip
import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from newscrawl.errors import InputError, UsageError
from newscrawl.items import Article, Page, Rejected
from newscrawl.publishers import DEFAULT_PLACE, VARIABLE, publisher_for, user_places
from newscrawl.quality import registrable_domain
from newscrawl.stages import clean
from newscrawl.wording import bare

FOLDER: Final = "fixtures"
"""Beside the publisher files of a user."""
IN_PROJECT: Final = Path("tests/fixtures/publishers")
"""Of newscrawl itself, and of whoever has a project like it."""
KNOWN: Final = "known_failures.json"
FIELDS: Final = (
    "title", "subtitle", "body", "authors", "desk", "editors", "agencies", "date_published", "date_modified",
    "dateline", "images", "tags", "section", "language", "publisher",
)  # fmt: skip
MAX_SLUG: Final = 60


@dataclass(frozen=True)
class Fixture:
    """One fixture folder."""

    path: Path

    @property
    def publisher(self) -> str:
        """The id of the publisher."""
        return self.path.parent.name

    @property
    def name(self) -> str:
        """The publisher's id and the slug, with a slash between them."""
        return f"{self.publisher}/{self.path.name}"

    @property
    def page(self) -> Page:
        """The page as it was fetched.

        Raises:
            InputError: a file of the fixture is missing or wrong.

        """
        about = self._read("page.json")
        try:
            fetched_at = about.get("fetched_at")
            return Page(
                body=gzip.decompress((self.path / "page.html.gz").read_bytes()),
                url=about["url"],
                content_type=about.get("content_type"),
                fetched_at=datetime.fromisoformat(fetched_at) if fetched_at else None,
            )
        except (OSError, KeyError, ValueError, TypeError, EOFError) as error:
            raise InputError(f"{self.path}: {error}") from error

    @property
    def expected(self) -> dict[str, Any]:
        """The expected fields.

        Raises:
            InputError: the file is missing or wrong.

        """
        return self._read("article.json")

    def _read(self, name: str) -> dict[str, Any]:
        try:
            value = json.loads((self.path / name).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(f"{self.path / name}: {error}") from error
        if not isinstance(value, dict):
            raise InputError(f"{self.path / name}: no JSON object")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One field of a fixture: what is expected, and what the cleaner gives."""

    field: str
    expected: Any
    found: Any

    @property
    def is_same(self) -> bool:
        """Whether they are the same."""
        return bool(self.expected == self.found)


def find_fixtures(folders: Iterable[Path], publisher: str | None = None) -> list[Fixture]:
    """Give the fixtures in some folders, those of one publisher alone if it is named."""
    pattern = f"{publisher or '*'}/*/page.json"
    return [Fixture(path.parent) for folder in folders for path in sorted(folder.glob(pattern))]


def known_failures(folders: Iterable[Path]) -> dict[str, str]:
    """Give the fields that are known to fail, as `publisher/slug::field`, with the reason.

    They stand in `known_failures.json` in the folder of the fixtures, or beside it.

    Raises:
        InputError: such a file is wrong.

    """
    found: dict[str, str] = {}
    for path in (place / KNOWN for folder in folders for place in (folder, folder.parent)):
        if path.is_file():
            try:
                found |= dict(json.loads(path.read_text(encoding="utf-8")))
            except (OSError, ValueError, TypeError) as error:
                raise InputError(f"{path}: {error}") from error
    return found


def fixture_folders() -> list[Path]:
    """Give the folders in which fixtures are looked for: the project's, and those beside the user's files."""
    places = [Path(place) for place in user_places()]
    beside = [(place if place.is_dir() else place.parent) / FOLDER for place in places]
    return [folder for folder in dict.fromkeys((IN_PROJECT, *beside)) if folder.is_dir()]


def default_folder() -> Path:
    """Give the folder that new fixtures go to."""
    if IN_PROJECT.is_dir() and not os.environ.get(VARIABLE):
        return IN_PROJECT
    place = Path(next(iter(user_places()), DEFAULT_PLACE))
    return (place.parent if place.suffix == ".toml" else place) / FOLDER


def fields_of(outcome: Article | Rejected) -> dict[str, Any]:
    """Give what a page is cleaned to, in the form of `article.json`."""
    if isinstance(outcome, Rejected):
        return {"rejected": str(outcome.reason)}
    return {name: value_of(outcome, name) for name in FIELDS}


def value_of(article: Article, field: str) -> Any:
    """Give a field of an article in the form of `article.json`."""
    place = article.dateline.place if article.dateline else None
    forms: dict[str, Any] = {
        "body": [[block.kind, block.text] for block in article.body],
        "authors": [author.name for author in article.authors if author.kind == "person"],
        "desk": sorted(article.desk),
        "editors": sorted(article.editors),
        "agencies": sorted(agency.id for agency in article.agencies),
        "dateline": place.casefold() if place else None,
        "images": [[i.caption, i.credit.raw if i.credit else None] for i in article.images],
        "tags": list(article.tags),
        "publisher": [article.publisher.name, article.publisher.domain],
        "layout": article.extracted_with.publisher_layout,
        "layout_missed": list(article.extracted_with.layout_missed or ()),
    }
    return forms[field] if field in forms else getattr(article, field, None)


def compare(outcome: Article | Rejected, expected: dict[str, Any]) -> Iterator[Comparison]:
    """Compare a cleaned page with what is expected of it, field by field."""
    if isinstance(outcome, Rejected):
        rejected = str(outcome.reason)
        if expected.get("rejected") != rejected:
            detail = f"{rejected}: {outcome.detail}" if outcome.detail else rejected
            yield Comparison(field="rejected", expected=expected.get("rejected"), found=detail)
            return
    for field, stated in expected.items():
        value = stated
        if field == "rejected":
            found: Any = str(outcome.reason) if isinstance(outcome, Rejected) else None
        else:
            assert isinstance(outcome, Article)
            found = value_of(outcome, field)
        if field == "dateline" and value:
            value = value.casefold()  # wires print places in capitals, the truth does not
        if field == "body" and isinstance(outcome, Article):
            found, value = (_without_standfirst(blocks, outcome) for blocks in (found, value))
        yield Comparison(field=field, expected=value, found=found)


def _without_standfirst(blocks: list[Any], article: Article) -> list[Any]:
    """Leave the standfirst out: it has a field of its own, and may stand in the text as well."""
    is_first = blocks and article.subtitle and bare(blocks[0][1]) == bare(article.subtitle)
    return blocks[1:] if is_first else blocks


def check_fixture(fixture: Fixture) -> list[Comparison]:
    """Clean a fixture's page and compare."""
    return list(compare(clean(fixture.page), fixture.expected))


def write_fixture(
    page: Page, folder: Path, *, slug: str | None = None, why: str = "", replace: bool = False
) -> Fixture:
    """Keep a page as a fixture, with what it is cleaned to now as what is expected.

    Args:
        page: the page; its address must be known.
        folder: where fixtures are kept.
        slug: its name; made of the address, if not given.
        why: what it is a case of.
        replace: whether one of that name may be overwritten.

    Raises:
        UsageError: the page has no address, or the fixture is there already.
        InputError: it cannot be written.

    """
    if not page.url:
        raise UsageError("a fixture needs the page's address: give --url")
    host = urlsplit(page.url).hostname
    source = publisher_for(host)
    name = source.id if source else registrable_domain(host) or "unknown"
    path = folder / name / (slug or slug_of(page.url))
    if path.exists() and not replace:
        raise UsageError(f"{path} is there already; name another with --slug, or give --force")
    outcome = clean(page)
    body = page.body if isinstance(page.body, bytes) else page.body.encode("utf-8")
    about = {
        "url": page.url,
        # Text that was read as such is written as UTF-8, whatever the page says.
        "content_type": page.content_type if isinstance(page.body, bytes) else "text/html; charset=utf-8",
        "fetched_at": page.fetched_at.isoformat() if page.fetched_at else None,
        **({"why": why} if why else {}),
    }  # fmt: skip
    try:
        path.mkdir(parents=True, exist_ok=True)
        # mtime=0: the same page gives the same bytes.
        (path / "page.html.gz").write_bytes(gzip.compress(body, 9, mtime=0))
        write_json(path / "page.json", about)
        write_json(path / "article.json", fields_of(outcome))
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error
    return Fixture(path)


def write_json(path: Path, value: object) -> None:
    """Write a file of a fixture so that a change of it reads well in a diff."""
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def slug_of(url: str) -> str:
    """Make a name of an address: of its last part that has letters.

    >>> slug_of("https://a.example/world/2024/05/03/flood-hits-old-town.html?x=1")
    'flood-hits-old-town'
    >>> slug_of("https://a.example/")
    'page'
    """
    parts = [part for part in unquote(urlsplit(url).path).split("/") if re.search(r"[^\W\d]", part)]
    last = re.sub(r"\.\w{2,5}$", "", parts[-1]) if parts else ""
    return re.sub(r"[^\w-]+", "-", last).strip("-")[:MAX_SLUG].strip("-") or "page"
