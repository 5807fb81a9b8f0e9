"""Compare issues with labels that nobody has used yet: similarity to phrasings, against how similar any issue is.

Two corrections make the labels of one repository comparable. Some phrasings are near to every issue (hubness), so a
label's score counts from its mean over issues of which no label is known; and labels are not equally frequent, so the
glossary's rough share of each is its prior. The result reads as a log odds.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from pipeline.encoder import BUNDLED, Vectors, load_encoder
from pipeline.glossary import BACKGROUND
from pipeline.issues import Issue, Probabilities, clean_body

Aggregate = Literal["mean", "max"]
Scores = NDArray[np.float64]  # (issues, labels)

SCALE = 18.0  # log odds per cosine; chosen on the 1,500 older issues of scikit-learn, from 12 to 25
NONE = 0.1  # prior of "none of these labels": a label that is less probable is not worth a guess
INVENTED = 10  # how many real issues the invented ones weigh as much as


class Similarity:
    """Cosine similarity of an issue, by title and by cleaned body, to the phrasings of each label.

    Parameters
    ----------
    phrasings : sequence of sequences of str
        At least one a label.
    aggregate : {"mean", "max"}
        Over a label's phrasings.
    """

    def __init__(
        self, phrasings: Sequence[Sequence[str]], *, aggregate: Aggregate = "mean", backbone: str = BUNDLED
    ) -> None:
        self._encoder = load_encoder(backbone)
        self._starts = starts(phrasings)
        self._aggregate = aggregate
        self._phrases = self._encoder.embed([phrase for each in phrasings for phrase in each])  # (phrases, dimensions)

    def __call__(self, issues: Sequence[Issue]) -> Scores:
        """Return the similarity of each issue to each label, (issues, labels)."""
        titles = self._encoder.embed([issue.title for issue in issues])
        bodies = [clean_body(issue.body) for issue in issues]
        written = np.array([bool(body) for body in bodies], dtype=np.float32)[:, np.newaxis]  # else the title is all
        both = titles + written * self._encoder.embed(bodies)  # (issues, dimensions)
        return self._compare(both / np.linalg.norm(both, axis=1, keepdims=True).clip(min=1e-9))

    def centre(self, issues: Sequence[Issue]) -> Scores:
        """Return how similar just any issue is, (labels,): the mean over `issues` and a few invented ones."""
        invented = self._compare(self._encoder.embed(BACKGROUND)).mean(axis=0)
        total: Scores = self(issues).sum(axis=0) + INVENTED * invented
        return total / (len(issues) + INVENTED)

    def _compare(self, vectors: Vectors) -> Scores:
        return aggregated(vectors.astype(np.float64) @ self._phrases.T, self._starts, self._aggregate)


def starts(phrasings: Sequence[Sequence[str]]) -> NDArray[np.int64]:
    """Return where each label's phrasings start when all are put in a row, (labels,)."""
    sizes = [len(each) for each in phrasings]
    return np.cumsum([0, *sizes[:-1]]) if sizes else np.zeros(0, dtype=np.int64)


def aggregated(scores: Scores, begin: NDArray[np.int64], how: Aggregate) -> Scores:
    """Return the mean or the maximum over each label's phrasings: (issues, phrases) to (issues, labels)."""
    if not len(begin):
        return np.zeros((len(scores), 0))
    if how == "max":
        return np.asarray(np.maximum.reduceat(scores, begin, axis=1), dtype=np.float64)
    sizes = np.diff([*begin, scores.shape[1]])
    return np.asarray(np.add.reduceat(scores, begin, axis=1) / sizes, dtype=np.float64)


def standing_out(log_odds: Scores, top_k: int) -> Probabilities:
    """Return how surely each label is among the `top_k` best of an issue: 0.5 where it ties with the next one.

    The probability is the logistic function of the distance to the rival: the best label that would be left out, or
    "none of these" where that is better. So a rule of 0.5 or more gives the `top_k` best labels, fewer on an issue
    that is far from all.
    """
    rivals = np.full_like(log_odds, np.log(NONE))
    for column in range(log_odds.shape[1]):
        others = np.delete(log_odds, column, axis=1)
        if others.shape[1] >= top_k:
            best = np.partition(others, -top_k, axis=1)[:, -top_k]  # (issues,): the k-th best of the others
            rivals[:, column] = np.maximum(rivals[:, column], best)
    return np.asarray(expit(log_odds - rivals), dtype=np.float32)


def posterior(log_odds: Scores, *, none: float) -> Probabilities:
    """Return the probability of each label if an issue has exactly one, or none of these with the prior `none`."""
    nothing = np.full((len(log_odds), 1), np.log(none))
    return np.asarray(softmax(np.hstack([log_odds, nothing]), axis=1)[:, :-1], dtype=np.float32)
