"""The replay, from the outside: a file of invented issues in, figures and a page out."""

import base64
import json
import os
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.cli import main
from bot.replay_source import load
from bot.replay_walk import Lived, Plan, walk
from bot.report import headline
from bot.settings import NAMES, Settings
from pipeline.issues import Issue
from tests.bot.usecases import invented

Run = Callable[..., tuple[int, str, str]]
COUNT = 120  # enough for two trainings
FAST = {"ISSUE_TAGGER_METHOD": "naive_bayes", "ISSUE_TAGGER_RETRAIN_LABELS": "40"}


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder, with the fast method and nothing else set."""
    for name in NAMES & os.environ.keys():
        monkeypatch.delenv(name)
    for name, value in FAST.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str) -> tuple[int, str, str]:
        status = main(["replay", *arguments])
        said = capsys.readouterr()
        return status, said.out, said.err

    return call


def row(issue: Issue, *, dated: bool = True, **more: object) -> dict[str, Any]:
    """Return an issue in the shape of GitHub's REST answer."""
    about = {"number": issue.number, "title": issue.title, "body": issue.body}
    at = {"created_at": issue.created_at.isoformat()} if dated and issue.created_at else {}
    names = [{"name": name} for name in issue.labels]
    return {**about, "labels": names, "html_url": f"https://github.com/octo/demo/issues/{issue.number}", **at, **more}


def write(rows: list[dict[str, Any]], name: str = "demo.jsonl") -> str:
    Path(name).write_text("".join(json.dumps(each) + "\n" for each in rows))
    return name


def figures(run: Run, *arguments: str) -> dict[str, Any]:
    status, _, err = run(*arguments, "--json", "out.json")
    assert status == 0, err
    found: dict[str, Any] = json.loads(Path("out.json").read_text())
    return found


def test_where_the_bot_would_choose_a_method_linear_is_trained(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ISSUE_TAGGER_METHOD")
    found = figures(run, write([row(issue) for issue in invented(COUNT)]))
    assert {model["method"] for model in found["models"]} == {"linear"}


def test_the_figures_have_the_shape_that_was_asked_for(run: Run) -> None:
    found = figures(run, write([row(issue) for issue in invented(COUNT)]))
    assert (found["repository"], found["issues"], found["evaluated"]) == ("octo/demo", COUNT, COUNT)
    for kind in ("applied", "suggested"):
        assert set(found[kind]) == {"issues", "labels", "precision", "coverage", "recall"}
    assert {name for each in found["per_label"] for name in each} == {
        *("name", "support", "applied", "correct", "precision", "recall")
    }
    support = {each["name"]: each["support"] for each in found["per_label"]}
    assert support == dict.fromkeys(("bug", "documentation", "question"), COUNT // 3)
    assert set(found["timeline"][0]) == {"issues", "precision", "coverage", "micro_f1"}
    assert found["timeline"][-1]["issues"] == COUNT
    assert found["seconds"] >= 0
    first = found["models"][0]
    assert (first["number"], first["method"], first["held_out"]) == (1, "naive_bayes", 50)
    assert first["promoted_at_issue"] == first["trained_at_issue"] > 70


def test_the_figures_agree_with_each_other(run: Run) -> None:
    found = figures(run, write([row(issue) for issue in invented(COUNT)]))
    applied, each = found["applied"], found["per_label"]
    assert sum(label["applied"] for label in each) == applied["labels"] > 0
    right = sum(label["correct"] for label in each)
    assert applied["precision"] == pytest.approx(right / applied["labels"])
    assert applied["recall"] == pytest.approx(right / COUNT)
    assert applied["coverage"] == pytest.approx(applied["issues"] / COUNT)


# --- time


def lived(rows: list[dict[str, Any]], folder: Path) -> Lived:
    source = load(write(rows, f"{folder.name}.jsonl"), Settings())
    folder.mkdir()
    settings = Settings(method="naive_bayes", retrain_labels=40)
    labels = ("bug", "documentation", "question")
    return walk(Plan(source, labels, timedelta(hours=6), settings), folder, show=lambda _done, _doing: None)


@pytest.mark.slow
def test_no_prediction_uses_a_label_that_was_revealed_later(tmp_path: Path) -> None:
    """From issue 100 on everybody means something else: what was predicted before the change is told is the same."""
    turned = {"bug": "documentation", "documentation": "question", "question": "bug"}
    issues, change = invented(COUNT), 100
    other = [
        row(each) if each.number < change else row(each, labels=[{"name": turned[each.labels[0]]}]) for each in issues
    ]
    one, two = lived([row(each) for each in issues], tmp_path / "one"), lived(other, tmp_path / "two")

    def told(past: Lived) -> list[list[tuple[str, float]]]:
        return [[(guess.label, guess.probability) for guess in each.guesses] for each in past.predicted]

    untold = change - 1 + 6  # the labels of issue 100 come six hours, which is six issues, later
    assert told(one)[:untold] == told(two)[:untold]
    assert one.predicted[untold - 1].model is not None, "a model had been trained by then"
    assert [each.issue.labels for each in one.predicted] != [each.issue.labels for each in two.predicted]


def test_no_issue_is_predicted_by_a_model_that_was_trained_on_it(tmp_path: Path) -> None:
    past = lived([row(each) for each in invented(COUNT)], tmp_path / "one")
    models = {t.model.number: t for t in past.trainings if t.model}
    assert models
    for each in past.predicted:
        if each.model is not None:
            assert models[each.model].model.trained_until < each.issue.created_at
            assert models[each.model].after < each.issue.number


def test_a_file_without_dates_says_so(run: Run) -> None:
    rows = [row(each, dated=False) for each in invented(30)]
    status, out, _ = run(write(rows), "--json", "out.json")
    assert status == 0
    assert "Not all issues have a date" in " ".join(out.split())
    assert json.loads(Path("out.json").read_text())["order"] == "file"


# --- the page


def test_the_page_needs_nothing_else_and_shows_hostile_text_as_text(run: Run) -> None:
    evil = "<script>alert(1)</script>\x1b[31m"
    rows = [row(each, title=evil, labels=[{"name": evil}]) for each in invented(30)]
    status, out, _ = run(write(rows), "--html", "page.html")
    page = Path("page.html").read_text()
    assert status == 0
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "\x1b" not in out
    assert not re.search(r"(src|href|srcset)\s*=\s*[\"'](?!data:)", page)
    assert "url(" not in page
    assert "@import" not in page


def test_the_picture_in_the_page_is_whole(run: Run) -> None:
    run(write([row(each) for each in invented(30)]), "--html", "page.html")
    pictures = re.findall(r"data:image/svg\+xml;base64,([^\"]+)", Path("page.html").read_text())
    assert len(pictures) == 2
    assert all(base64.b64decode(each).rstrip().endswith(b"</svg>") for each in pictures)


def test_page_and_terminal_show_the_same_figures_of_each_label(run: Run) -> None:
    rows = [row(each, labels=[{"name": name} for name in (*each.labels, "rare")]) for each in invented(30)]
    _, out, _ = run(write(rows), "--html", "page.html", "--json", "out.json")
    page = " ".join(re.sub(r"<[^>]*>", " ", Path("page.html").read_text()).split())
    assert [each["applied"] for each in json.loads(Path("out.json").read_text())["per_label"]] == [0] * 4
    for told in (page, " ".join(out.split())):
        assert "rare 30 0 0 — 0 %" in told


def test_file_that_does_not_tell_its_repository_is_called_by_its_own_name(run: Run) -> None:
    rows = [{key: value for key, value in row(each).items() if key != "html_url"} for each in invented(30)]
    _, out, _ = run(write(rows, "our.issues.jsonl"), "--json", "out.json", "--html", "page.html")
    assert out.splitlines()[0] == "our.issues.jsonl"
    assert json.loads(Path("out.json").read_text())["repository"] == "our.issues.jsonl"
    assert "would have done in our.issues.jsonl</h1>" in Path("page.html").read_text()


def test_headline_counts_only_right_labels_as_saved(run: Run) -> None:
    found = figures(run, write([row(each) for each in invented(COUNT)]))
    one = {"name": "bug", "support": 20, "applied": 10, "correct": 5, "precision": 0.5, "recall": 0.25}
    applied = {"issues": 10, "labels": 10, "precision": 0.5, "coverage": 0.1, "recall": 0.25}
    told = headline({**found, "applied": applied, "precision_interval": [0.2, 0.8], "per_label": [one]})
    assert "The right ones of those put on are 25 % of the 20 labels that people put on." in told


# --- what cannot be used


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "there is no such file"),
        (b"", "there is no issue in it"),
        (b"\n\n", "there is no issue in it"),
        (b"[]", "there is no issue in it"),
        (b'{"number": 1, "title": "a"}\n{"number": 2, ', "line 2: not JSON"),
        (b'{"number": "1", "title": "a"}', "'number' is '1', not a whole number"),
        (b'{"number": 1, "title": "a", "created_at": "soon"}', "'soon' is not a date"),
        (b'{"number": 1, "title": "a", "labels": []}', "no issue has a label"),
        (b"\x1f\x8b\x08\x00damaged", "the gzip archive is damaged"),
        (b"\xff\xfe\xfa", "not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_used_is_an_error_in_one_line(run: Run, content: bytes | None, why: str) -> None:
    if content is not None:
        Path("demo.jsonl").write_bytes(content)
    status, out, err = run("demo.jsonl", "--json", "out.json")
    assert (status, out) == (2, "")
    assert why in err
    assert err.count("\n") == 1
    assert not Path("out.json").exists()
