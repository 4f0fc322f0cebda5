"""A source that no longer delivers what it did is named, with the field and the day; chance and Sundays are not."""

import math
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from newscrawl.demo.server import DemoServer
from newscrawl.demo.site import build_site
from newscrawl.state.deliveries import Counts
from newscrawl.state.drift import Break, find_breaks, is_recent, latest
from tests.courier import HOME, article, courier, feed, url_of
from tests.shell import Shell
from tests.states import change, state_in
from tests.web import Answer, Web

MONDAY = date(2026, 11, 23)


def counts(articles: int = 10, words: int = 400, spread: int = 100, **fields: int) -> Counts:
    """Count articles, all of which have title, authors and date unless the fields say otherwise."""
    has = {"title": articles, "authors": articles, "date_published": articles} | fields
    found = Counter({f"has:{name}": number for name, number in has.items()})
    # Half of them shorter by the spread, half longer.
    logs = [round(1000 * math.log(words + sign * spread)) for sign in (-1, 1)]
    sums = {"logs": articles * sum(logs) // 2, "squares": articles * sum(x * x for x in logs) // 2}
    return found + Counter({"articles": articles, "words": articles * words, **sums})


def weeks(number: int = 4, **day: int) -> dict[date, Counts]:
    return {MONDAY - timedelta(days=n): counts(**day) for n in range(1, 7 * number + 1)}


def breaks(days: dict[date, Counts], recent: Counts, day: date = MONDAY) -> list[Break]:
    return find_breaks("a.org", "a.org", days, {day: recent})


def test_what_is_as_before_is_no_break() -> None:
    assert breaks(weeks(), counts()) == []
    assert breaks({}, counts()) == []
    assert breaks(weeks(), Counter()) == []


def test_a_field_that_is_gone_is_named_with_the_day() -> None:
    (found,) = breaks(weeks(), counts(authors=0))

    assert (found.field, found.since, found.now, found.before) == ("authors", MONDAY, 0.0, 1.0)
    assert found.said() == "a.org: authors: on 0 % of 10 pages since 2026-11-23, before on 100 %"


def test_the_day_is_the_first_on_which_it_was_so() -> None:
    days = weeks()
    for n in (1, 2, 3):
        days[MONDAY - timedelta(days=n)] = counts(authors=1)

    (found,) = breaks(days, counts(authors=0))

    assert found.since == MONDAY - timedelta(days=3)


def test_few_pages_are_put_together_with_those_of_the_days_before() -> None:
    days = weeks(articles=1)
    for n in (1, 2, 3, 4):
        days[MONDAY - timedelta(days=n)] = counts(articles=1, authors=0)

    (found,) = breaks(days, counts(articles=1, authors=0))

    assert (found.field, found.pages) == ("authors", 5)
    assert found.since == MONDAY - timedelta(days=4)


def test_too_few_pages_say_nothing() -> None:
    assert breaks(weeks(), counts(articles=2, authors=0), MONDAY + timedelta(days=30)) == []


def test_a_weekday_is_compared_with_its_own_kind() -> None:
    sunday = MONDAY - timedelta(days=1)
    days = weeks()
    for n in range(1, 5):
        days[sunday - timedelta(days=7 * n)] = counts(authors=1)
    days = {day: c for day, c in days.items() if day < sunday}

    assert breaks(days, counts(authors=1), sunday) == []
    assert [b.field for b in breaks(days, counts(authors=1), MONDAY)] == ["authors"]


def test_chance_is_no_break() -> None:
    chance = random.Random(1)

    def day() -> Counts:
        number = chance.randint(3, 30)
        return counts(number, authors=sum(chance.random() < 0.7 for _ in range(number)))

    days = {MONDAY - timedelta(days=n): day() for n in range(1, 57)}

    alarms = [b for _ in range(300) for b in breaks(days, day())]

    assert alarms == []


def test_texts_that_become_short_are_named() -> None:
    (found,) = breaks(weeks(), counts(words=60, spread=10))

    assert (found.field, found.before, found.now) == ("text", 400, 60)
    assert "text: 60 words in the mean of 10 since 2026-11-23, before 400" in found.said()
    assert breaks(weeks(), counts(words=380)) == []


def test_lengths_that_differ_by_chance_are_no_break() -> None:
    chance = random.Random(2)

    def day() -> Counts:
        lengths = [round(chance.lognormvariate(6.1, 0.9)) for _ in range(5)]
        logs = [round(1000 * math.log(n)) for n in lengths]
        squares = sum(x * x for x in logs)
        return Counter(articles=5, words=sum(lengths), logs=sum(logs), squares=squares)

    alarms = 0
    for _ in range(600):
        days = {MONDAY - timedelta(days=n): day() for n in range(1, 29)}
        alarms += len(breaks(days, day()))

    assert alarms <= 1


def test_what_has_been_so_for_long_is_not_named_again() -> None:
    days = weeks()
    for n in range(1, 12):
        days[MONDAY - timedelta(days=n)] = counts(authors=0)
    days = {day - timedelta(days=0): c for day, c in days.items()}

    for found in breaks(days, counts(authors=0)):
        assert not is_recent(found, MONDAY)


def test_pages_that_are_refused_are_named() -> None:
    (found,) = breaks(weeks(), Counter({"rejected": 10}))

    assert (found.field, found.before, found.now) == ("rejected", 0.0, 1.0)


def test_a_selector_that_finds_nothing_any_more_is_named() -> None:
    (found,) = breaks(weeks(), counts() + Counter({"missed:byline": 10}))

    assert found.field == "layout.byline, nothing found"
    assert (found.before, found.now) == (0.0, 1.0)


def test_a_list_that_dries_up_is_named() -> None:
    days = {MONDAY - timedelta(days=n): Counter(reads=4, links=80) for n in range(1, 15)}
    rss = "https://a.org/rss"

    (found,) = find_breaks("a.org", rss, days, {MONDAY: Counter(reads=1, links=0)})

    assert (
        found.said() == f"a.org ({rss}): links: 0 links in the mean of 1 since {MONDAY}, before 20"
    )
    assert find_breaks("a.org", rss, days, {MONDAY: Counter(reads=1, links=12)}) == []


def test_the_latest_day_is_parted_from_those_before() -> None:
    days = weeks(1)

    before, recent = latest(days)

    assert list(recent) == [max(days)]
    assert len(before) == len(days) - 1
    assert latest({}) == ({}, {})


# -- in a crawl -------------------------------------------------------------------------------------

FILE = f"""name = "The Courier"
domains = ["courier.example"]
home = "{HOME}"
timezone = "Europe/London"
feeds = ["{HOME}rss.xml"]

[[layouts]]
byline = ".by-line"
"""


@pytest.fixture
def web() -> Iterator[Web]:
    with courier(8) as web:
        yield web


@pytest.fixture
def shell(web: Web, tmp_path: Path) -> Shell:
    path = tmp_path / "data" / "sources" / "courier.example.toml"
    path.parent.mkdir(parents=True)
    path.write_text(FILE, "utf-8")
    return Shell(tmp_path, web.proxy)


def more(web: Web, **markup: str) -> None:
    """Let eight more articles appear, with other markup."""
    web.pages[f"{HOME}rss.xml"] = feed(range(16))
    web.pages |= {url_of(n): Answer(article(n, **markup)) for n in range(8, 16)}


def test_a_change_of_layout_is_named_within_one_run(shell: Shell, web: Web) -> None:
    assert "drift" not in shell.crawl("courier.example")
    more(web, caption="small")

    said = shell.crawl("courier.example", code=4)

    drifts = [line for line in said.splitlines() if "drift" in line]
    assert len(drifts) == 1
    assert "courier.example: captions: on 0 % of 8 pages since 20" in drifts[0]
    assert "before on 100 %" in drifts[0]


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [(b"caption", b"legend", "captions"), (b"articleSection", b"topicOf", "section")],
)
def test_a_change_planted_in_the_demo_site_is_named_within_one_run(
    tmp_path: Path, old: bytes, new: bytes, field: str
) -> None:
    site = build_site()
    changed = {
        url: replace(r, body=r.body.replace(old, new)) if "html" in r.content_type else r
        for url, r in site.items()
    }
    home = "http://www.lanterngram.example/"
    with DemoServer(site) as server:
        first = Shell(tmp_path, server.proxy).crawl(home, "--limit", "6")
    with DemoServer(changed) as server:
        second = Shell(tmp_path, server.proxy).crawl(home, code=4)

    assert "drift" not in first
    drifts = [line for line in second.splitlines() if "drift" in line]
    assert [line.split(": ")[3] for line in drifts] == [field]
    assert "on 0 % of 7 pages" in drifts[0]


def test_sources_test_tells_what_has_changed_by_days(
    shell: Shell, web: Web, tmp_path: Path
) -> None:
    shell.crawl("courier.example")
    change(state_in(tmp_path, "data/state.db"), "UPDATE delivery SET day = day - 7")
    more(web, caption="small")
    shell.crawl("courier.example", code=4)

    for action in ("test", "show"):
        said = shell("sources", action, "courier.example", code=4)
        assert "changed: courier.example: captions: on 0 % of 8 pages since 20" in said


def test_a_change_on_pages_that_are_looked_at_again_is_named(
    shell: Shell, web: Web, tmp_path: Path
) -> None:
    shell.crawl("courier.example")
    change(state_in(tmp_path, "data/state.db"), "UPDATE url SET due = 1 WHERE due IS NOT NULL")
    web.pages |= {url_of(n): Answer(article(n, byline="byline")) for n in range(8)}

    said = shell.crawl("courier.example", code=4)

    assert "0 new, 0 changed, 8 seen before" in said
    assert "layout.byline, nothing found: on 100 % of 8 pages" in said


def test_a_selector_that_breaks_is_named_though_the_general_result_stands(
    shell: Shell, web: Web
) -> None:
    shell.crawl("courier.example")
    more(web, byline="byline")

    said = shell.crawl("courier.example", code=4)

    assert "drift: courier.example: layout.byline, nothing found: on 100 % of 8 pages" in said
    assert "authors:" not in said
    assert all(row["authors"] for row in shell.stored())


def test_a_run_for_certain_dates_says_nothing_of_lists(shell: Shell, web: Web) -> None:
    for _ in range(3):
        shell.crawl("courier.example")

    assert "drift" not in shell.crawl("courier.example", "--since", "2026-06-30", code=3)
