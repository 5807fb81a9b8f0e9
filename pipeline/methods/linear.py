"""TF-IDF and backbone embeddings, and one calibrated logistic regression a label."""

from pathlib import Path
from typing import Any, ClassVar, Self, Unpack

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from scipy.sparse import csr_matrix, hstack
from scipy.special import expit, logit
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from pipeline.encoder import BUNDLED, load_encoder
from pipeline.issues import UNKNOWN, Probabilities, Targets, clean_body
from pipeline.methods.base import FitOptions, Issues
from pipeline.methods.vocabulary import load_words, restore_tfidf, save_words, words
from pipeline.splits import folds

VIEWS: dict[str, dict[str, Any]] = {
    "title_words": {"ngram_range": (1, 2), "sublinear_tf": True},
    "body_words": {"sublinear_tf": True},
    "title_characters": {"analyzer": "char_wb", "ngram_range": (2, 5), "sublinear_tf": True},
}
MANY = 800  # issues; from here on three folds are enough to calibrate on
LEAST_TO_CALIBRATE = 5  # issues with the label


class Linear:
    """One logistic regression a label on sparse and dense views of title and body.

    After :meth:`fit`, `held_out_` has the calibrated probabilities of the training issues, each from a model of
    the same kind that was not trained on the issue, (issues, labels). Deviation from strict cross-fitting: the
    vocabularies and their inverse document frequencies, which know no label, are those of all issues.

    Parameters
    ----------
    backbone : str
        The encoder's checkpoint, see :func:`pipeline.encoder.load_encoder`.
    strength : float
        Inverse of the regularisation (scikit-learn's `C`).
    max_terms : int
        Size of each vocabulary, the most frequent terms first.

    References
    ----------
    Platt (1999), Probabilistic outputs for support vector machines: the calibration of each label's scores.
    """

    name: ClassVar[str] = "linear"
    cost: ClassVar[float] = 60.0

    def __init__(self, backbone: str = BUNDLED, strength: float = 4.0, max_terms: int = 50_000) -> None:
        self.backbone = backbone
        self.strength = strength
        self.max_terms = max_terms

    def settings(self) -> dict[str, Any]:
        """Return the hyper-parameters."""
        return {"backbone": self.backbone, "strength": self.strength, "max_terms": self.max_terms}

    def fit(self, issues: Issues, targets: Targets, *, seed: int, **options: Unpack[FitOptions]) -> Self:
        """Fit the views, then each label: cross-fitted for its calibration, and once more on all issues."""
        report = options.get("progress") or (lambda done: None)
        features = self._fit_features(issues)  # (issues, terms + 3 × dimensions)
        count = targets.shape[1]
        fold = folds(targets, k=3 if len(issues) > MANY else 5, seed=seed)
        self.weights_ = np.zeros((count, features.shape[1]), dtype=np.float32)
        self.bias_ = np.zeros(count, dtype=np.float32)
        self.held_out_ = np.zeros(targets.shape, dtype=np.float32)
        for label in range(count):
            self._fit_label(label, features, targets[:, label], fold)
            report((label + 1) / count)
        return self

    def _fit_label(self, label: int, features: csr_matrix, target: NDArray[np.int8], fold: NDArray[np.int64]) -> None:
        scores = np.zeros(len(target))
        for each in range(fold.max() + 1):
            weights, bias = self._regress(features, target, (target != UNKNOWN) & (fold != each))
            scores[fold == each] = features[fold == each] @ weights + bias
        slope, shift = _platt(scores, target)
        self.held_out_[:, label] = expit(slope * scores + shift)
        weights, bias = self._regress(features, target, target != UNKNOWN)
        self.weights_[label], self.bias_[label] = slope * weights, slope * bias + shift

    def _regress(
        self, features: csr_matrix, target: NDArray[np.int8], rows: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float64], float]:
        """Return weights, (features,), and bias; a label that is all or nothing there gets its smoothed rate."""
        known = target[rows]
        if len(np.unique(known)) < 2:
            return np.zeros(features.shape[1]), float(logit((known.sum() + 0.5) / (len(known) + 1)))
        model = LogisticRegression(C=self.strength, solver="lbfgs", max_iter=300).fit(features[rows], known)
        return model.coef_[0], float(model.intercept_[0])

    def predict_proba(self, issues: Issues) -> Probabilities:
        """Return the calibrated probability of each label, (issues, labels)."""
        scores = self._features(issues) @ self.weights_.T + self.bias_
        return np.asarray(expit(scores), dtype=np.float32)

    def save(self, folder: Path) -> None:
        """Write the vocabularies, their weights, and the regressions."""
        save_words(folder / "words.json", {name: words(view) for name, view in self.views_.items()})
        idf = {name: view.idf_.astype(np.float32) for name, view in self.views_.items()}
        save_file({"weights": self.weights_, "bias": self.bias_, **idf}, folder / "weights.safetensors")

    @classmethod
    def load(cls, folder: Path, settings: dict[str, Any]) -> Self:
        """Read what :meth:`save` wrote."""
        method, arrays = cls(**settings), load_file(folder / "weights.safetensors")
        method.weights_, method.bias_ = arrays["weights"], arrays["bias"]
        terms = load_words(folder / "words.json")
        method.views_ = {name: restore_tfidf(VIEWS[name], terms[name], arrays[name]) for name in VIEWS}
        return method

    def _fit_features(self, issues: Issues) -> csr_matrix:
        least = 2 if len(issues) >= 50 else 1  # a term seen once teaches nothing, but in a handful most are
        self.views_ = {
            name: TfidfVectorizer(**options, min_df=least, max_features=self.max_terms).fit(texts)
            for (name, options), texts in zip(VIEWS.items(), _texts(issues), strict=True)
        }
        return self._features(issues)

    def _features(self, issues: Issues) -> csr_matrix:
        sparse = [view.transform(texts) for view, texts in zip(self.views_.values(), _texts(issues), strict=True)]
        return hstack([*sparse, csr_matrix(self._embed(issues))], format="csr", dtype=np.float32)

    def _embed(self, issues: Issues) -> NDArray[np.float32]:
        """Return the embeddings of title, cleaned body and whole text side by side, (issues, 3 × dimensions)."""
        views = (
            [issue.title for issue in issues],
            [clean_body(issue.body) for issue in issues],
            [f"{issue.title}\n\n{issue.body}" for issue in issues],
        )
        encoder = load_encoder(self.backbone)
        return np.hstack([encoder.embed(texts) for texts in views])


def _texts(issues: Issues) -> tuple[list[str], list[str], list[str]]:
    titles = [issue.title for issue in issues]
    return titles, [clean_body(issue.body) for issue in issues], titles


def _platt(scores: NDArray[np.float64], target: NDArray[np.int8]) -> tuple[float, float]:
    """Return slope and shift that turn held-out scores into probabilities; (1, 0) where there is too little to tell."""
    known = target != UNKNOWN
    positives = int((target[known] == 1).sum())
    if min(positives, int(known.sum()) - positives) < LEAST_TO_CALIBRATE:
        return 1.0, 0.0
    model = LogisticRegression(C=1.0).fit(scores[known, np.newaxis], target[known])
    slope = float(model.coef_[0, 0])
    return (slope, float(model.intercept_[0])) if slope > 0 else (1.0, 0.0)
