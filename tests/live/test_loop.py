"""The whole loop with real processes and real issues: from the first delivery to a better model on the dashboard."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from sqlalchemy import func, select

from bot.comments import MARKER
from bot.models import Delivery, LabelTruth, ModelVersion, Prediction, TrainingRun, Truth, Work
from pipeline.exports import read_issues
from pipeline.issues import Issue
from tests.live.process import Up, until
from tests.standin import StandIn

NAME = "octo/loop"
LABELS = ("Bug", "New Feature", "Documentation")
TAUGHT = 110  # issues that a person labels, more than a first training and its hold-out need


@pytest.fixture
def issues(data: Path) -> list[Issue]:
    """Real issues with exactly one of the labels."""
    found = read_issues(data / "scikit-learn.jsonl.gz")
    return [each for each in found if len(set(each.labels) & set(LABELS)) == 1]


@pytest.fixture
def github() -> Iterator[StandIn]:
    with StandIn() as standin:
        standin.world.add_repository(NAME, LABELS)
        yield standin


def open_and_label(github: StandIn, issue: Issue, *, at: datetime) -> None:
    """Open and label an issue, at a time of its own: who labels many issues within seconds is taken for a script."""
    number = github.people.open_issue(NAME, issue.title, body=issue.body, at=at).number
    label = next(name for name in issue.labels if name in LABELS)
    github.people.label(NAME, number, label, at=at + timedelta(seconds=30))


def unfinished(up: Up) -> int:
    with up.database.read() as session:
        open_ = Delivery.status.in_([Work.QUEUED, Work.RUNNING])
        return session.scalar(select(func.count()).select_from(Delivery).where(open_)) or 0


def champion(up: Up) -> ModelVersion | None:
    with up.database.read() as session:
        return session.scalar(select(ModelVersion).where(ModelVersion.status == "champion"))


def last_prediction(up: Up) -> Prediction:
    with up.database.read() as session:
        return session.scalars(select(Prediction).order_by(Prediction.id.desc()).limit(1)).one()


def dashboard(up: Up) -> str:
    """Sign in as the operator does, and return the repository's page."""
    link = up.sign_in_link()
    with requests.Session() as browser:
        assert browser.get(f"{up.url}/repositories/{NAME}", timeout=10).status_code == 401
        browser.get(link, timeout=10).raise_for_status()
        browser.post(link, timeout=10).raise_for_status()
        answer = browser.get(f"{up.url}/repositories/{NAME}", timeout=10)
        answer.raise_for_status()
        return answer.text


@pytest.mark.slow
def test_corrections_lead_to_a_better_model_in_service(github: StandIn, issues: list[Issue], tmp_path: Path) -> None:
    with Up(github, tmp_path, {"ISSUE_TAGGER_TIME_BUDGET": "1"}) as up:
        github.people.install("octo")
        first = github.people.open_issue(NAME, issues[0].title, body=issues[0].body)
        until(lambda: unfinished(up) == 0, "the first issue is handled")
        assert last_prediction(up).model_id is None, "the cold start serves first"
        assert len(first.comments) <= 1

        start = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=TAUGHT + 1)
        for place, issue in enumerate(issues[1 : TAUGHT + 1]):
            open_and_label(github, issue, at=start + timedelta(minutes=place))
        until(lambda: unfinished(up) == 0, "all is handled", timeout=240)
        until(lambda: champion(up), "a model is promoted", timeout=120)
        check_what_was_learnt(up)

        later = github.people.open_issue(NAME, issues[TAUGHT + 1].title, body=issues[TAUGHT + 1].body)
        until(lambda: last_prediction(up).number == later.number, "the model predicts")
        until(lambda: unfinished(up) == 0, "the prediction is written")
        serving = champion(up)
        assert serving is not None
        assert last_prediction(up).model_id == serving.id
        check_what_was_written(github)
        page = dashboard(up)
        assert f"model {serving.number} ({serving.method}) in service" in page
        assert "promoted: on" in page
        assert up.stop() == 0
        assert "Traceback" not in up.said()


def check_what_was_learnt(up: Up) -> None:
    with up.database.read() as session:
        mine = LabelTruth.truth == Truth.POSITIVE
        assert session.scalar(select(func.count()).select_from(LabelTruth).where(mine)) == TAUGHT
        model = session.scalars(select(ModelVersion).where(ModelVersion.status == "champion")).one()
        run = session.scalars(select(TrainingRun).where(TrainingRun.model_id == model.id)).one()
        assert model.metrics["average_precision"] > model.metrics["champion_average_precision"]
        assert model.held_out >= 50
        assert run.verdict == model.reason
        failed = session.scalars(select(Delivery.last_error).where(Delivery.status == Work.FAILED)).all()
        assert failed == []


def check_what_was_written(github: StandIn) -> None:
    """At most one comment an issue, ours, in the default mode; no label was put on by us."""
    for issue in github.world.find(NAME).issues.values():
        assert len(issue.comments) <= 1
        assert all(comment.body.startswith(MARKER) for comment in issue.comments)
        assert all(event.actor != github.world.bot for event in issue.events)
    paths = {re.sub(r"\d+", "N", each.path) for each in github.requests("POST")}
    assert paths <= {"/app/installations/N/access_tokens", f"/repos/{NAME}/issues/N/comments"}
