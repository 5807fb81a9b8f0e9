"""The loss of contrastive fine-tuning: issues with the same labels are to lie together, others apart."""

import torch

from pipeline.classifier import Classifier, mean_of
from pipeline.issues import UNKNOWN
from pipeline.trainer import Batch


def contrast(classifier: Classifier, inputs: Batch) -> torch.Tensor:
    """Return how far the cosine of each pair of a batch is from the share of labels that the two have in common.

    That share is Jaccard's: labels of both over labels of either, 0 where there is none. Pairs with a label in common
    weigh as much in sum as those without.

    References
    ----------
    Tunstall et al. (2022), SetFit, arXiv:2209.11055. Deviations: all pairs of a batch, rather than pairs drawn
    beforehand, each encoded once for itself; Jaccard's share rather than 1 for any label in common.
    """
    vectors = classifier.embed(inputs["hidden"], inputs["mask"])  # (batch, dimensions)
    has = (inputs["targets"] == 1).to(vectors.dtype)  # (batch, labels)
    known = (inputs["targets"] != UNKNOWN).any(dim=1)
    both = has @ has.T
    either = has.sum(1, keepdim=True) + has.sum(1) - both
    alike = both / either.clamp(min=1)
    pair = torch.triu(torch.ones_like(alike, dtype=torch.bool), diagonal=1) & known & known[:, None]
    loss = (vectors @ vectors.T - alike) ** 2
    return (mean_of(loss, pair & (alike > 0)) + mean_of(loss, pair & (alike == 0))) / 2
