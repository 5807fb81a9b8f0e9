"""The evaluation's page in a real browser, and its words. `SCREENSHOTS=dir` keeps what it looked like."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from bot import report_evaluate_html, report_evaluate_pictures
from bot.report_evaluate import Cells, Findings, headline, notes
from bot.report_evaluate_text import _table
from pipeline import experiment
from pipeline.decisions import PrecisionTargets
from pipeline.experiment import ALL, Size, Slices, plan
from pipeline.experiment_split import split
from pipeline.issues import without_labels
from pipeline.methods import METHODS
from tests.pipeline.contestants import CONTESTANTS, distinct
from tests.pipeline.samples import LABELS, labelled

CHROMIUM = Path("/usr/bin/chromium")
NAMES = ("contestant", "naive_bayes", "encoder", "no_labels", "failing")
SIZES: tuple[Size, ...] = (8, 16, 32, 64, ALL)


@pytest.fixture(scope="module")
def found() -> Iterator[Findings]:
    """What methods that differ in all that matters come to."""
    with pytest.MonkeyPatch.context() as patch:
        for each in CONTESTANTS:
            patch.setitem(METHODS, each.name, each)  # type: ignore[arg-type]
        whole = split(distinct(labelled(120, (*LABELS, "question"))), LABELS)
        slices = Slices(whole, experiment.usable(SIZES, len(whole.labelled)))
        outcomes = {run: experiment.attempt(slices, run) for run in plan(NAMES, slices.sizes, 3)}
        yield Findings("issues.jsonl", whole, NAMES, outcomes, PrecisionTargets(), (128,), "1 < 2 issues")


def test_headline_names_the_best_with_most_labels(found: Findings) -> None:
    best = max(NAMES, key=lambda name: Cells(found, "micro_f1").values[name, ALL].mean if name != "no_labels" else 0)
    assert headline(found).startswith(
        f"With 96 labelled issues, {best} has the highest micro-F1 on the 24 test issues: "
    )


def test_test_without_a_label_tells_nothing(found: Findings) -> None:
    nothing = replace(found.split, test=without_labels(found.split.test))
    assert headline(replace(found, split=nothing)).startswith("None of the 24 test issues has one of the labels")


def test_cell_without_a_run_is_a_dash_and_one_seed_has_no_deviation(found: Findings) -> None:
    cells = Cells(found, "micro_f1")
    assert cells.text("encoder", 8) == "—"
    assert "±" in cells.text("encoder", 32)
    assert "±" not in cells.text("encoder", ALL)


def test_notes_tell_how_many_labelled_issues_have_none_of_the_labels(found: Findings) -> None:
    assert "96 labelled issues to train on" in " ".join(notes(found))
    assert "other labels only, which tell that none of these fits: 32." in " ".join(notes(found))


def test_notes_tell_of_what_happened_only(found: Findings) -> None:
    phrases = {"trains an encoder", "needs no label", "slices of 128"}
    quick = Findings("a", found.split, ("contestant",), {}, found.targets)
    assert {each for each in phrases if each in " ".join(notes(found))} == phrases
    assert not {each for each in phrases if each in " ".join(notes(quick))}


@pytest.mark.parametrize("width", [80, 140])
def test_no_figure_is_cut_off_on_a_narrow_terminal(found: Findings, width: int) -> None:
    console = Console(width=width)
    with console.capture() as shown:
        console.print(_table(found, Cells(found, "micro_f1")))
    assert "…" not in shown.get()
    assert shown.get().count("±") >= 4 * 3


# --- in a browser


@pytest.fixture
def page(found: Findings, tmp_path: Path) -> Path:
    file = tmp_path / "report.html"
    file.write_text(report_evaluate_html.render(found, report_evaluate_pictures.pictures(found)))
    return file


@pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is not installed")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1240])
def test_page_fits_the_screen_and_its_pictures_are_drawn(page: Path, width: int, scheme: str) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    complaints: list[str] = []
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        opened = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        opened.on("console", lambda message: complaints.append(message.text))
        opened.goto(page.as_uri())
        if folder := os.environ.get("SCREENSHOTS"):
            opened.screenshot(path=f"{folder}/evaluate-{scheme}-{width}.png", full_page=True)
        assert opened.evaluate("document.documentElement.scrollWidth") <= width
        drawn = "images => images.every(image => image.complete && image.naturalWidth > 0)"
        assert opened.locator("img.chart").evaluate_all(drawn)
        browser.close()
    assert complaints == []
