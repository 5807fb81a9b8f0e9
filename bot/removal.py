"""Use case: a repository that the App was taken off is forgotten after a grace period, its models' files included.

Until then all stays as it was, and is in use again once the App is back. Whatever is cut off is done the next time.
"""

import logging
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime

from sqlalchemy import Delete, delete, exists, or_, select
from sqlalchemy.orm import Session

from bot.context import Context
from bot.models import Base, Guess, Installation, ModelVersion, Prediction, Repository

log = logging.getLogger(__name__)


def removed(session: Session) -> list[tuple[Repository, datetime]]:
    """Return the repositories that the App was taken off, with since when, by name; not those where it is suspended."""
    off = or_(Repository.removed_at.is_not(None), Installation.removed_at.is_not(None))
    joined = select(Repository, Installation.removed_at).join(
        Installation, Installation.id == Repository.installation_id
    )
    rows = session.execute(joined.where(off).order_by(Repository.full_name))
    return [(repo, min(at for at in (repo.removed_at, since) if at)) for repo, since in rows]


def forget(context: Context) -> int:
    """Forget the repositories whose grace period is over; return how many those were."""
    with context.database.read() as session:
        over = [repo.id for repo in _over(context, session)]
    for repository_id in over:
        _delete_models(context, repository_id)
        for statement in _deletions(repository_id):  # in transactions of their own, so that nobody waits for all
            with context.database.write() as session:
                if _is_over(context, session, repository_id):
                    session.execute(statement)
        log.info("removed repository forgotten", extra={"repository": repository_id})
    with context.database.write() as session:
        empty = ~exists().where(Repository.installation_id == Installation.id)
        limit = context.now() - context.settings.keep_removed
        session.execute(delete(Installation).where(Installation.removed_at <= limit, empty))
    return len(over)


def _over(context: Context, session: Session) -> list[Repository]:
    limit = context.now() - context.settings.keep_removed
    return [repo for repo, since in removed(session) if since <= limit]


def _is_over(context: Context, session: Session, repository_id: int) -> bool:
    """Tell whether the grace period is still over: the App may have come back a moment ago."""
    return any(repo.id == repository_id for repo in _over(context, session))


def _delete_models(context: Context, repository_id: int) -> None:
    """Delete the files of a repository's models; none of them serves from here on, whatever happens next.

    If the App comes back before all rows are deleted, the past is read again.
    """
    with context.database.write() as session:
        if not _is_over(context, session, repository_id):
            return
        row = session.get_one(Repository, repository_id)
        row.champion_id = row.pulled_at = row.import_place = row.import_started = row.import_progress = None
        folders = _own_folders(session, repository_id)
    for folder in folders:
        with suppress(FileNotFoundError):
            shutil.rmtree(context.settings.models_dir / folder)


def _own_folders(session: Session, repository_id: int) -> Sequence[str]:
    """Return the folders of a repository's models; the same model of another repository would have the same folder."""
    mine = ModelVersion.repository_id == repository_id
    others = select(ModelVersion.folder).where(~mine)
    return session.scalars(select(ModelVersion.folder).where(mine, ModelVersion.folder.not_in(others))).all()


def _deletions(repository_id: int) -> Iterator[Delete]:
    """Yield what deletes all rows about a repository, those that others point to after these, and it last."""
    here = select(Prediction.id).where(Prediction.repository_id == repository_id)
    yield delete(Guess).where(Guess.prediction_id.in_(here))
    for table in reversed(Base.metadata.sorted_tables):
        if "repository_id" in table.c:
            yield delete(table).where(table.c.repository_id == repository_id)
    yield delete(Repository).where(Repository.id == repository_id)
