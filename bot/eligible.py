"""Which issues are to be predicted, by what is known of them: those from before the App came, or came back, are not.

While it was off, by removal or suspension, nobody wanted it: what was opened till then is as old as what the first
installation found. The bot being down is another matter: what was opened meanwhile is caught up on.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from bot import in_force, storage
from bot.events import IssueState
from bot.models import BACKFILL, Delivery, Repository


def may_tag(repo: Repository, state: IssueState) -> bool:
    """Tell whether an issue, if it is not too old, is to be predicted at all."""
    ignored = in_force.config(repo).ignores(state.author, state.author_association)
    return state.state == "open" and not ignored and not repo.idle


def may_tag_again(session: Session, repo: Repository, state: IssueState) -> bool:
    """Tell whether new text calls for a new prediction: nothing settled, and not an issue from before us."""
    if storage.is_settled(session, repo.id, state.number):
        return False
    return state.created_at >= repo.enrolled_at or _predicted(session, repo, state)


def was_left_out(session: Session, repo: Repository, state: IssueState) -> bool:
    """Tell whether an issue that is reopened was predicted, and closed before anything was written or said."""
    if storage.is_settled(session, repo.id, state.number) or not _predicted(session, repo, state):
        return False
    return not storage.has_prediction(session, repo.id, state.number, written=True)


def _predicted(session: Session, repo: Repository, state: IssueState) -> bool:
    """Tell whether an issue was predicted since the App came.

    One that was labelled because a maintainer asked for some labels on old issues remains one from before us.
    """
    return storage.has_prediction(session, repo.id, state.number, but_for=BACKFILL, since=repo.enrolled_at)


def from_before(
    session: Session, repo: Repository, delivery: Delivery, state: IssueState, payload: Mapping[str, Any]
) -> bool:
    """Tell whether a delivery of an issue's opening, or what it led to, is from before the App was off.

    The word of an issue may come before that of the installation. Nothing is told of issues that are opened while the
    App is off, so that what was opened since we heard of that was opened when it was on again.
    """
    prediction = storage.prediction_of(session, delivery.id)
    earlier = prediction is not None and prediction.created_at < repo.enrolled_at
    earlier = earlier or (repo.off_at is not None and state.created_at < repo.off_at)
    return state.created_at < repo.enrolled_at and (earlier or payload["installation"]["id"] != repo.installation_id)
