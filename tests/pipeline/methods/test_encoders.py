"""What is particular to the methods that train an encoder."""

import math

import numpy as np
import pytest

from pipeline import finetuning
from pipeline.issues import build_targets
from pipeline.methods import make
from pipeline.methods.base import Method
from tests.pipeline import tiny
from tests.pipeline.samples import LABELS, issue, labelled

ISSUES = labelled(24)
TARGETS = build_targets(ISSUES, LABELS)
UNLABELED = [issue(200 + n, title=f"The printer is loud {n}", body="It hums at night.") for n in range(12)]


@pytest.fixture(autouse=True)
def one_part_held_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each be trained twice and not five times."""
    monkeypatch.setattr(finetuning, "FEW", 0)


def fitted(name: str, unlabeled: int = 12, **more: object) -> Method:
    return make(name, tiny.settings(**more)).fit(ISSUES, TARGETS, seed=0, unlabeled=UNLABELED[:unlabeled])


def predicted(name: str, unlabeled: int = 12, **more: object) -> list[list[float]]:
    return fitted(name, unlabeled, **more).predict_proba(ISSUES[:4]).tolist()


@pytest.mark.parametrize(
    ("name", "learns"), [("fine_tune", False), ("contrastive", False), ("uda", True), ("domain_adapted", True)]
)
def test_unlabelled_issues_change_what_is_learnt_where_they_are_used(name: str, learns: bool) -> None:
    assert (predicted(name) != predicted(name, unlabeled=0)) is learns


def test_adaptation_tells_the_course_of_its_loss() -> None:
    loss = fitted("domain_adapted", adapt_epochs=3).loss_  # type: ignore[attr-defined]
    assert [step for step, _ in loss] == sorted({step for step, _ in loss})
    assert all(math.isfinite(value) for _, value in loss)


def test_adaptation_reads_no_label() -> None:
    def course(targets: np.ndarray) -> object:  # type: ignore[type-arg]
        method = make("domain_adapted", tiny.settings()).fit(ISSUES, targets, seed=0)
        return method.loss_  # type: ignore[attr-defined]

    assert course(TARGETS) == course(1 - TARGETS)


def test_at_most_so_many_unlabelled_issues_are_read() -> None:
    assert predicted("uda", most=4) != predicted("uda", most=12)


def test_contrast_draws_issues_with_a_label_together() -> None:
    def spread(epochs: int, rate: float) -> float:
        method = fitted("contrastive", epochs=epochs, rate=rate)
        vectors = method.encoder_.embed([each.text for each in ISSUES])  # type: ignore[attr-defined]
        cosine, alike = vectors @ vectors.T, TARGETS[:, :1] == TARGETS[:, 0]
        return float(cosine[alike].mean() - cosine[~alike].mean())

    assert spread(4, 1e-2) > spread(1, 1e-9) + 0.1


def test_an_epoch_is_chosen_and_told() -> None:
    method = fitted("fine_tune")
    assert method.epochs_ == int(np.argmax(method.micro_f1_)) + 1  # type: ignore[attr-defined]
