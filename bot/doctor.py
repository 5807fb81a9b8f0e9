"""What has to be in order before the bot can run: found out, said, and how to mend it."""

import shlex
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from bot import queue, registration
from bot.database import Database
from bot.errors import BotError, GitHubRefused, GitHubUnavailable, SettingsError
from bot.limits import Limit
from bot.remote import RemoteInstallation
from bot.settings import PREFIX, Settings
from pipeline.errors import BackboneError, PipelineError

if TYPE_CHECKING:
    from bot.github import GitHub

PRIVATE = 0o700


class DatabaseError(BotError):
    """The database cannot be used as it is."""

    reason = "database"


class DatabaseUnreachableError(DatabaseError):
    """The database does not answer, does not let us in, or is none."""


class FolderError(BotError):
    """The data folder cannot be used as it is."""

    reason = "data_folder"


class OpenFolderError(FolderError):
    """Others than its owner may look into the data folder."""


@dataclass(frozen=True)
class Finding:
    """What was found out about one subject, and, if that is bad, how to mend it."""

    subject: str
    good: bool
    text: str
    mend: str = ""


# --- what other commands need as well


def make_data_dir(settings: Settings) -> None:
    """Make the data folder, for the eyes of its owner only; leave one that is there as it is."""
    settings.data_dir.mkdir(mode=PRIVATE, parents=True, exist_ok=True)


def require_database(settings: Settings) -> Database:
    """Return the database, and have a data folder; DatabaseError unless it answers and is at the newest revision."""
    database = _newest(settings)
    make_data_dir(settings)
    return database


def _newest(settings: Settings) -> Database:
    """Return the database as :func:`require_database` does; nothing is made, for this may be the wrong folder."""
    url = make_url(settings.database_url)
    file = Path(url.database).absolute() if url.get_backend_name() == "sqlite" and url.database else None
    if file and not file.exists():
        raise _absent(file)
    database = Database(settings.database_url)
    try:
        current, newest = database.revision()
    except SQLAlchemyError as error:
        raise unusable(error) from error
    if file and current is None:
        raise _absent(file)
    if current != newest:
        raise DatabaseError(f"the database is at revision {current}, not at {newest}; run: issue-tagger migrate")
    return database


def _absent(file: Path) -> DatabaseError:
    asked = f"is that the right data folder (see {PREFIX}DATA_DIR)? If it is, run: issue-tagger migrate"
    return DatabaseError(f"there is no database of issue-tagger in {file.parent}; {asked}")


def unusable(error: SQLAlchemyError) -> DatabaseUnreachableError:
    """Return in one line what a driver said in many; never the statement or its parameters."""
    said = str(error.orig if isinstance(error, DBAPIError) else type(error).__name__).strip().splitlines()
    return DatabaseUnreachableError(
        f"the database cannot be used: {said[0] if said else 'no reason given'}; see DATABASE_URL"
    )


# --- the checks: each returns what is well, or raises what is not


def _data_folder(settings: Settings) -> str:
    folder = settings.data_dir
    if not folder.is_dir():
        raise FolderError(f"{folder.absolute()} is not there; is that the right folder?")
    with tempfile.TemporaryFile(dir=folder):
        pass
    mode = folder.stat().st_mode & 0o777
    if mode & ~PRIVATE:
        raise OpenFolderError(f"{folder} is open to others than its owner: mode {mode:o}, not {PRIVATE:o}")
    return f"{folder} is writable and private"


def _database(settings: Settings) -> str:
    database = _newest(settings)
    name, (revision, _) = database.engine.dialect.name, database.revision()
    database.engine.dispose()
    return f"{name}, at the newest revision, {revision}"


def _queue(settings: Settings) -> str:
    if not settings.redis_url and not settings.data_dir.is_dir():
        raise FolderError("it is in the data folder, which is not there")
    return queue.check(settings)


def _backbone(_settings: Settings) -> str:
    from pipeline.encoder import BUNDLED, checkpoint_folder, export_folder, load_encoder

    checkpoint_folder(BUNDLED)  # verifies its SHA-256
    if not (export_folder(BUNDLED) / "manifest.json").is_file():
        raise BackboneError("the bundled backbone is not prepared for fast inference yet")
    encoder = load_encoder(BUNDLED)
    encoder.embed(["ready"])
    return f"{encoder.name}, verified, {encoder.dimensions} dimensions"


def _app(settings: Settings) -> str:
    if settings.app is None:
        return "none configured, so for local use only; README, Connecting a GitHub App, says how to connect one"
    from bot.github import GitHub

    return f"GitHub knows it as {GitHub(settings.app, settings.api_url).check()!r}"


def _installations(settings: Settings) -> Iterator[Finding]:
    """Yield what there is to say of the App on each account, where the App and the database are in order."""
    if settings.app is None:
        return
    from bot.github import GitHub

    with suppress(BotError):
        database = _newest(settings)
        limit_of = partial(Limit, database, lambda: datetime.now(UTC))
        hub = GitHub(settings.app, settings.api_url, limit_of=limit_of)
        found = hub.installations()
        for each in found:
            yield _finding(f"App on {each.account}", partial(_installation, hub, each), SEE_ACCOUNT, settings)
        if not found:
            text = f"on no account yet, so no issue can arrive; install it: {hub.page()}/installations/new"
            yield Finding("installations", True, text)
        database.engine.dispose()


def _installation(hub: "GitHub", installation: RemoteInstallation, _settings: Settings) -> str:
    if installation.suspended:
        raise GitHubRefused("suspended by the account's owner; nothing is done there", status=403)
    ranks, granted = ("read", "write", "admin"), installation.permissions
    wanted = registration.permissions().items()
    missing = [name for name, access in wanted if granted.get(name) not in ranks[ranks.index(access) :]]
    if missing:
        raise GitHubRefused(f"not granted, as app.yml asks for it: {', '.join(missing)}", status=403)
    quota = hub.quota(installation.id)
    return "no limit of requests" if quota is None else f"{quota.used:,} of {quota.limit:,} requests of this hour used"


Check = Callable[[Settings], str]
SEE_ACCOUNT = "the account's owner can mend it in GitHub's settings, under Applications; a limit ends by itself"
SEE_FOLDER = f"issue-tagger migrate makes it; {PREFIX}DATA_DIR names another"
CHECKS: tuple[tuple[str, Check, str], ...] = (
    ("data folder", _data_folder, SEE_FOLDER),
    ("database", _database, "run: issue-tagger migrate"),
    ("queue", _queue, "start Redis and check REDIS_URL; or leave that unset, and the queue is in the data folder"),
    ("backbone", _backbone, "run: issue-tagger migrate; if that does not help: make clean install"),
    ("GitHub App", _app, "check APP_ID and PRIVATE_KEY or PRIVATE_KEY_PATH on the App's settings page on GitHub"),
)
OTHERWISE = {  # for these errors, whatever was checked
    FolderError: SEE_FOLDER,
    DatabaseUnreachableError: "check DATABASE_URL, and that the database it names runs and lets this user in",
    GitHubUnavailable: "try again later; check the network, and GHE_HOST or GITHUB_API_URL if either is set",
}


def examine(load: Callable[[], Settings]) -> Iterator[Finding]:
    """Yield finding after finding, each as soon as it is made; without settings there is nothing else to look at."""
    try:
        settings = load()
    except SettingsError as error:
        yield from (
            Finding("settings", False, problem, "mend it in .env or the environment") for problem in error.problems
        )
        return
    yield Finding("settings", True, "all can be used")
    for subject, check, mend in CHECKS:
        yield _finding(subject, check, mend, settings)
    yield from _installations(settings)


def _finding(subject: str, check: Check, mend: str, settings: Settings) -> Finding:
    try:
        return Finding(subject, True, check(settings))
    except (BotError, PipelineError) as error:
        if isinstance(error, OpenFolderError):
            mend = f"chmod 700 {shlex.quote(str(settings.data_dir))} closes it to others"
        return Finding(subject, False, str(error), OTHERWISE.get(type(error), mend))
    except OSError as error:
        return Finding(subject, False, f"{error.filename or settings.data_dir}: {error.strerror or error}", mend)
