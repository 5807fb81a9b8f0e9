"""People answer the bot: boxes ticked in its comment, commands, and what is taken back."""

import pytest

from bot import answering, commands
from bot.cli import main
from bot.comments import MARKER, boxes
from bot.models import Outcome, Truth
from tests.bot.usecases import ASK, BOTH, CRASH, Tagger, ours, say, tick
from tests.standin.fixtures import NAME

# --- boxes


def test_ticking_a_box_puts_the_label_on_and_is_feedback(suggesting: Tagger) -> None:
    number = suggesting.open(BOTH)
    tick(suggesting, number, "question")
    assert suggesting.issue(number).names() == {"question"}
    assert suggesting.truths(number) == {"question": Truth.POSITIVE}
    guess = suggesting.guesses(number)["question"]
    assert (guess.outcome, guess.settled_by) == (Outcome.ACCEPTED, "maintainer")


def test_unticking_it_takes_the_label_off(suggesting: Tagger) -> None:
    number = suggesting.open(BOTH)
    tick(suggesting, number, "question")
    suggesting.clock.move(seconds=1)
    tick(suggesting, number, "question", on=False)
    assert suggesting.issue(number).names() == set()
    assert suggesting.truths(number) == {"question": Truth.NEGATIVE}


def test_comment_folds_itself_when_all_is_settled(suggesting: Tagger) -> None:
    number = suggesting.open(BOTH)
    tick(suggesting, number, "question")
    assert "<summary>Suggestions, settled</summary>" not in ours(suggesting, number).body
    suggesting.github.people.label(NAME, number, "bug")
    suggesting.catch_up()
    body = ours(suggesting, number).body
    assert body.startswith(f"{MARKER}\n<details><summary>Suggestions, settled</summary>")
    assert "- [x] `question`" in body


def test_comment_folds_itself_on_a_closed_issue_too(suggesting: Tagger) -> None:
    number = suggesting.open(CRASH)
    suggesting.github.people.close(NAME, number)
    suggesting.github.people.label(NAME, number, "bug")
    suggesting.catch_up()
    assert "<summary>Suggestions, settled</summary>" in ours(suggesting, number).body


def test_comment_that_somebody_deleted_is_not_written_again_and_says_nothing(suggesting: Tagger) -> None:
    number = suggesting.open(CRASH)
    suggesting.github.people.delete_comment(NAME, number, ours(suggesting, number))
    suggesting.clock.move(minutes=1)
    suggesting.github.people.edit(NAME, number, title=BOTH)
    suggesting.catch_up()
    assert suggesting.issue(number).comments == []
    assert suggesting.prediction(number).not_written is None
    assert suggesting.truths(number) == {}
    assert {guess.outcome for guess in suggesting.guesses(number).values()} == {None}


def test_box_in_a_comment_of_somebody_else_means_nothing(suggesting: Tagger) -> None:
    number = suggesting.open(CRASH)
    forged = suggesting.github.people.comment(NAME, number, ours(suggesting, number).body, by="stranger")
    suggesting.github.people.edit_comment(NAME, number, forged, forged.body.replace("[ ]", "[x]"), by="stranger")
    suggesting.catch_up()
    assert suggesting.issue(number).names() == set()
    assert suggesting.truths(number) == {}


def test_label_that_the_repository_has_no_more_is_not_created_by_a_tick(suggesting: Tagger) -> None:
    number = suggesting.open(CRASH)
    suggesting.github.people.delete_label(NAME, "bug")
    suggesting.catch_up()
    tick(suggesting, number, "bug")
    assert suggesting.issue(number).names() == set()
    assert "bug" not in suggesting.github.world.find(NAME).labels


def test_told_twice_a_tick_counts_once(suggesting: Tagger) -> None:
    number = suggesting.open(CRASH)
    tick(suggesting, number, "bug")
    before = suggesting.truths(number), suggesting.issue(number).names()
    delivery = next(each for each in suggesting.github.webhooks.sent if each.event == "issue_comment")
    suggesting.handle(delivery)
    assert (suggesting.truths(number), suggesting.issue(number).names()) == before


@pytest.mark.parametrize("told", [True, False])
def test_tick_of_which_word_comes_late_does_not_undo_what_people_did_since(suggesting: Tagger, told: bool) -> None:
    number = suggesting.open(CRASH)
    comment = ours(suggesting, number)
    people, ticked = suggesting.github.people, comment.body.replace("- [ ] `bug`", "- [x] `bug`")
    people.edit_comment(NAME, number, comment, ticked)
    (late,) = suggesting.news()
    suggesting.seen.add(late.id)
    suggesting.clock.move(minutes=1)
    people.label(NAME, number, "bug")
    people.unlabel(NAME, number, "bug")
    if told:
        suggesting.catch_up()
    suggesting.handle(late)
    assert suggesting.issue(number).names() == set()


# --- commands


def test_accept_takes_all_that_is_suggested_or_what_is_named(suggesting: Tagger) -> None:
    number = suggesting.open(BOTH)
    assert say(suggesting, number, "Thanks!\n\n/tagger accept") == ["+1"]
    assert suggesting.issue(number).names() == {"bug", "question"}
    other = suggesting.open(BOTH)
    say(suggesting, other, "/tagger accept documentation `Question`")
    assert suggesting.issue(other).names() == {"documentation", "question"}
    assert suggesting.guesses(other)["documentation"].outcome == Outcome.MISSED


def test_no_is_a_judgement_and_takes_the_label_off(taught: Tagger) -> None:
    number = taught.open(CRASH)
    assert taught.issue(number).names() == {"bug"}
    assert say(taught, number, "/tagger no bug") == ["+1"]
    assert taught.issue(number).names() == set()
    assert taught.truths(number) == {"bug": Truth.NEGATIVE}
    assert taught.guesses(number)["bug"].outcome == Outcome.REJECTED


def test_name_of_no_label_is_not_understood_and_the_others_are_followed(suggesting: Tagger) -> None:
    number = suggesting.open(CRASH)
    assert say(suggesting, number, "/tagger accept good first issue") == ["confused"]
    assert say(suggesting, number, "/tagger no bug, question") == ["confused"]
    assert suggesting.truths(number) == {"question": Truth.NEGATIVE}
    assert say(suggesting, number, "/tagger no") == ["confused"]
    assert say(suggesting, number, "/tagger accept BUG") == ["+1"]
    assert say(suggesting, number, "/tagger explain please") == ["+1"]


def test_undo_takes_back_what_nobody_confirmed(taught: Tagger) -> None:
    number = taught.open(BOTH)
    assert (taught.issue(number).names(), len(taught.issue(number).comments)) == ({"bug"}, 1)
    say(taught, number, "/tagger undo")
    assert taught.issue(number).names() == set()
    assert [each.author.login for each in taught.issue(number).comments] == ["maintainer"]


def test_what_somebody_confirmed_stays_after_undo(suggesting: Tagger) -> None:
    number = suggesting.open(BOTH)
    tick(suggesting, number, "question")
    assert answering.take_back(suggesting.context, suggesting.repo, number) == []
    assert suggesting.issue(number).names() == {"question"}
    assert ours(suggesting, number)


def test_explain_adds_to_the_one_comment_or_makes_it(suggesting: Tagger) -> None:
    number = suggesting.open(CRASH)
    say(suggesting, number, "/tagger explain")
    assert "- `documentation`: I am " in ours(suggesting, number).body
    silent = suggesting.open("lorem ipsum")
    assert suggesting.issue(silent).comments == []
    say(suggesting, silent, "/tagger explain")
    edits = len(suggesting.writes())
    say(suggesting, silent, "/tagger explain")
    assert "- `bug`: I am " in ours(suggesting, silent).body
    assert [each.path.rsplit("/")[-1] for each in suggesting.writes()[edits:]] == ["reactions"], "nothing was new"


def test_explain_is_answered_in_sight_after_the_comment_has_folded_and_before(suggesting: Tagger) -> None:
    before, after = suggesting.open(CRASH), suggesting.open(CRASH)
    say(suggesting, before, "/tagger explain")
    for number in (before, after):
        tick(suggesting, number, "bug")
        assert ours(suggesting, number).body.startswith(f"{MARKER}\n<details>")
    say(suggesting, after, "/tagger explain")
    for number in (before, after):
        assert "- `documentation`: I am " in ours(suggesting, number).body.rpartition("</details>")[2]


def test_pause_that_is_told_after_its_end_changes_nothing(suggesting: Tagger) -> None:
    number = suggesting.open(CRASH)
    suggesting.github.people.comment(NAME, number, "/tagger pause")
    (late,) = suggesting.news()
    suggesting.seen.add(late.id)
    suggesting.clock.move(minutes=1)
    say(suggesting, number, "/tagger resume")
    suggesting.handle(late)
    assert suggesting.repo.paused_at is None


def test_pause_stops_predictions_until_resume(suggesting: Tagger) -> None:
    number = suggesting.open(CRASH)
    assert say(suggesting, number, "/tagger pause") == ["+1"]
    assert suggesting.repo.paused_at == suggesting.clock.at
    assert suggesting.issue(suggesting.open(CRASH)).comments == []
    say(suggesting, number, "/tagger resume")
    assert ours(suggesting, suggesting.open(CRASH))


@pytest.mark.parametrize(
    ("role", "text", "follows"),
    [
        ("read", "/tagger accept", False),
        ("none", "/tagger no bug", False),
        ("triage", "/tagger accept", True),
        ("write", "/tagger accept", True),
        ("release manager", "/tagger accept", True),
        ("release manager", "/tagger pause", False),
        ("write", "/tagger pause", False),
        ("triage", "/tagger resume", False),
        ("maintain", "/tagger pause", True),
        ("admin", "/tagger pause", True),
    ],
)
def test_command_takes_a_role(suggesting: Tagger, role: str, text: str, follows: bool) -> None:
    suggesting.github.world.find(NAME).roles["somebody"] = role
    number = suggesting.open(CRASH)
    assert say(suggesting, number, text, by="somebody") == (["+1"] if follows else ["confused"])
    changed = bool(suggesting.issue(number).names()) or suggesting.repo.paused_at is not None
    assert changed is follows


@pytest.mark.parametrize(
    "text", ["thanks", "> /tagger accept", "```\n/tagger accept\n```", "see /tagger accept", "/tagger"]
)
def test_other_comments_are_none_of_our_business(suggesting: Tagger, text: str) -> None:
    number = suggesting.open(ASK)
    assert say(suggesting, number, text) == []
    assert suggesting.issue(number).names() == set()


def test_boxes_show_what_commands_say(suggesting: Tagger) -> None:
    number = suggesting.open(BOTH)
    say(suggesting, number, "/tagger accept")
    assert {*boxes(ours(suggesting, number).body).values()} == {True}
    say(suggesting, number, "/tagger no bug")
    assert boxes(ours(suggesting, number).body) == {"bug": False, "question": True}


def test_command_that_there_is_not_is_answered_with_confusion(suggesting: Tagger) -> None:
    number = suggesting.open(CRASH)
    assert say(suggesting, number, "/tagger acept") == ["confused"]
    assert suggesting.issue(number).names() == set()


@pytest.mark.parametrize("text", ["/tagger accept\n/tagger no question", "/tagger no question\n/tagger accept"])
def test_accept_beside_a_no_is_of_all_others(suggesting: Tagger, text: str) -> None:
    number = suggesting.open(BOTH)
    assert say(suggesting, number, text) == ["+1"]
    assert suggesting.issue(number).names() == {"bug"}
    assert suggesting.truths(number) == {"bug": Truth.POSITIVE, "question": Truth.NEGATIVE}
    assert len([each for each in suggesting.writes() if each.path.endswith("/labels")]) == 1, "it is not on meanwhile"


def test_more_commands_than_are_followed_are_answered_with_confusion(suggesting: Tagger) -> None:
    number = suggesting.open(CRASH)
    assert say(suggesting, number, "\n".join(["/tagger accept"] * commands.MOST + ["/tagger no bug"])) == ["confused"]


def test_accept_confirms_what_was_put_on(taught: Tagger) -> None:
    number = taught.open(CRASH)
    assert (taught.issue(number).names(), taught.truths(number)) == ({"bug"}, {"bug": Truth.UNCONFIRMED})
    say(taught, number, "/tagger accept")
    assert taught.truths(number) == {"bug": Truth.POSITIVE}
    say(taught, number, "/tagger undo")
    assert taught.issue(number).names() == {"bug"}


def test_other_bots_are_not_listened_to(suggesting: Tagger) -> None:
    suggesting.github.world.find(NAME).roles["helper[bot]"] = "admin"
    number = suggesting.open(CRASH)
    assert say(suggesting, number, "/tagger accept", by="helper[bot]") == []


def test_operator_takes_back_what_was_written_since(
    taught: Tagger, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = taught.context.settings
    monkeypatch.setattr("bot.settings.load", lambda: settings)
    monkeypatch.setattr("bot.cli_operator.context_of", lambda settings: taught.context)
    monkeypatch.setattr("bot.cli_operator.require_database", lambda settings: taught.context.database)
    early = taught.open(CRASH)
    taught.clock.move(hours=1)
    late, confirmed = taught.open(BOTH), taught.open(CRASH)
    taught.github.people.label(NAME, confirmed, "documentation")
    taught.catch_up()
    assert main(["undo", "--repo", NAME, "--since", taught.clock.at.isoformat()]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told == [f"#{late}: label bug, comment", "2 taken back, on 2 issues written to since 2026-03-01 13:00 UTC"]
    assert [taught.issue(number).names() for number in (early, late)] == [{"bug"}, set()]
    assert taught.issue(confirmed).names() == {"bug", "documentation"}
