import math

import numpy as np
import pytest

from pipeline.uncertainty import LEAST_VARIANCE, Chosen, entropy, guess, measure, select, weights

LOG_2 = math.log(2)


def passes(*p: float) -> np.ndarray:
    """Return what each pass says about one cell, (passes, 1, 1)."""
    return np.array(p, dtype=np.float32).reshape(-1, 1, 1)


def test_entropy_is_that_of_a_yes_or_no() -> None:
    assert entropy(np.array([0.0, 0.5, 1.0, 0.25])) == pytest.approx([0, LOG_2, 0, 0.562335], abs=1e-6)


def test_mean_and_variance_are_those_over_the_passes() -> None:
    found = measure(passes(0.2, 0.4, 0.9))
    assert found.mean.item() == pytest.approx(0.5)
    assert found.variance.item() == pytest.approx((0.09 + 0.01 + 0.16) / 3)


def test_bald_is_greatest_where_each_pass_is_sure_of_something_else() -> None:
    assert measure(passes(0, 1)).bald.item() == pytest.approx(LOG_2)


@pytest.mark.parametrize("p", [0.0, 0.3, 0.5, 1.0])
def test_bald_is_nothing_where_all_passes_agree_however_unsure(p: float) -> None:
    assert measure(passes(p, p, p)).bald.item() == pytest.approx(0, abs=1e-7)


def test_bald_is_the_entropy_of_the_mean_less_the_mean_entropy() -> None:
    # mean 0.5: log 2 = 0.693147; entropies of 0.1 and 0.9: 0.325083 each
    assert measure(passes(0.1, 0.9)).bald.item() == pytest.approx(0.693147 - 0.325083, abs=1e-5)


def test_each_cell_is_measured_on_its_own() -> None:
    random = np.random.default_rng(0)
    samples = random.random((7, 3, 2), dtype=np.float32)
    whole = measure(samples)
    assert whole.bald.shape == (3, 2)
    assert whole.bald[1, 1] == pytest.approx(measure(samples[:, 1:2, 1:2]).bald.item())


def test_weight_is_the_logarithm_of_the_inverse_variance() -> None:
    assert weights(np.array([[0.25, 0.01]])) == pytest.approx(np.array([[math.log(4), math.log(100)]]))


def test_weight_of_what_never_varies_is_bounded() -> None:
    assert weights(np.zeros((1, 1))).item() == pytest.approx(-math.log(LEAST_VARIANCE))


def test_guess_takes_the_most_probable_issues_of_each_label_as_its_rate_asks() -> None:
    mean = np.array([[0.1, 0.9], [0.4, 0.8], [0.3, 0.7], [0.2, 0.6]])
    yes = guess(mean, np.array([0.5, 0.25]))
    assert yes.tolist() == [[False, True], [True, False], [True, False], [False, False]]


def test_guess_of_a_label_without_an_issue_is_always_no() -> None:
    assert not guess(np.full((10, 1), 0.99), np.zeros(1)).any()


def half(scheme: str, yes: Chosen, bald: np.ndarray, seed: int = 0) -> Chosen:
    return select(yes, bald, 0.5, scheme=scheme, random=np.random.default_rng(seed))  # type: ignore[arg-type]


def test_selection_keeps_the_share_of_yes_and_no_of_each_label() -> None:
    yes = np.arange(100).reshape(-1, 1) < np.array([20, 2])  # (100, 2)
    drawn = half("easy", yes, np.full(yes.shape, 0.1))
    assert (drawn & yes).sum(axis=0).tolist() == [10, 1]
    assert (drawn & ~yes).sum(axis=0).tolist() == [40, 49]


@pytest.mark.parametrize(("scheme", "surer"), [("easy", True), ("hard", False)])
def test_easy_prefers_what_the_passes_agree_on_and_hard_what_they_do_not(scheme: str, surer: bool) -> None:
    bald = np.where(np.arange(400) < 200, 0.05, 0.65).reshape(-1, 1)
    drawn = half(scheme, np.ones((400, 1), dtype=bool), bald).ravel()
    assert (drawn[:200].sum() > drawn[200:].sum() + 20) == surer
    assert drawn.sum() == 200


def test_hard_never_draws_what_all_passes_agree_on() -> None:
    bald = np.array([[0.0], [0.3], [0.0], [0.3]])
    drawn = select(np.ones((4, 1), dtype=bool), bald, 1.0, scheme="hard", random=np.random.default_rng(0))
    assert drawn.ravel().tolist() == [False, True, False, True]


def test_selection_is_the_same_for_the_same_generator() -> None:
    yes, bald = np.ones((50, 3), dtype=bool), np.random.default_rng(1).random((50, 3)) * LOG_2
    assert np.array_equal(half("easy", yes, bald, seed=3), half("easy", yes, bald, seed=3))
    assert not np.array_equal(half("easy", yes, bald, seed=3), half("easy", yes, bald, seed=4))


def test_nothing_is_selected_of_no_issues() -> None:
    assert half("easy", np.zeros((0, 2), dtype=bool), np.zeros((0, 2))).shape == (0, 2)
