"""How sure a stochastic model is of each label of each issue, and which guesses are worth learning from. Pure.

Each cell, one label of one issue, is a binary task of its own: :func:`measure` tells of what T stochastic passes said
about it, :func:`select` draws the cells to learn from, and :func:`weights` says how much each of them counts.

References
----------
Mukherjee & Awadallah (2020), Uncertainty-aware Self-training for Few-shot Text Classification, NeurIPS. Houlsby,
Huszár, Ghahramani & Lengyel (2011), arXiv:1112.5745: BALD. Gal & Ghahramani (2016), arXiv:1506.02142: dropout as an
approximate posterior. Deviation of all that follows: there an issue has one class of several, and is guessed at as a
whole; here it has any number of labels, and each cell is guessed at, drawn and weighted apart from the others.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

Samples = NDArray[np.float32]  # (passes, issues, labels): the probabilities that each stochastic pass gave
Cells = NDArray[np.float64]  # (issues, labels)
Chosen = NDArray[np.bool_]  # (issues, labels)
Scheme: TypeAlias = Literal["easy", "hard"]

LEAST_VARIANCE = 1e-4  # below it a variance is more a matter of few passes than of sureness; bounds the weights


@dataclass(frozen=True)
class Uncertainty:
    """What the passes say of each cell, (issues, labels) each."""

    mean: Cells
    variance: Cells  # of the probability, over the passes: the model's part of the uncertainty
    bald: Cells  # nats, 0 to log 2: what knowing the label would tell of the model's parameters


def measure(samples: Samples) -> Uncertainty:
    """Return mean, variance and BALD of each cell; BALD is the entropy of the mean less the mean of the entropies."""
    wide = samples.astype(np.float64)
    mean = wide.mean(axis=0)
    bald = entropy(mean) - entropy(wide).mean(axis=0)
    return Uncertainty(mean, wide.var(axis=0), bald.clip(min=0))


def entropy(p: Cells) -> Cells:
    """Return the entropy of a yes or no of that probability, in nats; 0 at 0 and at 1."""
    return -np.asarray(xlogy(p, p) + xlogy(1 - p, 1 - p), dtype=np.float64)


def weights(variance: Cells) -> Cells:
    """Return how much each guess counts: the logarithm of the inverse of its variance, as in the paper.

    Deviation: the variance is taken as at least :data:`LEAST_VARIANCE`. That of a yes is that of the no, so that,
    unlike with the classes of the paper's published code, there is no question of which one's it is.
    """
    return np.asarray(-np.log(np.maximum(variance, LEAST_VARIANCE)), dtype=np.float64)


def guess(mean: Cells, rates: NDArray[np.float64]) -> Chosen:
    """Return which cells are taken for a yes: of each label its most probable issues, as many as its rate asks for.

    Deviation: in the paper the most probable class is the guess. The yes of a rare label is hardly ever more probable
    than its no, so that nothing would be learnt of it but that it is rarer still.

    Parameters
    ----------
    rates : array
        The share of the issues with each label, (labels,), as among those that are labelled.
    """
    yes = np.zeros(mean.shape, dtype=bool)
    for label, count in enumerate(np.rint(rates * len(mean)).astype(int)):
        yes[np.argsort(-mean[:, label], kind="stable")[:count], label] = True
    return yes


def select(yes: Chosen, bald: Cells, share: float, *, scheme: Scheme, random: np.random.Generator) -> Chosen:
    """Return the cells to learn from: of the yes and of the no of each label that share, drawn without replacement.

    A cell is drawn in proportion to 1 - BALD if the scheme is easy, and to BALD if it is hard; one in proportion to 0
    never is. Deviation: in the paper as many are drawn of each class; that would teach that a rare label is common.
    """
    worth = bald if scheme == "hard" else 1 - bald
    drawn = np.zeros(yes.shape, dtype=bool)
    for label in range(yes.shape[1]):
        for said in (True, False):
            drawn[_draw(np.where(yes[:, label] == said, worth[:, label], 0.0), share, random), label] = True
    return drawn


def _draw(worth: NDArray[np.float64], share: float, random: np.random.Generator) -> NDArray[np.int64]:
    possible = np.flatnonzero(worth)
    if not len(possible):
        return possible
    p = worth[possible] / worth[possible].sum()
    return random.choice(possible, size=round(share * len(possible)), replace=False, p=p)
