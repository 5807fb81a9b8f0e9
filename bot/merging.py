"""Use case: one label takes another's place: it was renamed, or deleted after its issues had got the other one.

GitHub cannot merge labels, and sends no word of it. What counts as a merge: a label is deleted, and within a day of
that at least `SHARE` of the issues that were open with it, or lost it, and at least `LEAST` of them, got the same other
label. What was known of the one is then known of the other; models that know the one go on, under the other's name.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot import feedback, label_log, label_names, storage
from bot.feedback import LabelAct
from bot.models import ActorKind, Label, LabelEvent, Repository
from bot.remote import RemoteLabel

WITHIN = timedelta(days=1)
CHOSEN = (ActorKind.PERSON, ActorKind.SCRIPT, ActorKind.OTHER_BOT)  # whose acts count
LEAST, SHARE = 3, 0.8  # issues, and how many of those that had the deleted label


def rename(session: Session, repository_id: int, old: str, new: str) -> None:
    """Let all that is known of a label go on under another name.

    What is there under that name is of a label that was deleted, and goes on with it.
    """
    _go_on(session, repository_id, old, new)
    for number in label_log.rename_truths(session, repository_id, old, new):
        feedback.draw(session, repository_id, number, {new})


def remake(session: Session, repository_id: int, gone: Label, new: RemoteLabel, *, now: datetime) -> None:
    """Let what is known of a label that was deleted go on in one that was made under its name, in whatever case.

    The issues that had it lost it; when, is known only where the one was seen to be gone before the other came.
    """
    if gone.name != new.name:
        rename(session, repository_id, gone.name, new.name)
    if gone.removed_at is None or gone.removed_at >= now:
        return
    for number in label_log.bearing(session, repository_id, new.name, until=gone.removed_at):
        key = f"remade:{repository_id}:{new.id}:{number}"
        lost = LabelAct(key, repository_id, number, new.name, False, "", ActorKind.OTHER_BOT, gone.removed_at)
        feedback.record(session, lost)


def follow(session: Session, repository_id: int, gone: Label, *, now: datetime) -> Label | None:
    """Let a label that was deleted go on in the one that took its place, if one did; return that one."""
    got = _got_instead(session, repository_id, gone)
    if max(map(len, got.values()), default=0) < LEAST:
        return None  # which is seen at a glance, however many issues had it
    log = _by_issue(label_log.acts_on_label(session, repository_id, gone.name))
    new = _successor(session, repository_id, gone, log, got)
    if new is None:
        return None
    _go_on(session, repository_id, gone.name, new.name)
    for number, acts in log.items():
        kept = _before(acts, _since(gone))
        if kept and kept[-1].action == "labeled":
            for act in kept:
                act.label = new.name
            session.flush()
            feedback.draw(session, repository_id, number, {gone.name, new.name})
    new.former = label_names.give_up(new.former, gone.name, now)
    session.flush()
    return new


def _go_on(session: Session, repository_id: int, old: str, new: str) -> None:
    label_log.rename_guesses(session, repository_id, old, new)
    repo = session.get_one(Repository, repository_id)
    if repo.taxonomy and old in repo.taxonomy:
        repo.taxonomy = list(dict.fromkeys(new if name == old else name for name in repo.taxonomy))


def _got_instead(session: Session, repository_id: int, gone: Label) -> Mapping[Label, set[int]]:
    """Return the labels that issues which ever had a deleted one got since people set about deleting it."""
    living = {label.name: label for label in storage.labels(session, repository_id)}
    if gone.name.lower() in {name.lower() for name in living}:  # made again under its name
        return {}
    found: dict[Label, set[int]] = {}
    for name, number in label_log.put_on_since(session, repository_id, _since(gone), beside=gone.name, by=CHOSEN):
        if name in living:
            found.setdefault(living[name], set()).add(number)
    return found


def _successor(
    session: Session,
    repository_id: int,
    gone: Label,
    log: Mapping[int, Sequence[LabelEvent]],
    got: Mapping[Label, set[int]],
) -> Label | None:
    """Return the label that the issues got instead which were open with a deleted one, or lost it then."""
    still_open, had = label_log.open_issues(session, repository_id, label=gone.name), set()
    for number, acts in log.items():
        kept = _before(acts, _since(gone))
        if kept and kept[-1].action == "labeled" and (len(kept) < len(acts) or number in still_open):
            had.add(number)
    new, numbers = max(got.items(), key=lambda pair: (len(pair[1] & had), pair[0].name))
    count = len(numbers & had)
    return new if count >= LEAST and count >= SHARE * len(had) else None


def _before(acts: Sequence[LabelEvent], since: datetime) -> Sequence[LabelEvent]:
    """Return the acts on a label of an issue without that by which it lost it in the end."""
    return acts[:-1] if acts and acts[-1].action == "unlabeled" and acts[-1].at >= since else acts


def _since(gone: Label) -> datetime:
    assert gone.removed_at is not None
    return gone.removed_at - WITHIN


def _by_issue(acts: Sequence[LabelEvent]) -> dict[int, list[LabelEvent]]:
    found: dict[int, list[LabelEvent]] = {}
    for act in acts:
        found.setdefault(act.number, []).append(act)
    return found
