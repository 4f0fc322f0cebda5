"""Which articles of a corpus are taken, in which order, and why the others are not.

Every line of the files ends once: taken, or left out under one name. The names are those of the options.
"""

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final, Literal

from newscrawl.corpus.database import DATE, Corpus, instant_of, quoted
from newscrawl.errors import UsageError
from newscrawl.items import SCHEMA_VERSION
from newscrawl.wording import numbered

Versions = Literal["first", "last", "all"]
VERSIONS: Final[tuple[Versions, ...]] = ("first", "last", "all")

BROKEN, REFUSED, OTHER = "broken", "refused", "no_article"
REPEATED, OLDER = "repeated", "other_versions"
DEDUPE: Final = "duplicate"
MAX_NAMED: Final = 8
"""Values that are named where one is not there."""
FATES: Final = {
    BROKEN: "lines that are no JSON",
    REFUSED: "refused pages",
    OTHER: "lines that are no article",
    REPEATED: "repeated lines",
    OLDER: "other versions",
    DEDUPE: "copies by --dedupe",
}
"""What lines end as that no filter leaves out."""
MONTH: Final = re.compile(r"\d{4}(?:-\d\d)?")
"""A month or a year."""
AGE: Final = "fetched_at NULLS FIRST, revision, key"
"""The order of an article's versions."""
SCANNED: Final[dict[str, Any]] = {
    "schema_version": "BIGINT", "id": "VARCHAR", "url": "VARCHAR", "canonical_url": "VARCHAR", "source": "VARCHAR",
    "publisher": {"name": "VARCHAR", "domain": "VARCHAR"}, "title": "VARCHAR", "language": "VARCHAR", "kind": "VARCHAR",
    "date_published": "VARCHAR", "text_hash": "VARCHAR", "word_count": "BIGINT", "fetched_at": "VARCHAR",
    "revision": {"number": "BIGINT"}, "agencies": [{"id": "VARCHAR", "name": "VARCHAR"}],
    "authors": [{"name": "VARCHAR"}], "opt_outs": [{"signal": "VARCHAR"}], "rejected": "VARCHAR",
}  # fmt: skip
"""What is read of each line to select it; a value of another type reads as absent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which articles are wanted; what is left empty asks for nothing. All of it must hold."""

    since: str | None = None
    """The earliest publication: a day, compared with the day as it is printed, or an aware moment."""
    until: str | None = None
    """The latest; a day is meant as a whole."""
    sources: tuple[str, ...] = ()
    """Publisher ids or hosts; one of them."""
    languages: tuple[str, ...] = ()
    """ISO 639-1 codes; one of them."""
    agencies: tuple[str, ...] = ()
    """Ids or names of agencies; one of them."""
    authors: tuple[str, ...] = ()
    """Pieces of names, case and accents aside; one of them."""
    matches: tuple[str, ...] = ()
    """Regular expressions (RE2) to be found in title, subtitle or text, case aside; all of them."""
    kinds: tuple[str, ...] = ()
    """article, opinion, …; one of them."""
    min_words: int = 0
    no_opt_outs: bool = False
    """Leave out what its publisher restricts; see `Article.opt_outs`."""
    versions: Versions = "last"
    """Which versions of an article."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One filter as SQL over the columns that were scanned."""

    name: str
    sql: str
    values: tuple[Any, ...] = ()


@dataclass(slots=True)
class Tally:
    """What became of the lines."""

    lines: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    """By name, in the order in which it was decided."""
    refusals: dict[str, int] = field(default_factory=dict)
    """Those under `refused`, by reason."""
    alone: dict[str, int] = field(default_factory=dict)
    """By filter, how many articles it would leave by itself."""
    taken: int = 0
    unmet: list[str] = field(default_factory=list)
    """Values of filters that no article has, with those that articles have."""
    damaged: list[str] = field(default_factory=list)
    """Files with lines that are neither articles nor refusals."""

    def leave_out(self, name: str) -> None:
        """Move an article from those that are taken to those that are not."""
        self.taken -= 1
        self.left_out[name] = self.left_out.get(name, 0) + 1

    @property
    def is_damaged(self) -> bool:
        """Whether a line was neither an article nor a refusal."""
        return bool(self.damaged or self.left_out.get(OTHER))

    def adds_up(self) -> bool:
        """Tell whether every line has ended once."""
        return self.lines == self.taken + sum(self.left_out.values())

    def culprit(self) -> str:
        """Say which filter left nothing."""
        articles = self.lines - sum(self.left_out.get(fate, 0) for fate in FATES if fate != DEDUPE)
        if not articles:
            return f"there is no article in {numbered(self.lines, 'line')}"
        alone = [name for name, left in self.alone.items() if not left]
        if alone:
            verb = "leaves" if len(alone) == 1 else "each leave"
            return f"{_options(alone)} {verb} none of {articles} articles"
        left, steps = articles, []
        for name in self.alone:
            left -= self.left_out.get(name, 0)
            steps.append(f"{_options([name])} leaves {left}")
        return f"of {articles} articles {', then '.join(steps)}; each alone leaves some"


def fate_of(name: str) -> str:
    """Say in words what became of a line.

    >>> fate_of("min_words"), fate_of("duplicate")
    ('by --min-words', 'copies by --dedupe')
    """
    return FATES.get(name) or f"by {_options([name])}"


def _options(names: list[str]) -> str:
    return " and ".join(f"--{name.replace('_', '-')}" for name in names)


def parse_when(name: str, text: str | None) -> str | None:
    """Read a bound: a day, month or year stays one; a moment gets UTC where it has no zone.

    Raises:
        UsageError: it is none of these.

    >>> parse_when("since", "2024-03"), parse_when("since", "2024-03-01T12:00+01:00")
    ('2024-03', '2024-03-01T12:00:00+01:00')

    """
    if not text:
        return None
    text = text.strip()
    try:
        if MONTH.fullmatch(text):
            return f"{date.fromisoformat((text + '-01-01')[:10]):%Y-%m-%d}"[: len(text)]
        with suppress(ValueError):  # a day, in any form of ISO 8601
            return date.fromisoformat(text).isoformat()
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{name}={text}: no date; write 2026, 2026-01, 2026-01-31, 2026-01-31T12:00+01:00 or 7d"
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


def are_in_order(since: str | None, until: str | None) -> bool:
    """Tell whether an article can lie between two bounds; of a day and a moment only a query can tell."""
    if not since or not until:
        return True
    if "T" in since and "T" in until:
        return datetime.fromisoformat(since) <= datetime.fromisoformat(until)
    if "T" in since or "T" in until:
        return True
    length = min(len(since), len(until))
    return since[:length] <= until[:length]


def conditions(wanted: Filter) -> Iterator[Condition]:
    """Write the filters as SQL, cheap ones first."""
    for name, sign in (("since", ">="), ("until", "<=")):
        if bound := getattr(wanted, name):
            yield _dated(name, sign, bound)
    lowered = {
        name: [value.lower() for value in getattr(wanted, field_name)]
        for name, field_name in (
            ("source", "sources"),
            ("language", "languages"),
            ("agency", "agencies"),
            ("kind", "kinds"),
        )
    }
    authors = " OR ".join("contains(authors, strip_accents(lower(?)))" for _ in wanted.authors)
    filters: tuple[tuple[str, object, str, tuple[Any, ...]], ...] = (
        (
            "source",
            wanted.sources,
            "list_contains(?, source) OR list_contains(?, domain)",
            (lowered["source"],) * 2,
        ),
        ("language", wanted.languages, "list_contains(?, language)", (lowered["language"],)),
        ("kind", wanted.kinds, "list_contains(?, lower(kind))", (lowered["kind"],)),
        ("min_words", wanted.min_words, "word_count >= ?", (wanted.min_words,)),
        ("agency", wanted.agencies, "list_has_any(agencies, ?)", (lowered["agency"],)),
        ("author", wanted.authors, authors, wanted.authors),
        ("match", wanted.matches, "is_match", ()),
        ("no_opt_outs", wanted.no_opt_outs, "NOT has_opt_outs", ()),
    )
    for name, is_asked, sql, values in filters:
        if is_asked:
            yield Condition(name, sql, values)


def _dated(name: str, sign: str, bound: str) -> Condition:
    """Compare dates as far as both are known: a month that the bound falls into may hold it."""
    if len(bound) <= len("2026-01-31"):
        known = f"least(length(date_published), {len(bound)})"
        return Condition(name, f"left(date_published, {known}) {sign} left(?, {known})", (bound,))
    if name == "since":
        # A bare day, month or year may have been its last moment.
        length = (
            "CASE length(date_published) WHEN 4 THEN 366 WHEN 7 THEN 31 WHEN 10 THEN 1 ELSE 0 END"
        )
        later = f"instant + to_days({length}) > CAST(? AS TIMESTAMPTZ)"
        return Condition(name, f"instant >= CAST(? AS TIMESTAMPTZ) OR {later}", (bound, bound))
    return Condition(name, "instant <= CAST(? AS TIMESTAMPTZ)", (bound,))


def select(corpus: Corpus, wanted: Filter) -> Tally:
    """Select articles: makes the table `chosen` (position, key, and what clusters and parts are made by).

    A position is the place in the order of all that was chosen: by time of publication, undated ones last, then by
    source, address, version and content. It does not depend on files or their order.

    Raises:
        UsageError: an expression is none.

    """
    _scan(corpus, wanted.matches)
    return choose(corpus, wanted)


def reject(corpus: Corpus, positions: Iterable[int]) -> None:
    """Take what was chosen and turned out to be no article for none; then choose again: an earlier version may be one."""
    numbers = ", ".join(map(str, positions))
    corpus.database.execute(
        f"UPDATE scanned SET is_article = false WHERE key IN (SELECT key FROM chosen WHERE position IN ({numbers}))"
    )


def choose(corpus: Corpus, wanted: Filter) -> Tally:
    """Select among the lines that were read before."""
    filters = list(conditions(wanted))
    decided = " ".join(f"WHEN NOT coalesce({c.sql}, false) THEN '{c.name}'" for c in filters)
    kept = {"first": "version = 1", "last": "version = versions", "all": "true"}[wanted.versions]
    corpus.database.execute(
        f"""
        CREATE OR REPLACE TABLE article AS SELECT *, CASE
            WHEN is_broken THEN '{BROKEN}' WHEN rejected IS NOT NULL THEN '{REFUSED}' WHEN NOT is_article THEN '{OTHER}'
            WHEN copy > 1 THEN '{REPEATED}' WHEN NOT ({kept}) THEN '{OLDER}' {decided} END AS fate
        FROM (SELECT *, row_number() OVER (PARTITION BY source, identity, is_article AND copy = 1 ORDER BY {AGE}) AS version,
                     count(*) OVER (PARTITION BY source, identity, is_article AND copy = 1) AS versions
              FROM (SELECT *, row_number() OVER (PARTITION BY source, identity, is_article, content ORDER BY {AGE}) AS copy FROM scanned))
        """,
        [value for condition in filters for value in condition.values],
    )
    corpus.database.execute(
        f"""
        CREATE OR REPLACE TABLE chosen AS SELECT
            row_number() OVER (ORDER BY instant NULLS LAST, source, identity, {AGE}) - 1 AS position,
            key, bytes, identity, id, source, publisher, language, kind, date_published, instant, text_hash, fetched_at,
            agency_ids
        FROM article WHERE fate IS NULL
        """
    )
    tally = _count(corpus, wanted, filters)
    corpus.database.execute("DROP TABLE article")
    # What is not yet in the file of the database takes memory that nothing else can have.
    corpus.database.execute("CHECKPOINT")
    return tally


def _scan(corpus: Corpus, matches: tuple[str, ...]) -> None:
    """Read each line once, and keep what is selected and sorted by."""
    import duckdb

    for match in matches:
        try:
            corpus.database.execute("SELECT regexp_matches('', ?)", [match])
        except duckdb.Error as error:
            why = str(error).splitlines()[0].removeprefix("Invalid Input Error: ")
            raise UsageError(
                f"match={match}: {why} (RE2: no look-ahead, no back-references)"
            ) from error
    words = ", ".join(
        f"json_extract_string(json, '$.{name}')" for name in ("title", "subtitle", "text")
    )
    is_match = " AND ".join(f"regexp_matches(concat_ws(chr(10), {words}), ?, 'i')" for _ in matches)
    scan = f"""
        CREATE TABLE scanned AS SELECT
            json IS NULL AS is_broken, r.rejected AS rejected,
            coalesce(r.schema_version = {SCHEMA_VERSION} AND r.id IS NOT NULL AND r.text_hash IS NOT NULL AND has_text, false)
                AS is_article,
            CASE WHEN json IS NULL OR NOT coalesce(has_text, false) THEN filename END AS file, md5_number(json) AS key, strlen(json) AS bytes,
            coalesce(nullif(r.canonical_url, ''), nullif(r.url, ''), r.id) AS identity, r.id AS id,
            coalesce(r.revision.number, 0) AS revision, try_cast(r.fetched_at AS TIMESTAMPTZ) AS fetched_at,
            r.text_hash AS text_hash, hash(r.revision.number, r.text_hash, r.title) AS content,
            lower(r.source) AS source, lower(r.publisher.domain) AS domain, r.publisher.name AS publisher,
            r.language AS language, r.kind AS kind, coalesce(r.word_count, 0) AS word_count,
            CASE WHEN regexp_matches(r.date_published, {quoted(DATE)}) THEN r.date_published END AS date_published, {instant_of("r.date_published")} AS instant,
            list_transform(r.agencies, lambda x: x.id) AS agency_ids,
            flatten(list_transform(r.agencies, lambda x: [lower(x.id), lower(x.name)])) AS agencies,
            strip_accents(lower(array_to_string(list_transform(r.authors, lambda x: x.name), chr(10)))) AS authors,
            coalesce(len(r.opt_outs), 0) > 0 AS has_opt_outs, is_match
        FROM (SELECT json, filename, from_json(json, ?) AS r, json_type(json, '$.text') = 'VARCHAR' AS has_text,
                     {is_match or "true"} AS is_match FROM lines)
        """
    # The places of the text come in the order in which they stand in it.
    values = [json.dumps(SCANNED), *matches]
    is_read = False
    while not is_read:
        try:
            corpus.database.execute(scan, values)
            is_read = True
        except duckdb.Error as error:
            corpus.retry(error)


def _count(corpus: Corpus, wanted: Filter, filters: list[Condition]) -> Tally:
    """Count what became of the lines, and what each filter would leave by itself."""
    execute = corpus.database.execute
    ends = dict(execute("SELECT fate, count(*) FROM article GROUP BY fate").fetchall())
    taken = ends.pop(None, 0)
    order = [BROKEN, REFUSED, OTHER, REPEATED, OLDER, *(condition.name for condition in filters)]
    reasons = execute(
        f"SELECT rejected, count(*) FROM article WHERE fate = '{REFUSED}' GROUP BY 1 ORDER BY 1"
    ).fetchall()
    judged = f"FROM article WHERE fate IS NULL OR fate NOT IN ('{BROKEN}', '{REFUSED}', '{OTHER}', '{REPEATED}', '{OLDER}')"
    alone = {}
    for found in filters:
        row = execute(
            f"SELECT count(*) FILTER (WHERE {found.sql}) {judged}", list(found.values)
        ).fetchone()
        alone[found.name] = row[0] if row else 0
    files = execute(
        f"SELECT file, count(*) FROM article WHERE fate IN ('{BROKEN}', '{OTHER}') AND file IS NOT NULL GROUP BY 1 ORDER BY 1"
    ).fetchall()
    return Tally(
        lines=taken + sum(ends.values()),
        left_out={name: ends[name] for name in order if ends.get(name)},
        refusals=dict(reasons),
        alone=alone,
        taken=taken,
        damaged=[
            f"{corpus.name_of(file)}: {numbered(number, 'line')} no article"
            for file, number in files
        ],
        unmet=list(_unmet(corpus, wanted, judged)),
    )


def _unmet(corpus: Corpus, wanted: Filter, judged: str) -> Iterator[str]:
    """Name the values of filters that no article has: mistyped, as a rule."""
    for name, values, column in (
        ("source", wanted.sources, "unnest([source, domain])"), ("language", wanted.languages, "language"),
        ("kind", wanted.kinds, "kind"), ("agency", wanted.agencies, "unnest(agencies)"),
    ):  # fmt: skip
        if not values:
            continue
        rows = corpus.database.execute(
            f"SELECT value, count(*) AS n FROM (SELECT {column} AS value {judged}) "
            "WHERE value IS NOT NULL GROUP BY value ORDER BY n DESC, value"
        ).fetchall()
        known = {value for value, _ in rows}
        there = ", ".join(f"{value} {number}" for value, number in rows[:MAX_NAMED]) or "none"
        for value in values:
            if value.lower() not in known:
                yield f"no article has --{name} {value}; there is {there}"
