"""What the pages show, read from the database: a fixed number of bounded queries a page, however much there is."""

from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CTE, ColumnElement, func, select, true
from sqlalchemy.orm import Session

from bot.accuracy import APPLY, SUGGEST, Judged, verdict
from bot.models import (
    BACKFILL,
    Delivery,
    Guess,
    Issue,
    LabelTruth,
    ModelVersion,
    Prediction,
    Promotion,
    Repository,
    TrainingRun,
    Truth,
    Work,
)
from bot.repo_config import matches

COUNTED = 5_000  # issues that figures are computed from, a repository
LATEST = 25  # predictions listed
ROWS = 20  # model versions, training runs and failed deliveries listed
PROMOTIONS = 50  # promotions marked in the picture
Patterns = Mapping[int, Collection[str]]  # of labels that the bot may only suggest, by repository id


@dataclass(frozen=True)
class Chip:
    """One label of a listed prediction: what was decided and what people say of it."""

    label: str
    probability: float
    decision: str
    outcome: str  # right, wrong, waiting, missed


@dataclass(frozen=True)
class Listed:
    """A prediction as it is listed; `best` is the most probable label where there is no chip."""

    prediction: Prediction
    title: str | None
    model: int | None
    chips: list[Chip]
    best: Guess | None


@dataclass(frozen=True)
class Overview:
    """What the list of repositories tells of each, by repository id."""

    champions: Mapping[int, ModelVersion]
    issues: Mapping[int, int]
    runs: Mapping[int, TrainingRun]


# --- figures


def judged(
    session: Session, repositories: Patterns, *, only: str | None = None, applying: Container[int] = ()
) -> dict[int, list[Judged]]:
    """Return the first prediction of each issue, oldest first, for the latest `COUNTED` issues of each repository.

    The first one counts, for it was made before anybody had answered. With `only`, guesses with another decision are
    left out, which is enough for precision and coverage. In the repositories that are `applying` now, nothing could be
    put on while they had another mode; of the others all is told as it would have been.
    """
    firsts = _firsts(repositories)
    decisions, truths = _decisions(session, firsts, only, repositories), _truths(session, firsts)
    found: dict[int, list[Judged]] = defaultdict(list)
    for key, repository_id, number, at, mode in session.execute(select(firsts).order_by(firsts.c.id)):
        known, could_apply = truths.get((repository_id, number), {}), mode == APPLY or repository_id not in applying
        found[repository_id].append(Judged(number, at, decisions.get(key, {}), known, could_apply))
    return found


def _firsts(repository_ids: Iterable[int]) -> CTE:
    mine = Prediction.repository_id.in_(list(repository_ids))
    asked_for = Prediction.delivery_id.startswith(f"{BACKFILL}-")  # only where there is something to write: no coverage
    first = (
        select(Prediction.repository_id, func.min(Prediction.id).label("id"))
        .where(mine, ~asked_for)
        .group_by(Prediction.repository_id, Prediction.number)
        .subquery()
    )
    rank = func.row_number().over(partition_by=first.c.repository_id, order_by=first.c.id.desc())
    ranked = select(first.c.id, rank.label("rank")).subquery()
    columns = (Prediction.id, Prediction.repository_id, Prediction.number, Prediction.created_at, Prediction.mode)
    return select(*columns).join(ranked, ranked.c.id == Prediction.id).where(ranked.c.rank <= COUNTED).cte()


def _decisions(session: Session, firsts: CTE, only: str | None, only_suggested: Patterns) -> dict[int, dict[str, str]]:
    columns = (firsts.c.id, firsts.c.repository_id, firsts.c.mode, Guess.label, Guess.decision, Guess.written)
    statement = select(*columns).join(Guess, Guess.prediction_id == firsts.c.id)
    statement = statement.where(Guess.by_rule.is_(False))  # a rule predicts nothing
    found: dict[int, dict[str, str]] = defaultdict(dict)
    for row in session.execute(statement.where(Guess.decision == only) if only else statement):
        found[row.id][row.label] = _done(row, row.mode, only_suggested[row.repository_id])
    return found


def _done(guess: Any, mode: str, only_suggested: Collection[str]) -> str:
    """Return what came of a decision: what was sure enough to be put on may have been suggested by the configuration.

    `guess` has its label, decision and what was written.
    """
    if guess.decision != APPLY or guess.written == "applied":
        return str(guess.decision)
    suggested = (mode == APPLY and guess.written == "suggested") or matches(guess.label, only_suggested)
    return SUGGEST if suggested else APPLY


def _truths(session: Session, firsts: CTE) -> dict[tuple[int, int], dict[str, Truth]]:
    same = (LabelTruth.repository_id == firsts.c.repository_id) & (LabelTruth.number == firsts.c.number)
    statement = select(LabelTruth.repository_id, LabelTruth.number, LabelTruth.label, LabelTruth.truth)
    found: dict[tuple[int, int], dict[str, Truth]] = defaultdict(dict)
    for repository_id, number, label, truth in session.execute(statement.join(firsts, same)):
        found[repository_id, number][label] = Truth(truth)
    return found


def thresholds(session: Session, repo: Repository) -> dict[str, Guess]:
    """Return the guesses of the latest prediction by the model in service: they carry its thresholds."""
    mine = (Prediction.repository_id == repo.id, Prediction.model_id == repo.champion_id)
    latest = select(func.max(Prediction.id)).where(*mine).scalar_subquery()
    return {guess.label: guess for guess in session.scalars(select(Guess).where(Guess.prediction_id == latest))}


def promotions(session: Session, repository_id: int) -> Sequence[tuple[datetime, int | None]]:
    """Return when which model number came into service, oldest first; None is the cold start."""
    statement = (
        select(Promotion.at, ModelVersion.number)
        .outerjoin(ModelVersion, ModelVersion.id == Promotion.model_id)
        .where(Promotion.repository_id == repository_id)
        .order_by(Promotion.id.desc())
        .limit(PROMOTIONS)
    )
    return [(row[0], row[1]) for row in session.execute(statement)][::-1]


# --- lists of one repository


def latest_predictions(session: Session, repository_id: int, only_suggested: Collection[str]) -> list[Listed]:
    """Return the latest predictions with their labels and outcomes, newest first.

    `only_suggested` are patterns of labels that the bot may not put on.
    """
    same_issue = (Issue.repository_id == Prediction.repository_id) & (Issue.number == Prediction.number)
    rows = session.execute(
        select(Prediction, Issue.title, ModelVersion.number)
        .outerjoin(Issue, same_issue)
        .outerjoin(ModelVersion, ModelVersion.id == Prediction.model_id)
        .where(Prediction.repository_id == repository_id)
        .order_by(Prediction.id.desc())
        .limit(LATEST)
    ).all()
    guesses = _guesses(session, [row[0].id for row in rows])
    truths = _truths_of(session, repository_id, {row[0].number for row in rows})
    return [
        Listed(prediction, title, model, chips, None if chips else next(iter(guesses[prediction.id]), None))
        for prediction, title, model in rows
        for chips in [_chips(guesses[prediction.id], truths[prediction.number], prediction.mode, only_suggested)]
    ]


def _guesses(session: Session, prediction_ids: list[int]) -> dict[int, list[Guess]]:
    ordered = (Guess.probability.desc(), Guess.label)
    found: dict[int, list[Guess]] = defaultdict(list)
    for guess in session.scalars(select(Guess).where(Guess.prediction_id.in_(prediction_ids)).order_by(*ordered)):
        found[guess.prediction_id].append(guess)
    return found


def _truths_of(session: Session, repository_id: int, numbers: set[int]) -> dict[int, dict[str, Truth]]:
    mine = (LabelTruth.repository_id == repository_id, LabelTruth.number.in_(numbers))
    found: dict[int, dict[str, Truth]] = defaultdict(dict)
    for row in session.scalars(select(LabelTruth).where(*mine)):
        found[row.number][row.label] = Truth(row.truth)
    return found


def _chips(
    guesses: Iterable[Guess], truths: Mapping[str, Truth], mode: str, only_suggested: Collection[str]
) -> list[Chip]:
    return [
        Chip(guess.label, guess.probability, _done(guess, mode, only_suggested), outcome)
        for guess in guesses
        if (outcome := _outcome(guess, truths))
    ]


def _outcome(guess: Guess, truths: Mapping[str, Truth]) -> str | None:
    if guess.decision in (APPLY, SUGGEST):
        return verdict(guess.label, truths).replace("unanswered", "waiting")
    return "missed" if truths.get(guess.label) == Truth.POSITIVE else None


def models(session: Session, repository_id: int) -> Sequence[Any]:
    """Return the latest (model version, when it last came into service), newest first."""
    promoted = select(func.max(Promotion.at)).where(Promotion.model_id == ModelVersion.id).scalar_subquery()
    mine = ModelVersion.repository_id == repository_id
    statement = select(ModelVersion, promoted).where(mine).order_by(ModelVersion.number.desc()).limit(ROWS)
    return session.execute(statement).all()


def training_runs(session: Session, repository_id: int) -> Sequence[Any]:
    """Return the latest (training run, number of the model it made), newest first."""
    statement = select(TrainingRun, ModelVersion.number).outerjoin(
        ModelVersion, ModelVersion.id == TrainingRun.model_id
    )
    mine = TrainingRun.repository_id == repository_id
    return session.execute(statement.where(mine).order_by(TrainingRun.id.desc()).limit(ROWS)).all()


# --- the inbox, of one repository or of all


def inbox(session: Session, repository_id: int | None = None) -> dict[str, int]:
    """Count deliveries by status; every status is there."""
    statement = select(Delivery.status, func.count()).where(_about(repository_id)).group_by(Delivery.status)
    counts = {row[0]: row[1] for row in session.execute(statement)}
    return {status.value: counts.get(status.value, 0) for status in Work}


def failed_deliveries(session: Session, repository_id: int | None = None) -> Sequence[Any]:
    """Return the latest deliveries that were given up, newest first, without what they said."""
    columns = (
        Delivery.id,
        Delivery.event,
        Delivery.action,
        Delivery.attempts,
        Delivery.last_error,
        Delivery.finished_at,
    )
    mine = (Delivery.status == Work.FAILED, _about(repository_id))
    return session.execute(select(*columns).where(*mine).order_by(Delivery.received_at.desc()).limit(ROWS)).all()


def _about(repository_id: int | None) -> ColumnElement[bool]:
    return true() if repository_id is None else Delivery.repository_id == repository_id


# --- the list of repositories


def overview(session: Session, repositories: Sequence[Repository]) -> Overview:
    """Return what the list of repositories shows beside the figures."""
    ids = [repo.id for repo in repositories]
    serving = ModelVersion.id.in_([repo.champion_id for repo in repositories if repo.champion_id])
    counted = select(Issue.repository_id, func.count()).where(Issue.repository_id.in_(ids))
    last = select(func.max(TrainingRun.id)).where(TrainingRun.repository_id.in_(ids))
    runs = select(TrainingRun).where(TrainingRun.id.in_(last.group_by(TrainingRun.repository_id)))
    return Overview(
        champions={model.repository_id: model for model in session.scalars(select(ModelVersion).where(serving))},
        issues={row[0]: row[1] for row in session.execute(counted.group_by(Issue.repository_id))},
        runs={run.repository_id: run for run in session.scalars(runs)},
    )
