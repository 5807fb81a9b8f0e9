import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from datasets import load_from_disk

from pipeline import preparation
from pipeline.experiment_split import split
from pipeline.issues import Issue
from pipeline.preparation import Prepared, to_dataset_dict, write_dataset
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


def prepared(issues: list[Issue], *, test: int = 12) -> Prepared:
    return Prepared(split(issues, LABELS, test=test))


def numbers(issues: list[Issue]) -> list[int]:
    return [issue.number for issue in issues]


def test_newest_issues_are_the_test_where_all_have_a_date() -> None:
    made = prepared(history()[::-1])
    assert (sorted(numbers(made.parts["test"])), made.split.dated) == (list(range(48, 60)), True)


def test_every_issue_is_in_one_part() -> None:
    made = prepared(history())
    assert sorted(number for part in made.parts.values() for number in numbers(part)) == list(range(60))
    assert [len(part) for part in made.parts.values()] == [26, 6, 12, 16]


def test_train_and_valid_have_their_share_of_every_label_and_unsup_none() -> None:
    parts = prepared(history()).parts
    assert Counter(each.labels for each in parts["train"]) == {("bug",): 13, ("docs",): 13}
    assert Counter(each.labels for each in parts["valid"]) == {("bug",): 3, ("docs",): 3}
    assert {each.labels for each in parts["unsup"]} == {()}


def test_test_is_stratified_where_a_date_is_missing() -> None:
    made = prepared([*history()[:-1], replace(history()[-1], created_at=None)])
    assert not made.split.dated
    assert Counter(each.labels for each in made.parts["test"]) == {("bug",): 4, ("docs",): 4, (): 4}


def test_no_duplicate_is_left_on_either_side() -> None:
    issues = history()
    late = replace(issues[0], number=99, created_at=START + timedelta(hours=99))
    again = replace(issues[1], number=98)
    parts = prepared([*issues, late, again]).parts
    held = sorted(number for part in parts.values() for number in numbers(part))
    assert held == [*range(1, 60), 99]
    assert 99 in numbers(parts["test"])


def test_template_is_not_learnt_from_the_test() -> None:
    issues = [
        replace(each, body=f"### Late heading\n\n{each.body}") if each.number >= 48 else each for each in history()
    ]
    assert not prepared(issues).boilerplate.headings
    assert prepared(issues, test=2).boilerplate.headings == {"### late heading"}


def test_dataset_dict_has_the_parts_and_columns() -> None:
    made = prepared(history())
    found = to_dataset_dict(made)
    assert {name: rows.num_rows for name, rows in found.items()} == {"train": 26, "valid": 6, "test": 12, "unsup": 16}
    assert {tuple(rows.column_names) for rows in found.values()} == {
        ("number", "title", "body", "text", "labels", "created_at")
    }
    row, first = found["train"][0], made.parts["train"][0]
    assert row["text"] == f"{first.title}\n{first.body}"
    assert row["labels"] == [int(name in first.labels) for name in LABELS]
    assert row["created_at"] == first.created_at


def test_labels_of_the_unlabelled_are_unknown_and_none_in_the_test() -> None:
    found = to_dataset_dict(prepared(history()))
    assert found["unsup"]["labels"][0] == [-1, -1]
    assert [0, 0] in list(found["test"]["labels"])


def test_dataset_takes_empty_parts_missing_dates_and_half_an_emoji() -> None:
    issues = [replace(each, title=f"{each.title} \ud83d", labels=LABELS[:1], created_at=None) for each in history()]
    found = to_dataset_dict(prepared(issues))
    assert (found["unsup"].num_rows, found["train"][0]["created_at"]) == (0, None)
    assert found["train"][0]["title"].endswith("?")


def test_dataset_is_written_whole_and_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, folder = prepared(history()), tmp_path / "dataset"

    def broken(made: Prepared) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(preparation, "to_dataset_dict", broken)
        with pytest.raises(OSError, match="full"):
            write_dataset(made, folder)
    assert not list(tmp_path.iterdir())
    write_dataset(made, folder)
    assert load_from_disk(folder)["valid"].num_rows == 6
    written = {file: file.stat().st_mtime_ns for file in folder.rglob("*")}
    write_dataset(made, folder)
    assert {file: file.stat().st_mtime_ns for file in folder.rglob("*")} == written
    assert list(tmp_path.iterdir()) == [folder]


def test_preparing_loads_neither_torch_nor_datasets() -> None:
    asked = "import sys, pipeline.data_report; sys.exit(bool({'torch', 'transformers', 'datasets'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0
