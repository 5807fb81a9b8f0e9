"""Handle one delivery of the inbox: claim it, call the use case its event is for, mark it as done.

Only errors declared transient are tried again, later and later, for a day at least; every other ends the delivery as
failed, to be seen on the dashboard and run again by `issue-tagger deliveries retry`.
"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot import answering, backfill, configuration, events, feedback, in_force, keeping, leases, storage, sync, tagging
from bot.context import Context
from bot.errors import BotError, LostLeaseError, NotYetError, TransientError
from bot.events import TRIAGERS, IssueState, need
from bot.feedback import LabelAct
from bot.models import BACKFILL, ActorKind, Delivery, Installation, Mode, Repository, Work
from bot.remote import RemoteLabel, RemoteRepository
from bot.repo_config import matches
from pipeline.errors import PipelineError

log = logging.getLogger(__name__)

LONGEST_OUTAGE = timedelta(days=1)  # of GitHub's: a delivery older than that which it still fails is given up

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
        elif now - delivery.received_at < LONGEST_OUTAGE:
            leases.put_off(session, Delivery, delivery, message, due_at=now + leases.LONGEST_BACKOFF)
        else:
            leases.fail(session, Delivery, delivery, message, now=now)


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
    """Return the repository a delivery is about; enrol it if word of its installation has not come yet."""
    found, installation = need(payload, "repository", dict), need(payload, "installation", dict)
    repository_id, full_name = need(found, "id", int), need(found, "full_name", str)
    with context.database.write() as session:
        unheard_of = session.get(Repository, repository_id) is None
        known = session.get(Installation, need(installation, "id", int))
        if unheard_of and (known is None or not (known.removed_at or known.suspended_at)):
            account = need(need(found, "owner", dict), "login", str)
            here = [RemoteRepository(repository_id, full_name)]
            sync.enrol(session, (installation["id"], account), here, now=context.now())
        return storage.repository(session, repository_id)


# --- installations


def _installation(context: Context, what: str, payload: Payload) -> None:
    installation = need(payload, "installation", dict)
    installation_id, now = need(installation, "id", int), context.now()
    account = need(need(installation, "account", dict), "login", str)
    with context.database.write() as session:
        if what in {"installation.created", "installation_repositories.added"}:
            field = "repositories" if what == "installation.created" else "repositories_added"
            sync.enrol(session, (installation_id, account), _listed(payload, field), now=now)
        elif what == "installation_repositories.removed":
            gone = _listed(payload, "repositories_removed")
            sync.dismiss(session, installation_id, [each.id for each in gone], now=now)
        else:
            column = {"deleted": "removed_at"}.get(what.removeprefix("installation."), "suspended_at")
            value = None if what == "installation.unsuspend" else now
            sync.set_installation(session, (installation_id, account), **{column: value})


def _listed(payload: Payload, field: str) -> list[RemoteRepository]:
    rows = payload.get(field) or []
    return [RemoteRepository(need(row, "id", int), need(row, "full_name", str)) for row in rows]


# --- repositories and their labels


def _on_repository(context: Context, delivery: Delivery, repo: Repository, payload: Payload) -> None:
    with context.database.write() as session:
        session.get_one(Repository, repo.id).full_name = payload["repository"]["full_name"]


def _on_label(context: Context, delivery: Delivery, repo: Repository, payload: Payload) -> None:
    label = need(payload, "label", dict)
    label_id, name = need(label, "id", int), need(label, "name", str)
    with context.database.write() as session:
        if delivery.action == "deleted":
            keeping.drop_labels(session, repo.id, [label_id], now=context.now())
        else:
            keeping.keep_label(session, repo.id, RemoteLabel(label_id, name, label.get("description") or ""))


# --- issues


def _on_issues(context: Context, delivery: Delivery, repo: Repository, payload: Payload) -> None:
    state = events.issue_state(payload)
    gone = {*keeping.GONE} & {delivery.action}
    with context.database.write() as session:
        changed = keeping.keep_issue(session, repo.id, state, state=delivery.action if gone and delivery.action else "")
        news = changed or delivery.token > 1  # an earlier claim may have stored the new text, and died or waited
        again = delivery.action == "edited" and news and _may_tag_again(session, repo, state)
        acts = _acts(context, delivery, repo, state, payload)
        for act in acts:
            feedback.record(session, act)
    _take_off_settled(context, repo, state, acts)
    if any(act.kind is ActorKind.PERSON for act in acts):
        answering.fold_settled(context, repo, state.number)
    ignored = in_force.config(repo).ignores(state.author, state.author_association)
    if state.state == "open" and not ignored and repo.paused_at is None and (delivery.action == "opened" or again):
        tagging.tag(context, delivery, repo, state)


def _take_off_settled(context: Context, repo: Repository, state: IssueState, acts: Sequence[LabelAct]) -> None:
    """Take off labels such as `needs-triage` that the repository wants gone once a person has labelled an issue."""
    own = in_force.config(repo)
    waiting = [pattern for pattern, what in own.groups.items() if what == "settled"]
    judged = [act.label for act in acts if act.labeled and act.kind is ActorKind.PERSON]
    if in_force.mode(repo, context.settings) is Mode.SHADOW or all(matches(name, waiting) for name in judged):
        return
    for name in state.labels:
        if matches(name, waiting) and name not in judged:
            context.gateway(repo).remove_label(state.number, name)


def _may_tag_again(session: Session, repo: Repository, state: IssueState) -> bool:
    """Tell whether new text calls for a new prediction: nothing settled, and not an issue from before us."""
    if storage.is_settled(session, repo.id, state.number):
        return False
    return storage.has_prediction(session, repo.id, state.number) or state.created_at >= repo.enrolled_at


def _acts(
    context: Context, delivery: Delivery, repo: Repository, state: IssueState, payload: Payload
) -> list[LabelAct]:
    """Return the label acts that a delivery tells of; an issue may be opened with labels on it."""
    if delivery.action == "opened":
        judged = state.author_association in TRIAGERS and not events.came_by_transfer(payload)
        kind = ActorKind.PERSON if judged else ActorKind.TEMPLATE
        named = [(name, True, state.author, kind) for name in state.labels]
    elif delivery.action in {"labeled", "unlabeled"} and payload.get("label"):
        who = events.sender(payload)
        ourselves = context.github.login() if who.is_bot else ""
        kind = feedback.kind_of(who, author=state.author, association=state.author_association, ourselves=ourselves)
        name = need(need(payload, "label", dict), "name", str)
        named = [(name, delivery.action == "labeled", who.login, kind)]
    else:
        return []
    return [
        LabelAct(f"{delivery.id}:{name}", repo.id, state.number, name, labeled, actor, kind, state.updated_at)
        for name, labeled, actor, kind in named
    ]


ON: Mapping[str, Callable[[Context, Delivery, Repository, Payload], None]] = {
    "issues": _on_issues,
    "issue_comment": answering.on_comment,
    "label": _on_label,
    "repository": _on_repository,
    "push": configuration.on_push,
    BACKFILL: backfill.on_backfill,
}
