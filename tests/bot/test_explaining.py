"""A maintainer asks what was thought of an issue, or why nothing was written on it."""

from datetime import timedelta

import pytest

from bot.comments import EXPLANATION, MARKER
from bot.models import Mode, Prediction
from bot.reasons import Reason
from bot.words_why import WHY
from tests.bot.usecases import BOTH, CRASH, START, Tagger, ours, say
from tests.standin.fixtures import NAME

EN = WHY["en"]


def told(tagger: Tagger, number: int) -> str:
    """Ask the bot to explain; return what it says."""
    assert say(tagger, number, "/tagger explain") == ["+1"]
    return ours(tagger, number).body.partition(EXPLANATION)[2].strip()


def configure(tagger: Tagger, text: str) -> None:
    tagger.enrol(config=text, config_path=f"{NAME}/.github/issue-tagger.yml")


# --- issues that were not predicted


def test_paused_repository_is_a_reason_and_so_is_a_pause_that_has_ended(suggesting: Tagger) -> None:
    early = suggesting.open(CRASH)
    say(suggesting, early, "/tagger pause")
    suggesting.clock.move(minutes=1)
    number = suggesting.open(CRASH)
    assert told(suggesting, number) == f"I have not looked for labels of this issue. {EN[Reason.PAUSED]}"
    suggesting.clock.move(minutes=1)
    say(suggesting, early, "/tagger resume")
    assert told(suggesting, number).endswith(EN[Reason.MISSED])


def test_author_who_is_to_be_left_alone_is_a_reason(suggesting: Tagger) -> None:
    configure(suggesting, "ignore: {authors: [ada]}")
    number = suggesting.open(CRASH, author="ada")
    assert told(suggesting, number).endswith(EN[Reason.IGNORED])


def test_issue_from_before_the_bot_came_is_told_so_even_if_somebody_labelled_it(suggesting: Tagger) -> None:
    at = START - timedelta(days=3)
    number = suggesting.github.people.open_issue(NAME, CRASH, at=at).number
    suggesting.github.people.label(NAME, number, "bug", at=at)
    suggesting.seen |= {each.id for each in suggesting.github.webhooks.sent}
    assert told(suggesting, number).endswith(EN[Reason.OLD])


def test_without_a_reason_that_is_known_none_is_made_up(suggesting: Tagger) -> None:
    number = suggesting.github.people.open_issue(NAME, CRASH).number
    suggesting.seen |= {each.id for each in suggesting.github.webhooks.sent}
    assert told(suggesting, number) == "I have not looked for labels of this issue."


# --- issues that were predicted, and not written on


def test_shadow_mode_is_a_reason_and_the_thoughts_follow(suggesting: Tagger) -> None:
    suggesting.enrol(mode=Mode.SHADOW)
    said = told(suggesting, suggesting.open(CRASH))
    assert said.startswith(f"{EN[Reason.SHADOW]}\n\nWhat I think")
    assert "- `bug`: I am " in said


def test_label_of_a_person_is_a_reason(suggesting: Tagger) -> None:
    number = suggesting.github.people.open_issue(NAME, BOTH).number
    suggesting.github.people.label(NAME, number, "documentation")
    suggesting.catch_up()
    assert told(suggesting, number).startswith(EN[Reason.LABELLED])


def test_word_that_a_label_does_not_fit_is_not_told_as_a_label_of_a_person(suggesting: Tagger) -> None:
    configure(suggesting, "delay_minutes: 5")
    declined, both = suggesting.open(BOTH), suggesting.open(BOTH)
    say(suggesting, declined, "/tagger no bug")
    say(suggesting, both, "/tagger no bug")
    suggesting.clock.move(minutes=6)
    suggesting.github.people.label(NAME, both, "documentation")
    suggesting.go_on()
    assert suggesting.prediction(declined).not_written == Reason.DECLINED
    assert told(suggesting, declined).startswith(EN[Reason.DECLINED])
    assert suggesting.prediction(both).not_written == Reason.LABELLED


def test_label_that_a_person_put_on_and_took_off_again_is_told_as_taken_off(suggesting: Tagger) -> None:
    number = suggesting.github.people.open_issue(NAME, CRASH).number
    suggesting.github.people.label(NAME, number, "question")
    suggesting.github.people.unlabel(NAME, number, "question")
    suggesting.catch_up()
    assert suggesting.prediction(number).not_written == Reason.DECLINED


def test_reason_in_the_words_of_an_earlier_release_is_left_out(suggesting: Tagger) -> None:
    suggesting.enrol(mode=Mode.SHADOW)
    number = suggesting.open(CRASH)
    with suggesting.context.database.write() as session:
        session.get_one(Prediction, suggesting.prediction(number).id).not_written = "the issue is gone: deleted"
    assert told(suggesting, number).startswith("What I think of each label")


def test_what_is_yet_to_be_written_is_told_so_and_what_was_needs_no_reason(suggesting: Tagger) -> None:
    configure(suggesting, "delay_minutes: 5")
    number = suggesting.open(CRASH)
    assert told(suggesting, number).startswith(EN[Reason.WAITS])
    suggesting.clock.move(minutes=6)
    suggesting.go_on()
    assert told(suggesting, number).startswith("What I think of each label")


def test_nothing_learnt_yet_is_said_once_and_the_labels_shortly(tagger: Tagger) -> None:
    said = told(tagger, tagger.open("The program crashes with a traceback"))
    assert said.count("Nothing learnt") == said.count("descriptions") == 1
    assert "`bug`, `" in said
    assert "past issues show" not in said


def test_it_speaks_the_language_of_the_repository(suggesting: Tagger) -> None:
    configure(suggesting, "language: fr")
    assert "- `bug`: Je suis sûr à " in told(suggesting, suggesting.open(CRASH))
    suggesting.enrol(paused_at=suggesting.clock.at)
    said = f"Je n'ai pas cherché d'étiquettes pour ce ticket. {WHY['fr'][Reason.PAUSED]}"
    assert told(suggesting, suggesting.open(CRASH)) == said


def test_an_app_that_has_a_new_name_finds_its_comment(suggesting: Tagger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.github.LOGIN_HOLDS", 0, raising=False)
    number, world = suggesting.open(CRASH), suggesting.github.world
    world.slug = "another-name"
    ours(suggesting, number).author = world.bot
    assert "`documentation`" in told(suggesting, number)


def test_explanation_that_somebody_deleted_is_followed_by_no_other_comment(suggesting: Tagger) -> None:
    configure(suggesting, "delay_minutes: 5")
    number = suggesting.open(CRASH)
    told(suggesting, number)
    suggesting.github.people.delete_comment(NAME, number, ours(suggesting, number))
    suggesting.catch_up()
    suggesting.clock.move(minutes=5)
    suggesting.go_on()
    suggesting.github.people.edit(NAME, number, title=BOTH)
    suggesting.catch_up()
    suggesting.clock.move(minutes=5)
    suggesting.go_on()
    assert {each.author.login for each in suggesting.issue(number).comments} == {"maintainer"}


def test_comment_from_which_somebody_took_its_mark_is_still_the_one(suggesting: Tagger) -> None:
    number = suggesting.open(CRASH)
    mine = ours(suggesting, number)
    suggesting.github.people.edit_comment(NAME, number, mine, mine.body.replace(MARKER, ""))
    suggesting.catch_up()
    assert "`documentation`" in told(suggesting, number)


# --- issues that were written on


def test_what_was_taken_back_is_told_so(taught: Tagger) -> None:
    number = taught.open(BOTH)
    say(taught, number, "/tagger undo")
    assert told(taught, number).startswith(f"{EN[Reason.UNDONE]}\n\nWhat I think")


def test_what_was_partly_confirmed_is_not_told_as_taken_back(taught: Tagger) -> None:
    number = taught.open(BOTH)
    say(taught, number, "/tagger accept bug")
    say(taught, number, "/tagger undo")
    assert told(taught, number).startswith("What I think")


def test_label_that_was_only_suggested_though_sure_enough_is_told_so(suggesting: Tagger) -> None:
    number = suggesting.open(CRASH)
    assert suggesting.guesses(number)["bug"].decision == "apply"
    (line,) = [each for each in told(suggesting, number).splitlines() if each.startswith("- `bug`")]
    assert line.endswith("is enough to put it on unasked. Here I am set to suggest it only.")
