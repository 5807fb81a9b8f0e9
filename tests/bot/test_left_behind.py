"""What the sweep calls for, and what of it the log tells of as left behind."""

import logging

import pytest

from bot import handling, leases
from bot.models import Delivery as Row
from tests.bot.test_scheduler import Calls, lost
from tests.bot.usecases import CRASH, Tagger
from tests.standin.fixtures import NAME


@pytest.fixture
def calls() -> Calls:
    return Calls()


def told_of(caplog: pytest.LogCaptureFixture) -> list[int]:
    """Return how many deliveries the log says were left behind, each time that it does."""
    return [vars(each)["deliveries"] for each in caplog.records if each.message == "left behind, called again"]


def test_what_only_waited_is_not_told_of_as_left_behind(
    taught: Tagger, calls: Calls, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    taught.enrol(config="delay_minutes: 2", config_path=f"{NAME}/.github/issue-tagger.yml")
    key = lost(taught)
    handling.handle(taught.context, key)
    taught.clock.move(minutes=2)
    calls.sweep(taught)
    assert (calls.worker, told_of(caplog)) == ([key], [])
    taught.clock.move(seconds=11)
    calls.sweep(taught)
    assert (calls.worker, told_of(caplog)) == ([key, key], [1]), "that call was lost"


def test_a_worker_that_died_is_told_of_and_who_waits_for_its_turn_is_not(
    taught: Tagger, calls: Calls, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    key, lease = lost(taught), taught.context.settings.lease
    taught.github.people.edit(NAME, 1, title=CRASH)
    behind_it = taught.receive(taught.news()[-1])
    with taught.context.database.write() as session:
        assert leases.claim(session, Row, key, now=taught.clock(), lease=lease)
    taught.clock.at += lease
    calls.sweep(taught)
    assert (calls.worker, told_of(caplog)) == ([], []), f"{behind_it} is taken by whoever ends {key}"
    taught.clock.move(seconds=1)
    calls.sweep(taught)
    assert (calls.worker, told_of(caplog)) == ([key], [1])
