"""What came of a choice between methods: what each was measured on, how it did there, and which was chosen.

Figures measured on different issues are never ranked against each other: the table has a part for each set of issues.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


def merit(micro_f1: float, average_precision: float) -> float:
    """Return what candidates are ranked by on the same issues: at one threshold, and whatever the threshold."""
    return (micro_f1 + average_precision) / 2


@dataclass(frozen=True)
class Entry:
    """A row of the table: a candidate, and what came of it on the issues of one part; `on` says which these are."""

    name: str
    what: str
    state: str  # chosen, compared, skipped or failed
    why: str = ""
    seconds: float | None = None
    on: str = ""
    issues: int | None = None
    micro_f1: float | None = None
    macro_f1: float | None = None
    average_precision: float | None = None

    @property
    def mean(self) -> float:
        """Return the merit; of what was not measured 0."""
        return merit(self.micro_f1 or 0.0, self.average_precision or 0.0)


@dataclass(frozen=True)
class Choice:
    """What was chosen, why, and all that was tried.

    Parameters
    ----------
    table : sequence of Entry
        As :func:`ranked` sorts it.
    left_out : mapping of str to str
        Labels that cannot be learnt, with the reason; they are not among `labels`.
    """

    method: str
    settings: Mapping[str, Any]
    labels: tuple[str, ...]
    why: str
    table: tuple[Entry, ...]
    left_out: Mapping[str, str]

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON takes it."""
        return {"why": self.why, "table": [asdict(each) for each in self.table], "left_out": dict(self.left_out)}


def ranked(entries: Iterable[Entry], decided_on: str) -> tuple[Entry, ...]:
    """Return the part in which it was decided first, in each part the best first, and last what was not measured."""

    def place(entry: Entry) -> tuple[Any, ...]:
        return entry.issues is None, entry.on != decided_on, entry.on, -(entry.issues or 0), -entry.mean

    return tuple(sorted(entries, key=place))


def parts(table: Iterable[Mapping[str, Any]]) -> list[tuple[str, Sequence[Mapping[str, Any]]]]:
    """Return the rows of a table, as JSON has them, by what they were measured on, in words; "" for not at all."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in table:
        found.setdefault(_on(row), []).append(row)
    return list(found.items())


def _on(row: Mapping[str, Any]) -> str:
    """Return on what a row was measured; a table of an earlier release tells only on how many issues."""
    issues, on = row["issues"], row.get("on")
    if issues is None:
        return ""
    if not on:
        return f"{issues} issues"
    return on if on.startswith(f"{issues} ") else f"{issues} of the {on}"
