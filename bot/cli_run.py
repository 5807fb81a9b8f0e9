"""The subcommands that run the bot, and that get it into the state to run: up, its parts, migrate, doctor."""

import argparse
import logging
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from sqlalchemy.exc import SQLAlchemyError

from bot import auth, logs, proxy, settings, supervisor
from bot.database import Database
from bot.doctor import examine, make_data_dir, require_database, unusable
from bot.settings import Settings

HEALTH = "/healthz"
LAST_PAGE = 3.0  # seconds that a browser has to fetch the last page of the registration before the web stops
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where to find a server that listens everywhere
NEXT_STEPS = """\
No GitHub App is configured yet. To connect one:
  1. Sign in to the dashboard, and follow "Create the GitHub App".
  2. Install the App on a repository.
Meanwhile, see what it would have done with your past issues: issue-tagger replay FILE"""


def up(_args: argparse.Namespace) -> int:
    """Run all parts until told to stop."""
    started = time.monotonic()
    config = settings.load()
    logs.configure("up", config.log_level, config.log_format)
    supervisor.wait_for_port(config.host, config.port)
    more = ["proxy"] if config.webhook_proxy and proxy.command(config, base_url(config)) else []
    database = _migrated(config)
    host = ANYWHERE.get(config.host, config.host)

    def announce() -> None:
        print(welcome(config, _new_link(config, database), time.monotonic() - started), flush=True)

    supervisor.run_until_signal(
        supervisor.Supervisor(supervisor.commands(*more)),
        ready=lambda: supervisor.answers(host, config.port, HEALTH),
        announce=announce,
        renew=_appears(config.data_dir / settings.STORED_APP, seconds=LAST_PAGE),
    )
    return 0


def _appears(path: Path, *, seconds: float) -> Callable[[], bool]:
    """Return what tells, once, that a file that was not there before has been there for so long."""
    known = path.exists()

    def look() -> bool:
        nonlocal known
        if known or not path.exists() or time.time() - path.stat().st_mtime < seconds:
            return False
        known = True
        return True

    return look


def welcome(config: Settings, link: str, seconds: float) -> str:
    """Return what `up` prints when the web answers."""
    lines = [
        f"issue-tagger is ready at {base_url(config)} ({seconds:.1f} s). Ctrl-C stops it.",
        f"Sign in, once, within a day: {link}",
        "For another link: issue-tagger sign-in",
    ]
    return "\n".join(lines if config.app else [*lines, NEXT_STEPS])


def base_url(config: Settings) -> str:
    """Return the address of the web process as seen from this machine."""
    host = ANYWHERE.get(config.host, config.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{config.port}"


def part(args: argparse.Namespace) -> NoReturn:
    """Run one part until told to stop."""
    if args.supervised:
        supervisor.die_with_parent()
    config = settings.load()
    logs.configure(args.command, config.log_level, config.log_format)
    require_database(config).engine.dispose()
    if args.command == "web" and config.port:
        supervisor.wait_for_port(config.host, config.port)
    from bot import roles

    run: dict[str, Callable[[Settings], None]] = {
        "web": roles.run_web,
        "worker": roles.run_worker,
        "trainer": roles.run_trainer,
        "scheduler": roles.run_scheduler,
        "proxy": lambda config: proxy.run(config, base_url(config)),
    }
    run[args.command](config)
    _leave()


def _leave() -> NoReturn:
    """End this process here: for Python to take torch and all else apart first would take a busy machine many seconds.

    What is to be kept is in the database by now, and what a thread still does there is rolled back.
    """
    logging.shutdown()
    os._exit(0)


def migrate(_args: argparse.Namespace) -> int:
    """Bring the database to its newest revision, and make what the backbone needs."""
    database = _migrated(settings.load())
    print(f"database: at revision {database.revision()[0]}")
    from pipeline.encoder import load_encoder

    print(f"backbone: {load_encoder().name}, prepared")
    return 0


def doctor(_args: argparse.Namespace) -> int:
    """Print what is in order and what is not; 1 if something is not."""
    good = True
    for finding in examine(settings.load):
        good = good and finding.good
        print(f"{'OK' if finding.good else 'PROBLEM':<8} {finding.subject}: {finding.text}", flush=True)
        if finding.mend:
            print(f"{'':<8} to mend it: {finding.mend}")
    return 0 if good else 1


def sign_in(_args: argparse.Namespace) -> int:
    """Print a new link to the dashboard."""
    config = settings.load()
    print(_new_link(config, require_database(config)))
    return 0


def _new_link(config: Settings, database: Database) -> str:
    with database.write() as session:
        token = auth.create_link(session, now=datetime.now(UTC))
    return f"{base_url(config)}/sign-in/{token}"


def _migrated(config: Settings) -> Database:
    make_data_dir(config)
    database = Database(config.database_url)
    try:
        database.migrate()
    except SQLAlchemyError as error:
        raise unusable(error) from error
    return database
