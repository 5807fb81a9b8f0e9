"""An issue that is transferred between repositories that we serve goes with its history."""

import itertools
from datetime import timedelta

import pytest

from bot.keeping import keep_labels
from bot.models import Guess, Issue, LabelEvent, LabelTruth, Mode, Outcome, Prediction, Truth
from bot.reasons import Reason
from bot.remote import RemoteLabel, RemoteRepository
from bot.sync import enrol
from tests.bot.usecases import BOTH, CRASH, START, Tagger
from tests.standin.fixtures import NAME
from tests.standin.state import Repository

THERE = "octo/other"


@pytest.fixture
def other(taught: Tagger) -> Repository:
    """Another repository that the bot serves; it spells "bug" in another way, and lacks "question"."""
    return served(taught, THERE, ["Bug", "documentation"])


def served(taught: Tagger, name: str, names: list[str]) -> Repository:
    """Add a repository that the bot serves, and whose labels it knows."""
    there = taught.github.world.add_repository(name, names)
    with taught.context.database.write() as session:
        enrol(session, (there.installation_id, "octo"), [RemoteRepository(there.id, name)], now=taught.clock())
        labels = [RemoteLabel(each.id, each.name, "") for each in there.labels.values()]
        keep_labels(session, there.id, labels, now=taught.clock())
    return there


def judged(tagger: Tagger) -> int:
    """Let an issue be predicted, and its maintainer confirm one label and take another off."""
    number = tagger.open(BOTH)
    tagger.clock.move(minutes=1)
    tagger.github.people.label(NAME, number, "documentation")
    tagger.catch_up()
    tagger.clock.move(minutes=1)
    tagger.github.people.unlabel(NAME, number, "bug")
    tagger.catch_up()
    return number


def known(tagger: Tagger) -> set[tuple[int, int, str, str]]:
    return {(row.repository_id, row.number, row.label, row.truth) for row in tagger.rows(LabelTruth)}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_labels_feedback_and_predictions_go_with_it(taught: Tagger, other: Repository, order: tuple[int, int]) -> None:
    taught.open("first, so that numbers differ")
    number = judged(taught)
    before = [row.key for row in taught.rows(LabelEvent)]
    taught.clock.move(minutes=1)
    new = taught.github.people.transfer(NAME, number, THERE)
    news = taught.news()
    for place in (*order, *order):
        taught.handle(news[place])
    taught.catch_up()
    assert known(taught) == {
        (other.id, new.number, "Bug", Truth.NEGATIVE),
        (other.id, new.number, "documentation", Truth.POSITIVE),
    }
    assert {row.key for row in taught.rows(LabelEvent)} >= set(before)
    assert {row.repository_id for row in taught.rows(LabelEvent)} == {other.id}
    moved = taught.rows(Prediction, repository_id=other.id, number=new.number)
    assert len(moved) == 2, "the one it had, and the one of its arrival"
    answers = {guess.label: guess.outcome for guess in taught.rows(Guess, prediction_id=moved[0].id)}
    assert answers == {"bug": Outcome.REJECTED, "documentation": Outcome.MISSED, "question": None}
    assert moved[-1].not_written in {"a person has labelled the issue already", "no label reached its threshold"}
    row = taught.row(Issue, (taught.repo.id, number))
    assert (row.state, row.moved_to) == ("transferred", f"{other.id}#{new.number}")
    assert taught.issue(number).comments == new.comments, "one comment, which went with it"
    assert len(new.comments) == 1


def test_what_is_told_late_under_the_old_number_counts_under_the_new_one(taught: Tagger, other: Repository) -> None:
    number = taught.open("hello")
    taught.clock.move(minutes=1)
    (late,) = taught.github.people.label(NAME, number, "bug")
    taught.seen.add(late.id)
    taught.clock.move(minutes=1)
    new = taught.github.people.transfer(NAME, number, THERE)
    taught.catch_up()
    taught.handle(late)
    assert known(taught) == {(other.id, new.number, "Bug", Truth.POSITIVE)}


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_in_whatever_order_it_is_told_the_end_is_the_same(
    taught: Tagger, other: Repository, order: tuple[int, ...]
) -> None:
    taught.enrol(mode=Mode.SHADOW)
    number = taught.open("hello")
    taught.clock.move(minutes=1)
    taught.github.people.label(NAME, number, "bug")
    taught.clock.move(minutes=1)
    new = taught.github.people.transfer(NAME, number, THERE)
    news = taught.news()
    for place in order:
        taught.handle(news[place])
    taught.catch_up()
    assert known(taught) == {(other.id, new.number, "Bug", Truth.POSITIVE)}


@pytest.mark.parametrize("order", [(1, 2, 3, 4), (4, 3, 2, 1), (3, 1, 4, 2), (4, 3, 2, 0, 1), (0, 2, 4, 1)])
def test_what_is_known_goes_all_the_way_of_an_issue_transferred_twice(
    taught: Tagger, other: Repository, order: tuple[int, ...]
) -> None:
    third = served(taught, "octo/third", ["BUG"])
    taught.enrol(mode=Mode.SHADOW)
    number = taught.open("hello")
    taught.github.people.label(NAME, number, "bug")
    taught.clock.move(minutes=1)
    there = taught.github.people.transfer(NAME, number, THERE)
    taught.clock.move(minutes=1)
    last = taught.github.people.transfer(THERE, there.number, "octo/third")
    news = taught.news()
    for place in order:
        taught.handle(news[place])
    taught.catch_up()
    assert known(taught) == {(third.id, last.number, "BUG", Truth.POSITIVE)}


def test_an_issue_that_goes_where_we_are_not_leaves_its_history(taught: Tagger) -> None:
    taught.github.world.add_repository("acme/far", ["bug"])
    number = judged(taught)
    taught.github.people.transfer(NAME, number, "acme/far")
    taught.handle(taught.news()[0])
    assert {row[:2] for row in known(taught)} == {(taught.repo.id, number)}
    assert taught.row(Issue, (taught.repo.id, number)).state == "transferred"


def test_an_issue_from_where_we_are_not_comes_without_judgement(taught: Tagger) -> None:
    taught.github.world.add_repository("acme/far", ["bug"])
    far = taught.github.people.open_issue("acme/far", CRASH, labels=["bug"])
    taught.seen |= {each.id for each in taught.news()}
    new = taught.github.people.transfer("acme/far", far.number, NAME)
    taught.handle(taught.news()[-1])
    assert taught.truths(new.number) == {"bug": Truth.UNCONFIRMED}


def test_what_waits_to_be_written_is_not_written_on_the_issue_that_has_its_new_number_here(
    taught: Tagger, other: Repository
) -> None:
    old = taught.github.people.open_issue(NAME, CRASH, at=START - timedelta(days=30)).number
    taught.seen |= {each.id for each in taught.news()}
    taught.enrol(config="delay_minutes: 5", config_path=f"{NAME}/.github/issue-tagger.yml")
    number = taught.open(CRASH)
    assert taught.github.people.transfer(NAME, number, THERE).number == old
    taught.catch_up()
    taught.clock.move(minutes=5)
    taught.go_on()
    assert taught.issue(old).names() == set()
    assert taught.rows(Prediction)[0].not_written == Reason.GONE
