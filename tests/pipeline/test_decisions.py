from collections.abc import Sequence

import numpy as np
import pytest

from pipeline.decisions import (
    Decision,
    PrecisionTargets,
    Thresholds,
    decide_all,
    f1_threshold,
    faultless_needed,
    lower_bound,
    solve,
    solve_all,
)
from pipeline.issues import UNKNOWN, Probabilities, Targets

TARGETS = PrecisionTargets()


def solved(y: Sequence[int], p: Sequence[float], targets: PrecisionTargets = TARGETS) -> Thresholds:
    return solve(np.array(y, dtype=np.int8), np.array(p, dtype=np.float32), targets)


def falling(count: int) -> list[float]:
    """Return probabilities from 0.99 on, all different, the highest first."""
    return np.linspace(0.99, 0.01, count).tolist()


@pytest.mark.parametrize(
    ("precision", "confidence", "needed"), [(0.9, 0.8, 16), (0.9, 0.95, 29), (0.6, 0.8, 4), (0.95, 0.95, 59)]
)
def test_faultless_predictions_needed(precision: float, confidence: float, needed: int) -> None:
    assert faultless_needed(precision, confidence) == needed


@pytest.mark.parametrize(
    ("right", "total", "confidence", "bound"),
    [(16, 16, 0.8, 0.9043), (15, 15, 0.8, 0.8983), (8, 10, 0.975, 0.4439), (1, 2, 0.95, 0.0253), (0, 9, 0.8, 0.0)],
)
def test_lower_bound_has_the_textbook_values(right: int, total: int, confidence: float, bound: float) -> None:
    found = lower_bound(np.array([right]), np.array([total]), confidence)
    assert found[0] == pytest.approx(bound, abs=1e-4)


def test_sixteen_faultless_predictions_allow_to_apply() -> None:
    found = solved([1] * 16, falling(16))
    assert found.apply == pytest.approx(0.01)
    assert found.missing == 0


def test_fifteen_faultless_predictions_only_allow_to_suggest() -> None:
    found = solved([1] * 15, falling(15))
    assert found.apply is None
    assert found.suggest == pytest.approx(0.01)
    assert found.missing == 1


def test_threshold_is_the_least_that_keeps_the_precision() -> None:
    p = falling(35)
    found = solved([1] * 20 + [0, 1, 1, 1, 1] * 3, p)
    assert found.apply == pytest.approx(p[19])  # one wrong in 21 is too many to be sure of
    assert found.suggest == pytest.approx(p[34])


def test_what_is_suggested_reaches_its_target_without_what_is_applied() -> None:
    p = falling(35)
    found = solved([1] * 20 + [0, 0, 1] * 5, p)  # a third of those below the cut is right, and 25 of all 35
    assert found.apply == pytest.approx(p[19])
    assert found.suggest == found.apply


def test_cut_does_not_go_on_through_wrong_ones_as_long_as_the_bound_allows() -> None:
    p = [0.99 - place / 1000 for place in range(60)] + [0.001] * 1 + [0.0009] * 1 + [0.0001] * 500
    found = solved([1] * 60 + [0] * 502, np.array(p, dtype=np.float32))
    assert found.apply == pytest.approx(0.931)
    assert found.suggest == pytest.approx(0.931)


def test_early_mistake_is_outweighed_by_what_follows() -> None:
    p = falling(60)
    found = solved([0] + [1] * 59, p)
    assert found.apply == pytest.approx(p[-1])


def test_equal_probabilities_cannot_be_parted() -> None:
    p = [0.9] * 20 + falling(10)[5:]
    assert solved([1] * 16 + [0] * 4 + [0] * 5, p).apply is None
    assert solved([1] * 20 + [0] * 5, p).apply == pytest.approx(0.9)


def test_order_of_the_issues_does_not_matter_where_probabilities_are_equal() -> None:
    right_first, wrong_first = [1] * 15 + [0] * 5, [0] * 5 + [1] * 15
    assert solved(right_first, [0.9] * 20) == solved(wrong_first, [0.9] * 20)


def test_missing_predictions_suffice_when_they_come() -> None:
    y, p = [1] * 5 + [0] + [1] * 5, falling(11)
    missing = solved(y, p).missing
    assert solved([1] * missing + y, [1.0] * missing + p).apply is not None
    assert solved([1] * (missing - 1) + y, [1.0] * (missing - 1) + p).apply is None


@pytest.mark.parametrize("wrong", [0, 1, 50])
def test_no_more_are_missing_than_a_new_label_needs(wrong: int) -> None:
    assert solved([0] * wrong, falling(wrong)) == Thresholds(None, None, 16)


def test_unknown_cells_are_no_evidence() -> None:
    p = falling(16)
    with_unknown = solved([1, UNKNOWN] * 16, [each for each in p for _ in range(2)])
    assert with_unknown == solved([1] * 16, p)
    assert solved([UNKNOWN] * 40, falling(40)).missing == 16


def test_more_confidence_needs_more_evidence() -> None:
    y, p = [1] * 20, falling(20)
    assert solved(y, p, PrecisionTargets(confidence=0.8)).apply is not None
    assert solved(y, p, PrecisionTargets(confidence=0.95)).apply is None


def test_certainty_is_never_shown_by_any_number() -> None:
    found = solved([1] * 500, falling(500), PrecisionTargets(apply=0.999))
    assert found.apply is None
    assert found.missing > 1000


def test_what_may_be_applied_may_be_suggested() -> None:
    found = solved([1] * 16, falling(16), PrecisionTargets(apply=0.9, suggest=0.95))
    assert found.suggest == found.apply


def test_every_label_has_its_own_thresholds() -> None:
    y = np.array([[1, 0]] * 20, dtype=np.int8)
    p = np.tile(np.array(falling(20), dtype=np.float32)[:, None], (1, 2))
    able, unable = solve_all(y, p, TARGETS)
    assert able.apply is not None
    assert unable == Thresholds(None, None, 16)


@pytest.mark.parametrize(
    ("probability", "decision"),
    [
        (0.8, Decision.APPLY),
        (0.79, Decision.SUGGEST),
        (0.5, Decision.SUGGEST),
        (0.49, Decision.WITHHOLD),
    ],
)
def test_decision_follows_the_thresholds_which_are_reached_when_equal(probability: float, decision: Decision) -> None:
    assert decide_all(np.array([[probability]]), [Thresholds(0.8, 0.5, 0)]).item() == decision


def test_nothing_is_decided_without_evidence() -> None:
    assert decide_all(np.ones((1, 1)), [Thresholds(None, None, 16)]).item() == Decision.WITHHOLD


def test_issue_that_set_the_threshold_reaches_it() -> None:
    p = np.array([[1 / 3 + index / 100] for index in range(16)], dtype=np.float32)
    decisions = decide_all(p, solve_all(np.ones((16, 1), dtype=np.int8), p, TARGETS))
    assert decisions.tolist() == [["apply"]] * 16


def test_decisions_on_all_issues_keep_their_places() -> None:
    p = np.array([[0.9, 0.1], [0.6, 0.9]], dtype=np.float32)
    decisions = decide_all(p, [Thresholds(0.8, 0.5, 0), Thresholds(None, 0.7, 3)])
    assert decisions.tolist() == [["apply", "withhold"], ["suggest", "suggest"]]


# --- one threshold for the best F1


def separable(issues: int, low: float, high: float) -> tuple[Targets, Probabilities]:
    """Return one label in two, and probabilities that tell which."""
    y = np.zeros((issues, 2), dtype=np.int8)
    y[np.arange(issues), np.arange(issues) % 2] = 1
    return y, np.where(y == 1, high, low).astype(np.float32)


def test_threshold_parts_what_can_be_parted() -> None:
    assert f1_threshold(*separable(200, low=0.1, high=0.2)) == pytest.approx(0.15, abs=0.02)
    assert f1_threshold(*separable(200, low=0.7, high=0.9)) == pytest.approx(0.8, abs=0.02)


def test_f1_threshold_is_not_above_all_where_few_cells_are_positive() -> None:
    y, p = np.zeros((16, 3), dtype=np.int8), np.full((16, 3), 0.05, dtype=np.float32)
    p.ravel()[:20], y.ravel()[:6] = 0.3, 1  # as probable as it says: six of twenty
    assert f1_threshold(y, p) < 0.3


def test_few_positives_move_the_threshold_little() -> None:
    few, many = (f1_threshold(*separable(count, low=0.1, high=0.2)) for count in (2, 50))
    assert 0.15 < many < few < 0.5


@pytest.mark.parametrize("value", [0, UNKNOWN])
def test_threshold_is_even_without_a_positive(value: int) -> None:
    y = np.full((5, 2), value, dtype=np.int8)
    assert f1_threshold(y, np.full((5, 2), 0.2, dtype=np.float32)) == 0.5
    assert f1_threshold(y[:0], np.zeros((0, 2), dtype=np.float32)) == 0.5


def test_rows_not_held_out_and_unknown_cells_do_not_count() -> None:
    y, p = separable(60, low=0.1, high=0.2)
    expected = f1_threshold(y, p)
    more_y, more_p = np.vstack([y, y[:10]]), np.vstack([p, np.full((10, 2), np.nan, dtype=np.float32)])
    assert f1_threshold(more_y, more_p) == expected
    wide_y = np.hstack([y, np.full((60, 1), UNKNOWN, dtype=np.int8)])
    assert f1_threshold(wide_y, np.hstack([p, np.full((60, 1), 0.99, dtype=np.float32)])) == expected


def test_issues_with_none_of_the_labels_raise_the_threshold() -> None:
    y, p = separable(60, low=0.1, high=0.6)
    none = np.full((60, 2), 0.55, dtype=np.float32)
    with_none = f1_threshold(np.vstack([y, np.zeros_like(y)]), np.vstack([p, none]))
    assert with_none > 0.55 > f1_threshold(y, p)
