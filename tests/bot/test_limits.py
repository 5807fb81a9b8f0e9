"""GitHub's limits: who is limited waits, asks nothing meanwhile, and holds up nobody else."""

from datetime import timedelta

from bot import handling
from bot.errors import GitHubLimited
from bot.limits import LONGEST, Limit
from bot.models import Delivery as Row
from bot.models import Installation, Issue, Work
from tests.bot.usecases import CRASH, Tagger
from tests.standin import Delivery
from tests.standin.fixtures import NAME

OTHER = "acme/rocket"
MINUTE = timedelta(minutes=1)


def opened(taught: Tagger, name: str = NAME) -> Delivery:
    taught.github.people.open_issue(name, CRASH)
    return taught.news()[-1]


def installation(taught: Tagger, name: str = NAME) -> Installation:
    return taught.row(Installation, taught.github.world.find(name).installation_id)


def use_up(taught: Tagger) -> None:
    """Leave no request of this hour to the installation on `octo`."""
    there = taught.github.world.installations[taught.github.world.find(NAME).installation_id]
    there.used, there.renewed_at = there.limit, taught.clock.at + timedelta(hours=1)


def test_limited_installation_waits_till_its_hour_is_over_and_others_are_answered_meanwhile(taught: Tagger) -> None:
    taught.github.world.add_repository(OTHER, ["bug"])
    use_up(taught)
    first = taught.handle(opened(taught))
    asked = len(taught.github.log)
    others = [taught.handle(opened(taught)) for _ in range(3)]
    assert len(taught.github.log) == asked, "nothing is asked for who has to wait"
    assert {(row.status, row.attempts, row.due_at) for row in (first, *others)} == {
        (Work.QUEUED, 0, installation(taught).limited_until)
    }
    assert taught.handle(opened(taught, OTHER)).status == Work.DONE
    assert "rate limit exceeded" in first.last_error
    taught.clock.move(hours=1)
    taught.go_on()
    assert {row.status for row in taught.rows(Row)} == {Work.DONE}
    assert [taught.issue(number).names() for number in (1, 2, 3, 4)] == [{"bug"}] * 4


def test_what_needs_no_request_is_recorded_all_the_same(taught: Tagger) -> None:
    number = taught.open(CRASH)
    use_up(taught)
    taught.handle(opened(taught))
    taught.clock.move(seconds=1)
    taught.github.people.edit(NAME, number, title=f"{CRASH} twice")
    assert taught.handle(taught.news()[-1]).status == Work.QUEUED
    assert taught.rows(Issue, number=number)[0].title == f"{CRASH} twice"
    taught.clock.move(seconds=1)
    taught.github.people.close(NAME, number)
    handling.handle(taught.context, taught.receive(taught.news()[-1]))
    assert taught.rows(Issue, number=number)[0].state == "closed"


def test_waiting_costs_no_attempt_however_often(taught: Tagger) -> None:
    delivery = opened(taught)
    for _ in range(5):  # more than the attempts that there are
        taught.github.fail_next(1, "403", "/issues/1$", seconds=45)
        row = taught.handle(delivery)
        assert (row.status, row.attempts, row.due_at) == (Work.QUEUED, 0, taught.clock.at + timedelta(seconds=45))
        taught.clock.move(seconds=45)
    assert taught.handle(delivery).status == Work.DONE
    assert taught.issue(1).names() == {"bug"}


def test_text_that_waited_is_predicted_afresh(taught: Tagger) -> None:
    number = taught.open("hello")
    taught.github.people.edit(NAME, number, title=CRASH)
    taught.github.fail_next(1, "429", f"/issues/{number}$", seconds=45)
    assert taught.handle(taught.news()[-1]).status == Work.QUEUED
    taught.clock.move(seconds=45)
    taught.go_on()
    assert taught.issue(number).names() == {"bug"}


def test_where_github_names_no_time_a_minute_is_waited_and_then_twice_as_long(taught: Tagger) -> None:
    delivery = opened(taught)
    waits = []
    for _ in range(8):
        taught.github.fail_next(1, "secondary", "/issues/1$")
        waits.append(taught.handle(delivery).due_at - taught.clock.at)
        taught.clock.at += waits[-1]
    assert waits == [MINUTE, 2 * MINUTE, 4 * MINUTE, 8 * MINUTE, 16 * MINUTE, 32 * MINUTE, LONGEST, LONGEST]
    taught.clock.move(hours=3)
    taught.github.fail_next(1, "secondary", "/issues/1$")
    assert taught.handle(delivery).due_at - taught.clock.at == MINUTE, "that was long ago"


def test_shorter_wait_that_is_told_late_does_not_end_a_longer_one(taught: Tagger) -> None:
    limit = Limit(taught.context.database, taught.clock, installation(taught).id)
    until = limit.note(GitHubLimited("the hour is used up", retry_after=600)).until
    limit.note(GitHubLimited("too much at once, said the answer before", retry_after=5))
    assert installation(taught).limited_until == until
