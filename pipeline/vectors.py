"""Vectors kept on disk by the hash of their text, so that the next process computes only what is new. No text is kept.

It is a cache: where it is damaged it starts afresh, and where it cannot be written, or is busy, one does without it.
"""

import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

KEPT = 100_000  # vectors, the newest; 170 MB at 384 dimensions
WAIT = 1.0  # seconds, for another process that writes
ASKED = 500  # keys in one query

Vector = NDArray[np.float32]  # (dimensions,)
Result = TypeVar("Result")

_TABLE = """
CREATE TABLE IF NOT EXISTS vectors (age INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, vector BLOB NOT NULL)
"""


class VectorStore:
    """Vectors of one encoder in a SQLite file, which several threads and processes may use at once.

    Parameters
    ----------
    file : Path
        Made when it is first needed; only its owner can read it.
    dimensions : int
        Of every vector; one of another length is taken for missing.
    """

    def __init__(self, file: Path, dimensions: int) -> None:
        self._file = file
        self._bytes = 4 * dimensions
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def get(self, keys: Sequence[bytes]) -> dict[bytes, Vector]:
        """Return the vectors that are there, by key."""
        nothing: list[tuple[bytes, bytes]] = []
        rows = self._attempt(lambda connection: _read(connection, keys), nothing)
        return {key: np.frombuffer(data, dtype="<f4") for key, data in rows if len(data) == self._bytes}

    def put(self, vectors: Mapping[bytes, Vector]) -> None:
        """Keep vectors; the oldest go where there are too many."""
        rows = [(key, vector.astype("<f4").tobytes()) for key, vector in vectors.items()]
        self._attempt(lambda connection: _write(connection, rows), None)

    def close(self) -> None:
        """Let go of the file; the next use opens it again."""
        with self._lock:
            self._disconnect()

    def _attempt(self, work: Callable[[sqlite3.Connection], Result], otherwise: Result) -> Result:
        with self._lock:
            try:
                self._connection = self._connection or self._open()
                return work(self._connection)
            except (sqlite3.OperationalError, OSError):  # busy, full, read-only: next time perhaps
                return otherwise
            except sqlite3.DatabaseError:  # damaged
                self._discard()
                return otherwise

    def _open(self) -> sqlite3.Connection:
        self._file.touch(mode=0o600)
        connection = sqlite3.connect(self._file, timeout=WAIT, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute(_TABLE)
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _discard(self) -> None:
        self._disconnect()
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self._file}{suffix}").unlink(missing_ok=True)


def _read(connection: sqlite3.Connection, keys: Sequence[bytes]) -> list[tuple[bytes, bytes]]:
    found: list[tuple[bytes, bytes]] = []
    for start in range(0, len(keys), ASKED):
        some = keys[start : start + ASKED]
        marks = ",".join("?" * len(some))
        with closing(connection.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", some)) as cursor:  # noqa: S608 (only marks)
            found += cursor.fetchall()
    return found


def _write(connection: sqlite3.Connection, rows: Sequence[tuple[bytes, bytes]]) -> None:
    with connection:  # a transaction, undone if it fails
        connection.executemany("INSERT OR REPLACE INTO vectors (key, vector) VALUES (?, ?)", rows)
        connection.execute("DELETE FROM vectors WHERE age <= (SELECT max(age) FROM vectors) - ?", (KEPT,))
