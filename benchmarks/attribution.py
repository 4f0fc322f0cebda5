"""Score dates and attribution: ``python -m benchmarks.attribution FOLDER [--worst]``.

FOLDER holds pages and truth as `benchmarks.evalset` describes; truths with ``date`` give the scores of
days and instants. Agencies, datelines, editors, contributors, desks, authors and days are scored on the
pages of ``attributions.tsv`` beside this file, which is read by hand and holds facts only: page, field, value.

``--worst`` names what was missed and what was said wrongly; ``--peers`` adds the days that htmldate,
which trafilatura uses, finds on the same pages in the same run.
"""

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from multiprocessing import Pool
from pathlib import Path
from typing import Any, Final

from benchmarks.evalset import Truth, find, read_lines, read_truths
from newscrawl import clean
from newscrawl.items import Article, Page

DATASETS: Final = ("fundus", "htmldate", "trafilatura", "wcxb", "aeb", "fundus_eval", "newspaper")
TABLE: Final = Path(__file__).with_name("attributions.tsv")
NONE: Final = "-"
FIELDS: Final = ("agency", "place", "day", "editor", "contributor", "desk", "author", "published")
SAME_INSTANT: Final = timedelta(seconds=60)
"""Pages print minutes where their data has seconds."""
Labels = dict[str, dict[str, frozenset[str]]]


@dataclass(frozen=True, slots=True)
class Dated:
    """One page's true date and the one that was given."""

    true: str
    given: str | None

    @property
    def is_right_day(self) -> bool:
        """Whether the day is right: as written, or in UTC where both are instants."""
        if not self.given:
            return False
        if self.given[:10] == self.true[:10]:
            return True
        one, other = _instant(self.given), _instant(self.true)
        return bool(one and other) and _utc_day(one) == _utc_day(other)

    @property
    def has_instant(self) -> bool:
        """Whether the truth is an instant, so that the time of day counts."""
        return _instant(self.true) is not None

    @property
    def is_right_instant(self) -> bool:
        """Whether the instant is right, its offset given."""
        one, other = _instant(self.given), _instant(self.true)
        return bool(one and other) and abs(one - other) <= SAME_INSTANT  # type: ignore[operator]


def main() -> None:
    """Clean the pages and print the scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="pages and truth in JSON lines")
    parser.add_argument("--worst", action="store_true", help="name what is wrong")
    parser.add_argument("--peers", action="store_true", help="date the pages with htmldate too")
    options = parser.parse_args()
    dates: dict[str, list[tuple[str, Dated]]] = defaultdict(list)
    others: dict[str, list[tuple[str, Dated]]] = defaultdict(list)
    found: Labels = {}
    labels = read_table(TABLE)
    with Pool(2) as pool:
        work = ((page, truths, options.peers) for page, truths in read_all(options.folder))
        for name, truths, article, other in pool.imap(answer, work, chunksize=4):
            for truth in truths:
                if truth.get("date"):
                    dated = Dated(truth["date"], article.date_published if article else None)
                    dates[truth["dataset"]].append((name, dated))
                    others[truth["dataset"]].append((name, Dated(truth["date"], other)))
            if name in labels:
                found[name] = said_by(article) if article else {}
    print(dates_table(dates))
    if options.peers:
        print("htmldate:\n\n" + dates_table(others))
    print(attribution_table(labels, found))
    if options.worst:
        print("\n".join((*wrong_dates(dates), *wrong_attributions(labels, found))))


def read_all(folder: Path) -> Iterator[tuple[dict[str, Any], list[Truth]]]:
    """Read every page once, with what all data sets know of it: some share pages."""
    known: dict[str, list[Truth]] = defaultdict(list)
    for truth in read_truths(folder).values():
        known[truth["id"]].append(truth)
    for name in DATASETS:
        for page in read_lines(find(folder, f"{name}.pages")):
            if truths := known.pop(page["id"], None):
                yield page, truths


def answer(
    item: tuple[dict[str, Any], list[Truth], bool],
) -> tuple[str, list[Truth], Article | None, str | None]:
    """Clean one page, and date it with htmldate if peers are asked for."""
    page, truths, with_peers = item
    article = clean(Page(body=page["html"], url=page["url"]))
    other = None
    if with_peers and any(truth.get("date") for truth in truths):
        from htmldate import find_date

        try:
            other = find_date(page["html"], original_date=True, url=page["url"])
        except ValueError:  # a page that it cannot parse
            other = None
    return page["id"], truths, article if isinstance(article, Article) else None, other


def read_table(path: Path) -> Labels:
    """Read the labelled attributions: for each page and field the set of its values.

    >>> read_table(TABLE)["fundus/at/SalzburgerNachrichten_2026_01_06"]["agency"] == {"apa_at", "dpa", "sda"}
    True
    """
    rows: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            page, field, value = line.split("\t")
            rows[page][field] |= {value} - {NONE}
    return {page: {f: frozenset(v) for f, v in fields.items()} for page, fields in rows.items()}


def said_by(article: Article) -> dict[str, frozenset[str]]:
    """Give the attributions of an article in the table's terms."""
    dateline = article.dateline
    return {
        "agency": frozenset(agency.id for agency in article.agencies),
        "place": frozenset(filter(None, [dateline.place if dateline else None])),
        "day": frozenset(filter(None, [dateline.date if dateline else None])),
        "editor": frozenset(article.editors),
        "contributor": frozenset(article.contributors),
        "desk": frozenset(article.desk),
        "author": frozenset(a.name for a in article.authors if a.kind == "person"),
        "published": frozenset(filter(None, [(article.date_published or "")[:10]])),
    }


def counts(labels: Labels, found: Labels) -> dict[str, Counter[str]]:
    """Count right, extra and missing values of each field over the pages labelled for it."""
    sums: dict[str, Counter[str]] = {field: Counter() for field in FIELDS}
    for _, field, true, given in _compared(labels, found):
        sums[field] += Counter(
            pages=1, right=len(true & given), extra=len(given - true), missing=len(true - given)
        )
    return sums


def dates_table(dates: dict[str, list[tuple[str, Dated]]]) -> str:
    """Give the scores of the dates as a table."""
    lines = [
        "| dates | pages | given | P | R | F1 | instants | right instant |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for name, pairs in dates.items():
        rows = [dated for _, dated in pairs]
        given = sum(bool(d.given) for d in rows)
        right = sum(d.is_right_day for d in rows)
        p, r = _share(right, given), _share(right, len(rows))
        timed = [d for d in rows if d.has_instant]
        instants = f"{_share(sum(d.is_right_instant for d in timed), len(timed)):.3f}"
        lines.append(
            f"| {name} | {len(rows)} | {given} | {p:.3f} | {r:.3f} | {_harmonic(p, r):.3f}"
            f" | {len(timed)} | {instants if timed else '–'} |"
        )
    return "\n".join(lines) + "\n"


def attribution_table(labels: Labels, found: Labels) -> str:
    """Give the scores of the labelled attributions as a table."""
    lines = ["| attribution | pages | true | P | R | F1 |", "|---|--:|--:|--:|--:|--:|"]
    for field, sums in counts(labels, found).items():
        true = sums["right"] + sums["missing"]
        p, r = _share(sums["right"], sums["right"] + sums["extra"]), _share(sums["right"], true)
        lines.append(
            f"| {field} | {sums['pages']} | {true} | {p:.3f} | {r:.3f} | {_harmonic(p, r):.3f} |"
        )
    return "\n".join(lines) + "\n"


def wrong_dates(dates: dict[str, list[tuple[str, Dated]]]) -> Iterator[str]:
    """Name the dates that are wrong."""
    for pairs in dates.values():
        for name, dated in pairs:
            if not dated.is_right_day or (dated.has_instant and not dated.is_right_instant):
                yield f"{name}: {dated.given or 'none'}, true {dated.true}"


def wrong_attributions(labels: Labels, found: Labels) -> Iterator[str]:
    """Name the attributions that are missing or wrong."""
    for page, field, true, given in _compared(labels, found):
        if true != given:
            missing, extra = sorted(true - given), sorted(given - true)
            yield f"{page} {field}: missing {missing}, extra {extra}"


def _compared(
    labels: Labels, found: Labels
) -> Iterable[tuple[str, str, frozenset[str], frozenset[str]]]:
    for page, fields in labels.items():
        if page in found:
            for field, true in fields.items():
                yield page, field, true, found[page].get(field, frozenset())


def _instant(text: str | None) -> datetime | None:
    """Read a date with time and offset; None for a bare day or a time without offset."""
    try:
        when = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return when if when.tzinfo else None


def _utc_day(when: datetime | None) -> date | None:
    return when.astimezone(UTC).date() if when else None


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _harmonic(p: float, r: float) -> float:
    return 2 * p * r / (p + r) if p + r else 0.0


if __name__ == "__main__":
    main()
