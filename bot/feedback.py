"""Use case: somebody put a label on an issue or took one off -> the log, the training truth, a prediction's outcome."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bot import storage
from bot.events import TRIAGERS, Sender
from bot.models import ActorKind, Guess, LabelTruth, Outcome, Truth
from bot.remote import PastEvent
from pipeline.decisions import Decision


@dataclass(frozen=True)
class LabelAct:
    """Somebody put a label on an issue, or took it off. `key` is the same whenever the same act is told again."""

    key: str
    repository_id: int
    number: int
    label: str
    labeled: bool
    actor: str
    kind: ActorKind
    at: datetime


def kind_of(sender: Sender, *, author: str, association: str, ourselves: str) -> ActorKind:
    """Tell whose act it is.

    An author without triage permission cannot label: what appears in the author's name was named in an issue
    form or template, and is nobody's judgement of this issue.
    """
    if sender.is_bot:
        return ActorKind.OURSELVES if sender.login == ourselves else ActorKind.OTHER_BOT
    if sender.login == author and association not in TRIAGERS:
        return ActorKind.TEMPLATE
    return ActorKind.PERSON


def act_of(repository_id: int, past: PastEvent, login: Callable[[], str]) -> LabelAct:
    """Return the act that a label event of GitHub's tells of; `login`, our own, is asked for a bot's only."""
    event = past.event
    sender = Sender(event.actor, event.actor_type == "Bot")
    ourselves = login() if sender.is_bot else ""
    kind = kind_of(sender, author=past.author, association=past.association, ourselves=ourselves)
    key, labeled = f"event:{repository_id}:{event.id}", event.action == "labeled"
    return LabelAct(key, repository_id, past.number, event.label, labeled, event.actor, kind, event.at)


def implied(before: Truth | None, *, labeled: bool, kind: ActorKind) -> Truth | None:
    """Return what is known of a label after an act, given what was known before; None is unknown.

    Only a person's act is a judgement. What anybody else puts on is unconfirmed until a person confirms it, and
    never overrides a person; what anybody else takes off becomes unknown, except where a person had taken it off.
    """
    if kind is ActorKind.PERSON:
        return Truth.POSITIVE if labeled else Truth.NEGATIVE
    if labeled:
        return before or Truth.UNCONFIRMED
    return before if before is Truth.NEGATIVE else None


def record(session: Session, act: LabelAct) -> bool:
    """Append an act to the log and draw its consequences; False if it was in the log before.

    An act that is told late, after a newer one on the same label, is only logged.
    """
    if not storage.append_label_event(session, log_row(act)):
        return False
    key = (act.repository_id, act.number, act.label)
    known = session.get(LabelTruth, key, populate_existing=True)
    if known is not None and known.at > act.at:
        return True
    before = Truth(known.truth) if known else None
    storage.set_truth(session, key, implied(before, labeled=act.labeled, kind=act.kind), at=act.at)
    if act.kind is ActorKind.PERSON:
        _settle(session, act)
    return True


def _settle(session: Session, act: LabelAct) -> None:
    """Settle the guess that a person's act answers, and those that the person saw and let stand."""
    for guess in storage.open_guesses(session, act.repository_id, act.number):
        if guess.label.lower() == act.label.lower():
            guess.outcome, guess.settled_at, guess.settled_by = answer(guess, labeled=act.labeled), act.at, act.actor
        elif guess.written == "applied" and guess.outcome is None:
            _confirm(session, guess, act)


def answer(guess: Guess, *, labeled: bool) -> Outcome | None:
    """Return how putting the label on, or taking it off, answers a guess."""
    withheld = guess.decision == Decision.WITHHOLD
    if labeled:
        return Outcome.MISSED if withheld else Outcome.ACCEPTED
    return None if withheld else Outcome.REJECTED


def _confirm(session: Session, guess: Guess, act: LabelAct) -> None:
    """Take a label that we applied for confirmed: a person who changes an issue's labels has looked at them."""
    key = (act.repository_id, act.number, guess.label)
    known = session.get(LabelTruth, key, populate_existing=True)
    if known is None or known.truth == Truth.UNCONFIRMED:
        storage.set_truth(session, key, Truth.POSITIVE, at=act.at)
        guess.outcome, guess.settled_at, guess.settled_by = Outcome.ACCEPTED, act.at, act.actor


def settle_from_truth(session: Session, repository_id: int, number: int) -> None:
    """Settle a prediction made after a person had already spoken (deliveries may be handled out of order)."""
    known = storage.truths(session, repository_id, number)
    for guess in storage.open_guesses(session, repository_id, number):
        truth = known.get(guess.label)
        if guess.outcome is None and truth in {Truth.POSITIVE, Truth.NEGATIVE}:
            guess.outcome = answer(guess, labeled=truth is Truth.POSITIVE)


def log_row(act: LabelAct) -> dict[str, object]:
    """Return an act as the log keeps it."""
    return {
        "key": act.key,
        "repository_id": act.repository_id,
        "number": act.number,
        "label": act.label,
        "action": "labeled" if act.labeled else "unlabeled",
        "actor": act.actor,
        "actor_kind": act.kind,
        "at": act.at,
    }
