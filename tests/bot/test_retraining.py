"""Whether a training is due, and which model version serves."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot import retraining, storage
from bot.errors import NotFoundError
from bot.models import ModelVersion, Promotion, Repository, TrainingRun
from bot.retraining import State, due
from bot.settings import Settings
from tests.bot.usecases import START, Tagger

SETTINGS = Settings(retrain_labels=20, retrain_share=0.15, retrain_after=timedelta(days=7))
READY = State(decisions=100, decisions_before=0, last_requested_at=None, running=False, fresh=70, labelled=70)
AGAIN = replace(READY, decisions=210, decisions_before=200, last_requested_at=START - timedelta(days=1), labelled=200)


@pytest.mark.parametrize(
    ("state", "now", "why"),
    [
        (READY, True, "100 label decisions of people are known; 20 are enough for the first training"),
        (replace(READY, running=True), False, "a training is under way"),
        (replace(READY, labelled=69), False, "1 more labelled issues are needed for the first training"),
        (replace(READY, fresh=49, labelled=300), False, "1 more labelled issues are needed"),
        (replace(READY, fresh=40, labelled=40), False, "30 more labelled issues are needed"),
        (
            replace(READY, decisions=19),
            False,
            "19 label decisions of people are known; at 20 the first training",
        ),
        (replace(READY, decisions=20), True, "20 are enough"),
        (AGAIN, False, "10 new label decisions since the last training; at 30 the next begins"),
        (replace(AGAIN, fresh=40), False, "needed for a training and a hold-out that is later: 20 to learn from, 50"),
        (replace(AGAIN, decisions=229), False, "at 30 the next begins"),
        (replace(AGAIN, decisions=230), True, "30 are enough"),
        (replace(AGAIN, last_requested_at=START - timedelta(days=7)), True, "and 7 days since the last training"),
        (replace(AGAIN, last_requested_at=START - timedelta(days=7), decisions=200), False, "0 new label decisions"),
        (replace(AGAIN, decisions=190), False, "-10 new label decisions"),
    ],
)
def test_a_training_is_due_when_there_is_enough_that_is_new(state: State, now: bool, why: str) -> None:
    verdict = due(START, state, SETTINGS)
    assert verdict.now is now
    assert why in verdict.why


def ask(tagger: Tagger) -> TrainingRun | None:
    with tagger.context.database.write() as session:
        return retraining.request(session, tagger.repo, tagger.context.settings, now=tagger.clock())


def test_a_training_that_is_due_is_queued_once(tagger: Tagger) -> None:
    tagger.learn(80)
    run = ask(tagger)
    assert run is not None
    assert (run.subject, run.labels_known, run.status) == (str(tagger.repo.id), 80, "queued")
    assert ask(tagger) is None
    assert len(tagger.rows(TrainingRun)) == 1


def test_a_training_that_is_not_due_is_not_queued(tagger: Tagger) -> None:
    tagger.learn(69)
    assert ask(tagger) is None


def test_only_issues_later_than_what_the_champion_learnt_from_are_fresh(tagger: Tagger) -> None:
    issues = tagger.learn(100)
    tagger.serve(until=issues[79].created_at)
    with tagger.context.database.read() as session:
        state = retraining.state_of(session, tagger.repo)
    assert (state.fresh, state.labelled, state.decisions) == (20, 100, 100)


# --- which version serves


def roll_back(tagger: Tagger, to: int | None = None) -> str:
    with tagger.context.database.write() as session:
        repo = session.get_one(Repository, tagger.repo.id)
        return retraining.roll_back(session, repo, to=to, now=tagger.clock())


def serving(tagger: Tagger) -> int:
    """Return the number of the model version in service, 0 for the cold start."""
    with tagger.context.database.read() as session:
        champion = storage.champion(session, tagger.repo)
    return champion.number if champion else 0


def statuses(tagger: Tagger) -> list[str]:
    return [model.status for model in tagger.rows(ModelVersion)]


def test_the_model_that_served_before_is_retired(tagger: Tagger) -> None:
    tagger.serve()
    tagger.serve()
    assert statuses(tagger) == ["retired", "champion"]
    assert serving(tagger) == 2
    assert [promotion.reason for promotion in tagger.rows(Promotion)] == ["a test", "a test"]


def test_rolling_back_goes_to_what_served_before(tagger: Tagger) -> None:
    tagger.serve()
    tagger.serve()
    assert roll_back(tagger) == "octo/demo: model 1 is in service"
    assert statuses(tagger) == ["champion", "retired"]
    assert tagger.rows(Promotion)[-1].reason == "rolled back to model 1 by the operator"


def test_the_first_model_is_rolled_back_to_the_cold_start(tagger: Tagger) -> None:
    tagger.serve()
    assert roll_back(tagger) == "octo/demo: the cold start is in service"
    assert (serving(tagger), statuses(tagger)) == (0, ["retired"])
    with pytest.raises(NotFoundError, match="nothing to roll back to"):
        roll_back(tagger)


def test_any_version_can_be_asked_for_by_number(tagger: Tagger) -> None:
    for _ in range(3):
        tagger.serve()
    for number in (1, 0, 3):
        roll_back(tagger, number)
        assert serving(tagger) == number
    with pytest.raises(NotFoundError, match="no model version 4; there are: 1, 2, 3"):
        roll_back(tagger, 4)
    assert serving(tagger) == 3


def test_a_version_that_was_never_in_service_is_not_rolled_back_to(tagger: Tagger) -> None:
    for _ in range(2):
        tagger.serve()
    with tagger.context.database.write() as session:
        champion = storage.champion(session, tagger.repo)
        columns = ("folder", "method", "metrics", "trained_on", "trained_until", "held_out", "created_at")
        values = {name: getattr(champion, name) for name in columns}
        storage.add_model(session, tagger.repo.id, {**values, "status": "refused", "reason": "refused: no better"})
    with pytest.raises(NotFoundError, match="model 3 was never in service; these were: 1, 2; 0 is the cold start"):
        roll_back(tagger, 3)
    assert (serving(tagger), statuses(tagger)) == (2, ["retired", "champion", "refused"])
