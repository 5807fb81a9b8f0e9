import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from pipeline.data_report import as_text, describe
from pipeline.experiment_split import Split, split
from pipeline.label_evidence import ExclusiveGroup
from pipeline.preparation import Prepared
from tests.pipeline.samples import LABELS, issue

BODY = "It is about the {} and what was seen there, which nobody else has written about"


def count_words(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


@pytest.fixture
def report() -> dict[str, Any]:
    names = ("bug", "docs", "other", "bug")
    issues = [issue(n, names[n % 4], title=f"Part{n}", body=BODY.format(f"part{n} of{n} it{n}" * 2)) for n in range(20)]
    issues += [replace(issues[0], number=20), replace(issues[1], number=21, body="long " * 900, labels=LABELS)]
    prepared = Prepared(split(issues, LABELS, test=5))
    groups = [ExclusiveGroup(LABELS, (0, 1), 7.04)]
    return describe(prepared, count_tokens=count_words, limit=100, left_out={"stale": "too few"}, groups=groups)


def test_report_counts_issues_labels_and_duplicates(report: dict[str, Any]) -> None:
    assert report["issues"] == {"read": 22, "used": 21}
    assert report["duplicates_removed"] == 1
    assert report["label_counts"] == {"bug": 11, "docs": 6}
    assert report["labels_an_issue"] == {"0": 5, "1": 15, "2": 1}
    assert report["labelled_share"] == pytest.approx(16 / 21)
    assert sum(report["parts"].values()) == 21


def test_report_counts_words_and_what_a_model_does_not_read(report: dict[str, Any]) -> None:
    assert report["words_an_issue"]["histogram"]["10-24"] == 20
    assert report["words_an_issue"]["histogram"]["800+"] == 1
    assert report["words_an_issue"]["most"] == 901
    assert report["tokens"]["truncated_share"] == pytest.approx(1 / 21)


def test_report_is_json_and_the_text_can_be_made_of_it(report: dict[str, Any]) -> None:
    stored = json.loads(json.dumps(report))
    assert stored == report
    assert as_text(stored) == as_text(report)


def test_text_says_what_the_report_does(report: dict[str, Any]) -> None:
    text = as_text(report)
    assert "22 issues, 1 of them duplicates that were removed" in text
    assert "76.2% of the others have one of the labels" in text
    assert f"  bug   11  {'█' * 40}\n" in text
    assert "4.8% of the issues are longer than the 100 tokens" in text
    assert "Labels left out\n  stale: too few" in text
    assert "Labels that never stand together\n  bug, docs" in text


def test_empty_repository_has_a_report() -> None:
    nothing = Prepared(Split((), (), (), (), dated=True))
    empty = describe(nothing, count_tokens=count_words, limit=100, left_out={})
    assert empty["issues"] == {"read": 0, "used": 0}
    assert "0 issues" in as_text(empty)
    assert "left out" not in as_text(empty)
