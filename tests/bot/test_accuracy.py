from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.accuracy import SUGGEST, Judged, Verdict, over_time, summarise, verdict, wilson
from bot.models import Truth

POSITIVE, NEGATIVE, UNCONFIRMED = Truth.POSITIVE, Truth.NEGATIVE, Truth.UNCONFIRMED
START = datetime(2026, 1, 1, tzinfo=UTC)


def judged(number: int, decisions: Mapping[str, str], truths: Mapping[str, Truth]) -> Judged:
    return Judged(number, START + timedelta(hours=number), decisions, truths)


@pytest.mark.parametrize(
    ("truths", "expected"),
    [
        ({"bug": POSITIVE}, Verdict.RIGHT),
        ({"bug": POSITIVE, "api": POSITIVE}, Verdict.RIGHT),
        ({"bug": NEGATIVE}, Verdict.WRONG),
        ({"api": POSITIVE}, Verdict.WRONG),
        ({"api": NEGATIVE}, Verdict.UNANSWERED),
        ({"api": UNCONFIRMED}, Verdict.UNANSWERED),
        ({"bug": UNCONFIRMED}, Verdict.UNANSWERED),
        ({"bug": UNCONFIRMED, "api": POSITIVE}, Verdict.UNANSWERED),
        ({}, Verdict.UNANSWERED),
    ],
)
def test_verdict_follows_what_people_said(truths: Mapping[str, Truth], expected: Verdict) -> None:
    assert verdict("bug", truths) is expected


def test_summary_counts_labels_and_issues_apart() -> None:
    overall = summarise(
        [
            judged(1, {"bug": "apply", "api": "apply"}, {"bug": POSITIVE}),  # one right, one wrong
            judged(2, {"bug": "apply", "api": "withhold"}, {}),  # waiting
            judged(3, {"bug": "suggest", "api": "withhold"}, {"api": POSITIVE, "docs": POSITIVE}),
        ]
    ).overall
    assert (overall.issues, overall.chosen, overall.labels) == (3, 2, 3)
    assert (overall.right, overall.wrong, overall.unanswered) == (1, 1, 1)
    assert (overall.precision, overall.coverage) == (0.5, 2 / 3)
    assert (overall.support, overall.recall) == (2, 0.5)  # nobody predicted docs, so it is not asked for


def test_coverage_of_what_is_applied_is_over_issues_on_which_something_could_be() -> None:
    before = replace(judged(1, {"bug": "apply", "api": "suggest"}, {"bug": POSITIVE}), could_apply=False)
    both = [before, judged(2, {"bug": "apply"}, {})]
    applied, suggested = summarise(both).overall, summarise(both, SUGGEST).overall
    assert (applied.issues, applied.chosen, applied.right, applied.labels) == (1, 1, 1, 2)
    assert (suggested.issues, suggested.chosen) == (2, 1)


def test_suggestions_are_counted_on_their_own() -> None:
    predictions = [judged(1, {"bug": "apply", "api": "suggest"}, {"bug": NEGATIVE, "api": POSITIVE})]
    assert summarise(predictions).overall.precision == 0
    assert summarise(predictions, SUGGEST).overall.precision == 1


def test_each_label_has_its_own_figures() -> None:
    labels = summarise(
        [
            judged(1, {"bug": "apply", "api": "withhold"}, {"bug": POSITIVE, "api": POSITIVE}),
            judged(2, {"bug": "apply", "api": "withhold"}, {"bug": NEGATIVE}),
        ]
    ).labels
    assert (labels["bug"].precision, labels["bug"].recall, labels["bug"].support) == (0.5, 1, 1)
    assert (labels["api"].precision, labels["api"].recall, labels["api"].coverage) == (None, 0, 0)


def test_nothing_is_claimed_without_evidence() -> None:
    nobody = summarise([]).overall
    assert (nobody.precision, nobody.precision_interval, nobody.coverage, nobody.recall) == (None,) * 4
    waiting = summarise([judged(1, {"bug": "apply"}, {})]).overall
    assert (waiting.precision, waiting.precision_interval, waiting.coverage) == (None, None, 1)


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"), [(8, 10, 0.4902, 0.9433), (0, 10, 0, 0.2775), (10, 10, 0.7225, 1)]
)
def test_wilson_interval_has_the_textbook_values(hits: int, total: int, low: float, high: float) -> None:
    assert wilson(hits, total) == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize(("issues", "windows"), [(19, 0), (20, 1), (39, 1), (40, 2), (319, 15), (5000, 16)])
def test_windows_are_few_and_never_small(issues: int, windows: int) -> None:
    course = over_time([judged(number, {"bug": "apply"}, {}) for number in range(issues)])
    sizes = [window.tally.issues for window in course]
    assert len(course) == windows
    assert sum(sizes) == (issues if windows else 0)
    assert all(size >= 20 for size in sizes)


def test_windows_show_that_it_got_better() -> None:
    early = [judged(number, {"bug": "apply"}, {"bug": NEGATIVE}) for number in range(20)]
    late = [judged(number, {"bug": "apply"}, {"bug": POSITIVE}) for number in range(20, 40)]
    course = over_time(early + late)
    assert [(window.after, window.tally.precision) for window in course] == [(20, 0), (40, 1)]
    assert course[-1].until == late[-1].at
