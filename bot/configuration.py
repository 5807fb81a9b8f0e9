"""Use case: a repository's own configuration is read from GitHub; the last good one stays in force.

It is read with every pull, and when a push changes it; the commit that brought a mistake is told so by its status.
"""

import logging
from collections.abc import Mapping
from typing import Any

from bot import in_force, storage
from bot.context import Context
from bot.errors import GitHubRefused
from bot.models import Repository
from bot.remote import LONGEST_STATUS, RepositoryGateway
from bot.repo_config import OLD_PATH, PATH, configured
from bot.safe_yaml import FileError

log = logging.getLogger(__name__)

SHARED = ".github"  # the owner's repository whose configuration all others fall back to


def refresh(context: Context, repo: Repository) -> list[str]:
    """Read the configuration; return what is wrong with it, which changes nothing of what is in force."""
    try:
        values = _found(context, repo)
    except GitHubRefused as refused:
        if refused.status != 403:
            raise
        values = {"config_problems": [f"{PATH} cannot be read: the App lacks the permission to read contents"]}
    with context.database.write() as session:
        row = session.get_one(Repository, repo.id)
        for name, value in values.items():
            setattr(row, name, value)
    problems: list[str] = values["config_problems"] or []
    if problems:
        log.warning("configuration cannot be used", extra={"repository": repo.id, "problems": len(problems)})
    return problems


def shared(context: Context, repo: Repository) -> RepositoryGateway:
    """Return the owner's repository for what its others have in common; it need not be there."""
    return context.github.repository(repo.installation_id, f"{repo.full_name.split('/')[0]}/{SHARED}")


def _found(context: Context, repo: Repository) -> dict[str, Any]:
    """Return what is to be kept of the file that counts: its own, the owner's, or one of Issue-Label-Bot."""
    shared = f"{repo.full_name.split('/')[0]}/{SHARED}"
    for place, path in ((repo.full_name, PATH), (shared, PATH), (repo.full_name, OLD_PATH)):
        try:
            content = context.github.repository(repo.installation_id, place).file(path)
            if content is None:
                continue
            configured(f"{place}/{path}", content)
        except FileError as error:
            return {"config_problems": [f"{place}/{path}, {problem}" for problem in error.problems]}
        text = content.decode("utf-8-sig")
        return {"config": text, "config_path": f"{place}/{path}", "config_problems": None}
    return {"config": None, "config_path": None, "config_problems": None}


def on_push(context: Context, repo: Repository, payload: Mapping[str, Any]) -> None:
    """Read the configuration anew if a push to the default branch may have changed it."""
    if not touched(payload) & {PATH, OLD_PATH}:
        return
    problems = refresh(context, repo)
    _tell(context, repo, str(payload.get("after") or ""), problems)
    if repo.full_name.endswith(f"/{SHARED}"):
        with context.database.read() as session:
            others = [each for each in storage.repositories(session) if each.installation_id == repo.installation_id]
        for other in others:
            if other.id != repo.id:
                refresh(context, other)


def touched(payload: Mapping[str, Any]) -> set[str]:
    """Return the files that a push to the default branch changed; none for a push to another one."""
    branch = (payload.get("repository") or {}).get("default_branch")
    if payload.get("ref") != f"refs/heads/{branch}":
        return set()
    commits = [each for each in payload.get("commits") or () if isinstance(each, dict)]
    return {file for each in commits for kind in ("added", "modified", "removed") for file in each.get(kind) or ()}


def _tell(context: Context, repo: Repository, sha: str, problems: list[str]) -> None:
    """Set the commit's status; without the permission to, the dashboard alone tells."""
    said = _mistakes(repo, problems) if problems else _unfit(context, repo)
    try:
        context.gateway(repo).set_status(sha, "failure" if problems else "success", said)
    except GitHubRefused as refused:
        log.warning("status of a commit not set", extra={"repository": repo.id, "reason": refused.reason})


def _mistakes(repo: Repository, problems: list[str]) -> str:
    """Return the first problem, without the path that the commit changed, and how many more there are."""
    more = f" … and {len(problems) - 1} more, on the dashboard" if len(problems) > 1 else ""
    return problems[0].removeprefix(f"{repo.full_name}/{PATH}, ")[: LONGEST_STATUS - len(more)] + more


def _unfit(context: Context, repo: Repository) -> str:
    with context.database.read() as session:
        unfit = in_force.fits_nothing(session.get_one(Repository, repo.id), storage.labels(session, repo.id))
    return f"in force, but no label is called {', '.join(unfit)}" if unfit else "in force"
