"""What a use case needs from the outside, handed in by the process's composition root (or by a replay)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Protocol

from bot import in_force, leases, storage
from bot.database import Database
from bot.errors import NotYetError
from bot.models import Delivery, Mode, Repository
from bot.remote import BeforeWrite, RemoteRepository, RepositoryGateway
from bot.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.remote import RemoteDelivery, RemoteInstallation
    from bot.serving import Models


class Gateway(Protocol):
    """GitHub as the use cases see it: the real one, or a replay's that only records."""

    def repository(
        self, installation_id: int, full_name: str, *, before_write: BeforeWrite = None
    ) -> RepositoryGateway:
        """Return what can be done with one repository; `before_write` is called just before each write is sent."""
        ...

    def installations(self) -> "list[RemoteInstallation]":
        """Return the App's installations, the suspended ones too."""
        ...

    def deliveries(self, since: datetime) -> "Iterator[RemoteDelivery]":
        """Yield GitHub's attempts to deliver something to us, newest first, back to `since`."""
        ...

    def redeliver(self, delivery_id: int) -> None:
        """Ask for another attempt at a delivery."""
        ...

    def repositories(self, installation_id: int) -> "Iterator[RemoteRepository]":
        """Return the repositories that an installation covers."""
        ...

    def login(self) -> str:
        """Return the login under which our own acts show: `<slug>[bot]`."""
        ...


@dataclass(frozen=True)
class Context:
    """Settings, database, GitHub, models and clock of one process."""

    settings: Settings
    database: Database
    github: Gateway
    models: "Models"
    now: Callable[[], datetime]

    def gateway(
        self, repo: Repository, delivery: Delivery | None = None, *, unasked: bool = False
    ) -> RepositoryGateway:
        """Return what can be done with `repo` on GitHub, on behalf of a delivery or of nobody.

        Its writes raise LostLeaseError or NotServedError, and change nothing, where another worker has taken the
        delivery over, or the App was taken off; those that nobody asked for, `unasked`, NotYetError where the
        repository was paused or its mode changed: who looks again finds what is in force now.
        """
        hold = partial(self._hold, repo, delivery, unasked=unasked)
        return self.github.repository(repo.installation_id, repo.full_name, before_write=hold)

    def quiet(self, repo: Repository) -> bool:
        """Tell whether nothing is to be written in a repository unless somebody asks for it."""
        return repo.idle or in_force.mode(repo, self.settings) is Mode.SHADOW

    def _hold(self, repo: Repository, delivery: Delivery | None, *, unasked: bool) -> None:
        """Make sure that the delivery, if there is one, is ours for a whole lease from now, and `repo` served."""
        with self.database.write() as session:
            session.connection()  # which may have to wait for other writers; so long the lease is not renewed
            if delivery is not None:
                leases.renew(session, Delivery, delivery, now=self.now(), lease=self.settings.lease)
            storage.require_served(session, repo.id)
            row = session.get_one(Repository, repo.id)
            mode, before = (in_force.mode(each, self.settings) for each in (row, repo))
            if unasked and (row.paused_at is not None or mode is not before):
                raise NotYetError("the repository was paused, or its mode changed", until=self.now())
