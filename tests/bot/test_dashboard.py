import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.orm import Session

from bot.dashboard import formats, queries, views
from bot.database import Database
from bot.models import Installation, Promotion, Repository, TrainingRun, Truth
from tests.bot.dashboard_client import PAGE, PICTURE, fill, sign_in, text_of
from tests.bot.dashboard_data import NOW, delivery, demo, model, prediction, repository, truth

pytest_plugins = ["tests.bot.dashboard_fixtures"]


def test_hostile_text_is_shown_as_text(operator: FlaskClient, database: Database) -> None:
    evil = '<script>alert("$x$")</script>'
    fill(
        database,
        lambda s: prediction(s, 1, {evil: ("apply", 0.9)}, title=evil, not_written=evil),
        lambda s: truth(s, 1, {evil: Truth.POSITIVE}),
        lambda s: model(s, 1, method=evil, reason=evil, metrics={evil: 0.5}),
        lambda s: delivery(s, f"$(rm -rf ~); {evil}", status="failed", last_error=evil),
    )
    for path in ("/", PAGE, f"/repositories/no/{evil.replace('/', '')}"):
        assert "<script" not in operator.get(path).text
    page = operator.get(PAGE).text
    assert page.count("&lt;script&gt;") == 9
    assert "deliveries retry &#39;$(rm -rf ~); " in page


def test_precision_and_coverage_come_with_their_evidence(operator: FlaskClient, database: Database) -> None:
    def build(session: Session) -> None:
        for number in range(1, 11):
            prediction(session, number, {"bug": ("apply" if number < 6 else "withhold", 0.9)})
        for number, known in [(1, Truth.POSITIVE), (2, Truth.POSITIVE), (3, Truth.POSITIVE), (4, Truth.NEGATIVE)]:
            truth(session, number, {"bug": known})

    fill(database, build)
    page = text_of(operator)
    assert "75 % 95 % interval 30–95 % 3 right of 4 answered labels 1 label waiting for an answer" in page
    assert "50 % 95 % interval 24–76 % 5 of 10 issues" in page
    assert "75 % 30–95 % · 3 of 4 50 % 24–76 % · 5 of 10" in text_of(operator, "/")


def test_nothing_is_claimed_without_answers(operator: FlaskClient, database: Database) -> None:
    fill(database)
    assert "no answers yet No issue has been predicted yet" in text_of(operator)
    with database.write() as session:
        prediction(session, 1, {"bug": ("suggest", 0.5)})
    assert "no answers yet No label was sure enough so far" in text_of(operator)
    with database.write() as session:
        prediction(session, 2, {"bug": ("apply", 0.9)})
    assert "no answers yet Nobody has confirmed or contradicted a label so far" in text_of(operator)


def test_only_the_first_prediction_of_an_issue_counts(database: Database) -> None:
    fill(
        database,
        lambda s: prediction(s, 1, {"bug": ("withhold", 0.2)}),
        lambda s: prediction(s, 1, {"bug": ("apply", 0.9)}, at=NOW + timedelta(hours=1)),
        lambda s: truth(s, 1, {"bug": Truth.POSITIVE}),
    )
    with database.read() as session:
        (counted,) = queries.judged(session, {1: ()})[1]
    assert counted.decisions == {"bug": "withhold"}
    assert counted.truths == {"bug": Truth.POSITIVE}


def test_figures_are_of_the_latest_issues_only(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "COUNTED", 3)
    fill(database, lambda s: repository(s, 2, "northwind/teapot"))
    with database.write() as session:
        for number in range(1, 6):
            prediction(session, number, {"bug": ("apply", 0.9)})
        prediction(session, 9, {"bug": ("apply", 0.9)}, repo=2)
    with database.read() as session:
        found = queries.judged(session, {1: (), 2: ()})
    assert {key: [row.number for row in rows] for key, rows in found.items()} == {1: [3, 4, 5], 2: [9]}


def test_outcome_of_each_label_is_told_in_words(operator: FlaskClient, database: Database) -> None:
    guesses = {"bug": ("apply", 0.91), "api": ("suggest", 0.55), "docs": ("withhold", 0.12), "ui": ("withhold", 0.01)}
    fill(
        database,
        lambda s: prediction(s, 7, guesses, title="Timer beeps", not_written="the issue is closed"),
        lambda s: truth(s, 7, {"bug": Truth.POSITIVE, "api": Truth.NEGATIVE, "docs": Truth.POSITIVE}),
        lambda s: prediction(s, 8, {"bug": ("suggest", 0.5)}),
        lambda s: prediction(s, 9, {"bug": ("withhold", 0.3), "api": ("withhold", 0.1)}),
    )
    page = text_of(operator)
    assert "#7 Timer beeps bug 91 % apply right api 55 % suggest wrong docs 12 % withheld missed not written" in page
    assert "not written: the issue is closed" in page
    assert "bug 50 % suggest waiting" in page
    assert "nothing sure enough; most probable: bug 30 %" in page
    assert 'href="https://github.com/northwind/kettle/issues/7"' in operator.get(PAGE).text


@pytest.mark.parametrize(("mode", "told"), [("suggest", True), ("shadow", True), ("apply", False)])
def test_page_says_when_labels_were_not_really_applied(operator, database, mode: str, told: bool) -> None:
    fill(database, lambda s: repository(s, 2, "northwind/teapot", mode=mode))
    page = text_of(operator, "/repositories/northwind/teapot")
    assert ("that would have been applied" in page) is told
    assert f"{mode} mode" in page


def test_page_tells_what_is_wrong_with_the_repositorys_own_configuration(operator, database) -> None:
    problems = ["northwind/teapot/.github/issue-tagger.yml, line 2: there is no setting '<b>'"]
    fill(database, lambda s: repository(s, 2, "northwind/teapot", config_problems=problems))
    page = operator.get("/repositories/northwind/teapot").text
    assert "line 2: there is no setting &#39;&lt;b&gt;&#39;" in page
    assert "cannot be used:" in page


def test_mode_of_the_repositorys_own_configuration_is_shown(operator, database) -> None:
    own = {"mode": None, "config": "mode: shadow\nlabels: {exclude: [bugg]}"}
    own["config_path"] = "northwind/teapot/.github/issue-tagger.yml"
    fill(database, lambda s: repository(s, 2, "northwind/teapot", **own))
    assert "shadow mode" in text_of(operator, "/repositories/northwind/teapot")
    assert "none of the labels here is called: bugg" in text_of(operator, "/repositories/northwind/teapot")
    assert "Configured by northwind/teapot/.github/issue-tagger.yml" in text_of(
        operator, "/repositories/northwind/teapot"
    )


def test_what_the_operator_set_for_the_repository_is_named(operator: FlaskClient, database: Database) -> None:
    fill(database, lambda s: repository(s, 2, "northwind/teapot", mode=None))
    assert "set by the operator" not in text_of(operator, "/repositories/northwind/teapot")
    with database.write() as session:
        row = session.get_one(Repository, 2)
        row.mode, row.apply_precision, row.taxonomy = "suggest", 0.95, ["bug"]
    told = "mode, apply precision, labels: set by the operator with issue-tagger configure , which goes before the"
    assert told in text_of(operator, "/repositories/northwind/teapot")


def test_list_says_of_each_repository_why_little_happens_there(operator: FlaskClient, database: Database) -> None:
    fill(
        database,
        lambda s: repository(s, 2, "northwind/a", paused_at=NOW),
        lambda s: repository(s, 3, "northwind/b", stopped="this repository is archived"),
        lambda s: repository(s, 4, "northwind/c", config_problems=["line 2: no"]),
    )
    page = text_of(operator, "/")
    assert "northwind/a paused by a maintainer none applied" in page
    assert "northwind/b stopped: this repository is archived none applied" in page
    assert "northwind/c configuration cannot be used none applied" in page
    assert "northwind/kettle none applied" in page


def test_suspended_app_is_not_to_be_installed(operator: FlaskClient, database: Database) -> None:
    fill(database)
    with database.write() as session:
        session.get_one(Installation, 1).suspended_at = NOW
    page = text_of(operator, "/")
    assert "suspended on northwind" in page
    assert "No repository yet" not in page


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"config_problems": ["line 2: no"]}, True),
        ({"stopped": "this repository is archived"}, True),
        ({"pull_problem": "no access"}, True),
        ({"paused_at": NOW}, False),
    ],
)
def test_problems_look_like_errors(operator, database, columns: dict[str, object], problem: bool) -> None:
    fill(database, lambda s: repository(s, 2, "northwind/teapot", **columns))
    assert ('class="notice error"' in operator.get("/repositories/northwind/teapot").text) is problem


def test_models_training_and_inbox_are_told(operator: FlaskClient, database: Database) -> None:
    def build(session: Session) -> None:
        made = model(session, 4, reason="0.71 is better than 0.64", status="champion")
        session.add(Promotion(repository_id=1, model_id=made.id, reason="better", at=NOW - timedelta(days=3)))
        columns = {"requested_at": NOW, "due_at": NOW, "labels_known": 1, "why": "71 new labels"}
        session.add(TrainingRun(repository_id=1, status="running", progress=0.62, **columns))
        error = {"status": "failed", "attempts": 8, "last_error": "GitHub answered 503"}
        delivery(session, "7f0c31d2", **error)
        delivery(session, "other", repo=99, **error)

    fill(database, build)
    page = text_of(operator)
    assert "micro F1 0.710 (0.640) 0.71 is better than 0.64 3 d ago" in page
    assert "running 62 % 62 % 71 new labels" in page
    assert "Next: northwind/kettle after 22 more labels" in page
    assert "failed 1" in page
    assert "8 GitHub answered 503 issue-tagger deliveries retry 7f0c31d2" in page
    assert "failed 2" in text_of(operator, "/")


def test_how_the_method_in_service_was_chosen_is_told(operator, database: Database, tmp_path: Path) -> None:
    def build(session: Session) -> None:
        made = model(session, 1, folder="blend-1", status="champion")
        session.get_one(Repository, 1).champion_id = made.id

    evil = "<script>"
    measured = {"issues": 90, "seconds": 1.5, "micro_f1": 0.5, "macro_f1": 0.25, "average_precision": 0.75}
    table = [
        {"name": "linear", "what": "words", "state": "chosen", "why": "", **measured},
        {"name": evil, "what": evil, "state": "failed", "why": "no checkpoint", **dict.fromkeys(measured)},
    ]
    told = {"why": "linear is the best", "table": table, "left_out": {"stale": "no method beats chance"}}
    fill(database, build)
    assert "How the method was chosen" not in text_of(operator)
    (tmp_path / "models" / "blend-1").mkdir(parents=True)
    (tmp_path / "models" / "blend-1" / "manifest.json").write_text(json.dumps({"selection": told}))
    page = text_of(operator)
    assert "linear is the best." in page
    assert "Measured on 90 issues linear words chosen 90 1.5 0.500 0.250 0.750 Not measured" in page
    assert "failed — — — — — no checkpoint" in page
    assert "1 label not learnt, and why stale : no method beats chance" in page
    assert evil not in operator.get(PAGE).text


def test_unknown_repository_is_not_found(operator: FlaskClient, database: Database) -> None:
    fill(database)
    for path in ("/repositories/no/such", "/repositories/no/such/accuracy.svg"):
        answer = operator.get(path)
        assert answer.status_code == 404
        assert "no/such" in answer.text


def test_without_an_app_it_says_what_to_do_next(make_client, database: Database) -> None:
    client = make_client(app=None)
    assert "WEBHOOK_SECRET" in client.get("/").text
    sign_in(client, database)
    page = text_of(client, "/")
    assert "connect a GitHub App" in page
    assert "issue-tagger replay issues.json" in page


def test_with_an_app_and_no_repository_it_says_so(operator: FlaskClient) -> None:
    page = text_of(operator, "/")
    assert "No repository yet" in page
    assert "connect a GitHub App" not in page


@pytest.mark.parametrize(
    ("metrics", "shown"),
    [
        ({"micro_f1": 0.7, "champion_micro_f1": 0.6}, [("micro F1", 0.7, 0.6)]),
        ({"micro_f1": 0.7, "labels": ["bug"], "fitted": True}, [("micro F1", 0.7, None)]),
        ({}, []),
    ],
)
def test_metrics_are_shown_beside_the_champions(metrics: dict[str, object], shown: list[object]) -> None:
    assert formats.metrics(metrics) == shown


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (-5, "just now"),
        (0, "just now"),
        (59, "59 s ago"),
        (7199, "1 h ago"),
        (86400 * 3, "3 d ago"),
        (6e6, "9 Jan 2026"),
    ],
)
def test_age_is_told_in_one_unit(seconds: float, told: str) -> None:
    assert formats.ago(NOW - timedelta(seconds=seconds), NOW) == told


@pytest.mark.parametrize(
    ("api", "site"),
    [("https://api.github.com", "https://github.com"), ("https://ghe.example.org/api/v3", "https://ghe.example.org")],
)
def test_links_lead_to_the_right_github(api: str, site: str) -> None:
    assert views.web_address(api) == site


# --- the picture


def test_picture_is_described_and_tabled(operator: FlaskClient, database: Database) -> None:
    with database.write() as session:
        demo(session, issues=200)
    page = operator.get(PAGE).text
    assert 'alt="Line chart over 200 issues: precision from ' in page
    assert "Promotions: model 1 after 60 issues; model 2 after 170 issues" in page
    assert page.count('<th scope="row">20</th>') == 1


@pytest.mark.parametrize("theme", ["", "?theme=dark"])
def test_picture_is_an_svg_with_a_policy_of_its_own(operator, database: Database, theme: str) -> None:
    with database.write() as session:
        demo(session, issues=200)
    answer = operator.get(PICTURE + theme)
    assert answer.mimetype == "image/svg+xml"
    assert answer.data.startswith(b"<?xml")
    assert b"<script" not in answer.data
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_there_is_no_picture_of_too_little(operator: FlaskClient, database: Database) -> None:
    fill(database, lambda s: prediction(s, 1, {"bug": ("apply", 0.9)}))
    assert "Shown from 20 predicted issues on; so far there is 1." in text_of(operator)
    assert operator.get(PICTURE).status_code == 404


# --- what it costs


@contextmanager
def count_queries(database: Database) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield seen
    event.remove(database.engine, "before_cursor_execute", note)


@pytest.mark.parametrize("path", ["/", PAGE])
def test_number_of_queries_does_not_grow(operator: FlaskClient, database: Database, path: str) -> None:
    fill(database, lambda s: prediction(s, 1, {"bug": ("apply", 0.9)}), lambda s: model(s, 1))
    with count_queries(database) as before:
        operator.get(path)
    with database.write() as session:
        for number in range(2, 40):
            prediction(session, number, {"bug": ("apply", 0.9), "api": ("suggest", 0.5)})
            truth(session, number, {"bug": Truth.POSITIVE})
            delivery(session, f"failed-{number}", status="failed")
            repository(session, number, f"northwind/tray-{number}")
            model(session, number)
    with count_queries(database) as after:
        operator.get(path)
    assert len(after) == len(before) < 17


def test_lists_are_bounded(operator: FlaskClient, database: Database) -> None:
    with database.write() as session:
        demo(session, issues=60)
        for number in range(10, 40):
            model(session, number, reason="one of many")
    page = operator.get(PAGE).text
    assert page.count("/northwind/kettle/issues/") == queries.LATEST
    assert page.count("one of many") == queries.ROWS


def test_web_process_stays_light() -> None:
    heavy = "'torch', 'transformers', 'sklearn', 'onnxruntime', 'scipy', 'matplotlib'"
    code = f"import sys, bot.dashboard; print(sorted({{{heavy}}} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
