"""Fixtures for tests of the use cases."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.context import Context
from bot.database import Database
from bot.github import GitHub
from bot.limits import Limit
from bot.models import Mode
from bot.serving import Models
from bot.settings import Settings
from tests.bot.usecases import Clock, Tagger
from tests.standin import StandIn


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
