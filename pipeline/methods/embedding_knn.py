"""Look up the most similar issues: a label that enough of them have is probable."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar, Self, Unpack

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from scipy.special import expit, logit

from pipeline.encoder import BUNDLED, Vectors, load_encoder
from pipeline.evaluation import micro_f1
from pipeline.issues import UNKNOWN, Probabilities, Targets
from pipeline.methods.base import FitOptions, Issues
from pipeline.neighbours import Found, search, search_exactly, search_others

Find = Callable[[NDArray[np.int64], int], Found]  # the k nearest of some rows, as places among these rows
Votes = NDArray[np.float64]  # (issues, k, labels): for each number of neighbours, the votes for each label


class EmbeddingKnn:
    """Predict a label where `m` of the `k` nearest issues have it; nearer ones count more.

    `k` and `m` are those with the best micro-F1 on the validation issues, or, without any, on the issues themselves,
    each looked up among the others. A label is looked up among the issues of which it is known. The probability is the
    logistic function of the log odds of the votes, from those of the threshold: 0.5 or more where the votes, rounded,
    are `m` or more.

    After :meth:`fit`, `map_` has the micro-F1 of each `k` (rows, from 1) and `m` (columns, from 1), NaN where m > k,
    and `held_out_` the probabilities of the issues, each looked up among the others, those of its group left out,
    (issues, labels). Without validation issues these are a little better than the truth, for `k` and `m` were chosen
    on them.

    Parameters
    ----------
    backbone : str
        The encoder's checkpoint, see :func:`pipeline.encoder.load_encoder`.
    most : int
        Most neighbours.
    sharpness : float
        How fast the weight of a neighbour falls with its cosine; at 0 every one counts the same.

    References
    ----------
    Zhang & Zhou (2007), ML-KNN, doi:10.1016/j.patcog.2006.12.019, has a threshold a label; here one `m` serves all, as
    there are few issues for each. Dudani (1976), doi:10.1109/TSMC.1976.5408784: nearer neighbours count more.
    """

    name: ClassVar[str] = "embedding_knn"
    cost: ClassVar[float] = 30.0

    def __init__(self, backbone: str = BUNDLED, *, most: int = 30, sharpness: float = 10.0) -> None:
        self.backbone, self.most, self.sharpness = backbone, most, sharpness

    def settings(self) -> dict[str, Any]:
        """Return the hyper-parameters."""
        return {name: getattr(self, name) for name in ("backbone", "most", "sharpness")}

    def fit(self, issues: Issues, targets: Targets, *, seed: int, **options: Unpack[FitOptions]) -> Self:
        """Embed the issues, and choose `k` and `m`; nothing is random."""
        self.vectors_, self.targets_ = self._embed(issues), targets.copy()
        most = max(min(self.most, len(issues) - 1), 1)
        groups = options.get("groups", np.arange(len(issues)))
        own = self._votes(
            most,
            len(issues),
            lambda rows, k: search_others(self.vectors_, rows, k, groups=groups),
            beside=int(np.bincount(groups).max()),
        )
        self.map_ = _map(targets, own)
        others, truth = options.get("validation") or ((), targets)
        if others:
            queries = self._embed(others)
            votes = self._votes(most, len(queries), lambda rows, k: search(self.vectors_[rows], queries, k))
            self.map_ = _map(truth, votes)
        self.report_ = {"knn_map": _as_report(self.map_)}
        self.k_, self.m_ = _best(self.map_)
        self.held_out_ = self._probabilities(own)
        return self

    def predict_proba(self, issues: Issues) -> Probabilities:
        """Return how surely each label has enough votes, (issues, labels)."""
        queries = self._embed(issues)
        votes = self._votes(self.k_, len(queries), lambda rows, k: search_exactly(self.vectors_[rows], queries, k))
        return self._probabilities(votes)

    def save(self, folder: Path) -> None:
        """Write the vectors and labels of the issues, and what was chosen."""
        (folder / "chosen.json").write_text(json.dumps({"k": self.k_, "m": self.m_}))
        save_file({"vectors": self.vectors_, "targets": self.targets_}, folder / "issues.safetensors")

    @classmethod
    def load(cls, folder: Path, settings: dict[str, Any]) -> Self:
        """Read what :meth:`save` wrote."""
        method, arrays = cls(**settings), load_file(folder / "issues.safetensors")
        method.vectors_, method.targets_ = arrays["vectors"], arrays["targets"]
        chosen = json.loads((folder / "chosen.json").read_text())
        method.k_, method.m_ = chosen["k"], chosen["m"]
        return method

    def _embed(self, issues: Issues) -> Vectors:
        return load_encoder(self.backbone).embed([issue.text for issue in issues])

    def _votes(self, most: int, count: int, find: Find, *, beside: int = 0) -> Votes:
        """Return the votes of up to `most` neighbours for `count` issues; `beside` rows may be no neighbours of one.

        Where a label is known of fewer issues than are asked for, their votes count for so many more.
        """
        votes = np.zeros((count, most, self.targets_.shape[1]))
        numbers = np.arange(1, most + 1)[:, np.newaxis]  # (k, 1)
        for columns, rows in _known_alike(self.targets_):
            k = min(most, len(rows) - beside)
            if k < 1 or not count:
                continue
            similarity, found = find(rows, k)
            weights = np.exp(self.sharpness * (similarity - similarity[:, :1]))[:, :, np.newaxis]  # (issues, k, 1)
            has = self.targets_[np.ix_(rows, columns)][found] == 1  # (issues, k, columns)
            share = np.cumsum(weights * has, axis=1) / np.cumsum(weights, axis=1)
            share = np.concatenate([share, np.repeat(share[:, -1:], most - k, axis=1)], axis=1)
            votes[:, :, columns] = share * numbers
        return votes

    def _probabilities(self, votes: Votes) -> Probabilities:
        """Return the logistic function of how far the odds of the votes are from those of the threshold."""
        share = (votes[:, self.k_ - 1] + 0.5) / (self.k_ + 1)
        return np.asarray(expit(logit(share) - logit(self.m_ / (self.k_ + 1))), dtype=np.float32)


def _known_alike(targets: Targets) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield labels that are known of the same issues, as columns, with these issues, as rows."""
    known, group = np.unique(targets != UNKNOWN, axis=1, return_inverse=True)
    for each in range(known.shape[1]):
        yield np.flatnonzero(group.ravel() == each), np.flatnonzero(known[:, each])


def _map(targets: Targets, votes: Votes) -> NDArray[np.float64]:
    """Return the micro-F1 of each number of neighbours and of votes, (k, m), over the cells that are known."""
    most, known = votes.shape[1], targets != UNKNOWN
    found = np.full((most, most), np.nan)
    for k in range(most):
        rounded = votes[:, k] + 0.5
        for m in range(k + 1):
            found[k, m] = micro_f1(targets, (rounded >= m + 1) & known)
    return found


def _best(found: NDArray[np.float64]) -> tuple[int, int]:
    """Return the k and m with the best micro-F1; of equal ones the largest k, and with it the m nearest to its half."""
    k, m = np.nonzero(found == np.nanmax(found))
    at = min(range(len(k)), key=lambda place: (-k[place], abs(2 * m[place] - k[place]), m[place]))
    return int(k[at]) + 1, int(m[at]) + 1


def _as_report(found: NDArray[np.float64]) -> dict[str, Any]:
    numbers = list(range(1, len(found) + 1))
    return {"k": numbers, "m": numbers, "micro_f1": found}
