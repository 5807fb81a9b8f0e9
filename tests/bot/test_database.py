"""What errors of the database say, which an uncaught one prints: what was wrong, and nothing of what a row holds."""

import traceback
from collections.abc import Callable, Mapping

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.orm import Session

from bot.database import Database
from bot.models import Issue, Label

SECRET = "what somebody wrote"
ISSUE = {"repository_id": 1, "number": 1, "title": SECRET, "body": SECRET, "state": None, "author": SECRET}


def lacking(session: Session) -> None:
    session.execute(Issue.__table__.insert(), ISSUE)


def twice(session: Session) -> None:
    session.execute(text("CREATE TEMPORARY TABLE said (what TEXT PRIMARY KEY)"))
    session.execute(text("INSERT INTO said VALUES (:what), (:what)"), {"what": SECRET})


def orphan(session: Session) -> None:
    label: Mapping[str, object] = {"repository_id": 1, "id": 1, "name": SECRET, "description": SECRET, "former": {}}
    session.execute(Label.__table__.insert(), label)


@pytest.mark.parametrize("break_it", [lacking, twice, orphan])
def test_of_a_broken_constraint_the_rule_is_told_and_not_the_row(
    database: Database, break_it: Callable[[Session], None]
) -> None:
    with pytest.raises(IntegrityError) as raised, database.write() as session:
        break_it(session)
    told = "".join(traceback.format_exception(raised.value))
    assert "constraint" in str(raised.value)
    assert SECRET not in told
    assert "DETAIL" not in told


def test_why_a_database_cannot_be_reached_is_told_in_full() -> None:
    with pytest.raises(OperationalError) as raised, Database("postgresql+psycopg://x@127.0.0.1:9/x").read() as session:
        session.execute(text("SELECT 1"))
    assert "127.0.0.1" in str(raised.value)


def test_a_mistake_in_a_statement_is_told_with_the_statement(database: Database) -> None:
    with pytest.raises(DBAPIError, match="nowhere") as raised, database.read() as session:
        session.execute(text("SELECT * FROM nowhere"))
    assert "[SQL: SELECT * FROM nowhere]" in str(raised.value)
