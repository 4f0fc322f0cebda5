"""A page that only scripts fill, rendered by the system's Chromium behind our own proxy."""

import json
import shutil
from pathlib import Path

import pytest

from newscrawl.downloading.render import BROWSERS
from tests.shell import Shell
from tests.web import Answer, Canary, Web, feed, home

pytest.importorskip("scrapy_playwright")
if not any(map(shutil.which, BROWSERS)):
    pytest.skip("there is no Chromium on this machine", allow_module_level=True)

BASE = "http://www.drawn.example"
URL = f"{BASE}/2026/11/20/ferry-returns-to-harrow-bay"
SCRIPT = """
const story = await (await fetch('/story.json')).json();
document.querySelector('h1').textContent = story.title;
for (const text of story.paragraphs) {
  const paragraph = document.createElement('p');
  paragraph.textContent = text;
  document.querySelector('article').append(paragraph);
}
for (const address of story.inward) { try { await fetch(address, {mode: 'no-cors'}); } catch (error) {} }
"""


def test_a_page_that_scripts_fill_is_rendered_and_nothing_leads_inward(tmp_path: Path) -> None:
    with Canary() as canary:
        story = {
            "title": "Ferry returns to Harrow Bay",
            "paragraphs": [
                f"The ferry made {number} crossings on its first day back, and the crew said that the queue on "
                "the western pier had not been so long since the summer before the storm."
                for number in range(3, 9)
            ],
            "inward": [
                f"http://127.0.0.1:{canary.port}/",
                f"http://localhost:{canary.port}/",
                "/inward",
            ],
        }
        pages = {
            f"{BASE}/": home(f"{BASE}/feed.xml"),
            f"{BASE}/feed.xml": feed({URL: "Ferry returns to Harrow Bay"}),
            f"{BASE}/story.json": Answer(json.dumps(story), type="application/json"),
            f"{BASE}/inward": Answer(
                status=302, headers={"Location": f"http://127.0.0.1:{canary.port}/x"}
            ),
            URL: Answer(
                "<html lang=en><head><title>Ferry</title></head><body><main><article><h1></h1></article></main>"
                f"<img src=/picture.png><script type=module>{SCRIPT}</script></body></html>"
            ),
        }
        with Web(pages) as web:  # type: ignore[arg-type]
            shell = Shell(tmp_path, web.proxy)
            plain = shell.crawl(f"{BASE}/", "--no-state", code=3)
            assert "empty_shell 1" in plain or "no_text 1" in plain or "too_short 1" in plain
            shell.crawl(f"{BASE}/", "-s", "NEWSCRAWL_RENDER=drawn.example")
            assert not canary.was_met()
            assert not web.asked("picture.png")
    [stored] = shell.stored()
    assert stored["title"] == "Ferry returns to Harrow Bay"
    assert stored["word_count"] > 150


def test_rendering_without_a_browser_says_so(tmp_path: Path) -> None:
    with Web() as web:
        said = Shell(tmp_path, web.proxy)(
            "crawl",
            f"{BASE}/",
            "-s",
            "NEWSCRAWL_RENDER=drawn.example",
            "-s",
            "NEWSCRAWL_BROWSER=/no/browser",
            code=2,
        )
    assert "/no/browser" in said
