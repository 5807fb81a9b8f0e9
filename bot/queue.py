"""The queues: wake-up calls that carry the id of a row, nothing else. The row is the truth, a lost call only a delay.

Huey on SQLite, in a file of its own, by default; on Redis when `REDIS_URL` is set. JSON on the wire: nothing that
comes off a queue is ever unpickled.
"""

import json
import logging
import sqlite3
from collections.abc import Callable
from typing import Any

import redis
from huey import RedisHuey, SqliteHuey
from huey.api import Huey
from huey.registry import Message
from huey.serializer import Serializer

from bot.errors import BotError
from bot.settings import Settings

log = logging.getLogger(__name__)

DELIVERIES = "deliveries"
TRAINING = "training"
UNREACHABLE = (sqlite3.Error, redis.RedisError, OSError)
POLL = 0.1  # seconds; Huey would back off to 10 s when idle

Call = Callable[[str | int], Any]


class QueueError(BotError):
    """The queue cannot be reached."""

    reason = "queue"


class JsonSerializer(Serializer):  # type: ignore[misc]
    """Write a message as a JSON array of its fields."""

    def _serialize(self, data: Any) -> bytes:
        return json.dumps(data).encode()

    def _deserialize(self, data: bytes) -> Message:
        return Message(*json.loads(data))


class Queue:
    """One queue of wake-up calls: :meth:`call` on one side, a consumer running `handle` on the other."""

    def __init__(self, settings: Settings, name: str, handle: Call | None = None) -> None:
        self.huey = _huey(settings, name)

        def run(key: str | int) -> None:  # of this module in every process: Huey finds a task by module and name
            (handle or _nobody)(key)

        self._task = self.huey.task(name=name)(run)

    def call(self, key: str | int) -> None:
        """Wake a worker up for the row with that id. A queue that is down costs a delay: the sweep calls again."""
        try:
            self._task(key)
        except UNREACHABLE as error:
            log.error("queue unreachable", extra={"queue": self.huey.name, "error": type(error).__name__})

    def consumer(self, workers: int) -> Any:
        """Return the consumer that runs `handle` for each call, in `workers` threads."""
        return self.huey.create_consumer(
            workers=workers, periodic=False, initial_delay=POLL, backoff=1.0, max_delay=POLL, check_worker_health=True
        )


def check(settings: Settings) -> str:
    """Return which queue is used and how many calls wait in it; QueueError if it cannot be reached."""
    try:
        waiting = _huey(settings, DELIVERIES).pending_count()
    except UNREACHABLE as error:
        raise QueueError(f"the queue cannot be reached: {error}") from error
    return f"{'Redis' if settings.redis_url else 'SQLite'}, {waiting} calls waiting"


def _huey(settings: Settings, name: str) -> Huey:
    common = {"results": False, "serializer": JsonSerializer()}
    if settings.redis_url:
        return RedisHuey(f"issue-tagger-{name}", url=settings.redis_url, **common)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return SqliteHuey(f"issue-tagger-{name}", filename=str(settings.data_dir / "queue.sqlite3"), **common)


def _nobody(key: str | int) -> None:
    raise QueueError(f"a call for {key} was taken by a process that handles none")
