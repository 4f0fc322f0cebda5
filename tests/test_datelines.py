"""Datelines are read and cut where they are ones; labels and first words are left alone."""

import pytest

from newscrawl.attribution import normalise_attribution
from newscrawl.attribution.datelines import read_dateline
from newscrawl.items import Block, Draft, Page, Publisher

COURIER = Publisher(name="KOMPAS.com", domain="www.kompas.com")
FOUND = [
    ("MADRID — The port shut.", ("MADRID", None, None)),
    ("PARIS, April 8 — The port shut.", ("PARIS", "April 8", None)),
    ("Washington.- El puerto cerró.", ("Washington", None, None)),
    ("NEW DELHI: The port shut.", ("NEW DELHI", None, None)),
    ("ALBANY, N.Y. — The port shut.", ("ALBANY, N.Y", None, None)),
    ("SMALLTOWN, Ohio – The port shut.", ("SMALLTOWN, Ohio", None, None)),
    ("DUBAI, United Arab Emirates — The port shut.", ("DUBAI, United Arab Emirates", None, None)),
    ("München/London – Der Hafen ruht.", ("München/London", None, None)),
    ("JAKARTA, KOMPAS.com - Pelabuhan ditutup.", ("JAKARTA", None, None)),
    ("ALBANY, NY (KOMPAS) — The port shut.", ("ALBANY, NY", None, None)),
    ("AUSTIN (KXAN) — The port shut.", ("AUSTIN", None, None)),
    ("(ANSA) - ROMA, 28 LUG - Il porto è chiuso.", ("ROMA", "28 LUG", "ansa")),
    ("Mumbai (Maharashtra) [India], Jan 13 (ANI): The port shut.", ("Mumbai (Maharashtra) [India]", "Jan 13", "ani")),
    ("【6月18日 AFP】港は閉鎖された。", (None, "6月18日", "afp")),
    ("【ソウル＝小池和樹】港は閉鎖された。", ("ソウル", None, None)),
    ("[서울=연합뉴스] 항구가 닫혔다.", ("서울", None, "yonhap")),
    ("WASHINGTON (CNN) — Not every port.", ("WASHINGTON", None, None)),
    ("Washington, DC, United States: The port shut.", ("Washington, DC, United States", None, None)),
    ("KARACHI: You can now use the port.", ("KARACHI", None, None)),
    ("PETRA (AFP) — The port shut.", ("PETRA", None, "afp")),
    ("NEW DELHI: I-T officials shut the port.", ("NEW DELHI", None, None)),
]  # fmt: skip
NOT_FOUND = [
    "CLAIM: The port was shut.", "THE FACTS: The port was open.", "DEAR ABBY: My port is shut.",
    "READ MORE: The port shut.", "KRÄHENJAGD – Der Hafen ruht.", "BBC: The port shut.", "Berlin: The port shut.",
    "Washington. The port shut.", "MADRID —", "JAKARTA, OTHER.com - The port shut.", "SMALLTOWN — The port shut.",
    "MADRID, Nowhere — The port shut.", "【6月18日 なにか】港", "(CDU) - BERLIN - Der Hafen ruht.",
    "[사진=연합뉴스] 항구가 닫혔다.", "SYDNEY: No, never.",
    "[단독=선수민 기자] 항구가 닫혔다.", "CHARLOTTE: We met at the port.", "PARIS: I’d say so.",
    "The Associated Press (AP) — The agency shut a port.",
    "A long way from the sea and from every port of the county (Reuters) - no.",
]  # fmt: skip


@pytest.mark.parametrize(("text", "parts"), FOUND)
def test_a_dateline_is_read(text: str, parts: tuple[str | None, str | None, str | None]) -> None:
    found = read_dateline(text, None, COURIER)

    assert found is not None
    dateline, rest = found
    assert (dateline.place, dateline.date, dateline.agency) == parts
    assert text == f"{text[: -len(rest)]}{rest}"
    assert dateline.raw == text[: -len(rest)].strip()


@pytest.mark.parametrize("text", NOT_FOUND)
def test_what_is_none_is_left_alone(text: str) -> None:
    assert read_dateline(text, None, COURIER) is None


def test_german_papers_end_it_with_a_full_stop() -> None:
    found = read_dateline("Riad. Die Boxwelt fiebert.", "DE")

    assert found is not None
    assert found[0].place == "Riad"


def test_two_places_and_the_reporter() -> None:
    both = read_dateline("BEIRUT/THE HAGUE, March 7 (Reuters) - It shut.")
    korean = read_dateline("[부산=한국신문 선수민 기자] 항구가 닫혔다.")

    assert both is not None
    assert both[0].places == ("BEIRUT", "THE HAGUE")
    assert korean is not None
    assert (korean[0].place, korean[0].reporter) == ("부산", "선수민")


def test_it_is_cut_from_the_first_blocks_only() -> None:
    lead = Block(kind="paragraph", text="A line before it, as standfirsts are.")
    text = Block(kind="paragraph", text="MADRID — The port shut.")
    draft = normalise_attribution(Draft(page=Page(body=""), blocks=(lead, text, lead, lead)))
    late = normalise_attribution(Draft(page=Page(body=""), blocks=(lead, lead, lead, text)))

    assert draft.dateline is not None
    assert draft.blocks[1].text == "The port shut."
    assert [(p.method, p.raw) for p in draft.provenance if p.field == "dateline"] == [
        ("text", "MADRID —")
    ]
    assert late.dateline is None
