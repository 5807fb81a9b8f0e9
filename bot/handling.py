"""Handle one delivery of the inbox: claim it, call the use case its event is for, mark it as done.

Only errors declared transient are tried again, later and later, for a day at least; every other ends the delivery as
failed, to be seen on the dashboard and run again by `issue-tagger deliveries retry`.
"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot import (
    acts,
    answering,
    automations,
    backfill,
    configuration,
    eligible,
    events,
    feedback,
    in_force,
    keeping,
    leases,
    remote,
    storage,
    sync,
    tagging,
    transfers,
    unheard,
)
from bot.context import Context
from bot.errors import BotError, LostLeaseError, NotYetError, TransientError
from bot.events import IssueState, need
from bot.feedback import LabelAct
from bot.label_names import LabelNames
from bot.models import BACKFILL, UNHEARD, ActorKind, Delivery, Installation, Issue, Repository, Truth, Work
from bot.repo_config import matches
from pipeline.errors import PipelineError

log = logging.getLogger(__name__)

LONGEST_OUTAGE = timedelta(days=1)  # of GitHub's: a delivery older than that which it still fails is given up
SURELY_NO_SCRIPT = 2 * feedback.SECONDS  # after an act: so long others of the same script may come, and word of them

Payload = Mapping[str, Any]


def handle(context: Context, delivery_id: str) -> None:
    """Handle a delivery if it is due and nobody else has it; then those on the same issue that waited for it."""
    waiting: str | None = delivery_id
    while waiting is not None:
        delivery = _claim(context, waiting)
        if delivery is None:
            return
        try:
            _attempt(context, delivery)
        except LostLeaseError:
            log.warning("delivery taken over", extra={"delivery": delivery.id})
        with context.database.read() as session:
            waiting = leases.next_in_line(session, Delivery, delivery, now=context.now())


def _claim(context: Context, delivery_id: str) -> Delivery | None:
    """Take a delivery; None if it is not to be handled, or not by us."""
    now = context.now()
    try:
        with context.database.write() as session:
            delivery = leases.claim(session, Delivery, delivery_id, now=now, lease=context.settings.lease)
            if delivery is not None and delivery.attempts > context.settings.max_attempts:
                leases.fail(session, Delivery, delivery, "every attempt ended without a word: see the log", now=now)
                return None
    except IntegrityError:
        return None
    return delivery


def _attempt(context: Context, delivery: Delivery) -> None:
    try:
        status = dispatch(context, delivery)
    except NotYetError as wait:
        with context.database.write() as session:
            leases.put_off(session, Delivery, delivery, str(wait), due_at=wait.until)
    except TransientError as error:
        _again(context, delivery, error)
    except (BotError, PipelineError) as error:
        if isinstance(error, LostLeaseError):
            raise
        _give_up(context, delivery, error)
    else:
        with context.database.write() as session:
            leases.finish(session, Delivery, delivery, now=context.now(), status=status)
        log.info("delivery handled", extra={"delivery": delivery.id, "event": delivery.event, "status": status})


def _give_up(context: Context, delivery: Delivery, error: BotError | PipelineError) -> None:
    """End a delivery as failed; one of a repository that we were taken off meanwhile is no failure."""
    with context.database.write() as session:
        if delivery.repository_id is not None and storage.repository(session, delivery.repository_id) is None:
            leases.finish(session, Delivery, delivery, now=context.now(), status=Work.IGNORED)
            return
        leases.fail(session, Delivery, delivery, f"{error.reason}: {error}", now=context.now())
    log.error("delivery failed", extra={"delivery": delivery.id, "reason": error.reason})


def _again(context: Context, delivery: Delivery, error: TransientError) -> None:
    message = f"{error.reason}: {error}"
    log.warning("delivery postponed", extra={"delivery": delivery.id, "reason": error.reason})
    now = context.now()
    with context.database.write() as session:
        if delivery.attempts < context.settings.max_attempts:
            due_at = now + leases.backoff(delivery.attempts, delivery.id, retry_after=error.retry_after)
            leases.retry_later(session, Delivery, delivery, message, due_at=due_at)
        elif now - _begun(context, session, delivery) < LONGEST_OUTAGE:
            leases.put_off(session, Delivery, delivery, message, due_at=now + leases.LONGEST_BACKOFF)
        else:
            leases.fail(session, Delivery, delivery, message, now=now)


def _begun(context: Context, session: Session, delivery: Delivery) -> datetime:
    """Return since when a delivery has been tried: what waited, so that people go first, was not tried in vain."""
    prediction = storage.prediction_of(session, delivery.id)
    if prediction is None:
        return delivery.received_at
    repo = session.get_one(Repository, prediction.repository_id)
    return prediction.created_at + in_force.delay(repo, context.settings)


def dispatch(context: Context, delivery: Delivery) -> Work:
    """Call what the delivery is for; return IGNORED where the repository is not served."""
    payload = json.loads(delivery.body)
    if delivery.event in {"installation", "installation_repositories"}:
        _installation(context, f"{delivery.event}.{delivery.action}", payload)
        return Work.DONE
    repo = _repository(context, payload)
    if repo is None:
        return Work.IGNORED
    ON[delivery.event](context, delivery, repo, payload)
    return Work.DONE


def _repository(context: Context, payload: Payload) -> Repository | None:
    """Return the repository a delivery is about; enrol it if word of its installation has not come yet.

    Where the App was off, an issue that was opened since tells that it is on again, and GitHub how.
    """
    found, installation = need(payload, "repository", dict), need(payload, "installation", dict)
    repository_id = need(found, "id", int)
    need(found, "full_name", str)
    with context.database.write() as session:
        unheard_of = session.get(Repository, repository_id) is None
        known = session.get(Installation, need(installation, "id", int))
        if unheard_of and (known is None or not (known.removed_at or known.suspended_at)):
            here = [remote.repository(found)]
            sync.enrol(session, (installation["id"], _account(found)), here, now=context.now())
        if repo := storage.repository(session, repository_id):
            return repo
        off_at = storage.off_since(session, repository_id)
    if off_at is not None and payload.get("action") == "opened" and events.issue_state(payload).created_at > off_at:
        sync.follow_installation(context, (installation["id"], _account(found)))
    with context.database.read() as session:
        return storage.repository(session, repository_id)


def _account(repository: Payload) -> str:
    return str(need(need(repository, "owner", dict), "login", str))


# --- installations


def _installation(context: Context, what: str, payload: Payload) -> None:
    """Stop at once where that is told; for all else GitHub says what is now, in whatever order deliveries come."""
    told = need(payload, "installation", dict)
    installation = need(told, "id", int), need(need(told, "account", dict), "login", str)
    now = context.now()
    with context.database.write() as session:
        if what == "installation.deleted":
            sync.set_installation(session, installation, removed_at=now)
            return
        if what == "installation.suspend":
            sync.set_installation(session, installation, suspended_at=now)
        gone = payload.get("repositories_removed") or []
        sync.dismiss(session, installation[0], [need(row, "id", int) for row in gone], now=now)
    sync.follow_installation(context, installation)


# --- repositories and their labels


def _on_repository(context: Context, delivery: Delivery, repo: Repository, payload: Payload) -> None:
    sync.follow_repository(context, need(need(payload, "installation", dict), "id", int), repo.id)
    if "default_branch" in (payload.get("changes") or {}):
        configuration.refresh(context, repo)


def _on_label(context: Context, delivery: Delivery, repo: Repository, payload: Payload) -> None:
    """Read the labels anew: a delivery tells that something changed, and GitHub what is now, whatever came first."""
    sync.follow_labels(context, repo)


# --- issues


def _on_issues(context: Context, delivery: Delivery, repo: Repository, payload: Payload) -> None:
    told = _undisputed(context, repo, events.issue_state(payload))
    gone = delivery.action if delivery.action in keeping.GONE else ""
    with context.database.write() as session:
        changed = keeping.keep_issue(session, repo.id, told, gone=gone or "")
        transfers.follow(session, repo, delivery.action, payload)
        news = changed or delivery.token > 1  # an earlier claim may have stored the new text, and died or waited
        again = delivery.action == "edited" and news and eligible.may_tag_again(session, repo, told)
        again = again or (delivery.action == "reopened" and eligible.was_left_out(session, repo, told))
        names = LabelNames(storage.all_labels(session, repo.id))
        told_acts = acts.told_by(repo, delivery, payload, names, context.github.login)
        for act in told_acts:
            feedback.record(session, act)
        state = _as_stored(session, repo, told)
        begun = storage.prediction_of(session, delivery.id) is not None
        too_old = eligible.from_before(session, repo, delivery, told, payload)
    if any(act.kind is ActorKind.PERSON for act in told_acts) and not context.quiet(repo):
        answering.fold_settled(context, delivery, repo, state.number, unasked=True)
    may = begun or ((delivery.action == "opened" or again) and eligible.may_tag(repo, state))
    if may and not too_old:
        tagging.tag(context, delivery, repo, state)
    _take_off_settled(context, delivery, repo, told_acts)


def _undisputed(context: Context, repo: Repository, told: IssueState) -> IssueState:
    """Return an issue as it is told; where that is of the same second as another word of it, as GitHub has it."""
    with context.database.read() as session:
        known = session.get(Issue, (repo.id, told.number))
    if known is None or known.updated_at != told.updated_at or known.state in keeping.GONE:
        return told
    if (known.title, known.body, known.state) == (told.title, told.body, told.state):
        return told
    now = context.gateway(repo).issue(told.number)
    return told if now is None else replace(told, title=now.title, body=now.body, state=now.state)


def _as_stored(session: Session, repo: Repository, told: IssueState) -> IssueState:
    """Return an issue that is told of, perhaps late, as it was last seen."""
    row = session.get_one(Issue, (repo.id, told.number), populate_existing=True)
    return replace(told, title=row.title, body=row.body, state=row.state)


def _take_off_settled(context: Context, delivery: Delivery, repo: Repository, told: Sequence[LabelAct]) -> None:
    """Take off labels such as `needs-triage` that the repository wants gone once a person has labelled an issue.

    Raises
    ------
    NotYetError
        As long as it may turn out that the label was a script's.
    """
    waiting = [pattern for pattern, what in in_force.config(repo).groups.items() if what == "settled"]
    judged = [act for act in told if act.labeled and not matches(act.label, waiting)] if waiting else []
    if not judged or context.quiet(repo):
        return
    number, at = judged[0].number, judged[0].at
    with context.database.read() as session:
        known = storage.truths(session, repo.id, number)
    if all(known.get(act.label) is not Truth.POSITIVE for act in judged):
        return  # nobody's judgement, as far as is known now; our own is a person's who ticked its box
    if context.now() < at + SURELY_NO_SCRIPT:
        raise NotYetError("waits, for this may be one of many acts of a script", until=at + SURELY_NO_SCRIPT)
    gateway = context.gateway(repo, delivery, unasked=True)
    issue = gateway.issue(number)
    if issue is None or issue.state != "open" or issue.locked or issue.created_at < repo.enrolled_at:
        return
    present = [name for name in issue.labels if matches(name, waiting)]
    since = {event.label for event in gateway.label_events(number) if event.at >= at} if present else set()
    for name in present:
        if name not in since:
            gateway.remove_label(number, name)


ON: Mapping[str, Callable[[Context, Delivery, Repository, Payload], None]] = {
    "issues": _on_issues,
    "issue_comment": answering.on_comment,
    "label": _on_label,
    "repository": _on_repository,
    "push": automations.on_push,
    BACKFILL: backfill.on_backfill,
    UNHEARD: unheard.on_unheard,
}
