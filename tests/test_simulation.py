"""Nine days of a scheduled job, hour by hour; `make simulate` runs two hundred."""

from pathlib import Path

from tests.simulation import DAYS, describe, simulate


def test_nine_days_of_hourly_runs(tmp_path: Path) -> None:
    outcome = simulate(tmp_path, 9, DAYS)
    assert outcome.problems == [], describe(outcome, 9)
    assert outcome.runs > 200
    assert outcome.articles > 140
    assert {0, 1, 3, 4, -9} <= outcome.codes.keys()
