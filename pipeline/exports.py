"""Read issues from a file: JSON Lines or a JSON array, gzipped or not, as the REST API or `gh` give them."""

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.errors import IssueFileError
from pipeline.issues import Issue, by_age, encodable

HOW = "expected issues as GitHub's REST API gives them or as printed by: gh issue list --json " + (
    "number,title,body,labels,createdAt"
)


def read_issues(path: Path) -> list[Issue]:
    """Return the issues of a file in order of creation, or in the file's order if not all have a date.

    Pull requests are skipped; of an issue that is there twice, the last version counts.

    Raises
    ------
    IssueFileError
        If the file, a line or a field cannot be used: which, why, and what was expected.
    """
    found: dict[tuple[str, int], Issue] = {}
    for where, row in _rows(path, _text(path)):
        if not isinstance(row, dict):
            raise IssueFileError(f"{where}: not a JSON object; {HOW}")
        if not row.get("pull_request"):
            issue = _issue(where, row)
            found[issue.repository, issue.number] = issue
    if not found:
        raise IssueFileError(f"{path}: there is no issue in it; {HOW}")
    issues = list(found.values())
    return [issues[row] for row in by_age(issues)]


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
        if raw[:2] == b"\x1f\x8b":
            raw = gzip.decompress(raw)
        return raw.decode().removeprefix("\ufeff")
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise IssueFileError(f"{path}: the gzip archive is damaged: {error}") from error
    except OSError as error:
        raise IssueFileError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise IssueFileError(f"{path}: not UTF-8 text: byte {error.start} is {raw[error.start]:#04x}") from error


def _rows(path: Path, text: str) -> Iterator[tuple[str, Any]]:
    """Yield each row with where it stands: a file that begins with a bracket is one array, others are JSON Lines."""
    if text.lstrip().startswith("["):
        for index, row in enumerate(_parse(str(path), text), start=1):
            yield f"{path}, element {index}", row
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield f"{path}, line {number}", _parse(f"{path}, line {number}", line)


def _parse(where: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise IssueFileError(f"{where}: not JSON: {error}; {HOW}") from error


def _issue(where: str, row: Mapping[str, Any]) -> Issue:
    number, title, body = row.get("number"), row.get("title"), row.get("body")
    if not isinstance(number, int) or isinstance(number, bool) or abs(number) >= 2**63:
        raise IssueFileError(f"{where}: 'number' is {number!r}, not a whole number; {HOW}")
    if not isinstance(title, str):
        raise IssueFileError(f"{where}: 'title' is {title!r}, not text; {HOW}")
    if not isinstance(body, str | None):
        raise IssueFileError(f"{where}: 'body' is of type {type(body).__name__}, not text or null; {HOW}")
    return Issue(
        number=number,
        title=title,
        body=body or "",
        labels=tuple(dict.fromkeys(_labels(where, row.get("labels")))),
        created_at=_date(where, row.get("created_at", row.get("createdAt"))),
        repository=_repository(row),
    )


def _labels(where: str, labels: object) -> Iterable[str]:
    if labels is None:
        return
    if not isinstance(labels, list):
        raise IssueFileError(f"{where}: 'labels' is not a list; {HOW}")
    for label in labels:
        name = label.get("name") if isinstance(label, dict) else label
        if not isinstance(name, str):
            raise IssueFileError(f"{where}: the label {label!r} has no name; {HOW}")
        yield encodable(name)


def _date(where: str, text: object) -> datetime | None:
    if text is None or text == "":
        return None
    try:
        at = datetime.fromisoformat(str(text))
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise IssueFileError(f"{where}: {text!r} is not a date such as 2026-01-31T12:00:00Z") from error


def _repository(row: Mapping[str, Any]) -> str:
    """Return owner/name, from whichever field tells: `repository`, or one of the addresses."""
    named = row.get("repository")
    if isinstance(named, dict):
        named = named.get("full_name") or named.get("nameWithOwner")
    if isinstance(named, str) and named:
        return named
    address = str(row.get("html_url") or row.get("repository_url") or row.get("url") or "")
    parts = address.removesuffix(f"/issues/{row.get('number')}").rstrip("/").split("/")
    return "/".join(parts[-2:]) if len(parts) > 3 else ""
