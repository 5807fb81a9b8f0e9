"""A repository's past is imported: whose judgement each label is, and what a crash costs."""

from dataclasses import asdict, replace
from datetime import timedelta

import pytest

from bot import scheduler, sync
from bot.errors import GitHubRefused, GitHubUnavailable
from bot.importing import Progress
from bot.models import Issue, LabelEvent, LabelTruth, Truth
from tests.bot.usecases import CRASH, START, Tagger
from tests.standin.fixtures import NAME
from tests.standin.state import Installation as Remote

YES, NO, OPEN = Truth.POSITIVE, Truth.NEGATIVE, Truth.UNCONFIRMED


def label(tagger: Tagger, number: int, name: str, *, by: str, day: int, on: bool = True) -> None:
    at = START - timedelta(days=30 - day)
    people = tagger.github.people
    if on:
        people.label(NAME, number, name, by=by, at=at)
    else:
        people.unlabel(NAME, number, name, by=by, at=at)


def open_issue(tagger: Tagger, **more: object) -> int:
    at = START - timedelta(days=30)
    return tagger.github.people.open_issue(NAME, "Something", at=at, **more).number  # type: ignore[arg-type]


def imported(tagger: Tagger) -> None:
    sync.pull(tagger.context, tagger.repo)


def test_labels_of_people_are_told_from_those_of_bots_and_templates(tagger: Tagger) -> None:
    by_person, by_bot, by_template = open_issue(tagger), open_issue(tagger), open_issue(tagger, labels=["bug"])
    label(tagger, by_person, "bug", by="maintainer", day=1)
    label(tagger, by_bot, "bug", by="stale[bot]", day=1)
    imported(tagger)
    truths = [tagger.truths(number) for number in (by_person, by_bot, by_template)]
    assert truths == [{"bug": YES}, {"bug": OPEN}, {"bug": OPEN}]


def test_what_was_done_later_counts_though_it_is_read_first(tagger: Tagger) -> None:
    number = open_issue(tagger)
    label(tagger, number, "bug", by="maintainer", day=1)
    label(tagger, number, "bug", by="maintainer", day=2, on=False)
    label(tagger, number, "question", by="maintainer", day=3)
    label(tagger, number, "question", by="stale[bot]", day=4, on=False)
    label(tagger, number, "question", by="stale[bot]", day=5)
    imported(tagger)
    assert tagger.truths(number) == {"bug": NO, "question": OPEN}


def test_label_under_a_former_name_is_known_by_its_present_one(tagger: Tagger) -> None:
    number = open_issue(tagger)
    label(tagger, number, "bug", by="maintainer", day=1)
    tagger.github.people.rename_label(NAME, "bug", "defect")
    imported(tagger)
    assert tagger.truths(number) == {"defect": YES}


def test_pull_requests_and_their_labels_are_left_out(tagger: Tagger) -> None:
    number = open_issue(tagger, pull=True)
    label(tagger, number, "bug", by="maintainer", day=1)
    imported(tagger)
    assert (tagger.rows(Issue), tagger.rows(LabelTruth), tagger.rows(LabelEvent)) == ([], [], [])


def test_nothing_is_written_on_old_issues(tagger: Tagger) -> None:
    label(tagger, open_issue(tagger), "bug", by="maintainer", day=1)
    imported(tagger)
    assert tagger.writes() == []


def past(tagger: Tagger, count: int = 230) -> None:
    for _ in range(count):
        label(tagger, open_issue(tagger), "bug", by="maintainer", day=1)


def asked(tagger: Tagger) -> list[tuple[str, str]]:
    """Return what was read of the past, and which page of it."""
    paths = {"/issues/events", "/issues"}
    reads = [(each, each.path.removeprefix(f"/repos/{NAME}")) for each in tagger.github.log if each.status == 200]
    return [(path, each.query.get("page", "1")) for each, path in reads if path in paths]


ALL = [("/issues/events", page) for page in "123"] + [("/issues", page) for page in "123"]


def test_requests_are_as_few_as_there_are_pages(tagger: Tagger) -> None:
    past(tagger)
    imported(tagger)
    assert asked(tagger) == ALL
    assert (tagger.repo.import_place, tagger.repo.pulled_at) == (None, tagger.clock.at)
    assert len(tagger.rows(Issue)) == len(tagger.rows(LabelTruth)) == 230


@pytest.mark.parametrize("page", ["/issues/events", "/issues$"])
@pytest.mark.parametrize("done", [0, 1, 2])
def test_after_a_crash_only_the_page_in_hand_is_read_again(tagger: Tagger, page: str, done: int) -> None:
    past(tagger)
    started = tagger.clock.at
    taken = [0]
    real = tagger.context.github.repository

    class Cut:
        """A gateway that dies with a page in hand."""

        def __init__(self, gateway: object) -> None:
            self.gateway = gateway

        def __getattr__(self, name: str) -> object:
            found = getattr(self.gateway, name)
            wanted = "past_events" if page == "/issues/events" else "past_issues"
            return self.cut(found) if name == wanted else found

        def cut(self, read: object) -> object:
            def pages(place: str) -> object:
                for each in read(place):  # type: ignore[operator]
                    if taken[0] == done:
                        raise GitHubUnavailable("the process dies here")
                    taken[0] += 1
                    yield each

            return pages

    tagger.context.github.repository = lambda *about, **more: Cut(real(*about, **more))  # type: ignore[method-assign, assignment]
    with pytest.raises(GitHubUnavailable):
        imported(tagger)
    tagger.context.github.repository = real  # type: ignore[method-assign]
    tagger.clock.move(hours=1)
    imported(tagger)
    again = [each for each in set(asked(tagger)) if asked(tagger).count(each) > 1]
    assert sorted(set(asked(tagger))) == sorted(ALL)
    assert len(again) == 1
    assert len(tagger.rows(Issue)) == len(tagger.rows(LabelTruth)) == 230
    assert tagger.repo.pulled_at == started, "what changed while it was cut off is read by the next pull"


def test_place_that_github_knows_no_more_is_given_up(tagger: Tagger) -> None:
    past(tagger, 3)
    tagger.enrol(import_place=f"issues {tagger.github.url}/repos/{NAME}/nothing")
    with pytest.raises(GitHubRefused):
        imported(tagger)
    assert tagger.repo.import_place == "events"
    imported(tagger)
    assert len(tagger.rows(Issue)) == 3


def test_place_that_is_refused_again_lets_the_import_do_without_older_events(tagger: Tagger) -> None:
    past(tagger, 3)
    for what_then in ("events", "issues"):
        tagger.enrol(import_place=f"events {tagger.github.url}/repos/{NAME}/nothing")
        with pytest.raises(GitHubRefused):
            imported(tagger)
        assert tagger.repo.import_place == what_then
    imported(tagger)
    assert len(tagger.rows(Issue)) == 3
    assert tagger.repo.pulled_at is not None


# --- its share of GitHub's limit


def limited(tagger: Tagger, limit: int) -> Remote:
    """Let the installation ask so often an hour; return it."""
    there = tagger.github.world.installations[tagger.repo.installation_id]
    there.limit = limit
    return there


def test_import_leaves_the_rest_of_the_limit_and_goes_on_at_its_page_in_the_next_hour(tagger: Tagger) -> None:
    past(tagger, 330)
    there = limited(tagger, 16)
    hours = []
    while tagger.repo.pulled_at is None:
        scheduler.import_due(tagger.context)
        hours.append(there.used)
        if tagger.repo.pulled_at is None:
            assert tagger.repo.pull_not_before == there.renewed_at
            tagger.clock.at = tagger.repo.pull_not_before
    assert len(hours) > 2
    assert set(hours[:-1]) == {8}, "half of 16"
    pages = [("/issues/events", page) for page in "1234"] + [("/issues", page) for page in "1234"]
    assert asked(tagger) == pages, "each once"
    assert len(tagger.rows(Issue)) == len(tagger.rows(LabelTruth)) == 330


def test_import_pauses_for_what_others_used_and_new_issues_are_answered_meanwhile(tagger: Tagger) -> None:
    past(tagger, 30)
    there = limited(tagger, 40)
    for _ in range(20):
        list(tagger.context.github.repositories(there.id))
    scheduler.import_due(tagger.context)
    assert asked(tagger) == []
    tagger.serve()
    number = tagger.open(CRASH)
    assert tagger.issue(number).names() == {"bug"}
    tagger.clock.move(hours=1)
    scheduler.import_due(tagger.context)
    assert len(tagger.rows(Issue)) == 31


@pytest.mark.parametrize("share", [0.1, 0.6])
def test_share_can_be_set(tagger: Tagger, share: float) -> None:
    past(tagger)
    there = limited(tagger, 20)
    settings = replace(tagger.context.settings, import_share=share)
    scheduler.import_due(replace(tagger.context, settings=settings))
    first_requests = len([each for each in tagger.github.log if each.actor.startswith("installation")])
    assert there.used == first_requests == max(20 * share, 7), "what is asked for at the start is not known before"


def test_wait_is_told_by_githubs_clock_not_by_ours(tagger: Tagger) -> None:
    past(tagger, 230)
    limited(tagger, 10)
    tagger.github.world.clock = lambda: tagger.clock() - timedelta(minutes=1)
    scheduler.import_due(tagger.context)
    assert tagger.repo.pull_not_before == tagger.clock.at + timedelta(hours=1)


# --- how far it has come


def test_progress_is_kept_with_each_page(tagger: Tagger) -> None:
    past(tagger, 230)
    limited(tagger, 24)
    begun = (START - timedelta(days=29)).isoformat()
    scheduler.import_due(tagger.context)
    told = tagger.repo.import_progress
    assert told == asdict(Progress(pages=5, events=230, back_to=begun, issues=200, reached=200, highest=230))
    tagger.clock.at = ended = tagger.repo.pull_not_before
    scheduler.import_due(tagger.context)
    more = {"pages": 6, "issues": 230, "reached": 230, "ended": ended.isoformat()}
    assert tagger.repo.import_progress == {**told, **more}


def test_import_that_begins_again_counts_afresh(tagger: Tagger) -> None:
    past(tagger, 3)
    imported(tagger)
    tagger.enrol(pulled_at=None)
    imported(tagger)
    assert tagger.repo.import_progress["issues"] == 3
