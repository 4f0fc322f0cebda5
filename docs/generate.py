"""Write the generated pages of docs/: `make docs`. A test fails when they are stale."""

from dataclasses import Field, fields
from pathlib import Path

import msgspec

from newscrawl import items
from newscrawl.jsonl import ON_REQUEST, field_docs
from newscrawl.publishers import Layout, Limits, Poll, PublisherFile, TextRule, registry
from newscrawl.reasons import BROKEN_INPUT, EditCode, Reason

TABLES: tuple[tuple[str, type[msgspec.Struct]], ...] = (
    ("The file", PublisherFile), ("[[layouts]]", Layout), ("[[text]]", TextRule), ("poll", Poll), ("limits", Limits),
)  # fmt: skip
FOLDER = Path(__file__).parent
TYPES = (
    items.Article, items.Block, items.Author, items.Agency, items.Dateline, items.Image, items.Credit,
    items.CitedSource, items.Note, items.Copyright, items.Publisher, items.Dates, items.DateInfo, items.Candidate, items.Paywall,
    items.ExtractedWith, items.CodeCount, items.Cluster, items.Edit, items.Provenance,
)  # fmt: skip


def pages() -> dict[str, str]:
    """Give the generated pages by file name."""
    return {
        "reasons.md": reasons_page(),
        "schema.md": schema_page(),
        "publishers.md": publishers_page(),
    }


def publishers_page() -> str:
    """Make the tables of a publisher file's keys, and of the shipped files."""
    shipped = [source for source in registry().sources() if source.is_shipped]
    countries = len({source.country for source in shipped})
    rows = "\n".join(map(_publisher_row, shipped))
    return f"""# Publisher files

Made from `newscrawl/publishers/model.py` and `newscrawl/reference/publishers/` by `make docs`; how to write one is in
[sources.md](sources.md).
{"".join(map(_keys_of, TABLES))}
## Shipped sources

{len(shipped)} publishers in {countries} countries. *Verified* are the keys that a stored page of the site confirms
(`python -m benchmarks.verify_sources FOLDER`); the others are from public knowledge, and may have changed.

| source | name | country | language | zone | lists | corrects | verified |
|---|---|---|---|---|--:|---|---|
{rows}
"""


def _publisher_row(source: PublisherFile) -> str:
    lists = len(source.feeds) + len(source.sitemaps) + len(source.sections)
    keys = dict.fromkeys(key for layout in source.layouts for key, _ in layout.selectors())
    corrects = ", ".join([*keys, *(["text rules"] if source.text else [])])
    return (
        f"| `{source.id}` | {source.name} | {source.country} | {source.language} | {source.timezone} | {lists} "
        f"| {corrects} | {', '.join(source.verified) or 'no'} |"
    )


def _keys_of(table: tuple[str, type[msgspec.Struct]]) -> str:
    name, cls = table
    docs = field_docs(cls)
    rows = "\n".join(
        f"| `{key}` | {docs[key]} |" for key in cls.__struct_fields__ if key not in ("id", "path")
    )
    return f"\n## {name}\n\n| key | meaning |\n|---|---|\n{rows}\n"


def reasons_page() -> str:
    """Make the tables of reasons and edit codes."""
    reasons = "\n".join(
        f"| `{r.value}` | {r.sentence} | {'yes' if r in BROKEN_INPUT else ''} |" for r in Reason
    )
    codes = "\n".join(f"| `{code.value}` | {code.sentence} |" for code in EditCode)
    return f"""# Reasons and codes

Made from `newscrawl/reasons.py` by `make docs`.

## Why a page is refused

A broken input makes `newscrawl clean` exit with 1; the other reasons are ordinary.

| reason | meaning | broken input |
|---|---|---|
{reasons}

## What a text is removed for, or where it is moved to

`newscrawl explain` and `--provenance` name these.

| code | meaning |
|---|---|
{codes}
"""


def schema_page() -> str:
    """Make the tables of fields."""
    sections = "\n".join(_section(cls) for cls in TYPES)
    return f"""# The article line, schema version {items.SCHEMA_VERSION}

Made from `newscrawl/items.py` by `make docs`; `newscrawl schema` prints the JSON Schema. A key whose value was not found
is left out; lists are always there. `{"` and `".join(sorted(ON_REQUEST))}` are written with `--provenance` only.
{sections}"""


def _section(cls: type) -> str:
    docs = field_docs(cls)
    rows = "\n".join(
        f"| `{f.name}` | {_kind(f.type)} | {_there(f)} | {docs[f.name]} |" for f in fields(cls)
    )
    return f"\n## {cls.__name__}\n\n| field | type | there | meaning |\n|---|---|---|---|\n{rows}\n"


def _there(field: Field[object]) -> str:
    if field.name in ON_REQUEST:
        return "on request"
    return "where found" if field.default is None else "always"


def _kind(annotation: object) -> str:
    name = annotation.__name__ if isinstance(annotation, type) else str(annotation)
    for module in ("newscrawl.items.", "typing.", "datetime."):
        name = name.replace(module, "")
    return name.replace("|", "or").replace("tuple[", "list of ").replace(", ...]", "")


if __name__ == "__main__":
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
