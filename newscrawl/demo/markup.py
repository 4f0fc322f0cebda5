"""Small helpers for writing HTML, XML and the JSON inside them."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Mapping

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def text(value: str) -> str:
    """Escape a value for a text node; quotes stay as they are, as real templates leave them."""
    return html.escape(value, quote=False)


def attr(value: str) -> str:
    """Escape a value for a double-quoted attribute."""
    return html.escape(value, quote=True)


def link(url: str, label: str, attributes: str = "") -> str:
    """Return an anchor."""
    space = " " if attributes else ""
    return f'<a href="{attr(url)}"{space}{attributes}>{text(label)}</a>'


def metas(key: str, values: Mapping[str, str]) -> str:
    """Return one meta element for each entry; `key` is `name` or `property`."""
    rows = (f'<meta {key}="{name}" content="{attr(value)}">' for name, value in values.items())
    return "\n".join(rows)


def lines(parts: Iterable[str]) -> str:
    """Join the parts that are not empty, one a line."""
    return "\n".join(part for part in parts if part)


def compact(value: object) -> str:
    """Return JSON as a script element may hold it."""
    return json.dumps(value, ensure_ascii=False).replace("</", "<\\/")


def json_ld(value: object) -> str:
    """Return a JSON-LD script element."""
    return f'<script type="application/ld+json">{compact(value)}</script>'


def slugify(value: str) -> str:
    """Return an address part made of plain letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", value.lower().translate(_UMLAUTS)).strip("-")


def joined(names: Iterable[str], conjunction: str, comma: str = ", ") -> str:
    """Join names the way a byline does: commas first, the conjunction before the last."""
    *head, last = names
    return f"{comma.join(head)}{conjunction}{last}" if head else last
