"""What a maintainer asked for on old issues waits its turn: what people do meanwhile counts, and each is done once."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest

from bot import backfill, handling
from bot.cli import main
from bot.database import Database
from bot.models import BACKFILL, Prediction, Work
from bot.models import Delivery as Row
from tests.bot.backfills import ask, names, work, wrote
from tests.bot.usecases import CRASH, START, Tagger
from tests.standin import Delivery
from tests.standin.fixtures import NAME

Capture = pytest.CaptureFixture[str]


def test_undo_calls_off_what_still_waits(old: Tagger, capsys: Capture) -> None:
    ask("--write")
    handling.handle(old.context, old.rows(Row, event=BACKFILL)[0].id)
    assert main(["undo", "--repo", NAME, "--since", "2026-01-01"]) == 0
    assert "2 issues that still waited for a backfill called off" in capsys.readouterr().out
    old.clock.move(minutes=1)
    work(old)
    assert names(old) == [set(), set(), set(), {"question"}, set()]


def test_label_that_was_asked_for_is_known_under_its_new_name(old: Tagger) -> None:
    ask("--labels", "bug", "--write")
    old.clock.move(seconds=1)
    old.github.people.rename_label(NAME, "bug", "defect")
    old.github.people.rename_label(NAME, "documentation", "bug")
    old.catch_up()
    work(old)
    assert names(old) == [{"defect"}, {"defect"}, set(), {"question"}, set()]


def test_old_issue_remains_one_when_its_text_changes(old: Tagger) -> None:
    ask("--labels", "question", "--write")
    work(old)
    old.clock.move(minutes=1)
    old.github.people.edit(NAME, 2, body="one more word")
    old.catch_up()
    assert "bug" not in old.issue(2).names()


def test_a_pause_calls_off_what_still_waits(old: Tagger) -> None:
    ask("--write")
    old.enrol(paused_at=START)
    work(old)
    assert (old.writes(), old.rows(Prediction)) == ([], [])


# --- kills, limits, undo


def test_undo_takes_it_back_and_it_is_not_done_again(old: Tagger, capsys: Capture) -> None:
    since = old.clock.at
    ask("--write")
    work(old)
    assert main(["undo", "--repo", NAME, "--since", since.isoformat()]) == 0
    assert "4 taken back, on 3 issues" in capsys.readouterr().out
    old.catch_up()
    assert names(old) == [set(), set(), set(), {"question"}, set()]
    assert [each.comments for each in (old.issue(1), old.issue(2))] == [[], []]
    ask("--write")
    assert "0 issues would get" in capsys.readouterr().out


def test_worker_killed_after_each_write_goes_on_without_writing_twice(
    old: Tagger, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway, kills = type(old.context.gateway(old.repo)), []

    def killing(write: Callable[..., object]) -> Callable[..., object]:
        def write_and_die(self: object, number: int, what: object) -> object:
            done = write(self, number, what)
            if (number, write.__name__) not in kills:
                kills.append((number, write.__name__))
                raise SystemExit("killed before anything of it was recorded")
            return done

        return write_and_die

    for write in (gateway.add_labels, gateway.create_comment):
        monkeypatch.setattr(gateway, write.__name__, killing(write))
    ask("--write")
    for _ in range(12):  # each one a life of the worker
        with suppress(SystemExit):
            work(old, minutes=1)
    assert sorted(kills) == [(1, "add_labels"), (2, "add_labels"), (2, "create_comment"), (5, "add_labels")]
    assert names(old) == [{"bug"}, {"bug"}, set(), {"question"}, {"documentation"}]
    assert len(old.issue(2).comments) == 1
    assert len([each for number in (1, 2, 5) for each in old.issue(number).events if each.event == "labeled"]) == 3
    assert {row.status for row in old.rows(Row, event=BACKFILL)} == {Work.DONE}


def test_answer_that_got_lost_is_no_reason_to_write_twice(old: Tagger) -> None:
    ask("--write")
    for path in ("/issues/1/labels$", "/issues/2/labels$", "/issues/2/comments$"):
        old.github.fail_next(1, "cut", path, method="POST")  # it is done, but we are not told
    work(old)
    assert names(old) == [{"bug"}, {"bug"}, set(), {"question"}, {"documentation"}]
    assert len(old.issue(2).comments) == 1
    put_on = [event for number in (1, 2, 5) for event in old.issue(number).events if event.event == "labeled"]
    assert len(put_on) == 3


def test_no_more_is_written_than_github_takes(old: Tagger, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = ((1, timedelta(minutes=1)), (2, timedelta(hours=1)))
    monkeypatch.setattr(backfill, "LIMITS", limits)
    ask("--write")
    with old.context.database.write() as session:  # as after a night without a worker: all are due at once
        for row in session.query(Row).filter_by(event=BACKFILL):
            row.due_at = old.clock.at
    work(old, minutes=90, step=120)
    times = [each.written_at for each in wrote(old)]
    assert len(times) == 3
    assert times[1] - times[0] >= timedelta(minutes=1)
    assert times[2] - times[0] >= timedelta(hours=1)


def test_limits_are_those_that_github_names_with_two_acts_an_issue() -> None:
    assert [(2 * most, span) for most, span in backfill.LIMITS] == [
        (pytest.approx(70, abs=10), timedelta(minutes=1)),
        (pytest.approx(480, abs=20), timedelta(hours=1)),
    ]
    assert timedelta(hours=1) / backfill.APART <= 240


def test_issues_come_one_after_the_other(old: Tagger) -> None:
    ask("--write")
    due = [row.due_at for row in old.rows(Row, event=BACKFILL)]
    assert [each - due[0] for each in sorted(due)] == [place * backfill.APART for place in range(3)]
    assert [row.received_at for row in old.rows(Row, event=BACKFILL)] == due, "waiting for a turn is no outage"


def test_nobody_on_githubs_side_can_ask_for_it(old: Tagger) -> None:
    old.receive(Delivery(BACKFILL, {"repository": {"id": old.repo.id}, BACKFILL: {"number": 1}}))
    assert [row.status for row in old.rows(Row, event=BACKFILL)] == [Work.IGNORED]


def test_figures_of_the_dashboard_are_of_new_issues_only(old: Tagger, database: Database) -> None:
    from bot.dashboard import queries

    ask("--write")
    work(old)
    new = old.open(CRASH)
    with database.read() as session:
        assert [each.number for each in queries.judged(session, {old.repo.id: ()})[old.repo.id]] == [new]
