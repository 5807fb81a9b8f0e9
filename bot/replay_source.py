"""Where a replay's issues come from: a file, or a repository on GitHub. Read once, put in time order, checked."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.errors import GitHubRefused, GitHubUnavailable, SourceError
from bot.github import GitHub, public_repository
from bot.remote import RemoteIssue, RepositoryGateway
from bot.settings import Settings
from pipeline.exports import read_issues
from pipeline.issues import Issue

FILE_LIKE = (".json", ".jsonl", ".ndjson", ".gz", ".txt")
NAME = re.compile(r"[\w.-]+/[\w.-]+")
FIRST = datetime(2001, 1, 1, tzinfo=UTC)  # of the moments made up for issues without dates
STEP = timedelta(hours=1)

Count = Callable[[int], None]


@dataclass(frozen=True)
class Source:
    """A repository's issues in the order in which they are lived through; each has a moment.

    `repository` is the file's name where the file does not tell whose issues they are.
    `dated` is False where the moments are made up: the file's order, an hour apart.
    """

    repository: str
    issues: Sequence[Issue]
    dated: bool
    descriptions: Mapping[str, str] = field(default_factory=dict)  # of labels, where known


def load(text: str, settings: Settings, *, read: Count = lambda count: None) -> Source:
    """Read a file, or if there is none of that name, `owner/name` on GitHub; `read` is told the issues read so far.

    Raises
    ------
    SourceError, IssueFileError
        If there is no such file or repository, it cannot be read, or it is not the history of one repository.
    """
    path = Path(text)
    if path.exists():
        return _from_file(path)
    if path.suffix.lower() in FILE_LIKE or not NAME.fullmatch(text):
        raise SourceError(f"{text}: there is no such file, and it is not the owner/name of a repository on GitHub")
    try:
        return _from_github(_gateway(text, settings), text, read)
    except GitHubRefused as error:
        raise SourceError(
            f"{text}: neither a file nor a repository that can be read: {error}{_hint(settings)}"
        ) from error
    except GitHubUnavailable as error:
        raise SourceError(f"{text}: GitHub cannot be read now: {error}{_hint(settings)}") from error


def _hint(settings: Settings) -> str:
    if settings.app or settings.github_token:
        return ""
    return "; set GITHUB_TOKEN to read a private repository, or more than 60 pages an hour"


# --- a file


def _from_file(path: Path) -> Source:
    issues = read_issues(path)
    names = sorted({issue.repository for issue in issues if issue.repository}, key=str.lower)
    if len({name.lower() for name in names}) > 1:
        raise SourceError(
            f"{path}: issues of {len(names)} repositories ({', '.join(names[:3])}, …); give one at a time"
        )
    if len({issue.number for issue in issues}) < len(issues):
        raise SourceError(f"{path}: an issue is there twice, once with the name of its repository and once without")
    return _source(names[0] if names else path.name, issues, {})


def _source(name: str, issues: Sequence[Issue], descriptions: Mapping[str, str]) -> Source:
    """Give the issues a moment each, strictly one after the other where they have none."""
    if all(issue.created_at is not None for issue in issues):
        return Source(name, issues, True, descriptions)
    made_up = [replace(issue, created_at=FIRST + place * STEP) for place, issue in enumerate(issues)]
    return Source(name, made_up, False, descriptions)


# --- GitHub


def _gateway(full_name: str, settings: Settings) -> RepositoryGateway:
    """Return the repository through the App where it is installed there, else as the token's holder or anybody."""
    if settings.app is not None:
        github = GitHub(settings.app, settings.api_url)
        for installation in github.installations():
            if installation.suspended or installation.account.lower() != full_name.split("/")[0].lower():
                continue
            if any(each.full_name.lower() == full_name.lower() for each in github.repositories(installation.id)):
                return github.repository(installation.id, full_name)
    return public_repository(full_name, settings.api_url, token=settings.github_token)


def _from_github(gateway: RepositoryGateway, full_name: str, read: Count) -> Source:
    descriptions = {label.name: label.description for label in gateway.labels()}
    issues = [_issue(each, full_name) for each in _counted(gateway.issues_since(None), read)]
    if not issues:
        raise SourceError(f"{full_name}: the repository has no issues")
    issues.sort(key=lambda issue: (issue.created_at or FIRST, issue.number))
    return _source(full_name, issues, descriptions)


def _counted(issues: Iterable[RemoteIssue], read: Count) -> Iterable[RemoteIssue]:
    for count, issue in enumerate(issues, start=1):
        read(count)
        yield issue


def _issue(remote: RemoteIssue, full_name: str) -> Issue:
    return Issue(
        number=remote.number,
        title=remote.title,
        body=remote.body,
        labels=tuple(dict.fromkeys(remote.labels)),
        created_at=remote.created_at,
        repository=full_name,
    )
