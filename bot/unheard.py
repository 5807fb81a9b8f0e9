"""Use case: an issue was opened, and no delivery came of it. A pull finds it, and it is labelled as if one had come."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from bot import storage, tagging
from bot.context import Context
from bot.errands import errand
from bot.models import UNHEARD, Delivery, Issue, Repository
from bot.remote import RemoteIssue

STILL_COMING = timedelta(minutes=1)  # less than two pulls overlap, so that the next one looks at the issue again
TOO_LATE = timedelta(days=1)


def enqueue(session: Session, repo: Repository, issues: Iterable[RemoteIssue], *, now: datetime) -> None:
    """Queue the issues that were opened lately, in our time, and of which nothing was heard."""
    for issue in issues:
        lately = STILL_COMING <= now - issue.created_at <= TOO_LATE and issue.created_at >= repo.enrolled_at
        if lately and issue.state == "open" and not _heard_of(session, repo, issue.number):
            session.add(errand(repo, UNHEARD, issue.number, due_at=now))


def _heard_of(session: Session, repo: Repository, number: int) -> bool:
    mine = Delivery.subject == f"{repo.id}#{number}"
    told = ((Delivery.event == "issues") & (Delivery.action == "opened")) | (Delivery.event == UNHEARD)
    known = session.scalar(select(exists().where(mine, told)))
    return bool(known) or storage.has_prediction(session, repo.id, number)


def on_unheard(context: Context, delivery: Delivery, repo: Repository, payload: Mapping[str, Any]) -> None:
    """Label an issue of which no word came."""
    with context.database.read() as session:
        issue = session.get_one(Issue, (repo.id, payload[UNHEARD]["number"]))
    if not repo.idle and issue.created_at >= repo.enrolled_at:  # which may have come to be since it was queued
        tagging.tag(context, delivery, repo, issue)
