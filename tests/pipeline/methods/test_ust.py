from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import ModelError
from pipeline.experiment_report import report_of
from pipeline.issues import build_targets
from pipeline.labels import read_labels
from pipeline.methods.ust import Ust
from tests.pipeline.samples import LABELS, issue, labelled

FEW = labelled(8)
TARGETS = build_targets(FEW, LABELS)
POOL = [issue(n, LABELS[n % 2]) for n in range(100, 160)]
NEW = [issue(200, "bug"), issue(201, "docs"), issue(202)]


def fit(method: Ust, *, seed: int = 0) -> Ust:
    return method.fit(FEW, TARGETS, seed=seed, unlabeled=POOL, labels=read_labels(LABELS))


def test_unlabelled_issues_are_learnt_from() -> None:
    with_pool, without = fit(Ust()), Ust().fit(FEW, TARGETS, seed=0)
    assert not np.allclose(with_pool.predict_proba(NEW), without.predict_proba(NEW))
    assert without.stopped_because_ == "there are no unlabelled issues"


def test_rounds_are_in_the_report_with_the_names_of_the_labels() -> None:
    first = report_of(fit(Ust()))["ust_rounds"][1]
    assert first["yes_by_label"].startswith("bug ")


def test_same_seed_gives_the_same_predictions_with_unlabelled_issues() -> None:
    assert np.array_equal(fit(Ust(), seed=5).predict_proba(NEW), fit(Ust(), seed=5).predict_proba(NEW))


def test_student_is_loaded_as_it_was_saved(tmp_path: Path) -> None:
    method = fit(Ust())
    method.save(tmp_path)
    loaded = Ust.load(tmp_path, method.settings())
    assert loaded.predict_proba(NEW) == pytest.approx(method.predict_proba(NEW), abs=1e-6)


def test_no_more_unlabelled_issues_are_read_than_asked_for() -> None:
    assert fit(Ust(most=10, share=1.0)).rounds_[1]["cells"] == 2 * 10


def test_scheme_that_there_is_not_is_refused() -> None:
    with pytest.raises(ModelError, match="easy or hard"):
        Ust(scheme="soft")  # type: ignore[arg-type]
