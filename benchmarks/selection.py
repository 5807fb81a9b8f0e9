"""What is lost by letting evidence choose a method, from 8 labelled issues to all: `python -m benchmarks.selection`.

For each slice and seed a method is chosen on the slice alone, and fitted on it; so is every single candidate. All
predict the test issues, each at the threshold for F1 that its held-out predictions about the slice give. Regret is the
best single candidate's F1 less that of the chosen method. With `--validation` the test is issues 1,000 to 1,500, and
the slices are of those before; otherwise it is the newest 500. Only methods of seconds take part, unless `--all`.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.setting import LABELS, issues
from pipeline import candidates, evaluation
from pipeline.candidates import Candidate
from pipeline.decisions import f1_threshold
from pipeline.experiment import ALL, SIZES, Run, Size, Slices
from pipeline.experiment_split import split
from pipeline.issues import Issue, without_labels
from pipeline.labels import read_labels
from pipeline.methods import make
from pipeline.methods.base import FitOptions
from pipeline.selection import Wanted, choose_for
from pipeline.training import Recipe, held_out

SEEDS, TEST, SECONDS = 3, 500, 600.0


@dataclass(frozen=True)
class F1:
    """Both F1s on the test issues."""

    micro: float
    macro: float


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--validation", action="store_true")
    parser.add_argument("--all", action="store_true")
    args = parser.parse_args()
    if not args.all:
        candidates.LADDER = tuple(each for each in candidates.ladder() if not each.slow and each.method != "ust")
    earlier, later = issues()
    slices = Slices(split(earlier if args.validation else [*earlier, *later], LABELS, test=TEST), SIZES)
    rows = [_cell(slices, size, seed) for size in SIZES for seed in range(1 if size == ALL else SEEDS)]
    _show(rows)
    return 0


@dataclass(frozen=True)
class Cell:
    """What came of one slice."""

    size: Size
    name: str
    chosen: F1
    singles: dict[str, F1]

    @property
    def regret(self) -> float:
        """Return the micro-F1 that the best single candidate has more."""
        return max(each.micro for each in self.singles.values()) - self.chosen.micro


def _cell(slices: Slices, size: Size, seed: int) -> Cell:
    rows = slices.rows(Run("", size, seed))
    begun = time.monotonic()
    inside = [slices.split.labelled[row] for row in rows]
    wanted = Wanted(tuple(LABELS), seed, SECONDS)
    recipe, choice = choose_for(inside, wanted, unlabeled=_others(slices, rows))
    seconds = time.monotonic() - begun
    singles = {each.method: _measure(slices, rows, _recipe(each, seed)) for each in candidates.ladder()}
    name = next(each.name for each in choice.table if each.state == "chosen")
    cell = Cell(size, name, _measure(slices, rows, recipe), singles)
    told = ", ".join(f"{method} {found.micro:.3f}/{found.macro:.3f}" for method, found in singles.items())
    print(f"{size!s:>4} seed {seed}: {name} {cell.chosen.micro:.3f}/{cell.chosen.macro:.3f}, ", end="")
    print(f"regret {cell.regret:+.3f}; {told}; {seconds:.0f} s to choose; ", end="")
    print(f"left out: {', '.join(choice.left_out) or 'none'}", flush=True)
    return cell


def _recipe(candidate: Candidate, seed: int) -> Recipe:
    return Recipe(candidate.method, candidate.settings, tuple(LABELS), seed)


def _others(slices: Slices, rows: Sequence[int]) -> list[Issue]:
    inside = set(rows)
    others = [issue for row, issue in enumerate(slices.split.labelled) if row not in inside]
    return without_labels([*others, *slices.split.others])


def _measure(slices: Slices, rows: Sequence[int], recipe: Recipe) -> F1:
    """Fit on the slice, and measure on the test; a label that is not learnt is never predicted."""
    whole, columns = slices.split, [LABELS.index(name) for name in recipe.labels]
    inside, targets = [whole.labelled[row] for row in rows], whole.targets[list(rows)][:, columns]
    options: FitOptions = {"unlabeled": _others(slices, rows), "labels": read_labels(recipe.labels)}
    method = make(recipe.method, recipe.settings).fit(inside, targets, seed=recipe.seed, **options)
    threshold = f1_threshold(*held_out(method, inside, targets, recipe, **options))
    p = np.zeros(whole.test_y.shape, dtype=np.float32)
    p[:, columns] = method.predict_proba(without_labels(whole.test))
    found = evaluation.measure(whole.test_y, p >= threshold, whole.labels)
    return F1(found.micro_f1, found.macro_f1)


def _show(cells: Sequence[Cell]) -> None:
    means = []
    for size in SIZES:
        here = [cell for cell in cells if cell.size == size]
        micro, macro, over_micro, over_macro = np.mean([_row(cell) for cell in here], axis=0)
        means.append(float(np.mean([cell.regret for cell in here])))
        print(f"{size!s:>4}: chosen {micro:.3f}/{macro:.3f}, regret {means[-1]:+.3f}, ", end="")
        print(f"over naive Bayes {over_micro:+.3f}/{over_macro:+.3f}")
    worst = max(cell.regret for cell in cells)
    print(f"regret: mean of slices {np.mean(means):+.3f}, worst slice {max(means):+.3f}, worst run {worst:+.3f}")


def _row(cell: Cell) -> list[float]:
    bayes = cell.singles["naive_bayes"]
    return [cell.chosen.micro, cell.chosen.macro, cell.chosen.micro - bayes.micro, cell.chosen.macro - bayes.macro]


if __name__ == "__main__":
    sys.exit(main())
