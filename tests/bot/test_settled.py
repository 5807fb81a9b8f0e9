"""A label that waits for a decision, such as `needs-triage`, is taken off once a person has labelled the issue."""

import pytest

from bot import handling
from bot.models import Delivery as Row
from bot.models import Mode, Work
from bot.remote import RemoteLabelEvent, RepositoryGateway
from tests.bot.usecases import CRASH, Tagger, tick
from tests.standin.fixtures import NAME


@pytest.fixture
def waiting(taught: Tagger) -> Tagger:
    """A bot in a repository that wants `needs-triage` taken off when a person has labelled an issue."""
    taught.github.world.add_label(taught.github.world.find(NAME), "needs-triage")
    taught.github.people.push(NAME, {".github/issue-tagger.yml": b"groups: {needs-*: settled}\n"})
    taught.catch_up()
    return taught


def opened(tagger: Tagger, title: str = "hello") -> int:
    """Let somebody open an issue that waits for a decision; return its number."""
    number = tagger.open(title, labels=["needs-triage"])
    tagger.clock.move(minutes=1)
    return number


def decided(tagger: Tagger, number: int) -> None:
    """Let the maintainer label an issue, and the bot know a minute later."""
    tagger.github.people.label(NAME, number, "question")
    tagger.clock.move(minutes=1)
    tagger.catch_up()


def test_label_that_waits_for_a_decision_is_taken_off_once_a_person_has_labelled(waiting: Tagger) -> None:
    number = opened(waiting, CRASH)
    assert waiting.issue(number).names() == {"bug", "needs-triage"}
    waiting.github.people.label(NAME, number, "question")
    waiting.catch_up()
    assert "needs-triage" in waiting.issue(number).names(), "it may be a script"
    waiting.clock.move(seconds=20)
    waiting.go_on()
    assert waiting.issue(number).names() == {"bug", "question"}


def test_ticked_box_is_a_decision_too(waiting: Tagger) -> None:
    waiting.enrol(mode=Mode.SUGGEST)
    number = opened(waiting, CRASH)
    tick(waiting, number, "bug")
    waiting.clock.move(seconds=20)
    waiting.go_on()
    assert waiting.issue(number).names() == {"bug"}


def test_it_stays_where_a_person_put_it_on_after_the_decision(waiting: Tagger) -> None:
    number = opened(waiting)
    (late,) = waiting.github.people.label(NAME, number, "question")
    waiting.seen.add(late.id)
    waiting.clock.move(minutes=1)
    waiting.github.people.unlabel(NAME, number, "needs-triage")
    waiting.clock.move(minutes=1)
    waiting.github.people.label(NAME, number, "needs-triage")
    waiting.catch_up()
    waiting.handle(late)
    assert waiting.row(Row, late.id).status == Work.DONE
    assert waiting.issue(number).names() == {"needs-triage", "question"}


def test_it_stays_while_the_repository_is_paused(waiting: Tagger) -> None:
    number = opened(waiting)
    waiting.enrol(paused_at=waiting.clock())
    decided(waiting, number)
    assert waiting.issue(number).names() == {"needs-triage", "question"}


@pytest.mark.parametrize("what", ["closed", "locked", "old"])
def test_it_stays_where_nothing_is_written(waiting: Tagger, what: str) -> None:
    number = opened(waiting)
    if what == "closed":
        waiting.github.people.close(NAME, number)
    elif what == "locked":
        waiting.issue(number).locked = True
    else:
        waiting.enrol(enrolled_at=waiting.clock())
    decided(waiting, number)
    assert waiting.issue(number).names() == {"needs-triage", "question"}


def test_decision_about_an_issue_that_is_gone_since_is_no_failure(waiting: Tagger) -> None:
    number = opened(waiting)
    waiting.github.people.label(NAME, number, "question")
    waiting.github.world.add_repository("else/where", ["bug"])
    waiting.github.people.transfer(NAME, number, "else/where")
    waiting.clock.move(minutes=1)
    for delivery in waiting.news():
        if delivery.payload["repository"]["full_name"] == NAME:
            assert waiting.handle(delivery).status == Work.DONE


def test_it_stays_where_a_script_labels(waiting: Tagger) -> None:
    numbers = [opened(waiting) for _ in range(10)]
    for number in numbers:
        waiting.github.people.label(NAME, number, "question")
        waiting.clock.move(seconds=1)
        waiting.catch_up()
    waiting.clock.move(minutes=1)
    waiting.go_on()
    assert {frozenset(waiting.issue(number).names()) for number in numbers} == {frozenset({"needs-triage", "question"})}


def test_worker_whose_delivery_was_taken_over_does_not_take_it_off(
    waiting: Tagger, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, gateway = opened(waiting), type(waiting.context.gateway(waiting.repo))
    (told,) = waiting.github.people.label(NAME, number, "question")
    key = waiting.receive(told)
    waiting.clock.move(minutes=1)
    ask = gateway.label_events

    def slowly(self: RepositoryGateway, number: int) -> list[RemoteLabelEvent]:
        found = ask(self, number)
        monkeypatch.setattr(gateway, "label_events", ask)
        waiting.clock.move(seconds=31)
        handling.handle(waiting.context, key)  # by another worker
        waiting.github.people.label(NAME, number, "needs-triage")
        return found

    monkeypatch.setattr(gateway, "label_events", slowly)
    handling.handle(waiting.context, key)
    assert waiting.issue(number).names() == {"needs-triage", "question"}
