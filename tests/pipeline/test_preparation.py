import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from pipeline.issues import Issue
from pipeline.preparation import Prepared, prepare, to_dataset_dict
from tests.pipeline.samples import LABELS, START, issue

WORDS = ("north", "south", "east", "west", "up", "down", "left", "right", "front", "back")


def history(count: int = 60, *, dated: bool = True) -> list[Issue]:
    """Return issues that differ, an hour apart, of which two of three have a label in turn."""
    names = [LABELS[:1], LABELS[1:], ()]
    return [
        issue(
            n,
            *names[n % 3],
            title=f"{WORDS[n % 10]} {WORDS[n // 10]} of the map",
            body=f"Number {n} is wrong",
            at=START + timedelta(hours=n) if dated else None,
        )
        for n in range(count)
    ]


def prepared(issues: list[Issue], *, test_newest: int = 12, seed: int = 0) -> Prepared:
    return prepare(issues, LABELS, test_newest=test_newest, valid_share=0.25, seed=seed)


def numbers(issues: list[Issue]) -> list[int]:
    return [issue.number for issue in issues]


def test_newest_issues_are_the_test_where_all_have_a_date() -> None:
    made = prepared(history()[::-1])
    assert (sorted(numbers(made.test)), made.temporal) == (list(range(48, 60)), True)


def test_every_issue_is_in_one_part() -> None:
    made = prepared(history())
    assert sorted(number for part in made.parts.values() for number in numbers(part)) == list(range(60))
    assert [len(part) for part in made.parts.values()] == [24, 8, 12, 16]


def test_train_and_valid_have_their_share_of_every_label_and_unsup_none() -> None:
    made = prepared(history())
    assert Counter(each.labels for each in made.train) == {("bug",): 12, ("docs",): 12}
    assert Counter(each.labels for each in made.valid) == {("bug",): 4, ("docs",): 4}
    assert {each.labels for each in made.unsup} == {()}


def test_test_is_stratified_where_a_date_is_missing() -> None:
    made = prepared([*history()[:-1], replace(history()[-1], created_at=None)])
    assert not made.temporal
    assert Counter(each.labels for each in made.test) == {("bug",): 4, ("docs",): 4, (): 4}


def test_no_duplicate_is_left_on_either_side() -> None:
    issues = history()
    late = replace(issues[0], number=99, created_at=START + timedelta(hours=99))
    made = prepared([*issues, late])
    assert [(each.issue.number, each.of.number) for each in made.removed] == [(99, 0)]
    assert 99 not in numbers(made.test)


def test_template_is_not_learnt_from_the_test() -> None:
    issues = [
        replace(each, body=f"### Late heading\n\n{each.body}") if each.number >= 48 else each for each in history()
    ]
    assert not prepared(issues).boilerplate.headings
    assert prepared(issues, test_newest=2).boilerplate.headings == {"### late heading"}


def test_seed_decides_what_is_in_valid() -> None:
    first, again, other = (numbers(prepared(history(), seed=seed).valid) for seed in (0, 0, 1))
    assert first == again != other


@pytest.mark.parametrize("dated", [True, False])
def test_nothing_is_prepared_from_nothing(dated: bool) -> None:
    assert not any(prepared([]).parts.values())
    assert not any(prepared(history(3, dated=dated), test_newest=9).train)


def test_dataset_dict_has_the_parts_and_columns() -> None:
    made = prepared(history())
    found = to_dataset_dict(made)
    assert {name: rows.num_rows for name, rows in found.items()} == {"train": 24, "valid": 8, "test": 12, "unsup": 16}
    assert {tuple(rows.column_names) for rows in found.values()} == {
        ("number", "title", "body", "text", "labels", "created_at")
    }
    row, first = found["train"][0], made.train[0]
    assert row["text"] == f"{first.title}\n{first.body}"
    assert row["labels"] == [int(name in first.labels) for name in LABELS]
    assert row["created_at"] == first.created_at


def test_labels_of_the_unlabelled_are_unknown_and_none_in_the_test() -> None:
    found = to_dataset_dict(prepared(history()))
    assert found["unsup"]["labels"][0] == [-1, -1]
    assert [0, 0] in list(found["test"]["labels"])


def test_dataset_takes_empty_parts_missing_dates_and_half_an_emoji() -> None:
    issues = [replace(each, title=f"{each.title} \ud83d", created_at=None) for each in history()]
    found = to_dataset_dict(prepared(issues, test_newest=0))
    assert (found["test"].num_rows, found["train"][0]["created_at"]) == (0, None)
    assert found["train"][0]["title"].endswith("?")


def test_preparing_loads_neither_torch_nor_datasets() -> None:
    asked = "import sys, pipeline.data_report; sys.exit(bool({'torch', 'transformers', 'datasets'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0
