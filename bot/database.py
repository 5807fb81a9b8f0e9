"""The database: engine, transactions, migrations. SQLite by default, PostgreSQL by `DATABASE_URL`; one code path."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event, make_url
from sqlalchemy.orm import Session

MIGRATIONS = Path(__file__).parent.parent / "migrations"


class Database:
    """Hand out sessions; one instance a process."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _engine(url)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a session that only reads."""
        with Session(self.engine) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a session that commits at the end, or rolls back if anything is raised.

        On SQLite the transaction is IMMEDIATE from its start: a read that is upgraded to a write later
        fails at once whatever the timeout, as soon as another process has written in between.
        """
        engine = self.engine.execution_options(immediate=True)
        with Session(engine, expire_on_commit=False) as session, session.begin():
            yield session

    def migrate(self) -> None:
        """Bring the tables to the newest revision."""
        command.upgrade(self._alembic(), "head")

    def revision(self) -> tuple[str | None, str | None]:
        """Return the revision the database is at, and the newest there is."""
        with self.engine.connect() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
        return current, ScriptDirectory.from_config(self._alembic()).get_current_head()

    def _alembic(self) -> Config:
        config = Config(attributes={"engine": self.engine})
        config.set_main_option("script_location", str(MIGRATIONS))
        return config


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        engine = create_engine(url, pool_pre_ping=True, pool_size=5, hide_parameters=True)
        event.listen(engine, "handle_error", _leave_out_the_row)
        return engine
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": 30}, hide_parameters=True)  # what issues say is not logged
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _leave_out_the_row(context: ExceptionContext) -> None:
    """Reduce what PostgreSQL says of a broken constraint to its first sentence: the next ones quote the row."""
    told, ours = context.original_exception, context.sqlalchemy_exception
    diagnosis = getattr(told, "diag", None)
    if ours is None or diagnosis is None or diagnosis.message_primary is None:
        return
    before, short = str(told), diagnosis.message_primary
    told.args = (short,)
    ours.args = tuple(each.replace(before, short) for each in ours.args)


def _configure_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions are begun by _begin_sqlite, not by the driver
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")  # what was answered 202 survives a power cut as well
    connection.execute("PRAGMA foreign_keys=ON")


def _begin_sqlite(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
