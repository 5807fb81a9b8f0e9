"""From truth and predictions to figures. Pure. An issue that nobody labelled counts 0 for every label here.

Arrays are (issues, labels): `y` is 1 or 0, `predicted` and `applied` are true or false, `p` is a probability.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv
from sklearn.metrics import average_precision_score

from pipeline.issues import Probabilities, Targets

LEAST_SUPPORT = 10  # positives that a label needs to count in the macro average
Chosen = NDArray[np.bool_]


@dataclass(frozen=True)
class LabelFigures:
    """What is measured of one label; precision is None where nothing was predicted, recall where nobody used it."""

    name: str
    support: int
    predicted: int
    correct: int
    precision: float | None
    recall: float | None
    f1: float


@dataclass(frozen=True)
class Figures:
    """What is measured of a set of predictions."""

    issues: int
    micro_f1: float
    macro_f1: float  # over the labels with at least 10 positives
    precision: float | None
    precision_interval: tuple[float, float] | None  # 95 %, two-sided
    recall: float | None
    coverage: float  # share of the issues with at least one predicted label
    per_label: tuple[LabelFigures, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the figures as JSON takes them."""
        return asdict(self)


def measure(y: Targets, predicted: Chosen, labels: Sequence[str]) -> Figures:
    """Return the figures of predictions."""
    truth = y == 1
    each = tuple(_label(name, truth[:, i], predicted[:, i]) for i, name in enumerate(labels))
    right, chosen, actual = int((truth & predicted).sum()), int(predicted.sum()), int(truth.sum())
    common = [figures.f1 for figures in each if figures.support >= LEAST_SUPPORT]
    return Figures(
        issues=len(y),
        micro_f1=micro_f1(y, predicted),
        macro_f1=float(np.mean(common)) if common else 0.0,
        precision=right / chosen if chosen else None,
        precision_interval=interval(right, chosen) if chosen else None,
        recall=right / actual if actual else None,
        coverage=float(predicted.any(axis=1).mean()) if len(y) else 0.0,
        per_label=each,
    )


def _label(name: str, truth: Chosen, predicted: Chosen) -> LabelFigures:
    right, chosen, actual = int((truth & predicted).sum()), int(predicted.sum()), int(truth.sum())
    return LabelFigures(
        name=name,
        support=actual,
        predicted=chosen,
        correct=right,
        precision=right / chosen if chosen else None,
        recall=right / actual if actual else None,
        f1=2 * right / (chosen + actual) if chosen + actual else 0.0,
    )


def micro_f1(y: Targets, predicted: Chosen) -> float:
    """Return the F1 over all labels together; 0 where there is neither a label nor a prediction."""
    right = int(((y == 1) & predicted).sum())
    total = int((y == 1).sum()) + int(predicted.sum())
    return 2 * right / total if total else 0.0


def interval(right: int, total: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the exact two-sided confidence interval of a proportion (Clopper & Pearson 1934)."""
    tail = (1 - confidence) / 2
    low = float(betaincinv(right, total - right + 1, tail)) if right else 0.0
    high = float(betaincinv(right + 1, total - right, 1 - tail)) if right < total else 1.0
    return low, high


@dataclass(frozen=True)
class Comparison:
    """Champion and challenger on the same issues: average precision over all labels together, and who is better."""

    champion: float
    challenger: float
    probability_better: float  # share of the resamples in which the challenger is
    probability_no_worse: float  # … in which it is, or ties


def average_precision(y: Targets, p: Probabilities) -> float:
    """Return the average precision over all labels together; 0 where no issue has any."""
    return float(average_precision_score((y == 1).ravel(), p.ravel())) if (y == 1).any() else 0.0


def compare(
    y: Targets, champion: Probabilities, challenger: Probabilities, *, seed: int, rounds: int = 500
) -> Comparison:
    """Compare two models on the same issues by a paired bootstrap over the issues.

    References
    ----------
    Berg-Kirkpatrick, Burkett & Klein (2012), An empirical investigation of statistical significance in NLP.
    """
    random = np.random.default_rng(seed)
    wins = ties = 0
    for _ in range(rounds):
        rows = random.integers(0, len(y), len(y))
        theirs, ours = average_precision(y[rows], champion[rows]), average_precision(y[rows], challenger[rows])
        wins, ties = wins + (ours > theirs), ties + (ours == theirs)
    return Comparison(
        average_precision(y, champion), average_precision(y, challenger), wins / rounds, (wins + ties) / rounds
    )
