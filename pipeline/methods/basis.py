"""Features by their principal directions: what a linear model can tell apart, in as few columns as there are issues."""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.sparse import csr_matrix

NOTHING = 1e-6  # of the largest eigenvalue: directions below it are rounding errors

Rows = NDArray[np.float32]  # (issues, features)


class Basis:
    """No more features than issues, with the same inner products as those given; and the way back.

    As :class:`pipeline.methods.gram.Gram`, but with orthogonal columns, so that each issue's are about as wide as any
    other's, and a column that is dropped out takes the same from all.
    """

    def __init__(self, sparse: csr_matrix, dense: Rows) -> None:
        gram = (sparse @ sparse.T).toarray().astype(np.float64) + dense.astype(np.float64) @ dense.T.astype(np.float64)
        values, vectors = eigh(gram, overwrite_a=True, check_finite=False)
        kept = values > NOTHING * max(values[-1], NOTHING)
        roots = np.sqrt(values[kept])
        self._sparse, self._dense = sparse, dense
        self._back = (vectors[:, kept] / roots).astype(np.float32)  # (issues, columns)
        self.features: Rows = (vectors[:, kept] * roots).astype(np.float32)  # (issues, columns)

    def weights(self, solution: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the weights of the original features, (features, labels), for those of :attr:`features`."""
        issues = self._back @ solution  # (issues, labels)
        return np.vstack([self._sparse.T @ issues, self._dense.T @ issues])
