"""When a source counts as quiet, and when a drift is over: by figures of our own making."""

import math
import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from newscrawl.state.deliveries import ARTICLES, HAS
from newscrawl.state.drift import Break
from newscrawl.state.drifting import GOES_ON, MEANT, NONE, OVER, UNKNOWN, Delivered, judge_drift
from newscrawl.state.health import Finding, Trouble, longest_pause
from newscrawl.state.tallies import HOUR, KEPT_HOURS

TODAY = date(2026, 11, 26)


def news_hours(rate: float, days: int, chance: random.Random, *, sleeps: bool) -> list[int]:
    """Give the hours in which a paper has news: by chance, less at night and on Sundays."""
    hours = []
    for hour in range(days * 24):
        is_night = sleeps and hour % 24 < 6
        is_sunday = sleeps and hour // 24 % 7 == 6
        likely = rate / 24 * (0.1 if is_night else 1) * (0.3 if is_sunday else 1)
        if chance.random() < 1 - math.exp(-likely):
            hours.append(hour)
    return hours


def alarms(hours: list[int], days: int) -> int:
    """Count the pauses that would have been told, looking every hour."""
    told, is_told = 0, False
    known = set(hours)
    for now in range(14 * 24, days * 24):
        before = [hour for hour in hours if now - KEPT_HOURS <= hour <= now]
        if now in known:
            is_told = False
        most = longest_pause(before, now * HOUR)
        if most is not None and before and (now - before[-1]) * HOUR > most and not is_told:
            told, is_told = told + 1, True
    return told


@pytest.mark.parametrize("rate", [0.3, 1.0, 4.0, 30.0])
def test_a_paper_that_goes_on_as_ever_is_rarely_called_quiet(rate: float) -> None:
    chance = random.Random(7)
    days, papers = 120, 12
    total = sum(
        alarms(news_hours(rate, days, chance, sleeps=bool(paper % 2)), days)
        for paper in range(papers)
    )
    # Fewer than one false alarm a source and year.
    assert total / (papers * (days - 14) / 365) < 1.0


@pytest.mark.parametrize(("every", "within"), [(1, 25), (24, 49), (72, 9 * 72 + 1)])
def test_a_paper_that_falls_silent_is_found_out(every: int, within: int) -> None:
    hours = list(range(0, 56 * 24, every))
    most = longest_pause(hours, hours[-1] * HOUR)
    assert most is not None
    assert most <= within * HOUR


def test_a_weekly_pause_is_a_habit() -> None:
    weekdays = [day * 24 + 9 for day in range(56) if day % 7 < 5]
    most = longest_pause(weekdays, weekdays[-1] * HOUR)
    assert most == 2 * 72 * HOUR


# -- drift ---------------------------------------------------------------------------------------


def counts(articles: int, authors: int) -> Counter[str]:
    return Counter({ARTICLES: articles, f"{HAS}authors": authors, f"{HAS}title": articles})


def found_since(day: date, parts: tuple[str, ...] = ("",)) -> Finding:
    since = datetime.combine(day, datetime.min.time(), UTC).timestamp()
    return Finding(
        source="a.org", trouble=Trouble.DRIFTING, detail="authors", since=since, parts=parts
    )


def history(broken_days: int, today: Counter[str]) -> dict[str, Delivered]:
    """Give six weeks with bylines, the last days without."""
    days = {
        TODAY - timedelta(days=back): counts(6, 0 if back <= broken_days else 6)
        for back in range(1, 42)
    }
    return {"": Delivered(counts=today, days=days)}


def test_a_drift_goes_on_though_the_weeks_before_have_come_to_hold_it() -> None:
    before = found_since(TODAY - timedelta(days=5))
    drift = judge_drift("a.org", [], before, history(5, counts(6, 0)), TODAY)
    assert (drift.verdict, drift.finding) == (GOES_ON, before)


def test_a_drift_is_over_when_pages_are_as_they_were() -> None:
    before = found_since(TODAY - timedelta(days=2))
    assert judge_drift("a.org", [], before, history(0, counts(6, 6)), TODAY).verdict == OVER


def test_one_page_tells_nothing_and_another_part_neither() -> None:
    before = found_since(TODAY)
    assert judge_drift("a.org", [], before, history(0, counts(1, 1)), TODAY).verdict == UNKNOWN
    other = found_since(TODAY, ("https://a.org/feed",))
    assert judge_drift("a.org", [], other, history(0, counts(6, 6)), TODAY).verdict == UNKNOWN


def test_what_lasts_longer_than_a_week_is_taken_for_meant() -> None:
    before = found_since(TODAY - timedelta(days=9))
    assert judge_drift("a.org", [], before, history(9, counts(6, 0)), TODAY).verdict == MEANT


def test_a_new_drift_keeps_the_day_on_which_it_began() -> None:
    found = Break(
        source="a.org", part="", field="authors", since=TODAY, before=1.0, now=0.0, pages=6
    )
    first = judge_drift("a.org", [found], None, {}, TODAY)
    assert first.finding is not None
    assert first.finding.detail.startswith("authors: on 0 % of 6 pages since 2026-11-26")
    before = found_since(TODAY - timedelta(days=1))
    again = judge_drift("a.org", [found], before, {}, TODAY)
    assert again.finding is not None
    assert again.finding.since == before.since
    assert judge_drift("a.org", [], None, {}, TODAY).verdict == NONE
