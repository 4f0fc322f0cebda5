"""Addresses of one article fold onto one key; those of two articles never do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newscrawl.state.addresses import KEY_BYTES, fold, key_of

HOME = "https://www.salt-coast.example/news/2026/03/ferry-crews-count-crates"


@pytest.mark.parametrize(
    "variant",
    [
        "http://www.salt-coast.example/news/2026/03/ferry-crews-count-crates",
        "https://salt-coast.example/news/2026/03/ferry-crews-count-crates/",
        "https://m.salt-coast.example/news/2026/03/ferry-crews-count-crates",
        "https://mobile.salt-coast.example/news/2026/03/ferry-crews-count-crates",
        "https://www.m.salt-coast.example/news/2026/03/ferry-crews-count-crates",
        "https://amp.salt-coast.example/news/2026/03/ferry-crews-count-crates",
        "https://www.salt-coast.example/amp/news/2026/03/ferry-crews-count-crates",
        "https://www.salt-coast.example/news/2026/03/ferry-crews-count-crates/amp",
        "https://www.salt-coast.example/news/2026/03/ferry-crews-count-crates/amp/",
        "https://www.salt-coast.example/news/2026/03/ferry-crews-count-crates?amp",
        "https://www.salt-coast.example/news/2026/03/ferry-crews-count-crates?amp=1",
        "https://www.salt-coast.example/news/2026/03/ferry-crews-count-crates?outputType=amp",
        "https://www.salt-coast.example/news/2026/03/ferry-crews-count-crates.amp",
        "https://www.salt-coast.example/news/2026/03/ferry-crews-count-crates?utm_source=x&utm_medium=y",
        "https://www.salt-coast.example/news/2026/03/ferry-crews-count-crates?fbclid=IwAR0",
        "https://www.salt-coast.example/news/2026/03/ferry-crews-count-crates?UTM_Source=x&gclid=1",
        "https://www.salt-coast.example/news/2026/03/ferry-crews-count-crates#comments",
        "https://www.salt-coast.example:443/news/2026/03/ferry-crews-count-crates",
        "HTTPS://WWW.SALT-COAST.EXAMPLE/news/2026/03/ferry-crews-count-crates",
        "https://www.salt-coast.example/news/2026/03/ferry-crews-count-crates/index.html",
        " https://www.salt-coast.example/news/2026/03/ferry-crews-count-crates ",
    ],
)
def test_variants_of_one_article_have_one_key(variant: str) -> None:
    assert key_of(variant) == key_of(HOME)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example/story?id=7", "https://a.example/story?id=8"),
        ("https://a.example/story?id=7", "https://a.example/story"),
        ("https://a.example/?p=501", "https://a.example/?p=502"),
        ("https://a.example/story?page=2", "https://a.example/story"),
        ("https://a.example/story?cid=12", "https://a.example/story?cid=13"),
        ("https://a.example/story?source=12", "https://a.example/story?source=13"),
        ("https://a.example/Story", "https://a.example/story"),
        ("https://sport.a.example/x", "https://a.example/x"),
        ("https://a.example:8080/x", "https://a.example/x"),
        ("https://a.example/camp", "https://a.example/c"),
        ("https://a.example/news/swamp", "https://a.example/news/sw"),
        ("https://a.example/ampere/x", "https://a.example/ere/x"),
        ("https://m.org/x", "https://org/x"),
        ("https://a.example/2026/03/01/x", "https://a.example/2026/03/02/x"),
    ],
)
def test_addresses_that_may_be_two_articles_have_two_keys(one: str, other: str) -> None:
    assert key_of(one) != key_of(other)


@pytest.mark.parametrize("wrong", ["http://[", "http://a.example:99999/x", "http://[::1/x"])
def test_what_is_no_address_is_a_value_error(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        key_of(wrong)


@given(
    st.from_regex(
        r"https?://(www\.|m\.|amp\.)?[a-z]{1,9}\.example(/(amp|[a-z%0-9]{1,8})){0,4}/?(\?[a-z_]{1,6}=[a-z0-9&=]{0,9})?",
        fullmatch=True,
    )
)
def test_folding_twice_is_folding_once(url: str) -> None:
    folded = fold(url)

    assert fold(folded) == folded
    assert len(key_of(url)) == KEY_BYTES
