"""Use case: a maintainer asks what was thought of an issue, and why nothing was written on it."""

from sqlalchemy.orm import Session

from bot import acts, comments, in_force, storage
from bot.context import Context
from bot.models import Guess, Prediction, Repository
from bot.planning import unpredicted
from bot.reasons import Reason
from bot.remote import RemoteIssue

MOST = 10  # labels


def told(context: Context, repo: Repository, issue: RemoteIssue) -> str:
    """Return, in the repository's language, what was thought of an issue and why nothing was written on it."""
    with context.database.read() as session:
        guesses = _guesses(session, repo, issue.number)
        behind = session.get_one(Prediction, guesses[0].prediction_id) if guesses else None
    reason = _unwritten(behind) if behind else _unpredicted(context, repo, issue)
    measured, language = bool(behind and behind.model_id), in_force.config(repo).language
    return comments.explain(guesses, measured=measured, reason=reason, language=language)


def _guesses(session: Session, repo: Repository, number: int) -> list[Guess]:
    found = storage.open_guesses(session, repo.id, number)
    return sorted(found, key=lambda guess: (-guess.probability, guess.label))[:MOST]


def _unwritten(prediction: Prediction) -> Reason | None:
    """Return why nothing of a prediction is written; None where it is, or an earlier release said so in other words."""
    said = prediction.not_written or (None if prediction.written_at else Reason.WAITS)
    return next((each for each in Reason if each == said), None)


def _unpredicted(context: Context, repo: Repository, issue: RemoteIssue) -> Reason | None:
    with context.database.read() as session:
        log = storage.label_log(session, repo.id, issue.number)
    said = acts.said(repo, issue, context.gateway(repo).label_events(issue.number), log)
    return unpredicted(repo, issue, in_force.config(repo), said=said)
