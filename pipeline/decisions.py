"""From probabilities to decisions: per-label thresholds that keep a target precision, given the evidence. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from pipeline.issues import UNKNOWN, Probabilities, Targets

EVEN = 0.5  # the F1 threshold where nothing is known
TRUST_IN_HALF = 5  # half of the best F1 counts as a threshold as much as so many positives
RESAMPLES = 50


class Decision(StrEnum):
    """What to do with one label on one issue."""

    APPLY = "apply"
    SUGGEST = "suggest"
    WITHHOLD = "withhold"


@dataclass(frozen=True)
class PrecisionTargets:
    """The precision asked for, and how sure it must be: one-sided confidence of the lower bound."""

    apply: float = 0.9
    suggest: float = 0.6
    confidence: float = 0.8


@dataclass(frozen=True)
class Thresholds:
    """The least probability at which a label may be applied or suggested; None where the evidence allows neither.

    `missing` counts the right held-out predictions that would have to come, with no wrong one among them, before the
    label may be applied; 0 where it may be.
    """

    apply: float | None
    suggest: float | None
    missing: int


def lower_bound(right: NDArray[np.int64], total: NDArray[np.int64], confidence: float) -> NDArray[np.float64]:
    """Return the one-sided lower confidence bound of a proportion; exact.

    References
    ----------
    Clopper & Pearson (1934), doi:10.1093/biomet/26.4.404.
    """
    bound: NDArray[np.float64] = betaincinv(np.maximum(right, 1), total - right + 1, 1 - confidence)
    return np.where(right > 0, bound, 0.0)


def faultless_needed(precision: float, confidence: float) -> int:
    """Return how many held-out predictions, all right, show a precision: 16 for 0.9 at 80 %."""
    return math.ceil(math.log(1 - confidence) / math.log(precision))


def solve(y: NDArray[np.int8], p: NDArray[np.float32], targets: PrecisionTargets) -> Thresholds:
    """Return the least thresholds for a label at which held-out predictions keep the target precisions.

    Parameters
    ----------
    y, p : arrays
        Truth (1, 0 or UNKNOWN) and probability of each held-out issue, (issues,); UNKNOWN and NaN are left out.
    """
    known = (y != UNKNOWN) & ~np.isnan(p)
    order = np.argsort(-p[known], kind="stable")
    ranked, truth = p[known][order], y[known][order].astype(np.int64)
    right, total = truth.cumsum(), np.arange(1, len(truth) + 1)
    cuts = _cuts(ranked, right)
    bound = np.where(cuts, lower_bound(right, total, targets.confidence), 0.0)
    apply = _least(ranked, bound, targets.apply)
    missing = 0 if apply is not None else _missing(right[cuts], total[cuts], targets)
    return Thresholds(apply, _solve_band(ranked, truth, apply, targets), missing)


def _solve_band(
    ranked: NDArray[np.float32], truth: NDArray[np.int64], apply: float | None, targets: PrecisionTargets
) -> float | None:
    """Return the least threshold at which what is suggested, less sure than what is applied, keeps its own target."""
    band = ranked < (np.inf if apply is None else apply)
    ranked, right = ranked[band], truth[band].cumsum()
    bound = lower_bound(right, np.arange(1, len(right) + 1), targets.confidence)
    suggest = _least(ranked, np.where(_cuts(ranked, right), bound, 0.0), targets.suggest)
    return apply if suggest is None else suggest


def _cuts(ranked: NDArray[np.float32], right: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return after which predictions a cut can be made: it parts no equal ones, and what it adds is not all wrong.

    A cut that goes on through wrong ones as long as the bound allows would end far down, where nearly all are wrong.
    """
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True)[: len(ranked)])
    cuts = np.zeros(len(ranked), dtype=bool)
    cuts[ends[np.diff(right[ends], prepend=0) > 0]] = True
    return cuts


def _least(ranked: NDArray[np.float32], bound: NDArray[np.float64], target: float) -> float | None:
    reached = np.flatnonzero(bound >= target)
    return float(ranked[reached[-1]]) if len(reached) else None


def _missing(right: NDArray[np.int64], total: NDArray[np.int64], targets: PrecisionTargets) -> int:
    """Return how many more right predictions, and no wrong one, the cut that needs fewest would need."""
    needed = faultless_needed(targets.apply, targets.confidence)
    for extra in range(1, needed):
        if (lower_bound(right + extra, total + extra, targets.confidence) >= targets.apply).any():
            return extra
    return needed


def solve_all(y: Targets, p: Probabilities, targets: PrecisionTargets) -> list[Thresholds]:
    """Return the thresholds of each label, given held-out (issues, labels)."""
    return [solve(y[:, column], p[:, column], targets) for column in range(p.shape[1])]


def decide_all(p: Probabilities, thresholds: Sequence[Thresholds]) -> NDArray[np.str_]:
    """Return the decision on each label of each issue, (issues, labels); NaN is withheld."""
    wide = p.astype(np.float64)
    reached = [wide >= _limits(limits) for limits in ([t.apply for t in thresholds], [t.suggest for t in thresholds])]
    return np.select(reached, [Decision.APPLY.value, Decision.SUGGEST.value], Decision.WITHHOLD.value)


def _limits(limits: Sequence[float | None]) -> NDArray[np.float64]:
    return np.array([np.inf if limit is None else limit for limit in limits])


def f1_threshold(y: Targets, p: Probabilities) -> float:
    """Return one threshold for all labels, at which held-out predictions have the best micro-F1.

    It is the mean of the best over resamples of the issues, which varies less than the best, drawn towards half of the
    best F1 as if five labels had said that; without any evidence it is 0.5. Both were chosen on issues of a training
    period.

    Parameters
    ----------
    y, p : arrays
        Truth (1, 0 or UNKNOWN) and probability, (issues, labels); UNKNOWN cells, and rows with a NaN, are left out.

    References
    ----------
    Lipton, Elkan & Naryanaswamy (2014), doi:10.1007/978-3-662-44851-9_15: at true probabilities, the threshold of the
    best F1 is half of that F1.
    """
    rows = ~np.isnan(p).any(axis=1)
    positives, random = int((y[rows] == 1).sum()), np.random.default_rng(0)
    if not positives:
        return EVEN
    y, p = y[rows], p[rows]
    draws = (random.integers(0, len(y), len(y)) for _ in range(RESAMPLES))
    mean = float(np.mean([_best_f1(y[draw], p[draw])[0] for draw in draws]))
    half = _best_f1(y, p)[1] / 2
    return (positives * mean + TRUST_IN_HALF * half) / (positives + TRUST_IN_HALF)


def _best_f1(y: Targets, p: Probabilities) -> tuple[float, float]:
    """Return the threshold of the best micro-F1, half-way to the next lower probability, and that F1.

    Without a positive, 0.5 and 1.
    """
    known = y != UNKNOWN
    if not (y == 1).any():
        return EVEN, 1.0
    order = np.argsort(-p[known], kind="stable")
    ranked, right = p[known][order].astype(np.float64), (y[known][order] == 1).cumsum()
    f1 = 2 * right / (np.arange(1, len(ranked) + 1) + right[-1])
    lower = np.append(ranked[1:], 0.0)
    best = int(np.where(ranked > lower, f1, 0.0).argmax())
    return float(ranked[best] + lower[best]) / 2, float(f1[best])
