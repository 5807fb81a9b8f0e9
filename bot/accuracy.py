"""How right the bot's decisions were: pure counting, shared by the dashboard and the replay.

Precision alone can be bought by deciding almost nothing, so a tally always carries coverage beside it. A label that
nobody has said anything about is neither right nor wrong: it is counted apart, as unanswered.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise

from bot.models import Truth

APPLY, SUGGEST = "apply", "suggest"
Z = 1.959964  # two-sided 95 %
WINDOWS = 16  # most points of a course over time
LEAST = 20  # issues a point stands for, at least


class Verdict(StrEnum):
    """What people say of one decided label."""

    RIGHT = "right"
    WRONG = "wrong"
    UNANSWERED = "unanswered"


@dataclass(frozen=True)
class Judged:
    """One issue's prediction, with what is known of the issue's labels by now."""

    number: int
    at: datetime
    decisions: Mapping[str, str]  # label -> apply, suggest, withhold
    truths: Mapping[str, Truth]
    could_apply: bool = True  # False where the repository's mode of that time let nothing be put on


@dataclass(frozen=True)
class Tally:
    """Counts for one kind of decision; shares are None where there is nothing to divide by."""

    issues: int = 0
    chosen: int = 0  # issues with at least one label decided this way
    right: int = 0
    wrong: int = 0
    unanswered: int = 0
    support: int = 0  # labels that people put on these issues, of those that were predicted

    @property
    def labels(self) -> int:
        """Labels decided this way."""
        return self.answered + self.unanswered

    @property
    def answered(self) -> int:
        """Labels decided this way that people have confirmed or contradicted."""
        return self.right + self.wrong

    @property
    def precision(self) -> float | None:
        """Right labels over answered ones."""
        return _share(self.right, self.answered)

    @property
    def precision_interval(self) -> tuple[float, float] | None:
        """95 % interval of the precision."""
        return wilson(self.right, self.answered)

    @property
    def coverage(self) -> float | None:
        """Issues with at least one label decided this way, over all issues."""
        return _share(self.chosen, self.issues)

    @property
    def coverage_interval(self) -> tuple[float, float] | None:
        """95 % interval of the coverage."""
        return wilson(self.chosen, self.issues)

    @property
    def recall(self) -> float | None:
        """Right labels over all labels that people put on: the share of their decisions that was saved."""
        return _share(self.right, self.support)


@dataclass(frozen=True)
class Summary:
    """The tally of a kind of decision, over all labels and for each of them."""

    overall: Tally
    labels: Mapping[str, Tally]


@dataclass(frozen=True)
class Window:
    """A run of consecutive issues; `after` counts the issues up to its end, `until` is when its last was predicted."""

    after: int
    until: datetime
    tally: Tally


def verdict(label: str, truths: Mapping[str, Truth]) -> Verdict:
    """Judge a decided label by what is known of its issue's labels.

    Somebody who put another label on has looked, and did not find this one fitting; the bot's own labels, not
    confirmed by anybody, say nothing.
    """
    known = truths.get(label)
    if known == Truth.POSITIVE:
        return Verdict.RIGHT
    if known == Truth.NEGATIVE or (known is None and Truth.POSITIVE in truths.values()):
        return Verdict.WRONG
    return Verdict.UNANSWERED


def summarise(predictions: Iterable[Judged], decision: str = APPLY) -> Summary:
    """Count how the labels with that `decision` fared; one prediction an issue.

    Issues on which nothing could be put on count for the precision, but not for the coverage of what is applied.
    """
    issues = chosen = 0
    seen: Counter[str] = Counter()
    support: Counter[str] = Counter()
    verdicts: Counter[tuple[str, Verdict]] = Counter()
    for prediction in predictions:
        picked = [label for label, made in prediction.decisions.items() if made == decision]
        covered = prediction.could_apply or decision != APPLY
        issues += covered
        chosen += covered and bool(picked)
        seen.update(prediction.decisions.keys())
        support.update(label for label in prediction.decisions if prediction.truths.get(label) == Truth.POSITIVE)
        verdicts.update((label, verdict(label, prediction.truths)) for label in picked)
    labels = {label: _label_tally(label, seen[label], support[label], verdicts) for label in sorted(seen)}
    return Summary(_total(labels.values(), issues, chosen), labels)


def over_time(predictions: Sequence[Judged], decision: str = APPLY) -> list[Window]:
    """Cut predictions, oldest first, into at most `WINDOWS` runs of at least `LEAST` issues and tally each.

    Empty while there are fewer than `LEAST` issues.
    """
    count = min(WINDOWS, len(predictions) // LEAST)
    edges = [len(predictions) * index // count for index in range(count + 1)] if count else []
    return [
        Window(end, predictions[end - 1].at, summarise(predictions[start:end], decision).overall)
        for start, end in pairwise(edges)
    ]


def wilson(hits: int, total: int) -> tuple[float, float] | None:
    """Return the 95 % score interval of a share; None without evidence.

    References
    ----------
    Wilson (1927), doi:10.1080/01621459.1927.10502953.
    """
    if not total:
        return None
    share, weight = hits / total, Z * Z / total
    centre = (share + weight / 2) / (1 + weight)
    half = Z * math.sqrt(share * (1 - share) / total + weight / (4 * total)) / (1 + weight)
    return max(0.0, centre - half), min(1.0, centre + half)


def _label_tally(label: str, issues: int, support: int, verdicts: Mapping[tuple[str, Verdict], int]) -> Tally:
    right, wrong, unanswered = (verdicts.get((label, kind), 0) for kind in Verdict)
    return Tally(issues, right + wrong + unanswered, right=right, wrong=wrong, unanswered=unanswered, support=support)


def _total(tallies: Iterable[Tally], issues: int, chosen: int) -> Tally:
    columns = [(tally.right, tally.wrong, tally.unanswered, tally.support) for tally in tallies]
    right, wrong, unanswered, support = (sum(column) for column in zip(*columns, strict=True)) if columns else (0,) * 4
    return Tally(issues, chosen, right=right, wrong=wrong, unanswered=unanswered, support=support)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
