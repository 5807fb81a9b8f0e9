from dataclasses import replace
from datetime import UTC, datetime
from typing import ClassVar, Self, Unpack

import numpy as np
import pytest

from pipeline.decisions import Decision, PrecisionTargets
from pipeline.errors import ModelError, TooFewIssuesError
from pipeline.issues import UNKNOWN, Probabilities, Targets, build_targets
from pipeline.methods import METHODS, make
from pipeline.methods.base import FitOptions, Issues
from pipeline.methods.naive_bayes import NaiveBayes
from pipeline.training import Recipe, Trained, cross_fit, train
from tests.pipeline.chat import settings_for
from tests.pipeline.samples import LABELS, issue, labelled

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BAYES = Recipe(method="naive_bayes", labels=LABELS)


def trained(count: int = 60, recipe: Recipe = BAYES) -> Trained:
    return train(labelled(count), recipe, now=NOW)


def test_trained_model_says_what_it_was_made_of() -> None:
    model = trained(40)
    assert (model.labels, model.issues, model.created_at) == (LABELS, 40, NOW)
    assert model.recipe.settings == make("naive_bayes", {}).settings()
    assert model.fingerprint == trained(40).fingerprint != trained(41).fingerprint


def test_training_is_reproducible() -> None:
    first, second = trained(), trained()
    assert np.array_equal(first.held_out_p, second.held_out_p)
    assert np.array_equal(first.method.predict_proba(labelled(5)), second.method.predict_proba(labelled(5)))


@pytest.mark.parametrize("method", sorted(METHODS))
def test_held_out_predictions_cover_every_issue_and_label(method: str) -> None:
    model = trained(30, Recipe(method=method, settings=settings_for(method), labels=LABELS))
    assert model.held_out_y.shape == model.held_out_p.shape == (30, 2)
    assert model.held_out_p.dtype == np.float32
    assert 0 <= model.held_out_p.min() <= model.held_out_p.max() <= 1


@pytest.mark.parametrize("method", sorted(METHODS))
def test_held_out_predictions_know_neither_their_own_issue_nor_its_copy(method: str) -> None:
    random = np.random.default_rng(3)
    words = [" ".join(f"word{n}" for n in random.integers(0, 50, 6)) for _ in range(90)]  # say nothing of the label
    told = [(text, LABELS[random.integers(2)]) for text in words]
    issues = [issue(n, label, title=text, body=text) for n, (text, label) in enumerate([*told, *told])]
    model = train(issues, Recipe(method=method, settings=settings_for(method), labels=LABELS), now=NOW)
    truth = model.held_out_y == 1
    assert model.held_out_p[truth].mean() - model.held_out_p[~truth].mean() < 0.12


@pytest.mark.parametrize("labels", [LABELS, ("never used",), ()])
def test_fewer_than_ten_labelled_issues_are_refused(labels: tuple[str, ...]) -> None:
    issues = [*labelled(9), *(issue(n) for n in range(100, 140))]
    with pytest.raises(TooFewIssuesError, match="10 or more are needed"):
        train(issues, replace(BAYES, labels=labels), now=NOW)


def test_ten_labelled_issues_are_enough() -> None:
    assert trained(10).issues == 10


def test_unknown_method_and_setting_are_refused_by_name() -> None:
    with pytest.raises(ModelError, match=r"no method 'forest'; there are: naive_bayes"):
        trained(recipe=replace(BAYES, method="forest"))
    with pytest.raises(ModelError, match="'depth'"):
        trained(recipe=replace(BAYES, settings={"depth": 3}))


def test_settings_of_the_recipe_are_used() -> None:
    smooth = trained(recipe=replace(BAYES, settings={"alpha": 50.0}))
    assert smooth.recipe.settings["alpha"] == 50.0
    assert not np.array_equal(smooth.held_out_p, trained().held_out_p)


def test_cross_fit_predicts_issues_without_a_label_too() -> None:
    issues = [*labelled(20), *(issue(n) for n in range(50, 60))]
    p = cross_fit(issues, build_targets(issues, LABELS), BAYES)
    assert p.shape == (30, 2)
    assert (p > 0).all()


def test_scores_are_sorted_and_carry_the_decision() -> None:
    (scores,) = trained().score([issue(1, "docs")])
    assert [score.name for score in scores] == ["docs", "bug"]
    assert [score.decision for score in scores] == [Decision.APPLY, Decision.WITHHOLD]
    assert scores[0].apply_threshold is not None
    assert scores[0].probability >= scores[0].apply_threshold


def test_model_with_little_evidence_applies_nothing() -> None:
    rows = trained(14).score(labelled(6))
    assert Decision.APPLY not in {score.decision for row in rows for score in row}


def test_stricter_targets_mean_stricter_decisions() -> None:
    model = trained()
    strict = PrecisionTargets(apply=0.99, suggest=0.99)
    assert model.score([issue(1, "docs")], strict)[0][0].decision is Decision.WITHHOLD
    assert model.score([issue(1, "docs")])[0][0].decision is Decision.APPLY
    assert [limits.missing for limits in model.thresholds(PrecisionTargets())] == [0, 0]


def test_no_issues_have_no_scores() -> None:
    assert trained().score([]) == []


def test_issues_that_a_method_did_not_hold_out_are_no_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    class Partly(NaiveBayes):
        name: ClassVar[str] = "partly"

        def fit(self, issues: Issues, targets: Targets, *, seed: int, **options: Unpack[FitOptions]) -> Self:
            self.held_out_ = np.full(targets.shape, np.nan, dtype=np.float32)
            self.held_out_[:5] = 0.25
            return super().fit(issues, targets, seed=seed, **options)

    monkeypatch.setitem(METHODS, Partly.name, Partly)
    issues = labelled(24)
    model = train(issues, Recipe(Partly.name, {}, LABELS), now=NOW)
    assert (model.held_out_p == 0.25).all()
    assert np.array_equal(model.held_out_y, build_targets(issues[:5], LABELS))


def test_of_labels_that_never_stand_together_one_at_most_is_decided_for() -> None:
    model = trained(200)
    assert [group.names for group in model.groups] == [LABELS]
    torn = replace(model, method=Undecided())
    scores = torn.score([issue(0)], PrecisionTargets(0.5, 0.5))[0]
    assert [score.probability for score in scores] == [1.0, pytest.approx(0.99)]
    assert [score.decision for score in scores] == [Decision.APPLY, Decision.WITHHOLD]


class Undecided(NaiveBayes):
    """Holds two labels for nearly certain on any issue."""

    def predict_proba(self, issues: Issues) -> Probabilities:
        return np.tile(np.array([1.0, 0.99], dtype=np.float32), (len(issues), 1))


def test_track_record_counts_held_out_decisions_whose_truth_is_known() -> None:
    y = np.array([[1, 0]] * 18 + [[0, 1]] * 30 + [[UNKNOWN, 0]] * 3, dtype=np.int8)
    p = np.array([[0.9, 0.1]] * 18 + [[0.1, 0.2]] * 30 + [[0.9, 0.1]] * 3, dtype=np.float32)
    found = replace(trained(), held_out_y=y, held_out_p=p).track_record(PrecisionTargets())
    assert found[LABELS[0], "apply"] == (18, 18)
    assert found[LABELS[0], "withhold"] == (0, 30)
    assert found[LABELS[0], "suggest"] == (0, 0)
    assert found[LABELS[1], "apply"] == (30, 30)
