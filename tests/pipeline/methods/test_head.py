import numpy as np
import pytest

from pipeline.methods.head import Head, fit_head

RANDOM = np.random.default_rng(0)
FEATURES = RANDOM.normal(size=(60, 4)).astype(np.float32)
YES = (FEATURES[:, :1] > 0).astype(np.float32)
ALL = np.ones_like(YES)


def p(head: Head) -> list[float]:
    found: list[float] = head.predict(FEATURES)[:, 0].tolist()
    return found


def test_what_is_easy_is_learnt() -> None:
    head = fit_head(FEATURES, YES, ALL, strength=10)
    assert ((head.predict(FEATURES) > 0.5) == (YES == 1)).mean() > 0.95


def test_cell_that_counts_nothing_teaches_nothing() -> None:
    half = ALL.copy()
    half[30:] = 0
    other = YES.copy()
    other[30:] = 1 - other[30:]
    assert p(fit_head(FEATURES, YES, half, strength=1)) == p(fit_head(FEATURES, other, half, strength=1))


def test_cell_that_counts_twice_is_as_good_as_two() -> None:
    twice = fit_head(np.vstack([FEATURES] * 2), np.vstack([YES] * 2), np.vstack([ALL] * 2), strength=1)
    assert p(twice) == pytest.approx(p(fit_head(FEATURES, YES, 2 * ALL, strength=1)), abs=1e-3)


def test_label_that_is_all_or_nothing_gets_its_smoothed_rate() -> None:
    head = fit_head(np.zeros((9, 4), dtype=np.float32), np.ones((9, 1)), np.ones((9, 1)), strength=1)
    assert head.predict(np.zeros((1, 4), dtype=np.float32)).item() == pytest.approx(9.5 / 10, abs=1e-3)


def test_label_of_which_nothing_is_known_is_even() -> None:
    assert p(fit_head(FEATURES, YES, 0 * ALL, strength=1)) == pytest.approx([0.5] * 60)


def test_passes_differ_and_their_mean_is_near_the_prediction() -> None:
    head = fit_head(FEATURES, YES, ALL, strength=1)
    samples = head.passes(FEATURES, count=200, dropout=0.2, random=np.random.default_rng(0))
    assert samples.shape == (200, 60, 1)
    assert samples.std(axis=0).min() > 0
    assert samples.mean(axis=0)[:, 0] == pytest.approx(p(head), abs=0.15)


def test_passes_without_dropout_are_the_prediction() -> None:
    head = fit_head(FEATURES, YES, ALL, strength=1)
    samples = head.passes(FEATURES, count=2, dropout=0, random=np.random.default_rng(0))
    assert samples[1, :, 0].tolist() == pytest.approx(p(head))


def test_a_pass_drops_the_same_features_for_all_issues() -> None:
    head = Head(np.ones((4, 1), dtype=np.float32), np.zeros(1, dtype=np.float32))
    rows = np.vstack([FEATURES[:1]] * 5)
    samples = head.passes(rows, count=8, dropout=0.5, random=np.random.default_rng(0))
    assert np.ptp(samples, axis=1).max() < 1e-6
