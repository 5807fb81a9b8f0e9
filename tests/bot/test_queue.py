"""The queues, on SQLite and on a real Redis: what is on the wire, and who hears it."""

import json
import pickle
import queue as standard
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from bot.queue import Queue, QueueError, check
from bot.settings import Settings

REDIS = "redis://127.0.0.1:6379/0"
NOBODY = "redis://127.0.0.1:9/0"
Make = Callable[..., Queue]


@pytest.fixture
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of a queue on SQLite, or on Redis; `make` runs everything that uses it on both."""
    return Settings(data_dir=tmp_path, redis_url=REDIS if request.param == "redis" else "")


@pytest.fixture
def make(settings: Settings) -> Iterator[Make]:
    """Return a function that opens one queue, as each process does; what is left of it is removed."""
    if settings.redis_url:
        require_redis()
    name, opened = f"test-{secrets.token_hex(4)}", []

    def open_queue(handle: Callable[[str | int], object] | None = None) -> Queue:
        opened.append(Queue(settings, name, handle))
        return opened[-1]

    yield open_queue
    open_queue().huey.flush()
    for each in opened:
        each.huey.storage.close()


def require_redis() -> None:
    with redis.Redis.from_url(REDIS) as client:
        try:
            client.ping()
        except redis.ConnectionError:
            pytest.skip(f"Redis is not at {REDIS}")


both = pytest.mark.parametrize("settings", ["sqlite", "redis"], indirect=True)


@both
def test_a_call_is_plain_json_with_nothing_but_the_id_in_it(make: Make) -> None:
    queue = make()
    queue.call("d-1")
    on_the_wire = queue.huey.storage.dequeue()
    assert json.loads(on_the_wire)[6:8] == [["d-1"], {}]
    with pytest.raises(pickle.UnpicklingError):
        pickle.loads(on_the_wire)


class Trap:
    """Unpickled, it raises."""

    def __reduce__(self) -> tuple[object, ...]:
        return pytest.fail, ("it was unpickled",)


@both
def test_a_pickle_on_the_queue_is_not_opened(make: Make) -> None:
    queue = make()
    queue.huey.storage.enqueue(pickle.dumps(Trap()))
    with pytest.raises(ValueError, match="decode"):
        queue.huey.dequeue()


@both
def test_calls_of_another_process_arrive_at_the_consumer_in_order(make: Make) -> None:
    heard: standard.Queue[str | int] = standard.Queue()
    consumer = make(heard.put).consumer(1)
    consumer.start()
    try:
        caller = make()
        for key in ("d-1", "d-2", 3):
            caller.call(key)
        assert [heard.get(timeout=10) for _ in range(3)] == ["d-1", "d-2", 3]
    finally:
        consumer.stop(graceful=True)


@both
def test_a_call_that_came_before_the_consumer_is_heard(make: Make) -> None:
    heard: standard.Queue[str | int] = standard.Queue()
    make().call("early")
    consumer = make(heard.put).consumer(2)
    consumer.start()
    try:
        assert heard.get(timeout=10) == "early"
    finally:
        consumer.stop(graceful=True)


@both
def test_a_handler_that_fails_does_not_stop_the_next_call(make: Make) -> None:
    heard: standard.Queue[str | int] = standard.Queue()

    def handle(key: str | int) -> None:
        if key == "bad":
            raise RuntimeError("as asked for")
        heard.put(key)

    consumer = make(handle).consumer(1)
    consumer.start()
    try:
        for key in ("bad", "good"):
            make().call(key)
        assert heard.get(timeout=10) == "good"
    finally:
        consumer.stop(graceful=True)


def test_a_queue_that_is_down_costs_a_delay_only(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Queue(Settings(data_dir=tmp_path, redis_url=NOBODY), "deliveries").call("d-1")
    assert [record.message for record in caplog.records if record.name == "bot.queue"] == ["queue unreachable"]


def test_a_queue_file_that_is_no_database_costs_a_delay_only(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    queue = Queue(Settings(data_dir=tmp_path), "deliveries")
    queue.huey.storage.close()
    (tmp_path / "queue.sqlite3").write_bytes(b"this is no database" * 100)
    queue.call("d-1")
    assert "queue unreachable" in caplog.text
    queue.huey.storage.close()


def test_a_call_taken_by_a_process_without_a_handler_is_an_error(tmp_path: Path) -> None:
    queue = Queue(Settings(data_dir=tmp_path), "deliveries")
    queue.call("d-1")
    task = queue.huey.dequeue()
    with pytest.raises(QueueError, match="d-1"):
        task.execute()
    queue.huey.storage.close()


def test_the_check_counts_the_calls_that_wait(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    queue = Queue(settings, "deliveries")
    queue.call("d-1")
    assert check(settings) == "SQLite, 1 calls waiting"
    queue.huey.storage.close()


def test_the_check_says_that_a_queue_is_down(tmp_path: Path) -> None:
    with pytest.raises(QueueError, match="cannot be reached"):
        check(Settings(data_dir=tmp_path, redis_url=NOBODY))
