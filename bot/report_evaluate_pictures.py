"""Which pictures there are of an evaluation. `report_plots` draws them."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from bot import report_plots
from bot.report_evaluate import METRICS, Findings
from bot.report_plots import Curve, Picture
from pipeline import experiment_summary as summary
from pipeline.experiment import Outcome, Size
from pipeline.issues import Targets

MOST_LINES = 10  # in a picture


def pictures(found: Findings) -> list[Picture]:
    """Return every picture that can be drawn of these runs."""
    if not found.good:
        return []
    drawn = [_learning_curves(found), _reliability(found), _precision_coverage(found)]
    return [*drawn, *_told(found)]


def _learning_curves(found: Findings) -> Picture:
    return report_plots.learning_curves({title: _curves(found, metric) for metric, title in METRICS.items()})


def _curves(found: Findings, metric: str) -> list[Curve]:
    cells, sizes = summary.cells(found.rows, metric), {run.slice: int(o.row["n"]) for run, o in found.good.items()}
    curves = []
    for place, name in enumerate(found.methods):
        points = {sizes[size]: spread for (method, size), spread in cells.items() if method == name}
        labelled = [n for n in sorted(points) if n]
        if labelled:
            curves.append(Curve(name, place, labelled, [points[n] for n in labelled]))
        if 0 in points:
            curves.append(Curve(name, place, [], [points[0]]))
    return curves


def _reliability(found: Findings) -> Picture:
    y = found.split.test_y
    bins = {_label(found, name, size): _pooled(y, seeds) for name, (size, seeds) in found.largest().items()}
    return report_plots.reliability(bins, {name: summary.calibration_error(each) for name, each in bins.items()})


def _pooled(y: Targets, seeds: Sequence[Outcome]) -> list[tuple[float, float, int]]:
    return summary.reliability(np.tile(y, (len(seeds), 1)), np.vstack([outcome.test_p for outcome in seeds]))


def _precision_coverage(found: Findings) -> Picture:
    y, targets = found.split.test_y, found.targets
    curves = {
        _label(found, name, size): summary.precision_coverage(y, seeds, targets.confidence, also=targets.apply)
        for name, (size, seeds) in found.largest().items()
    }
    return report_plots.precision_coverage(curves, targets.apply, "thresholds from held-out predictions of each run")


def _label(found: Findings, name: str, size: Size) -> str:
    return name if size == found.slices[-1] else f"{name} ({found.heading(size)})"


def _told(found: Findings) -> Iterator[Picture]:
    """Draw what methods tell of themselves: of each method the run on its largest slice that tells it."""
    makers = {
        "zero_shot": report_plots.zero_shot,
        "knn_map": report_plots.knn_map,
        "mlm_loss": partial(_steps, found),
        "ust_rounds": _rounds,
    }
    for name in found.methods:
        reports = [outcome.report for run, outcome in found.good.items() if run.method == name]
        for key, make in makers.items():
            told = next((report[key] for report in reversed(reports) if report.get(key)), None)
            if told is not None:
                yield from _try(make, name, told)


def _try(make: Any, name: str, told: Any) -> Iterator[Picture]:
    """Leave a picture out where a method does not keep to the contract of :mod:`pipeline.experiment_report`."""
    try:
        yield make(name, told)
    except (AttributeError, LookupError, TypeError, ValueError):
        return


def _steps(found: Findings, name: str, _told: Any) -> Picture:
    runs = [(run, outcome) for run, outcome in found.good.items() if run.method == name and run.seed == 0]
    series = [(f"slice {run.slice}", _losses(outcome.report.get("mlm_loss") or [])) for run, outcome in runs]
    title, note = f"{name}: loss of the domain adaptation", "Masked-LM training on the issues before the test, seed 0."
    return report_plots.lines(f"mlm-loss-{name}", title, note, ("step", "masked-LM loss"), series[-MOST_LINES:])


def _losses(told: Sequence[tuple[float, float | None]]) -> list[tuple[float, float]]:
    return [(step, loss) for step, loss in told if loss is not None]


def _rounds(name: str, told: Sequence[Mapping[str, Any]]) -> Picture:
    """Draw what each round tells as a number between 0 and 1."""
    keys = list(dict.fromkeys(key for each in told for key in each if key != "round"))
    series = [
        (key, [(each.get("round", at), each[key]) for at, each in enumerate(told) if _share(each.get(key))])
        for key in keys
    ]
    title, note = f"{name}: round by round", "What each round tells of itself, of the run on the largest slice."
    return report_plots.lines(f"ust-rounds-{name}", title, note, ("round", ""), series[:MOST_LINES])


def _share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
