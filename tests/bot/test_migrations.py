"""The migrations: from the first revision with rows in it to the newest, and back; and that they match the models."""

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from bot import leases
from bot.database import MIGRATIONS, Database
from bot.models import Base, Delivery, Work
from tests.bot.usecases import START

OLD_DELIVERY = """
INSERT INTO deliveries (id, event, action, repository_id, body, received_at, status, attempts, due_at, token)
VALUES ('d-1', 'issues', 'opened', 9007199254740993, '{"text": "ü"}', '2026-01-01', 'queued', 1, '2026-01-01', 5)
"""


def revisions() -> list[str]:
    """Return the revisions, oldest first."""
    scripts = ScriptDirectory(str(MIGRATIONS))
    return [script.revision for script in scripts.walk_revisions()][::-1]


def go(database: Database, revision: str, *, back: bool = False) -> None:
    (command.downgrade if back else command.upgrade)(database._alembic(), revision)


@pytest.fixture
def old(database: Database) -> Database:
    """A database at the first revision, with a delivery."""
    go(database, "0001", back=True)
    with database.engine.begin() as connection:
        connection.exec_driver_sql(OLD_DELIVERY)
    return database


def differences(database: Database) -> list[object]:
    with database.engine.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection), Base.metadata))


def test_the_migrations_make_what_the_models_say(database: Database) -> None:
    assert differences(database) == []


def test_there_is_one_line_of_revisions() -> None:
    found = revisions()
    assert found == sorted(found)
    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [found[-1]]


def test_rows_of_the_first_revision_are_there_after_the_upgrade_and_can_be_worked_on(old: Database) -> None:
    old.migrate()
    assert old.revision() == (revisions()[-1], revisions()[-1])
    with old.write() as session:
        row = leases.claim(session, Delivery, "d-1", now=START, lease=START - START)
    assert row is not None
    assert (row.repository_id, row.body, row.subject) == (9007199254740993, '{"text": "ü"}', None)
    assert (row.status, row.attempts, row.token) == (Work.RUNNING, 2, 6)
    assert differences(old) == []


def test_an_upgrade_that_was_done_changes_nothing(database: Database) -> None:
    database.migrate()
    assert differences(database) == []


def test_every_step_can_be_taken_back_and_again(old: Database) -> None:
    for revision in revisions()[1:]:
        go(old, revision)
        go(old, "-1", back=True)
        go(old, revision)
    with old.engine.connect() as connection:
        assert connection.execute(text("SELECT id, token FROM deliveries")).all() == [("d-1", 5)]
    assert differences(old) == []


def test_the_first_revision_taken_back_leaves_nothing(database: Database) -> None:
    go(database, "base", back=True)
    assert inspect(database.engine).get_table_names() == ["alembic_version"]
    assert database.revision()[0] is None


def test_a_database_that_is_not_there_yet_is_made_with_its_folder(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new' / 'folder' / 'fresh.sqlite3'}")
    database.migrate()
    assert differences(database) == []
    database.engine.dispose()


def test_errors_do_not_say_what_issues_say(database: Database) -> None:
    with database.read() as session, pytest.raises(DBAPIError) as caught:
        session.execute(text("INSERT INTO nowhere VALUES (:title)"), {"title": "a secret"})
    assert ("nowhere" in str(caught.value), "a secret" in str(caught.value)) == (True, False)
