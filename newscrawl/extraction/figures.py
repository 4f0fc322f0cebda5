"""Images with their captions and credits, from figures and from markup that has none."""

import re
from collections.abc import Iterator
from typing import Final

from lxml.html import HtmlElement

from newscrawl.extraction.document import Document
from newscrawl.extraction.jsonld import Node, text_of
from newscrawl.extraction.structured import image_nodes
from newscrawl.extraction.visible import in_aside, text_content
from newscrawl.items import Credit, Image
from newscrawl.wording import bare, fold

LAZY_ATTRIBUTES: Final = (
    "data-src", "data-original", "data-lazy-src", "data-srcset", "data-lazy", "data-image",
    "data-hi-res-src", "srcset", "src",
)  # fmt: skip
CAPTION_MARK: Final = re.compile(
    r"caption|bildunterschrift|legende|pie-?de-?foto|didascalia", re.IGNORECASE
)
CREDIT_MARK: Final = re.compile(
    r"credit|attribution|copyright|photographer|fotograf|(?:^|[\s_-])source(?:$|[\s_-])|quelle"
    r"|image-?(?:source|author|by)|photo-?by|urheber|(?:^|[\s_-])rights(?:$|[\s_-])",
    re.IGNORECASE,
)
# A credit printed behind its caption; glued (no space before it) on one page in twenty-five.
CREDIT_TAIL: Final = re.compile(
    r"(?:(?:\s|(?<=[^\W\d_A-Z])|(?<=[.!?)\]”\"'\d]))[\[(/|–-]?\s*)"
    r"((?:(?:Photo(?:graph)?s?|Fotos?|Bild(?:er)?|Images?|Picture|Pictures|Quelle|Credits?|Source"
    r"|Copyright|Kredit|Фото|Zdjęcie|Fotó|Foto de|Photo credit|Image credit|Foto/Video)\b"
    r"(?:\s+(?:credit|by|von|di|de))?\s*[:/©]|(?:Photo(?:graph)?|Foto|Image|Picture) (?:by|via)"
    r"|©|\(c\)|\(C\)).{2,120})$"
)
ICON: Final = re.compile(
    r"\.svg(?:$|\?)|/(?:icons?|logos?|sprites?)/|logo|avatar|pixel|spacer", re.IGNORECASE
)
MAX_CAPTION_CHARS: Final = 1200
MAX_CREDIT_CHARS: Final = 160


def find_images(document: Document, node: Node) -> tuple[Image, ...]:
    """Collect the article's images: those with a caption or credit, then the declared lead.

    The first is the lead. An address seen twice counts once.
    """
    found = [*_captioned(document), *_declared(document, node)]
    unique: dict[str, Image] = {}
    for image in found:
        key = _key(image)
        unique.setdefault(key, image)
    images = list(unique.values())
    return tuple(_mark_lead(images))


def split_credit(caption: str, alt: str | None = None) -> tuple[str, str | None]:
    """Split "caption + credit" at the alt text, or at a credit word.

    >>> split_credit("A street in YorkWikimedia Commons", "A street in York")
    ('A street in York', 'Wikimedia Commons')
    >>> split_credit("Votes are countedBild: Jo Doe/REUTERS")
    ('Votes are counted', 'Bild: Jo Doe/REUTERS')
    """
    if alt and len(alt) > 3 and caption.startswith(alt):
        rest = caption[len(alt) :].strip(" |/()[]")
        if 2 <= len(rest) <= MAX_CREDIT_CHARS and (rest[0].isupper() or rest[0] in "©@"):
            return alt, rest
    if match := CREDIT_TAIL.search(f" {caption}"):
        kept = caption[: max(0, match.start(1) - 1)].rstrip(" |/([–-")
        return kept, match[1].strip(" ()[]|/")
    return caption, None


def _captioned(document: Document) -> Iterator[Image]:
    for element in document.tree.iter("img"):
        if in_aside(element):
            continue
        caption_element = _caption_element(element)
        alt = " ".join((element.get("alt") or "").split()) or None
        caption, credit = _read_caption(caption_element, alt)
        if caption or credit:
            yield Image(
                url=_image_url(element, document),
                caption=caption,
                credit=Credit(raw=credit) if credit else None,
                alt=alt,
            )


def _caption_element(image: HtmlElement) -> HtmlElement | None:
    """Find the caption of an image: its figure's, or a marked element beside its wrappers."""
    for level, wrapper in enumerate(image.iterancestors()):
        if level > 5 or wrapper.tag in ("body", "article", "main", "section"):
            return None
        marked = _marked_caption(wrapper)
        if marked is not None and _same_image(marked, image, wrapper):
            return marked
        beside = wrapper.getnext()
        if beside is not None and _is_caption(beside):
            return beside
        if wrapper.tag == "figure" and marked is None and level > 2:
            return None
    return None


def _marked_caption(wrapper: HtmlElement) -> HtmlElement | None:
    captions = list(wrapper.iter("figcaption"))
    if len(captions) > 1 and wrapper.tag == "figure":
        return wrapper  # two figcaptions, title and attribution: read them together
    return captions[0] if captions else next(filter(_is_caption, wrapper.iterdescendants()), None)


def _same_image(caption: HtmlElement, image: HtmlElement, wrapper: HtmlElement) -> bool:
    """Refuse a caption that belongs to another of several images in one wrapper."""
    images = [img for img in wrapper.iter("img") if img.getparent().tag != "noscript"]
    return wrapper.tag == "figure" or len(images) <= 1


def _is_caption(element: HtmlElement) -> bool:
    if not isinstance(element.tag, str) or element.tag in (
        "img",
        "table",
        "figure",
        "a",
    ):
        return False
    marks = " ".join(
        element.get(name) or "" for name in ("class", "data-test-id", "data-testid", "itemprop")
    )
    return bool(CAPTION_MARK.search(marks)) and element.find(".//img") is None


def _read_caption(element: HtmlElement | None, alt: str | None) -> tuple[str | None, str | None]:
    if element is None:
        return None, None
    credits = [text for part in _credit_elements(element) if (text := text_content(part))]
    credit = credits[0] if credits else None
    whole = text_content(element)
    if len(whole) > MAX_CAPTION_CHARS:
        return None, None
    if credit and len(credit) <= MAX_CREDIT_CHARS and credit != whole:
        caption = whole.replace(credit, " ", 1) if whole.count(credit) else whole
        return " ".join(caption.split()).strip(" |") or None, credit
    if credit and credit == whole:
        return None, credit
    caption, credit = split_credit(_glued_text(element), alt)
    return caption or None, credit


def _credit_elements(caption: HtmlElement) -> Iterator[HtmlElement]:
    for element in caption.iterdescendants():
        marks = " ".join(
            element.get(name) or ""
            for name in ("class", "data-test-id", "data-testid", "itemprop", "id")
        )
        if CREDIT_MARK.search(marks) and not CAPTION_MARK.fullmatch(marks):
            yield element


def _glued_text(element: HtmlElement) -> str:
    """Give the text as a browser glues inline elements, so that the alt is a prefix of it."""
    return " ".join("".join(element.itertext()).split())


def _declared(document: Document, node: Node) -> Iterator[Image]:
    for item in image_nodes(node):
        url = document.absolute(text_of(item.get("url") or item.get("contentUrl")))
        caption = text_of(item.get("caption"))
        credit = text_of(item.get("creditText"))
        if url and (caption or credit):
            yield Image(url=url, caption=caption, credit=Credit(raw=credit) if credit else None)
    lead = next(
        (document.absolute(text_of(item.get("url"))) for item in image_nodes(node)),
        None,
    )
    lead = lead or document.absolute(document.meta("og:image", "og:image:url", "twitter:image"))
    if lead and not ICON.search(lead):
        yield Image(url=lead)


def _image_url(image: HtmlElement, document: Document) -> str | None:
    for name in LAZY_ATTRIBUTES:
        value = (image.get(name) or "").strip()
        if not value or value.startswith("data:"):
            continue
        if name.endswith("srcset"):
            value = value.split(",")[-1].split()[0] if value.split(",")[-1].split() else ""
        if url := document.absolute(value):
            return url
    return None


def _key(image: Image) -> str:
    """Name an image by its caption, else by the file name its address ends in."""
    if image.caption:
        return bare(image.caption)
    return (image.url or "").split("?")[0].rsplit("/", 1)[-1] or fold(image.alt or "")


def _mark_lead(images: list[Image]) -> Iterator[Image]:
    files = {
        (image.url or "").split("?")[0].rsplit("/", 1)[-1] for image in images if image.caption
    }
    for position, image in enumerate(images):
        file = (image.url or "").split("?")[0].rsplit("/", 1)[-1]
        if position and not image.caption and not image.credit and (files and file in files):
            continue  # the declared lead is one of the captioned images
        yield Image(
            url=image.url, caption=image.caption, credit=image.credit, alt=image.alt,
            is_lead=position == 0,
        )  # fmt: skip
