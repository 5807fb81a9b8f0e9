"""Compare methods fairly: one hold-out for all, nested training slices drawn by seed, every run done alike.

A run fits one method on one slice with one seed. A slice of n holds n labelled issues, whatever a method sets aside of
them for its own validation; the other issues of the training period are given without their labels. What a run
chooses, it chooses on held-out predictions about its slice; the test issues are predicted once, and measured.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np

from pipeline import evaluation
from pipeline.decisions import f1_threshold
from pipeline.experiment_report import report_of
from pipeline.experiment_split import Split
from pipeline.issues import Probabilities, Targets, build_targets, fingerprint, without_labels
from pipeline.labels import read_labels
from pipeline.methods import make, method_class
from pipeline.methods.base import FitOptions, Method, Progress
from pipeline.splits import nested_slices
from pipeline.training import Recipe, held_out
from pipeline.zero_shot_analysis import analyse

ALL: Literal["all"] = "all"
Size: TypeAlias = int | Literal["all"]
SIZES: tuple[Size, ...] = (8, 16, 32, 64, 128, ALL)
LEAST_ENCODER, ENCODER_SEEDS, ENCODER_SEEDS_ALL = 32, 3, 1  # a method that trains an encoder takes minutes a fit
SHOWN_TO_ZERO_SHOT = 300  # labelled issues of the training period, to see what a threshold or a top-k would do


# --- which runs


@dataclass(frozen=True)
class Run:
    """One method, on one slice, with one seed; slice 0 is for a method that needs no labelled issue."""

    method: str
    slice: Size
    seed: int

    @property
    def name(self) -> str:
        """Return the name that its files have."""
        return f"{self.method}-{self.slice}-{self.seed}"


def plan(methods: Sequence[str], sizes: Sequence[Size], seeds: int) -> list[Run]:
    """Return the runs, those of small slices first.

    A method without need of labels runs once, on slice 0. One that trains an encoder (`encoder = True`) is left out
    below 32, and gets three seeds at most, one at "all".
    """
    runs = [Run(name, 0, 0) for name in methods if not _needs_labels(name)]
    for size in sorted(sizes, key=lambda size: float("inf") if size == ALL else size):
        for name in filter(_needs_labels, methods):
            runs += [Run(name, size, seed) for seed in range(_seeds(name, size, seeds))]
    return runs


def _needs_labels(method: str) -> bool:
    return bool(getattr(method_class(method), "needs_labels", True))


def _seeds(method: str, size: Size, seeds: int) -> int:
    if not getattr(method_class(method), "encoder", False):
        return seeds
    if size == ALL:
        return min(seeds, ENCODER_SEEDS_ALL)
    return min(seeds, ENCODER_SEEDS) if size >= LEAST_ENCODER else 0


def usable(sizes: Sequence[Size], labelled: int) -> list[Size]:
    """Return the slices for which there are enough labelled issues."""
    return [size for size in sizes if size == ALL or size <= labelled]


@dataclass
class Slices:
    """The labelled issues that the slices of each seed hold: nested, and drawn once a seed."""

    split: Split
    sizes: Sequence[Size]
    _drawn: dict[int, dict[Size, list[int]]] = field(default_factory=dict)

    def rows(self, run: Run) -> list[int]:
        """Return the rows of a run's slice in `split.labelled`."""
        if run.slice == 0:
            return []
        if run.slice == ALL:
            return list(range(len(self.split.labelled)))
        if run.seed not in self._drawn:
            self._drawn[run.seed] = self._draw(run.seed)
        return self._drawn[run.seed][run.slice]

    def _draw(self, seed: int) -> dict[Size, list[int]]:
        """Draw the slices of a seed; which others are drawn changes none of them."""
        sizes = sorted({size for size in self.sizes if size != ALL})
        drawn = nested_slices(self.split.targets, sizes, seed)
        return {size: rows.tolist() for size, rows in zip(sizes, drawn, strict=True)}

    def fingerprint(self, run: Run) -> str:
        """Return what tells a run's training data from any other."""
        return fingerprint([self.split.labelled[row] for row in self.rows(run)], self.split.labels)


# --- one run


@dataclass(frozen=True)
class Outcome:
    """What came of a run: its row of the results, the predictions behind it, and what the method tells of itself.

    Where the run failed, the row has an `error`, and all arrays are empty.
    """

    row: Mapping[str, Any]
    test_p: Probabilities  # (test, labels)
    held_out_y: Targets  # (held out, labels), of the slice
    held_out_p: Probabilities
    report: Mapping[str, Any] = field(default_factory=dict)


def attempt(slices: Slices, run: Run, *, progress: Progress | None = None) -> Outcome:
    """Do a run; what a method fails with is its result."""
    try:
        return execute(slices, run, progress=progress)
    except Exception as error:  # noqa: BLE001 - hours of other runs must not be lost to one method's mistake
        nothing = np.zeros((0, len(slices.split.labels)), dtype=np.float32)
        row = {**_about(slices, run), "error": f"{type(error).__name__}: {error}"}
        return Outcome(row, nothing, nothing.astype(np.int8), nothing)


def execute(slices: Slices, run: Run, *, progress: Progress | None = None) -> Outcome:
    """Fit, choose a threshold on held-out predictions about the slice, predict the test issues, measure."""
    begun = time.monotonic()
    whole, rows = slices.split, slices.rows(run)
    method = _fit(whole, rows, run, progress)
    y, p = _held_out(method, whole, rows, run)
    threshold = f1_threshold(y, p)
    trained = time.monotonic()
    test_p = method.predict_proba(without_labels(whole.test))
    predicted = time.monotonic()
    row = {
        **_about(slices, run),
        **_figures(whole, test_p, threshold),
        "train_s": round(trained - begun, 3),
        "predict_s": round(predicted - trained, 3),
    }
    return Outcome(row, test_p, y, p, _report(method, whole, run))


def _about(slices: Slices, run: Run) -> dict[str, Any]:
    return {"method": run.method, "slice": run.slice, "n": len(slices.rows(run)), "seed": run.seed}


def _fit(whole: Split, rows: list[int], run: Run, progress: Progress | None) -> Method:
    inside = [whole.labelled[row] for row in rows]
    options: FitOptions = {**_options(whole, rows), "progress": progress}
    return make(run.method, {}).fit(inside, whole.targets[rows], seed=run.seed, **options)


def _options(whole: Split, rows: list[int]) -> FitOptions:
    inside = set(rows)
    unlabeled = [issue for row, issue in enumerate(whole.labelled) if row not in inside]
    return {"unlabeled": without_labels([*unlabeled, *whole.others]), "labels": read_labels(whole.labels)}


def _held_out(method: Method, whole: Split, rows: list[int], run: Run) -> tuple[Targets, Probabilities]:
    """Return truth and prediction of the issues of the slice, as far as each was predicted by a model without it."""
    targets, issues = whole.targets[rows], [whole.labelled[row] for row in rows]
    if not rows:
        return targets, targets.astype(np.float32)
    recipe = Recipe(run.method, method.settings(), whole.labels, run.seed)
    return held_out(method, issues, targets, recipe, **_options(whole, rows))


def _figures(whole: Split, p: Probabilities, threshold: float) -> dict[str, float]:
    if p.shape != whole.test_y.shape or not np.isfinite(p).all():
        raise ValueError(f"not a probability of each label for each test issue: {p.shape}, or not finite")
    found = evaluation.measure(whole.test_y, p >= threshold, whole.labels)
    return {
        "micro_f1": found.micro_f1,
        "macro_f1": found.macro_f1,
        "macro_f1_all": float(np.mean([each.f1 for each in found.per_label])),
        "average_precision": evaluation.average_precision(whole.test_y, p),
        "threshold": threshold,
    }


def _report(method: Method, whole: Split, run: Run) -> dict[str, Any]:
    """Return what the method tells, and of one without labels what it does with labelled issues before the test."""
    if _needs_labels(run.method):
        return report_of(method)
    shown = whole.labelled[-SHOWN_TO_ZERO_SHOT:]
    p = method.predict_proba(without_labels(shown))
    return report_of(method, zero_shot=analyse(build_targets(shown, whole.labels), p, whole.labels))


def remaining(runs: Sequence[Run], done: Mapping[Run, Outcome]) -> Iterator[Run]:
    """Return the runs that are neither done nor failed."""
    return (run for run in runs if run not in done or "error" in done[run].row)
