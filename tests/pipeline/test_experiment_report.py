import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pipeline.experiment_report import jsonable, report_of, zero_shot


def test_attributes_are_taken_and_a_report_of_its_own_goes_first() -> None:
    method: Any = SimpleNamespace(loss_=[(1, 2.0)], rounds_=[{"round": 1}], report_={"mlm_loss": [[5, 6.0]], "own": 1})
    assert report_of(method) == {"mlm_loss": [[5, 6.0]], "ust_rounds": [{"round": 1}], "own": 1}


def test_numbers_of_numpy_become_json() -> None:
    method: Any = SimpleNamespace(rounds_=[{"gain": np.float32(0.25)}], map_={"micro_f1": np.zeros((1, 2))})
    assert report_of(method) == {"ust_rounds": [{"gain": 0.25}], "knn_map": {"micro_f1": [[0, 0]]}}


@pytest.mark.parametrize("report", [None, "text", [1]])
def test_method_that_tells_nothing_of_use_has_an_empty_report(report: object) -> None:
    method: Any = SimpleNamespace(report_=report, loss_=None)
    assert report_of(method) == {}


def test_thresholds_and_top_k_are_measured() -> None:
    y = np.eye(3, dtype=np.int8)[[0, 1, 2, 0]]
    p = np.where(y == 1, 0.62, 0.31).astype(np.float32)
    found = zero_shot(y, p)
    assert {t for t, micro, _ in found["threshold"] if micro == 1} == {0.35, 0.4, 0.45, 0.5, 0.55, 0.6}
    assert [(k, micro) for k, micro, _ in found["top_k"]] == [(1, 1.0), (2, pytest.approx(2 / 3)), (3, 0.5)]


def test_equal_probabilities_give_as_many_labels_as_asked_for() -> None:
    y = np.array([[1, 0, 0]], dtype=np.int8)
    found = zero_shot(y, np.full((1, 3), 0.5, dtype=np.float32))
    assert [micro for _, micro, _ in found["top_k"]] == [1.0, pytest.approx(2 / 3), 0.5]


def test_whatever_a_method_tells_becomes_json() -> None:
    told = {"a": np.float32(0.5), 2: np.array([[1, 2]]), "c": (float("nan"), float("inf"), True, None), "d": Path("x")}
    expected = {"a": 0.5, "2": [[1, 2]], "c": [None, None, True, None], "d": "x"}
    assert json.loads(json.dumps(jsonable(told), allow_nan=False)) == expected
