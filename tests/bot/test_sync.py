"""Catching up with GitHub: the import, what changed since, labels renamed or deleted, acts that were missed."""

from datetime import timedelta

import pytest

from bot import storage, sync
from bot.errors import GitHubUnavailable
from bot.models import Issue, Label, LabelEvent, LabelTruth, Repository, Truth
from bot.sync import differing
from tests.bot.usecases import ASK, CRASH, START, Tagger
from tests.standin import Delivery
from tests.standin.fixtures import NAME

YES, NO, OPEN = Truth.POSITIVE, Truth.NEGATIVE, Truth.UNCONFIRMED


def pull(tagger: Tagger) -> int:
    tagger.clock.move(minutes=10)
    return sync.pull(tagger.context, tagger.repo)


def past(tagger: Tagger, count: int = 3) -> None:
    """Let issues be opened and labelled on GitHub that nobody told us of."""
    for number in range(1, count + 1):
        at = START - timedelta(days=30) + timedelta(hours=number)
        tagger.github.people.open_issue(NAME, f"Issue {number}", at=at)
        tagger.github.people.label(NAME, number, "bug", at=at)


def asked(tagger: Tagger) -> list[str]:
    """Return the issues whose events GitHub was asked for."""
    asked = [each.path.split("/")[-2] for each in tagger.github.requests("GET", "/events")]
    return [number for number in asked if number != "issues"]  # that were all issues' at once, for the import


def test_the_first_pull_imports_issues_and_takes_their_labels_for_peoples(tagger: Tagger) -> None:
    past(tagger)
    tagger.github.people.close(NAME, 2)
    tagger.github.people.open_issue(NAME, "A pull request", pull=True)
    assert pull(tagger) == 3
    assert [(row.number, row.state) for row in tagger.rows(Issue)] == [(1, "open"), (2, "closed"), (3, "open")]
    assert tagger.truths(1) == {"bug": YES}
    assert asked(tagger) == []
    assert tagger.repo.pulled_at == tagger.clock.at


def test_an_import_dates_labels_by_their_issue_so_that_every_later_act_overrides_them(tagger: Tagger) -> None:
    past(tagger, 1)
    pull(tagger)
    assert tagger.rows(LabelTruth)[0].at == tagger.rows(Issue)[0].created_at
    tagger.handle(tagger.github.people.unlabel(NAME, 1, "bug"))
    assert tagger.truths(1) == {"bug": NO}


def test_the_next_pull_asks_only_for_what_changed_since(tagger: Tagger) -> None:
    past(tagger)
    pull(tagger)
    since = tagger.clock.at - sync.OVERLAP
    tagger.clock.move(minutes=5)
    tagger.github.people.edit(NAME, 2, title="Another title")
    assert pull(tagger) == 1
    assert tagger.rows(Issue, number=2)[0].title == "Another title"
    assert tagger.github.requests("GET", "/issues")[-1].query["since"] == since.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert asked(tagger) == [], "no label differs"


def test_acts_that_were_missed_are_asked_for_where_the_labels_differ(tagger: Tagger) -> None:
    past(tagger)
    pull(tagger)
    tagger.clock.move(minutes=5)
    tagger.github.people.unlabel(NAME, 1, "bug")
    tagger.github.people.label(NAME, 2, "question")
    tagger.github.people.label(NAME, 2, "documentation", by="other[bot]")
    assert pull(tagger) == 2
    assert tagger.truths(1) == {"bug": NO}
    assert tagger.truths(2) == {"bug": YES, "question": YES, "documentation": OPEN}
    assert asked(tagger) == ["1", "2"]


def test_of_acts_in_the_same_second_the_last_one_is_githubs_to_say(tagger: Tagger) -> None:
    past(tagger, 1)
    pull(tagger)
    tagger.clock.move(minutes=5)
    tagger.handle(tagger.github.people.unlabel(NAME, 1, "bug"))
    tagger.github.people.label(NAME, 1, "bug")
    assert tagger.truths(1) == {"bug": NO}, "nobody told that it was put on again"
    pull(tagger)
    assert tagger.truths(1) == {"bug": YES}


def test_what_was_told_and_is_pulled_too_changes_nothing(tagger: Tagger) -> None:
    past(tagger, 1)
    pull(tagger)
    tagger.clock.move(minutes=5)
    for each in tagger.github.people.label(NAME, 1, "question"):
        tagger.handle(each)
    before = [row.key for row in tagger.rows(LabelEvent)]
    assert pull(tagger) == 1
    assert [row.key for row in tagger.rows(LabelEvent)] == before
    assert tagger.truths(1) == {"bug": YES, "question": YES}


def test_the_bots_own_labels_are_not_imported_as_peoples_by_a_later_pull(taught: Tagger) -> None:
    pull(taught)
    number = taught.github.people.open_issue(NAME, CRASH).number
    opened = taught.news()[-1]
    taught.handle(opened)
    taught.seen |= {each.id for each in taught.news()}
    pull(taught)
    assert taught.truths(number) == {"bug": OPEN}


@pytest.mark.parametrize(
    ("known", "present", "expected"),
    [
        ({}, (), set()),
        ({"a": YES, "b": OPEN}, ("a", "b"), set()),
        ({"a": NO}, (), set()),
        ({"a": NO}, ("a",), {"a"}),
        ({"a": YES}, (), {"a"}),
        ({}, ("a",), {"a"}),
    ],
)
def test_a_label_differs_where_one_side_has_it(known: dict[str, Truth], present: tuple[str], expected: object) -> None:
    assert differing(known, present) == expected


# --- labels


def learn_of(tagger: Tagger, told: Delivery | None) -> None:
    if told:
        tagger.handle(told)
    else:
        pull(tagger)


@pytest.mark.parametrize("told", [True, False])
def test_a_renamed_label_carries_its_truth_and_its_guesses_over(taught: Tagger, told: bool) -> None:
    pull(taught)
    number = taught.open(ASK)
    taught.github.people.label(NAME, number, "bug")
    taught.catch_up()
    delivery = taught.github.people.rename_label(NAME, "bug", "defect")
    learn_of(taught, delivery if told else None)
    assert taught.truths(number) == {"defect": YES}
    assert set(taught.guesses(number)) == {"defect", "documentation", "question"}
    assert [row.label for row in taught.rows(LabelEvent)] == ["defect"]
    assert [row.name for row in taught.rows(Label)] == ["defect", "documentation", "question"]


@pytest.mark.parametrize("told", [True, False])
def test_a_deleted_label_is_neither_suggested_nor_forgotten(tagger: Tagger, told: bool) -> None:
    past(tagger, 1)
    pull(tagger)
    delivery = tagger.github.people.delete_label(NAME, "bug")
    learn_of(tagger, delivery if told else None)
    removed = {row.name: row.removed_at is not None for row in tagger.rows(Label)}
    assert removed == {"bug": True, "documentation": False, "question": False}
    assert tagger.truths(1) == {"bug": YES}
    assert set(tagger.guesses(tagger.open("A bug"))) == {"documentation", "question"}


def test_a_label_that_is_new_is_learnt_of(tagger: Tagger) -> None:
    tagger.github.world.add_label(tagger.github.world.find(NAME), "later", "Not now")
    pull(tagger)
    assert [row.description for row in tagger.rows(Label, name="later")] == ["Not now"]


# --- what can go wrong


@pytest.mark.parametrize("kind", ["500", "cut", "garbled"])
def test_an_import_that_is_cut_off_keeps_what_it_had_and_goes_on(tagger: Tagger, kind: str) -> None:
    past(tagger, 150)
    tagger.github.fail_next(1, "slow", "/issues$", seconds=0)  # the first page is answered
    tagger.github.fail_next(1, kind, "/issues$")
    with pytest.raises(GitHubUnavailable):
        pull(tagger)
    assert (len(tagger.rows(Issue)), tagger.repo.pulled_at) == (100, None)
    assert pull(tagger) == 50
    assert len(tagger.rows(Issue)) == len(tagger.rows(LabelEvent)) == 150


def test_an_old_answer_does_not_undo_a_newer_one(tagger: Tagger) -> None:
    number = tagger.github.people.open_issue(NAME, "Old").number
    tagger.clock.move(minutes=1)
    edited = tagger.github.people.edit(NAME, number, title="New")
    opened = tagger.news()[0]
    tagger.handle(edited)
    tagger.handle(opened)
    assert tagger.rows(Issue)[0].title == "New"


# --- installations whose word was lost


def test_what_was_installed_while_we_were_down_is_served(tagger: Tagger) -> None:
    new = tagger.github.world.add_repository("acme/rocket")
    sync.follow_installations(tagger.context)
    assert {repo.full_name: repo.removed_at for repo in tagger.rows(Repository)} == {NAME: None, "acme/rocket": None}
    assert tagger.row(Repository, new.id).enrolled_at == tagger.clock.at


def test_what_was_taken_out_while_we_were_down_is_served_no_more(tagger: Tagger) -> None:
    there = tagger.github.world.find(NAME)
    tagger.github.world.add_repository("octo/other")
    del tagger.github.world.repositories[there.id]
    sync.follow_installations(tagger.context)
    assert tagger.row(Repository, there.id).removed_at == tagger.clock.at


def test_installation_that_cannot_be_read_does_not_hold_up_the_others(tagger: Tagger) -> None:
    tagger.github.world.add_repository("acme/rocket")
    tagger.github.fail_next(1, "500", "/installation/repositories")
    sync.follow_installations(tagger.context)
    assert "acme/rocket" in {repo.full_name for repo in tagger.rows(Repository)}


def served(tagger: Tagger) -> list[str]:
    with tagger.context.database.read() as session:
        return [repo.full_name for repo in storage.repositories(session)]


def test_what_was_suspended_while_we_were_down_is_served_no_more_until_that_ends(tagger: Tagger) -> None:
    there = tagger.github.world.installations[tagger.repo.installation_id]
    for suspended, expected in ((True, []), (False, [NAME])):
        there.suspended = suspended
        sync.follow_installations(tagger.context)
        assert served(tagger) == expected


def test_installation_that_was_removed_while_we_were_down_is_served_no_more(tagger: Tagger) -> None:
    tagger.github.world.add_repository("acme/rocket")
    sync.follow_installations(tagger.context)
    del tagger.github.world.installations[tagger.repo.installation_id]
    sync.follow_installations(tagger.context)
    assert served(tagger) == ["acme/rocket"]


def test_word_that_comes_while_the_installations_are_read_counts_more(tagger: Tagger) -> None:
    real = tagger.context.github.installations

    def installations() -> object:
        found = real()
        tagger.context.github.installations = real  # type: ignore[method-assign]
        tagger.github.people.install("octo", action="suspend")
        tagger.github.world.add_repository("acme/rocket")
        tagger.github.people.install("acme")
        tagger.catch_up()
        return found

    tagger.context.github.installations = installations  # type: ignore[method-assign, assignment]
    sync.follow_installations(tagger.context)
    assert served(tagger) == ["acme/rocket"]
