"""A look inside: the original beside the article, in a real browser, and what hostile pages may not do there."""

import gzip
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lxml.html
import pytest

from newscrawl.batch import Failed
from newscrawl.cli import main
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
    found: dict[str, str] = {}
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
    assert set(texts(tree, ".edits bdi")) == edits
    assert len(tree.cssselect(".edits li")) == len(outcome.removed)
    for one in tree.cssselect(".t .gutter, .edits li"):
        links = [str(link.get("href"))[1:] for link in one.cssselect("a")]
        said = "".join(map(str, one.itertext()))
        assert links[0] in ids if links else "not located" in said


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


@pytest.mark.parametrize("body", [b"", b"%PDF-1.7 \0\1\2", b"no markup", "<html>" + "<p>" * 300_001, "<div>" * 3000 + "deep"])  # fmt: skip
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
    html = f"<html><body><article><h1>Ferry returns</h1>{PARAGRAPHS * 850}</article></body></html>"
    began = time.monotonic()
    tree = looked_at(page_of(html))

    assert len(tree.cssselect(".b")) == MAX_BLOCKS
    assert texts(tree, ".original .notice") == [
        f"Not all of it is here: cut after {MAX_BLOCKS:,} of 5,101 blocks."
    ]
    assert time.monotonic() - began < 20


# -- the command ----------------------------------------------------------------------------------


Inspect = Callable[..., tuple[str, str]]


@pytest.fixture
def inspect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Inspect:
    """Run the command on files, in a folder of its own; give what it printed, and what it said."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path, code: int = 0, stdin: bytes = b"") -> tuple[str, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        ended = main(["inspect", *map(str, arguments)])
        printed, said = (part.decode() for part in capfdbinary.readouterr())
        assert ended == code, said[-3000:]
        return printed, said

    return run


def command_of(path: Path) -> str:
    """Give the command that the page offers to copy."""
    tree = lxml.html.document_fromstring(path.read_text(encoding="utf-8"))
    return "".join(map(str, tree.cssselect("#command")[0].itertext()))


def paste(folder: Path, command: str) -> dict[str, Any]:
    """Run a command as it is pasted into a shell; give what the fixture says of its page."""
    program = f'newscrawl() {{ {shlex.quote(sys.executable)} -m newscrawl "$@"; }}\n{command}\n'
    result = subprocess.run(
        ["sh", "-c", program], cwd=folder, env=proxied("http://127.0.0.1:9"), capture_output=True,
        check=False, timeout=120, text=True,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    [about] = folder.rglob("fixtures/**/page.json")
    body = gzip.decompress((about.parent / "page.html.gz").read_bytes())
    expected = json.loads((about.parent / "article.json").read_text(encoding="utf-8"))
    return {**json.loads(about.read_text(encoding="utf-8")), "body": body, "expected": expected}


def test_a_file_is_written_and_its_command_makes_a_fixture(
    tmp_path: Path, inspect: Inspect
) -> None:
    source = tmp_path / 'it\'s a "page" $(touch pwned).html'
    source.write_text(STORY, encoding="utf-8")
    printed, _ = inspect(source, "--url", URL, "--fetched-at", "2026-11-21T08:00+00:00")
    path = tmp_path / printed.strip()

    assert re.fullmatch(
        r"data/inspect/www\.harrow\.example-ferry-returns-to-harrow-bay-[0-9a-f]{6}\.html",
        printed.strip(),
    )
    kept = paste(tmp_path, command_of(path))
    assert (kept["url"], kept["fetched_at"]) == (URL, "2026-11-21T08:00:00+00:00")
    assert kept["body"] == STORY.encode()
    assert kept["expected"]["title"] == "Ferry returns to Harrow Bay"
    assert not (tmp_path / "pwned").exists()


def test_a_page_that_is_fetched_is_kept_beside_and_makes_the_same_article(tmp_path: Path) -> None:
    url = "http://www.harrow.example/2026/11/20/ferry-returns"
    html = STORY.replace("Odile", "Odétte").encode("cp1252", "xmlcharrefreplace")
    pages = {url: Answer(html, type="text/html; charset=windows-1252")}
    with Web(pages) as web:  # type: ignore[arg-type]
        printed = Shell(tmp_path, web.proxy)("inspect", url)
    path = tmp_path / printed.strip()

    assert path.with_suffix(".page.html").read_bytes() == html
    kept = paste(tmp_path, command_of(path))
    assert kept["content_type"] == "text/html; charset=windows-1252"
    assert kept["expected"]["authors"] == ["Odétte Marchbank"]
    assert kept["fetched_at"]


def test_of_several_pages_the_one_with_the_address_is_shown(
    tmp_path: Path, inspect: Inspect
) -> None:
    rows = [
        {"url": f"https://a.example/{n}", "html": STORY.replace("Harrow Bay", f"Harbour {n}")}
        for n in range(3)
    ]
    source = tmp_path / "pages.jsonl"
    source.write_text("\n".join(map(json.dumps, rows)))

    inspect(source, "-O", "first.html")
    inspect(source, "--url", "https://a.example/2", "-O", "last.html")
    _, said = inspect(source, "--url", "https://a.example/9", code=2)

    first, last = (
        lxml.html.parse(tmp_path / name).getroot() for name in ("first.html", "last.html")
    )
    assert texts(first, "h1") == ["Ferry returns to Harbour 0"]
    assert texts(last, "h1") == ["Ferry returns to Harbour 2"]
    assert texts(last, "header > .soft") == ["one of 3 pages in " + str(source)]
    assert "none of 3 pages has the address" in said
    file = shlex.split(command_of(tmp_path / "last.html"))[3]
    assert Path(file).read_text(encoding="utf-8") == rows[2]["html"]


def test_to_standard_output_nothing_is_kept_beside(tmp_path: Path, inspect: Inspect) -> None:
    printed, _ = inspect("-", "--url", URL, "-O", "-", stdin=STORY.encode())

    assert printed.startswith("<!DOCTYPE html>")
    assert "Write it to a file with -O" in printed
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "body", "code", "said"),
    [
        ("empty.html", b"", 1, "empty"),
        ("list.html", b"<html><body><p>Only a few words.</p></body></html>", 3, "rejected, "),
        ("dump.txt", "\n\n".join(["Ferry returns", *SENTENCES]).encode(), 0, ""),
    ],
)
def test_exit_codes_of_files(
    tmp_path: Path, inspect: Inspect, name: str, body: bytes, code: int, said: str
) -> None:
    (tmp_path / name).write_bytes(body)
    _, error = inspect(name, "-O", "look.html", code=code)

    assert said in error
    tree = lxml.html.parse(tmp_path / "look.html").getroot()
    assert texts(tree, ".badge")[0].startswith("refused" if code else "an article")
    assert not tree.cssselect("#copy")


def test_a_browser_is_opened_on_a_terminal_alone(
    tmp_path: Path, inspect: Inspect, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "page.html").write_text(STORY, encoding="utf-8")
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setenv("DISPLAY", ":0")
    inspect("page.html", "-O", "look.html")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    inspect("page.html", "-O", "look.html", "--no-open")
    assert not opened

    inspect("page.html", "-O", "look.html")
    assert opened == [(tmp_path / "look.html").as_uri()]


def test_wrong_usage(tmp_path: Path, inspect: Inspect) -> None:
    (tmp_path / "page.html").write_text(STORY, encoding="utf-8")

    assert "no such file" in inspect("none.html", code=2)[1]
    assert "not an http" in inspect("page.html", "--url", "javascript:alert(1)", code=2)[1]
    assert "no time such as" in inspect("page.html", "--fetched-at", "soon", code=2)[1]
    assert "is a folder" in inspect("page.html", "-O", tmp_path, code=2)[1]
    assert inspect("page.html", "--url", URL, "--state", "none.db", code=1)


def test_an_address_that_robots_txt_forbids_exits_with_5(tmp_path: Path) -> None:
    url = "http://www.harrow.example/private/page"
    with Web(site("www.harrow.example", ["Ferry returns"])) as web:
        said = Shell(tmp_path, web.proxy)("inspect", url, code=5)

    assert "robots" in said
    assert not list(tmp_path.rglob("*.html"))


def test_an_address_that_would_steer_a_terminal_gives_no_command(
    tmp_path: Path, inspect: Inspect
) -> None:
    row = {"url": "https://a.example/x\u001b[201~\u202e;id", "html": STORY}
    (tmp_path / "page.jsonl").write_text(json.dumps(row))
    inspect("page.jsonl", "-O", "look.html", code=0)
    tree = lxml.html.parse(tmp_path / "look.html").getroot()

    assert not tree.cssselect("#command")
    assert "must not be pasted" in texts(tree, ".fixture")[0]


def test_the_versions_that_a_crawl_has_stored_are_shown(tmp_path: Path, inspect: Inspect) -> None:
    titles = ["Council votes for the harbour wall", "School reopens after the long storm"]
    pages = site("www.harrow.example", titles)
    url = next(url for url in pages if "council" in url)
    with Web(pages) as web:
        shell = Shell(tmp_path, web.proxy)
        shell.crawl(url, "-s", 'NEWSCRAWL_REVISITS={"default": "0.001s 9d"}')
        web.pages[url] = article(
            titles[0],
            more="<p>Correction: The wall will be nine metres long, and not ninety as we wrote first.</p><p>The vote was repeated on Friday, when the mayor had come back from the islands.</p>",
        )
        shell.crawl(url)
    (tmp_path / "page.html").write_text(STORY, encoding="utf-8")
    printed, _ = inspect("page.html", "--url", url)
    tree = lxml.html.parse(tmp_path / printed.strip()).getroot()

    assert texts(tree, "#versions") == ["Versions: 2"]
    assert "+ The vote was repeated on Friday" in " ".join(texts(tree, ".diff .came"))
    assert "5 paragraphs stayed" in " ".join(texts(tree, ".diff"))
    assert "nine metres long" in " ".join(texts(tree, "details"))


# -- in a browser ---------------------------------------------------------------------------------

HOSTILE = """<html lang="en' onmouseover='pwn()"><head>
<title>Ferry returns</title><script>window.__pwned=1</script> to Harrow Bay</title>
<base href="http://127.0.0.1:PORT/"><meta http-equiv="refresh" content="0;url=http://127.0.0.1:PORT/refresh">
<link rel="stylesheet" href="http://127.0.0.1:PORT/a.css"><link rel="prefetch" href="http://127.0.0.1:PORT/p">
<style>@import url(http://127.0.0.1:PORT/b.css); body{background:url(http://127.0.0.1:PORT/c.png)}</style>
<meta property="og:type" content="article"><meta property="article:author" content="&lt;img src=x onerror=pwn()&gt;">
<meta property="og:title" content='Ferry returns"><script>window.__pwned=2</script>'></head>
<body onload="pwn()"><script>function pwn(){window.__pwned=3}</script><article class='"><script>window.__pwned=4</script>' id="main">
<h1 style="background:url(http://127.0.0.1:PORT/d.png)">Ferry returns &lt;/title&gt;&lt;script&gt;window.__pwned=5&lt;/script&gt;</h1>
<p>By &lt;svg/onload=pwn()&gt; Odile Marchbank</p>
PARAGRAPHS
<p>&lt;/textarea&gt;&lt;/style&gt;&lt;script&gt;window.__pwned=6&lt;/script&gt; ]]&gt; {{ 7*7 }} {% raw %} &#27;[31mred&#27;[0m &#8238;desrever&#8236; a sentence that is long enough to be read as a text of its own.</p>
<p><a href="javascript:window.__pwned=7" target="_top">A link that runs</a> in a sentence that is long enough to be kept as a part of the text.</p>
<img src="http://127.0.0.1:PORT/e.png" srcset="http://127.0.0.1:PORT/f.png 2x" onerror="pwn()" alt='"><script>window.__pwned=8</script>'>
<picture><source srcset="http://127.0.0.1:PORT/g.png"><img src="javascript:pwn()" onload="pwn()"></picture>
<svg onload="pwn()"><script>window.__pwned=9</script><a xlink:href="javascript:pwn()"><text>svg</text></a></svg>
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=window.__pwned=10&gt;"></table></mtext></math>
<noscript><p title="</noscript><img src=x onerror=window.__pwned=11>"></noscript>
<template><img src="http://127.0.0.1:PORT/h.png" onerror="pwn()"></template>
<iframe src="http://127.0.0.1:PORT/i" srcdoc="<script>top.__pwned=12</script>"></iframe>
<object data="http://127.0.0.1:PORT/j"></object><embed src="http://127.0.0.1:PORT/k">
<video src="http://127.0.0.1:PORT/l" autoplay poster="http://127.0.0.1:PORT/m"></video><audio src="http://127.0.0.1:PORT/n" autoplay></audio>
<form action="http://127.0.0.1:PORT/o"><input autofocus onfocus="pwn()" name="copy"><button id="copy" formaction="javascript:pwn()">Send</button><textarea></textarea><script>window.__pwned=13</script></textarea></form>
<p dir="rtl'onclick='pwn()" lang="x' y" id="copied" style="position:fixed;inset:0;z-index:99">A sheet over everything that is a sentence long enough to be read.</p>
<xmp><script>window.__pwned=14</script></xmp><plaintext><script>window.__pwned=15</script>
"""


@dataclass
class Visit:
    """A page in the browser, and all that it did unasked."""

    page: Any
    requests: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)

    def dismiss(self, dialog: Any) -> None:
        """Note a dialog, and end it: it would wait for ever."""
        self.messages.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def check(self, address: str) -> None:
        """Check that it asked for itself alone, said nothing, and ran nothing."""
        self.page.wait_for_timeout(150)
        assert set(self.requests) <= {address}, self.requests
        assert self.messages == []
        for frame in self.page.frames:
            assert frame.evaluate("window.__pwned") is None
        assert len(self.page.frames) == 1
        assert self.page.evaluate("document.scripts.length") == 1
        assert self.page.evaluate("location.href").split("#")[0] == address


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api")
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not found:
        pytest.skip("there is no Chromium on this machine")
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox"] if is_root else []
        )
        yield browser
        browser.close()


def visit(
    chromium: Any, path: Path, *, permissions: tuple[str, ...] = (), before: str = "", **values: Any
) -> Visit:
    """Open a page and listen to all that it does."""
    context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **values})
    if permissions:
        context.grant_permissions(list(permissions))
    if before:
        context.add_init_script(before)
    found = Visit(context.new_page())
    found.page.on("request", lambda request: found.requests.append(request.url))
    found.page.on("console", lambda message: found.messages.append(message.text))
    found.page.on("pageerror", lambda error: found.messages.append(str(error)))
    found.page.on("dialog", found.dismiss)
    context.on("page", lambda page: found.messages.append(f"opened {page.url}"))
    found.page.goto(path.as_uri())
    return found


def written(path: Path, page: Page, **values: Any) -> Path:
    look = Look(page=page, outcome=clean(page), **values)
    path.write_text(inspector_page(look), encoding="utf-8", errors="replace")
    return path


def test_a_page_of_the_demo_opens_quietly(chromium: Any, tmp_path: Path) -> None:
    page = next(page for page in demo_pages() if "ferry-crews" in str(page.url))
    path = written(tmp_path / "look.html", page)
    for scheme in ("light", "dark"):
        seen = visit(chromium, path, color_scheme=scheme)
        seen.check(path.as_uri())
        assert seen.page.locator(".b").count() > 20
        assert seen.page.evaluate(POOR_CONTRAST) == []
        seen.page.context.close()


POOR_CONTRAST = """() => {
  const rgb = text => text.match(/[\\d.]+/g).map((v, i) => text.startsWith('color(') && i < 3 ? v * 255 : Number(v));
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= 0.04 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = element => {
    for (let one = element; one; one = one.parentElement) {
      const colour = rgb(getComputedStyle(one).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const element of document.querySelectorAll('main *')) {
    if (![...element.childNodes].some(n => n.nodeType === 3 && n.data.trim()) || !element.offsetParent) continue;
    const [a, b] = [light(rgb(getComputedStyle(element).color)), light(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push(element.className + ' ' + element.textContent.slice(0, 20) + ' ' + ratio.toFixed(2));
  }
  return [...new Set(poor)];
}"""
"""Texts whose contrast with what is behind them is under that of WCAG AA."""


def test_it_is_used_by_keyboard_alone(chromium: Any, tmp_path: Path) -> None:
    path = written(tmp_path / "look.html", page_of(STORY), command="newscrawl fixture add x")
    seen = visit(chromium, path)
    page = seen.page
    order = []
    for _ in range(8):
        page.keyboard.press("Tab")
        order.append(
            page.evaluate(
                "document.activeElement.id || document.activeElement.className || document.activeElement.hash"
            )
        )
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"

    assert order[:7] == [
        "skip",
        "show-kept",
        "show-moved",
        "show-removed",
        "show-left",
        "command",
        "copy",
    ]
    page.focus("#show-removed")
    removed = page.locator(".b.removed").first
    assert removed.is_visible()
    page.keyboard.press("Space")
    assert not removed.is_visible()
    assert page.locator(".b.kept").first.is_visible()
    page.keyboard.press("Space")
    assert removed.is_visible()

    page.locator(".b.kept .fate a").last.focus()
    page.keyboard.press("Enter")
    target = page.locator(".t:target")
    assert target.is_visible()
    assert page.evaluate(
        "document.querySelector('.t:target').getBoundingClientRect().top < innerHeight"
    )
    assert page.locator(".b.hot").count() == 1
    page.keyboard.press("Tab")
    assert page.evaluate(
        "document.activeElement.closest('.t') === document.querySelector('.t:target')"
    )
    page.keyboard.press("Enter")
    assert page.locator(".b:target").is_visible()
    seen.check(path.as_uri())


def test_a_block_in_a_folded_part_is_reached(chromium: Any, tmp_path: Path) -> None:
    menu = "".join(f"<li><a href='/{n}'>Section {n}</a></li>" for n in range(20))
    path = written(tmp_path / "look.html", page_of(STORY.replace("<nav><ul>", f"<nav><ul>{menu}")))
    page = visit(chromium, path).page

    assert not page.locator("#o3").is_visible()
    page.locator(".group details summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("#o3").is_visible()


def test_the_button_copies_the_command(chromium: Any, tmp_path: Path) -> None:
    command = "newscrawl fixture add 'a b.html' --url https://a.example/?a=1&b=<2>"
    path = written(tmp_path / "look.html", page_of(STORY), command=command)
    seen = visit(chromium, path, permissions=("clipboard-read", "clipboard-write"))
    seen.page.focus("#copy")
    seen.page.keyboard.press("Enter")
    seen.page.wait_for_function("document.getElementById('copied').textContent === 'copied'")

    assert seen.page.evaluate("navigator.clipboard.readText()") == command
    assert seen.page.get_attribute("#copied", "aria-live") == "polite"
    seen.check(path.as_uri())


def test_where_the_clipboard_is_refused_the_command_is_selected(
    chromium: Any, tmp_path: Path
) -> None:
    path = written(tmp_path / "look.html", page_of(STORY), command="newscrawl fixture add x")
    seen = visit(
        chromium, path, before="Object.defineProperty(navigator, 'clipboard', {value: undefined})"
    )
    seen.page.click("#copy")
    seen.page.wait_for_function(
        "document.getElementById('copied').textContent.startsWith('selected')"
    )

    assert seen.page.evaluate("getSelection().toString()") == "newscrawl fixture add x"
    seen.check(path.as_uri())


def test_a_hostile_page_runs_nothing_and_asks_for_nothing(chromium: Any, tmp_path: Path) -> None:
    with Canary() as canary:
        html = HOSTILE.replace("PORT", str(canary.port)).replace("PARAGRAPHS", PARAGRAPHS)
        page = page_of(html)
        outcome = clean(page)
        assert isinstance(outcome, Article), outcome
        path = written(tmp_path / "look.html", page, command="newscrawl fixture add x")
        seen = visit(chromium, path)
        seen.page.evaluate(
            "for (const e of document.querySelectorAll('*')) e.dispatchEvent(new Event('mouseover'))"
        )
        seen.page.evaluate("for (const e of document.querySelectorAll('main a')) e.click()")
        seen.check(path.as_uri())
        assert not canary.was_met()
    shown = seen.page.locator(".original")
    assert "</textarea></style><script>window.__pwned=6" in shown.inner_text()
    assert "A link that runs" in shown.inner_text()
    assert (
        seen.page.locator(
            "iframe, object, embed, form, svg, img, video, audio, base, link:not([rel=icon])"
        ).count()
        == 0
    )
    assert seen.page.locator("#copy").count() == seen.page.locator("#main").count() == 1
    assert seen.page.evaluate(
        "[...document.querySelectorAll('main *')].every(e => getComputedStyle(e).position !== 'fixed')"
    )
    ours = {
        "class",
        "id",
        "dir",
        "lang",
        "title",
        "href",
        "tabindex",
        "type",
        "checked",
        "autocomplete",
        "aria-label",
        "aria-labelledby",
        "aria-live",
        "aria-hidden",
        "role",
        "scope",
        "open",
    }
    assert (
        set(
            seen.page.evaluate(
                "[...document.querySelectorAll('main, main *')].flatMap(e => e.getAttributeNames())"
            )
        )
        <= ours
    )
    seen.page.click("#copy")


@pytest.mark.parametrize("depth", [150, 190_000])
def test_deep_and_long_pages_stay_usable(chromium: Any, tmp_path: Path, depth: int) -> None:
    html = "<div>" * depth + STORY + "".join(f"<p>{'x' * 3000}</p>" for _ in range(30))
    path = written(tmp_path / "look.html", page_of(html))
    seen = visit(chromium, path)
    seen.check(path.as_uri())

    assert "Harrow" in seen.page.inner_text("main") or depth > 1000


@pytest.mark.parametrize("width", [1280, 600, 360])
def test_nothing_is_wider_than_the_window(chromium: Any, tmp_path: Path, width: int) -> None:
    rtl = next(fixture.page for fixture in fixtures() if fixture.publisher == "albayan.ae")
    long = page_of(STORY.replace("Odile", "O" * 300).replace("ferry", "f" * 200))
    for number, page in enumerate((rtl, long)):
        path = written(tmp_path / f"{number}.html", page, command=f"newscrawl {'x' * 400}")
        seen = visit(chromium, path, viewport={"width": width, "height": 800})
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
        assert seen.page.evaluate(
            "document.querySelector('.original').scrollWidth <= document.querySelector('.original').clientWidth"
        )
        is_beside = seen.page.evaluate(
            "document.querySelector('.original').getBoundingClientRect().right <= document.querySelector('.result').getBoundingClientRect().left"
        )
        assert is_beside == (width == 1280)
        if page is rtl:
            assert (
                seen.page.evaluate(
                    "getComputedStyle(document.querySelector('.b.kept .w')).direction"
                )
                == "rtl"
            )
        seen.check(path.as_uri())
        seen.page.context.close()
