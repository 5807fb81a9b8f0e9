from typing import Any

import numpy as np
import pytest

from pipeline.decisions import PrecisionTargets
from pipeline.experiment import Outcome, Size
from pipeline.experiment_summary import (
    Spread,
    calibration_error,
    cells,
    differences,
    precision_coverage,
    reliability,
    slowest,
    spread,
    student_interval,
    tiers,
)
from pipeline.issues import Probabilities, Targets


def row(method: str, size: Size, seed: int, micro: float, macro: float = 0.5) -> dict[str, Any]:
    return {"method": method, "slice": size, "seed": seed, "micro_f1": micro, "macro_f1": macro}


def test_spread_is_mean_and_sample_deviation() -> None:
    assert spread([0.4, 0.6]) == Spread(0.5, pytest.approx(0.1414, abs=1e-4), 2)
    assert spread([0.4]) == Spread(0.4, None, 1)


def test_failed_runs_are_no_part_of_a_mean() -> None:
    failed = {"method": "a", "slice": 8, "seed": 1, "error": "no"}
    assert cells([row("a", 8, 0, 0.5), failed], "micro_f1") == {("a", 8): Spread(0.5, None, 1)}


def test_slowest_seed_tells_what_a_fit_takes() -> None:
    rows = [{**row("a", 8, seed, 0.5), "train_s": seconds} for seed, seconds in enumerate((9.0, 1.0))]
    assert slowest(rows, "train_s") == {("a", 8): Spread(9.0, None, 2)}


# --- differences


def test_differences_are_paired_by_seed() -> None:
    rows = [row("a", 8, 0, 0.1), row("a", 8, 1, 0.5), row("b", 8, 1, 0.6), row("b", 8, 0, 0.2), row("b", 8, 2, 0.9)]
    micro, macro = differences(rows, ["a", "b"])
    assert (micro.method, micro.other, micro.slice, micro.metric, micro.seeds) == ("b", "a", 8, "micro_f1", 2)
    assert micro.mean == pytest.approx(0.1)
    assert micro.interval == pytest.approx((0.1, 0.1))
    assert (macro.metric, macro.mean) == ("macro_f1", 0.0)


def test_every_method_is_compared_with_the_first_and_with_naive_bayes() -> None:
    names = ["a", "naive_bayes", "b"]
    found = differences([row(name, 8, 0, 0.5) for name in names], names)
    pairs = {(each.method, each.other) for each in found}
    assert pairs == {("naive_bayes", "a"), ("b", "a"), ("a", "naive_bayes"), ("b", "naive_bayes")}


def test_naive_bayes_in_the_first_place_is_one_reference() -> None:
    names = ["naive_bayes", "a"]
    assert [each.method for each in differences([row(name, 8, 0, 0.5) for name in names], names)] == ["a", "a"]


def test_one_seed_has_no_interval() -> None:
    found = differences([row("a", "all", 0, 0.5), row("b", "all", 0, 0.7)], ["a", "b"])
    assert [(each.interval, each.seeds) for each in found] == [(None, 1), (None, 1)]


def test_interval_is_students() -> None:
    assert student_interval(np.array([1.0, 2.0, 3.0])) == pytest.approx((2 - 2.484, 2 + 2.484), abs=1e-3)


# --- tiers


def outcome(y: Targets, p: Probabilities, test_p: Probabilities) -> Outcome:
    return Outcome({}, test_p, y, p)


@pytest.fixture
def sure() -> tuple[Targets, Outcome]:
    """Held out: at 0.9 all of 20 are right, at 0.6 four of five of 20 more, at 0.1 none of 20."""
    held_y = np.array([1] * 20 + [1, 1, 1, 1, 0] * 4 + [0] * 20, dtype=np.int8)[:, np.newaxis]
    held_p = np.repeat([0.9, 0.6, 0.1], 20).astype(np.float32)[:, np.newaxis]
    test_p = np.array([[0.95], [0.9], [0.7], [0.1]], dtype=np.float32)
    return np.array([[1], [0], [1], [1]], dtype=np.int8), outcome(held_y, held_p, test_p)


def test_tiers_are_measured_on_the_test_by_thresholds_from_held_out_predictions(sure: tuple[Targets, Outcome]) -> None:
    y, run = sure
    found = tiers(y, [run, run], PrecisionTargets())
    assert {name: (tier.labels, tier.right, tier.coverage) for name, tier in found.items()} == {
        "apply": (4, 2, 0.5),
        "suggest": (2, 2, 0.25),
        "withhold": (2, 2, 0.25),
    }
    assert (found["apply"].precision, found["suggest"].precision) == (0.5, 1.0)


def test_nothing_is_applied_without_evidence(sure: tuple[Targets, Outcome]) -> None:
    y, run = sure
    nothing = outcome(run.held_out_y[:0], run.held_out_p[:0], run.test_p)
    found = tiers(y, [nothing], PrecisionTargets())
    assert (found["apply"].precision, found["apply"].coverage) == (None, 0)
    assert (found["withhold"].labels, found["withhold"].coverage) == (4, 1)


def test_more_is_covered_where_less_precision_is_asked_for(sure: tuple[Targets, Outcome]) -> None:
    y, run = sure
    found = precision_coverage(y, [run], 0.8, also=0.87)
    assert [goal for goal, _, _ in found] == sorted(goal for goal, _, _ in found)
    assert 0.87 in {goal for goal, _, _ in found}
    coverage = [covered for _, _, covered in found]
    assert coverage == sorted(coverage, reverse=True)
    assert coverage[0] > coverage[-1]


# --- calibration


def test_reliability_bins_hold_every_prediction_once() -> None:
    y = np.array([[1, 0], [1, 0]], dtype=np.int8)
    found = reliability(y, np.array([[1.0, 0.05], [0.95, 0.15]], dtype=np.float32))
    assert [(share, count) for _, share, count in found] == [(0, 1), (0, 1), (1, 2)]
    assert found[-1][0] == pytest.approx(0.975)
    assert calibration_error(found) == pytest.approx((0.05 + 0.15 + 0.05) / 4)


def test_no_prediction_has_no_calibration_error() -> None:
    assert calibration_error([]) == 0
