"""The dashboard: how accurate the bot is, what it did, and how its work stands. Signed in by a one-time link."""

from collections.abc import Callable
from datetime import UTC, datetime

import flask
from sqlalchemy.orm import Session

from bot import auth
from bot.dashboard import setup as setup  # its pages register themselves
from bot.dashboard import views
from bot.database import Database
from bot.models import Repository
from bot.settings import Settings

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def _clock() -> datetime:
    return datetime.now(UTC)


def register(
    app: flask.Flask,
    settings: Settings,
    database: Database,
    *,
    now: Callable[[], datetime] = _clock,
    next_training: Callable[[Session, Repository], str] | None = None,
) -> None:
    """Add the dashboard to `app`, and strict headers to every answer of it.

    Parameters
    ----------
    next_training
        Tells in words when a repository is trained next; without it, nothing is said of that.
    """
    auth.configure(app, settings.data_dir)
    app.extensions[views.KEY] = views.Context(settings, database, now, next_training)
    app.register_blueprint(views.blueprint)
    app.after_request(_harden)


def _harden(response: flask.Response) -> flask.Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Cache-Control"] = "no-store"
    return response
