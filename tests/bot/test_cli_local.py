"""`train` and `predict` on files, from the outside."""

import gzip
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.cli import main
from bot.settings import NAMES

ROOT = Path(__file__).parent.parent.parent
WORDS = {"bug": "crash error traceback", "feature": "please add support wish", "docs": "readme typo guide manual"}
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder, with nothing set."""
    for name in NAMES & os.environ.keys():
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def issue(number: int) -> dict[str, Any]:
    label = list(WORDS)[number % 3]
    labels = [label, "rare"] if number == 1 else [label]
    at = f"2026-01-01T{number // 60:02}:{number % 60:02}:00Z"
    title = f"{WORDS[label].split()[number % 3]} in part {number}"
    return {"number": number, "title": title, "body": WORDS[label], "labels": labels, "created_at": at}


@pytest.fixture
def issues(tmp_path: Path) -> str:
    """A file of 90 issues in which words tell the labels."""
    file = tmp_path / "issues.jsonl"
    file.write_text("".join(json.dumps(issue(number)) + "\n" for number in range(1, 91)))
    return str(file)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs a command and returns its status, output and errors."""

    def call(*arguments: str) -> tuple[int, str, str]:
        status = main(arguments)
        said = capsys.readouterr()
        return status, said.out, said.err

    return call


@pytest.fixture
def model(run: Run, issues: str, tmp_path: Path) -> str:
    """A trained model's folder."""
    assert run("train", issues, "--out", "model", "--method", "naive_bayes", "--json", "report.json")[0] == 0
    return str(tmp_path / "model")


# --- train


def test_training_tells_how_far_it_is(run: Run, issues: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.cli_show.EVERY", 0.0)
    _, _, errors = run("train", issues, "--method", "linear", "--out", "told")
    shares = [int(line.removeprefix("training, in percent, ").split(" of ")[0]) for line in errors.splitlines()]
    assert shares == sorted(shares)
    assert shares[-1] == 100


def test_training_reports_what_it_measured(model: str, tmp_path: Path) -> None:
    report = json.loads((tmp_path / "report.json").read_text())
    held = report.pop("holdout")
    report.pop("seconds")
    expected = {"method": "naive_bayes", "why": "", "labels": ["bug", "docs", "feature"], "issues": 90, "seed": 0}
    expected["selection"] = {"left_out": {"rare": "1 issue has it; 5 or more are needed"}}
    assert {**report, "labels": sorted(report["labels"])} == expected
    assert (held["issues"], held["trained_on"]) == (18, 72)
    assert held["micro_f1"] > 0.9
    assert set(held["applied"]) == set(held["suggested"]) == {"precision", "coverage", "recall"}
    assert "twin" in held["note"]


def test_measured_issues_are_the_newest_and_not_trained_on(run: Run, tmp_path: Path) -> None:
    rows = [issue(number) for number in range(1, 91)]
    for row in rows[72:]:  # what the newest fifth teaches contradicts the rest
        row["labels"] = [list(WORDS)[(row["number"] + 1) % 3]]
    (tmp_path / "turn.jsonl").write_text("".join(json.dumps(row) + "\n" for row in reversed(rows)))
    run("train", "turn.jsonl", "--out", "m", "--method", "naive_bayes", "--json", "r.json")
    assert json.loads((tmp_path / "r.json").read_text())["holdout"]["micro_f1"] < 0.1


def test_summary_says_how_it_was_measured(run: Run, issues: str) -> None:
    _, out, _ = run("train", issues, "--out", "m", "--method", "naive_bayes")
    assert "naive_bayes: 3 labels, trained on 90 issues, in m\n" in out
    assert "On the newest 18 labelled issues, by a twin trained on the 72 before:" in out
    assert "  labels applied: " in out
    assert "  labels suggested: " in out
    assert "  not learnt: rare: 1 issue has it; 5 or more are needed" in out


def test_same_seed_gives_the_same_report(run: Run, issues: str, tmp_path: Path) -> None:
    for name in ("a", "b"):
        run("train", issues, "--out", name, "--method", "naive_bayes", "--seed", "3", "--json", f"{name}.json")
    one, two = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("a", "b"))
    assert one["seed"] == 3
    assert {**one, "seconds": 0} == {**two, "seconds": 0}


def test_method_is_chosen_and_all_that_was_tried_is_kept_and_shown(run: Run, issues: str, tmp_path: Path) -> None:
    status, out, _ = run("train", issues, "--out", "m", "--method", "auto", "--time-budget", "10", "--json", "r.json")
    report = json.loads((tmp_path / "r.json").read_text())
    manifest = json.loads((tmp_path / "m" / "manifest.json").read_text())
    assert status == 0
    assert (manifest["why"], manifest["selection"]) == (report["why"], report["selection"])
    assert report["why"] in out
    (chosen,) = [each for each in report["selection"]["table"] if each["state"] == "chosen"]
    assert chosen["name"] in report["why"]
    assert manifest["method"] == report["method"] == chosen["name"].split()[0]
    for each in report["selection"]["table"]:
        assert f"  {each['name']}  " in out
    assert f"Measured on {chosen['on']}, each at the threshold that suits it best there, the best first:" in out
    assert "issues  seconds  micro-F1  macro-F1  average precision\n" in out
    before = report["holdout"]["trained_on"]
    assert f"Chosen by {before} issues alone, without those of the last lines" in out.splitlines()[1]
    assert report["selection"]["left_out"]["rare"] in out


def test_issues_that_say_the_same_as_a_test_issue_are_not_learnt_from_for_the_test(run: Run, tmp_path: Path) -> None:
    rows = [issue(number) for number in range(1, 91)]
    for row, copy in zip(rows[:10], rows[-10:], strict=True):
        copy |= {"title": row["title"].upper(), "body": row["body"]}
    (tmp_path / "copies.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    _, out, _ = run("train", "copies.jsonl", "--out", "m", "--method", "naive_bayes")
    assert "trained on 90 issues" in out
    assert "On the newest 18 labelled issues, by a twin trained on the 62 before:" in out


def test_issues_without_a_label_are_no_test(run: Run, tmp_path: Path) -> None:
    rows = [issue(number) | ({"labels": []} if number > 80 and number % 2 else {}) for number in range(1, 91)]
    (tmp_path / "half.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    _, out, _ = run("train", "half.jsonl", "--out", "m", "--method", "naive_bayes")
    assert "On the newest 13 labelled issues, by a twin trained on the 72 before:" in out


def test_without_dates_the_issues_held_out_are_not_called_the_newest(run: Run, tmp_path: Path) -> None:
    rows = [{**issue(number), "created_at": None} for number in range(1, 91)]
    (tmp_path / "undated.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    _, out, _ = run("train", "undated.jsonl", "--out", "m", "--method", "naive_bayes")
    assert "On the last 18 labelled issues of the file, which may be no later than the others" in out


@pytest.mark.parametrize("seed", ["-1", "x", "4294967296"])
def test_seed_that_is_none_is_refused(run: Run, issues: str, seed: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run("train", issues, "--out", "m", "--seed", seed)
    assert "is not a whole number from 0 to" in capsys.readouterr().err


def test_macro_f1_of_too_few_positives_is_not_claimed(run: Run, tmp_path: Path) -> None:
    (tmp_path / "few.jsonl").write_text("".join(json.dumps(issue(number)) + "\n" for number in range(1, 61)))
    _, out, _ = run("train", "few.jsonl", "--out", "m", "--method", "naive_bayes")
    assert "macro-F1 — (no label is on 10 of them)" in out


def test_half_a_character_in_a_label_is_replaced(run: Run, tmp_path: Path) -> None:
    rows = [{**issue(number), "labels": ["bug\ud83d"] if number % 3 else ["other"]} for number in range(1, 61)]
    (tmp_path / "half.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    status, out, _ = run("train", "half.jsonl", "--out", "m", "--method", "naive_bayes")
    assert (status, "2 labels" in out) == (0, True)


def test_one_labelled_issue_is_enough_for_a_method_that_learns_from_none(run: Run, issues: str, tmp_path: Path) -> None:
    status, out, _ = run("train", issues, "--out", "m", "--labels", "rare", "--method", "auto")
    assert status == 0
    assert "1 labelled issues are too few to compare methods by; zero_shot learns from no label" in out
    assert run("predict", "--model", "m", issues)[1].count('"withhold"') == 90


def test_too_few_issues_to_hold_out_are_still_trained_on(run: Run, tmp_path: Path) -> None:
    (tmp_path / "few.jsonl").write_text("".join(json.dumps(issue(number)) + "\n" for number in range(1, 12)))
    status, out, _ = run("train", "few.jsonl", "--out", "m", "--method", "naive_bayes", "--labels", "bug,docs,feature")
    assert status == 0
    assert "Not measured: there are too few labelled issues" in out


def test_chosen_labels_are_learnt(run: Run, issues: str, tmp_path: Path) -> None:
    run("train", issues, "--out", "m", "--method", "naive_bayes", "--labels", " docs, bug,docs", "--json", "r.json")
    assert json.loads((tmp_path / "r.json").read_text())["labels"] == ["docs", "bug"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--labels", "bugs,docs"], "there is no such label 'bugs': did you mean 'bug'?\n"),
        (["--labels", "DOCS"], "'DOCS': did you mean 'docs'?"),
        (["--labels", "zzz"], "'zzz': there are "),
        (["--labels", "zzz"], "; a name with a comma in it cannot be given\n"),
        (["--labels", " , "], "it names none"),
        (["--method", "magic"], "there is no method 'magic'; there are: auto, "),
        (["--json", "absent/r.json"], "--json absent/r.json: not a file in a folder that is there"),
        (["--labels", "rare", "--method", "naive_bayes"], "1 issues have one of the 1 labels to learn"),
        (["--method", "auto", "--time-budget", "0"], "--time-budget 0: not a number of minutes above 0"),
        (["--method", "auto", "--time-budget", "-3"], "--time-budget -3: not a number of minutes above 0"),
        (["--method", "auto", "--time-budget", "nan"], "--time-budget nan: not a number of minutes above 0"),
        (["--method", "linear", "--time-budget", "5"], "--time-budget: linear is not chosen but given"),
        (["--time-budget", "5"], "it goes with --method auto"),
    ],
)
def test_what_cannot_be_trained_is_told_and_leaves_nothing(
    run: Run, issues: str, tmp_path: Path, arguments: list[str], told: str
) -> None:
    status, out, errors = run("train", issues, "--out", "m", *arguments)
    assert (status, out) == (2, "")
    assert errors.startswith("issue-tagger: ")
    assert told in errors
    assert [file.name for file in tmp_path.iterdir()] == ["issues.jsonl"]


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"", "there is no issue in it"), (b"{", "broken.jsonl"), (b"\xff\xfe", "broken.jsonl"), (None, "broken.jsonl")],
)
def test_file_that_cannot_be_read_is_told(run: Run, tmp_path: Path, content: bytes | None, told: str) -> None:
    if content is not None:
        (tmp_path / "broken.jsonl").write_bytes(content)
    status, _, errors = run("train", "broken.jsonl", "--out", "m")
    assert status == 2
    assert told in errors


def test_folder_with_something_in_it_is_left_alone(run: Run, issues: str, model: str) -> None:
    before = {file.name: file.read_bytes() for file in Path(model).iterdir()}
    status, _, errors = run("train", issues, "--out", model, "--method", "naive_bayes")
    assert status == 2
    assert "not an empty folder; name another" in errors
    assert {file.name: file.read_bytes() for file in Path(model).iterdir()} == before


def test_empty_folder_is_used(run: Run, issues: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert run("train", issues, "--out", "empty", "--method", "naive_bayes")[0] == 0
    assert (tmp_path / "empty" / "manifest.json").is_file()


# --- predict


def test_every_label_is_predicted_most_probable_first(run: Run, issues: str, model: str) -> None:
    status, out, _ = run("predict", "--model", model, issues)
    rows = [json.loads(line) for line in out.splitlines()]
    assert status == 0
    assert [row["number"] for row in rows] == list(range(1, 91))
    for row in rows:
        assert sorted(each["name"] for each in row["labels"]) == ["bug", "docs", "feature"]
        probabilities = [each["probability"] for each in row["labels"]]
        assert probabilities == sorted(probabilities, reverse=True)
        assert {each["decision"] for each in row["labels"]} <= {"apply", "suggest", "withhold"}
    right = sum(row["labels"][0]["name"] == issue(row["number"])["labels"][0] for row in rows)
    assert right > 80


def test_precision_asked_for_is_that_of_the_settings(
    run: Run, issues: str, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lenient = run("predict", "--model", model, issues)[1]
    monkeypatch.setenv("ISSUE_TAGGER_APPLY_PRECISION", "0.999")
    strict = run("predict", "--model", model, issues)[1]
    assert lenient.count('"apply"') > strict.count('"apply"') == 0


def test_gzipped_file_is_predicted(run: Run, model: str, tmp_path: Path) -> None:
    with gzip.open(tmp_path / "one.json.gz", "wt") as file:
        json.dump([issue(3)], file)
    assert json.loads(run("predict", "--model", model, "one.json.gz")[1])["number"] == 3


def test_altered_model_is_refused(run: Run, issues: str, model: str) -> None:
    with (Path(model) / "words.json").open("a") as file:
        file.write(" ")
    status, out, errors = run("predict", "--model", model, issues)
    assert (status, out) == (2, "")
    assert "words.json: not the file that was written with this model" in errors


def test_folder_without_a_model_is_told(run: Run, issues: str, tmp_path: Path) -> None:
    status, _, errors = run("predict", "--model", str(tmp_path), issues)
    assert status == 2
    assert "no model there: manifest.json cannot be read: No such file or directory\n" in errors


# --- as a process


def start(*arguments: str) -> "subprocess.Popen[bytes]":
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "bot.cli", *arguments]
    signal.signal(signal.SIGINT, signal.default_int_handler)  # else ignored in a background job
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ)


def test_reader_that_stops_reading_is_no_error(issues: str, model: str) -> None:
    with start("predict", "--model", model, issues) as process:
        assert process.stdout is not None
        process.stdout.close()
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (141, b"")


def test_interrupted_training_leaves_nothing_and_no_traceback(tmp_path: Path) -> None:
    pipe = tmp_path / "issues.jsonl"
    os.mkfifo(pipe)
    with start("train", str(pipe), "--out", "m") as process:
        with pipe.open("w"):  # opens when the command reads
            process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, b"")
    assert list(tmp_path.iterdir()) == [pipe]
