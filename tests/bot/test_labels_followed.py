"""Labels are followed by their id: renamed, deleted, merged; the model, the truth and the accuracy go on."""

from datetime import timedelta

import pytest
from sqlalchemy import event

from bot import accuracy, feedback, merging, storage, sync
from bot.dashboard import queries
from bot.feedback import LabelAct
from bot.label_names import LabelNames, give_up
from bot.models import ActorKind, Guess, Label, LabelEvent, Mode, Truth
from tests.bot.usecases import ASK, CRASH, START, Tagger
from tests.standin import Delivery
from tests.standin.fixtures import NAME

YES, NO = Truth.POSITIVE, Truth.NEGATIVE


def label(tagger: Tagger, number: int, *names: str, by: str = "maintainer") -> None:
    tagger.clock.move(minutes=1)
    tagger.github.people.label(NAME, number, *names, by=by)
    tagger.catch_up()


def pull(tagger: Tagger) -> None:
    tagger.clock.move(minutes=10)
    sync.pull(tagger.context, tagger.repo)


# --- renamed


def test_the_model_goes_on_under_the_new_name(taught: Tagger) -> None:
    taught.github.people.rename_label(NAME, "bug", "defect")
    taught.catch_up()
    number = taught.open(CRASH)
    assert taught.issue(number).names() == {"defect"}
    assert taught.guesses(number)["defect"].written == "applied"
    assert "bug" not in taught.guesses(number)


def test_a_name_that_another_label_took_since_is_not_taken_for_the_first(taught: Tagger) -> None:
    taught.clock.move(minutes=1)
    taught.github.people.rename_label(NAME, "bug", "defect")
    taught.github.world.add_label(taught.github.world.find(NAME), "bug")
    taught.catch_up()
    number = taught.open(CRASH)
    assert taught.issue(number).names() == {"defect"}


def test_labels_that_took_each_others_names_keep_their_own_truth(taught: Tagger) -> None:
    first, second = taught.open("one"), taught.open("two")
    label(taught, first, "bug")
    label(taught, second, "question")
    for old, new in (("bug", "x"), ("question", "bug"), ("x", "question")):
        taught.github.people.rename_label(NAME, old, new)
    taught.catch_up()
    assert (taught.truths(first), taught.truths(second)) == ({"question": YES}, {"bug": YES})


def test_what_is_told_late_under_the_old_name_counts_for_the_label(taught: Tagger) -> None:
    number = taught.open("hello")
    taught.clock.move(minutes=1)
    (labeled,) = taught.github.people.label(NAME, number, "bug")
    taught.handle(taught.github.people.rename_label(NAME, "bug", "defect"))
    taught.handle(labeled)
    assert taught.truths(number) == {"defect": YES}


def test_what_a_bot_took_off_is_not_put_on_again_under_its_new_name(taught: Tagger) -> None:
    number = taught.github.people.open_issue(NAME, CRASH).number
    opened = taught.news()[-1]
    taught.github.people.label(NAME, number, "bug", by="other[bot]")
    taught.github.people.unlabel(NAME, number, "bug", by="other[bot]")
    taught.clock.move(minutes=1)
    taught.handle(taught.github.people.rename_label(NAME, "bug", "defect"))
    taught.handle(opened)
    assert taught.issue(number).names() == set()


def test_a_rename_leaves_nothing_to_ask_for_under_the_old_name(taught: Tagger) -> None:
    pull(taught)
    number = taught.open("hello")
    label(taught, number, "bug")
    taught.github.people.rename_label(NAME, "bug", "defect")
    pull(taught)
    taught.github.people.label(NAME, number, "question")
    pull(taught)
    assert taught.truths(number) == {"defect": YES, "question": YES}
    asked = len(taught.github.requests("GET", f"/issues/{number}/events"))
    taught.github.people.edit(NAME, number, body="more")
    pull(taught)
    assert len(taught.github.requests("GET", f"/issues/{number}/events")) == asked


def test_name_that_another_label_took_over_means_that_one_where_a_pull_sees_it_late(taught: Tagger) -> None:
    number = taught.open("hello")
    pull(taught)
    taught.clock.move(minutes=5)
    for old, new in (("bug", "defect"), ("question", "bug")):
        taught.github.people.rename_label(NAME, old, new)
    taught.github.people.label(NAME, number, "bug")
    taught.seen |= {each.id for each in taught.news()}
    pull(taught)
    assert taught.truths(number) == {"bug": YES}


def test_renames_told_in_the_wrong_order_end_with_the_last_name(taught: Tagger) -> None:
    told = [taught.github.people.rename_label(NAME, *names) for names in (("bug", "b"), ("b", "c"))]
    for each in reversed(told):
        taught.handle(each)
    assert {row.name for row in taught.rows(Label)} == {"c", "documentation", "question"}


def test_the_taxonomy_that_was_set_follows_a_rename(taught: Tagger) -> None:
    taught.enrol(taxonomy=["bug", "question"])
    taught.github.people.rename_label(NAME, "bug", "defect")
    taught.catch_up()
    assert taught.repo.taxonomy == ["defect", "question"]


def test_a_former_name_means_the_label_that_had_it_then() -> None:
    def at(hours: int) -> dict[str, str]:
        return give_up({}, "Bug", START + timedelta(hours=hours))

    rows = [
        Label(id=1, name="defect", former=at(1)),
        Label(id=2, name="fault", former=at(2)),
        Label(id=3, name="bug", former={}),
    ]
    names = LabelNames(rows)
    said = [names.now("BUG", START + timedelta(hours=hours, minutes=-1)) for hours in (1, 2, 3)]
    assert said == ["defect", "fault", "bug"]
    assert (names.now("gone", START), LabelNames(rows[:1]).now("bug", START + timedelta(hours=9))) == (None, "defect")


# --- deleted


def test_a_deleted_label_is_never_used_though_the_model_knows_it(taught: Tagger) -> None:
    taught.github.people.delete_label(NAME, "bug")
    taught.catch_up()
    number = taught.open(CRASH)
    assert set(taught.guesses(number)) == {"documentation", "question"}
    assert "bug" not in taught.github.world.find(NAME).labels


def test_word_of_its_creation_that_comes_late_does_not_bring_a_label_back(taught: Tagger) -> None:
    created, *_ = taught.github.people.label(NAME, taught.open("hello"), "new")
    taught.handle(taught.github.people.delete_label(NAME, "new"))
    taught.handle(created)
    assert [row.name for row in taught.rows(Label, removed_at=None)] == ["bug", "documentation", "question"]


def test_a_label_of_that_name_made_again_takes_over_what_is_known(taught: Tagger) -> None:
    number = taught.open("hello")
    label(taught, number, "bug")
    taught.github.people.delete_label(NAME, "bug")
    taught.catch_up()
    label(taught, number, "bug")
    assert taught.truths(number) == {"bug": YES}
    assert taught.issue(taught.open(CRASH)).names() == {"bug"}


@pytest.mark.parametrize("name", ["bug", "Bug"])
def test_issues_lost_a_label_that_is_made_again(taught: Tagger, name: str) -> None:
    for number in (1, 2, 3):
        taught.open("hello")
        label(taught, number, "bug")
    taught.clock.move(minutes=1)
    taught.github.people.unlabel(NAME, 3, "bug")
    taught.github.people.delete_label(NAME, "bug")
    taught.catch_up()
    assert taught.truths(1) == {"bug": YES}
    taught.clock.move(days=3)
    (created, labeled) = taught.github.people.label(NAME, 2, name)
    taught.handle(labeled)
    taught.handle(created)
    assert [taught.truths(number) for number in (1, 2, 3)] == [{}, {name: YES}, {name: NO}]


def test_deleted_label_of_many_issues_is_seen_at_a_glance_not_to_be_merged(taught: Tagger) -> None:
    taught.learn(300)
    at = taught.clock.at
    with taught.context.database.write() as session:
        for number in range(1, 301):
            act = LabelAct(f"k{number}", taught.repo.id, number, "bug", True, f"user {number}", ActorKind.PERSON, at)
            storage.append_label_event(session, feedback.log_row(act))
    taught.handle(taught.github.people.delete_label(NAME, "bug"))
    asked: list[str] = []
    with taught.context.database.write() as session:
        event.listen(session.get_bind(), "before_cursor_execute", lambda *args: asked.append(args[2]))
        (gone,) = [each for each in storage.all_labels(session, taught.repo.id) if each.removed_at]
        assert merging.follow(session, taught.repo.id, gone, now=taught.clock()) is None
    assert len(asked) < 10


# --- merged


def merged(
    tagger: Tagger, *, old: str = "question", new: str = "documentation", count: int = 4, others: int = 0
) -> Delivery:
    """Let issues 1 to `count` get another label before theirs is deleted; `others` more keep it until then."""
    for number in range(1, count + others + 1):
        tagger.open(ASK)
        label(tagger, number, old)
    tagger.clock.move(days=30)
    for number in range(1, count + 1):
        label(tagger, number, new)
    return tagger.github.people.delete_label(NAME, old)


@pytest.mark.parametrize("told", [True, False])
def test_what_was_known_of_a_merged_label_is_known_of_the_other(taught: Tagger, told: bool) -> None:
    pull(taught)
    before = taught.open(ASK)
    label(taught, before, "question")
    taught.github.people.close(NAME, before)
    taught.catch_up()
    delivery = merged(taught, count=5)
    if told:
        taught.handle(delivery)
    else:
        pull(taught)
    assert taught.truths(before) == {"documentation": YES}, "closed long ago, and not relabelled"
    assert taught.truths(2) == {"documentation": YES}
    assert {row.label for row in taught.rows(LabelEvent)} == {"documentation"}


def test_a_model_that_knows_the_merged_label_goes_on_under_the_other(taught: Tagger) -> None:
    taught.enrol(mode=Mode.SUGGEST)
    merged(taught)
    taught.catch_up()
    number = taught.open(ASK)
    assert {name for name, guess in taught.guesses(number).items() if guess.written} == {"documentation"}
    assert "question" not in taught.guesses(number)


def test_accuracy_takes_a_right_guess_of_the_merged_label_for_right(taught: Tagger) -> None:
    merged(taught)
    taught.catch_up()
    with taught.context.database.read() as session:
        judged = queries.judged(session, {taught.repo.id: ()})[taught.repo.id]
    tally = accuracy.summarise(judged, "suggest").labels["documentation"]
    assert (tally.right, tally.wrong) == (4, 0)
    assert {row.label for row in taught.rows(Guess)} == {"bug", "documentation"}


@pytest.mark.parametrize(("count", "others"), [(2, 0), (3, 2), (0, 5)])
def test_a_label_whose_issues_mostly_got_no_other_was_not_merged(taught: Tagger, count: int, others: int) -> None:
    merged(taught, count=count, others=others)
    taught.catch_up()
    assert taught.truths(count + others)["question"] == YES
    assert "question" not in taught.guesses(taught.open(ASK))


def test_labels_put_on_long_before_do_not_make_a_merge(taught: Tagger) -> None:
    for number in range(1, 5):
        taught.open(ASK)
        label(taught, number, "question", "documentation")
    taught.clock.move(days=30)
    taught.github.people.delete_label(NAME, "question")
    taught.catch_up()
    assert taught.truths(1) == {"documentation": YES, "question": YES}


def test_a_label_that_people_took_off_as_wrong_long_ago_stays_wrong(taught: Tagger) -> None:
    number = taught.open("hello")
    label(taught, number, "question")
    taught.clock.move(minutes=1)
    taught.github.people.unlabel(NAME, number, "question")
    taught.catch_up()
    for other in range(2, 6):
        taught.open(ASK)
        label(taught, other, "question")
    taught.clock.move(days=30)
    for other in range(2, 6):
        label(taught, other, "bug")
        taught.github.people.unlabel(NAME, other, "question")
    taught.catch_up()
    taught.github.people.delete_label(NAME, "question")
    taught.catch_up()
    assert taught.truths(number) == {"question": NO}
    assert taught.truths(2)["bug"] == YES, "taken off only to be deleted"
