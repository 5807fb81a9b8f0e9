import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import registry
from pipeline.decisions import PrecisionTargets
from pipeline.errors import ModelError
from pipeline.methods import METHODS
from pipeline.training import Recipe, Trained, train
from tests.pipeline.chat import settings_for
from tests.pipeline.samples import LABELS, labelled

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def made(method: str = "naive_bayes", **settings: Any) -> Trained:
    return train(labelled(40), Recipe(method, settings, LABELS, seed=3), now=NOW)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return registry.publish(tmp_path / "models", replace(made(), why="best"), metrics={"micro_f1": 0.5})


@pytest.mark.parametrize("method", sorted(METHODS))
def test_loaded_model_is_the_one_that_was_published(tmp_path: Path, method: str) -> None:
    model = replace(made(method, **settings_for(method)), why="best of two: 日本語")
    loaded = registry.load(registry.publish(tmp_path, model, metrics={}))
    assert loaded.recipe == model.recipe
    assert (loaded.why, loaded.issues, loaded.created_at, loaded.fingerprint) == (
        model.why,
        model.issues,
        model.created_at,
        model.fingerprint,
    )
    assert np.array_equal(loaded.held_out_p, model.held_out_p)
    assert loaded.thresholds(PrecisionTargets()) == model.thresholds(PrecisionTargets())
    before, after = (each.method.predict_proba(labelled(9)) for each in (model, loaded))
    assert np.allclose(before, after, rtol=0, atol=1e-6)


def test_manifest_tells_what_the_model_is(folder: Path) -> None:
    about = registry.manifest(folder)
    assert (about["method"], about["seed"], about["why"], about["issues"]) == ("naive_bayes", 3, "best", 40)
    assert about["labels"] == list(LABELS)
    assert about["metrics"] == {"micro_f1": 0.5}
    assert about["created_at"] == NOW.isoformat()
    assert {"python", "numpy", "scikit-learn"} <= about["versions"].keys()


def test_manifest_lists_every_other_file_and_none_is_a_pickle(folder: Path) -> None:
    files = {file.name for file in folder.iterdir()}
    assert registry.manifest(folder)["files"].keys() == files - {"manifest.json"}
    assert {Path(name).suffix for name in files} == {".json", ".safetensors"}


def test_files_in_folders_are_listed_and_checked_too(tmp_path: Path) -> None:
    folder = registry.publish(
        tmp_path, made("blend", members=["naive_bayes", ["naive_bayes", {"alpha": 0.1}]]), metrics={}
    )
    files = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
    assert "1-naive_bayes/weights.safetensors" in files
    assert registry.manifest(folder)["files"].keys() == files - {"manifest.json"}
    flip_last_byte(folder / "1-naive_bayes" / "weights.safetensors")
    with pytest.raises(ModelError, match=r"1-naive_bayes/weights\.safetensors: not the file"):
        registry.load(folder)


def test_same_model_again_is_the_same_folder_left_as_it_is(folder: Path) -> None:
    before = (folder / "manifest.json").read_bytes()
    assert registry.publish(folder.parent, made(), metrics={"other": 1}) == folder
    assert (folder / "manifest.json").read_bytes() == before
    assert [each.name for each in folder.parent.iterdir()] == [folder.name]


def test_another_seed_method_or_data_is_another_folder(folder: Path) -> None:
    others = [
        train(labelled(40), replace(made().recipe, seed=4), now=NOW),
        train(labelled(41), made().recipe, now=NOW),
        made("linear"),
    ]
    folders = {registry.publish(folder.parent, other, metrics={}) for other in others}
    assert len(folders | {folder}) == 4


def test_other_settings_are_another_model(folder: Path) -> None:
    smooth = registry.publish(folder.parent, made(alpha=9.0), metrics={})
    assert registry.load(smooth).recipe.settings["alpha"] == 9.0
    assert registry.load(folder).recipe.settings["alpha"] == 1.0


def flip_last_byte(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


@pytest.mark.parametrize("name", ["weights.safetensors", "words.json", "held_out.safetensors"])
@pytest.mark.parametrize("harm", [flip_last_byte, Path.unlink])
def test_altered_or_missing_file_is_refused_by_name(folder: Path, name: str, harm: Callable[[Path], Any]) -> None:
    harm(folder / name)
    with pytest.raises(ModelError, match=name):
        registry.load(folder)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"format": 0}', '{"format": 2}', "{}"])
def test_manifest_of_another_kind_is_refused(folder: Path, content: str) -> None:
    (folder / "manifest.json").write_text(content)
    with pytest.raises(ModelError, match=r"manifest\.json"):
        registry.load(folder)


@pytest.mark.parametrize(
    "change",
    [
        {"method": "forest"},
        {"settings": {"depth": 3}},
        {"settings": None},
        {"labels": None},
        {"labels": ["bug"]},
        {"labels": [1, 2]},
        {"files": None},
        {"created_at": "yesterday"},
    ],
)
def test_manifest_that_cannot_be_followed_is_refused(folder: Path, change: dict[str, Any]) -> None:
    file = folder / "manifest.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(ModelError, match=r"there is no method|cannot be read|names other labels"):
        registry.load(folder)


@pytest.mark.parametrize("name", ["/etc/hostname", "../other/words.json", "nothing.json"])
def test_manifest_that_lists_what_is_not_in_the_folder_is_refused_unread(folder: Path, name: str) -> None:
    file = folder / "manifest.json"
    about = json.loads(file.read_text())
    file.write_text(json.dumps(about | {"files": about["files"] | {name: "0" * 64}}))
    with pytest.raises(ModelError, match="is missing"):
        registry.load(folder)


def test_file_that_the_manifest_does_not_list_is_refused(folder: Path) -> None:
    (folder / ".DS_Store").write_text("a desktop's own")
    registry.load(folder)
    (folder / "more.pkl").write_bytes(b"")
    with pytest.raises(ModelError, match=r"more\.pkl was not written with this model"):
        registry.load(folder)


def test_manifest_without_a_field_is_refused(folder: Path) -> None:
    file = folder / "manifest.json"
    file.write_text('{"format": 1}')
    with pytest.raises(ModelError, match="KeyError"):
        registry.load(folder)


def test_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model there"):
        registry.load(tmp_path / "nothing")


class Interrupted(BaseException):
    """What stops a process in the middle, such as KeyboardInterrupt."""


class StopsWhileSaving:
    """A method that is interrupted after its first file."""

    def save(self, folder: Path) -> None:
        (folder / "weights.safetensors").write_bytes(b"half")
        raise Interrupted


def test_interrupted_write_leaves_nothing(tmp_path: Path) -> None:
    model = replace(made(), method=StopsWhileSaving())  # type: ignore[arg-type]
    with pytest.raises(Interrupted):
        registry.publish(tmp_path / "models", model, metrics={})
    assert list((tmp_path / "models").iterdir()) == []
    assert registry.load(registry.publish(tmp_path / "models", made(), metrics={})).issues == 40


def test_metrics_that_json_cannot_take_leave_nothing(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        registry.publish(tmp_path / "models", made(), metrics={"when": NOW})
    assert list((tmp_path / "models").iterdir()) == []


def test_write_never_replaces_a_model(folder: Path) -> None:
    before = registry.load(folder).recipe
    with pytest.raises(OSError, match="not empty"):
        registry.write(folder, made(alpha=9.0), metrics={})
    assert registry.load(folder).recipe == before
    assert [each.name for each in folder.parent.iterdir()] == [folder.name]


def test_write_fills_a_folder_that_is_there_and_empty(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    registry.write(tmp_path / "model", made(), metrics={})
    assert registry.load(tmp_path / "model").labels == LABELS
