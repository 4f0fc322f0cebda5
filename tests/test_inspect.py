"""A look inside: the original beside the article, in a real browser, and what hostile pages may not do there."""

import gzip
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lxml.html
import pytest

from newscrawl.batch import Failed
from newscrawl.demo.site import build_site
from newscrawl.downloading.render import BROWSERS
from newscrawl.items import Article, Page, Rejected
from newscrawl.reports.fates import Kind, settle_fates
from newscrawl.reports.inspector import Look, inspector_page
from newscrawl.reports.original import MAX_BLOCKS, original_of
from newscrawl.stages import clean
from newscrawl.wording import squeeze
from tests.conftest import proxied
from tests.fixture_pages import cleaned, fixtures
from tests.shell import Shell
from tests.web import Answer, Canary, Web, article, site

URL = "https://www.harrow.example/2026/11/20/ferry-returns-to-harrow-bay"
SENTENCES = [
    f"The ferry made {number} crossings on its first day back, and the crew said that the queue on the western "
    "pier had not been so long since the summer before the storm."
    for number in range(3, 9)
]
LEAD = "The first ferry in eleven months has crossed Harrow Bay, with a brass band on its upper deck and no free seat."
OPENING = "Passengers began to queue at the pier before dawn, some of them with chairs, and the bakery ran out of rolls by nine."
PARAGRAPHS = "".join(f"<p>{sentence}</p>" for sentence in SENTENCES)
STORY = f"""<html lang="en"><head><title>Ferry returns to Harrow Bay | Harrow Post</title>
<meta property="og:type" content="article"><meta property="og:title" content="Ferry returns to Harrow Bay">
<meta property="article:published_time" content="2026-11-20T10:00:00+00:00"></head><body>
<header><nav><ul><li><a href="/news">News</a></li><li><a href="/sport">Sport</a></li></ul></nav></header>
<main><article><h1>Ferry returns to Harrow Bay</h1>
<p class="standfirst">{LEAD}</p>
<p class="byline">By Odile Marchbank</p><p class="date">Published on 20 November 2026</p>
<figure><img src="/ferry.jpg" alt="A ferry"><figcaption>The ferry Anna leaves the pier. Photo: Jo Quill</figcaption></figure>
<p>HARROW BAY (AP) — {OPENING}</p>
<p>{LEAD}</p>
{PARAGRAPHS}
<p>Follow us on Facebook</p>
<h3>Related Stories</h3><ul><li><a href="/a">School reopens after the long storm</a></li></ul>
</article></main><footer><p>All about Harrow Post</p><p><a href="/imprint">Imprint</a></p></footer>
<script>window.__pwned = 1</script></body></html>"""


def page_of(html: str | bytes, **values: Any) -> Page:
    return Page(body=html, **{"url": URL, **values})


def looked_at(page: Page, **values: Any) -> lxml.html.HtmlElement:
    """Give the inspector's page on a page, parsed."""
    return lxml.html.document_fromstring(
        inspector_page(Look(page=page, outcome=clean(page), **values))
    )


def texts(tree: lxml.html.HtmlElement, query: str) -> list[str]:
    return [squeeze(element.text_content()) for element in tree.cssselect(query)]


def fates(html: str) -> dict[str, str]:
    """Give what became of each block of a page, by how it begins; each with its main fate and its field or code."""
    tree = looked_at(page_of(html))
    found = {}
    for block in tree.cssselect(".b"):
        said = squeeze(" ".join(one.text_content() for one in block.cssselect(".fate, .why")))
        found.setdefault(squeeze(block.cssselect(".w")[0].text_content())[:24], said)
    return found


# -- what became of each block --------------------------------------------------------------------


def test_every_block_has_its_fate() -> None:
    found = fates(STORY)

    assert found["Ferry returns to Harrow "].startswith("M moved to title")
    assert found["By Odile Marchbank"].startswith("M moved to authors")
    assert found["Published on 20 November"].startswith("M moved to date")
    assert found["The ferry Anna leaves th"].startswith("M moved to image")
    assert found[SENTENCES[1][:24]].startswith("K kept ¶")
    assert "R removed edit" in found["Follow us on Facebook"]
    assert "share.line: A share, follow or comment prompt." in found["Follow us on Facebook"]
    assert found["Related Stories"].startswith("R removed")
    assert found["News"].startswith("L left")
    assert found["Imprint"].startswith("L left")


def test_a_block_that_was_split_names_both_of_its_fates() -> None:
    found = fates(STORY)["HARROW BAY (AP) — Passen"]

    assert found.startswith("K kept ¶1")
    assert "a piece of it: M moved to dateline" in found


def test_of_a_lead_that_is_printed_twice_one_is_kept_and_the_other_removed() -> None:
    page = page_of(STORY)
    outcome = clean(page)
    assert isinstance(outcome, Article)
    blocks = original_of(page).blocks
    settled = settle_fates(blocks, outcome).blocks
    kinds = [
        found[0].kind for block, found in zip(blocks, settled, strict=True) if block.text == LEAD
    ]

    assert sorted(kinds) == [Kind.KEPT, Kind.REMOVED]


def test_both_sides_lead_to_each_other() -> None:
    tree = looked_at(page_of(STORY))
    ids = [element.get("id") for element in tree.iter() if element.get("id")]

    assert len(ids) == len(set(ids))
    links = tree.cssselect("main a[href^='#']")
    assert len(links) > 20
    assert {str(link.get("href"))[1:] for link in links} <= set(ids)
    for block in tree.cssselect(".t"):
        origin = tree.get_element_by_id(str(block.cssselect("a")[0].get("href"))[1:])
        assert origin.cssselect(".fate a")[0].get("href") == f"#{block.get('id')}"


def test_the_counts_are_of_all_blocks() -> None:
    tree = looked_at(page_of(STORY))
    counts = {
        kind: int(re.findall(r"\d+", text)[0])
        for kind, text in zip(Kind, texts(tree, "fieldset .fate"), strict=True)
    }

    assert sum(counts.values()) == len(tree.cssselect(".b"))
    assert all(counts[kind] == len(tree.cssselect(f".b.{kind}")) > 0 for kind in Kind)


def test_what_lost_against_a_field_and_why_is_shown() -> None:
    tree = looked_at(page_of(STORY))

    lost = texts(tree, ".lost")
    assert "lost: meta.og:title: Ferry returns to Harrow Bay (the same)" in lost
    assert any(text.startswith("authorsOdile Marchbank") for text in texts(tree, ".fields tr"))


def test_scripts_and_their_like_are_counted_and_not_shown() -> None:
    tree = looked_at(page_of(STORY))

    assert "Not read at all: 1 script." in texts(tree, ".original > p")
    assert "__pwned" not in tree.text_content()


def demo_pages() -> Iterator[Page]:
    for url, resource in build_site().items():
        if resource.status == 200 and resource.content_type.startswith("text/html"):
            yield Page(body=resource.body, url=url, content_type=resource.content_type)


def shown_whole(page: Page, outcome: Article | Rejected) -> None:
    """Check that every block of the text and every removal is shown, and that what it refers to is there."""
    tree = lxml.html.document_fromstring(inspector_page(Look(page=page, outcome=outcome)))
    ids = {element.get("id") for element in tree.iter() if element.get("id")}
    original = original_of(page)
    assert texts(tree, ".original .w") == [squeeze(block.text) for block in original.blocks]
    if not isinstance(outcome, Article):
        assert str(outcome.reason) in texts(tree, ".notice")[0]
        return
    assert texts(tree, ".t .w") == [squeeze(block.text) for block in outcome.body]
    edits = {squeeze(edit.text) for edit in outcome.removed}
    assert {squeeze(bdi.text_content()) for bdi in tree.cssselect(".edits bdi")} == edits
    assert len(tree.cssselect(".edits li")) == len(outcome.removed)
    for one in tree.cssselect(".t .gutter, .edits li"):
        links = one.cssselect("a")
        assert links[0].get("href")[1:] in ids if links else "not located" in one.text_content()


def test_nothing_of_any_fixture_is_missing() -> None:
    for fixture in fixtures():
        shown_whole(fixture.page, cleaned(fixture))


def test_nothing_of_any_page_of_the_demo_is_missing() -> None:
    for page in demo_pages():
        shown_whole(page, clean(page))


def test_a_text_that_is_nowhere_on_the_page_is_said_not_to_be_located() -> None:
    data = json.dumps(
        {"@type": "NewsArticle", "headline": "Ferry returns", "articleBody": "\n".join(SENTENCES)}
    )
    html = f'<html><head><title>Ferry returns</title><script type="application/ld+json">{data}</script></head><body><h1>Ferry returns</h1></body></html>'
    tree = looked_at(page_of(html))

    assert len(tree.cssselect(".t")) == len(SENTENCES)
    assert all("not located in the original" in text for text in texts(tree, ".t .gutter"))
    assert "text jsonld.articleBody" in texts(tree, ".fields tr")


# -- pages of other kinds -------------------------------------------------------------------------


def test_a_refused_page_shows_why_and_what_it_would_have_been() -> None:
    page, outcome = next(
        (page, outcome) for page in demo_pages() if isinstance(outcome := clean(page), Rejected)
    )
    tree = looked_at(page)

    assert texts(tree, ".notice")[0].startswith(f"{outcome.reason}: {outcome.reason.sentence}")
    assert texts(tree, "h2")[1] == "What it would have been"
    assert tree.cssselect(".t")
    assert tree.cssselect(".fields tbody tr")


@pytest.mark.parametrize("body", [b"", b"%PDF-1.7 \0\1\2", b"no markup", "<html>" + "<p>" * 400_000, "<div>" * 3000 + "deep"])  # fmt: skip
def test_what_is_no_page_is_shown_as_it_is(body: str | bytes) -> None:
    tree = looked_at(page_of(body))

    assert texts(tree, ".badge")[0].startswith("refused")
    assert not tree.cssselect(".t")


def test_a_page_on_which_newscrawl_fails_is_shown_with_the_error() -> None:
    look = Look(page=page_of(STORY), outcome=Failed(error="ValueError('a bug')", url=URL))
    tree = lxml.html.document_fromstring(inspector_page(look))

    assert "a bug" in texts(tree, ".notice")[0]
    assert len(tree.cssselect(".b.left")) == len(tree.cssselect(".b")) > 10


def test_of_a_text_dump_the_original_is_its_lines() -> None:
    dump = "\n\n".join(
        ["Ferry returns to Harrow Bay", LEAD, *SENTENCES, "Related Stories", "School reopens"]
    )
    tree = looked_at(Page(body=dump, kind="text"))

    assert texts(tree, ".original .w")[:2] == ["Ferry returns to Harrow Bay", LEAD]
    assert texts(tree, ".b .fate")[0].startswith("M moved to title")
    assert len(tree.cssselect(".b.kept")) == 1 + len(SENTENCES)
    assert len(tree.cssselect(".b.removed")) == 2


def test_a_huge_page_is_cut_and_says_so() -> None:
    html = f"<html><body><article><h1>Ferry returns</h1>{PARAGRAPHS * 2000}</article></body></html>"
    began = time.monotonic()
    tree = looked_at(page_of(html))

    assert len(tree.cssselect(".b")) == MAX_BLOCKS
    assert texts(tree, ".original .notice") == [
        f"Not all of it is here: cut after {MAX_BLOCKS:,} of 12,001 blocks."
    ]
    assert time.monotonic() - began < 20
