"""A replay's report on the terminal: colours and a table there, the same in plain text where it is piped."""

from typing import Any, TextIO

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bot.accuracy import Window
from bot.report import Report, headline, notes, percent, windows

PLAIN_WIDTH = 100  # columns, where there is no terminal that has a width
ROWS = 10  # of the table over time
BAR = 20  # columns
LATEST = 8  # promotions shown


def show(report: Report, file: TextIO) -> None:
    """Print the report."""
    console = Console(file=file, highlight=False, markup=False, emoji=False, soft_wrap=False)
    if not console.is_terminal:
        console = Console(file=file, highlight=False, markup=False, emoji=False, width=PLAIN_WIDTH, no_color=True)
    figures = report.figures
    console.print(Text(clean(figures["repository"]), style="bold"))
    console.print()
    for place, sentence in enumerate(headline(figures)):
        console.print(Text(sentence, style="bold green" if place == 0 else ""))
    _section(console, "Each label", _labels(figures["per_label"]))
    _section(console, "How it grew", _growth(windows(report.judged, _size(figures["evaluated"]))))
    _section(console, "The models", _models(figures))
    _section(console, "How this was measured", *(Text(f"· {clean(note)}") for note in notes(figures)))


def clean(text: str) -> str:
    """Return text that cannot steer a terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _section(console: Console, title: str, *contents: RenderableType) -> None:
    console.print()
    console.print(Text(title, style="bold"))
    for content in contents:
        console.print(Padding(content, (0, 0, 0, 2)))


def _table(*columns: str, left: int = 1) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for place, name in enumerate(columns):
        table.add_column(name, justify="left" if place < left else "right", no_wrap=place > 0)
    return table


def _labels(rows: list[dict[str, Any]]) -> RenderableType:
    table = _table("label", "people put on", "it would have", "right", "precision", "recall")
    for row in rows:
        counts = (f"{row['support']:,}", f"{row['applied']:,}", f"{row['correct']:,}")
        table.add_row(Text(clean(row["name"])), *counts, percent(row["precision"]), percent(row["recall"]))
    return table


def _size(issues: int) -> int:
    return max(100, round(issues / ROWS))


def _growth(runs: list[Window]) -> RenderableType:
    table = _table("issues", "precision", "coverage", "", left=1)
    table.columns[3].justify = "left"
    start = 0
    for run in runs:
        bar = "█" * round(BAR * (run.tally.coverage or 0))
        span = f"{start + 1:,} to {run.after:,}"
        table.add_row(span, percent(run.tally.precision), percent(run.tally.coverage), Text(bar, style="cyan"))
        start = run.after
    return table


def _models(figures: dict[str, Any]) -> RenderableType:
    models = figures["models"]
    if not models:
        return Text("No model was trained: a training and a hold-out that is later need 70 labelled issues.")
    promoted = [model for model in models if model["promoted_at_issue"] is not None]
    table = _table("after issue", "model", "trained on", "why", left=0)
    table.columns[3].justify, table.columns[3].no_wrap = "left", False
    for model in promoted[-LATEST:]:
        name = f"{model['number']} {model['method']}"
        table.add_row(f"{model['promoted_at_issue']:,}", name, f"{model['trained_on']:,}", clean(model["reason"]))
    refused = len(models) - len(promoted)
    told = f"{len(promoted)} of {len(models)} trained models came into service; {refused} were not better, and refused."
    latest = f" The latest {LATEST}:" if len(promoted) > LATEST else ""
    table.title, table.title_justify, table.title_style = told + latest, "left", ""
    return table
