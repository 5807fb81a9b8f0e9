"""Features by their principal directions: as few columns as issues, and a model on either is one on both."""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.sparse import csr_matrix

NOTHING = 1e-6  # of the largest eigenvalue: directions below it are rounding errors

Rows = NDArray[np.float32]  # (issues, features)


class Basis:
    """The principal components of the features of some issues; and the way back to the features.

    As :class:`pipeline.methods.gram.Gram`, but its columns are orthogonal and of mean 0, so that dropping one takes
    from every issue what it has in one direction, and does not move them all.

    Attributes
    ----------
    features : array
        (issues, columns): each issue less the mean, the widest direction first.

    References
    ----------
    Schölkopf, Smola & Müller (1998), doi:10.1162/089976698300017467: principal components from inner products.
    """

    def __init__(self, sparse: csr_matrix, dense: Rows) -> None:
        wide = dense.astype(np.float64)
        gram = (sparse @ sparse.T).toarray().astype(np.float64) + wide @ wide.T  # (issues, issues)
        gram -= gram.mean(axis=0)
        gram -= gram.mean(axis=1, keepdims=True)
        values, vectors = eigh(gram, overwrite_a=True, check_finite=False)
        values, vectors = values[::-1], vectors[:, ::-1]
        kept = values > NOTHING * max(values[0], NOTHING)
        roots = np.sqrt(values[kept])
        self._sparse, self._dense = sparse, dense
        self._back = vectors[:, kept] / roots  # (issues, columns)
        self.features: Rows = np.ascontiguousarray(vectors[:, kept] * roots, dtype=np.float32)

    def weights(self, solution: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the weights of the original features, (features, labels), and what to add to the bias, (labels,)."""
        issues = self._back @ solution  # (issues, labels)
        issues -= issues.mean(axis=0)
        weights = np.vstack([self._sparse.T @ issues, self._dense.T @ issues])
        terms = self._sparse.shape[1]
        scores = self._sparse @ weights[:terms] + self._dense @ weights[terms:]  # (issues, labels)
        return weights.astype(np.float32), -scores.mean(axis=0).astype(np.float32)
