"""Use case: follow what GitHub says of installations, repositories, labels and issues; catch up on what was missed."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import update
from sqlalchemy.orm import Session

from bot import answering, configuration, feedback, storage
from bot.context import Context
from bot.errors import BotError
from bot.events import IssueState, Sender
from bot.feedback import LabelAct
from bot.github import RemoteIssue, RemoteLabel, RemoteLabelEvent, RemoteRepository
from bot.models import ActorKind, Installation, Issue, Label, Repository, Truth

log = logging.getLogger(__name__)

PAGE = 100  # issues stored in one transaction
GONE = ("deleted", "transferred")  # states of issues that are not here any more
OVERLAP = timedelta(minutes=2)  # asked for again, since GitHub's clock is not ours


# --- installations and repositories


def enrol(session: Session, installation: tuple[int, str], found: Iterable[RemoteRepository], *, now: datetime) -> None:
    """Serve repositories of an installation, given as (id, account).

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
            "removed_at": None,
        }
        storage.upsert(session, Repository, values, keep=("enrolled_at",))


def follow_installations(context: Context) -> None:
    """Serve what the App is installed on as GitHub has it now: word of it may have been lost while we were down."""
    for installation_id, account in context.github.installations():
        try:
            found = list(context.github.repositories(installation_id))
        except BotError as error:
            log.warning("installation not read", extra={"installation": installation_id, "reason": error.reason})
            continue
        with context.database.write() as session:
            enrol(session, (installation_id, account), found, now=context.now())
            covered = {each.id for each in found}
            ours = [each for each in storage.repositories(session) if each.installation_id == installation_id]
            dismiss(session, installation_id, [each.id for each in ours if each.id not in covered], now=context.now())


def dismiss(session: Session, installation_id: int, repository_ids: Iterable[int], *, now: datetime) -> None:
    """Stop serving repositories for an installation; one that has moved to another is served on."""
    chosen = (Repository.id.in_(list(repository_ids)), Repository.installation_id == installation_id)
    session.execute(update(Repository).where(*chosen).values(removed_at=now))


def set_installation(session: Session, installation: tuple[int, str], **values: datetime | None) -> None:
    """Mark an installation, given as (id, account), as suspended, unsuspended or removed.

    Also one that we never heard of: else the next word of one of its repositories would enrol it as if it were served.
    """
    installation_id, account = installation
    storage.upsert(session, Installation, {"id": installation_id, "account": account, **values})


# --- labels and issues


def keep_label(session: Session, repository_id: int, label: RemoteLabel) -> None:
    """Store a label as it is now; carry the truth over where it was renamed."""
    known = session.get(Label, (repository_id, label.id))
    if known is not None and known.name != label.name:
        storage.rename_label(session, repository_id, known.name, label.name)
    values = {"id": label.id, "name": label.name, "description": label.description, "removed_at": None}
    storage.upsert(session, Label, {"repository_id": repository_id, **values})


def drop_labels(session: Session, repository_id: int, ids: Iterable[int], *, now: datetime) -> None:
    """Mark labels as deleted: they are not suggested any more, and teach nothing."""
    chosen = (Label.repository_id == repository_id, Label.id.in_(list(ids)))
    session.execute(update(Label).where(*chosen).values(removed_at=now))


def keep_issue(session: Session, repository_id: int, issue: IssueState | RemoteIssue, *, state: str = "") -> bool:
    """Store an issue unless a newer state of it is stored already; return whether its text is new.

    A deleted or transferred issue never comes back under its number, whatever is told late.
    """
    known = session.get(Issue, (repository_id, issue.number))
    if known is not None and known.updated_at > issue.updated_at:
        return False
    changed = known is None or (known.title, known.body) != (issue.title, issue.body)
    values = {
        "repository_id": repository_id,
        "number": issue.number,
        "title": issue.title,
        "body": issue.body,
        "state": known.state if known is not None and known.state in GONE else state or issue.state,
        "author": issue.author,
        "created_at": issue.created_at,
        "updated_at": issue.updated_at,
    }
    storage.upsert(session, Issue, values)
    return changed


# --- catching up


def pull(context: Context, repo: Repository) -> int:
    """Fetch what GitHub changed since the last pull; return how many issues that were.

    The first pull imports the repository: the labels its issues have are taken for people's. Later ones ask
    GitHub who did what, for those issues only on whose labels its view and ours differ. A pull that is cut off
    is begun again; what it stored already stays as it is.
    """
    gateway, started, count = context.gateway(repo), context.now(), 0
    configuration.refresh(context, repo)
    with context.database.write() as session:
        _keep_labels(session, repo.id, gateway.labels(), now=started)
    issues = gateway.issues_since(repo.pulled_at - OVERLAP if repo.pulled_at else None)
    while page := list(islice(issues, PAGE)):
        acts = [(issue, list(_acts(context, repo, issue))) for issue in page]
        with context.database.write() as session:
            for issue, told in acts:
                keep_issue(session, repo.id, issue)
                for act in told:
                    feedback.record(session, act)
        count += len(page)
    with context.database.write() as session:
        session.execute(update(Repository).where(Repository.id == repo.id).values(pulled_at=started))
    answering.read_suggestions(context, repo)
    log.info("repository pulled", extra={"repository": repo.id, "issues": count})
    return count


def _acts(context: Context, repo: Repository, issue: RemoteIssue) -> Iterable[LabelAct]:
    """Return what the log lacks of an issue's labels; asks GitHub where need be."""
    if repo.pulled_at is None:
        return _imported(repo, issue)
    with context.database.read() as session:
        known = storage.truths(session, repo.id, issue.number)
    if not differing(known, issue.labels):
        return ()
    return _missed(context, repo, issue, context.gateway(repo).label_events(issue.number))


def _keep_labels(session: Session, repository_id: int, found: Iterable[RemoteLabel], *, now: datetime) -> None:
    found = list(found)
    gone = {label.id for label in storage.labels(session, repository_id)} - {label.id for label in found}
    drop_labels(session, repository_id, gone, now=now)
    for label in found:
        keep_label(session, repository_id, label)


def _imported(repo: Repository, issue: RemoteIssue) -> Iterable[LabelAct]:
    """Return the acts that explain the labels of an issue that was there before us."""
    for label in issue.labels:
        key = f"import:{repo.id}:{issue.number}:{label}"
        yield LabelAct(key, repo.id, issue.number, label, True, "", ActorKind.PERSON, issue.created_at)


def differing(known: dict[str, Truth], present: Iterable[str]) -> set[str]:
    """Return the labels on which GitHub's view of an issue, `present`, and ours differ."""
    ours = {label for label, truth in known.items() if truth is not Truth.NEGATIVE}
    return ours ^ set(present)


def _missed(
    context: Context, repo: Repository, issue: RemoteIssue, events: Iterable[RemoteLabelEvent]
) -> Iterable[LabelAct]:
    """Return the last act on each label that we missed."""
    last = {event.label: event for event in events}
    for event in last.values():
        kind = feedback.kind_of(
            Sender(event.actor, event.actor_type == "Bot"),
            author=issue.author,
            association=issue.author_association,
            ourselves=context.github.login(),
        )
        key = f"event:{repo.id}:{event.id}"
        labeled = event.action == "labeled"
        yield LabelAct(key, repo.id, issue.number, event.label, labeled, event.actor, kind, event.at)
