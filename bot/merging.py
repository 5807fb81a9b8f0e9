"""Use case: one label takes another's place: it was renamed, or deleted after its issues had got the other one.

GitHub cannot merge labels, and sends no word of it. What counts as a merge: a label is deleted, and within a day of
that at least `SHARE` of the issues that were open with it, or lost it, and at least `LEAST` of them, got the same other
label. What was known of the one is then known of the other; models that know the one go on, under the other's name.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot import feedback, label_log, label_names, storage
from bot.models import ActorKind, Issue, Label, LabelEvent, Repository

WITHIN = timedelta(days=1)
LEAST, SHARE = 3, 0.8  # issues, and how many of those that had the deleted label


def rename(session: Session, repository_id: int, old: str, new: str) -> None:
    """Let all that is known of a label go on under another name.

    What is there under that name is of a label that was deleted, and goes on with it.
    """
    _go_on(session, repository_id, old, new)
    for number in label_log.rename_truths(session, repository_id, old, new):
        feedback.draw(session, repository_id, number, {new})


def follow(session: Session, repository_id: int, gone: Label, *, now: datetime) -> Label | None:
    """Let a label that was deleted go on in the one that took its place, if one did; return that one."""
    log = _by_issue(label_log.acts_on_label(session, repository_id, gone.name))
    new = _successor(session, repository_id, gone, log)
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


def _successor(
    session: Session, repository_id: int, gone: Label, log: Mapping[int, Sequence[LabelEvent]]
) -> Label | None:
    """Return the label that the issues of a deleted one got instead."""
    living = {label.name: label for label in storage.labels(session, repository_id)}
    if gone.name in living:  # made again under its name
        return None
    had = [number for number, acts in log.items() if _had(session, repository_id, number, acts, _since(gone))]
    got: Counter[str] = Counter()
    for number in had:
        later = (each for each in storage.label_log(session, repository_id, number) if each.at >= _since(gone))
        got.update({each.label for each in later if each.action == "labeled" and _chosen(each)} & living.keys())
    name, count = max(got.items(), key=lambda pair: (pair[1], pair[0]), default=("", 0))
    return living[name] if count >= LEAST and count >= SHARE * len(had) else None


def _had(session: Session, repository_id: int, number: int, acts: Sequence[LabelEvent], since: datetime) -> bool:
    """Tell whether an issue was open with a label when people set about deleting it, or lost it then."""
    kept = _before(acts, since)
    if not kept or kept[-1].action != "labeled":
        return False
    issue = session.get(Issue, (repository_id, number))
    return len(kept) < len(acts) or (issue is not None and issue.state == "open")


def _chosen(act: LabelEvent) -> bool:
    return act.actor_kind in {ActorKind.PERSON, ActorKind.SCRIPT, ActorKind.OTHER_BOT}


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
