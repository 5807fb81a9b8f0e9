"""The subcommands with which the operator looks after repositories, models and the inbox."""

import argparse
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import answering, backfill, in_force, leases, retraining, settings, storage, written
from bot.cli_labels import ArgumentError, choose_labels
from bot.dashboard import formats
from bot.doctor import require_database
from bot.errors import NotFoundError
from bot.models import Delivery, ModelVersion, Repository
from bot.queue import DELIVERIES, Queue
from bot.roles import context_of
from bot.setting_values import DEFAULT
from bot.settings import Settings

MOST_LISTED = 100


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return aligned columns; the last is as wide as it likes."""
    cells = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    padded = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells)
    return "\n".join(line.rstrip() for line in padded)


# --- the inbox


def list_deliveries(args: argparse.Namespace) -> int:
    """Print how many deliveries are in which state, and the newest of those in one state."""
    with require_database(settings.load()).read() as session:
        counts = storage.inbox_counts(session)
        found = _newest(session, args.status)
    print("Inbox: " + (", ".join(f"{number} {status}" for status, number in sorted(counts.items())) or "empty"))
    if found:
        head = ("ID", "EVENT", "RECEIVED", "ATTEMPTS", "LAST ERROR")
        print(table(head, [_delivery_row(row) for row in found]))
    return 0


def _newest(session: Session, status: str) -> Sequence[Delivery]:
    ordered = select(Delivery).where(Delivery.status == status).order_by(Delivery.received_at.desc())
    return session.scalars(ordered.limit(MOST_LISTED)).all()


def _delivery_row(row: Delivery) -> Sequence[object]:
    event = f"{row.event}.{row.action}" if row.action else row.event
    error = " ".join((row.last_error or "").split())
    return row.id, event, f"{row.received_at:%Y-%m-%d %H:%M:%S}", row.attempts, error


def retry_deliveries(args: argparse.Namespace) -> int:
    """Queue failed deliveries afresh, and wake a worker up for each."""
    config, now = settings.load(), datetime.now(UTC)
    with require_database(config).write() as session:
        again = [key for key in args.ids if leases.run_again(session, Delivery, key, now=now)]
    call = Queue(config, DELIVERIES).call
    for key in again:
        call(key)
        print(f"{key}: queued again")
    refused = [key for key in args.ids if key not in again]
    if refused:
        raise NotFoundError(f"not a delivery that failed: {', '.join(refused)}; see: issue-tagger deliveries")
    return 0


# --- model versions


def list_models(args: argparse.Namespace) -> int:
    """Print the model versions of a repository, newest first."""
    with require_database(settings.load()).read() as session:
        repo = storage.repository_named(session, args.repository)
        versions = storage.models(session, repo.id)
    if args.json:
        print(json.dumps([_model_json(each) for each in versions], indent=2))
    elif versions:
        head = ("NUMBER", "METHOD", "STATUS", "TRAINED ON", "METRICS", "REASON")
        print(table(head, [_model_row(each) for each in versions]))
    else:
        print(f"{repo.full_name}: no model yet; the cold start is in service")
    return 0


def _model_json(model: ModelVersion) -> dict[str, object]:
    return {
        "number": model.number,
        "method": model.method,
        "status": model.status,
        "trained_on": model.trained_on,
        "trained_until": model.trained_until.isoformat(),
        "held_out": model.held_out,
        "created_at": model.created_at.isoformat(),
        "metrics": model.metrics,
        "reason": model.reason,
    }


def _model_row(model: ModelVersion) -> Sequence[object]:
    metrics = [
        f"{name} {formats.figure(own)}" + (f" (champion {formats.figure(champion)})" if champion is not None else "")
        for name, own, champion in formats.metrics(model.metrics)
    ]
    return model.number, model.method, model.status, f"{model.trained_on} issues", ", ".join(metrics), model.reason


def roll_back(args: argparse.Namespace) -> int:
    """Put an earlier model version back into service."""
    with require_database(settings.load()).write() as session:
        repo = storage.repository_named(session, args.repository)
        print(retraining.roll_back(session, repo, to=args.to, now=datetime.now(UTC)))
    return 0


def undo(args: argparse.Namespace) -> int:
    """Take back what the bot wrote since a moment and nobody confirmed, issue by issue, and call a backfill off."""
    config = settings.load()
    database, context = require_database(config), context_of(config)
    with database.write() as session:
        repo = storage.repository_named(session, args.repo)
        waiting = backfill.call_off(session, repo, now=context.now())
        numbers = written.issues_since(session, repo.id, args.since)
    if waiting:
        print(f"{waiting} issues that still waited for a backfill called off")
    count = 0
    for number in numbers:
        done = answering.take_back(context, repo, number, since=args.since)
        count += len(done)
        if done:
            print(f"#{number}: {', '.join(done)}")
    print(f"{count} taken back, on {len(numbers)} issues written to since {args.since:%Y-%m-%d %H:%M} UTC")
    return 0


# --- settings of a repository


def configure(args: argparse.Namespace) -> int:
    """Change the settings of a repository, or take them back, if any is given, and print those in force."""
    config = settings.load()
    database = require_database(config)
    with database.write() as session:
        repo = storage.repository_named(session, args.repository)
        for name in ("mode", "apply_precision", "suggest_precision"):
            given = getattr(args, name)
            if given is not None:
                setattr(repo, name, None if given == DEFAULT else given)
        if args.labels is not None:
            repo.taxonomy = _taxonomy(session, repo, args.labels)
        if _in_force(repo, config, "suggest_precision")[0] > _in_force(repo, config, "apply_precision")[0]:
            raise ArgumentError("--suggest-precision must not be above --apply-precision; nothing was changed")
        print(_settings(repo, config))
    return 0


def _taxonomy(session: Session, repo: Repository, text: str) -> list[str] | None:
    known = [label.name for label in storage.labels(session, repo.id)]
    return list(choose_labels(text, known)) if text.strip() else None


def _in_force(repo: Repository, config: Settings, name: str) -> tuple[Any, str]:
    """Return a setting, and where it was set; empty for the bot's own settings."""
    own = in_force.config(repo)
    places = ((getattr(repo, name), "set here"), (getattr(own, name), repo.config_path or ""))
    return next(((value, place) for value, place in places if value is not None), (getattr(config, name), ""))


def _settings(repo: Repository, config: Settings) -> str:
    names = ("mode", "apply_precision", "suggest_precision")
    found = [(in_force.TITLES[name], *_in_force(repo, config, name)) for name in names]
    rows = [(title, f"{value}  ({place})" if place else value) for title, value, place in found]
    labels = "those in use" if repo.taxonomy is None else f"{', '.join(repo.taxonomy)}  (set here)"
    first, *more = repo.config_problems or [repo.config_path or "none"]
    own = [("its own file", first), *(("", problem) for problem in more)]
    return table((repo.full_name, ""), [*rows, ("labels", labels), *own])
