"""Use case: a maintainer asks by name for labels on old issues: first it is shown what would come of it, then done.

Each issue is then a delivery of our own in the inbox: so the work outlives a kill, waits its turn, and is done once. It
goes by the rules for new issues, but nobody is waited for, and a closed issue is labelled, never suggested for.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from bot import in_force, storage, tagging
from bot.context import Context
from bot.errands import errand
from bot.errors import BotError, NotYetError
from bot.keeping import GONE
from bot.label_names import LabelNames
from bot.models import (
    BACKFILL,
    Delivery,
    Guess,
    Issue,
    LabelTruth,
    Mode,
    ModelVersion,
    Prediction,
    Repository,
    Truth,
    Work,
)
from bot.planning import Plan, Seen, plan
from bot.serving import precision_targets
from bot.tagging import Terms
from pipeline.decisions import Decision

CHUNK = 64  # issues scored at once
APART = timedelta(seconds=15)  # from one issue to the next
LIMITS = ((35, timedelta(minutes=1)), (240, timedelta(hours=1)))  # issues: two acts each keep below GitHub's 80 and 500


class BackfillError(BotError):
    """Nothing can be written on old issues as things are."""

    reason = "backfill"


@dataclass(frozen=True)
class Wanted:
    """Which old issues are asked for, and which labels; None and False ask for all."""

    labels: Sequence[str] | None = None
    since: datetime | None = None
    open_only: bool = False


@dataclass(frozen=True)
class Proposal:
    """What would be written on an issue, with the guess behind each label."""

    issue: Issue
    plan: Plan
    guesses: Mapping[str, Guess]


@dataclass(frozen=True)
class Expected:
    """How often a label would be put on or suggested, and how precise that is by held-out predictions.

    `precision` is None for what a rule calls for; `evidence` counts those predictions.
    """

    label: str
    what: str
    issues: int
    precision: float | None
    evidence: int


# --- what would come of it


def propose(
    context: Context, repo: Repository, wanted: Wanted, *, show: Callable[[int, int], None]
) -> tuple[list[Proposal], int]:
    """Return what would be written, by issue, and how many issues were looked at. Asks GitHub nothing.

    Raises
    ------
    BackfillError
        If the repository is paused or in shadow mode, or no model serves it whose precision is known.
    """
    mode = in_force.mode(repo, context.settings)
    with context.database.read() as session:
        model, issues = storage.champion(session, repo), _untouched(session, repo, wanted)
        labels = storage.all_labels(session, repo.id)
    existing = [label.name for label in labels if label.removed_at is None]
    if why := _obstacle(repo, mode, model):
        raise BackfillError(f"{repo.full_name}: {why}")
    found = []
    for start in range(0, len(issues), CHUNK):
        show(start, len(issues))
        chunk = issues[start : start + CHUNK]
        thought = tagging.think(context, repo, model, labels, chunk)
        with context.database.read() as session:
            for issue, guesses in zip(chunk, thought, strict=True):
                chosen = [guess for guess in guesses if wanted.labels is None or guess.label in wanted.labels]
                if any(guess.decision != Decision.WITHHOLD for guess in chosen):
                    found.append(_proposal(session, repo, mode, issue, chosen, existing=existing))
    return [each for each in found if each.plan != Plan()], len(issues)


def _obstacle(repo: Repository, mode: Mode, model: ModelVersion | None) -> str:
    if repo.paused_at is not None:
        return "paused by a maintainer; /tagger resume in a comment ends that"
    if mode is Mode.SHADOW:
        return "in shadow mode nothing is written; another one can be set with: issue-tagger configure"
    return "" if model else "no model is in service yet, so nobody knows how right its labels would be"


def _untouched(session: Session, repo: Repository, wanted: Wanted) -> Sequence[Issue]:
    """Return the issues that are there, on which neither a person has said anything of labels nor we have written."""
    same = (LabelTruth.repository_id == repo.id, LabelTruth.number == Issue.number)
    settled = exists().where(*same, LabelTruth.truth != Truth.UNCONFIRMED)
    written = exists().where(
        Prediction.repository_id == repo.id, Prediction.number == Issue.number, Prediction.written_at.is_not(None)
    )
    mine = [Issue.repository_id == repo.id, Issue.state.not_in(GONE), ~settled, ~written]
    if wanted.since is not None:
        mine.append(Issue.created_at >= wanted.since)
    if wanted.open_only:
        mine.append(Issue.state == "open")
    own = in_force.config(repo)
    found = session.scalars(select(Issue).where(*mine).order_by(Issue.number)).all()
    return [issue for issue in found if not own.ignores(issue.author, "")]


def _proposal(
    session: Session, repo: Repository, mode: Mode, issue: Issue, guesses: Sequence[Guess], *, existing: Collection[str]
) -> Proposal:
    own, present = in_force.config(repo), storage.truths(session, repo.id, issue.number)
    log = storage.label_log(session, repo.id, issue.number)
    taken_off = {event.label for event in log if event.action == "unlabeled"}
    todo = plan(
        guesses, mode, own, Seen(present, existing, taken_off, own.most_labels), still_open=issue.state == "open"
    )
    by_name = {guess.label.lower(): guess for guess in guesses}
    return Proposal(issue, todo, {name: by_name[name.lower()] for name in (*todo.apply, *todo.suggest)})


def expected(context: Context, repo: Repository, proposals: Sequence[Proposal]) -> list[Expected]:
    """Return what is to be expected of each label, those put on before those suggested, the most frequent first."""
    record = _track_record(context, repo)
    found: dict[tuple[str, str], list[Guess]] = defaultdict(list)
    for each in proposals:
        for what, names in (("put on", each.plan.apply), ("suggested", each.plan.suggest)):
            for name in names:
                found[what, name].append(each.guesses[name])
    rows = [_expected(*key, guesses, record) for key, guesses in found.items()]
    return sorted(rows, key=lambda row: (row.what, -row.issues, row.label))


def _track_record(context: Context, repo: Repository) -> dict[tuple[str, str], tuple[int, int]]:
    """Return by (label's present name, decision) how many held-out decisions were right, and of how many."""
    with context.database.read() as session:
        model, names = storage.champion(session, repo), LabelNames(storage.all_labels(session, repo.id))
    assert model is not None
    told = context.models.track_record(model.folder, precision_targets(repo, context.settings))
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for (name, decision), (right, total) in told.items():
        key = (names.present(name, model.created_at), decision)
        before = found.get(key, (0, 0))  # of another label, merged into this one since
        found[key] = right + before[0], total + before[1]
    return found


def _expected(
    what: str, label: str, guesses: Sequence[Guess], record: Mapping[tuple[str, str], tuple[int, int]]
) -> Expected:
    """Return the precision to expect: the mean over the decisions, each as precise as it was on held-out issues."""
    decisions = Counter(guess.decision for guess in guesses if not guess.by_rule)
    known = {decision: record.get((guesses[0].label, decision), (0, 0)) for decision in decisions}
    right = sum(count * known[decision][0] / max(known[decision][1], 1) for decision, count in decisions.items())
    share = right / decisions.total() if decisions else None
    return Expected(label, what, len(guesses), share, sum(total for _, total in known.values()))


# --- doing it


def enqueue(context: Context, repo: Repository, proposals: Sequence[Proposal], wanted: Wanted) -> int:
    """Queue the issues, all or none, for a worker to write on one after the other; return how many are new."""
    now = context.now()
    asked = {"labels": wanted.labels and list(wanted.labels), "open_only": wanted.open_only, "at": now.isoformat()}
    with context.database.write() as session:
        waiting = _waiting(session, repo)
        new = [each.issue.number for each in proposals if f"{repo.id}#{each.issue.number}" not in waiting]
        begin = now + len(waiting) * APART
        for place, number in enumerate(new):
            due_at, again = begin + place * APART, f"{now:%Y%m%d%H%M%S%f}"
            session.add(errand(repo, BACKFILL, number, again=again, due_at=due_at, **asked))
    return len(new)


def _waiting(session: Session, repo: Repository) -> set[str | None]:
    """Return the subjects of what was asked for before and is not done."""
    mine = (Delivery.repository_id == repo.id, Delivery.event == BACKFILL)
    return set(session.scalars(select(Delivery.subject).where(*mine, Delivery.status.in_([Work.QUEUED, Work.RUNNING]))))


def waiting(session: Session, repo: Repository) -> int:
    """Return how many issues were asked for and are not done."""
    return len(_waiting(session, repo))


def call_off(session: Session, repo: Repository, *, now: datetime) -> int:
    """Have nothing more done of what was asked for; return how many issues still waited."""
    mine = (Delivery.repository_id == repo.id, Delivery.event == BACKFILL, Delivery.status == Work.QUEUED)
    found = session.scalars(select(Delivery).where(*mine)).all()
    for each in found:
        each.status, each.finished_at = Work.IGNORED, now
    return len(found)


def on_backfill(context: Context, delivery: Delivery, repo: Repository, payload: Mapping[str, Any]) -> None:
    """Label an old issue that was asked for, as soon as GitHub's limits allow; a pause or a removal calls it off."""
    asked = payload[BACKFILL]
    with context.database.read() as session:
        issue = session.get(Issue, (repo.id, asked["number"]))
        until = _next_turn(session, repo, context.now())
        names = LabelNames(storage.all_labels(session, repo.id))
    at = datetime.fromisoformat(asked["at"])
    if issue is None or issue.state in GONE or repo.idle or at < repo.enrolled_at:
        return
    if until is not None:
        raise NotYetError("waits, so as not to write more than GitHub takes", until=until)
    labels = asked["labels"]
    now = None if labels is None else [present for name in labels if (present := names.now(name, at))]
    terms = Terms(people_first=False, closed=not asked["open_only"], labels=now)
    tagging.tag(context, delivery, repo, issue, terms)


def _next_turn(session: Session, repo: Repository, now: datetime) -> datetime | None:
    """Return until when to wait, for all that was written through the installation lately; None for not at all."""
    ours = select(Repository.id).where(Repository.installation_id == repo.installation_id)
    mine = (Prediction.repository_id.in_(ours), Prediction.written_at.is_not(None))
    latest = (
        select(Prediction.written_at)
        .where(*mine)
        .order_by(Prediction.written_at.desc())
        .limit(max(most for most, _ in LIMITS))
    )
    times = [at for at in session.scalars(latest) if at is not None]
    ends = [times[most - 1] + span for most, span in LIMITS if len(times) >= most and times[most - 1] > now - span]
    return max(ends, default=None)
