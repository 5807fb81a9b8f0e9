"""Stands in for `pipeline.splits.nested_slices` until that is there."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.issues import Targets


def nested_slices(targets: Targets, sizes: Sequence[int], seed: int) -> list[NDArray[np.int64]]:
    """Return rows, nested."""
    order = np.random.default_rng(seed).permutation(len(targets))
    return [order[:size] for size in sizes]
