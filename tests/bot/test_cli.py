"""The command line, from the outside: what is typed, what is printed, the exit status, what the database says."""

import argparse
import json
import os
import pkgutil
import re
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from bot import auth, storage
from bot.cli import build_parser, main
from bot.cli_operator import table
from bot.database import Database
from bot.models import Delivery, Installation, Label, Mode, ModelStatus, Repository, Work
from bot.retraining import serve
from bot.settings import NAMES

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
METRICS = {"micro_f1": 0.5, "champion_micro_f1": 0.4}
REPO = "octo/demo"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder, with nothing set."""
    for name in NAMES & os.environ.keys():
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs a command and returns its status, output and errors."""

    def call(*arguments: str) -> tuple[int, str, str]:
        status = main(arguments)
        said = capsys.readouterr()
        return status, said.out, said.err

    return call


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Database]:
    """The database that the command will find, with one repository."""
    (tmp_path / ".data").mkdir(mode=0o700)
    database = Database("sqlite:///.data/issue-tagger.sqlite3")
    database.migrate()
    with database.write() as session:
        session.add(Installation(id=1, account="octo"))
        session.flush()
        session.add(Repository(id=7, installation_id=1, full_name=REPO, enrolled_at=NOW))
        session.flush()
        session.add_all(Label(repository_id=7, id=n, name=name) for n, name in enumerate(("bug", "Feature request")))
    yield database
    database.engine.dispose()


# --- in general


def subcommands(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for each in action.choices.values():
                yield each
                yield from subcommands(each)


def test_every_subcommand_has_a_function_and_a_description() -> None:
    found = list(subcommands(build_parser("")))
    assert len(found) == 21
    for each in found:
        assert callable(pkgutil.resolve_name(each.get_default("run")))
        assert each.description


@pytest.mark.parametrize(("given", "threads"), [(None, "2"), ("1", "1")])
def test_calculations_here_have_two_threads_unless_told_otherwise(given: str | None, threads: str) -> None:
    asked = "import os, sys; from bot.cli import main; main(sys.argv[1:]); print(os.environ['OMP_NUM_THREADS'])"
    environ = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    environ |= {} if given is None else {"OMP_NUM_THREADS": given}
    command = [sys.executable, "-c", asked, "predict", "no-such-file", "--model", "no-such-folder"]
    assert subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout == f"{threads}\n"


def test_help_of_undo_names_all_that_is_taken_back() -> None:
    (undo,) = (each for each in subcommands(build_parser("")) if each.prog.endswith(" undo"))
    assert undo.description == "Take back what the bot wrote and nobody confirmed: labels, suggestions and comments."


@pytest.mark.parametrize(
    "arguments", [[], ["fly"], ["train"], ["deliveries", "retry"], ["configure", REPO, "--mode", "x"]]
)
def test_wrong_usage_is_explained(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: issue-tagger" in capsys.readouterr().err


def test_share_that_is_none_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["configure", REPO, "--apply-precision", "90"])
    assert "'90' is not a number above 0 and below 1" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["up", "web", "migrate", "sign-in", "deliveries"])
def test_all_problems_of_the_settings_are_told(run: Run, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "http")
    monkeypatch.setenv("APP_ID", "1")
    status, out, errors = run(command)
    assert (status, out) == (2, "")
    assert [line[:20] for line in errors.splitlines()] == [
        "issue-tagger: PRIVAT",
        "issue-tagger: WEBHOO",
        "issue-tagger: PORT: ",
    ]


@pytest.mark.parametrize(
    "command",
    [
        "web",
        "worker",
        "trainer",
        "scheduler",
        "sign-in",
        "deliveries",
        "models x/y",
        "undo --repo x/y --since 2026-01-01",
    ],
)
def test_folder_without_a_database_is_named_and_left_as_it_is(run: Run, command: str, tmp_path: Path) -> None:
    status, _, errors = run(*command.split())
    assert status == 2
    assert f"in {tmp_path}/.data; is that the right data folder" in errors
    assert "run: issue-tagger migrate" in errors
    assert not list(tmp_path.iterdir())


def test_repository_that_is_not_served_is_told(run: Run, live: Database) -> None:
    status, _, errors = run("models", "octo/other")
    assert status == 2
    assert errors == f"issue-tagger: octo/other: the App does not serve this repository; it serves: {REPO}\n"


def test_file_that_cannot_be_written_is_named(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("ISSUE_TAGGER_DATA_DIR", str(tmp_path / "file" / "data"))
    status, _, errors = run("migrate")
    assert status == 2
    assert errors.startswith(f"issue-tagger: {tmp_path}/file")


def test_table_is_aligned() -> None:
    assert table(("A", "B"), [("long", 1), ("x", "")]) == "A     B\nlong  1\nx"


# --- migrate, doctor, sign-in


def test_migrate_makes_a_private_folder_and_the_newest_tables(run: Run, tmp_path: Path) -> None:
    status, out, _ = run("migrate")
    assert status == 0
    assert stat.S_IMODE((tmp_path / ".data").stat().st_mode) == 0o700
    current, newest = Database("sqlite:///.data/issue-tagger.sqlite3").revision()
    assert current == newest
    assert out == f"database: at revision {newest}\nbackbone: bundled, prepared\n"


def test_doctor_fails_until_all_is_in_order(run: Run) -> None:
    status, out, _ = run("doctor")
    assert status == 1
    assert "PROBLEM  database" in out
    assert "to mend it: run: issue-tagger migrate" in out
    run("migrate")
    status, out, _ = run("doctor")
    assert status == 0
    assert "PROBLEM" not in out


def test_sign_in_link_works_once(run: Run, live: Database) -> None:
    status, out, _ = run("sign-in")
    assert status == 0
    start, token = out.strip().rsplit("/", 1)
    assert start == "http://127.0.0.1:3000/sign-in"
    with live.write() as session:
        now = datetime.now(UTC)
        assert [auth.redeem(session, token, now), auth.redeem(session, token, now)] == [True, False]


# --- deliveries


def deliver(database: Database, **status_of: Work) -> None:
    with database.write() as session:
        for key, status in status_of.items():
            row = Delivery(id=key, event="issues", action="opened", body="{}", received_at=NOW, due_at=NOW)
            row.status, row.attempts, row.last_error = status, 8, "github_unavailable: it\nwas down"
            session.add(row)


def test_failed_deliveries_are_shown(run: Run, live: Database) -> None:
    deliver(live, d1=Work.FAILED, d2=Work.DONE, d3=Work.FAILED)
    status, out, _ = run("deliveries")
    assert status == 0
    assert out.startswith("Inbox: 1 done, 2 failed\n")
    assert "d1  issues.opened  2026-03-01 12:00:00  8         github_unavailable: it was down" in out
    assert "d2" not in out


def test_deliveries_in_another_state_are_shown(run: Run, live: Database) -> None:
    deliver(live, d1=Work.FAILED, d2=Work.DONE)
    _, out, _ = run("deliveries", "list", "--status", "done")
    assert "d2" in out
    assert "d1" not in out


def test_empty_inbox_is_shown(run: Run, live: Database) -> None:
    assert run("deliveries") == (0, "Inbox: empty\n", "")


def test_failed_delivery_is_queued_again(run: Run, live: Database) -> None:
    deliver(live, d1=Work.FAILED, d2=Work.DONE)
    status, out, errors = run("deliveries", "retry", "d1", "d2", "d3")
    assert (status, out) == (2, "d1: queued again\n")
    assert "not a delivery that failed: d2, d3" in errors
    with live.read() as session:
        rows = {row.id: (row.status, row.attempts) for row in session.scalars(select(Delivery))}
    assert rows == {"d1": (Work.QUEUED, 0), "d2": (Work.DONE, 8)}


def test_retry_wakes_a_worker_up(run: Run, live: Database) -> None:
    deliver(live, d1=Work.FAILED)
    run("deliveries", "retry", "d1")
    _, out, _ = run("doctor")
    assert "1 calls waiting" in out


# --- models


@pytest.fixture
def two_models(live: Database) -> None:
    """Two versions: the first was the champion, then the second."""
    with live.write() as session:
        repo = storage.repository_named(session, REPO)
        for number in (1, 2):
            values = {"folder": f"m{number}", "method": "linear", "status": ModelStatus.CHALLENGER}
            values |= {"reason": f"promoted: reason {number}", "metrics": METRICS, "created_at": NOW}
            values |= {"trained_on": 100 * number, "trained_until": NOW, "held_out": 50}
            model = storage.add_model(session, repo.id, values)
            serve(session, repo, model, "better", now=NOW)


def champion(database: Database) -> int | None:
    with database.read() as session:
        model = storage.champion(session, storage.repository_named(session, REPO))
        return model.number if model else None


@pytest.mark.usefixtures("two_models")
def test_model_versions_are_shown(run: Run) -> None:
    _, out, _ = run("models", REPO)
    head, newest, oldest = out.splitlines()
    assert head.split("  ")[0] == "NUMBER"
    assert " ".join(newest.split()) == (
        "2 linear champion 200 issues micro F1 0.500 (champion 0.400) promoted: reason 2"
    )
    assert oldest.split()[:3] == ["1", "linear", "retired"]


@pytest.mark.usefixtures("two_models")
def test_model_versions_are_shown_as_json(run: Run) -> None:
    _, out, _ = run("models", REPO, "--json")
    newest, _oldest = json.loads(out)
    assert (newest["number"], newest["status"], newest["metrics"]) == (2, "champion", METRICS)


def test_repository_without_models_says_so(run: Run, live: Database) -> None:
    assert run("models", REPO)[1] == f"{REPO}: no model yet; the cold start is in service\n"


@pytest.mark.usefixtures("two_models")
@pytest.mark.parametrize(("extra", "serves"), [([], 1), (["--to", "1"], 1), (["--to", "0"], None)])
def test_roll_back_is_one_command(run: Run, live: Database, extra: list[str], serves: int | None) -> None:
    status, out, _ = run("models", REPO, "rollback", *extra)
    assert (status, champion(live)) == (0, serves)
    assert "is in service" in out


@pytest.mark.usefixtures("two_models")
def test_roll_back_to_an_unknown_version_changes_nothing(run: Run, live: Database) -> None:
    status, _, errors = run("models", REPO, "rollback", "--to", "9")
    assert (status, champion(live)) == (2, 2)
    assert "there are: 1, 2" in errors


# --- configure


def configured(database: Database) -> tuple[object, ...]:
    with database.read() as session:
        repo = storage.repository_named(session, REPO)
        return repo.mode, repo.apply_precision, repo.suggest_precision, repo.taxonomy


def test_settings_of_the_repositorys_own_file_are_shown_as_such(run: Run, live: Database) -> None:
    with live.write() as session:
        repo = storage.repository_named(session, REPO)
        repo.config, repo.config_path = "mode: shadow\nprecision: {apply: 0.8}\n", f"{REPO}/.github/issue-tagger.yml"
    _, out, _ = run("configure", REPO, "--apply-precision", "0.7")
    shown = dict(re.split(r"  +", line.strip(), maxsplit=1) for line in out.splitlines()[1:])
    assert shown["mode"] == f"shadow  ({REPO}/.github/issue-tagger.yml)"
    assert shown["apply precision"] == "0.7  (set here)"
    assert shown["suggest precision"] == "0.6"


def test_settings_in_force_are_shown(run: Run, live: Database) -> None:
    _, out, _ = run("configure", REPO)
    assert [line.split() for line in out.splitlines()[1:]] == [
        ["mode", "suggest"],
        ["apply", "precision", "0.9"],
        ["suggest", "precision", "0.6"],
        ["labels", "those", "in", "use"],
        ["its", "own", "file", "none"],
    ]
    assert configured(live) == (None, None, None, None)


def test_mistakes_of_its_own_file_are_told_one_a_line(run: Run, live: Database) -> None:
    with live.write() as session:
        repo = storage.repository_named(session, REPO)
        repo.config_problems = ["line 1: mode is 'aply'", "line 2: there is no setting 'x'"]
    lines = run("configure", REPO)[1].splitlines()
    assert lines[-2].startswith("its own file  ")
    assert lines[-2].endswith("line 1: mode is 'aply'")
    assert lines[-1].strip() == "line 2: there is no setting 'x'"


def test_settings_of_a_repository_are_taken_back(run: Run, live: Database) -> None:
    with live.write() as session:
        repo = storage.repository_named(session, REPO)
        repo.config, repo.config_path = "mode: apply", f"{REPO}/.github/issue-tagger.yml"
    run("configure", REPO, "--mode", "suggest", "--apply-precision", "0.95", "--suggest-precision", "0.7")
    back = ("--mode", "default", "--apply-precision", "default", "--suggest-precision", "default")
    status, out, _ = run("configure", REPO, *back)
    assert (status, configured(live)) == (0, (None, None, None, None))
    assert f"apply  ({REPO}/.github/issue-tagger.yml)" in out
    assert "set here" not in out


def test_settings_of_a_repository_are_changed(run: Run, live: Database) -> None:
    changes = ["--mode", "apply", "--apply-precision", "0.95", "--suggest-precision", "0.7"]
    status, out, _ = run("configure", "OCTO/Demo", *changes, "--labels", " Feature request , bug")
    assert status == 0
    assert configured(live) == (Mode.APPLY, 0.95, 0.7, ["Feature request", "bug"])
    assert "Feature request, bug  (set here)" in out
    run("configure", REPO, "--labels", "")
    assert configured(live) == (Mode.APPLY, 0.95, 0.7, None)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (["--suggest-precision", "0.95"], "must not be above"),
        (["--mode", "apply", "--apply-precision", "0.5"], "must not be above"),
        (["--mode", "apply", "--labels", "bugs"], "'bugs': did you mean 'bug'?"),
        (["--labels", ","], "it names none"),
    ],
)
def test_settings_that_do_not_go_together_change_nothing(
    run: Run, live: Database, changes: list[str], told: str
) -> None:
    status, _, errors = run("configure", REPO, *changes)
    assert status == 2
    assert told in errors
    assert configured(live) == (None, None, None, None)
