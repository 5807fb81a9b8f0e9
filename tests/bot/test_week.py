"""After a week of all that can happen, the bot knows what GitHub knows, and has written nothing against anybody."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot import storage
from bot.keeping import GONE
from bot.models import Delivery, Issue, Label, Mode, Prediction, Work
from bot.settings import Settings
from bot.sync import differing
from tests.bot.usecases import Tagger
from tests.bot.week import HUMANS, OTHER, Week
from tests.standin import state


@pytest.fixture
def week(taught: Tagger) -> Week:
    """A week with 500 issues, in which the bot suggests and waits two minutes, as it does unless told otherwise."""
    usual = {"mode": Mode.SUGGEST, "delay": timedelta(minutes=2), "max_attempts": Settings.max_attempts}
    taught.context = replace(taught.context, settings=replace(taught.context.settings, **usual))
    return Week(taught, issues=500, seed=2)


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_week(week: Week) -> None:
    week.live()
    assert (week.lost > 50, week.twice > 20, week.trainings > 3, len(week.said) > 100) == (True,) * 4
    acts = [act for each in issues(week) for act in acts_on(week, each)]
    assert sum(who == week.world.bot.login for _, who, _, _ in acts) > 80
    assert [each for name in (week.name, OTHER) for each in differences(week, name)] == []
    assert [contrary for each in issues(week) for contrary in against_people(week, each)] == []
    assert max(len(week.comments_of_the_bot(each)) for each in issues(week)) == 1
    undone = [each for each in week.bot.rows(Delivery) if each.status not in {Work.DONE, Work.IGNORED}]
    assert [(each.event, each.action, each.status, each.last_error) for each in undone] == []
    predictions = week.bot.rows(Prediction)
    assert [each.number for each in predictions if each.written_at is None and each.not_written is None] == []
    predicted = {each.number for each in predictions}
    unheard = [each.number for each in issues(week) if waits(week, each) and each.number not in predicted]
    assert unheard == []


def issues(week: Week) -> list[state.Issue]:
    return list(week.world.find(week.name).issues.values())


def waits(week: Week, issue: state.Issue) -> bool:
    """Tell whether an issue is there and open, and nobody has said anything of it but its author."""
    quiet = week.paused[0] <= issue.created_at <= week.paused[1] + timedelta(hours=3)  # word of it may come late
    return issue.here and issue.state == "open" and not quiet and len(issue.events) == len(issue.labels) == 0


def differences(week: Week, name: str) -> Iterator[object]:
    """Yield where the bot's view of a repository's labels and issues is not GitHub's."""
    there = week.world.find(name)
    labels = {each.id: each.name for each in there.labels.values()}
    ours = {each.id: each.name for each in week.bot.rows(Label, repository_id=there.id, removed_at=None)}
    rows = {each.number: each for each in week.bot.rows(Issue, repository_id=there.id)}
    if labels != ours:
        yield name, labels, ours
    for issue in there.issues.values():
        row = rows.get(issue.number)
        if not issue.here:
            if row is not None and row.state not in GONE:
                yield name, issue.number, row.state
            continue
        with week.bot.context.database.read() as session:
            known = storage.truths(session, there.id, issue.number)
        seen = (row.title, row.body, row.state) if row else ()
        if seen != (issue.title, issue.body, issue.state) or differing(known, issue.names()) & {*labels.values()}:
            yield name, issue.number, seen, (issue.title, issue.state), known, issue.names()


Act = tuple[int, str, str, bool]  # place in time, login, label under its first name, whether it was put on


def acts_on(week: Week, issue: state.Issue) -> list[Act]:
    """Return what was done with an issue's labels, in order: on GitHub, and by what people say to the bot."""
    first = {new: name for name, new in week.called.items()}
    done = [(e.id, e.actor.login, e.label, e.event == "labeled") for e in issue.events if e.label and e.actor]
    said = [(each.place, min(HUMANS), each.label, each.right) for each in week.said if each.number == issue.number]
    return [(place, who, first.get(label, label), on) for place, who, label, on in sorted([*done, *said])]


def against_people(week: Week, issue: state.Issue) -> Iterator[object]:
    """Yield what the bot did with a label after a person had last said the contrary of it."""
    last: dict[str, bool] = {}
    for _, who, label, on in acts_on(week, issue):
        if who in HUMANS:
            last[label] = on
        elif who == week.world.bot.login and last.get(label, on) is not on:
            yield issue.number, label, on, acts_on(week, issue)
