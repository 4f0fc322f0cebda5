"""Article lines, as crawls and batches write them, for the tests of corpora."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from newscrawl.items import (
    Agency,
    Article,
    Author,
    Block,
    CodeCount,
    Credit,
    Dateline,
    ExtractedWith,
    Image,
    OptOut,
    Paywall,
    Publisher,
)
from newscrawl.jsonl import encode
from newscrawl.quality import text_hash
from newscrawl.reasons import EditCode
from newscrawl.wording import count_words

STORY = (
    "The ferry to the outer islands will sail again from Monday, the harbour office said, after nine weeks in which "
    "mail and milk came by helicopter. Its hull was torn open on a rock in January. Divers closed the hole with a plate "
    "of steel, and a yard on the mainland has since given it a new keel. Twelve people had spent the night on deck "
    "before a fishing boat found them. The captain, who has sailed the route for thirty years, said that the rock "
    "was on every chart but the one that he had with him. Fares will go up by a tenth to pay for the repair, which the "
    "insurers have so far declined to do. The islanders have asked for a second ship, so that they need not wait for "
    "bread when the first one is in dock. The county will decide in autumn."
)


def an_article(name: str = "a", **changes: Any) -> Article:
    """Make an article; what is not named is as it is on most pages."""
    text = changes.pop("text", f"{name}: {STORY}")
    source = changes.pop("source", "courier.example")
    url = changes.pop("url", f"https://www.{source}/{name}")
    values: dict[str, Any] = {
        "id": f"id-{name}", "url": url, "canonical_url": url, "source": source,
        "publisher": Publisher(name=source.split(".")[0].title(), domain=f"www.{source}"), "title": f"Title of {name}",
        "text": text, "body": tuple(Block(kind="paragraph", text=part) for part in text.split("\n\n")),
        "authors": (Author(name="Jördis Å. Lindqvist"),), "date_published": "2024-03-04T15:20:41+05:30", "language": "en",
        "text_hash": text_hash(text), "word_count": count_words(text),
        "extracted_with": ExtractedWith(newscrawl="0.1.0", trafilatura="2.3.1"),
    }  # fmt: skip
    return Article(**(values | changes))


def a_rich_article() -> Article:
    """Make an article with a value in most fields."""
    kinds = (
        "paragraph",
        "heading",
        "list_item",
        "list_item",
        "quote",
        "table_row",
        "code",
        "heading",
    )
    return an_article(
        "rich", subtitle="With <markup> & \"quotes\"; a comma, too",
        body=tuple(Block(kind=kind, text=f"{kind} — {'日本' * n}") for n, kind in enumerate(kinds)),  # type: ignore[arg-type]
        agencies=(Agency(id="ap", name="Associated Press", where=("tail",)),), tags=("a|b", "c;d"), section="World",
        dateline=Dateline(raw="PORT, Norway (AP)", place="Port", agency="ap", places=("Port",)),
        images=(Image(url="https://x.example/a b.jpg", caption="The ferry", credit=Credit(raw="R. Roe/AP", agency="ap"), is_lead=True), Image(alt="x")),
        opt_outs=(OptOut(signal="meta.robots", value="noai"),), paywall=Paywall(declared=True, truncated=True),
        removed_codes=(CodeCount(code=EditCode.RELATED, count=2),),
    )  # fmt: skip


def write_lines(path: Path, lines: Iterable[Article | bytes]) -> Path:
    """Write articles, and other lines as they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = (
        line if isinstance(line, bytes) else encode(line, provenance=bool(line.removed))
        for line in lines
    )
    path.write_bytes(b"".join(line + b"\n" for line in written))
    return path
