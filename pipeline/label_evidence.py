"""What the evidence says of labels: which cannot be learnt, and which never stand together. Pure.

Arrays are (issues, labels): `y` is 1, 0 or UNKNOWN, and a prediction is a probability, or NaN where there is none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import false_discovery_control, mannwhitneyu

from pipeline.issues import UNKNOWN, Probabilities, Targets

LEAST_EXAMPLES = 5
LEVEL = 0.05


@dataclass(frozen=True)
class LabelEvidence:
    """Whether a label can be learnt, and why not.

    Parameters
    ----------
    examples : int
        Issues known to have the label.
    method : str
        The one that tells the label best; empty where none was tried.
    auc : float or None
        Probability that it ranks an issue with the label above one without.
    p_value : float or None
        Of an AUC that high by chance, corrected for the number of methods and of labels.
    reason : str
        Why the label is left out; empty where it is learnt.
    """

    name: str
    examples: int
    method: str = ""
    auc: float | None = None
    p_value: float | None = None
    reason: str = ""


def weigh_labels(
    labels: Sequence[str], y: Targets, predictions: Mapping[str, Probabilities], *, least: int = LEAST_EXAMPLES
) -> list[LabelEvidence]:
    """Return what the evidence says of each label: left out with too few examples, or where no method beats chance.

    Parameters
    ----------
    predictions : mapping of str to array
        Held-out probabilities by method, each (issues, labels). Without any, only examples are counted.

    References
    ----------
    Mann & Whitney (1947), doi:10.1214/aoms/1177730491, one-sided, for each label and method; times the number of
    methods (Bonferroni); Benjamini & Hochberg (1995), doi:10.1111/j.2517-6161.1995.tb02031.x, over the labels, so that
    at most 5 % of the labels that are learnt are expected to be no better than chance.
    """
    examples = (y == 1).sum(axis=0).tolist()
    tested = [
        column for column, count in enumerate(examples) if predictions and count >= least and (y[:, column] == 0).any()
    ]
    best = {column: _best(y[:, column], {name: p[:, column] for name, p in predictions.items()}) for column in tested}
    corrected = false_discovery_control([best[column][2] for column in tested]).tolist() if tested else []
    p_values = dict(zip(tested, corrected, strict=True))
    judged = []
    for column, name in enumerate(labels):
        method, auc, _ = best.get(column, ("", None, None))
        judged.append(_judge(LabelEvidence(name, examples[column], method, auc, p_values.get(column)), least))
    return judged


def left_out(evidence: Sequence[LabelEvidence]) -> dict[str, str]:
    """Return the labels that are not learnt, each with the reason."""
    return {label.name: label.reason for label in evidence if label.reason}


def too_rare(counts: Mapping[str, int], *, least: int = LEAST_EXAMPLES) -> dict[str, str]:
    """Return the labels with too few examples to be learnt, each with the reason, given how many issues have each."""
    return {name: _too_few(count, least) for name, count in sorted(counts.items()) if count < least}


def _too_few(count: int, least: int) -> str:
    return f"{count} issue{'' if count == 1 else 's'} {'has' if count == 1 else 'have'} it; {least} or more are needed"


def _judge(label: LabelEvidence, least: int) -> LabelEvidence:
    reason = ""
    if label.examples < least:
        reason = _too_few(label.examples, least)
    elif label.p_value is not None and label.p_value > LEVEL:
        reason = (
            f"no method beats chance on its {label.examples} issues: the best, {label.method}, ranks one of them above "
            f"another issue {label.auc:.0%} of the time, where guessing does 50% (p = {label.p_value:.2g})"
        )
    return replace(label, reason=reason)


def _best(y: NDArray[np.int8], predictions: Mapping[str, NDArray[np.float32]]) -> tuple[str, float, float]:
    """Return the method with the least p-value, its AUC, and that p-value times the number of methods."""
    found = {name: _rank_test(y, p) for name, p in predictions.items()}
    name = min(found, key=lambda each: found[each][1])
    auc, p_value = found[name]
    return name, auc, min(p_value * len(found), 1.0)


def _rank_test(y: NDArray[np.int8], p: NDArray[np.float32]) -> tuple[float, float]:
    """Return the AUC, and the p-value of one that high by chance; (0.5, 1) where there is nothing to compare."""
    known = (y != UNKNOWN) & ~np.isnan(p)
    with_label, without = p[known & (y == 1)], p[known & (y == 0)]
    if not len(with_label) or not len(without) or np.ptp(p[known]) == 0:
        return 0.5, 1.0
    test = mannwhitneyu(with_label, without, alternative="greater", method="asymptotic")
    return float(test.statistic) / (len(with_label) * len(without)), float(test.pvalue)


@dataclass(frozen=True)
class ExclusiveGroup:
    """Labels of which an issue has one at most.

    Parameters
    ----------
    columns : tuple of int
        Where they are in the targets.
    expected : float
        Issues that would have two of them, were the labels independent; none has. The least over the pairs.
    """

    names: tuple[str, ...]
    columns: tuple[int, ...]
    expected: float


def exclusive_groups(targets: Targets, labels: Sequence[str]) -> list[ExclusiveGroup]:
    """Return groups of labels that never stand together, where that is no chance; a label is in one group at most.

    Two labels exclude each other if no issue has both, and independent ones would leave none with both (Poisson) less
    often than 5 % over the number of pairs. Groups are cliques of such pairs, begun with the most frequent labels.
    """
    expected, together = _pairs(targets)
    pairs = len(labels) * (len(labels) - 1) / 2
    exclusive = (together == 0) & (expected > np.log(max(pairs, 1) / LEVEL))  # (labels, labels)
    groups: list[list[int]] = []
    for column in np.argsort(-(targets == 1).sum(axis=0), kind="stable").tolist():
        fitting = [group for group in groups if exclusive[column, group].all()]
        fitting[0].append(column) if fitting else groups.append([column])
    return [_group(sorted(group), labels, expected) for group in groups if len(group) > 1]


def one_of_each_group(probabilities: Probabilities, groups: Sequence[ExclusiveGroup]) -> Probabilities:
    """Return the probabilities, (issues, labels), with NaN for all but the greatest of each group.

    What is NaN is never decided for, nor evidence for a threshold; so at most one label of a group is.
    """
    alone = probabilities.copy()
    for group in groups:
        columns = np.array(group.columns)
        inside = probabilities[:, columns]  # (issues, labels of the group)
        other = np.arange(len(columns)) != inside.argmax(axis=1)[:, None] if len(inside) else inside > 1
        alone[:, columns] = np.where(other, np.float32(np.nan), inside)
    return alone


def _pairs(targets: Targets) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how many issues would have both labels were they independent, and how many have; (labels, labels).

    Only issues of which both labels are known count.
    """
    has, known = (targets == 1).astype(np.float64), (targets != UNKNOWN).astype(np.float64)
    both_known = known.T @ known
    alone = has.T @ known  # [a, b]: issues with label a of which b is known
    return alone * alone.T / both_known.clip(min=1), has.T @ has


def _group(columns: Sequence[int], labels: Sequence[str], expected: NDArray[np.float64]) -> ExclusiveGroup:
    least = min(float(expected[one, other]) for one in columns for other in columns if one != other)
    return ExclusiveGroup(tuple(labels[column] for column in columns), tuple(columns), least)
