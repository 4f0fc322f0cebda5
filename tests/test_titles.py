"""The headline is what a reader sees, unless that is the site's name."""

import pytest

from newscrawl import Article, Page, clean
from tests.pages_of import paragraphs

SEEN = "Old ferry landing will open again in June"


def title_of(h1: str, declared: str) -> str | None:
    """Clean a page with a visible headline and a declared one."""
    html = (
        f'<html lang="en"><head><title>{declared}</title><meta property="og:title" content="{declared}"></head>'
        f"<body><main><h1>{h1}</h1>{paragraphs()}</main></body></html>"
    )
    found = clean(Page(body=html, url="https://courier.example/2024/05/03/ferry-landing"))
    assert isinstance(found, Article)
    return found.title


@pytest.mark.parametrize(
    ("h1", "declared", "wanted"),
    [
        (SEEN, SEEN, SEEN),
        (SEEN, "Ferry Harbour Opening Times Tickets", SEEN),
        ("The Harbour Courier", SEEN, SEEN),
        ("<span>Harbour</span><span>: Old landing to open</span>", "Harbour: Old landing to open",
         "Harbour: Old landing to open"),
        ("", SEEN, SEEN),
        (SEEN, "", SEEN),
    ],
)  # fmt: skip
def test_the_visible_headline_wins_if_it_is_one(h1: str, declared: str, wanted: str) -> None:
    assert title_of(h1, declared) == wanted
