"""GitHub as the bot needs it: PyGithub behind a small surface, and the one place where its errors become ours.

Reading goes through PyGithub's requester instead of its objects: those fetch behind one's back whatever an answer lacks
(`pull_request` of every issue that is none), and its lists keep every page that was read. PyGithub retries nothing,
the inbox does; and it follows no redirect, since what it followed would be a read without its filters or, for an issue
that was transferred meanwhile, a write into another repository.
"""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import github
import urllib3

from bot import remote
from bot.github_access import PAGE, Access, Answer, pages, reading, translated
from bot.github_repository import Repository
from bot.limits import Limit
from bot.remote import BeforeWrite, Quota, RemoteDelivery, RemoteInstallation, RemoteRepository, RepositoryGateway
from bot.settings import App

LOGIN_HOLDS = 300  # seconds
MOVED = (301, 302, 307, 308)
ONCE = urllib3.Retry(total=0, status_forcelist=MOVED, allowed_methods=None)  # fails where requests would redirect


class GitHub:
    """The App on GitHub. Safe to share between threads.

    Parameters
    ----------
    app : App
        Its id and private key.
    api_url : str
        `https://api.github.com`, or that of an Enterprise Server.
    timeout : int
        Seconds to wait for a connection, and for each part of an answer.
    limit_of : function, optional
        Returns, by an installation's id, what keeps its requests back while GitHub wants so.
    """

    def __init__(
        self, app: App, api_url: str, *, timeout: int = 10, limit_of: Callable[[int], Limit] | None = None
    ) -> None:
        auth = github.Auth.AppAuth(app.app_id, app.private_key)
        self._app = github.GithubIntegration(auth=auth, **_options(api_url, timeout))
        self._clients: dict[int, github.Github] = {}
        self._lock = threading.Lock()
        self._login = "", 0.0  # and until when that holds
        self._limit_of = limit_of

    def check(self) -> str:
        """Return the App's name as GitHub knows it; raise what stands in the way, in plain words."""
        with translated("reading the App"):
            return self._app.get_app().name

    def page(self) -> str:
        """Return the address of the App's page on GitHub."""
        with translated("reading the App"):
            return self._app.get_app().html_url

    def login(self) -> str:
        """Return the login under which our own acts show: `<slug>[bot]`. Asks now and then: Apps get new names."""
        login, until = self._login
        if time.monotonic() >= until:
            with translated("reading the App"):
                login = f"{self._app.get_app().slug}[bot]"
            self._login = login, time.monotonic() + LOGIN_HOLDS
        return login

    def installations(self) -> list[RemoteInstallation]:
        """Return the App's installations, the suspended ones too."""
        return [remote.installation(each) for page in pages(self._get, "/app/installations") for each in page]

    def quota(self, installation_id: int) -> Quota | None:
        """Return an installation's hourly limit, and what of it is used; None where there is none."""
        access = self._access(installation_id)
        access.get("/installation/repositories", {"per_page": 1})
        return access.quota

    def repositories(self, installation_id: int) -> Iterator[RemoteRepository]:
        """Yield the repositories that an installation covers."""
        for page in pages(self._access(installation_id).get, "/installation/repositories"):
            yield from map(remote.repository, page["repositories"])

    def deliveries(self, since: datetime) -> Iterator[RemoteDelivery]:
        """Yield GitHub's attempts to deliver something to us, newest first, back to `since`."""
        for page in pages(self._get, "/app/hook/deliveries"):
            for each in map(remote.delivery, page):
                if each.at < since:
                    return
                yield each

    def redeliver(self, delivery_id: int) -> None:
        """Ask for another attempt at a delivery; it comes under the same guid."""
        url = f"/app/hook/deliveries/{delivery_id}/attempts"
        with translated(f"asking for delivery {delivery_id} again"):
            self._app.requester.requestJsonAndCheck("POST", url)

    def repository(
        self, installation_id: int, full_name: str, *, before_write: BeforeWrite = None
    ) -> RepositoryGateway:
        """Return what can be done with one repository. Asks GitHub nothing; `before_write` comes before each write."""
        return Repository(self._access(installation_id), full_name, self.login, before_write)

    def _access(self, installation_id: int) -> Access:
        return Access(
            lambda: self._client(installation_id),
            forget=lambda: self._forget(installation_id),
            limit=self._limit_of(installation_id) if self._limit_of else None,
        )

    def _client(self, installation_id: int) -> github.Github:
        """Return PyGithub acting as an installation; it keeps its token until shortly before that expires."""
        with self._lock:
            if installation_id not in self._clients:
                self._clients[installation_id] = self._app.get_github_for_installation(installation_id)
            client = self._clients[installation_id]
        with translated(f"getting a token of installation {installation_id}"):
            assert client.requester.auth is not None
            _ = client.requester.auth.token  # now, so that a refusal is not taken for one of what follows
        return client

    def _forget(self, installation_id: int) -> None:
        """Drop an installation's token: GitHub does not take it any more."""
        with self._lock:
            self._clients.pop(installation_id, None)

    def _get(self, url: str, parameters: dict[str, Any]) -> Answer:
        with translated(reading(url)):
            return self._app.requester.requestJsonAndCheck("GET", url, parameters)


def public_repository(full_name: str, api_url: str, *, token: str = "", timeout: int = 10) -> RepositoryGateway:
    """Return a repository as everybody sees it, or the holder of `token`: for reading its history without an App."""
    auth = github.Auth.Token(token) if token else None
    client = github.Github(auth=auth, **_options(api_url, timeout))
    return Repository(Access(lambda: client), full_name, lambda: "")


def _options(api_url: str, timeout: int) -> dict[str, Any]:
    """Return how PyGithub is to work: lazily, once, without pauses of its own."""
    pauses = {"seconds_between_requests": 0, "seconds_between_writes": 0}
    return {"base_url": api_url, "timeout": timeout, "per_page": PAGE, "retry": ONCE, "lazy": True, **pauses}
