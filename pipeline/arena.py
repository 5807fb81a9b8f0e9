"""Where candidates meet: the same issues, predicted by each of them without having seen these.

Arrays are (issues, labels), of the issues that are judged: truth is 1, 0 or UNKNOWN, a prediction a probability.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipeline import evaluation
from pipeline.blending import learn
from pipeline.candidates import Candidate
from pipeline.choice import merit
from pipeline.decisions import f1_threshold
from pipeline.duplicates import duplicate_groups
from pipeline.issues import Issue, Probabilities, Targets, by_age, without_labels
from pipeline.labels import read_labels
from pipeline.methods import make
from pipeline.methods.base import FitOptions, Issues, Progress, cross_fit
from pipeline.splits import Rows, cross_fitted, stratified_split

HOLDOUT_SHARE = 0.25  # the newest issues
ROUNDS = 200  # of a paired bootstrap


@dataclass(frozen=True)
class Material:
    """What there is to learn from: issues of which some label is known, with what is known, and the others."""

    issues: Issues
    targets: Targets
    labels: tuple[str, ...]
    unlabeled: Issues
    seed: int

    @cached_property
    def groups(self) -> Rows:
        """Return the group of each issue, the same for those that say the same, (issues,)."""
        return duplicate_groups(self.issues)

    @cached_property
    def labelled(self) -> int:
        """Return how many issues have at least one of the labels."""
        return int((self.targets == 1).any(axis=1).sum())

    def part(self, rows: Rows, unlabeled: Issues) -> "Material":
        """Return some of the issues as material of its own."""
        return Material([self.issues[row] for row in rows], self.targets[rows], self.labels, unlabeled, self.seed)


@dataclass(frozen=True)
class Arena:
    """What candidates are fitted on, and the later issues that they are judged on.

    Without later issues they are judged on what they are fitted on, each predicted by a twin without it.
    """

    material: Material
    later: Issues
    later_y: Targets

    @property
    def y(self) -> Targets:
        """Return the truth of the issues that are judged."""
        return self.later_y if len(self.later) else self.material.targets

    @cached_property
    def groups(self) -> Rows:
        """Return the group of each issue that is judged, the same for those that say the same, (issues,)."""
        return duplicate_groups(self.later) if len(self.later) else self.material.groups

    @property
    def about(self) -> str:
        """Return in words on what candidates are judged."""
        if len(self.later):
            dated = all(issue.created_at for issue in [*self.material.issues, *self.later])
            return f"{len(self.later)} {'newest' if dated else 'randomly drawn'} issues, after a fit on the others"
        return f"{len(self.material.issues)} issues, each predicted by a twin that did not see it"

    def predict(self, candidate: Candidate, progress: Progress | None) -> Probabilities:
        """Fit a candidate and return its predictions; a row that it did not hold out is NaN."""
        material, method = self.material, make(candidate.method, candidate.settings)
        options: FitOptions = {"unlabeled": material.unlabeled, "labels": read_labels(material.labels)}
        options |= {"groups": material.groups, "progress": progress}
        fitted = method.fit(material.issues, material.targets, seed=material.seed, **options)
        if len(self.later):
            return fitted.predict_proba(without_labels(self.later))
        found: Probabilities | None = getattr(fitted, "held_out_", None)
        if found is not None:
            return found
        return cross_fit(
            lambda: make(candidate.method, candidate.settings),
            material.issues,
            material.targets,
            seed=material.seed,
            options={**options, "progress": progress and (lambda done: progress(1.0))},  # it may still be stopped
        )

    def blend(self, predictions: Sequence[Probabilities]) -> Probabilities:
        """Return the blend of several candidates' predictions, its weights learnt on the other folds."""

        def predict(outside: list[int], inside: list[int]) -> Probabilities:
            mixture = learn(self.y[outside], [p[outside] for p in predictions])
            return mixture([p[inside] for p in predictions])

        return cross_fitted(self.y, predict, seed=self.material.seed, groups=self.groups)


def cross_fitting(material: Material) -> Arena:
    """Return the arena in which every issue is predicted by twins: for few issues, and methods of seconds."""
    return Arena(material, (), material.targets[:0])


def holding_out(material: Material) -> Arena:
    """Return the arena in which the newest quarter is held out; a stratified one where not all issues have a date.

    What says the same as a held-out issue is not learnt from.
    """
    dated = all(issue.created_at is not None for issue in material.issues)
    earlier, later = _newest(material) if dated else _drawn(material)
    earlier = earlier[~np.isin(material.groups[earlier], material.groups[later])]
    held_out = [material.issues[row] for row in later]
    unlabeled = _before(material.unlabeled, held_out) if dated else material.unlabeled
    return Arena(material.part(earlier, unlabeled), held_out, material.targets[later])


def _newest(material: Material) -> tuple[Rows, Rows]:
    order = np.array(by_age(material.issues), dtype=np.int64)
    cut = len(order) - round(len(order) * HOLDOUT_SHARE)
    return order[:cut], order[cut:]


def _drawn(material: Material) -> tuple[Rows, Rows]:
    return stratified_split(material.targets, share=HOLDOUT_SHARE, seed=material.seed, groups=material.groups)


def _before(issues: Issues, later: Issues) -> list[Issue]:
    """Return the issues that were there before all of the later ones."""
    start = min((issue.created_at for issue in later if issue.created_at is not None), default=None)
    return [issue for issue in issues if start is None or (issue.created_at is not None and issue.created_at < start)]


# --- how good predictions are


@dataclass(frozen=True)
class Score:
    """What is measured of predictions, at the one threshold that suits them best."""

    issues: int
    micro_f1: float
    macro_f1: float
    average_precision: float

    @property
    def mean(self) -> float:
        """Return what candidates are ranked by."""
        return merit(self.micro_f1, self.average_precision)


def score(y: Targets, p: Probabilities, labels: Sequence[str]) -> Score:
    """Return the score over the rows that were predicted; an unknown cell counts as 0."""
    y, p = _predicted(y, p)
    found = evaluation.measure(y, p >= f1_threshold(y, p), labels)
    return Score(len(y), found.micro_f1, found.macro_f1, evaluation.average_precision(y, p))


def probability_better(y: Targets, one: Probabilities, other: Probabilities, groups: Rows, *, seed: int) -> float:
    """Return in which share of resamples `one` scores higher than `other`, each at its own threshold.

    What is resampled are the groups of issues, (issues,), that say the same.

    References
    ----------
    Berg-Kirkpatrick, Burkett & Klein (2012), An empirical investigation of statistical significance in NLP.
    """
    both = ~np.isnan(one).any(axis=1) & ~np.isnan(other).any(axis=1)
    y, one, other = y[both], one[both], other[both]
    found, unit = np.unique(groups[both], return_inverse=True)
    members = [np.flatnonzero(unit == each) for each in range(len(found))]
    limits = f1_threshold(y, one), f1_threshold(y, other)
    random, wins = np.random.default_rng(seed), 0
    for _ in range(ROUNDS):
        rows = np.concatenate([members[each] for each in random.integers(0, len(members), len(members))])
        first, second = (_mean(y[rows], p[rows], limit) for p, limit in zip((one, other), limits, strict=True))
        wins += first > second
    return wins / ROUNDS


def _mean(y: Targets, p: Probabilities, limit: float) -> float:
    return merit(evaluation.micro_f1(y, p >= limit), evaluation.average_precision(y, p))


def _predicted(y: Targets, p: Probabilities) -> tuple[NDArray[np.int8], Probabilities]:
    rows = ~np.isnan(p).any(axis=1)
    return y[rows], p[rows]
