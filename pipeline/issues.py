"""Issues as the pipeline sees them, and the targets that a method learns from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

UNKNOWN = -1


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


def build_targets(issues: Sequence[Issue], labels: Sequence[str]) -> NDArray[np.int8]:
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
