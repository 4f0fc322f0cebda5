"""Publisher files: what is read from them, what is wrong with one, and whose wins."""

import os
import random
import re
import time
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from newscrawl import publishers
from newscrawl.errors import DataError
from newscrawl.publishers import (
    Layout,
    PublisherFile,
    Registry,
    checks,
    parse_list,
    parse_publisher,
    publisher_for,
    read_place,
    registry,
    to_toml,
)
from newscrawl.reasons import EditCode

TWO_LINES = 'name = "A"\ndomains = ["a.org"]\n'
WHOLE = r"""# A whole file.
name = "Harbour Courier"
domains = ["harbour.example", "courier.example"]
home = "https://www.harbour.example/start"
language = "en"
country = "GB"
timezone = "Europe/London"
feeds = "https://www.harbour.example/rss"
sitemaps = ["https://www.harbour.example/news.xml"]
sections = ["https://www.harbour.example/world"]
article_pattern = '/20\d\d/(?:\d\d)/'
revisits = "1h 6h"
poll = { least = "10m", most = "1d" }
limits = { delay = 2.5, pages = 500 }
headers = { Cookie = "consent=1" }
render = true
verified = ["feeds"]

[[layouts]]
until = 2024-02-01
body = ["//div[@itemprop='articleBody']"]

[[layouts]]
within = "main article"
strip = ["aside", "//*[contains(@class, 'newsletter')]"]
title = "h1"
byline = "span.byline"
date = "time"
images = "figure"
images_after = "header"
images_before = "footer"

[[text]]
code = "promo.line"
drop = '^Read more:'

[[text]]
cut = '\(Photo: .*?\)'
"""


def test_two_lines_are_a_file() -> None:
    source = parse_publisher("a.org.toml", TWO_LINES)

    assert (source.id, source.name, source.domains) == ("a.org", "A", ("a.org",))
    assert source.home_page == "https://a.org/"
    assert source.layout_at(None) is None


def test_every_key_is_read() -> None:
    source = parse_publisher("harbour.example.toml", WHOLE)

    assert source.feeds == ("https://www.harbour.example/rss",)
    assert source.poll.bounds() == (600.0, 86400.0)
    assert (source.limits.delay, source.limits.pages) == (2.5, 500)
    assert source.headers == {"Cookie": "consent=1"}
    assert source.render
    assert [layout.until for layout in source.layouts] == [date(2024, 2, 1), None]
    assert source.layouts[1].strip == ("aside", "//*[contains(@class, 'newsletter')]")
    assert [rule.code for rule in source.text] == [EditCode.PROMO, EditCode.LAYOUT]


def test_what_is_written_is_read_back() -> None:
    source = parse_publisher("harbour.example.toml", WHOLE)

    again = parse_publisher("harbour.example.toml", to_toml(source, ["A comment."]))

    assert again == source


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('name = "A"', "a.org.toml: key 'domains' is missing"),
        (TWO_LINES + 'timzone = "x"', "a.org.toml:3: timzone: unknown key, did you mean timezone?; known are article_pattern"),
        (TWO_LINES + "\n[[layouts]]\nbodi = 'p'", "a.org.toml:5: layouts[0].bodi: unknown key, did you mean body?; known are body, byline"),
        (TWO_LINES + "[limits]\npage = 3", "a.org.toml:4: limits.page: unknown key, did you mean pages?; known are delay, pages"),
        (TWO_LINES + "[[layouts]]\n\n[[layouts]]\nuntil = 2024-01-01\nbody = 3", "a.org.toml:7: layouts[1].body: "),
        (TWO_LINES + "[[layout]]\nbody = 'p'", "a.org.toml:3: layout: unknown key, did you mean layouts?"),
        (TWO_LINES + "[[text]]\ndrop = ''", "a.org.toml:4: text[0].drop: '' is found in every text"),
        (TWO_LINES + "[[text]]\ncut = 'x*'", "a.org.toml:4: text[0].cut: 'x*' is found in every text"),
        ("name =", "a.org.toml:1: Invalid value"),
        (TWO_LINES + "[[layouts]]\nbody = '//p['", "a.org.toml:4: layouts[0].body: '//p[' is no selector"),
        (TWO_LINES + "[[layouts]]\nbody = 'p >'", "a.org.toml:4: layouts[0].body: 'p >' is no selector"),
        (TWO_LINES + "[[text]]\ndrop = '('", "a.org.toml:4: text[0].drop: '(' is no regular expression"),
        (TWO_LINES + "[[text]]\ncode = 'promo'\ndrop = 'x'", "a.org.toml:4: text[0].code: Invalid enum value 'promo'; known are title.repeated"),
        (TWO_LINES + "[[text]]\ncode = 'promo.line'", "a.org.toml:3: text[0]: a rule has either drop or cut"),
        (TWO_LINES + 'timezone = "Europe/Lundon"', "a.org.toml:3: timezone: 'Europe/Lundon' is no time zone"),
        (TWO_LINES + 'country = "UK"', "a.org.toml:3: country: 'UK' is no ISO 3166 code"),
        (TWO_LINES + 'language = "English"', "a.org.toml:3: language: 'English' is no ISO 639 code"),
        (TWO_LINES + 'feeds = ["/rss"]', "a.org.toml:3: feeds: '/rss' is no http or https address"),
        (TWO_LINES + 'article_pattern = "["', "a.org.toml:3: article_pattern: '[' is no regular expression"),
        (TWO_LINES + 'poll = { least = "soon" }', "a.org.toml:3: poll.least: 'soon' is no age"),
        (TWO_LINES + 'poll = { least = "1d", most = "1h" }', "a.org.toml:3: poll.least: longer than most"),
        (TWO_LINES + 'revisits = "1x"', "a.org.toml:3: revisits: '1x' is no age"),
        (TWO_LINES + "limits = { delay = -1 }", "a.org.toml:3: limits.delay: seconds from 0 to 3600"),
        (TWO_LINES + "limits = { pages = 0 }", "a.org.toml:3: limits.pages: at least 1"),
        (TWO_LINES + 'headers = { "X Y" = "1" }', "a.org.toml:3: headers.X Y: no header that can be sent"),
        (TWO_LINES + 'headers = { X = "a\\nb" }', "a.org.toml:3: headers.X: no header that can be sent"),
        (TWO_LINES + 'verified = ["zone"]', "a.org.toml:3: verified: 'zone' is no key"),
        (TWO_LINES + "[[layouts]]\nbody = 'p'\n[[layouts]]\nbody = 'q'", "a.org.toml:5: layouts[1].until: another layout"),
        (TWO_LINES + "[[layouts]]\nbody = 'p'\nwithin = 'q'", "a.org.toml:5: layouts[0].within: a layout has either"),
        (TWO_LINES + 'id = "../x"', "a.org.toml:3: id: '../x': letters, digits"),
        (TWO_LINES + "[[layouts]]\nbody = '//p[x:y(.)]'", "a.org.toml:4: layouts[0].body: '//p[x:y(.)]' is no selector"),
        (TWO_LINES + "[[layouts]]\nbody = '//p[nothing(.)]'", "a.org.toml:4: layouts[0].body: '//p[nothing(.)]' is no"),
        (TWO_LINES + 'path = "x"', "a.org.toml:3: path: unknown key"),
        ('name = " "\ndomains = ["a.org"]', "a.org.toml:1: name: empty"),
        ('name = "A"\ndomains = []', "a.org.toml:2: domains: no domain"),
        ('name = "A"\ndomains = ["https://a.org"]', "a.org.toml:2: domains: 'https://a.org' is no domain"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_file_line_and_key(text: str, message: str) -> None:
    with pytest.raises(DataError) as caught:
        parse_publisher("a.org.toml", text)

    assert str(caught.value).startswith(message)


def test_a_layout_is_picked_by_the_day_of_download() -> None:
    old, older, now = (Layout(until=date(2024, 2, 1)), Layout(until=date(2020, 1, 1)), Layout())
    source = PublisherFile(name="A", domains=("a.org",), id="a.org", layouts=(old, older, now))

    def at(*day: int) -> Layout | None:
        return source.layout_at(datetime(*day, 23, tzinfo=UTC))  # type: ignore[misc,arg-type]

    assert at(2019, 5, 1) is older
    assert at(2024, 2, 1) is old
    assert at(2024, 2, 2) is now
    assert source.layout_at(None) is now
    assert source.layout_name(old) == "a.org@2024-02-01"
    assert source.layout_name(now) == "a.org"


def test_after_the_last_dated_layout_without_a_present_one_there_is_none() -> None:
    source = PublisherFile(name="A", domains=("a.org",), layouts=(Layout(until=date(2024, 2, 1)),))

    assert source.layout_at(datetime(2025, 1, 1, tzinfo=UTC)) is None
    assert source.layout_at(None) is None


@pytest.mark.parametrize(
    "text",
    [
        TWO_LINES + "article_pattern = 'a{99999999999999999999}'",
        TWO_LINES + f"article_pattern = '{'(' * 5000}'",
        TWO_LINES + f"x = {'[' * 2000}{']' * 2000}",
        TWO_LINES + f"[limits]\npages = {'9' * 5000}",
        TWO_LINES + "[[layouts]]\nbody = \"//p[. = '\\u0001']\"",
        TWO_LINES + f"[[layouts]]\nbody = '{'p:not(a) ' * 5000}'",
        TWO_LINES + 'feeds = "https://[::1"',
        TWO_LINES + 'feeds = "https://a.org:99999999/"',
        TWO_LINES + 'feeds = "https://a.org/\\n"',
        TWO_LINES + 'poll = { least = "99999999999999999999d" }',
        'name = "A"\ndomains = ["a.org:8000"]',
    ],
    ids=range(11),
)
def test_values_that_nobody_writes_are_errors_like_others(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.org.toml").write_text(text, "utf-8")
    (tmp_path / "b.org.toml").write_text('\ufeffname = "B"\ndomains = "b.org"\n', "utf-8")

    sources, errors = read_place(tmp_path)

    assert [source.id for source in sources] == ["b.org"]
    assert len(errors) == 1
    assert errors[0].startswith(f"{tmp_path}/a.org.toml:")


def test_a_place_that_cannot_be_read_and_a_pipe_hold_up_no_other(tmp_path: Path) -> None:
    (tmp_path / "b.org.toml").write_text('name = "B"\ndomains = "b.org"\n', "utf-8")
    os.mkfifo(tmp_path / "a.org.toml")

    assert [source.id for source in read_place(tmp_path)[0]] == ["b.org"]
    found, errors = read_place(tmp_path / ("x" * 5000))
    assert found == []
    assert "File name too long" in errors[0]


def test_a_list_file_holds_many_sources_and_names_its_bad_ones() -> None:
    text = "".join(f'[[sources]]\nname = "{n}"\ndomains = ["{n}.org"]\n' for n in "abc")
    text = text.replace('name = "b"', 'nam = "b"')

    sources, errors = parse_list("mine.toml", text)

    assert [source.id for source in sources] == ["a.org", "c.org"]
    assert errors == [next(iter(errors))]
    assert errors[0].startswith("mine.toml:5: sources[1].nam: unknown key")


def test_a_list_file_with_other_tables_is_wrong() -> None:
    with pytest.raises(DataError, match=re.escape("mine.toml:1: source: unknown key")):
        parse_list("mine.toml", 'source = 1\n[[sources]]\nname = "A"\ndomains = "a.org"')
    with pytest.raises(DataError, match=re.escape("mine.toml:1: sources: write [[sources]]")):
        parse_list("mine.toml", "sources = 1")


def test_a_bad_file_names_itself_and_the_others_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1000):
        text = f'name = "N {number}"\ndomains = ["n{number}.example"]\ntimezone = "Europe/Berlin"\n'
        (tmp_path / f"n{number}.example.toml").write_text(text, "utf-8")
    (tmp_path / "n500.example.toml").write_text(
        'name = "N"\ndomains = "n500.example"\nfeds = 1', "utf-8"
    )
    (tmp_path / "n501.example.toml").write_bytes(b"name = '\xff'")
    monkeypatch.setenv("NEWSCRAWL_SOURCES", str(tmp_path))

    known = registry()

    mine = [source for source in known.sources() if not source.is_shipped]
    assert len(mine) == 998
    assert len(known.errors) == 2
    assert known.errors[0].startswith(f"{tmp_path}/n500.example.toml:3: feds: unknown key")
    assert known.errors[1].startswith(f"{tmp_path}/n501.example.toml: ")
    found = publisher_for("www.n7.example")
    assert found is not None
    assert found.name == "N 7"


def test_a_users_file_wins_over_the_shipped_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "newsgram.com.toml").write_text(TWO_LINES.replace("a.org", "newsgram.com"), "utf-8")
    monkeypatch.setenv("NEWSCRAWL_SOURCES", str(tmp_path))

    found = publisher_for("www.newsgram.com")

    assert found is not None
    assert (found.name, found.timezone) == ("A", None)
    assert sum(source.id == "newsgram.com" for source in registry().sources()) == 1


def test_of_two_files_of_one_place_that_claim_a_domain_the_second_is_an_error(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.org.toml").write_text(TWO_LINES, "utf-8")
    (tmp_path / "b.org.toml").write_text(TWO_LINES.replace('"A"', '"B"'), "utf-8")

    known = Registry.joined([read_place(tmp_path)])

    assert [source.name for source in known.sources()] == ["A"]
    assert known.errors == (f"{tmp_path}/b.org.toml: domains: {tmp_path}/a.org.toml has a.org too",)


def test_of_two_files_with_one_id_the_users_wins_and_in_one_place_the_first() -> None:
    one, two, three = (
        PublisherFile(name=d, domains=(d,), id="a.org", path=d) for d in ("a.org", "b.org", "c.org")
    )

    known = Registry.joined([([one], []), ([two, three], [])])

    assert [source.name for source in known.sources()] == ["b.org"]
    assert known.errors == ("c.org: id: b.org has 'a.org' too",)
    assert known.of_host("a.org") is None


def test_a_stated_place_that_is_missing_is_an_error(tmp_path: Path) -> None:
    assert read_place(tmp_path / "no") == ([], [f"{tmp_path / 'no'}: no such file or folder"])
    assert read_place(Path(publishers.DEFAULT_PLACE)) == ([], [])


def test_a_file_that_is_too_large_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishers, "MAX_FILE_BYTES", 10)
    (tmp_path / "a.org.toml").write_text(TWO_LINES, "utf-8")

    assert read_place(tmp_path) == ([], [f"{tmp_path}/a.org.toml: larger than 10 bytes"])


def test_a_host_is_found_by_its_longest_suffix() -> None:
    one, two = (PublisherFile(name=n, domains=(n,), id=n) for n in ("a.org", "news.a.org"))
    known = Registry.joined([([one, two], [])])

    assert known.of_host("www.news.a.org") is two
    assert known.of_host("m.a.org") is one
    assert known.of_host("a.org.evil.example") is None
    assert known.of_host(None) is None
    assert known.find("news.a.org") is two


@pytest.mark.parametrize("source", registry().sources(), ids=lambda source: source.id)
def test_shipped_files_state_where_when_and_in_which_language(source: PublisherFile) -> None:
    assert source.language
    assert source.country
    assert source.timezone
    assert source.feeds or source.sitemaps or source.sections
    if source.article_pattern:
        test = re.compile(source.article_pattern)
        assert not [url for url in (*source.sections, source.home_page) if test.search(url)]


def test_files_are_shipped_for_many_publishers_and_countries() -> None:
    shipped = [source for source in registry().sources() if source.is_shipped]

    assert len(shipped) >= 40
    assert len({source.country for source in shipped}) >= 15
    assert len([source for source in shipped if source.layouts or source.text]) >= 8


@pytest.mark.parametrize("pattern", ["/a{100}" * 20 + "$", "^" + "[^/]+" * 50 + "x$"])
def test_what_is_taken_for_a_plain_pattern_is_one(pattern: str) -> None:
    started = time.process_time()
    checks.PLAIN_PATTERN.fullmatch(pattern + "(")
    assert time.process_time() - started < 1.0
    re.compile(pattern)


def test_no_text_makes_a_plain_pattern_that_does_not_compile() -> None:
    chance = random.Random(1)
    for _ in range(20_000):
        text = "".join(chance.choices("ab/.-\\dw^$[]+*?{}3", k=chance.randint(1, 8)))
        if checks.PLAIN_PATTERN.fullmatch(text):
            re.compile(text)
