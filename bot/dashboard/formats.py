"""How figures, moments and metrics are written on the pages."""

import shlex
from collections.abc import Mapping
from datetime import datetime
from typing import Any

RIVAL = "champion_"
NBSP = "\N{NO-BREAK SPACE}"
AGES = ((86_400 * 60, 0, ""), (86_400, 86_400, "d"), (3_600, 3_600, "h"), (60, 60, "min"), (1, 1, "s"))


def percent(value: float | None) -> str:
    """Write a share as a whole percentage; an em dash where there is none."""
    return "—" if value is None else f"{100 * value:.0f}{NBSP}%"


def interval(value: tuple[float, float] | None) -> str:
    """Write a 95 % interval."""
    return "" if value is None else f"{100 * value[0]:.0f}–{100 * value[1]:.0f}{NBSP}%"


def count(value: int, one: str, many: str | None = None) -> str:
    """Write a number with its noun, in the singular or the plural."""
    return f"{value:,} {one if value == 1 else many or one + 's'}"


def duration(seconds: float) -> str:
    """Write how long something took."""
    return f"{1000 * seconds:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def ago(moment: datetime, now: datetime) -> str:
    """Write how long ago a moment was, or its date where that is more than two months."""
    age = (now - moment).total_seconds()
    for least, unit, name in AGES:
        if age >= least:
            return f"{age // unit:.0f} {name} ago" if unit else moment.strftime("%-d %b %Y")
    return "just now"


def exact(moment: datetime) -> str:
    """Write a moment in full."""
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")


def day(moment: str) -> str:
    """Write the day of a moment given in ISO 8601."""
    return datetime.fromisoformat(moment).strftime("%-d %b %Y")


def retry_command(delivery_id: str) -> str:
    """Return the command that runs a failed delivery again."""
    return f"issue-tagger deliveries retry {shlex.quote(delivery_id)}"


def metrics(values: Mapping[str, Any]) -> list[tuple[str, float, float | None]]:
    """Return (name, the model's own figure, the then champion's if known) for the plain numbers among the metrics.

    The champion's figure for `micro_f1` is under `champion_micro_f1`.
    """
    numbers = {name: value for name, value in values.items() if _is_number(value)}
    return [
        (name.replace("_", " ").replace("f1", "F1"), value, numbers.get(RIVAL + name))
        for name, value in numbers.items()
        if not name.startswith(RIVAL)
    ]


def figure(value: float) -> str:
    """Write a metric: counts as they are, anything else with three digits."""
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
