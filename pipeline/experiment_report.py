"""What a fitted method tells of itself, as JSON: the light contract between methods and the report of an evaluation.

A method may have `report_`, a dictionary. These keys are drawn; others are kept with the run:

`knn_map`
    ``{"k": [...], "m": [...], "micro_f1": [[...], ...]}``, a row a k and a column an m, on validation data. Also
    taken from an attribute `map_`.
`mlm_loss`
    ``[[step, loss], ...]`` of the masked-LM training. Also taken from an attribute `loss_`.
`ust_rounds`
    ``[{"round": 1, ...}, ...]``, numbers and text about each round. Also taken from an attribute `rounds_`.
`zero_shot`
    ``{"threshold": [[threshold, micro-F1, macro-F1], ...], "top_k": [[k, micro-F1, macro-F1], ...]}``. Made here, on
    labelled issues of the training period, for a method that needs none (`needs_labels = False`) and tells nothing.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from pipeline.evaluation import Chosen, measure
from pipeline.issues import Probabilities, Targets
from pipeline.methods.base import Method

ATTRIBUTES = {"knn_map": "map_", "mlm_loss": "loss_", "ust_rounds": "rounds_"}
THRESHOLDS = np.linspace(0.05, 0.95, 19)
MOST_TOP_K = 5


def report_of(method: Method, y: Targets | None = None, p: Probabilities | None = None) -> dict[str, Any]:
    """Return what a method tells, as JSON takes it.

    With `y` and `p`, (issues, labels), also what thresholds and top-k would do there.
    """
    told = {key: getattr(method, name) for key, name in ATTRIBUTES.items() if getattr(method, name, None) is not None}
    if y is not None and p is not None and len(y):
        told["zero_shot"] = zero_shot(y, p)
    given = getattr(method, "report_", None)
    report: dict[str, Any] = jsonable({**told, **(given if isinstance(given, Mapping) else {})})
    return report


def zero_shot(y: Targets, p: Probabilities) -> dict[str, Any]:
    """Return micro-F1 and macro-F1 by threshold, and by number of labels that each issue gets."""
    rank = (-p).argsort(axis=1, kind="stable").argsort(axis=1)  # (issues, labels): 0 is the most probable
    return {
        "threshold": [[round(float(t), 2), *_f1(y, p >= t)] for t in THRESHOLDS],
        "top_k": [[k, *_f1(y, rank < k)] for k in range(1, min(MOST_TOP_K, p.shape[1]) + 1)],
    }


def _f1(y: Targets, chosen: Chosen) -> tuple[float, float]:
    found = measure(y, chosen, [""] * y.shape[1])
    return found.micro_f1, found.macro_f1


def jsonable(value: Any) -> Any:
    """Return a value as JSON takes it: arrays as lists, what is no finite number as null, anything else as text."""
    if isinstance(value, Mapping):
        return {str(key): jsonable(each) for key, each in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return jsonable(value.tolist())
    if isinstance(value, list | tuple):
        return [jsonable(each) for each in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, str | int) else str(value)
