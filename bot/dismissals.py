"""Use case: suggestions in GitHub's own interface that people dismissed are asked for: GitHub sends no word of them."""

from datetime import timedelta

from bot import feedback, written
from bot.context import Context
from bot.errors import GitHubRefused, GitHubUnavailable
from bot.feedback import LabelAct
from bot.keeping import GONE
from bot.models import ActorKind, Prediction, Repository
from bot.remote import RemoteSuggestion, RepositoryGateway

ASKED_FOR, ASKED_AT_ONCE = timedelta(days=30), 50  # how long, and about how many issues with each pull


def read_suggestions(context: Context, repo: Repository) -> int:
    """Ask GitHub which of its own suggestions people dismissed, of which it sends no word; return how many were new.

    An approval comes as a label event of the one who approved. What the bot took back itself says nothing.
    """
    gateway, since, new = context.gateway(repo), context.now() - ASKED_FOR, 0
    with context.database.read() as session:
        waiting = written.unanswered_suggestions(session, repo.id, since=since, gone=GONE, most=ASKED_AT_ONCE)
    for prediction in waiting:
        found = _suggestions(gateway, prediction.number)
        dismissed = [each for each in found if each.state == "dismissed" and each.resolved_by != each.actor]
        with context.database.write() as session:
            new += sum(feedback.record(session, _dismissal(repo, prediction.number, each)) for each in dismissed)
            session.get_one(Prediction, prediction.id).checked_at = context.now()
    return new


def _suggestions(gateway: RepositoryGateway, number: int) -> list[RemoteSuggestion]:
    """Return what is suggested for an issue; nothing for one that is gone, though we may not have been told."""
    try:
        return gateway.suggestions(number) or []
    except (GitHubRefused, GitHubUnavailable):
        if gateway.issue(number) is not None:
            raise
        return []


def _dismissal(repo: Repository, number: int, dismissed: RemoteSuggestion) -> LabelAct:
    key, who = f"suggestion:{repo.id}:{dismissed.id}", f"user {dismissed.resolved_by}"
    return LabelAct(key, repo.id, number, dismissed.label, False, who, ActorKind.PERSON, dismissed.at)
