"""A logistic regression for every label at once, each cell with a weight of its own; and its stochastic passes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit

from pipeline.issues import Probabilities
from pipeline.uncertainty import Samples

ITERATIONS = 60

Rows = NDArray[np.float32]  # (issues, features)
Values = NDArray[np.float32]  # (issues, labels)


@dataclass(frozen=True)
class Head:
    """What was fitted: weights, (features, labels), and biases, (labels,)."""

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    def predict(self, features: Rows) -> Probabilities:
        """Return the probability of each label for each issue, (issues, labels)."""
        return np.asarray(expit(features @ self.weights + self.bias), dtype=np.float32)

    def passes(self, features: Rows, *, count: int, dropout: float, random: np.random.Generator) -> Samples:
        """Return the probabilities by so many heads that each lack a random share of the features.

        References
        ----------
        Gal & Ghahramani (2016), arXiv:1506.02142. Deviations: a pass drops the same features for all issues, so that it
        is one draw of the parameters; and the head was not trained with dropout, but with the L2 penalty to which
        dropout on the features of a generalised linear model amounts, to first order and up to their scales (Wager,
        Wang & Liang 2013, arXiv:1307.1493).
        """
        kept = (random.random((count, len(self.weights))) >= dropout) / (1 - dropout)  # (passes, features)
        thinned = kept[:, :, np.newaxis].astype(np.float32) * self.weights  # (passes, features, labels)
        return np.stack([Head(each, self.bias).predict(features) for each in thinned])


def fit_head(features: Rows, targets: Values, cells: Values, *, strength: float) -> Head:
    """Return the head with the least weighted loss on `targets`, 1 or 0; a label all of one gets its smoothed rate.

    Parameters
    ----------
    cells : array
        How much each cell counts, (issues, labels); 0 for one that teaches nothing.
    strength : float
        Inverse of the regularisation (scikit-learn's `C`).
    """
    yes, whole = (targets * cells).sum(axis=0), cells.sum(axis=0)  # (labels,)
    start = logit((yes + 0.5) / (whole + 1))
    objective = _Objective(features, targets, np.where((yes > 0) & (yes < whole), cells, 0), strength)
    flat = np.concatenate([np.zeros(objective.size), start])
    options = {"maxiter": ITERATIONS, "maxcor": 6}
    return Head(*objective.split(minimize(objective, flat, jac=True, method="L-BFGS-B", options=options).x))


class _Objective:
    """The loss and its gradient, at weights and biases in one row."""

    def __init__(self, features: Rows, targets: Values, cells: Values, strength: float) -> None:
        self.features, self.transposed = features, np.ascontiguousarray(features.T)
        self.targets, self.cells, self.penalty = targets.astype(np.float32), cells.astype(np.float32), 1 / strength
        self.shape = (features.shape[1], targets.shape[1])
        self.size = self.shape[0] * self.shape[1]

    def split(self, flat: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return weights, (features, labels), and biases, (labels,)."""
        narrow = flat.astype(np.float32)
        return narrow[: self.size].reshape(self.shape), narrow[self.size :]

    def __call__(self, flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights, bias = self.split(flat)
        scores = self.features @ weights + bias  # (issues, labels)
        losses = self.cells * (np.logaddexp(0, scores) - self.targets * scores)
        loss = losses.sum(dtype=np.float64) + self.penalty / 2 * np.square(weights, dtype=np.float64).sum()
        errors = self.cells * (expit(scores) - self.targets)
        slopes = self.transposed @ errors + np.float32(self.penalty) * weights
        return float(loss), np.concatenate([slopes.ravel(), errors.sum(axis=0)]).astype(np.float64)
