"""What is in force for a repository: the operator's word for it, its own configuration, or the bot's settings."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from bot.models import Label, Mode, Repository
from bot.repo_config import RepoConfig, configured
from bot.safe_yaml import FileError
from bot.settings import Settings

NOTHING = RepoConfig(mode=Mode.SHADOW, exclude=("*",))

TITLES = {
    "mode": "mode",
    "apply_precision": "apply precision",
    "suggest_precision": "suggest precision",
    "taxonomy": "labels",
}  # of what the operator can set for a repository, by column


def by_operator(repo: Repository) -> list[str]:
    """Return the titles of what the operator has set, which goes before all else."""
    return [title for name, title in TITLES.items() if getattr(repo, name) is not None]


def config(repo: Repository) -> RepoConfig:
    """Return the configuration of its own, defaults where it has none; what starts a workflow is only suggested."""
    own, triggers = _own(repo), (repo.automations or {})
    return replace(own, suggest_only=(*own.suggest_only, *triggers.get("triggers", ())))


def fits_nothing(repo: Repository, labels: Iterable[Label]) -> list[str]:
    """Return the names in the configuration that fit none of the repository's labels."""
    return _own(repo).fits_nothing([label.name for label in labels])


def _own(repo: Repository) -> RepoConfig:
    """Return what the last good file says; nothing is written by one that an earlier release took and this does not."""
    try:
        return configured(repo.config_path or "", (repo.config or "").encode())
    except FileError:
        return NOTHING


def mode(repo: Repository, settings: Settings) -> Mode:
    """Return the mode."""
    return Mode(repo.mode) if repo.mode else config(repo).mode or settings.mode


def delay(repo: Repository, settings: Settings) -> timedelta:
    """Return how long a comment or a label waits, so that people go first."""
    own = config(repo).delay
    return settings.delay if own is None else own
