"""What happens when GitHub, a person or the clock talks to us. This module only wires the web process together."""

from collections.abc import Callable
from datetime import UTC, datetime

from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bot import dashboard, retraining, webhook
from bot.database import Database
from bot.events import LARGEST_BODY
from bot.models import Repository
from bot.queue import DELIVERIES, Queue
from bot.settings import Settings


def create_app(settings: Settings, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Flask:
    """Return the web application: the webhook, if an App is configured, and the dashboard."""
    app = Flask("bot", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    database = app.extensions["database"] = Database(settings.database_url)
    if settings.app is not None:
        call = Queue(settings, DELIVERIES).call
        app.register_blueprint(webhook.create(settings.app, settings.webhook_path, database, call=call, now=now))

    def next_training(session: Session, repo: Repository) -> str:
        return retraining.due(now(), retraining.state_of(session, repo), settings).why

    dashboard.register(app, settings, database, now=now, next_training=next_training)
    app.add_url_rule("/healthz", "health", lambda: health(database))
    return app


def health(database: Database) -> tuple[str, int]:
    """Answer whoever asks whether the web process can do its work: 200, or 503 while the database does not answer."""
    try:
        with database.read() as session:
            session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return "the database does not answer\n", 503
    return "ok\n", 200
