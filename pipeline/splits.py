"""Split issues for an honest evaluation: by time, into folds with every label in each, or into nested slices."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.issues import Issue, Probabilities, Targets, by_age

Rows = NDArray[np.int64]
Need = NDArray[np.float64]

FOLDS = 5  # of a cross-fit


def temporal_split(issues: Sequence[Issue], holdout: int) -> tuple[list[Issue], list[Issue]]:
    """Return the earlier issues and the newest `holdout`; in the order given where not all have a date."""
    ordered = [issues[row] for row in by_age(issues)]
    cut = max(len(ordered) - holdout, 0)
    return ordered[:cut], ordered[cut:]


def folds(targets: Targets, *, k: int, seed: int, groups: Rows | None = None) -> Rows:
    """Return the fold of each row, (rows,), such that every fold has its share of every label.

    Parameters
    ----------
    groups : array of int, optional
        (rows,): rows of the same number are of the same fold, as duplicates must be.

    References
    ----------
    Sechidis, Tsoumakas & Vlahavas (2011), doi:10.1007/978-3-642-23808-6_10: iterative stratification. Deviations: the
    order of the labels, rarest first, is fixed at the start; rows without any label are dealt out last, to the folds
    with the most room; a group is dealt out as one row that has the labels of all of its rows.
    """
    return _deal(targets == 1, np.full(k, 1 / k), seed, groups)


def cross_fitted(
    targets: Targets,
    predict: Callable[[list[int], list[int]], Probabilities],
    *,
    seed: int,
    groups: Rows | None = None,
) -> Probabilities:
    """Return the probabilities of each row by a model fitted on the rows of other folds, (rows, labels).

    Parameters
    ----------
    predict : callable
        Given the rows to fit on and the rows to predict, returns the probabilities of the latter. A row for which there
        is none to fit on stays NaN.
    groups : array of int, optional
        As for :func:`folds`: no row is predicted by a model that was fitted on another one of its group.
    """
    fold = folds(targets, k=FOLDS, seed=seed, groups=groups)
    found = np.full(targets.shape, np.nan, dtype=np.float32)
    for each in range(FOLDS):
        inside, outside = np.flatnonzero(fold == each).tolist(), np.flatnonzero(fold != each).tolist()
        if inside and outside:
            found[inside] = predict(outside, inside)
    return found


def stratified_split(targets: Targets, *, share: float, seed: int, groups: Rows | None = None) -> tuple[Rows, Rows]:
    """Return the rows of the greater part and those of a part with `share` of the rows and of every label.

    Parameters and reference are those of :func:`folds`.
    """
    part = _deal(targets == 1, np.array([1 - share, share]), seed, groups)
    return np.flatnonzero(part == 0), np.flatnonzero(part == 1)


def nested_slices(targets: Targets, sizes: Sequence[int], seed: int) -> list[Rows]:
    """Return the rows of a slice of each size, ascending, each slice within every larger one.

    A size beyond the rows is all of them. Every slice has the labels in about their proportions, and as many different
    ones as that allows; rows with none of the labels count as if they had one of their own.

    References
    ----------
    Sechidis et al. (2011), as :func:`folds`. Deviation: the rows are put in one order of which each slice is the
    beginning, so that slices nest. The next label is the one that lacks most of its share; of its rows, the one whose
    other labels lack more than half a row each, or are not there yet.
    """
    positive = targets == 1  # (rows, labels)
    classes = np.column_stack([positive, ~positive.any(axis=1)])
    order = _in_proportion(classes, max((size for size in sizes if size < len(targets)), default=0), seed)
    return [np.sort(order[:size]) if size < len(targets) else np.arange(len(targets)) for size in sizes]


def _in_proportion(positive: NDArray[np.bool_], count: int, seed: int) -> Rows:
    """Return `count` rows, such that those up to any have about the proportions of all."""
    random = np.random.default_rng(seed)
    left = random.permutation(len(positive))
    share = positive.mean(axis=0) if len(positive) else np.zeros(positive.shape[1])  # (labels,)
    held = np.zeros(positive.shape[1])
    chosen: list[int] = []
    for size in range(1, count + 1):
        lacking = share * size - held  # (labels,)
        usable = positive[left]  # (rows left, labels)
        label = int(np.argmax(np.where(usable.any(axis=0), lacking, -np.inf)))
        gain = np.where(held > 0, lacking - 0.5, lacking)
        best = int(np.argmax(np.where(usable[:, label], usable @ gain, -np.inf)))
        chosen.append(int(left[best]))
        held += usable[best]
        left = np.delete(left, best)
    return np.array(chosen, dtype=np.int64)


def _deal(positive: NDArray[np.bool_], shares: Need, seed: int, groups: Rows | None) -> Rows:
    """Return the part of each row, (rows,), given whether it has each label, (rows, labels)."""
    if groups is None:
        return _deal_units(positive.astype(np.int64), np.ones(len(positive)), shares, seed)
    _, unit = np.unique(groups, return_inverse=True)  # (rows,)
    sizes = np.bincount(unit)
    labels = np.zeros((len(sizes), positive.shape[1]), dtype=np.int64)
    np.add.at(labels, unit, positive)
    return _deal_units(labels, sizes.astype(np.float64), shares, seed)[unit]


def _deal_units(labels: NDArray[np.int64], sizes: Need, shares: Need, seed: int) -> Rows:
    """Return the part of each unit, (units,), given how many rows of it have each label, and how many rows it has."""
    random = np.random.default_rng(seed)
    room = sizes.sum() * shares  # (parts,)
    wanted = np.outer(shares, labels.sum(axis=0))  # (parts, labels)
    assigned = np.full(len(sizes), -1, dtype=np.int64)
    for label in _rarest_first(labels):
        for unit in random.permutation(np.flatnonzero((labels[:, label] > 0) & (assigned < 0))):
            part = _neediest(wanted[:, label], room, random)
            assigned[unit] = part
            room[part] -= sizes[unit]
            wanted[part] -= labels[unit]
    for unit in random.permutation(np.flatnonzero(assigned < 0)):
        part = _neediest(room, room, random)
        assigned[unit] = part
        room[part] -= sizes[unit]
    return assigned


def _rarest_first(labels: NDArray[np.int64]) -> Rows:
    counts = labels.sum(axis=0)
    order = np.argsort(counts, kind="stable")
    rarest: Rows = order[counts[order] > 0]
    return rarest


def _neediest(need: Need, room: Need, random: np.random.Generator) -> int:
    """Return the part with the greatest need, of those the one with the most room, of those any."""
    best = np.flatnonzero(need == need.max())
    best = best[room[best] == room[best].max()]
    return int(random.choice(best))
