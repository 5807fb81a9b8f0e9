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
    The rows of :func:`pipeline.zero_shot_analysis.analyse`. Made by the harness, on labelled issues of the training
    period, for a method that needs none (`needs_labels = False`).
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from pipeline.methods.base import Method

ATTRIBUTES = {"knn_map": "map_", "mlm_loss": "loss_", "ust_rounds": "rounds_"}


def report_of(method: Method, **more: Any) -> dict[str, Any]:
    """Return what a method tells, and `more`, as JSON takes it; its `report_` goes first."""
    told = {key: getattr(method, name) for key, name in ATTRIBUTES.items() if getattr(method, name, None) is not None}
    given = getattr(method, "report_", None)
    report: dict[str, Any] = jsonable({**told, **more, **(given if isinstance(given, Mapping) else {})})
    return report


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
