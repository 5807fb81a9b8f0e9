"""GitHub's own example deliveries, and the stage on which tests play them: the whole bot between two real ends.

The examples are in an npm package, which is not copied into this repository: `npm ci` puts it into `node_modules`.
"""

import copy
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from bot import create_app, events, storage
from bot.context import Context
from bot.dashboard import views
from bot.database import Database
from bot.events import moment
from bot.github import GitHub
from bot.handling import handle
from bot.models import Base, Delivery, Installation, Label, LabelEvent, LabelTruth, Repository, Work
from bot.models import Issue as IssueRow
from bot.serving import Models
from bot.settings import Settings
from tests.standin import Delivery as Sent
from tests.standin import Logged, StandIn
from tests.standin.state import Actor, Event, Issue
from tests.standin.state import Installation as RemoteInstallation
from tests.standin.state import Label as RemoteLabel
from tests.standin.state import Repository as RemoteRepository

PACKAGE = Path(__file__).parents[2] / "node_modules" / "@octokit" / "webhooks-examples"
MISSING = f"{PACKAGE} is not there: npm ci puts it there"
ACCOUNT_KEYS = ("repositories", "repositories_added", "repositories_removed")
LONG_AGO = datetime(2019, 1, 1, tzinfo=UTC)  # before the examples' issues
INJECTED = 957387  # the installation of the examples' account, which most of them lack

SPELLING = "spelling"  # a label that the examples' issue is nearest to, which it does not have
OTHERS = {SPELLING: "Spelling errors in the README and other files", "dark theme": "A dark theme for the settings page"}

Payload = dict[str, Any]


@dataclass(frozen=True)
class Example:
    """One payload, as it was published; `name` is such as `issues.opened-2`."""

    name: str
    event: str
    action: str | None
    published: Payload

    @property
    def kind(self) -> str:
        return kind_of(self.event, self.action)

    @property
    def handled(self) -> bool:
        return self.action in events.HANDLED.get(self.event, ())

    def payload(self, **changes: Any) -> Payload:
        """Return the payload as an App gets it, with its installation, and with other values where `changes` say so."""
        found = {"installation": {"id": INJECTED}, **copy.deepcopy(self.published)}
        issue = {**found["issue"], **changes.pop("issue", {})} if "issue" in found else {}
        return {**found, **changes, **({"issue": issue} if issue else {})}


def kind_of(event: str, action: str | None) -> str:
    """Return what examples are named after: a push, for one, has no action."""
    return f"{event}.{action}" if action else event


def published() -> list[Example]:
    """Return all examples; none where the package is not there."""
    file = PACKAGE / "api.github.com" / "index.json"
    if not file.is_file():
        return []
    count: Counter[str] = Counter()
    found = []
    for event in json.loads(file.read_text()):
        for payload in event["examples"]:
            kind = kind_of(event["name"], payload.get("action"))
            count[kind] += 1
            found.append(Example(f"{kind}-{count[kind]}", event["name"], payload.get("action"), payload))
    return found


EXAMPLES = published()
HANDLED = [example for example in EXAMPLES if example.handled]
TESTED: set[str] = set()  # names of examples with a test of what they do


def each(*kinds: str) -> pytest.MarkDecorator:
    """Run a test for each example of some kinds, such as `issues.opened`, or `issues.opened-2` for a single one."""
    chosen = [example for example in EXAMPLES if {example.kind, example.name} & {*kinds}]
    TESTED.update(example.name for example in chosen)
    return every(chosen)


def every(examples: list[Example]) -> pytest.MarkDecorator:
    """Run a test for each of the examples, under its name; skip it where the package is not there."""
    missing = pytest.param(None, id="webhooks-examples", marks=pytest.mark.skip(reason=MISSING))
    return pytest.mark.parametrize("example", [pytest.param(one, id=one.name) for one in examples] or [missing])


class Stage:
    """The bot between GitHub's deliveries, which come in by HTTP, and the stand-in, which is asked by HTTP."""

    def __init__(self, standin: StandIn, app: Flask, context: Context) -> None:
        self.standin = standin
        self.context = context
        self._app = app
        standin.webhooks.transport = self._post

    def _post(self, headers: Mapping[str, str], body: bytes) -> int:
        path = self.context.settings.webhook_path
        return self._app.test_client().post(path, headers=dict(headers), data=body).status_code

    # --- what is there before

    def place(self, payload: Payload) -> None:
        """Put what a payload tells of into the stand-in's world, with its ids and names."""
        world, told = self.standin.world, payload["installation"]
        if "repository" in payload or payload["action"] != "deleted":
            suspended = payload["action"] == "suspend" if "action" in payload else False
            world.installations[told["id"]] = RemoteInstallation(told["id"], _account(payload), suspended=suspended)
        for found in _repositories(payload):
            made = RemoteRepository(found["id"], found["full_name"], told["id"])
            repository = world.repositories.setdefault(found["id"], made)
            repository.full_name, repository.installation_id = made.full_name, made.installation_id
            repository.has_issues = found.get("has_issues", repository.has_issues)
            for label in _labels(payload):
                here = RemoteLabel(label["id"], label["name"], label["description"])
                repository.labels[here.name.lower()] = here
            if "label" in payload and "issue" not in payload and payload["action"] == "deleted":
                del repository.labels[payload["label"]["name"].lower()]
            if "issue" in payload:
                number = payload["issue"]["number"]
                repository.issues[number] = _issue(payload, repository)

        for gone in payload.get("repositories_removed", ()):
            del world.repositories[gone["id"]]

    def begin(self, payload: Payload) -> None:
        """Let GitHub and the bot know what a payload tells of."""
        self.place(payload)
        self.know(payload)

    def know(self, payload: Payload) -> None:
        """Store what a payload tells of, as if the bot had been there for long: all but the issue."""
        with self.context.database.write() as session:
            told = payload["installation"]["id"]
            storage.upsert(session, Installation, {"id": told, "account": _account(payload)})
            for found in _repositories(payload):
                row = {"id": found["id"], "installation_id": told, "full_name": found["full_name"]}
                storage.upsert(session, Repository, {**row, "enrolled_at": LONG_AGO})
                for label in _labels(payload):
                    values = {"id": label["id"], "name": label["name"], "description": label["description"] or ""}
                    storage.upsert(session, Label, {"repository_id": found["id"], **values})

    # --- what happens

    def play(self, event: str, payload: Payload) -> Sent:
        """Send a delivery as GitHub does, and handle it."""
        sent = self.standin.webhooks.send(event, payload)
        assert sent.statuses == [202]
        self._handle(sent)
        return sent

    def play_again(self, sent: Sent) -> None:
        """Send a delivery again, under its id, and handle it."""
        assert self.standin.webhooks.attempt(sent) == 202
        self._handle(sent)

    def play_interrupted(self, sent: Sent) -> None:
        """Handle a delivery again, as if the process had died before it could record that it was done."""
        overdue = self.context.now() - timedelta(seconds=1)
        with self.context.database.write() as session:
            lost = update(Delivery).where(Delivery.id == sent.id, Delivery.status == Work.DONE)
            session.execute(lost.values(status=Work.RUNNING, lease_until=overdue))
        self._handle(sent)

    def _handle(self, sent: Sent) -> None:
        handle(self.context, sent.id)
        self.standin.webhooks.drain()  # what GitHub tells of our own writes

    # --- what came of it

    def row(self, sent: Sent) -> Delivery:
        with self.context.database.read() as session:
            return session.get_one(Delivery, sent.id)

    def status(self, sent: Sent) -> str:
        return self.row(sent).status

    def rows(self, table: type[Any]) -> list[Any]:
        """Return the rows of a table, in the order of their keys."""
        with self.context.database.read() as session:
            return list(session.scalars(select(table).order_by(*table.__mapper__.primary_key)))

    def one(self, table: type[Any]) -> Any:
        (row,) = self.rows(table)
        return row

    def state(self, *, inbox: bool) -> dict[str, list[tuple[Any, ...]]]:
        """Return everything in the database, with or without the inbox."""
        tables = [table for table in Base.metadata.sorted_tables if inbox or table is not Delivery.__table__]
        with self.context.database.read() as session:
            return {table.name: _content(session, table) for table in tables}

    def requests(self) -> list[tuple[str, str]]:
        """Return method and path of the requests that came out, but for those that get a token."""
        return [(each.method, each.path) for each in self.standin.log if not each.path.endswith("/access_tokens")]

    def writes(self) -> list[Logged]:
        """Return the requests that changed something."""
        changing = [each for each in self.standin.requests() if each.method != "GET"]
        return [each for each in changing if not each.path.endswith("/access_tokens")]

    def begin_anew(self) -> None:
        """Forget all, on both sides."""
        with self.context.database.write() as session:
            for table in reversed(Base.metadata.sorted_tables):
                session.execute(delete(table))
        world = self.standin.world
        for known in (world.installations, world.repositories):
            known.clear()

    def view(self) -> dict[str, list[str]]:
        """Return how GitHub looks to the bot: what it knows, but for what it thought and the order it was told in."""
        told = (Installation, Repository, Label, IssueRow, LabelTruth, LabelEvent)
        with self.context.database.read() as session:
            found = {table.__tablename__: session.scalars(select(table)).all() for table in told}
        return {name: sorted(map(_plain, rows)) for name, rows in found.items()}

    def close(self) -> None:
        self._app.extensions[views.KEY].database.engine.dispose()


@pytest.fixture(name="stage")
def a_stage(database: Database, standin: StandIn, hub: GitHub, now: datetime, tmp_path: Path) -> Iterator[Stage]:
    settings = Settings(app=standin.app, api_url=standin.url, data_dir=tmp_path, database_url=database.url)
    settings = replace(settings, delay=timedelta(0))
    context = Context(settings, database, hub, Models(settings.models_dir), lambda: now)
    stage = Stage(standin, create_app(settings, now=lambda: now), context)
    yield stage
    stage.close()


def _content(session: Session, table: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in session.execute(select(table).order_by(*table.primary_key))]


def _plain(row: Base) -> str:
    """Return a row without its place in a sequence."""
    columns = [column.key for column in row.__table__.columns if column.autoincrement is not True]
    return repr({name: getattr(row, name) for name in columns})


# --- from a payload


def _account(payload: Payload) -> str:
    owner = payload["repository"]["owner"] if "repository" in payload else payload["installation"]["account"]
    return str(owner["login"])


def _repositories(payload: Payload) -> Iterator[Payload]:
    if "repository" in payload:
        yield payload["repository"]
    for key in ACCOUNT_KEYS:
        yield from payload.get(key, ())


def _labels(payload: Payload) -> Iterator[Payload]:
    """Yield the labels that a payload tells of, and two that an issue may be nearest to."""
    issue, label = payload.get("issue", {}), payload.get("label")
    yield from ({"description": None, **one} for one in [*issue.get("labels", ()), *([label] if label else [])])
    if issue:
        yield from ({"id": key, "name": name, "description": OTHERS[name]} for key, name in enumerate(OTHERS, start=1))


def _issue(payload: Payload, repository: RemoteRepository) -> Issue:
    """Return the issue as GitHub has it after what the payload tells; its labels were put on by its author."""
    told = {"state": "open", "labels": [], **payload["issue"]}  # which examples of pinned issues lack
    moved = payload.get("changes", {}).get("new_issue")
    author, created = Actor(told["user"]["login"]), moment(told["created_at"])
    issue = Issue(told["id"], told["number"], told["title"], told["body"], author, created, moment(told["updated_at"]))
    issue.state = told["state"]
    issue.labels = [repository.labels[label["name"].lower()] for label in told["labels"]]
    if "old_issue" not in payload.get("changes", {}):
        issue.events = [Event(label.id, "labeled", author, created, label.name) for label in issue.labels]
    issue.deleted = payload["action"] == "deleted"
    issue.moved = (payload["changes"]["new_repository"]["id"], moved["number"]) if moved else None
    return issue
