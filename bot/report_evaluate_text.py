"""An evaluation's table on the terminal; the same in plain text where it is piped."""

from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.report_evaluate import METRICS, Cells, Findings, headline, notes
from bot.report_text import clean

PLAIN_WIDTH = 140  # columns, where there is no terminal that has a width


def show(found: Findings, file: TextIO) -> None:
    """Print the tables, what failed, and the headline."""
    console = Console(file=file, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console = Console(file=file, highlight=False, markup=False, emoji=False, width=PLAIN_WIDTH, no_color=True)
    console.print(Text(clean(headline(found)), style="bold"))
    for metric, title in METRICS.items():
        console.print()
        console.print(Text(f"{title[0].upper()}{title[1:]} by labelled issues, mean ± sd over seeds", style="bold"))
        console.print(_table(found, Cells(found, metric)))
    console.print()
    for row in found.failed:
        where = f"{row['method']}, {row['slice']} labelled issues, seed {row['seed']}"
        console.print(Text(f"failed: {where}: {clean(row['error'])}", style="red"))
    for note in notes(found):
        console.print(Text(clean(note), style="dim"))


def _table(found: Findings, cells: Cells) -> Table:
    """Return the table; where it has no room, mean and deviation stand below each other."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("method", no_wrap=True)
    for size in found.slices:
        table.add_column(found.heading(size), justify="right")
    for method in found.methods:
        row = [
            Text(cells.text(method, size), style="bold" if cells.is_best(method, size) else "") for size in found.slices
        ]
        table.add_row(clean(method), *row)
    return table
