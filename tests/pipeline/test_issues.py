import re
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pipeline.issues import UNKNOWN, Issue, apart, build_targets, clean_body, fingerprint, label_counts, usual_labels
from tests.pipeline.samples import labelled

LABELS = ("bug", "docs", "api")


def known(**fields: Any) -> list[int]:
    """Return what is known of bug, docs and api for one issue."""
    row: list[int] = build_targets([Issue(number=1, title="Title", **fields)], LABELS)[0].tolist()
    return row


def test_issue_with_a_label_lacks_the_others() -> None:
    assert known(labels=("docs",)) == [0, 1, 0]


def test_issue_that_nobody_labelled_is_unknown() -> None:
    assert known() == [UNKNOWN, UNKNOWN, UNKNOWN]


def test_whoever_labelled_an_issue_elsewhere_found_none_of_the_labels_fitting() -> None:
    assert known(labels=("stale",)) == [0, 0, 0]
    assert known(labels=("stale",), unconfirmed=("bug",)) == [UNKNOWN, 0, 0]


def test_removed_label_is_known_not_to_apply() -> None:
    assert known(removed=("bug",)) == [0, UNKNOWN, UNKNOWN]


def test_unconfirmed_label_is_unknown_even_beside_a_confirmed_one() -> None:
    assert known(labels=("bug",), unconfirmed=("api",)) == [1, 0, UNKNOWN]
    assert known(unconfirmed=("api",)) == [UNKNOWN, UNKNOWN, UNKNOWN]


def test_label_put_on_counts_more_than_its_removal_before() -> None:
    assert known(labels=("bug",), removed=("bug",), unconfirmed=("bug",)) == [1, 0, 0]


def test_targets_of_no_issues_still_have_a_column_for_each_label() -> None:
    targets = build_targets([], LABELS)
    assert targets.shape == (0, 3)
    assert targets.dtype == np.int8


def test_issues_of_which_nothing_is_known_are_apart_and_without_their_labels() -> None:
    issues = [
        Issue(number=number, title="Title", **fields)
        for number, fields in enumerate(({"labels": ("bug",)}, {"labels": ("stale",)}, {"removed": ("api",)}))
    ]
    unknown = Issue(number=9, title="Title", unconfirmed=("bug",))
    assert apart([*issues, unknown], LABELS) == (issues, [replace(unknown, unconfirmed=())])


def test_label_is_counted_once_an_issue() -> None:
    issues = [Issue(number=1, title="", labels=("bug", "bug")), Issue(number=2, title="", labels=("bug", "docs"))]
    assert label_counts(issues) == {"bug": 2, "docs": 1}


def test_usual_labels_are_the_most_frequent_first_and_equals_by_name() -> None:
    issues = labelled(12, ("docs", "bug")) + labelled(4, ("rare",)) + labelled(7, ("api",))
    assert usual_labels(issues) == ("api", "bug", "docs")
    assert usual_labels(issues, least=7) == ("api",)


@pytest.mark.parametrize(
    "change",
    [
        {"number": 7},
        {"title": "Other"},
        {"body": "Other"},
        {"labels": ("api",)},
        {"removed": ("api",)},
        {"unconfirmed": ("api",)},
    ],
)
def test_fingerprint_changes_with_all_that_can_be_learnt_from(change: dict[str, Any]) -> None:
    issues = labelled(3)
    changed = [*issues[:2], replace(issues[2], **change)]
    assert fingerprint(issues, LABELS) == fingerprint(labelled(3), LABELS)
    assert fingerprint(changed, LABELS) != fingerprint(issues, LABELS)


def test_fingerprint_changes_with_the_labels_and_their_order() -> None:
    prints = {fingerprint(labelled(3), labels) for labels in (("bug", "docs"), ("docs", "bug"), ("bug",))}
    assert len(prints) == 3
    assert all(re.fullmatch("[0-9a-f]{64}", each) for each in prints)


@pytest.mark.parametrize(
    ("body", "cleaned"),
    [
        ("It <!-- describe\nthe bug --> fails", "It fails"),
        ("It fails <!-- never closed", "It fails"),
        ("- [x] I searched\n* [ ] I read\nIt fails", "It fails"),
        ("See ![a picture](https://example.org/a.png) and <img src='b.png'> here", "See and here"),
        ("See https://example.org/page?x=1 for more", "See for more"),
        ("### Version\r\n\r\n_No response_\r\n\r\n### Steps\r\nRun", "### Version ### Steps Run"),
        ("- [a link](page) stays", "- [a link](page) stays"),
        ("日本語 и русский 🙂", "日本語 и русский 🙂"),
        ("", ""),
    ],
)
def test_cleaned_body_is_what_a_person_wrote(body: str, cleaned: str) -> None:
    assert clean_body(body) == cleaned


@pytest.mark.parametrize("fence", ["```", "~~~"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_code_is_cut_to_eight_lines(fence: str, end: str) -> None:
    code = [f"line{number}" for number in range(1, 21)]
    cleaned = clean_body(end.join(["Before", f"{fence}python", *code, fence, "After"]))
    assert cleaned.split() == ["Before", *code[:8], "After"]


def test_code_that_is_never_closed_is_cut_too() -> None:
    assert clean_body("Before\n```\n" + "\n".join("abcdefghijkl")) == "Before a b c d e f g h"


def test_short_code_is_kept_whole() -> None:
    assert clean_body("```\nvalue = None[0]\n```") == "value = None[0]"


TRACEBACK = ["Traceback (most recent call last):", *(f'  File "part{n}.py", line {n}' for n in range(20))]


@pytest.mark.parametrize("fence", ["", "```"])
def test_of_a_traceback_the_beginning_and_the_error_stay(fence: str) -> None:
    cleaned = clean_body("\n".join(["Before", fence, *TRACEBACK, "  ValueError: no", fence, "After"]))
    assert cleaned.startswith(f'Before {TRACEBACK[0]} File "part0.py"')
    assert cleaned.endswith("ValueError: no After")
    assert cleaned.count("File") == 2 + 4


@pytest.mark.parametrize(
    "line", ["2026-01-31 12:00:00 wait", "[12:00:00] wait", "ERROR wait", "    at a.b.C.run(C.java:1)"]
)
def test_long_log_without_a_fence_is_cut_to_eight_lines(line: str) -> None:
    assert clean_body("\n".join(["Before", *[line] * 30, "After"])) == " ".join(["Before", *line.split() * 8, "After"])


def test_short_log_and_indented_prose_are_kept_whole() -> None:
    prose = "\n".join(["It says", "ERROR no", "- one", *["  more of it"] * 30])
    assert clean_body(prose) == " ".join(prose.split())


@pytest.mark.parametrize(
    ("link", "host"),
    [
        ("https://www.example.org/page?x=1", "example.org"),
        ("http://example.org:80/", "example.org:80"),
        ("https://例え.jp", "例え.jp"),
    ],
)
def test_host_of_an_address_is_kept_where_asked_for(link: str, host: str) -> None:
    assert clean_body(f"See {link} for more", hosts=True) == f"See {host} for more"
    assert clean_body(f"See {link} for more") == "See for more"


@pytest.mark.parametrize(
    "piece", ["\n", " ", "\t", "![", "![]( ", "<img", "<!--", "```\n", "http://", "- [ ]", "  at a", "at a\n", "2026"]
)
def test_no_body_keeps_the_cleaning_busy(piece: str) -> None:
    begun = time.process_time()
    clean_body(piece * (64_000 // len(piece)))
    assert time.process_time() - begun < 1.0  # half a minute, where a pattern goes back and forth
