from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest

from pipeline.issues import Issue, Probabilities, Targets
from pipeline.splits import cross_fitted, folds, nested_slices, stratified_split, temporal_split

START = datetime(2026, 1, 1, tzinfo=UTC)


def opened(number: int, hours: int | None) -> Issue:
    at = None if hours is None else START + timedelta(hours=hours)
    return Issue(number=number, title="Title", created_at=at)


def numbers(issues: list[Issue]) -> list[int]:
    return [issue.number for issue in issues]


def test_the_newest_issues_are_held_out_whatever_their_order() -> None:
    issues = [opened(1, 5), opened(2, 1), opened(3, 9), opened(4, 3)]
    earlier, later = temporal_split(issues, 2)
    assert (numbers(earlier), numbers(later)) == ([2, 4], [1, 3])


def test_issues_of_the_same_moment_are_ordered_by_number() -> None:
    earlier, later = temporal_split([opened(9, 1), opened(3, 1), opened(5, 1)], 1)
    assert (numbers(earlier), numbers(later)) == ([3, 5], [9])


def test_given_order_counts_where_one_date_is_missing() -> None:
    earlier, later = temporal_split([opened(3, 9), opened(1, None), opened(2, 1)], 1)
    assert (numbers(earlier), numbers(later)) == ([3, 1], [2])


@pytest.mark.parametrize(("holdout", "sizes"), [(0, (3, 0)), (3, (0, 3)), (4, (0, 3)), (5, (0, 3))])
def test_split_neither_loses_nor_invents_issues(holdout: int, sizes: tuple[int, int]) -> None:
    earlier, later = temporal_split([opened(number, number) for number in range(3)], holdout)
    assert (len(earlier), len(later)) == sizes
    assert numbers(earlier + later) == [0, 1, 2]


def random_targets(*shares: float, rows: int = 200) -> Targets:
    return (np.random.default_rng(1).random((rows, len(shares))) < shares).astype(np.int8)


def test_every_fold_has_its_share_of_every_label() -> None:
    targets = random_targets(0.5, 0.2, 0.05)
    fold = folds(targets, k=5, seed=0)
    counts = np.array([targets[fold == each].sum(axis=0) for each in range(5)])  # (folds, labels)
    assert np.abs(counts - targets.sum(axis=0) / 5).max() <= 2
    assert np.ptp(counts[:, 2]) <= 1  # the rarest label is dealt out first, so it is the most even


def test_rare_label_is_in_as_many_folds_as_it_can_be() -> None:
    targets = np.zeros((50, 2), dtype=np.int8)
    targets[:, 0] = 1
    targets[:3, 1] = 1
    assert len(set(folds(targets, k=5, seed=0)[:3].tolist())) == 3


def test_folds_have_about_the_same_size() -> None:
    sizes = np.bincount(folds(random_targets(0.3, 0.02, rows=203), k=5, seed=0), minlength=5)
    assert sizes.sum() == 203
    assert np.ptp(sizes) <= 3


def test_rows_without_a_label_are_dealt_out_evenly() -> None:
    targets = np.full((20, 2), -1, dtype=np.int8)
    assert np.bincount(folds(targets, k=5, seed=0)).tolist() == [4, 4, 4, 4, 4]


def test_seed_decides_the_folds() -> None:
    targets = random_targets(0.3, 0.1)
    assert np.array_equal(folds(targets, k=5, seed=1), folds(targets, k=5, seed=1))
    assert not np.array_equal(folds(targets, k=5, seed=1), folds(targets, k=5, seed=2))


def test_fewer_rows_than_folds_share_none() -> None:
    assert len(set(folds(random_targets(1.0, rows=3), k=5, seed=0).tolist())) == 3


def test_no_rows_have_no_folds() -> None:
    assert folds(np.zeros((0, 2), dtype=np.int8), k=5, seed=0).shape == (0,)


def test_rows_of_a_group_share_a_fold() -> None:
    targets, groups = random_targets(0.3, 0.1), np.arange(200) // 3
    fold = folds(targets, k=5, seed=0, groups=groups)
    assert all(len(set(fold[groups == group].tolist())) == 1 for group in range(67))
    assert np.ptp(np.bincount(fold)) <= 6


def test_groups_of_one_row_change_nothing() -> None:
    targets = random_targets(0.3, 0.1)
    assert np.array_equal(folds(targets, k=5, seed=0, groups=np.arange(200)), folds(targets, k=5, seed=0))


def test_split_has_its_share_of_every_label_and_row() -> None:
    targets = random_targets(0.5, 0.2, 0.05)
    rest, part = stratified_split(targets, share=0.2, seed=0)
    assert sorted([*rest.tolist(), *part.tolist()]) == list(range(200))
    assert len(part) == pytest.approx(40, abs=1)
    assert np.abs(targets[part].sum(axis=0) - 0.2 * targets.sum(axis=0)).max() <= 2


def test_no_group_is_on_both_sides_of_a_split() -> None:
    groups = np.arange(200) % 70
    rest, part = stratified_split(random_targets(0.5, 0.05), share=0.3, seed=1, groups=groups)
    assert not set(groups[rest].tolist()) & set(groups[part].tolist())


@pytest.mark.parametrize(("share", "size"), [(0.0, 0), (1.0, 200)])
def test_split_may_take_nothing_or_all(share: float, size: int) -> None:
    assert len(stratified_split(random_targets(0.5), share=share, seed=0)[1]) == size


def test_slices_nest_and_have_the_sizes_asked_for() -> None:
    targets = random_targets(0.5, 0.2, 0.05)
    slices = nested_slices(targets, [8, 16, 64, 999], seed=0)
    assert [len(rows) for rows in slices] == [8, 16, 64, len(targets)]
    assert all(set(small.tolist()) < set(large.tolist()) for small, large in pairwise(slices))
    assert all((np.diff(rows) > 0).all() for rows in slices)


@pytest.mark.parametrize("size", [5, 20, 80])
def test_rows_with_none_of_the_labels_have_their_share_of_a_slice(size: int) -> None:
    targets = random_targets(0.2, 0.1)
    (rows,) = nested_slices(targets, [size], seed=3)
    none = ~(targets == 1).any(axis=1)
    assert none[rows].sum() == pytest.approx(none.mean() * size, abs=1)


def test_small_slice_holds_every_label_it_can() -> None:
    shares = [0.5, 0.3, *[0.03] * 6]
    (rows,) = nested_slices(random_targets(*shares, rows=1000), [16], seed=0)
    assert (random_targets(*shares, rows=1000)[rows].sum(axis=0) > 0).all()


@pytest.mark.parametrize("size", [32, 100])
def test_labels_of_a_slice_are_in_proportion(size: int) -> None:
    targets = random_targets(0.5, 0.3, 0.1, 0.02, rows=600)
    (rows,) = nested_slices(targets, [size], seed=0)
    share = targets.mean(axis=0)
    assert np.abs(targets[rows].sum(axis=0) - share * size).max() <= 1


def test_seed_decides_the_slices_and_more_sizes_do_not() -> None:
    targets = random_targets(0.5, 0.2)
    first, again, other = (nested_slices(targets, [20], seed)[0].tolist() for seed in (0, 0, 1))
    assert first == again != other
    assert nested_slices(targets, [8, 20, 40], 0)[1].tolist() == first


def test_no_rows_have_empty_slices() -> None:
    assert [len(rows) for rows in nested_slices(np.zeros((0, 2), dtype=np.int8), [4], 0)] == [0]


def test_no_row_is_predicted_by_what_was_fitted_on_another_one_of_its_group() -> None:
    targets, groups = random_targets(0.5, 0.2, rows=60), np.arange(60) // 3

    def predict(outside: list[int], inside: list[int]) -> Probabilities:
        assert not set(groups[outside]) & set(groups[inside])
        return np.full((len(inside), 2), 0.5, dtype=np.float32)

    assert not np.isnan(cross_fitted(targets, predict, seed=0, groups=groups)).any()
