"""What the pages tell of an import, of a pause, and of what keeps GitHub from being read."""

from dataclasses import asdict
from datetime import timedelta

from flask.testing import FlaskClient

from bot.database import Database
from bot.importing import Progress
from bot.models import Installation
from tests.bot.dashboard_client import PAGE, fill, text_of
from tests.bot.dashboard_data import NOW, repository

pytest_plugins = ["tests.bot.dashboard_fixtures"]

TEAPOT = "/repositories/northwind/teapot"
LATER = NOW + timedelta(minutes=40)
BEGUN = Progress(pages=312, events=31_200, back_to="2024-03-05T10:00:00+00:00", highest=27_999)
FURTHER = Progress(pages=640, events=60_000, back_to=BEGUN.back_to, issues=2_900, reached=4_000, highest=27_999)
ENDED = Progress(pages=880, events=60_000, issues=20_000, ended=NOW.isoformat())


def page(client: FlaskClient, database: Database, progress: Progress | None = None, **columns: object) -> str:
    told = None if progress is None else asdict(progress)
    fill(database, lambda s: repository(s, 2, "northwind/teapot", import_progress=told, **columns))
    return text_of(client, TEAPOT)


def test_page_says_why_no_work_is_done_in_a_repository(operator: FlaskClient, database: Database) -> None:
    told = page(operator, database, stopped="this repository is archived, and can only be read", pull_problem="refused")
    assert "No work is done here: this repository is archived, and can only be read." in told
    assert "could not be read" not in told


def test_pause_is_told(operator: FlaskClient, database: Database) -> None:
    assert "Paused by a maintainer" in page(operator, database, paused_at=NOW)


def test_before_the_import_begins_it_is_announced_and_no_labels_are_asked_for(
    operator: FlaskClient, database: Database
) -> None:
    told = page(operator, database)
    assert "The past of this repository is read next" in told
    assert "Next: a look at its past, which is not read yet" in told
    assert "more labels" not in told
    assert "The first issue that is opened is predicted within seconds. Recall" in told


def test_nothing_is_announced_where_no_work_is_done(operator: FlaskClient, database: Database) -> None:
    assert "is read next" not in page(operator, database, stopped="this repository is archived")


def test_while_nothing_is_predicted_nothing_is_called_unsure(operator: FlaskClient, database: Database) -> None:
    told = page(operator, database, pulled_at=NOW)
    assert "Next: northwind/teapot after 22 more labels" in told
    assert "No label was sure enough so far" not in told


def test_import_is_told_before_its_first_page(operator: FlaskClient, database: Database) -> None:
    told = page(operator, database, import_started=NOW)
    assert "The past of this repository is being read" in told
    assert "pages so far" not in told
    assert "being imported" in text_of(operator, "/")


def test_events_are_told_with_how_far_back_they_go(operator: FlaskClient, database: Database) -> None:
    told = page(operator, database, BEGUN, import_started=NOW)
    assert "312 pages so far: 31,200 label events, newest first, back to 5 Mar 2024; 0 issues." in told


def test_issues_are_told_with_the_highest_number_known_which_is_not_called_a_total(
    operator: FlaskClient, database: Database
) -> None:
    told = page(operator, database, FURTHER, import_started=NOW)
    assert "2,900 issues, oldest first, up to no. 4,000 of 27,999 or more" in told
    assert "GitHub gives no totals" in told
    assert "goes on at" not in told
    assert '<progress max="27999" value="4000"' in operator.get(TEAPOT).text


def test_import_that_waits_for_the_next_hour_says_when_it_goes_on(operator: FlaskClient, database: Database) -> None:
    told = page(operator, database, BEGUN, import_started=NOW, pull_not_before=LATER)
    assert "has come to its share of GitHub's hourly limit, and goes on at 2026-03-20 10:10:00 UTC" in told.replace(
        "&#39;", "'"
    )


def test_import_that_ended_is_told(operator: FlaskClient, database: Database) -> None:
    told = page(operator, database, ENDED, import_started=NOW, pulled_at=NOW)
    assert "Its past was imported on 20 Mar 2026: 20,000 issues and 60,000 label events, in 880 pages." in told
    assert "being read" not in told


def test_repository_that_cannot_be_read_says_why_and_when_it_is_tried_again(
    operator: FlaskClient, database: Database
) -> None:
    problem = "reading /repos/<b>/issues: GitHub answered 410; issues are switched off in that repository"
    told = page(operator, database, pull_problem=problem, pull_failures=3, pull_not_before=LATER, pulled_at=NOW)
    assert "could not be read (3 attempts): reading /repos/&lt;b&gt;/issues: GitHub answered 410; issues are" in told
    assert "The next attempt is at 2026-03-20 10:10:00 UTC" in told
    assert "share of GitHub" not in told
    assert "not readable" in text_of(operator, "/")


def test_limited_installation_is_told_until_its_wait_is_over(operator: FlaskClient, database: Database) -> None:
    fill(database)
    for until, expected in ((LATER, True), (NOW, False)):
        with database.write() as session:
            session.get_one(Installation, 1).limited_until = until
        told = text_of(operator, PAGE)
        assert ("GitHub asked the App on northwind to slow down" in told) is expected
