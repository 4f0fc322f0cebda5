"""Captions, credits and alternative texts that stand in the body as lines."""

from collections.abc import Iterator
from typing import Final

from newscrawl.items import Block, Draft
from newscrawl.lines import is_credit_line
from newscrawl.wording import bare

MIN_CAPTION_WORDS: Final = 2
MAX_CREDIT_CHARS: Final = 120


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
        if short and (is_known or is_credit_line(block.text)):
            yield index


def _caption_forms(draft: Draft) -> Iterator[str]:
    for image in draft.images:
        caption = bare(image.caption or "")
        if len(caption.split()) >= MIN_CAPTION_WORDS or (caption and not caption.isascii()):
            yield caption
            if image.credit:
                yield bare(f"{image.caption} {image.credit.raw}")
                yield bare(f"{image.caption}{image.credit.raw}")
