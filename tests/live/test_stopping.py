"""`issue-tagger up` is stopped: at once where nothing is in hand, and after what is."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.models import Delivery, Work
from bot.storage import inbox_counts
from tests.live.process import Up, until
from tests.standin import StandIn
from tests.standin.fixtures import NAME

AT_ONCE = 3.0  # seconds


@pytest.fixture
def github() -> Iterator[StandIn]:
    with StandIn() as standin:
        standin.world.add_repository(NAME, ["bug", "documentation", "question"])
        yield standin


def ready(up: Up) -> None:
    """Wait until every part waits for work."""
    until(lambda: up.said().count("consumer ready") == 2 and "scheduler ready" in up.said(), "all parts are ready")


def stop(up: Up) -> float:
    """Stop it; return how many seconds that took."""
    begun = time.monotonic()
    assert up.stop() == 0
    assert "part killed" not in up.said()
    return time.monotonic() - begun


def counts(up: Up) -> dict[str, int]:
    with up.database.read() as session:
        return inbox_counts(session)


@pytest.mark.slow
@pytest.mark.parametrize("answers", [True, False], ids=["github answers", "github is slow"])
def test_idle_it_stops_at_once(github: StandIn, tmp_path: Path, answers: bool) -> None:
    with Up(github, tmp_path) as up:
        if not answers:
            github.fail_next(100, "slow", seconds=6)
        ready(up)
        assert stop(up) < AT_ONCE


@pytest.mark.slow
def test_a_delivery_in_hand_is_finished(github: StandIn, tmp_path: Path) -> None:
    with Up(github, tmp_path) as up:
        github.people.install("octo")
        ready(up)
        until(lambda: "repository pulled" in up.said(), "the labels are known")
        github.fail_next(1, "slow", "/issues/1$", seconds=4)
        issue = github.people.open_issue(NAME, "Crash with a segfault on start")
        until(lambda: counts(up).get(Work.RUNNING), "it is in hand")
        stop(up)
        assert len(issue.comments) == 1
        with up.database.read() as session:
            (opened,) = session.query(Delivery).filter_by(action="opened")
        assert opened.status == Work.DONE
