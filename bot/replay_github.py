"""GitHub as a replay needs it: nothing but a record of what would have been written, and the deliveries of a past."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from bot import events
from bot.remote import (
    BeforeWrite,
    NewSuggestion,
    PastEvent,
    Quota,
    RemoteComment,
    RemoteDelivery,
    RemoteInstallation,
    RemoteIssue,
    RemoteLabel,
    RemoteLabelEvent,
    RemoteRepository,
    RemoteSuggestion,
)
from pipeline.issues import Issue

REPOSITORY_ID = INSTALLATION_ID = 1
BOT, MAINTAINER, REPORTER = "issue-tagger[bot]", "maintainer", "reporter"


@dataclass(frozen=True)
class Written:
    """Something that the bot would have written: labels put on an issue, or a comment."""

    number: int
    what: str  # labels, comment, edit
    text: str
    at: datetime


@dataclass
class RecordingGitHub:
    """One repository whose issues appear and are labelled as in its past; implements `Gateway` and `RepositoryGateway`.

    The acts of people return the delivery that GitHub would have sent for them.
    """

    full_name: str
    descriptions: Mapping[str, str]  # of the labels, by name
    now: Callable[[], datetime]
    written: list[Written] = field(default_factory=list)
    sent: int = 0

    def __post_init__(self) -> None:
        """Begin without an issue."""
        self._issues: dict[int, RemoteIssue] = {}
        self._events: dict[int, list[RemoteLabelEvent]] = {}
        self._comments: dict[int, RemoteComment] = {}
        self._labels = [RemoteLabel(place, *each) for place, each in enumerate(self.descriptions.items(), start=1)]
        self._ids = {label.name.lower(): label.id for label in self._labels}

    # --- what the use cases ask for and write

    def repository(
        self, installation_id: int, full_name: str, *, before_write: BeforeWrite = None
    ) -> "RecordingGitHub":
        """Return itself: there is one repository, and nobody else who could have taken anything over."""
        return self

    def installations(self) -> list[RemoteInstallation]:
        """Return the one installation."""
        return [RemoteInstallation(INSTALLATION_ID, self.full_name.split("/")[0], False, {})]

    def deliveries(self, since: datetime) -> Iterator[RemoteDelivery]:
        """Yield none: all have arrived."""
        return iter(())

    def redeliver(self, delivery_id: int) -> None:
        """Do nothing."""

    def repositories(self, installation_id: int) -> Iterator[RemoteRepository]:
        """Yield the one repository."""
        yield RemoteRepository(REPOSITORY_ID, self.full_name)

    def login(self) -> str:
        """Return the login of the bot."""
        return BOT

    def labels(self) -> list[RemoteLabel]:
        """Return the labels of the repository."""
        return self._labels

    def file(self, path: str) -> bytes | None:
        """Return no file: a past has no configuration."""
        return None

    def folder(self, path: str) -> dict[str, str]:
        """Return no files."""
        return {}

    def set_status(self, sha: str, state: str, description: str) -> None:
        """Do nothing: a past has no commits."""

    def issue(self, number: int) -> RemoteIssue | None:
        """Return an issue as it is now; None before it is opened."""
        return self._issues.get(number)

    def label_events(self, number: int) -> list[RemoteLabelEvent]:
        """Return who put labels on an issue or took them off."""
        return self._events.get(number, [])

    def add_labels(self, number: int, names: Sequence[str]) -> None:
        """Record that the bot labels an issue."""
        for name in names:
            self._change(number, name, labeled=True, actor=BOT)
            self.written.append(Written(number, "labels", name, self.now()))

    def suggestions(self, number: int) -> list[RemoteSuggestion] | None:
        """Return that there is no such feature."""
        return None

    def suggest_labels(self, number: int, suggested: Sequence[NewSuggestion]) -> None:
        """Do nothing."""

    def dismiss_suggestion(self, number: int, suggestion_id: int) -> None:
        """Do nothing."""

    def remove_label(self, number: int, name: str) -> None:
        """Record that the bot takes a label off an issue."""
        self._change(number, name, labeled=False, actor=BOT)
        self.written.append(Written(number, "unlabel", name, self.now()))

    def marked_comment(self, number: int, marker: str) -> RemoteComment | None:
        """Return the bot's comment on an issue, None if there is none."""
        return self._comments.get(number)

    def create_comment(self, number: int, body: str) -> RemoteComment:
        """Record that the bot comments on an issue."""
        self._comments[number] = RemoteComment(number, body)
        self.written.append(Written(number, "comment", body, self.now()))
        return self._comments[number]

    def edit_comment(self, number: int, comment_id: int, body: str) -> None:
        """Record that the bot edits its comment on an issue."""
        self._comments[number] = RemoteComment(comment_id, body)
        self.written.append(Written(number, "edit", body, self.now()))

    def delete_comment(self, number: int, comment_id: int) -> None:
        """Forget the bot's comment on an issue."""
        self._comments.pop(number, None)

    def react(self, comment_id: int, content: str) -> None:
        """Do nothing: nobody comments in a past."""

    def role(self, login: str) -> str:
        """Return that everybody is a reader."""
        return "read"

    def past_events(self, place: str) -> Iterator[tuple[list[PastEvent], str]]:
        """Yield nothing: a replay has no past of its own."""
        return iter(())

    def quota(self) -> Quota | None:
        """Return None: there is no limit."""
        return None

    def past_issues(self, place: str) -> Iterator[tuple[list[RemoteIssue], str]]:
        """Yield all issues there are, in one page."""
        yield list(self.issues_since(None)), ""

    def issues_since(self, since: datetime | None) -> Iterator[RemoteIssue]:
        """Yield the issues that changed at `since` or later."""
        changed = (issue for issue in self._issues.values() if since is None or issue.updated_at >= since)
        return iter(sorted(changed, key=lambda issue: (issue.created_at, issue.number)))

    # --- what people do, as deliveries

    def create_labels(self) -> Iterator[events.Envelope]:
        """Yield the deliveries that tell of the repository's labels."""
        for label in self._labels:
            told = {"id": label.id, "name": label.name, "description": label.description}
            yield self._deliver("label", "created", MAINTAINER, label=told)

    def open(self, issue: Issue) -> events.Envelope:
        """Open an issue, without its labels, now."""
        self._issues[issue.number] = RemoteIssue(
            number=issue.number,
            title=issue.title,
            body=issue.body,
            state="open",
            labels=(),
            author=REPORTER,
            author_association="NONE",
            created_at=issue.created_at or self.now(),
            updated_at=self.now(),
        )
        return self._deliver("issues", "opened", REPORTER, issue=self._shown(issue.number))

    def change_label(self, number: int, name: str, *, labeled: bool) -> events.Envelope:
        """Let the maintainer put a label on an issue, or confirm it if it is there already, or take it off."""
        self._change(number, name, labeled=labeled, actor=MAINTAINER)
        label = {"id": self._ids[name.lower()], "name": name, "description": self.descriptions[name]}
        action = "labeled" if labeled else "unlabeled"
        return self._deliver("issues", action, MAINTAINER, issue=self._shown(number), label=label)

    def _change(self, number: int, name: str, *, labeled: bool, actor: str) -> None:
        issue, log = self._issues[number], self._events.setdefault(number, [])
        others = tuple(label for label in issue.labels if label != name)
        labels = (*others, name) if labeled else others
        self._issues[number] = replace(issue, labels=labels, updated_at=self.now())
        action, kind = "labeled" if labeled else "unlabeled", "Bot" if actor == BOT else "User"
        log.append(RemoteLabelEvent(len(log) + 1, name, action, actor, kind, self.now()))

    def _shown(self, number: int) -> dict[str, Any]:
        issue = self._issues[number]
        return {
            "number": number,
            "title": issue.title,
            "body": issue.body or None,
            "state": issue.state,
            "user": {"login": issue.author, "type": "User"},
            "author_association": issue.author_association,
            "labels": [{"id": self._ids[name.lower()], "name": name} for name in issue.labels],
            "created_at": issue.created_at.isoformat(),
            "updated_at": issue.updated_at.isoformat(),
        }

    def _deliver(self, event: str, action: str, sender: str, **about: Any) -> events.Envelope:
        self.sent += 1
        payload = {
            "action": action,
            **about,
            "repository": {
                "id": REPOSITORY_ID,
                "full_name": self.full_name,
                "owner": {"login": self.full_name.split("/")[0]},
            },
            "sender": {"login": sender, "type": "User"},
            "installation": {"id": INSTALLATION_ID},
        }
        headers = {"X-GitHub-Delivery": f"replay-{self.sent}", "X-GitHub-Event": event}
        return events.parse(headers, json.dumps(payload).encode())
