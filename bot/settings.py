"""Settings from the environment and from `.env`: the only reader of either. Lists every problem at once."""

import difflib
import io
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from dotenv import dotenv_values
from dotenv.parser import Binding, parse_stream

from bot import setting_values as values
from bot.errors import SettingsError
from bot.models import Mode

T = TypeVar("T")
PREFIX = "ISSUE_TAGGER_"
STORED_APP = "app.json"  # in the data folder: the App that `/setup` registered
AUTO = "auto"  # the method that is chosen by evidence
UNUSED = ("GITHUB_CLIENT_ID", "GITHUB_CLIENT_SECRET")  # every App has them; nothing here needs them
APP = ("APP_ID", "PRIVATE_KEY", "PRIVATE_KEY_PATH", "WEBHOOK_SECRET")
NAMES = {
    *APP,
    "WEBHOOK_PATH",
    "GITHUB_API_URL",
    "GHE_HOST",
    "GITHUB_TOKEN",
    "HOST",
    "PORT",
    "LOG_LEVEL",
    "LOG_FORMAT",
    "WEBHOOK_PROXY_URL",
    *UNUSED,
    "DATABASE_URL",
    "REDIS_URL",
    *(
        PREFIX + name
        for name in (
            "DATA_DIR",
            "MODE",
            "APPLY_PRECISION",
            "SUGGEST_PRECISION",
            "CONFIDENCE",
            "METHOD",
            "TIME_BUDGET",
            "DELAY_SECONDS",
            "RETRAIN_LABELS",
            "RETRAIN_SHARE",
            "RETRAIN_DAYS",
            "PULL_MINUTES",
            "IMPORT_SHARE",
            "KEEP_DAYS",
            "REMOVED_DAYS",
            "LEASE_SECONDS",
            "MAX_ATTEMPTS",
        )
    ),
}


@dataclass(frozen=True)
class App:
    """The GitHub App's identity. Never shown: its representation has no secret in it."""

    app_id: int
    private_key: str = field(repr=False)
    webhook_secret: str = field(repr=False)


@dataclass(frozen=True)
class Settings:
    """Everything that can be set, with the default of each."""

    app: App | None = None
    webhook_path: str = "/api/github/webhooks"
    webhook_proxy: str = ""  # where deliveries are fetched, for development
    api_url: str = "https://api.github.com"
    github_token: str = field(default="", repr=False)  # only for `replay owner/name` without an App
    host: str = "127.0.0.1"
    port: int = 3000
    log_level: str = "INFO"
    log_format: str = "text"
    data_dir: Path = Path(".data")
    database_url: str = field(default="", repr=False)
    redis_url: str = field(default="", repr=False)
    mode: Mode = Mode.SUGGEST
    apply_precision: float = 0.9
    suggest_precision: float = 0.6
    confidence: float = 0.8
    method: str = AUTO
    time_budget: timedelta = timedelta(minutes=20)
    delay: timedelta = timedelta(minutes=2)
    retrain_labels: int = 20
    retrain_share: float = 0.15
    retrain_after: timedelta = timedelta(days=7)
    pull_every: timedelta = timedelta(minutes=15)
    import_share: float = 0.5
    keep: timedelta = timedelta(days=30)
    keep_removed: timedelta = timedelta(days=30)
    lease: timedelta = timedelta(seconds=30)
    max_attempts: int = 8

    def __post_init__(self) -> None:
        """Put the embedded database into the data folder unless another is set."""
        if not self.database_url:
            object.__setattr__(self, "database_url", f"sqlite:///{self.data_dir / 'issue-tagger.sqlite3'}")

    @property
    def models_dir(self) -> Path:
        """Where the registry keeps model versions."""
        return self.data_dir / "models"


class _Reader:
    """Take values from a mapping, collecting problems instead of raising at the first."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = values
        self.problems: list[str] = []

    def take(self, name: str, convert: Callable[[str], T], default: T) -> T:
        """Return the converted value of `name`, or `default` where it is unset, empty or wrong."""
        text = self.values.get(name, "").strip()
        if not text:
            return default
        try:
            return convert(text)
        except ValueError as error:
            self.problems.append(f"{name}: {error}")
            return default


def load(environ: Mapping[str, str] | None = None, env_file: Path = Path(".env")) -> Settings:
    """Read the settings; the environment wins over `env_file`.

    Raises
    ------
    SettingsError
        With every problem found: lines that set nothing, unknown names, values that cannot be used, an App that is
        half configured.
    """
    environ = os.environ if environ is None else environ
    from_file, problems = _env_file(env_file)
    reader = _Reader({**{name: value for name, (value, _) in from_file.items()}, **environ})
    reader.problems += problems
    places = {name: f"{env_file}, line {line}: " for name, (_, line) in from_file.items()}
    known = {name for name in environ if name.startswith(PREFIX)} | places.keys()
    reader.problems += [
        f"{places.get(name, '')}{_shown(name)}: there is no such setting; {_meant(name)}"
        for name in sorted(known - NAMES)
    ]
    settings = _build(reader)
    if settings.app is None and not reader.problems:
        settings = replace(settings, app=_stored_app(settings.data_dir, reader))
    if settings.suggest_precision > settings.apply_precision:
        reader.problems.append(f"{PREFIX}SUGGEST_PRECISION: must not be above {PREFIX}APPLY_PRECISION")
    if reader.problems:
        raise SettingsError(reader.problems)
    return settings


def _shown(name: str) -> str:
    """Return a name as it may be told: what looks like none may be the end of a key that lacks its quotes."""
    return name if name.isupper() else "what is set here"


def _meant(name: str) -> str:
    known = {each.removeprefix(PREFIX): each for each in NAMES}
    close = difflib.get_close_matches(name.removeprefix(PREFIX), known, n=1)
    return f"did you mean {known[close[0]]}?" if close else "see README, Configuration"


def _env_file(path: Path) -> tuple[dict[str, tuple[str, int]], list[str]]:
    """Return what a file sets and on which line, and what is wrong with its lines.

    No line is quoted, for it may be a piece of a key.
    """
    try:
        text = "" if path.is_dir() or not path.exists() else path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        return {}, [f"{path}: this is no UTF-8; save the file as UTF-8"]
    lines = list(parse_stream(io.StringIO(text)))
    bad = [line for line in lines if line.error or (line.key and (line.value is None or not line.key.isidentifier()))]
    good = [line for line in lines if line not in bad]
    values = dotenv_values(stream=io.StringIO("".join(line.original.string for line in good)))
    numbers: dict[str, int] = {}
    problems = [_bad_line(path, line) for line in bad]
    for line in good:
        if line.key in numbers:
            problems.append(
                f"{path}, line {_number(line)}: {_shown(line.key)} is set on line {numbers[line.key]} already; keep one"
            )
        elif line.key:
            numbers[line.key] = _number(line)
    return {name: (value or "", numbers[name]) for name, value in values.items()}, problems


def _number(line: Binding) -> int:
    """Return the number of the line on which a setting begins; empty lines before it are of the same piece."""
    text = line.original.string
    return line.original.line + text[: len(text) - len(text.lstrip())].count("\n")


def _bad_line(path: Path, line: Binding) -> str:
    name = next(iter(re.findall(r"\w+", line.original.string)), "")
    what = f"{name} is not followed by = and a value" if name in NAMES else "this is not a setting"
    return f"{path}, line {_number(line)}: {what}; write NAME=value, and a value of many lines goes in double quotes"


def _build(reader: _Reader) -> Settings:
    return Settings(
        app=_app(reader),
        webhook_path=reader.take("WEBHOOK_PATH", values.path, Settings.webhook_path),
        webhook_proxy=reader.take("WEBHOOK_PROXY_URL", values.url, ""),
        api_url=_api_url(reader),
        github_token=reader.take("GITHUB_TOKEN", str, ""),
        host=reader.take("HOST", str, Settings.host),
        port=reader.take("PORT", values.whole(0, 65535), Settings.port),
        log_level=reader.take("LOG_LEVEL", values.level, Settings.log_level),
        log_format=reader.take("LOG_FORMAT", values.log_format, Settings.log_format),
        data_dir=reader.take(PREFIX + "DATA_DIR", Path, Settings.data_dir),
        database_url=reader.take("DATABASE_URL", values.database, ""),
        redis_url=reader.take("REDIS_URL", values.redis, ""),
        mode=reader.take(PREFIX + "MODE", values.mode, Settings.mode),
        apply_precision=reader.take(PREFIX + "APPLY_PRECISION", values.share, Settings.apply_precision),
        suggest_precision=reader.take(PREFIX + "SUGGEST_PRECISION", values.share, Settings.suggest_precision),
        confidence=reader.take(PREFIX + "CONFIDENCE", values.share, Settings.confidence),
        method=reader.take(PREFIX + "METHOD", values.one_of(AUTO, "linear", "naive_bayes"), Settings.method),
        time_budget=timedelta(minutes=reader.take(PREFIX + "TIME_BUDGET", values.whole(1, 10**4), 20)),
        delay=timedelta(seconds=reader.take(PREFIX + "DELAY_SECONDS", values.whole(0, 7 * 86_400), 120)),
        retrain_labels=reader.take(PREFIX + "RETRAIN_LABELS", values.whole(1, 10**6), Settings.retrain_labels),
        retrain_share=reader.take(PREFIX + "RETRAIN_SHARE", values.share, Settings.retrain_share),
        retrain_after=timedelta(days=reader.take(PREFIX + "RETRAIN_DAYS", values.whole(1, 3650), 7)),
        pull_every=timedelta(minutes=reader.take(PREFIX + "PULL_MINUTES", values.whole(1, 10**5), 15)),
        import_share=reader.take(PREFIX + "IMPORT_SHARE", values.share, Settings.import_share),
        keep=timedelta(days=reader.take(PREFIX + "KEEP_DAYS", values.whole(7, 3650), 30)),
        keep_removed=timedelta(days=reader.take(PREFIX + "REMOVED_DAYS", values.whole(3, 3650), 30)),
        lease=timedelta(seconds=reader.take(PREFIX + "LEASE_SECONDS", values.whole(15, 3600), 30)),
        max_attempts=reader.take(PREFIX + "MAX_ATTEMPTS", values.whole(1, 100), Settings.max_attempts),
    )


def _app(reader: _Reader) -> App | None:
    """Return the App if it is configured; half of one is a problem, for a missing secret would be an open door."""
    if not any(reader.values.get(name, "").strip() for name in APP):
        return None
    app_id = reader.take("APP_ID", values.whole(1, 2**63 - 1), 0)
    key = reader.take("PRIVATE_KEY", values.pem, "") or reader.take("PRIVATE_KEY_PATH", values.pem_file, "")
    secret = reader.take("WEBHOOK_SECRET", str, "")
    for name, value in (("APP_ID", app_id), ("PRIVATE_KEY or PRIVATE_KEY_PATH", key), ("WEBHOOK_SECRET", secret)):
        if not value and not any(problem.startswith(name[:11]) for problem in reader.problems):
            reader.problems.append(f"{name}: not set, but the GitHub App needs it; without it nothing is started")
    return App(app_id, key, secret)


def _stored_app(data_dir: Path, reader: _Reader) -> App | None:
    """Return the App that was registered from here, if there is one."""
    path = data_dir / STORED_APP
    if not path.exists():
        return None
    try:
        found = json.loads(path.read_text())
        return App(int(found["APP_ID"]), values.pem(found["PRIVATE_KEY"]), str(found["WEBHOOK_SECRET"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        advice = "take it away and register the App again, or set APP_ID"
        reader.problems.append(f"{path}: cannot be used ({type(error).__name__}); {advice}")
        return None


def _api_url(reader: _Reader) -> str:
    enterprise = reader.take("GHE_HOST", values.host, "")
    default = f"https://{enterprise}/api/v3" if enterprise else Settings.api_url
    return reader.take("GITHUB_API_URL", values.url, default)
