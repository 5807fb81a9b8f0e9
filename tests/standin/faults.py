"""Failure on demand, and the log of all requests."""

import re
import threading
from dataclasses import dataclass
from typing import Any

KINDS = ("500", "502", "403", "limit", "secondary", "429", "401", "slow", "cut", "drop", "garbled")


@dataclass(frozen=True)
class Logged:
    """One request as it was answered. Status 0: the connection was cut. `at` is monotonic, in seconds."""

    method: str
    path: str
    query: dict[str, str]
    actor: str
    body: Any
    status: int
    at: float


@dataclass
class Fault:
    """What the next `left` matching requests meet.

    Kinds are statuses (`403` with `Retry-After`, `429` with it too), `limit` (403 with `X-RateLimit-Remaining: 0`),
    `secondary` (403 that names no time), `slow` (answered after `seconds`), `cut` (done, but the connection is closed
    in the middle of the answer), `drop` (closed without an answer, nothing done) and `garbled` (done, but the answer is
    half of its JSON).
    """

    kind: str
    left: int
    path: re.Pattern[str]
    method: str | None
    seconds: float

    def matches(self, method: str, path: str) -> bool:
        return self.left > 0 and self.method in {None, method} and self.path.search(path) is not None


class Faults:
    """The failures that were asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def fail_next(
        self, count: int, kind: str, path: str = "", *, method: str | None = None, seconds: float = 30
    ) -> None:
        """Let the next `count` requests fail whose path contains the pattern; `seconds` to wait or to ask for."""
        if kind not in KINDS:
            raise ValueError(f"{kind!r} is not one of {', '.join(KINDS)}")
        with self._lock:
            self._faults.append(Fault(kind, count, re.compile(path), method, seconds))

    def heal(self) -> None:
        """Let no more requests fail."""
        with self._lock:
            self._faults.clear()

    def take(self, method: str, path: str) -> Fault | None:
        with self._lock:
            found = next((fault for fault in self._faults if fault.matches(method, path)), None)
            if found:
                found.left -= 1
        return found
