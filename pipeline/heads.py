"""A linear head on embeddings: one logistic regression a label."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from pipeline.encoder import Vectors
from pipeline.issues import UNKNOWN, Probabilities, Targets

SCALE = 10.0  # of the embeddings of length one that a head reads, so that its weights need not grow large

Head = tuple[NDArray[np.float32], NDArray[np.float32]]  # weights, (labels, dimensions), and bias, (labels,)


def fit_head(vectors: Vectors, targets: Targets, *, strength: float = 1.0) -> Head:
    """Return the head of embeddings of length one, (texts, dimensions), and targets, (texts, labels).

    A label that is all or nothing gets its smoothed rate. `strength` is the inverse of the regularisation.
    """
    weights, bias = np.zeros((targets.shape[1], vectors.shape[1])), np.zeros(targets.shape[1])
    for label in range(targets.shape[1]):
        known = targets[:, label] != UNKNOWN
        y = targets[known, label]
        if len(np.unique(y)) < 2:
            bias[label] = math.log((y.sum() + 0.5) / (len(y) - y.sum() + 0.5))
            continue
        model = LogisticRegression(C=strength, max_iter=300).fit(SCALE * vectors[known], y)
        weights[label], bias[label] = model.coef_[0], model.intercept_[0]
    return weights.astype(np.float32), bias.astype(np.float32)


def probabilities(vectors: Vectors, head: Head) -> Probabilities:
    """Return what a head makes of embeddings of length one, (texts, labels)."""
    return np.asarray(expit(SCALE * vectors @ head[0].T + head[1]), dtype=np.float32)
