"""The loss of UDA: few labelled texts, and many unlabelled ones on which a prediction must outlast other words."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid

from pipeline.classifier import Classifier, batch, mean_of
from pipeline.issues import UNKNOWN
from pipeline.layers import Hidden
from pipeline.trainer import Batch


@dataclass(frozen=True)
class Pairs:
    """Unlabelled texts, and each in other words, as the lower part of a backbone made them."""

    original: Hidden
    reworded: Hidden


@dataclass(frozen=True)
class Strength:
    """How the unlabelled texts count.

    Parameters
    ----------
    weight : float
        Of the consistency beside the supervised loss.
    ratio : int
        Unlabelled texts for each labelled one of a batch.
    confidence : float
        Least probability, of having a label or of not having it, for a prediction to be held on to.
    temperature : float
        Below 1, the prediction held on to is sharper than the one made.
    anneal : bool
        Whether labelled cells that are predicted well already teach nothing, up to a bound that rises with the steps.
    """

    weight: float
    ratio: int
    confidence: float
    temperature: float
    anneal: bool


class Consistency:
    """Supervised cross-entropy, annealed, and consistency on unlabelled texts.

    References
    ----------
    Xie et al. (2020), arXiv:1904.12848. For labels that do not exclude each other every cell, a label of an issue, is a
    choice between two classes: confidence, sharpening and annealing are the paper's for two classes. Deviation: the
    cells held on to as having the label weigh as much in sum as those as not having it, for otherwise nothing but the
    latter, nearly all of them, would be learnt.
    """

    def __init__(self, pairs: Pairs, strength: Strength, *, steps: int, seed: int) -> None:
        self._pairs, self._strength, self._steps = pairs, strength, steps
        self._random = np.random.default_rng(seed)
        self._step = 0

    def __call__(self, classifier: Classifier, inputs: Batch) -> torch.Tensor:
        """Return the loss of a batch."""
        self._step += 1
        supervised = self._supervised(classifier(inputs["hidden"], inputs["mask"]), inputs["targets"])
        if not self._pairs.original:
            return supervised
        return supervised + self._strength.weight * self._consistency(classifier, inputs)

    def _supervised(self, logits: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Return the mean cross-entropy of the cells that are known and, with annealing, not predicted well yet."""
        counted = y != UNKNOWN
        if self._strength.anneal:
            right = torch.exp(logsigmoid(torch.where(y == 1, logits, -logits))).detach()
            counted &= right < bound(self._step / self._steps)
        truth = y.to(logits.dtype).clamp(min=0)
        return mean_of(binary_cross_entropy_with_logits(logits, truth, reduction="none"), counted)

    def _consistency(self, classifier: Classifier, inputs: Batch) -> torch.Tensor:
        rows = self._random.integers(0, len(self._pairs.original), self._strength.ratio * len(inputs["targets"]))
        device = inputs["hidden"].device
        original, reworded = (
            {name: each.to(device) for name, each in batch([part[row] for row in rows]).items()}
            for part in (self._pairs.original, self._pairs.reworded)
        )
        with torch.no_grad():
            logits = classifier(**original)
            confident = torch.sigmoid(logits.abs()) >= self._strength.confidence
            held = torch.sigmoid(logits / self._strength.temperature)
        loss = binary_cross_entropy_with_logits(classifier(**reworded), held, reduction="none")
        positive = logits > 0
        return (mean_of(loss, confident & positive) + mean_of(loss, confident & ~positive)) / 2


def bound(done: float) -> float:
    """Return how well a labelled cell may be predicted at most to teach, when that share of the steps is done.

    The exponential schedule of the paper, for two classes: it stays low for long, as fits where labels are few.
    """
    return 0.5 + 0.5 * math.exp(5 * (done - 1))
