"""Use case: what a repository does with labels by itself is read from its files.

Labels that issue forms and templates name are put on in the author's name; labels that workflows wait for start
something. The folders are listed once a day and after a push to them, the files read when one has changed. As on
GitHub, the templates of the owner's `.github` repository count where a repository has none.
"""

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from bot import configuration, safe_yaml
from bot.context import Context
from bot.errors import GitHubRefused
from bot.models import Delivery, Repository
from bot.remote import RepositoryGateway
from bot.safe_yaml import FileError

log = logging.getLogger(__name__)

TEMPLATES, WORKFLOWS = ".github/ISSUE_TEMPLATE", ".github/workflows"
FORMS, MARKDOWN = (".yml", ".yaml"), ".md"
MOST_FILES, MOST_BYTES = 50, 512 * 1024  # in all; reading a megabyte of YAML takes ten seconds
MOST_CHARACTERS = 64 * 1024  # of one file
EVERY = timedelta(days=1)
_FRONT = re.compile(r"\A---\r?\n(.*?)^---\s*$", re.DOTALL | re.MULTILINE)
_IS = re.compile(r"label\.name\s*==\s*'([^']+)'|'([^']+)'\s*==\s*github\.event\.label\.name")
_PART = re.compile(r"(startsWith|endsWith|contains)\(\s*github\.event\.label\.name\s*,\s*'([^']+)'")
_PATTERN = {"startsWith": "{}*", "endsWith": "*{}", "contains": "*{}*"}
_AMONG = re.compile(r"contains\(\s*(?:github\.event\.)?[\w.]*labels\.\*\.name\s*,\s*'([^']+)'")
_LISTED = re.compile(r"fromJSON\(\s*'(\[[^']*\])'\s*\)\s*,\s*github\.event\.label\.name", re.IGNORECASE)


def on_push(context: Context, delivery: Delivery, repo: Repository, payload: Mapping[str, Any]) -> None:
    """Read anew what a push to the default branch may have changed: the configuration, templates, workflows."""
    configuration.on_push(context, repo, payload)
    if any(file.startswith((f"{TEMPLATES}/", f"{WORKFLOWS}/")) for file in configuration.touched(payload)):
        _read(context, repo)


def refresh(context: Context, repo: Repository) -> None:
    """Read what templates and workflows say of labels, if that was not done within the last `EVERY`."""
    if repo.automations is None or context.now() - datetime.fromisoformat(repo.automations["at"]) >= EVERY:
        _read(context, repo)


def _read(context: Context, repo: Repository) -> None:
    own, others = context.gateway(repo), configuration.shared(context, repo)
    try:
        templates, workflows = own.folder(TEMPLATES), own.folder(WORKFLOWS)
        source = own if templates else others
        seen = dict(sorted({**(templates or others.folder(TEMPLATES)), **workflows}.items())[:MOST_FILES])
        said: dict[str, Any] = repo.automations or {}
        if said.get("seen") != seen:
            contents = _contents({path: own if path in workflows else source for path in seen})
            said = {"seen": seen, "templates": _templates(contents), "triggers": _triggers(contents)}
    except GitHubRefused as refused:
        if refused.status != 403:
            raise
        return  # without the permission to read contents, which the configuration tells of
    with context.database.write() as session:
        row = session.get_one(Repository, repo.id)
        row.automations = repo.automations = {**said, "at": context.now().isoformat()}


def _contents(places: Mapping[str, RepositoryGateway]) -> dict[str, bytes]:
    """Return by path what files say, until that is too much."""
    found: dict[str, bytes] = {}
    left = MOST_BYTES
    for path, gateway in places.items():
        content = b""
        with suppress(FileError):
            content = gateway.file(path) or b""
        left -= len(content)
        if left < 0:
            log.warning("templates and workflows are too long to be read", extra={"read": len(found)})
            break
        found[path] = content
    return found


def _templates(contents: Mapping[str, bytes]) -> list[str]:
    """Return, in lower case, the labels that issue forms and templates name."""
    found: set[str] = set()
    for path, content in contents.items():
        if path.startswith(f"{TEMPLATES}/"):
            found |= {name.strip().lower() for name in _names(path, content)}
    return sorted(found - {""})


def _names(path: str, content: bytes) -> list[str]:
    text = content.decode(errors="replace")
    if path.endswith(MARKDOWN):
        front = _FRONT.match(text)
        text = front[1] if front else ""
    elif not path.endswith(FORMS):
        return []
    said = _yaml(text)
    labels = said.get("labels") if isinstance(said, dict) else None
    return labels.split(",") if isinstance(labels, str) else [each for each in labels or () if isinstance(each, str)]


def _triggers(contents: Mapping[str, bytes]) -> list[str]:
    """Return the labels, `*` standing for any text, that workflows which run on labelled issues name in conditions."""
    found: set[str] = set()
    for path, content in contents.items():
        said = _yaml(content.decode(errors="replace")) if path.startswith(f"{WORKFLOWS}/") else None
        if isinstance(said, dict) and _runs_on_labels(said.get("on")):
            found |= {name for condition in _conditions(said) for name in _named(condition)}
    return sorted(found)


def _runs_on_labels(on: Any) -> bool:
    if isinstance(on, dict) and "issues" in on:
        types = on["issues"].get("types") if isinstance(on["issues"], dict) else None
        return not types or "labeled" in types
    return on == "issues" or (isinstance(on, list) and "issues" in on)


def _conditions(node: Any) -> Iterator[str]:
    """Yield the conditions of a workflow's jobs and steps."""
    for key, value in node.items() if isinstance(node, dict) else ():
        if key == "if" and isinstance(value, str):
            yield value
        yield from _conditions(value)
    for value in node if isinstance(node, list) else ():
        yield from _conditions(value)


def _named(condition: str) -> Iterator[str]:
    for one, other in _IS.findall(condition):
        yield one or other
    yield from _AMONG.findall(condition)
    yield from (_PATTERN[function].format(part) for function, part in _PART.findall(condition))
    for listed in _LISTED.findall(condition):
        yield from re.findall(r'"([^"]+)"', listed)


def _yaml(text: str) -> Any:
    """Return what YAML says, None where it says nothing or is not to be read."""
    try:
        return safe_yaml.texts(text) if len(text) <= MOST_CHARACTERS else None
    except FileError:
        return None
