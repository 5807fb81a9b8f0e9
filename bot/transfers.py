"""Use case: an issue was transferred from one repository that we serve to another, and its history goes with it.

GitHub tells the one of `issues.transferred` and the other of `issues.opened`, in any order; what is told late of the
issue under its old number is recorded under the new one.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from bot import events, feedback, label_log, storage
from bot.events import need
from bot.keeping import GONE
from bot.label_log import Place
from bot.models import Issue, Repository


def follow(session: Session, repo: Repository, action: str | None, payload: Mapping[str, Any]) -> None:
    """Move what is known of an issue if a delivery tells of its transfer between repositories that we serve."""
    changes, here = payload.get("changes") or {}, (repo.id, need(need(payload, "issue", dict), "number", int))
    if action == "transferred" and changes.get("new_issue"):
        _move(session, here, _place(changes, "new"))
    elif action == "opened" and events.came_by_transfer(payload):
        _move(session, _place(changes, "old"), here)


def _place(changes: Mapping[str, Any], which: str) -> Place:
    repository, issue = need(changes, f"{which}_repository", dict), need(changes, f"{which}_issue", dict)
    return need(repository, "id", int), need(issue, "number", int)


def _move(session: Session, old: Place, new: Place) -> None:
    new = label_log.whereabouts(session, new)  # word of a later transfer may have come first
    if session.get(Repository, old[0]) is None or storage.repository(session, new[0]) is None:
        return
    left = session.get(Issue, old)
    if left is not None:
        left.state, left.moved_to = GONE[-1], "#".join(map(str, new))
    labels = label_log.move_history(session, old, new)
    if labels:
        feedback.draw(session, *new, labels)
