"""What GitHub knows of a repository, as values, and what the use cases may do with one.

Only :mod:`bot.github` turns this into requests; a replay stands in for it with the same methods.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from bot.events import plain

BeforeWrite = Callable[[], None] | None  # may raise, so that nothing is written
LONGEST_STATUS = 140  # characters that GitHub takes for the description of a commit status


@dataclass(frozen=True)
class RemoteLabel:
    """A label of a repository."""

    id: int
    name: str
    description: str


@dataclass(frozen=True)
class RemoteIssue:
    """An issue as it is now."""

    number: int
    title: str
    body: str
    state: str
    labels: tuple[str, ...]
    author: str
    author_association: str
    created_at: datetime
    updated_at: datetime
    locked: bool = False


@dataclass(frozen=True)
class RemoteLabelEvent:
    """Somebody put a label on an issue ("labeled") or took it off ("unlabeled"); `actor_type` is "User" or "Bot".

    `by_app`: an App did it, it may be in a person's name.
    """

    id: int
    label: str
    action: str
    actor: str
    actor_type: str
    at: datetime
    by_app: bool = False


@dataclass(frozen=True)
class RemoteSuggestion:
    """A label suggested in GitHub's own interface; `state` is pending, applied, approved, dismissed, replaced …

    `actor` suggested it, `resolved_by` answered; both are ids of users.
    """

    id: int
    label: str
    state: str
    resolved_by: int | None
    actor: int | None
    at: datetime


@dataclass(frozen=True)
class NewSuggestion:
    """A label to suggest there: why, in 280 characters at most, and how sure: low, medium or high."""

    label: str
    rationale: str
    confidence: str


@dataclass(frozen=True)
class PastEvent:
    """A label event of a repository's past, and its issue: who opened it, what that one is to the repository, when."""

    event: RemoteLabelEvent
    number: int
    author: str
    author_association: str
    created_at: datetime


@dataclass(frozen=True)
class RemoteComment:
    """A comment."""

    id: int
    body: str


@dataclass(frozen=True)
class RemoteDelivery:
    """One attempt of GitHub's to deliver something; all attempts at the same thing have the same `guid`."""

    id: int
    guid: str
    event: str
    delivered: bool
    at: datetime


@dataclass(frozen=True)
class Quota:
    """GitHub's hourly limit of an installation: requests allowed, requests left, seconds until it begins anew."""

    limit: int
    left: int
    renewed_in: float

    @property
    def used(self) -> int:
        """How many requests of this hour were made, by whomever."""
        return self.limit - self.left


@dataclass(frozen=True)
class RemoteInstallation:
    """The App on one account, with what it may do there: name of a permission -> read, write or admin."""

    id: int
    account: str
    suspended: bool
    permissions: Mapping[str, str]


@dataclass(frozen=True)
class RemoteRepository:
    """A repository that an installation covers."""

    id: int
    full_name: str
    stopped: str | None = None  # why nothing can be done there


class RepositoryGateway(Protocol):
    """What the use cases do with one repository: the real one, or a replay's that only records."""

    def labels(self) -> list[RemoteLabel]:
        """Return the labels that the repository has."""
        ...

    def file(self, path: str) -> bytes | None:
        """Return a file of the default branch; None where there is none. Raises FileError if it is too large."""
        ...

    def folder(self, path: str) -> dict[str, str]:
        """Return the files of a folder of the default branch, each with a hash of what it says."""
        ...

    def set_status(self, sha: str, state: str, description: str) -> None:
        """Say on a commit whether the configuration in it can be used: `success`, or `failure` and why."""
        ...

    def issue(self, number: int) -> RemoteIssue | None:
        """Return an issue as it is now; None if it is gone: deleted or transferred."""
        ...

    def label_events(self, number: int) -> list[RemoteLabelEvent]:
        """Return who put labels on an issue or took them off, in time order."""
        ...

    def add_labels(self, number: int, names: Sequence[str]) -> None:
        """Put labels on an issue, beside those that it has."""
        ...

    def suggestions(self, number: int) -> list[RemoteSuggestion] | None:
        """Return the labels suggested for an issue; None where the repository has not that feature of GitHub's."""
        ...

    def suggest_labels(self, number: int, suggested: Sequence[NewSuggestion]) -> None:
        """Suggest labels in GitHub's own interface; only where :meth:`suggestions` says that there is one."""
        ...

    def dismiss_suggestion(self, number: int, suggestion_id: int) -> None:
        """Take back a label that is suggested in GitHub's own interface; nothing happens where it is answered."""
        ...

    def remove_label(self, number: int, name: str) -> None:
        """Take a label off an issue; nothing happens where it is not on it."""
        ...

    def marked_comment(self, number: int, marker: str) -> RemoteComment | None:
        """Return our own first comment on an issue that contains `marker`, None if there is none."""
        ...

    def create_comment(self, number: int, body: str) -> RemoteComment:
        """Comment on an issue."""
        ...

    def edit_comment(self, number: int, comment_id: int, body: str) -> None:
        """Replace the text of a comment of ours."""
        ...

    def delete_comment(self, number: int, comment_id: int) -> None:
        """Delete a comment of ours; nothing happens where it is gone."""
        ...

    def react(self, comment_id: int, content: str) -> None:
        """React to a comment: `+1`, `confused` …"""
        ...

    def role(self, login: str) -> str:
        """Return somebody's role in the repository: `admin`, `maintain`, `write`, `triage`, `read` or `none`."""
        ...

    def quota(self) -> Quota | None:
        """Return GitHub's hourly limit as the last page that was read had it; None where it sets none."""
        ...

    def past_events(self, place: str) -> Iterator[tuple[list[PastEvent], str]]:
        """Yield page after page of who labelled which issue, newest first, each with the place of the next one.

        It goes on at `place`, or begins where that is empty; so is the place after the last page.
        """
        ...

    def past_issues(self, place: str) -> Iterator[tuple[list[RemoteIssue], str]]:
        """Yield page after page of all issues, oldest first; as :meth:`past_events` in all else."""
        ...

    def issues_since(self, since: datetime | None) -> Iterator[RemoteIssue]:
        """Yield the issues that changed at `since` or later, open and closed, oldest first, as pages arrive."""
        ...


# --- from GitHub's JSON


def repository(data: Mapping[str, Any]) -> RemoteRepository:
    """Return the repository that GitHub's JSON describes."""
    issues_off = None if data.get("has_issues", True) else "issues are switched off in this repository"
    stopped = "this repository is archived, and can only be read" if data.get("archived") else issues_off
    return RemoteRepository(data["id"], data["full_name"], stopped)


def issue(data: Mapping[str, Any]) -> RemoteIssue:
    """Return the issue that GitHub's JSON describes."""
    return RemoteIssue(
        number=data["number"],
        title=plain(data["title"]),
        body=plain(data["body"] or ""),
        state=data["state"],
        labels=tuple(label["name"] for label in data["labels"]),
        author=(data["user"] or {}).get("login") or "ghost",
        author_association=data.get("author_association") or "NONE",
        created_at=datetime.fromisoformat(data["created_at"]),
        updated_at=datetime.fromisoformat(data["updated_at"]),
        locked=bool(data.get("locked")),
    )


def past_event(data: Mapping[str, Any]) -> PastEvent:
    """Return the label event of a repository's past that GitHub's JSON describes."""
    of = data["issue"]
    author, association = (of["user"] or {}).get("login") or "ghost", of.get("author_association") or "NONE"
    return PastEvent(label_event(data), of["number"], author, association, datetime.fromisoformat(of["created_at"]))


def delivery(data: Mapping[str, Any]) -> RemoteDelivery:
    """Return the attempt at a delivery that GitHub's JSON describes."""
    at, good = datetime.fromisoformat(data["delivered_at"]), 200 <= data["status_code"] < 300
    return RemoteDelivery(data["id"], data["guid"], data["event"], good, at)


def installation(data: Mapping[str, Any]) -> RemoteInstallation:
    """Return the installation that GitHub's JSON describes."""
    account, suspended = (data.get("account") or {}).get("login") or "", bool(data.get("suspended_at"))
    return RemoteInstallation(data["id"], account, suspended, data.get("permissions") or {})


def suggestion(data: Mapping[str, Any]) -> RemoteSuggestion:
    """Return the suggestion that GitHub's JSON describes."""
    people, at = (data["resolved_by"], data["actor_id"]), datetime.fromisoformat(data["updated_at"])
    return RemoteSuggestion(data["id"], str(data["target_value"]), data["state"], *people, at)


def label_event(data: Mapping[str, Any]) -> RemoteLabelEvent:
    """Return the label event that GitHub's JSON describes."""
    actor = data["actor"] or {}  # null where the account is gone
    return RemoteLabelEvent(
        id=data["id"],
        label=data["label"]["name"],
        action=data["event"],
        actor=actor.get("login") or "ghost",
        actor_type=actor.get("type") or "User",
        at=datetime.fromisoformat(data["created_at"]),
        by_app=data.get("performed_via_github_app") is not None,
    )
