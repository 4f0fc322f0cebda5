"""The text stage: remove from the body what is not the article's text, each removal recorded.

A rule looks at all blocks and names those to drop; the runner drops and records them, so that no
rule has to remember to. The order is the tuple `RULES`, and stands nowhere else.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from newscrawl.items import Block, Draft, Edit
from newscrawl.reasons import EditCode
from newscrawl.text import figures, head, prompts, repeats

Select = Callable[[tuple[Block, ...], Draft], Iterable[int]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: which blocks it drops, and under which code."""

    code: EditCode
    select: Select


RULES: tuple[Rule, ...] = (
    Rule(EditCode.RELATED, prompts.related_blocks),
    Rule(EditCode.ORPHAN, prompts.orphans),
    Rule(EditCode.TITLE_REPEATED, head.repeated_title),
    Rule(EditCode.CAPTION, figures.captions),
    Rule(EditCode.CREDIT, figures.credit_lines),
    Rule(EditCode.LABEL_EMPTY, head.empty_labels),
    Rule(EditCode.DATE_LINE, head.date_lines),
    Rule(EditCode.READING_TIME, head.reading_times),
    Rule(EditCode.BYLINE, head.bylines),
    Rule(EditCode.LEAD_DOUBLED, repeats.doubled_lead),
    Rule(EditCode.READ_MORE, prompts.read_more_lines),
    Rule(EditCode.PROMO, prompts.promos),
    Rule(EditCode.SHARE, prompts.share_prompts),
    Rule(EditCode.ADVERT, prompts.adverts),
    Rule(EditCode.TAGS, prompts.tag_lists),
    Rule(EditCode.COPYRIGHT, prompts.copyright_lines),
)


def clean_text(draft: Draft) -> Draft:
    """Run the rules over a draft's blocks."""
    for rule in RULES:
        draft = _apply(rule, draft)
    return draft


def _apply(rule: Rule, draft: Draft) -> Draft:
    dropped = set(rule.select(draft.blocks, draft))
    if not dropped:
        return draft
    removed = tuple(Edit(code=rule.code, text=draft.blocks[i].text) for i in sorted(dropped))
    kept = tuple(block for i, block in enumerate(draft.blocks) if i not in dropped)
    return replace(draft, blocks=kept, edits=(*draft.edits, *removed))
