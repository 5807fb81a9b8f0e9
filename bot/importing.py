"""Use case: a repository's past is read once: who put which label on, then the issues. A crash costs the page in hand.

What the log of acts implies for an issue is drawn when the issue itself comes, in the order in which people acted.
"""

import logging
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from bot import feedback, keeping, storage
from bot.context import Context
from bot.errors import GitHubRefused
from bot.feedback import LabelAct
from bot.models import ActorKind, LabelEvent, Repository, Truth
from bot.remote import RemoteIssue

log = logging.getLogger(__name__)

EVENTS, ISSUES = "events", "issues"  # what is read first, and what then


def read_past(context: Context, repo: Repository) -> int:
    """Read what has not been read yet, and return how many issues that was; nothing is written to any of them."""
    stage, _, place = (repo.import_place or EVENTS).partition(" ")
    try:
        if stage == EVENTS:
            _read_events(context, repo, place)
            place = ""
        return _read_issues(context, repo, place)
    except GitHubRefused:
        if place:  # GitHub does not know the place any more, it may be: begin again the next time
            _keep_place(context, repo, None)
        raise


def _read_events(context: Context, repo: Repository, place: str) -> None:
    for events, following in context.gateway(repo).past_events(place):
        rows = [feedback.log_row(feedback.act_of(repo.id, each, context.github.login)) for each in events]
        with context.database.write() as session:
            for row in rows:
                storage.append_label_event(session, row)
            session.get_one(Repository, repo.id).import_place = f"{EVENTS} {following}" if following else ISSUES
        log.info("page of the past read", extra={"repository": repo.id, "stage": EVENTS})


def _read_issues(context: Context, repo: Repository, place: str) -> int:
    count = 0
    for issues, following in context.gateway(repo).past_issues(place):
        with context.database.write() as session:
            for issue in issues:
                keeping.keep_issue(session, repo.id, issue)
                _draw(session, repo, issue)
            session.get_one(Repository, repo.id).import_place = f"{ISSUES} {following}" if following else None
        count += len(issues)
        log.info("page of the past read", extra={"repository": repo.id, "stage": ISSUES})
    return count


def _keep_place(context: Context, repo: Repository, place: str | None) -> None:
    with context.database.write() as session:
        session.get_one(Repository, repo.id).import_place = place


def _draw(session: Session, repo: Repository, issue: RemoteIssue) -> None:
    """Draw from the log what is known of an issue's labels; one that it has and nobody put on is taken for people's."""
    known = implied(storage.label_log(session, repo.id, issue.number))
    for label, (truth, at) in known.items():
        if truth is Truth.NEGATIVE or label in issue.labels:  # else it was renamed or deleted since
            storage.set_truth(session, (repo.id, issue.number, label), truth, at=at)
    for label in issue.labels:
        if label not in known:
            key = f"import:{repo.id}:{issue.number}:{label}"
            feedback.record(
                session, LabelAct(key, repo.id, issue.number, label, True, "", ActorKind.PERSON, issue.created_at)
            )


def implied(log: Sequence[LabelEvent]) -> dict[str, tuple[Truth, datetime]]:
    """Return what a log in time order implies for each label, and since when; nothing of a label left unknown."""
    found: dict[str, tuple[Truth, datetime]] = {}
    for event in log:
        before = found[event.label][0] if event.label in found else None
        truth = feedback.implied(before, labeled=event.action == "labeled", kind=ActorKind(event.actor_kind))
        if truth is None:
            found.pop(event.label, None)
        else:
            found[event.label] = truth, event.at
    return found
