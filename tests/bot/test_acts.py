"""Whose judgement a label is: scripts, Apps in a person's name, templates and workflows are told from a maintainer."""

import pytest

from bot import automations, feedback, sync
from bot.models import LabelEvent, Outcome, Truth
from tests.bot.usecases import CRASH, TYPO, Tagger
from tests.standin.fixtures import NAME

YES, NO, OPEN = Truth.POSITIVE, Truth.NEGATIVE, Truth.UNCONFIRMED
FORMS, WORKFLOWS = automations.TEMPLATES, automations.WORKFLOWS


def pull(tagger: Tagger) -> None:
    tagger.clock.move(minutes=10)
    sync.pull(tagger.context, tagger.repo)


def kinds(tagger: Tagger, number: int) -> list[str]:
    return [row.actor_kind for row in tagger.rows(LabelEvent, number=number)]


# --- scripts


def relabel(tagger: Tagger, count: int, *, seconds: float, on: bool = True) -> None:
    """Let the maintainer put "bug" on issues 1 to `count`, or take it off, one after the other."""
    for number in range(1, count + 1):
        tagger.clock.move(seconds=seconds)
        change = tagger.github.people.label if on else tagger.github.people.unlabel
        change(NAME, number, "bug")


@pytest.mark.parametrize(("count", "seconds", "truth"), [(10, 1, OPEN), (9, 0, YES), (12, 2, YES)])
def test_who_labels_many_issues_within_seconds_is_a_script(
    taught: Tagger, count: int, seconds: float, truth: Truth
) -> None:
    for _ in range(count):
        taught.open("hello")
    relabel(taught, count, seconds=seconds)
    taught.catch_up()
    assert {taught.truths(number)["bug"] for number in range(1, count + 1)} == {truth}
    outcome = Outcome.MISSED if truth is YES else None
    assert {taught.guesses(number)["bug"].outcome for number in range(1, count + 1)} == {outcome}


def test_in_whatever_order_they_are_told_acts_of_a_script_are_known(taught: Tagger) -> None:
    for _ in range(10):
        taught.open("hello")
    relabel(taught, 10, seconds=1)
    for delivery in taught.news()[::-2] + taught.news()[::2]:
        taught.handle(delivery)
    assert {kind for number in range(1, 11) for kind in kinds(taught, number)} == {"script"}
    assert {taught.truths(number)["bug"] for number in range(1, 11)} == {OPEN}


def test_a_script_that_takes_labels_off_makes_no_negatives(taught: Tagger) -> None:
    for number in range(1, 11):
        taught.open("hello")
        taught.clock.move(minutes=1)
        taught.github.people.label(NAME, number, "bug")
    taught.clock.move(hours=1)
    relabel(taught, 10, seconds=0, on=False)
    taught.catch_up()
    assert [taught.truths(number) for number in range(1, 11)] == [{}] * 10


def test_a_script_does_not_silence_the_bot(taught: Tagger) -> None:
    world = taught.github.world
    world.add_label(world.find(NAME), "triage")
    taught.catch_up()
    for _ in range(10):
        taught.github.people.open_issue(NAME, CRASH)
    opened = taught.news()
    for number in range(1, 11):
        taught.github.people.label(NAME, number, "triage")
    for delivery in [each for each in taught.news() if each not in opened]:
        taught.handle(delivery)
    taught.catch_up()
    assert all(taught.issue(number).names() == {"triage", "bug"} for number in range(1, 11))


def test_a_script_confirms_nothing_that_the_bot_put_on(taught: Tagger) -> None:
    for _ in range(10):
        taught.open(CRASH)
    taught.clock.move(minutes=1)
    for number in range(1, 11):
        taught.github.people.label(NAME, number, "question")
    taught.catch_up()
    assert [taught.truths(number) for number in range(1, 11)] == [{"bug": OPEN, "question": OPEN}] * 10


def test_what_a_person_says_after_a_script_counts(taught: Tagger) -> None:
    for _ in range(10):
        taught.open("hello")
    relabel(taught, 10, seconds=0)
    taught.clock.move(minutes=1)
    taught.github.people.unlabel(NAME, 3, "bug")
    taught.catch_up()
    assert (taught.truths(3), taught.truths(4)) == ({"bug": NO}, {"bug": OPEN})


def test_what_a_person_does_after_a_script_counts_before_word_of_it_comes(taught: Tagger) -> None:
    for _ in range(10):
        taught.open("hello")
    taught.clock.move(minutes=1)
    relabel(taught, 10, seconds=0)
    taught.catch_up()
    taught.clock.move(minutes=5)
    taught.seen.add(taught.github.people.unlabel(NAME, 3, "bug").id)
    taught.github.people.edit(NAME, 3, title=TYPO)
    taught.catch_up()
    assert taught.issue(3).names() == set()


def test_scripts_are_found_in_an_imported_past(tagger: Tagger) -> None:
    for number in range(1, 13):
        tagger.github.people.open_issue(NAME, "Something")
        tagger.clock.move(minutes=1)
        tagger.github.people.label(NAME, number, "question")
    tagger.clock.move(minutes=1)
    relabel(tagger, 10, seconds=0)
    pull(tagger)
    assert tagger.truths(1) == {"question": YES, "bug": OPEN}
    assert tagger.truths(12) == {"question": YES}


def test_many_acts_on_one_issue_are_no_scripts() -> None:
    rows = [LabelEvent(id=number, number=1, at=feedback.datetime(2026, 1, 1)) for number in range(50)]
    assert list(feedback.in_bulk(rows)) == []


# --- Apps and bots


def test_an_app_in_a_persons_name_neither_teaches_nor_silences(taught: Tagger) -> None:
    pull(taught)
    number = taught.github.people.open_issue(NAME, CRASH).number
    opened = taught.news()[-1]
    taught.github.people.label(NAME, number, "question", by_app=True)
    taught.handle(opened)
    assert taught.issue(number).names() == {"bug", "question"}
    taught.seen |= {each.id for each in taught.news()}
    pull(taught)
    assert taught.truths(number) == {"bug": OPEN, "question": OPEN}


@pytest.mark.parametrize("who", ["github-actions[bot]", "stale[bot]"])
def test_automations_and_other_bots_neither_teach_nor_silence(taught: Tagger, who: str) -> None:
    number = taught.github.people.open_issue(NAME, CRASH).number
    taught.github.people.label(NAME, number, "question", by=who)
    taught.catch_up()
    assert taught.issue(number).names() == {"bug", "question"}
    assert taught.truths(number) == {"bug": OPEN, "question": OPEN}


def test_an_issue_opened_by_an_app_in_a_maintainers_name_brings_no_judgement(taught: Tagger) -> None:
    taught.github.people.open_issue(NAME, CRASH, author="maintainer", labels=["question"])
    opened = taught.news()[0]
    opened.payload["issue"]["performed_via_github_app"] = {"id": 1}
    taught.handle(opened)
    assert taught.truths(1) == {"question": OPEN}


# --- templates


def test_what_a_template_names_is_not_its_authors_judgement_even_if_that_is_a_maintainer(taught: Tagger) -> None:
    files = taught.github.world.find(NAME).files
    files[f"{FORMS}/bug.yml"] = b"name: Bug\nlabels: [Question]\nbody: []\n"
    files[f"{FORMS}/typo.md"] = b"---\nname: Typo\nlabels: documentation, other\n---\nText\n"
    pull(taught)
    number = taught.open(CRASH, author="maintainer", labels=["question"])
    assert taught.truths(number) == {"question": OPEN, "bug": OPEN}
    assert taught.issue(number).names() == {"bug", "question"}
    chosen = taught.open(CRASH, author="maintainer", labels=["question", "bug"])
    assert taught.truths(chosen) == {"question": OPEN, "bug": YES}
    taught.clock.move(minutes=1)
    taught.github.people.label(NAME, number, "documentation")
    taught.catch_up()
    assert taught.truths(number)["documentation"] == YES


def test_templates_of_the_owner_count_where_a_repository_has_none(tagger: Tagger) -> None:
    shared = tagger.github.world.add_repository("octo/.github")
    shared.files[f"{FORMS}/bug.yml"] = b"labels: [bug]\n"
    pull(tagger)
    assert tagger.repo.automations is not None
    assert tagger.repo.automations["templates"] == ["bug"]
    tagger.github.world.find(NAME).files[f"{FORMS}/own.yml"] = b"labels: [question]\n"
    tagger.clock.move(days=1)
    pull(tagger)
    assert tagger.repo.automations["templates"] == ["question"]


def test_templates_are_known_to_the_import(tagger: Tagger) -> None:
    tagger.github.world.find(NAME).files[f"{FORMS}/bug.yaml"] = b"labels: bug\n"
    tagger.github.people.open_issue(NAME, "One", author="maintainer", labels=["bug", "question"])
    pull(tagger)
    assert tagger.truths(1) == {"bug": OPEN, "question": YES}
