"""JSON-LD is read in all the shapes that news sites write."""

import json
from typing import Any

import pytest

from newscrawl.extraction import structured
from newscrawl.extraction.document import Document, parse_document
from newscrawl.extraction.jsonld import read_json_ld, text_of, types_of
from newscrawl.extraction.topics import tags_of
from newscrawl.items import Page, Publisher
from newscrawl.jsonl import encode
from newscrawl.stages import clean

URL = "https://a.example/2024/05/03/mill"


def document_of(script: str, *, head: str = "") -> Document:
    """Make a document with one JSON-LD script."""
    html = f'<html><head>{head}<script type="application/ld+json">{script}</script></head><body><p>x</p></body></html>'
    document = parse_document(Page(body=html, url=URL))
    assert isinstance(document, Document)
    return document


def authors(script: str) -> list[str]:
    """Give the author names of a script's main article."""
    document = document_of(script)
    node = structured.main_article(document)
    return [candidate.raw for candidate in structured.author_candidates(node, document)]


def article(author: str) -> str:
    """Wrap an author value into an article node."""
    return f'{{"@type": "NewsArticle", "headline": "Mill", "author": {author}}}'


@pytest.mark.parametrize(
    ("author", "names"),
    [
        ('{"@type": "Person", "name": "Jane Doe"}', ["Jane Doe"]),
        ('[{"@type": "Person", "name": "Jane Doe"}, {"@type": "Organization", "name": "dpa"}]',
         ["Jane Doe", "dpa"]),
        ('{"name": "Jane Doe"}', ["Jane Doe"]),
        ('"Jane Doe"', ["Jane Doe"]),
        ('["Jane Doe", "John Roe"]', ["Jane Doe", "John Roe"]),
        ('[["Jane Doe"], "John Roe"]', ["Jane Doe", "John Roe"]),
        ('{"@type": "Person", "name": ["Jane Doe", "John Roe"]}', ["Jane Doe", "John Roe"]),
        ('{"@type": "Person", "givenName": "Jane", "familyName": "Doe"}', ["Jane Doe"]),
        ('{"@type": "Person", "byline": "Jane Doe"}', ["Jane Doe"]),
        ('{"@type": "Person", "name": "Jane O&#039;Doe"}', ["Jane O'Doe"]),
        ('{"@type": "Person", "name": "&lt;a href=x&gt;Jane Doe&lt;/a&gt;"}', ["Jane Doe"]),
        ('"{ \\"@type\\": \\"Person\\", \\"name\\": \\"Jane Doe\\" }"', ["Jane Doe"]),
        ("{}", []),
        ('""', []),
        ('{"@type": "Person", "name": ""}', []),
    ],
)  # fmt: skip
def test_author_shapes(author: str, names: list[str]) -> None:
    assert authors(article(author)) == names


def test_author_by_reference_into_the_graph() -> None:
    script = """{"@graph": [
      {"@type": "Article", "headline": "Mill", "author": {"@id": "#jane"}},
      {"@type": "Person", "@id": "#jane", "name": "Jane Doe"}]}"""

    assert authors(script) == ["Jane Doe"]


@pytest.mark.parametrize(
    "script",
    [
        '{"@type": "Person", "name": "A",}',
        '{"@type": "Person", "name": "A"} trailing',
        '{"@type": "Person", "name": "A", "note": "raw\ttab"}',
        '<!-- {"@type": "Person", "name": "A"} -->',
        '//<![CDATA[\n{"@type": "Person", "name": "A"}\n//]]>',
        "{&quot;@type&quot;: &quot;Person&quot;, &quot;name&quot;: &quot;A&quot;}",
        '[[{"@type": "Person", "name": "A"}]]',
    ],
)
def test_broken_scripts_are_repaired(script: str) -> None:
    assert [node.get("name") for node in read_json_ld((script,))] == ["A"]


@pytest.mark.parametrize("script", ["", "null", "42", "{", "[" * 5000, '{"a": ' * 5000])
def test_hopeless_scripts_give_nothing(script: str) -> None:
    assert [node for node in read_json_ld((script,)) if node] == []


@pytest.mark.parametrize(
    ("node", "types"),
    [
        ({"@type": "NewsArticle"}, {"NewsArticle"}),
        ({"@type": ["http://schema.org/NewsArticle"]}, {"NewsArticle"}),
        ({"type": "person"}, {"Person"}),
        ({"@type": None}, set()),
    ],
)
def test_types(node: dict[str, Any], types: set[str]) -> None:
    assert types_of(node) == types


def test_the_node_of_this_page_wins_over_related_ones() -> None:
    script = f"""[{{"@type": "NewsArticle", "headline": "Other", "url": "https://a.example/other"}},
      {{"@type": "NewsArticle", "headline": "Mill", "mainEntityOfPage": {{"@id": "{URL}"}}}}]"""

    assert structured.main_article(document_of(script)).get("headline") == "Mill"


def test_keywords_in_one_string_are_split() -> None:
    document = document_of(
        '{"@type": "NewsArticle", "headline": "M", "keywords": "Russia,Ukraine"}'
    )

    node = structured.main_article(document)
    assert tags_of(node, document, Publisher())[0] == ("Russia", "Ukraine")


def test_canonical_of_a_home_page_is_not_believed() -> None:
    document = document_of("{}", head='<link rel="canonical" href="https://a.example/">')

    assert structured.canonical_url(document) is None


def test_text_of_nested_values() -> None:
    assert text_of([{"@value": " A  b "}]) == "A b"
    assert text_of(True) is None


NODE: dict[str, Any] = {
    "@type": "NewsArticle", "headline": "Mill reopens", "url": URL, "datePublished": "2024-05-03",
    "dateModified": "2024-05-03", "author": {"name": "Jane"}, "creator": "x", "publisher": {"name": "P"},
    "image": {"url": "https://a.example/i.jpg"}, "keywords": "a", "articleSection": "s", "@id": "x",
    "isAccessibleForFree": True, "video": {"contentUrl": URL}, "alternativeHeadline": "alt", "@graph": [],
    "mainEntityOfPage": URL,
}  # fmt: skip
ODD: list[Any] = [
    None, True, 0, 1.5, float("inf"), "", [], {}, [None], [[]], {"@id": 1}, {"name": []}, "\ud800",
    {"name": {"name": {}}}, "x" * 10_000, "http://[", "9999-99-99", "0000-00-00T00:00:00+99:99", "1e999",
    "99999999999999999999", "2024-05-03T25:61:61Z", {"@type": [[]]}, {"url": {"url": []}},
    {"caption": [1], "url": 5},
]  # fmt: skip


@pytest.mark.parametrize("key", NODE)
@pytest.mark.parametrize("value", ODD, ids=lambda value: repr(value)[:20])
def test_no_value_of_any_field_raises(key: str, value: Any) -> None:
    script = json.dumps({**NODE, key: value})
    html = (
        f'<html><head><script type="application/ld+json">{script}</script></head><body><article><p>'
        f"{'The mill reopened on Monday after years. ' * 3}</p></article></body></html>"
    )

    encode(clean(Page(body=html, url=URL)), provenance=True)
