"""The text stage: remove from the body what is not the article's text, each removal recorded.

A rule looks at all blocks and names those to drop; the runner drops and records them, so that no
rule has to remember to. The order is the tuple `RULES`, and stands nowhere else.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import regex

from newscrawl.items import Block, Draft, Edit, Line, Profile
from newscrawl.publishers import SECONDS, TextRule, publisher_for
from newscrawl.reasons import EditCode
from newscrawl.text import figures, head, prompts, repeats
from newscrawl.wording import bare

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
    Rule(EditCode.RUN_DOUBLED, repeats.doubled_runs),
    Rule(EditCode.LEAD_DOUBLED, repeats.doubled_lead),
    Rule(EditCode.CONTENTS, repeats.contents),
    Rule(EditCode.READ_MORE, prompts.read_more_lines),
    Rule(EditCode.PROMO, prompts.promos),
    Rule(EditCode.SHARE, prompts.share_prompts),
    Rule(EditCode.ADVERT, prompts.adverts),
    Rule(EditCode.TAGS, prompts.tag_lists),
    Rule(EditCode.COPYRIGHT, prompts.copyright_lines),
)


def _drop_recurring(draft: Draft) -> Draft:
    """Drop what the source's profile has seen on other articles: lines, linked lines, images."""
    profile = draft.page.profile
    if profile is None:
        return draft
    found = {
        i: Edit(code=EditCode.SITE_LINE, text=block.text, detail=detail)
        for i, block in enumerate(draft.blocks)
        if (detail := _seen_elsewhere(block, profile, draft.page.url))
    }
    own = [image for image in draft.images if image.url not in profile.images]
    images = tuple(replace(image, is_lead=i == 0) for i, image in enumerate(own))
    return replace(_without(draft, found), images=images)


def _seen_elsewhere(block: Block, profile: Profile, url: str | None) -> str | None:
    link = block.link if isinstance(block, Line) else None
    seen = profile.lines.get(bare(block.text)) or (profile.links.get(link) if link else None)
    if seen is None:
        return None
    others = [example for example in seen.examples if example != url]
    return f"on {seen.pages} of {profile.pages} articles, such as {', '.join(others)}"


def _apply_publisher_rules(draft: Draft) -> Draft:
    """Drop or cut what the publisher's file says recurs in its texts, under the code that it states."""
    source = publisher_for(draft.publisher.domain)
    for rule in source.text if source else ():
        before = draft
        detail = f"a rule of {source.id if source else ''}"
        try:
            draft = _apply_rule(draft, rule, detail)
        except (TimeoutError, regex.error):
            draft = replace(before, layout_missed=(*before.layout_missed, "text"))
        if _has_text(before) and not _has_text(draft):
            # No rule of a file takes a whole text away; it is a miss of the file.
            draft = replace(before, layout_missed=(*before.layout_missed, "text"))
    return draft


def _apply_rule(draft: Draft, rule: TextRule, detail: str) -> Draft:
    """Apply one rule.

    Raises:
        TimeoutError: its expression takes too long.

    """
    if rule.drop is None:
        return _cut(draft, regex.compile(rule.cut or ""), rule.code, detail)
    pattern = regex.compile(rule.drop)
    found = {
        i: Edit(code=rule.code, text=block.text, detail=detail)
        for i, block in enumerate(draft.blocks)
        if pattern.search(block.text, timeout=SECONDS)
    }
    return _without(draft, found)


def _has_text(draft: Draft) -> bool:
    return any(not (isinstance(block, Line) and block.doubt) for block in draft.blocks)


def _cut(draft: Draft, pattern: "regex.Pattern[str]", code: EditCode, detail: str) -> Draft:
    """Cut what a pattern finds from each block; a block of which nothing is left goes."""
    blocks, edits = list[Block](), list[Edit]()
    for block in draft.blocks:
        rest = pattern.sub("", block.text, timeout=SECONDS)
        if rest == block.text:
            blocks.append(block)
            continue
        gone = "".join(match[0] for match in pattern.finditer(block.text, timeout=SECONDS))
        edits.append(Edit(code=code, text=gone, detail=detail))
        if rest.strip():
            blocks.append(replace(block, text=" ".join(rest.split())))
    return replace(draft, blocks=tuple(blocks), edits=(*draft.edits, *edits))


def _drop_doubted(draft: Draft) -> Draft:
    """Drop the lines that the extraction found to be no part of the text.

    The rules come first, because a rule's code says more. Lines travel so far because a date, a
    byline or an agency may stand in one.
    """
    found = {
        i: Edit(code=line.code or EditCode.NOT_BODY, text=line.text, detail=line.doubt)
        for i, line in enumerate(draft.blocks)
        if isinstance(line, Line) and line.doubt
    }
    return _without(draft, found)


def clean_text(draft: Draft) -> Draft:
    """Run the rules over a draft's blocks."""
    draft = _apply_publisher_rules(draft)
    for rule in RULES:
        draft = _apply(rule, draft)
    return _drop_recurring(_drop_doubted(draft))


def _apply(rule: Rule, draft: Draft) -> Draft:
    dropped = sorted(set(rule.select(draft.blocks, draft)))
    return _without(draft, {i: Edit(code=rule.code, text=draft.blocks[i].text) for i in dropped})


def _without(draft: Draft, found: Mapping[int, Edit]) -> Draft:
    """Drop blocks and record each; the one place where the text stage removes anything."""
    if not found:
        return draft
    kept = tuple(block for i, block in enumerate(draft.blocks) if i not in found)
    return replace(draft, blocks=kept, edits=(*draft.edits, *found.values()))
