import numpy as np
import pytest
from scipy.sparse import csr_matrix, random_array

from pipeline.methods.basis import Basis

SPARSE = csr_matrix(random_array((12, 40), density=0.3, rng=np.random.default_rng(0), dtype=np.float32))
DENSE = np.random.default_rng(1).normal(size=(12, 5)).astype(np.float32)
WHOLE = np.hstack([SPARSE.toarray(), DENSE])


def test_distances_between_issues_are_kept() -> None:
    features, centred = Basis(SPARSE, DENSE).features, WHOLE - WHOLE.mean(axis=0)
    assert features @ features.T == pytest.approx(centred @ centred.T, abs=1e-4)


def test_columns_are_orthogonal_and_the_widest_first() -> None:
    features = Basis(SPARSE, DENSE).features
    products = features.T @ features
    widths = np.diag(products)
    assert products - np.diag(widths) == pytest.approx(np.zeros_like(products), abs=1e-3)
    assert widths.tolist() == sorted(widths, reverse=True)


def test_weights_and_bias_say_the_same_of_the_original_features() -> None:
    basis = Basis(SPARSE, DENSE)
    solution = np.random.default_rng(2).normal(size=(basis.features.shape[1], 3)).astype(np.float32)
    weights, bias = basis.weights(solution)
    assert WHOLE @ weights + bias == pytest.approx(basis.features @ solution, abs=1e-3)


def test_issue_that_is_there_twice_adds_no_column() -> None:
    twice = Basis(csr_matrix(np.vstack([SPARSE.toarray()] * 2)), np.vstack([DENSE] * 2))
    assert twice.features.shape == (24, Basis(SPARSE, DENSE).features.shape[1])


def test_issues_that_do_not_differ_have_no_columns() -> None:
    assert Basis(csr_matrix((3, 4), dtype=np.float32), np.ones((3, 2), dtype=np.float32)).features.shape == (3, 0)
