"""Decode and parse a page, once: everything else reads the one tree made here."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import lxml.html
from lxml.etree import ElementDefaultClassLookup, LxmlError, XPath
from w3lib.encoding import html_body_declared_encoding, http_content_type_encoding, resolve_encoding

from newscrawl.extraction.jsonld import read_json_ld
from newscrawl.items import Page, Rejected
from newscrawl.reasons import Reason

MAX_PAGE_BYTES: Final = 20_000_000
"""Bytes; the largest of 1,700 real pages measured has 5.3 MB, and trafilatura stops at 20 MB too."""
MAX_ELEMENTS: Final = 250_000
"""Elements; the largest real page measured has 38,000, and extraction time grows with them."""
MAX_TAGS: Final = 1_000_000
"""Left angle brackets, counted before a tree is made of them: a tree takes a hundred bytes for each."""
MAX_ATTRIBUTES: Final = 5000
LONG_TAG: Final = 20_000
"""Bytes; libxml2 compares each attribute of a tag with all others: 40,000 of them take it twelve seconds."""
ATTRIBUTE: Final = re.compile(rb"[^\s>/=]++(?:\s*+=\s*+(?:\"[^\"]*+\"?|'[^']*+'?|[^\s>]*+))?+")
TAG: Final = re.compile(rb"<[a-zA-Z][^\s>/]*+(?:[\s/]++|=|" + ATTRIBUTE.pattern + rb")*+")
"""A start tag as HTML's tokeniser reads it; possessive, so that no text makes it go back."""
MAX_DEPTH: Final = 200
"""Levels; real pages stay under 100, and extraction recurses once a level."""
SNIFF_BYTES: Final = 1024
PROGRAMS: Final = frozenset({"script", "style"})
"""Elements whose text is for machines."""

# lxml.html looks an element's class up in Python, once for each time the element is met; nothing
# here needs its classes for forms and inputs.
ONE_CLASS: Final = ElementDefaultClassLookup(element=lxml.html.HtmlElement)

# First bytes of formats that are served or saved as .html by mistake.
MAGIC: Final = (
    (b"%PDF-", "PDF"), (b"\xff\xd8\xff", "JPEG"), (b"\x89PNG", "PNG"), (b"GIF8", "GIF"),
    (b"PK\x03\x04", "ZIP"), (b"\x1f\x8b", "gzip"), (b"RIFF", "RIFF"), (b"\x7fELF", "ELF"),
    (b"BZh", "bzip2"), (b"\x28\xb5\x2f\xfd", "Zstandard"), (b"\xd0\xcf\x11\xe0", "Office"),
    (b"OggS", "Ogg"), (b"ID3", "MP3"), (b"wOF", "font"), (b"7z\xbc\xaf", "7-Zip"),
)  # fmt: skip
BOMS: Final = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
# Encodings that use ASCII bytes only, so that "it decodes as UTF-8" says nothing.
SEVEN_BIT: Final = frozenset({"iso2022_jp", "iso2022_kr", "hz", "utf-7"})
# What XML does not allow; libxml2 ends the document at a NUL.
CONTROLS: Final = bytes([*range(9), 11, 12, *range(14, 32)])
NONCHARACTERS: Final = ("\ufffe".encode(), "\uffff".encode())
NONCHARACTERS_BEGIN: Final = b"\xef\xbf"
SELF_CLOSED_HTML: Final = re.compile(rb"(<html\b[^<>]{0,2000}?)/>", re.IGNORECASE)
DOCTYPE: Final = re.compile(rb"<!doctype[^>]{0,500}>", re.IGNORECASE)
PROLOGUE: Final = 4096
"""Bytes in which the doctype and the html element stand."""
NOT_TEXT: Final = bytes([*range(9), *range(14, 27)])
TOO_DEEP: Final = XPath(f"boolean({'/*' * (MAX_DEPTH + 1)})")


_TESTS: Final[list[Callable[[str], bool]]] = []
_STEMS: Final[set[str]] = set()
_TESTED: Final = [0]
"""The kinds that names for tests tell of as well."""


def mark_test(test: Callable[[str], bool], stems: Iterable[str], *, tested: bool = False) -> int:
    """Make a kind of elements: those with a class or an id that passes a test.

    All kinds are asked of at once, of each class once a process: sites share most of theirs, and a
    page repeats few of them many times.

    Args:
        test: tells of one class or id whether it is looked for.
        stems: parts of words in lower case; what passes the test has one of them. Nine classes of ten
            have none of any kind, and are told by one search.
        tested: ask of names for tests, such as `data-testid`, as well.

    Returns:
        The kind, for `Document.marked_as`.

    """
    kind = 1 << len(_TESTS)
    _TESTS.append(test)
    _TESTED[0] |= kind if tested else 0
    _STEMS.update(stems)
    _stems.cache_clear()
    _kinds_of.cache_clear()
    _kinds_of_one.cache_clear()
    return kind


@lru_cache(maxsize=16384)
def _kinds_of(marks: str) -> int:
    kinds = 0
    for mark in marks.split():
        kinds |= _kinds_of_one(mark)
    return kinds


@lru_cache(maxsize=65536)
def _kinds_of_one(mark: str) -> int:
    if not _stems().search(mark.lower()):
        return 0
    return sum([1 << bit for bit, test in enumerate(_TESTS) if test(mark)])


@cache
def _stems() -> re.Pattern[str]:
    # A stem that holds another adds nothing.
    shortest = [s for s in _STEMS if not any(other in s for other in _STEMS - {s})]
    return re.compile("|".join(map(re.escape, sorted(shortest))))


@dataclass(frozen=True)
class Document:
    """A parsed page: tree, JSON-LD nodes and metas."""

    tree: lxml.html.HtmlElement
    url: str | None
    is_tested: bool
    """Whether elements have names for tests, such as `data-testid`; few pages do."""
    elements: tuple[lxml.html.HtmlElement, ...] = field(repr=False)
    """All of the tree's elements in their order. Holding them also keeps lxml from making them anew
    each time the tree is walked, as a dozen functions do."""

    @cached_property
    def json_ld(self) -> tuple[dict[str, Any], ...]:
        """All JSON-LD nodes of the page, `@graph` and lists flattened."""
        scripts = self.tree.iterfind('.//script[@type="application/ld+json"]')
        return read_json_ld(tuple(script.text or "" for script in scripts))

    @cached_property
    def _by_kind(self) -> dict[int, list[tuple[lxml.html.HtmlElement, str]]]:
        """The elements of each kind, by `mark_test`, with their tags."""
        found: dict[int, list[tuple[lxml.html.HtmlElement, str]]] = {}
        for element in self.elements:
            # Class and id apart: elements share their classes, and have ids of their own.
            one, other = element.get("class"), element.get("id")
            kinds = (_kinds_of(one) if one else 0) | (_kinds_of(other) if other else 0)
            if self.is_tested:
                tested = element.get("data-testid")
                tested = tested or ((one or other) and element.get("data-test-id"))
                kinds |= _kinds_of(tested) & _TESTED[0] if tested else 0
            while kinds:
                kind = kinds & -kinds
                found.setdefault(kind, []).append((element, element.tag))
                kinds ^= kind
        return found

    def marked_as(self, kind: int) -> list[tuple[lxml.html.HtmlElement, str]]:
        """Give the elements, and their tags, that are of a kind that `mark_test` has given."""
        return self._by_kind.get(kind, [])

    @cached_property
    def texts(self) -> tuple[tuple[lxml.html.HtmlElement, str, str], ...]:
        """Every element that begins with text for a reader, with its tag and that text."""
        # Of scripts not even a copy is made: they are half of many pages.
        return tuple([
            (element, tag, text)
            for element in self.elements
            if (tag := element.tag) not in PROGRAMS and (text := element.text) and not text.isspace()
        ])  # fmt: skip

    @cached_property
    def anchors(self) -> tuple[tuple[lxml.html.HtmlElement, str, str], ...]:
        """Every `a` element, with its address and its relation; empty where it has none."""
        return tuple([(a, a.get("href") or "", a.get("rel") or "") for a in self.tree.iter("a")])

    @cached_property
    def title(self) -> lxml.html.HtmlElement | None:
        """The title element."""
        return self.tree.find(".//head/title")

    @cached_property
    def properties(self) -> dict[str, tuple[lxml.html.HtmlElement, ...]]:
        """The elements that hold each microdata property, metas left out."""
        found: dict[str, list[lxml.html.HtmlElement]] = {}
        for element in self.elements:
            names = element.get("itemprop")
            for name in names.split() if names and element.tag != "meta" else ():
                found.setdefault(name, []).append(element)
        return {name: tuple(elements) for name, elements in found.items()}

    @cached_property
    def links(self) -> dict[str, str]:
        """The address of the first link element of each relation."""
        found: dict[str, str] = {}
        for link in self.tree.iter("link"):
            relation, address = link.get("rel"), link.get("href")
            if relation and address:
                found.setdefault(relation, address)
        return found

    @cached_property
    def metas(self) -> dict[str, tuple[str, ...]]:
        """Meta contents by lower-cased name, property, itemprop or http-equiv."""
        found: dict[str, list[str]] = {}
        for meta in self.tree.iter("meta"):
            content = (meta.get("content") or "").strip()
            for attribute in ("name", "property", "itemprop", "http-equiv"):
                if content and (name := meta.get(attribute)):
                    found.setdefault(name.strip().lower(), []).append(content)
        return {name: tuple(dict.fromkeys(values)) for name, values in found.items()}

    def meta(self, *names: str) -> str | None:
        """Give the first content among metas of these names."""
        return next((self.metas[name][0] for name in names if name in self.metas), None)

    def absolute(self, address: str | None) -> str | None:
        """Resolve an address against the page's own; None where that gives no http address."""
        if not address or not address.strip():
            return None
        try:
            joined = urljoin(self.url or "", address.strip())
            return joined if urlsplit(joined).scheme in ("http", "https") else None
        except ValueError:
            return None


def parse_document(page: Page) -> Document | Rejected:
    """Make a document of a page, or say why none can be made."""
    if problem := refuse(page):
        return problem
    text = page.body if isinstance(page.body, str) else decode(page.body, page.content_type)
    # XML allows no lone surrogates.
    data = text.encode("utf-8", "ignore")
    if b"<" not in data:
        why = "no markup; plain text is read with input format text"
        return (
            rejected(page, Reason.NOT_HTML, why) if text.strip() else rejected(page, Reason.EMPTY)
        )
    if too_complex := is_too_complex(data):
        return rejected(page, Reason.TOO_COMPLEX, too_complex)
    tree = _parse(data)
    if tree is None:
        return rejected(page, Reason.UNPARSABLE)
    elements = tuple(tree.iter())
    if too_complex := _complexity(tree, len(elements)):
        return rejected(page, Reason.TOO_COMPLEX, too_complex)
    return Document(tree, page.url, b"data-test" in data, elements)


def rejected(page: Page, reason: Reason, detail: str | None = None) -> Rejected:
    """Refuse a page, with its address and id."""
    return Rejected(reason=reason, url=page.url, id=page.id, detail=detail, origin=page.origin)


def is_http_url(url: str) -> bool:
    """Tell whether this is an absolute http or https address with a host."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in url
    except ValueError:
        return False


def decode(body: bytes, content_type: str | None = None) -> str:
    """Decode a page's bytes.

    A byte-order mark wins; then UTF-8 wherever the bytes are valid UTF-8, because text of another
    encoding that happens to be valid UTF-8 is next to impossible while wrong declarations are
    common; then the HTTP header, the meta declaration, detection, and Windows-1252.

    >>> decode("“£5”".encode("cp1252"), "text/html; charset=windows-1252")
    '“£5”'
    >>> decode("naïve".encode(), "text/html; charset=iso-8859-1")
    'naïve'
    """
    for bom, encoding in BOMS:
        if body.startswith(bom):
            return body[len(bom) :].decode(encoding, "replace")
    declared = _declared_encoding(body, content_type)
    if declared not in SEVEN_BIT:
        try:
            return body.decode("utf-8")
        except UnicodeDecodeError as error:
            if _is_nearly_utf8(body, error, declared):
                return body.decode("utf-8", "replace")
    return _decode_as(body, declared) or _decode_detected(body)


def is_too_complex(data: bytes) -> str | None:
    """Say what forbids to make a tree of a page, by a look that takes a thousandth of the time."""
    if data.count(b"<") > MAX_TAGS:
        return f"more than {MAX_TAGS} tags"
    long = [tag for tag in TAG.findall(data) if len(tag) > LONG_TAG]
    if any(len(ATTRIBUTE.findall(tag)) > MAX_ATTRIBUTES for tag in long):
        return f"a tag of more than {MAX_ATTRIBUTES} attributes"
    return None


def refuse(page: Page) -> Rejected | None:
    """Refuse what cannot be a page: no bytes, too many, a binary format, an address that is none."""
    body = page.body
    if page.url is not None and not is_http_url(page.url):
        return rejected(page, Reason.INVALID_URL, page.url[:200])
    if not body.strip():
        return rejected(page, Reason.EMPTY)
    if len(body) > MAX_PAGE_BYTES:
        return rejected(page, Reason.TOO_LARGE, f"{len(body)} bytes, limit {MAX_PAGE_BYTES}")
    if binary := _binary_format(body):
        return rejected(page, Reason.NOT_HTML, binary)
    return None


def _binary_format(body: bytes | str) -> str | None:
    """Name the binary format of a body, by its first bytes or its share of control bytes."""
    head = body[:SNIFF_BYTES]
    if isinstance(head, str):
        head = head.encode("latin-1", "replace")
    head = head.lstrip()
    for magic, name in MAGIC:
        if head.startswith(magic):
            return name
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return None
    control = len(head) - len(head.translate(None, NOT_TEXT))
    return "binary data" if control > len(head) / 20 and len(head) > 1 else None


def _declared_encoding(body: bytes, content_type: str | None) -> str | None:
    header = http_content_type_encoding(content_type) if content_type else None
    return header or html_body_declared_encoding(body[:4096])


def _is_nearly_utf8(body: bytes, error: UnicodeDecodeError, declared: str | None) -> bool:
    """Tell a UTF-8 page with a few broken bytes from a page of another encoding."""
    if declared not in (None, "utf-8"):
        return False
    sound = len(body.decode("utf-8", "ignore"))
    broken = len(body) - len(body.decode("utf-8", "ignore").encode())
    return error.start > 0 and broken <= max(4, sound // 1000)


def _decode_as(body: bytes, encoding: str | None) -> str | None:
    resolved = resolve_encoding(encoding) if encoding else None
    if not resolved or resolved == "utf-8":
        return None
    text = body.decode(resolved, "replace")
    return text if text.count("\ufffd") <= len(text) // 100 else None


def _decode_detected(body: bytes) -> str:
    # Imported here: only pages without a usable declaration pay for it.
    from charset_normalizer import from_bytes

    best = from_bytes(body[:100_000]).best()
    return body.decode(best.encoding if best else "cp1252", "replace")


def _parse(data: bytes) -> lxml.html.HtmlElement | None:
    """Parse as trafilatura would, so that it can be given this very tree.

    Its two repairs are kept: a doctype libxml2 chokes on, and a self-closed <html/>.
    """
    # What XML does not allow; libxml2 ends the document at a NUL.
    data = data.translate(None, CONTROLS)
    if NONCHARACTERS_BEGIN in data:
        for sign in NONCHARACTERS:
            data = data.replace(sign, b"")
    start = DOCTYPE.sub(b"", data[:PROLOGUE], count=1)
    data = SELF_CLOSED_HTML.sub(rb"\1>", start, count=1) + data[PROLOGUE:]
    parser = lxml.html.HTMLParser(  # type: ignore[call-arg]  # default_doctype is not in the stubs
        collect_ids=False, default_doctype=False, encoding="utf-8",
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    parser.set_element_class_lookup(ONE_CLASS)
    try:
        tree = lxml.html.document_fromstring(data, parser=parser)
    except (LxmlError, ValueError, AssertionError):
        return None
    return tree if len(tree) else None


def _complexity(tree: lxml.html.HtmlElement, count: int) -> str | None:
    """Say what makes a tree too large or too deep to work on, if anything does."""
    if count > MAX_ELEMENTS:
        return f"{count} elements, limit {MAX_ELEMENTS}"
    return f"more than {MAX_DEPTH} levels" if TOO_DEEP(tree) else None
