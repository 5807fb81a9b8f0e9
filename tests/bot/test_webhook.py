"""The webhook, through the application as it is served, with deliveries as GitHub signs them."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from bot import create_app, events, settings
from bot.database import Database
from bot.errors import SettingsError
from bot.models import Delivery, Work
from bot.queue import DELIVERIES, Queue
from bot.settings import App, Settings
from tests.bot.usecases import START
from tests.standin import SECRET, sign

Serve = Callable[[Settings], FlaskClient]

PATH = "/api/github/webhooks"
OPENED = {"action": "opened", "repository": {"id": 7}, "issue": {"number": 3}}


@pytest.fixture
def configured(tmp_path: Path, database: Database) -> Settings:
    return Settings(app=App(1, "a key", SECRET), data_dir=tmp_path, database_url=database.url)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Return a function that makes the application; what it opened is closed at the end."""
    with ExitStack() as after:

        def make(settings: Settings) -> FlaskClient:
            app = create_app(settings, now=lambda: START)
            after.callback(app.extensions["database"].engine.dispose)
            return app.test_client()

        yield make


@pytest.fixture
def client(serve: Serve, configured: Settings) -> FlaskClient:
    return serve(configured)


def post(client: FlaskClient, body: bytes, *, event: str = "issues", **headers: str | None) -> TestResponse:
    """Post a delivery, well signed; a header given as None is left out."""
    usual = {"X-GitHub-Event": event, "X-GitHub-Delivery": "d-1", "X-Hub-Signature-256": sign(SECRET, body)}
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {name: value for name, value in {**usual, **given}.items() if value is not None}
    return client.post(PATH, data=body, headers=sent, content_type="application/json")


def body(**payload: object) -> bytes:
    return json.dumps(payload or OPENED).encode()


def rows(database: Database) -> list[Delivery]:
    with database.read() as session:
        return list(session.scalars(select(Delivery)))


def calls(settings: Settings) -> list[object]:
    """Return the ids that workers were called for."""
    queue = Queue(settings, DELIVERIES)
    return [task.args[0] for task in queue.huey.pending()]


def test_a_delivery_is_stored_before_it_is_acknowledged(client: FlaskClient, database: Database) -> None:
    answer = post(client, body())
    assert (answer.status_code, answer.json) == (202, {"delivery": "d-1", "handled": True})
    (row,) = rows(database)
    assert (row.id, row.event, row.action, row.repository_id, row.subject) == ("d-1", "issues", "opened", 7, "7#3")
    assert (row.status, row.attempts, row.token, row.body) == (Work.QUEUED, 0, 0, body().decode())
    assert row.received_at == row.due_at == row.enqueued_at == START


def test_a_worker_is_called_by_the_id_alone(client: FlaskClient, configured: Settings) -> None:
    post(client, body())
    assert calls(configured) == ["d-1"]


def test_a_delivery_told_twice_stays_one_row_and_wakes_nobody_again(
    client: FlaskClient, configured: Settings, database: Database
) -> None:
    for _ in range(2):
        assert post(client, body()).status_code == 202
    assert len(rows(database)) == 1
    assert calls(configured) == ["d-1"]


def test_a_delivery_told_again_after_it_was_done_stays_done(client: FlaskClient, database: Database) -> None:
    post(client, body())
    with database.write() as session:
        session.get_one(Delivery, "d-1").status = Work.DONE
    assert post(client, body()).status_code == 202
    assert [row.status for row in rows(database)] == [Work.DONE]


@pytest.mark.parametrize(("event", "action"), [("issues", "pinned"), ("star", "created"), ("ping", None)])
def test_an_event_that_is_not_used_is_recorded_as_ignored(
    client: FlaskClient, configured: Settings, database: Database, event: str, action: str | None
) -> None:
    answer = post(client, body(action=action), event=event)
    assert (answer.status_code, answer.json) == (202, {"delivery": "d-1", "handled": False})
    (row,) = rows(database)
    assert (row.event, row.action, row.status, row.finished_at) == (event, action, Work.IGNORED, START)
    assert calls(configured) == []


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        "sha256=",
        "sha256=" + "0" * 64,
        sign("another secret", body()),
        sign(SECRET, b"another body"),
        "sha256=é",
    ],
)
def test_what_is_not_signed_with_our_secret_is_turned_away(
    client: FlaskClient, database: Database, signature: str | None
) -> None:
    answer = post(client, body(), X_Hub_Signature_256=signature)
    assert answer.status_code == 401
    assert "X-Hub-Signature-256" in answer.json["error"]
    assert rows(database) == []


def test_a_signature_of_the_old_kind_is_not_accepted(client: FlaskClient, database: Database) -> None:
    answer = post(client, body(), X_Hub_Signature="sha1=" + "0" * 40, X_Hub_Signature_256=None)
    assert answer.status_code == 401
    assert rows(database) == []


@pytest.mark.parametrize("name", ["X-GitHub-Delivery", "X-GitHub-Event"])
@pytest.mark.parametrize("value", [None, " ", "x" * 65, "é"])
def test_a_header_that_is_missing_or_strange_is_named(
    client: FlaskClient, database: Database, name: str, value: str | None
) -> None:
    answer = post(client, body(), **{name: value})
    assert answer.status_code == 400
    assert name in answer.json["error"]
    assert rows(database) == []


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "not JSON"),
        (b"payload=%7B%7D", "not JSON"),
        (b'{"action": ', "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not an object"),
        (b"null", "not an object"),
        (b'"opened"', "not an object"),
    ],
)
def test_what_is_no_json_object_is_turned_away_with_the_reason(
    client: FlaskClient, database: Database, content: bytes, why: str
) -> None:
    answer = post(client, content)
    assert answer.status_code == 400
    assert why in answer.json["error"]
    assert rows(database) == []


@pytest.mark.parametrize(
    "payload",
    [
        {"action": 5, "repository": [], "issue": "3"},
        {"action": "opened", "repository": {"id": "7"}, "issue": {"number": None}},
        {"action": "opened", "repository": {"id": 2**63}, "issue": {"number": True}},
        {"action": "x" * 500},
    ],
)
def test_a_payload_with_strange_fields_does_no_harm(client: FlaskClient, database: Database, payload: object) -> None:
    assert post(client, json.dumps(payload).encode()).status_code == 202
    (row,) = rows(database)
    assert (row.repository_id, row.subject) == (None, None)


def test_a_zero_character_in_a_text_is_no_obstacle(client: FlaskClient, database: Database) -> None:
    assert post(client, body(action="opened", title="a\0b")).status_code == 202
    assert json.loads(rows(database)[0].body)["title"] == "a\0b"


def test_a_body_that_is_too_large_is_turned_away(client: FlaskClient, database: Database) -> None:
    answer = post(client, b" " * (events.LARGEST_BODY + 1))
    assert answer.status_code == 413
    assert str(events.LARGEST_BODY) in answer.json["error"]
    assert rows(database) == []


def test_only_post_is_taken_and_who_looks_is_told_what_it_is_for(client: FlaskClient, database: Database) -> None:
    answer = client.get(PATH)
    assert (answer.status_code, answer.headers["Allow"], answer.mimetype) == (405, "POST", "text/plain")
    assert answer.text.startswith("This is where GitHub posts deliveries")
    assert client.put(PATH).status_code == 405
    assert rows(database) == []


def test_nothing_is_acknowledged_that_could_not_be_stored(
    client: FlaskClient, configured: Settings, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    with database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE deliveries RENAME TO elsewhere")
    assert post(client, body()).status_code == 500
    assert calls(configured) == []


def test_a_queue_that_is_down_does_not_stop_a_delivery(serve: Serve, configured: Settings, database: Database) -> None:
    client = serve(replace(configured, redis_url="redis://127.0.0.1:9/0"))
    assert post(client, body()).status_code == 202
    assert [row.status for row in rows(database)] == [Work.QUEUED]


# --- without a secret


def test_half_an_app_is_not_started(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="WEBHOOK_SECRET: not set"):
        settings.load({"APP_ID": "1", "PRIVATE_KEY": "-----BEGIN"}, tmp_path / ".env")


def test_an_empty_secret_lets_nobody_in(serve: Serve, configured: Settings, database: Database) -> None:
    client = serve(replace(configured, app=App(1, "a key", "")))
    assert post(client, body(), X_Hub_Signature_256=sign("", body())).status_code == 401
    assert rows(database) == []


def test_without_an_app_there_is_no_webhook(serve: Serve, configured: Settings, database: Database) -> None:
    assert post(serve(replace(configured, app=None)), body()).status_code == 404
    assert rows(database) == []


# --- health


def test_health_is_good_while_the_database_answers(client: FlaskClient) -> None:
    assert client.get("/healthz").status_code == 200


def test_health_is_bad_while_the_database_does_not_answer(serve: Serve, tmp_path: Path) -> None:
    nowhere = "postgresql+psycopg://postgres@127.0.0.1:9/none"
    assert serve(Settings(data_dir=tmp_path, database_url=nowhere)).get("/healthz").status_code == 503


@pytest.mark.parametrize("odd", [{"action": "\ud800\0"}, {"action": "opened", "repository": {"id": True}}])
def test_values_that_no_database_takes_are_taken_for_none(client: FlaskClient, odd: dict[str, object]) -> None:
    assert post(client, json.dumps(odd).encode()).status_code == 202
