"""A bot for tests of the use cases: a real database, GitHub's stand-in, a clock that stands still, a small model."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
from sqlalchemy import select

from bot import events, handling, retraining, storage, webhook
from bot.context import Context
from bot.keeping import keep_labels
from bot.models import Base, Guess, LabelTruth, Prediction, Repository, Truth, Work
from bot.models import Delivery as Row
from bot.models import Issue as IssueRow
from bot.remote import RemoteLabel, RemoteRepository
from bot.sync import enrol
from pipeline import registry
from pipeline.issues import Issue
from pipeline.training import Recipe, Trained, train
from tests.standin import Delivery, Logged, StandIn
from tests.standin.fixtures import LABELS, NAME
from tests.standin.state import Comment
from tests.standin.state import Issue as Remote

Table = TypeVar("Table", bound=Base)

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
WORDS = {"bug": "crash traceback segfault", "documentation": "typo readme manual", "question": "how wonder advice"}
CRASH, TYPO, ASK = WORDS.values()
BOTH = f"{CRASH} {ASK}"
EVIDENCE = {"bug": 20, "documentation": 20, "question": 8}  # held-out predictions, all right: 16 allow to apply


class Clock:
    """The one clock of a test: it stands still until it is told to move."""

    at = START

    def __call__(self) -> datetime:
        return self.at

    def move(self, **span: float) -> None:
        self.at += timedelta(**span)


@dataclass
class Tagger:
    """The bot, and the GitHub that it serves. What people do on `github` is told by :meth:`catch_up`."""

    context: Context
    github: StandIn
    clock: Clock
    seen: set[str] = field(default_factory=set)

    # --- deliveries

    def receive(self, delivery: Delivery) -> str:
        """Store a delivery as the web process does; return its id."""
        self.seen.add(delivery.id)
        envelope = events.parse(self.github.webhooks.headers(delivery), delivery.body)
        webhook.store(self.context.database, envelope, now=self.clock())
        return delivery.id

    def handle(self, delivery: Delivery) -> Row:
        """Store and handle a delivery; return its row."""
        handling.handle(self.context, self.receive(delivery))
        return self.row(Row, delivery.id)

    def news(self) -> list[Delivery]:
        """Return what GitHub has sent and the bot has not been told."""
        return [each for each in self.github.webhooks.sent if each.id not in self.seen]

    def catch_up(self) -> None:
        """Handle, in order, all that GitHub has sent, the echo of the bot's own acts included."""
        while news := self.news():
            for delivery in news:
                self.handle(delivery)

    def open(self, title: str, **more: Any) -> int:
        """Let somebody open an issue, and handle it; return its number."""
        number = self.github.people.open_issue(NAME, title, **more).number
        self.catch_up()
        return number

    def go_on(self) -> None:
        """Handle what waits and is due, as the sweep has it done."""
        for row in self.rows(Row, status=Work.QUEUED):
            handling.handle(self.context, row.id)
        self.catch_up()

    # --- what the bot knows

    def rows(self, table: type[Table], **values: object) -> Sequence[Table]:
        with self.context.database.read() as session:
            return session.scalars(select(table).filter_by(**values).order_by(*table.__mapper__.primary_key)).all()

    def row(self, table: type[Table], key: object) -> Table:
        with self.context.database.read() as session:
            return session.get_one(table, key)

    @property
    def repo(self) -> Repository:
        return self.row(Repository, self.github.world.find(NAME).id)

    def truths(self, number: int) -> dict[str, Truth]:
        with self.context.database.read() as session:
            return storage.truths(session, self.github.world.find(NAME).id, number)

    def prediction(self, number: int) -> Prediction:
        """Return the last prediction for an issue."""
        return self.rows(Prediction, number=number)[-1]

    def guesses(self, number: int) -> dict[str, Guess]:
        """Return the labels of the last prediction for an issue."""
        return {guess.label: guess for guess in self.rows(Guess, prediction_id=self.prediction(number).id)}

    # --- what is on GitHub

    def issue(self, number: int) -> Remote:
        return self.github.world.issue(NAME, number)

    def writes(self) -> list[Logged]:
        """Return what the bot asked GitHub to change, oldest first."""
        asked = [each for each in list(self.github.log) if each.method != "GET"]
        return [each for each in asked if not each.path.endswith("/access_tokens")]

    # --- how it is set up

    def enrol(self, **columns: object) -> None:
        """Serve the demo repository, whose labels are known, with settings of its own."""
        there = self.github.world.find(NAME)
        with self.context.database.write() as session:
            found = [RemoteRepository(there.id, there.full_name)]
            enrol(session, (there.installation_id, there.owner), found, now=self.clock())
            labels = [RemoteLabel(each.id, each.name, each.description or "") for each in there.labels.values()]
            keep_labels(session, there.id, labels, now=self.clock())
            repo = session.get_one(Repository, there.id)
            for name, value in columns.items():
                setattr(repo, name, value)

    def learn(self, count: int) -> list[Issue]:
        """Know of invented issues, each labelled by a person."""
        issues, repository_id = invented(count), self.github.world.find(NAME).id
        with self.context.database.write() as session:
            for each in issues:
                about = {
                    "number": each.number,
                    "title": each.title,
                    "body": each.body,
                    "state": "open",
                    "author": "ada",
                }
                at = {"created_at": each.created_at, "updated_at": each.created_at}
                session.add(IssueRow(repository_id=repository_id, **about, **at))
                key = {"repository_id": repository_id, "number": each.number, "label": each.labels[0]}
                session.add(LabelTruth(**key, truth=Truth.POSITIVE, at=each.created_at))
        return issues

    def serve(self, trained: Trained | None = None, *, until: datetime = START) -> int:
        """Put a model into service, the small one below if none is given; return its id."""
        trained = trained or small_model()
        folder = registry.publish(self.context.settings.models_dir, trained, metrics={})
        values = {"folder": folder.name, "method": trained.recipe.method, "status": "challenger", "reason": "a test"}
        about = {"metrics": {}, "trained_on": trained.issues, "trained_until": until, "held_out": 50}
        with self.context.database.write() as session:
            repo = session.get_one(Repository, self.github.world.find(NAME).id)
            model = storage.add_model(session, repo.id, {**values, **about, "created_at": self.clock()})
            retraining.serve(session, repo, model, "a test", now=self.clock())
            return model.id


def ours(tagger: Tagger, number: int) -> Comment:
    """Return the bot's comment; there is exactly one."""
    (found,) = [each for each in tagger.issue(number).comments if each.author.login.endswith("[bot]")]
    return found


def tick(tagger: Tagger, number: int, label: str, *, on: bool = True, by: str = "maintainer") -> None:
    """Let somebody tick the box of a label, or untick it."""
    comment, boxes = ours(tagger, number), ("- [ ] ", "- [x] ")
    lines = comment.body.split("\n")
    (place,) = [index for index, line in enumerate(lines) if line.startswith(boxes) and f"`{label}`" in line]
    lines[place] = boxes[on] + lines[place][6:]
    tagger.github.people.edit_comment(NAME, number, comment, "\n".join(lines), by=by)
    tagger.catch_up()


def say(tagger: Tagger, number: int, text: str, *, by: str = "maintainer") -> list[str]:
    """Let somebody comment; return the bot's reactions."""
    comment = tagger.github.people.comment(NAME, number, text, by=by)
    tagger.catch_up()
    return comment.reactions


def invented(count: int, *, start: int = 1, labels: Sequence[str] = LABELS) -> list[Issue]:
    """Return issues an hour apart, taking turns with the labels, whose words tell their label."""
    return [
        Issue(
            number=number,
            title=f"{WORDS[label].split()[number % 3]} in part {number % 7}",
            body=WORDS[label],
            labels=(label,),
            created_at=START - timedelta(days=60) + timedelta(hours=number),
        )
        for number, label in ((number, labels[number % len(labels)]) for number in range(start, start + count))
    ]


@lru_cache(maxsize=1)
def small_model() -> Trained:
    """Return a model that applies "bug" and "documentation", and for lack of evidence only suggests "question"."""
    both = [replace(issue, title=BOTH, body="", labels=("bug", "question")) for issue in invented(15, start=91)]
    trained = train([*invented(90), *both], Recipe("naive_bayes", labels=tuple(EVIDENCE)), now=START)
    right = [[int(name == label) for name in EVIDENCE] for label, count in EVIDENCE.items() for _ in range(count)]
    y = np.array(right + [[0] * len(EVIDENCE)] * 60, dtype=np.int8)
    return replace(trained, held_out_y=y, held_out_p=np.where(y == 1, 0.9, 0.1).astype(np.float32))
