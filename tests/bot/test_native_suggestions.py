"""Labels suggested in GitHub's own interface, where a repository has that; a comment where it has not."""

import pytest

from bot import answering, dismissals, sync
from bot.models import Mode, Outcome, Truth
from bot.remote import RepositoryGateway
from bot.similar import most_similar
from tests.bot.usecases import ASK, BOTH, CRASH, Tagger
from tests.standin.fixtures import NAME


@pytest.fixture
def native(taught: Tagger) -> Tagger:
    """A bot that suggests, on a repository with GitHub's own suggestions."""
    taught.github.world.find(NAME).suggests = True
    taught.enrol(mode=Mode.SUGGEST)
    return taught


def suggested(tagger: Tagger, number: int) -> dict[str, str]:
    return {each.label: each.state for each in tagger.issue(number).suggestions}


def test_labels_are_suggested_there_and_no_comment_is_written(native: Tagger) -> None:
    number = native.open(BOTH)
    assert suggested(native, number) == {"bug": "pending", "question": "pending"}
    assert (native.issue(number).comments, native.issue(number).names()) == ([], set())
    assert native.prediction(number).native
    assert native.repo.native_suggestions is True
    assert {name: guess.written for name, guess in native.guesses(number).items() if guess.written} == {
        "bug": "suggested",
        "question": "suggested",
    }


def test_reason_names_a_similar_issue_without_linking_it(native: Tagger) -> None:
    first = native.open(f"{CRASH} on windows")
    native.github.people.label(NAME, first, "bug")
    native.catch_up()
    number = native.open(f"{CRASH} on windows again")
    (found,) = native.issue(number).suggestions
    assert found.rationale.startswith(f"Issue {first} is similar and has this label. I am ")
    assert "#" not in found.rationale
    assert found.confidence in {"medium", "high"}


def test_reason_is_in_the_language_of_the_repository(native: Tagger) -> None:
    native.enrol(config="language: de", config_path=f"{NAME}/.github/issue-tagger.yml")
    (found,) = native.issue(native.open(CRASH)).suggestions
    assert found.rationale.startswith("Ich bin zu ")


def test_nothing_waits_where_only_suggestions_are_written(native: Tagger) -> None:
    native.enrol(native_suggestions=True, config="delay_minutes: 2", config_path=f"{NAME}/.github/issue-tagger.yml")
    assert suggested(native, native.open(CRASH)) == {"bug": "pending"}


def test_where_it_is_missing_that_is_found_out_once_and_a_comment_is_written(taught: Tagger) -> None:
    taught.enrol(mode=Mode.SUGGEST)
    numbers = [taught.open(CRASH), taught.open(CRASH)]
    assert [len(taught.issue(number).comments) for number in numbers] == [1, 1]
    assert taught.repo.native_suggestions is False
    assert len([each for each in taught.github.log if each.path.endswith("/suggestions")]) == 1


def test_where_it_was_switched_off_a_comment_is_written_again(native: Tagger) -> None:
    native.open(CRASH)
    native.github.world.find(NAME).suggests = False
    number = native.open(CRASH)
    assert len(native.issue(number).comments) == 1
    assert native.repo.native_suggestions is False


def test_approval_is_feedback(native: Tagger) -> None:
    number = native.open(CRASH)
    native.github.people.answer_suggestion(NAME, number, "bug", approve=True)
    native.catch_up()
    assert native.truths(number) == {"bug": Truth.POSITIVE}
    assert native.guesses(number)["bug"].outcome == Outcome.ACCEPTED


def test_dismissal_is_read_with_the_next_pull_and_is_feedback_once(native: Tagger) -> None:
    number = native.open(BOTH)
    native.github.people.answer_suggestion(NAME, number, "bug", approve=False)
    native.enrol(pulled_at=native.clock.at)
    native.clock.move(minutes=15)
    sync.pull(native.context, native.repo)
    assert native.truths(number) == {"bug": Truth.NEGATIVE}
    assert native.guesses(number)["bug"].outcome == Outcome.REJECTED
    assert native.prediction(number).checked_at == native.clock.at
    sync.pull(native.context, native.repo)
    assert native.truths(number) == {"bug": Truth.NEGATIVE}


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("how", ["delete", "transfer"])
def test_suggestion_on_an_issue_that_is_gone_holds_up_nothing(native: Tagger, how: str, told: bool) -> None:
    gone, number = native.open(CRASH), native.open(CRASH)
    if how == "delete":
        native.github.people.delete(NAME, gone)
    else:
        native.github.world.add_repository("else/where", ["bug"])
        native.github.people.transfer(NAME, gone, "else/where")
    if told:
        native.handle(next(each for each in native.news() if each.payload["issue"]["number"] == gone))
    native.github.people.answer_suggestion(NAME, number, "bug", approve=False)
    native.clock.move(minutes=15)
    assert dismissals.read_suggestions(native.context, native.repo) == 1
    assert native.truths(number) == {"bug": Truth.NEGATIVE}
    asked = len(native.github.log)
    assert dismissals.read_suggestions(native.context, native.repo) == 0
    assert (len(native.github.log) == asked) is told


@pytest.mark.parametrize("how", ["command", "operator"])
def test_undo_takes_back_what_nobody_answered_and_that_is_no_feedback(native: Tagger, how: str) -> None:
    number = native.open(BOTH)
    native.github.people.answer_suggestion(NAME, number, "bug", approve=True)
    native.catch_up()
    if how == "command":
        native.github.people.comment(NAME, number, "/tagger undo")
        native.catch_up()
    else:
        assert answering.take_back(native.context, native.repo, number) == ["suggestion question"]
    assert suggested(native, number) == {"bug": "approved", "question": "dismissed"}
    native.enrol(pulled_at=native.clock.at)
    native.clock.move(minutes=15)
    sync.pull(native.context, native.repo)
    assert native.truths(number) == {"bug": Truth.POSITIVE}
    assert native.guesses(number)["question"].outcome is None


def test_suggestion_that_is_answered_meanwhile_is_no_fault(native: Tagger, gateway: RepositoryGateway) -> None:
    number = native.open(CRASH)
    native.github.people.answer_suggestion(NAME, number, "bug", approve=False)
    gateway.dismiss_suggestion(number, native.issue(number).suggestions[0].id)
    gateway.dismiss_suggestion(number, 1)
    assert suggested(native, number) == {"bug": "dismissed"}


def test_what_was_dismissed_or_is_pending_is_not_suggested_again(native: Tagger) -> None:
    number = native.open(CRASH)
    native.github.people.answer_suggestion(NAME, number, "bug", approve=False)
    native.github.people.edit(NAME, number, title=BOTH)
    native.catch_up()
    assert suggested(native, number) == {"bug": "dismissed", "question": "pending"}


def test_label_that_the_issue_has_is_never_suggested(native: Tagger) -> None:
    number = native.open(BOTH, labels=["bug"])
    assert native.issue(number).names() == {"bug"}
    assert suggested(native, number) == {"question": "pending"}


def test_sure_labels_are_put_on_and_others_suggested_in_apply_mode(native: Tagger) -> None:
    native.enrol(mode=Mode.APPLY)
    number = native.open(BOTH)
    assert (native.issue(number).names(), suggested(native, number)) == ({"bug"}, {"question": "pending"})
    assert native.issue(native.open(ASK)).comments == []


@pytest.mark.parametrize(
    ("text", "number"), [("crash on save", 2), ("save the typo", 1), ("nothing shared", None), ("", None)]
)
def test_most_similar_issue_shares_the_rarest_words(text: str, number: int | None) -> None:
    assert most_similar(text, [(1, "typo in the readme"), (2, "crash when I save"), (3, "the question")]) == number


def test_nothing_is_similar_to_nothing() -> None:
    assert most_similar("crash", []) is None
