"""What the benchmarks share: real issues, a repository with a trained champion, and a running bot."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot import storage
from bot.models import Installation, Label, LabelTruth, Repository, Truth
from bot.models import Issue as IssueRow
from bot.retraining import serve
from pipeline import registry, training
from pipeline.experiment_summary import student_interval
from pipeline.exports import read_issues
from pipeline.issues import Issue
from tests.live.process import Up
from tests.standin import StandIn

DATA = Path(__file__).parent.parent.parent / "shared" / "data" / "scikit-learn.jsonl.gz"
NAME = "octo/bench"
LABELS = ["Bug", "New Feature", "Documentation", "Build / CI", "Enhancement", "API", "Performance", "RFC", "Array API"]
LABELS += ["cython", "Regression", "module:ensemble", "module:linear_model", "module:metrics", "module:tree"]
HELD_OUT = 500  # newest issues, never trained on


def issues() -> tuple[list[Issue], list[Issue]]:
    """Return the earlier issues and the newest ones."""
    found = read_issues(DATA)
    return found[:-HELD_OUT], found[-HELD_OUT:]


def gain(values: NDArray[np.float64]) -> str:
    """Write the mean of gains, (seeds,), with its 95 % interval; one seed has none."""
    interval = student_interval(values)
    return f"{values.mean():+.3f}" + (" [{:+.3f}, {:+.3f}]".format(*interval) if interval else "")


def champion(earlier: Sequence[Issue]) -> training.Trained:
    """Return a `linear` model of all the earlier issues."""
    return training.train(earlier, training.Recipe("linear", {}, tuple(LABELS), 0), now=datetime.now(UTC))


@contextmanager
def bot(github: StandIn, model: training.Trained | None, **environ: str) -> Iterator[Up]:
    """Run `issue-tagger up` in a folder of its own, on one repository that `model` serves."""
    github.world.add_repository(NAME, LABELS)
    folder = Path(tempfile.mkdtemp(prefix="issue-tagger-bench-"))
    up = Up(github, folder, environ)
    try:
        up.database.migrate()
        _enrol(up, github, model, folder / "data" / "models")
        with up:
            yield up
    finally:
        github.webhooks.transport = None
        shutil.rmtree(folder)


def teach(up: Up, github: StandIn, history: Sequence[Issue]) -> None:
    """Let the bot know of labelled issues from before, so many that its next training takes a while."""
    repository_id = github.world.find(NAME).id
    with up.database.write() as session:
        for each in history:
            at = each.created_at
            values = {"number": -each.number, "title": each.title, "body": each.body, "author": "ghost"}
            session.add(IssueRow(repository_id=repository_id, **values, state="closed", created_at=at, updated_at=at))
            known = {"repository_id": repository_id, "number": -each.number, "truth": Truth.POSITIVE, "at": at}
            session.add_all(LabelTruth(**known, label=label) for label in each.labels if label in LABELS)


def _enrol(up: Up, github: StandIn, model: training.Trained | None, store: Path) -> None:
    found, now = github.world.find(NAME), datetime.now(UTC)
    with up.database.write() as session:
        session.add(Installation(id=found.installation_id, account=found.owner))
        session.flush()
        repo = Repository(id=found.id, installation_id=found.installation_id, full_name=NAME, enrolled_at=now)
        session.add(repo)
        session.flush()
        session.add_all(Label(repository_id=found.id, id=each.id, name=each.name) for each in found.labels.values())
        if model is not None:
            folder = registry.publish(store, model, metrics={})
            values = {"folder": folder.name, "method": "linear", "status": "challenger", "reason": "", "metrics": {}}
            values |= {"trained_on": model.issues, "held_out": 0, "created_at": now}
            values |= {"trained_until": datetime(2023, 1, 1, tzinfo=UTC)}  # so that a training can be due
            serve(session, repo, storage.add_model(session, repo.id, values), "benchmark", now=now)
