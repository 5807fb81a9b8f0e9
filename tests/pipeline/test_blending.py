import json

import numpy as np
import pytest

from pipeline.blending import Mixture, learn
from pipeline.issues import UNKNOWN, Probabilities, Targets


def truth(rows: int, *, seed: int = 0) -> Targets:
    return (np.random.default_rng(seed).random((rows, 3)) < 0.3).astype(np.int8)


def guess(y: Targets, skill: float, *, seed: int = 1) -> Probabilities:
    """Return probabilities that know the truth as well as `skill` says, 0 not at all."""
    noise = np.random.default_rng(seed).normal(size=y.shape)
    return (1 / (1 + np.exp(-(skill * (2.0 * y - 1) + noise)))).astype(np.float32)


def test_who_knows_more_weighs_more() -> None:
    y = truth(300)
    mixture = learn(y, [guess(y, 2.0), guess(y, 0.0, seed=2)])
    assert mixture.weights[0] > 0.9


def test_weights_are_not_negative_and_sum_to_one() -> None:
    y = truth(40)
    mixture = learn(y, [guess(y, 1.0), 1 - guess(y, 1.0, seed=2), guess(y, 0.5, seed=3)])
    assert min(mixture.weights) >= 0
    assert sum(mixture.weights) == pytest.approx(1)


def test_little_evidence_leaves_the_weights_near_to_equal() -> None:
    few, many = (learn(y, [guess(y, 2.0), guess(y, 0.5, seed=2)]) for y in (truth(4), truth(400)))
    assert 0.3 < few.weights[0] < 0.7 < many.weights[0]


def test_two_that_know_different_things_are_better_together() -> None:
    y = truth(400)
    guesses = [guess(y, 1.0), guess(y, 1.0, seed=2)]
    together = learn(y, guesses)(guesses)
    errors = [np.abs(p - y).mean() for p in (*guesses, together)]
    assert errors[2] < min(errors[:2])


def test_the_sure_and_wrong_is_made_less_sure() -> None:
    y = truth(400)
    loud = np.clip(guess(y, 0.3) * 1.0, 0, 1) > 0.5
    sure = np.where(loud, 0.9999, 0.0001).astype(np.float32)
    found = learn(y, [sure, sure])([sure, sure])
    share = y[loud].mean()
    assert found[loud].mean() == pytest.approx(share, abs=0.05)


def test_only_rows_that_all_held_out_and_known_cells_count() -> None:
    y = truth(200)
    one, other = guess(y, 2.0), guess(y, 0.5, seed=2)
    expected = learn(y[:100], [one[:100], other[:100]])
    partly = other.copy()
    partly[100:] = np.nan
    assert learn(y, [one, partly]) == expected
    unknown = y.copy()
    unknown[100:] = UNKNOWN
    assert learn(unknown, [one, other]) == expected


def test_rows_not_held_out_stay_so() -> None:
    y = truth(20)
    p = guess(y, 1.0)
    p[3] = np.nan
    assert np.isnan(learn(y, [p, guess(y, 1.0, seed=2)])([p, p])).any(axis=1).tolist() == [
        row == 3 for row in range(20)
    ]


def test_without_evidence_all_weigh_the_same() -> None:
    y = truth(5)
    nothing = np.full(y.shape, np.nan, dtype=np.float32)
    mixture = learn(y, [nothing, guess(y, 2.0)])
    p = guess(y, 1.0, seed=4)
    assert mixture.weights == (0.5, 0.5)
    assert np.allclose(mixture([p, p]), p, atol=1e-3)


def test_mixture_read_from_json_is_the_same() -> None:
    y = truth(50)
    mixture = learn(y, [guess(y, 1.0), guess(y, 0.5, seed=2), guess(y, 0.2, seed=3)])
    assert Mixture.from_json(json.loads(json.dumps(mixture.as_json()))) == mixture
