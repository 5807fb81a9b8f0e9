import json

import numpy as np
import pytest

from pipeline.zero_shot_analysis import THRESHOLDS, analyse, best, top

LABELS = ("bug", "docs", "api")
Y = np.tile(np.array([[1, 0, 0], [0, 1, 1], [0, 0, 0]], dtype=np.int8), (10, 1))
P = np.tile(np.array([[0.9, 0.3, 0.1], [0.2, 0.8, 0.6], [0.4, 0.3, 0.2]], dtype=np.float32), (10, 1))


def test_both_rules_are_analysed_at_every_value() -> None:
    rows = analyse(Y, P, LABELS)
    assert [row["value"] for row in rows if row["rule"] == "top_k"] == [1, 2, 3]
    assert [row["value"] for row in rows if row["rule"] == "threshold"] == list(THRESHOLDS)
    assert json.loads(json.dumps(rows)) == rows


def test_threshold_that_parts_right_from_wrong_is_found() -> None:
    found = best(analyse(Y, P, LABELS))
    assert (found["rule"], found["micro_f1"], found["macro_f1"]) == ("threshold", 1, 1)
    assert 0.4 < found["value"] <= 0.6
    assert found["coverage"] == pytest.approx(2 / 3)


def test_prediction_on_an_issue_that_nobody_labelled_counts_as_wrong() -> None:
    first = analyse(Y, P, LABELS, thresholds=())[0]
    assert first["precision"] == pytest.approx(2 / 3)
    assert first["recall"] == pytest.approx(2 / 3)
    assert first["coverage"] == 1


def test_threshold_above_all_predicts_nothing() -> None:
    (row,) = (row for row in analyse(Y, P, LABELS, thresholds=(0.95,)) if row["rule"] == "threshold")
    assert (row["micro_f1"], row["precision"], row["coverage"]) == (0, None, 0)


def test_k_best_are_k_even_where_scores_tie() -> None:
    assert (top(np.zeros((4, 3), dtype=np.float32), 2).sum(axis=1) == 2).all()
    assert top(P, 1).argmax(axis=1).tolist()[:3] == [0, 1, 0]


def test_no_issues_and_no_labels_can_be_analysed() -> None:
    assert all(row["micro_f1"] == 0 for row in analyse(Y[:0], P[:0], LABELS))
    assert analyse(Y[:, :0], P[:, :0], (), thresholds=()) == []
