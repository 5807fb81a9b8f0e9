from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.evaluation import micro_f1
from pipeline.issues import UNKNOWN, Issue, build_targets
from pipeline.methods.embedding_knn import EmbeddingKnn
from tests.pipeline.samples import LABELS, issue, labelled

ISSUES = labelled(24)
TARGETS = build_targets(ISSUES, LABELS)


def fitted(issues: list[Issue] = ISSUES, **settings: Any) -> EmbeddingKnn:
    return EmbeddingKnn(**settings).fit(issues, build_targets(issues, LABELS), seed=0)


def mixed() -> list[Issue]:
    """Twelve issues that say the same, eight of which are bugs."""
    return [issue(n, "bug" if n % 3 else "docs", title="Same title", body="Same text") for n in range(12)]


def test_half_is_where_m_of_the_k_neighbours_have_the_label() -> None:
    method = fitted(mixed(), sharpness=0.0)
    for method.k_, method.m_ in [(6, 1), (6, 4), (6, 5), (9, 6), (9, 7)]:
        votes = round(method.k_ * 8 / 12)  # every third is none, whichever of the equals are the nearest
        assert (method.predict_proba([issue(1, title="Same title", body="Same text")])[0, 0] >= 0.5) == (
            votes >= method.m_
        )


def test_nearer_neighbours_count_more() -> None:
    new = [issue(50, "bug")]
    even, sharp = fitted(sharpness=0.0), fitted(sharpness=30.0)
    for method in (even, sharp):
        method.k_, method.m_ = 23, 12  # of 24 issues, half are bugs
    assert sharp.predict_proba(new)[0, 0] > even.predict_proba(new)[0, 0] + 0.2


def test_map_has_the_f1_of_every_k_and_m() -> None:
    method = fitted(most=5)
    assert method.map_.shape == (5, 5)
    assert np.isnan(method.map_[np.triu_indices(5, 1)]).all()
    assert (
        np.nanmax(method.map_)
        == method.map_[method.k_ - 1, method.m_ - 1]
        == micro_f1(TARGETS, method.held_out_ >= 0.5)
    )
    assert method.report_["knn_map"]["k"] == method.report_["knn_map"]["m"] == [1, 2, 3, 4, 5]


def test_best_k_and_m_are_in_the_middle_of_equals() -> None:
    assert (fitted(most=5).k_, fitted(most=5).m_) == (5, 3)  # told apart without fault, whatever they are


def test_issue_is_held_out_from_its_own_prediction() -> None:
    odd = [*labelled(23), issue(99, "docs", title="Crash when saving a file in the editor", body="It stops.")]
    method = fitted(odd)
    assert method.predict_proba(odd)[-1, 0] > 0.5 > method.held_out_[-1, 1]


def test_k_and_m_are_chosen_on_the_validation_issues() -> None:
    odd = [issue(n, "docs" if n % 4 == 0 else "bug", title="Same title", body=f"Same text {n}") for n in range(20)]
    never = (odd[:8], np.zeros((8, 2), dtype=np.int8))
    always = (odd[:8], np.ones((8, 2), dtype=np.int8))
    targets = build_targets(odd, LABELS)
    strict, lenient = (EmbeddingKnn().fit(odd, targets, seed=0, validation=each) for each in (never, always))
    assert np.nanmax(strict.map_) == 0
    assert (lenient.predict_proba(odd[:8]) >= 0.5).all()
    assert lenient.m_ < lenient.k_ / 2


def test_empty_validation_is_as_good_as_none() -> None:
    empty = EmbeddingKnn().fit(ISSUES, TARGETS, seed=0, validation=([], TARGETS[:0]))
    assert np.array_equal(empty.held_out_, fitted().held_out_)


def test_label_is_looked_up_among_the_issues_it_is_known_of() -> None:
    targets = TARGETS.copy()
    targets[::4, 0] = UNKNOWN  # half of the bugs
    method = EmbeddingKnn().fit(ISSUES, targets, seed=0)
    assert (method.held_out_[:, 0] > 0.5).tolist() == (TARGETS[:, 0] == 1).tolist()


def test_label_known_of_one_issue_only_is_predicted_without_fault() -> None:
    targets = TARGETS.copy()
    targets[1:, 0] = UNKNOWN
    method = EmbeddingKnn().fit(ISSUES, targets, seed=0)
    assert (method.predict_proba(ISSUES)[:, 0] >= 0.5).all()  # all that is known says so
    assert np.isfinite(method.held_out_).all()


def test_single_issue_is_looked_up() -> None:
    assert fitted(labelled(1)).predict_proba([issue(7, "bug")]).shape == (1, 2)


def test_what_is_kept_are_vectors_and_labels_but_no_text(tmp_path: Path) -> None:
    fitted().save(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {"chosen.json", "issues.safetensors"}
    assert b"Crash" not in b"".join(file.read_bytes() for file in tmp_path.iterdir())


@pytest.mark.parametrize("count", [2, 3, 40])
def test_no_more_neighbours_are_asked_for_than_there_are(count: int) -> None:
    method = fitted(labelled(count))
    assert 1 <= method.m_ <= method.k_ <= min(30, count - 1)
