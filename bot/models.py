"""The tables. Every query on them is a named function in `storage.py`, `leases.py` or `dashboard/queries.py`."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    TypeDecorator,
    false,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC: time zone aware in Python, without zone in the database, the same on every database."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC and drop the zone; a moment without zone is a mistake of the caller."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without time zone cannot be stored")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Add the zone that :meth:`process_bind_param` dropped."""
        return None if value is None else value.replace(tzinfo=UTC)


BACKFILL = "backfill"  # event of a delivery of our own, and the begin of its id: an old issue that was asked for
UNHEARD = "unheard"  # the same for an issue that was opened and of which no word came
HINDSIGHT = "hindsight"  # among the metrics of a model version: what it would have done, see `hindsight.py`


class Work(StrEnum):
    """Where a piece of leased work stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    IGNORED = "ignored"


class Mode(StrEnum):
    """What the bot does with its decisions in a repository."""

    APPLY = "apply"
    SUGGEST = "suggest"
    SHADOW = "shadow"


class ActorKind(StrEnum):
    """Whose act a label event is."""

    PERSON = "person"
    OURSELVES = "ourselves"
    OTHER_BOT = "other_bot"
    TEMPLATE = "template"  # named in an issue form or template, put on by GitHub in the author's name
    SCRIPT = "script"  # a person's, on many issues within seconds


class Truth(StrEnum):
    """What is known of a label on an issue."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    UNCONFIRMED = "unconfirmed"


class Outcome(StrEnum):
    """How a person answered a prediction of one label."""

    ACCEPTED = "accepted"  # put on by a person, or left on by a person who reviewed the labels
    REJECTED = "rejected"  # taken off by a person
    MISSED = "missed"  # withheld by the bot, put on by a person


class ModelStatus(StrEnum):
    """Where a model version stands."""

    CHALLENGER = "challenger"
    CHAMPION = "champion"
    REFUSED = "refused"
    RETIRED = "retired"


BigInt = BigInteger().with_variant(
    Integer(), "sqlite"
)  # SQLite counts up in INTEGER keys only; GitHub's ids are 64 bits


class Base(DeclarativeBase):
    """Base of the tables."""

    type_annotation_map = {datetime: UtcDateTime, int: BigInt, dict[str, Any]: JSON}  # noqa: RUF012


class Leased:
    """Columns of work that exactly one process may do at a time: see `leases.py`.

    Of the rows with the same `subject` (an issue, a repository) only one runs at a time: an index sees to it.
    """

    subject: Mapped[str | None] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(16), default=Work.QUEUED)
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None] = mapped_column(Text)
    due_at: Mapped[datetime]
    enqueued_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    token: Mapped[int] = mapped_column(default=0)  # fencing token: grows with every claim
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


def _alone(table: str) -> tuple[Index, Index]:
    """Return the indexes that find rows by subject, and let only one of a subject run."""
    running = text("status = 'running'")
    return (
        Index(f"ix_{table}_subject", "subject", "status"),
        Index(f"ix_{table}_alone", "subject", unique=True, sqlite_where=running, postgresql_where=running),
    )


class Delivery(Leased, Base):
    """The inbox: one webhook delivery, under the id that GitHub gave it. Its subject is an issue, or None."""

    __tablename__ = "deliveries"
    __table_args__ = (Index("ix_deliveries_status_due", "status", "due_at"), *_alone("deliveries"))

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    event: Mapped[str] = mapped_column(String(64))
    action: Mapped[str | None] = mapped_column(String(64))
    repository_id: Mapped[int | None] = mapped_column(index=True)
    body: Mapped[str] = mapped_column(Text)
    received_at: Mapped[datetime] = mapped_column(index=True)


class TrainingRun(Leased, Base):
    """One training of a challenger, from the request to the verdict. Its subject is the repository."""

    __tablename__ = "training_runs"
    __table_args__ = _alone("training_runs")

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    repository_id: Mapped[int] = mapped_column(ForeignKey("repositories.id"), index=True)
    why: Mapped[str] = mapped_column(Text)
    requested_at: Mapped[datetime]
    labels_known: Mapped[int]  # label decisions of people that were known when it was requested
    progress: Mapped[float] = mapped_column(default=0.0)
    verdict: Mapped[str | None] = mapped_column(Text)
    model_id: Mapped[int | None] = mapped_column(ForeignKey("model_versions.id"))


class Installation(Base):
    """The App on one account."""

    __tablename__ = "installations"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account: Mapped[str] = mapped_column(String(255))
    suspended_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]
    limited_at: Mapped[datetime | None]  # when GitHub asked us last to slow down there
    limited_until: Mapped[datetime | None]  # no request is made for it before


class Repository(Base):
    """A repository that the App serves. Settings that are None follow the process's defaults."""

    __tablename__ = "repositories"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    installation_id: Mapped[int] = mapped_column(ForeignKey("installations.id"), index=True)
    full_name: Mapped[str] = mapped_column(String(255), index=True)
    mode: Mapped[str | None] = mapped_column(String(16))
    apply_precision: Mapped[float | None]
    suggest_precision: Mapped[float | None]
    taxonomy: Mapped[list[str] | None] = mapped_column(JSON)  # the labels to learn; None: those in use
    config: Mapped[str | None] = mapped_column(Text)  # the last file of its own that could be used
    config_path: Mapped[str | None] = mapped_column(String(512))  # owner/name/path of that file
    config_problems: Mapped[list[str] | None] = mapped_column(JSON)  # of the newest file, where it cannot be used
    champion_id: Mapped[int | None]  # of model_versions; no foreign key, for the two tables would need each other
    enrolled_at: Mapped[datetime]
    off_at: Mapped[datetime | None]  # when we were told, before that, that the App was off: removed, or suspended
    import_place: Mapped[str | None] = mapped_column(Text)  # where the import goes on: what it reads, and a page
    import_started: Mapped[datetime | None]
    import_progress: Mapped[dict[str, Any] | None]  # how far it has come: see importing.Progress
    pulled_at: Mapped[datetime | None]  # everything that GitHub changed before this has been pulled
    pull_not_before: Mapped[datetime | None]  # when the next pull may be tried, where the last one did not end
    pull_failures: Mapped[int] = mapped_column(default=0, server_default="0")  # pulls that failed since the last one
    pull_problem: Mapped[str | None] = mapped_column(Text)  # why the last one failed, in words
    removed_at: Mapped[datetime | None]
    native_suggestions: Mapped[bool | None]  # whether GitHub takes suggestions there; None: not found out yet
    paused_at: Mapped[datetime | None]  # by a maintainer's command: nothing is predicted
    pause_told_at: Mapped[datetime | None]  # when the last command to pause or to resume was given
    stopped: Mapped[str | None] = mapped_column(Text)  # why nothing can be done there: archived, issues switched off
    automations: Mapped[dict[str, Any] | None]  # labels of its templates and workflows: see `automations.py`

    @property
    def idle(self) -> bool:
        """Whether the bot is to do nothing there, for whichever reason."""
        return self.paused_at is not None or self.stopped is not None


class Label(Base):
    """A label that a repository has."""

    __tablename__ = "labels"

    repository_id: Mapped[int] = mapped_column(ForeignKey("repositories.id"), primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str] = mapped_column(Text, default="")
    removed_at: Mapped[datetime | None]
    former: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")  # names, and until when


class Issue(Base):
    """An issue's text and state as last seen."""

    __tablename__ = "issues"

    repository_id: Mapped[int] = mapped_column(ForeignKey("repositories.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    title: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16))  # open, closed, transferred, deleted
    author: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(index=True)
    updated_at: Mapped[datetime]
    moved_to: Mapped[str | None] = mapped_column(String(64))  # repository and number: where it was transferred to


class LabelEvent(Base):
    """The log: who put which label, under its present name, on or took it off, and when. It only grows."""

    __tablename__ = "label_events"
    __table_args__ = (
        Index("ix_label_events_issue", "repository_id", "number"),
        Index("ix_label_events_actor", "repository_id", "actor", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(String(512), unique=True)  # what makes a second record of the same act fail
    repository_id: Mapped[int] = mapped_column(ForeignKey("repositories.id"))
    number: Mapped[int]
    label: Mapped[str] = mapped_column(String(255))
    action: Mapped[str] = mapped_column(String(16))  # labeled, unlabeled
    actor: Mapped[str] = mapped_column(String(255))
    actor_kind: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime]


class LabelTruth(Base):
    """What the log implies for one label of one issue; no row means unknown."""

    __tablename__ = "label_truth"

    repository_id: Mapped[int] = mapped_column(ForeignKey("repositories.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    label: Mapped[str] = mapped_column(String(255), primary_key=True)
    truth: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime]


class Prediction(Base):
    """One prediction for one issue: what was thought, decided and written. Exactly one for each delivery."""

    __tablename__ = "predictions"
    __table_args__ = (Index("ix_predictions_issue", "repository_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    delivery_id: Mapped[str] = mapped_column(String(64), unique=True)
    repository_id: Mapped[int] = mapped_column(ForeignKey("repositories.id"))
    number: Mapped[int]
    model_id: Mapped[int | None] = mapped_column(ForeignKey("model_versions.id"))  # None: cold start
    mode: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime]
    latency: Mapped[float]  # seconds from the text to the decision
    written_at: Mapped[datetime | None]
    not_written: Mapped[str | None] = mapped_column(Text)  # why nothing was written, where nothing was
    comment_id: Mapped[int | None]
    native: Mapped[bool] = mapped_column(default=False, server_default=false())  # suggested in GitHub's own interface
    checked_at: Mapped[datetime | None]  # when GitHub was last asked how people answered that


class Guess(Base):
    """One label of a prediction."""

    __tablename__ = "guesses"

    prediction_id: Mapped[int] = mapped_column(ForeignKey("predictions.id"), primary_key=True)
    label: Mapped[str] = mapped_column(String(255), primary_key=True)
    probability: Mapped[float]
    apply_threshold: Mapped[float | None]
    suggest_threshold: Mapped[float | None]
    decision: Mapped[str] = mapped_column(String(16))  # apply, suggest, withhold
    by_rule: Mapped[bool] = mapped_column(default=False, server_default=false())  # of the repository's configuration
    written: Mapped[str | None] = mapped_column(String(16))  # applied, suggested, or None
    outcome: Mapped[str | None] = mapped_column(String(16))
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[str | None] = mapped_column(String(255))


class ModelVersion(Base):
    """One trained model of a repository; its weights are in the registry under `folder`."""

    __tablename__ = "model_versions"
    __table_args__ = (Index("ix_model_versions_number", "repository_id", "number", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    repository_id: Mapped[int] = mapped_column(ForeignKey("repositories.id"))
    number: Mapped[int]  # 1, 2, 3 … within the repository
    folder: Mapped[str] = mapped_column(Text)  # relative to the model store
    method: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text)  # why it was promoted or refused
    metrics: Mapped[dict[str, Any]]
    trained_on: Mapped[int]  # issues
    trained_until: Mapped[datetime]  # creation of the newest issue trained on
    held_out: Mapped[int]  # issues of the hold-out it was judged on
    created_at: Mapped[datetime]


class Promotion(Base):
    """The append-only log of which model came into service, when and why."""

    __tablename__ = "promotions"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    repository_id: Mapped[int] = mapped_column(ForeignKey("repositories.id"), index=True)
    model_id: Mapped[int | None] = mapped_column(ForeignKey("model_versions.id"))  # None: back to the cold start
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class SignInLink(Base):
    """A one-time link to the dashboard; only a hash of its token is kept."""

    __tablename__ = "sign_in_links"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
