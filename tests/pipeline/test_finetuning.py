"""How long to train is chosen on issues held out; what is kept is trained on all."""

import numpy as np
import pytest

from pipeline import finetuning
from pipeline.finetuning import Plan, Texts, Tuned, tune
from pipeline.issues import UNKNOWN, Targets, build_targets
from pipeline.layers import Backbone
from pipeline.methods.fine_tune import readable
from pipeline.trainer import Schedule
from tests.pipeline import tiny
from tests.pipeline.samples import LABELS, labelled

ISSUES = labelled(24)
TARGETS = build_targets(ISSUES, LABELS)
EPOCHS = 3


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return Backbone(tiny.encoder(), frozen=1, tokens=48)


def tuned(backbone: Backbone, targets: Targets = TARGETS, *, validation: Texts | None = None) -> Tuned:
    texts = Texts(backbone.read(readable(ISSUES)), targets)
    plan = Plan(Schedule(EPOCHS, rate=1e-2, batch=6))
    return tune(backbone, texts, plan, seed=0, validation=validation, report=lambda done: None)


def test_of_few_issues_every_one_is_held_out_once(backbone: Backbone) -> None:
    found = tuned(backbone)
    assert not np.isnan(found.held_out).any()
    assert len(found.micro_f1) == EPOCHS
    assert found.epochs == int(np.argmax(found.micro_f1)) + 1


def test_of_many_issues_a_quarter_is_held_out(backbone: Backbone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finetuning, "FEW", 20)
    assert np.isnan(tuned(backbone).held_out).any(axis=1).sum() == 18


def test_issues_that_say_the_same_are_held_out_together(backbone: Backbone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finetuning, "FEW", 0)
    groups = np.arange(len(ISSUES)) % 4
    texts = Texts(backbone.read(readable(ISSUES)), TARGETS, groups)
    plan = Plan(Schedule(1, rate=1e-2, batch=6))
    found = tune(backbone, texts, plan, seed=0, validation=None, report=lambda done: None)
    (held_out,) = {group for group, row in zip(groups, found.held_out, strict=True) if not np.isnan(row).any()}
    assert np.isnan(found.held_out[groups != held_out]).all()


def test_held_out_predictions_come_from_models_that_did_not_see_the_issue(backbone: Backbone) -> None:
    wrong = TARGETS.copy()
    wrong[0] = 1 - wrong[0]
    found = tuned(backbone, wrong)
    assert ((found.held_out[0] > 0.5) == (TARGETS[0] == 1)).all()


def test_with_validation_issues_it_is_they_that_are_held_out(backbone: Backbone) -> None:
    later = labelled(36)[24:]
    contrary = Texts(backbone.read(readable(later)), 1 - build_targets(later, LABELS))
    found = tuned(backbone, validation=contrary)
    assert np.isnan(found.held_out).all()
    assert max(found.micro_f1) < 0.7  # of what it learnt the contrary is true there


def test_labels_of_which_nothing_is_known_are_left_at_even_odds_or_so(backbone: Backbone) -> None:
    unknown = np.full_like(TARGETS[:, :1], UNKNOWN)
    found = tuned(backbone, np.hstack([TARGETS, unknown]))
    assert np.isfinite(found.held_out).all()
