"""An evaluation's report as a page: one file that needs nothing else, in light and dark."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from bot.report_evaluate import METRICS, Cells, Findings, headline, notes
from bot.report_html import data_uri, page
from bot.report_plots import Picture
from pipeline import experiment_summary as summary
from pipeline.experiment import Size
from pipeline.experiment_summary import Difference, Tier

_MORE = {
    "macro_f1_all": "Macro-F1 over all labels",
    "average_precision": "Average precision, which needs no threshold",
    "train_s": "Seconds to train, held-out predictions included, slowest seed",
    "predict_s": "Seconds to predict the test issues, slowest seed",
}


def render(found: Findings, drawn: Sequence[Picture]) -> str:
    """Return the page."""
    return page(
        "evaluate.html",
        found=found,
        headline=headline(found),
        metrics={title: Cells(found, metric) for metric, title in METRICS.items()},
        more={title: Cells(found, metric) for metric, title in _MORE.items()},
        differences=_by_other(found),
        tiers=list(_tiers(found)),
        rounds=_round_tables(found),
        notes=notes(found),
        pictures=[(each, data_uri(each.light), data_uri(each.dark)) for each in drawn],
    )


_Gains: TypeAlias = dict[tuple[str, str], dict[Size, Difference]]  # by method and metric, then by slice


def _by_other(found: Findings) -> dict[str, _Gains]:
    """Return the differences by what they are differences from."""
    others: dict[str, _Gains] = {}
    for each in summary.differences(found.rows, found.methods):
        rows = others.setdefault(each.other, {})
        rows.setdefault((each.method, METRICS[each.metric]), {})[each.slice] = each
    return others


def _tiers(found: Findings) -> Iterator[tuple[str, Size, dict[str, Tier]]]:
    for size in reversed(found.slices):
        for name in found.methods:
            if seeds := found.seeds(name, size):
                yield name, size, summary.tiers(found.split.test_y, seeds, found.targets)


def _round_tables(found: Findings) -> list[tuple[str, list[str], list[Mapping[str, Any]]]]:
    """Return the rounds of each run that tells of some: the run's name, the columns, and the rows."""
    tables = []
    for run, outcome in found.good.items():
        told = outcome.report.get("ust_rounds")
        if isinstance(told, list) and told and all(isinstance(each, Mapping) for each in told):
            tables.append((run.name, list(dict.fromkeys(key for each in told for key in each)), told))
    return tables
