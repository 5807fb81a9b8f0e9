"""Every query of the use cases, as a named function on a session. Commits are the caller's."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from bot.errors import NotFoundError, NotServedError
from bot.models import (
    Base,
    Delivery,
    Guess,
    Installation,
    Issue,
    Label,
    LabelEvent,
    LabelTruth,
    ModelVersion,
    Prediction,
    Promotion,
    Repository,
    TrainingRun,
    Truth,
    Work,
)

# --- what deliveries tell of installations, repositories, labels and issues


def upsert(session: Session, table: type[Base], values: Mapping[str, Any], *, keep: Iterable[str] = ()) -> None:
    """Insert a row, or update the one with its primary key except for the columns in `keep`."""
    keys = [column.name for column in table.__mapper__.primary_key]
    changes = {name: value for name, value in values.items() if name not in {*keys, *keep}}
    statement = _insert(session, table).values(**values)
    session.flush()
    if changes:
        session.execute(statement.on_conflict_do_update(index_elements=keys, set_=changes))
    else:
        session.execute(statement.on_conflict_do_nothing(index_elements=keys))
    session.expire_all()


def insert_once(session: Session, table: type[Base], values: Mapping[str, Any]) -> bool:
    """Insert a row unless a unique column says that it is there; return whether it was inserted."""
    statement = _insert(session, table).values(**values).on_conflict_do_nothing()
    return session.execute(statement.returning(*table.__mapper__.primary_key)).first() is not None


def _insert(session: Session, table: type[Base]) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT that can be told what to do on a conflict."""
    return postgresql.insert(table) if session.get_bind().dialect.name == "postgresql" else sqlite.insert(table)


def installations(session: Session) -> Sequence[Installation]:
    """Return all installations that were ever heard of."""
    return session.scalars(select(Installation)).all()


def suspended(session: Session) -> Sequence[Installation]:
    """Return the installations that their owners have suspended, by account."""
    idle = (Installation.suspended_at.is_not(None), Installation.removed_at.is_(None))
    return session.scalars(select(Installation).where(*idle).order_by(Installation.account)).all()


def repository(session: Session, repository_id: int) -> Repository | None:
    """Return a repository that is served: enrolled, not removed, its installation not suspended."""
    return session.scalar(_served().where(Repository.id == repository_id))


def off_since(session: Session, repository_id: int) -> datetime | None:
    """Return when we were told that the App is off a repository; None where it is served, or was never heard of."""
    told = select(Repository.removed_at, Installation.removed_at, Installation.suspended_at)
    joined = told.join(Installation, Installation.id == Repository.installation_id)
    row = session.execute(joined.where(Repository.id == repository_id)).first()
    return max((at for at in row or () if at is not None), default=None)


def require_served(session: Session, repository_id: int) -> None:
    """Raise NotServedError where work on a repository has to stop."""
    if repository(session, repository_id) is None:
        raise NotServedError(f"the App is not installed any more on repository {repository_id}, or suspended there")


def repositories(session: Session) -> Sequence[Repository]:
    """Return all repositories that are served, by name."""
    return session.scalars(_served().order_by(Repository.full_name)).all()


def repository_named(session: Session, full_name: str) -> Repository:
    """Return the served repository with that name, whatever its case; NotFoundError if there is none."""
    found = session.scalar(_served().where(func.lower(Repository.full_name) == full_name.lower()))
    if found is None:
        names = ", ".join(row.full_name for row in repositories(session)) or "none yet"
        raise NotFoundError(f"{full_name}: the App does not serve this repository; it serves: {names}")
    return found


def _served() -> Select[Repository]:
    living = (Repository.removed_at.is_(None), Installation.suspended_at.is_(None), Installation.removed_at.is_(None))
    return select(Repository).join(Installation, Installation.id == Repository.installation_id).where(*living)


def labels(session: Session, repository_id: int) -> Sequence[Label]:
    """Return the labels that a repository has now."""
    mine = (Label.repository_id == repository_id, Label.removed_at.is_(None))
    return session.scalars(select(Label).where(*mine).order_by(Label.name)).all()


def all_labels(session: Session, repository_id: int) -> Sequence[Label]:
    """Return the labels that a repository has or had."""
    return session.scalars(select(Label).where(Label.repository_id == repository_id).order_by(Label.id)).all()


# --- the label-event log and the truth it implies


def append_label_event(session: Session, event: Mapping[str, Any]) -> bool:
    """Append to the log; False if the log has this very act already."""
    return insert_once(session, LabelEvent, event)


def append_label_events(session: Session, events: Sequence[Mapping[str, Any]]) -> None:
    """Append to the log what it does not have already."""
    if events:
        session.execute(_insert(session, LabelEvent).values(list(events)).on_conflict_do_nothing())


def label_log(session: Session, repository_id: int, number: int) -> Sequence[LabelEvent]:
    """Return who did what to the labels of an issue, in time order.

    GitHub tells seconds: of acts in the same one, the bot's come before people's, and what was taken off stays off.
    """
    mine = (LabelEvent.repository_id == repository_id, LabelEvent.number == number)
    ordered = (LabelEvent.at, LabelEvent.action, LabelEvent.actor_kind, LabelEvent.key)
    return session.scalars(select(LabelEvent).where(*mine).order_by(*ordered)).all()


def truths(session: Session, repository_id: int, number: int) -> dict[str, Truth]:
    """Return what is known of each label of an issue."""
    mine = (LabelTruth.repository_id == repository_id, LabelTruth.number == number)
    rows = session.execute(select(LabelTruth.label, LabelTruth.truth).where(*mine))
    return {label: Truth(truth) for label, truth in rows}


def set_truth(session: Session, key: tuple[int, int, str], truth: Truth | None, *, at: datetime | None) -> None:
    """Set what is known of the label `key`, (repository, number, label); None makes it unknown."""
    values = dict(zip(("repository_id", "number", "label"), key, strict=True))
    if truth is None:
        session.execute(delete(LabelTruth).filter_by(**values))
    else:
        upsert(session, LabelTruth, {**values, "truth": truth, "at": at})


def decisions_known(session: Session, repository_id: int) -> int:
    """Count the label decisions of people that are known: labels put on, confirmed or taken off."""
    mine = (LabelTruth.repository_id == repository_id, LabelTruth.truth != Truth.UNCONFIRMED)
    return session.scalar(select(func.count()).select_from(LabelTruth).where(*mine)) or 0


def labelled_issues(session: Session, repository_id: int, *, after: datetime | None = None) -> int:
    """Count the issues that have at least one label by a person; only those created after a moment, if one is given."""
    joined = (LabelTruth.repository_id == Issue.repository_id) & (LabelTruth.number == Issue.number)
    mine = [Issue.repository_id == repository_id, LabelTruth.truth == Truth.POSITIVE]
    if after is not None:
        mine.append(Issue.created_at > after)
    query = select(func.count(Issue.number.distinct())).join(LabelTruth, joined).where(*mine)
    return session.scalar(query) or 0


# --- predictions and their outcomes


def prediction_of(session: Session, delivery_id: str) -> Prediction | None:
    """Return the prediction that a delivery led to."""
    return session.scalar(select(Prediction).where(Prediction.delivery_id == delivery_id))


def guesses(session: Session, prediction_id: int) -> Sequence[Guess]:
    """Return the labels of a prediction, most probable first."""
    ordered = (Guess.probability.desc(), Guess.label)
    return session.scalars(select(Guess).where(Guess.prediction_id == prediction_id).order_by(*ordered)).all()


def open_guesses(session: Session, repository_id: int, number: int) -> Sequence[Guess]:
    """Return the guesses of an issue's latest prediction."""
    mine = (Prediction.repository_id == repository_id, Prediction.number == number)
    latest = select(func.max(Prediction.id)).where(*mine).scalar_subquery()
    return session.scalars(select(Guess).where(Guess.prediction_id == latest)).all()


def is_settled(session: Session, repository_id: int, number: int) -> bool:
    """Tell whether a person has said anything about the labels of an issue."""
    mine = (LabelTruth.repository_id == repository_id, LabelTruth.number == number)
    spoken = select(LabelTruth.label).where(*mine, LabelTruth.truth != Truth.UNCONFIRMED).limit(1)
    return session.scalar(spoken) is not None


def has_prediction(
    session: Session,
    repository_id: int,
    number: int,
    *,
    after: int = 0,
    but_for: str = "",
    since: datetime | None = None,
    written: bool = False,
) -> bool:
    """Tell whether an issue has been predicted, or again since the prediction with the id `after`.

    Not for deliveries of `but_for`, an event of our own, nor before the moment `since`, if given; if `written`, so that
    something was written.
    """
    mine = [Prediction.repository_id == repository_id, Prediction.number == number, Prediction.id > after]
    mine += [Prediction.delivery_id.not_like(f"{but_for}-%")] if but_for else []
    mine += [Prediction.created_at >= since] if since else []
    mine += [Prediction.written_at.is_not(None)] if written else []
    return session.scalar(select(Prediction.id).where(*mine).limit(1)) is not None


def examples(
    session: Session, repository_id: int, label: str, *, without: int, most: int = 200
) -> list[tuple[int, str]]:
    """Return (number, text) of the newest issues that people say have a label, one issue left out."""
    same = (Issue.repository_id == LabelTruth.repository_id, Issue.number == LabelTruth.number)
    mine = (LabelTruth.repository_id == repository_id, LabelTruth.label == label, Issue.number != without)
    found = select(Issue.number, Issue.title, Issue.body).join(LabelTruth, and_(*same))
    found = found.where(*mine, LabelTruth.truth == Truth.POSITIVE).order_by(Issue.number.desc()).limit(most)
    return [(number, f"{title}\n{body}") for number, title, body in session.execute(found)]


def has_comment(session: Session, repository_id: int, number: int) -> bool:
    """Tell whether we have commented on an issue."""
    mine = (Prediction.repository_id == repository_id, Prediction.number == number, Prediction.comment_id.is_not(None))
    return session.scalar(select(Prediction.id).where(*mine).limit(1)) is not None


# --- model versions


def add_model(session: Session, repository_id: int, values: Mapping[str, Any]) -> ModelVersion:
    """Add a model version under the repository's next number."""
    mine = ModelVersion.repository_id == repository_id
    number = (session.scalar(select(func.max(ModelVersion.number)).where(mine)) or 0) + 1
    model = ModelVersion(repository_id=repository_id, number=number, **values)
    session.add(model)
    session.flush()
    return model


def models(session: Session, repository_id: int) -> Sequence[ModelVersion]:
    """Return a repository's model versions, newest first."""
    mine = ModelVersion.repository_id == repository_id
    return session.scalars(select(ModelVersion).where(mine).order_by(ModelVersion.number.desc())).all()


def champion(session: Session, repo: Repository) -> ModelVersion | None:
    """Return the model version that serves a repository; None is the cold start."""
    return session.get(ModelVersion, repo.champion_id) if repo.champion_id else None


def promotions(session: Session, repository_id: int) -> Sequence[Promotion]:
    """Return which model came into service when, oldest first."""
    mine = Promotion.repository_id == repository_id
    return session.scalars(select(Promotion).where(mine).order_by(Promotion.id)).all()


# --- training runs and the inbox


def last_run(session: Session, repository_id: int) -> TrainingRun | None:
    """Return the newest training run of a repository, whatever its state, but for those that a removal stopped."""
    mine = (TrainingRun.repository_id == repository_id, TrainingRun.status != Work.IGNORED)
    return session.scalar(select(TrainingRun).where(*mine).order_by(TrainingRun.id.desc()).limit(1))


def set_progress(session: Session, run_id: int, done: float) -> None:
    """Keep how much of a training is done, 0 to 1."""
    session.execute(update(TrainingRun).where(TrainingRun.id == run_id).values(progress=done))


def inbox_counts(session: Session) -> dict[str, int]:
    """Count deliveries by status."""
    rows = session.execute(select(Delivery.status, func.count()).group_by(Delivery.status))
    return {row[0]: row[1] for row in rows}


def known_deliveries(session: Session, ids: Sequence[str]) -> set[str]:
    """Return those of the deliveries that were stored."""
    found: set[str] = set()
    for some in slices(ids):
        found |= set(session.scalars(select(Delivery.id).where(Delivery.id.in_(some))))
    return found


def slices(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Yield so many values as a database takes in one statement."""
    yield from (values[start : start + 500] for start in range(0, len(values), 500))
