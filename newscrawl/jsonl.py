"""The one encoder and decoder of output lines, and their JSON Schema."""

import ast
import inspect
import textwrap
from dataclasses import fields, is_dataclass
from functools import cache
from itertools import pairwise
from typing import Any, Final

import msgspec

from newscrawl import items
from newscrawl.errors import InputError
from newscrawl.items import SCHEMA_VERSION, Article, Rejected

ON_REQUEST: Final = frozenset({"removed", "provenance"})
_encoder = msgspec.json.Encoder()


def encode(outcome: Article | Rejected, *, provenance: bool = False) -> bytes:
    """Encode an article or refusal as one JSON line, without the line feed.

    Keys stand in the order of the schema; a key whose value was not found is left out.

    Args:
        outcome: what `clean` gave.
        provenance: also write `removed` and `provenance`.

    """
    if isinstance(outcome, Rejected):
        return _encoder.encode(_refusal(outcome))
    record = _record(outcome)
    if not provenance:
        record = {key: value for key, value in record.items() if key not in ON_REQUEST}
    return _encoder.encode(record)


def encode_failure(page_id: str | int | None, url: str | None, error: str) -> bytes:
    """Encode the answer for a page on which newscrawl itself failed."""
    record = {"schema_version": SCHEMA_VERSION, "id": page_id, "url": url, "rejected": "failed"}
    return _encoder.encode({**record, "detail": error})


def decode(line: bytes) -> Article:
    """Decode a line that `encode` has written.

    Raises:
        InputError: the line is no article line of this schema.

    """
    try:
        return msgspec.json.decode(line, type=Article)
    except (msgspec.ValidationError, msgspec.DecodeError, RecursionError) as error:
        raise InputError(f"not an article line: {error}") from error


def schema() -> dict[str, Any]:
    """Give the JSON Schema of an article line, descriptions included."""
    (main,), components = msgspec.json.schema_components((Article,), ref_template="#/$defs/{name}")
    for name, definition in components.items():
        _describe(definition, name)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"newscrawl article, schema version {SCHEMA_VERSION}",
        **main,
        "$defs": components,
    }


def field_docs(cls: type) -> dict[str, str]:
    """Give the docstrings that stand under a dataclass's fields."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(cls)))
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    docs = {}
    for statement, following in pairwise(body):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            value = following.value if isinstance(following, ast.Expr) else None
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                docs[statement.target.id] = " ".join(value.value.split())
    return docs


def _record(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_record(item) for item in value]
    cls: Any = type(value)
    names = _names(cls)
    if not names:
        return value
    pairs = [(name, getattr(value, name)) for name in names]
    return {name: _record(item) for name, item in pairs if item is not None}


@cache
def _names(cls: Any) -> tuple[str, ...]:
    """Give the fields of a dataclass, none of any other; asked once a class, not once a value."""
    return tuple(field.name for field in fields(cls)) if is_dataclass(cls) else ()


def _refusal(rejected: Rejected) -> dict[str, Any]:
    record = {
        "schema_version": SCHEMA_VERSION,
        "id": rejected.id,
        "url": rejected.url,
        "rejected": rejected.reason.value,
        "detail": rejected.detail,
        "origin": rejected.origin,
    }
    return {key: value for key, value in record.items() if value is not None or key == "id"}


def _describe(definition: dict[str, Any], name: str) -> None:
    cls = getattr(items, name, None)
    if cls is None or "properties" not in definition:
        return
    definition["description"] = (inspect.getdoc(cls) or "").split("\n\n")[0]
    docs = field_docs(cls)
    for key, prop in definition["properties"].items():
        if key in docs:
            prop["description"] = docs[key]
