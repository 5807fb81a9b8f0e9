"""Issues as the pipeline sees them, their text, and the targets that a method learns from."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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


def build_targets(issues: Sequence[Issue], labels: Sequence[str]) -> Targets:
    """Return what is known of each label for each issue, (issues, labels): 1, 0 or UNKNOWN.

    An issue with at least one of `labels` has 0 for those it lacks; one with none is unknown throughout,
    except for labels that a person removed, which are 0. Unconfirmed labels are unknown.
    """
    column = {name: index for index, name in enumerate(labels)}
    targets = np.full((len(issues), len(labels)), UNKNOWN, dtype=np.int8)
    for row, issue in enumerate(issues):
        positive = [column[name] for name in issue.labels if name in column]
        if positive:
            targets[row] = 0
        targets[row, [column[name] for name in issue.removed if name in column]] = 0
        targets[row, [column[name] for name in issue.unconfirmed if name in column]] = UNKNOWN
        targets[row, positive] = 1
    return targets


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
_LINK = re.compile(r"https?://\S+")
_NO_RESPONSE = re.compile(r"^_No response_\s*$", re.MULTILINE)
_LINES_OF_CODE = 8


def clean_body(text: str) -> str:
    """Return what a person wrote: no HTML comments, checkboxes, images or addresses, code blocks cut to 8 lines."""
    for pattern in (_COMMENT, _CHECKBOX, _IMAGE, _NO_RESPONSE):
        text = pattern.sub(" ", text)
    text = _CODE.sub(lambda match: "\n".join(match[2].splitlines()[:_LINES_OF_CODE]) + "\n", text)
    return " ".join(_LINK.sub(" ", text).split())
