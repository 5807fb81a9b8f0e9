"""What runs without anybody asking: the sweep, the requests for trainings, the pulls."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bot import handling, leases, scheduler, sync
from bot.context import Context
from bot.models import Delivery as Row
from bot.models import Issue, Prediction, Repository, TrainingRun, Work
from bot.remote import BeforeWrite, RepositoryGateway
from tests.bot.usecases import CRASH, Tagger
from tests.standin.fixtures import NAME


class Calls:
    """Whom the scheduler woke up."""

    def __init__(self) -> None:
        self.worker: list[str | int] = []
        self.trainer: list[str | int] = []

    def sweep(self, tagger: Tagger) -> None:
        scheduler.sweep(tagger.context, call_worker=self.worker.append, call_trainer=self.trainer.append)


@pytest.fixture
def calls() -> Calls:
    return Calls()


def lost(taught: Tagger) -> str:
    """Store a delivery whose wake-up call is lost; return its id."""
    taught.github.people.open_issue(NAME, CRASH)
    return taught.receive(taught.news()[-1])


def test_a_lost_call_is_made_again_after_the_grace_and_not_before(taught: Tagger, calls: Calls) -> None:
    key = lost(taught)
    calls.sweep(taught)
    assert calls.worker == [], "the call may still be under way"
    taught.clock.move(seconds=11)
    calls.sweep(taught)
    calls.sweep(taught)
    assert calls.worker == [key], "once, until the grace is over again"
    taught.clock.move(seconds=11)
    calls.sweep(taught)
    assert calls.worker == [key, key]


def test_what_was_called_again_is_handled_and_not_called_any_more(taught: Tagger, calls: Calls) -> None:
    lost(taught)
    taught.clock.move(seconds=11)
    calls.sweep(taught)
    handling.handle(taught.context, str(calls.worker[0]))
    taught.clock.move(hours=1)
    calls.sweep(taught)
    assert len(calls.worker) == 1
    assert taught.issue(1).names() == {"bug"}


def test_a_delivery_that_was_postponed_is_called_when_it_is_due(taught: Tagger, calls: Calls) -> None:
    key = lost(taught)
    taught.github.fail_next(1, "429", "/issues/1$", seconds=60)
    handling.handle(taught.context, key)
    taught.clock.move(seconds=59)
    calls.sweep(taught)
    assert calls.worker == []
    taught.clock.move(seconds=1)
    calls.sweep(taught)
    assert calls.worker == [key]


def test_work_of_a_process_that_died_is_called_again_once_its_lease_is_over(taught: Tagger, calls: Calls) -> None:
    key = lost(taught)
    with taught.context.database.write() as session:
        leases.claim(session, Row, key, now=taught.clock(), lease=timedelta(seconds=30))
    taught.clock.move(seconds=29)
    calls.sweep(taught)
    assert calls.worker == []
    taught.clock.move(seconds=2)
    calls.sweep(taught)
    assert calls.worker == [key]


def test_failed_and_ignored_deliveries_are_left_alone(taught: Tagger, calls: Calls) -> None:
    for status in (Work.FAILED, Work.IGNORED, Work.DONE):
        key = lost(taught)
        with taught.context.database.write() as session:
            session.get_one(Row, key).status = status
    taught.clock.move(hours=1)
    calls.sweep(taught)
    assert calls.worker == []


# --- what is kept


def test_handled_deliveries_are_deleted_when_they_are_old_and_failed_ones_stay(taught: Tagger) -> None:
    taught.open(CRASH)
    done = taught.rows(Row)[0].id
    for status in (Work.FAILED, Work.IGNORED, Work.RUNNING):
        key = lost(taught)
        with taught.context.database.write() as session:
            row = session.get_one(Row, key)
            row.status, row.finished_at = status, None if status == Work.RUNNING else taught.clock.at
    taught.clock.move(days=30)
    scheduler.forget(taught.context)
    assert taught.row(Row, done).status == Work.DONE
    taught.clock.move(seconds=1)
    scheduler.forget(taught.context)
    assert {row.status for row in taught.rows(Row)} == {Work.FAILED, Work.RUNNING}
    assert len(taught.rows(Prediction)) == 1, "what was thought stays"


# --- trainings


def test_a_training_is_requested_where_one_is_due_and_the_trainer_called(tagger: Tagger, calls: Calls) -> None:
    tagger.github.world.add_repository("octo/empty")
    tagger.learn(80)
    for _ in range(2):
        scheduler.request_trainings(tagger.context, calls.trainer.append)
    (run,) = tagger.rows(TrainingRun)
    assert (run.repository_id, run.status) == (tagger.repo.id, Work.QUEUED)
    assert calls.trainer == [run.id]


def test_a_lost_training_is_called_again(tagger: Tagger, calls: Calls) -> None:
    tagger.learn(80)
    scheduler.request_trainings(tagger.context, lambda _key: None)
    tagger.clock.move(seconds=11)
    calls.sweep(tagger)
    assert calls.trainer == [tagger.rows(TrainingRun)[0].id]


# --- pulls


def two(tagger: Tagger) -> None:
    """Serve a second repository, which comes after the first; each has an issue that nobody told us of."""
    tagger.github.world.add_repository("octo/zebra", ["bug"])
    tagger.github.people.open_issue("octo/zebra", "hello")
    tagger.catch_up()
    tagger.github.people.open_issue(NAME, "one")
    tagger.github.people.open_issue("octo/zebra", "two")


def pulled(tagger: Tagger) -> dict[str, bool]:
    return {repo.full_name: repo.pulled_at == tagger.clock.at for repo in tagger.rows(Repository)}


@pytest.mark.parametrize("job", [scheduler.import_due, scheduler.pull_due])
@pytest.mark.parametrize("kind", ["500", "drop", "401"])
def test_a_repository_that_cannot_be_pulled_does_not_hold_up_the_others(
    tagger: Tagger, caplog: pytest.LogCaptureFixture, kind: str, job: Callable[[Context], None]
) -> None:
    two(tagger)
    if job is scheduler.pull_due:
        scheduler.import_due(tagger.context)
        tagger.clock.move(minutes=15)
    tagger.github.fail_next(1, kind, f"{NAME}/labels$")
    job(tagger.context)
    assert pulled(tagger) == {NAME: False, "octo/zebra": True}
    assert [record.message for record in caplog.records if record.levelno == logging.WARNING] == ["pull failed"]
    assert f"/repos/{NAME}/labels" in tagger.repo.pull_problem
    tagger.clock.move(seconds=3)
    job(tagger.context)
    assert pulled(tagger)[NAME]
    assert (tagger.repo.pull_problem, tagger.repo.pull_failures, tagger.repo.pull_not_before) == (None, 0, None)
    assert {issue.title for issue in tagger.rows(Issue)} == {"hello", "one", "two"}


def test_a_fault_of_ours_in_one_repository_is_logged_and_does_not_hold_up_the_others(
    tagger: Tagger, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    two(tagger)
    real, first = sync.pull, tagger.repo.id

    def pull(context: Context, repo: Repository) -> None:
        real(context, repo)
        if repo.id == first:
            raise RecursionError("secret")

    monkeypatch.setattr(sync, "pull", pull)
    scheduler.import_due(tagger.context)
    assert pulled(tagger)["octo/zebra"]
    assert [record.message for record in caplog.records if record.exc_info] == ["pull ended unexpectedly"]
    assert tagger.repo.pull_problem == "this is a fault of the bot (RecursionError): see the scheduler's log"
    assert tagger.repo.pull_failures == 1
    assert tagger.repo.pull_not_before > tagger.clock.at


def test_repository_that_cannot_be_pulled_is_tried_later_and_later(tagger: Tagger) -> None:
    tagger.github.world.find(NAME).has_issues = False
    tries = []
    for _ in range(2 * 360):
        scheduler.import_due(tagger.context)
        tries.append(tagger.repo.pull_failures)
        tagger.clock.move(seconds=10)
    assert 8 < tries[-1] < 24, "in two hours"
    assert "issues are switched off" in tagger.repo.pull_problem
    tagger.github.world.find(NAME).has_issues = True
    tagger.clock.move(minutes=15)
    scheduler.import_due(tagger.context)
    assert tagger.repo.pulled_at is not None


def test_limited_installation_is_not_asked_before_it_may_be_and_holds_up_no_other(tagger: Tagger) -> None:
    tagger.github.world.add_repository("acme/rocket")
    tagger.github.people.install("acme")
    tagger.catch_up()
    tagger.github.fail_next(1, "403", f"{NAME}/labels$", seconds=45)
    scheduler.import_due(tagger.context)
    assert pulled(tagger) == {NAME: False, "acme/rocket": True}
    asked = len(tagger.github.log)
    for seconds, expected in ((44, False), (1, True)):
        tagger.clock.move(seconds=seconds)
        scheduler.import_due(tagger.context)
        assert (len(tagger.github.log) > asked, pulled(tagger)[NAME]) == (expected, expected)


def test_repository_that_is_removed_while_another_is_read_is_left_alone(tagger: Tagger) -> None:
    two(tagger)
    real, zebra = tagger.context.github.repository, tagger.rows(Repository, full_name="octo/zebra")[0].id

    def remove_zebra(installation_id: int, full_name: str, *, before_write: BeforeWrite = None) -> RepositoryGateway:
        with tagger.context.database.write() as session:
            session.get_one(Repository, zebra).removed_at = tagger.clock.at
        return real(installation_id, full_name, before_write=before_write)

    tagger.context.github.repository = remove_zebra  # type: ignore[method-assign]
    scheduler.import_due(tagger.context)
    assert (tagger.repo.pulled_at, tagger.row(Repository, zebra).pulled_at) == (tagger.clock.at, None)


def test_a_repository_is_pulled_again_only_after_the_pause(tagger: Tagger) -> None:
    scheduler.pull_due(tagger.context)
    assert tagger.repo.pulled_at is None, "its past is read first"
    scheduler.import_due(tagger.context)
    first = tagger.clock.at
    tagger.clock.move(minutes=14)
    scheduler.pull_due(tagger.context)
    assert tagger.repo.pulled_at == first
    tagger.clock.move(minutes=1)
    scheduler.pull_due(tagger.context)
    assert tagger.repo.pulled_at == tagger.clock.at


def test_a_repository_that_is_not_served_is_not_pulled(tagger: Tagger) -> None:
    tagger.github.people.install("octo", action="suspend")
    tagger.catch_up()
    scheduler.import_due(tagger.context)
    assert tagger.repo.pulled_at is None


def test_nothing_is_pulled_without_an_app(tagger: Tagger) -> None:
    without = replace(tagger.context, settings=replace(tagger.context.settings, app=None))
    always = {"sweep", "retrain", "forget", "remove"}
    names = [
        {job.id for job in scheduler.create(each, call_worker=print, call_trainer=print).get_jobs()}
        for each in (tagger.context, without)
    ]
    assert names == [{*always, "import", "pull", "installations", "redeliver"}, always]
