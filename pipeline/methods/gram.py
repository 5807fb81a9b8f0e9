"""Features by their inner products: an L2-regularised linear model needs no more, whatever the number of features."""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular
from scipy.sparse import csr_matrix

JITTER = 1e-6  # on the diagonal, for issues that are there twice

Rows = NDArray[np.float32]  # (issues, features)


class Gram:
    """As many features as issues, with the same inner products as those given; and the way back.

    A model on :attr:`features` and one on the original features have the same solution (the representer theorem), but
    the former is found several times faster while features outnumber issues, and all labels and folds share the work.
    """

    def __init__(self, sparse: csr_matrix, dense: Rows) -> None:
        wide = dense.astype(np.float64)
        gram = (sparse @ sparse.T).toarray().astype(np.float64) + wide @ wide.T  # (issues, issues)
        gram[np.diag_indices_from(gram)] += JITTER
        self._sparse, self._dense = sparse, wide
        self.width = sparse.shape[1] + dense.shape[1]
        self._root = cholesky(gram, lower=True, overwrite_a=True, check_finite=False)
        self.features: Rows = self._root.astype(np.float32)  # (issues, issues)

    def weights(self, solution: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the weights of the original features, (features,), for those of :attr:`features`, (issues,)."""
        issues = solve_triangular(self._root, solution, lower=True, trans="T", check_finite=False)
        return np.concatenate([self._sparse.T @ issues, self._dense.T @ issues])
