"""People answer the bot while something else is under way: another worker, another prediction, another person."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot import answering, handling, written
from bot.comments import boxes
from bot.errors import NotServedError
from bot.github_repository import Repository as Gateway
from bot.models import Delivery as Row
from bot.models import Truth, Work
from bot.reasons import Reason
from bot.remote import RemoteLabel
from tests.bot.usecases import ASK, BOTH, CRASH, TYPO, Tagger, ours, say, tick
from tests.standin import Delivery
from tests.standin.fixtures import NAME


@pytest.fixture
def handle_slowly(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Handle a delivery so slowly, just after `read` was read, that another worker takes it over and does it all."""

    def handle(tagger: Tagger, delivery: Delivery, read: str, then: Callable[[], object] = lambda: None) -> None:
        real = getattr(Gateway, read)

        def slow(self: Gateway, *about: Any) -> Any:
            monkeypatch.setattr(Gateway, read, real)
            found = real(self, *about)
            tagger.clock.move(seconds=31)
            handling.handle(tagger.context, delivery.id)
            tagger.clock.move(seconds=5)
            then()
            return found

        monkeypatch.setattr(Gateway, read, slow)
        tagger.handle(delivery)

    return handle


def wait(tagger: Tagger) -> None:
    """Let what is predicted from now on wait two minutes before it is written."""
    tagger.context = replace(tagger.context, settings=replace(tagger.context.settings, delay=timedelta(minutes=2)))


def edit(tagger: Tagger, number: int, **text: str) -> None:
    """Let somebody change an issue a minute later, and another minute pass."""
    tagger.clock.move(minutes=1)
    tagger.github.people.edit(NAME, number, **text)
    tagger.catch_up()
    tagger.clock.move(minutes=1)


# --- another worker


def test_two_workers_who_explain_write_one_comment(taught: Tagger, handle_slowly: Callable[..., None]) -> None:
    number = taught.open("nothing at all")
    taught.github.people.comment(NAME, number, "/tagger explain")
    (asked,) = taught.news()
    handle_slowly(taught, asked, "marked_comment")
    assert ours(taught, number)


@pytest.mark.parametrize(
    ("text", "left"), [("/tagger accept bug", set()), ("/tagger no bug", {"bug"}), ("/tagger undo", {"bug"})]
)
def test_worker_that_was_taken_over_changes_no_label(
    taught: Tagger, handle_slowly: Callable[..., None], text: str, left: set[str]
) -> None:
    number, people = taught.open(CRASH), taught.github.people
    taught.clock.move(minutes=1)
    if not left:
        people.unlabel(NAME, number, "bug")
        taught.catch_up()
        taught.clock.move(minutes=1)
    people.comment(NAME, number, text)
    (said,) = taught.news()
    changed_again = people.label if left else people.unlabel
    read = "issue" if "undo" in text else "label_events"
    handle_slowly(taught, said, read, lambda: changed_again(NAME, number, "bug"))
    assert taught.issue(number).names() == left


def test_worker_that_was_taken_over_folds_no_comment(suggesting: Tagger, handle_slowly: Callable[..., None]) -> None:
    number = suggesting.open(BOTH)
    suggesting.github.people.label(NAME, number, "bug")
    suggesting.github.people.label(NAME, number, "question")
    first, second = suggesting.news()
    suggesting.handle(first)
    comment = ours(suggesting, number)
    told = f"{comment.body}\n\n<!-- issue-tagger: explanation -->\nwhat was explained since"
    edit = suggesting.github.people.edit_comment
    handle_slowly(suggesting, second, "marked_comment", lambda: edit(NAME, number, comment, told))
    assert ours(suggesting, number).body == told


def test_nothing_is_taken_back_once_the_app_is_off_the_repository(taught: Tagger) -> None:
    number, served = taught.open(CRASH), taught.repo
    taught.enrol(removed_at=taught.clock.at)
    with pytest.raises(NotServedError):
        answering.take_back(taught.context, served, number)
    assert taught.issue(number).names() == {"bug"}


# --- another prediction


def test_undo_takes_back_what_an_earlier_prediction_wrote(taught: Tagger) -> None:
    number = taught.open(CRASH)
    edit(taught, number, title="nothing in particular")
    assert taught.prediction(number).not_written
    say(taught, number, "/tagger undo")
    assert taught.issue(number).names() == set()


def test_undo_since_a_moment_leaves_what_was_written_before(taught: Tagger) -> None:
    number = taught.open(CRASH)
    taught.clock.move(minutes=1)
    since = taught.clock.at
    edit(taught, number, title=TYPO, body="")
    assert taught.issue(number).names() == {"bug", "documentation"}
    assert answering.take_back(taught.context, taught.repo, number, since=since) == ["label documentation"]
    assert taught.issue(number).names() == {"bug"}


def test_undo_in_the_meantime_calls_off_what_waits(taught: Tagger) -> None:
    number = taught.open(CRASH)
    wait(taught)
    edit(taught, number, title=BOTH)
    other = taught.open(CRASH)
    for each in (number, other):
        say(taught, each, "/tagger undo")
    taught.clock.move(minutes=5)
    taught.go_on()
    assert [taught.issue(each).names() for each in (number, other)] == [set(), set()]
    assert [each.author.login for each in taught.issue(number).comments] == ["maintainer"]
    assert taught.prediction(other).not_written == "taken back before it was written"


def test_accept_in_the_meantime_is_of_what_stands_suggested(suggesting: Tagger) -> None:
    number = suggesting.open(ASK)
    wait(suggesting)
    edit(suggesting, number, title=BOTH)
    say(suggesting, number, "/tagger accept")
    assert suggesting.issue(number).names() == {"question"}
    assert "<summary>Suggestions, settled</summary>" in ours(suggesting, number).body


def test_accept_of_which_word_comes_late_is_of_what_was_suggested_then(suggesting: Tagger) -> None:
    number = suggesting.open(ASK)
    suggesting.clock.move(minutes=1)
    suggesting.github.people.comment(NAME, number, "/tagger accept")
    (late,) = suggesting.news()
    suggesting.seen.add(late.id)
    edit(suggesting, number, title=CRASH, body="")
    assert "`bug`" in ours(suggesting, number).body
    suggesting.handle(late)
    suggesting.catch_up()
    assert suggesting.issue(number).names() == {"question"}


def test_accept_is_followed_though_our_clock_is_nearly_a_minute_ahead(suggesting: Tagger) -> None:
    number = suggesting.open(ASK)
    suggesting.clock.move(seconds=-50)
    say(suggesting, number, "/tagger accept")
    assert suggesting.issue(number).names() == {"question"}


def test_issue_counts_as_written_to_though_the_delivery_failed_after_the_label(taught: Tagger) -> None:
    taught.github.fail_next(1000, "500", "comments", method="POST")
    number, since = taught.open(BOTH), taught.clock.at
    for _ in range(3):
        taught.clock.move(hours=13)
        taught.go_on()
    assert (taught.issue(number).names(), taught.prediction(number).written_at) == ({"bug"}, None)
    with taught.context.database.read() as session:
        assert written.issues_since(session, taught.repo.id, since) == [number]
        assert written.issues_since(session, taught.repo.id, since + timedelta(seconds=1)) == []


# --- another person


@pytest.mark.parametrize("on", [True, False])
def test_box_that_somebody_changed_while_we_wrote_shows_what_they_chose(
    suggesting: Tagger, monkeypatch: pytest.MonkeyPatch, on: bool
) -> None:
    number, real = suggesting.open(BOTH), Gateway.edit_comment
    suggesting.clock.move(minutes=1)
    if not on:
        tick(suggesting, number, "question")
        suggesting.clock.move(minutes=1)
    before, after = ("- [ ] `question`", "- [x] `question`") if on else ("- [x] `question`", "- [ ] `question`")

    def overwrite(self: Gateway, *about: Any) -> None:
        monkeypatch.setattr(Gateway, "edit_comment", real)
        comment = ours(suggesting, number)
        suggesting.github.people.edit_comment(NAME, number, comment, comment.body.replace(before, after))
        real(self, *about)

    monkeypatch.setattr(Gateway, "edit_comment", overwrite)
    say(suggesting, number, "/tagger explain")
    assert suggesting.issue(number).names() == ({"question"} if on else set())
    assert boxes(ours(suggesting, number).body)["question"] is on


# --- another name


@pytest.mark.parametrize("successor", [False, True])
def test_box_is_of_the_label_that_had_its_name_when_it_was_written(suggesting: Tagger, successor: bool) -> None:
    number, people = suggesting.open(BOTH), suggesting.github.people
    suggesting.clock.move(minutes=1)
    people.rename_label(NAME, "question", "support")
    if successor:
        people.rename_label(NAME, "documentation", "question")
    suggesting.catch_up()
    suggesting.clock.move(minutes=1)
    tick(suggesting, number, "question")
    assert suggesting.issue(number).names() == {"support"}
    assert suggesting.truths(number) == {"support": Truth.POSITIVE}


# --- an issue that is gone


@pytest.mark.parametrize("how", ["delete", "transfer"])
@pytest.mark.parametrize("what", ["label", "/tagger accept", "/tagger explain", "/tagger undo"])
def test_issue_that_is_gone_before_we_are_told_is_no_fault(suggesting: Tagger, how: str, what: str) -> None:
    number, people = suggesting.open(CRASH), suggesting.github.people
    suggesting.clock.move(minutes=1)
    if what == "label":
        people.label(NAME, number, "bug")
    else:
        people.comment(NAME, number, what)
    (told,) = suggesting.news()
    if how == "delete":
        people.delete(NAME, number)
    else:
        suggesting.github.world.add_repository("else/where", ["bug"])
        people.transfer(NAME, number, "else/where")
    assert suggesting.handle(told).status == Work.DONE


def test_issue_that_is_deleted_just_before_the_label_is_no_fault(
    taught: Tagger, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = Gateway.labels

    def and_delete(self: Gateway) -> list[RemoteLabel]:
        monkeypatch.setattr(Gateway, "labels", labels)
        taught.github.people.delete(NAME, 1)
        return labels(self)

    monkeypatch.setattr(Gateway, "labels", and_delete)
    taught.open(CRASH)
    assert taught.prediction(1).not_written == Reason.GONE
    assert {row.status for row in taught.rows(Row)} == {Work.DONE}


def test_command_in_a_comment_that_is_gone_is_followed_without_a_reaction(suggesting: Tagger) -> None:
    number = suggesting.open(CRASH)
    comment = suggesting.github.people.comment(NAME, number, "/tagger accept")
    suggesting.github.people.delete_comment(NAME, number, comment)
    suggesting.catch_up()
    assert suggesting.issue(number).names() == {"bug"}
    assert {row.last_error for row in suggesting.rows(Row)} == {None}
