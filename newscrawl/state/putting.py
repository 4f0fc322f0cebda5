"""Put addresses: new ones wait, known ones are met again, and are fetched again where it is time."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from newscrawl.state import Entry, Put
from newscrawl.state.ends import End
from newscrawl.state.plan import DEFAULT, is_asked_again, parse_plan
from newscrawl.state.running import DONE, WAITING, Run

FIRST_AGE: Final = parse_plan(DEFAULT)[0]
COLUMNS: Final = "id, state, run, met, is_article, due, fetched, unchanged, published"
GROUP: Final = 500
"""Keys in one query."""
Row = tuple[Any, ...]


class Putting:
    """Takes addresses in, within the state's transactions."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.database = run.database

    def put(self, entries: Sequence[Entry]) -> Put:
        """Add addresses, or meet them again."""
        asked = Counter[str]()
        seen, not_due, repeated = list[str](), list[str](), list[int]()
        rows = self._rows(entries)
        added = self._insert([entry for entry in entries if entry.key not in rows])
        # Another run has put them meanwhile.
        rows |= self._rows([e for e in entries if e.key not in rows and e.key not in added])
        times = Counter(entry.key for entry in entries)
        for place, entry in enumerate(entries):
            if entry.key in rows:
                what = self._meet(entry, rows[entry.key])
                if times[entry.key] > 1:  # it will meet what it is now
                    rows |= self._rows([entry])
            else:
                what = "added" if entry.key in added else "repeated"
                added.discard(entry.key)
            asked[what] += 1
            asked["new"] += what == "added" and entry.is_article
            if what == "seen":
                seen.append(entry.host)
            elif what == "not_due":
                not_due.append(entry.host)
            elif what == "repeated":
                repeated.append(place)
        self.run.ask(asked["added"] + asked["seen"] + asked["not_due"])
        for names, end in ((seen, End.SEEN), (not_due, End.NOT_DUE)):
            for host, number in Counter(names).items():
                self.run.count(end, None, self.run.hosts.source_of(host), number)
        return Put(
            added=asked["added"],
            seen=tuple(seen),
            not_due=tuple(not_due),
            repeated=tuple(repeated),
            new=asked["new"],
        )

    def known(self, keys: Sequence[bytes]) -> int:
        """Count the addresses that were met before this run."""
        return sum(map(self._is_known, keys))

    def _is_known(self, key: bytes) -> bool:
        row = self.database.execute("SELECT state, run FROM url WHERE key = ?", (key,)).fetchone()
        if row is not None:
            return bool(row[0] == DONE or row[1] != self.run.number)
        return self.run.articles.article_of(key) is not None

    def _rows(self, entries: Sequence[Entry]) -> dict[bytes, Row]:
        """Find what is known of addresses: by themselves, else by the article that they lead to."""
        keys = list({entry.key for entry in entries})
        found = dict(self._by_key(keys))
        others = {entry.key for entry in entries if entry.is_article} - found.keys()
        return found | dict(self._by_article(sorted(others)))

    def _by_key(self, keys: Sequence[bytes]) -> Iterator[tuple[bytes, Row]]:
        for group in _groups(keys):
            marks = ", ".join("?" for _ in group)
            query = f"SELECT key, {COLUMNS} FROM url WHERE key IN ({marks})"
            for key, *row in self.database.execute(query, group).fetchall():
                yield bytes(key), tuple(row)

    def _by_article(self, keys: Sequence[bytes]) -> Iterator[tuple[bytes, Row]]:
        for group in _groups(keys):
            marks = ", ".join("?" for _ in group)
            columns = ", ".join(f"url.{name}" for name in COLUMNS.split(", "))
            query = (
                f"SELECT alias.key, {columns} FROM alias JOIN article ON article.id = alias.article "
                f"JOIN url ON url.id = article.url WHERE alias.key IN ({marks})"
            )
            for key, *row in self.database.execute(query, group).fetchall():
                yield bytes(key), tuple(row)

    def _meet(self, entry: Entry, row: Row) -> str:
        while (what := self._meet_as(entry, row)) is None:
            # Another run has met it since it was looked up.
            rows = self._rows([entry])
            if not rows:  # it was forgotten
                return "added" if self._insert([entry]) else "seen"
            row = rows[entry.key]
        return what

    def _meet_as(self, entry: Entry, row: Row) -> str | None:
        """Meet an address that is as it was looked up; None where it no longer is."""
        own = self.run.number
        state, run, met, is_article = row[1:5]
        if met == own:
            return "repeated" if run == own else "known"
        if met == -own:
            return self._meet_inherited(entry, row)
        if state != DONE:
            is_ours = not self._is_live(run)
        else:
            is_ours = self._is_wanted(entry, bool(is_article), row)
        if not is_ours:
            changed = self._change("met = ?", (own,), row)
            return ("seen" if is_article else "not_due") if changed else None
        changed = self._change(
            f"state = {WAITING}, run = ?, met = ?, priority = ?, request = ?, "
            "kind = coalesce(?, kind), not_before = NULL, held = NULL, lease_until = NULL, "
            "attempts = CASE state WHEN 2 THEN 0 ELSE attempts END, hints = greatest(hints, ?)",
            (
                own, own, entry.priority, entry.request, entry.kind,
                0 if entry.modified is None else 1,
            ),
            row,
        )  # fmt: skip
        return "added" if changed else None

    def _meet_inherited(self, entry: Entry, row: Row) -> str | None:
        """Meet what this run has taken up by itself; it was counted then.

        A list that it has read by an old request meanwhile is read again, by the spider's own.
        """
        state, own = row[1], self.run.number
        is_again = state == DONE and not entry.is_article
        if state == WAITING or is_again:
            changed = self._change(
                f"state = {WAITING}, met = ?, priority = ?, request = ?",
                (own, entry.priority, entry.request),
                row,
            )
        else:
            changed = self._change("met = ?", (own,), row)
        return ("added" if is_again else "known") if changed else None

    def _change(self, what: str, values: tuple[Any, ...], row: Row) -> bool:
        """Change an address, unless another run has changed it since it was looked up."""
        url, state, run, met = row[:4]
        done = self.database.execute(
            f"UPDATE url SET {what} WHERE id = ? AND state = ? AND run = ? AND met = ?",
            (*values, url, state, run, met),
        )
        return done.rowcount == 1

    def _is_wanted(self, entry: Entry, is_article: bool, row: Row) -> bool:
        """Tell whether a done address is fetched again: when it is time, or when it is said to have changed.

        Lists always are, unless only what is due is asked for, or the index that names them tells when they
        changed: a publisher's archive may have thousands.
        """
        *_, due, fetched, unchanged, published = row
        if due is not None and due <= self.run.now():
            return True
        if not is_article and entry.modified is None:
            return not self.run.key.due_only
        if published is not None:
            return self._is_in_range(published)
        return (
            entry.modified is not None
            and fetched is not None
            and is_asked_again(entry.modified, fetched, unchanged, FIRST_AGE)
        )

    def _is_in_range(self, published: float) -> bool:
        since, until = self.run.key.since, self.run.key.until
        return (since is None or published >= since) and (until is None or published <= until)

    def _is_live(self, run: int) -> bool:
        """Tell whether another run is at work; one that was is not asked about again and again."""
        if run == self.run.number:
            return True
        ended = self.database.execute("SELECT ended FROM run WHERE id = ?", (run,)).fetchone()
        return ended is not None and ended[0] is None and self.run.locks.is_alive(run)

    def _insert(self, entries: Sequence[Entry]) -> set[bytes]:
        """Store new addresses; give the keys of those that were new."""
        if not entries:
            return set()
        hosts = self.run.hosts.ids_of({entry.host for entry in entries})
        now, own = self.run.now(), self.run.number
        unique = {entry.key: entry for entry in reversed(entries)}
        values = [
            (
                entry.key, entry.url, hosts[entry.host], entry.is_article, own, own, entry.priority, now,
                entry.request, entry.kind,
            )
            for entry in entries if unique[entry.key] is entry
        ]  # fmt: skip
        return self.database.insert_urls(values)


def _groups(keys: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    for start in range(0, len(keys), GROUP):
        yield keys[start : start + GROUP]
