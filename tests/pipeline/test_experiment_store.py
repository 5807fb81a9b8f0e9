import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline import experiment
from pipeline.errors import ExperimentError
from pipeline.experiment import ALL, Outcome, Run, Slices
from pipeline.experiment_split import Split, split
from pipeline.experiment_store import as_json, open_store
from pipeline.files import write_whole
from tests.pipeline.contestants import distinct
from tests.pipeline.samples import LABELS, labelled

RUN = Run("naive_bayes", 8, 0)
ISSUES = distinct(labelled(60))


@pytest.fixture
def slices() -> Slices:
    return Slices(split(ISSUES, LABELS), [8, ALL])


@pytest.fixture
def outcome(slices: Slices) -> Outcome:
    return experiment.execute(slices, RUN)


def test_run_is_read_as_it_was_kept(slices: Slices, outcome: Outcome, tmp_path: Path) -> None:
    open_store(tmp_path / "new", slices).keep(RUN, outcome)
    found = open_store(tmp_path / "new", slices).read(RUN)
    assert found is not None
    assert found.row == outcome.row
    for name in ("test_p", "held_out_y", "held_out_p"):
        kept, given = getattr(found, name), getattr(outcome, name)
        assert np.array_equal(kept, given)
        assert kept.dtype == given.dtype


def test_failed_run_is_kept_too(slices: Slices, tmp_path: Path) -> None:
    nothing = np.zeros((0, 2), dtype=np.float32)
    store = open_store(tmp_path, slices)
    row = {"method": RUN.method, "seed": RUN.seed, "error": "ValueError: no"}
    store.keep(RUN, Outcome(row, nothing, nothing.astype(np.int8), nothing))
    assert store.done([RUN])[RUN].row == row


def test_runs_that_are_not_there_are_not_done(slices: Slices, tmp_path: Path) -> None:
    assert open_store(tmp_path, slices).done([RUN]) == {}


@pytest.mark.parametrize("kind", ["json", "safetensors"])
@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_bytes(path.read_bytes()[:-9])])
def test_run_that_is_not_whole_is_not_done(
    slices: Slices, outcome: Outcome, tmp_path: Path, kind: str, harm: Callable[[Path], object]
) -> None:
    store = open_store(tmp_path, slices)
    store.keep(RUN, outcome)
    harm(tmp_path / "runs" / f"naive_bayes-8-0.{kind}")
    assert store.read(RUN) is None


@pytest.mark.parametrize("row", [{}, [], None, {"method": "linear", "seed": 0}])
def test_run_whose_row_is_none_is_not_done(slices: Slices, outcome: Outcome, tmp_path: Path, row: object) -> None:
    store = open_store(tmp_path, slices)
    store.keep(RUN, outcome)
    file = tmp_path / "runs" / "naive_bayes-8-0.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"row": row}))
    assert store.read(RUN) is None


def test_run_on_other_training_issues_is_not_done(slices: Slices, outcome: Outcome, tmp_path: Path) -> None:
    store = open_store(tmp_path, slices)
    store.keep(RUN, outcome)
    slices._drawn[0][8] = list(range(1, 9))
    assert store.read(RUN) is None


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (lambda: split(ISSUES, LABELS[:1]), "other labels"),
        (lambda: split(ISSUES, LABELS, test=20), "another number of test issues"),
        (lambda: split([*ISSUES[:-1], replace(ISSUES[-1], body="New.")], LABELS), "other issues"),
        (lambda: split([replace(each, created_at=None) for each in ISSUES], LABELS), "other issues"),
    ],
)
def test_folder_of_other_data_is_refused_and_left_as_it_is(
    slices: Slices, tmp_path: Path, other: Callable[[], Split], told: str
) -> None:
    open_store(tmp_path, slices)
    before = (tmp_path / "experiment.json").read_bytes()
    with pytest.raises(ExperimentError, match=f"holds runs on {told}; name another folder"):
        open_store(tmp_path, Slices(other(), [8]))
    assert (tmp_path / "experiment.json").read_bytes() == before


def test_folder_with_something_else_in_it_is_refused(slices: Slices, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear")
    with pytest.raises(ExperimentError, match="something else in it"):
        open_store(tmp_path, slices)
    assert [each.name for each in tmp_path.iterdir()] == ["letter.txt"]


@pytest.mark.parametrize("content", ["", "[]", "{}", "{"])
def test_folder_whose_data_cannot_be_told_is_refused(slices: Slices, tmp_path: Path, content: str) -> None:
    (tmp_path / "experiment.json").write_text(content)
    with pytest.raises(ExperimentError, match="cannot be read"):
        open_store(tmp_path, slices)


def test_file_in_place_of_a_folder_is_refused(slices: Slices, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ExperimentError, match="is a file"):
        open_store(tmp_path / "file", slices)


def test_write_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    write_whole(tmp_path / "file", b"old")
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(tmp_path / "file", b"new")
    assert [each.read_bytes() for each in tmp_path.iterdir()] == [b"old"]


def test_json_holds_text_in_any_script_and_broken_characters_too() -> None:
    assert as_json({"a": "é漢\ud800"}).decode() == '{\n "a": "é漢?"\n}\n'
