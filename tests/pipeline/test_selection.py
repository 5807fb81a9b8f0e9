from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar, Self

import numpy as np
import pytest

from pipeline import candidates, selection
from pipeline.candidates import Budget, Candidate
from pipeline.choice import Choice
from pipeline.errors import ModelError, TooFewIssuesError
from pipeline.issues import Issue, Probabilities, Targets
from pipeline.methods import METHODS
from pipeline.methods.base import Issues
from pipeline.selection import Wanted, choose_for, train_best
from tests.pipeline.samples import LABELS, issue, labelled

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Clock:
    """Stands still until a method lets time pass."""

    at = 0.0

    def __call__(self) -> float:
        return self.at


CLOCK = Clock()


class Guesser:
    """Knows as much of an issue's labels as it is made to, takes as long, and keeps what it was given."""

    name: ClassVar[str] = "guesser"
    cost: ClassVar[float] = 10.0
    skill: ClassVar[float] = 1.0
    seconds: ClassVar[float] = 0.0
    given: ClassVar[list[dict[str, Any]]] = []

    def settings(self) -> dict[str, Any]:
        return {}

    def fit(self, issues: Issues, targets: Targets, *, seed: int, **options: Any) -> Self:
        type(self).given.append({"issues": list(issues), **options})
        self.labels_ = [label.name for label in options["labels"]]
        report = options.get("progress") or (lambda done: None)
        for part in range(10):
            CLOCK.at += self.seconds / 10
            report((part + 1) / 10)
        self.held_out_ = self.predict_proba(issues)
        return self

    def predict_proba(self, issues: Issues) -> Probabilities:
        rows = [self._row(each) for each in issues]
        return np.array(rows, dtype=np.float32).reshape(len(issues), len(self.labels_))

    def _row(self, each: Issue) -> list[float]:
        random = np.random.default_rng([each.number, len(self.name)])
        said = [f"word-{label}" in each.body for label in self.labels_]
        return [float(np.clip(self.skill * (0.6 * is_there - 0.3) + random.random(), 0, 1)) for is_there in said]


def method(name: str, **columns: Any) -> type[Guesser]:
    return type(name, (Guesser,), {"name": name, "given": [], **columns})


def field(monkeypatch: pytest.MonkeyPatch, *there: type[Guesser], **needs: Any) -> None:
    """Let these methods be all there are, and the first one stand."""
    monkeypatch.setattr(CLOCK, "at", 0.0)
    monkeypatch.setattr(candidates, "LADDER", tuple(Candidate(each.name, "a guess", **needs) for each in there))
    for module in (candidates, selection):
        monkeypatch.setattr(module, "STANDING", (there[0].name,))
    monkeypatch.setattr(Wanted, "budget", lambda wanted: Budget(wanted.seconds, wanted.refits, wanted.growth, CLOCK))
    for each in there:
        monkeypatch.setitem(METHODS, each.name, each)  # type: ignore[arg-type]


def worded(count: int) -> list[Issue]:
    """Return issues of which no two say the same, and of which each says its label by a word."""
    return [
        replace(
            each, title=f"{each.number} t{each.number}", body=f"word-{each.labels[0]} b{each.number} c{each.number}"
        )
        for each in labelled(count)
    ]


def chosen(issues: Sequence[Issue], *, unlabeled: Sequence[Issue] = (), **wanted: Any) -> Choice:
    return choose_for(issues, Wanted(LABELS, **wanted), unlabeled=unlabeled)[1]


def states(choice: Choice) -> dict[str, str]:
    return {each.name: each.state for each in choice.table}


# --- who wins


def test_what_is_better_beyond_doubt_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    field(monkeypatch, method("poor", skill=0.2), method("good", skill=2.0))
    choice = chosen(worded(120))
    assert choice.method == "good"
    assert "good has micro-F1" in choice.why
    assert "poor has" in choice.why


def test_what_stands_is_kept_in_a_tie(monkeypatch: pytest.MonkeyPatch) -> None:
    field(monkeypatch, method("standing"), method("same-sort"))
    monkeypatch.setattr(selection, "MOST_BLENDED", 1)
    assert chosen(worded(60)).method == "standing"


def test_quick_method_is_kept_where_a_slow_one_is_no_better_beyond_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    field(monkeypatch, method("quick", skill=2.0), method("slow", encoder=True, skill=2.0))
    assert chosen(worded(80)).method == "quick"
    field(monkeypatch, method("quick", skill=0.2), method("slow", encoder=True, skill=3.0))
    better = chosen(worded(80))
    assert "slow" in (better.method, *better.settings.get("members", ()))


def test_blend_that_is_better_is_chosen_with_its_members(monkeypatch: pytest.MonkeyPatch) -> None:
    field(monkeypatch, method("one", skill=1.0), method("other", skill=1.0))
    choice = chosen(worded(400))
    assert (choice.method, choice.settings) == ("blend", {"members": ["one", "other"]})
    assert states(choice)["blend of one and other"] == "chosen"


def test_choice_is_reproducible(monkeypatch: pytest.MonkeyPatch) -> None:
    field(monkeypatch, method("one"), method("other"))
    assert chosen(worded(120), seed=3) == chosen(worded(120), seed=3)


# --- what they are judged on


def test_few_issues_are_all_judged_by_twins_and_many_by_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    one = method("one")
    field(monkeypatch, one)
    assert {each.issues for each in chosen(worded(100)).table} == {100}
    issues = worded(400)
    assert {each.issues for each in chosen(issues[::-1]).table} == {100}
    assert one.given[-1]["issues"] == issues[:300]


def test_slow_method_never_sees_what_it_is_judged_on(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = method("slow", encoder=True)
    field(monkeypatch, method("quick"), slow)
    issues = worded(80)
    choice = chosen(issues)
    assert [each["issues"] for each in slow.given] == [issues[:60]]
    assert next(each.issues for each in choice.table if each.name == "slow") == 20


def test_what_says_the_same_as_a_held_out_issue_is_not_learnt_from(monkeypatch: pytest.MonkeyPatch) -> None:
    one, issues = method("one"), worded(400)
    field(monkeypatch, one)
    issues[5] = replace(issues[5], title=issues[399].title, body=issues[399].body)
    chosen(issues)
    assert one.given[-1]["issues"] == [each for each in issues[:300] if each.number != 5]


def test_issues_without_a_label_are_given_as_such_and_only_older_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    one, issues = method("one"), worded(400)
    field(monkeypatch, one)
    blank = [issue(n, title=f"blank {n}", at=issues[n - 1000].created_at) for n in (1010, 1350)]
    chosen([*issues, blank[0]], unlabeled=blank[1:])
    assert [each.number for each in one.given[-1]["unlabeled"]] == [1010]


def test_issues_without_a_date_are_drawn_at_random_with_every_label(monkeypatch: pytest.MonkeyPatch) -> None:
    one = method("one")
    field(monkeypatch, one)
    choice = chosen([replace(each, created_at=None) for each in worded(400)])
    assert "randomly drawn" in choice.why
    assert {label for each in one.given[-1]["issues"] for label in each.labels} == set(LABELS)


# --- what is not tried


def test_what_the_data_do_not_allow_is_listed_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    field(monkeypatch, method("one"))
    needy = (Candidate("one", ""), Candidate("fine", "", least=50), Candidate("self", "", unlabeled=5))
    for name in ("fine", "self"):
        monkeypatch.setitem(METHODS, name, method(name))  # type: ignore[arg-type]
    monkeypatch.setattr(candidates, "LADDER", needy)
    why = {each.name: each.why for each in chosen(worded(20), unlabeled=[issue(900)]).table if each.state == "skipped"}
    assert why == {
        "fine": "20 labelled issues; it takes 50 or more",
        "self": "1 unlabelled issues; it takes 5 or more",
    }


def test_method_that_is_not_there_is_not_mentioned(monkeypatch: pytest.MonkeyPatch) -> None:
    field(monkeypatch, method("one"))
    monkeypatch.setattr(candidates, "LADDER", (*candidates.LADDER, Candidate("of the future", "")))
    assert set(states(chosen(worded(20)))) == {"one"}


def test_method_that_fails_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ModelError("no checkpoint there")

    field(monkeypatch, method("one"), method("broken", fit=fail))
    (broken,) = [each for each in chosen(worded(40)).table if each.name == "broken"]
    assert (broken.state, broken.why) == ("failed", "no checkpoint there")


def test_too_few_labels_to_compare_leave_a_method_that_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    field(monkeypatch, method("one"), method("free", needs_labels=False))
    assert chosen(worded(9)).method == "free"
    assert chosen(worded(10)).method in {"one", "blend"}
    field(monkeypatch, method("one"))
    with pytest.raises(TooFewIssuesError):
        chosen(worded(9))


# --- time


def test_slow_method_that_does_not_fit_with_the_fits_that_follow_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = method("slow", encoder=True, cost=1000.0)
    for seconds, state in ((59, "skipped"), (61, "compared")):  # 30 s on 60 issues, and as long again for the winner:
        field(
            monkeypatch, method("quick", skill=2.0, cost=1.0), slow
        )  # half the hint, since the quick one took no time
        choice = chosen(worded(80), seconds=seconds, refits=1)
        assert states(choice)["slow"] == state


def test_estimate_is_corrected_by_what_was_measured() -> None:
    budget, quick = Budget(1000, clock=CLOCK), Candidate("linear", "")
    before = budget.estimate(quick, 500, 10)
    budget.note(quick, 3 * before, 500, 10)
    assert budget.estimate(quick, 500, 10) == pytest.approx(3 * before)
    assert budget.estimate(quick, 1000, 20) == pytest.approx(12 * before)


def test_method_that_takes_longer_than_it_may_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    field(monkeypatch, method("quick", skill=2.0), method("endless", encoder=True, seconds=5000.0))
    choice = chosen(worded(80), seconds=600)
    (endless,) = [each for each in choice.table if each.name == "endless"]
    assert endless.state == "skipped"
    assert "the time was up" in endless.why
    assert choice.method == "quick"
    assert CLOCK.at < 1500, "it was stopped at its next word"


# --- what comes of it


def test_label_that_no_method_tells_from_chance_is_left_out_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    field(monkeypatch, method("one", skill=2.0))
    random = np.random.default_rng(0)
    issues = [replace(each, labels=(*each.labels, *(["stale"] * int(random.random() < 0.4)))) for each in worded(150)]
    recipe, choice = choose_for(issues, Wanted((*LABELS, "stale")))
    assert recipe.labels == choice.labels == LABELS
    assert "no method beats chance" in choice.left_out["stale"]


def test_winner_is_trained_on_all_and_keeps_how_it_was_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    one = method("one", skill=2.0)
    field(monkeypatch, one)
    issues, seen = worded(400), list[float]()
    model = train_best(issues, Wanted(LABELS, seed=5), now=NOW, progress=seen.append)
    assert one.given[-1]["issues"] == issues
    assert (model.recipe.method, model.recipe.seed, model.issues) == ("one", 5, 400)
    assert model.selection["table"][0]["state"] == "chosen"
    assert model.selection["why"] == model.why
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_same_seed_and_candidates_give_the_same_predictions() -> None:
    issues = labelled(40)
    first, second = (train_best(issues, Wanted(LABELS, seed=2), now=NOW) for _ in range(2))
    assert first.recipe == second.recipe
    assert np.array_equal(first.method.predict_proba(issues), second.method.predict_proba(issues))


def test_real_methods_are_compared_and_the_standing_blend_serves_in_doubt() -> None:
    choice = chosen(labelled(40))
    assert {"zero_shot", "naive_bayes", "embedding_knn", "augmented", "linear"} <= states(choice).keys()
    assert [each.state for each in choice.table].count("chosen") == 1


def test_what_stands_is_tried_before_others_take_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    field(monkeypatch, method("standing", cost=20.0, seconds=2.0), method("costly", cost=10.0, seconds=20.0))
    assert states(chosen(worded(60), seconds=100.0, refits=2))["standing"] in {"chosen", "compared"}
