"""GitHub as the bot needs it: PyGithub behind a small surface, and the one place where its errors become ours.

Reading goes through PyGithub's requester instead of its objects: those fetch behind one's back whatever an answer lacks
(`pull_request` of every issue that is none), and its lists keep every page that was read. PyGithub retries nothing,
the inbox does; and it follows no redirect, since what it followed would be a read without its filters or, for an issue
that was transferred meanwhile, a write into another repository.
"""

import base64
import email.utils
import json
import logging
import threading
import urllib.parse
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import github
import jwt
import requests
import urllib3
from github.Repository import Repository

from bot import remote
from bot.errors import GitHubRefused, GitHubUnavailable
from bot.remote import (
    NewSuggestion,
    PastEvent,
    RemoteComment,
    RemoteDelivery,
    RemoteIssue,
    RemoteLabel,
    RemoteLabelEvent,
    RemoteRepository,
    RemoteSuggestion,
    RepositoryGateway,
)
from bot.settings import App

__all__ = [
    "GitHub",
    "RemoteComment",
    "RemoteIssue",
    "RemoteLabel",
    "RemoteLabelEvent",
    "RemoteRepository",
    "RepositoryGateway",
    "public_repository",
]

STATUS, LONGEST_STATUS = "issue-tagger/configuration", 140  # name, and characters, of a commit status
PAGE = 100  # the most that GitHub gives at once
ROLES = ("admin", "maintain", "write", "triage", "read", "none")
SLOW_DOWN = 60.0  # seconds; GitHub's rule where it names no time
MOVED = (301, 302, 307, 308)
ONCE = urllib3.Retry(total=0, status_forcelist=MOVED, allowed_methods=None)  # fails where requests would redirect

ADVICE: Mapping[int, str] = {
    401: "it does not know us; check APP_ID and PRIVATE_KEY",
    403: "the App may not; check its permissions (issues: read and write) and that the installation is not suspended",
    404: "it is not there, or the App is not installed there",
    410: "it was deleted, or issues are switched off",
}

logging.getLogger("github.Requester").setLevel(logging.WARNING)  # below, PyGithub writes tokens and issues' texts

Answer = tuple[dict[str, Any], Any]  # headers, their names in lower case; what the JSON says


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
    """

    def __init__(self, app: App, api_url: str, *, timeout: int = 10) -> None:
        auth = github.Auth.AppAuth(app.app_id, app.private_key)
        self._app = github.GithubIntegration(auth=auth, **_options(api_url, timeout))
        self._clients: dict[int, github.Github] = {}
        self._lock = threading.Lock()
        self._login = ""

    def check(self) -> str:
        """Return the App's name as GitHub knows it; raise what stands in the way, in plain words."""
        with _translated("reading the App"):
            return self._app.get_app().name

    def login(self) -> str:
        """Return the login under which our own acts show: `<slug>[bot]`. Asks GitHub once."""
        if not self._login:
            with _translated("reading the App"):
                self._login = f"{self._app.get_app().slug}[bot]"
        return self._login

    def installations(self) -> list[tuple[int, str]]:
        """Return (id, account) of the App's installations, the suspended ones left out."""
        pages = _pages(self._get, "/app/installations")
        found = [each for page in pages for each in page if not each.get("suspended_at")]
        return [(each["id"], (each.get("account") or {}).get("login") or "") for each in found]

    def repositories(self, installation_id: int) -> Iterator[RemoteRepository]:
        """Yield the repositories that an installation covers."""
        for page in _pages(self._access(installation_id).get, "/installation/repositories"):
            yield from (RemoteRepository(each["id"], each["full_name"]) for each in page["repositories"])

    def deliveries(self, since: datetime) -> Iterator[RemoteDelivery]:
        """Yield GitHub's attempts to deliver something to us, newest first, back to `since`."""
        for page in _pages(self._get, "/app/hook/deliveries"):
            for each in map(remote.delivery, page):
                if each.at < since:
                    return
                yield each

    def redeliver(self, delivery_id: int) -> None:
        """Ask for another attempt at a delivery; it comes under the same guid."""
        url = f"/app/hook/deliveries/{delivery_id}/attempts"
        with _translated(f"asking for delivery {delivery_id} again"):
            self._app.requester.requestJsonAndCheck("POST", url)

    def repository(self, installation_id: int, full_name: str) -> RepositoryGateway:
        """Return what can be done with one repository. Asks GitHub nothing."""
        return _Repository(self._access(installation_id), full_name, self.login)

    def _access(self, installation_id: int) -> "_Access":
        return _Access(lambda: self._client(installation_id), lambda: self._forget(installation_id))

    def _client(self, installation_id: int) -> github.Github:
        """Return PyGithub acting as an installation; it keeps its token until shortly before that expires."""
        with self._lock:
            if installation_id not in self._clients:
                self._clients[installation_id] = self._app.get_github_for_installation(installation_id)
            client = self._clients[installation_id]
        with _translated(f"getting a token of installation {installation_id}"):
            assert client.requester.auth is not None
            _ = client.requester.auth.token  # now, so that a refusal is not taken for one of what follows
        return client

    def _forget(self, installation_id: int) -> None:
        """Drop an installation's token: GitHub does not take it any more."""
        with self._lock:
            self._clients.pop(installation_id, None)

    def _get(self, url: str, parameters: dict[str, Any]) -> Answer:
        with _translated(_reading(url)):
            return self._app.requester.requestJsonAndCheck("GET", url, parameters)


def public_repository(full_name: str, api_url: str, *, token: str = "", timeout: int = 10) -> RepositoryGateway:
    """Return a repository as everybody sees it, or the holder of `token`: for reading its history without an App."""
    auth = github.Auth.Token(token) if token else None
    client = github.Github(auth=auth, **_options(api_url, timeout))
    return _Repository(_Access(lambda: client), full_name, lambda: "")


def _options(api_url: str, timeout: int) -> dict[str, Any]:
    """Return how PyGithub is to work: lazily, once, without pauses of its own."""
    pauses = {"seconds_between_requests": 0, "seconds_between_writes": 0}
    return {"base_url": api_url, "timeout": timeout, "per_page": PAGE, "retry": ONCE, "lazy": True, **pauses}


class _Access:
    """Requests with a client's token; `forget` is called when GitHub does not take that token any more."""

    def __init__(self, client: Callable[[], github.Github], forget: Callable[[], None] | None = None) -> None:
        self._client = client
        self._forget = forget

    @contextmanager
    def open(self, doing: str) -> Iterator[github.Github]:
        """Lend the client, and translate what goes wrong."""
        client = self._client()
        try:
            with _translated(doing):
                yield client
        except GitHubRefused as refused:
            if refused.status != 401 or self._forget is None:
                raise
            self._forget()
            raise GitHubUnavailable(f"{doing}: GitHub did not take our token; the next try gets a new one") from refused

    def get(self, url: str, parameters: dict[str, Any]) -> Answer:
        """Read one page."""
        with self.open(_reading(url)) as client:
            return client.requester.requestJsonAndCheck("GET", url, parameters)


class _Repository:
    """One repository on GitHub; see RepositoryGateway."""

    def __init__(self, access: _Access, full_name: str, login: Callable[[], str]) -> None:
        self._access = access
        self._name = full_name
        self._login = login

    def labels(self) -> list[RemoteLabel]:
        """Return the labels that the repository has."""
        pages = self._pages("labels")
        return [RemoteLabel(each["id"], each["name"], each["description"] or "") for page in pages for each in page]

    def file(self, path: str) -> bytes | None:
        """Return a file of the default branch; None where there is none, or no repository that we may read."""
        try:
            _, found = self._access.get(f"/repos/{self._name}/contents/{path}", {})
        except GitHubRefused as refused:
            if refused.status != 404:
                raise
            return None
        return base64.b64decode(found["content"]) if isinstance(found, dict) and found.get("type") == "file" else None

    def set_status(self, sha: str, state: str, description: str) -> None:
        """Say on a commit whether the configuration in it can be used: `success`, or `failure` and why."""
        about = {"state": state, "description": description[:LONGEST_STATUS], "context": STATUS}
        with self._access.open(f"setting the status of commit {sha} of {self._name}") as client:
            client.requester.requestJsonAndCheck("POST", f"/repos/{self._name}/statuses/{sha}", input=about)

    def issue(self, number: int) -> RemoteIssue | None:
        """Return an issue as it is now; None if it is gone. One request."""
        with self._open(f"reading issue {number}") as repository:
            try:
                return remote.issue(repository.get_issue(number).raw_data)
            except github.GithubException as error:
                if error.status not in {404, 410}:
                    raise
            except requests.exceptions.RetryError:
                repository.complete()  # fails in the same way if it is the repository that has moved
        return None

    def label_events(self, number: int) -> list[RemoteLabelEvent]:
        """Return who put labels on an issue or took them off, in time order."""
        events = [each for page in self._pages(f"issues/{number}/events") for each in page]
        found = [remote.label_event(each) for each in events if each["event"] in {"labeled", "unlabeled"}]
        return sorted(found, key=lambda event: (event.at, event.id))

    def add_labels(self, number: int, names: Sequence[str]) -> None:
        """Put labels on an issue, beside those that it has."""
        with self._open(f"labelling issue {number}") as repository:
            repository.get_issue(number).add_to_labels(*names)

    def suggestions(self, number: int) -> list[RemoteSuggestion] | None:
        """Return the labels suggested for an issue; None where the repository has not that feature of GitHub's."""
        try:
            pages = list(self._pages(f"issues/{number}/suggestions", state="all", action="add_label"))
        except GitHubRefused as refused:
            if refused.status != 404:
                raise
            return None
        return [remote.suggestion(each) for page in pages for each in page]

    def suggest_labels(self, number: int, suggested: Sequence[NewSuggestion]) -> None:
        """Suggest labels in GitHub's own interface; only where :meth:`suggestions` says that there is one."""
        rows = [{"name": each.label, "suggest": True} | _reasons(each) for each in suggested]
        with self._access.open(f"suggesting labels for issue {number} of {self._name}") as client:
            url = f"/repos/{self._name}/issues/{number}/labels"
            client.requester.requestJsonAndCheck("POST", url, input={"labels": rows})

    def remove_label(self, number: int, name: str) -> None:
        """Take a label off an issue; nothing happens where it is not on it."""
        try:
            with self._open(f"taking a label off issue {number}") as repository:
                repository.get_issue(number).remove_from_labels(name)
        except GitHubRefused as refused:
            if refused.status != 404:
                raise

    def marked_comment(self, number: int, marker: str) -> RemoteComment | None:
        """Return our own first comment on an issue that contains `marker`, None if there is none."""
        ourselves = self._login()
        comments = (each for page in self._pages(f"issues/{number}/comments") for each in page)
        ours = (each for each in comments if (each["user"] or {}).get("login") == ourselves)
        marked = (RemoteComment(each["id"], each["body"]) for each in ours if marker in (each["body"] or ""))
        return next(marked, None)

    def create_comment(self, number: int, body: str) -> RemoteComment:
        """Comment on an issue."""
        with self._open(f"commenting on issue {number}") as repository:
            comment = repository.get_issue(number).create_comment(body)
        return RemoteComment(comment.id, comment.body)

    def edit_comment(self, number: int, comment_id: int, body: str) -> None:
        """Replace the text of a comment of ours."""
        with self._open(f"editing comment {comment_id} on issue {number}") as repository:
            repository.get_issue(number).get_comment(comment_id).edit(body)

    def delete_comment(self, number: int, comment_id: int) -> None:
        """Delete a comment of ours; nothing happens where it is gone."""
        try:
            with self._open(f"deleting comment {comment_id} on issue {number}") as repository:
                repository.get_issue(number).get_comment(comment_id).delete()
        except GitHubRefused as refused:
            if refused.status != 404:
                raise

    def react(self, comment_id: int, content: str) -> None:
        """React to a comment: `+1`, `confused` …"""
        with self._access.open(f"reacting to comment {comment_id} of {self._name}") as client:
            url = f"/repos/{self._name}/issues/comments/{comment_id}/reactions"
            client.requester.requestJsonAndCheck("POST", url, input={"content": content})

    def role(self, login: str) -> str:
        """Return somebody's role in the repository: `admin`, `maintain`, `write`, `triage`, `read` or `none`."""
        quoted = urllib.parse.quote(login, safe="")
        try:
            _, found = self._access.get(f"/repos/{self._name}/collaborators/{quoted}/permission", {})
        except GitHubRefused as refused:
            if refused.status != 404:
                raise
            return "none"
        named = found.get("role_name")  # an organisation's own role has a name of its own, and one of these below it
        return str(named if named in ROLES else found.get("permission") or "none")

    def past_events(self, place: str) -> Iterator[tuple[list[PastEvent], str]]:
        """Yield page after page of who labelled which issue, newest first, each with the place of the next one."""
        for page, following in self._places("issues/events", place):
            acts = (each for each in page if each["event"] in {"labeled", "unlabeled"} and each.get("issue"))
            yield [remote.past_event(each) for each in acts if "pull_request" not in each["issue"]], following

    def past_issues(self, place: str) -> Iterator[tuple[list[RemoteIssue], str]]:
        """Yield page after page of all issues, oldest first, each with the place of the next one."""
        wanted = {"state": "all", "sort": "created", "direction": "asc"}
        for page, following in self._places("issues", place, **wanted):
            yield [remote.issue(each) for each in page if "pull_request" not in each], following

    def issues_since(self, since: datetime | None) -> Iterator[RemoteIssue]:
        """Yield the issues that changed at `since` or later, open and closed, oldest first, as pages arrive.

        In the order of creation, not of change: an issue that changes during the walk would go from its place to the
        end, and the first one of the next page would move up into a page already read, and be missed.
        """
        wanted = {"state": "all", "sort": "created", "direction": "asc"}
        if since is not None:
            wanted["since"] = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        for page in self._pages("issues", **wanted):
            yield from (remote.issue(each) for each in page if "pull_request" not in each)

    @contextmanager
    def _open(self, doing: str) -> Iterator[Repository]:
        with self._access.open(f"{doing} of {self._name}") as client:
            yield client.get_repo(self._name)

    def _places(self, path: str, place: str, **parameters: str) -> Iterator[tuple[Any, str]]:
        wanted = {} if place else {"per_page": PAGE, **parameters}
        return _pages_and_places(self._access.get, place or f"/repos/{self._name}/{path}", wanted)

    def _pages(self, path: str, **parameters: str) -> Iterator[Any]:
        return _pages(self._access.get, f"/repos/{self._name}/{path}", **parameters)


def _reasons(suggested: NewSuggestion) -> dict[str, str]:
    return {"rationale": suggested.rationale, "confidence": suggested.confidence}


def _pages(get: Callable[[str, dict[str, Any]], Answer], url: str, **parameters: str) -> Iterator[Any]:
    """Yield page after page; each is fetched when it is asked for."""
    for page, _ in _pages_and_places(get, url, {"per_page": PAGE, **parameters}):
        yield page


def _pages_and_places(
    get: Callable[[str, dict[str, Any]], Answer], url: str, wanted: dict[str, Any]
) -> Iterator[tuple[Any, str]]:
    """Yield each page with the address of the next one, empty after the last, following `Link: rel="next"`."""
    following = url
    while following:
        headers, page = get(following, wanted)
        links = requests.utils.parse_header_links(headers.get("link", ""))
        following, wanted = next((link["url"] for link in links if link.get("rel") == "next"), ""), {}
        yield page, following


# --- from PyGithub's errors


@contextmanager
def _translated(doing: str) -> Iterator[None]:
    """Turn what PyGithub and what is below it raise into GitHubUnavailable or GitHubRefused."""
    try:
        yield
    except github.GithubException as error:
        raise _from_answer(doing, error) from error
    except requests.exceptions.RetryError as error:
        raise GitHubUnavailable(f"{doing}: it has moved; its new name has to be told before we go on") from error
    except requests.RequestException as error:
        raise GitHubUnavailable(f"{doing}: no answer from GitHub ({type(error).__name__})") from error
    except json.JSONDecodeError as error:
        raise GitHubUnavailable(f"{doing}: GitHub's answer is not JSON") from error
    except jwt.InvalidKeyError as error:
        raise GitHubRefused(f"{doing}: PRIVATE_KEY is not the App's key in PEM format", status=401) from error


def _from_answer(doing: str, error: github.GithubException) -> GitHubUnavailable | GitHubRefused:
    headers = error.headers or {}
    said = f"{doing}: GitHub answered {error.status} ({error.message or 'and did not say why'})"
    if error.status >= 500:
        return GitHubUnavailable(said, retry_after=_seconds(headers.get("retry-after")))
    limited = "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0"
    if error.status == 429 or (error.status == 403 and limited) or isinstance(error, github.RateLimitExceededException):
        return GitHubUnavailable(said, retry_after=_pause(headers))
    return GitHubRefused(f"{said}; {ADVICE[error.status]}" if error.status in ADVICE else said, status=error.status)


def _pause(headers: Mapping[str, str]) -> float:
    """Return how many seconds GitHub wants us to wait; its own clock tells when now is."""
    asked = _seconds(headers.get("retry-after"))
    reset, date = _seconds(headers.get("x-ratelimit-reset")), headers.get("date")
    if asked is None and reset is not None and date and headers.get("x-ratelimit-remaining") == "0":
        asked = max(1.0, reset - email.utils.parsedate_to_datetime(date).timestamp())
    return SLOW_DOWN if asked is None else asked


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isdigit() else None


def _reading(url: str) -> str:
    return f"reading {urllib.parse.urlsplit(url).path}"
