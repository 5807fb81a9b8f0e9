"""Use case: a repository's past is read once: who put which label on, then the issues. A crash costs the page in hand.

GitHub limits an installation's requests: at a settable share of that an import pauses, till GitHub's next hour begins.
What the log of acts implies for an issue is drawn when the issue itself comes, in the order in which people acted.
"""

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta

from sqlalchemy.orm import Session

from bot import acts, feedback, keeping, storage
from bot.context import Context
from bot.errors import GitHubRefused, NotYetError
from bot.feedback import LabelAct
from bot.models import ActorKind, Repository, Truth
from bot.remote import PastEvent, RemoteIssue, RepositoryGateway

log = logging.getLogger(__name__)

LOST = (404, 410, 422)  # what GitHub answers to an address of a page that it does not know any more
EVENTS, ISSUES = "events", "issues"  # what is read first, and what then


@dataclass(frozen=True)
class Progress:
    """How far an import has come. GitHub gives no totals: `highest` is only the highest number met so far.

    Events come newest first and go back to `back_to`, the issues oldest first up to the number `reached`; both moments
    are in ISO 8601.
    """

    pages: int = 0
    events: int = 0
    back_to: str | None = None
    issues: int = 0
    reached: int = 0
    highest: int = 0
    ended: str | None = None
    again: bool = False  # begun again, since GitHub refused a page

    def with_events(self, events: Sequence[PastEvent]) -> "Progress":
        """Return the progress after another page of events."""
        oldest = min((each.event.at.isoformat() for each in events), default=self.back_to)
        highest = max([self.highest, *(each.number for each in events)])
        return replace(self, pages=self.pages + 1, events=self.events + len(events), back_to=oldest, highest=highest)

    def with_issues(self, issues: Sequence[RemoteIssue]) -> "Progress":
        """Return the progress after another page of issues."""
        reached = max([self.reached, *(each.number for each in issues)])
        count, highest = self.issues + len(issues), max(self.highest, reached)
        return replace(self, pages=self.pages + 1, issues=count, reached=reached, highest=highest)


def read_past(context: Context, repo: Repository, gateway: RepositoryGateway) -> int:
    """Read what has not been read yet, and return how many issues that was; nothing is written to any of them.

    Raises
    ------
    NotYetError
        When its share of GitHub's limit is used up; the next call goes on at the page where it stood.
    """
    stage, _, place = (repo.import_place or EVENTS).partition(" ")
    done = Progress(**repo.import_progress) if repo.import_progress and repo.import_place else Progress()
    before = done.issues
    _heed_share(context, gateway)
    try:
        if stage == EVENTS:
            done = _read_events(context, repo, gateway, place, done)
            place = ""
        return _read_issues(context, repo, gateway, place, done).issues - before
    except GitHubRefused as refused:
        if place and refused.status in LOST:
            with context.database.write() as session:
                _give_up_place(session, repo, stage, done)
        raise


def _give_up_place(session: Session, repo: Repository, stage: str, done: Progress) -> None:
    """Begin again the next time, for GitHub may not know the place; if that was done, leave older events out."""
    if not done.again:
        _keep(session, repo, EVENTS, Progress(again=True))
    elif stage == EVENTS:
        _keep(session, repo, ISSUES, done)


def _read_events(
    context: Context, repo: Repository, gateway: RepositoryGateway, place: str, done: Progress
) -> Progress:
    for events, following in gateway.past_events(place):
        rows = [feedback.log_row(acts.act_of(repo, each, context.github.login)) for each in events]
        done = done.with_events(events)
        with context.database.write() as session:
            storage.append_label_events(session, rows)
            if not following:
                feedback.find_scripts(session, repo.id)
            _keep(session, repo, f"{EVENTS} {following}" if following else ISSUES, done)
        log.info("page of the past read", extra={"repository": repo.id, "stage": EVENTS})
        _heed_share(context, gateway)
    return done


def _read_issues(
    context: Context, repo: Repository, gateway: RepositoryGateway, place: str, done: Progress
) -> Progress:
    for issues, following in gateway.past_issues(place):
        done = done.with_issues(issues)
        with context.database.write() as session:
            for issue in issues:
                keeping.keep_issue(session, repo.id, issue)
                _draw(session, repo, issue)
            if following:
                _keep(session, repo, f"{ISSUES} {following}", done)
            else:
                _keep(session, repo, None, replace(done, ended=context.now().isoformat()))
        log.info("page of the past read", extra={"repository": repo.id, "stage": ISSUES})
        if following:
            _heed_share(context, gateway)
    return done


def _keep(session: Session, repo: Repository, place: str | None, done: Progress) -> None:
    row = session.get_one(Repository, repo.id)
    row.import_place, row.import_progress = place, asdict(done)


def _heed_share(context: Context, gateway: RepositoryGateway) -> None:
    """Stop where the installation has used as much of its limit as an import may, whoever used it."""
    quota = gateway.quota()
    if quota is not None and quota.used >= context.settings.import_share * quota.limit:
        said = f"{quota.used} of {quota.limit} requests of this hour are used, and an import leaves the rest"
        raise NotYetError(said, until=context.now() + timedelta(seconds=quota.renewed_in))


def _draw(session: Session, repo: Repository, issue: RemoteIssue) -> None:
    """Draw from the log what is known of an issue's labels; one that it has and nobody put on is taken for people's."""
    known = feedback.known_of(storage.label_log(session, repo.id, issue.number))
    for label, each in known.items():
        if each.truth is Truth.NEGATIVE or label in issue.labels:  # else it was renamed or deleted since
            storage.set_truth(session, (repo.id, issue.number, label), each.truth, at=each.at)
    for label in issue.labels:
        if label not in known:
            key = f"import:{repo.id}:{issue.number}:{label}"
            feedback.record(
                session, LabelAct(key, repo.id, issue.number, label, True, "", ActorKind.PERSON, issue.created_at)
            )
