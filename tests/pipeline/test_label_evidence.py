import numpy as np
import pytest

from pipeline.issues import UNKNOWN, Probabilities, Targets
from pipeline.label_evidence import ExclusiveGroup, exclusive_groups, left_out, one_of_each_group, weigh_labels

NAMES = ("bug", "docs", "wontfix")


def truth(rows: int = 200) -> Targets:
    return (np.random.default_rng(1).random((rows, 3)) < [0.4, 0.2, 0.15]).astype(np.int8)


def guesses(y: Targets, *skill: float, seed: int = 2) -> Probabilities:
    """Return probabilities that know as much of each label as `skill` says, 0 to 1."""
    blind = np.random.default_rng(seed).random(y.shape)
    return (np.array(skill) * (y == 1) + (1 - np.array(skill)) * blind).astype(np.float32)


def test_label_that_no_method_tells_from_chance_is_left_out_with_the_reason() -> None:
    y = truth()
    found = weigh_labels(NAMES, y, {"linear": guesses(y, 0.5, 0.5, 0.0), "knn": guesses(y, 0.1, 0.1, 0.0, seed=4)})
    assert left_out(found).keys() == {"wontfix"}
    assert "no method beats chance on its" in found[2].reason
    assert (found[0].method, found[0].reason) == ("linear", "")
    assert found[0].auc == pytest.approx(1.0, abs=0.01)


def test_one_method_that_beats_chance_is_enough() -> None:
    y = truth()
    found = weigh_labels(NAMES, y, {"blind": guesses(y, 0, 0, 0), "able": guesses(y, 0.3, 0.3, 0.3)})
    assert left_out(found) == {}
    assert {each.method for each in found} == {"able"}


def test_label_that_is_told_worse_than_by_chance_is_left_out() -> None:
    y = truth()
    assert left_out(weigh_labels(NAMES, y, {"wrong": 1 - guesses(y, 0.9, 0.9, 0.9)})).keys() == set(NAMES)


def test_many_labels_of_chance_are_nearly_all_left_out() -> None:
    y = (np.random.default_rng(5).random((300, 100)) < 0.1).astype(np.int8)
    names = [f"label{n}" for n in range(100)]
    tries = {f"try{n}": np.random.default_rng(n).random(y.shape).astype(np.float32) for n in range(3)}
    assert len(left_out(weigh_labels(names, y, tries))) >= 99


def test_label_with_too_few_examples_is_left_out_whatever_is_predicted() -> None:
    y = truth()
    y[:, 1] = 0
    y[:4, 1] = 1
    found = weigh_labels(NAMES, y, {"linear": guesses(y, 1, 1, 1)})
    assert left_out(found) == {"docs": "4 issues have it; 5 or more are needed"}
    assert left_out(weigh_labels(NAMES, y, {}, least=4)) == {}


def test_unknown_truth_and_missing_predictions_do_not_count() -> None:
    y, p = truth(), guesses(truth(), 0.5, 0.5, 0.0)
    p[:50, 0] = np.nan
    y[50:100, 0] = UNKNOWN
    p[50:100, 0] = 1 - p[50:100, 0]
    found = weigh_labels(NAMES, y, {"linear": p})[0]
    assert (found.examples, found.reason) == (int((y[:, 0] == 1).sum()), "")


def test_label_that_every_known_issue_has_is_not_judged() -> None:
    y = np.ones((20, 3), dtype=np.int8)
    assert left_out(weigh_labels(NAMES, y, {"linear": guesses(y, 0, 0, 0)})) == {}


def test_the_same_probability_for_all_is_no_evidence() -> None:
    y = truth()
    same = {"constant": np.full(y.shape, 0.5, dtype=np.float32)}
    assert left_out(weigh_labels(NAMES, y, same)).keys() == set(NAMES)


def one_each(counts: tuple[int, ...]) -> Targets:
    return np.repeat(np.eye(len(counts), dtype=np.int8), counts, axis=0)


def test_labels_that_never_stand_together_are_a_group() -> None:
    assert exclusive_groups(one_each((60, 50, 40)), NAMES) == [ExclusiveGroup(NAMES, (0, 1, 2), 50 * 40 / 150)]


def test_labels_that_could_not_have_met_yet_are_none() -> None:
    assert exclusive_groups(one_each((60, 4, 2)), NAMES) == []


def test_one_issue_with_both_is_enough_to_part_them() -> None:
    y = np.vstack([one_each((60, 50, 40)), np.array([[1, 1, 0]], dtype=np.int8)])
    assert [group.names for group in exclusive_groups(y, NAMES)] == [("bug", "wontfix")]


def test_issues_of_which_nothing_is_known_say_nothing() -> None:
    y = np.vstack([one_each((30, 30, 30)), np.full((5000, 3), UNKNOWN, dtype=np.int8)])
    assert exclusive_groups(y, NAMES) == exclusive_groups(one_each((30, 30, 30)), NAMES)
    assert exclusive_groups(np.zeros((0, 3), dtype=np.int8), NAMES) == []


def test_only_the_most_probable_of_a_group_is_left() -> None:
    p = np.array([[0.6, 0.9, 0.7, 0.8], [0.2, 0.2, 0.1, 0.8]], dtype=np.float32)
    alone = one_of_each_group(p, [ExclusiveGroup(("a", "b", "c"), (0, 1, 2), 9.0)])
    expected = np.array([[np.nan, 0.9, np.nan, 0.8], [0.2, np.nan, np.nan, 0.8]], dtype=np.float32)
    assert np.array_equal(alone, expected, equal_nan=True)
    assert p[0, 0] == np.float32(0.6)


@pytest.mark.parametrize("rows", [0, 3])
def test_all_are_left_without_groups_or_issues(rows: int) -> None:
    p = np.full((rows, 2), 0.5, dtype=np.float32)
    assert np.array_equal(one_of_each_group(p, []), p)
    assert one_of_each_group(p, [ExclusiveGroup(("a", "b"), (0, 1), 9.0)]).shape == (rows, 2)
