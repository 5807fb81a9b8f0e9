"""The cold start: without any labelled issue, compare an issue with the labels' names and descriptions."""

import re
from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.encoder import BUNDLED, load_encoder
from pipeline.issues import Probabilities
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
        self._vectors = self._encoder.embed([spoken(name, descriptions.get(name, "")) for name in labels])

    def score(self, issues: Issues) -> Probabilities:
        """Return how much each label stands out for each issue, 0 to 1, (issues, labels). Measured on nothing."""
        texts = [f"{issue.title}\n\n{issue.body}" for issue in issues]
        titles = self._encoder.embed([issue.title for issue in issues])
        vectors = (titles + self._encoder.embed(texts)) / 2  # (issues, dimensions)
        similarity = vectors @ self._vectors.T  # (issues, labels), cosine
        return np.asarray(np.clip(similarity, 0.0, 1.0), dtype=np.float32)


def spoken(name: str, description: str) -> str:
    """Return a label's name as words, with its description: `type:bug-fix` becomes `type bug fix`."""
    words = " ".join(re.split(r"[\s:/_\-]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name))).strip()
    return f"{words}: {description}" if description else words
