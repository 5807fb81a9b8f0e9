"""Accuracy over time as a picture. Matplotlib is loaded with the first picture, not with the web process."""

from __future__ import annotations

import io
import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from bot.accuracy import Judged, Window, over_time
from bot.dashboard.formats import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TICKS = 6


@dataclass(frozen=True)
class Palette:
    """Colours of a picture."""

    ink: str
    faint: str
    precision: str
    coverage: str


LIGHT = Palette(ink="#3d4650", faint="#c9d0d8", precision="#0a5bb8", coverage="#b04a00")
DARK = Palette(ink="#b6c0cb", faint="#3b444f", precision="#74b3ff", coverage="#ffae62")


@dataclass(frozen=True)
class Course:
    """Windows of consecutive issues, and the promotions as (issues before it, model number or None).

    `dated` is False where the moments are made up, and not to be shown.
    """

    windows: list[Window]
    promotions: list[tuple[int, int | None]]
    dated: bool = True

    def describe(self) -> str:
        """Say in words what the picture shows."""
        if not self.windows:
            return "Not enough issues yet to show accuracy over time."
        first, last = self.windows[0].tally, self.windows[-1].tally
        told = (
            f"Line chart over {self.windows[-1].after:,} issues: precision from {percent(first.precision)} to "
            f"{percent(last.precision)}, coverage from {percent(first.coverage)} to {percent(last.coverage)}."
        )
        marks = "; ".join(f"{name_of(model)} after {position:,} issues" for position, model in self.promotions)
        return f"{told} Promotions: {marks}." if marks else f"{told} No promotions."


def course(predictions: Sequence[Judged], promotions: Sequence[tuple[datetime, int | None]]) -> Course:
    """Put predictions, oldest first, and promotions on one axis: the number of issues predicted."""
    times = [prediction.at for prediction in predictions]
    return Course(over_time(predictions), [(bisect_left(times, at), model) for at, model in promotions])


def name_of(model: int | None) -> str:
    """Name a model by its number."""
    return "cold start" if model is None else f"model {model}"


def accuracy_svg(shown: Course, *, palette: Palette = LIGHT) -> bytes:
    """Draw precision, with its 95 % interval, and coverage over the issues predicted; promotions as vertical lines."""

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        _draw_lines(axes, shown.windows, palette)
        _dress(axes, shown, palette)
        _draw_promotions(axes, shown.promotions, palette)

    return svg(draw, (9.6, 3.5))


def svg(draw: Callable[[Figure], None], size: tuple[float, float]) -> bytes:
    """Draw on a transparent figure, `size` in inches, and return it as SVG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    figure.patch.set_alpha(0)
    draw(figure)
    out = io.BytesIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue()


def _draw_lines(axes: Axes, windows: list[Window], palette: Palette) -> None:
    ends = [window.after for window in windows]
    precision, coverage = (
        [math.nan if share is None else share for share in shares]
        for shares in zip(*[(window.tally.precision, window.tally.coverage) for window in windows], strict=True)
    )
    bounds = [window.tally.precision_interval or (math.nan, math.nan) for window in windows]
    low, high = zip(*bounds, strict=True)
    axes.fill_between(ends, low, high, color=palette.precision, alpha=0.14, linewidth=0, label="its 95 % interval")
    axes.plot(ends, precision, color=palette.precision, marker="o", markersize=4.5, linewidth=2, label="precision")
    axes.plot(
        ends,
        coverage,
        color=palette.coverage,
        marker="s",
        markersize=4,
        linewidth=2,
        linestyle=(0, (4, 2)),
        label="coverage",
    )


def _draw_promotions(axes: Axes, promotions: list[tuple[int, int | None]], palette: Palette) -> None:
    """Mark every promotion, and name those that have room for a name; the table beside the picture names all."""
    room, free_from = 0.08 * axes.get_xlim()[1], -math.inf
    for position, model in promotions:
        axes.axvline(position, color=palette.ink, linewidth=1, linestyle=":")
        if position >= free_from:
            axes.text(position + room / 20, 1.035, name_of(model), fontsize=8.5, color=palette.ink, parse_math=False)
            free_from = position + room


def quiet(axes: Axes, palette: Palette, *, grid: Literal["both", "x", "y"]) -> None:
    """Draw the grid and the axis below faintly, and nothing else around the data."""
    axes.tick_params(which="both", colors=palette.ink, labelsize=9, length=0)
    axes.grid(axis=grid, color=palette.faint, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.set_facecolor("none")
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(palette.faint)


def _dress(axes: Axes, shown: Course, palette: Palette) -> None:
    windows = shown.windows
    step = math.ceil(len(windows) / TICKS)
    ticks = windows[::-1][::step][::-1]
    axes.set_xlim(0, windows[-1].after * 1.02)
    axes.set_ylim(0, 1.1)
    named = [f"{w.after:,}\n{w.until:%-d %b %Y}" if shown.dated else f"{w.after:,}" for w in ticks]
    axes.set_xticks([w.after for w in ticks], named, parse_math=False)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"], parse_math=False)
    axes.set_xlabel(f"issues predicted{', and the day by which' if shown.dated else ''}", color=palette.ink, fontsize=9)
    quiet(axes, palette, grid="y")
    handles, names = axes.get_legend_handles_labels()
    axes.legend(
        [handles[i] for i in (1, 0, 2)],
        [names[i] for i in (1, 0, 2)],
        loc="lower right",
        bbox_to_anchor=(1, 1),
        ncols=3,
        frameon=False,
        labelcolor=palette.ink,
        fontsize=9,
    )
