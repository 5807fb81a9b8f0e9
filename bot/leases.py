"""Work that exactly one process does at a time: claim, renew, finish, fail, and find what stayed behind.

A claim carries a lease and a fencing token. The token grows with every claim, so a worker that was held up
past its lease cannot finish, or go on with, what another has taken over since.
"""

import zlib
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast

from sqlalchemy import ColumnElement, CursorResult, and_, delete, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from bot.errors import LostLeaseError
from bot.models import Delivery, TrainingRun, Work

Row = TypeVar("Row", Delivery, TrainingRun)

BACKOFF = timedelta(seconds=2)  # doubled with every attempt
LONGEST_BACKOFF = timedelta(minutes=10)


def claim(session: Session, table: type[Row], key: str | int, *, now: datetime, lease: timedelta) -> Row | None:
    """Take the work if it is due and nobody has it; None if it is done, not due yet, or somebody else's.

    Work on a subject that somebody is working on is not taken either: it is :func:`next_in_line` when that is done.

    Raises
    ------
    IntegrityError
        If two workers take work on one subject at the same moment (PostgreSQL only): the other one got it.
    """
    statement = (
        update(table)
        .where(table.id == key, _claimable(table, now), ~_busy(table))
        .values(
            status=Work.RUNNING,
            attempts=table.attempts + 1,
            token=table.token + 1,
            started_at=now,
            lease_until=now + lease,
        )
    )
    if _changed(session, statement) == 0:
        return None
    return session.get(table, key, populate_existing=True)


def renew(session: Session, table: type[Row], row: Row, *, now: datetime, lease: timedelta) -> None:
    """Extend the lease of work in hand; LostLeaseError if it was taken over."""
    _change(session, table, row, lease_until=now + lease)


def finish(session: Session, table: type[Row], row: Row, *, now: datetime, status: Work = Work.DONE) -> None:
    """Mark the work as done; LostLeaseError if it was taken over."""
    _change(session, table, row, status=status, finished_at=now, lease_until=None, last_error=None)


def retry_later(session: Session, table: type[Row], row: Row, error: str, *, due_at: datetime) -> None:
    """Give the work back for another attempt at `due_at`; LostLeaseError if it was taken over."""
    _change(session, table, row, status=Work.QUEUED, due_at=due_at, lease_until=None, last_error=error)


def put_off(session: Session, table: type[Row], row: Row, why: str, *, due_at: datetime) -> None:
    """Give the work back as if it had not been tried: nothing is wrong with it, it only has to wait till `due_at`."""
    values = {"attempts": row.attempts - 1, "due_at": due_at, "lease_until": None, "last_error": why}
    _change(session, table, row, status=Work.QUEUED, **values)


def fail(session: Session, table: type[Row], row: Row, error: str, *, now: datetime) -> None:
    """Give the work up, visibly; it can be run again by :func:`run_again`."""
    _change(session, table, row, status=Work.FAILED, finished_at=now, lease_until=None, last_error=error)


def run_again(session: Session, table: type[Row], key: str | int, *, now: datetime) -> bool:
    """Queue failed work afresh; False if it has not failed."""
    statement = (
        update(table)
        .where(table.id == key, table.status == Work.FAILED)
        .values(status=Work.QUEUED, attempts=0, due_at=now, finished_at=None)
    )
    return _changed(session, statement) == 1


def forget(session: Session, table: type[Row], *, before: datetime) -> int:
    """Delete the work that ended well, or was ignored, before a moment; return how much that was."""
    ended = (table.status.in_([Work.DONE, Work.IGNORED]), table.finished_at < before)
    return _changed(session, delete(table).where(*ended))


def next_in_line(session: Session, table: type[Row], row: Row, *, now: datetime) -> Any | None:
    """Return the id of the oldest due work on the same subject, which nobody could take while `row` was in hand."""
    waiting = (table.subject == row.subject, table.status == Work.QUEUED, table.due_at <= now)
    return session.scalar(select(table.id).where(*waiting).order_by(table.due_at).limit(1))


def to_call(session: Session, table: type[Row], *, now: datetime, grace: timedelta, most: int) -> dict[Any, bool]:
    """Return the ids of due work that no wake-up call is under way for, oldest first; mark them as called.

    With each goes whether it was left behind: its call, or who did it, was lost. The others only waited to be due. Work
    on a subject that somebody is working on is not called for: who ends that takes it next.
    """
    quiet = or_(table.enqueued_at.is_(None), table.enqueued_at < now - grace)
    waited = and_(table.status == Work.QUEUED, or_(table.enqueued_at.is_(None), table.enqueued_at < table.due_at))
    mine = (_claimable(table, now), quiet, ~_busy(table))
    rows = session.execute(select(table.id, waited).where(*mine).order_by(table.due_at).limit(most))
    found = {key: not only_waited for key, only_waited in rows}
    session.execute(update(table).where(table.id.in_(list(found))).values(enqueued_at=now))
    return found


def backoff(attempts: int, key: str | int, *, retry_after: float | None = None) -> timedelta:
    """Return how long to wait after the given number of attempts; at least what the other side asked for.

    It is up to half as long again by `key`, the id of the work, so that what failed together is not tried together.
    """
    wait = min(BACKOFF * (1 << min(attempts - 1, 20)), LONGEST_BACKOFF)
    jitter = zlib.crc32(f"{key} {attempts}".encode()) / 2**33  # 0 to 0.5
    return max(wait * (1 + jitter), timedelta(seconds=retry_after or 0))


def _claimable(table: type[Row], now: datetime) -> ColumnElement[bool]:
    return or_(
        and_(table.status == Work.QUEUED, table.due_at <= now),
        and_(table.status == Work.RUNNING, table.lease_until < now),
    )


def _busy(table: type[Row]) -> ColumnElement[bool]:
    """Return whether somebody is working on the subject of a row, on behalf of another row."""
    other = aliased(table)
    return exists().where(other.subject == table.subject, other.status == Work.RUNNING, other.id != table.id)


def _change(session: Session, table: type[Row], row: Row, **values: Any) -> None:
    mine = (table.id == row.id, table.status == Work.RUNNING, table.token == row.token)
    if _changed(session, update(table).where(*mine).values(**values)) == 0:
        raise LostLeaseError(f"{table.__tablename__} {row.id}: taken over by another worker")


def _changed(session: Session, statement: Any) -> int:
    statement = statement.execution_options(synchronize_session=False)
    return cast("CursorResult[Any]", session.execute(statement)).rowcount
