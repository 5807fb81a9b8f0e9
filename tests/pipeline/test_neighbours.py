import subprocess
import sys

import numpy as np

from pipeline.encoder import Vectors
from pipeline.neighbours import search, search_exactly, search_others


def directions(count: int, *, seed: int = 0) -> Vectors:
    vectors = np.random.default_rng(seed).normal(size=(count, 8)).astype(np.float32)
    found: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return found


def test_index_finds_what_an_exact_search_finds() -> None:
    vectors, queries = directions(200), directions(30, seed=1)
    by_index, exactly = search(vectors, queries, 7), search_exactly(vectors, queries, 7)
    assert np.array_equal(by_index[1], exactly[1])
    assert np.allclose(by_index[0], exactly[0], atol=1e-6)
    assert (np.diff(exactly[0]) <= 0).all()


def test_nobody_is_their_own_neighbour() -> None:
    vectors, rows = directions(40), np.arange(0, 40, 2)
    similarity, found = search_others(vectors, rows, 5)
    assert similarity.shape == found.shape == (40, 5)
    assert not (rows[found] == np.arange(40)[:, np.newaxis]).any()
    alone = search_exactly(vectors[np.setdiff1d(rows, [6])], vectors[6:7], 5)[0]
    assert np.allclose(similarity[6], alone[0], atol=1e-6)


def test_issues_of_one_group_are_no_neighbours() -> None:
    vectors, groups = np.repeat(directions(12), 3, axis=0), np.repeat(np.arange(12), 3)
    found = search_others(vectors, np.arange(36), 4, groups=groups)[1]
    assert found.shape == (36, 4)
    assert not (groups[found] == groups[:, np.newaxis]).any()


def test_who_is_no_candidate_has_as_many_neighbours() -> None:
    vectors, rows = directions(40), np.arange(0, 40, 2)
    assert np.array_equal(search_others(vectors, rows, 5)[1][7], search_exactly(vectors[rows], vectors[7:8], 5)[1][0])


def test_many_equal_vectors_leave_everybody_the_same_number_of_others() -> None:
    equal = np.repeat(directions(1), 30, axis=0)
    assert search_others(equal, np.arange(30), 3)[1].shape == (30, 3)


def test_exact_search_loads_no_library_of_data_sets() -> None:
    code = "import sys; import pipeline.methods; from pipeline.neighbours import search_exactly; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"datasets", "faiss", "torch", "transformers"} & set(loaded)
