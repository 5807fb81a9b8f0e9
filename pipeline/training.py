"""Make a model: fit a method, measure it on issues it has not seen, keep what its thresholds are solved from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline import evaluation
from pipeline.decisions import Decision, PrecisionTargets, Thresholds, decide, solve_all
from pipeline.errors import TooFewIssuesError
from pipeline.issues import UNKNOWN, Issue, Probabilities, Targets, build_targets, fingerprint
from pipeline.labels import read_labels
from pipeline.methods import make
from pipeline.methods.base import Method, Progress
from pipeline.splits import cross_fitted, temporal_split

LEAST_ISSUES = 10  # with a label
HOLDOUT_SHARE = 0.2
CANDIDATES = ("naive_bayes", "linear")


@dataclass(frozen=True)
class Recipe:
    """All that determines a model, given the issues."""

    method: str = "linear"
    settings: Mapping[str, Any] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    seed: int = 0


@dataclass(frozen=True)
class LabelScore:
    """One label for one issue: how probable, the thresholds in force, and what follows."""

    name: str
    probability: float
    apply_threshold: float | None
    suggest_threshold: float | None
    decision: Decision


@dataclass(frozen=True)
class Trained:
    """A fitted method with what is needed to decide: held-out truth and probabilities, (issues, labels)."""

    recipe: Recipe
    method: Method
    held_out_y: Targets
    held_out_p: Probabilities
    fingerprint: str
    issues: int
    created_at: datetime
    why: str = ""  # why this method, where it was chosen

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the labels that the model knows, in the order of its columns."""
        return self.recipe.labels

    @cached_property
    def _solved(self) -> dict[PrecisionTargets, list[Thresholds]]:
        return {}

    def thresholds(self, targets: PrecisionTargets) -> list[Thresholds]:
        """Return the thresholds of each label for the precision asked for."""
        if targets not in self._solved:
            self._solved[targets] = solve_all(self.held_out_y, self.held_out_p, targets)
        return self._solved[targets]

    def score(self, issues: Sequence[Issue], targets: PrecisionTargets | None = None) -> list[list[LabelScore]]:
        """Return every label for each issue, most probable first."""
        solved = self.thresholds(targets or PrecisionTargets())
        return [self._score(row.tolist(), solved) for row in self.method.predict_proba(issues)]

    def _score(self, row: Sequence[float], solved: Sequence[Thresholds]) -> list[LabelScore]:
        scores = [
            LabelScore(name, probability, limits.apply, limits.suggest, decide(probability, limits))
            for name, probability, limits in zip(self.labels, row, solved, strict=True)
        ]
        return sorted(scores, key=lambda score: (-score.probability, score.name))


def train(issues: Sequence[Issue], recipe: Recipe, *, now: datetime, progress: Progress | None = None) -> Trained:
    """Fit a method on all issues, and predict each of them by a twin that was not trained on it.

    Raises
    ------
    TooFewIssuesError
        If too few issues have a label, or there is no label to learn.
    """
    labelled = sum(bool(set(issue.labels) & set(recipe.labels)) for issue in issues)
    if not recipe.labels or labelled < LEAST_ISSUES:
        raise TooFewIssuesError(
            f"{labelled} issues have one of the {len(recipe.labels)} labels to learn; {LEAST_ISSUES} or more are needed"
        )
    targets = evidence(issues, recipe.labels)
    method = make(recipe.method, recipe.settings).fit(
        issues, targets, seed=recipe.seed, progress=progress, labels=read_labels(recipe.labels)
    )
    held_out_y, held_out_p = held_out(method, issues, targets, recipe)
    return Trained(
        recipe=replace(recipe, settings=method.settings()),
        method=method,
        held_out_y=held_out_y,
        held_out_p=held_out_p,
        fingerprint=fingerprint(issues, recipe.labels),
        issues=len(issues),
        created_at=now,
    )


def evidence(issues: Sequence[Issue], labels: Sequence[str]) -> Targets:
    """Return the truth to learn from and to judge held-out predictions by, (issues, labels).

    It differs from :func:`build_targets` where people labelled an issue, but with none of `labels`: unknown there, 0
    here, for whoever labelled it found none of them fitting (docs/adr/0004).
    """
    y = build_targets(issues, labels)
    elsewhere = [bool(issue.labels) and not set(issue.labels) & set(labels) for issue in issues]
    y[elsewhere] = np.where(_unconfirmed([i for i, e in zip(issues, elsewhere, strict=True) if e], labels), UNKNOWN, 0)
    return y


def with_evidence(model: Trained, later: Sequence[Issue], probabilities: Probabilities) -> Trained:
    """Return the model with more held-out evidence for its thresholds: issues that it was not trained on."""
    return replace(
        model,
        held_out_y=np.vstack([model.held_out_y, evidence(later, model.labels)]),
        held_out_p=np.vstack([model.held_out_p, probabilities]),
    )


def _unconfirmed(issues: Sequence[Issue], labels: Sequence[str]) -> NDArray[np.bool_]:
    cells = [[label in issue.unconfirmed for label in labels] for issue in issues]
    return np.array(cells, dtype=bool).reshape(len(issues), len(labels))


def held_out(
    method: Method, issues: Sequence[Issue], targets: Targets, recipe: Recipe
) -> tuple[Targets, Probabilities]:
    """Return truth and prediction of the issues that a model without them predicted, (held out, labels) each.

    The fitted method may have kept that itself, with NaN for the other issues; else it is cross-fitted.
    """
    found: Probabilities | None = getattr(method, "held_out_", None)
    if found is None:
        found = cross_fit(issues, targets, recipe)
    known = ~np.isnan(found).any(axis=1)
    return targets[known], np.asarray(found[known], dtype=np.float32)


def cross_fit(issues: Sequence[Issue], targets: Targets, recipe: Recipe) -> Probabilities:
    """Return the probabilities of each issue by a model fitted on the other folds, (issues, labels)."""

    def predict(outside: list[int], inside: list[int]) -> Probabilities:
        twin = make(recipe.method, recipe.settings)
        twin.fit([issues[i] for i in outside], targets[outside], seed=recipe.seed)
        return twin.predict_proba([issues[i] for i in inside])

    return cross_fitted(targets, predict, seed=recipe.seed)


def choose(issues: Sequence[Issue], labels: tuple[str, ...], *, seed: int, now: datetime) -> tuple[Recipe, str]:
    """Return the recipe that is best on the newest fifth of the issues, each trained on the rest only, and why."""
    earlier, later = temporal_split(issues, round(len(issues) * HOLDOUT_SHARE))
    y = np.maximum(build_targets(later, labels), 0)
    found: dict[str, float] = {}
    for name in CANDIDATES:
        recipe = Recipe(method=name, labels=labels, seed=seed)
        found[name] = evaluation.average_precision(y, train(earlier, recipe, now=now).method.predict_proba(later))
    best = max(found, key=lambda name: found[name])
    figures = ", ".join(f"{name} {value:.3f}" for name, value in found.items())
    why = f"{best} has the best average precision on the newest {len(later)} issues: {figures}"
    return Recipe(method=best, labels=labels, seed=seed), why


def train_best(
    issues: Sequence[Issue], labels: tuple[str, ...], *, seed: int, now: datetime, progress: Progress | None = None
) -> Trained:
    """Choose a method on a later hold-out within `issues`, and train it on all of them."""
    recipe, why = choose(issues, labels, seed=seed, now=now)
    return replace(train(issues, recipe, now=now, progress=progress), why=why)
