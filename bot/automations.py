"""Use case: what a repository does with labels by itself is read from its files.

Labels that issue forms and templates name are put on in the author's name; labels that workflows wait for start
something, and of a workflow that cannot be understood, every label that it names may. The folders are listed once a day
and after a push to them, the files read when one has changed. As on GitHub, the templates of the owner's `.github`
repository count where a repository has none.
"""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from bot import configuration, safe_yaml, storage
from bot.context import Context
from bot.errors import GitHubRefused
from bot.models import Delivery, Repository
from bot.remote import RepositoryGateway
from bot.safe_yaml import FileError

log = logging.getLogger(__name__)

TEMPLATES, WORKFLOWS = ".github/ISSUE_TEMPLATE", ".github/workflows"
FORMS, MARKDOWN = (".yml", ".yaml"), ".md"
MOST_FILES, MOST_BYTES = 200, 4 * 1024 * 1024  # in all
MOST_PARSED = 512 * 1024  # characters in all; reading a megabyte of YAML takes ten seconds
UNCLEAR = object()
WAY = 3  # of reading what files say; counts up when they are to be read anew
EVERY = timedelta(days=1)
_FRONT = re.compile(r"\A---\r?\n(.*?)^---\s*$", re.DOTALL | re.MULTILINE)
_TEXT, _LABEL = r"'([^']*)'", r"[\w.]*label\.name"
_IS, _PART, _AMONG, _LISTED = (
    re.compile(each, re.IGNORECASE)  # as GitHub reads conditions
    for each in (
        rf"label\.name[\s)]*==[\s(]*{_TEXT}|{_TEXT}[\s)]*==[\s(]*{_LABEL}",
        rf"(startsWith|endsWith|contains)\(\s*{_LABEL}\s*,\s*{_TEXT}",
        rf"contains\(\s*[\w.]*labels\.\*\.name\s*,\s*{_TEXT}",
        rf"fromJSON\(\s*{_TEXT}\s*\)\s*,\s*{_LABEL}",
    )
)
_PATTERN = {"startswith": "{}*", "endswith": "*{}", "contains": "*{}*"}
_BY_INDEX = re.compile(r"\[\s*'(\w+)'\s*\]")  # label['name'] is label.name
_OF_LABELS = re.compile(r"\.labels?\b", re.IGNORECASE)
_QUOTE = "\0"  # stands for '', which within text is one quotation mark


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
    with context.database.read() as session:
        names = [label.name for label in storage.labels(session, repo.id)]
    try:
        templates = own.folder(TEMPLATES)
        workflows = {path: sha for path, sha in own.folder(WORKFLOWS).items() if path.endswith(FORMS)}
        source = own if templates else others
        seen = dict(sorted({**(templates or others.folder(TEMPLATES)), **workflows}.items()))
        said: dict[str, Any] = repo.automations or {}
        if (said.get("seen"), said.get("way")) != (seen, WAY) or said["labels"] not in (None, names):
            contents = _contents({path: own if path in workflows else source for path in seen})
            said = {"seen": seen, "way": WAY, **_said(contents, workflows, names)}
    except GitHubRefused as refused:
        if refused.status != 403:
            raise
        return  # without the permission to read contents, which the configuration tells of
    with context.database.write() as session:
        row = session.get_one(Repository, repo.id)
        row.automations = repo.automations = {**said, "at": context.now().isoformat()}


def _contents(places: Mapping[str, RepositoryGateway]) -> dict[str, str]:
    """Return by path what files say, until that is too much; a file that GitHub does not show is not among them."""
    found: dict[str, str] = {}
    left = MOST_BYTES
    for path, gateway in islice(places.items(), MOST_FILES):
        with suppress(FileError):
            content = gateway.file(path) or b""
            left -= len(content)
            if left < 0:
                break
            found[path] = content.decode(errors="replace")
    if len(found) < len(places):
        log.warning("templates and workflows are too long to be read", extra={"read": len(found)})
    return found


def _said(contents: Mapping[str, str], workflows: Mapping[str, str], names: Sequence[str]) -> dict[str, Any]:
    """Return the labels that templates name, in lower case, and those that may start a workflow, `*` for any text.

    `labels` are the repository's, `names`, if the result depends on them, or else None.
    """
    templates: set[str] = set()
    triggers: set[str] = set() if workflows.keys() <= contents.keys() else {"*"}
    unclear, left = False, MOST_PARSED
    for path, text in contents.items():
        left -= len(text)
        said = _yaml(_front(path, text)) if left >= 0 else UNCLEAR
        if path not in workflows:
            templates |= {name.strip().lower() for name in _labels_of(said)}
        elif said is not UNCLEAR:
            triggers |= set(_triggers(said))
        elif "issues" in text:
            unclear = True
            triggers |= {name for name in names if _appears(name, text)} | set(_named(text))
    return {"templates": sorted(templates - {""}), "triggers": sorted(triggers), "labels": names if unclear else None}


def _front(path: str, text: str) -> str:
    """Return what of a file is YAML."""
    if path.endswith(FORMS):
        return text
    front = _FRONT.match(text) if path.endswith(MARKDOWN) else None
    return front[1] if front else ""


def _labels_of(template: Any) -> list[str]:
    labels = template.get("labels") if isinstance(template, dict) else None
    return labels.split(",") if isinstance(labels, str) else [each for each in labels or () if isinstance(each, str)]


def _appears(name: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE) is not None


def _triggers(workflow: Any) -> Iterator[str]:
    """Yield the labels that the conditions of a workflow name, if it runs on labelled issues."""
    if isinstance(workflow, dict) and _runs_on_labels(workflow.get("on")):
        for condition in _conditions(workflow, set()):
            yield from _asked(condition)


def _runs_on_labels(on: Any) -> bool:
    if isinstance(on, dict) and "issues" in on:
        types = on["issues"].get("types") if isinstance(on["issues"], dict) else None
        return not types or "labeled" in types
    return on == "issues" or (isinstance(on, list) and "issues" in on)


def _conditions(node: Any, seen: set[int]) -> Iterator[str]:
    """Yield the conditions of a workflow's jobs and steps, each part once, wherever aliases put it again."""
    if id(node) in seen:
        return
    seen.add(id(node))
    for key, value in node.items() if isinstance(node, dict) else ():
        if key == "if" and isinstance(value, str):
            yield value
        yield from _conditions(value, seen)
    for value in node if isinstance(node, list) else ():
        yield from _conditions(value, seen)


def _asked(condition: str) -> Iterator[str]:
    """Yield the labels that a condition names; where it asks for labels in a way not known here, all text in it."""
    yield from _named(condition)
    rest = _plain(condition)
    for way in (_IS, _AMONG, _PART, _LISTED):
        rest = way.sub("", rest)
    for text in re.findall(_TEXT, rest) if _OF_LABELS.search(rest) else ():
        yield from (each.replace(_QUOTE, "'") for each in {text, *re.split(r"[\s,;|]+", text)} - {""})


def _named(condition: str) -> Iterator[str]:
    text = _plain(condition)
    found = ["".join(each) for each in _IS.findall(text)] + _AMONG.findall(text)
    found += [_PATTERN[function.lower()].format(part) for function, part in _PART.findall(text)]
    found += [name for listed in _LISTED.findall(text) for name in re.findall(r'"([^"]+)"', listed)]
    yield from (name.replace(_QUOTE, "'") for name in found if name)


def _plain(condition: str) -> str:
    return _BY_INDEX.sub(r".\1", condition).replace("''", _QUOTE)


def _yaml(text: str) -> Any:
    """Return what YAML says, UNCLEAR where it is not to be read."""
    try:
        return safe_yaml.texts(text)
    except FileError:
        return UNCLEAR
