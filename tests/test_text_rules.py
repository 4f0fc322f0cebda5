"""Each text rule drops what it is for and leaves its negative alone."""

import json
from dataclasses import replace
from typing import Any

import pytest

from newscrawl.items import Author, Block, Draft, Image, Line, Page
from newscrawl.reasons import EditCode
from newscrawl.text import RULES, clean_text
from tests.fixture_pages import FOLDER

CASES = json.loads((FOLDER / "text" / "cases.json").read_text(encoding="utf-8"))
SELECTORS = {rule.select.__name__: rule.select for rule in RULES}
STORY = "The old mill by the river reopened on Monday after nine years of repairs."


def draft_of(*texts: str, **fields: Any) -> Draft:
    """Make a draft of paragraphs."""
    blocks = tuple(Block(kind="paragraph", text=text) for text in texts)
    return Draft(page=Page(body="", url="https://a.example/x"), blocks=blocks, **fields)


def params() -> list[Any]:
    """Give the cases, those that are known to fail marked with their reason."""
    return [
        pytest.param(
            case,
            id=f"{case['rule']}: {case['text'][:40]}",
            marks=[pytest.mark.xfail(strict=True, reason=case["xfail"])] if "xfail" in case else [],
        )
        for case in CASES
    ]


@pytest.mark.parametrize("case", params())
def test_rule_drops_only_what_it_is_for(case: dict[str, Any]) -> None:
    draft = draft_of(case["text"], STORY)

    dropped = set(SELECTORS[case["rule"]](draft.blocks, draft))

    assert (0 in dropped) == case["drop"]
    assert 1 not in dropped


@pytest.mark.parametrize("text", [case["text"] for case in CASES if not case["drop"]])
def test_no_rule_at_all_drops_a_negative(text: str) -> None:
    if any(case["text"] == text and "xfail" in case for case in CASES):
        pytest.skip("a known failure of its own rule")
    draft = clean_text(draft_of(STORY, text, STORY + " Again."))

    assert text in [block.text for block in draft.blocks]


def test_every_rule_has_a_case_and_a_code_of_its_own() -> None:
    tested = {case["rule"] for case in CASES} | {
        "repeated_title", "captions", "doubled_lead",
        # In tests/test_body.py: they need more than one line.
        "contents", "doubled_runs",
    }  # fmt: skip

    assert {rule.select.__name__ for rule in RULES} == tested
    assert len({rule.code for rule in RULES}) == len(RULES)


def test_repeated_title_goes_also_behind_a_glued_kicker() -> None:
    draft = draft_of(
        "LocalOld mill by the river reopens", STORY, title="Old mill by the river reopens"
    )

    cleaned = clean_text(draft)

    assert [block.text for block in cleaned.blocks] == [STORY]
    assert [edit.code for edit in cleaned.edits] == [EditCode.TITLE_REPEATED]


def test_of_a_doubled_lead_the_second_copy_stays() -> None:
    draft = clean_text(draft_of(STORY, "A line between them stands here.", STORY))

    assert [block.text for block in draft.blocks] == ["A line between them stands here.", STORY]


def test_a_line_repeated_far_down_stays() -> None:
    lines = [f"Answer number {n} was long and said much about the town." for n in range(8)]
    question = "And what did you think of the mayor when you first met her?"
    texts = [STORY, *lines[:4], question, *lines[4:], question]

    assert [b.text for b in clean_text(draft_of(*texts)).blocks] == texts


def test_related_heading_takes_its_titles_and_stops_at_prose() -> None:
    draft = draft_of(
        STORY, "Related Stories", "Old mill reopens", "New ferry is late", STORY + " So."
    )

    assert [b.text for b in clean_text(draft).blocks] == [STORY, STORY + " So."]


def test_a_known_authors_name_alone_is_a_byline() -> None:
    draft = draft_of("Jane Doe", STORY, authors=(Author(name="Jane Doe"),))

    assert [b.text for b in clean_text(draft).blocks] == [STORY]


def test_a_caption_goes_unless_the_text_tells_it_too() -> None:
    image = Image(caption=STORY)

    assert clean_text(draft_of(STORY, "More.", images=(image,))).blocks[0].text == "More."
    told = draft_of(STORY, "More.", images=(image,), told_captions=(STORY,))
    assert clean_text(told).blocks[0].text == STORY


def test_a_related_heading_does_not_take_the_next_chapter() -> None:
    blocks = (
        Block(kind="paragraph", text=STORY),
        Block(kind="heading", text="See also"),
        Block(kind="paragraph", text="Old mill reopens"),
        Block(kind="heading", text="What the miller says"),
        Block(kind="paragraph", text=STORY + " He has waited for it since he was a boy of nine."),
    )
    draft = Draft(page=Page(body=""), blocks=blocks)

    assert [b.text for b in clean_text(draft).blocks] == [blocks[i].text for i in (0, 3, 4)]


def test_a_link_needs_no_colon_to_be_a_pointer() -> None:
    plain = "Read the full review of the Kestrel 3 ferry"
    text = "Read the full review of the Kestrel 4 ferry"
    link = Line(kind="paragraph", text=text, link="https://a.example/kestrel-4")
    draft = draft_of(STORY, plain)

    cleaned = clean_text(replace(draft, blocks=(*draft.blocks, link)))

    assert [block.text for block in cleaned.blocks] == [STORY, plain]
    assert [edit.code for edit in cleaned.edits] == [EditCode.READ_MORE]
