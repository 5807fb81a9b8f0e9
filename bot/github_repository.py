"""One repository on GitHub, through PyGithub: what :class:`bot.remote.RepositoryGateway` promises."""

import base64
import urllib.parse
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import github
import requests
from github.Repository import Repository as PyGithubRepository

from bot import remote
from bot.errors import GitHubMissing, GitHubRefused
from bot.github_access import PAGE, Access, pages, pages_and_places
from bot.remote import (
    LONGEST_STATUS,
    BeforeWrite,
    NewSuggestion,
    PastEvent,
    Quota,
    RemoteComment,
    RemoteIssue,
    RemoteLabel,
    RemoteLabelEvent,
    RemoteSuggestion,
)
from bot.safe_yaml import FileError, Problem

STATUS = "issue-tagger/configuration"  # name of a commit status
OLDEST_FIRST = {"state": "all", "sort": "created", "direction": "asc"}  # of issues, closed ones too
ROLES = ("admin", "maintain", "write", "triage", "read", "none")


class Repository:
    """One repository on GitHub; see RepositoryGateway."""

    def __init__(
        self, access: Access, full_name: str, login: Callable[[], str], before_write: BeforeWrite = None
    ) -> None:
        self._access = access
        self._name = full_name
        self._login = login
        self._before_write = before_write

    def labels(self) -> list[RemoteLabel]:
        """Return the labels that the repository has."""
        pages = self._pages("labels")
        return [RemoteLabel(each["id"], each["name"], each["description"] or "") for page in pages for each in page]

    def file(self, path: str) -> bytes | None:
        """Return a file of the default branch; None where there is none, or no repository that we may read.

        Raises
        ------
        FileError
            If it is larger than the megabyte of which GitHub gives the content here.
        """
        found: Any = None
        with suppress(GitHubMissing):
            _, found = self._access.get(f"/repos/{self._name}/contents/{path}", {})
        if not isinstance(found, dict) or found.get("type") != "file":
            return None
        if found["encoding"] != "base64":
            raise FileError([Problem(1, f"the file has {found['size']:,} bytes, too many for GitHub to show")])
        return base64.b64decode(found["content"])

    def folder(self, path: str) -> dict[str, str]:
        """Return the files of a folder of the default branch, each with a hash of what it says."""
        found: Any = None
        with suppress(GitHubMissing):
            _, found = self._access.get(f"/repos/{self._name}/contents/{path}", {})
        files = [each for each in found if each["type"] == "file"] if isinstance(found, list) else []
        return {each["path"]: each["sha"] for each in files}

    def set_status(self, sha: str, state: str, description: str) -> None:
        """Say on a commit whether the configuration in it can be used: `success`, or `failure` and why."""
        about = {"state": state, "description": description[:LONGEST_STATUS], "context": STATUS}
        self._post(f"setting the status of commit {sha}", f"statuses/{sha}", about)

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
        with self._write(f"labelling issue {number}") as repository:
            repository.get_issue(number).add_to_labels(*names)

    def suggestions(self, number: int) -> list[RemoteSuggestion] | None:
        """Return the labels suggested for an issue; None where the repository has not that feature of GitHub's."""
        with suppress(GitHubMissing):
            pages = self._pages(f"issues/{number}/suggestions", state="all", action="add_label")
            return [remote.suggestion(each) for page in pages for each in page]
        return None

    def suggest_labels(self, number: int, suggested: Sequence[NewSuggestion]) -> None:
        """Suggest labels in GitHub's own interface; only where :meth:`suggestions` says that there is one."""
        rows = [
            {"name": each.label, "suggest": True, "rationale": each.rationale, "confidence": each.confidence}
            for each in suggested
        ]
        self._post(f"suggesting labels for issue {number}", f"issues/{number}/labels", {"labels": rows})

    def dismiss_suggestion(self, number: int, suggestion_id: int) -> None:
        """Take back a label that is suggested in GitHub's own interface; nothing happens where it is answered."""
        try:
            self._post(f"dismissing suggestion {suggestion_id}", f"issues/{number}/suggestions/{suggestion_id}/dismiss")
        except GitHubRefused as refused:
            if refused.status not in {404, 422}:
                raise

    def remove_label(self, number: int, name: str) -> None:
        """Take a label off an issue; nothing happens where it is not on it."""
        with suppress(GitHubMissing), self._write(f"taking a label off issue {number}") as repository:
            repository.get_issue(number).remove_from_labels(name)

    def marked_comment(self, number: int, marker: str) -> RemoteComment | None:
        """Return our own first comment on an issue that contains `marker`, None if there is none."""
        ourselves = self._login()
        comments = (each for page in self._pages(f"issues/{number}/comments") for each in page)
        ours = (each for each in comments if (each["user"] or {}).get("login") == ourselves)
        marked = (RemoteComment(each["id"], each["body"]) for each in ours if marker in (each["body"] or ""))
        return next(marked, None)

    def create_comment(self, number: int, body: str) -> RemoteComment:
        """Comment on an issue."""
        with self._write(f"commenting on issue {number}") as repository:
            comment = repository.get_issue(number).create_comment(body)
        return RemoteComment(comment.id, comment.body)

    def edit_comment(self, number: int, comment_id: int, body: str) -> None:
        """Replace the text of a comment of ours."""
        with self._write(f"editing comment {comment_id} on issue {number}") as repository:
            repository.get_issue(number).get_comment(comment_id).edit(body)

    def delete_comment(self, number: int, comment_id: int) -> None:
        """Delete a comment of ours; nothing happens where it is gone."""
        with suppress(GitHubMissing), self._write(f"deleting comment {comment_id} on issue {number}") as repository:
            repository.get_issue(number).get_comment(comment_id).delete()

    def react(self, comment_id: int, content: str) -> None:
        """React to a comment: `+1`, `confused` …; nothing happens where it, or its issue, is gone."""
        about = {"content": content}
        try:
            self._post(f"reacting to comment {comment_id}", f"issues/comments/{comment_id}/reactions", about)
        except GitHubRefused as refused:
            if refused.status not in {404, 410}:
                raise

    def role(self, login: str) -> str:
        """Return somebody's role in the repository: `admin`, `maintain`, `write`, `triage`, `read` or `none`."""
        quoted = urllib.parse.quote(login, safe="")
        found: dict[str, Any] = {}
        with suppress(GitHubMissing):
            _, found = self._access.get(f"/repos/{self._name}/collaborators/{quoted}/permission", {})
        named = found.get("role_name")  # an organisation's own role has a name of its own, and one of these below it
        return str(named if named in ROLES else found.get("permission") or "none")

    def quota(self) -> Quota | None:
        """Return GitHub's hourly limit as the last page that was read had it; None where it sets none."""
        return self._access.quota

    def past_events(self, place: str) -> Iterator[tuple[list[PastEvent], str]]:
        """Yield page after page of who labelled which issue, newest first, each with the place of the next one."""
        for page, following in self._places("issues/events", place):
            acts = (each for each in page if each["event"] in {"labeled", "unlabeled"} and each.get("issue"))
            yield [remote.past_event(each) for each in acts if "pull_request" not in each["issue"]], following

    def past_issues(self, place: str) -> Iterator[tuple[list[RemoteIssue], str]]:
        """Yield page after page of all issues, oldest first, each with the place of the next one."""
        for page, following in self._places("issues", place, **OLDEST_FIRST):
            yield _issues(page), following

    def issues_since(self, since: datetime | None) -> Iterator[RemoteIssue]:
        """Yield the issues that changed at `since` or later, open and closed, oldest first, as pages arrive.

        In the order of creation, not of change: an issue that changes during the walk would go from its place to the
        end, and the first one of the next page would move up into a page already read, and be missed.
        """
        wanted = OLDEST_FIRST
        if since is not None:
            wanted = {**wanted, "since": since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
        for page in self._pages("issues", **wanted):
            yield from _issues(page)

    @contextmanager
    def _open(self, doing: str) -> Iterator[PyGithubRepository]:
        with self._access.open(f"{doing} of {self._name}") as client:
            yield client.get_repo(self._name)

    @contextmanager
    def _write(self, doing: str) -> Iterator[PyGithubRepository]:
        """Lend the repository for one request that changes something, with all that may take long done before."""
        with self._open(doing) as repository:
            if self._before_write is not None:
                self._before_write()
            yield repository

    def _post(self, doing: str, path: str, about: dict[str, Any] | None = None) -> None:
        with self._write(doing) as repository:
            repository.requester.requestJsonAndCheck("POST", f"/repos/{self._name}/{path}", input=about)

    def _places(self, path: str, place: str, **parameters: str) -> Iterator[tuple[Any, str]]:
        wanted = {} if place else {"per_page": PAGE, **parameters}
        return pages_and_places(self._access.get, place or f"/repos/{self._name}/{path}", wanted)

    def _pages(self, path: str, **parameters: str) -> Iterator[Any]:
        return pages(self._access.get, f"/repos/{self._name}/{path}", **parameters)


def _issues(page: Sequence[Any]) -> list[RemoteIssue]:
    return [remote.issue(each) for each in page if "pull_request" not in each]
