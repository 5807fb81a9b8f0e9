"""Issues of whose opening no delivery came: a pull finds them, and they are labelled all the same."""

import pytest

from bot import sync
from bot.models import UNHEARD, Delivery, Prediction
from tests.bot.usecases import BOTH, CRASH, Tagger
from tests.standin.fixtures import NAME


@pytest.fixture
def pulled(taught: Tagger) -> Tagger:
    """A bot that has read the repository's past, of which there is none."""
    sync.pull(taught.context, taught.repo)
    return taught


def lose(bot: Tagger, text: str = CRASH) -> int:
    """Let an issue be opened of which no delivery comes."""
    number = bot.github.people.open_issue(NAME, text).number
    bot.seen |= {each.id for each in bot.news()}
    return number


def pull(bot: Tagger, **later: float) -> list[str]:
    """Pull after a while; return the deliveries of our own that were queued by then."""
    bot.clock.move(**later)
    sync.pull(bot.context, bot.repo)
    return [each.id for each in bot.rows(Delivery, event=UNHEARD)]


def test_issue_is_labelled_though_no_word_of_it_came(pulled: Tagger) -> None:
    number = lose(pulled)
    assert len(pull(pulled, minutes=15)) == 1
    pulled.go_on()
    assert pulled.issue(number).names() == {"bug"}
    assert len(pull(pulled, minutes=15)) == 1, "once"


def test_word_that_may_still_be_on_its_way_is_waited_for(pulled: Tagger) -> None:
    lose(pulled)
    assert pull(pulled, seconds=59) == []
    assert len(pull(pulled, seconds=1)) == 1


@pytest.mark.parametrize("later", [{"minutes": 15}, {"days": 2}])
def test_what_was_told_or_is_long_ago_or_closed_is_left_alone(pulled: Tagger, later: dict[str, float]) -> None:
    told = pulled.github.people.open_issue(NAME, CRASH)
    pulled.catch_up()
    closed = lose(pulled)
    pulled.github.people.close(NAME, closed)
    old = lose(pulled) if "days" in later else None
    assert pull(pulled, **later) == []
    assert {each.number for each in pulled.rows(Prediction)} == {told.number}
    assert old is None or pulled.issue(old).names() == set()


def test_word_that_comes_after_all_adds_no_second_comment(pulled: Tagger) -> None:
    number = pulled.github.people.open_issue(NAME, BOTH).number
    (late,) = pulled.news()
    pulled.seen.add(late.id)
    pull(pulled, minutes=15)
    pulled.go_on()
    assert len(pulled.issue(number).comments) == 1
    pulled.handle(late)
    pulled.catch_up()
    assert len(pulled.issue(number).comments) == 1
    assert pulled.issue(number).names() == {"bug"}


def test_paused_repository_stays_quiet(pulled: Tagger) -> None:
    number = lose(pulled)
    pull(pulled, minutes=15)
    pulled.enrol(paused_at=pulled.clock.at)
    pulled.go_on()
    assert pulled.issue(number).names() == set()
