"""Scrapy signals of the frontier, for whoever wants to follow a run."""

from typing import Final

page_ended: Final = object()
"""An address has ended: `url`, `host`, `end` (`newscrawl.state.ends.End`), `reason`."""
run_ended: Final = object()
"""The run is closed: `run`, its number in the state, `job`, and `ledger` (`newscrawl.state.ends.Ledger`)."""
