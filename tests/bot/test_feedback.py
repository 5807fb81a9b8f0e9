"""What follows from a label being put on or taken off: the log, the truth, a prediction's outcome."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from bot import feedback, sync
from bot.feedback import LabelAct, implied
from bot.models import ActorKind, LabelEvent, Mode, Outcome, Truth
from bot.remote import RemoteComment, RepositoryGateway
from tests.bot.usecases import ASK, BOTH, CRASH, START, Tagger
from tests.standin.fixtures import NAME

PERSON, OURS, OTHER, TEMPLATE = ActorKind.PERSON, ActorKind.OURSELVES, ActorKind.OTHER_BOT, ActorKind.TEMPLATE
YES, NO, OPEN = Truth.POSITIVE, Truth.NEGATIVE, Truth.UNCONFIRMED


@pytest.mark.parametrize("before", [None, YES, NO, OPEN])
@pytest.mark.parametrize(("labeled", "after"), [(True, YES), (False, NO)])
def test_a_persons_act_settles_it_whatever_was_known(before: Truth | None, labeled: bool, after: Truth) -> None:
    assert implied(before, labeled=labeled, kind=PERSON) is after


@pytest.mark.parametrize("kind", [OURS, OTHER, TEMPLATE])
@pytest.mark.parametrize(
    ("before", "put_on", "taken_off"), [(None, OPEN, None), (OPEN, OPEN, None), (YES, YES, None), (NO, NO, NO)]
)
def test_the_act_of_anybody_else_is_no_judgement(
    kind: ActorKind, before: Truth | None, put_on: Truth, taken_off: Truth | None
) -> None:
    assert implied(before, labeled=True, kind=kind) is put_on
    assert implied(before, labeled=False, kind=kind) is taken_off


# --- the log


def act(tagger: Tagger, key: str, *, label: str = "bug", labeled: bool = True, hours: int = 0) -> bool:
    """Record that the maintainer acted on issue 1, so many hours after the start."""
    at = START + timedelta(hours=hours)
    with tagger.context.database.write() as session:
        return feedback.record(session, LabelAct(key, tagger.repo.id, 1, label, labeled, "maintainer", PERSON, at))


def log(tagger: Tagger) -> list[tuple[str, str, str]]:
    return [(row.label, row.action, row.actor_kind) for row in tagger.rows(LabelEvent)]


def test_the_same_act_told_twice_is_one_line_of_the_log(tagger: Tagger) -> None:
    assert act(tagger, "one")
    assert not act(tagger, "one", labeled=False, hours=1)
    assert log(tagger) == [("bug", "labeled", "person")]
    assert tagger.truths(1) == {"bug": YES}


def test_an_act_that_is_told_late_is_only_logged(tagger: Tagger) -> None:
    act(tagger, "later", labeled=False, hours=2)
    act(tagger, "earlier", hours=1)
    assert log(tagger) == [("bug", "unlabeled", "person"), ("bug", "labeled", "person")]
    assert tagger.truths(1) == {"bug": NO}


def test_a_late_act_on_another_label_counts(tagger: Tagger) -> None:
    act(tagger, "later", hours=2)
    act(tagger, "earlier", label="question", hours=1)
    assert tagger.truths(1) == {"bug": YES, "question": YES}


# --- answers to predictions


def outcomes(tagger: Tagger, number: int) -> Mapping[str, str | None]:
    return {name: guess.outcome for name, guess in tagger.guesses(number).items()}


def label(tagger: Tagger, number: int, name: str, **more: str) -> None:
    tagger.clock.move(minutes=1)
    tagger.github.people.label(NAME, number, name, **more)
    tagger.catch_up()


def unlabel(tagger: Tagger, number: int, name: str, **more: str) -> None:
    tagger.clock.move(minutes=1)
    tagger.github.people.unlabel(NAME, number, name, **more)
    tagger.catch_up()


def test_a_suggestion_is_accepted_by_putting_it_on_and_rejected_by_taking_it_off_again(taught: Tagger) -> None:
    number = taught.open(ASK)
    assert outcomes(taught, number) == {"bug": None, "documentation": None, "question": None}
    label(taught, number, "question")
    assert outcomes(taught, number)["question"] == "accepted"
    guess = taught.guesses(number)["question"]
    assert (guess.settled_by, guess.settled_at) == ("maintainer", taught.clock.at)
    unlabel(taught, number, "question")
    assert outcomes(taught, number)["question"] == "rejected"
    assert taught.truths(number) == {"question": NO}


def test_a_label_that_was_withheld_and_put_on_by_a_person_was_missed(taught: Tagger) -> None:
    number = taught.open("hello")
    label(taught, number, "bug")
    assert outcomes(taught, number) == {"bug": "missed", "documentation": None, "question": None}
    unlabel(taught, number, "bug")
    assert outcomes(taught, number)["bug"] is None
    assert taught.truths(number) == {"bug": NO}


def test_what_the_bot_applied_teaches_nothing_by_itself(taught: Tagger) -> None:
    number = taught.open(CRASH)
    taught.github.people.comment(NAME, number, "Thanks")
    taught.github.people.close(NAME, number)
    taught.catch_up()
    assert taught.truths(number) == {"bug": OPEN}
    assert outcomes(taught, number)["bug"] is None
    assert log(taught) == [("bug", "labeled", "ourselves")]


def test_what_the_bot_applied_is_rejected_by_a_person_who_takes_it_off(taught: Tagger) -> None:
    number = taught.open(CRASH)
    unlabel(taught, number, "bug")
    assert taught.truths(number) == {"bug": NO}
    assert outcomes(taught, number)["bug"] == "rejected"


@pytest.mark.parametrize("taken_off", [False, True])
def test_what_the_bot_applied_is_confirmed_by_a_person_who_changes_another_label(
    taught: Tagger, taken_off: bool
) -> None:
    number = taught.open(CRASH, labels=["question"])
    if taken_off:
        unlabel(taught, number, "question")
    else:
        label(taught, number, "documentation")
    assert taught.truths(number)["bug"] == YES
    assert outcomes(taught, number)["bug"] == "accepted"
    unlabel(taught, number, "bug")
    assert taught.truths(number)["bug"] == NO, "a later removal overrides the confirmation"
    assert outcomes(taught, number)["bug"] == "rejected"


def test_a_suggestion_is_not_confirmed_by_a_person_who_changes_another_label(taught: Tagger) -> None:
    number = taught.open(BOTH)
    label(taught, number, "documentation")
    assert outcomes(taught, number) == {"bug": "accepted", "documentation": "missed", "question": None}
    assert taught.truths(number) == {"bug": YES, "documentation": YES}


def test_another_bot_confirms_nothing_and_settles_nothing(taught: Tagger) -> None:
    number = taught.open(BOTH)
    label(taught, number, "question", by="other[bot]")
    assert outcomes(taught, number) == {"bug": None, "documentation": None, "question": None}
    assert taught.truths(number) == {"bug": OPEN, "question": OPEN}
    unlabel(taught, number, "question", by="other[bot]")
    assert taught.truths(number) == {"bug": OPEN}


def test_a_label_of_a_template_is_unconfirmed_until_a_person_confirms_it(taught: Tagger) -> None:
    number = taught.open("hello", labels=["question"])
    assert taught.truths(number) == {"question": OPEN}
    assert {kind for _, _, kind in log(taught)} == {"template"}
    unlabel(taught, number, "question")
    label(taught, number, "question")
    assert taught.truths(number) == {"question": YES}


def test_a_label_that_a_triaging_author_chose_is_a_judgement(taught: Tagger) -> None:
    number = taught.open("hello", author="maintainer", labels=["question"])
    assert taught.truths(number) == {"question": YES}


def test_a_person_who_spoke_before_the_prediction_settles_it(taught: Tagger) -> None:
    taught.enrol(mode=Mode.SHADOW)
    number = taught.github.people.open_issue(NAME, CRASH).number
    taught.github.people.unlabel(NAME, number, "bug")
    opened, removed = taught.news()
    taught.handle(removed)
    taught.handle(opened)
    assert outcomes(taught, number)["bug"] == "rejected"


def test_the_log_keeps_every_act(taught: Tagger) -> None:
    number = taught.open(CRASH)
    for _ in range(2):
        unlabel(taught, number, "bug")
        label(taught, number, "bug")
    assert [action for _, action, _ in log(taught)] == ["labeled", *["unlabeled", "labeled"] * 2]
    assert taught.truths(number) == {"bug": YES}


def test_a_renamed_label_answers_the_guess_under_its_old_name(taught: Tagger) -> None:
    number = taught.open(ASK)
    taught.github.people.rename_label(NAME, "question", "support")
    taught.catch_up()
    label(taught, number, "support")
    assert outcomes(taught, number)["support"] == "accepted"


def test_what_was_pulled_settles_a_prediction_like_what_was_told(taught: Tagger) -> None:
    number = taught.open(ASK)
    sync.pull(taught.context, taught.repo)
    taught.clock.move(minutes=1)
    taught.github.people.label(NAME, number, "question")
    sync.pull(taught.context, taught.repo)
    assert outcomes(taught, number)["question"] == "accepted"


def test_each_act_of_a_script_is_told_once_however_many_there_are() -> None:
    spans = [*range(30), *range(60, 65), *range(100, 2100)]
    acts = [LabelEvent(id=n, number=n % 1000, at=START + timedelta(seconds=span / 3)) for n, span in enumerate(spans)]
    found = list(feedback.in_bulk(acts))
    assert found == [n for n, span in enumerate(spans) if not 60 <= span < 65]


def test_answer_that_a_pull_finds_while_the_comment_is_written_is_kept(
    suggesting: Tagger, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = type(suggesting.context.gateway(suggesting.repo))
    create = gateway.create_comment

    def and_be_answered(self: RepositoryGateway, number: int, body: str) -> RemoteComment:
        act = LabelAct("event", suggesting.repo.id, number, "bug", True, "maintainer", PERSON, suggesting.clock())
        with suggesting.context.database.write() as session:
            feedback.record(session, act)
        return create(self, number, body)

    monkeypatch.setattr(gateway, "create_comment", and_be_answered)
    guess = suggesting.guesses(suggesting.open(CRASH))["bug"]
    assert (guess.written, guess.outcome) == ("suggested", Outcome.ACCEPTED)
