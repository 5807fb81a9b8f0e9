"""The cold start: without any labelled issue, compare an issue with the labels' names and descriptions."""

from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.encoder import BUNDLED, load_encoder
from pipeline.issues import Probabilities
from pipeline.labels import read_labels
from pipeline.methods.base import Issues

FLOOR = 0.5  # below this even the nearest label is not worth a suggestion


class ColdStart:
    """Score labels by the similarity of an issue to their names.

    Parameters
    ----------
    labels : sequence of str
    descriptions : mapping of str to str
        By label; empty where there is none.
    """

    def __init__(self, labels: Sequence[str], descriptions: Mapping[str, str], *, backbone: str = BUNDLED) -> None:
        self.labels = tuple(labels)
        self._encoder = load_encoder(backbone)
        self._vectors = self._encoder.embed([label.text for label in read_labels(labels, descriptions)])

    def score(self, issues: Issues) -> Probabilities:
        """Return how much each label stands out for each issue, 0 to 1, (issues, labels). Measured on nothing."""
        texts = [f"{issue.title}\n\n{issue.body}" for issue in issues]
        titles = self._encoder.embed([issue.title for issue in issues])
        vectors = (titles + self._encoder.embed(texts)) / 2  # (issues, dimensions)
        similarity = vectors @ self._vectors.T  # (issues, labels), cosine
        return np.asarray(np.clip(similarity, 0.0, 1.0), dtype=np.float32)
