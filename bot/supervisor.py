"""Run several processes under one command: start, watch, start again, stop. None of them outlives the supervisor."""

import errno
import http.client
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bot.errors import BotError

log = logging.getLogger(__name__)

PARTS = ("web", "worker", "trainer", "scheduler")
FIRST_DELAY, LONGEST_DELAY = 0.2, 30.0  # seconds before a part is started again; doubled with every death
SETTLED = 30.0  # seconds a part has to live for its next death to count as its first
GRACE = 15.0  # seconds to stop by itself before it is killed
TICK = 0.05  # seconds
PORT_PATIENCE = 5.0  # seconds for the web process of a supervisor that was killed to let go of the port


class PortError(BotError):
    """The web server cannot listen where it should."""

    reason = "port"


# --- the supervisor's side


@dataclass
class Part:
    """One process of many, and when to start it again.

    `delay`, in seconds, is the one before its last start; `told` is whether it was told to stop since.
    """

    name: str
    command: Sequence[str]
    process: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0.0
    delay: float = 0.0
    due_at: float = 0.0
    told: bool = False

    def watch(self, now: float) -> None:
        """Take note of a death; start what is due."""
        if self.process is not None and self.process.poll() is not None:
            self._bury(self.process, now)
        if self.process is None and now >= self.due_at:
            self._start(now)

    def _start(self, now: float) -> None:
        self.started_at = now
        # Its standard input is a pipe that only we hold: it ends when we do, however we do. A process group of its own
        # keeps Ctrl-C away from it, so that it is told to stop once, by us.
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, process_group=0)

    def _bury(self, process: "subprocess.Popen[bytes]", now: float) -> None:
        self.delay = next_delay(self.delay, lived=now - self.started_at)
        self.due_at, self.process = now + self.delay, None
        _hang_up(process)
        level, what = (logging.INFO, "part stopped") if self.told else (logging.WARNING, "part died")
        log.log(level, what, extra={"part": self.name, "status": process.returncode, "again_in": self.delay})
        self.told = False

    def tell_to_stop(self) -> None:
        """Send SIGTERM."""
        if self.process is not None:
            self.process.terminate()
            self.told = True

    def wait(self, timeout: float) -> None:
        """Wait for the end, and bring it about after `timeout` seconds."""
        if self.process is None:
            return
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            log.warning("part killed, for it did not stop", extra={"part": self.name})
            self.process.kill()
            self.process.wait()
        _hang_up(self.process)


def _hang_up(process: "subprocess.Popen[bytes]") -> None:
    if process.stdin is not None:
        process.stdin.close()


def next_delay(previous: float, *, lived: float) -> float:
    """Return how many seconds to wait before the next start of a part that lived so long."""
    return FIRST_DELAY if previous == 0 or lived >= SETTLED else min(previous * 2, LONGEST_DELAY)


class Supervisor:
    """Keep processes running until told to stop.

    Parameters
    ----------
    commands : mapping
        From the name of each part to its command line.
    grace : float
        Seconds that a part may take to stop before it is killed.
    """

    def __init__(self, commands: Mapping[str, Sequence[str]], *, grace: float = GRACE) -> None:
        self.parts = [Part(name, command) for name, command in commands.items()]
        self.grace = grace
        self._stopping = False

    def stop(self) -> None:
        """Make :meth:`run` end. May be called by a signal handler or from another thread."""
        self._stopping = True

    def run(
        self, *, ready: Callable[[], bool], announce: Callable[[], None], renew: Callable[[], bool] = lambda: False
    ) -> None:
        """Run until :meth:`stop`, then stop every part; call `announce` once, as soon as `ready` says so.

        When `renew` says so, every part is told to stop, and started again.
        """
        announced = False
        try:
            while not self._stopping:
                if renew():
                    log.info("starting anew, for the settings have changed")
                    for part in self.parts:
                        part.tell_to_stop()
                for part in self.parts:
                    part.watch(time.monotonic())
                if not announced and ready():
                    announce()
                    announced = True
                time.sleep(TICK)
        finally:
            self._stop_parts()

    def _stop_parts(self) -> None:
        log.info("stopping")
        deadline = time.monotonic() + self.grace
        for part in self.parts:
            part.tell_to_stop()
        for part in self.parts:
            part.wait(max(0.0, deadline - time.monotonic()))
        log.info("stopped")


def run_until_signal(
    supervisor: Supervisor, *, ready: Callable[[], bool], announce: Callable[[], None], renew: Callable[[], bool]
) -> None:
    """Run a supervisor until SIGINT or SIGTERM."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: supervisor.stop())
    supervisor.run(ready=ready, announce=announce, renew=renew)


def commands(*more: str) -> dict[str, list[str]]:
    """Return the command line of every part, and of those named, for the Python that we run under."""
    return {part: [sys.executable, "-m", "bot.cli", part, "--supervised"] for part in (*PARTS, *more)}


# --- a part's side


def die_with_parent() -> None:
    """Stop this process, as SIGTERM would, once nobody holds the other end of its standard input any more."""
    threading.Thread(target=_die_at_end_of_input, name="die-with-parent", daemon=True).start()


def _die_at_end_of_input() -> None:
    while os.read(0, 1):
        pass  # nobody writes to it
    log.warning("the supervisor is gone")
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os._exit(1)


# --- the port


def wait_for_port(host: str, port: int, *, patience: float = PORT_PATIENCE) -> None:
    """Return once a server could listen there; PortError if somebody else does, or if it is no address of ours."""
    if port == 0:
        raise PortError("PORT: 0, for any that is free, will not do for `up`; set one from 1 to 65535")
    deadline = time.monotonic() + patience
    while True:
        try:
            return _listen(host, port)
        except OSError as error:
            where = f"cannot listen on {host}:{port}: {error.strerror}"
            if error.errno != errno.EADDRINUSE:
                raise PortError(f"{where}; set HOST and PORT to an address of this machine") from error
            if time.monotonic() > deadline:
                raise PortError(f"{where}; stop what listens there, or set PORT to another") from error
        time.sleep(TICK)


def _listen(host: str, port: int) -> None:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
        probe.listen()


def answers(host: str, port: int, path: str) -> bool:
    """Return whether a web server there answers 200."""
    connection = http.client.HTTPConnection(host, port, timeout=1)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
