from typing import Any, ClassVar, Self

import numpy as np
import pytest

from pipeline import methods
from pipeline.errors import ModelError
from pipeline.issues import Issue, Probabilities, Targets, build_targets
from pipeline.labels import read_labels
from pipeline.methods.base import Issues
from pipeline.methods.blend import Blend
from pipeline.methods.linear import Linear
from pipeline.methods.naive_bayes import NaiveBayes
from tests.pipeline.samples import LABELS, issue, labelled

ISSUES = labelled(40)
TARGETS = build_targets(ISSUES, LABELS)
TWO = ("naive_bayes", "linear")


class Deaf:
    """Says the same whatever it was taught, and keeps what it was given."""

    name: ClassVar[str] = "deaf"
    cost: ClassVar[float] = 0.0
    given: ClassVar[list[dict[str, Any]]] = []

    def settings(self) -> dict[str, Any]:
        return {}

    def fit(self, issues: Issues, targets: Targets, *, seed: int, **options: Any) -> Self:
        self.given.append({"issues": list(issues), **options})
        return self

    def predict_proba(self, issues: Issues) -> Probabilities:
        return np.full((len(issues), len(LABELS)), 0.5, dtype=np.float32)


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> type[Deaf]:
    monkeypatch.setitem(methods.METHODS, "deaf", Deaf)  # type: ignore[arg-type]
    monkeypatch.setattr(Deaf, "given", [])
    return Deaf


@pytest.mark.parametrize("members", [(), ("linear",), ("linear", ["naive_bayes"]), ("linear", "blend")])
def test_fewer_than_two_members_are_no_blend(members: tuple[Any, ...]) -> None:
    with pytest.raises(ModelError, match="two methods or more"):
        Blend(members)


def test_member_may_have_settings_of_its_own() -> None:
    blend = Blend(["linear", ["naive_bayes", {"alpha": 0.2}]]).fit(ISSUES, TARGETS, seed=0)
    (_, of_linear), (name, of_bayes) = blend.settings()["members"]
    assert (name, of_bayes["alpha"]) == ("naive_bayes", 0.2)
    assert of_linear == Linear().settings()
    assert blend.fitted_[1].settings()["alpha"] == 0.2


def test_member_that_knows_nothing_weighs_less(deaf: type[Deaf]) -> None:
    blend = Blend(("linear", "deaf")).fit(ISSUES, TARGETS, seed=0)
    assert blend.report_["blend"]["deaf"] < 0.45


def test_every_member_gets_what_the_blend_gets(deaf: type[Deaf]) -> None:
    others, groups = [issue(n) for n in range(90, 95)], np.arange(len(ISSUES)) // 2
    told = {"unlabeled": others, "labels": read_labels(LABELS), "groups": groups}
    Blend(("naive_bayes", "deaf")).fit(ISSUES, TARGETS, seed=0, **told)  # type: ignore[arg-type]
    whole, *twins = deaf.given
    assert (whole["unlabeled"], whole["labels"]) == (others, told["labels"])
    assert len(twins) == 5, "it holds nothing out, so it is cross-fitted"
    for twin in twins:
        assert (twin["unlabeled"], twin["labels"]) == (others, told["labels"])
        assert len(twin["groups"]) == len(twin["issues"])


def test_issues_that_say_the_same_are_held_out_together(deaf: type[Deaf]) -> None:
    groups = np.arange(len(ISSUES)) // 4
    Blend(("naive_bayes", "deaf")).fit(ISSUES, TARGETS, seed=0, groups=groups)
    for twin in deaf.given[1:]:
        numbers = {each.number for each in twin["issues"]}
        assert all(len(numbers & set(range(start, start + 4))) in (0, 4) for start in range(0, 40, 4))


def test_blend_of_fitted_methods_is_the_blend_that_is_fitted() -> None:
    fitted = [Linear().fit(ISSUES, TARGETS, seed=0), Linear(strength=0.1).fit(ISSUES, TARGETS, seed=0)]
    blend = Blend.of(fitted, TARGETS, [method.held_out_ for method in fitted])
    again = Blend([["linear", {}], ["linear", {"strength": 0.1}]]).fit(ISSUES, TARGETS, seed=0)
    assert blend.settings() == again.settings()
    assert np.array_equal(blend.predict_proba(ISSUES), again.predict_proba(ISSUES))
    assert np.array_equal(blend.held_out_, again.held_out_)


def test_held_out_probabilities_do_not_know_their_own_issue() -> None:
    random = np.random.default_rng(3)
    words = [" ".join(f"word{n}" for n in random.integers(0, 50, 6)) for _ in range(80)]  # say nothing of the label
    issues = [issue(n, LABELS[random.integers(2)], title=text, body=text) for n, text in enumerate(words)]
    targets = build_targets(issues, LABELS)
    held_out = Blend(TWO).fit(issues, targets, seed=0).held_out_
    assert abs(held_out[targets == 1].mean() - held_out[targets == 0].mean()) < 0.12


def test_members_report_one_after_the_other() -> None:
    seen: list[float] = []
    Blend(("linear", "naive_bayes")).fit(ISSUES, TARGETS, seed=0, progress=seen.append)
    assert 0 < min(seen) <= 0.25
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_unlabelled_issue_is_predicted_by_all_members() -> None:
    blend = Blend(TWO).fit(ISSUES, TARGETS, seed=0)
    alone = [method.predict_proba([Issue(number=1, title="crash")]) for method in blend.fitted_]
    assert isinstance(blend.fitted_[0], NaiveBayes)
    assert np.array_equal(blend.predict_proba([Issue(number=1, title="crash")]), blend.mixture_(alone))
