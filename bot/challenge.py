"""Use case: train a challenger, compare it with the champion on later issues, promote or refuse it."""

import logging
import threading
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from bot import hindsight, in_force, leases, material, storage
from bot.context import Context
from bot.errors import BotError, LostLeaseError, NotServedError
from bot.label_names import LabelNames
from bot.models import HINDSIGHT, ModelStatus, Repository, TrainingRun, Work
from bot.retraining import LEAST_HELD_OUT, serve
from bot.serving import candidates, precision_targets
from bot.settings import AUTO
from pipeline import evaluation, registry, selection, training
from pipeline.errors import PipelineError, TooFewIssuesError
from pipeline.issues import Issue, Probabilities, Targets, build_targets, label_counts, usual_labels
from pipeline.label_evidence import LEAST_EXAMPLES as LEAST_POSITIVES
from pipeline.label_evidence import too_rare

log = logging.getLogger(__name__)

MOST_HELD_OUT = 300  # issues
MOST_UNLABELED = 5_000  # issues
BETTER = 0.8  # how sure the comparison must be that the challenger is better
NO_WORSE = 0.5  # … than the cold start, or as good: that can only suggest, a model knows how often it is right
LEASE = timedelta(minutes=2)
MOST_ATTEMPTS = 3


@dataclass(frozen=True)
class Split:
    """What a challenger is trained on, and the later issues that both are judged on."""

    training: Sequence[Issue]
    holdout: Sequence[Issue]


def split(issues: Sequence[Issue], trained_until: datetime | None) -> Split:
    """Hold out the newest labelled issues: later than all that the champion or the challenger is trained on.

    Half of the labelled issues that the champion has not seen, at least 50 and at most 300.
    """
    labelled = [issue for issue in issues if issue.labels]
    fresh = [issue for issue in labelled if trained_until is None or _created(issue) > trained_until]
    size = min(max(len(fresh) // (4 if trained_until is None else 2), LEAST_HELD_OUT), MOST_HELD_OUT)
    holdout = fresh[-size:]
    if len(holdout) < LEAST_HELD_OUT:
        raise BotError(
            f"only {len(holdout)} labelled issues are later than the champion's; {LEAST_HELD_OUT} are needed"
        )
    start = _created(holdout[0])
    return Split([issue for issue in issues if _created(issue) < start], holdout)


def _created(issue: Issue) -> datetime:
    if issue.created_at is None:
        raise BotError(f"issue {issue.number} has no date of creation")
    return issue.created_at


@dataclass(frozen=True)
class Verdict:
    """How champion and challenger did on the same hold-out, and what follows."""

    promote: bool
    reason: str
    metrics: dict[str, float]


def compare(
    y: Targets, champion: Probabilities, challenger: Probabilities, *, seed: int, cold: bool = False
) -> Verdict:
    """Compare on the hold-out, (issues, labels); promote only what is better beyond a paired bootstrap's doubt.

    Where the champion is the cold start (`cold`), being as good is enough: nothing that it says is measured, so that it
    never applies a label, while the challenger does where its thresholds are reached.
    """
    result = evaluation.compare(y, champion, challenger, seed=seed)
    sure, asked = (result.probability_no_worse, NO_WORSE) if cold else (result.probability_better, BETTER)
    promote = sure >= asked
    reason = (
        f"on {len(y)} later issues: average precision {result.challenger:.3f} against {result.champion:.3f} of the "
        + ("cold start, no worse" if cold else "champion, better")
        + f" in {sure:.0%} of the resamples ({asked:.0%} asked for)"
    )
    metrics = {
        "average_precision": result.challenger,
        "champion_average_precision": result.champion,
        "probability_better": result.probability_better,
        "micro_f1": evaluation.micro_f1(y, challenger >= 0.5),
        "champion_micro_f1": evaluation.micro_f1(y, champion >= 0.5),
    }
    return Verdict(promote, ("promoted: " if promote else "refused: ") + reason, metrics)


def run(context: Context, run_id: int) -> None:
    """Do a queued training, if nobody else does: train, compare, store, promote or refuse."""
    with context.database.write() as session:
        row = leases.claim(session, TrainingRun, run_id, now=context.now(), lease=LEASE)
        if row is not None and row.attempts > MOST_ATTEMPTS:
            leases.fail(session, TrainingRun, row, "every attempt ended without a word: see the log", now=context.now())
            return
    if row is None:
        return
    try:
        with _heartbeat(context, row):
            outcome = _train(context, row)
        _conclude(context, row, outcome)
    except LostLeaseError:
        log.warning("training taken over", extra={"run": run_id})
    except NotServedError as stopped:
        log.info("training stopped", extra={"run": run_id, "reason": stopped.reason})
        with context.database.write() as session:
            leases.finish(session, TrainingRun, row, now=context.now(), status=Work.IGNORED)
    except TooFewIssuesError as error:
        log.info("too little to train on", extra={"run": run_id})
        with context.database.write() as session:
            leases.finish(session, TrainingRun, row, now=context.now())
            session.get_one(TrainingRun, row.id, populate_existing=True).verdict = f"not trained: {error}"
    except (BotError, PipelineError) as error:
        log.error("training failed", extra={"run": run_id, "reason": error.reason})
        with context.database.write() as session:
            leases.fail(session, TrainingRun, row, f"{error.reason}: {error}", now=context.now())


@contextmanager
def _heartbeat(context: Context, row: TrainingRun) -> Iterator[None]:
    """Renew the lease from a thread of its own, for a training says nothing while it computes."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(LEASE.total_seconds() / 4):
            try:
                with context.database.write() as session:
                    leases.renew(session, TrainingRun, row, now=context.now(), lease=LEASE)
            except LostLeaseError:
                return  # the end of the training will find out too, and write nothing

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@dataclass(frozen=True)
class _Result:
    """A judged challenger: the champion it met, the verdict, and the row of the new version."""

    champion_id: int | None
    verdict: Verdict
    version: dict[str, object]


def _train(context: Context, row: TrainingRun) -> _Result:
    begun = context.now()  # from then are the names of the labels that the model knows
    with context.database.read() as session:
        storage.require_served(session, row.repository_id)
        repo = session.get_one(Repository, row.repository_id)
        champion = storage.champion(session, repo)
        issues = material.known(session, repo)
        names = {label.name: label.description for label in storage.labels(session, repo.id)}
        called = LabelNames(storage.all_labels(session, repo.id))
    parts = split(issues, champion.trained_until if champion else None)
    wanted = candidates(names, repo.taxonomy, in_force.config(repo))
    universe = list(wanted)
    labels = tuple(name for name in usual_labels(parts.training, least=LEAST_POSITIVES) if name in wanted)
    start = _created(parts.holdout[0])
    with context.database.read() as session:
        unlabeled = material.unknown(session, repo, start, later=False, most=MOST_UNLABELED)
    challenger = _fit(context, parts.training, unlabeled, row, labels)
    later = challenger.method.predict_proba(parts.holdout)
    serving = context.models.probabilities(champion, wanted, parts.holdout)
    if champion is not None:
        serving = [called.now(name, champion.created_at) or name for name in serving[0]], serving[1]
    verdict = compare(
        np.maximum(build_targets(parts.holdout, universe), 0),
        align(serving, universe),
        align((challenger.labels, later), universe),
        seed=row.id,
        cold=champion is None,
    )
    metrics = {**verdict.metrics, **(_hindsight(context, repo, challenger, issues, start) if verdict.promote else {})}
    challenger = training.with_evidence(_with_rare(challenger, parts.training, wanted), parts.holdout, later)
    with context.database.read() as session:
        storage.require_served(session, repo.id)
    folder = registry.publish(context.settings.models_dir, challenger, metrics=verdict.metrics)
    version = {**_version(parts, challenger, folder.name, verdict), "metrics": metrics, "created_at": begun}
    return _Result(champion.id if champion else None, verdict, version)


def _hindsight(
    context: Context, repo: Repository, model: training.Trained, issues: Sequence[Issue], start: datetime
) -> dict[str, object]:
    """Return what the model would have done since `start`, the end of what it learnt from; see :mod:`bot.hindsight`."""
    with context.database.read() as session:
        others = material.unknown(session, repo, start, later=True, most=hindsight.MOST)
        existing = [label.name for label in storage.labels(session, repo.id)]
    later = sorted([*(issue for issue in issues if _created(issue) >= start), *others], key=_created)
    targets = precision_targets(repo, context.settings)
    return {HINDSIGHT: hindsight.look_back(model, later, targets, in_force.config(repo), existing)}


def _with_rare(model: training.Trained, issues: Sequence[Issue], wanted: Container[str]) -> training.Trained:
    """Return the model with the labels that too few issues have, among those left out."""
    rare = too_rare({name: count for name, count in label_counts(issues).items() if name in wanted})
    return replace(model, selection={**model.selection, "left_out": {**rare, **model.selection.get("left_out", {})}})


def _fit(
    context: Context, issues: Sequence[Issue], unlabeled: Sequence[Issue], row: TrainingRun, labels: tuple[str, ...]
) -> training.Trained:
    if not labels:
        raise TooFewIssuesError(f"no label is on {LEAST_POSITIVES} of the {len(issues)} issues to train on")
    settings, report, now = context.settings, _reporter(context, row), context.now()
    if settings.method == AUTO:
        wanted = selection.Wanted(labels, row.id, settings.time_budget.total_seconds())
        return selection.train_best(issues, wanted, now=now, unlabeled=unlabeled, progress=report)
    recipe = training.Recipe(method=settings.method, labels=labels, seed=row.id)
    return training.train(issues, recipe, now=now, unlabeled=unlabeled, progress=report)


def _reporter(context: Context, row: TrainingRun) -> Callable[[float], None]:
    """Return a callback that keeps the share done where the dashboard finds it, and stops what is for nobody."""

    def report(done: float) -> None:
        with context.database.write() as session:
            storage.require_served(session, row.repository_id)
            storage.set_progress(session, row.id, done)

    return report


def align(scored: tuple[Sequence[str], Probabilities], universe: Sequence[str]) -> Probabilities:
    """Return probabilities, (issues, labels of the model), as (issues, labels of `universe`); 0 where unknown.

    Where two labels of the model have become one, the higher probability counts.
    """
    labels, probabilities = scored
    column = {name: index for index, name in enumerate(universe)}
    aligned = np.zeros((len(probabilities), len(universe)), dtype=np.float32)
    for index, name in enumerate(labels):
        if name in column:
            there = aligned[:, column[name]]
            np.maximum(there, probabilities[:, index], out=there)
    return aligned


def _version(parts: Split, challenger: training.Trained, folder: str, verdict: Verdict) -> dict[str, object]:
    return {
        "folder": folder,
        "method": challenger.recipe.method,
        "status": ModelStatus.CHALLENGER,
        "reason": verdict.reason,
        "trained_on": len(parts.training),
        "trained_until": _created(parts.training[-1]),
        "held_out": len(parts.holdout),
    }


def _conclude(context: Context, row: TrainingRun, result: _Result) -> None:
    """Store the challenger and the verdict, and promote it if it won, all in one transaction."""
    with context.database.write() as session:
        leases.finish(session, TrainingRun, row, now=context.now())
        repo = session.get_one(Repository, row.repository_id)
        model = storage.add_model(session, repo.id, result.version)
        stored = session.get_one(TrainingRun, row.id, populate_existing=True)
        stored.verdict, stored.model_id, stored.progress = result.verdict.reason, model.id, 1.0
        if result.verdict.promote and repo.champion_id == result.champion_id:
            serve(session, repo, model, result.verdict.reason, now=context.now())
        else:
            model.status = ModelStatus.REFUSED
        if result.verdict.promote and model.status == ModelStatus.REFUSED:
            model.reason = stored.verdict = "refused: another model came into service while this one was trained"
    log.info("challenger judged", extra={"run": row.id, "model": model.id, "promoted": result.verdict.promote})
