"""Queries on what the bot has written, or is about to; see `storage.py`."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import and_, exists, or_, select, update
from sqlalchemy.orm import Session

from bot.models import Guess, Issue, Prediction
from bot.reasons import Reason


def latest(session: Session, repository_id: int, number: int, *, before: datetime | None = None) -> Prediction | None:
    """Return the latest prediction of an issue that was written, before a moment if one is given."""
    mine = [Prediction.repository_id == repository_id, Prediction.number == number, Prediction.written_at.is_not(None)]
    if before is not None:
        mine.append(Prediction.written_at < before)
    return session.scalar(select(Prediction).where(*mine).order_by(Prediction.id.desc()).limit(1))


def guesses(session: Session, repository_id: int, number: int) -> Sequence[Guess]:
    """Return the guesses that were written on an issue, with whichever of its predictions."""
    mine = (Prediction.repository_id == repository_id, Prediction.number == number, Guess.written.is_not(None))
    found = select(Guess).join(Prediction, Prediction.id == Guess.prediction_id).where(*mine)
    return session.scalars(found.order_by(Guess.prediction_id, Guess.label)).all()


def call_off(session: Session, repository_id: int, number: int) -> None:
    """Let what waits to be written on an issue never be."""
    waiting = (Prediction.written_at.is_(None), Prediction.not_written.is_(None))
    mine = (Prediction.repository_id == repository_id, Prediction.number == number, *waiting)
    session.execute(update(Prediction).where(*mine).values(not_written=Reason.TAKEN_BACK))


def note_comment(session: Session, repository_id: int, number: int, comment_id: int) -> None:
    """Keep with an issue's predictions that it had a comment of ours: one that somebody asked for came of none."""
    mine = (Prediction.repository_id == repository_id, Prediction.number == number, Prediction.comment_id.is_(None))
    session.execute(update(Prediction).where(*mine).values(comment_id=comment_id))


def note_undone(session: Session, prediction_ids: Collection[int]) -> None:
    """Keep that what was written for predictions has been taken back."""
    mine = Prediction.id.in_(prediction_ids)
    session.execute(update(Prediction).where(mine).values(not_written=Reason.UNDONE))


def unanswered_suggestions(
    session: Session, repository_id: int, *, since: datetime, gone: Sequence[str], most: int
) -> Sequence[Prediction]:
    """Return predictions suggested in GitHub's own interface and not answered, those asked about longest ago first.

    Those on issues in a state in which they are `gone` are left out.
    """
    open_ones = exists().where(
        Guess.prediction_id == Prediction.id, Guess.written == "suggested", Guess.outcome.is_(None)
    )
    same = (Issue.repository_id == Prediction.repository_id, Issue.number == Prediction.number)
    there = ~exists().where(*same, Issue.state.in_(gone))
    mine = (Prediction.repository_id == repository_id, Prediction.native.is_(True), Prediction.created_at >= since)
    ordered = (Prediction.checked_at.is_not(None), Prediction.checked_at, Prediction.id)
    return session.scalars(select(Prediction).where(*mine, open_ones, there).order_by(*ordered).limit(most)).all()


def issues_since(session: Session, repository_id: int, since: datetime) -> Sequence[int]:
    """Return the issues on which something was written at `since` or later."""
    labelled = exists().where(Guess.prediction_id == Prediction.id, Guess.written.is_not(None))
    written = or_(Prediction.written_at >= since, and_(Prediction.created_at >= since, labelled))
    mine = (Prediction.repository_id == repository_id, written)
    return session.scalars(select(Prediction.number).where(*mine).distinct().order_by(Prediction.number)).all()
