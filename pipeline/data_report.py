"""What the data are like, as JSON takes it and as text: to be read before any method is."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from pipeline.issues import Issue, label_counts
from pipeline.label_evidence import ExclusiveGroup
from pipeline.preparation import Prepared

WORDS = (0, 10, 25, 50, 100, 200, 400, 800)  # where the histogram's steps begin
_BAR = 40  # signs of the longest bar

TokenCounter = Callable[[Sequence[str]], Sequence[int]]  # the tokens of each text, special ones included


def describe(
    prepared: Prepared,
    *,
    count_tokens: TokenCounter,
    limit: int,
    left_out: Mapping[str, str],
    groups: Sequence[ExclusiveGroup] = (),
) -> dict[str, Any]:
    """Return the report.

    Parameters
    ----------
    count_tokens, limit
        How many tokens a text has, and how many of them the model reads.
    left_out : mapping of str to str
        Labels that are not learnt, with the reason.
    """
    issues = [issue for part in prepared.parts.values() for issue in part]
    texts = [f"{issue.title}\n{prepared.boilerplate.clean(issue.body)}" for issue in issues]
    counts, labels = label_counts(issues), prepared.split.labels
    return {
        "issues": {"read": len(issues) + len(prepared.split.removed), "used": len(issues)},
        "parts": {name: len(part) for name, part in prepared.parts.items()},
        "temporal": prepared.split.dated,
        "duplicates_removed": len(prepared.split.removed),
        "labelled_share": _share([bool(set(issue.labels) & set(labels)) for issue in issues]),
        "label_counts": {name: counts[name] for name in labels},
        "labels_an_issue": _labels_an_issue(issues, labels),
        "words_an_issue": _words_an_issue([len(text.split()) for text in texts]),
        "tokens": _tokens(count_tokens(texts) if texts else [], limit),
        "left_out": dict(left_out),
        "exclusive_groups": [{"labels": list(group.names), "expected": round(group.expected, 1)} for group in groups],
    }


def as_text(report: Mapping[str, Any]) -> str:
    """Return the report as plain text for a terminal."""
    tokens = report["tokens"]
    sections = [
        _summary(report),
        _table("Issues by label", report["label_counts"]),
        _table("Issues by number of labels", report["labels_an_issue"]),
        _table("Issues by words, template taken out", report["words_an_issue"]["histogram"]),
        f"{tokens['truncated_share']:.1%} of the issues are longer than the {tokens['limit']} tokens a model reads",
        _list("Labels left out", [f"{name}: {why}" for name, why in report["left_out"].items()]),
        _list("Labels that never stand together", [", ".join(each["labels"]) for each in report["exclusive_groups"]]),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _share(flags: Sequence[bool]) -> float:
    return sum(flags) / len(flags) if flags else 0.0


def _labels_an_issue(issues: Sequence[Issue], labels: Sequence[str]) -> dict[str, int]:
    counted = Counter(len(set(issue.labels) & set(labels)) for issue in issues)
    return {str(number): counted[number] for number in range(max(counted, default=0) + 1)}


def _words_an_issue(words: Sequence[int]) -> dict[str, Any]:
    counted, _ = np.histogram(words, bins=[*WORDS, np.inf])
    names = [f"{low}-{high - 1}" for low, high in pairwise(WORDS)] + [f"{WORDS[-1]}+"]
    median, most = (float(np.median(words)), max(words)) if words else (0.0, 0)
    return {"histogram": dict(zip(names, counted.tolist(), strict=True)), "median": median, "most": most}


def _tokens(counts: Sequence[int], limit: int) -> dict[str, Any]:
    median = float(np.median(counts)) if len(counts) else 0.0
    return {"limit": limit, "truncated_share": _share([count > limit for count in counts]), "median": median}


def _summary(report: Mapping[str, Any]) -> str:
    parts = ", ".join(f"{name} {count}" for name, count in report["parts"].items())
    test = "the newest issues" if report["temporal"] else "a share of every label"
    return "\n".join(
        [
            f"{report['issues']['read']} issues, {report['duplicates_removed']} of them duplicates that were removed",
            f"{report['labelled_share']:.1%} of the others have one of the labels",
            f"{parts} (test: {test})",
        ]
    )


def _table(title: str, counts: Mapping[str, int]) -> str:
    """Return a bar for each count, the longest 40 signs."""
    if not counts:
        return ""
    width = max(map(len, counts))
    digits, most = len(str(max(counts.values()))), max(*counts.values(), 1)
    rows = [f"  {name:<{width}}  {n:>{digits}}  {'█' * round(_BAR * n / most)}".rstrip() for name, n in counts.items()]
    return "\n".join([title, *rows])


def _list(title: str, lines: Sequence[str]) -> str:
    return "\n".join([title, *(f"  {line}" for line in lines)]) if lines else ""
