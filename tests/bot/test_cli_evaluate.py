"""The evaluation, from the outside: a file of issues in, runs, results and a page out."""

import base64
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from datasets import load_from_disk

from bot.cli import main
from bot.settings import NAMES
from pipeline.methods import METHODS
from tests.pipeline.contestants import CONTESTANTS, Contestant, Recorder

ROOT = Path(__file__).parent.parent.parent
WORDS = {"bug": "crash error traceback", "feature": "please add support wish", "docs": "readme typo guide manual"}
QUICK = ("--methods", "naive_bayes", "--slices", "8,16,all", "--seeds", "2", "--labels", "bug,docs,feature")
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder, with nothing set, and with the methods of these tests."""
    for name in NAMES & os.environ.keys():
        monkeypatch.delenv(name)
    for each in CONTESTANTS:
        monkeypatch.setitem(METHODS, each.name, each)  # type: ignore[arg-type]
    monkeypatch.chdir(tmp_path)


def issue(number: int, **more: object) -> dict[str, Any]:
    label = list(WORDS)[number % 3]
    at = f"2026-01-{1 + number // 24:02}T{number % 24:02}:00:00Z"
    title = f"{WORDS[label].split()[number % 3]} in part {number % 7}"
    body = f"{WORDS[label]} {' '.join(f'{letter}{number}' for letter in 'abcdefgh')}"  # no two say the same
    row = {"number": number, "title": title, "body": body, "labels": [label], "created_at": at}
    return {**row, **more}


def write(rows: list[dict[str, Any]], name: str = "issues.jsonl") -> str:
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return name


@pytest.fixture
def issues() -> str:
    """A file of 120 issues in which words tell the labels."""
    return write([issue(number) for number in range(120)])


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs the command and returns its status, output and errors."""

    def call(*arguments: str) -> tuple[int, str, str]:
        status = main(["evaluate", *arguments])
        said = capsys.readouterr()
        return status, said.out, said.err

    return call


def results(folder: str = "out") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((Path(folder) / "results.json").read_text())
    return found


def without_seconds(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in row.items() if not key.endswith("_s")} for row in rows]


# --- what comes out


def test_every_method_slice_and_seed_has_its_row(run: Run, issues: str) -> None:
    status, _, errors = run(issues, "--out", "out", *QUICK, "--methods", "naive_bayes,linear", "--slices", "8,all")
    assert (status, errors) == (0, "")
    rows = results()
    assert [(row["method"], row["slice"], row["n"], row["seed"]) for row in rows] == [
        *(
            (name, size, n, seed)
            for size, n in ((8, 8), ("all", 96))
            for name in ("naive_bayes", "linear")
            for seed in (0, 1)
        )
    ]
    wanted = {"micro_f1", "macro_f1", "macro_f1_all", "average_precision", "train_s", "predict_s"}
    assert all(wanted <= row.keys() for row in rows)
    assert all(row["micro_f1"] > 0.9 for row in rows if row["slice"] == "all")


def test_table_shows_mean_and_deviation_by_method_and_slice(run: Run, issues: str) -> None:
    _, out, _ = run(issues, "--out", "out", *QUICK)
    assert re.search(r"^method +8 +16 +all \(96\)$", out, re.MULTILINE)
    assert len(re.findall(r"^naive_bayes( +\d\.\d{3} ± \d\.\d{3}){3}$", out, re.MULTILINE)) == 2
    assert "24 test issues, the newest ones" in out
    assert "The report: out/report.html" in out


def test_pictures_are_files_and_whole(run: Run, issues: str) -> None:
    run(issues, "--out", "out", *QUICK)
    found = {file.name: file.read_bytes() for file in Path("out").glob("*.svg")}
    assert set(found) == {"learning-curves.svg", "reliability.svg", "precision-coverage.svg"}
    assert all(content.rstrip().endswith(b"</svg>") for content in found.values())


def test_defaults_are_all_methods_without_encoder_and_the_usual_slices(
    run: Run, issues: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in METHODS.keys() - {"naive_bayes", "encoder", "no_labels"}:
        monkeypatch.delitem(METHODS, name)  # type: ignore[arg-type]
    run(issues, "--out", "out", "--seeds", "1")
    rows = results()
    assert {row["method"] for row in rows} == {"naive_bayes", "no_labels"}
    assert {row["slice"] for row in rows} == {0, 8, 16, 32, 64, "all"}
    assert "Left out, for want of labelled issues: slices of 128." in Path("out/report.html").read_text()


def test_newest_issues_are_tested_on(run: Run, issues: str) -> None:
    Recorder.asked.clear()
    run(issues, "--out", "out", "--methods", "recorder", "--slices", "8", "--seeds", "1", "--test-newest", "7")
    (asked,) = Recorder.asked
    assert [each.number for each in asked] == list(range(113, 120))


def test_issues_themselves_are_described(run: Run, issues: str) -> None:
    run(issues, "--out", "out", *QUICK)
    data = json.loads(Path("out/data.json").read_text())
    assert data["parts"] == {"train": 78, "valid": 18, "test": 24, "unsup": 0}
    assert data["label_counts"] == dict.fromkeys(("bug", "docs", "feature"), 40)
    assert "120 issues, 0 of them duplicates" in Path("out/report.html").read_text()
    parts = load_from_disk("out/dataset")
    assert {name: part.num_rows for name, part in parts.items()} == {"train": 78, "valid": 18, "test": 24}


def test_labels_with_too_few_issues_are_named(run: Run) -> None:
    rare = write([issue(number, **({"labels": ["rare"]} if number < 2 else {})) for number in range(120)])
    run(rare, "--out", "out", *QUICK[:6])
    assert json.loads(Path("out/data.json").read_text())["left_out"].keys() == {"rare"}
    assert "rare" in Path("out/report.html").read_text()


# --- going on


def test_second_call_does_nothing_again_and_says_the_same(
    run: Run, issues: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = (issues, "--out", "out", "--methods", "contestant", "--slices", "8,16")
    first = run(*arguments)
    files = {file: file.read_bytes() for file in Path("out").rglob("*") if file.is_file()}
    monkeypatch.delattr(Contestant, "fit")
    assert run(*arguments) == first
    assert {file: file.read_bytes() for file in Path("out").rglob("*") if file.is_file()} == files


def test_killed_evaluation_goes_on_where_it_was(issues: str, run: Run) -> None:
    arguments = (issues, "--out", "out", *QUICK, "--seeds", "20")
    command = [sys.executable, "-m", "bot.cli", "evaluate", *arguments]
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, env=environ) as process:
        while len(list(Path("out/runs").glob("*.json"))) < 5 and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    before = {file: file.stat().st_mtime_ns for file in Path("out/runs").glob("*.json")}
    assert run(*arguments)[0] == 0
    assert before.items() <= {file: file.stat().st_mtime_ns for file in Path("out/runs").glob("*.json")}.items()
    run(issues, "--out", "whole", *QUICK, "--seeds", "20")
    assert without_seconds(results()) == without_seconds(results("whole"))


def test_more_can_be_asked_of_the_same_folder(run: Run, issues: str) -> None:
    run(issues, "--out", "out", "--methods", "contestant", "--slices", "16", "--seeds", "1")
    (first,) = results()
    run(issues, "--out", "out", "--methods", "contestant,naive_bayes", "--slices", "8,16,all", "--seeds", "2")
    assert len(results()) == 12
    assert first in results()


def test_failed_run_is_shown_kept_and_tried_again(run: Run, issues: str, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = (issues, "--out", "out", "--methods", "failing,contestant", "--slices", "8,16", "--seeds", "1")
    status, out, _ = run(*arguments)
    failed = [row for row in results() if "error" in row]
    assert status == 1
    assert [(row["method"], row["slice"]) for row in failed] == [("failing", 16)]
    assert "failed: failing, 16 labelled issues, seed 0: RuntimeError: <b>no memory</b>" in out
    assert "&lt;b&gt;no memory&lt;/b&gt;" in Path("out/report.html").read_text()
    monkeypatch.setattr("tests.pipeline.contestants.Failing.fit", Contestant.fit)
    assert run(*arguments)[0] == 0
    assert not [row for row in results() if "error" in row]


def test_nothing_but_failures_is_reported_too(run: Run, issues: str) -> None:
    status, out, _ = run(issues, "--out", "out", "--methods", "failing", "--slices", "16", "--seeds", "1")
    assert status == 1
    assert "No run succeeded." in out
    assert "No run succeeded." in Path("out/report.html").read_text()


def test_other_data_in_the_same_folder_are_refused(run: Run, issues: str) -> None:
    quick = ("--out", "out", "--methods", "contestant", "--slices", "8", "--seeds", "1")
    run(issues, *quick)
    before = Path("out/results.json").read_bytes()
    other = write([issue(number, title="Other") for number in range(120)], "other.jsonl")
    for arguments, told in (
        ((other, *quick), "holds runs on other issues"),
        ((issues, *quick, "--labels", "bug"), "holds runs on other labels"),
        ((issues, *quick, "--test-newest", "9"), "holds runs on another number of test issues"),
    ):
        status, out, errors = run(*arguments)
        assert (status, out) == (2, "")
        assert told in errors
    assert Path("out/results.json").read_bytes() == before


# --- the page


def test_page_needs_nothing_else_and_shows_hostile_text_as_text(run: Run) -> None:
    evil = "<script>alert('$x$')</script>\x1b[31m"
    rows = [issue(number, labels=[evil] if number % 2 else ["bug"], title=evil) for number in range(60)]
    arguments = ("--out", "out", "--methods", "contestant,encoder,no_labels,failing", "--slices", "8,16,32,all")
    status, out, _ = run(write(rows, "<img src=x>.jsonl"), *arguments)
    page = Path("out/report.html").read_text()
    assert status == 1
    assert "<script" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;" in page
    assert "\x1b" not in out
    assert not re.search(r"(src|href|srcset)\s*=\s*[\"'](?!data:)", page)
    assert "url(" not in page


def test_what_methods_tell_is_drawn(run: Run, issues: str) -> None:
    run(issues, "--out", "out", "--methods", "encoder,no_labels", "--slices", "32,64,all", "--seeds", "5")
    names = {file.stem for file in Path("out").glob("*.svg")}
    told = {"mlm-loss-encoder", "ust-rounds-encoder", "knn-map-encoder", "zero-shot-no_labels"}
    assert names == told | {"learning-curves", "reliability", "precision-coverage"}
    page = Path("out/report.html").read_text()
    pictures = re.findall(r"data:image/svg\+xml;base64,([^\"]+)", page)
    assert len(pictures) == 2 * len(names)
    assert all(base64.b64decode(each).rstrip().endswith(b"</svg>") for each in pictures)
    assert "pseudo &lt;labels&gt;" in page
    assert "with three seeds at most; once on all" in page
    assert [(row["slice"], row["seed"]) for row in results() if row["method"] == "encoder"] == [
        *((size, seed) for size in (32, 64) for seed in (0, 1, 2)),
        ("all", 0),
    ]


@pytest.mark.parametrize("told", [5, [[1]], [["a", "b"]], {"k": [1]}, [1, 2]])
def test_method_that_breaks_the_contract_spoils_no_report(
    run: Run, issues: str, monkeypatch: pytest.MonkeyPatch, told: object
) -> None:
    report = dict.fromkeys(("knn_map", "mlm_loss", "ust_rounds", "zero_shot"), told)
    monkeypatch.setattr(Contestant, "report_", report, raising=False)
    assert run(issues, "--out", "out", "--methods", "contestant", "--slices", "8", "--seeds", "1")[0] == 0


# --- what cannot be used


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--methods", "magic"], "there is no method 'magic'; there are: naive_bayes, "),
        (["--methods", " , "], "--methods: it names none"),
        (["--labels", "bugs"], "'bugs': did you mean 'bug'?"),
        (["--labels", ""], "it names none"),
        (["--slices", "8,many"], "--slices: 'many' is not a whole number from 1 on, or 'all'"),
        (["--slices", "0"], "--slices: '0' is not a whole number"),
        (["--slices", "-8"], "--slices: '-8' is not a whole number"),
        (["--slices", "1e3"], "--slices: '1e3' is not a whole number"),
        (["--slices", ","], "--slices: it names none"),
        (["--methods", "linear", "--slices", "97"], "nothing is left to run: there are 96 labelled issues"),
        (["--methods", "encoder", "--slices", "8"], "slices of 32 or more"),
        (["--seeds", "0"], "--seeds: '0' is not a whole number from 1 to 100"),
        (["--seeds", "101"], "--seeds: '101' is not"),
        (["--seeds", "²"], "--seeds: '²' is not"),
        (["--test-newest", "120"], "--test-newest 120: the file has 120 issues; some must be left to train on"),
        (["--test-newest", "x"], "--test-newest: 'x' is not a whole number from 1 on"),
        (["--out", "issues.jsonl"], "--out issues.jsonl: is there already, and is not a folder"),
        (["--out", "."], "there is something else in it; name a new or an empty folder"),
    ],
)
def test_what_cannot_be_used_is_told_and_leaves_nothing(run: Run, issues: str, arguments: list[str], told: str) -> None:
    status, out, errors = run(issues, "--out", "out", *arguments)
    assert (status, out) == (2, "")
    assert errors.startswith("issue-tagger: ")
    assert told in errors
    assert errors.count("\n") == 1
    assert [file.name for file in Path().iterdir()] == ["issues.jsonl"]


def test_file_without_usual_labels_asks_for_some(run: Run) -> None:
    status, _, errors = run(write([issue(number, labels=[f"l{number}"]) for number in range(20)]), "--out", "out")
    assert status == 2
    assert "no label is on five issues; name some: --labels A,B" in errors


def test_label_that_is_only_on_the_newest_issues_cannot_be_trained(run: Run) -> None:
    rows = [issue(number, labels=["late"] if number > 110 else []) for number in range(120)]
    status, _, errors = run(write(rows), "--out", "out")
    assert status == 2
    assert "no issue before the test issues has one of the labels" in errors
