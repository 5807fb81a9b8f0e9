"""What a new model would have done with issues later than all it learnt from, had each just been opened. Pure.

It is not a replay of the past: one model, without the trainings that would have come between, and nobody to correct it.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

from bot.accuracy import APPLY, SUGGEST, Judged, summarise, verdict
from bot.models import Guess, Mode, Truth
from bot.planning import Seen, plan
from bot.repo_config import RepoConfig
from pipeline.decisions import PrecisionTargets
from pipeline.issues import Issue, without_labels
from pipeline.training import LabelScore, Trained

MOST = 1_000  # issues, the newest ones
EXAMPLES = 10


def look_back(
    model: Trained, later: Sequence[Issue], targets: PrecisionTargets, own: RepoConfig, existing: Collection[str]
) -> dict[str, Any]:
    """Return what would have been put on and suggested in apply mode, and how right that was, as JSON can hold it.

    Parameters
    ----------
    model : Trained
        As it was before the later issues became evidence for its thresholds.
    later : sequence of Issue
        In order of creation, those that nobody labelled among them: they count for the coverage only.
    """
    issues = later[-MOST:]
    scored = model.score(without_labels(issues), targets)
    judged = [_judged(issue, _decided(s, own, existing)) for issue, s in zip(issues, scored, strict=True)]
    found = {decision: asdict(summarise(judged, decision).overall) for decision in (APPLY, SUGGEST)}
    shown = [_example(*each) for each in zip(judged, scored, strict=True)]
    examples = [each for each in shown if each["labels"]][: -EXAMPLES - 1 : -1]
    return {**found, "since": judged[0].at.isoformat(), "until": judged[-1].at.isoformat(), "examples": examples}


def _decided(scores: Sequence[LabelScore], own: RepoConfig, existing: Collection[str]) -> dict[str, str]:
    """Return what would be done with each label of an issue that bears none yet, by the repository's own rules."""
    guesses = [Guess(label=score.name, decision=score.decision) for score in scores if own.uses(score.name)]
    todo = plan(guesses, Mode.APPLY, own, Seen((), existing, room=own.most_labels))
    withheld = {guess.label: "withhold" for guess in guesses}
    return withheld | dict.fromkeys(todo.suggest, SUGGEST) | dict.fromkeys(todo.apply, APPLY)


def _judged(issue: Issue, decisions: dict[str, str]) -> Judged:
    known = ((issue.labels, Truth.POSITIVE), (issue.removed, Truth.NEGATIVE), (issue.unconfirmed, Truth.UNCONFIRMED))
    truths = {name: truth for names, truth in known for name in names}
    assert issue.created_at is not None
    return Judged(issue.number, issue.created_at, decisions, truths)


def _example(judged: Judged, scores: Sequence[LabelScore]) -> dict[str, Any]:
    """Return what would have been done with an issue, the most probable label first."""
    done = [score for score in scores if judged.decisions.get(score.name) in (APPLY, SUGGEST)]
    rows = [
        {
            "label": score.name,
            "probability": score.probability,
            "decision": judged.decisions[score.name],
            "verdict": verdict(score.name, judged.truths),
        }
        for score in done
    ]
    return {"number": judged.number, "labels": rows}
