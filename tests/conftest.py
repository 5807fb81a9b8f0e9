"""Fixtures for all tests: a fresh database each, the bundled data where it is, and no skips in CI."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.database import Database
from tests.standin.fixtures import gateway, hub, standin  # noqa: F401

DATA = Path(__file__).parent.parent.parent / "shared" / "data"


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A fresh, migrated SQLite database."""
    fresh = Database(f"sqlite:///{tmp_path / 'test.sqlite3'}")
    fresh.migrate()
    yield fresh
    fresh.engine.dispose()


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder with real issues."""
    if not DATA.is_dir():
        pytest.skip(f"real issues are not here: {DATA}")
    return DATA


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Turn every skip into a failure in CI, where all that a test can need is installed."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which counts as a failure in CI: {report.longrepr}"
    return report
