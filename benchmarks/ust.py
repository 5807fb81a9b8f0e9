"""`ust` against its own teacher, on 32 and 64 labelled issues: `python -m benchmarks.ust [SEEDS]`.

Teachers and students are compared on issues 1,000 to 1,500 in time order, with slices of those before. The default of
`ust`, its teacher and what else tells why are then measured on the newest 500. Teacher and students have the same
features and the same rule for the threshold. All features are computed once, for their texts are the same whichever of
them are labelled.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from scipy.special import expit
from threadpoolctl import threadpool_limits

from benchmarks.setting import LABELS, gain, issues
from pipeline import evaluation
from pipeline.decisions import f1_threshold
from pipeline.experiment import Run, Slices
from pipeline.experiment_split import split
from pipeline.issues import Issue, Probabilities, without_labels
from pipeline.methods.head import Head
from pipeline.methods.linear import texts_of
from pipeline.methods.self_training import Plan, SelfTraining
from pipeline.methods.ust import Ust

SIZES, TEST = (32, 64), 500
METRICS = ("micro-F1", "macro-F1", "macro-F1, all", "precision")  # the last one: average precision
Figures = NDArray[np.float64]  # (seeds, metrics)


@dataclass(frozen=True)
class Contestant:
    """How it self-trains, and on how many directions of the features: `ust` keeps all."""

    plan: Plan
    components: int = 10_000


CHOSEN = Ust().plan()
OWN, STRONGEST = "teacher", "teacher of 100 components"  # the latter by average precision in the training period
TEACHERS = {
    OWN: Contestant(replace(CHOSEN, rounds=0)),
    STRONGEST: Contestant(replace(CHOSEN, rounds=0), 100),
    "teacher of 300 components": Contestant(replace(CHOSEN, rounds=0), 300),
}
OTHER_TEACHERS = {
    f"teacher of strength {each:g}": Contestant(replace(CHOSEN, rounds=0, strength=each)) for each in (1.0, 5.0, 100.0)
}
STUDENTS = {
    "ust": Contestant(CHOSEN),
    "ust, up to 5 rounds": Contestant(replace(CHOSEN, rounds=5)),
    "ust, easy": Contestant(replace(CHOSEN, scheme="easy")),
    "ust, half of the guesses": Contestant(replace(CHOSEN, share=0.5)),
    "ust, guesses count 1": Contestant(replace(CHOSEN, trust=1.0)),
    "ust of 300 components": Contestant(CHOSEN, 300),
    "ust of 100 components": Contestant(CHOSEN, 100),
}


class Features:
    """Those of all issues of the training period, and of the test issues in the same directions."""

    def __init__(self, slices: Slices) -> None:
        whole, self._method, self.slices = slices.split, Ust(), slices
        test = without_labels(whole.test)
        with threadpool_limits(1):
            self._basis = self._method.basis(without_labels([*whole.labelled, *whole.others]))
            sparse, dense = self._method._features(test, texts_of(test))
        self._test = hstack([sparse, csr_matrix(dense)], format="csr")

    def run(self, contestant: Contestant, size: int, seed: int) -> tuple[list[float], list[float]]:
        """Return the figures of the test, and what each round scored on held-out issues of the slice."""
        whole, rows = self.slices.split, self.slices.rows(Run("ust", size, seed))
        features = np.ascontiguousarray(self._basis.features[:, : contestant.components])
        pool, targets = np.setdiff1d(np.arange(len(features)), rows), whole.targets[rows]
        training = SelfTraining(contestant.plan, features[rows], targets, features[pool], LABELS)
        with threadpool_limits(1):
            training.run(seed=seed, report=lambda done: None)
        p = self._predict(training.head_)
        found = evaluation.measure(whole.test_y, p >= f1_threshold(targets, training.held_out_), whole.labels)
        every = float(np.mean([each.f1 for each in found.per_label]))
        figures = [found.micro_f1, found.macro_f1, every, evaluation.average_precision(whole.test_y, p)]
        return figures, [each["average_precision"] for each in training.rounds_]

    def _predict(self, head: Head) -> Probabilities:
        """Return the probabilities of the test issues; the directions that the head knows nothing of count nothing."""
        wide = np.zeros((self._basis.features.shape[1], len(head.bias)), dtype=np.float32)
        wide[: len(head.weights)] = head.weights
        weights, shift = self._basis.weights(wide)
        return np.asarray(expit(self._test @ weights + head.bias + shift), dtype=np.float32)


@dataclass(frozen=True)
class Line:
    """A contestant on a slice: its figures, (seeds, metrics), and the held-out scores of its rounds."""

    figures: Figures
    rounds: Sequence[Sequence[float]]

    def means(self) -> list[str]:
        """Return the mean of each figure."""
        return [f"{label} {mean:.3f}" for label, mean in zip(METRICS, self.figures.mean(axis=0), strict=True)]

    def over(self, other: "Line") -> Iterator[str]:
        """Return the mean gain of each figure with an interval, paired by seed."""
        for label, gains in zip(METRICS, (self.figures - other.figures).T, strict=True):
            yield f"{label} {gain(gains)}"


def main(seeds: int = 10) -> int:
    """Measure and print."""
    earlier, later = issues()
    print("On issues of the training period")
    compare(earlier, {**TEACHERS, **OTHER_TEACHERS, **STUDENTS}, seeds)
    print("On the newest 500")
    compare([*earlier, *later], {**TEACHERS, **STUDENTS}, seeds)
    return 0


def compare(found: Sequence[Issue], contestants: Mapping[str, Contestant], seeds: int) -> None:
    """Print each one's figures on each slice, against two teachers, and how the held-out score went by round."""
    features = Features(Slices(split(found, LABELS, test=TEST), SIZES))
    for size in SIZES:
        lines: dict[str, Line] = {}
        for name, contestant in contestants.items():
            runs = [features.run(contestant, size, seed) for seed in range(seeds)]
            lines[name] = Line(np.array([figures for figures, _ in runs]), [rounds for _, rounds in runs])
            print(f"{size:3} {name:28}", *lines[name].means(), sep="  ", flush=True)
            if contestant.plan.rounds:
                for teacher in (OWN, STRONGEST):
                    print(f"    over the {teacher:26}", *lines[name].over(lines[teacher]), sep="  ", flush=True)
                print("    rounds:", "; ".join(" ".join(f"{each:.3f}" for each in run) for run in lines[name].rounds))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])))
