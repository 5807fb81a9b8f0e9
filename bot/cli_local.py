"""The subcommands for local use, on a file of issues and without GitHub: train, predict, replay."""

import argparse
import json
import math
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot import cli_choice, settings
from bot.cli_labels import ArgumentError, choose_labels
from bot.cli_show import progress_bar
from bot.settings import AUTO
from pipeline import evaluation, registry, selection, training
from pipeline.choice import Choice
from pipeline.decisions import Decision, PrecisionTargets, decide_all, f1_threshold
from pipeline.duplicates import duplicate_groups
from pipeline.errors import TooFewIssuesError
from pipeline.exports import read_issues
from pipeline.issues import Issue, Targets, apart, build_targets, label_counts, usual_labels
from pipeline.label_evidence import too_rare
from pipeline.methods import METHODS
from pipeline.methods.base import Progress
from pipeline.selection import Wanted
from pipeline.splits import temporal_split
from pipeline.training import Recipe, Trained

MINUTES = 20.0  # that the choice of a method may take
MOST_MINUTES = 10_000.0
HELD_OUT_SHARE, MOST_HELD_OUT = 0.2, 500  # the newest issues, for measuring
BATCH = 64  # issues scored at a time
NOTE = (
    "measured on issues held out, by a twin trained on the others without what says the same; "
    "the model kept is trained on all"
)


# --- train


@dataclass(frozen=True)
class Task:
    """What to train, decided before anything long is begun."""

    issues: Sequence[Issue]
    recipe: Recipe
    targets: PrecisionTargets
    now: datetime
    minutes: float = MINUTES
    left_out: Mapping[str, str] = field(default_factory=dict)  # labels that are not learnt, and why


def train(args: argparse.Namespace) -> int:
    """Train a model on a file of issues, measure its twin on the newest of them, and keep it in a folder."""
    started = time.monotonic()
    out, report, minutes = _new_folder(Path(args.out)), _report_file(args.json), _minutes(args)
    if args.method not in {AUTO, *METHODS}:
        raise ArgumentError(f"there is no method {args.method!r}; there are: {', '.join((AUTO, *METHODS))}")
    issues = read_issues(Path(args.issues))
    labels, rare = to_learn(args.labels, issues)
    recipe = Recipe(args.method, {}, labels, args.seed)
    task = Task(issues, recipe, precision_targets(), datetime.now(UTC), minutes, rare)
    with progress_bar() as show:
        measured, model = fit(task, lambda done: show(round(done * 100), 100, "training, in percent"))
    registry.write(out, model, metrics=measured or {})
    summary = summarise(model, measured, seconds=time.monotonic() - started)
    if report is not None:
        report.write_text(json.dumps(summary, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(describe(summary, out))
    return 0


def to_learn(text: str | None, issues: Sequence[Issue]) -> tuple[tuple[str, ...], Mapping[str, str]]:
    """Return the labels named in a text, or the usual ones without it, and with the reason those that are too rare.

    None is too rare where labels are named. Raises ArgumentError as :func:`choose_labels` does.
    """
    counts = label_counts(issues)
    return (choose_labels(text, counts), {}) if text is not None else (usual_labels(issues), too_rare(counts))


def _minutes(args: argparse.Namespace) -> float:
    """Return the time budget; ArgumentError where there is nothing to choose, or no time to do it in."""
    if args.time_budget is None:
        return MINUTES
    if args.method != AUTO:
        raise ArgumentError(f"--time-budget: {args.method} is not chosen but given; it goes with --method auto")
    try:
        minutes = float(args.time_budget)
    except ValueError:
        minutes = math.nan
    if not 0 < minutes <= MOST_MINUTES:
        raise ArgumentError(f"--time-budget {args.time_budget}: not a number of minutes above 0, such as 20")
    return minutes


def fit(task: Task, show: Progress) -> tuple[dict[str, Any] | None, Trained]:
    """Return what was measured on the newest issues, None where there are too few, and the model of them all."""
    size = min(round(len(task.issues) * HELD_OUT_SHARE), MOST_HELD_OUT)
    earlier, later = temporal_split(task.issues, size)
    groups = duplicate_groups([*earlier, *later])
    repeated = set(groups[len(earlier) :].tolist())  # what says the same as an issue of the test is not learnt from
    earlier = [issue for issue, group in zip(earlier, groups.tolist(), strict=False) if group not in repeated]
    recipe, choice = _recipe(task, earlier, lambda done: show(done * 0.6))
    try:
        twin = training.train(earlier, recipe, now=task.now, progress=lambda done: show(0.6 + done * 0.15))
        known, _ = apart(later, recipe.labels)  # of an issue without any label nothing is known
        measured = measure(twin, known, task.targets) if known else None
    except TooFewIssuesError:
        measured = None
    model = training.train(task.issues, recipe, now=task.now, progress=lambda done: show(0.8 + done / 5))
    told = choice.as_json() if choice else {"left_out": {}}
    told["left_out"] = {**task.left_out, **told["left_out"]}
    return measured, replace(model, why=choice.why if choice else "", selection=told)


def _recipe(task: Task, earlier: Sequence[Issue], show: Progress) -> tuple[Recipe, Choice | None]:
    """Return the recipe and how it was found; `auto` is decided without a look at the issues held out."""
    if task.recipe.method != AUTO:
        return task.recipe, None
    growth = len(task.issues) / max(len(earlier), 1)
    wanted = Wanted(task.recipe.labels, task.recipe.seed, task.minutes * 60, refits=2, growth=growth)
    return selection.choose_for(earlier, wanted, progress=show)


def measure(model: Trained, later: Sequence[Issue], targets: PrecisionTargets) -> dict[str, Any]:
    """Return how a model does on issues that it was not trained on: at one threshold, and by what it would apply."""
    y = build_targets(later, model.labels).clip(min=0)  # (issues, labels); an issue without labels counts 0
    p = model.method.predict_proba(later)
    found = evaluation.measure(y, p >= f1_threshold(model.held_out_y, model.held_out_p), model.labels)
    decisions = decide_all(model.decidable(p), model.thresholds(targets))
    return {
        "trained_on": model.issues,
        **found.as_json(),
        "dated": all(issue.created_at is not None for issue in later),
        "average_precision": evaluation.average_precision(y, p),
        "applied": tier(y, decisions == Decision.APPLY, model.labels),
        "suggested": tier(y, decisions == Decision.SUGGEST, model.labels),
        "note": NOTE,
    }


def tier(y: Targets, chosen: evaluation.Chosen, labels: Sequence[str]) -> dict[str, float | None]:
    """Return how right the labels of a tier are, on how many issues there is one, and which share of all they are."""
    found = evaluation.measure(y, chosen, labels)
    return {"precision": found.precision, "coverage": found.coverage, "recall": found.recall}


def summarise(model: Trained, measured: dict[str, Any] | None, *, seconds: float) -> dict[str, Any]:
    """Return what `--json` writes; `holdout` is null where there were too few issues to hold any out."""
    return {
        "method": model.recipe.method,
        "why": model.why,
        "selection": model.selection,
        "labels": list(model.labels),
        "issues": model.issues,
        "seed": model.recipe.seed,
        "holdout": measured,
        "seconds": round(seconds, 1),
    }


def describe(summary: dict[str, Any], out: Path) -> str:
    """Return the summary in words."""
    about = f"{summary['method']}: {len(summary['labels'])} labels, trained on {summary['issues']} issues, in {out}"
    chosen = [*([summary["why"]] if summary["why"] else []), *cli_choice.lines(summary["selection"])]
    return "\n".join([about, *_chosen_among(summary), *chosen, *_held_out(summary["holdout"])])


def _chosen_among(summary: dict[str, Any]) -> list[str]:
    """Say, where a method was chosen, that the issues by which it was are others than those of the last lines."""
    if not summary["why"] or summary["holdout"] is None:
        return []
    before = summary["holdout"]["trained_on"]
    return [
        f"Chosen by {before} issues alone, without those of the last lines; the newest here are the newest of them:"
    ]


def _held_out(held: dict[str, Any] | None) -> list[str]:
    if held is None:
        return ["Not measured: there are too few labelled issues to hold the newest ones out."]
    return [
        f"On {_which(held)}, by a twin trained on the {held['trained_on']} before:",
        f"  micro-F1 {held['micro_f1']:.3f}, macro-F1 {_macro(held)}, at the threshold that suits held-out issues best",
        *(f"  labels {name}: {_right(held[name])}" for name in ("applied", "suggested")),
    ]


def _which(held: dict[str, Any]) -> str:
    """Say which issues were held out; without dates nobody knows whether they are the newest."""
    if held["dated"]:
        return f"the newest {held['issues']} labelled issues"
    why = "which may be no later than the others: not all have a date"
    return f"the last {held['issues']} labelled issues of the file, {why}"


def _macro(held: dict[str, Any]) -> str:
    """Return the macro-F1, which counts labels with ten positives or more; a dash where there is none."""
    common = any(label["support"] >= evaluation.LEAST_SUPPORT for label in held["per_label"])
    return f"{held['macro_f1']:.3f}" if common else f"— (no label is on {evaluation.LEAST_SUPPORT} of them)"


def _right(found: dict[str, Any]) -> str:
    right = "none" if found["precision"] is None else f"{found['precision']:.0%} of them right"
    return f"{right}, on {found['coverage']:.0%} of the issues"


def _new_folder(folder: Path) -> Path:
    """Find out now, not after the training, that the model cannot be kept there."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ArgumentError(f"--out {folder}: is there already, and is not an empty folder; name another")
    folder.parent.mkdir(parents=True, exist_ok=True)
    if not os.access(folder.parent, os.W_OK | os.X_OK):
        raise ArgumentError(f"--out {folder}: nothing can be written into {folder.parent}")
    return folder


def _report_file(name: str | None) -> Path | None:
    if name is not None and (Path(name).is_dir() or not Path(name).absolute().parent.is_dir()):
        raise ArgumentError(f"--json {name}: not a file in a folder that is there")
    return None if name is None else Path(name)


# --- predict and replay


def precision_targets() -> PrecisionTargets:
    """Return the precision asked for by the settings."""
    config = settings.load()
    return PrecisionTargets(config.apply_precision, config.suggest_precision, config.confidence)


def predict(args: argparse.Namespace) -> int:
    """Print one JSON object a line: every label of the model for each issue, most probable first."""
    model, issues, targets = registry.load(Path(args.model)), read_issues(Path(args.issues)), precision_targets()
    for start in range(0, len(issues), BATCH):
        batch = issues[start : start + BATCH]
        for issue, scores in zip(batch, model.score(batch, targets), strict=True):
            labels = [
                {"name": score.name, "probability": round(score.probability, 6), "decision": score.decision}
                for score in scores
            ]
            print(json.dumps({"number": issue.number, "labels": labels}))
    return 0


def replay(args: argparse.Namespace) -> int:
    """Walk a repository's past and report what the bot would have done."""
    from bot.replay import replay_command

    return replay_command(args, settings.load())
