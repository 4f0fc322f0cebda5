"""The page of a run report in the system's Chromium: it loads nothing, runs nothing of a stranger's, and works by keyboard."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from newscrawl.downloading.render import BROWSERS
from newscrawl.reports.model import (
    CrawlReport,
    Day,
    FillRate,
    Report,
    SourceReport,
    Store,
    TroubleReport,
)
from newscrawl.reports.record import Example, HostReport, Mishap, PageReport
from newscrawl.reports.runpage import page as run_page

sync_api = pytest.importorskip("playwright.sync_api")
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)
if BROWSER is None:
    pytest.skip("there is no Chromium on this machine", allow_module_level=True)

EVIL = "<script>window.pwned=1</script><img src=x onerror=window.pwned=2>\"'><svg onload=window.pwned=3>"
HOSTILE = Report(
    newscrawl=EVIL, run=EVIL, command=EVIL, started="2026-11-26T20:00:00Z", ended="2026-11-26T20:05:00Z",
    code=4, reasons=(EVIL, "a.org is quiet: nothing new for 3 days"), line=EVIL,
    crawls=(CrawlReport(spider=EVIL, run=1, job=EVIL, ended=EVIL, last_line=EVIL, adds_up=False, pruned={EVIL: 3}),),
    sources={
        EVIL: SourceReport(
            ends={"new": 3, "rejected:listing": 2, EVIL: 1}, is_asked=True,
            hosts={EVIL: HostReport(requests=5, statuses={"200": 4, EVIL: 1}, gaps={"0": 4}, smallest_gap=1.0)},
            troubles=(TroubleReport(trouble="quiet", detail=EVIL, since="2026-11-20T00:00:00Z"),),
            history=tuple(Day(day=f"2026-11-{day:02}", ends={"new": day}) for day in range(1, 27)),
            filled=(FillRate(field="authors", now=0.1, before=0.9), FillRate(field=EVIL, now=1.0)), articles=7,
            last_new=EVIL, next_due="2026-11-26T21:00:00Z",
        ),
        "well.example": SourceReport(ends={"new": 1}, is_asked=True),
    },
    slowest=(PageReport(url="javascript:window.pwned=4", seconds=3.0, bytes=10, status=200),),
    heaviest=(PageReport(url=f"https://a.example/{EVIL}", seconds=1.0, bytes=10**7, status=200),),
    mishaps=(Mishap(source=EVIL, end="failed", reason="", number=2, examples=(Example(url="javascript:alert(1)", detail=EVIL),)),),
    clock_skew=900.0, store=Store(waiting=1, due=2, bytes={"state": 10**6, EVIL: 1}, free=10**9),
)  # fmt: skip


@dataclass
class Seen:
    """What a browser did while a page was open."""

    messages: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    dialogs: int = 0

    def dialog(self, dialog: Any) -> None:
        self.dialogs += 1
        dialog.dismiss()


@contextmanager
def opened(path: Path, seen: Seen, **context: Any) -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=BROWSER, args=arguments)
        tab = browser.new_context(**context).new_page()
        tab.on("console", lambda message: seen.messages.append(message.text))
        tab.on("pageerror", lambda error: seen.messages.append(str(error)))
        tab.on("request", lambda request: seen.requests.append(request.url))
        tab.on("dialog", seen.dialog)
        tab.goto(path.as_uri())
        try:
            yield tab
        finally:
            browser.close()


@pytest.fixture(name="path")
def hostile_path(tmp_path: Path) -> Path:
    path = tmp_path / "report.html"
    path.write_text(run_page(HOSTILE), encoding="utf-8")
    return path


def test_a_hostile_report_runs_and_loads_nothing(path: Path) -> None:
    seen = Seen()
    with opened(path, seen) as tab:
        tab.wait_for_timeout(300)
        assert tab.evaluate("window.pwned") is None
        assert tab.locator("img, iframe, object, embed, form, script").count() == 0
        links = tab.locator("a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
        assert all(link.startswith(("#", "https://a.example/")) for link in links)
        # What it says is there to be read, as text.
        assert EVIL in tab.locator("main").inner_text()
    assert seen.requests == [path.as_uri()]
    assert seen.messages == []
    assert seen.dialogs == 0


def test_it_shows_what_went_wrong_first_and_plots_have_a_table(path: Path) -> None:
    with opened(path, Seen()) as tab:
        assert tab.title().startswith("newscrawl: degraded sources")
        rows = tab.locator("table.sources tbody tr")
        assert rows.count() == 2
        assert "quiet" in rows.nth(0).inner_text()
        assert "well" in rows.nth(1).inner_text()
        assert tab.locator("figure svg path").count() > 3
        assert rows.nth(0).locator("svg").count() == 1
        assert "▼ 10 %" in tab.locator("td.fallen").inner_text()
        assert "set the clock" in tab.locator("dl").inner_text()
        figures = tab.locator("figure details tbody tr")
        assert figures.count() == 26
        assert not figures.first.is_visible()


def test_it_is_used_by_keyboard(path: Path) -> None:
    with opened(path, Seen()) as tab:
        tab.keyboard.press("Tab")
        assert tab.evaluate("document.activeElement.className") == "skip"
        reached = set()
        for _ in range(40):
            tab.keyboard.press("Tab")
            reached.add(tab.evaluate("document.activeElement.textContent").strip()[:30])
            if tab.evaluate("document.activeElement.tagName") == "SUMMARY":
                tab.keyboard.press("Enter")
                break
        assert {"Sources", "Fields", "Store"} <= reached
        assert tab.locator("figure details tbody tr").first.is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_legible_in_light_and_dark(path: Path, scheme: str) -> None:
    with opened(path, Seen(), color_scheme=scheme) as tab:
        for selector in ("h1", ".soft", ".badge.warn", "th", "td.fallen", "a"):
            assert contrast(tab, selector) >= 4.5, selector  # WCAG 2.2, 1.4.3


def test_narrow_and_printed_it_stays_within_its_page(path: Path, tmp_path: Path) -> None:
    with opened(path, Seen(), viewport={"width": 480, "height": 900}) as tab:
        wide = tab.evaluate("document.documentElement.scrollWidth")
        assert wide <= 480
        tab.pdf(path=tmp_path / "report.pdf", format="A4")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")


CONTRAST = """
selector => {
  const element = document.querySelector(selector);
  const parse = colour => colour.match(/[\\d.]+/g).map(Number);
  let ground = element, paint;
  do { paint = parse(getComputedStyle(ground).backgroundColor); ground = ground.parentElement; }
  while (ground && paint.length > 3 && paint[3] === 0);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, place) => sum + v * [0.2126, 0.7152, 0.0722][place], 0);
  const [a, b] = [light(parse(getComputedStyle(element).color)), light(paint)].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
}
"""


def contrast(tab: Any, selector: str) -> float:
    return float(tab.evaluate(CONTRAST, selector))
