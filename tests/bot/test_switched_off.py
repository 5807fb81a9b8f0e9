"""The App is taken off or suspended, and comes back: what was opened till then is old, and nothing is written there."""

from collections.abc import Callable

import pytest

from bot import handling, sync
from bot.models import UNHEARD, Delivery, Prediction, Work
from tests.bot.test_removal import install_again, take_off, uninstall
from tests.bot.usecases import BOTH, CRASH, TYPO, Tagger
from tests.standin import Delivery as Sent
from tests.standin.fixtures import NAME

Way = Callable[[Tagger], None]


def suspend(tagger: Tagger) -> None:
    tagger.github.people.install("octo", action="suspend")
    tagger.catch_up()


def unsuspend(tagger: Tagger) -> None:
    tagger.github.people.install("octo", action="unsuspend")
    tagger.catch_up()


def unsuspend_unheard(tagger: Tagger) -> None:
    tagger.seen.add(tagger.github.people.install("octo", action="unsuspend").id)
    sync.follow_installations(tagger.context)


WAYS = pytest.mark.parametrize(
    ("off", "on"),
    [(take_off, install_again), (uninstall, install_again), (suspend, unsuspend), (suspend, unsuspend_unheard)],
)


@pytest.fixture
def pulled(taught: Tagger) -> Tagger:
    """A bot that has read the repository's past, and served it for a while."""
    sync.pull(taught.context, taught.repo)
    taught.clock.move(minutes=10)
    return taught


def lose(bot: Tagger) -> int:
    """Let an issue be opened of which no delivery comes, a minute before what happens next."""
    number = bot.github.people.open_issue(NAME, CRASH).number
    bot.seen |= {each.id for each in bot.news()}
    bot.clock.move(minutes=1)
    return number


def pull(bot: Tagger) -> None:
    bot.clock.move(minutes=15)
    sync.pull(bot.context, bot.repo)
    bot.go_on()


@WAYS
def test_what_was_opened_meanwhile_is_not_written_on(pulled: Tagger, off: Way, on: Way) -> None:
    off(pulled)
    number = lose(pulled)
    on(pulled)
    later = lose(pulled)
    pull(pulled)
    pulled.github.people.edit(NAME, number, title=f"{BOTH} {TYPO}")
    pulled.catch_up()
    assert (pulled.issue(number).names(), pulled.issue(number).comments) == (set(), [])
    assert pulled.issue(later).names() == {"bug"}, "that one was opened when the App was there, and the bot missed it"


@WAYS
def test_what_was_predicted_before_is_not_written_on_when_its_text_changes(pulled: Tagger, off: Way, on: Way) -> None:
    number = pulled.open("lorem ipsum")
    off(pulled)
    pulled.clock.move(minutes=1)
    on(pulled)
    pulled.github.people.edit(NAME, number, title=CRASH)
    pulled.catch_up()
    assert pulled.issue(number).names() == set()


@WAYS
def test_what_was_queued_before_is_not_written_after(pulled: Tagger, off: Way, on: Way) -> None:
    number = lose(pulled)
    pulled.clock.move(minutes=1)
    sync.pull(pulled.context, pulled.repo)
    (queued,) = pulled.rows(Delivery, event=UNHEARD)
    off(pulled)
    on(pulled)
    handling.handle(pulled.context, queued.id)
    assert pulled.issue(number).names() == set()


@WAYS
def test_a_delivery_that_waited_meanwhile_is_not_written_on(pulled: Tagger, off: Way, on: Way) -> None:
    key = pulled.receive(opened(pulled))
    pulled.clock.move(minutes=1)
    off(pulled)
    pulled.clock.move(minutes=1)
    on(pulled)
    handling.handle(pulled.context, key)
    assert pulled.rows(Prediction) == []


def on_again(bot: Tagger) -> None:
    """Let the App be on again, in whichever way it was off; word of that comes later."""
    world, sent = bot.github.world, len(bot.github.webhooks.sent)
    repository = world.find(NAME)
    if not world.installations:
        repository.installation_id = world.install("octo").id
        bot.github.people.install("octo")
    elif repository.installation_id == 0:
        bot.github.people.cover(NAME, covered=True)
    else:
        bot.github.people.install("octo", action="unsuspend")
    assert len(bot.github.webhooks.sent) == sent + 1


@pytest.mark.parametrize("off", [take_off, uninstall, suspend])
def test_an_issue_that_is_handled_before_the_word_of_the_installation_is_labelled(pulled: Tagger, off: Way) -> None:
    off(pulled)
    pulled.clock.move(minutes=1)
    number = lose(pulled)
    pulled.clock.move(minutes=1)
    on_again(pulled)
    (late,) = pulled.news()
    first = opened(pulled)
    assert pulled.handle(first).status == Work.DONE
    pulled.clock.move(minutes=1)
    pulled.handle(late)
    pulled.catch_up()
    pull(pulled)
    assert pulled.issue(number + 1).names() == {"bug"}
    assert pulled.issue(number).names() == set()


def opened(bot: Tagger) -> Sent:
    """Let an issue be opened whose delivery is handled later."""
    bot.github.people.open_issue(NAME, CRASH)
    bot.seen |= {each.id for each in bot.news()}
    return bot.github.webhooks.sent[-1]


def test_a_delivery_of_an_earlier_installation_that_comes_after_all_is_not_written_on(pulled: Tagger) -> None:
    late = opened(pulled)
    pulled.clock.move(minutes=1)
    uninstall(pulled)
    install_again(pulled)
    assert pulled.handle(late).status == Work.DONE
    assert pulled.rows(Prediction) == []


def test_what_waits_over_a_suspension_is_not_written(pulled: Tagger) -> None:
    pulled.enrol(config="delay_minutes: 20", config_path=f"{NAME}/.github/issue-tagger.yml")
    number = pulled.open(CRASH)
    pulled.clock.move(minutes=1)
    suspend(pulled)
    unsuspend(pulled)
    pulled.clock.move(minutes=20)
    pulled.go_on()
    assert pulled.issue(number).names() == set()


def test_an_issue_whose_word_comes_before_that_of_the_installation_is_labelled(pulled: Tagger) -> None:
    first = opened(pulled)
    pulled.clock.move(minutes=1)
    uninstall(pulled)
    pulled.github.world.find(NAME).installation_id = pulled.github.world.install("octo").id
    again = opened(pulled)
    pulled.clock.move(minutes=1)
    pulled.github.people.install("octo")
    pulled.catch_up()
    assert pulled.handle(again).status == Work.DONE
    assert pulled.issue(2).names() == {"bug"}
    pulled.handle(first)
    assert pulled.issue(1).names() == set()
