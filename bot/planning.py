"""What may be written for a prediction, given what is on GitHub and what the repository has set. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bot.models import Guess, Mode, Repository
from bot.reasons import Reason
from bot.remote import RemoteIssue
from bot.repo_config import RepoConfig, matches
from pipeline.decisions import Decision


@dataclass(frozen=True)
class Plan:
    """What is to be written for a prediction, in the repository's own spelling."""

    apply: tuple[str, ...] = ()
    suggest: tuple[str, ...] = ()


def why_not(issue: RemoteIssue | None, own: RepoConfig, *, said: Reason | None, closed: bool = False) -> Reason | None:
    """Return why nothing may be written on an issue as it is now, or None.

    `said` is what people did to its labels, if anything. `closed` tells whether something is written on closed ones.
    """
    if issue is None:
        return Reason.GONE
    if issue.state != "open" and not closed:
        return Reason.CLOSED
    if issue.locked:
        return Reason.LOCKED
    if own.ignores(issue.author, issue.author_association):
        return Reason.IGNORED
    return said


def unpredicted(repo: Repository, issue: RemoteIssue, own: RepoConfig, *, said: Reason | None) -> Reason | None:
    """Return why no labels were looked for on an issue, as far as that can be told from what is now; None if not."""
    if issue.created_at < repo.enrolled_at:
        return Reason.OLD
    if own.ignores(issue.author, issue.author_association):
        return Reason.IGNORED
    if repo.paused_at is not None:
        return Reason.PAUSED
    if repo.pause_told_at is not None and issue.created_at <= repo.pause_told_at:
        return Reason.MISSED
    return said or (Reason.CLOSED if issue.state != "open" else None)


@dataclass(frozen=True)
class Seen:
    """What is on GitHub: the labels of the issue, those taken off it, those there are, and how many more may come."""

    present: Collection[str]
    existing: Collection[str]
    taken_off: Collection[str] = ()
    room: int | None = None


def plan(guesses: Sequence[Guess], mode: Mode, own: RepoConfig, seen: Seen, *, still_open: bool = True) -> Plan:
    """Return what to write: of what was decided, what the issue lacks, the repository has and its own rules allow.

    On a closed issue nobody is asked: nothing is suggested there.
    """
    spelling = {name.lower(): name for name in seen.existing}
    taken = {name.lower() for name in (*seen.present, *seen.taken_off)}
    wanted = [
        (spelling[guess.label.lower()], guess.decision == Decision.APPLY)
        for decision in (Decision.APPLY, Decision.SUGGEST)
        for guess in guesses
        if guess.decision == decision and guess.label.lower() in spelling.keys() - taken
    ]
    names = _one_of_each_group([name for name, _ in wanted], own, seen.present)[: seen.room]
    surely = {name for name, sure in wanted if sure and mode is Mode.APPLY and not matches(name, own.suggest_only)}
    if mode is Mode.SHADOW:
        return Plan()
    suggest = tuple(name for name in names if name not in surely) if still_open else ()
    return Plan(tuple(name for name in names if name in surely), suggest)


def _one_of_each_group(names: Sequence[str], own: RepoConfig, present: Collection[str]) -> list[str]:
    """Return the names without those of which the issue has, or is to get, another one of the same group."""
    groups = [pattern for pattern, what in own.groups.items() if what == "one"]
    full = {pattern for pattern in groups if any(matches(name, [pattern]) for name in present)}
    kept = []
    for name in names:
        its = {pattern for pattern in groups if matches(name, [pattern])}
        if not its & full:
            kept.append(name)
            full |= its
    return kept
