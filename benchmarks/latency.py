"""From a signed `issues.opened` to the label on GitHub: idle, and while a training runs. `--issues N` (200) of each."""

import argparse
import sys
import time
from collections.abc import Sequence

import numpy as np
from sqlalchemy import func, select

from benchmarks.setting import NAME, bot, champion, issues, teach
from bot.models import Delivery, Prediction, TrainingRun, Work
from pipeline.issues import Issue
from tests.live.process import Up, until
from tests.standin import StandIn

MODES = {"ISSUE_TAGGER_MODE": "apply", "ISSUE_TAGGER_APPLY_PRECISION": "0.7"}  # so that most issues get a label


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--issues", type=int, default=200)
    count = parser.parse_args().issues
    earlier, later = issues()
    model = champion(earlier)
    with StandIn() as github, bot(github, model, **MODES) as up:
        send(github, up, later[:5])
        report("idle", send(github, up, later[5 : count + 5]))
        teach(up, github, earlier)
        report("while a training runs", send(github, up, later[-count:], training=True))
    return 0


def send(github: StandIn, up: Up, chosen: Sequence[Issue], *, training: bool = False) -> list[float]:
    """Open issues one after the other; return the seconds from sending to the label, where there was one.

    With `training`, wait for one to begin, and end with it.
    """
    seconds: list[float] = []
    if training:
        until(lambda: trains(up), "a training runs", timeout=120)
    for issue in chosen:
        if training and not trains(up):
            break
        begun, before = time.monotonic(), len(github.log)
        number = github.people.open_issue(NAME, issue.title, body=issue.body).number
        until(lambda n=number: settled(up, n), f"issue {number} is handled", every=0.01)
        writes = [each for each in github.log[before:] if each.path.endswith(f"/issues/{number}/labels")]
        writes = [each for each in writes if each.method == "POST"]
        seconds += [writes[0].at - begun] if writes else []
    return seconds


def settled(up: Up, number: int) -> bool:
    with up.database.read() as session:
        done = select(Delivery.id).join(Prediction, Prediction.delivery_id == Delivery.id)
        return session.scalar(done.where(Prediction.number == number, Delivery.status == Work.DONE)) is not None


def trains(up: Up) -> bool:
    with up.database.read() as session:
        running = select(func.count()).select_from(TrainingRun).where(TrainingRun.status == Work.RUNNING)
        return bool(session.scalar(running))


def report(what: str, seconds: list[float]) -> None:
    median, most = np.percentile(seconds, [50, 99])
    sys.stdout.write(
        f"{what}: {len(seconds)} labels, p50 {median:.2f} s, p99 {most:.2f} s, most {max(seconds):.2f} s\n"
    )
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
