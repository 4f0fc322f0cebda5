"""The frontier on one SQLite file: for one machine, any number of runs, and no server."""

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from newscrawl.errors import StateError
from newscrawl.state import Manners, RunKey
from newscrawl.state.database import explain, open_database
from newscrawl.state.engine import Engine, Work, keep, parties_of, undo
from newscrawl.state.frontier import SQLFrontier
from newscrawl.state.lines import open_lines
from newscrawl.state.running import Run
from newscrawl.state.runs import RunLocks


class SQLiteFrontier(SQLFrontier):
    """A run's view of a state file.

    Args:
        path: the state file.
        articles: the folder of the article files, or the address of shared storage.
        run: what the run is known by.
        manners: how far the run may go, and how it treats hosts.

    Raises:
        StateError: the file cannot be used, or a source of the run is being crawled by another one.

    """

    def __init__(
        self, path: Path, articles: Path | str, run: RunKey, manners: Manners | None = None
    ) -> None:
        self.path = path
        _check_not_lost(path, articles)
        self.file = open_database(path)
        context = Run(
            database=self.file, locks=RunLocks(path), lines=open_lines(self.file, articles), key=run,
            manners=manners or Manners(),
        )  # fmt: skip
        engine = Engine(self._transaction)
        try:
            super().__init__(context, engine)
        except BaseException:
            engine.shut()
            self.file.close()
            raise

    def _transaction(self, works: Sequence[Work]) -> list[Any]:
        parties = parties_of(works)
        try:
            with self.file.writing():
                results = [work.call() for work in works]
                for party in parties:
                    party.before_commit()
            keep(parties)
        except BaseException as error:
            undo(parties)
            if isinstance(error, (sqlite3.Error, OSError)):
                raise explain(error, self.path) from error
            raise
        return results

    def _shut(self) -> None:
        self.engine.shut()
        self.context.lines.close()
        # Dropping the last connection folds the log into the file.
        with suppress(sqlite3.Error):
            self.file.close()
        self.locks.release(self.run)


def _check_not_lost(path: Path, articles: Path | str) -> None:
    """Refuse to start afresh beside articles of a state that is not there."""
    if path.exists() or not isinstance(articles, Path):
        return
    if next(articles.glob("*/*.jsonl"), None):
        raise StateError(
            f"there is no crawl state at {path}, but {articles} holds articles of one: put it back, "
            "name it with --state, or move the articles away"
        )
