import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot import auth, registration
from bot.database import Database
from bot.errors import SettingsError
from bot.models import SignInLink


@pytest.fixture
def token(database: Database, now: datetime) -> str:
    with database.write() as session:
        return auth.create_link(session, now=now)


def redeem(database: Database, token: str, now: datetime) -> bool:
    with database.write() as session:
        return auth.redeem(session, token, now)


def test_link_works_once(database: Database, token: str, now: datetime) -> None:
    assert redeem(database, token, now)
    assert not redeem(database, token, now)


def test_of_many_who_use_a_link_at_once_one_gets_in(database: Database, token: str, now: datetime) -> None:
    with ThreadPoolExecutor(8) as pool:
        entered = list(pool.map(lambda _: redeem(database, token, now), range(16)))
    assert entered.count(True) == 1


@pytest.mark.parametrize(("age", "works"), [(timedelta(hours=23), True), (timedelta(days=1), False)])
def test_link_expires_after_a_day(database: Database, token: str, now: datetime, age: timedelta, works: bool) -> None:
    assert redeem(database, token, now + age) is works


def test_unknown_link_does_not_work(database: Database, token: str, now: datetime) -> None:
    assert not redeem(database, token[:-1], now)
    assert redeem(database, token, now)


def test_database_does_not_know_the_token(database: Database, token: str) -> None:
    with database.read() as session:
        rows = session.scalars(select(SignInLink)).all()
    assert len(rows) == 1
    assert token not in repr(vars(rows[0]))


def test_expired_links_are_forgotten(database: Database, token: str, now: datetime) -> None:
    with database.write() as session:
        auth.create_link(session, now=now + timedelta(days=2))
    with database.read() as session:
        assert len(session.scalars(select(SignInLink)).all()) == 1


def test_session_key_stays_the_same_and_is_private(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    key = auth.session_key(folder)
    assert auth.session_key(folder) == key
    assert stat.S_IMODE((folder / "session.key").stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == ["session.key"]


def test_processes_that_start_together_agree_on_the_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(auth.session_key, [tmp_path] * 32))
    assert len(keys) == 1
    assert len(keys.pop()) == auth.KEY_BYTES


def test_key_made_by_another_process_is_kept(tmp_path: Path) -> None:
    first = auth.session_key(tmp_path)
    registration.create_private(tmp_path / "session.key", bytes(auth.KEY_BYTES))
    assert auth.session_key(tmp_path) == first


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda path: path.write_bytes(b"short"), "delete it"),
        (lambda path: path.mkdir(), "cannot be read"),
    ],
)
def test_bad_session_key_is_explained(tmp_path: Path, spoil: Callable[[Path], object], told: str) -> None:
    spoil(tmp_path / "session.key")
    with pytest.raises(SettingsError, match=told):
        auth.session_key(tmp_path)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1:3000", True),
        ("localhost", True),
        ("[::1]:3000", True),
        ("[::1]", True),
        ("tagger.example.org", False),
        ("10.0.0.7:3000", False),
        ("localhost.example.org:80", False),
    ],
)
def test_loopback_is_recognised(host: str, loopback: bool) -> None:
    assert auth.is_loopback(host) is loopback
