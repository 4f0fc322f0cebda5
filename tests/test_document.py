"""Pages are decoded as they were meant, and what is no page is refused with its reason."""

import pytest

from newscrawl.extraction.document import decode, parse_document
from newscrawl.items import Page, Rejected
from newscrawl.reasons import Reason
from newscrawl.stages import clean

UMLAUTS = "Größe über alles, naïve “quotes” €5"


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        (UMLAUTS.encode(), None, UMLAUTS),
        (UMLAUTS.encode(), "text/html; charset=iso-8859-1", UMLAUTS),
        (b"\xef\xbb\xbf" + UMLAUTS.encode(), None, UMLAUTS),
        (b"\xff\xfe" + UMLAUTS.encode("utf-16-le"), None, UMLAUTS),
        (UMLAUTS.encode("cp1252"), "text/html; charset=windows-1252", UMLAUTS),
        (UMLAUTS.encode("cp1252"), "text/html; charset=iso-8859-1", UMLAUTS),
        (
            "Москва и область".encode("cp1251"),
            "text/html; charset=windows-1251",
            "Москва и область",
        ),
        (
            "日本語のニュース".encode("shift_jis"),
            "text/html; charset=shift_jis",
            "日本語のニュース",
        ),
        ("日本語".encode("iso2022_jp"), "text/html; charset=iso-2022-jp", "日本語"),
    ],
)
def test_decode(body: bytes, content_type: str | None, text: str) -> None:
    assert decode(body, content_type) == text


def test_meta_charset_is_read_where_the_header_is_silent() -> None:
    html = f'<html><head><meta charset="windows-1252"></head><body>{UMLAUTS}</body></html>'

    assert UMLAUTS in decode(html.encode("cp1252"))


def test_a_few_broken_bytes_do_not_make_another_encoding() -> None:
    body = ("ü" * 500).encode() + b"\xff" + ("ä" * 500).encode()

    assert decode(body).count("ü") == 500


def reason(page: Page) -> Reason | None:
    """Give the reason a page is refused for."""
    outcome = clean(page)
    return outcome.reason if isinstance(outcome, Rejected) else None


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", Reason.EMPTY),
        (b" \n\t ", Reason.EMPTY),
        ("", Reason.EMPTY),
        (b"%PDF-1.7 blah", Reason.NOT_HTML),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(range(256)) * 4, Reason.NOT_HTML),
        (b"\x89PNG\r\n\x1a\n\x00\x00", Reason.NOT_HTML),
        (bytes(range(256)) * 10, Reason.NOT_HTML),
        (b"<html><body></body></html>", Reason.NO_TEXT),
        (b"<" * 2000, Reason.NO_TEXT),
        (b"<div>" * (20_000_001 // 5 + 1), Reason.TOO_LARGE),
        (b"<p>x</p>" * 300_000, Reason.TOO_COMPLEX),
        (b"<div>" * 100_000, Reason.TOO_COMPLEX),
    ],
    ids=["empty", "blank", "empty-text", "pdf", "jpeg", "png", "binary", "no-text", "brackets",
         "too-large", "too-many", "too-deep"],
)  # fmt: skip
def test_what_is_no_page_is_refused(body: bytes | str, expected: Reason) -> None:
    assert reason(Page(body=body, url="https://a.example/x")) == expected


@pytest.mark.parametrize(
    "url", ["", "nonsense", "ftp://a.example/x", "http://", "http://a b/", "http://[x"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    expected = Reason.INVALID_URL if url else Reason.NO_TEXT

    assert reason(Page(body="<html><body></body></html>", url=url or None)) == expected


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe\xfd\xfc" * 50,
        b"<html>\x00<p>" + b"\x80\x81" * 400,
        "\ud800 <p>lone surrogate</p>",
        "<p>\x00</p>",
    ],
)
def test_invalid_bytes_raise_nothing(body: bytes | str) -> None:
    parse_document(Page(body=body, url="https://a.example/x"))


def test_a_front_page_is_no_article_but_a_blogs_only_article_is() -> None:
    teasers = "".join(
        f"<h2>Headline number {n}</h2><p>A short teaser of it.</p>" for n in range(30)
    )
    prose = "".join(
        f"<p>{'The mill by the river reopened on Monday after years. ' * 4}{n}.</p>"
        for n in range(6)
    )

    assert reason(
        Page(body=f"<html><body><main>{teasers}</main></body></html>", url="https://a.example/")
    ) == (Reason.HOME)
    assert (
        reason(
            Page(body=f"<html><body><main>{prose}</main></body></html>", url="https://a.example/")
        )
        is None
    )
