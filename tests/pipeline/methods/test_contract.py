"""What every learning method has to keep, whatever it is."""

import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from safetensors.numpy import load_file

from pipeline import finetuning
from pipeline.issues import UNKNOWN, Issue, Probabilities, Targets, build_targets
from pipeline.labels import read_labels
from pipeline.methods import METHODS, make
from pipeline.methods.base import Issues, Method, Progress
from pipeline.methods.fine_tune import FineTune
from tests.pipeline.chat import settings_for
from tests.pipeline.samples import LABELS, issue, labelled

ISSUES = labelled(24)
TARGETS = build_targets(ISSUES, LABELS)
NEW = [issue(100, "bug"), issue(101, "docs"), issue(102)]

LEARN_FROM_NO_LABEL = {"zero_shot"}  # whatever the targets say, they read what the labels mean

pytestmark = pytest.mark.parametrize("name", sorted(METHODS))


@pytest.fixture(autouse=True)
def one_part_held_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what trains an encoder do so twice and not five times."""
    monkeypatch.setattr(finetuning, "FEW", 0)


def unfitted(name: str) -> Method:
    return make(name, settings_for(name))


def fit(method: Method, issues: Issues, targets: Targets, *, seed: int = 0, progress: Progress | None = None) -> Method:
    """Fit with the labels' names, as the pipeline does."""
    labels = read_labels([*LABELS, "other"][: targets.shape[1]])
    return method.fit(issues, targets, seed=seed, labels=labels, progress=progress)


def fitted(name: str, seed: int = 0) -> Method:
    return fit(unfitted(name), ISSUES, TARGETS, seed=seed)


@lru_cache
def known(name: str) -> Method:
    """Return one that is fitted once, for tests that leave it as it is."""
    return fitted(name)


def kept(method: Method, folder: Path) -> Method:
    """Return the method saved and loaded; itself where it inherits both from `fine_tune`, for an export takes long."""
    kind = type(method)
    if isinstance(method, FineTune) and kind is not FineTune:
        assert kind.save is FineTune.save
        assert kind.load.__func__ is FineTune.load.__func__  # type: ignore[attr-defined]
        return method
    method.save(folder)
    return kind.load(folder, method.settings())


def check(p: Probabilities, shape: tuple[int, int]) -> None:
    assert p.shape == shape
    assert p.dtype == np.float32
    assert ((p >= 0) & (p <= 1)).all()  # no NaN either


def test_method_is_known_by_its_name_and_says_its_cost(name: str) -> None:
    assert METHODS[name].name == name
    assert METHODS[name].cost > 0


def test_probabilities_have_a_row_an_issue_and_a_column_a_label(name: str) -> None:
    check(known(name).predict_proba(NEW), (3, 2))


def test_fit_returns_the_method_itself(name: str) -> None:
    method = unfitted(name)
    assert fit(method, ISSUES, TARGETS) is method


def test_what_is_easy_is_learnt(name: str) -> None:
    bug, docs, _ = known(name).predict_proba(NEW)
    assert bug[0] > 0.5 > bug[1]
    assert docs[1] > 0.5 > docs[0]


def test_each_issue_is_judged_on_its_own(name: str) -> None:
    method = known(name)
    alone = np.vstack([method.predict_proba([each]) for each in NEW])
    assert np.allclose(method.predict_proba(NEW), alone, atol=1e-4)


def test_fit_with_the_same_seed_is_reproducible(name: str) -> None:
    assert np.array_equal(fitted(name, seed=7).predict_proba(NEW), fitted(name, seed=7).predict_proba(NEW))


def test_fitting_again_forgets_what_was_learnt_before(name: str) -> None:
    method = fit(unfitted(name), ISSUES, 1 - TARGETS)
    fit(method, ISSUES, TARGETS)
    assert np.allclose(method.predict_proba(NEW), fitted(name).predict_proba(NEW), atol=1e-6)


def test_loaded_method_predicts_the_same(name: str, tmp_path: Path) -> None:
    method = known(name)
    loaded = kept(method, tmp_path)
    close = (
        1e-4 if getattr(method, "encoder", False) else 1e-6
    )  # one predicts with PyTorch, the other with ONNX Runtime
    assert np.allclose(loaded.predict_proba(NEW), method.predict_proba(NEW), rtol=0, atol=close)


READERS: dict[str, Callable[[Path], Any]] = {
    ".json": lambda file: json.loads(file.read_bytes()),
    ".safetensors": load_file,
    ".onnx": onnx.load,
}


def test_only_json_safetensors_and_onnx_are_saved(name: str, tmp_path: Path) -> None:
    written = kept(known(name), tmp_path) is not known(name)
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert bool(files) == written
    for file in files:  # they are what they are called
        assert READERS[file.suffix](file)


def test_settings_make_an_unfitted_twin(name: str) -> None:
    method = known(name)
    twin = make(name, method.settings())
    assert twin.settings() == method.settings() == unfitted(name).settings()
    assert not [attribute for attribute in vars(twin) if attribute.endswith("_")]
    assert np.allclose(fit(twin, ISSUES, TARGETS).predict_proba(NEW), method.predict_proba(NEW), atol=1e-6)


def test_fit_changes_neither_issues_nor_targets(name: str) -> None:
    issues, targets = list(ISSUES), TARGETS.copy()
    fit(unfitted(name), issues, targets)
    assert issues == ISSUES
    assert np.array_equal(targets, TARGETS)


def test_unknown_cells_teach_nothing(name: str) -> None:
    targets = TARGETS.copy()
    targets[12:, 0] = UNKNOWN
    misled = TARGETS.copy()
    misled[12:, 0] = 1 - misled[12:, 0]
    half, wrong = (fit(unfitted(name), ISSUES, each).predict_proba(NEW) for each in (targets, misled))
    assert half[0, 0] > 0.5 > half[1, 0]
    if name in LEARN_FROM_NO_LABEL:
        assert np.array_equal(half, wrong)
    else:
        assert wrong[0, 0] < half[0, 0] - 0.1  # while cells that are known do teach


def test_unknown_cell_is_not_a_no(name: str) -> None:
    targets = TARGETS.copy()
    targets[TARGETS[:, 0] == 0, 0] = UNKNOWN
    unknown, no = (fit(unfitted(name), ISSUES, each).predict_proba(NEW) for each in (targets, TARGETS))
    assert np.array_equal(unknown, no) if name in LEARN_FROM_NO_LABEL else (unknown[1:, 0] > no[1:, 0]).all()


def test_label_of_which_nothing_is_known_hurts_no_other(name: str) -> None:
    targets = np.column_stack([TARGETS, np.full(len(ISSUES), UNKNOWN, dtype=np.int8)])
    p = fit(unfitted(name), ISSUES, targets).predict_proba(NEW)
    check(p, (3, 3))
    assert p[0, 0] > 0.5 > p[1, 0]


@pytest.mark.parametrize(("value", "likely"), [(0, False), (1, True)])
def test_label_on_none_or_all_of_the_issues_works(name: str, value: int, likely: bool) -> None:
    targets = np.column_stack([TARGETS, np.full(len(ISSUES), value, dtype=np.int8)])
    p = fit(unfitted(name), ISSUES, targets).predict_proba(NEW)
    check(p, (3, 3))
    if name in LEARN_FROM_NO_LABEL:
        assert np.array_equal(p, fit(unfitted(name), ISSUES, 1 - targets).predict_proba(NEW))
    else:
        assert ((p[:, 2] > 0.5) == likely).all()


def test_single_label_works(name: str) -> None:
    check(fit(unfitted(name), ISSUES, TARGETS[:, :1]).predict_proba(NEW), (3, 1))


def test_three_issues_are_enough(name: str) -> None:
    check(fit(unfitted(name), ISSUES[:3], TARGETS[:3]).predict_proba(NEW), (3, 2))


def test_no_issues_have_no_probabilities(name: str) -> None:
    check(known(name).predict_proba([]), (0, 2))


SPOKEN = {
    "Russian": ("Программа падает при сохранении", "Опечатка в документации"),
    "Japanese": ("保存するとクラッシュします", "ドキュメントの誤字"),
    "Arabic": ("يتوقف البرنامج عند الحفظ", "خطأ إملائي في الدليل"),
    "emoji": ("💥💥 boom 💥", "📖 page 📖"),
}


@pytest.mark.parametrize("language", SPOKEN)
def test_text_in_any_language_is_learnt_and_kept(name: str, language: str, tmp_path: Path) -> None:
    titles = SPOKEN[language]
    issues = [issue(n, LABELS[n % 2], title=titles[n % 2], body=titles[n % 2]) for n in range(20)]
    method = fit(unfitted(name), issues, build_targets(issues, LABELS))
    p = kept(method, tmp_path).predict_proba(issues[:2])
    check(p, (2, 2))
    assert name in LEARN_FROM_NO_LABEL or p[0, 0] > 0.5 > p[1, 0]


@pytest.mark.parametrize("text", ["", "?", "half an emoji \ud83d", "\x00", "x" * 70_000, "word " * 20_000])
def test_strange_text_is_predicted(name: str, text: str) -> None:
    check(known(name).predict_proba([Issue(number=1, title=text, body=text)]), (1, 2))


@pytest.mark.parametrize(
    "strange",
    [
        lambda n: Issue(number=n, title=f"word{n % 3}", labels=(LABELS[n % 2],)),
        lambda n: Issue(number=n, title="half \ud83d", body="half \ud83d", labels=(LABELS[n % 2],)),
    ],
    ids=["no bodies", "half an emoji"],
)
def test_strange_issues_are_learnt_and_kept(name: str, strange: Callable[[int], Issue], tmp_path: Path) -> None:
    issues = [strange(n) for n in range(12)]
    method = fit(unfitted(name), issues, build_targets(issues, LABELS))
    check(kept(method, tmp_path).predict_proba(NEW), (3, 2))


def test_progress_only_grows_and_never_beyond_all(name: str) -> None:
    seen: list[float] = []
    fit(unfitted(name), ISSUES, TARGETS, progress=seen.append)
    assert seen == sorted(seen)
    assert all(0 <= share <= 1 for share in seen)


def test_held_out_probabilities_have_the_shape_of_the_targets(name: str) -> None:
    held_out = getattr(known(name), "held_out_", None)
    assert held_out is None or (held_out.shape == TARGETS.shape and held_out.dtype == np.float32)
