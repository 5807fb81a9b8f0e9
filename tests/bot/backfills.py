"""What tests of the backfill ask for and look at; the repository with a past is a fixture, `old`."""

from bot import handling, scheduler
from bot.cli import main
from bot.models import BACKFILL, Prediction
from tests.bot.usecases import Tagger
from tests.standin.fixtures import NAME


def ask(*more: str) -> int:
    return main([BACKFILL, "--repo", NAME, *more])


def rows(out: str) -> dict[str, str]:
    """Return what the command said would be written, by issue."""
    return {line.split()[0]: line.rpartition("  ")[2] for line in out.splitlines() if line.startswith("#")}


def work(tagger: Tagger, *, minutes: int = 2, step: int = 10) -> None:
    """Let scheduler and worker do what is due, every `step` seconds."""
    for _ in range(minutes * 60 // step):
        calls: list[str | int] = []
        scheduler.sweep(tagger.context, call_worker=calls.append, call_trainer=calls.append)
        for key in calls:
            handling.handle(tagger.context, str(key))
        tagger.clock.move(seconds=step)
    tagger.catch_up()


def names(tagger: Tagger) -> list[set[str]]:
    return [tagger.issue(number).names() for number in range(1, 6)]


def wrote(tagger: Tagger) -> list[Prediction]:
    return [each for each in tagger.rows(Prediction) if each.written_at]
