from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pytest

from pipeline import methods
from pipeline.errors import ModelError
from pipeline.issues import Issue, Probabilities, Targets, build_targets
from pipeline.labels import read_labels
from pipeline.methods.augmented import AUGMENTERS, FOLDS, Augmented
from pipeline.methods.naive_bayes import NaiveBayes
from pipeline.training import Recipe, cross_fit
from tests.pipeline.samples import LABELS, issue, labelled

ISSUES = labelled(24)
TARGETS = build_targets(ISSUES, LABELS)


class Recorder:
    """Keeps what each fit was given."""

    name: ClassVar[str] = "recorder"
    cost: ClassVar[float] = 0.0
    fits: ClassVar[list[tuple[list[Issue], Targets, dict[str, Any]]]] = []
    asked: ClassVar[list[list[int]]] = []

    def settings(self) -> dict[str, Any]:
        return {}

    def fit(self, issues: Sequence[Issue], targets: Targets, *, seed: int, **options: Any) -> Self:
        self.fits.append((list(issues), targets, {"seed": seed, **options}))
        return self

    def predict_proba(self, issues: Sequence[Issue]) -> Probabilities:
        self.asked.append([each.number for each in issues])
        return np.full((len(issues), len(LABELS)), 0.5, dtype=np.float32)


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> type[Recorder]:
    monkeypatch.setitem(methods.METHODS, "recorder", Recorder)  # type: ignore[arg-type]
    monkeypatch.setattr(Recorder, "fits", [])
    monkeypatch.setattr(Recorder, "asked", [])
    return Recorder


def test_base_is_fitted_on_the_originals_and_so_many_copies(recorder: type[Recorder]) -> None:
    Augmented(base="recorder", copies=3).fit(ISSUES, TARGETS, seed=0)
    issues, targets, _ = recorder.fits[-1]
    assert issues[: len(ISSUES)] == ISSUES
    assert len(issues) == 4 * len(ISSUES)
    assert np.array_equal(targets, np.tile(TARGETS, (4, 1)))
    assert [each.number for each in issues] == [each.number for each in ISSUES] * 4
    assert len(set(issues)) > 3 * len(ISSUES)


def test_no_copy_of_a_held_out_issue_is_trained_on(recorder: type[Recorder]) -> None:
    method = Augmented(base="recorder").fit(ISSUES, TARGETS, seed=0)
    assert len(recorder.asked) == FOLDS
    for (issues, _, _), held_out in zip(recorder.fits, recorder.asked, strict=False):
        assert not {each.number for each in issues} & set(held_out)
    assert sorted(number for held_out in recorder.asked for number in held_out) == [each.number for each in ISSUES]
    assert not np.isnan(method.held_out_).any()


def test_held_out_predictions_are_those_of_cross_fitting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AUGMENTERS["perturbation"], "augment", lambda self, issues, random: list(issues))
    method = Augmented().fit(ISSUES, TARGETS, seed=1)
    recipe = Recipe("augmented", method.settings(), LABELS, 1)
    assert np.allclose(method.held_out_, cross_fit(ISSUES, TARGETS, recipe), atol=1e-6)


def test_rows_of_which_nobody_else_can_tell_are_not_held_out(recorder: type[Recorder]) -> None:
    method = Augmented(base="recorder").fit(ISSUES[:1], TARGETS[:1], seed=0)
    assert np.isnan(method.held_out_).all()


def test_base_gets_what_the_wrapper_was_given(recorder: type[Recorder]) -> None:
    given = {"unlabeled": [issue(50)], "validation": (ISSUES[:2], TARGETS[:2]), "labels": read_labels(LABELS)}
    Augmented(base="recorder").fit(ISSUES, TARGETS, seed=5, **given)  # type: ignore[arg-type]
    assert all(options == {**options, "seed": 5, **given} for _, _, options in recorder.fits)


def test_base_knows_which_issues_are_copies_of_each_other(recorder: type[Recorder]) -> None:
    Augmented(base="recorder", copies=2).fit(ISSUES, TARGETS, seed=0)
    for issues, _, options in recorder.fits:
        assert options["groups"].tolist() == [each.number for each in issues]


def test_unlabelled_issues_lend_their_words() -> None:
    titles = [issue(n, LABELS[n % 2], title="crash", body="page") for n in range(6)]
    unlabeled = [issue(50 + n, title="failure", body="broken guide manual") for n in range(4)]
    alone, lent = (
        Augmented().fit(titles, build_targets(titles, LABELS), seed=0, unlabeled=each) for each in ([], unlabeled)
    )
    vocabulary = [set(method.base_.vectorizer_.vocabulary_) for method in (alone, lent)]  # type: ignore[attr-defined]
    assert vocabulary[0] <= {"crash", "page"}
    assert vocabulary[1] & {"failure", "broken", "guide", "manual"}


def test_base_has_the_settings_asked_for(tmp_path: Path) -> None:
    method = Augmented(base_settings={"alpha": 3.0}, copies=1).fit(ISSUES, TARGETS, seed=0)
    method.save(tmp_path)
    loaded = Augmented.load(tmp_path, method.settings())
    assert isinstance(loaded.base_, NaiveBayes)
    assert loaded.base_.alpha == 3.0


@pytest.mark.parametrize("how", ["perturbation", "tfidf"])
def test_every_augmenter_teaches_what_is_easy(how: str) -> None:
    bug, docs = Augmented(how=how).fit(ISSUES, TARGETS, seed=0).predict_proba([issue(100, "bug"), issue(101, "docs")])
    assert bug[0] > 0.5 > bug[1]
    assert docs[1] > 0.5 > docs[0]


def test_any_method_can_be_the_base() -> None:
    method = Augmented(base="linear", how="tfidf", copies=1).fit(ISSUES, TARGETS, seed=0)
    assert method.predict_proba([issue(100, "bug")])[0, 0] > 0.5


@pytest.mark.parametrize("settings", [{"how": "magic"}, {"copies": 0}])
def test_impossible_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match="how is one of perturbation, tfidf"):
        Augmented(**settings)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"base": "magic"}, "there is no method 'magic'"),
        ({"how": "contextual"}, "'contextual' cannot be made with the settings"),
    ],
)
def test_what_cannot_be_made_is_said_when_fitting(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ModelError, match=said):
        Augmented(**settings).fit(ISSUES, TARGETS, seed=0)
