"""Use case: is it time for a training; which model version serves. The training itself is in `challenge.py`."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bot import storage
from bot.errors import NotFoundError
from bot.models import ModelStatus, ModelVersion, Promotion, Repository, TrainingRun
from bot.settings import Settings

LEAST_HELD_OUT = 50  # issues
LEAST_TRAINED_ON = 20  # issues


# --- is it time?


@dataclass(frozen=True)
class State:
    """What `due` looks at."""

    decisions: int  # label decisions of people that are known now
    decisions_before: int  # … that were known at the last training; 0 before the first
    last_requested_at: datetime | None
    running: bool
    fresh: int  # labelled issues created after what the champion was trained on
    labelled: int  # labelled issues in all


@dataclass(frozen=True)
class Due:
    """Whether to train now, and why or why not."""

    now: bool
    why: str


def due(now: datetime, state: State, settings: Settings) -> Due:
    """Decide whether to train a challenger. Pure."""
    if state.running:
        return Due(False, "a training is under way")
    which = "the first" if state.last_requested_at is None else "a"
    short = max(LEAST_HELD_OUT - state.fresh, LEAST_HELD_OUT + LEAST_TRAINED_ON - state.labelled)
    if short > 0:
        why = f"{short} more labelled issues are needed for {which} training and a hold-out that is later"
        return Due(False, why + f": {LEAST_TRAINED_ON} to learn from, {LEAST_HELD_OUT} to be judged on")
    new = state.decisions - state.decisions_before
    enough = max(settings.retrain_labels, round(settings.retrain_share * state.decisions_before))
    last = state.last_requested_at
    if last is None:
        known = f"{new} label decisions of people are known"
        needed = (
            f"{enough} are enough for the first training" if new >= enough else f"at {enough} the first training begins"
        )
        return Due(new >= enough, f"{known}; {needed}")
    if new >= enough:
        return Due(True, f"{new} new label decisions since the last training; {enough} are enough")
    if new >= 1 and now - last >= settings.retrain_after:
        return Due(True, f"{new} new label decisions, and {(now - last).days} days since the last training")
    return Due(False, f"{new} new label decisions since the last training; at {enough} the next begins")


def state_of(session: Session, repo: Repository) -> State:
    """Return what `due` looks at, for a repository."""
    last = storage.last_run(session, repo.id)
    champion = storage.champion(session, repo)
    labelled = storage.labelled_issues(session, repo.id)
    return State(
        decisions=storage.decisions_known(session, repo.id),
        decisions_before=last.labels_known if last else 0,
        last_requested_at=last.requested_at if last else None,
        running=last is not None and last.status in {"queued", "running"},
        fresh=storage.labelled_issues(session, repo.id, after=champion.trained_until) if champion else labelled,
        labelled=labelled,
    )


def request(session: Session, repo: Repository, settings: Settings, *, now: datetime) -> TrainingRun | None:
    """Queue a training if one is due."""
    state = state_of(session, repo)
    verdict = due(now, state, settings)
    if not verdict.now:
        return None
    run = TrainingRun(
        repository_id=repo.id,
        subject=str(repo.id),
        why=verdict.why,
        requested_at=now,
        labels_known=state.decisions,
        due_at=now,
        enqueued_at=now,
    )
    session.add(run)
    session.flush()
    return run


# --- which version serves


def serve(session: Session, repo: Repository, model: ModelVersion | None, reason: str, *, now: datetime) -> None:
    """Put a model version into service; None is the cold start."""
    previous = storage.champion(session, repo)
    if previous is not None:
        previous.status = ModelStatus.RETIRED
    if model is not None:
        model.status = ModelStatus.CHAMPION
    repo.champion_id = model.id if model else None
    session.add(Promotion(repository_id=repo.id, model_id=repo.champion_id, reason=reason, at=now))
    session.flush()


def roll_back(session: Session, repo: Repository, *, to: int | None, now: datetime) -> str:
    """Put an earlier model version back into service; return what was done.

    `to` is a version's number, 0 for the cold start; None is what served before the present champion. One that never
    served was refused, or no judgement of it was reached: it earned no place, and is not taken.
    """
    served = [each.model_id for each in storage.promotions(session, repo.id)]
    versions = {model.number: model for model in storage.models(session, repo.id)}
    if to is None:
        if repo.champion_id is None:
            raise NotFoundError(f"{repo.full_name}: the cold start is in service; there is nothing to roll back to")
        before = [each for each in [None, *served][: len(served)] if each != repo.champion_id]
        model = session.get(ModelVersion, before[-1]) if before and before[-1] else None
    elif to and to not in versions:
        known = ", ".join(map(str, sorted(versions))) or "none"
        raise NotFoundError(f"{repo.full_name}: there is no model version {to}; there are: {known}")
    elif to and versions[to].id not in served:
        served_ones = [f"{number}" for number, model in sorted(versions.items()) if model.id in served]
        said = f"model {to} was never in service; these were: {', '.join(served_ones) or 'none'}; 0 is the cold start"
        raise NotFoundError(f"{repo.full_name}: {said}")
    else:
        model = versions.get(to)
    name = f"model {model.number}" if model else "the cold start"
    serve(session, repo, model, f"rolled back to {name} by the operator", now=now)
    return f"{repo.full_name}: {name} is in service"
