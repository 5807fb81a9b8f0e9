"""What a replay found: the figures, and the words a maintainer understands at a glance. `report_html` draws them.

Counting is that of :mod:`bot.accuracy`. The truth is what people put on an issue, of the labels in question: a label
that is not on the issue counts as wrong, also on an issue that has none of them.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from bot.accuracy import APPLY, SUGGEST, Judged, Tally, Window, summarise
from bot.models import Guess, Truth
from bot.replay_walk import Lived, Plan, Predicted, Training
from pipeline.issues import Issue

WINDOW = 100  # issues a point of the timeline stands for
WITHHOLD = "withhold"
LIKELY = 0.5  # the probability from which on a measured model's label counts as predicted, in micro-F1
GROUPED = 0.5  # of the neighbours that differ by chance, so many at least must differ, or the file is sorted by label


@dataclass(frozen=True)
class Report:
    """The figures, as `--json` writes them, and what they were counted from."""

    figures: dict[str, Any]
    judged: Sequence[Judged]
    plan: Plan


def report(plan: Plan, lived: Lived, *, seconds: float) -> Report:
    """Count."""
    judged = [judge(each, plan.labels) for each in lived.predicted]
    applied, suggested = summarise(judged, APPLY), summarise(judged, SUGGEST)
    source = plan.source
    figures = {
        "repository": source.repository,
        "issues": len(source.issues),
        "evaluated": len(judged),
        "applied": _overall(applied.overall),
        "suggested": _overall(suggested.overall),
        "per_label": [_label(name, applied.labels[name]) for name in _by_support(applied.labels)],
        "timeline": _timeline(judged, lived.predicted),
        "models": [_model(training) for training in lived.trainings if training.model],
        "seconds": round(seconds, 1),
        "order": "created_at" if source.dated else "file",
        "sorted_by_label": not source.dated and is_grouped(source.issues),
        "delay_days": plan.delay.total_seconds() / 86_400,
        "targets": {
            "apply": plan.settings.apply_precision,
            "suggest": plan.settings.suggest_precision,
            "confidence": plan.settings.confidence,
        },
        "precision_interval": applied.overall.precision_interval,
        "cold_start": sum(each.model is None for each in lived.predicted),
        "unlabelled": sum(not set(issue.labels) & set(plan.labels) for issue in source.issues),
        "failed_trainings": [{"issues": t.after, "why": t.verdict} for t in lived.trainings if t.model is None],
        "would_write": dict(Counter(each.what for each in lived.written)),
    }
    return Report(figures, judged, plan)


def judge(predicted: Predicted, labels: Sequence[str]) -> Judged:
    """Return a prediction with a decision and a truth for every label: one that the model did not know is withheld."""
    decisions = {guess.label: guess.decision for guess in predicted.guesses}
    return Judged(
        number=predicted.issue.number,
        at=predicted.at,
        decisions={name: decisions.get(name, WITHHOLD) for name in labels},
        truths={name: Truth.POSITIVE if name in predicted.issue.labels else Truth.NEGATIVE for name in labels},
    )


def windows(judged: Sequence[Judged], size: int = WINDOW) -> list[Window]:
    """Cut predictions into runs of about `size` issues and tally what was applied in each."""
    count = max(1, round(len(judged) / size)) if judged else 0
    edges = [len(judged) * index // count for index in range(count + 1)] if count else []
    return [Window(end, judged[end - 1].at, summarise(judged[start:end]).overall) for start, end in pairwise(edges)]


def is_grouped(issues: Sequence[Issue]) -> bool:
    """Tell whether issues with the same labels stand together far more than chance would have it."""
    changes = sum(one.labels != other.labels for one, other in pairwise(issues))
    shares = [count / len(issues) for count in Counter(issue.labels for issue in issues).values()]
    by_chance = (len(issues) - 1) * (1 - sum(share * share for share in shares))
    return len(issues) >= WINDOW and changes < GROUPED * by_chance


def _overall(tally: Tally) -> dict[str, Any]:
    return {
        "issues": tally.chosen,
        "labels": tally.labels,
        "precision": tally.precision,
        "coverage": tally.coverage,
        "recall": tally.recall,
    }


def _label(name: str, tally: Tally) -> dict[str, Any]:
    return {
        "name": name,
        "support": tally.support,
        "applied": tally.labels,
        "correct": tally.right,
        "precision": tally.precision,
        "recall": tally.recall,
    }


def _by_support(labels: Any) -> list[str]:
    return sorted(labels, key=lambda name: (-labels[name].support, name))


def _timeline(judged: Sequence[Judged], predicted: Sequence[Predicted]) -> list[dict[str, Any]]:
    runs = windows(judged)
    starts = [0, *(run.after for run in runs)]
    return [
        {
            "issues": run.after,
            "precision": run.tally.precision,
            "coverage": run.tally.coverage,
            "micro_f1": micro_f1(predicted[start : run.after], list(judged[start].truths)),
        }
        for start, run in zip(starts, runs, strict=False)
    ]


def micro_f1(predicted: Sequence[Predicted], labels: Sequence[str]) -> float:
    """Return the F1 over all labels together.

    A label counts as predicted where a model holds it for at least as likely as not; at the cold start, whose scores
    are no probabilities, where it was suggested.
    """
    right = chosen = actual = 0
    for each in predicted:
        truth = set(each.issue.labels) & set(labels)
        guessed = {guess.label for guess in each.guesses if _is_likely(each, guess)}
        right, chosen, actual = right + len(truth & guessed), chosen + len(guessed), actual + len(truth)
    return 2 * right / (chosen + actual) if chosen + actual else 0.0


def _is_likely(predicted: Predicted, guess: Guess) -> bool:
    return guess.decision == SUGGEST if predicted.model is None else guess.probability >= LIKELY


def _model(training: Training) -> dict[str, Any]:
    model = training.model
    assert model is not None
    return {
        "number": model.number,
        "method": model.method,
        "status": model.status,
        "reason": model.reason,
        "trained_on": model.trained_on,
        "held_out": model.held_out,
        "trained_at_issue": training.after,
        "promoted_at_issue": training.after if training.promoted else None,
    }


# --- in words


def percent(value: float | None) -> str:
    """Write a share; never 100 % or 0 % for what only rounds to it."""
    if value is None:
        return "—"
    rounded = round(100 * value)
    if (rounded == 100 and value < 1) or (rounded == 0 and value > 0):
        return f"{math.floor(1000 * value) / 10:.1f} %" if value > 0.5 else "<1 %"
    return f"{rounded} %"


def headline(figures: dict[str, Any]) -> list[str]:
    """Say what would have come of it, in a few sentences."""
    applied, suggested = figures["applied"], figures["suggested"]
    of = f"Of {figures['evaluated']:,} issues"
    if applied["labels"]:
        low, high = figures["precision_interval"]
        sentences = [
            f"{of} it would have labelled {applied['issues']:,} ({percent(applied['coverage'])}); "
            f"{percent(applied['precision'])} of those labels right (95 % interval {percent(low)} to {percent(high)})."
        ]
    else:
        sentences = [f"{of} it would have labelled none: no label was sure enough to be put on."]
    if suggested["labels"]:
        sentences.append(
            f"Less sure, it would have suggested labels on {suggested['issues']:,} ({percent(suggested['coverage'])}), "
            f"for a person to decide; {percent(suggested['precision'])} of those right."
        )
    support = sum(row["support"] for row in figures["per_label"])
    saved = (
        f"The right ones of those put on are {percent(applied['recall'])} of the {support:,} labels that people put on."
    )
    return [*sentences, saved if applied["labels"] else f"People put on {support:,} labels.", _start(figures)]


def _start(figures: dict[str, Any]) -> str:
    cold = figures["cold_start"]
    if cold == figures["evaluated"]:
        return "No model was good enough to come into service: all is from the labels' names alone (the cold start)."
    return f"The first {cold:,} issues were met without a model, by the labels' names alone: suggestions only."


def notes(figures: dict[str, Any]) -> list[str]:
    """Say how it was measured, and what to be careful with."""
    days, unlabelled, targets = figures["delay_days"], figures["unlabelled"], figures["targets"]
    dated = figures["order"] == "created_at"
    delay = f"{days:g} day{'' if days == 1 else 's'}"
    order = (
        f"The issues came in the order of their creation, and their labels {delay} after each."
        if dated
        else "Not all issues have a date: they came in the file's order, as if one an hour, and the labels "
        f"{days * 24:g} issues ({delay}) after each. If that is not the order of creation, the figures mislead."
    )
    found = [
        order,
        "Every figure is from an issue's first prediction, made before its labels were known.",
        "What counts as right are the labels that the issues have at the end, whoever put them on; titles and texts, "
        "too, are those of the end.",
        f"Aimed at: {percent(targets['apply'])} right for labels put on, {percent(targets['suggest'])} for suggested.",
    ]
    if figures["sorted_by_label"]:
        found.insert(
            1, "CAREFUL: the file looks sorted by label. Nothing can be learnt in such an order as it would live."
        )
    if unlabelled:
        found.append(f"{unlabelled:,} issues have none of these labels; any label put on them counts as wrong.")
    found += [
        f"No model came of the training after {each['issues']:,} issues: {each['why']}."
        for each in figures["failed_trainings"]
    ]
    return found
