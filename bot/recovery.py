"""Use case: deliveries that GitHub could not hand over are asked for again; it does not try again by itself."""

import logging
from collections import Counter
from datetime import datetime, timedelta

from bot import storage
from bot.context import Context
from bot.errors import BotError, GitHubLimited
from bot.remote import RemoteDelivery

log = logging.getLogger(__name__)

KEPT = timedelta(days=3)  # how long GitHub knows deliveries
SETTLED = timedelta(minutes=1)  # a younger one may still be on its way
MOST_ATTEMPTS = 5  # of one delivery, the first one included


def redeliver(context: Context, since: datetime) -> int:
    """Ask GitHub again for what it tried to deliver since then and we never stored; return how much that was.

    One that GitHub will not deliver does not hold up the others; what it said is raised after them.
    """
    until = context.now() - SETTLED
    attempts = [each for each in context.github.deliveries(max(since, context.now() - KEPT)) if each.at <= until]
    count = Counter(each.guid for each in attempts)
    delivered = {each.guid for each in attempts if each.delivered}
    latest = {each.guid: each for each in reversed(attempts) if each.guid not in delivered}  # they come newest first
    with context.database.read() as session:
        known = storage.known_deliveries(session, list(latest))
    asked = [each for guid, each in latest.items() if guid not in known and count[guid] < MOST_ATTEMPTS]
    problem: BotError | None = None
    for each in asked:
        try:
            context.github.redeliver(each.id)
        except GitHubLimited:
            raise
        except BotError as error:
            problem = error
    _log_given_up([each for guid, each in latest.items() if guid not in known and count[guid] >= MOST_ATTEMPTS])
    if asked:
        log.info("deliveries asked for again", extra={"deliveries": len(asked)})
    if problem is not None:
        raise problem
    return len(asked)


def _log_given_up(lost: list[RemoteDelivery]) -> None:
    for each in lost:
        log.error("delivery given up", extra={"delivery": each.guid, "event": each.event})
