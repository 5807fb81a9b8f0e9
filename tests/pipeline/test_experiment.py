from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pipeline import experiment
from pipeline.errors import TooFewIssuesError
from pipeline.experiment import ALL, SIZES, Outcome, Run, Size, Slices, plan, usable
from pipeline.experiment_split import split
from pipeline.issues import UNKNOWN, Issue
from pipeline.methods import METHODS
from tests.pipeline.contestants import CONTESTANTS, Contestant, Recorder, distinct
from tests.pipeline.samples import LABELS, issue, labelled


@pytest.fixture(autouse=True)
def contestants(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Enter the methods of these tests."""
    for each in CONTESTANTS:
        monkeypatch.setitem(METHODS, each.name, each)  # type: ignore[arg-type]
    yield
    Recorder.given.clear()
    Recorder.asked.clear()


def mixed(count: int) -> list[Issue]:
    """Return dated issues, a third of which has none of the labels, and half of these no label at all."""
    issues = labelled(count, (*LABELS, "question"))
    return distinct([replace(each, labels=()) if each.number % 6 == 5 else each for each in issues])


@pytest.fixture
def slices() -> Slices:
    return Slices(split(mixed(120), LABELS), [8, 16, ALL])


def numbers(issues: Any) -> set[int]:
    return {each.number for each in issues}


# --- the hold-out


def test_newest_issues_are_the_test_whatever_their_order() -> None:
    found = split(list(reversed(mixed(60))), LABELS, test=20)
    assert found.dated
    assert numbers(found.test) == set(range(40, 60))
    assert numbers(found.labelled) | numbers(found.others) == set(range(40))
    assert numbers(found.others) == {5, 11, 17, 23, 29, 35}


@pytest.mark.parametrize(("count", "test"), [(50, 10), (3000, 500)])
def test_fifth_of_the_issues_is_held_out_but_not_more_than_500(count: int, test: int) -> None:
    assert len(split(distinct(labelled(count)), LABELS).test) == test


def test_without_dates_the_test_has_every_label_and_is_the_same_each_time() -> None:
    issues = [replace(each, created_at=None) for each in mixed(90)]
    found, again = split(issues, LABELS, test=30), split(issues, LABELS, test=30)
    assert not found.dated
    assert len(found.test) == 30
    assert (found.test_y.sum(axis=0) > 5).all()
    assert found.fingerprint == again.fingerprint
    assert numbers(found.test) | numbers(found.labelled) | numbers(found.others) == set(range(90))


def test_test_issue_with_none_of_the_labels_counts_as_zero() -> None:
    found = split(mixed(60), LABELS, test=3)
    assert sorted(map(tuple, found.test_y.tolist())) == [(0, 0), (0, 1), (1, 0)]


@pytest.mark.parametrize("test", [0, 60, 61])
def test_hold_out_that_leaves_nothing_is_an_error(test: int) -> None:
    with pytest.raises(TooFewIssuesError, match="cannot be held out"):
        split(mixed(60), LABELS, test=test)


def test_what_says_the_same_as_a_test_issue_is_not_trained_on() -> None:
    issues = mixed(60)
    issues[3] = replace(issues[3], title=issues[50].title, body=issues[50].body)
    issues[9] = replace(issues[9], title=issues[7].title, body=issues[7].body)
    found = split(issues, LABELS, test=20)
    assert [(each.issue.number, each.of.number) for each in found.removed] == [(3, 50), (9, 7)]
    assert numbers(found.test) == set(range(40, 60))
    assert numbers(found.labelled) | numbers(found.others) == set(range(40)) - {3, 9}


def test_duplicates_are_on_one_side_without_dates() -> None:
    issues = [replace(each, created_at=None) for each in mixed(60)]
    issues += [replace(each, number=each.number + 100) for each in issues]
    found = split(issues, LABELS, test=40)
    assert len(found.test) == 40
    assert {each.number % 100 for each in found.test}.isdisjoint(
        {each.number % 100 for each in (*found.labelled, *found.others)}
    )
    assert len(found.removed) == 40


def test_training_period_without_labels_is_an_error() -> None:
    issues = [issue(n, at=each.created_at) for n, each in enumerate(labelled(9))] + labelled(10)[9:]
    with pytest.raises(TooFewIssuesError, match="no issue before"):
        split(issues, LABELS, test=1)


# --- which runs


def test_small_slices_come_first_and_each_seed_is_a_run() -> None:
    found = plan(["naive_bayes", "linear"], [ALL, 8], 2)
    assert [(run.method, run.slice, run.seed) for run in found] == [
        *((name, size, seed) for size in (8, ALL) for name in ("naive_bayes", "linear") for seed in (0, 1))
    ]


def test_encoders_have_fewer_seeds_and_no_small_slices() -> None:
    counts = {size: sum(run.slice == size for run in plan(["encoder"], SIZES, 5)) for size in SIZES}
    assert counts == {8: 0, 16: 0, 32: 3, 64: 3, 128: 3, ALL: 1}
    assert len(plan(["encoder"], [64], 2)) == 2


def test_method_without_need_of_labels_runs_once_on_none() -> None:
    assert plan(["no_labels"], SIZES, 5) == [Run("no_labels", 0, 0)]


def test_slice_larger_than_the_labelled_issues_is_not_usable() -> None:
    assert usable((8, 80, 81, ALL), 80) == [8, 80, ALL]


# --- slices


def test_slices_of_a_seed_are_nested_and_of_the_size_asked_for(slices: Slices) -> None:
    for seed in (0, 1):
        small, large, every = (set(slices.rows(Run("linear", size, seed))) for size in (8, 16, ALL))
        assert (len(small), len(large), len(every)) == (8, 16, len(slices.split.labelled))
        assert small < large < every
    assert slices.rows(Run("linear", 8, 0)) != slices.rows(Run("linear", 8, 1))


def test_slice_does_not_depend_on_which_others_are_asked_for(slices: Slices) -> None:
    alone = Slices(slices.split, [16])
    assert alone.rows(Run("linear", 16, 3)) == slices.rows(Run("linear", 16, 3))


def test_methods_share_the_slices_of_a_seed(slices: Slices) -> None:
    assert slices.rows(Run("linear", 8, 1)) == slices.rows(Run("naive_bayes", 8, 1))


# --- what a method is given


@pytest.mark.parametrize("size", [8, 16, ALL])
def test_test_issues_never_reach_fit_and_labels_only_those_of_the_slice(slices: Slices, size: Size) -> None:
    outcome = experiment.execute(slices, Run("recorder", size, 1))
    (given,), whole = Recorder.given, slices.split
    unlabeled = given["unlabeled"]
    assert len(given["issues"]) == outcome.row["n"]
    assert len(given["targets"]) == outcome.row["n"]
    assert (given["targets"] != UNKNOWN).all()
    assert given["seed"] == 1
    assert [label.name for label in given["labels"]] == list(LABELS)
    assert not numbers(given["issues"]) & numbers(unlabeled)
    assert numbers(given["issues"]) | numbers(unlabeled) == numbers(whole.labelled) | numbers(whole.others)
    assert not any(each.labels or each.removed or each.unconfirmed for each in unlabeled)
    assert not (numbers(given["issues"]) | numbers(unlabeled)) & numbers(whole.test)


def test_test_issues_are_predicted_once_and_without_their_labels(slices: Slices) -> None:
    experiment.execute(slices, Run("recorder", 8, 0))
    (asked,) = Recorder.asked
    assert [each.number for each in asked] == [each.number for each in slices.split.test]
    assert not any(each.labels for each in asked)


def test_nothing_depends_on_the_labels_of_the_test_issues(slices: Slices) -> None:
    turned = replace(slices.split, test=[replace(each, labels=("bug",)) for each in slices.split.test])
    one, two = (experiment.execute(Slices(each, [8]), Run("linear", 8, 0)) for each in (slices.split, turned))
    assert np.array_equal(one.test_p, two.test_p)
    assert one.row["threshold"] == two.row["threshold"]
    assert one.row["micro_f1"] != two.row["micro_f1"]


# --- what comes of a run


@pytest.mark.parametrize("method", ["naive_bayes", "linear"])
def test_row_has_every_figure_and_words_that_tell_are_learnt(slices: Slices, method: str) -> None:
    row = experiment.attempt(slices, Run(method, 16, 0)).row
    figures = {"micro_f1", "macro_f1", "macro_f1_all", "average_precision", "threshold", "train_s", "predict_s"}
    assert set(row) == {"method", "slice", "n", "seed"} | figures
    assert (row["method"], row["slice"], row["n"], row["seed"]) == (method, 16, 16, 0)
    assert row["average_precision"] > 0.6


@pytest.mark.parametrize("method", ["naive_bayes", "linear"])
def test_same_seed_gives_the_same_row_and_predictions(slices: Slices, method: str) -> None:
    def told(outcome: Outcome) -> dict[str, Any]:
        return {key: value for key, value in outcome.row.items() if not key.endswith("_s")}

    fresh = Slices(slices.split, slices.sizes)
    one, two = (experiment.attempt(each, Run(method, 16, 2)) for each in (slices, fresh))
    assert told(one) == told(two)
    assert np.array_equal(one.test_p, two.test_p)


def test_held_out_predictions_are_cross_fitted_where_a_method_has_none(slices: Slices) -> None:
    outcome = experiment.execute(slices, Run("naive_bayes", 16, 0))
    assert outcome.held_out_p.shape == outcome.held_out_y.shape == (16, 2)


def test_rows_that_were_not_held_out_are_no_evidence(slices: Slices, monkeypatch: pytest.MonkeyPatch) -> None:
    def partly(self: Contestant, *args: Any, **options: Any) -> Contestant:
        fit(self, *args, **options)
        self.held_out_[::2] = np.nan
        return self

    fit = Contestant.fit
    monkeypatch.setattr(Contestant, "fit", partly)
    outcome = experiment.execute(slices, Run("contestant", 16, 0))
    assert outcome.held_out_p.shape == outcome.held_out_y.shape == (8, 2)
    assert not np.isnan(outcome.held_out_p).any()


def test_macro_f1_counts_common_labels_and_macro_f1_all_every_one() -> None:
    issues = mixed(120)
    found = split([*issues[:-1], replace(issues[-1], labels=("rare",))], (*LABELS, "rare"), test=60)
    row = experiment.attempt(Slices(found, [16]), Run("naive_bayes", 16, 0)).row
    assert row["macro_f1_all"] < row["macro_f1"]


def test_failure_is_recorded_with_its_reason(slices: Slices) -> None:
    outcome = experiment.attempt(slices, Run("failing", 16, 0))
    error = "RuntimeError: <b>no memory</b>"
    assert outcome.row == {"method": "failing", "slice": 16, "n": 16, "seed": 0, "error": error}
    assert "error" not in experiment.attempt(slices, Run("failing", 8, 0)).row


def test_predictions_that_are_no_numbers_are_a_failure(slices: Slices, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Contestant, "predict_proba", lambda self, issues: np.full((len(issues), 2), np.nan))
    assert "not finite" in experiment.attempt(slices, Run("contestant", 8, 0)).row["error"]


def test_no_labels_means_no_evidence_and_even_threshold(slices: Slices) -> None:
    outcome = experiment.execute(slices, Run("no_labels", 0, 0))
    assert (outcome.row["n"], outcome.row["threshold"]) == (0, 0.5)
    assert len(outcome.held_out_p) == 0
    assert {row["rule"] for row in outcome.report["zero_shot"]} == {"threshold", "top_k"}


def test_interruption_is_no_result(slices: Slices, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Contestant, "fit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        experiment.attempt(slices, Run("contestant", 8, 0))
