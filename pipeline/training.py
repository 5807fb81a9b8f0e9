"""Make a model: fit a method, measure it on issues it has not seen, keep what its thresholds are solved from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, partial
from typing import Any, Unpack

import numpy as np

from pipeline.decisions import Decision, PrecisionTargets, Thresholds, decide_all, solve_all
from pipeline.duplicates import duplicate_groups
from pipeline.errors import TooFewIssuesError
from pipeline.issues import UNKNOWN, Issue, Probabilities, Targets, apart, build_targets, fingerprint
from pipeline.label_evidence import ExclusiveGroup, exclusive_groups, one_of_each_group
from pipeline.labels import read_labels
from pipeline.methods import make, method_class
from pipeline.methods.base import FitOptions, Method, Progress
from pipeline.methods.base import cross_fit as cross_fit_method

LEAST_ISSUES = 10  # with a label


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
    selection: Mapping[str, Any] = field(default_factory=dict)  # and all that was tried, see pipeline.selection

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the labels that the model knows, in the order of its columns."""
        return self.recipe.labels

    @cached_property
    def groups(self) -> list[ExclusiveGroup]:
        """Return the groups of labels of which at most one is decided for on an issue."""
        return exclusive_groups(self.held_out_y, self.labels)

    def decidable(self, probabilities: Probabilities) -> Probabilities:
        """Return what is decided on: the probabilities, (issues, labels), NaN for all but one of each group."""
        return one_of_each_group(probabilities, self.groups)

    @cached_property
    def _solved(self) -> dict[PrecisionTargets, list[Thresholds]]:
        return {}

    def thresholds(self, targets: PrecisionTargets) -> list[Thresholds]:
        """Return the thresholds of each label for the precision asked for."""
        if targets not in self._solved:
            self._solved[targets] = solve_all(self.held_out_y, self.decidable(self.held_out_p), targets)
        return self._solved[targets]

    def track_record(self, targets: PrecisionTargets) -> dict[tuple[str, str], tuple[int, int]]:
        """Return by (label, decision) how many held-out decisions were right, and of how many whose truth is known.

        The thresholds were solved on the same predictions, so it flatters a little.
        """
        decisions = decide_all(self.decidable(self.held_out_p), self.thresholds(targets))
        found = {}
        for column, label in enumerate(self.labels):
            for decision in Decision:
                truth = self.held_out_y[decisions[:, column] == decision.value, column]
                found[label, decision.value] = int((truth == 1).sum()), int((truth != UNKNOWN).sum())
        return found

    def score(self, issues: Sequence[Issue], targets: PrecisionTargets | None = None) -> list[list[LabelScore]]:
        """Return every label for each issue, most probable first."""
        solved = self.thresholds(targets or PrecisionTargets())
        p = self.method.predict_proba(issues)
        decisions = decide_all(self.decidable(p), solved)
        return [self._score(*row, solved) for row in zip(p.tolist(), decisions.tolist(), strict=True)]

    def _score(self, p: Sequence[float], decisions: Sequence[str], solved: Sequence[Thresholds]) -> list[LabelScore]:
        scores = [
            LabelScore(name, probability, limits.apply, limits.suggest, Decision(decision))
            for name, probability, decision, limits in zip(self.labels, p, decisions, solved, strict=True)
        ]
        return sorted(scores, key=lambda score: (-score.probability, score.name))


def train(
    issues: Sequence[Issue],
    recipe: Recipe,
    *,
    now: datetime,
    unlabeled: Sequence[Issue] = (),
    progress: Progress | None = None,
) -> Trained:
    """Fit a method on all issues, and predict each of them by a twin that was not trained on it.

    Parameters
    ----------
    unlabeled : sequence of Issue
        Further issues, of which no label is known; none of them is in a hold-out.

    Raises
    ------
    TooFewIssuesError
        If too few issues have a label, or there is no label to learn.
    """
    labelled = sum(bool(set(issue.labels) & set(recipe.labels)) for issue in issues)
    needed = LEAST_ISSUES if getattr(method_class(recipe.method), "needs_labels", True) else 0
    if not recipe.labels or labelled < needed:
        raise TooFewIssuesError(
            f"{labelled} issues have one of the {len(recipe.labels)} labels to learn; {needed} or more are needed"
        )
    known, others = apart(issues, recipe.labels)
    targets = build_targets(known, recipe.labels)
    options: FitOptions = {"unlabeled": [*others, *unlabeled], "labels": read_labels(recipe.labels)}
    options["groups"] = duplicate_groups(known)
    reported: FitOptions = {**options, "progress": progress}
    method = make(recipe.method, recipe.settings).fit(known, targets, seed=recipe.seed, **reported)
    held_out_y, held_out_p = held_out(method, known, targets, recipe, **options)
    return Trained(
        recipe=replace(recipe, settings=method.settings()),
        method=method,
        held_out_y=held_out_y,
        held_out_p=held_out_p,
        fingerprint=fingerprint([*issues, *unlabeled], recipe.labels),
        issues=len(issues),
        created_at=now,
    )


def with_evidence(model: Trained, later: Sequence[Issue], probabilities: Probabilities) -> Trained:
    """Return the model with more held-out evidence for its thresholds: issues that it was not trained on."""
    return replace(
        model,
        held_out_y=np.vstack([model.held_out_y, build_targets(later, model.labels)]),
        held_out_p=np.vstack([model.held_out_p, probabilities]),
    )


def held_out(
    method: Method, issues: Sequence[Issue], targets: Targets, recipe: Recipe, **options: Unpack[FitOptions]
) -> tuple[Targets, Probabilities]:
    """Return truth and prediction of the issues that a model without them predicted, (held out, labels) each.

    The fitted method may have kept that itself, with NaN for the other issues; else it is cross-fitted.
    """
    found: Probabilities | None = getattr(method, "held_out_", None)
    if found is None:
        found = cross_fit(issues, targets, recipe, **options)
    known = ~np.isnan(found).any(axis=1)
    return targets[known], np.asarray(found[known], dtype=np.float32)


def cross_fit(
    issues: Sequence[Issue], targets: Targets, recipe: Recipe, **options: Unpack[FitOptions]
) -> Probabilities:
    """Return the probabilities of each issue by a model fitted on the other folds, (issues, labels)."""
    options.setdefault("labels", read_labels(recipe.labels))
    twin = partial(make, recipe.method, recipe.settings)
    return cross_fit_method(twin, issues, targets, seed=recipe.seed, options=options)
