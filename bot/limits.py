"""Until when an installation's requests have to wait, as GitHub said: kept in the database, for all processes to heed.

GitHub limits an installation's requests an hour, and how many come at once; who goes on asking is shut out for longer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.database import Database
from bot.errors import GitHubLimited, NotYetError
from bot.models import Installation

UNNAMED = timedelta(minutes=1)  # GitHub's rule where it names no time; twice as long each time that is not enough
LONGEST = timedelta(hours=1)


@dataclass(frozen=True)
class Limit:
    """What GitHub said of one installation."""

    database: Database
    now: Callable[[], datetime]
    installation_id: int

    def check(self) -> None:
        """Raise NotYetError while the installation has to wait."""
        with self.database.read() as session:
            row = session.get(Installation, self.installation_id)
        if row is not None and row.limited_until is not None and row.limited_until > self.now():
            said = f"GitHub asked the App on {row.account} to slow down until {row.limited_until:%Y-%m-%d %H:%M} UTC"
            raise NotYetError(said, until=row.limited_until)

    def note(self, limited: GitHubLimited) -> NotYetError:
        """Keep how long GitHub wants the installation to wait; return what there is to raise."""
        now = self.now()
        with self.database.write() as session:
            row = session.get(Installation, self.installation_id)
            until = now + _wait(row, limited, now)
            if row is not None:
                under_way = row.limited_until is not None and row.limited_until > now
                row.limited_at = row.limited_at if under_way else now
                row.limited_until = until = max(until, row.limited_until or until)
        return NotYetError(str(limited), until=until)


def _wait(row: Installation | None, limited: GitHubLimited, now: datetime) -> timedelta:
    if limited.retry_after is not None:
        return timedelta(seconds=limited.retry_after)
    if row is None or row.limited_at is None or row.limited_until is None:
        return UNNAMED
    last = row.limited_until - row.limited_at
    return min(2 * last, LONGEST) if row.limited_until <= now < row.limited_until + last else UNNAMED
