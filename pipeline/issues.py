"""Issues as the pipeline sees them, their text, and the targets that a method learns from."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

UNKNOWN = -1

Targets = NDArray[np.int8]  # (issues, labels): 1, 0 or UNKNOWN
Probabilities = NDArray[np.float32]  # (issues, labels), every column an independent probability


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One issue: its text, and what people said about its labels.

    Parameters
    ----------
    labels : tuple of str
        Labels that a person put on, or confirmed.
    removed : tuple of str
        Labels that a person took off: known not to apply.
    unconfirmed : tuple of str
        Labels on the issue that nobody vouched for (put on by a bot or a template): they teach nothing.
    created_at : datetime, optional
        Time zone aware. None where the export has no dates.
    """

    number: int
    title: str
    body: str = ""
    labels: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unconfirmed: tuple[str, ...] = ()
    created_at: datetime | None = None
    repository: str = ""

    @property
    def text(self) -> str:
        """Return title and body as one text, as an encoder reads it."""
        return f"{self.title}\n\n{self.body}"


def encodable(text: str) -> str:
    """Return the text as UTF-8 can hold it: half an emoji, which JSON can bring, becomes a question mark."""
    return text.encode(errors="replace").decode()


def by_age(issues: Sequence[Issue]) -> list[int]:
    """Return the rows of the issues, oldest first; in the order given where not all have a date."""
    dated = [(issue.created_at, issue.number, row) for row, issue in enumerate(issues) if issue.created_at is not None]
    return [row for _, _, row in sorted(dated)] if len(dated) == len(issues) else list(range(len(issues)))


def spread_evenly(issues: Sequence[Issue], most: int) -> list[Issue]:
    """Return at most so many of the issues, evenly spread over them."""
    return [issues[int(at)] for at in np.linspace(0, len(issues) - 1, min(most, len(issues)))]


def without_labels(issues: Iterable[Issue]) -> list[Issue]:
    """Return the issues as they are before anybody has labelled them."""
    return [replace(issue, labels=(), removed=(), unconfirmed=()) for issue in issues]


def build_targets(issues: Sequence[Issue], labels: Sequence[str]) -> Targets:
    """Return what is known of each label for each issue, (issues, labels): 1, 0 or UNKNOWN.

    An issue that people labelled has 0 for those of `labels` it lacks: for all of them if it has other labels only, for
    whoever labelled it found none of these fitting (docs/adr/0004). One without any label is unknown throughout, except
    for labels that a person removed, which are 0. Unconfirmed labels are unknown.
    """
    column = {name: index for index, name in enumerate(labels)}
    targets = np.full((len(issues), len(labels)), UNKNOWN, dtype=np.int8)
    for row, issue in enumerate(issues):
        positive = [column[name] for name in issue.labels if name in column]
        if issue.labels:
            targets[row] = 0
        targets[row, [column[name] for name in issue.removed if name in column]] = 0
        targets[row, [column[name] for name in issue.unconfirmed if name in column]] = UNKNOWN
        targets[row, positive] = 1
    return targets


def apart(issues: Sequence[Issue], labels: Sequence[str]) -> tuple[list[Issue], list[Issue]]:
    """Return the issues of which something is known, see :func:`build_targets`, and the others without their labels."""
    known = (build_targets(issues, labels) != UNKNOWN).any(axis=1).tolist()
    others = [issue for issue, is_known in zip(issues, known, strict=True) if not is_known]
    return [issue for issue, is_known in zip(issues, known, strict=True) if is_known], without_labels(others)


def label_counts(issues: Iterable[Issue]) -> Counter[str]:
    """Count the issues that people put each label on."""
    return Counter(label for issue in issues for label in set(issue.labels))


def usual_labels(issues: Iterable[Issue], *, least: int = 5) -> tuple[str, ...]:
    """Return the labels that at least `least` issues have, most frequent first."""
    ranked = sorted(label_counts(issues).items(), key=lambda item: (-item[1], item[0]))
    return tuple(name for name, count in ranked if count >= least)


def fingerprint(issues: Iterable[Issue], labels: Sequence[str]) -> str:
    """Return the SHA-256, in hexadecimal, of all that a method may learn from: two runs on the same data agree."""
    digest = hashlib.sha256(json.dumps(list(labels)).encode())
    for issue in issues:
        row = [issue.number, issue.title, issue.body, issue.labels, issue.removed, issue.unconfirmed]
        digest.update(json.dumps(row).encode())
    return digest.hexdigest()


_COMMENT = re.compile(r"<!--.*?(-->|\Z)", re.DOTALL)
_CODE = re.compile(r"^(```|~~~)[^\n]*\n(.*?)(^\1[^\n]*$|\Z)", re.DOTALL | re.MULTILINE)
_CHECKBOX = re.compile(r"^[ \t]{0,40}[-*] \[[ xX]\].*$", re.MULTILINE)
_IMAGE = re.compile(r"!\[[^\]\n]{0,200}\]\([^)\n]{0,500}\)|<img[^>]{0,500}>")  # bounded: strangers write bodies
_LINK = re.compile(r"https?://(?:www\.)?([^\s/?#()\[\]<>\"'`]*)\S*")
_NO_RESPONSE = re.compile(r"^_No response_\s*$", re.MULTILINE)
_LINES_OF_CODE = 8
_LINES_OF_LOG = (3, 5)  # first and last ones kept: what began, and the error that ended it
_TRACEBACK = "Traceback (most recent call last)"
_LOG_LINE = re.compile(
    r"[ \t]{0,40}(?:Traceback \(|File [\"/]|at [\w$.<>/]{1,200} ?\(|-{2,}>|#\d+ "
    r"|\d{4}-\d\d-\d\d[T ]|\[?\d\d:\d\d:\d\d|\[?(?:TRACE|DEBUG|INFO|WARN|WARNING|ERROR|FATAL)\b)"
)


def clean_body(text: str, *, hosts: bool = False) -> str:
    """Return what a person wrote: no HTML comments, checkboxes, images or addresses; code and logs cut to 8 lines.

    Parameters
    ----------
    hosts : bool
        Keep the host of each address: `https://www.example.org/page` becomes `example.org`.
    """
    text = without_comments(text)
    for pattern in (_CHECKBOX, _IMAGE, _NO_RESPONSE):
        text = pattern.sub(" ", text)
    text = _shorten_logs(_CODE.sub(_shorten_code, text))
    return " ".join(_LINK.sub(r" \1 " if hosts else " ", text).split())


def without_comments(text: str) -> str:
    """Return the text without HTML comments, closed or not."""
    return _COMMENT.sub(" ", text)


def _shorten_code(block: re.Match[str]) -> str:
    lines = block[2].splitlines()
    kept = _ends(lines) if _TRACEBACK in block[2] else lines[:_LINES_OF_CODE]
    return "\n".join(kept) + "\n"


def _shorten_logs(text: str) -> str:
    """Return the text with every long run of log lines, or of a traceback's, cut to its first and last ones."""
    kept: list[str] = []
    run: list[str] = []
    for line in text.splitlines():
        indented = bool(run) and line[:2] in ("  ", "\t")
        if indented or _LOG_LINE.match(line):
            run.append(line)
        else:
            kept += [*_ends(run), line]
            run = []
    return "\n".join(kept + _ends(run))


def _ends(lines: list[str]) -> list[str]:
    first, last = _LINES_OF_LOG
    return lines if len(lines) <= first + last else lines[:first] + lines[-last:]
