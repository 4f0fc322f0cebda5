"""Captions, credits and alternative texts that stand in the body as lines."""

import re
from collections.abc import Iterator
from typing import Final

from newscrawl.items import Block, Draft
from newscrawl.lines import is_sentence
from newscrawl.reference import word_list
from newscrawl.wording import bare

MIN_CAPTION_WORDS: Final = 2
MAX_CREDIT_CHARS: Final = 120
CREDIT_LINE: Final = re.compile(
    r"(?i)^\W{0,2}(?:"
    r"(?:photo(?:graph)?s?|fotos?|bild(?:er)?|images?|picture|beitragsbild|titelbild|credits?"
    r"|file photo|zdjęcie|фото|fotó|kuva|الصورة|写真|사진)"
    r"(?:\s+(?:by|von|credits?|courtesy))?\s*[:/©=]"
    r"|(?:photo(?:graph)?|foto|image|picture)s? (?:by|via|courtesy) "
    r"|©\s?(?!\d{4})"
    r").{2,110}$"
)


def captions(blocks: tuple[Block, ...], draft: Draft) -> Iterator[int]:
    """Drop lines that are an image's caption, alone or with its credit."""
    known = set(_caption_forms(draft)) - {bare(caption) for caption in draft.told_captions}
    for index, block in enumerate(blocks):
        line = bare(block.text)
        if line in known and block.kind != "heading":
            yield index


def credit_lines(blocks: tuple[Block, ...], draft: Draft) -> Iterator[int]:
    """Drop lines that are only a credit."""
    known = {bare(image.credit.raw) for image in draft.images if image.credit} - {""}
    for index, block in enumerate(blocks):
        short = len(block.text) <= MAX_CREDIT_CHARS
        is_known = bare(block.text) in known and len(block.text) > 2
        if short and (is_known or (CREDIT_LINE.match(block.text) and not _is_story(block.text))):
            yield index


def _caption_forms(draft: Draft) -> Iterator[str]:
    for image in draft.images:
        caption = bare(image.caption or "")
        if len(caption.split()) >= MIN_CAPTION_WORDS or (caption and not caption.isascii()):
            yield caption
            if image.credit:
                yield bare(f"{image.caption} {image.credit.raw}")
                yield bare(f"{image.caption}{image.credit.raw}")


def _is_story(text: str) -> bool:
    """Tell 'Photo: a bridge at night, by X' from a story's sentence; libraries settle it."""
    return is_sentence(text) and len(text) > 80 and not any(n in text for n in word_list("stock"))
