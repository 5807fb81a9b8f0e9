"""Fixtures for tests of the dashboard: a browser without a session, and one that is signed in."""

from collections.abc import Callable
from pathlib import Path

import flask
import pytest
from flask.testing import FlaskClient

from bot import dashboard
from bot.database import Database
from bot.settings import App, Settings
from tests.bot.dashboard_client import Clock, sign_in, tell_next


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make_client(tmp_path: Path, database: Database, clock: Clock) -> Callable[..., FlaskClient]:
    def make(**settings: object) -> FlaskClient:
        app = flask.Flask("bot")
        settings = Settings(data_dir=tmp_path, **{"app": App(1, "key", "secret"), **settings})
        dashboard.register(app, settings, database, now=clock, next_training=tell_next)
        return app.test_client()

    return make


@pytest.fixture
def stranger(make_client) -> FlaskClient:
    return make_client()


@pytest.fixture
def operator(stranger: FlaskClient, database: Database) -> FlaskClient:
    sign_in(stranger, database)
    return stranger
