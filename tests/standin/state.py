"""What the stand-in knows: installations, repositories, labels, issues, comments and events. Guarded by one lock."""

import itertools
import secrets
import threading
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

TRIAGERS = ("maintainer",)
LONG_AGO = datetime.min.replace(tzinfo=UTC)
PERMISSIONS = {"issues": "write", "contents": "read", "statuses": "write", "metadata": "read"}


@dataclass(frozen=True)
class Actor:
    """Somebody who acts: a person, or a bot, whose login ends in `[bot]`."""

    login: str

    @property
    def type(self) -> str:
        return "Bot" if self.login.endswith("[bot]") else "User"

    @property
    def id(self) -> int:
        return zlib.crc32(self.login.encode())


@dataclass
class Label:
    """A label of a repository."""

    id: int
    name: str
    description: str | None = None
    color: str = "ededed"


@dataclass
class Comment:
    """A comment on an issue."""

    id: int
    body: str
    author: Actor
    created_at: datetime
    updated_at: datetime
    reactions: list[str] = field(default_factory=list)


@dataclass
class Suggestion:
    """A label suggested in GitHub's own interface."""

    id: int
    label: str
    rationale: str
    confidence: str
    updated_at: datetime
    state: str = "pending"
    resolved_by: int | None = None


@dataclass(frozen=True)
class Event:
    """Something that happened to an issue. `label` is the name that the label had then."""

    id: int
    event: str
    actor: Actor | None
    at: datetime
    label: str | None = None
    by_app: bool = False  # an App did it in the actor's name


@dataclass
class Issue:
    """An issue, or a pull request. `moved` is (repository id, number) of where it was transferred to."""

    id: int
    number: int
    title: str
    body: str | None
    author: Actor
    created_at: datetime
    updated_at: datetime
    pull: bool = False
    state: str = "open"
    locked: bool = False
    closed_at: datetime | None = None
    labels: list[Label] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    suggestions: list[Suggestion] = field(default_factory=list)
    deleted: bool = False
    moved: tuple[int, int] | None = None

    @property
    def here(self) -> bool:
        return not self.deleted and self.moved is None

    def has(self, name: str) -> bool:
        return any(label.name.lower() == name.lower() for label in self.labels)

    def names(self) -> set[str]:
        return {label.name for label in self.labels}


@dataclass
class Repository:
    """A repository. `labels` by lower-case name, since GitHub compares their names without case."""

    id: int
    full_name: str
    installation_id: int
    triagers: tuple[str, ...] = TRIAGERS
    labels: dict[str, Label] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    events: list[tuple[Issue, Event]] = field(default_factory=list)  # of all its issues, as they happened
    has_issues: bool = True
    archived: bool = False
    default_branch: str = "main"
    suggests: bool = False  # whether labels can be suggested in GitHub's own interface
    roles: dict[str, str] = field(default_factory=dict)  # by login
    files: dict[str, bytes] = field(default_factory=dict)  # of the default branch, by path
    statuses: list[tuple[str, str, str]] = field(default_factory=list)  # (commit, state, description)

    @property
    def owner(self) -> str:
        return self.full_name.split("/")[0]

    def role(self, login: str) -> str:
        """Return a collaborator's role; triagers maintain, unless another role is given."""
        return self.roles.get(login, "maintain" if login in self.triagers else "read")

    def association(self, actor: Actor) -> str:
        if actor.login == self.owner:
            return "OWNER"
        return "MEMBER" if actor.login in self.triagers else "NONE"


@dataclass
class Installation:
    """The App on one account. It holds the least permissions that the bot can do its work with.

    It may ask `limit` times an hour, by the world's clock; `used` are gone until `renewed_at`.
    """

    id: int
    account: str
    permissions: dict[str, str] = field(default_factory=lambda: dict(PERMISSIONS))
    suspended: bool = False
    limit: int = 5000
    used: int = 0
    renewed_at: datetime = LONG_AGO


@dataclass(frozen=True)
class Token:
    """A token that was issued to an installation."""

    installation_id: int
    expires_at: datetime


def wall_clock() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


class World:
    """Everything there is. Hold `lock` while reading or changing more than one thing.

    `clock` dates what people do; tokens live by the real clock, since PyGithub does, `skew` off ours.
    """

    def __init__(self, *, app_id: int, slug: str, clock: Callable[[], datetime] = wall_clock) -> None:
        self.app_id = app_id
        self.slug = slug
        self.clock = clock
        self.lock = threading.RLock()
        self.installations: dict[int, Installation] = {}
        self.repositories: dict[int, Repository] = {}
        self.codes: set[str] = set()  # good for the credentials of an App that was made by its manifest, once
        self.pem = ""  # the App's private key
        self.former_names: dict[str, int] = {}
        self.token_lifetime = timedelta(hours=1)
        self.skew = timedelta(0)
        self._tokens: dict[str, Token] = {}
        self._ids = itertools.count(1001)

    @property
    def bot(self) -> Actor:
        """Under whom the App acts."""
        return Actor(f"{self.slug}[bot]")

    def next_id(self) -> int:
        return next(self._ids)

    def install(self, account: str) -> Installation:
        with self.lock:
            installation = Installation(self.next_id(), account)
            self.installations[installation.id] = installation
        return installation

    def add_repository(
        self, full_name: str, labels: Iterable[str] = (), *, triagers: tuple[str, ...] = TRIAGERS
    ) -> Repository:
        """Add a repository, with its owner's installation if there is one, or a new one."""
        with self.lock:
            owner = full_name.split("/")[0]
            found = next((each for each in self.installations.values() if each.account == owner), None)
            installation = found or self.install(owner)
            repository = Repository(self.next_id(), full_name, installation.id, triagers)
            self.repositories[repository.id] = repository
            for name in labels:
                self.add_label(repository, name)
        return repository

    def add_label(self, repository: Repository, name: str, description: str | None = None) -> Label:
        with self.lock:
            return repository.labels.setdefault(name.lower(), Label(self.next_id(), name, description))

    def find(self, full_name: str) -> Repository:
        with self.lock:
            return next(each for each in self.repositories.values() if each.full_name == full_name)

    def issue(self, full_name: str, number: int) -> Issue:
        return self.find(full_name).issues[number]

    # --- tokens

    def issue_token(self, installation_id: int) -> tuple[str, Token]:
        with self.lock:
            text = "ghs_" + secrets.token_urlsafe(27)
            self._tokens[text] = Token(installation_id, self.real_now() + self.token_lifetime)
            return text, self._tokens[text]

    def token(self, text: str) -> Token | None:
        """Return a token that is known and has not expired."""
        with self.lock:
            known = self._tokens.get(text)
        return known if known and known.expires_at > self.real_now() else None

    def real_now(self) -> datetime:
        """Return the real time, as this world's clocks have it."""
        return datetime.now(UTC) + self.skew

    def revoke_tokens(self) -> None:
        with self.lock:
            self._tokens.clear()
