import os
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from pipeline import vectors
from pipeline.vectors import VectorStore

DIMENSIONS = 8


def some(count: int, *, dimensions: int = DIMENSIONS, seed: int = 0) -> dict[bytes, np.ndarray]:
    """Return vectors by key."""
    rows = np.random.default_rng(seed).normal(size=(count, dimensions)).astype(np.float32)
    return {sha256(f"{seed} {n}".encode()).digest(): row for n, row in enumerate(rows)}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "vectors.sqlite3"


def again(file: Path) -> VectorStore:
    """The store as another process sees it."""
    return VectorStore(file, DIMENSIONS)


def test_what_was_put_comes_back_bit_by_bit_in_another_process(file: Path) -> None:
    kept = some(3)
    again(file).put(kept)
    found = again(file).get([*kept, b"unknown"])
    assert {key: row.tobytes() for key, row in found.items()} == {key: row.tobytes() for key, row in kept.items()}


def test_two_thousand_vectors_are_read_in_less_than_a_second(file: Path) -> None:
    kept = some(2000, dimensions=384)
    VectorStore(file, 384).put(kept)
    begun = time.process_time()
    assert len(VectorStore(file, 384).get(list(kept))) == 2000
    assert time.process_time() - begun < 1


def test_oldest_go_first(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "KEPT", 4)
    old, new = some(3, seed=1), some(3, seed=2)
    again(file).put(old)
    again(file).put(new)
    assert set(again(file).get([*old, *new])) == {list(old)[-1], *new}


def test_only_its_owner_reads_the_file_which_has_no_text(file: Path) -> None:
    again(file).put(some(1))
    assert file.stat().st_mode & 0o777 == 0o600
    with sqlite3.connect(file) as connection:
        assert [row[1] for row in connection.execute("PRAGMA table_info(vectors)")] == ["age", "key", "vector"]
    connection.close()


@pytest.mark.parametrize("content", [b"no database at all" * 100, b""])
def test_damaged_store_is_made_afresh(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    store, kept = again(file), some(2)
    assert store.get(list(kept)) == {}
    store.put(kept)
    assert set(again(file).get(list(kept))) == set(kept)


def test_store_damaged_while_in_use_is_made_afresh(file: Path) -> None:
    kept = some(500)
    store = again(file)
    store.put(kept)
    store.close()
    with file.open("r+b") as stream:
        stream.seek(4096)
        stream.write(os.urandom(file.stat().st_size - 4096))
    assert store.get(list(kept)) == {}
    store.put(kept)
    assert len(again(file).get(list(kept))) == 500


def test_vector_of_another_length_counts_as_missing(file: Path) -> None:
    other = some(1, dimensions=4)
    VectorStore(file, 4).put(other)
    assert again(file).get(list(other)) == {}


def test_one_does_without_a_store_that_cannot_be_made(tmp_path: Path) -> None:
    store, kept = again(tmp_path / "no" / "such" / "folder" / "v.sqlite3"), some(1)
    store.put(kept)
    assert store.get(list(kept)) == {}


def test_busy_store_is_not_waited_for_forever(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "WAIT", 0.01)
    store, first, second = again(file), some(1, seed=1), some(1, seed=2)
    store.put(first)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store.put(second)
    assert list(store.get([*first, *second])) == list(first)
    other.execute("ROLLBACK")
    other.close()
    store.put(second)
    assert list(store.get(list(second))) == list(second)


def test_threads_share_a_store(file: Path) -> None:
    store = again(file)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda seed: store.put(some(20, seed=seed)), range(8)))
    assert all(len(store.get(list(some(20, seed=seed)))) == 20 for seed in range(8))


def test_processes_write_at_the_same_time(file: Path) -> None:
    code = (
        "import sys, pathlib; from pipeline import vectors; from tests.pipeline.test_vectors import again, some\n"
        "vectors.WAIT = 30.0\n"  # on a busy machine, so that none is given up
        "store = again(pathlib.Path(sys.argv[1]))\n"
        "for n in range(10): store.put(some(5, seed=int(sys.argv[2]) + n))"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, str(file), str(seed)]) for seed in (0, 100)]
    assert [each.wait(60) for each in running] == [0, 0]
    kept = [key for seed in (*range(10), *range(100, 110)) for key in some(5, seed=seed)]
    assert len(again(file).get(kept)) == 100
