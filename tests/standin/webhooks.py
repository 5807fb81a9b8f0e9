"""Signed deliveries: at once, or queued and sent in the background; with retries by hand or until accepted."""

import hmac
import json
import queue
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Transport = Callable[[Mapping[str, str], bytes], int]


def sign(secret: str, body: bytes) -> str:
    """Return the X-Hub-Signature-256 of a body."""
    return "sha256=" + hmac.new(secret.encode(), body, "sha256").hexdigest()


def posting_to(url: str, *, timeout: float = 10) -> Transport:
    """Return a transport that posts to an address; its status is 0 where nothing answered."""

    def post(headers: Mapping[str, str], body: bytes) -> int:
        request = urllib.request.Request(url, data=body, headers=dict(headers), method="POST")
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code
        except OSError:
            return 0

    return post


@dataclass
class Delivery:
    """One delivery, with the status of each attempt (0: no answer) and the monotonic time of the first one."""

    event: str
    payload: dict[str, Any]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    statuses: list[int] = field(default_factory=list)
    sent_at: float | None = None

    @property
    def body(self) -> bytes:
        return json.dumps(self.payload).encode()

    @property
    def accepted(self) -> bool:
        return bool(self.statuses) and 200 <= self.statuses[-1] < 300


@dataclass(frozen=True)
class Attempt:
    """One attempt at a delivery, with its status and when it was made."""

    id: int
    delivery: Delivery
    status: int
    at: datetime


class Webhooks:
    """The App's webhook. Without a `transport`, deliveries are only kept in `sent`.

    Set `background` to queue deliveries for a thread, and `persistent` to make it send each until it is accepted.
    """

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self.transport: Transport | None = None
        self.background = False
        self.persistent = False
        self.sent: list[Delivery] = []
        self.attempts: list[Attempt] = []
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        self._queue: queue.Queue[Delivery | None] = queue.Queue()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def send(self, event: str, payload: dict[str, Any], *, background: bool | None = None) -> Delivery:
        """Send a delivery, or queue it where `background` (or the setting of that name) says so."""
        delivery = Delivery(event, payload)
        self.sent.append(delivery)
        if self.transport is None:
            return delivery
        if self.background if background is None else background:
            self._start()
            self._queue.put(delivery)
        else:
            self.attempt(delivery)
        return delivery

    def attempt(self, delivery: Delivery) -> int:
        """Send a delivery, for the first time or again, under the same id; return the status."""
        assert self.transport is not None
        delivery.sent_at = delivery.sent_at or time.monotonic()
        status = self.transport(self.headers(delivery), delivery.body)
        delivery.statuses.append(status)
        self.attempts.append(Attempt(len(self.attempts), delivery, status, self.clock()))
        return status

    def headers(self, delivery: Delivery) -> dict[str, str]:
        return {
            "Content-Type": "application/json",
            "User-Agent": "GitHub-Hookshot/standin",
            "X-GitHub-Event": delivery.event,
            "X-GitHub-Delivery": delivery.id,
            "X-Hub-Signature-256": sign(self.secret, delivery.body),
        }

    def drain(self) -> None:
        """Wait until everything that was queued has been sent."""
        self._queue.join()

    def close(self) -> None:
        self._closed.set()
        self._queue.put(None)
        if self._thread:
            self._thread.join()

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, daemon=True, name="webhooks")
            self._thread.start()

    def _work(self) -> None:
        while delivery := self._queue.get():
            while not self._closed.is_set():
                self.attempt(delivery)
                if delivery.accepted or not self.persistent:
                    break
                self._closed.wait(0.2)
            self._queue.task_done()
