"""How a method was chosen, in lines of text."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.choice import parts

COLUMNS = ("micro_f1", "macro_f1", "average_precision")
HEAD = "issues  seconds  micro-F1  macro-F1  average precision"
MOST_NAMED = 10  # labels of one reason


def lines(selection: Mapping[str, Any]) -> list[str]:
    """Return the table of all that was tried, a part for each set of issues, and the labels that are left out."""
    table = selection.get("table", ())
    width = max((len(each["name"]) for each in table), default=0)
    found = [line for on, rows in parts(table) for line in _part(on, rows, width)]
    return [*found, *_left_out(selection.get("left_out", {}))]


def _part(on: str, rows: Sequence[Mapping[str, Any]], width: int) -> list[str]:
    head = f"Measured on {on}, each at the threshold that suits it best there, the best first:"
    measured = [head, f"  {'tried':{width}}  {HEAD}"]
    return [*(measured if on else ["Not measured:"]), *(_row(each, width) for each in rows)]


def _row(entry: Mapping[str, Any], width: int) -> str:
    if entry["micro_f1"] is None:
        return f"  {entry['name']:{width}}  {entry['state']}: {entry['why']}"
    seconds = "" if entry["seconds"] is None else f"{entry['seconds']:.1f}"
    micro, macro, precision = (f"{entry[column]:.3f}" for column in COLUMNS)
    mark = "  *" if entry["state"] == "chosen" else ""
    return (
        f"  {entry['name']:{width}}  {entry['issues']:6}  {seconds:>7}  {micro:>8}  {macro:>8}  {precision:>17}{mark}"
    )


def _left_out(reasons: Mapping[str, str]) -> list[str]:
    """Return a line a reason, so that a hundred rare labels take few."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        by_reason.setdefault(reason, []).append(name)
    return [f"  not learnt: {_some(names)}: {reason}" for reason, names in by_reason.items()]


def _some(names: list[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more
