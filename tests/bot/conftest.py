"""Fixtures for tests of the use cases."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot import sync
from bot.context import Context
from bot.database import Database
from bot.github import GitHub
from bot.limits import Limit
from bot.models import Mode
from bot.serving import Models
from bot.settings import Settings
from tests.bot.usecases import BOTH, CRASH, START, TYPO, Clock, Tagger
from tests.standin import StandIn
from tests.standin.fixtures import NAME


@pytest.fixture
def tagger(tmp_path: Path, database: Database, standin: StandIn) -> Tagger:
    """A bot that serves `octo/demo` with the cold start, in the mode `apply`."""
    clock = Clock()
    settings = Settings(app=standin.app, data_dir=tmp_path, database_url=database.url, mode=Mode.APPLY)
    settings = replace(settings, api_url=standin.url, method="naive_bayes", max_attempts=3)
    settings = replace(settings, delay=timedelta(0))
    standin.world.clock = clock
    hub = GitHub(standin.app, standin.url, timeout=5, limit_of=lambda key: Limit(database, clock, key))
    bot = Tagger(Context(settings, database, hub, Models(settings.models_dir), clock), standin, clock)
    bot.enrol()
    return bot


@pytest.fixture
def taught(tagger: Tagger) -> Tagger:
    """The same with a small model: it applies "bug" and "documentation", and suggests "question"."""
    tagger.serve()
    return tagger


@pytest.fixture
def suggesting(taught: Tagger) -> Tagger:
    """A bot that suggests "bug" for a crash, and "question" for a question."""
    taught.enrol(mode=Mode.SUGGEST)
    return taught


@pytest.fixture
def old(taught: Tagger, monkeypatch: pytest.MonkeyPatch) -> Tagger:
    """A bot that applies, on a repository with a past: 1 to 3 and 5 bear no label, 4 is a person's, 5 is closed."""
    for number, text in enumerate((CRASH, BOTH, "lorem ipsum", CRASH, TYPO), start=1):
        at = START - timedelta(days=20 - number)
        taught.github.people.open_issue(NAME, f"{text} {number}", at=at)
    taught.github.people.label(NAME, 4, "question", at=START - timedelta(days=10))
    taught.github.people.close(NAME, 5, at=START - timedelta(days=10))
    taught.seen |= {each.id for each in taught.github.webhooks.sent}
    taught.clock.move(minutes=10)
    sync.pull(taught.context, taught.repo)
    settings = taught.context.settings
    monkeypatch.setattr("bot.settings.load", lambda: settings)
    for module in ("bot.cli_operator", "bot.cli_backfill"):
        monkeypatch.setattr(f"{module}.context_of", lambda settings: taught.context)
        monkeypatch.setattr(f"{module}.require_database", lambda settings: taught.context.database)
    return taught
