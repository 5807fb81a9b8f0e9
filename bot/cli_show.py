"""What the subcommands that take long show meanwhile, on standard error."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

EVERY = 10.0  # seconds from one line to the next, where there is no terminal for a bar

Show: TypeAlias = Callable[[int, int, str], None]  # done, of how many (0 where that is not known), what is being done


@contextmanager
def progress_bar(clock: Callable[[], float] = time.monotonic) -> Iterator[Show]:
    """Show a progress bar on standard error; where that is no terminal, a line now and then, by a clock of seconds."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(clock)
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("reading", total=None)
        yield lambda done, total, doing: bar.update(task, completed=done, total=total or None, description=doing)


def _lines(clock: Callable[[], float]) -> Show:
    begun = last = clock()

    def show(done: int, total: int, doing: str) -> None:
        nonlocal last
        if clock() - last >= EVERY:
            last = clock()
            place = f", {done:,} of {total:,}" if total else ""
            print(f"{doing}{place}, after {last - begun:.0f} s", file=sys.stderr, flush=True)

    return show
