"""What an evaluation found: its rows, its tables, and the words about them. `report_evaluate_html` makes the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from bot.dashboard import formats
from pipeline import experiment_summary as summary
from pipeline.decisions import PrecisionTargets
from pipeline.evaluation import LEAST_SUPPORT
from pipeline.experiment import Outcome, Run, Size
from pipeline.experiment_split import Split
from pipeline.experiment_summary import Spread
from pipeline.methods import method_class

METRICS = {"micro_f1": "micro-F1", "macro_f1": "macro-F1"}


@dataclass(frozen=True)
class Findings:
    """All that the report is made of; the runs in the order in which they were planned."""

    source: str
    split: Split
    methods: tuple[str, ...]
    outcomes: Mapping[Run, Outcome]
    targets: PrecisionTargets
    too_large: Sequence[Size] = ()  # slices asked for that the labelled issues do not suffice for
    data: str = ""  # about the issues, in words

    @cached_property
    def rows(self) -> list[Mapping[str, Any]]:
        """Return the rows of `results.json`."""
        return [outcome.row for outcome in self.outcomes.values()]

    @cached_property
    def good(self) -> dict[Run, Outcome]:
        """Return the runs that did not fail."""
        return {run: outcome for run, outcome in self.outcomes.items() if "error" not in outcome.row}

    @property
    def failed(self) -> list[Mapping[str, Any]]:
        """Return the rows of the runs that failed."""
        return [row for row in self.rows if "error" in row]

    @property
    def slices(self) -> list[Size]:
        """Return the slices, small ones first."""
        return list(dict.fromkeys(run.slice for run in self.outcomes))

    def seeds(self, method: str, size: Size) -> list[Outcome]:
        """Return the outcomes of a method on a slice."""
        return [outcome for run, outcome in self.good.items() if (run.method, run.slice) == (method, size)]

    def largest(self) -> dict[str, tuple[Size, list[Outcome]]]:
        """Return for each method the largest slice on which it has succeeded, with what came of it."""
        found = {}
        for name in self.methods:
            sizes = [run.slice for run in self.good if run.method == name]
            if sizes:
                found[name] = (sizes[-1], self.seeds(name, sizes[-1]))
        return found

    def heading(self, size: Size) -> str:
        """Name a slice, with how many labelled issues it has where its name does not say."""
        return f"all ({len(self.split.labelled):,})" if size == "all" else f"{size:,}"


# --- in words


class Cells:
    """A table of one metric: a row a method, a column a slice."""

    def __init__(self, found: Findings, metric: str) -> None:
        self.is_seconds = metric.endswith("_s")
        self.values = (summary.slowest if self.is_seconds else summary.cells)(found.rows, metric)
        tops = {size: [v.mean for (_, at), v in self.values.items() if at == size] for size in found.slices}
        self.best = {size: max(means, default=None) for size, means in tops.items()}
        self.digits = 1 if self.is_seconds else 3

    def text(self, method: str, size: Size) -> str:
        """Write mean and deviation; a dash where there is none."""
        cell = self.values.get((method, size))
        return "—" if cell is None else written(cell, self.digits)

    def is_best(self, method: str, size: Size) -> bool:
        """Tell whether no method is better on that slice."""
        cell = self.values.get((method, size))
        return cell is not None and cell.mean == self.best[size]


def written(cell: Spread, digits: int = 3) -> str:
    """Write mean and deviation, and no more of either than is asked for."""
    mean = f"{cell.mean:.{digits}f}"
    return mean if cell.sd is None else f"{mean} ± {cell.sd:.{digits}f}"


def headline(found: Findings) -> str:
    """Say which method had the highest micro-F1 with the most labels, if the test can tell."""
    positives = (found.split.test_y == 1).sum(axis=0)  # (labels,)
    if not positives.any():
        return f"None of the {len(found.split.test):,} test issues has one of the labels: this test can tell nothing."
    cells = summary.cells(found.rows, "micro_f1")
    macro = summary.cells(found.rows, "macro_f1")
    size = next((size for size in reversed(found.slices) if any(at == size for _, at in cells)), None)
    if size is None:
        return "No run succeeded."
    best = max((name for name, at in cells if at == size), key=lambda name: cells[name, size].mean)
    issues = len(found.split.labelled) if size == "all" else size
    common = bool((positives >= LEAST_SUPPORT).any())  # labels that the macro average is over
    return (
        f"With {formats.count(issues, 'labelled issue')}, {best} has the highest micro-F1 on the "
        f"{len(found.split.test):,} test issues: {written(cells[best, size])}; its macro-F1 is "
        f"{written(macro[best, size]) if common else f'— (no label is on {LEAST_SUPPORT} of them)'}."
    )


def notes(found: Findings) -> list[str]:
    """Say how it was measured."""
    split = found.split
    test, labelled, none = len(split.test), len(split.labelled), int((~split.test_y.astype(bool).any(axis=1)).sum())
    elsewhere = int((~(split.targets == 1).any(axis=1)).sum())
    drawn = "the newest ones" if split.dated else "drawn at random, every label in proportion, as not all have dates"
    told = [
        f"{test:,} test issues, {drawn}; {none:,} of them have none of the labels: whatever is put on those "
        "counts as wrong.",
        f"{labelled:,} labelled issues to train on, in nested slices drawn anew for each seed; what a method sets "
        f"aside to validate by counts. Issues without a label ({len(split.others):,}), and labelled ones that are not "
        "in a slice, were given without their labels.",
        "Thresholds were chosen on predictions about the slice by models that had not seen the issue: one for the best "
        "micro-F1, drawn towards half of that F1 where there is little to choose by; no test issue chose anything.",
        "Seconds are those of the slowest seed: vectors of texts that an earlier run has embedded are used again.",
        "Macro-F1 is over the labels with at least 10 test issues, and once more over all.",
        f"Labels: {', '.join(split.labels)}.",
    ]
    if split.removed:
        told.insert(2, f"{formats.count(len(split.removed), 'earlier issue')} left out that say the same as another.")
    if elsewhere:
        told.insert(2, f"Labelled issues with other labels only, which tell that none of these fits: {elsewhere:,}.")
    if any(run.slice == 0 for run in found.outcomes):
        told.append("A method that needs no label ran once, without any.")
    if any(getattr(method_class(name), "encoder", False) for name in found.methods):
        told.append(
            "A method that trains an encoder runs on 32 labelled issues or more, with three seeds at most; once on all."
        )
    if found.too_large:
        told.append(f"Left out, for want of labelled issues: slices of {', '.join(map(str, found.too_large))}.")
    return told
