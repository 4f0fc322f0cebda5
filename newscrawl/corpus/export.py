"""Exports: selected articles, linked if that is asked for, written in one format, with manifest and card."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Literal, get_args

import msgspec

from newscrawl.corpus.card import Card, markdown, page
from newscrawl.corpus.clusters import SIMILAR
from newscrawl.corpus.database import Corpus
from newscrawl.corpus.figures import Figures
from newscrawl.corpus.files import workshop
from newscrawl.corpus.formats import BY_NAME, FormatName, features_of
from newscrawl.corpus.linking import Links, link
from newscrawl.corpus.manifest import (
    HEADER,
    MANIFEST,
    RECORDS,
    FileEntry,
    describe_file,
    digest_of,
    read_manifest,
    write_manifest,
)
from newscrawl.corpus.members import identity_of
from newscrawl.corpus.parts import Parts, is_shared, parse_split
from newscrawl.corpus.plots import plots
from newscrawl.corpus.records import read_articles_in_order
from newscrawl.corpus.selection import DEDUPE, Filter, Tally, choose, reject, select
from newscrawl.errors import InputError, UsageError
from newscrawl.items import SCHEMA_VERSION, Article
from newscrawl.publishers import publisher_for

Dedupe = Literal["none", "exact", "near", "per-source"]
DEDUPES: Final[tuple[Dedupe, ...]] = get_args(Dedupe)
TABLES: Final = ("jsonl", "parquet", "csv")
"""Formats that `datasets` loads."""
MAKERS: Final = ("newscrawl", "duckdb", "rensa", "matplotlib")
"""What the bytes of an export depend on."""
README: Final = "README.md"
CARD: Final = "card.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked of an export."""

    format: FormatName = "jsonl"
    filter: Filter = field(default_factory=Filter)
    dedupe: Dedupe = "none"
    """What is left out: nothing; texts that are equal but the original; similar ones too; these, but one a source."""
    is_linked: bool = False
    """Whether near-duplicates are marked, also where none is left out."""
    window: timedelta | None = None
    """How far apart the publication of duplicates may be."""
    split: str | None = None
    title: str = "A newscrawl corpus"

    def __post_init__(self) -> None:
        parse_split(self.split)
        if self.window and not self.links:
            raise UsageError("--window says nothing without --link or --dedupe")
        if self.window and is_shared(self.split):
            raise UsageError("shares keep all copies together: leave out --window")

    @property
    def links(self) -> bool:
        """Whether duplicates are looked for: shares must not tear an original from its copies."""
        return self.is_near or self.dedupe == "exact"

    @property
    def is_near(self) -> bool:
        """Whether similar texts are, too."""
        return self.is_linked or self.dedupe not in ("none", "exact") or is_shared(self.split)

    def described(self) -> dict[str, Any]:
        """Give what was asked for, without what was left at nothing."""
        filters = {f.name: getattr(self.filter, f.name) for f in fields(self.filter)}
        window = f"{self.window.total_seconds():g}s" if self.window else None
        asked = {
            "format": self.format, **filters, "dedupe": self.dedupe, "link": self.is_linked, "window": window,
            "split": self.split, "title": self.title,
        }  # fmt: skip
        return {name: value for name, value in asked.items() if value}


@dataclass(slots=True)
class Report:
    """What an export did."""

    tally: Tally
    figures: Figures
    files: list[FileEntry] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    """Lines that were selected and turned out to be no articles."""


Refusals = Mapping[str, Mapping[str, int]]


def export_folder(
    corpus: Corpus, wish: Wish, target: Path, refusals: Refusals | None = None
) -> Report:
    """Export into a folder: parts, manifest, hashes of all articles, and the data card.

    The folder is made beside its place and moved there when it is whole; an earlier export in its place goes then.

    Raises:
        UsageError: the folder holds something else.
        InputError: something cannot be read or written.

    """
    if target.exists() and not _may_replace(target):
        raise UsageError(f"{target} is not empty and no export; name another folder")
    with _made(target) as (folder, place):
        report = _write(corpus, wish, folder, None)
        if not report.tally.taken:
            return report
        report.files += _write_card(wish, report, refusals or {}, folder)
        _finish(wish, report, folder, folder / RECORDS, folder / MANIFEST)
        place(folder)
    return report


def export_file(corpus: Corpus, wish: Wish, target: Path) -> Report:
    """Export into one file, with its manifest and hashes beside it.

    Raises:
        UsageError: it was to be split.
        InputError: something cannot be read or written.

    """
    if wish.split:
        raise UsageError("--split needs a folder to export to")
    with _made(target) as (folder, place):
        report = _write(corpus, wish, folder, target.name)
        if not report.tally.taken:
            return report
        records = folder / f"{target.name}.{RECORDS}"
        (folder / RECORDS).rename(records)
        _finish(wish, report, folder, records, folder / f"{target.name}.{MANIFEST}")
        for path in (records, folder / f"{target.name}.{MANIFEST}", folder / target.name):
            place(path)
    return report


def _may_replace(target: Path) -> bool:
    """Tell a folder that is empty, or holds an export and nothing else."""
    if not target.is_dir():
        return False
    found = {path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()}
    if MANIFEST not in found:
        return not found
    try:
        listed = {entry.path for entry in read_manifest(target / MANIFEST)["files"]}
    except InputError:
        return False
    return found <= listed | {MANIFEST}


@contextmanager
def _made(target: Path) -> Iterator[Any]:
    """Give a folder to write in, and what moves something from there beside the target, or in its place."""
    try:
        str(target).encode()
        target.parent.mkdir(parents=True, exist_ok=True)
        with workshop(target.parent) as scratch:
            folder = scratch / "made"
            folder.mkdir()

            def place(path: Path) -> None:
                goal = target if path == folder else target.parent / path.name
                before = scratch / "replaced"
                if path.is_dir() and goal.exists():
                    goal.rename(before)
                try:
                    path.replace(goal)
                except OSError:
                    if before.exists():
                        before.rename(goal)
                    raise

            yield folder, place
    except UnicodeEncodeError as error:
        raise UsageError(f"{target!r} is no name in UTF-8") from error
    except OSError as error:
        raise InputError(f"cannot write {target}: {error.strerror or error}") from error


def _write(corpus: Corpus, wish: Wish, folder: Path, name: str | None) -> Report:
    """Write the articles; begin anew where one turns out to be none, for an earlier version of it may be one."""
    tally, damaged = select(corpus, wish.filter), list[str]()
    while True:
        report = Report(tally, Figures(is_linked=wish.is_near), damaged=damaged)
        if not tally.taken:
            return report
        bad = _write_parts(corpus, wish, folder, name, report)
        if not bad:
            return report
        reject(corpus, bad)
        shutil.rmtree(folder)
        folder.mkdir()
        tally = choose(corpus, wish.filter)


def _write_parts(
    corpus: Corpus, wish: Wish, folder: Path, name: str | None, report: Report
) -> list[int]:
    """Write the articles; give the positions of those that are none."""
    links = link(corpus, near=wish.is_near, window=wish.window) if wish.links else Links()
    chooser, bad, read, exported = _Chooser(wish.dedupe, links), list[int](), 0, 0
    chosen = report.tally.taken
    # Formats with a file an article lie in folders by source where they are not split otherwise.
    is_apart = BY_NAME[wish.format].alone is not None
    part_of = parse_split(wish.split or ("source" if is_apart else None))
    with (folder / RECORDS).open("w", encoding="utf-8", newline="\n") as records:
        records.write(HEADER)
        parts = Parts(folder, wish.format, records, only=name)
        for position, article in read_articles_in_order(corpus):
            read += 1
            if isinstance(article, InputError):
                report.damaged.append(str(article))
                bad.append(position)
                continue
            marked = links.marked(position, article) if wish.links else article
            if not chooser.takes(marked):
                report.tally.leave_out(DEDUPE)
                continue
            report.figures.add(marked)
            parts.write(part_of(exported, marked), marked)
            exported += 1
        report.files = parts.close(on_request=report.figures.has_on_request)
    if read != chosen or not report.tally.adds_up():
        raise InputError("the files changed while they were read: begin again")
    return bad


class _Chooser:
    """Decides which articles of a cluster are exported."""

    def __init__(self, dedupe: Dedupe, links: Links) -> None:
        self._dedupe = dedupe
        self._links = links
        self._by_source: dict[tuple[str, str | None], str] = {}

    def takes(self, article: Article) -> bool:
        """Tell whether an article is exported; they come in their order."""
        cluster = article.cluster
        if self._dedupe == "none" or cluster is None or cluster.role == "original":
            return True
        # Clusters are chains: the last link may share little with the original, which is kept in its place.
        if cluster.similarity < (1.0 if self._dedupe == "exact" else SIMILAR):
            return True
        if (
            self._dedupe != "per-source"
            or (article.source or "").lower() == self._links.homes[cluster.id]
        ):
            return False
        # The first of each other source, in all versions of it that are exported.
        kept = self._by_source.setdefault((cluster.id, article.source), identity_of(article))
        return kept == identity_of(article)


def _write_card(wish: Wish, report: Report, refusals: Refusals, folder: Path) -> list[FileEntry]:
    figures = report.figures
    images = plots(figures)
    card = Card(
        title=wish.title, figures=figures, tally=report.tally, wanted={name: value for name, value in wish.described().items() if name != "title"}, plots=images,
        refusals={source: counts for source, counts in refusals.items() if source in figures.sources},
        data_files=_data_files(wish, report), features=features_of(wish.format, on_request=figures.has_on_request),
    )  # fmt: skip
    return write_card(card, folder)


def write_card(card: Card, folder: Path) -> list[FileEntry]:
    """Write a card as Markdown and as HTML, with its plots."""
    (folder / "plots").mkdir(parents=True, exist_ok=True)
    written = {f"plots/{name}": image for name, image in card.plots.items()}
    written |= {README: markdown(card).encode(), CARD: page(card).encode()}
    for name, data in written.items():
        (folder / name).write_bytes(data)
    return [describe_file(folder / name, name) for name in sorted(written)]


def _data_files(wish: Wish, report: Report) -> dict[str, list[str]]:
    if wish.format not in TABLES:
        return {}
    names = [entry.path for entry in report.files if entry.articles]
    if is_shared(wish.split):
        return {Path(name).stem: [name] for name in names}
    return {"train": [f"*{BY_NAME[wish.format].suffix}"] if len(names) > 1 else names}


def _finish(wish: Wish, report: Report, folder: Path, records: Path, manifest: Path) -> None:
    """Write the manifest."""
    figures, tally = report.figures, report.tally
    report.files.append(describe_file(records, records.name))
    with_what = {name: dict(sorted(counts.items())) for name, counts in figures.made_with.items()}
    content = {
        "made_with": {name: version(name) for name in MAKERS},
        "schema_version": SCHEMA_VERSION,
        "asked": wish.described(),
        "lines": tally.lines,
        "left_out": tally.left_out,
        "refused": tally.refusals,
        "articles": tally.taken,
        "extracted_with": with_what,
        "sources": {
            name: _source(name, figures.sources[name].articles) for name in sorted(figures.sources)
        },
    }
    write_manifest(manifest, content, sorted(report.files, key=lambda entry: entry.path))


def _source(name: str, articles: int) -> dict[str, Any]:
    """Describe a source, and the publisher file that is known of it."""
    known = publisher_for(name)
    described: dict[str, Any] = {"articles": articles}
    if known:
        # Not of the file's bytes: comments in it change nothing.
        content = msgspec.structs.replace(known, path="")
        described["publisher_file"] = digest_of(msgspec.json.encode(content, order="deterministic"))
    return described
