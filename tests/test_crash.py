"""The crash test with few rounds; `make crash-test` runs it with fifty kills on 2,000 articles."""

import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from newscrawl.demo.server import DemoServer
from tests.crash import NOT_TRIED, Trial, build_site, full_disk_trial, kill_trial, read_only_trial

ARTICLES = 150


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Trial]:
    site = build_site(ARTICLES)
    with DemoServer(site) as server:
        yield Trial(tmp_path / "data", server, site)


@pytest.mark.usefixtures("back_end")
def test_killed_at_random_moments_no_article_is_lost_or_twice(trial: Trial) -> None:
    kill_trial(trial, [signal.SIGKILL] * 5, random.Random(5))

    assert trial.problems == []
    assert trial.interruptions


@pytest.mark.usefixtures("back_end")
def test_stopped_by_sigterm_and_ctrl_c(trial: Trial) -> None:
    kill_trial(trial, [signal.SIGTERM, signal.SIGINT], random.Random(6))

    assert trial.problems == []
    assert trial.fetched_twice == 0


def test_a_disk_that_fills_up_stops_the_crawl_with_a_clear_message(trial: Trial) -> None:
    said = full_disk_trial(trial, megabytes=1)

    if said == NOT_TRIED:
        pytest.skip(said)
    assert trial.problems == []
    assert "the disk is full" in said or "No space left" in said


def test_a_disk_that_is_read_only_stops_the_crawl_with_a_clear_message(trial: Trial) -> None:
    said = read_only_trial(trial, random.Random(7))

    if said == NOT_TRIED:
        pytest.skip(said)
    assert trial.problems == []
    assert "read-only" in said.lower()
