"""The App is taken off a repository: all work stops at once, the data stays for a while, and is then deleted."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from bot import challenge, handling, removal, retraining, scheduler, sync
from bot.database import Database
from bot.models import (
    Base,
    Delivery,
    Guess,
    Installation,
    Issue,
    ModelVersion,
    Prediction,
    Repository,
    TrainingRun,
    Work,
)
from tests.bot.dashboard_client import fill, text_of
from tests.bot.dashboard_data import NOW
from tests.bot.usecases import BOTH, CRASH, START, Tagger
from tests.standin.fixtures import NAME

pytest_plugins = ["tests.bot.dashboard_fixtures"]

GRACE = timedelta(days=30)


def take_off(tagger: Tagger) -> None:
    """Take the one repository out of the installation."""
    tagger.github.people.cover(NAME, covered=False)
    tagger.catch_up()


def uninstall(tagger: Tagger) -> None:
    tagger.github.people.install("octo", action="deleted")
    tagger.catch_up()


def install_again(tagger: Tagger) -> None:
    """Install the App afresh: it is another installation to GitHub, unless the old one is still there."""
    if tagger.github.world.find(NAME).installation_id in tagger.github.world.installations.keys() | {0}:
        tagger.github.people.cover(NAME, covered=True)
    else:
        tagger.github.world.find(NAME).installation_id = tagger.github.world.install("octo").id
        tagger.github.people.install("octo")
    tagger.catch_up()


WAYS = pytest.mark.parametrize("go", [take_off, uninstall])
Way = Callable[[Tagger], None]


def counts(tagger: Tagger) -> dict[str, int]:
    """Count the rows of every table that has some."""
    with tagger.context.database.read() as session:
        found = {
            table.name: session.scalar(select(func.count()).select_from(table)) for table in Base.metadata.sorted_tables
        }
    return {name: number for name, number in found.items() if number}


def lived(tagger: Tagger) -> None:
    """Let the repository have rows in all tables, and a model whose files are there."""
    tagger.learn(80)
    with tagger.context.database.write() as session:
        assert retraining.request(session, tagger.repo, tagger.context.settings, now=tagger.clock())
    challenge.run(tagger.context, tagger.rows(TrainingRun)[0].id)
    tagger.github.people.label(NAME, tagger.open(CRASH), "bug")
    tagger.catch_up()
    assert counts(tagger).keys() == {table.name for table in Base.metadata.sorted_tables} - {"sign_in_links"}


def repositories(tagger: Tagger) -> set[int]:
    """Return of which repositories any table has a row."""
    tables = [table for table in Base.metadata.sorted_tables if "repository_id" in table.c]
    with tagger.context.database.read() as session:
        named = {found for table in tables for found in session.scalars(select(table.c.repository_id))}
    return {row.id for row in tagger.rows(Repository)} | named - {None}


def models(tagger: Tagger) -> list[str]:
    return sorted(each.name for each in tagger.context.settings.models_dir.iterdir() if each.is_dir())


# --- all work stops


@WAYS
def test_issues_are_neither_labelled_nor_kept_any_more(taught: Tagger, go: Way) -> None:
    taught.open(CRASH)
    go(taught)
    before = counts(taught)["issues"]
    taught.github.people.open_issue(NAME, CRASH)
    opened = taught.news()[0]
    assert taught.handle(opened).status == Work.IGNORED
    assert (taught.issue(2).names(), counts(taught)["issues"]) == (set(), before)


@WAYS
def test_what_waits_to_be_written_is_not_written(taught: Tagger, go: Way) -> None:
    taught.enrol(config="delay_minutes: 2", config_path=f"{NAME}/.github/issue-tagger.yml")
    number = taught.open(CRASH)
    go(taught)
    taught.clock.move(minutes=3)
    writes = len(taught.writes())
    taught.go_on()
    assert (taught.issue(number).names(), len(taught.writes())) == (set(), writes)
    assert {row.status for row in taught.rows(Delivery, event="issues")} == {Work.IGNORED}


def test_the_write_under_way_is_the_last_one(taught: Tagger, monkeypatch: pytest.MonkeyPatch) -> None:
    gateway, there = type(taught.context.gateway(taught.repo)), taught.github.world.find(NAME)
    add_labels, installation_id = gateway.add_labels, there.installation_id

    def and_then_take_off(self: object, number: int, names: list[str]) -> None:
        add_labels(self, number, names)
        taught.github.people.cover(NAME, covered=False)
        for delivery in taught.news():
            if delivery.event == "installation_repositories":
                taught.handle(delivery)
        there.installation_id = installation_id  # GitHub would still take what is written

    monkeypatch.setattr(gateway, "add_labels", and_then_take_off)
    taught.github.people.open_issue(NAME, BOTH)
    row = taught.handle(taught.news()[0])
    assert (row.status, row.last_error) == (Work.IGNORED, None)
    assert (taught.issue(1).names(), taught.issue(1).comments) == ({"bug"}, [])


@WAYS
def test_a_training_that_waits_is_not_done_and_does_not_count(tagger: Tagger, go: Way) -> None:
    tagger.learn(80)
    with tagger.context.database.write() as session:
        run = retraining.request(session, tagger.repo, tagger.context.settings, now=tagger.clock())
    assert run
    go(tagger)
    challenge.run(tagger.context, run.id)
    assert tagger.row(TrainingRun, run.id).status == Work.IGNORED
    assert tagger.rows(ModelVersion) == []
    install_again(tagger)
    scheduler.request_trainings(tagger.context, lambda _key: None)
    assert [each.status for each in tagger.rows(TrainingRun)] == [Work.IGNORED, Work.QUEUED]


def test_a_training_under_way_ends_with_its_next_step(tagger: Tagger, monkeypatch: pytest.MonkeyPatch) -> None:
    tagger.learn(80)
    with tagger.context.database.write() as session:
        run = retraining.request(session, tagger.repo, tagger.context.settings, now=tagger.clock())
    assert run
    fit = challenge._fit

    def take_off_and_fit(*given: object) -> object:
        take_off(tagger)
        return fit(*given)

    monkeypatch.setattr(challenge, "_fit", take_off_and_fit)
    challenge.run(tagger.context, run.id)
    assert (tagger.row(TrainingRun, run.id).status, tagger.rows(ModelVersion)) == (Work.IGNORED, [])


@WAYS
def test_nothing_is_pulled_any_more(tagger: Tagger, go: Way) -> None:
    go(tagger)
    before = len(tagger.github.log)
    scheduler.pull_due(tagger.context)
    assert len(tagger.github.log) == before


# --- the data


@WAYS
def test_installed_again_within_the_grace_period_all_is_there_again(tagger: Tagger, go: Way) -> None:
    lived(tagger)
    champion = tagger.repo.champion_id
    go(tagger)
    before = {name: number for name, number in counts(tagger).items() if name not in {"installations", "deliveries"}}
    tagger.clock.at += GRACE - timedelta(seconds=1)
    assert removal.forget(tagger.context) == 0
    install_again(tagger)
    tagger.clock.at += GRACE
    assert removal.forget(tagger.context) == 0
    after = {name: number for name, number in counts(tagger).items() if name not in {"installations", "deliveries"}}
    assert (after, tagger.repo.champion_id) == (before, champion)
    number = tagger.open(CRASH)
    assert tagger.prediction(number).model_id == champion


@WAYS
def test_after_it_rows_and_models_are_gone_and_those_of_others_are_not(tagger: Tagger, go: Way) -> None:
    tagger.github.world.add_repository("acme/rocket", ["bug"])
    tagger.github.people.open_issue("acme/rocket", CRASH)
    tagger.catch_up()
    other = tagger.rows(Repository, full_name="acme/rocket")[0]
    lived(tagger)
    assert len(models(tagger)) == 1
    assert len(repositories(tagger)) == 2
    go(tagger)
    tagger.clock.at += GRACE
    assert removal.forget(tagger.context) == 1
    assert models(tagger) == []
    assert repositories(tagger) == {other.id}
    assert {row.prediction_id for row in tagger.rows(Guess)} <= {row.id for row in tagger.rows(Prediction)}
    assert {row.account for row in tagger.rows(Installation)} == ({"octo", "acme"} if go is take_off else {"acme"})
    assert tagger.row(Repository, other.id).removed_at is None


def test_forgetting_that_was_cut_off_is_done_the_next_time(tagger: Tagger, monkeypatch: pytest.MonkeyPatch) -> None:
    lived(tagger)
    take_off(tagger)
    tagger.clock.at += GRACE
    with monkeypatch.context() as patched:
        patched.setattr(removal, "_deletions", lambda *_given: (_ for _ in ()).throw(OSError(28, "no space left")))
        scheduler.forget_removed(tagger.context)
    assert tagger.repo.champion_id is None, "a model without files must not serve"
    scheduler.forget_removed(tagger.context)
    assert counts(tagger).keys() == {"deliveries", "installations"}
    assert models(tagger) == []


@WAYS
def test_app_that_comes_back_while_its_past_is_being_forgotten_reads_it_again(
    tagger: Tagger, monkeypatch: pytest.MonkeyPatch, go: Way
) -> None:
    old = tagger.github.people.open_issue(NAME, CRASH, at=START - GRACE).number
    tagger.seen |= {each.id for each in tagger.news()}
    sync.pull(tagger.context, tagger.repo)
    go(tagger)
    tagger.clock.at += GRACE
    deletions = removal._deletions

    def killed(repository_id: int) -> Iterator[object]:
        for each in deletions(repository_id):
            yield each
            if each.table.name == "issues":
                raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(removal, "_deletions", killed)
        with pytest.raises(KeyboardInterrupt):
            removal.forget(tagger.context)
    assert tagger.rows(Issue) == []
    install_again(tagger)
    scheduler.import_due(tagger.context)
    assert [each.number for each in tagger.rows(Issue)] == [old]


def test_files_that_another_repository_uses_stay(tagger: Tagger) -> None:
    model = tagger.row(ModelVersion, tagger.serve())
    tagger.github.world.add_repository("octo/fork")
    tagger.github.people.open_issue("octo/fork", CRASH)
    tagger.catch_up()
    fork = tagger.rows(Repository, full_name="octo/fork")[0]
    columns = {column.key: getattr(model, column.key) for column in ModelVersion.__mapper__.columns}
    with tagger.context.database.write() as session:
        session.add(ModelVersion(**{**columns, "id": None, "repository_id": fork.id}))
    take_off(tagger)
    tagger.clock.at += GRACE
    removal.forget(tagger.context)
    assert models(tagger) == [model.folder]


def test_suspension_deletes_nothing(tagger: Tagger) -> None:
    tagger.github.people.install("octo", action="suspend")
    tagger.catch_up()
    tagger.clock.at += 10 * GRACE
    assert removal.forget(tagger.context) == 0
    tagger.github.people.install("octo", action="unsuspend")
    tagger.catch_up()
    assert tagger.open(CRASH)


@WAYS
def test_told_twice_the_grace_period_runs_from_the_first_time(tagger: Tagger, go: Way) -> None:
    go(tagger)
    delivery = tagger.github.webhooks.sent[-1]
    tagger.clock.at += GRACE / 2
    with tagger.context.database.write() as session:
        session.get_one(Delivery, delivery.id).status = Work.QUEUED
    handling.handle(tagger.context, delivery.id)
    tagger.clock.at += GRACE / 2
    assert removal.forget(tagger.context) == 1
    assert len(tagger.rows(Installation)) == (1 if go is take_off else 0)


def test_dashboard_tells_until_when_the_data_stays(operator: FlaskClient, database: Database) -> None:
    fill(database)
    assert "Removed" not in text_of(operator, "/")
    with database.write() as session:
        session.get_one(Repository, 1).removed_at = NOW - timedelta(days=2)
    told = text_of(operator, "/")
    assert "northwind/kettle 2 d ago 17 Apr 2026" in told
    assert operator.get("/repositories/northwind/kettle").status_code == 404
