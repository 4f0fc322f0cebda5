"""What the layout promises, and what a reader of the tree relies on."""

import subprocess
import sys
from pathlib import Path

import pytest

import newscrawl
from docs.generate import pages
from newscrawl.publishers import publisher_for
from newscrawl.reasons import EditCode, Reason
from newscrawl.reference import agencies, load_table, word_list

ROOT = Path(__file__).parents[1]
SOURCES = {path: path.read_text(encoding="utf-8") for path in (ROOT / "newscrawl").rglob("*.py")}


def loaded_by(statement: str) -> set[str]:
    """Give the names of the modules that a statement loads in a new interpreter."""
    code = f"import sys; {statement}; print(' '.join(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    )
    return set(result.stdout.split())


def test_importing_the_package_loads_neither_scrapy_nor_trafilatura() -> None:
    assert not loaded_by("import newscrawl, newscrawl.cli") & {"scrapy", "twisted", "trafilatura"}


def test_cleaning_loads_no_scrapy() -> None:
    assert not loaded_by("from newscrawl import clean") & {"scrapy", "twisted"}


def test_the_face_of_the_library_is_what_it_says() -> None:
    assert {name for name in newscrawl.__all__ if getattr(newscrawl, name, None) is None} == set()


@pytest.mark.parametrize("name", pages())
def test_generated_docs_are_fresh(name: str) -> None:
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == pages()[name], "run make docs"


@pytest.mark.parametrize(
    "member", [*Reason, *EditCode], ids=lambda m: f"{type(m).__name__}.{m.name}"
)
def test_every_reason_and_code_is_used(member: Reason | EditCode) -> None:
    name = f"{type(member).__name__}.{member.name}"
    used = [path for path, text in SOURCES.items() if name in text and path.name != "reasons.py"]

    assert used
    assert member.sentence.endswith(".")


def test_the_gazetteer_of_agencies_is_whole() -> None:
    ids = [agency.id for agency in agencies()]

    assert len(ids) == len(set(ids)) >= 130
    assert {agency.evidence for agency in agencies()} - {""}


@pytest.mark.parametrize(
    "path", sorted((ROOT / "newscrawl/reference/gazetteers").glob("*.txt")), ids=lambda p: p.stem
)
def test_word_lists_have_no_duplicates(path: Path) -> None:
    terms = word_list(path.stem)

    assert len(terms) == len(set(terms)) > 0


def test_zones_exist() -> None:
    from newscrawl.dates.zones import zone_of

    for name, by_country in load_table("zones")["zones"].items():
        for country in by_country:
            assert zone_of(name, country) is not None


def test_publisher_files_are_found_by_host() -> None:
    found = publisher_for("www.newsgram.com")

    assert found is not None
    assert found.timezone == "Asia/Kolkata"
    assert publisher_for("newsgram.com.evil.example") is None
