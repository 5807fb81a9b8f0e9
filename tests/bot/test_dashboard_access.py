import re
from datetime import timedelta

import flask
import pytest
from flask.testing import FlaskClient

from bot import auth
from bot.database import Database
from tests.bot.dashboard_client import PAGE, PICTURE, Clock, fill, sign_in
from tests.bot.dashboard_data import NOW

pytest_plugins = ["tests.bot.dashboard_fixtures"]


@pytest.mark.parametrize("path", ["/", PAGE, PICTURE, "/repositories/no/such"])
def test_stranger_sees_nothing_but_how_to_sign_in(stranger: FlaskClient, database: Database, path: str) -> None:
    fill(database)
    answer = stranger.get(path)
    assert answer.status_code == 401
    assert "issue-tagger sign-in" in answer.text
    assert "northwind" not in answer.text


def test_every_route_but_sign_in_and_style_needs_the_session(stranger: FlaskClient) -> None:
    values = {"owner": "northwind", "name": "kettle", "token": "t", "filename": "style.css"}
    for rule in stranger.application.url_map.iter_rules():
        if not rule.endpoint.startswith("dashboard."):
            continue
        path = rule.build({name: values[name] for name in rule.arguments})[1]
        method = "POST" if "POST" in rule.methods else "GET"
        status = stranger.open(path, method=method, buffered=True).status_code
        public = {"dashboard.static", "dashboard.schema", "dashboard.sign_in"}
        assert status == (200 if rule.endpoint in public else 401), rule


@pytest.mark.parametrize("path", ["/nope", "/repositories", "/repositories/northwind/kettle/nope"])
def test_address_without_a_page_is_told_as_everything_else_is(
    operator: FlaskClient, database: Database, path: str
) -> None:
    fill(database)
    answer = operator.get(path)
    assert answer.status_code == 404
    assert "There is no page at this address." in answer.text
    assert "style.css" in answer.text
    assert "Sign out" in answer.text
    assert "northwind" not in answer.text


def test_link_signs_in_once(make_client, database: Database) -> None:
    with database.write() as session:
        token = auth.create_link(session, now=NOW)
    first, second = make_client(), make_client()
    assert first.post(f"/sign-in/{token}").headers["Location"] == "/"
    assert first.get("/").status_code == 200
    assert second.post(f"/sign-in/{token}").status_code == 401
    assert second.get("/").status_code == 401


def test_looking_at_a_link_does_not_use_it_up(stranger: FlaskClient, database: Database) -> None:
    with database.write() as session:
        token = auth.create_link(session, now=NOW)
    for _preview in range(3):
        assert "Sign in to the dashboard" in stranger.get(f"/sign-in/{token}").text
    assert stranger.get("/").status_code == 401
    assert stranger.post(f"/sign-in/{token}").status_code == 303


def test_session_ends_after_twelve_hours_of_use(operator: FlaskClient, clock: Clock) -> None:
    clock.now = NOW + timedelta(hours=11, minutes=59)
    assert operator.get("/").status_code == 200
    clock.now = NOW + timedelta(hours=12)
    assert operator.get("/").status_code == 401


def test_forged_cookie_is_refused(stranger: FlaskClient) -> None:
    forger = flask.Flask("forger")
    forger.secret_key = b"guess"
    cookie = forger.session_interface.get_signing_serializer(forger).dumps({"until": 9e9, "csrf": "x"})
    stranger.set_cookie("issue_tagger_session", cookie)
    assert stranger.get("/").status_code == 401


@pytest.mark.parametrize(
    ("base", "secure"), [("http://127.0.0.1:3000", False), ("https://127.0.0.1", True), ("http://tagger.test", True)]
)
def test_cookie_is_guarded(stranger: FlaskClient, database: Database, base: str, secure: bool) -> None:
    cookie = sign_in(stranger, database, base_url=base).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert ("Secure" in cookie) is secure


def test_sign_out_needs_the_token_of_its_form(operator: FlaskClient) -> None:
    for wrong in ({}, {"csrf": "guess"}, {"csrf": "ü"}):
        assert operator.post("/sign-out", data=wrong).status_code == 400
    assert operator.get("/").status_code == 200
    csrf = re.search(r'name="csrf" value="([^"]+)"', operator.get("/").text)
    assert operator.post("/sign-out", data={"csrf": csrf[1]}).status_code == 200
    assert operator.get("/").status_code == 401


@pytest.mark.parametrize("path", ["/", "/sign-in/x", "/nowhere", "/repositories/no/such", "/assets/style.css"])
def test_every_answer_has_strict_headers(operator: FlaskClient, path: str) -> None:
    headers = operator.get(path, buffered=True).headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self';")
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
