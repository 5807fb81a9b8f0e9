import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pipeline.experiment_report import jsonable, report_of


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


def test_what_the_harness_adds_is_kept_unless_the_method_tells_it() -> None:
    silent: Any = SimpleNamespace()
    telling: Any = SimpleNamespace(report_={"zero_shot": 2})
    assert report_of(silent, zero_shot=1) == {"zero_shot": 1}
    assert report_of(telling, zero_shot=1) == {"zero_shot": 2}


def test_whatever_a_method_tells_becomes_json() -> None:
    told = {"a": np.float32(0.5), 2: np.array([[1, 2]]), "c": (float("nan"), float("inf"), True, None), "d": Path("x")}
    expected = {"a": 0.5, "2": [[1, 2]], "c": [None, None, True, None], "d": "x"}
    assert json.loads(json.dumps(jsonable(told), allow_nan=False)) == expected
