"""An issue arrives: what is written on GitHub, and what is not."""

import pytest

from bot.comments import MARKER
from bot.models import Delivery, Mode, Prediction, Work
from tests.bot.usecases import ASK, BOTH, CRASH, TYPO, Tagger
from tests.standin import Logged
from tests.standin.fixtures import NAME


def what(write: Logged) -> str:
    return f"{write.method} {write.path.removeprefix(f'/repos/{NAME}/issues/')}"


def told(tagger: Tagger, number: int) -> list[str]:
    """Return the bodies of an issue's comments."""
    return [comment.body for comment in tagger.issue(number).comments]


# --- modes


def test_apply_puts_sure_labels_on_and_suggests_the_others(taught: Tagger) -> None:
    number = taught.open(BOTH)
    assert taught.issue(number).names() == {"bug"}
    (comment,) = told(taught, number)
    assert comment.startswith(MARKER)
    assert "`question`" in comment
    assert "`bug`" not in comment
    assert [what(each) for each in taught.writes()] == ["POST 1/labels", "POST 1/comments"]
    assert {name: guess.written for name, guess in taught.guesses(number).items()} == {
        "bug": "applied",
        "documentation": None,
        "question": "suggested",
    }


def test_apply_without_anything_to_suggest_says_nothing(taught: Tagger) -> None:
    number = taught.open(CRASH)
    assert [what(each) for each in taught.writes()] == ["POST 1/labels"]
    assert taught.prediction(number).written_at == taught.clock.at
    assert taught.prediction(number).comment_id is None


def test_suggest_suggests_also_the_sure_ones_and_puts_none_on(taught: Tagger) -> None:
    taught.enrol(mode=Mode.SUGGEST)
    number = taught.open(BOTH)
    (comment,) = told(taught, number)
    assert comment.index("`bug`") < comment.index("`question`")
    assert [what(each) for each in taught.writes()] == ["POST 1/comments"]
    assert taught.prediction(number).comment_id == taught.issue(number).comments[0].id


def test_shadow_writes_nothing_and_records_everything(taught: Tagger) -> None:
    taught.enrol(mode=Mode.SHADOW)
    number = taught.open(BOTH)
    assert taught.writes() == []
    assert taught.prediction(number).not_written == "shadow mode"
    decisions = {name: guess.decision for name, guess in taught.guesses(number).items()}
    assert decisions == {"bug": "apply", "documentation": "withhold", "question": "suggest"}


def test_what_is_sure_enough_is_the_repositorys_to_say(taught: Tagger) -> None:
    taught.enrol(apply_precision=0.99)
    number = taught.open(CRASH)
    assert taught.issue(number).names() == set()
    assert taught.guesses(number)["bug"].decision == "suggest"


def test_a_prediction_keeps_model_thresholds_and_probabilities(taught: Tagger) -> None:
    number = taught.open("hello")
    assert taught.prediction(number).not_written == "no label reached its threshold"
    assert taught.prediction(number).model_id == taught.repo.champion_id
    bug, question = taught.guesses(number)["bug"], taught.guesses(number)["question"]
    assert (bug.apply_threshold, bug.suggest_threshold) == pytest.approx((0.9, 0.9))
    assert (question.apply_threshold, question.suggest_threshold) == (None, pytest.approx(0.9))
    assert 0 < bug.probability < 0.9
    assert taught.writes() == []


# --- additive


def test_labels_of_a_template_stay_and_are_not_put_on_again(taught: Tagger) -> None:
    number = taught.open(f"{CRASH} {TYPO}", labels=["documentation"])
    assert taught.issue(number).names() == {"bug", "documentation"}
    assert [each.body for each in taught.writes()] == [["bug"]]


def test_the_repositorys_own_spelling_is_used(taught: Tagger) -> None:
    label = taught.github.world.find(NAME).labels["bug"]
    label.name = "Bug"
    number = taught.open(CRASH)
    assert [each.body for each in taught.writes()] == [["Bug"]]
    assert taught.issue(number).names() == {"Bug"}
    assert taught.guesses(number)["bug"].written == "applied"


def test_a_label_that_was_deleted_from_the_repository_is_never_created(taught: Tagger) -> None:
    del taught.github.world.find(NAME).labels["bug"]
    number = taught.open(BOTH)
    assert set(taught.github.world.find(NAME).labels) == {"documentation", "question"}
    assert taught.issue(number).names() == set()
    assert [what(each) for each in taught.writes()] == ["POST 1/comments"]


# --- people first


def test_a_label_that_a_person_took_off_is_not_put_on_again(taught: Tagger) -> None:
    number = taught.open(CRASH)
    taught.github.people.unlabel(NAME, number, "bug")
    taught.catch_up()
    taught.github.people.edit(NAME, number, body=CRASH)
    taught.catch_up()
    assert taught.issue(number).names() == set()
    assert [what(each) for each in taught.writes()] == ["POST 1/labels"]


def test_a_label_that_a_bot_took_off_is_not_put_on_again(taught: Tagger) -> None:
    number = taught.github.people.open_issue(NAME, CRASH).number
    taught.github.people.label(NAME, number, "bug", by="other[bot]")
    taught.github.people.unlabel(NAME, number, "bug", by="other[bot]")
    taught.catch_up()
    assert taught.issue(number).names() == set()
    assert taught.writes() == []


def test_nothing_is_written_where_a_person_labelled_first(taught: Tagger) -> None:
    number = taught.github.people.open_issue(NAME, BOTH).number
    taught.github.people.label(NAME, number, "documentation")
    taught.catch_up()
    assert taught.writes() == []
    assert taught.prediction(number).not_written == "a person has labelled the issue already"
    assert taught.guesses(number)["documentation"].outcome == "missed"


def test_nothing_is_written_where_a_maintainer_opened_the_issue_with_labels(taught: Tagger) -> None:
    number = taught.open(CRASH, author="maintainer", labels=["question"])
    assert taught.writes() == []
    assert taught.issue(number).names() == {"question"}


def test_labels_of_a_template_do_not_count_as_a_persons(taught: Tagger) -> None:
    number = taught.open(CRASH, labels=["question"])
    assert taught.issue(number).names() == {"bug", "question"}


# --- issues that are not there any more


def test_a_closed_issue_is_left_alone(taught: Tagger) -> None:
    number = taught.github.people.open_issue(NAME, CRASH).number
    taught.github.people.close(NAME, number)
    taught.catch_up()
    assert taught.writes() == []
    assert taught.prediction(number).not_written == "the issue is closed"


@pytest.mark.parametrize("act", ["delete", "transfer"])
def test_an_issue_that_is_gone_is_left_alone(taught: Tagger, act: str) -> None:
    taught.github.world.add_repository("octo/other")
    number = taught.github.people.open_issue(NAME, CRASH).number
    opened = taught.news()[0]
    if act == "delete":
        taught.github.people.delete(NAME, number)
    else:
        taught.github.people.transfer(NAME, number, "octo/other")
    assert taught.handle(opened).status == Work.DONE
    assert taught.prediction(number).not_written == "the issue is gone: deleted, transferred or made a discussion"
    assert taught.writes() == []


# --- a crash between a write and its record


def crash_after(tagger: Tagger, path: str, text: str = BOTH) -> int:
    """Open an issue; let GitHub do what is asked at `path`, but cut its answer; then let the bot try again."""
    number = tagger.github.people.open_issue(NAME, text).number
    opened = tagger.news()[-1]
    tagger.github.fail_next(1, "cut", path, method="POST")
    assert tagger.handle(opened).status == Work.QUEUED
    tagger.clock.move(minutes=1)
    assert tagger.handle(opened).status == Work.DONE
    return number


@pytest.mark.parametrize("path", ["/labels$", "/comments$"])
def test_what_was_written_before_a_crash_is_not_written_again(taught: Tagger, path: str) -> None:
    number = crash_after(taught, path)
    assert sorted(what(each) for each in taught.writes()) == ["POST 1/comments", "POST 1/labels"]
    assert len(taught.rows(Prediction)) == 1
    written = {name: guess.written for name, guess in taught.guesses(number).items()}
    assert written == {"bug": "applied", "documentation": None, "question": "suggested"}
    assert taught.prediction(number).comment_id == taught.issue(number).comments[0].id
    taught.catch_up()
    assert taught.truths(number) == {"bug": "unconfirmed"}


def test_a_label_taken_off_between_crash_and_retry_stays_off(taught: Tagger) -> None:
    number = taught.github.people.open_issue(NAME, CRASH).number
    opened = taught.news()[-1]
    taught.github.fail_next(1, "cut", "/labels$", method="POST")
    taught.handle(opened)
    taught.github.people.unlabel(NAME, number, "bug")
    taught.clock.move(minutes=1)
    taught.handle(opened)
    taught.catch_up()
    assert taught.issue(number).names() == set()
    assert len(taught.writes()) == 1
    assert taught.truths(number) == {"bug": "negative"}


# --- one comment


def test_the_comment_is_edited_in_place_when_the_text_changes(taught: Tagger) -> None:
    taught.enrol(mode=Mode.SUGGEST)
    number = taught.open(CRASH)
    taught.github.people.edit(NAME, number, title=TYPO)
    taught.catch_up()
    (comment,) = told(taught, number)
    assert "`documentation`" in comment
    assert "`bug`" not in comment
    assert [write.method for write in taught.writes()] == ["POST", "PATCH"]


def test_a_suggestion_that_fits_no_more_is_taken_back(taught: Tagger) -> None:
    taught.enrol(mode=Mode.SUGGEST)
    number = taught.open(CRASH)
    taught.github.people.edit(NAME, number, title="hello")
    taught.catch_up()
    (comment,) = told(taught, number)
    assert "no label is suggested any more" in comment


def test_an_edit_that_changes_no_suggestion_writes_nothing(taught: Tagger) -> None:
    taught.enrol(mode=Mode.SUGGEST)
    number = taught.open(BOTH)
    taught.handle(taught.github.people.edit(NAME, number, title=BOTH))
    assert len(taught.rows(Prediction)) == 1, "the text is the same"
    assert len(taught.writes()) == 1


def test_an_issue_from_before_the_bot_is_left_alone_when_it_is_edited(taught: Tagger) -> None:
    number = taught.github.people.open_issue(NAME, "hello", at=taught.clock.at.replace(year=2020)).number
    taught.seen |= {each.id for each in taught.news()}
    taught.handle(taught.github.people.edit(NAME, number, title=CRASH))
    assert taught.rows(Prediction) == []
    assert taught.writes() == []


def test_a_person_who_quotes_the_marker_is_not_edited(taught: Tagger) -> None:
    number = taught.github.people.open_issue(NAME, ASK).number
    taught.github.people.comment(NAME, number, f"{MARKER} as the bot says")
    taught.catch_up()
    assert [comment.author.login for comment in taught.issue(number).comments] == ["maintainer", "issue-tagger[bot]"]


# --- cold start


def test_the_cold_start_suggests_at_most_one_label_and_says_that_nothing_is_measured(tagger: Tagger) -> None:
    number = tagger.open("A question about the documentation", body="Is there documentation of the bug?")
    prediction = tagger.prediction(number)
    assert prediction.model_id is None
    guesses = tagger.guesses(number).values()
    assert [guess.decision for guess in guesses if guess.decision != "withhold"] == ["suggest"]
    assert {guess.apply_threshold for guess in guesses} == {None}
    (comment,) = told(tagger, number)
    assert comment.count("\n- [ ] ") == 1
    assert "unmeasured" in comment
    assert "% sure" not in comment
    assert tagger.issue(number).names() == set()


def test_the_cold_start_says_nothing_where_no_label_is_near(tagger: Tagger) -> None:
    number = tagger.open("zzz")
    assert tagger.prediction(number).not_written == "no label reached its threshold"
    assert tagger.writes() == []


def test_the_cold_start_of_a_repository_without_labels_writes_nothing(tagger: Tagger) -> None:
    tagger.enrol(taxonomy=[])
    number = tagger.open("A bug")
    assert tagger.guesses(number) == {}
    assert tagger.rows(Delivery)[0].status == Work.DONE
    assert tagger.writes() == []


def test_label_that_the_repository_has_not_is_said_not_to_be_written(taught: Tagger) -> None:
    taught.github.people.push(NAME, {".github/issue-tagger.yml": b"rules: [{label: crash, title: zork}]\n"})
    taught.catch_up()
    number = taught.open("zork")
    assert [each.path for each in taught.writes() if "statuses" not in each.path] == []
    prediction = taught.prediction(number)
    assert (prediction.written_at, "not in the repository" in (prediction.not_written or "")) == (None, True)
