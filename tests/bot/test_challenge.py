"""A challenger is trained, compared with the champion on later issues, and promoted or refused."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from bot import challenge, leases, retraining
from bot.challenge import align, compare, split
from bot.errors import BotError
from bot.models import Issue as IssueRow
from bot.models import Label, LabelTruth, ModelVersion, Promotion, TrainingRun, Truth, Work
from pipeline import registry, selection
from pipeline.choice import Choice
from pipeline.issues import Issue
from pipeline.methods.naive_bayes import NaiveBayes
from pipeline.training import Recipe
from tests.bot.usecases import CRASH, Tagger, invented
from tests.standin.fixtures import NAME

# --- the split


def test_a_first_challenger_leaves_a_quarter_of_the_issues_for_the_hold_out() -> None:
    issues = invented(400)
    parts = split(issues, None)
    assert (len(parts.training), len(parts.holdout)) == (300, 100)
    assert [*parts.training, *parts.holdout] == issues


def test_the_hold_out_is_later_than_all_that_champion_and_challenger_learnt_from() -> None:
    issues = invented(400)
    until = issues[249].created_at
    parts = split(issues, until)
    assert len(parts.holdout) == 75, "half of what the champion has not seen"
    first = min(issue.created_at for issue in parts.holdout)
    assert first > until
    assert first > max(issue.created_at for issue in parts.training)


@pytest.mark.parametrize(("count", "expected"), [(100, 50), (240, 60), (2000, 300)])
def test_the_hold_out_has_at_least_50_and_at_most_300_issues(count: int, expected: int) -> None:
    assert len(split(invented(count), None).holdout) == expected


def test_too_few_later_issues_are_an_error_that_says_how_many_are_needed() -> None:
    issues = invented(100)
    with pytest.raises(BotError, match=r"only 49 labelled issues .* 50 are needed"):
        split(issues, issues[50].created_at)


def test_issues_of_the_same_moment_are_not_parted() -> None:
    issues = invented(100)
    same = [replace(issue, created_at=issues[50].created_at) for issue in issues[45:55]]
    parts = split([*issues[:45], *same, *issues[55:]], None)
    assert max(issue.created_at for issue in parts.training) < min(issue.created_at for issue in parts.holdout)


def test_issues_without_a_label_train_but_do_not_judge() -> None:
    issues = [replace(issue, labels=()) if issue.number % 2 else issue for issue in invented(200)]
    parts = split(issues, None)
    assert all(issue.labels for issue in parts.holdout)
    assert any(not issue.labels for issue in parts.training)


# --- the comparison


def test_what_is_better_beyond_doubt_is_promoted_and_what_is_not_is_refused() -> None:
    y = np.eye(3, dtype=np.int8)[np.arange(60) % 3]
    good, bad = (np.where(y == right, 0.9, 0.1).astype(np.float32) for right in (1, 0))
    better, worse, same = compare(y, bad, good, seed=0), compare(y, good, bad, seed=0), compare(y, good, good, seed=0)
    assert (better.promote, worse.promote, same.promote) == (True, False, False)
    assert better.reason.startswith("promoted: on 60 later issues: average precision 1.000 against ")
    assert worse.reason.startswith("refused: ")
    assert (better.metrics["average_precision"], better.metrics["probability_better"]) == (1.0, 1.0)


def test_a_model_that_is_as_good_as_the_cold_start_takes_its_place_and_a_worse_one_does_not() -> None:
    y = np.eye(3, dtype=np.int8)[np.arange(60) % 3]
    good = np.where(y == 1, 0.9, 0.1).astype(np.float32)
    same, worse = compare(y, good, good, seed=0, cold=True), compare(y, good, 1 - good, seed=0, cold=True)
    assert (same.promote, worse.promote) == (True, False)
    assert "of the cold start, no worse in 100% of the resamples (50% asked for)" in same.reason


def test_labels_that_a_model_does_not_know_are_improbable() -> None:
    p = np.array([[0.1, 0.2]], dtype=np.float32)
    assert align((["b", "gone"], p), ["a", "b"]).tolist() == [[0.0, pytest.approx(0.1)]]


# --- a whole run


def request(tagger: Tagger) -> int:
    with tagger.context.database.write() as session:
        run = retraining.request(session, tagger.repo, tagger.context.settings, now=tagger.clock())
    assert run is not None
    return run.id


def test_the_first_challenger_beats_the_cold_start_and_serves(tagger: Tagger) -> None:
    issues = tagger.learn(120)
    run_id = request(tagger)
    challenge.run(tagger.context, run_id)
    (model,), run = tagger.rows(ModelVersion), tagger.row(TrainingRun, run_id)
    assert (run.status, run.model_id, run.verdict, run.progress) == (Work.DONE, model.id, model.reason, 1.0)
    assert (model.status, model.number, model.method) == ("champion", 1, "naive_bayes")
    assert (model.trained_on, model.held_out, model.trained_until) == (70, 50, issues[69].created_at)
    assert tagger.repo.champion_id == model.id
    assert [promotion.model_id for promotion in tagger.rows(Promotion)] == [model.id]
    number = tagger.open(CRASH)
    assert tagger.prediction(number).model_id == model.id


def test_a_run_is_done_once(tagger: Tagger) -> None:
    tagger.learn(120)
    run_id = request(tagger)
    for _ in range(2):
        challenge.run(tagger.context, run_id)
    assert len(tagger.rows(ModelVersion)) == 1


def test_a_challenger_that_is_no_better_is_refused_with_the_reason(tagger: Tagger) -> None:
    issues = tagger.learn(200)
    champion = tagger.serve(until=issues[60].created_at)
    run_id = request(tagger)
    challenge.run(tagger.context, run_id)
    refused = tagger.rows(ModelVersion)[-1]
    assert (refused.status, tagger.repo.champion_id) == ("refused", champion)
    assert refused.reason.startswith("refused: on 69 later issues: average precision ")
    assert tagger.row(TrainingRun, run_id).verdict == refused.reason
    assert len(tagger.rows(Promotion)) == 1


def test_labels_of_the_taxonomy_alone_are_learnt(tagger: Tagger) -> None:
    tagger.enrol(taxonomy=["BUG", "documentation"])
    tagger.learn(160)
    challenge.run(tagger.context, request(tagger))
    number = tagger.open(CRASH)
    assert set(tagger.guesses(number)) == {"bug", "documentation"}


def blank(tagger: Tagger, numbers: range, at: datetime) -> None:
    """Let the bot know of issues whose labels nobody has said anything about."""
    with tagger.context.database.write() as session:
        for number in numbers:
            about = {"number": number, "title": f"blank {number}", "body": "", "state": "open", "author": "ada"}
            session.add(IssueRow(repository_id=tagger.repo.id, **about, created_at=at, updated_at=at))


def test_issues_that_nobody_labelled_are_given_as_such_if_older_than_the_hold_out(
    tagger: Tagger, monkeypatch: pytest.MonkeyPatch
) -> None:
    issues, given = tagger.learn(120), []
    blank(tagger, range(900, 905), issues[60].created_at)
    blank(tagger, range(910, 915), issues[110].created_at)
    fit = NaiveBayes.fit

    def watched(self: NaiveBayes, *arguments: Any, **options: Any) -> NaiveBayes:
        given.append([each.number for each in options["unlabeled"]])
        return fit(self, *arguments, **options)

    monkeypatch.setattr(NaiveBayes, "fit", watched)
    challenge.run(tagger.context, request(tagger))
    assert given
    assert all(numbers == [900, 901, 902, 903, 904] for numbers in given)


def test_labels_that_too_few_issues_have_are_told_with_the_model(tagger: Tagger) -> None:
    tagger.learn(120)
    with tagger.context.database.write() as session:
        session.add(Label(repository_id=tagger.repo.id, id=99, name="good first issue"))
        key = {"repository_id": tagger.repo.id, "number": 3, "label": "good first issue"}
        session.add(LabelTruth(**key, truth=Truth.POSITIVE, at=tagger.clock()))
    challenge.run(tagger.context, request(tagger))
    (model,) = tagger.rows(ModelVersion)
    about = registry.manifest(tagger.context.settings.models_dir / model.folder)
    assert about["selection"]["left_out"] == {"good first issue": "1 issue has it; 5 or more are needed"}


def test_method_is_chosen_by_evidence_within_the_time_that_is_set(
    tagger: Tagger, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[selection.Wanted] = []

    def choose(issues: list[Issue], wanted: selection.Wanted, **more: Any) -> tuple[Recipe, Choice]:
        given.append(wanted)
        choice = Choice("naive_bayes", {}, wanted.labels[:1], "it is quick", (), {"a": "b"})
        return Recipe("naive_bayes", {}, choice.labels, wanted.seed), choice

    monkeypatch.setattr(selection, "choose_for", choose)
    settings = replace(tagger.context.settings, method="auto", time_budget=timedelta(minutes=3))
    tagger.context = replace(tagger.context, settings=settings)
    tagger.learn(120)
    challenge.run(tagger.context, request(tagger))
    (model,) = tagger.rows(ModelVersion)
    about = registry.manifest(settings.models_dir / model.folder)
    assert [wanted.seconds for wanted in given] == [180]
    assert (about["why"], about["selection"]["left_out"], len(about["labels"])) == ("it is quick", {"a": "b"}, 1)


def test_a_training_that_fails_is_visible(tagger: Tagger) -> None:
    issues = tagger.learn(200)
    champion = tagger.serve(until=issues[60].created_at)
    for file in tagger.context.settings.models_dir.glob("*/manifest.json"):
        file.unlink()
    run_id = request(tagger)
    challenge.run(tagger.context, run_id)
    run = tagger.row(TrainingRun, run_id)
    assert (run.status, run.finished_at, run.model_id) == (Work.FAILED, tagger.clock.at, None)
    assert run.last_error.startswith("model: ")
    assert tagger.repo.champion_id == champion


def test_a_training_without_a_label_to_learn_says_so(tagger: Tagger) -> None:
    tagger.enrol(taxonomy=[])
    tagger.learn(120)
    run_id = request(tagger)
    challenge.run(tagger.context, run_id)
    run = tagger.row(TrainingRun, run_id)
    assert run.finished_at == tagger.clock.at
    assert "no label" in (run.verdict or run.last_error or "")
    assert tagger.rows(ModelVersion) == []


def test_a_training_that_kills_its_trainers_is_given_up(tagger: Tagger) -> None:
    tagger.learn(120)
    run_id = request(tagger)
    for _ in range(challenge.MOST_ATTEMPTS):
        with tagger.context.database.write() as session:
            assert leases.claim(session, TrainingRun, run_id, now=tagger.clock(), lease=challenge.LEASE)
        tagger.clock.move(minutes=3)
    challenge.run(tagger.context, run_id)
    assert tagger.row(TrainingRun, run_id).status == Work.FAILED


# --- what happens meanwhile


def trained(tagger: Tagger) -> tuple[TrainingRun, challenge._Result]:
    """Return a run whose training is over, and its result, just before it is concluded."""
    tagger.learn(120)
    run_id = request(tagger)
    with tagger.context.database.write() as session:
        row = leases.claim(session, TrainingRun, run_id, now=tagger.clock(), lease=challenge.LEASE)
    assert row is not None
    return row, challenge._train(tagger.context, row)


def test_a_trainer_that_was_taken_over_cannot_conclude(tagger: Tagger) -> None:
    row, result = trained(tagger)
    tagger.clock.move(minutes=3)
    with tagger.context.database.write() as session:
        leases.claim(session, TrainingRun, row.id, now=tagger.clock(), lease=challenge.LEASE)
    with pytest.raises(challenge.LostLeaseError):
        challenge._conclude(tagger.context, row, result)
    assert tagger.rows(ModelVersion) == []
    assert tagger.repo.champion_id is None


def test_a_challenger_is_refused_where_another_model_came_into_service_meanwhile(tagger: Tagger) -> None:
    row, result = trained(tagger)
    other = tagger.serve()
    challenge._conclude(tagger.context, row, result)
    assert tagger.repo.champion_id == other
    model = tagger.rows(ModelVersion)[-1]
    assert (model.id == other, model.status) == (False, "refused")
    assert model.reason.startswith("refused: another model came into service")
    assert [promotion.model_id for promotion in tagger.rows(Promotion)] == [other]


def test_names_that_change_while_a_model_is_trained_are_told_apart(
    tagger: Tagger, monkeypatch: pytest.MonkeyPatch
) -> None:
    tagger.learn(240)
    fit = challenge._fit

    def rename_and_fit(*given: Any) -> Any:
        for old, new in (("bug", "defect"), ("question", "bug")):
            tagger.clock.move(minutes=1)
            tagger.github.people.rename_label(NAME, old, new)
            tagger.catch_up()
        tagger.clock.move(minutes=1)
        return fit(*given)

    monkeypatch.setattr(challenge, "_fit", rename_and_fit)
    challenge.run(tagger.context, request(tagger))
    assert tagger.repo.champion_id
    guesses = tagger.guesses(tagger.open(CRASH))
    assert max(guesses, key=lambda name: guesses[name].probability) == "defect"
