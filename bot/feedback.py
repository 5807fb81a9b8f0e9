"""Use case: somebody put a label on an issue or took one off -> the log, the training truth, a prediction's outcome."""

from collections import Counter, deque
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot import label_log, storage
from bot.models import ActorKind, Guess, LabelEvent, Outcome, Truth
from pipeline.decisions import Decision

MANY, SECONDS = 10, timedelta(seconds=10)  # issues, and within how long: whoever is so quick is a script


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


@dataclass(frozen=True)
class Known:
    """What is known of a label of an issue, since when, and by whose act."""

    truth: Truth
    at: datetime
    by: str
    ours: bool = False  # the bot put it on, and nobody has said anything about it


def known_of(log: Iterable[LabelEvent]) -> dict[str, Known]:
    """Return what an issue's log, in time order, implies for each label; nothing of a label left unknown.

    It depends on what is in the log, not on when we were told. A person who changes an issue's labels has looked at
    them, and confirms those that the bot had put on.
    """
    found: dict[str, Known] = {}
    for event in log:
        kind, before = ActorKind(event.actor_kind), found.get(event.label)
        truth = implied(before.truth if before else None, labeled=event.action == "labeled", kind=kind)
        if kind is ActorKind.PERSON:
            for label, known in found.items():
                if known.ours:
                    found[label] = Known(Truth.POSITIVE, event.at, event.actor)
        if truth is None:
            found.pop(event.label, None)
        elif before is None or kind is ActorKind.PERSON:
            found[event.label] = Known(truth, event.at, event.actor, kind is ActorKind.OURSELVES)
    return found


def record(session: Session, act: LabelAct) -> bool:
    """Append an act to the log and draw its consequences; False if it was in the log before.

    What is told of an issue that was transferred, is recorded where it is now. Two who record acts on the same issue
    do so one after the other.
    """
    repository_id, number = label_log.whereabouts(session, (act.repository_id, act.number))
    if (repository_id, number) != (act.repository_id, act.number):
        label = label_log.spelled(session, repository_id).get(act.label.lower(), act.label)
        act = replace(act, repository_id=repository_id, number=number, label=label)
    if not storage.append_label_event(session, log_row(act)):
        return False
    for number, labels in _to_draw(session, act).items():
        draw(session, act.repository_id, number, labels)
    return True


def _to_draw(session: Session, act: LabelAct) -> dict[int, set[str]]:
    """Return the labels, by issue, of which more or less is known since an act."""
    found = _by_script(session, act)
    found.setdefault(act.number, set()).add(act.label)
    return found


def draw(session: Session, repository_id: int, number: int, labels: Container[str]) -> None:
    """Draw from an issue's log what is known of some labels and, still, of the others, and settle its prediction."""
    known = known_of(storage.label_log(session, repository_id, number))
    stored = storage.truths(session, repository_id, number)
    for label in known.keys() | stored.keys():
        if label in labels or (label in known and label in stored):
            key, there = (repository_id, number, label), known.get(label)
            storage.set_truth(session, key, there.truth if there else None, at=there.at if there else None)
    settle(session, repository_id, number, known)


def settle(session: Session, repository_id: int, number: int, known: Mapping[str, Known] | None = None) -> None:
    """Let what people did to an issue's labels answer its latest prediction."""
    if known is None:
        known = known_of(storage.label_log(session, repository_id, number))
    judged = {name.lower(): each for name, each in known.items() if each.truth is not Truth.UNCONFIRMED}
    for guess in storage.open_guesses(session, repository_id, number):
        said = judged.get(guess.label.lower())
        guess.outcome = answer(guess, labeled=said.truth is Truth.POSITIVE) if said else None
        guess.settled_at, guess.settled_by = (said.at, said.by) if said else (None, None)


def answer(guess: Guess, *, labeled: bool) -> Outcome | None:
    """Return how putting the label on, or taking it off, answers a guess."""
    withheld = guess.decision == Decision.WITHHOLD
    if labeled:
        return Outcome.MISSED if withheld else Outcome.ACCEPTED
    return None if withheld else Outcome.REJECTED


# --- acts of scripts


def _by_script(session: Session, act: LabelAct) -> dict[int, set[str]]:
    """Take what a person did to many issues within seconds for a script's; return labels by issue where it is new."""
    if act.kind is not ActorKind.PERSON or not act.actor:
        return {}
    acts = list(label_log.acts_of(session, act.repository_id, act.actor, act.at - SECONDS, act.at + SECONDS))
    bulk, found = set(in_bulk(acts)), dict[int, set[str]]()
    for each in acts:
        if each.id in bulk and each.actor_kind != ActorKind.SCRIPT:
            each.actor_kind = ActorKind.SCRIPT
            found.setdefault(each.number, set()).add(each.label)
    session.flush()
    return found


def find_scripts(session: Session, repository_id: int) -> None:
    """Tell scripts from people in a log of which nothing has been drawn yet."""
    for actor in label_log.actors(session, repository_id):
        bulk = set(in_bulk(label_log.acts_of(session, repository_id, actor)))
        label_log.set_kind(session, bulk, ActorKind.SCRIPT)


def in_bulk(acts: Iterable[LabelEvent]) -> Iterator[int]:
    """Yield the ids of those of one person's acts, in time order, that are among acts on `MANY` issues in `SECONDS`."""
    window, fresh = deque[LabelEvent](), deque[LabelEvent]()  # `fresh` are those of the window not yielded yet
    numbers: Counter[int] = Counter()  # acts of the window by issue
    for act in acts:
        window.append(act)
        fresh.append(act)
        numbers[act.number] += 1
        while act.at - window[0].at > SECONDS:
            left = window.popleft()
            numbers[left.number] -= 1
            if not numbers[left.number]:
                del numbers[left.number]
            if fresh[0] is left:
                fresh.popleft()
        if len(numbers) >= MANY:
            yield from (each.id for each in fresh)
            fresh.clear()


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
