"""The pictures of an evaluation, as they are drawn."""

from itertools import pairwise

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bot.dashboard.charts import LIGHT
from bot.report_plots import SQUARE, draw_knn_map


@pytest.mark.parametrize("most", [1, 5, 12, 13, 40, 100])
def test_numbers_of_the_map_of_k_and_m_do_not_overlap(most: int) -> None:
    numbers = list(range(1, most + 1))
    told = {"k": numbers, "m": numbers, "micro_f1": [[0.5 if m <= k else None for m in numbers] for k in numbers]}
    figure = Figure(figsize=SQUARE, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    draw_knn_map(told, figure, LIGHT)
    canvas.draw()
    axes = figure.axes[0]
    across = [label.get_window_extent() for label in axes.get_xticklabels()]
    up = [label.get_window_extent() for label in axes.get_yticklabels()]
    assert all(left.x1 + 2 < right.x0 for left, right in pairwise(across))
    assert all(below.y1 < above.y0 for below, above in pairwise(up))
    shown = [int(label.get_text()) - 1 for label in axes.get_xticklabels()]
    assert shown == list(axes.get_xticks()), "a number stands at its own place"
    assert len(shown) >= min(most, 5)
