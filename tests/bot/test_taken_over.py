"""A worker that is held up until another one has taken its delivery over writes nothing any more."""

import threading
from datetime import timedelta

import pytest

from bot import leases, roles
from bot.errors import LostLeaseError
from bot.models import Delivery
from bot.remote import NewSuggestion, RepositoryGateway
from tests.bot.usecases import CRASH, Tagger
from tests.standin.fixtures import NAME

SLOW = 0.5  # seconds
WRITES = {
    "labels": lambda gateway: gateway.add_labels(1, ["bug"]),
    "suggestions": lambda gateway: gateway.suggest_labels(1, [NewSuggestion("bug", "", "low")]),
    "dismissal": lambda gateway: gateway.dismiss_suggestion(1, 1),
    "label off": lambda gateway: gateway.remove_label(1, "bug"),
    "comment": lambda gateway: gateway.create_comment(1, "a comment"),
    "edit": lambda gateway: gateway.edit_comment(1, 1, "a comment"),
    "no comment": lambda gateway: gateway.delete_comment(1, 1),
    "reaction": lambda gateway: gateway.react(1, "+1"),
    "status": lambda gateway: gateway.set_status("0" * 40, "success", "in force"),
}


def claim(bot: Tagger, key: str) -> Delivery:
    with bot.context.database.write() as session:
        row = leases.claim(session, Delivery, key, now=bot.clock(), lease=bot.context.settings.lease)
    assert row is not None
    return row


@pytest.mark.parametrize("what", WRITES)
def test_who_has_lost_the_lease_writes_nothing(taught: Tagger, what: str) -> None:
    taught.github.people.open_issue(NAME, CRASH)
    key = taught.receive(taught.news()[0])
    gateway = taught.context.gateway(taught.repo, claim(taught, key))
    taught.clock.at += taught.context.settings.lease + timedelta(seconds=1)
    assert claim(taught, key).attempts == 2
    with pytest.raises(LostLeaseError):
        WRITES[what](gateway)
    assert taught.writes() == []


def test_a_lease_that_is_lost_while_github_is_slow_is_noticed_before_the_write(taught: Tagger) -> None:
    taught.github.people.open_issue(NAME, CRASH)
    key = taught.receive(taught.news()[0])
    gateway, failures = taught.context.gateway(taught.repo, claim(taught, key)), []
    taught.github.fail_next(1, "slow", "/access_tokens$", seconds=SLOW)

    def label() -> None:
        try:
            gateway.add_labels(1, ["bug"])
        except LostLeaseError as error:
            failures.append(error)

    worker = threading.Thread(target=label)
    worker.start()
    taught.clock.at += taught.context.settings.lease + timedelta(seconds=1)
    claim(taught, key)
    worker.join()
    assert (len(failures), taught.writes()) == (1, [])


def test_a_write_has_a_whole_lease_from_when_it_is_sent(taught: Tagger) -> None:
    taught.github.people.open_issue(NAME, CRASH)
    key = taught.receive(taught.news()[0])
    gateway: RepositoryGateway = taught.context.gateway(taught.repo, claim(taught, key))
    taught.clock.at += taught.context.settings.lease - timedelta(seconds=1)
    gateway.add_labels(1, ["bug"])
    assert taught.row(Delivery, key).lease_until == taught.clock.at + taught.context.settings.lease
    assert taught.issue(1).names() == {"bug"}


@pytest.mark.parametrize(("lease", "each"), [(15, 5), (30, 10), (3600, 10)])
def test_a_request_is_given_up_well_within_a_lease(lease: int, each: int) -> None:
    assert roles.patience(timedelta(seconds=lease)) == each
