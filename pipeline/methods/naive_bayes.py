"""Word counts and one multinomial naive Bayes a label: the reference that every other method has to beat."""

from pathlib import Path
from typing import Any, ClassVar, Self, Unpack

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from scipy.sparse import csr_matrix
from scipy.special import expit
from sklearn.feature_extraction.text import CountVectorizer

from pipeline.issues import UNKNOWN, Probabilities, Targets
from pipeline.methods.base import FitOptions, Issues
from pipeline.methods.vocabulary import load_words, save_words, words


class NaiveBayes:
    """One-vs-rest multinomial naive Bayes on the words of title and body.

    Parameters
    ----------
    alpha : float
        Additive smoothing of the word counts.
    max_words : int
        Vocabulary size, the most frequent words first.

    References
    ----------
    McCallum & Nigam (1998), A comparison of event models for naive Bayes text classification.
    """

    name: ClassVar[str] = "naive_bayes"
    cost: ClassVar[float] = 1.0

    def __init__(self, alpha: float = 1.0, max_words: int = 20_000) -> None:
        self.alpha = alpha
        self.max_words = max_words

    def settings(self) -> dict[str, Any]:
        """Return the hyper-parameters."""
        return {"alpha": self.alpha, "max_words": self.max_words}

    def fit(self, issues: Issues, targets: Targets, *, seed: int, **options: Unpack[FitOptions]) -> Self:
        """Count words with and without each label; nothing is random, so `seed` changes nothing."""
        self.vectorizer_ = CountVectorizer(max_features=self.max_words)
        counts = self.vectorizer_.fit_transform(_texts(issues))
        self.weights_ = np.zeros((targets.shape[1], counts.shape[1]), dtype=np.float32)  # (labels, words): log odds
        self.bias_ = np.zeros(targets.shape[1], dtype=np.float32)
        for label in range(targets.shape[1]):
            known = np.flatnonzero(targets[:, label] != UNKNOWN)
            self._fit_label(label, counts[known], targets[known, label] == 1)
        return self

    def _fit_label(self, label: int, counts: csr_matrix, positive: NDArray[np.bool_]) -> None:
        with_label, without = (
            np.asarray(counts[rows].sum(axis=0)).ravel() + self.alpha for rows in (positive, ~positive)
        )
        self.weights_[label] = np.log(with_label / with_label.sum()) - np.log(without / without.sum())
        yes, no = positive.sum() + 1, (~positive).sum() + 1  # a label never, or always, seen keeps a finite prior
        self.bias_[label] = np.log(yes / no)

    def predict_proba(self, issues: Issues) -> Probabilities:
        """Return the posterior of each label, (issues, labels)."""
        counts = self.vectorizer_.transform(_texts(issues))
        scores = counts @ self.weights_.T + self.bias_  # (issues, labels)
        return np.asarray(expit(scores), dtype=np.float32)

    def save(self, folder: Path) -> None:
        """Write the vocabulary and the log odds."""
        save_words(folder / "words.json", {"words": words(self.vectorizer_)})
        save_file({"weights": self.weights_, "bias": self.bias_}, folder / "weights.safetensors")

    @classmethod
    def load(cls, folder: Path, settings: dict[str, Any]) -> Self:
        """Read what :meth:`save` wrote."""
        method, weights = cls(**settings), load_file(folder / "weights.safetensors")
        method.vectorizer_ = CountVectorizer(vocabulary=load_words(folder / "words.json")["words"])
        method.weights_, method.bias_ = weights["weights"], weights["bias"]
        return method


def _texts(issues: Issues) -> list[str]:
    return [f"{issue.title}\n{issue.body}" for issue in issues]
