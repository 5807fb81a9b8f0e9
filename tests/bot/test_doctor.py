import os
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from bot.doctor import DatabaseError, Finding, examine, make_data_dir, require_database, unusable
from bot.errors import SettingsError
from bot.settings import App, Settings
from tests.conftest import POSTGRES, migrate
from tests.standin import StandIn


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a data folder and a database that are in order."""
    settings = Settings(data_dir=tmp_path / "data")
    make_data_dir(settings)
    migrate(settings.database_url)
    return settings


def findings(settings: Settings) -> dict[str, Finding]:
    return {finding.subject: finding for finding in examine(lambda: settings)}


def bad(settings: Settings) -> list[str]:
    return [subject for subject, finding in findings(settings).items() if not finding.good]


def test_all_is_in_order(settings: Settings) -> None:
    found = findings(settings)
    assert [subject for subject, finding in found.items() if not finding.good] == []
    assert list(found) == ["settings", "data folder", "database", "queue", "backbone", "GitHub App"]
    assert "README, Connecting a GitHub App" in found["GitHub App"].text


def test_every_problem_of_the_settings_is_a_finding() -> None:
    def load() -> Settings:
        raise SettingsError(["PORT: no", "HOST: no"])

    assert [finding.text for finding in examine(load)] == ["PORT: no", "HOST: no"]


def test_missing_data_folder_is_told_and_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = findings(Settings())
    for subject in ("data folder", "queue"):
        assert not found[subject].good
        assert "ISSUE_TAGGER_DATA_DIR" in found[subject].mend
    assert f"{tmp_path}/.data is not there; is that the right folder?" in found["data folder"].text
    assert f"no database of issue-tagger in {tmp_path}/.data; is that the right data folder" in found["database"].text
    assert not (tmp_path / ".data").exists()


def test_open_data_folder_is_told(settings: Settings) -> None:
    settings.data_dir.chmod(0o755)
    found = findings(settings)["data folder"]
    assert found.mend == f"chmod 700 {settings.data_dir} closes it to others"
    assert not found.good
    assert "755" in found.text


def test_data_folder_is_made_private(tmp_path: Path) -> None:
    make_data_dir(Settings(data_dir=tmp_path / "deep" / "data"))
    assert stat.S_IMODE(os.stat(tmp_path / "deep" / "data").st_mode) == 0o700


def test_database_without_tables_is_told(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    make_data_dir(settings)
    (settings.data_dir / "issue-tagger.sqlite3").touch()
    with pytest.raises(DatabaseError, match="run: issue-tagger migrate"):
        require_database(settings)
    assert bad(settings) == ["database"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b"this is no database" * 100),
        lambda path: (path.unlink(), path.mkdir()),
    ],
)
def test_database_that_cannot_be_used_is_told(settings: Settings, spoil: Callable[[Path], object]) -> None:
    for rest in ("-wal", "-shm"):
        (settings.data_dir / f"issue-tagger.sqlite3{rest}").unlink(missing_ok=True)
    spoil(settings.data_dir / "issue-tagger.sqlite3")
    found = findings(settings)["database"]
    assert not found.good
    assert "cannot be used" in found.text


def test_database_that_does_not_let_us_in_is_not_to_be_migrated(settings: Settings) -> None:
    stranger = f"postgresql+psycopg://nobody-of-that-name@{POSTGRES}/postgres"
    found = findings(replace(settings, database_url=stranger))["database"]
    assert "nobody-of-that-name" in found.text
    assert found.mend.startswith("check DATABASE_URL")


def test_database_error_shows_neither_statement_nor_parameters() -> None:
    error = OperationalError("INSERT INTO issues", {"body": "private"}, ValueError("disk full\nmore"))
    assert str(unusable(error)) == "the database cannot be used: disk full; see DATABASE_URL"


def test_redis_that_is_not_there_is_told(settings: Settings) -> None:
    found = findings(replace(settings, redis_url="redis://127.0.0.1:1"))["queue"]
    assert not found.good
    assert "REDIS_URL" in found.mend


def test_backbone_that_is_not_prepared_is_told(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "empty"))
    found = findings(settings)["backbone"]
    assert not found.good
    assert "not prepared" in found.text


def test_app_that_github_knows_is_well(settings: Settings) -> None:
    with StandIn() as github:
        found = findings(replace(settings, app=github.app, api_url=github.url))["GitHub App"]
    assert found.good
    assert "GitHub knows it" in found.text


@pytest.mark.parametrize("kind", ["500", "drop"])
def test_github_that_does_not_answer_is_no_matter_of_the_key(settings: Settings, kind: str) -> None:
    with StandIn() as github:
        github.fail_next(50, kind, "/app$")
        found = findings(replace(settings, app=github.app, api_url=github.url))["GitHub App"]
    assert not found.good
    assert found.mend.startswith("try again later; check the network")


def test_app_that_is_installed_nowhere_is_told(settings: Settings) -> None:
    with StandIn() as github:
        found = findings(replace(settings, app=github.app, api_url=github.url))["installations"]
        page = f"{github.url}/apps/{github.world.slug}/installations/new"
    assert (found.good, found.text) == (True, f"on no account yet, so no issue can arrive; install it: {page}")


def test_requests_of_the_hour_are_told_by_installation(settings: Settings) -> None:
    with StandIn() as github:
        there = github.world.installations[github.world.add_repository("octo/demo").installation_id]
        there.used, there.limit, there.renewed_at = 1_811, 5_000, github.world.clock() + timedelta(hours=1)
        found = findings(replace(settings, app=github.app, api_url=github.url))
    assert (found["App on octo"].good, found["App on octo"].text) == (True, "1,812 of 5,000 requests of this hour used")


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"suspended": True}, "suspended"),
        ({"permissions": {"issues": "read", "contents": "write"}}, "app.yml asks for it: statuses, issues, metadata"),
        ({"limit": 0}, "API rate limit exceeded"),
    ],
)
def test_installation_that_cannot_be_served_is_told(settings: Settings, columns: dict[str, object], words: str) -> None:
    with StandIn() as github:
        github.world.add_repository("acme/rocket")
        there = github.world.installations[github.world.add_repository("octo/demo").installation_id]
        for name, value in columns.items():
            setattr(there, name, value)
        found = findings(replace(settings, app=github.app, api_url=github.url))
    assert (found["App on octo"].good, found["App on acme"].good) == (False, True)
    assert words in found["App on octo"].text
    assert "under Applications" in found["App on octo"].mend


def test_app_that_github_does_not_know_is_told(settings: Settings) -> None:
    with StandIn() as github:
        stranger = App(github.app.app_id + 1, github.app.private_key, github.app.webhook_secret)
        found = findings(replace(settings, app=stranger, api_url=github.url))["GitHub App"]
    assert not found.good
    assert "APP_ID" in found.mend
