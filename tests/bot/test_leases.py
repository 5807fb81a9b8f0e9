from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from bot import leases
from bot.database import Database
from bot.errors import LostLeaseError
from bot.models import Delivery, Work

LEASE = timedelta(seconds=30)


@pytest.fixture
def key(database: Database, now: datetime) -> str:
    with database.write() as session:
        session.add(Delivery(id="d1", event="issues", body="{}", received_at=now, due_at=now))
    return "d1"


def claim(database: Database, key: str, now: datetime) -> Delivery | None:
    with database.write() as session:
        return leases.claim(session, Delivery, key, now=now, lease=LEASE)


def test_only_one_of_two_workers_gets_a_delivery(database: Database, key: str, now: datetime) -> None:
    assert claim(database, key, now) is not None
    assert claim(database, key, now) is None


def test_a_delivery_is_not_claimed_before_it_is_due(database: Database, key: str, now: datetime) -> None:
    assert claim(database, key, now - timedelta(seconds=1)) is None


def test_an_expired_lease_is_taken_over_and_the_first_worker_can_write_no_more(
    database: Database, key: str, now: datetime
) -> None:
    first = claim(database, key, now)
    second = claim(database, key, now + LEASE + timedelta(seconds=1))
    assert first is not None
    assert second is not None
    assert second.attempts == 2
    for act in (leases.renew, leases.finish):
        options = {"lease": LEASE} if act is leases.renew else {}
        with pytest.raises(LostLeaseError), database.write() as session:
            act(session, Delivery, first, now=now, **options)
    with database.write() as session:
        leases.finish(session, Delivery, second, now=now)
    with database.read() as session:
        assert session.get_one(Delivery, key).status == Work.DONE


def test_a_renewed_lease_is_not_taken_over(database: Database, key: str, now: datetime) -> None:
    row = claim(database, key, now)
    assert row is not None
    later = now + timedelta(seconds=25)
    with database.write() as session:
        leases.renew(session, Delivery, row, now=later, lease=LEASE)
    assert claim(database, key, now + timedelta(seconds=40)) is None


def test_done_work_is_never_claimed_again(database: Database, key: str, now: datetime) -> None:
    row = claim(database, key, now)
    assert row is not None
    with database.write() as session:
        leases.finish(session, Delivery, row, now=now)
    assert claim(database, key, now + timedelta(days=1)) is None


def test_failed_work_runs_again_only_by_command(database: Database, key: str, now: datetime) -> None:
    row = claim(database, key, now)
    assert row is not None
    with database.write() as session:
        leases.fail(session, Delivery, row, "boom", now=now)
    assert claim(database, key, now + timedelta(days=1)) is None
    with database.write() as session:
        assert leases.run_again(session, Delivery, key, now=now)
        assert not leases.run_again(session, Delivery, key, now=now)
    again = claim(database, key, now)
    assert again is not None
    assert again.attempts == 1


def test_the_sweep_finds_what_stayed_behind_and_calls_once(database: Database, key: str, now: datetime) -> None:
    grace = timedelta(seconds=10)
    with database.write() as session:
        assert list(leases.to_call(session, Delivery, now=now, grace=grace, most=10)) == ["d1"]
        assert leases.to_call(session, Delivery, now=now, grace=grace, most=10) == {}
        later = now + timedelta(seconds=11)
        assert leases.to_call(session, Delivery, now=later, grace=grace, most=10) == {"d1": True}


def test_backoff_doubles_up_to_a_limit_and_honours_what_was_asked_for() -> None:
    waits = [leases.backoff(n, "a") / timedelta(seconds=2 << (n - 1)) for n in range(1, 5)]
    assert all(1 <= wait <= 1.5 for wait in waits)
    assert 1 <= leases.backoff(50, "a") / leases.LONGEST_BACKOFF <= 1.5
    assert leases.backoff(1, "a", retry_after=3600) == timedelta(hours=1)


def test_backoff_spreads_what_failed_together() -> None:
    waits = sorted(leases.backoff(1, str(key)).total_seconds() for key in range(100))
    assert waits[0] < 2.1
    assert waits[-1] > 2.9
    assert max(later - earlier for earlier, later in pairwise(waits)) < 0.3
