"""Whose judgement it is that a label was put on or taken off, as a delivery or GitHub's events tell of it.

Told from a maintainer's decision are: the bot itself, other bots (GitHub Actions among them), Apps that act in a
person's name, and what an issue form or template puts on in the author's name. Scripts are told by their speed, see
:mod:`bot.feedback`. Deliveries do not say whether an App acted in a person's name; GitHub's events do.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot import events
from bot.events import TRIAGERS, IssueState, Sender, need
from bot.feedback import LabelAct
from bot.label_names import LabelNames
from bot.models import ActorKind, Delivery, LabelEvent, Repository
from bot.reasons import Reason
from bot.remote import PastEvent, RemoteIssue, RemoteLabelEvent

OPENING = timedelta(seconds=5)  # within which GitHub puts on what a form or template names
SLACK = timedelta(seconds=2)  # between the times by which GitHub's events and deliveries tell of the same act

About = IssueState | RemoteIssue | PastEvent  # an issue: its author, what that one is to the repository, its opening


def kind_of(repo: Repository, who: Sender, about: About, *, label: str, at: datetime, ourselves: str) -> ActorKind:
    """Tell whose act it is.

    An author without triage permission cannot label: what appears in the author's name was named in an issue form or
    template, and is nobody's judgement of this issue. Neither is what a template of the repository names and is put on
    at once, whoever the author is.
    """
    if who.is_bot:
        return ActorKind.OURSELVES if who.login == ourselves else ActorKind.OTHER_BOT
    if who.by_app:
        return ActorKind.OTHER_BOT
    named = at - about.created_at <= OPENING and label.lower() in (repo.automations or {}).get("templates", ())
    if who.login == about.author and (named or about.author_association not in TRIAGERS):
        return ActorKind.TEMPLATE
    return ActorKind.PERSON


def act_of(repo: Repository, past: PastEvent, login: Callable[[], str]) -> LabelAct:
    """Return the act that a label event of GitHub's tells of; `login`, our own, is asked for a bot's only."""
    event = past.event
    who = sender_of(event)
    ourselves = login() if who.is_bot else ""
    kind = kind_of(repo, who, past, label=event.label, at=event.at, ourselves=ourselves)
    key, labeled = f"event:{repo.id}:{event.id}", event.action == "labeled"
    return LabelAct(key, repo.id, past.number, event.label, labeled, event.actor, kind, event.at)


def sender_of(event: RemoteLabelEvent) -> Sender:
    """Return who caused a label event of GitHub's."""
    return Sender(event.actor, event.actor_type == "Bot", event.by_app)


def of_people(
    repo: Repository, issue: RemoteIssue, told: Iterable[RemoteLabelEvent], log: Iterable[LabelEvent]
) -> list[RemoteLabelEvent]:
    """Return those of GitHub's events in which a person changed an issue's labels; the log knows which are scripts'."""
    scripts = [each for each in log if each.actor_kind == ActorKind.SCRIPT]
    return [
        each
        for each in told
        if kind_of(repo, sender_of(each), issue, label=each.label, at=each.at, ourselves="") is ActorKind.PERSON
        and not any(_same(each, act) for act in scripts)
    ]


def said(
    repo: Repository, issue: RemoteIssue, told: Iterable[RemoteLabelEvent], log: Sequence[LabelEvent]
) -> Reason | None:
    """Return what people did to an issue's labels, by GitHub's events and our log; None if nothing.

    The last word on each label counts: LABELLED where one was put on, DECLINED where labels were only taken off, or
    said not to fit.
    """
    acts = [(each.at, each.label.lower(), each.action) for each in of_people(repo, issue, told, log)]
    acts += [(each.at, each.label.lower(), each.action) for each in log if each.actor_kind == ActorKind.PERSON]
    last = {label: action for _, label, action in sorted(acts)}
    if not last:
        return None
    return Reason.LABELLED if "labeled" in last.values() else Reason.DECLINED


def _same(event: RemoteLabelEvent, act: LabelEvent) -> bool:
    """Tell whether an event of GitHub's is an act of the log, of which a delivery may tell by another second."""
    alike = (event.actor, event.label.lower(), event.action) == (act.actor, act.label.lower(), act.action)
    return alike and abs(event.at - act.at) <= SLACK


def told_by(
    repo: Repository, delivery: Delivery, payload: Mapping[str, Any], names: LabelNames, login: Callable[[], str]
) -> list[LabelAct]:
    """Return the acts that a delivery about an issue tells of; it may be opened with labels on it."""
    state = events.issue_state(payload)
    labels, who = _labels(delivery, payload, state)
    ourselves, found = login() if who.is_bot and labels else "", []
    for label in labels:
        name = names.of(need(label, "id", int), need(label, "name", str), state.updated_at)
        kind = kind_of(repo, who, state, label=name, at=state.updated_at, ourselves=ourselves)
        if delivery.action == "opened" and events.came_by_transfer(payload):
            kind = ActorKind.TEMPLATE  # put on elsewhere, which is nobody's judgement here
        key, on = f"{delivery.id}:{name}", delivery.action != "unlabeled"
        found.append(LabelAct(key, repo.id, state.number, name, on, who.login, kind, state.updated_at))
    return found


def _labels(
    delivery: Delivery, payload: Mapping[str, Any], state: IssueState
) -> tuple[Sequence[Mapping[str, Any]], Sender]:
    if delivery.action == "opened":
        issue = need(payload, "issue", dict)
        by_app = issue.get("performed_via_github_app") is not None
        return issue.get("labels") or (), Sender(state.author, (issue.get("user") or {}).get("type") == "Bot", by_app)
    if delivery.action in {"labeled", "unlabeled"} and payload.get("label"):
        return [need(payload, "label", dict)], events.sender(payload)
    return (), Sender(state.author, is_bot=False)
