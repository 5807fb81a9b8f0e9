import json

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.evaluation import average_precision, compare, interval, measure, micro_f1
from pipeline.issues import UNKNOWN, Probabilities, Targets

LABELS = ("bug", "docs", "api")


def truth(*rows: tuple[int, ...]) -> Targets:
    return np.array(rows, dtype=np.int8)


def chosen(*rows: tuple[int, ...]) -> NDArray[np.bool_]:
    return np.array(rows, dtype=bool)


Y = truth((1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 0, 0))
PREDICTED = chosen((1, 0, 0), (1, 0, 0), (1, 1, 0), (0, 0, 0))


def test_figures_are_those_counted_by_hand() -> None:
    figures = measure(Y, PREDICTED, LABELS)
    assert figures.issues == 4
    assert figures.precision == 3 / 4
    assert figures.recall == 3 / 4
    assert figures.micro_f1 == pytest.approx(3 / 4)
    assert figures.coverage == 3 / 4


def test_figures_of_each_label_are_those_counted_by_hand() -> None:
    bug, docs, api = measure(Y, PREDICTED, LABELS).per_label
    assert (bug.name, bug.support, bug.predicted, bug.correct) == ("bug", 2, 3, 2)
    assert (bug.precision, bug.recall, bug.f1) == pytest.approx((2 / 3, 1, 0.8))
    assert (docs.precision, docs.recall, docs.f1) == pytest.approx((1, 1 / 2, 2 / 3))
    assert (api.precision, api.recall, api.f1) == (None, None, 0)


def test_prediction_on_an_issue_that_nobody_labelled_is_wrong() -> None:
    figures = measure(truth((1,), (UNKNOWN,)), chosen((1,), (1,)), ("bug",))
    assert figures.precision == 0.5
    assert figures.per_label[0].support == 1


def test_macro_average_is_over_labels_with_ten_positives() -> None:
    y = truth(*[(1, 1, 1)] * 9, (1, 1, 0), (1, 0, 0))  # 11, 10 and 9 positives
    predicted = chosen(*[(1, 0, 0)] * 11)
    figures = measure(y, predicted, LABELS)
    assert [each.support for each in figures.per_label] == [11, 10, 9]
    assert figures.macro_f1 == pytest.approx((1 + 0) / 2)


def test_macro_average_of_only_rare_labels_is_zero() -> None:
    assert measure(Y, chosen(*Y.tolist()), LABELS).macro_f1 == 0


def test_nothing_is_claimed_without_predictions() -> None:
    figures = measure(Y, np.zeros_like(Y, dtype=bool), LABELS)
    assert (figures.precision, figures.precision_interval) == (None, None)
    assert (figures.recall, figures.micro_f1, figures.coverage) == (0, 0, 0)


def test_no_issues_have_figures_too() -> None:
    figures = measure(np.zeros((0, 3), dtype=np.int8), np.zeros((0, 3), dtype=bool), LABELS)
    assert (figures.issues, figures.coverage, figures.recall, figures.micro_f1) == (0, 0, None, 0)


def test_figures_survive_json() -> None:
    read = json.loads(json.dumps(measure(Y, PREDICTED, LABELS).as_json()))
    assert read["precision"] == 0.75
    assert read["per_label"][0]["correct"] == 2
    assert len(read["precision_interval"]) == 2


def test_micro_f1_is_over_all_cells_together() -> None:
    y = truth((1, 1), (1, 0), (0, UNKNOWN))
    assert micro_f1(y, chosen((1, 0), (0, 1), (1, 0))) == pytest.approx(2 * 1 / (3 + 3))
    assert micro_f1(np.zeros((2, 2), dtype=np.int8), chosen((0, 0), (0, 0))) == 0


@pytest.mark.parametrize(
    ("right", "total", "low", "high"),
    [(8, 10, 0.4439, 0.9748), (0, 10, 0, 0.3085), (10, 10, 0.6915, 1), (1, 1, 0.025, 1)],
)
def test_interval_has_the_textbook_values(right: int, total: int, low: float, high: float) -> None:
    assert interval(right, total) == pytest.approx((low, high), abs=1e-4)


def test_interval_widens_with_the_confidence() -> None:
    assert interval(8, 10, 0.99)[0] < interval(8, 10)[0] < interval(8, 10, 0.5)[0] < 0.8


def test_precision_interval_surrounds_the_precision() -> None:
    assert measure(Y, PREDICTED, LABELS).precision_interval == pytest.approx((0.1941, 0.9937), abs=1e-4)


def test_average_precision_is_the_one_counted_by_hand() -> None:
    y, p = truth((1, 0), (0, 1)), np.array([[0.9, 0.8], [0.1, 0.3]], dtype=np.float32)
    assert average_precision(y, p) == pytest.approx((1 / 1 + 2 / 3) / 2)  # found first and third


def test_average_precision_where_nobody_labelled_is_zero() -> None:
    assert average_precision(truth((0, UNKNOWN)), np.array([[0.5, 0.5]], dtype=np.float32)) == 0


def model(quality: float, rows: int = 60) -> tuple[Targets, Probabilities]:
    """Return truth, always the same, and probabilities that tell it the better the higher the quality."""
    y = (np.random.default_rng(5).random((rows, 2)) < 0.3).astype(np.int8)
    noise = np.random.default_rng(6).random(y.shape)
    return y, (quality * y + (1 - quality) * noise).astype(np.float32)


def test_better_challenger_wins_nearly_every_resample() -> None:
    (y, good), (_, poor) = model(0.8), model(0.1)
    found = compare(y, poor, good, seed=0, rounds=100)
    assert found.challenger == pytest.approx(1)
    assert found.champion == pytest.approx(average_precision(y, poor))
    assert found.probability_better > 0.95
    assert compare(y, good, poor, seed=0, rounds=100).probability_better < 0.05


def test_model_is_never_better_than_itself() -> None:
    y, p = model(0.3)
    assert compare(y, p, p.copy(), seed=0, rounds=50).probability_better == 0


def test_comparison_is_paired_so_that_hard_issues_are_hard_for_both() -> None:
    y, p = model(0.3, rows=30)
    slightly_better = p.copy()
    slightly_better[y == 1] += 0.1
    assert compare(y, p, slightly_better, seed=0, rounds=200).probability_better > 0.98


def test_seed_decides_the_comparison() -> None:
    (y, one), (_, other) = model(0.15), model(0.1)
    other = other[:, ::-1]
    shares = [compare(y, one, other, seed=seed, rounds=100).probability_better for seed in (1, 1, 2, 3, 4)]
    assert shares[0] == shares[1]
    assert len(set(shares)) > 1


def test_resample_without_a_positive_is_no_win() -> None:
    y = truth((1,), *[(0,)] * 9)
    p = np.full((10, 1), 0.5, dtype=np.float32)
    better = p.copy()
    better[0] = 0.9
    share = compare(y, p, better, seed=0, rounds=400).probability_better
    assert share == pytest.approx(1 - 0.9**10, abs=0.08)  # the share of the resamples that have the one positive
