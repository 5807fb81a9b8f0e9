import math

import numpy as np
import pytest

from pipeline.issues import Issue
from pipeline.methods.naive_bayes import NaiveBayes
from tests.pipeline.samples import LABELS, issue, labelled


def said(*titles: str) -> list[Issue]:
    return [Issue(number=n, title=title) for n, title in enumerate(titles)]


def fit(method: NaiveBayes, titles: list[str], truth: list[int]) -> NaiveBayes:
    return method.fit(said(*titles), np.array(truth, dtype=np.int8)[:, None], seed=0)


def test_probability_is_the_posterior_counted_by_hand() -> None:
    method = fit(NaiveBayes(alpha=1.0), ["crash crash", "typo"], [1, 0])
    found = method.predict_proba(said("crash", "typo", "unheard"))[:, 0]
    odds = [(3 / 4) / (1 / 3), (1 / 4) / (2 / 3), 1.0]  # of each word with and without the label, smoothed by one
    assert found == pytest.approx([each / (1 + each) for each in odds], abs=1e-6)


def test_prior_is_the_share_of_the_issues_smoothed_by_one() -> None:
    method = fit(NaiveBayes(), ["same"] * 8, [1, 1, 0, 0, 0, 0, 0, 0])
    assert method.predict_proba(said("unheard"))[0, 0] == pytest.approx(3 / 10)


def test_more_smoothing_means_less_certainty() -> None:
    sure, unsure = (
        fit(NaiveBayes(alpha=alpha), ["crash here", "typo there"] * 5, [1, 0] * 5).predict_proba(said("crash"))[0, 0]
        for alpha in (0.1, 10.0)
    )
    assert sure > unsure > 0.5


def test_vocabulary_keeps_the_most_frequent_words() -> None:
    method = fit(NaiveBayes(max_words=2), ["often often seldom", "usual usual usual"], [1, 0])
    p = method.predict_proba(said("often", "usual", "seldom", "unheard"))[:, 0]
    assert p[0] > p[2] > p[1]
    assert p[2] == p[3]


def test_title_and_body_count_alike() -> None:
    method = NaiveBayes().fit(labelled(20), np.tile(np.eye(2, dtype=np.int8), (10, 1)), seed=0)
    turned = [Issue(number=1, title=each.body, body=each.title) for each in (issue(3, "bug"), issue(4, "docs"))]
    straight = [issue(3, "bug"), issue(4, "docs")]
    assert np.allclose(method.predict_proba(turned), method.predict_proba(straight))


def test_seed_changes_nothing() -> None:
    targets = np.tile(np.eye(len(LABELS), dtype=np.int8), (10, 1))
    first, second = (NaiveBayes().fit(labelled(20), targets, seed=seed).predict_proba(labelled(4)) for seed in (1, 2))
    assert np.array_equal(first, second)


def test_long_text_gives_no_more_than_certainty() -> None:
    method = fit(NaiveBayes(), ["crash", "typo"] * 20, [1, 0] * 20)
    p = method.predict_proba(said("crash " * 10_000, "typo " * 10_000))[:, 0]
    assert p.tolist() == pytest.approx([1, 0])
    assert not math.isnan(p[0])
