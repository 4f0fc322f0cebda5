"""The data card of a corpus, in the form of Hugging Face's dataset cards: Markdown, and the same as one HTML page."""

import html
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from newscrawl.corpus import NO_EXTRA
from newscrawl.corpus.figures import FILLED, UNKNOWN, Figures
from newscrawl.corpus.selection import Tally, fate_of
from newscrawl.errors import UsageError
from newscrawl.items import SCHEMA_VERSION
from newscrawl.reasons import EditCode, Reason
from newscrawl.wording import numbered, printable

MAX_ROWS: Final = 100
"""Rows of a table; the rest are counted."""
SIZES: Final = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"),
                (10_000_000, "1M<n<10M"), (100_000_000, "10M<n<100M"))  # fmt: skip
HUGE: Final = "100M<n<1B"
MARKDOWN_SIGNS: Final = re.compile(r"([\\`*_{}\[\]<>#|~!&$])")
PLOT: Final = re.compile(r'<p><img src="plots/([a-z]+\.svg)" alt="([^"]*)" ?/?></p>')
LIMITS: Final = (
    "Text, fields and refusals are a program's work; docs/quality.md of newscrawl says how good it is, and on which pages.",
    "A field that is absent was not found; that does not mean that the page has none. Nothing is guessed.",
    "Dates without a zone are as they are printed. The day of a month or of a table here is the printed one.",
    "Sources are those that were crawled: they are no sample of the press of any country or language.",
    "Agencies are those that pages name; copy whose agency is not named is not recognised as such.",
    "Rights in the articles are their publishers'. Opt-outs are recorded as they stood when the page was fetched.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """All that a card tells."""

    title: str
    figures: Figures
    tally: Tally
    refusals: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Addresses that gave no article, by source and reason, as the crawl state has them."""
    wanted: Mapping[str, Any] = field(default_factory=dict)
    """The filters, where it is an export's card."""
    data_files: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Patterns of data files by the name of the split, where there are some that `datasets` loads."""
    features: Sequence[Mapping[str, Any]] = ()
    """The fields of the data files, where these do not state their types."""
    plots: Mapping[str, bytes] = field(default_factory=dict)


def markdown(card: Card) -> str:
    """Write the card as Markdown, with the metadata that Hugging Face reads in front."""
    return f"{front_matter(card)}\n{_body(card)}"


def front_matter(card: Card) -> str:
    """Write the metadata: YAML, each value as JSON, which is YAML too."""
    figures = card.figures
    languages = [name for name in sorted(figures.languages) if name != UNKNOWN]
    size = next((name for limit, name in SIZES if figures.articles < limit), HUGE)
    values: dict[str, Any] = {
        "pretty_name": card.title,
        "language": languages,
        "multilinguality": "multilingual" if len(languages) > 1 else "monolingual",
        "annotations_creators": ["machine-generated"],
        "language_creators": ["found"],
        "license": "unknown",
        "size_categories": [size],
        "tags": ["news", "newscrawl"],
    }
    if card.data_files:
        files = [{"split": split, "path": list(paths)} for split, paths in card.data_files.items()]
        values["configs"] = [{"config_name": "default", "data_files": files}]
        if card.features:
            values["dataset_info"] = {"features": list(card.features)}
    lines = "\n".join(
        f"{name}: {msgspec.json.encode(value).decode()}" for name, value in values.items()
    )
    return f"---\n{lines}\n---"


def page(card: Card) -> str:
    """Write the card as one HTML page that loads nothing."""
    try:
        from markdown_it import MarkdownIt
    except ImportError as error:
        raise UsageError(NO_EXTRA) from error
    # HTML in names and titles of strangers' pages is shown, not rendered.
    content = MarkdownIt("commonmark", {"html": False}).enable("table").render(_body(card))
    content = PLOT.sub(lambda match: _figure(card.plots[match[1]], match[2]), content)
    return TEMPLATE.format(title=html.escape(card.title), style=STYLE, content=content)


def _figure(image: bytes, caption: str) -> str:
    drawing = image.decode()
    return f'<figure role="img" aria-label="{caption}">{drawing[drawing.index("<svg") :]}</figure>'


def _body(card: Card) -> str:
    return "\n".join(line for part in _parts(card) for line in (*part, ""))


def _parts(card: Card) -> Iterator[Iterable[str]]:
    figures = card.figures
    yield [f"# {plain(card.title)}"]
    yield [_summary(figures)]
    yield ["## Dataset Structure"]
    yield [
        f"One record is one article; the fields are those of newscrawl's article schema, version {SCHEMA_VERSION} "
        "(`newscrawl schema` prints it)."
    ]
    yield from _selection(card)
    yield ["### Sources"]
    yield from _plot(card, "sources.svg", "Articles by source")
    yield _sources(figures)
    yield ["### Languages"]
    yield _counted("language", figures.languages, figures.articles)
    yield ["### Months"]
    yield from _plot(card, "months.svg", "Articles by month")
    yield _counted("month", dict(sorted(figures.months.items())), figures.articles)
    yield ["### Kinds"]
    yield _counted("kind", figures.kinds, figures.articles)
    yield ["### Lengths"]
    yield from _plot(card, "lengths.svg", "Articles by words")
    yield ["### Fields"]
    yield ["How many articles have a value in each field."]
    yield from _plot(card, "fields.svg", "Share of articles with a value, by field")
    yield _counted("field", {name: figures.filled[name] for name in FILLED}, figures.articles)
    yield ["## Dataset Creation"]
    yield from _made(figures)
    yield from _removed(figures)
    yield from _refused(card)
    yield from _duplicates(figures)
    yield ["## Considerations for Using the Data"]
    yield from _access(figures)
    yield ["### Known Limitations"]
    yield [*(f"- {limit}" for limit in LIMITS), *_own_limits(figures)]


def _summary(figures: Figures) -> str:
    months = sorted(name for name in figures.months if name != UNKNOWN)
    span = f", from {months[0]} to {months[-1]}" if months else ""
    languages = len([name for name in figures.languages if name != UNKNOWN])
    return (
        f"{figures.articles:,} news articles, {sum(figures.words):,} words (median {figures.median_words():,}), of "
        f"{numbered(len(figures.sources), 'source')} in {numbered(languages, 'language')}{span}."
    )


def _selection(card: Card) -> Iterator[Iterable[str]]:
    tally = card.tally
    if card.wanted:
        yield ["### Selection"]
        yield [f"- {name}: `{_inline(value)}`" for name, value in card.wanted.items()]
    rows = [
        ("lines read", tally.lines),
        *((fate_of(name), -number) for name, number in tally.left_out.items()),
        ("articles", tally.taken),
    ]
    yield _table(
        ("what became of the lines", "number"), [(name, f"{number:,}") for name, number in rows]
    )


def _inline(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return printable(text).replace("`", "'").replace("|", "¦")


def _sources(figures: Figures) -> list[str]:
    ordered = sorted(figures.sources.items(), key=lambda item: (-item[1].articles, item[0]))
    rows = [
        (plain(name), plain(source.name), f"{source.articles:,}", f"{source.words:,}",
         ", ".join(plain(language) for language, _ in _ordered(source.languages)[:5]), source.first or "", source.last or "",
         _share(source.truncated, source.articles), _share(source.opted_out, source.articles))
        for name, source in ordered[:MAX_ROWS]
    ]  # fmt: skip
    heads = (
        "source",
        "name",
        "articles",
        "words",
        "languages",
        "first",
        "last",
        "cut by a paywall",
        "opted out",
    )
    return [*_table(heads, rows), *_more(len(ordered))]


def _made(figures: Figures) -> Iterator[Iterable[str]]:
    yield [
        "Pages were fetched from the sites named above, or read from archives of them, and cleaned with newscrawl: the body is "
        "chosen line by line, dates and attribution are read into fields, and what is no article is refused with a reason."
    ]
    rows = [
        (name.replace("_", " "), plain(version), f"{number:,}")
        for name, counts in figures.made_with.items()
        for version, number in _ordered(counts)[:MAX_ROWS]
    ]
    if rows:
        yield _table(("made with", "version or name", "articles"), rows)


def _removed(figures: Figures) -> Iterator[Iterable[str]]:
    yield ["### What was removed"]
    if not figures.removed:
        yield ["Nothing is recorded as removed from the texts."]
        return
    sentences = {code.value: code.sentence for code in EditCode}
    rows = [
        (
            f"`{code}`",
            f"{number:,}",
            f"{figures.removed_from[code]:,}",
            plain(sentences.get(code, "")),
        )
        for code, number in _ordered(figures.removed)
    ]
    yield _table(("code", "pieces", "articles", "meaning"), rows)


def _refused(card: Card) -> Iterator[Iterable[str]]:
    yield ["### What was refused"]
    sentences = {reason.value: reason.sentence for reason in Reason}
    totals: dict[str, int] = {}
    for counts in (*card.refusals.values(), card.tally.refusals):
        for reason, number in counts.items():
            totals[reason] = totals.get(reason, 0) + number
    if not totals:
        yield [
            "No refused pages are known: neither the crawl state nor lines of refused pages were at hand, or there were none."
        ]
        return
    yield [
        "Pages that were looked at and are no articles of this corpus, whatever its filters are."
    ]
    rows = [
        (f"`{_inline(reason)}`", f"{number:,}", plain(sentences.get(reason, "")))
        for reason, number in _ordered(totals)
    ]
    yield _table(("reason", "pages", "meaning"), rows)
    if card.refusals:
        by_source = {source: sum(counts.values()) for source, counts in card.refusals.items()}
        pairs = _ordered(by_source)
        shown = [(plain(source), f"{number:,}") for source, number in pairs[:MAX_ROWS]]
        yield [*_table(("source", "pages refused"), shown), *_more(len(pairs))]


def _duplicates(figures: Figures) -> Iterator[Iterable[str]]:
    yield ["### Duplicates"]
    twice = figures.texts_twice()
    share = _share(twice, figures.articles)
    yield [f"Articles whose text an earlier one has word for word: {twice:,} ({share})."]
    if not figures.is_linked:
        yield ["Near-duplicates were not looked for (`--link`)."]
        if figures.clusters:
            yield [
                "`cluster` of a record is what an earlier command found, among other articles than these."
            ]
        return
    inside = sum(figures.roles.values())
    yield [
        f"Articles in clusters of one text: {inside:,} ({_share(inside, figures.articles)}), in "
        f"{numbered(len(figures.clusters), 'cluster')}. `cluster` of a record says which, and whether it is the original, a copy or an edited copy."
    ]
    yield _counted("role", figures.roles, figures.articles)
    agencies: dict[str, int] = {}
    for agency in figures.clusters.values():
        name = agency or "none named"
        agencies[name] = agencies.get(name, 0) + 1
    if agencies:
        yield _counted("agency of the cluster", agencies, len(figures.clusters), of="clusters")


def _access(figures: Figures) -> Iterator[Iterable[str]]:
    yield ["### Paywalls and opt-outs"]
    yield [
        f"- Declared as not free by their pages: {figures.declared:,} ({_share(figures.declared, figures.articles)}).",
        f"- Cut off by a paywall: {figures.truncated:,} ({_share(figures.truncated, figures.articles)}).",
        f"- With a sign by which the publisher restricts uses: {figures.opted_out:,} "
        f"({_share(figures.opted_out, figures.articles)}).",
    ]
    if figures.opt_outs:
        yield _counted("sign", figures.opt_outs, figures.articles)
    yield ["### Agencies"]
    yield (
        _counted("agency", figures.agencies, figures.articles)
        if figures.agencies
        else ["No article names one."]
    )


def _own_limits(figures: Figures) -> Iterator[str]:
    undated = figures.articles - figures.filled["date_published"]
    zoneless = (
        figures.filled["date_published with time"] - figures.filled["date_published with zone"]
    )
    yield f"- {undated:,} articles ({_share(undated, figures.articles)}) have no date of publication."
    yield f"- {zoneless:,} articles ({_share(zoneless, figures.articles)}) have a time of publication without a zone."


def _plot(card: Card, name: str, caption: str) -> Iterator[Iterable[str]]:
    if name in card.plots:
        yield [f"![{caption}](plots/{name})"]


def _counted(
    head: str, counts: Mapping[str, int], total: int, *, of: str = "articles"
) -> list[str]:
    is_ordered = head in ("month", "field")
    pairs = list(counts.items()) if is_ordered else _ordered(counts)
    rows = [
        (plain(name), f"{number:,}", _share(number, total)) for name, number in pairs[:MAX_ROWS]
    ]
    return [*_table((head, of, "share"), rows), *_more(len(pairs))]


def _ordered(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    marks = ["--:" if head in NUMBERS else "---" for head in heads]
    lines = [heads, marks, *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


NUMBERS: Final = frozenset(
    {
        "articles",
        "words",
        "number",
        "pieces",
        "pages",
        "pages refused",
        "share",
        "clusters",
        "cut by a paywall",
        "opted out",
    }
)


def _more(number: int) -> list[str]:
    return ["", f"… and {number - MAX_ROWS:,} more."] if number > MAX_ROWS else []


def _share(number: int, total: int) -> str:
    return f"{100 * number / total:.1f} %" if total else "0 %"


def plain(text: str) -> str:
    r"""Escape a text so that Markdown shows it as it is.

    >>> plain("a|b <b> *x*\n")
    'a\\|b \\<b\\> \\*x\\* '
    """
    line = printable(text)
    return MARKDOWN_SIGNS.sub(r"\\\1", line)


STYLE: Final = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: break-word; }
table { border-collapse: collapse; margin: 1rem 0; display: block; overflow-x: auto; font-size: .9rem; }
th, td { border-bottom: 1px solid color-mix(in srgb, currentColor 25%, transparent); padding: .25rem .75rem; text-align: left; vertical-align: top; }
td { white-space: nowrap; } td:nth-child(2), td:last-child { white-space: normal; }
figure { margin: 1rem 0; } figure svg { max-width: 100%; height: auto; } figure svg text { fill: currentColor !important; }
code { font-size: .9em; }
@media print { body { max-width: none; } table { display: table; } tr, figure { break-inside: avoid; } }
"""
TEMPLATE: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{content}</body>
</html>
"""
