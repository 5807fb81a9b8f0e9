"""What can go wrong in the bot, and what each error means for the work at hand.

BotError
├── SettingsError        the configuration is wrong; lists every problem at once
├── DeliveryError        a request to the webhook is not a delivery we can accept; carries the HTTP status
│   └── SignatureError   it was not signed with our secret
├── TransientError       declared transient: worth another attempt later, after `retry_after` seconds if given
│   └── GitHubUnavailable    GitHub failed, was slow, or cut the connection
│       └── GitHubLimited    it asked us to slow down
├── NotYetError          nothing is wrong: the work is to go on at a later time
├── GitHubRefused        GitHub will not do it however often we ask: permission, suspension, gone
│   └── GitHubMissing        what was asked for is not there
├── NotServedError       the App is not installed on the repository any more, or suspended: all work on it stops
├── LostLeaseError       another worker has taken this piece of work over
├── NotFoundError        what was named (repository, delivery, model version) is not there
└── SourceError          the source of a replay cannot be used
"""

from collections.abc import Sequence
from datetime import datetime


class BotError(Exception):
    """Base of every error of this package; `reason` is the machine-readable kind."""

    reason = "bot"


class SettingsError(BotError):
    """The configuration is wrong; `problems` says what, where and how to mend it, one entry a problem."""

    reason = "settings"

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = list(problems)


class DeliveryError(BotError):
    """A request to the webhook is not a delivery that we can accept."""

    reason = "delivery"

    def __init__(self, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class SignatureError(DeliveryError):
    """A request to the webhook was not signed with our secret."""

    reason = "signature"

    def __init__(self, message: str) -> None:
        super().__init__(message, status=401)


class TransientError(BotError):
    """Something failed that may work later; `retry_after` is in seconds, None where nobody said how long."""

    reason = "transient"

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NotYetError(BotError):
    """Nothing is wrong: the work is to go on at `until`."""

    reason = "not_yet"

    def __init__(self, message: str, *, until: datetime) -> None:
        super().__init__(message)
        self.until = until


class GitHubUnavailable(TransientError):
    """GitHub failed, was slow, or cut the connection."""

    reason = "github_unavailable"


class GitHubLimited(GitHubUnavailable):
    """GitHub asked us to slow down: its hourly limit is used up, or too much came at once."""

    reason = "github_limited"


class GitHubRefused(BotError):
    """GitHub will not do it however often we ask; `status` is its HTTP status."""

    reason = "github_refused"

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


class GitHubMissing(GitHubRefused):
    """What was asked for is not there, or not for us; `status` is 404."""


class NotServedError(BotError):
    """The App is not installed on the repository any more, or is suspended there: all work on it stops."""

    reason = "not_served"


class LostLeaseError(BotError):
    """Another worker has taken this piece of work over; nothing more may be written for it."""

    reason = "lost_lease"


class NotFoundError(BotError):
    """What was named is not there."""

    reason = "not_found"


class SourceError(BotError):
    """The source of a replay cannot be used."""

    reason = "source"
