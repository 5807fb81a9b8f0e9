import numpy as np
import pytest

from pipeline.issues import Issue
from pipeline.similarity import NONE, Similarity, aggregated, posterior, standing_out, starts
from tests.pipeline.samples import issue, labelled

PHRASINGS = [("bug", "an error or a crash"), ("documentation",)]
LOW = np.log(NONE)


def test_issue_is_nearer_to_what_it_is_about() -> None:
    similarity = Similarity(PHRASINGS)
    bug, docs = similarity([issue(1, "bug"), issue(2, "docs")]) - similarity.centre(())
    assert bug[0] > bug[1] + 0.1
    assert docs[1] > docs[0] + 0.05


def test_issue_without_a_body_is_compared_by_its_title_alone() -> None:
    similarity = Similarity(PHRASINGS)
    bare, commented, twice = similarity(
        [
            Issue(number=1, title="It crashes"),
            Issue(number=2, title="It crashes", body="<!-- say more -->"),
            Issue(number=3, title="It crashes", body="It crashes"),
        ]
    )
    assert np.allclose(bare, commented)
    assert np.allclose(bare, twice)


def test_mean_or_maximum_is_taken_over_the_phrasings_of_each_label() -> None:
    scores = np.array([[0.1, 0.5, 0.3], [0.0, 0.2, 0.9]])
    begin = starts([("a", "b"), ("c",)])
    assert aggregated(scores, begin, "mean") == pytest.approx(np.array([[0.3, 0.3], [0.1, 0.9]]))
    assert aggregated(scores, begin, "max") == pytest.approx(np.array([[0.5, 0.3], [0.2, 0.9]]))


def test_no_labels_have_no_scores() -> None:
    similarity = Similarity([])
    assert similarity([issue(1)]).shape == (1, 0)
    assert similarity.centre([issue(1)]).shape == (0,)
    assert standing_out(np.zeros((2, 0)), 1).shape == posterior(np.zeros((2, 0)), none=0.1).shape == (2, 0)


def test_centre_moves_from_invented_issues_to_the_real_ones() -> None:
    similarity = Similarity(PHRASINGS)
    real = labelled(60, ["bug"])
    invented, few, many = (similarity.centre(each) for each in ([], real[:6], real))
    mean = similarity(real).mean(axis=0)
    assert abs(many - mean).max() < abs(few - mean).max() < abs(invented - mean).max()


def test_best_label_stands_out_and_the_others_do_not() -> None:
    p = standing_out(np.array([[3.0, 1.0, 0.0]]), 1)[0]
    assert p[0] == pytest.approx(1 / (1 + np.exp(-2)))
    assert p[1] == pytest.approx(1 - p[0])
    assert (p >= 0.5).tolist() == [True, False, False]


@pytest.mark.parametrize("k", [1, 2, 3, 4, 9])
def test_half_is_where_the_best_k_end(k: int) -> None:
    scores = np.random.default_rng(k).normal(5, 1, (20, 4))
    assert ((standing_out(scores, k) >= 0.5).sum(axis=1) == min(k, 4)).all()


def test_label_less_probable_than_none_is_not_guessed() -> None:
    assert standing_out(np.array([[LOW - 1, LOW - 2], [LOW + 1, LOW - 2]]), 1)[:, 0] == pytest.approx(
        [1 / (1 + np.e), np.e / (1 + np.e)]
    )


def test_posterior_leaves_what_none_has() -> None:
    p = posterior(np.log([[0.3, 0.1]]), none=0.1)
    assert p == pytest.approx(np.array([[0.6, 0.2]]))
