"""Deliveries that could not be handed over are asked for again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from bot import events, recovery, webhook
from bot.errors import GitHubUnavailable
from bot.scheduler import Redelivery
from tests.bot.usecases import CRASH, Tagger
from tests.standin.fixtures import NAME


@dataclass
class Door:
    """Where GitHub delivers to; while it is shut, nothing is taken."""

    tagger: Tagger
    shut: bool = False
    taken: list[str] = field(default_factory=list)

    def __call__(self, headers: Mapping[str, str], body: bytes) -> int:
        if self.shut:
            return 502
        envelope = events.parse(headers, body)
        webhook.store(self.tagger.context.database, envelope, now=self.tagger.clock())
        self.taken.append(envelope.id)
        return 202


@pytest.fixture
def door(taught: Tagger) -> Door:
    found = Door(taught)
    taught.github.webhooks.transport, taught.github.webhooks.clock = found, taught.clock
    return found


def redeliver(tagger: Tagger, **ago: float) -> int:
    return recovery.redeliver(tagger.context, tagger.clock() - timedelta(**ago or {"days": 3}))


def test_what_was_refused_comes_again_and_is_handled(taught: Tagger, door: Door) -> None:
    door.shut = True
    number = taught.github.people.open_issue(NAME, CRASH).number
    assert taught.rows(webhook.Delivery) == []
    door.shut = False
    taught.clock.move(minutes=2)
    assert redeliver(taught) == 1
    taught.go_on()
    assert taught.issue(number).names() == {"bug"}
    assert redeliver(taught) == 0, "it has been handed over"


def test_what_arrived_is_not_asked_for(taught: Tagger, door: Door) -> None:
    taught.github.people.open_issue(NAME, CRASH)
    taught.clock.move(minutes=2)
    assert redeliver(taught) == 0
    assert len(door.taken) == 1


def test_what_we_stored_though_github_heard_no_answer_is_not_asked_for(taught: Tagger, door: Door) -> None:
    door.shut = True
    taught.github.people.open_issue(NAME, CRASH)
    taught.receive(taught.github.webhooks.sent[-1])
    taught.clock.move(minutes=2)
    assert redeliver(taught) == 0


def test_what_may_still_be_on_its_way_waits(taught: Tagger, door: Door) -> None:
    door.shut = True
    taught.github.people.open_issue(NAME, CRASH)
    assert redeliver(taught) == 0
    taught.clock.move(minutes=1)
    assert redeliver(taught) == 1


def test_it_is_given_up_after_some_attempts(taught: Tagger, door: Door, caplog: pytest.LogCaptureFixture) -> None:
    door.shut = True
    taught.github.people.open_issue(NAME, CRASH)
    asked = []
    for _ in range(7):
        taught.clock.move(minutes=2)
        asked.append(redeliver(taught))
    assert asked == [1, 1, 1, 1, 0, 0, 0]
    assert "delivery given up" in caplog.messages


def test_older_ones_are_not_looked_for_again(taught: Tagger, door: Door) -> None:
    door.shut = True
    taught.github.people.open_issue(NAME, CRASH)
    taught.clock.move(hours=5)
    assert redeliver(taught, hours=2) == 0
    assert redeliver(taught, hours=6) == 1


def test_first_look_goes_back_for_days_and_a_failed_one_is_made_up_for(taught: Tagger, door: Door) -> None:
    door.shut = True
    taught.github.people.open_issue(NAME, CRASH)
    taught.clock.move(days=2)
    look = Redelivery(taught.context)
    taught.github.fail_next(1, "500", "/app/hook/deliveries")
    look()
    assert len(taught.github.webhooks.attempts) == 1
    taught.clock.move(hours=1)
    look()
    assert len(taught.github.webhooks.attempts) == 2


def test_one_that_github_does_not_deliver_holds_up_no_other(taught: Tagger, door: Door) -> None:
    door.shut = True
    taught.github.people.open_issue(NAME, CRASH)
    taught.github.people.open_issue(NAME, CRASH)
    door.shut = False
    taught.clock.move(minutes=2)
    look = Redelivery(taught.context)
    taught.github.fail_next(4, "500", "deliveries/0/attempts")
    come = []
    for _ in range(5):
        look()
        come.append(len(taught.rows(webhook.Delivery)))
        taught.clock.move(hours=1)
    assert come == [1, 1, 1, 1, 2], "it is asked for again and again"


def test_github_that_does_not_answer_is_told(taught: Tagger, door: Door) -> None:
    taught.github.fail_next(1, "drop", "/app/hook/deliveries")
    with pytest.raises(GitHubUnavailable):
        redeliver(taught)
