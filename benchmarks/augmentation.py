"""Naive Bayes with and without augmented copies, from 8 to 64 labelled issues: `python -m benchmarks.augmentation`.

The configurations are compared on issues 1,000 to 1,500 in time order, with slices of those before. The chosen one,
which is the default of `augmented`, and those that tell why, are then measured on the newest 500. Five seeds each.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.setting import LABELS, gain, issues
from pipeline import evaluation
from pipeline.decisions import f1_threshold
from pipeline.experiment import Run, Slices
from pipeline.experiment_split import split
from pipeline.issues import Issue, Probabilities, without_labels
from pipeline.labels import read_labels
from pipeline.methods import make
from pipeline.training import Recipe, cross_fit

SIZES, SEEDS, TEST = (8, 16, 32, 64), 5, 500
METRICS = ("micro-F1", "macro-F1", "macro-F1, all", "precision")  # the last one: average precision
Figures = NDArray[np.float64]  # (seeds, sizes, metrics)


@dataclass(frozen=True)
class Contestant:
    """A method with settings."""

    method: str = "augmented"
    settings: Mapping[str, Any] = field(default_factory=dict)


def eda(rate: float, nearest: int, copies: int) -> Contestant:
    """Return naive Bayes with all four changes by words at one rate."""
    rates = dict.fromkeys(("replaced", "inserted", "swapped", "deleted"), rate)
    return Contestant(settings={"how": "perturbation", "how_settings": {**rates, "nearest": nearest}, "copies": copies})


def tfidf(rate: float, copies: int) -> Contestant:
    """Return naive Bayes with replacement by TF-IDF."""
    return Contestant(settings={"how": "tfidf", "how_settings": {"rate": rate}, "copies": copies})


WITHOUT = {"naive_bayes": Contestant("naive_bayes")}
CHOSEN = {"augmented": Contestant()}
TELLING = {
    "alpha 0.2, which is 4 verbatim copies": Contestant("naive_bayes", {"alpha": 0.2}),
    "tfidf 0.1 x4": tfidf(0.1, 4),
    "tfidf 0.3 x4": tfidf(0.3, 4),
}
TRIED = {f"perturbation {r} of {k} x{n}": eda(r, k, n) for r in (0.1, 0.2, 0.3) for k in (5, 10) for n in (2, 4, 8)}


def main() -> int:
    """Measure and print."""
    earlier, later = issues()
    print("On issues of the training period:", ", ".join(METRICS))
    compare(earlier, {**WITHOUT, **CHOSEN, **TELLING, **TRIED})
    print("On the newest 500:", ", ".join(METRICS))
    compare([*earlier, *later], {**WITHOUT, **CHOSEN, **TELLING})
    return 0


def compare(found: Sequence[Issue], contestants: Mapping[str, Contestant]) -> None:
    """Print each contestant's mean figures over the slices, and its gain over the first one, paired by seed."""
    slices = Slices(split(found, LABELS, test=TEST), SIZES)
    reference: Figures | None = None
    for name, contestant in contestants.items():
        figures = measure(slices, contestant)
        reference = figures if reference is None else reference
        gains = (figures - reference).mean(axis=1)  # (seeds, metrics)
        for metric, label in enumerate(METRICS):
            by_slice = " ".join(f"{value:.3f}" for value in figures[:, :, metric].mean(axis=0))
            mean = figures[:, :, metric].mean()
            print(f"{name:40} {label:14} {mean:.3f} ({by_slice})  {gain(gains[:, metric])}", flush=True)


def measure(slices: Slices, contestant: Contestant) -> Figures:
    """Return the figures of a contestant."""
    return np.array([[_run(slices, contestant, size, seed) for size in SIZES] for seed in range(SEEDS)])


def _run(slices: Slices, contestant: Contestant, size: int, seed: int) -> list[float]:
    """Fit on a slice, choose the threshold on held-out predictions about it, and return the figures of the test."""
    whole, rows = slices.split, slices.rows(Run(contestant.method, size, seed))
    inside, targets = [whole.labelled[row] for row in rows], whole.targets[rows]
    others = [issue for row, issue in enumerate(whole.labelled) if row not in set(rows)]
    method = make(contestant.method, contestant.settings)
    unlabeled = without_labels([*others, *whole.others])
    method.fit(inside, targets, seed=seed, unlabeled=unlabeled, labels=read_labels(whole.labels))
    held_out: Probabilities | None = getattr(method, "held_out_", None)
    if held_out is None:
        held_out = cross_fit(inside, targets, Recipe(contestant.method, contestant.settings, whole.labels, seed))
    p = method.predict_proba(without_labels(whole.test))
    found = evaluation.measure(whole.test_y, p >= f1_threshold(targets, held_out), whole.labels)
    every = float(np.mean([each.f1 for each in found.per_label]))
    return [found.micro_f1, found.macro_f1, every, evaluation.average_precision(whole.test_y, p)]


if __name__ == "__main__":
    sys.exit(main())
