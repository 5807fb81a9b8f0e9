"""What GitHub tells of labels and issues, stored as it is now."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from bot import label_names, merging, storage
from bot.events import IssueState
from bot.models import Issue, Label
from bot.remote import RemoteIssue, RemoteLabel

GONE = ("deleted", "transferred")  # states of issues that are not here any more


def keep_labels(session: Session, repository_id: int, found: Sequence[RemoteLabel], *, now: datetime) -> None:
    """Store the labels of a repository as GitHub has them now; whatever is not among them was deleted.

    What is known of a label that was renamed goes on under its new name; of one that was deleted, under the name of the
    label that took its place, or that was made again under its name, if one did.
    """
    known = {label.id: label for label in storage.all_labels(session, repository_id)}
    there = {label.id for label in found}
    for row in known.values():
        if row.id not in there and row.removed_at is None:
            row.removed_at = now
    session.flush()
    former = {label.id: known[label.id].former if label.id in known else {} for label in found}
    renamed = {each.id: known[each.id].name for each in found if each.id in known and known[each.id].name != each.name}
    for label_id, name in renamed.items():  # first out of the way: one may have taken the name of another
        former[label_id] = label_names.give_up(former[label_id], name, now)
        merging.rename(session, repository_id, name, _meanwhile(label_id))
    for label in found:
        if label.id in renamed:
            merging.rename(session, repository_id, _meanwhile(label.id), label.name)
        values = {"id": label.id, "name": label.name, "description": label.description, "removed_at": None}
        storage.upsert(session, Label, {"repository_id": repository_id, **values, "former": former[label.id]})
    gone_by_name = {row.name.lower(): row for row in _gone(session, repository_id)}
    for label in found:
        if label.id not in known and label.name.lower() in gone_by_name:
            merging.remake(session, repository_id, gone_by_name[label.name.lower()], label, now=now)
    for gone in _gone(session, repository_id, since=now - merging.WITHIN):
        merging.follow(session, repository_id, gone, now=now)


def _gone(session: Session, repository_id: int, *, since: datetime | None = None) -> Sequence[Label]:
    """Return the labels that were deleted, or those that were at `since` or later, in that order."""
    rows = [(row.removed_at, row) for row in storage.all_labels(session, repository_id)]
    found = [(at, row) for at, row in rows if at is not None and (since is None or at >= since)]
    return [row for _, row in sorted(found, key=lambda pair: pair[0])]


def _meanwhile(label_id: int) -> str:
    """Return a name that no label can have: longer than GitHub's 50 characters."""
    return f"{label_id:->60}"


def keep_issue(session: Session, repository_id: int, issue: IssueState | RemoteIssue, *, gone: str = "") -> bool:
    """Store an issue unless a newer state of it is stored already; return whether its text is new.

    A deleted or transferred issue (`gone` is one of these) never comes back under its number, whatever is told late.
    """
    known = session.get(Issue, (repository_id, issue.number))
    if known is not None and (known.updated_at > issue.updated_at or (known.state in GONE and not gone)):
        known.state = _state(known, gone or known.state)
        return False
    changed = known is None or (known.title, known.body) != (issue.title, issue.body)
    values = {
        "repository_id": repository_id,
        "number": issue.number,
        "title": issue.title,
        "body": issue.body,
        "state": _state(known, gone or issue.state),
        "author": issue.author,
        "created_at": issue.created_at,
        "updated_at": issue.updated_at,
    }
    storage.upsert(session, Issue, values)
    return changed


def _state(known: Issue | None, told: str) -> str:
    """Return an issue's state, given one that is told; of two ways of being gone, a transfer says more."""
    gone = [state for state in GONE if state in {known.state if known else "", told}]
    return gone[-1] if gone else told
