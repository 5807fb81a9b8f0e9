"""The import of a long past by the real scheduler process, killed where one likes. Used by a benchmark, too."""

import hashlib
import math
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psutil
from sqlalchemy import select

from bot.database import Database
from bot.models import Base, Issue, LabelEvent, LabelTruth, Repository
from bot.remote import RemoteRepository
from bot.sync import enrol
from tests.live.process import ROOT, until
from tests.standin import StandIn
from tests.standin.past import LABELS, fill

NAME = "octo/long"
MIB = 1024 * 1024


@dataclass
class Import:
    """One import into a fresh database. `sizes` are MiB resident in the process, by pages read so far."""

    github: StandIn
    folder: Path
    begun_at: int = 0  # requests that the stand-in had answered before
    sizes: dict[int, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the database, and serve the repository."""
        self.folder.mkdir()
        self.database = Database(f"sqlite:///{self.folder / 'issue-tagger.sqlite3'}")
        self.database.migrate()
        there = self.github.world.find(NAME)
        with self.database.write() as session:
            found = [RemoteRepository(there.id, there.full_name)]
            enrol(session, (there.installation_id, there.owner), found, now=datetime.now(UTC))
        self.begun_at = len(self.github.log)

    def run(self, kills: Sequence[int] = ()) -> None:
        """Import; kill the process after so many pages, and start another."""
        for after in kills:
            with self._scheduler() as process:
                until(lambda n=after: len(self.pages()) >= n, f"{after} pages", timeout=900, every=0.002)  # type: ignore[misc]
                process.kill()
        with self._scheduler() as process:
            until(lambda: self._look(process) and self.done(), "the import ends", timeout=900, every=0.1)
            process.kill()
        self.database.engine.dispose()

    def _scheduler(self) -> "subprocess.Popen[bytes]":
        own = {"PYTHONPATH": str(ROOT), "ISSUE_TAGGER_DATA_DIR": str(self.folder)}
        command = [sys.executable, "-m", "bot.cli", "scheduler"]
        environ = {**os.environ, **own, **self.github.environ()}
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(command, cwd=self.folder, env=environ, stdout=log, stderr=log)

    def _look(self, process: "subprocess.Popen[bytes]") -> bool:
        self.sizes.setdefault(len(self.pages()), psutil.Process(process.pid).memory_info().rss / MIB)
        return True

    def done(self) -> bool:
        with self.database.read() as session:
            return session.scalars(select(Repository.pulled_at)).one() is not None

    # --- what came of it

    def requests(self) -> int:
        """Count what GitHub was asked in all."""
        return len(self.github.log) - self.begun_at

    def pages(self) -> list[str]:
        """Return the pages of the past that were read, in order."""
        asked = self.github.log[self.begun_at :]
        paths = {f"/repos/{NAME}/issues", f"/repos/{NAME}/issues/events"}
        return [f"{each.path} {each.query.get('page', '1')}" for each in asked if each.path in paths]

    def twice(self) -> list[str]:
        """Return the pages that were read more than once."""
        return [page for page, count in Counter(self.pages()).items() for _ in range(count - 1)]

    def size_after(self, pages: float) -> float:
        """Return the MiB resident when so many pages had been read."""
        return next(size for read, size in self.sizes.items() if read >= pages)

    def result(self) -> str:
        """Return a hash of all that is known afterwards."""
        digest = hashlib.sha256()
        for table in (Issue, LabelEvent, LabelTruth):
            digest.update(repr(self.rows(table)).encode())
        return digest.hexdigest()

    def rows(self, table: type[Base]) -> list[tuple[object, ...]]:
        columns = [column for column in table.__table__.columns if table is not LabelEvent or column.name != "id"]
        with self.database.read() as session:
            return sorted(map(tuple, session.execute(select(*columns))))


def long_past(github: StandIn, *, issues: int, pulls: int, events: int) -> int:
    """Give the stand-in a repository with a past; return how many requests it takes at least to read that."""
    fill(github.world, github.world.add_repository(NAME, LABELS), issues=issues, pulls=pulls, events=events)
    return math.ceil((issues + pulls) / 100) + math.ceil(events / 100)
