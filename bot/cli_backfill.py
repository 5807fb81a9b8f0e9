"""The backfill command: what labels old issues would get, and, asked for by name once more, having them labelled."""

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from bot import backfill as use_case
from bot import in_force, settings, storage
from bot.backfill import APART, Expected, Proposal, Wanted
from bot.cli_labels import choose_labels
from bot.cli_operator import table
from bot.cli_show import progress_bar
from bot.context import Context
from bot.doctor import require_database
from bot.models import Guess, Repository
from bot.roles import context_of

LONGEST_TITLE = 50  # characters


def backfill(args: argparse.Namespace) -> int:
    """Show what would be written on old issues, and queue it only if that is asked for."""
    config = settings.load()
    database, context = require_database(config), context_of(config)
    with database.read() as session:
        repo = storage.repository_named(session, args.repo)
        wanted = Wanted(_labels(session, repo, args.labels), args.since, args.open_only)
        waiting = use_case.waiting(session, repo)
    with progress_bar() as show:
        proposals, seen = use_case.propose(
            context, repo, wanted, show=lambda done, total: show(done, total, "predicting")
        )
    print(_shown(context, repo, proposals, seen))
    if waiting:
        print(f"{waiting} issues that were asked for before still wait.")
    print(_write(context, repo, proposals, wanted) if args.write else "Nothing was written. To have it done: --write")
    return 0


def _labels(session: Session, repo: Repository, text: str | None) -> Sequence[str] | None:
    known = [label.name for label in storage.labels(session, repo.id)]
    return None if text is None else choose_labels(text, known)


def _write(context: Context, repo: Repository, proposals: Sequence[Proposal], wanted: Wanted) -> str:
    begun = datetime.now(UTC)
    count = use_case.enqueue(context, repo, proposals, wanted)
    return (
        f"{count} issues queued; the bot, if it runs, labels one every {APART.total_seconds():.0f} seconds. "
        "To take back all that is written from now on: "
        f"issue-tagger undo --repo {repo.full_name} --since {begun:%Y-%m-%dT%H:%M:%S}"
    )


# --- in words


def _shown(context: Context, repo: Repository, proposals: Sequence[Proposal], seen: int) -> str:
    mode = in_force.mode(repo, context.settings)
    count = sum(len(each.plan.apply) + len(each.plan.suggest) for each in proposals)
    head = (
        f"{repo.full_name}, {mode} mode: {len(proposals)} issues would get {count} labels, of {seen} that "
        "nobody has labelled and the bot has not written on."
    )
    if not proposals:
        return head
    issues = table(("ISSUE", "STATE", "TITLE", "WOULD"), [_issue_row(each) for each in proposals])
    labels = table(
        ("LABEL", "WHAT", "ISSUES", "ESTIMATED PRECISION"),
        [_label_row(each) for each in use_case.expected(context, repo, proposals)],
    )
    note = "The precision is that of held-out predictions about labelled issues; those that nobody labelled may differ."
    return "\n\n".join((head, issues, labels, note))


def _issue_row(each: Proposal) -> Sequence[object]:
    title = "".join(sign if sign.isprintable() else " " for sign in each.issue.title)
    said = [("put on", name) for name in each.plan.apply] + [("suggest", name) for name in each.plan.suggest]
    would = ", ".join(f"{what} {name} {_sure(each.guesses[name])}" for what, name in said)
    return f"#{each.issue.number}", each.issue.state, title[:LONGEST_TITLE], would


def _sure(guess: Guess) -> str:
    return "(rule)" if guess.by_rule else f"{guess.probability:.0%}"


def _label_row(each: Expected) -> Sequence[object]:
    if each.precision is None:
        return each.label, each.what, each.issues, "a rule's"
    return each.label, each.what, each.issues, f"{each.precision:.0%} (on {each.evidence} predictions)"
