"""People answer the bot while something else is under way: another worker, another prediction, another person."""

from collections.abc import Callable
from typing import Any

import pytest

from bot import answering, handling
from bot.errors import NotServedError
from bot.github_repository import Repository as Gateway
from tests.bot.usecases import BOTH, CRASH, Tagger, ours
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
