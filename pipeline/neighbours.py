"""Find the nearest vectors: by FAISS through `datasets` while a model is made, by NumPy where it serves."""

import numpy as np
from numpy.typing import NDArray

from pipeline.encoder import Vectors

Found = tuple[NDArray[np.float32], NDArray[np.int64]]  # similarities and rows, (queries, k), the nearest first


def search(vectors: Vectors, queries: Vectors, k: int) -> Found:
    """Return the `k` nearest `vectors` of each query by inner product, through a FAISS index."""
    import datasets
    import faiss

    datasets.disable_progress_bars()
    rows = datasets.Dataset.from_dict({"vector": vectors})
    rows.add_faiss_index("vector", metric_type=faiss.METRIC_INNER_PRODUCT)
    found = rows.search_batch("vector", np.ascontiguousarray(queries), k=k)
    return np.asarray(found.total_scores, dtype=np.float32), np.asarray(found.total_indices, dtype=np.int64)


def search_others(
    vectors: Vectors, rows: NDArray[np.int64], k: int, *, groups: NDArray[np.int64] | None = None
) -> Found:
    """Return the `k` nearest of ``vectors[rows]`` of each vector, itself and its group left out.

    Parameters
    ----------
    k : int
        No more than there are rows beside the greatest group.
    groups : array of int, optional
        (vectors,): those of the same number are no neighbours.
    """
    groups = np.arange(len(vectors)) if groups is None else groups
    similarity, found = search(vectors[rows], vectors, k + int(np.bincount(groups).max()))
    own = groups[rows][found] == groups[:, np.newaxis]
    kept = np.argsort(own, axis=1, kind="stable")[:, :k]  # the others first, in their order
    return np.take_along_axis(similarity, kept, axis=1), np.take_along_axis(found, kept, axis=1)


def search_exactly(vectors: Vectors, queries: Vectors, k: int) -> Found:
    """Return the same as :func:`search`, in plain NumPy: fast enough for some ten thousand vectors."""
    similarity = queries @ vectors.T  # (queries, vectors)
    rows = np.argsort(-similarity, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(similarity, rows, axis=1), rows
