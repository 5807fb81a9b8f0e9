"""Live through a repository's past: the same use cases as live, a clock that is an argument, a GitHub that records."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event, select

from bot import challenge, handling, retraining, storage, webhook
from bot.context import Context
from bot.database import Database
from bot.errors import BotError
from bot.events import Envelope
from bot.models import Delivery, Guess, Mode, ModelVersion, Prediction, Repository, TrainingRun, Work
from bot.replay_github import REPOSITORY_ID, RecordingGitHub, Written
from bot.replay_source import Source
from bot.serving import Models
from bot.settings import AUTO, Settings
from pipeline.issues import Issue, label_counts

METHOD = "linear"  # where the bot would choose one, which takes minutes: there may be a hundred trainings and more

Show = Callable[[int, str], None]  # how many issues are done, and what is being done


@dataclass(frozen=True)
class Plan:
    """What is to be lived through, and how."""

    source: Source
    labels: Sequence[str]
    delay: timedelta  # from an issue's opening to the maintainer's labels
    settings: Settings


@dataclass(frozen=True)
class Predicted:
    """The first prediction for an issue, made before its labels were known; `model` is None at the cold start."""

    issue: Issue
    at: datetime
    model: int | None
    guesses: Sequence[Guess]


@dataclass(frozen=True)
class Training:
    """A training, and how many issues had been opened by then; `model` is None where it failed."""

    after: int
    verdict: str
    model: ModelVersion | None
    promoted: bool


@dataclass(frozen=True)
class Lived:
    """What came of it."""

    predicted: Sequence[Predicted]
    trainings: Sequence[Training]
    written: Sequence[Written]


def walk(plan: Plan, folder: Path, *, show: Show) -> Lived:
    """Open the issues one by one; each time, what was due by then happens first.

    Parameters
    ----------
    folder : Path
        An empty one: the database and the models of this replay.
    """
    issues, waiting = plan.source.issues, deque[Issue]()
    with _world(plan, folder, _moment(issues[0])) as world:
        for count, issue in enumerate(issues):
            while waiting and _moment(waiting[0]) + plan.delay <= _moment(issue):
                world.clock.at = _moment(waiting[0]) + plan.delay
                world.reveal(waiting.popleft())
                world.train_if_due(count, show)
            world.clock.at = _moment(issue)
            world.train_if_due(count, show)
            world.deliver(world.github.open(issue))
            waiting.append(issue)
            show(count + 1, "predicting")
        return _lived(world, issues)


def _moment(issue: Issue) -> datetime:
    if issue.created_at is None:
        raise BotError(f"issue {issue.number} has no moment")
    return issue.created_at


# --- the world of a replay


@dataclass
class Clock:
    """The replay's moment."""

    at: datetime

    def __call__(self) -> datetime:
        """Return it."""
        return self.at


@dataclass
class _World:
    """A bot of its own, and the people who label."""

    context: Context
    github: RecordingGitHub
    clock: Clock
    labels: frozenset[str]
    runs: dict[int, int] = field(default_factory=dict)  # training run -> issues opened by then

    def deliver(self, envelope: Envelope) -> None:
        """Receive and handle a delivery as the web process and a worker do."""
        webhook.store(self.context.database, envelope, now=self.clock())
        handling.handle(self.context, envelope.id)
        with self.context.database.read() as session:
            delivery = session.get_one(Delivery, envelope.id)
        if delivery.status != Work.DONE:
            raise BotError(
                f"the replay cannot go on: delivery {envelope.id} is {delivery.status}: {delivery.last_error}"
            )

    def reveal(self, issue: Issue) -> None:
        """Let the maintainer take off what the bot put on wrongly, then put on, or confirm, what belongs there."""
        now = self.github.issue(issue.number)
        wrong = [name for name in (now.labels if now else ()) if name not in issue.labels]
        for name in wrong:
            self.deliver(self.github.change_label(issue.number, name, labeled=False))
        for name in issue.labels:
            self.deliver(self.github.change_label(issue.number, name, labeled=True))

    def train_if_due(self, opened: int, show: Show) -> None:
        """Do what scheduler and trainer do: ask whether a training is due, and if so train, compare, decide."""
        with self.context.database.write() as session:
            repo = session.get_one(Repository, REPOSITORY_ID)
            run = retraining.request(session, repo, self.context.settings, now=self.clock())
        if run is not None:
            self.runs[run.id] = opened
            show(opened, f"training, the {len(self.runs)}. time")
            challenge.run(self.context, run.id)


@contextmanager
def _world(plan: Plan, folder: Path, start: datetime) -> Iterator[_World]:
    settings = replace(plan.settings, app=None, data_dir=folder, database_url="", redis_url="", mode=Mode.APPLY)
    settings = replace(settings, delay=timedelta(0), method=METHOD if settings.method == AUTO else settings.method)
    clock = Clock(start)
    known = {name: plan.source.descriptions.get(name, "") for name in label_counts(plan.source.issues)}
    github = RecordingGitHub(_full_name(plan.source.repository), known, clock)
    database = Database(settings.database_url)
    event.listen(database.engine, "connect", _make_fast)
    try:
        database.migrate()
        context = Context(settings, database, github, Models(settings.models_dir), clock)
        world = _World(context, github, clock, frozenset(plan.labels))
        _begin(world, plan)
        yield world
    finally:
        database.engine.dispose()


def _full_name(repository: str) -> str:
    """Return the name of a repository as GitHub has them, also for a file that does not tell it."""
    return repository if "/" in repository else f"local/{repository}"


def _make_fast(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous=OFF")  # nothing here has to survive a power cut


def _begin(world: _World, plan: Plan) -> None:
    """Install the App on the repository, whose labels are told, and choose those to learn."""
    for envelope in world.github.create_labels():
        world.deliver(envelope)
    with world.context.database.write() as session:
        session.get_one(Repository, REPOSITORY_ID).taxonomy = list(plan.labels)


# --- what came of it


def _lived(world: _World, issues: Sequence[Issue]) -> Lived:
    with world.context.database.read() as session:
        models = {model.id: model for model in storage.models(session, REPOSITORY_ID)}
        served = {promotion.model_id for promotion in storage.promotions(session, REPOSITORY_ID)}
        runs = session.scalars(select(TrainingRun).order_by(TrainingRun.id)).all()
        firsts: dict[int, Prediction] = {}
        for row in session.scalars(select(Prediction).order_by(Prediction.id)):
            firsts.setdefault(row.number, row)
        guesses: dict[int, list[Guess]] = {}
        for guess in session.scalars(select(Guess)):
            guesses.setdefault(guess.prediction_id, []).append(guess)
    predicted = [
        Predicted(issue, first.created_at, models[first.model_id].number if first.model_id else None, guesses[first.id])
        for issue in issues
        if (first := firsts.get(issue.number))
    ]
    trainings = [
        Training(
            world.runs[run.id],
            run.verdict or run.last_error or "",
            models.get(run.model_id or 0),
            run.model_id in served,
        )
        for run in runs
    ]
    return Lived(predicted, trainings, world.github.written)
