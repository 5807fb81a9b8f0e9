"""Several methods' probabilities as one: a weight for each method, learnt on what they held out. Pure.

Arrays are (issues, labels): `y` is 1, 0 or UNKNOWN; a prediction is a probability, or NaN throughout a row that a
method did not hold out. Every number learnt is shared by all labels, for there may be eight issues to learn from.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit

from pipeline.issues import UNKNOWN, Probabilities, Targets

STEPS = 12  # a weight is a multiple of one in so many; two, three or four equal ones are
CLIP = 1e-4  # no probability counts as nearer to 0 or 1
TRUST = 1.0  # log loss that a calibration away from none has to save
EQUAL = 100.0  # log loss that weights have to save, times the sum of squares of how far they are from equal ones

Scores = NDArray[np.float64]  # log odds


@dataclass(frozen=True)
class Calibration:
    """Turns log odds into those of held-out frequencies."""

    slope: float
    shift: float

    def __call__(self, scores: Scores) -> Scores:
        """Return calibrated log odds, of the same shape."""
        return self.slope * scores + self.shift


@dataclass(frozen=True)
class Mixture:
    """How several predictions become one: each calibrated, weighed, and the sum calibrated once more."""

    members: tuple[Calibration, ...]
    weights: tuple[float, ...]  # not negative, and one in sum
    whole: Calibration

    def __call__(self, predictions: Sequence[Probabilities]) -> Probabilities:
        """Return the probabilities that follow from those of the members, (issues, labels)."""
        calibrated = [expit(each(_log_odds(p))) for each, p in zip(self.members, predictions, strict=True)]
        return np.asarray(expit(self.whole(_pool(calibrated, self.weights))), dtype=np.float32)

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON takes it."""
        return asdict(self)

    @classmethod
    def from_json(cls, about: dict[str, Any]) -> "Mixture":
        """Read what :meth:`as_json` returned."""
        members = tuple(Calibration(**each) for each in about["members"])
        return cls(members, tuple(about["weights"]), Calibration(**about["whole"]))


def learn(y: Targets, held_out: Sequence[Probabilities]) -> Mixture:
    """Return the mixture with the least log loss on the rows that all members held out.

    Weights are sought on a grid, and drawn towards equal ones as calibrations are towards none: the fewer issues there
    are, the more. Without any row they are equal.

    References
    ----------
    Ranjan & Gneiting (2010), doi:10.1111/j.1467-9868.2009.00726.x: a weighted mean of probabilities has to be
    calibrated. Deviations: by Platt's (1999) two numbers rather than a beta distribution's, and each member is
    calibrated before, for naive Bayes is much too sure.
    """
    rows = ~np.any([np.isnan(p).any(axis=1) for p in held_out], axis=0)
    known = y[rows] != UNKNOWN
    truth = y[rows][known] == 1  # (cells,)
    scores = [_log_odds(p[rows][known]) for p in held_out]
    members = tuple(_calibrate(each, truth) for each in scores)
    calibrated = [expit(each(score)) for each, score in zip(members, scores, strict=True)]
    weights = min(_grid(len(members)), key=lambda weights: _loss(_pool(calibrated, weights), truth) + _pull(weights))
    return Mixture(members, weights, _calibrate(_pool(calibrated, weights), truth))


def _log_odds(p: Probabilities) -> Scores:
    found: Scores = logit(np.clip(p.astype(np.float64), CLIP, 1 - CLIP))
    return found


def _pool(probabilities: Sequence[NDArray[np.float64]], weights: Sequence[float]) -> Scores:
    """Return the log odds of the weighted mean of probabilities."""
    mean = sum(weight * p for weight, p in zip(weights, probabilities, strict=True))
    found: Scores = logit(np.clip(mean, CLIP / STEPS, 1 - CLIP / STEPS))
    return found


def _loss(scores: Scores, truth: NDArray[np.bool_]) -> float:
    return float(np.logaddexp(0, np.where(truth, -scores, scores)).sum())


def _pull(weights: Sequence[float]) -> float:
    return EQUAL * float(np.square(np.asarray(weights) - 1 / len(weights)).sum())


def _grid(count: int) -> Iterator[tuple[float, ...]]:
    """Yield the weights of so many members, multiples of a step that sum to one, nearest to equal first."""
    found = []
    for bars in combinations(range(STEPS + count - 1), count - 1):  # what is between the bars are the steps of each
        edges = np.array([-1, *bars, STEPS + count - 1])
        found.append(tuple(((np.diff(edges) - 1) / STEPS).tolist()))
    yield from sorted(found, key=_pull)


def _calibrate(scores: Scores, truth: NDArray[np.bool_]) -> Calibration:
    def loss(parameters: NDArray[np.float64]) -> float:
        slope, shift = parameters
        return _loss(slope * scores + shift, truth) + TRUST * float((slope - 1) ** 2 + shift**2)

    slope, shift = minimize(loss, [1.0, 0.0], method="L-BFGS-B", bounds=[(0.02, None), (None, None)]).x
    return Calibration(float(slope), float(shift))
