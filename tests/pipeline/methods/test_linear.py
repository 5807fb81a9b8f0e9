from pathlib import Path
from typing import Any

import numpy as np

from pipeline.issues import UNKNOWN, Issue, Probabilities, build_targets
from pipeline.methods.linear import Linear
from tests.pipeline.samples import LABELS, issue, labelled

MANY = labelled(80)


def fit(issues: list[Issue], **settings: Any) -> Linear:
    return Linear(**settings).fit(issues, build_targets(issues, LABELS), seed=0)


def bug(method: Linear, *issues: Issue) -> list[float]:
    p: Probabilities = method.predict_proba(issues)
    return p[:, 0].tolist()


def test_held_out_probabilities_tell_the_labels_apart() -> None:
    method = fit(MANY)
    truth = build_targets(MANY, LABELS) == 1
    assert method.held_out_[truth].min() > method.held_out_[~truth].max()


def test_held_out_probabilities_are_from_models_that_had_not_seen_the_issue() -> None:
    truth = build_targets(MANY, LABELS)
    truth[0] = 1 - truth[0]  # one issue that says the contrary of what it looks like
    method = Linear().fit(MANY, truth, seed=0)
    assert method.held_out_[0, 0] > 0.5  # judged as the others, by its looks


def test_cells_that_are_unknown_get_held_out_probabilities_too() -> None:
    targets = build_targets(MANY, LABELS)
    targets[:10] = UNKNOWN
    method = Linear().fit(MANY, targets, seed=0)
    assert ((method.held_out_[:10] > 0.5) == (build_targets(MANY[:10], LABELS) == 1)).all()


def test_comments_of_the_template_teach_nothing() -> None:
    plain = fit(MANY)
    one, other = issue(7, "bug"), issue(7, "bug", body="It stops. <!-- typo in the manual, guide, page -->")
    assert abs(bug(plain, one)[0] - bug(plain, other)[0]) < 0.25


def test_progress_ends_with_all_done() -> None:
    seen: list[float] = []
    Linear().fit(MANY, build_targets(MANY, LABELS), seed=0, progress=seen.append)
    assert seen[-1] == 1


def test_vocabulary_has_no_more_terms_than_asked_for(tmp_path: Path) -> None:
    small, large = fit(MANY, max_terms=5), fit(MANY)
    for method, folder in ((small, tmp_path / "small"), (large, tmp_path / "large")):
        folder.mkdir()
        method.save(folder)
    sizes = [sum(file.stat().st_size for file in (tmp_path / each).iterdir()) for each in ("small", "large")]
    assert sizes[0] < sizes[1]
    assert np.isfinite(small.predict_proba(MANY)).all()
