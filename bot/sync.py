"""Use case: follow what GitHub says of installations, repositories, labels and issues; catch up on what was missed."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot import acts, automations, configuration, dismissals, feedback, importing, keeping, storage, unheard
from bot.context import Context
from bot.errors import BotError, GitHubRefused
from bot.feedback import LabelAct
from bot.label_names import LabelNames
from bot.models import Installation, Repository, Truth
from bot.remote import (
    PastEvent,
    RemoteInstallation,
    RemoteIssue,
    RemoteLabelEvent,
    RemoteRepository,
    RepositoryGateway,
)

log = logging.getLogger(__name__)

PAGE = 100  # issues stored in one transaction
LAST = timedelta(microseconds=1)  # GitHub tells seconds
OVERLAP = timedelta(minutes=2)  # asked for again, since GitHub's clock is not ours


# --- installations and repositories


def enrol(session: Session, installation: tuple[int, str], found: Iterable[RemoteRepository], *, now: datetime) -> None:
    """Serve repositories of an installation, given as (id, account): from now on where the App had been taken off.

    What is known of its suspension or removal stays: word of its creation may come late, and a new one has a new id.
    """
    installation_id, account = installation
    storage.upsert(session, Installation, {"id": installation_id, "account": account})
    for each in found:
        values = {
            "id": each.id,
            "installation_id": installation_id,
            "full_name": each.full_name,
            "enrolled_at": now,
            "off_at": storage.off_since(session, each.id),
            "removed_at": None,
            "stopped": each.stopped,
        }
        storage.upsert(session, Repository, values, keep=() if values["off_at"] else ("enrolled_at", "off_at"))


def follow_installations(context: Context) -> None:
    """Serve what the App is installed on as GitHub has it now: word of it may have been lost while we were down."""
    for each in _installations(context):
        try:
            _follow(context, (each.id, each.account))
        except BotError as error:
            log.warning("installation not read", extra={"installation": each.id, "reason": error.reason})


def follow_installation(context: Context, installation: tuple[int, str]) -> None:
    """Serve an installation, given as (id, account), as GitHub has it now; one that is not there is not served."""
    with context.database.write() as session:
        enrol(session, installation, (), now=context.now())  # also where that is only to be marked as gone
    if installation[0] in {each.id for each in _installations(context)}:
        _follow(context, installation)


def _installations(context: Context) -> list[RemoteInstallation]:
    """Return the installations that are not suspended; mark those that are, and those that are gone."""
    with context.database.read() as session:
        before = {row.id: (row.suspended_at, row.removed_at) for row in storage.installations(session)}
    there = {each.id: each for each in context.github.installations()}
    with context.database.write() as session:
        for row in storage.installations(session):
            if before.get(row.id) != (row.suspended_at, row.removed_at):
                continue  # word of it came meanwhile, and is newer than what we asked for
            if row.id not in there:
                row.removed_at = row.removed_at or context.now()
            else:
                if row.suspended_at and not there[row.id].suspended:
                    _enrol_anew(session, row.id, off_at=row.suspended_at, now=context.now())
                suspended = there[row.id].suspended
                row.suspended_at = (row.suspended_at or context.now()) if suspended else None
                row.removed_at = None
    return [each for each in there.values() if not each.suspended]


def _enrol_anew(session: Session, installation_id: int, *, off_at: datetime, now: datetime) -> None:
    """Count the repositories of an installation whose suspension has ended as served from now on."""
    mine = Repository.installation_id == installation_id
    session.execute(update(Repository).where(mine).values(enrolled_at=now, off_at=off_at))


def _follow(context: Context, installation: tuple[int, str]) -> None:
    found, now = list(context.github.repositories(installation[0])), context.now()
    with context.database.write() as session:
        enrol(session, installation, found, now=now)
        covered = {each.id for each in found}
        ours = [each for each in storage.repositories(session) if each.installation_id == installation[0]]
        dismiss(session, installation[0], [each.id for each in ours if each.id not in covered], now=now)


def follow_repository(context: Context, installation_id: int, repository_id: int) -> None:
    """Serve a repository as GitHub has it now: under which name, and whether it can be worked on, if it is there."""
    covered = context.github.repositories(installation_id)
    found = next((each for each in covered if each.id == repository_id), None)
    with context.database.write() as session:
        if found is None:
            dismiss(session, installation_id, [repository_id], now=context.now())
        else:
            enrol(session, (installation_id, found.full_name.split("/")[0]), [found], now=context.now())


def dismiss(session: Session, installation_id: int, repository_ids: Iterable[int], *, now: datetime) -> None:
    """Stop serving repositories for an installation; one that has moved to another is served on."""
    mine = (Repository.id.in_(list(repository_ids)), Repository.installation_id == installation_id)
    for repo in session.scalars(select(Repository).where(*mine, Repository.removed_at.is_(None))):
        repo.removed_at = now
        log.info("repository removed", extra={"repository": repo.id})


def set_installation(session: Session, installation: tuple[int, str], **values: datetime | None) -> None:
    """Mark an installation, given as (id, account), as suspended, unsuspended or removed.

    Also one that we never heard of: else the next word of one of its repositories would enrol it as if it were served.
    """
    installation_id, account = installation
    known = session.get(Installation, installation_id)
    if known is None or known.removed_at is None:  # a removed one never comes back: a new one has a new id
        storage.upsert(session, Installation, {"id": installation_id, "account": account, **values})
        log.info("installation changed", extra={"installation": installation_id, "what": ", ".join(values)})


def follow_labels(context: Context, repo: Repository) -> None:
    """Store the labels of a repository as GitHub has them now."""
    found = context.gateway(repo).labels()
    with context.database.write() as session:
        keeping.keep_labels(session, repo.id, found, now=context.now())


# --- catching up


def pull(context: Context, repo: Repository) -> int:
    """Fetch what GitHub changed since the last pull; return how many issues that were.

    The first pull imports the repository's past, see :mod:`bot.importing`, and goes on where it was cut off. Later ones
    ask GitHub who did what, for those issues only on whose labels its view and ours differ; one that is cut off is
    begun again, and what it stored already stays as it is. GitHubRefused says why where no work can be done.
    """
    if repo.stopped:
        _look_again(context, repo)
    gateway, started = context.gateway(repo), context.now()
    configuration.refresh(context, repo)
    automations.refresh(context, repo)
    labels = gateway.labels()
    with context.database.write() as session:
        keeping.keep_labels(session, repo.id, labels, now=started)
        if repo.pulled_at is None:
            row = session.get_one(Repository, repo.id)
            row.import_started = started = row.import_started or started
    try:
        count = _read(context, repo, gateway)
    except GitHubRefused as refused:
        if refused.status == 410:
            follow_repository(context, repo.installation_id, repo.id)
        raise
    with context.database.write() as session:
        session.execute(update(Repository).where(Repository.id == repo.id).values(pulled_at=started))
    dismissals.read_suggestions(context, repo)
    log.info("repository pulled", extra={"repository": repo.id, "issues": count})
    return count


def _look_again(context: Context, repo: Repository) -> None:
    """Ask whether work can be done again in a repository; GitHubRefused where it cannot."""
    follow_repository(context, repo.installation_id, repo.id)
    with context.database.read() as session:
        stopped = session.get_one(Repository, repo.id).stopped
    if stopped:
        raise GitHubRefused(f"nothing is read of {repo.full_name}: {stopped}", status=410)


def _read(context: Context, repo: Repository, gateway: RepositoryGateway) -> int:
    if repo.pulled_at is None:
        return importing.read_past(context, repo, gateway)
    return _read_changes(context, repo, gateway.issues_since(repo.pulled_at - OVERLAP))


def _read_changes(context: Context, repo: Repository, issues: Iterator[RemoteIssue]) -> int:
    count = 0
    while page := list(islice(issues, PAGE)):
        found = [(issue, list(_acts(context, repo, issue))) for issue in page]
        with context.database.write() as session:
            for issue, told in found:
                keeping.keep_issue(session, repo.id, issue)
                for act in told:
                    feedback.record(session, act)
            unheard.enqueue(session, repo, page, now=context.now())
        count += len(page)
    return count


def _acts(context: Context, repo: Repository, issue: RemoteIssue) -> Iterable[LabelAct]:
    """Return what the log lacks of an issue's labels; asks GitHub where need be."""
    with context.database.read() as session:
        names = LabelNames(storage.all_labels(session, repo.id))
        living = {label.name for label in storage.labels(session, repo.id)}
        known = storage.truths(session, repo.id, issue.number)
    if not differing({name: truth for name, truth in known.items() if name in living}, issue.labels):
        return ()
    return _missed(context, repo, issue, context.gateway(repo).label_events(issue.number), names)


def differing(known: dict[str, Truth], present: Iterable[str]) -> set[str]:
    """Return the labels on which GitHub's view of an issue, `present`, and ours differ."""
    ours = {label for label, truth in known.items() if truth is not Truth.NEGATIVE}
    return ours ^ set(present)


def _missed(
    context: Context, repo: Repository, issue: RemoteIssue, events: Iterable[RemoteLabelEvent], names: LabelNames
) -> Iterable[LabelAct]:
    """Return the last act on each label that the repository has, under its present name.

    GitHub's order is the right one: what we were told of in the same second was before.
    """
    last: dict[str, RemoteLabelEvent] = {}
    for event in events:
        name = names.now(event.label, event.at)
        if event.action == "labeled" and name not in issue.labels and event.label in issue.labels:
            name = event.label  # taken over from another label, before we saw that the other gave it up
        if name is not None:
            last[name] = replace(event, label=name, at=event.at + LAST)
    for event in last.values():
        past = PastEvent(event, issue.number, issue.author, issue.author_association, issue.created_at)
        yield acts.act_of(repo, past, context.github.login)
