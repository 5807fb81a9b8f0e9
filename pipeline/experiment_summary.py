"""What the runs of an experiment say together: means over seeds, paired differences, tiers, calibration. Pure."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from pipeline.decisions import Decision, PrecisionTargets, decide_all, solve_all
from pipeline.experiment import Outcome, Size
from pipeline.issues import Probabilities, Targets
from pipeline.label_evidence import exclusive_groups, one_of_each_group

Row = Mapping[str, Any]
METRICS = ("micro_f1", "macro_f1")
CONFIDENCE = 0.95
BINS = 10
GRID = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)  # precisions asked for, along a curve
REFERENCE = "naive_bayes"


@dataclass(frozen=True)
class Spread:
    """The mean over seeds, and its standard deviation; None where there is one seed only."""

    mean: float
    sd: float | None
    seeds: int


def spread(values: Sequence[float]) -> Spread:
    """Return mean and sample standard deviation."""
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return Spread(float(np.mean(values)), sd, len(values))


def cells(rows: Iterable[Row], metric: str) -> dict[tuple[str, Size], Spread]:
    """Return a metric by method and slice, over the seeds that did not fail."""
    return {key: spread(values) for key, values in _by_cell(rows, metric).items()}


def slowest(rows: Iterable[Row], metric: str) -> dict[tuple[str, Size], Spread]:
    """Return the most seconds by method and slice: later seeds reuse what an earlier one has embedded."""
    return {key: Spread(max(values), None, len(values)) for key, values in _by_cell(rows, metric).items()}


def _by_cell(rows: Iterable[Row], metric: str) -> dict[tuple[str, Size], list[float]]:
    found: dict[tuple[str, Size], list[float]] = {}
    for row in rows:
        if "error" not in row:
            found.setdefault((row["method"], row["slice"]), []).append(row[metric])
    return found


# --- differences


@dataclass(frozen=True)
class Difference:
    """By how much a method is better than another on a slice, over the seeds that both have.

    The interval is Student's, 95 %, two-sided; None with fewer than two seeds.
    """

    method: str
    other: str
    slice: Size
    metric: str
    mean: float
    interval: tuple[float, float] | None
    seeds: int


def differences(rows: Sequence[Row], methods: Sequence[str]) -> list[Difference]:
    """Compare every method with the first, and with naive Bayes, by slice and metric, paired by seed."""
    others = [name for name in dict.fromkeys((*methods[:1], REFERENCE)) if name in methods]
    values = {(r["method"], r["slice"], r["seed"]): r for r in rows if "error" not in r}
    slices = list(dict.fromkeys(row["slice"] for row in rows))
    found = []
    for other in others:
        for method in (name for name in methods if name != other):
            for size in slices:
                pairs = _pairs(values, method, other, size)
                found += [_difference(method, other, size, metric, pairs) for metric in METRICS if pairs]
    return found


def _pairs(values: Mapping[tuple[str, Size, int], Row], method: str, other: str, size: Size) -> list[tuple[Row, Row]]:
    mine = {seed: row for (name, at, seed), row in values.items() if (name, at) == (method, size)}
    return [(row, values[other, size, seed]) for seed, row in mine.items() if (other, size, seed) in values]


def _difference(method: str, other: str, size: Size, metric: str, pairs: list[tuple[Row, Row]]) -> Difference:
    gains = np.array([one[metric] - two[metric] for one, two in pairs])
    return Difference(method, other, size, metric, float(gains.mean()), student_interval(gains), len(pairs))


def student_interval(values: NDArray[np.float64]) -> tuple[float, float] | None:
    """Return the two-sided 95 % interval of a mean; None of fewer than two values."""
    if len(values) < 2:
        return None
    half = float(student.ppf((1 + CONFIDENCE) / 2, len(values) - 1) * values.std(ddof=1) / math.sqrt(len(values)))
    mean = float(values.mean())
    return mean - half, mean + half


# --- tiers


@dataclass(frozen=True)
class Tier:
    """One decision on the test issues: how many labels, how many right, and on which share of the issues."""

    labels: int
    right: int
    coverage: float

    @property
    def precision(self) -> float | None:
        """Return the share of right ones; None where there is none."""
        return self.right / self.labels if self.labels else None


def tiers(y: Targets, outcomes: Sequence[Outcome], targets: PrecisionTargets) -> dict[str, Tier]:
    """Return apply, suggest and withhold over all seeds, by thresholds solved on each run's held-out predictions.

    Of what is withheld, coverage is the share of the issues on which nothing is applied or suggested.
    """
    chosen = np.concatenate([_decided(outcome, targets) for outcome in outcomes])
    apply, suggest = chosen == Decision.APPLY, chosen == Decision.SUGGEST  # (seeds × test, labels)
    truth = np.tile(y == 1, (len(outcomes), 1))
    withheld = ~(apply | suggest)
    return {
        "apply": _tier(truth, apply, float(apply.any(axis=1).mean())),
        "suggest": _tier(truth, suggest, float(suggest.any(axis=1).mean())),
        "withhold": _tier(truth, withheld, float(withheld.all(axis=1).mean())),
    }


def _decided(outcome: Outcome, targets: PrecisionTargets) -> NDArray[np.str_]:
    y = outcome.held_out_y
    groups = exclusive_groups(y, [str(column) for column in range(y.shape[1])])
    solved = solve_all(y, one_of_each_group(outcome.held_out_p, groups), targets)
    return decide_all(one_of_each_group(outcome.test_p, groups), solved)


def _tier(truth: NDArray[np.bool_], chosen: NDArray[np.bool_], coverage: float) -> Tier:
    return Tier(int(chosen.sum()), int((truth & chosen).sum()), coverage)


def precision_coverage(
    y: Targets, outcomes: Sequence[Outcome], confidence: float, *, also: float = 0.9
) -> list[tuple[float, float | None, float]]:
    """Return (precision asked for, precision on the test, coverage on the test) of what would be applied."""
    goals = sorted({*GRID, also})
    applied = [(goal, tiers(y, outcomes, PrecisionTargets(goal, goal, confidence))["apply"]) for goal in goals]
    return [(goal, tier.precision, tier.coverage) for goal, tier in applied]


# --- calibration


def reliability(y: Targets, p: Probabilities) -> list[tuple[float, float, int]]:
    """Return (mean probability, share that is right, how many) of ten equal ranges of probability; none empty."""
    truth, given = (y == 1).ravel(), p.ravel().astype(np.float64)
    which = np.minimum((given * BINS).astype(int), BINS - 1)
    found = [(given[which == each], truth[which == each]) for each in range(BINS)]
    return [(float(inside.mean()), float(right.mean()), len(inside)) for inside, right in found if len(inside)]


def calibration_error(bins: Sequence[tuple[float, float, int]]) -> float:
    """Return how far probability and share lie apart, weighted by how many there are."""
    total = sum(count for _, _, count in bins)
    return sum(abs(mean - share) * count for mean, share, count in bins) / total if total else 0.0
