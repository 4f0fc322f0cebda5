"""Reads the content files into records."""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import Any

from newscrawl.demo.model import DemoArticle, DemoImage, DemoInsert, DemoPublisher, DemoSection

PUBLISHERS = ("lanterngram", "harbourcourier", "meridianwire", "sada_alsahel", "talbote")


def load_publishers() -> tuple[DemoPublisher, ...]:
    """Return every publisher of the demo web with its articles."""
    return tuple(_publisher(_read(name)) for name in PUBLISHERS)


def _read(name: str) -> dict[str, Any]:
    source = resources.files("newscrawl.demo").joinpath("content", f"{name}.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))


def _publisher(table: dict[str, Any]) -> DemoPublisher:
    host = table["host"]
    sections = tuple(DemoSection(**section) for section in table.pop("sections"))
    articles = tuple(_article(host, article) for article in table.pop("articles"))
    return DemoPublisher(sections=sections, articles=articles, **table)


def _article(host: str, table: dict[str, Any]) -> DemoArticle:
    images = tuple(_image(host, image) for image in table.pop("images", ()))
    inserts = tuple(DemoInsert(**insert) for insert in table.pop("inserts", ()))
    fields = {key: _frozen(value) for key, value in table.items()}
    if fields.get("subtitle_is_lead"):
        fields["subtitle"] = fields["paragraphs"][0]
    return DemoArticle(host=host, images=images, inserts=inserts, **fields)


def _image(host: str, table: dict[str, Any]) -> DemoImage:
    path = table.pop("path")
    return DemoImage(url=f"http://{host}{path}", **table)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
