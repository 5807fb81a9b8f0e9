"""The dashboard counts coverage over the issues on which something could be put on, and says which these are."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from bot.database import Database
from bot.models import Guess, Repository
from bot.reasons import Reason
from tests.bot.dashboard_client import text_of
from tests.bot.dashboard_data import NOW, prediction, repository

pytest_plugins = ["tests.bot.dashboard_fixtures"]
PAGE = "/repositories/northwind/teapot"


@pytest.fixture
def switched(operator: FlaskClient, database: Database) -> FlaskClient:
    """A repository in apply mode, 30 of whose 40 issues were predicted in suggest mode, when it was sure of none."""

    def build(session: Session) -> None:
        repository(session, 2, "northwind/teapot", mode="apply")
        for number in range(1, 41):
            mode, decision = ("apply", "apply") if number > 30 else ("suggest", "suggest")
            prediction(session, number, {"bug": (decision, 0.9)}, repo=2, mode=mode)

    with database.write() as session:
        build(session)
    return operator


def test_after_a_switch_coverage_is_over_what_was_predicted_in_apply_mode(switched: FlaskClient) -> None:
    page = text_of(switched, PAGE)
    assert "10 of 10 issues predicted in apply mode" in page
    assert "30 issues predicted in another mode, in which nothing could be put on, not counted" in page
    assert "no answers yet 100 % 72–100 % · 10 of 10" in text_of(switched, "/")


def test_after_a_switch_precision_and_recall_are_told_to_be_over_both_modes(switched: FlaskClient) -> None:
    page = text_of(switched, PAGE)
    assert "Precision of labels applied, or sure enough to be applied in another mode" in page
    assert "Recall human label decisions saved, or that it would have saved in another mode" in page


def test_course_tells_where_nothing_could_be_put_on(switched: FlaskClient) -> None:
    page = text_of(switched, PAGE)
    assert "Coverage is over those predicted in apply mode" in page
    assert "20 20 Mar 2026 — not in apply mode" in page
    assert switched.get(f"{PAGE}/accuracy.svg").status_code == 200


def test_in_another_mode_everything_counts_as_it_would_have_been(switched: FlaskClient, database: Database) -> None:
    with database.write() as session:
        repository(session, 3, "northwind/tray", mode="suggest")
        prediction(session, 1, {"bug": ("apply", 0.9)}, repo=3, mode="suggest")
    page = text_of(switched, "/repositories/northwind/tray")
    assert "1 of 1 issue Recall" in page
    assert "another mode" not in page


def test_what_the_configuration_only_suggests_is_not_counted_as_applied(
    operator: FlaskClient, database: Database
) -> None:
    with database.write() as session:
        path, own = "northwind/teapot/.github/issue-tagger.yml", "mode: apply\nlabels: {suggest_only: [docs]}\n"
        repository(session, 2, "northwind/teapot", config_path=path, config=own)
        for number, label in enumerate(("docs", "docs", "bug"), start=1):
            prediction(session, number, {label: ("apply", 0.9)}, repo=2)
    page = text_of(operator, PAGE)
    assert "1 of 3 issues Recall" in page
    assert "docs 90 % suggest waiting" in page
    assert "bug 90 % apply waiting" in page
    assert "1 of 3" in text_of(operator, "/")


def test_what_was_only_suggested_in_apply_mode_is_not_counted_as_applied(
    switched: FlaskClient, database: Database
) -> None:
    with database.write() as session:
        for number, written in ((41, "suggested"), (42, "applied")):
            made = prediction(session, number, {"bug": ("apply", 0.9)}, repo=2)
            session.get_one(Guess, (made.id, "bug")).written = written
        session.get_one(Repository, 2).config = "labels: {suggest_only: [bug]}\n"
    assert "1 of 12 issues predicted in apply mode" in text_of(switched, PAGE)


def test_what_was_taken_back_is_not_told_as_written(operator: FlaskClient, database: Database) -> None:
    with database.write() as session:
        repository(session, 2, "northwind/teapot")
        undone = {"written_at": NOW - timedelta(hours=1), "not_written": Reason.UNDONE}
        prediction(session, 1, {"bug": ("apply", 0.9)}, repo=2, **undone)
    page = text_of(operator, PAGE)
    assert "bug 90 % apply waiting taken back after it was written cold start" in page
