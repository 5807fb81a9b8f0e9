from dataclasses import replace

import numpy as np
import pytest

from pipeline.evaluation import average_precision
from pipeline.issues import UNKNOWN, Targets
from pipeline.methods.head import Rows
from pipeline.methods.self_training import Plan, SelfTraining

PLAN = Plan(strength=1.0, dropout=0.3, passes=10, scheme="easy", share=0.9, trust=1.0, rounds=3)
NAMES = ("bug", "docs", "build")


def drawn(count: int, seed: int) -> tuple[Rows, Targets]:
    """Return issues of three kinds, with one label each, which 40 features tell apart a little each."""
    random = np.random.default_rng(seed)
    kind = np.arange(count) % 3
    centres = np.random.default_rng(99).normal(size=(3, 40))
    features = 0.45 * centres[kind] + random.normal(size=(count, 40))
    return (features / 6).astype(np.float32), (kind[:, np.newaxis] == np.arange(3)).astype(np.int8)


LABELLED, TARGETS = drawn(18, 0)
POOL, TRUTH = drawn(300, 1)
NEW, NEW_TRUTH = drawn(600, 2)


def trained(plan: Plan = PLAN, targets: Targets = TARGETS, pool: Rows = POOL, seed: int = 0) -> SelfTraining:
    found = SelfTraining(plan, LABELLED, targets, pool, NAMES)
    found.run(seed=seed, report=lambda done: None)
    return found


def good(found: SelfTraining) -> float:
    return average_precision(NEW_TRUTH, found.head_.predict(NEW))


def test_student_is_better_than_its_teacher() -> None:
    assert good(trained()) > good(trained(replace(PLAN, rounds=0))) + 0.03


@pytest.mark.parametrize("scheme", ["easy", "hard"])
def test_same_seed_gives_the_same_model(scheme: str) -> None:
    plan = replace(PLAN, scheme=scheme)  # type: ignore[arg-type]
    one, same, other = (trained(plan, seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(one.head_.weights, same.head_.weights)
    assert one.rounds_ == same.rounds_
    assert not np.array_equal(one.head_.weights, other.head_.weights)


def test_without_unlabelled_issues_it_is_its_teacher() -> None:
    alone, teacher = trained(pool=POOL[:0]), trained(replace(PLAN, rounds=0))
    assert np.array_equal(alone.head_.weights, teacher.head_.weights)
    assert np.array_equal(alone.held_out_, teacher.held_out_)
    assert alone.stopped_because_ == "there are no unlabelled issues"


def test_rounds_end_with_the_first_that_gains_nothing_and_the_one_before_is_kept() -> None:
    found = trained(replace(PLAN, rounds=50))
    scores = [each["average_precision"] for each in found.rounds_]
    assert len(scores) < 51
    assert found.stopped_because_ == f"round {len(scores) - 1} gained nothing"
    assert scores[:-1] == sorted(scores[:-1])
    assert average_precision(TARGETS, found.held_out_) == pytest.approx(max(scores))
    same = trained(replace(PLAN, rounds=len(scores) - 2))
    assert np.array_equal(found.head_.weights, same.head_.weights)


def test_each_round_tells_what_it_learnt_from_and_how_right_that_was() -> None:
    first = trained().rounds_[1]
    assert first["gain"] == pytest.approx(first["average_precision"] - trained().rounds_[0]["average_precision"])
    assert first["cells"] == 900 * PLAN.share
    assert first["yes_by_label"] == "bug 90, docs 90, build 90"
    assert 0 < first["precision"] <= 1
    assert first["precision_by_label"].startswith("bug ")


def test_held_out_issue_was_taught_to_none_of_the_rounds() -> None:
    contrary = TARGETS.copy()
    contrary[0] = 1 - contrary[0]
    wrong = trained(targets=contrary).held_out_[0]
    assert (wrong > 0.5).tolist() != contrary[0].astype(bool).tolist()


def test_cells_that_are_unknown_teach_nothing_and_are_not_judged_by() -> None:
    targets = TARGETS.copy()
    targets[9:, 1] = UNKNOWN
    found = trained(targets=targets)
    assert found.rounds_[1]["yes_by_label"] == "bug 90, docs 90, build 90"  # the rate is that of the known cells
    assert np.isfinite(found.held_out_).all()


@pytest.mark.parametrize("value", [0, 1, UNKNOWN])
def test_label_of_a_single_class_stays_so_and_hurts_no_other(value: int) -> None:
    targets = TARGETS.copy()
    targets[:, 2] = value
    p = trained(targets=targets).head_.predict(NEW)
    assert average_precision(NEW_TRUTH[:, :2], p[:, :2]) > 0.6
    if value != UNKNOWN:
        assert ((p[:, 2] > 0.5) == bool(value)).all()


def test_issue_that_no_model_could_do_without_has_no_held_out_probability() -> None:
    found = SelfTraining(PLAN, LABELLED[:1], TARGETS[:1], POOL, NAMES)
    found.run(seed=0, report=lambda done: None)
    assert np.isnan(found.held_out_).all()
    assert np.isfinite(found.head_.predict(NEW)).all()
