"""Articles as TEI P5: one `TEI` document each, or all in one `teiCorpus`.

Only elements that every customisation of TEI for corpora knows; see https://tei-c.org/guidelines/p5/.
"""

import re
from collections.abc import Iterable
from itertools import groupby
from typing import Any, Final

from lxml import etree

from newscrawl.items import Article, Block, Image

NAMESPACE: Final = "http://www.tei-c.org/ns/1.0"
NAMES: Final[dict[Any, str]] = {None: NAMESPACE}
LANGUAGE: Final = "{http://www.w3.org/XML/1998/namespace}lang"
DECLARATION: Final = b'<?xml version="1.0" encoding="UTF-8"?>\n'
UNWRITABLE: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped."""
SPACE: Final = re.compile(r"\s")
LISTED: Final = "list_item"
PLAIN: Final = {"table_row": "row", "code": "code"}
"""Blocks without an element of their own, and the type that an `ab` has for them."""


def document(article: Article) -> bytes:
    """Write an article as a TEI document, with the XML declaration."""
    return DECLARATION + _written(_tei(article))


def member(article: Article) -> bytes:
    """Write an article as a member of a `teiCorpus`."""
    return _written(_tei(article))


def opening(title: str) -> bytes:
    """Write the beginning of a `teiCorpus`, its header included."""
    root = etree.Element("teiCorpus", nsmap=NAMES)
    header = etree.SubElement(root, "teiHeader")
    described = etree.SubElement(header, "fileDesc")
    _add(etree.SubElement(described, "titleStmt"), "title", title)
    _add(etree.SubElement(described, "publicationStmt"), "p", "Made with newscrawl; not published.")
    _add(
        etree.SubElement(described, "sourceDesc"),
        "p",
        "Pages of news sites; each member names its own.",
    )
    whole = _written(root)
    return DECLARATION + whole[: whole.rindex(b"</teiCorpus>")]


def closing() -> bytes:
    """Write the end of a `teiCorpus`."""
    return b"</teiCorpus>\n"


def _tei(article: Article) -> etree._Element:
    root = etree.Element("TEI", nsmap=NAMES)
    header = etree.SubElement(root, "teiHeader")
    _describe_file(etree.SubElement(header, "fileDesc"), article)
    made = article.extracted_with
    tools = etree.SubElement(etree.SubElement(header, "encodingDesc"), "appInfo")
    tool = etree.SubElement(
        tools, "application", ident="newscrawl", version=_writable(made.newscrawl)
    )
    _add(tool, "label", "newscrawl")
    _profile(header, article)
    text = etree.SubElement(root, "text")
    if article.language:
        text.set(LANGUAGE, _writable(article.language))
    body = etree.SubElement(text, "body")
    _fill(etree.SubElement(body, "div", type="article"), article)
    if article.images:
        apart = etree.SubElement(etree.SubElement(text, "back"), "div", type="images")
        images = etree.SubElement(apart, "list")
        for image in article.images:
            _add_image(images, image)
    return root


def _describe_file(parent: etree._Element, article: Article) -> None:
    titles = etree.SubElement(parent, "titleStmt")
    _name(titles, article)
    for agency in article.agencies:
        named = etree.SubElement(titles, "respStmt")
        _add(named, "resp", "agency")
        _add(named, "name", agency.name, type="org", key=agency.id)
    extent = etree.SubElement(parent, "extent")
    etree.SubElement(extent, "measure", unit="words", quantity=str(article.word_count))
    publication = etree.SubElement(parent, "publicationStmt")
    _add(publication, "publisher", article.publisher.name or article.source or "unknown")
    _add(publication, "idno", str(article.id), type="newscrawl")
    available = etree.SubElement(publication, "availability", status=_status(article))
    _add(available, "p", _rights(article))
    source = etree.SubElement(etree.SubElement(parent, "sourceDesc"), "bibl")
    _name(source, article)
    _add(source, "publisher", article.publisher.name or article.source or "unknown")
    for kind, value in (("published", article.date_published), ("modified", article.date_modified)):
        if value:
            _add(source, "date", value, type=kind, when=value)
    if article.url:
        _add(source, "idno", article.url, type="URL")


def _name(parent: etree._Element, article: Article) -> None:
    _add(parent, "title", article.title or "untitled", type="main")
    if article.subtitle:
        _add(parent, "title", article.subtitle, type="sub")
    for author in article.authors:
        _add(parent, "author", author.name)


def _status(article: Article) -> str:
    return "restricted" if article.opt_outs else "unknown"


def _rights(article: Article) -> str:
    said = [f"{sign.signal}: {sign.value}" for sign in article.opt_outs]
    rights = article.copyright
    said += [
        part
        for part in ((rights.notice or rights.licence or rights.holder) if rights else None,)
        if part
    ]
    return "; ".join(said) or "Nothing is stated."


def _profile(header: etree._Element, article: Article) -> None:
    classes = [article.kind, *([article.section] if article.section else [])]
    profile = etree.SubElement(header, "profileDesc")
    if article.language:
        usage = etree.SubElement(profile, "langUsage")
        _add(usage, "language", article.language, ident=article.language)
    subject = etree.SubElement(profile, "textClass")
    for scheme, terms in (("#kind", classes), ("#tags", article.tags)):
        if terms:
            keywords = etree.SubElement(subject, "keywords", scheme=scheme)
            for term in terms:
                _add(keywords, "term", term)


def _fill(division: etree._Element, article: Article) -> None:
    """Write the body: each heading begins a division of its own."""
    _add(division, "head", article.title or "untitled")
    place = division
    for kind, blocks in groupby(article.body, key=lambda block: block.kind):
        if kind == "heading":
            for block in blocks:
                place = etree.SubElement(division, "div", type="section")
                _add(place, "head", block.text)
        else:
            _add_blocks(place, kind, blocks)
    if len(division) == 1:  # a body without blocks
        _add(division, "p", article.text)


def _add_blocks(place: etree._Element, kind: str, blocks: Iterable[Block]) -> None:
    if kind == LISTED:
        place = etree.SubElement(place, "list")
    for block in blocks:
        if kind == LISTED:
            _add(place, "item", block.text)
        elif kind == "quote":
            _add(etree.SubElement(place, "p"), "quote", block.text)
        elif kind in PLAIN:
            _add(place, "ab", block.text, type=PLAIN[kind])
        else:
            _add(place, "p", block.text)


def _add_image(parent: etree._Element, image: Image) -> None:
    """Write an image as an item of a list: not every customisation has `figure`."""
    item = etree.SubElement(parent, "item")
    if image.url:
        etree.SubElement(item, "ref", target=SPACE.sub("%20", _writable(image.url)), type="image")
    for kind, text in (
        ("caption", image.caption),
        ("alt", image.alt),
        ("credit", image.credit and image.credit.raw),
    ):
        if text:
            _add(item, "note", text, type=kind)


def _add(parent: etree._Element, tag: str, text: str, **attributes: str) -> None:
    values = {name: _writable(value) for name, value in attributes.items()}
    element = etree.SubElement(parent, tag, attrib=values)
    element.text = _writable(text)


def _writable(text: str) -> str:
    return UNWRITABLE.sub("", text)


def _written(element: etree._Element) -> bytes:
    etree.indent(element)
    return etree.tostring(element, encoding="UTF-8", xml_declaration=False) + b"\n"
