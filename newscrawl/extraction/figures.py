"""Images with their captions and credits, from figures and from markup that has none."""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache, lru_cache
from itertools import islice
from typing import Final

from lxml.html import HtmlElement

from newscrawl.extraction.document import Document, mark_test
from newscrawl.extraction.jsonld import Node, text_of
from newscrawl.extraction.selectors import NO_LAYOUT, Found
from newscrawl.extraction.structured import image_nodes
from newscrawl.extraction.visible import in_aside, text_content
from newscrawl.items import Credit, Image
from newscrawl.reference import agencies, word_list
from newscrawl.wording import bare, fold

LAZY_ATTRIBUTES: Final = (
    "data-src", "data-original", "data-lazy-src", "data-srcset", "data-lazy", "data-image",
    "data-hi-res-src", "srcset", "src",
)  # fmt: skip
CAPTION_MARK: Final = re.compile(r"caption|bildunterschrift|legende|pie-?de-?foto|didascalia")
CREDIT_MARK: Final = re.compile(
    r"credit|bildautor|(?:image|foto|photo|picture|figcaption|caption)[_-]*author|attribution|copyright|photographer|fotograf|(?:^|[\s_-])source(?:$|[\s_-])|quelle"
    r"|image-?(?:source|author|by)|photo-?by|urheber|(?:^|[\s_-])rights(?:$|[\s_-])",
    re.IGNORECASE,
)
SLASHED_TAIL: Final = re.compile(
    r"(?<=\S) / ((?:[^\W\d_a-z][\w.'’-]*(?: [\w.'’-]+){0,4} / )?[^\W\d_a-z][\w.'’-]*(?: [\w.'’-]+){1,4}\.?)$"
)
"""`… / Jo Doe`, `… / Jo Doe / LRT nuotr.`"""
HANGUL_TAIL: Final = re.compile(
    r"(?<=[.다]) ([\uac00-\ud7a3]{2,6}\d?(?: (?:제공|기자|선임기자))?)$"
)
"""An agency or a name behind the last full stop, as Korean papers print it."""
AUTHOR_MARK: Final = re.compile(r"(?:^|[\s_-])author(?:$|[\s_-])", re.IGNORECASE)
"""Inside a caption an author is who took the picture."""
ICON: Final = re.compile(
    r"\.svg(?:$|\?)|/(?:icons?|logos?|sprites?)/|logo|avatar|pixel|spacer", re.IGNORECASE
)
MAX_WRAPPERS: Final = 6
"""Levels between an image and the wrapper that holds its caption; four on the deepest layout seen."""
MARKS: Final = ("class", "data-test-id", "data-testid", "itemprop")
CAPTION_TAGS: Final = ("div", "p", "span", "small", "em", "i", "td", "dd", "h6")
MAX_CAPTION_CHARS: Final = 1200
MAX_CREDIT_CHARS: Final = 160


def find_images(document: Document, node: Node, layout: Found = NO_LAYOUT) -> tuple[Image, ...]:
    """Collect the article's images: those with a caption or credit, else the declared lead.

    The first is the lead. An address seen twice counts once. Where the publisher's layout says which
    images are the article's, these count without a caption too, and no others.

    Args:
        document: the page.
        node: its main JSON-LD article, maybe empty.
        layout: what the publisher's layout finds.

    """
    captioned = [*_captioned(document, layout)]
    found = captioned or [*_declared(document, node)]
    unique: dict[str, Image] = {}
    for image in found:
        key = _key(image)
        unique.setdefault(key, image)
    return tuple(replace(image, is_lead=i == 0) for i, image in enumerate(unique.values()))


def told_captions(document: Document, images: tuple[Image, ...]) -> tuple[str, ...]:
    """Give the captions that are paragraphs of the text as well: sentences that editors reuse."""
    captions = {bare(image.caption): image.caption for image in images if image.caption}
    told = []
    for paragraph in document.tree.iter("p") if captions else ():
        caption = captions.get(bare(text_content(paragraph)))
        inside = (paragraph, *islice(paragraph.iterancestors(), MAX_WRAPPERS))
        if caption and not any(e.tag in ("figure", "figcaption") or _is_caption(e) for e in inside):
            told.append(caption)
    return tuple(told)


def split_credit(caption: str, alt: str | None = None) -> tuple[str, str | None]:
    """Split "caption + credit" at the alt text, a credit word, an agency or a closing bracket.

    >>> split_credit("A street in YorkWikimedia Commons", "A street in York")
    ('A street in York', 'Wikimedia Commons')
    >>> split_credit("Votes are countedBild: Jo Doe/REUTERS")
    ('Votes are counted', 'Jo Doe/REUTERS')
    >>> split_credit("A tram in Porto, May 3. REUTERS/Jo Doe")
    ('A tram in Porto, May 3.', 'REUTERS/Jo Doe')
    """
    if alt and len(alt) > 3 and caption.startswith(alt):
        rest = caption[len(alt) :].strip(" |/()[]")
        if 2 <= len(rest) <= MAX_CREDIT_CHARS and (rest[0].isupper() or rest[0] in "©@"):
            return alt, without_label(rest)
    for pattern in (_credit_tail(), _agency_tail(), _bracket_tail(), SLASHED_TAIL, HANGUL_TAIL):
        if match := pattern.search(f" {caption}"):
            found = match[match.lastindex or 1]
            kept = caption[: max(0, match.start(match.lastindex or 1) - 1)].rstrip(" |/([–—-")
            return kept, without_label(found.strip(" ()[]|/"))
    return caption, None


def without_label(credit: str) -> str:
    """Cut the word that introduces a credit: `Photo: `, `Foto: `, `Image credit: `.

    >>> without_label("Foto: Jo Doe/dpa"), without_label("©Jo Doe")
    ('Jo Doe/dpa', 'Jo Doe')
    """
    bare_credit = credit.strip().strip("()[]|").strip()
    for _ in range(2):  # Foto: Bild: …
        bare_credit = _label().sub("", bare_credit).strip() or bare_credit
    return bare_credit.lstrip("＝=/| ") or credit


@cache
def _labels() -> str:
    words = sorted(word_list("credit_labels"), key=len, reverse=True)
    return "|".join(re.escape(word).replace("\\ ", r"[\s-]") for word in words)


@cache
def _label() -> re.Pattern[str]:
    """Compile what introduces a credit: `Photo: `, `Foto: `, `Image credit: `, `Photo by `."""
    by = r"(?:by|von|di|de|via)"
    return re.compile(
        rf"^\W*(?:(?:{_labels()})(?:\s+{by})?\.?\s*[:：]\s*|(?:photos?|photograph|image|picture|foto)s?\s+{by}\s+"
        rf"|(?:©|\(c\)|（Ｃ）|copyright\b)\s*(?:\d{{4}}\s+)?)",
        re.IGNORECASE,
    )


@cache
def _label_end() -> re.Pattern[str]:
    return re.compile(rf"[\s|,(/–-]*(?:{_labels()})\.?\s*[:：]$", re.IGNORECASE)


@cache
def _credit_tail() -> re.Pattern[str]:
    """Compile a credit printed behind its caption; glued (no space before it) on one page in 25."""
    words = "|".join(f"{w[0].upper()}{re.escape(w[1:])}" for w in word_list("credit_labels"))
    return re.compile(
        rf"(?:(?:\s|(?<=[^\W\d_A-Z])|(?<=[.!?)\]”\"'\d,|]))[\[(/|,–-]?\s*)"
        rf"((?:(?:(?:AP|AFP|EPA) )?(?:{words})\b(?:\s+(?:credit|by|von|di|de))?\.?\s*[:：/©]|(?:Photo(?:graph)?|Foto|Image|Picture) (?:by|via)"
        r"|©|\(c\)|\(C\)|（Ｃ）|[＝=](?=[^\W\d_]{1,12}$)).{2,120}|[＝=][^\W\d_]{1,12})$"
    )


@cache
def _agencies() -> str:
    forms = {
        form for row in agencies() for form in (row.code, row.name.upper(), *row.aliases) if form
    }
    forms |= {row.name for row in agencies()} | set(word_list("stock"))
    return "|".join(
        re.escape(form) for form in sorted(forms, key=len, reverse=True) if len(form) > 1
    )


@cache
def _agency_tail() -> re.Pattern[str]:
    """Compile `REUTERS/Name`, `Name / AFP`, `Project/Handout via REUTERS` at the end of a caption."""
    # Two words: where no full stop marks its beginning, a longer name would eat into the caption.
    word = r"[^\W\d_a-z][\w.'’-]*"
    short = rf"{word}(?: (?:de |van |von |der |al )*{word})?"
    ways = r"(?:{0} ?/ ?{1}|{1}(?: ?/ ?{1})? ?(?:/| via ) ?{0}(?:/[\w .-]{{2,30}})?)"
    agency = rf"(?:{_agencies()})(?: Photo)?"
    after_stop = ways.format(agency, rf"{word}(?: [\w.'’-]+){{0,4}}")
    return re.compile(
        rf"(?:(?<=[.!?”\"’)»]) ?({after_stop}|{agency})|\s({ways.format(agency, short)}))\.?$"
    )


@cache
def _bracket_tail() -> re.Pattern[str]:
    """Compile a closing bracket that holds an agency, or in scripts without case a short name."""
    other_script = r"[\u0590-\u08ff\u0900-\u0dff][^()\[\]a-zA-Z\d]{2,40}"
    name = r"[^\W\d_a-z][^()\[\]/]{1,30}"
    return re.compile(
        rf"[(\[]((?:[^()\[\]]{{2,40}}/)?(?:{_agencies()})|{name}/{name}|{other_script})[)\]]\.?$"
    )


def _captioned(document: Document, layout: Found) -> Iterator[Image]:
    captions = _captions_by_wrapper(document, layout.elements.get("caption", ()))
    credits_in = _credits_by_wrapper(document, layout.elements.get("credit", ()))
    own = _own_images(document, layout)
    ruled_captions = _next_ones(document, layout.elements.get("caption", ()))
    ruled_credits = _next_ones(document, layout.elements.get("credit", ()))
    for element in document.tree.iter("img"):
        is_ruled = element in ruled_captions or element in ruled_credits
        if own is not None and element not in own:
            continue
        if (
            own is None
            and not is_ruled
            and (not _may_be_told_of(element, captions, credits_in) or in_aside(element))
        ):
            continue
        caption_element = _caption_element(element, captions)
        if caption_element is None:
            caption_element = ruled_captions.get(element)
        alt = " ".join((element.get("alt") or "").split()) or None
        ruled = ruled_credits.get(element)
        caption, credit = _read_caption(caption_element, alt, ruled)
        credit = credit or _credit_beside(element, caption_element, credits_in)
        if caption or credit or own is not None:
            yield Image(
                url=_image_url(element, document),
                caption=caption,
                credit=Credit(raw=credit) if credit else None,
                alt=alt,
            )


def _next_ones(
    document: Document, ruled: tuple[HtmlElement, ...]
) -> dict[HtmlElement, HtmlElement]:
    """Give each image the first of the layout's captions, or credits, that follows it before the next image."""
    if not ruled:
        return {}
    wanted, found = set(ruled), dict[HtmlElement, HtmlElement]()
    image = None
    for element in document.tree.iter():
        if element.tag == "img":
            image = element
        elif element in wanted and image is not None:
            found.setdefault(image, element)
    return found


def _own_images(document: Document, layout: Found) -> set[HtmlElement] | None:
    """Give the images that the layout says are the article's; None where it says nothing.

    Between bounds there may be none: then the article has none.
    """
    held = layout.elements.get("images", ())
    bounds = [layout.elements.get(key, ()) for key in ("images_after", "images_before")]
    if not held and not any(bounds):
        return None
    images = list(document.tree.iter("img"))
    if held:
        inside = {image for element in held for image in element.iter("img")}
        images = [image for image in images if image in inside]
        if not images:
            return None  # holders without an image say as little as none
    if any(bounds):
        order = {element: place for place, element in enumerate(document.tree.iter())}
        first = min((order[e] for e in bounds[0]), default=-1)
        last = min((order[e] for e in bounds[1]), default=len(order))
        images = [image for image in images if first < order[image] < last]
    return set(images)


Captions = dict[HtmlElement, list[HtmlElement]]


def _captions_by_wrapper(document: Document, ruled: tuple[HtmlElement, ...]) -> Captions:
    """Note for every element near above a caption which captions it holds, in one pass.

    Those that the layout names come first, figcaptions before elements that are only marked as captions.
    """
    found: Captions = {}
    for caption in (*ruled, *document.tree.iter("figcaption"), *_marked_captions(document)):
        for wrapper in islice(caption.iterancestors(), MAX_WRAPPERS):
            found.setdefault(wrapper, []).append(caption)
    return found


def _marked_captions(document: Document) -> Iterator[HtmlElement]:
    named = [e for name, held in document.properties.items() if _may_be_caption(name) for e in held]
    marked = [element for element, _ in document.marked_as(CAPTIONS)]
    for element in dict.fromkeys((*marked, *named)):
        if _is_caption(element):
            yield element


@lru_cache(maxsize=16384)
def _may_be_caption(marks: str) -> bool:
    return bool(CAPTION_MARK.search(marks.lower()))


CAPTIONS: Final = mark_test(
    _may_be_caption, ("caption", "bildunterschrift", "legende", "pie", "didascalia"), tested=True
)


def _caption_element(image: HtmlElement, captions: Captions) -> HtmlElement | None:
    """Find the caption of an image: its figure's, or a marked element beside its wrappers."""
    for level, wrapper in enumerate(islice(_wrappers(image), MAX_WRAPPERS)):
        if wrapper.tag in ("body", "article", "main", "section"):
            return None
        marked = _marked_caption(wrapper, captions)
        if marked is not None and _is_alone(wrapper):
            return marked
        beside = wrapper.getnext()
        if beside is not None and (caption := _leading_caption(beside)) is not None:
            return caption
        if wrapper.tag == "figure" and marked is None and level > 2:
            return None
    return None


def _leading_caption(element: HtmlElement) -> HtmlElement | None:
    """Give the caption that an element is or begins with, two wrappers deep."""
    for _ in range(3):
        if _is_caption(element):
            return element
        if len(element) == 0 or (element.text or "").strip():
            return None
        element = element[0]
    return None


def _marked_caption(wrapper: HtmlElement, captions: Captions) -> HtmlElement | None:
    found = captions.get(wrapper, [])
    if wrapper.tag == "figure" and sum(caption.tag == "figcaption" for caption in found) > 1:
        return wrapper  # two figcaptions, title and attribution: read them together
    return found[0] if found else None


def _is_alone(wrapper: HtmlElement) -> bool:
    """Tell a wrapper of one image; with several, a caption in it may belong to another of them."""
    images = (image for image in wrapper.iter("img") if image.getparent().tag != "noscript")
    return wrapper.tag == "figure" or len(list(islice(images, 2))) <= 1


def _is_caption(element: HtmlElement) -> bool:
    if element.tag not in CAPTION_TAGS:
        return False
    marks = " ".join([value for name, value in element.items() if name in MARKS])
    return bool(CAPTION_MARK.search(marks.lower())) and element.find(".//img") is None


def _read_caption(
    element: HtmlElement | None, alt: str | None, ruled: HtmlElement | None = None
) -> tuple[str | None, str | None]:
    """Split a caption's element into caption and credit; *ruled* is the credit that the layout names."""
    parts = (*([] if ruled is None else [ruled]), *(_credit_elements(element) if element is not None else ()))  # fmt: skip
    found = [text for part in parts if (text := text_content(part))]
    if element is None:
        return None, without_label(found[0]) if found else None
    credit = found[0] if found else None
    whole = text_content(element)
    if len(whole) > MAX_CAPTION_CHARS:
        return None, None
    if credit and len(credit) <= MAX_CREDIT_CHARS and credit != whole:
        caption = whole.replace(credit, " ", 1) if whole.count(credit) else whole
        kept = " ".join(caption.split()).strip(" |([")
        return _label_end().sub("", kept) or None, without_label(credit)
    if credit and credit == whole:
        return None, without_label(credit)
    caption, credit = split_credit(_glued_text(element), alt)
    return caption or None, credit


def _credit_elements(caption: HtmlElement) -> Iterator[HtmlElement]:
    for element in caption.iterdescendants():
        if element.tag == "cite" or _is_credit(element) or AUTHOR_MARK.search(_marks(element)):
            yield element


def _is_credit(element: HtmlElement) -> bool:
    return _says_credit(_marks(element))


@lru_cache(maxsize=16384)
def _says_credit(marks: str) -> bool:
    return bool(CREDIT_MARK.search(marks)) and not CAPTION_MARK.fullmatch(marks.lower())


CREDITS: Final = mark_test(
    _says_credit,
    ("credit", "author", "autor", "attribution", "copyright", "photo", "fotograf", "source", "quelle", "image",
     "picture", "urheber", "rights"),
    tested=True,
)  # fmt: skip


def _marks(element: HtmlElement) -> str:
    return " ".join(element.get(name) or "" for name in (*MARKS, "id"))


def _credits_by_wrapper(document: Document, ruled: tuple[HtmlElement, ...]) -> Captions:
    """Note for every element which elements that are marked as credits it holds, in one pass; the layout's first."""
    found: Captions = {}
    named = [e for name, held in document.properties.items() if _says_credit(name) for e in held]
    marked = [element for element, _ in document.marked_as(CREDITS)]
    for element in dict.fromkeys((*ruled, *marked, *named)):
        for wrapper in element.iterancestors():
            found.setdefault(wrapper, []).append(element)
    return found


def _wrappers(image: HtmlElement) -> Iterator[HtmlElement]:
    """Give the elements around an image; of a picture's sources libxml2 makes one inside the other."""
    return (element for element in image.iterancestors() if element.tag != "source")


def _may_be_told_of(image: HtmlElement, captions: Captions, credits_in: Captions) -> bool:
    """Tell whether anything near an image, or beside its wrappers, is marked as a caption or a credit."""
    near = islice(_wrappers(image), MAX_WRAPPERS + 1)
    return any(wrapper in captions or wrapper in credits_in for wrapper in near)


def _credit_beside(
    image: HtmlElement, caption: HtmlElement | None, credits_in: Captions
) -> str | None:
    """Find a credit that stands beside the caption, or where there is none."""
    for wrapper in islice(_wrappers(image), MAX_WRAPPERS):
        if wrapper.tag in ("body", "article", "main", "section"):
            return None
        held = credits_in.get(wrapper, ())
        if held and not _is_alone(wrapper):
            return None
        for element in held:
            if element is caption:
                continue
            text = text_content(element)
            if 1 < len(text) <= MAX_CREDIT_CHARS:
                return without_label(text)
    return None


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
    lead = next((document.absolute(text_of(item.get("url"))) for item in image_nodes(node)), None)
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
