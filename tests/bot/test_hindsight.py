"""What a new model would have done with later issues: counted honestly, shown on the dashboard, written nowhere."""

from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from bot import challenge, hindsight, retraining
from bot.accuracy import Tally
from bot.database import Database
from bot.hindsight import look_back
from bot.models import HINDSIGHT, Issue, ModelVersion, Promotion, Repository
from bot.repo_config import RepoConfig
from pipeline.decisions import PrecisionTargets
from pipeline.issues import Issue as Told
from tests.bot.dashboard_client import PAGE, fill, text_of
from tests.bot.dashboard_data import NOW, model
from tests.bot.usecases import ASK, BOTH, CRASH, START, TYPO, Tagger, small_model
from tests.standin.fixtures import LABELS

pytest_plugins = ["tests.bot.dashboard_fixtures"]


def told(number: int, text: str, *labels: str, **more: object) -> Told:
    return Told(number=number, title=text, labels=labels, created_at=START + timedelta(days=number), **more)


LATER = [
    told(1, CRASH, "bug"),
    told(2, CRASH, "question"),
    told(3, CRASH),
    told(4, TYPO, removed=("documentation",)),
    told(5, ASK, "question"),
    told(6, "lorem ipsum", "bug"),
]


def look(later: list[Told] = LATER, **own: object) -> dict[str, object]:
    return look_back(small_model(), later, PrecisionTargets(), RepoConfig(**own), LABELS)


def test_right_wrong_and_unanswered_are_told_apart_and_coverage_is_of_all_issues() -> None:
    found = look()
    applied, suggested = Tally(**found["apply"]), Tally(**found["suggest"])
    assert (applied.issues, applied.chosen) == (6, 4)
    assert (applied.right, applied.wrong, applied.unanswered) == (1, 2, 1)
    assert (suggested.chosen, suggested.right, suggested.wrong) == (1, 1, 0)
    assert (found["since"], found["until"]) == (LATER[0].created_at.isoformat(), LATER[-1].created_at.isoformat())


def test_what_the_labels_say_is_not_seen_by_the_model() -> None:
    shown = [look([replace(issue, labels=labels)])["apply"]["chosen"] for issue in LATER for labels in ((), ("bug",))]
    assert shown[::2] == shown[1::2]


def test_examples_are_the_latest_on_which_something_would_have_been_done() -> None:
    found = look()["examples"]
    assert [each["number"] for each in found] == [5, 4, 3, 2, 1]
    done = {
        each["number"]: [(row["label"], row["decision"], row["verdict"]) for row in each["labels"]] for each in found
    }
    assert done[1] == [("bug", "apply", "right")]
    assert done[2] == [("bug", "apply", "wrong")]
    assert done[3] == [("bug", "apply", "unanswered")]
    assert done[5] == [("question", "suggest", "right")]
    many = [told(number, CRASH, "bug") for number in range(1, 30)]
    assert [each["number"] for each in look(many)["examples"]] == list(range(29, 29 - hindsight.EXAMPLES, -1))


@pytest.mark.parametrize(
    ("own", "applied", "suggested"),
    [
        ({}, 1, 1),
        ({"suggest_only": ("bug",)}, 0, 1),
        ({"most_labels": 1}, 1, 0),
        ({"exclude": ("bug",)}, 0, 1),
        ({"groups": {"*u*": "one"}}, 1, 0),
    ],
)
def test_the_repositorys_own_rules_hold(own: dict[str, object], applied: int, suggested: int) -> None:
    found = look([told(1, BOTH, "bug", "question")], **own)
    assert (found["apply"]["chosen"], found["suggest"]["chosen"]) == (applied, suggested)


def test_only_the_newest_issues_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hindsight, "MOST", 2)
    assert look()["apply"]["issues"] == 2
    assert look()["since"] == LATER[4].created_at.isoformat()


# --- as part of a training


def train_first(tagger: Tagger) -> ModelVersion:
    tagger.learn(120)
    with tagger.context.database.write() as session:
        run = retraining.request(session, tagger.repo, tagger.context.settings, now=tagger.clock())
    assert run
    challenge.run(tagger.context, run.id)
    (found,) = tagger.rows(ModelVersion)
    return found


def later_without_labels(tagger: Tagger, count: int) -> None:
    """Know of issues that nobody labelled: as many before as after the hold-out begins."""
    with tagger.context.database.write() as session:
        for number in range(count):
            at = START - timedelta(days=60) + timedelta(hours=50 + number)
            about = {
                "repository_id": tagger.repo.id,
                "number": 1001 + number,
                "title": "crash in part 1",
                "body": CRASH,
            }
            dated = {"created_at": at, "updated_at": at}
            session.add(Issue(**about, state="open", author="ada", **dated))


def test_first_model_comes_without_a_word_on_github_and_with_what_it_would_have_done(tagger: Tagger) -> None:
    later_without_labels(tagger, 42)
    found = train_first(tagger)
    assert len(tagger.rows(Promotion)) == 1
    assert tagger.writes() == [], "no noise"
    look = found.metrics[HINDSIGHT]
    assert look["since"] > found.trained_until.isoformat(), "later than all that it learnt from"
    assert look["apply"]["issues"] == found.held_out + 21, "the hold-out, and those that nobody labelled since"
    assert look["apply"]["right"] > 0
    assert look["apply"]["unanswered"] == 21


def test_thresholds_do_not_know_the_later_issues(tagger: Tagger, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    look_back = hindsight.look_back

    def noting(model: object, *given: object) -> object:
        seen.append(len(model.held_out_y))
        return look_back(model, *given)

    monkeypatch.setattr(hindsight, "look_back", noting)
    found = train_first(tagger)
    assert seen == [found.trained_on]


def test_a_refused_model_has_no_hindsight(tagger: Tagger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(challenge, "NO_WORSE", 2.0)
    assert HINDSIGHT not in train_first(tagger).metrics


# --- on the dashboard


@pytest.fixture
def shown(database: Database) -> Database:
    def first_model(session: Session) -> None:
        for number, text in ((3, "<b>Lid</b> does not close"), (5, "Ask")):
            dated = {"created_at": NOW, "updated_at": NOW}
            session.add(Issue(repository_id=1, number=number, title=text, body="", state="open", author="ada", **dated))
        found = model(session, 1, metrics={"micro_f1": 0.7, HINDSIGHT: look()})
        session.get_one(Repository, 1).champion_id = found.id

    fill(database, first_model)
    return database


def test_dashboard_says_that_the_first_model_is_ready_and_what_it_would_have_done(
    operator: FlaskClient, shown: Database
) -> None:
    told = text_of(operator)
    assert "Model 1 is ready and waits for the first issue." in told
    assert "tried on the 6 issues, labelled or not, opened from 2 Mar 2026 to 7 Mar 2026, all of them later" in told
    assert "Put on, in apply mode 67 % 30–90 % · 4 of 6 33 % 6–79 % · 1 of 3 1 label" in told
    assert "Suggested 17 % 3–56 % · 1 of 6 100 % 21–100 % · 1 of 1 0 labels" in told
    assert "#3 &lt;b&gt;Lid&lt;/b&gt; does not close bug" in told
    assert "not labelled" in told
    assert "hindsight" not in text_of(operator).lower().replace("#hindsight", "")


def test_without_a_model_nothing_is_said_of_it(operator: FlaskClient, database: Database) -> None:
    fill(database, lambda session: model(session, 1))
    assert "would have done" not in text_of(operator, PAGE)
