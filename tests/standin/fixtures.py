"""Fixtures with the stand-in; `tests/conftest.py` imports them."""

from collections.abc import Iterator

import pytest

from bot.github import GitHub
from bot.remote import RepositoryGateway
from tests.standin.server import StandIn

NAME = "octo/demo"
LABELS = ("bug", "documentation", "question")


@pytest.fixture
def standin() -> Iterator[StandIn]:
    """GitHub on loopback, with the repository `octo/demo` and three labels."""
    with StandIn() as github:
        github.world.add_repository(NAME, LABELS)
        yield github


@pytest.fixture
def hub(standin: StandIn) -> GitHub:
    """The bot's own client, talking to the stand-in."""
    return GitHub(standin.app, standin.url, timeout=5)


@pytest.fixture
def gateway(standin: StandIn, hub: GitHub) -> RepositoryGateway:
    """What the bot may do with `octo/demo`."""
    return hub.repository(standin.world.find(NAME).installation_id, NAME)
