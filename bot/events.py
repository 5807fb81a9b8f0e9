"""Verify a delivery's signature and parse it. Pure: bytes and headers in, values or errors out, no I/O."""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from bot.errors import DeliveryError, SignatureError

LARGEST_BODY = 25 * 1024 * 1024  # bytes; GitHub itself sends no more
LONGEST_ID = 64
LARGEST_NUMBER = 2**63

# What we act on. Everything else is acknowledged, recorded and ignored.
HANDLED: Mapping[str, frozenset[str | None]] = {
    "issues": frozenset(
        {"opened", "edited", "labeled", "unlabeled", "closed", "reopened", "transferred", "deleted"},
    ),
    "issue_comment": frozenset({"created", "edited", "deleted"}),
    "label": frozenset({"created", "edited", "deleted"}),
    "repository": frozenset({"renamed", "transferred", "edited", "archived", "unarchived", "deleted"}),
    "push": frozenset({None}),  # without an action
    "installation": frozenset({"created", "deleted", "suspend", "unsuspend"}),
    "installation_repositories": frozenset({"added", "removed"}),
}

# GitHub's author associations whose holders may set labels themselves.
TRIAGERS = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})


@dataclass(frozen=True)
class Envelope:
    """A verified delivery: GitHub's id for it, what it is, and its payload."""

    id: str
    event: str
    action: str | None
    repository_id: int | None
    subject: str | None  # repository, and number of the issue that it is about or else the event: one at a time
    body: str

    @property
    def handled(self) -> bool:
        """Whether we act on this kind of delivery."""
        return self.action in HANDLED.get(self.event, frozenset())


@dataclass(frozen=True)
class IssueState:
    """An issue as a payload shows it."""

    number: int
    title: str
    body: str
    state: str
    author: str
    author_association: str
    labels: tuple[str, ...]
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True)
class Sender:
    """Who caused a delivery; `by_app`: an App acted in that person's name."""

    login: str
    is_bot: bool
    by_app: bool = False


def verify(secret: str, body: bytes, signature: str | None) -> None:
    """Raise SignatureError unless `signature` is the HMAC SHA-256 of the raw body under our secret."""
    if not secret:
        raise SignatureError("no webhook secret is configured, so nothing can be accepted")
    if not signature:
        raise SignatureError("the X-Hub-Signature-256 header is missing")
    expected = "sha256=" + hmac.new(secret.encode(), body, "sha256").hexdigest()
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        raise SignatureError("the X-Hub-Signature-256 header does not match the body and our secret")


class Headers(Protocol):
    """Request headers, whatever the web framework."""

    def get(self, name: str, default: str) -> str:
        """Return the header's value, its name compared without case."""
        ...


def parse(headers: Headers, body: bytes) -> Envelope:
    """Return the delivery in a verified request; DeliveryError says which header or what in the body is wrong."""
    delivery_id, event = (_header(headers, name) for name in ("X-GitHub-Delivery", "X-GitHub-Event"))
    try:
        text = body.decode()
        payload = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DeliveryError(
            f"the body is not JSON: {error}; set the webhook's content type to application/json"
        ) from error
    if not isinstance(payload, dict):
        raise DeliveryError("the body is JSON, but not an object")
    action = payload.get("action")
    repository_id, number = _whole(payload, "repository", "id"), _whole(payload, "issue", "number")
    return Envelope(
        id=delivery_id,
        event=event,
        action=plain(action)[:LONGEST_ID] if isinstance(action, str) else None,
        repository_id=repository_id,
        subject=f"{repository_id}#{number or event}"[:LONGEST_ID] if repository_id else None,
        body=text,
    )


def _whole(payload: Mapping[str, Any], name: str, field: str) -> int | None:
    """Return a whole number of an object in a payload that nobody has checked yet; None if there is none."""
    found = payload.get(name)
    value = found.get(field) if isinstance(found, dict) else None
    return value if type(value) is int and abs(value) < LARGEST_NUMBER else None


def _header(headers: Headers, name: str) -> str:
    value = headers.get(name, "").strip()
    if not value:
        raise DeliveryError(f"the {name} header is missing")
    if len(value) > LONGEST_ID or not value.isascii() or not value.isprintable():
        raise DeliveryError(f"the {name} header is not what GitHub sends: at most {LONGEST_ID} printable characters")
    return value


def issue_state(payload: Mapping[str, Any]) -> IssueState:
    """Return the issue of an `issues` payload."""
    issue = need(payload, "issue", dict)
    user = issue.get("user")
    return IssueState(
        number=need(issue, "number", int),
        title=plain(need(issue, "title", str)),
        body=plain(issue.get("body") or ""),
        state=issue.get("state") or "open",
        author=(user or {}).get("login") or "ghost",
        author_association=issue.get("author_association") or "NONE",
        labels=tuple(need(label, "name", str) for label in issue.get("labels") or ()),
        created_at=moment(need(issue, "created_at", str)),
        updated_at=moment(need(issue, "updated_at", str)),
    )


def plain(text: str) -> str:
    """Return a text as every database takes it: without NUL, and without halves of characters outside Unicode."""
    return text.replace("\0", "").encode(errors="replace").decode()


def came_by_transfer(payload: Mapping[str, Any]) -> bool:
    """Tell whether an issue that was opened was transferred here, with labels that were put on elsewhere."""
    changes = payload.get("changes")
    return isinstance(changes, dict) and bool(changes.get("old_issue"))


def sender(payload: Mapping[str, Any]) -> Sender:
    """Return who caused a delivery."""
    found = need(payload, "sender", dict)
    return Sender(need(found, "login", str), found.get("type") == "Bot")


def moment(text: str) -> datetime:
    """Return the moment in UTC that GitHub writes as `2026-01-31T12:00:00Z`."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise DeliveryError(f"{text!r} is not a date and time") from error
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def need(payload: Mapping[str, Any], name: str, kind: type) -> Any:
    """Return a field of a payload; DeliveryError if it is missing or of another type."""
    value = payload.get(name)
    if not isinstance(value, kind):
        raise DeliveryError(
            f"the payload has no usable {name!r}: {kind.__name__} expected, {type(value).__name__} found"
        )
    return value
