"""Rows for the dashboard's tests: builders for single things, and a lively demo with invented issues."""

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from bot.models import (
    Delivery,
    Guess,
    Installation,
    Issue,
    LabelTruth,
    ModelVersion,
    Prediction,
    Promotion,
    Repository,
    TrainingRun,
    Truth,
)

NOW = datetime(2026, 3, 20, 9, 30, tzinfo=UTC)
TITLES = {
    "bug": ["Timer keeps beeping {}", "Crash {}", "Wrong temperature shown {}", "Settings are lost {}"],
    "feature request": ["Let me choose the unit {}", "Remember the last programme {}", "Add a quiet mode {}"],
    "documentation": ["README does not say what happens {}", "Typo in the guide {}", "Example fails {}"],
    "question": ["How do I calibrate the sensor {}?", "Is it normal that it clicks {}?"],
    "performance": ["Start takes 20 seconds {}", "High memory use {}"],
    "installation": ["pip cannot find a wheel {}", "Service does not start {}"],
    "accessibility": ["Screen reader skips the dial {}"],
    "api": ["Return 404 instead of null {}"],
}
ENDINGS = ["after an update", "on a Raspberry Pi", "with two kettles", "when the lid is open", "in the dark theme"]
WEIGHTS = [34, 20, 14, 10, 7, 8, 4, 3]
CHANCES = [(0.0, 0.62), (0.72, 0.86), (0.84, 0.92), (0.88, 0.95)]  # of each stage: being sure, being right when sure
STAGES = [60, 170, 330]  # issues after which a model came into service


def repository(session: Session, key: int = 1, name: str = "northwind/kettle", **columns: Any) -> Repository:
    """Add a served repository, with its installation."""
    if not session.get(Installation, 1):
        session.add(Installation(id=1, account="northwind"))
    repo = Repository(id=key, installation_id=1, full_name=name, **columns, enrolled_at=NOW - timedelta(days=300))
    session.add(repo)
    session.flush()
    return repo


def prediction(
    session: Session,
    number: int,
    guesses: Mapping[str, tuple[str, float]],
    *,
    repo: int = 1,
    title: str = "Lid does not close",
    at: datetime = NOW,
    **columns: object,
) -> Prediction:
    """Add a prediction, label -> (decision, probability), for an issue, which is added too unless it is there."""
    if not session.get(Issue, (repo, number)):
        session.add(
            Issue(
                repository_id=repo,
                number=number,
                title=title,
                body="",
                state="open",
                author="ada",
                created_at=at,
                updated_at=at,
            )
        )
    values = {"delivery_id": f"d-{repo}-{number}-{at:%s}", "mode": "apply", "latency": 0.08, **columns}
    row = Prediction(repository_id=repo, number=number, created_at=at, **values)
    session.add(row)
    session.flush()
    limits = {"apply_threshold": 0.8, "suggest_threshold": 0.4} if row.model_id else {}
    for label, (decision, probability) in guesses.items():
        rare = {"apply_threshold": None} if row.model_id and label in ("accessibility", "api") else {}
        values = {"label": label, "decision": decision, "probability": probability, **limits, **rare}
        session.add(Guess(prediction_id=row.id, **values))
    return row


def truth(session: Session, number: int, truths: Mapping[str, Truth], *, repo: int = 1) -> None:
    """Say what is known of an issue's labels."""
    for label, known in truths.items():
        session.add(LabelTruth(repository_id=repo, number=number, label=label, truth=known, at=NOW))


def model(session: Session, number: int, *, repo: int = 1, **columns: object) -> ModelVersion:
    """Add a model version."""
    values: dict[str, object] = {
        "folder": f"{repo}/{number}",
        "method": "linear",
        "status": "retired",
        "reason": "better than what served before",
        "metrics": {"micro_f1": 0.71, "champion_micro_f1": 0.64},
        "trained_on": 100 * number,
        "trained_until": NOW - timedelta(days=90),
        "held_out": 60,
        "created_at": NOW - timedelta(days=90),
    }
    row = ModelVersion(repository_id=repo, number=number, **{**values, **columns})
    session.add(row)
    session.flush()
    return row


def delivery(session: Session, key: str, *, repo: int | None = 1, **columns: object) -> None:
    """Add a delivery to the inbox."""
    values = {"event": "issues", "action": "opened", "body": "{}", "received_at": NOW, "due_at": NOW, **columns}
    session.add(Delivery(id=key, repository_id=repo, **values))


def demo(session: Session, *, seed: int = 7, issues: int = 480) -> None:
    """Fill in a repository that has lived for nine months, one that has just begun, and one in shadow mode."""
    dice = random.Random(seed)
    repo = repository(session, mode="apply")
    models = _demo_models(session, repo)
    for index in range(issues):
        stage = sum(index >= limit for limit in STAGES)
        _demo_issue(session, index, at=_moment(index, issues), stage=stage, model=models[stage], dice=dice)
    for number, limit in enumerate(STAGES, start=1):
        at = _moment(limit, issues) - timedelta(hours=1)
        session.add(Promotion(repository_id=repo.id, model_id=models[number], reason="better", at=at))
    _demo_work(session, repo)
    repository(session, 2, "northwind/teapot")
    for number in range(1, 9):
        guess = {"bug": ("suggest", 0.31), "question": ("withhold", 0.22)}
        prediction(session, number, guess, repo=2, at=NOW - timedelta(hours=40 - 4 * number), mode="suggest")
    repository(session, 3, "northwind/tray", mode="shadow")


def _moment(index: int, issues: int) -> datetime:
    return NOW - timedelta(days=270) * (1 - (index + 1) / issues) - timedelta(minutes=11)


def _demo_models(session: Session, repo: Repository) -> list[int | None]:
    figures = [(1, "naive_bayes", 0.52, None), (2, "linear", 0.68, 0.55), (4, "linear", 0.77, 0.70)]
    models: list[int | None] = [None]
    for (number, method, own, other), limit in zip(figures, STAGES, strict=True):
        metrics = {"average_precision": own + 0.06, "micro_f1": own}
        if other:
            metrics |= {"champion_average_precision": other + 0.05, "champion_micro_f1": other}
        made = {"method": method, "metrics": metrics, "trained_on": limit - 8, "created_at": _moment(limit, 480)}
        reason = (
            f"micro F1 {own:.2f} on 60 later issues, {f'champion {other:.2f}' if other else 'nothing served before'}"
        )
        models.append(model(session, number, reason=reason, trained_until=_moment(limit - 60, 480), **made).id)
    worse = {"average_precision": 0.71, "champion_average_precision": 0.73, "micro_f1": 0.66, "champion_micro_f1": 0.69}
    reason = "refused: micro F1 0.66 on the same 60 later issues, 0.03 below the champion's 0.69"
    model(session, 3, status="refused", reason=reason, metrics=worse)
    repo.champion_id = models[-1]
    session.get_one(ModelVersion, models[-1]).status = "champion"
    return models


def _demo_issue(
    session: Session, index: int, *, at: datetime, stage: int, model: int | None, dice: random.Random
) -> None:
    labels = list(TITLES)
    real = dice.choices(labels, WEIGHTS)[0]
    sure, right = CHANCES[stage]
    guess = real if dice.random() < right else dice.choice([label for label in labels if label != real])
    weak = guess in ("accessibility", "api")
    decision = "apply" if dice.random() < sure * 0.72 and not weak else dice.choice(["suggest", "suggest", "withhold"])
    span = {"apply": (0.8, 0.99), "suggest": (0.42, 0.79), "withhold": (0.2, 0.4)}[decision]
    rest = {label: ("withhold", round(dice.uniform(0.01, 0.15), 3)) for label in labels if label != guess}
    title = dice.choice(TITLES[real]).format(dice.choice(ENDINGS))
    written = {"written_at": at + timedelta(seconds=1)} if decision != "withhold" else {"not_written": "nothing to say"}
    settings = {"model_id": model, "latency": dice.uniform(0.03, 0.19), "title": title, "at": at, **written}
    guesses = {guess: (decision, round(dice.uniform(*span), 3)), **rest}
    prediction(session, 1200 + index, guesses, **settings)
    if dice.random() < (0.45 if index > 465 else 0.9):
        wrong = {guess: Truth.NEGATIVE} if guess != real else {}
        truth(session, 1200 + index, {real: Truth.POSITIVE, **wrong})
    elif decision == "apply":
        truth(session, 1200 + index, {guess: Truth.UNCONFIRMED})


def _demo_work(session: Session, repo: Repository) -> None:
    for index in range(214):
        delivery(session, f"done-{index}", status="done", attempts=1)
    delivery(session, "waiting", status="queued")
    error = "GitHub answered 503 Service Unavailable eight times; https://www.githubstatus.com tells more"
    failed = {"status": "failed", "attempts": 8, "last_error": error, "finished_at": NOW - timedelta(hours=3)}
    delivery(session, "7f0c31d2-24a1-11f1-9d6e-3c9b8e0f5a11", **failed)
    times = {"due_at": NOW, "labels_known": 400}
    for number, verdict in (
        (2, "promoted: micro F1 0.68, champion 0.55"),
        (3, "refused: micro F1 0.66, champion 0.69"),
    ):
        at = NOW - timedelta(days=200 - 45 * number)
        done = {"status": "done", "verdict": verdict, "requested_at": at, "finished_at": at + timedelta(minutes=4)}
        session.add(TrainingRun(repository_id=repo.id, why="62 new labels", progress=1.0, **done, **times))
    why = "71 new labels since the last training, 67 are enough"
    running = {"status": "running", "progress": 0.62, "requested_at": NOW - timedelta(minutes=2), "attempts": 1}
    session.add(TrainingRun(repository_id=repo.id, why=why, **running, **times))
