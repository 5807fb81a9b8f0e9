"""Deliveries through `handling.handle`: what is tried again, what is given up, and in what order."""

import threading
from datetime import timedelta

import pytest

from bot import handling, leases
from bot.models import Delivery as Row
from bot.models import Installation, Issue, Prediction, Repository, Work
from tests.bot.usecases import ASK, CRASH, Tagger
from tests.live.process import until
from tests.standin import Delivery
from tests.standin.fixtures import NAME

SECONDS = timedelta(seconds=1)


def opened(taught: Tagger) -> Delivery:
    """Let somebody open an issue, and return the delivery that tells of it."""
    taught.github.people.open_issue(NAME, CRASH)
    return taught.news()[-1]


# --- attempts


def test_a_delivery_is_handled_once_however_often_it_is_called_for(taught: Tagger) -> None:
    delivery = opened(taught)
    assert taught.handle(delivery).status == Work.DONE
    writes = len(taught.writes())
    row = taught.handle(delivery)
    assert (row.status, row.attempts) == (Work.DONE, 1)
    assert len(taught.rows(Prediction)) == 1
    assert len(taught.writes()) == writes == 1


def test_an_unknown_id_is_nobodys_work(taught: Tagger) -> None:
    handling.handle(taught.context, "no such delivery")
    assert taught.rows(Row) == []


@pytest.mark.parametrize("kind", ["500", "502", "cut", "drop", "garbled"])
def test_what_github_may_do_later_is_tried_again_later_and_later(taught: Tagger, kind: str) -> None:
    delivery = opened(taught)
    taught.github.fail_next(2, kind, "/issues/1$", method="GET")
    row = taught.handle(delivery)
    assert (row.status, row.attempts) == (Work.QUEUED, 1)
    assert 2 * SECONDS <= row.due_at - taught.clock.at <= 3 * SECONDS
    assert row.last_error.startswith("github_unavailable: ")
    assert taught.handle(delivery).attempts == 1, "not due yet"
    taught.clock.move(seconds=3)
    row = taught.handle(delivery)
    assert (row.status, row.attempts) == (Work.QUEUED, 2)
    assert 4 * SECONDS <= row.due_at - taught.clock.at <= 6 * SECONDS
    taught.clock.move(seconds=6)
    row = taught.handle(delivery)
    assert (row.status, row.attempts, row.last_error) == (Work.DONE, 3, None)
    assert taught.issue(1).names() == {"bug"}


def test_a_rate_limit_is_waited_for_as_long_as_github_asks(taught: Tagger) -> None:
    delivery = opened(taught)
    taught.github.fail_next(1, "429", "/issues/1$", seconds=300)
    row = taught.handle(delivery)
    assert (row.status, row.due_at - taught.clock.at, row.attempts) == (Work.QUEUED, 300 * SECONDS, 0)


def test_what_fails_again_and_again_ends_as_failed_and_can_be_run_again(taught: Tagger) -> None:
    delivery = opened(taught)
    taught.github.fail_next(10**6, "500", "/issues/1$")
    for _ in range(4):
        row = taught.handle(delivery)
        assert row.status == Work.QUEUED
        taught.clock.at = row.due_at
    assert row.due_at - row.started_at == timedelta(minutes=10), "in an outage it is asked now and then"
    taught.clock.at = row.received_at + timedelta(days=1)
    row = taught.handle(delivery)
    assert (row.status, row.attempts) == (Work.FAILED, 3)
    taught.github.heal()
    assert "500" in row.last_error
    assert taught.handle(delivery).status == Work.FAILED
    with taught.context.database.write() as session:
        assert leases.run_again(session, Row, delivery.id, now=taught.clock())
    row = taught.handle(delivery)
    assert (row.status, row.attempts, row.last_error) == (Work.DONE, 1, None)
    assert taught.issue(1).names() == {"bug"}


def test_what_github_refuses_is_not_tried_again(taught: Tagger) -> None:
    delivery = opened(taught)
    installation = taught.github.world.find(NAME).installation_id
    taught.github.world.installations[installation].permissions["issues"] = "read"
    row = taught.handle(delivery)
    assert (row.status, row.attempts) == (Work.FAILED, 1)
    assert "check its permissions" in row.last_error


def test_a_payload_that_lacks_something_fails_at_once_and_says_what(taught: Tagger) -> None:
    delivery = opened(taught)
    del delivery.payload["issue"]["title"]
    row = taught.handle(delivery)
    assert (row.status, row.attempts) == (Work.FAILED, 1)
    assert "'title'" in row.last_error


def test_a_model_that_is_gone_fails_visibly(taught: Tagger) -> None:
    for file in taught.context.settings.models_dir.glob("*/manifest.json"):
        file.unlink()
    row = taught.handle(opened(taught))
    assert row.status == Work.FAILED
    assert row.last_error.startswith("model: ")


def test_a_worker_that_dies_loses_its_delivery_to_the_next_one(taught: Tagger) -> None:
    key = taught.receive(opened(taught))
    with taught.context.database.write() as session:
        leases.claim(session, Row, key, now=taught.clock(), lease=taught.context.settings.lease)
    handling.handle(taught.context, key)
    assert taught.row(Row, key).status == Work.RUNNING
    taught.clock.move(seconds=31)
    handling.handle(taught.context, key)
    assert (taught.row(Row, key).status, taught.row(Row, key).attempts) == (Work.DONE, 2)


def test_a_delivery_that_kills_its_workers_is_given_up(taught: Tagger) -> None:
    key = taught.receive(opened(taught))
    for _ in range(3):
        with taught.context.database.write() as session:
            leases.claim(session, Row, key, now=taught.clock(), lease=taught.context.settings.lease)
        taught.clock.move(seconds=31)
    handling.handle(taught.context, key)
    row = taught.row(Row, key)
    assert (row.status, row.last_error) == (Work.FAILED, "every attempt ended without a word: see the log")


# --- one issue at a time


def test_two_deliveries_on_one_issue_are_not_handled_at_the_same_time_but_one_after_the_other(taught: Tagger) -> None:
    number = taught.github.people.open_issue(NAME, CRASH).number
    taught.github.people.edit(NAME, number, title=ASK)
    first, second = (taught.receive(each) for each in taught.news())
    taught.github.fail_next(1, "slow", "/labels$", seconds=1)
    worker = threading.Thread(target=handling.handle, args=(taught.context, first))
    worker.start()
    until(lambda: taught.row(Row, first).status == Work.RUNNING, "the first is in hand", timeout=10, every=0.01)
    handling.handle(taught.context, second)
    before = taught.row(Row, second)
    still = taught.row(Row, first).status
    worker.join()
    assert (before.status, before.attempts, still) == (Work.QUEUED, 0, Work.RUNNING)
    assert [taught.row(Row, key).status for key in (first, second)] == [Work.DONE, Work.DONE]
    assert taught.row(Row, first).finished_at <= taught.row(Row, second).started_at


def test_what_waited_is_handled_by_who_made_it_wait(taught: Tagger) -> None:
    number = taught.open("hello")
    taught.github.people.close(NAME, number)
    taught.github.people.reopen(NAME, number)
    first, second = (taught.receive(each) for each in taught.news())
    handling.handle(taught.context, first)
    assert [taught.row(Row, key).status for key in (first, second)] == [Work.DONE, Work.DONE]


def test_a_delivery_that_is_postponed_holds_up_no_other_issue(taught: Tagger) -> None:
    bad = opened(taught)
    taught.github.fail_next(1, "500", "/issues/1$")
    assert taught.handle(bad).status == Work.QUEUED
    assert taught.handle(opened(taught)).status == Work.DONE


# --- who is served


def test_a_repository_of_a_suspended_installation_is_ignored(taught: Tagger) -> None:
    taught.github.people.install("octo", action="suspend")
    taught.catch_up()
    row = taught.handle(opened(taught))
    assert row.status == Work.IGNORED
    assert (taught.rows(Prediction), taught.writes()) == ([], [])
    taught.github.people.install("octo", action="unsuspend")
    taught.catch_up()
    assert taught.handle(opened(taught)).status == Work.DONE
    assert taught.issue(2).names() == {"bug"}


def test_a_repository_of_a_removed_installation_is_ignored(taught: Tagger) -> None:
    delivery = opened(taught)
    taught.seen.add(delivery.id)
    taught.github.people.install("octo", action="deleted")
    taught.catch_up()
    assert taught.rows(Installation)[0].removed_at is not None
    assert taught.handle(delivery).status == Work.IGNORED


def test_a_repository_is_enrolled_by_its_first_delivery_where_no_installation_was_told(tagger: Tagger) -> None:
    tagger.github.world.add_repository("octo/late", ["bug"])
    tagger.github.people.open_issue("octo/late", "hello", labels=["bug"])
    tagger.catch_up()
    late = tagger.rows(Repository, full_name="octo/late")
    assert [repo.enrolled_at for repo in late] == [tagger.clock.at]
    assert [issue.title for issue in tagger.rows(Issue, repository_id=late[0].id)] == ["hello"]


def test_an_installation_enrols_its_repositories(tagger: Tagger) -> None:
    for name in ("acme/one", "acme/two"):
        tagger.github.world.add_repository(name)
    tagger.github.people.install("acme")
    tagger.catch_up()
    account = tagger.rows(Installation, account="acme")[0]
    assert [repo.full_name for repo in tagger.rows(Repository, installation_id=account.id)] == ["acme/one", "acme/two"]


def test_a_renamed_repository_is_followed(taught: Tagger) -> None:
    taught.github.people.rename_repository(NAME, "octo/renamed")
    taught.catch_up()
    taught.github.people.open_issue("octo/renamed", CRASH)
    taught.catch_up()
    assert taught.github.world.issue("octo/renamed", 1).names() == {"bug"}


def test_what_happens_to_an_issue_is_stored(taught: Tagger) -> None:
    number = taught.open("hello", body="a\0b")
    for act, state in ((taught.github.people.close, "closed"), (taught.github.people.reopen, "open")):
        taught.clock.move(minutes=1)
        act(NAME, number)
        taught.catch_up()
        assert [(row.state, row.body) for row in taught.rows(Issue)] == [(state, "ab")]
    taught.clock.move(minutes=1)
    taught.github.people.delete(NAME, number)
    taught.catch_up()
    assert [row.state for row in taught.rows(Issue)] == ["deleted"]
