"""What GitHub tells of labels and issues, stored as it is now."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from bot import storage
from bot.events import IssueState
from bot.models import Issue, Label
from bot.remote import RemoteIssue, RemoteLabel

GONE = ("deleted", "transferred")  # states of issues that are not here any more


def keep_label(session: Session, repository_id: int, label: RemoteLabel) -> None:
    """Store a label as it is now; carry the truth over where it was renamed."""
    known = session.get(Label, (repository_id, label.id))
    if known is not None and known.name != label.name:
        storage.rename_label(session, repository_id, known.name, label.name)
    values = {"id": label.id, "name": label.name, "description": label.description, "removed_at": None}
    storage.upsert(session, Label, {"repository_id": repository_id, **values})


def drop_labels(session: Session, repository_id: int, ids: Iterable[int], *, now: datetime) -> None:
    """Mark labels as deleted: they are not suggested any more, and teach nothing."""
    chosen = (Label.repository_id == repository_id, Label.id.in_(list(ids)))
    session.execute(update(Label).where(*chosen).values(removed_at=now))


def keep_issue(session: Session, repository_id: int, issue: IssueState | RemoteIssue, *, state: str = "") -> bool:
    """Store an issue unless a newer state of it is stored already; return whether its text is new.

    A deleted or transferred issue never comes back under its number, whatever is told late.
    """
    known = session.get(Issue, (repository_id, issue.number))
    if known is not None and known.updated_at > issue.updated_at:
        return False
    changed = known is None or (known.title, known.body) != (issue.title, issue.body)
    values = {
        "repository_id": repository_id,
        "number": issue.number,
        "title": issue.title,
        "body": issue.body,
        "state": known.state if known is not None and known.state in GONE else state or issue.state,
        "author": issue.author,
        "created_at": issue.created_at,
        "updated_at": issue.updated_at,
    }
    storage.upsert(session, Issue, values)
    return changed
