"""Split issues for an honest evaluation: by time, or into folds with every label in each."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.issues import Issue, Targets


def temporal_split(issues: Sequence[Issue], holdout: int) -> tuple[list[Issue], list[Issue]]:
    """Return the earlier issues and the newest `holdout`; in the order given where not all have a date."""
    ordered = list(issues)
    dated = [(issue.created_at, issue.number, issue) for issue in ordered if issue.created_at is not None]
    if len(dated) == len(ordered):
        ordered = [issue for _, _, issue in sorted(dated, key=lambda item: item[:2])]
    cut = max(len(ordered) - holdout, 0)
    return ordered[:cut], ordered[cut:]


def folds(targets: Targets, *, k: int, seed: int) -> NDArray[np.int64]:
    """Return the fold of each row, (rows,), such that every fold has its share of every label.

    References
    ----------
    Sechidis, Tsoumakas & Vlahavas (2011), doi:10.1007/978-3-642-23808-6_10: iterative stratification. Deviation: rows
    without any label are dealt out last, to the folds with the most room.
    """
    random = np.random.default_rng(seed)
    positive = targets == 1  # (rows, labels)
    room = np.full(k, len(targets) / k)
    wanted = np.tile(positive.sum(axis=0) / k, (k, 1))  # (folds, labels)
    assigned = np.full(len(targets), -1, dtype=np.int64)
    for label in _rarest_first(positive):
        rows = np.flatnonzero(positive[:, label] & (assigned < 0))
        for row in random.permutation(rows):
            fold = _neediest(wanted[:, label], room, random)
            assigned[row] = fold
            room[fold] -= 1
            wanted[fold] -= positive[row]
    for row in random.permutation(np.flatnonzero(assigned < 0)):
        fold = _neediest(room, room, random)
        assigned[row] = fold
        room[fold] -= 1
    return assigned


def _rarest_first(positive: NDArray[np.bool_]) -> NDArray[np.int64]:
    counts = positive.sum(axis=0)
    order = np.argsort(counts, kind="stable")
    rarest: NDArray[np.int64] = order[counts[order] > 0]
    return rarest


def _neediest(need: NDArray[np.float64], room: NDArray[np.float64], random: np.random.Generator) -> int:
    """Return the fold with the greatest need, of those the one with the most room, of those any."""
    best = np.flatnonzero(need == need.max())
    best = best[room[best] == room[best].max()]
    return int(random.choice(best))
