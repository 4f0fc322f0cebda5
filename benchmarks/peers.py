"""The extractors that newscrawl is measured against, each as a function from a page to its text."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

Extract = Callable[[dict[str, Any]], str]


def trafilatura_text(page: dict[str, Any], **options: Any) -> str:
    """Run trafilatura as it comes, with metadata."""
    import trafilatura

    found = trafilatura.bare_extraction(
        page["html"], url=page["url"], with_metadata=True, **options
    )
    return (getattr(found, "text", None) or "") if found else ""


def readability_text(page: dict[str, Any]) -> str:
    """Run readability-lxml, a line for each block."""
    import lxml.html
    from readability import Document

    tree: Any = lxml.html.fromstring(Document(page["html"], url=page["url"]).summary() or "<p></p>")
    blocks = (
        " ".join(e.text_content().split()) for e in tree.iter("p", "li", "h2", "h3", "pre", "td")
    )
    return "\n".join(block for block in blocks if block) or str(tree.text_content())


def newspaper_text(page: dict[str, Any]) -> str:
    """Run newspaper4k."""
    import newspaper

    article = newspaper.Article(page["url"], fetch_images=False)
    article.download(input_html=page["html"])
    article.parse()
    return str(article.text)


def goose_text(page: dict[str, Any]) -> str:
    """Run goose3."""
    import goose3

    with goose3.Goose() as goose:
        return str(goose.extract(raw_html=page["html"]).cleaned_text)


PEERS: Final[dict[str, Extract]] = {
    "trafilatura": trafilatura_text,
    "trafilatura-precision": partial(trafilatura_text, favor_precision=True),
    "readability": readability_text,
    "newspaper4k": newspaper_text,
    "goose3": goose_text,
}
