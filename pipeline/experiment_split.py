"""What the methods of an experiment are trained on, and what they are tested on: apart, whatever is said twice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipeline.duplicates import Duplicate, duplicate_groups
from pipeline.errors import TooFewIssuesError
from pipeline.issues import Issue, Targets, apart, build_targets, fingerprint
from pipeline.splits import stratified_split, temporal_split

TEST_SHARE, MOST_TEST = 0.2, 500
SPLIT_SEED = 0  # of the hold-out where there are no dates: the same one whatever the seeds of the runs


@dataclass(frozen=True)
class Split:
    """The labelled issues of the training period, its other issues, and the test issues.

    An issue that people labelled, but with none of the labels, is a labelled one: it teaches that none of them fits.

    No issue of the training period says the same as one of the test, or as another one there; what did is `removed`.
    """

    labels: tuple[str, ...]
    labelled: Sequence[Issue]
    others: Sequence[Issue]  # of which nothing is known
    test: Sequence[Issue]
    dated: bool  # the test issues are the newest; otherwise drawn at random, every label in proportion
    removed: Sequence[Duplicate] = ()

    @cached_property
    def targets(self) -> Targets:
        """Return the truth of the labelled issues, (labelled, labels)."""
        return build_targets(self.labelled, self.labels)

    @cached_property
    def test_y(self) -> Targets:
        """Return the truth of the test issues, (test, labels); an issue with none of the labels has 0 for each."""
        return build_targets(self.test, self.labels).clip(min=0)

    @cached_property
    def fingerprint(self) -> str:
        """Return what tells this split from any other."""
        parts = (self.labelled, self.others, self.test)
        return fingerprint([], [*self.labels, *(fingerprint(part, self.labels) for part in parts)])


def split(issues: Sequence[Issue], labels: Sequence[str], *, test: int | None = None) -> Split:
    """Hold the newest issues out, `test` of them: by default 500 or a fifth, whichever is less.

    Where an issue has no date, the test issues are drawn at random, with every label in proportion.
    """
    size = min(round(len(issues) * TEST_SHARE), MOST_TEST) if test is None else test
    if not 0 < size < len(issues):
        raise TooFewIssuesError(f"{size} of {len(issues)} issues cannot be held out for the test")
    groups = duplicate_groups(issues)
    dated = all(issue.created_at is not None for issue in issues)
    earlier, later = temporal_split(issues, size) if dated else _random_split(issues, labels, size, groups)
    kept, removed = _apart(earlier, later, dict(zip(issues, groups.tolist(), strict=True)))
    labelled, others = apart(kept, labels)
    if not set(labels) & {name for each in labelled for name in each.labels}:
        raise TooFewIssuesError("no issue before the test issues has one of the labels")
    return Split(tuple(labels), labelled, others, later, dated, removed)


def _random_split(
    issues: Sequence[Issue], labels: Sequence[str], size: int, groups: NDArray[np.int64]
) -> tuple[list[Issue], list[Issue]]:
    targets, share = build_targets(issues, labels), size / len(issues)
    earlier, later = (
        [issues[row] for row in rows] for rows in stratified_split(targets, share=share, seed=SPLIT_SEED, groups=groups)
    )
    return earlier, later


def _apart(
    earlier: Sequence[Issue], later: Sequence[Issue], group: Mapping[Issue, int]
) -> tuple[list[Issue], list[Duplicate]]:
    """Return the earlier issues that say what no test issue, and none before them, says; and the others."""
    said = {group[issue]: issue for issue in later}
    kept, removed = [], []
    for issue in earlier:
        if (like := said.setdefault(group[issue], issue)) is issue:
            kept.append(issue)
        else:
            removed.append(Duplicate(issue, like))
    return kept, removed
