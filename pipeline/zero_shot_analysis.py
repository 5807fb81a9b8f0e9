"""What becomes of a ranking of labels under each rule: the k best of an issue, or all above a threshold."""

from collections.abc import Sequence
from typing import Any, Literal, TypedDict

import numpy as np

from pipeline.evaluation import Chosen, measure
from pipeline.issues import Probabilities, Targets

THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(1, 20))
MOST = 5  # labels an issue


class Row(TypedDict):
    """One rule and what is measured of it; a point of the plot."""

    rule: Literal["top_k", "threshold"]
    value: float
    micro_f1: float
    macro_f1: float
    precision: float | None
    recall: float | None
    coverage: float


def analyse(
    y: Targets, p: Probabilities, labels: Sequence[str], *, thresholds: Sequence[float] = THRESHOLDS, most: int = MOST
) -> list[Row]:
    """Return what top-k, for each k up to `most`, and each threshold would have given on validation issues.

    Parameters
    ----------
    y : array of shape (issues, labels)
        Truth; an issue that nobody labelled has 0 for every label.
    p : array of shape (issues, labels)
        Probabilities, or any scores of which more is surer.
    """
    by_rank = [_row("top_k", k, y, top(p, k), labels) for k in range(1, min(most, len(labels)) + 1)]
    return by_rank + [_row("threshold", limit, y, p >= limit, labels) for limit in thresholds]


def best(rows: Sequence[Row]) -> Row:
    """Return the row with the highest micro-F1, of those the one with the highest macro-F1, of those the first."""
    return max(rows, key=lambda row: (row["micro_f1"], row["macro_f1"]))


def top(p: Probabilities, k: int) -> Chosen:
    """Return which labels are the `k` best of their issue, (issues, labels); of equal ones the first."""
    chosen = np.zeros(p.shape, dtype=np.bool_)
    np.put_along_axis(chosen, np.argsort(-p, axis=1, kind="stable")[:, :k], True, axis=1)
    return chosen


def _row(rule: Literal["top_k", "threshold"], value: float, y: Targets, chosen: Chosen, labels: Sequence[str]) -> Row:
    found: dict[str, Any] = measure(y, chosen, labels).as_json()
    return Row(
        rule=rule,
        value=float(value),
        micro_f1=found["micro_f1"],
        macro_f1=found["macro_f1"],
        precision=found["precision"],
        recall=found["recall"],
        coverage=found["coverage"],
    )
