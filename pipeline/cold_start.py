"""The cold start: without any labelled issue, compare an issue with what the labels' names and descriptions mean."""

from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.encoder import BUNDLED
from pipeline.glossary import NOTHING, meaning
from pipeline.issues import Probabilities
from pipeline.labels import read_labels
from pipeline.methods.base import Issues
from pipeline.similarity import SCALE, Similarity, posterior

FLOOR = 0.5  # below this even the most probable label is not worth a suggestion
NONE = 0.3  # prior of "none of these": nothing is measured yet, so better silent than wrong


class ColdStart:
    """Score labels by the similarity of an issue to their names, the glossary's phrasings and their descriptions.

    Parameters
    ----------
    labels : sequence of str
    descriptions : mapping of str to str
        By label; empty where there is none.
    """

    def __init__(self, labels: Sequence[str], descriptions: Mapping[str, str], *, backbone: str = BUNDLED) -> None:
        self.labels = tuple(labels)
        meanings = [*(meaning(label) for label in read_labels(labels, descriptions)), NOTHING]
        self._similarity = Similarity([each.phrasings for each in meanings], backbone=backbone)
        self._centre = self._similarity.centre(())
        self._prior = np.log([each.share for each in meanings])

    def score(self, issues: Issues) -> Probabilities:
        """Return how probable each label is, if an issue has one or none, (issues, labels). Measured on nothing."""
        log_odds = SCALE * (self._similarity(issues) - self._centre) + self._prior
        return posterior(log_odds, none=NONE)[:, :-1]
