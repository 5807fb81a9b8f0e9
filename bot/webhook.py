"""Receive deliveries: verify, store under GitHub's id, commit, wake a worker up, answer 202. Nothing else."""

import logging
from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import RequestEntityTooLarge

from bot import events, storage
from bot.database import Database
from bot.errors import DeliveryError
from bot.models import Delivery, Work
from bot.settings import App

log = logging.getLogger(__name__)

HERE = """\
This is where GitHub posts deliveries to issue-tagger. There is nothing to look at: it takes
only what is posted, and signed with the webhook secret.

In the settings of the GitHub App, this address belongs into the field "Webhook URL".
What has arrived is shown on the dashboard, at / of this host.
"""


def create(
    app: App, path: str, database: Database, *, call: Callable[[str], None], now: Callable[[], datetime]
) -> Blueprint:
    """Return the blueprint with the one route, `path`; `call` wakes a worker up for a delivery's id.

    Who looks at it in a browser is told what it is for.
    """
    blueprint = Blueprint("webhook", __name__)

    @blueprint.post(path)
    def receive() -> tuple[Response, int]:
        body = request.get_data()
        events.verify(app.webhook_secret, body, request.headers.get("X-Hub-Signature-256"))
        envelope = events.parse(request.headers, body)
        if store(database, envelope, now=now()):
            call(envelope.id)
        log.info("delivery accepted", extra={"delivery": envelope.id, "event": envelope.event})
        return jsonify(delivery=envelope.id, handled=envelope.handled), 202

    @blueprint.get(path)
    def tell() -> Response:
        return Response(HERE, 405, {"Allow": "POST"}, mimetype="text/plain")

    @blueprint.errorhandler(DeliveryError)
    def refuse(error: DeliveryError) -> tuple[Response, int]:
        log.warning("delivery refused", extra={"reason": error.reason, "status": error.status})
        return jsonify(error=str(error)), error.status

    @blueprint.errorhandler(RequestEntityTooLarge)
    def too_large(_error: RequestEntityTooLarge) -> tuple[Response, int]:
        return jsonify(error=f"the body is larger than {events.LARGEST_BODY} bytes"), 413

    return blueprint


def store(database: Database, envelope: events.Envelope, *, now: datetime) -> bool:
    """Store the delivery and commit; return whether a worker is to be woken up for it.

    A delivery that is there already is left as it is: a second handling changes nothing, and one that
    stayed behind is the sweep's.
    """
    values = {
        "id": envelope.id,
        "event": envelope.event,
        "action": envelope.action,
        "repository_id": envelope.repository_id,
        "subject": envelope.subject,
        "body": envelope.body,
        "received_at": now,
        "status": Work.QUEUED if envelope.handled else Work.IGNORED,
        "attempts": 0,
        "token": 0,
        "due_at": now,
        "enqueued_at": now,
        "finished_at": None if envelope.handled else now,
    }
    with database.write() as session:
        return storage.insert_once(session, Delivery, values) and envelope.handled
