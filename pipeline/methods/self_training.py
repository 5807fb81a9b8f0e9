"""The rounds of uncertainty-aware self-training, on features: a teacher guesses, a student learns, and teaches next.

Nothing is read or written here, and what is random is seeded. The method for issues is :mod:`pipeline.methods.ust`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from pipeline import uncertainty
from pipeline.evaluation import average_precision
from pipeline.issues import UNKNOWN, Probabilities, Targets
from pipeline.methods.base import Progress
from pipeline.methods.head import Head, Rows, Values, fit_head
from pipeline.methods.linear import platt
from pipeline.splits import FOLDS, folds
from pipeline.uncertainty import Chosen, Scheme


@dataclass(frozen=True)
class Plan:
    """How to self-train; :class:`pipeline.methods.ust.Ust` says what each of these is."""

    strength: float
    dropout: float
    passes: int
    scheme: Scheme
    share: float
    trust: float
    rounds: int


@dataclass(frozen=True)
class Lane:
    """One run of teacher and students: taught all folds but one, and judged by that one; or taught all."""

    inside: NDArray[np.int64]  # rows of the labelled issues
    outside: NDArray[np.int64]
    random: np.random.Generator


@dataclass(frozen=True)
class Guesses:
    """What a teacher takes issues for that it does not know."""

    yes: Chosen  # (unlabelled, labels)
    drawn: Chosen  # of these cells, those to learn from
    cells: Values  # and how much each counts
    outside: Chosen  # (outside, labels): as probable as the least probable yes of the label


class Found(NamedTuple):
    """A head whose scores are calibrated, and the probabilities of the labelled issues held out from its twins."""

    head: Head
    held_out: Probabilities


class SelfTraining:
    """Fit a teacher, then student after student, until the labelled issues that were held out gain nothing.

    Each round is done with all labelled issues, and without each of five folds of them. What those say of the issues
    that they were not taught decides when to stop; no other issue is asked. The score is the average precision over all
    labels together, after each label's scores were calibrated on the same held-out issues, teachers' as students'.

    After :meth:`run`, `head_` is the student of the best round, or the teacher; `held_out_` is what its twins say of
    the issues held out from them, (labelled, labels), NaN where there was none; `rounds_` and `stopped_because_` tell
    how it went. As the best round is chosen on `held_out_`, that is a little better than the truth.

    Parameters
    ----------
    labelled, pool : arrays
        Features of the labelled and of the unlabelled issues, (issues, features).
    names : sequence of str
        Of the labels, for `rounds_`.
    """

    def __init__(self, plan: Plan, labelled: Rows, targets: Targets, pool: Rows, names: Sequence[str]) -> None:
        self.plan, self.labelled, self.targets, self.pool, self.names = plan, labelled, targets, pool, names
        self._truth: Values = (targets == 1).astype(np.float32)
        self._known: Values = (targets != UNKNOWN).astype(np.float32)

    def run(self, *, seed: int, report: Progress, groups: NDArray[np.int64] | None = None) -> None:
        """Do the rounds, and keep the best; of `groups`, (labelled,), see :func:`pipeline.splits.folds`."""
        lanes = self._lanes(seed, groups)
        heads = [self._teacher(lane) for lane in lanes]
        found = self._calibrated(lanes, heads)
        self.head_, self.held_out_ = found
        best = self._score(found)
        self.rounds_: list[dict[str, Any]] = [{"round": 0, "average_precision": best}]
        self.stopped_because_ = "all rounds are done" if len(self.pool) else "there are no unlabelled issues"
        for number in range(1, self.plan.rounds + 1 if len(self.pool) else 1):
            report(number / (self.plan.rounds + 1))
            guesses = [self._guess(lane, head) for lane, head in zip(lanes, heads, strict=True)]
            heads = [self._student(lane, guess) for lane, guess in zip(lanes, guesses, strict=True)]
            found = self._calibrated(lanes, heads)
            score = self._score(found)
            self.rounds_.append({"round": number, **self._tell(score, best, lanes, guesses)})
            if score <= best:
                self.stopped_because_ = f"round {number} gained nothing"
                break
            best, (self.head_, self.held_out_) = score, found
        report(1.0)

    def _lanes(self, seed: int, groups: NDArray[np.int64] | None) -> list[Lane]:
        """Return a lane without each fold, and last the one of all."""
        fold = folds(self.targets, k=FOLDS, seed=seed, groups=groups)
        parts = [(np.flatnonzero(fold != each), np.flatnonzero(fold == each)) for each in range(FOLDS)]
        parts = [part for part in parts if len(part[0]) and len(part[1])]
        parts.append((np.arange(len(fold)), np.arange(0)))
        return [Lane(*part, np.random.default_rng([seed, number])) for number, part in enumerate(parts)]

    def _teacher(self, lane: Lane) -> Head:
        known = lane.inside
        return fit_head(self.labelled[known], self._truth[known], self._known[known], strength=self.plan.strength)

    def _guess(self, lane: Lane, head: Head) -> Guesses:
        """Ask the stochastic passes of a teacher, and choose what to learn from."""
        plan, count = self.plan, len(self.pool)
        asked = np.vstack([self.pool, self.labelled[lane.outside]])
        samples = head.passes(asked, count=plan.passes, dropout=plan.dropout, random=lane.random)
        found = uncertainty.measure(samples[:, :count])
        yes = uncertainty.guess(found.mean, self._rates(lane))
        drawn = uncertainty.select(yes, found.bald, plan.share, scheme=plan.scheme, random=lane.random)
        cells = np.where(drawn, uncertainty.weights(found.variance), 0.0)
        cells *= plan.trust * self._known[lane.inside].sum() / max(cells.sum(), 1e-12)
        least = np.where(yes, found.mean, np.inf).min(axis=0, initial=np.inf)  # (labels,)
        return Guesses(yes, drawn, cells.astype(np.float32), samples[:, count:].mean(axis=0) >= least)

    def _rates(self, lane: Lane) -> NDArray[np.float64]:
        """Return the share of the labelled issues with each label, (labels,), of those of which it is known."""
        known = self._known[lane.inside].sum(axis=0, dtype=np.float64)
        return np.asarray(self._truth[lane.inside].sum(axis=0) / np.maximum(known, 1))

    def _student(self, lane: Lane, guesses: Guesses) -> Head:
        """Fit a head afresh on what is known and what is guessed."""
        return fit_head(
            np.vstack([self.labelled[lane.inside], self.pool]),
            np.vstack([self._truth[lane.inside], guesses.yes]),
            np.vstack([self._known[lane.inside], guesses.cells]),
            strength=self.plan.strength,
        )

    def _calibrated(self, lanes: Sequence[Lane], heads: Sequence[Head]) -> Found:
        """Return the head of all labelled issues, and what the others say of those held out from them."""
        scores = np.full(self.targets.shape, np.nan)
        for lane, head in zip(lanes, heads, strict=True):
            scores[lane.outside] = self.labelled[lane.outside] @ head.weights + head.bias
        held_out = ~np.isnan(scores)
        judged = np.where(held_out, self.targets, UNKNOWN)
        lines = [platt(np.nan_to_num(scores[:, label]), judged[:, label]) for label in range(judged.shape[1])]
        slope, shift = np.array(lines, dtype=np.float32).T  # (labels,) each
        head = Head(slope * heads[-1].weights, slope * heads[-1].bias + shift)
        return Found(head, expit(slope * scores + shift).astype(np.float32))

    def _score(self, found: Found) -> float:
        cells = (self._known > 0) & ~np.isnan(found.held_out)
        return average_precision(self.targets[cells], found.held_out[cells])

    def _tell(self, score: float, before: float, lanes: Sequence[Lane], guesses: Sequence[Guesses]) -> dict[str, Any]:
        """Return what a round was: its score, what was guessed, and how many guesses about known issues are right."""
        right, said = self._judge(lanes, guesses)
        yes = (guesses[-1].yes & guesses[-1].drawn).sum(axis=0)
        return {
            "average_precision": score,
            "gain": score - before,
            "cells": int(guesses[-1].drawn.sum()),
            "yes_by_label": self._by_label(yes.tolist()),
            "precision": float(right.sum() / said.sum()) if said.any() else None,
            "precision_by_label": self._by_label([f"{r}/{s}" if s else "" for r, s in zip(right, said, strict=True)]),
        }

    def _judge(self, lanes: Sequence[Lane], guesses: Sequence[Guesses]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return how many yes about held-out cells that are known were right, and how many there were, (labels,)."""
        said = [each.outside & (self._known[lane.outside] > 0) for lane, each in zip(lanes, guesses, strict=True)]
        right = [each & (self._truth[lane.outside] > 0) for lane, each in zip(lanes, said, strict=True)]
        return np.vstack(right).sum(axis=0), np.vstack(said).sum(axis=0)

    def _by_label(self, values: Sequence[Any]) -> str:
        return ", ".join(f"{name} {value}" for name, value in zip(self.names, values, strict=True) if value)
