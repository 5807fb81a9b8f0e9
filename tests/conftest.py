"""Fixtures for all tests: a fresh database each, the bundled data where it is, and no skips in CI."""

import gc
import logging
import os
import secrets
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from bot.database import Database
from bot.logs import OURS, LineFormatter
from tests.standin.fixtures import gateway, hub, standin  # noqa: F401

DATA = Path(__file__).parent.parent.parent / "shared" / "data"
POSTGRES = "127.0.0.1:5432"  # with the user postgres, who needs no password


def pytest_collection_finish() -> None:
    """Spare what all the imports left behind from garbage collections; each training of an encoder asks for several."""
    gc.freeze()


@pytest.fixture(autouse=True, scope="module")
def tidy() -> Iterator[None]:
    """Close what the tests of a file left to the garbage: hundreds of sockets and files would stay open."""
    yield
    gc.collect()


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A fresh, migrated database. What uses it runs twice: on SQLite, and on PostgreSQL."""
    fresh = Database(request.getfixturevalue(f"{request.param}_url"))
    yield fresh
    fresh.engine.dispose()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite database, to be copied."""
    file = tmp_path_factory.mktemp("template") / "template.sqlite3"
    migrate(f"sqlite:///{file}")
    return file


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The address of a copy of it, for one test."""
    shutil.copyfile(sqlite_template, tmp_path / "test.sqlite3")
    return f"sqlite:///{tmp_path / 'test.sqlite3'}"


@pytest.fixture(scope="session")
def postgresql_template() -> Iterator[str]:
    """The name of a migrated PostgreSQL database, to be copied."""
    name = f"issue_tagger_{secrets.token_hex(4)}"
    try:
        on_postgres(f"CREATE DATABASE {name}")
    except psycopg.OperationalError:
        pytest.skip(f"PostgreSQL is not at {POSTGRES}")
    migrate(f"postgresql+psycopg://postgres@{POSTGRES}/{name}")
    yield name
    on_postgres(f"DROP DATABASE {name}")


@pytest.fixture
def postgresql_url(postgresql_template: str) -> Iterator[str]:
    """The address of a copy of it, for one test."""
    name = f"{postgresql_template}_{secrets.token_hex(4)}"
    on_postgres(f"CREATE DATABASE {name} TEMPLATE {postgresql_template}")
    yield f"postgresql+psycopg://postgres@{POSTGRES}/{name}"
    on_postgres(f"DROP DATABASE {name} WITH (FORCE)")


def on_postgres(statement: str) -> None:
    with psycopg.connect(f"postgresql://postgres@{POSTGRES}/postgres", autocommit=True, connect_timeout=5) as session:
        session.execute(statement)


def migrate(url: str) -> None:
    database = Database(url)
    database.migrate()
    database.engine.dispose()


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder with real issues."""
    if not DATA.is_dir():
        pytest.skip(f"real issues are not here: {DATA}")
    return DATA


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Take off what a command that a test called has set up: it writes where that test's output went."""
    root = logging.getLogger()
    level = root.level
    yield
    root.setLevel(level)
    for handler in [each for each in root.handlers if isinstance(each.formatter, LineFormatter)]:
        root.removeHandler(handler)
    for name in OURS:
        logging.getLogger(name).setLevel(logging.NOTSET)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Turn every skip into a failure in CI, where all that a test can need is installed."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which counts as a failure in CI: {report.longrepr}"
    return report
