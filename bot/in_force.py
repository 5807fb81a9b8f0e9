"""What is in force for a repository: the operator's word for it, its own configuration, or the bot's settings."""

from datetime import timedelta

from bot.models import Mode, Repository
from bot.repo_config import RepoConfig, configured
from bot.settings import Settings


def config(repo: Repository) -> RepoConfig:
    """Return the configuration of its own, all defaults where it has none."""
    return configured(repo.config_path or "", (repo.config or "").encode())


def mode(repo: Repository, settings: Settings) -> Mode:
    """Return the mode."""
    return Mode(repo.mode) if repo.mode else config(repo).mode or settings.mode


def delay(repo: Repository, settings: Settings) -> timedelta:
    """Return how long a comment or a label waits, so that people go first."""
    own = config(repo).delay
    return settings.delay if own is None else own
