"""`issue-tagger up` as a process, with a folder of its own and the stand-in as its GitHub. Used by benchmarks, too."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from bot.database import Database
from bot.supervisor import answers
from tests.standin import StandIn, posting_to

ROOT = Path(__file__).parent.parent.parent


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def until(condition: Callable[[], object], what: str, *, timeout: float = 60, every: float = 0.1) -> None:
    """Wait for a condition; fail with `what` if it does not come true in time."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout:g} s: {what}")
        time.sleep(every)


class Up:
    """`issue-tagger up`: `with Up(standin, folder) as up`. What it prints goes to `folder/up.log`."""

    def __init__(self, github: StandIn, folder: Path, environ: Mapping[str, str] | None = None) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "up.log"
        own = {"PYTHONPATH": str(ROOT), "PORT": str(self.port), "ISSUE_TAGGER_DATA_DIR": str(folder / "data")}
        own |= {"ISSUE_TAGGER_DELAY_SECONDS": "0"}
        self.environ = {**os.environ, **own, **github.environ(), **(environ or {})}
        self.database = Database(f"sqlite:///{folder / 'data' / 'issue-tagger.sqlite3'}")
        self.process: subprocess.Popen[bytes] | None = None
        self._folder = folder
        github.webhooks.transport = posting_to(f"{self.url}/api/github/webhooks")

    def start(self) -> None:
        """Start it, unless it runs."""
        if self.process is not None and self.process.poll() is None:
            return
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bot.cli", "up"], cwd=self._folder, env=self.environ, stdout=log, stderr=log
            )

    def wait(self) -> float:
        """Wait until the web answers; return the seconds that took."""
        begun = time.monotonic()
        until(lambda: answers("127.0.0.1", self.port, "/healthz"), f"ready; see {self.log}", timeout=30, every=0.02)
        return time.monotonic() - begun

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def sign_in_link(self) -> str:
        """Return the link that it printed last."""
        until(lambda: "/sign-in/" in self.said(), "a sign-in link")
        return re.findall(r"http\S+/sign-in/\S+", self.said())[-1]

    def stop(self) -> int:
        """Stop it as Ctrl-C does; return its exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=40)

    def __enter__(self) -> Self:
        self.start()
        self.wait()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.process is not None and self.process.poll() is None:
            self.stop()
        self.database.engine.dispose()
