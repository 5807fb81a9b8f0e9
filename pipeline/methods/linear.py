"""TF-IDF and backbone embeddings, and one calibrated logistic regression a label."""

from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, Self, Unpack

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from scipy.sparse import csr_matrix, hstack
from scipy.special import expit, logit
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from pipeline.encoder import BUNDLED, load_encoder
from pipeline.issues import UNKNOWN, Probabilities, Targets, clean_body
from pipeline.methods.base import FitOptions, Issues
from pipeline.methods.gram import Gram
from pipeline.methods.vocabulary import load_words, restore_tfidf, save_words, words
from pipeline.splits import folds

VIEWS: dict[str, dict[str, Any]] = {
    "title_words": {"ngram_range": (1, 2), "sublinear_tf": True},
    "title_characters": {"analyzer": "char_wb", "ngram_range": (2, 5), "sublinear_tf": True},
    "opening_words": {"ngram_range": (1, 2), "sublinear_tf": True},
    "body_words": {"sublinear_tf": True},
    "body_pairs": {"ngram_range": (2, 2), "sublinear_tf": True},
}
OPENING = 300  # characters of the body, in which people say what they want
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
    dense : float
        Weight of the embeddings beside the sparse views.
    max_terms : int
        Size of each vocabulary, the most frequent terms first.

    References
    ----------
    Platt (1999), Probabilistic outputs for support vector machines: the calibration of each label's scores.
    """

    name: ClassVar[str] = "linear"
    cost: ClassVar[float] = 60.0

    def __init__(
        self, backbone: str = BUNDLED, strength: float = 1.0, dense: float = 0.5, max_terms: int = 50_000
    ) -> None:
        self.backbone = backbone
        self.strength = strength
        self.dense = dense
        self.max_terms = max_terms

    def settings(self) -> dict[str, Any]:
        """Return the hyper-parameters."""
        return {name: getattr(self, name) for name in ("backbone", "strength", "dense", "max_terms")}

    def fit(self, issues: Issues, targets: Targets, *, seed: int, **options: Unpack[FitOptions]) -> Self:
        """Fit the views, then each label: cross-fitted for its calibration, and once more on all issues."""
        report = options.get("progress") or (lambda done: None)
        texts = texts_of(issues)
        self._fit_views(texts, least=2 if len(issues) >= 50 else 1)  # in a handful, most terms are there only once
        gram = Gram(*self._features(issues, texts))
        count = targets.shape[1]
        fold = folds(targets, k=3 if len(issues) > MANY else 5, seed=seed, groups=options.get("groups"))
        self.weights_ = np.zeros((count, gram.width), dtype=np.float32)  # (labels, terms + 3 × dimensions)
        self.bias_ = np.zeros(count, dtype=np.float32)
        self.held_out_ = np.zeros(targets.shape, dtype=np.float32)
        with threadpool_limits(1):  # the products are too small for more threads, which would wait for each other
            for label in range(count):
                self._fit_label(label, gram, targets[:, label], fold)
                report((label + 1) / count)
        return self

    def _fit_label(self, label: int, gram: Gram, target: NDArray[np.int8], fold: NDArray[np.int64]) -> None:
        features, scores = gram.features, np.zeros(len(target))
        for each in range(fold.max() + 1):
            weights, bias = self._regress(features, target, (target != UNKNOWN) & (fold != each))
            scores[fold == each] = features[fold == each] @ weights + bias
        slope, shift = platt(scores, target)
        self.held_out_[:, label] = expit(slope * scores + shift)
        weights, bias = self._regress(features, target, target != UNKNOWN)
        self.weights_[label], self.bias_[label] = slope * gram.weights(weights), slope * bias + shift

    def _regress(
        self, features: NDArray[np.float32], target: NDArray[np.int8], rows: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float64], float]:
        """Return weights, (features,), and bias; a label that is all or nothing there gets its smoothed rate."""
        known = target[rows]
        if len(np.unique(known)) < 2:
            return np.zeros(features.shape[1]), float(logit((known.sum() + 0.5) / (len(known) + 1)))
        model = LogisticRegression(C=self.strength, solver="lbfgs", max_iter=300).fit(features[rows], known)
        return model.coef_[0], float(model.intercept_[0])

    def predict_proba(self, issues: Issues) -> Probabilities:
        """Return the calibrated probability of each label, (issues, labels)."""
        if not issues:
            return np.zeros((0, len(self.bias_)), dtype=np.float32)
        sparse, dense = self._features(issues, texts_of(issues))
        terms = sparse.shape[1]
        scores = sparse @ self.weights_[:, :terms].T + dense @ self.weights_[:, terms:].T + self.bias_
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
        method.views_ = {name: restore_tfidf(VIEWS[name], terms[name], arrays[name]) for name in terms}
        return method

    def _fit_views(self, texts: dict[str, list[str]], *, least: int) -> None:
        self.views_ = {}
        for name, options in VIEWS.items():
            view = TfidfVectorizer(**options, min_df=least, max_features=self.max_terms)
            with suppress(ValueError):  # no term at all: empty bodies, or none that is there often enough
                self.views_[name] = view.fit(texts[name])

    def _features(self, issues: Issues, texts: dict[str, list[str]]) -> tuple[csr_matrix, NDArray[np.float32]]:
        """Return the sparse views side by side, (issues, terms), and the embeddings of :meth:`_embed`."""
        sparse = [csr_matrix((len(issues), 0)), *(view.transform(texts[name]) for name, view in self.views_.items())]
        return hstack(sparse, format="csr", dtype=np.float32), self._embed(issues, texts["body_words"])

    def _embed(self, issues: Issues, bodies: list[str]) -> NDArray[np.float32]:
        """Return the weighted embeddings of title, cleaned body and whole text, (issues, 3 × dimensions)."""
        views = (
            [issue.title for issue in issues],
            bodies,
            [issue.text for issue in issues],
        )
        encoder = load_encoder(self.backbone)
        return np.hstack([self.dense * encoder.embed(texts) for texts in views])


def texts_of(issues: Issues) -> dict[str, list[str]]:
    """Return what each view reads, of each issue."""
    titles, bodies = [issue.title for issue in issues], [clean_body(issue.body) for issue in issues]
    openings = [body[:OPENING] for body in bodies]
    return dict(zip(VIEWS, (titles, titles, openings, bodies, bodies), strict=True))


def platt(scores: NDArray[np.float64], target: NDArray[np.int8]) -> tuple[float, float]:
    """Return slope and shift that turn held-out scores into probabilities; (1, 0) where there is too little to tell."""
    known = target != UNKNOWN
    positives = int((target[known] == 1).sum())
    if min(positives, int(known.sum()) - positives) < LEAST_TO_CALIBRATE:
        return 1.0, 0.0
    model = LogisticRegression(C=1.0).fit(scores[known, np.newaxis], target[known])
    slope = float(model.coef_[0, 0])
    return (slope, float(model.intercept_[0])) if slope > 0 else (1.0, 0.0)
