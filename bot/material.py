"""A repository's issues as training takes them: the text, and what people say of their labels."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import and_, exists, select
from sqlalchemy.orm import Session

from bot.models import Issue as IssueRow
from bot.models import LabelTruth, Repository, Truth
from pipeline.issues import Issue

SAME = and_(LabelTruth.repository_id == IssueRow.repository_id, LabelTruth.number == IssueRow.number)


def known(session: Session, repo: Repository) -> list[Issue]:
    """Return the issues of whose labels something is known, in order of creation."""
    said = select(IssueRow, LabelTruth.label, LabelTruth.truth).join(LabelTruth, SAME)
    found: dict[int, tuple[IssueRow, dict[str, Truth]]] = {}
    for issue, label, truth in session.execute(
        said.where(IssueRow.repository_id == repo.id).order_by(IssueRow.created_at, IssueRow.number)
    ):
        found.setdefault(issue.number, (issue, {}))[1][label] = Truth(truth)
    return [_issue(*each) for each in found.values()]


def unknown(session: Session, repo: Repository, start: datetime, *, later: bool, most: int) -> list[Issue]:
    """Return the newest issues of whose labels nothing is known, from before `start`, or those from then on.

    The oldest of them come first.
    """
    side = IssueRow.created_at >= start if later else IssueRow.created_at < start
    mine = (IssueRow.repository_id == repo.id, side, ~exists().where(SAME))
    newest = select(IssueRow).where(*mine).order_by(IssueRow.created_at.desc(), IssueRow.number.desc()).limit(most)
    return [_issue(row, {}) for row in session.scalars(newest).all()[::-1]]


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
