"""The pictures of an evaluation, as SVG. Matplotlib is loaded with the first one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from bot.dashboard.charts import DARK, LIGHT, Palette, quiet, svg
from pipeline.experiment_summary import Spread

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Draw: TypeAlias = "Callable[[Figure, Palette], None]"
Points: TypeAlias = Sequence[tuple[float, float]]
COLORS = ("#0f7ac0", "#d5650a", "#0a9a70", "#c065a0", "#a98300", "#5a62d6", "#c0392b", "#7b8794", "#3aa6b9", "#8a5a2b")
MARKERS = "osD^vPX<>*"
MOST_TICKS = 12  # of an axis whose every number could have one
WIDE, SQUARE = (9.6, 4.0), (5.4, 4.6)  # inches


@dataclass(frozen=True)
class Picture:
    """A picture: the name of its file, a title, a note below, words for who cannot see it, SVG for light and dark."""

    name: str
    title: str
    note: str
    description: str
    light: bytes
    dark: bytes
    width: int
    height: int


def picture(
    name: str, title: str, note: str, draw: Draw, *, told: str = "", size: tuple[float, float] = WIDE
) -> Picture:
    """Draw for light and for dark pages; `told` says what is to be seen, where the note alone does not."""
    light, dark = (_svg(draw, palette, size) for palette in (LIGHT, DARK))
    return Picture(name, title, note, told or note, light, dark, *(round(96 * inches) for inches in size))


def _svg(draw: Draw, palette: Palette, size: tuple[float, float]) -> bytes:
    from matplotlib import rc_context

    with rc_context({"svg.hashsalt": "issue-tagger", "text.parse_math": False}):
        return svg(lambda figure: draw(figure, palette), size)


def _dress(axes: Axes, palette: Palette, *, x: str, y: str, title: str = "") -> None:
    axes.set_xlabel(x, color=palette.ink, fontsize=9)
    axes.set_ylabel(y, color=palette.ink, fontsize=9)
    axes.set_title(title, color=palette.ink, fontsize=10, loc="left")
    quiet(axes, palette, grid="both")


def _legend(axes: Axes, palette: Palette, **where: Any) -> None:
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, labelcolor=palette.ink, fontsize=9, **where)


def _look(place: int) -> dict[str, Any]:
    look = {"color": COLORS[place % len(COLORS)], "marker": MARKERS[place % len(MARKERS)]}
    return {**look, "markersize": 5, "linewidth": 1.8}


# --- curves of quality


@dataclass(frozen=True)
class Curve:
    """A method's means and deviations by number of labelled issues; without x, one value that needs no label."""

    name: str
    place: int  # among the methods: decides colour and marker
    x: Sequence[int]
    y: Sequence[Spread]


def learning_curves(panels: Mapping[str, Sequence[Curve]]) -> Picture:
    """Draw a panel a metric, a line a method, with one standard deviation to either side."""

    def draw(figure: Figure, palette: Palette) -> None:
        row = figure.subplots(1, len(panels), squeeze=False)[0]
        for axes, (metric, curves) in zip(row, panels.items(), strict=True):
            for curve in curves:
                _learning_curve(axes, curve)
            _number_axis(axes, sorted({n for curve in curves for n in curve.x}))
            _dress(axes, palette, x="labelled issues", y="", title=metric)
        _legend(axes, palette, loc="best")

    told = "; ".join(f"{metric}: {', '.join(map(_course, curves))}" for metric, curves in panels.items())
    note = "Mean over the seeds, and one standard deviation to either side."
    return picture("learning-curves", "Learning curves", note, draw, told=told)


def _course(curve: Curve) -> str:
    return f"{curve.name} from {curve.y[0].mean:.3f} to {curve.y[-1].mean:.3f}"


def _learning_curve(axes: Axes, curve: Curve) -> None:
    look = _look(curve.place)
    if not curve.x:
        axes.axhline(curve.y[0].mean, color=look["color"], linestyle=(0, (2, 2)), label=f"{curve.name}, no label")
        return
    means = [each.mean for each in curve.y]
    low, high = ([each.mean + sign * (each.sd or 0) for each in curve.y] for sign in (-1, 1))
    axes.fill_between(curve.x, low, high, color=look["color"], alpha=0.14, linewidth=0)
    axes.plot(curve.x, means, label=curve.name, **look)


def _number_axis(axes: Axes, numbers: Sequence[int]) -> None:
    from matplotlib.ticker import NullLocator

    axes.set_xscale("log", base=2)
    axes.set_xticks(numbers, [f"{number:,}" for number in numbers])
    axes.xaxis.set_minor_locator(NullLocator())


# --- how far probabilities can be trusted


def reliability(methods: Mapping[str, Sequence[tuple[float, float, int]]], errors: Mapping[str, float]) -> Picture:
    """Draw the share that is right against the probability given, a line a method; `errors` tells of the distance."""

    def draw(figure: Figure, palette: Palette) -> None:
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=palette.ink, linewidth=1, linestyle=":")
        for place, (name, bins) in enumerate(methods.items()):
            axes.plot([mean for mean, _, _ in bins], [share for _, share, _ in bins], label=name, **_look(place))
        axes.set(xlim=(0, 1), ylim=(0, 1))
        _dress(axes, palette, x="probability given", y="share that was right")
        _legend(axes, palette, loc="upper left")

    apart = ", ".join(f"{name} {error:.3f}" for name, error in errors.items())
    note = f"On the test issues, all seeds together. Mean distance from the diagonal, where both agree: {apart}."
    return picture("reliability", "Reliability", note, draw, size=SQUARE)


def precision_coverage(
    methods: Mapping[str, Sequence[tuple[float, float | None, float]]], goal: float, note: str
) -> Picture:
    """Draw precision against coverage of what would be applied, for several precisions asked for; `goal` is ringed."""

    def draw(figure: Figure, palette: Palette) -> None:
        axes = figure.subplots()
        axes.axhline(goal, color=palette.ink, linewidth=1, linestyle=":")
        for place, (name, curve) in enumerate(methods.items()):
            reached = [(coverage, precision) for _, precision, coverage in curve if precision is not None]
            axes.plot([x for x, _ in reached], [y for _, y in reached], label=name, **_look(place))
            for asked, precision, coverage in curve:
                if precision is not None and abs(asked - goal) < 1e-9:
                    axes.plot(coverage, precision, "o", markersize=13, fillstyle="none", color=_look(place)["color"])
        axes.set(xlim=(0, 1), ylim=(0, 1.02))
        _dress(axes, palette, x="coverage: issues with a label applied", y="precision of the labels applied")
        _legend(axes, palette, loc="lower left")

    told = f"Each point is a precision asked for; ringed: {goal:.0%}. Measured on the test issues, {note}."
    return picture("precision-coverage", "Precision and coverage", told, draw, size=SQUARE)


# --- what methods tell of themselves


def zero_shot(name: str, told: Sequence[Mapping[str, Any]]) -> Picture:
    """Draw micro-F1 and macro-F1 of a method without labels by threshold, and by number of labels an issue."""
    panels = (("threshold", "threshold"), ("top_k", "labels an issue"))

    def draw(figure: Figure, palette: Palette) -> None:
        for axes, (rule, x) in zip(figure.subplots(1, 2, sharey=True), panels, strict=True):
            rows = [row for row in told if row["rule"] == rule]
            for place, metric in enumerate(("micro_f1", "macro_f1")):
                _line(axes, [(row["value"], row[metric]) for row in rows], metric.replace("_f1", "-F1"), place)
            if rule == "top_k":
                axes.set_xticks([row["value"] for row in rows], [f"{row['value']:.0f}" for row in rows])
            _dress(axes, palette, x=x, y="")
        _legend(axes, palette, loc="best")

    words = "Micro-F1 and macro-F1 by threshold and by number of labels an issue, on labelled issues before the test."
    return picture(f"zero-shot-{name}", f"{name}: threshold and top-k", words, draw)


def knn_map(name: str, told: Mapping[str, Any]) -> Picture:
    """Draw validation micro-F1 by k and m."""
    words = "Micro-F1 on validation data by neighbours asked (k) and votes that a label needs (m)."
    draw = partial(draw_knn_map, told)
    return picture(f"knn-map-{name}", f"{name}: k and m", words, draw, size=SQUARE)


def draw_knn_map(told: Mapping[str, Any], figure: Figure, palette: Palette) -> None:
    """Draw micro-F1 as a colour, m to the right and k upwards."""
    axes = figure.subplots()
    values = [[float("nan") if cell is None else float(cell) for cell in row] for row in told["micro_f1"]]
    shown = axes.imshow(values, aspect="auto", origin="lower", cmap="viridis")
    for axis, numbers in ((axes.xaxis, told["m"]), (axes.yaxis, told["k"])):
        step = math.ceil(len(numbers) / MOST_TICKS)
        axis.set_ticks(range(step - 1, len(numbers), step), [str(number) for number in numbers[step - 1 :: step]])
    _dress(axes, palette, x="m: votes that a label needs", y="k: neighbours asked")
    axes.grid(visible=False)
    bar = figure.colorbar(shown, ax=axes)
    bar.set_label("micro-F1", color=palette.ink, fontsize=9)
    bar.ax.tick_params(colors=palette.ink, labelsize=9)


def lines(name: str, title: str, note: str, axis: tuple[str, str], series: Iterable[tuple[str, Points]]) -> Picture:
    """Draw lines over steps or rounds, `axis` naming x and y."""
    shown = [(label, points) for label, points in series if points]

    def draw(figure: Figure, palette: Palette) -> None:
        axes = figure.subplots()
        for place, (label, points) in enumerate(shown):
            _line(axes, points, label, place)
        _dress(axes, palette, x=axis[0], y=axis[1])
        _legend(axes, palette, loc="best")

    told = "; ".join(f"{label}: from {points[0][1]:.3g} to {points[-1][1]:.3g}" for label, points in shown)
    return picture(name, title, note, draw, told=told)


def _line(axes: Axes, points: Points, label: str, place: int) -> None:
    many = len(points) > 30
    axes.plot(*zip(*points, strict=True), label=label, **(_look(place) | ({"marker": ""} if many else {})))
