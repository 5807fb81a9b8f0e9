"""Queries on the label-event log, and on what follows from it, of whole labels, people and issues; see `storage.py`."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session, aliased

from bot import storage
from bot.models import ActorKind, Guess, Issue, LabelEvent, LabelTruth, Prediction, Truth

Place = tuple[int, int]  # of an issue: repository and number

MOST_MOVES = 100  # that are followed of one issue
PEOPLE = (ActorKind.PERSON, ActorKind.SCRIPT)


def acts_on_label(session: Session, repository_id: int, label: str) -> Sequence[LabelEvent]:
    """Return who put a label on which issue or took it off, issue by issue, in time order."""
    mine = (LabelEvent.repository_id == repository_id, LabelEvent.label == label)
    ordered = (LabelEvent.number, LabelEvent.at, LabelEvent.action, LabelEvent.key)
    return session.scalars(select(LabelEvent).where(*mine).order_by(*ordered)).all()


def put_on_since(
    session: Session, repository_id: int, since: datetime, *, beside: str, by: Iterable[ActorKind]
) -> Sequence[tuple[str, int]]:
    """Return which labels were put on which issues at `since` or later, of those that ever had the label `beside`."""
    mine = (LabelEvent.repository_id == repository_id, LabelEvent.action == "labeled", LabelEvent.at >= since)
    had = select(LabelEvent.number).where(LabelEvent.repository_id == repository_id, LabelEvent.label == beside)
    query = select(LabelEvent.label, LabelEvent.number).where(*mine, LabelEvent.actor_kind.in_(by))
    rows = session.execute(query.where(LabelEvent.label != beside, LabelEvent.number.in_(had)).distinct())
    return [(row[0], row[1]) for row in rows]


def open_issues(session: Session, repository_id: int, *, label: str) -> set[int]:
    """Return the issues that are open, of those that ever had a label."""
    had = select(LabelEvent.number).where(LabelEvent.repository_id == repository_id, LabelEvent.label == label)
    mine = (Issue.repository_id == repository_id, Issue.state == "open", Issue.number.in_(had))
    return set(session.scalars(select(Issue.number).where(*mine)))


def bearing(session: Session, repository_id: int, label: str, *, until: datetime) -> Sequence[int]:
    """Return the issues that have had a label since a moment or longer, as far as we know."""
    mine = (LabelTruth.repository_id == repository_id, LabelTruth.label == label, LabelTruth.at <= until)
    return session.scalars(select(LabelTruth.number).where(*mine, LabelTruth.truth != Truth.NEGATIVE)).all()


def acts_of(
    session: Session, repository_id: int, actor: str, since: datetime | None = None, until: datetime | None = None
) -> Iterator[LabelEvent]:
    """Yield what a person did to labels, from one moment to another if they are given, in time order."""
    mine = [LabelEvent.repository_id == repository_id, LabelEvent.actor == actor, LabelEvent.actor_kind.in_(PEOPLE)]
    if since is not None:
        mine.append(LabelEvent.at >= since)
    if until is not None:
        mine.append(LabelEvent.at <= until)
    query = select(LabelEvent).where(*mine).order_by(LabelEvent.at, LabelEvent.id)
    return iter(session.scalars(query.execution_options(yield_per=500)))


def actors(session: Session, repository_id: int) -> Sequence[str]:
    """Return the people who did something to labels, but for those whom nobody knows any more."""
    mine = (LabelEvent.repository_id == repository_id, LabelEvent.actor_kind.in_(PEOPLE), LabelEvent.actor != "")
    return session.scalars(select(LabelEvent.actor).where(*mine).distinct()).all()


def set_kind(session: Session, events: Iterable[int], kind: ActorKind) -> None:
    """Set whose acts some of the log are, given by their ids."""
    for some in storage.slices(sorted(events)):
        session.execute(update(LabelEvent).where(LabelEvent.id.in_(some)).values(actor_kind=kind))


def rename_truths(session: Session, repository_id: int, old: str, new: str) -> Sequence[int]:
    """Let what people did to a label, and is known of it, go on under another name.

    Return the issues on which something was known under that name already: there both are to be seen as one.
    """
    acts = (LabelEvent.repository_id == repository_id, LabelEvent.label == old)
    session.execute(update(LabelEvent).where(*acts).values(label=new))
    here, both = LabelTruth.repository_id == repository_id, aliased(LabelTruth)
    same = (both.repository_id == LabelTruth.repository_id, both.number == LabelTruth.number, both.label == old)
    twice = session.scalars(select(LabelTruth.number).where(here, LabelTruth.label == new, exists().where(*same))).all()
    for some in storage.slices(twice):
        session.execute(delete(LabelTruth).where(here, LabelTruth.label == new, LabelTruth.number.in_(some)))
    session.execute(update(LabelTruth).where(here, LabelTruth.label == old).values(label=new))
    return twice


def rename_guesses(session: Session, repository_id: int, old: str, new: str) -> None:
    """Let what was guessed of a label count for another; where both were guessed, the one that was written or surer."""
    here = select(Prediction.id).where(Prediction.repository_id == repository_id)
    both = select(Guess).where(Guess.prediction_id.in_(here), Guess.label.in_([old, new])).order_by(Guess.label)
    found: dict[int, list[Guess]] = {}
    for guess in session.scalars(both):
        found.setdefault(guess.prediction_id, []).append(guess)
    for pair in found.values():
        *weaker, strongest = sorted(pair, key=lambda guess: (guess.written is not None, *_strength(guess)))
        for guess in weaker:
            session.delete(guess)
        session.flush()
        strongest.label = new
    session.flush()


def _strength(guess: Guess) -> tuple[int, float]:
    return ("withhold", "suggest", "apply").index(guess.decision), guess.probability


def spelled(session: Session, repository_id: int) -> dict[str, str]:
    """Return how a repository spells its labels, by their names in lower case."""
    return {label.name.lower(): label.name for label in storage.labels(session, repository_id)}


def whereabouts(session: Session, place: Place) -> Place:
    """Return where an issue is now that was at a place, however often it was transferred; its row stays locked."""
    for _ in range(MOST_MOVES):
        issue = session.get(Issue, place, with_for_update=True)
        if issue is None or not issue.moved_to:
            break
        repository_id, number = issue.moved_to.split("#")
        place = int(repository_id), int(number)
    return place


def move_history(session: Session, old: Place, new: Place) -> set[str]:
    """Let an issue's label acts and predictions go from one place to another; return the labels.

    A label is spelled as the repository that they go to spells it.
    """
    spelling, found = spelled(session, new[0]), set()
    for act in storage.label_log(session, *old):
        act.repository_id, act.number = new
        act.label = spelling.get(act.label.lower(), act.label)
        found.add(act.label)
    session.execute(delete(LabelTruth).filter_by(repository_id=old[0], number=old[1]))
    mine = (Prediction.repository_id == old[0], Prediction.number == old[1])
    session.execute(update(Prediction).where(*mine).values(repository_id=new[0], number=new[1]))
    session.flush()
    return found
