"""A repository's issues as training takes them: the text, and what people say of their labels."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from bot import storage
from bot.models import Issue as IssueRow
from bot.models import Repository, Truth
from pipeline.issues import Issue


def known(session: Session, repo: Repository) -> list[Issue]:
    """Return the issues of whose labels something is known, in order of creation."""
    return [_issue(row, truths) for row, truths in storage.issues_with_truth(session, repo.id)]


def unknown(session: Session, repo: Repository, start: datetime, *, later: bool, most: int) -> list[Issue]:
    """Return the newest issues of whose labels nothing is known, from before `start`, or those from then on."""
    found = storage.issues_without_truth(session, repo.id, start, later=later, most=most)
    return [_issue(row, {}) for row in found]


def _issue(row: IssueRow, truths: Mapping[str, Truth]) -> Issue:
    def with_truth(wanted: Truth) -> tuple[str, ...]:
        return tuple(name for name, truth in truths.items() if truth is wanted)

    return Issue(
        number=row.number,
        title=row.title,
        body=row.body,
        labels=with_truth(Truth.POSITIVE),
        removed=with_truth(Truth.NEGATIVE),
        unconfirmed=with_truth(Truth.UNCONFIRMED),
        created_at=row.created_at,
    )
