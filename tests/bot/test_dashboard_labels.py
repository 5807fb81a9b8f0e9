"""The page says from what on each label is decided for, where that is not for the model to say, and what serves."""

from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from bot.database import Database
from bot.models import Guess, Promotion, Repository
from tests.bot.dashboard_client import fill, text_of
from tests.bot.dashboard_data import NOW, model, prediction

pytest_plugins = ["tests.bot.dashboard_fixtures"]


def test_thresholds_are_those_of_the_model_in_service(operator: FlaskClient, database: Database) -> None:
    def build(session: Session) -> None:
        prediction(session, 1, {"old": ("suggest", 0.5)})
        made = model(session, 1, status="champion")
        session.get_one(Repository, 1).champion_id = made.id
        prediction(session, 2, {"bug": ("apply", 0.9), "api": ("suggest", 0.5)}, model_id=made.id)

    fill(database, build)
    page = text_of(operator)
    assert "apply ≥ 0.80, suggest ≥ 0.40" in page
    assert "suggest ≥ 0.40 suggested only: not enough evidence yet" in page
    assert "not predicted by the present model" in page


def test_model_that_has_predicted_nothing_yet_is_not_said_to_leave_labels_out(
    operator: FlaskClient, database: Database
) -> None:
    def build(session: Session) -> None:
        prediction(session, 1, {"bug": ("suggest", 0.5)})
        session.get_one(Repository, 1).champion_id = model(session, 1, status="champion").id

    fill(database, build)
    page = text_of(operator)
    assert "shown with the first prediction of model 1" in page
    assert "not predicted by the present model" not in page


def test_label_that_is_decided_by_a_rule_or_by_the_configuration_is_told_so(
    operator: FlaskClient, database: Database
) -> None:
    def build(session: Session) -> None:
        made, repo = model(session, 1, status="champion"), session.get_one(Repository, 1)
        repo.champion_id, repo.config = made.id, "labels: {suggest_only: [docs]}\n"
        about = {"docs": ("apply", 0.9), "crash": ("apply", 1.0)}
        first = prediction(session, 1, about, model_id=made.id)
        session.get_one(Guess, (first.id, "crash")).by_rule = True

    fill(database, build)
    page = text_of(operator)
    assert "suggest ≥ 0.40 suggested only: so configured, or it starts a workflow" in page
    assert "by a rule of the configuration" in page
    assert "apply ≥" not in page


def test_label_that_the_configuration_leaves_out_is_told_so(operator: FlaskClient, database: Database) -> None:
    def build(session: Session) -> None:
        prediction(session, 1, {"old": ("suggest", 0.5)})
        made, repo = model(session, 1, status="champion"), session.get_one(Repository, 1)
        repo.champion_id, repo.config = made.id, "labels: {exclude: [old]}\n"
        prediction(session, 2, {"bug": ("apply", 0.9)}, model_id=made.id)

    fill(database, build)
    page = text_of(operator)
    assert "left out by the configuration" in page
    assert "not predicted by the present model" not in page


# --- what is in service


def test_model_that_was_rolled_back_is_not_said_to_be_still_to_come(operator: FlaskClient, database: Database) -> None:
    def build(session: Session) -> None:
        made = model(session, 3)
        session.add(Promotion(repository_id=1, model_id=made.id, reason="better", at=NOW))

    fill(database, build)
    page = text_of(operator)
    assert "cold start: no model in service issues on GitHub" in page
    assert "Model 3 was taken out of service" in page
    assert "issue-tagger models northwind/kettle rollback --to 3" in page
    assert "A model is trained when" not in page
    assert "cold start no model in service" in text_of(operator, "/")
