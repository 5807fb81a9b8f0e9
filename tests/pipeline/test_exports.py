import gzip
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import IssueFileError
from pipeline.exports import read_issues
from pipeline.issues import Issue

REST = {
    "number": 7,
    "title": "Crash when saving",
    "body": "It stops.",
    "labels": [{"id": 1, "name": "bug"}, {"id": 2, "name": "good first issue"}],
    "created_at": "2026-01-31T12:00:00Z",
    "html_url": "https://github.com/octo/editor/issues/7",
    "pull_request": None,
}


def row(**fields: Any) -> str:
    """Return a line of an export."""
    return json.dumps({"number": 1, "title": "Title", **fields})


def read(tmp_path: Path, content: str | bytes) -> list[Issue]:
    file = tmp_path / "issues.jsonl"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_issues(file)


def only(tmp_path: Path, **fields: Any) -> Issue:
    (issue,) = read(tmp_path, row(**fields))
    return issue


def refusal(tmp_path: Path, content: str | bytes) -> str:
    """Return why the file was refused, which must name it."""
    with pytest.raises(IssueFileError) as caught:
        read(tmp_path, content)
    assert str(tmp_path / "issues.jsonl") in str(caught.value)
    return str(caught.value)


def test_issue_of_the_rest_api_is_read(tmp_path: Path) -> None:
    assert read(tmp_path, json.dumps(REST)) == [
        Issue(
            number=7,
            title="Crash when saving",
            body="It stops.",
            labels=("bug", "good first issue"),
            created_at=datetime(2026, 1, 31, 12, tzinfo=UTC),
            repository="octo/editor",
        )
    ]


def test_array_that_gh_prints_is_read(tmp_path: Path) -> None:
    printed = [{"number": 2, "title": "Two", "body": "", "labels": [{"name": "bug", "color": "red"}]}]
    expected = [Issue(number=2, title="Two", labels=("bug",))]
    assert read(tmp_path, json.dumps(printed)) == expected
    assert read(tmp_path, "\n " + json.dumps(printed, indent=2)) == expected


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\n\n  \n"], ids=["unix", "windows", "blank lines"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["text", "gzip"])
def test_file_is_read_however_it_was_saved(tmp_path: Path, before: bytes, end: bytes, pack: Any) -> None:
    lines = [row(number=1, title="日本語 🙂"), row(number=2), ""]
    issues = read(tmp_path, pack(before + end.join(line.encode() for line in lines)))
    assert [(issue.number, issue.title) for issue in issues] == [(1, "日本語 🙂"), (2, "Title")]


def test_array_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    assert len(read(tmp_path, b"\xef\xbb\xbf[" + row().encode() + b"]")) == 1


def test_unusual_line_breaks_within_a_text_part_no_line(tmp_path: Path) -> None:
    text = "one\u2028two\u0085three"
    line = json.dumps({"number": 1, "title": text}, ensure_ascii=False)
    assert read(tmp_path, line)[0].title == text


def test_pull_requests_are_skipped(tmp_path: Path) -> None:
    lines = [row(number=1, pull_request={"url": "https://api.github.com/x"}), row(number=2)]
    assert [issue.number for issue in read(tmp_path, "\n".join(lines))] == [2]


def test_last_version_of_an_issue_counts(tmp_path: Path) -> None:
    lines = [row(number=1, title="Old"), row(number=2), row(number=1, title="New")]
    issues = read(tmp_path, "\n".join(lines))
    assert sorted((issue.number, issue.title) for issue in issues) == [(1, "New"), (2, "Title")]


def test_same_number_in_two_repositories_is_two_issues(tmp_path: Path) -> None:
    assert len(read(tmp_path, "\n".join(row(repository=name) for name in ("octo/one", "octo/two")))) == 2


def test_issues_come_in_order_of_creation(tmp_path: Path) -> None:
    times = {1: "2026-03-01T00:00:00Z", 9: "2026-02-01T00:00:00Z", 4: "2026-02-01T00:00:00Z"}
    issues = read(tmp_path, "\n".join(row(number=number, created_at=at) for number, at in times.items()))
    assert [issue.number for issue in issues] == [4, 9, 1]


def test_order_of_the_file_counts_where_a_date_is_missing(tmp_path: Path) -> None:
    lines = [row(number=3, created_at="2026-03-01T00:00:00Z"), row(number=1), row(number=2)]
    assert [issue.number for issue in read(tmp_path, "\n".join(lines))] == [3, 1, 2]


@pytest.mark.parametrize("field", ["created_at", "createdAt"])
@pytest.mark.parametrize("text", ["2026-01-31T12:00:00Z", "2026-01-31T14:00:00+02:00", "2026-01-31T12:00:00"])
def test_date_is_kept_in_utc(tmp_path: Path, field: str, text: str) -> None:
    at = only(tmp_path, **{field: text}).created_at
    assert at == datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert at.tzinfo is UTC


@pytest.mark.parametrize("fields", [{}, {"body": None}, {"labels": None}, {"created_at": None}, {"created_at": ""}])
def test_what_may_be_missing_may_be_null(tmp_path: Path, fields: Mapping[str, Any]) -> None:
    assert only(tmp_path, **fields) == Issue(number=1, title="Title")


def test_labels_may_be_plain_names_and_count_once(tmp_path: Path) -> None:
    assert only(tmp_path, labels=["bug", {"name": "docs"}, "bug"]).labels == ("bug", "docs")


@pytest.mark.parametrize(
    "fields",
    [
        {"repository": "octo/editor"},
        {"repository": {"full_name": "octo/editor"}},
        {"repository": {"nameWithOwner": "octo/editor"}},
        {"html_url": "https://github.com/octo/editor/issues/1"},
        {"url": "https://api.github.com/repos/octo/editor/issues/1"},
        {"repository_url": "https://api.github.com/repos/octo/editor"},
    ],
)
def test_repository_is_found_in_whichever_field_tells(tmp_path: Path, fields: Mapping[str, Any]) -> None:
    assert only(tmp_path, **fields).repository == "octo/editor"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('{"number": 1,', "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('"text"', "not a JSON object"),
        ('{"title": "No number"}', "'number' is None"),
        ('{"number": true, "title": "T"}', "'number' is True"),
        ('{"number": "1", "title": "T"}', "'number' is '1'"),
        ('{"number": 9223372036854775808, "title": "T"}', "'number' is 9223372036854775808"),
        ('{"number": 1}', "'title' is None"),
        ('{"number": 1, "title": "T", "body": {}}', "'body' is of type dict"),
        ('{"number": 1, "title": "T", "labels": "bug"}', "'labels' is not a list"),
        ('{"number": 1, "title": "T", "labels": [{"id": 3}]}', "has no name"),
        ('{"number": 1, "title": "T", "created_at": "yesterday"}', "'yesterday' is not a date"),
        ('{"number": 1, "title": "T", "created_at": "0001-01-01T00:00:00+23:00"}', "is not a date"),
    ],
)
def test_refusal_names_file_line_and_reason(tmp_path: Path, line: str, why: str) -> None:
    text = refusal(tmp_path, f"{row()}\n\n{line}\n")
    assert ", line 3: " in text
    assert why in text


def test_refusal_of_an_array_names_the_element(tmp_path: Path) -> None:
    assert ", element 2: 'title' is None" in refusal(tmp_path, f'[{row()}, {{"number": 2}}]')


def test_array_cut_short_is_refused(tmp_path: Path) -> None:
    assert "not JSON" in refusal(tmp_path, f"[{row()},")


@pytest.mark.parametrize("content", ["", "\n \n", "[]", row(pull_request={"url": "x"})])
def test_file_without_an_issue_is_refused(tmp_path: Path, content: str) -> None:
    assert "no issue in it" in refusal(tmp_path, content)


def test_damaged_gzip_archive_is_refused(tmp_path: Path) -> None:
    whole = gzip.compress("\n".join(row(number=number) for number in range(200)).encode())
    flipped = whole[:60] + bytes(byte ^ 0xFF for byte in whole[60:90]) + whole[90:]
    for damaged in (whole[:-20], whole[:5], flipped, whole + b"rest"):
        assert "gzip archive is damaged" in refusal(tmp_path, damaged)


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf"])
def test_text_that_is_not_utf8_is_refused_with_the_place(tmp_path: Path, before: bytes) -> None:
    content = before + b'{"number": 1, "title": "caf\xe9"}'
    assert f"byte {content.index(0xE9)} is 0xe9" in refusal(tmp_path, content)


def test_missing_file_and_folder_are_refused(tmp_path: Path) -> None:
    for place in (tmp_path / "nothing.jsonl", tmp_path):
        with pytest.raises(IssueFileError, match="cannot be read") as caught:
            read_issues(place)
        assert str(place) in str(caught.value)


def test_real_exports_are_read_in_whole(data: Path) -> None:
    counts = {name: len(read_issues(data / f"{name}.jsonl.gz")) for name in ("scikit-learn", "bootstrap", "ohmyzsh")}
    assert counts == {"scikit-learn": 2000, "bootstrap": 4369, "ohmyzsh": 1608}
