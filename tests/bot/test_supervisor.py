"""The supervisor with real processes."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from bot import supervisor
from bot.cli import build_parser
from bot.cli_run import _appears, base_url, welcome
from bot.settings import App, Settings
from bot.supervisor import PortError, Supervisor, answers, next_delay, wait_for_port

ROOT = Path(__file__).parent.parent.parent
NOTE = "import os, pathlib, signal, sys, time; log = pathlib.Path(sys.argv[1]).open('a', buffering=1);"
LIVE = f"{NOTE} log.write(f'{{os.getpid()}}\\n'); time.sleep(60)"
DIE = f"{NOTE} log.write(f'{{os.getpid()}}\\n'); sys.exit(3)"
POLITE = f"{NOTE} signal.signal(15, lambda *_: (log.write('bye\\n'), sys.exit())); log.write('up\\n'); time.sleep(60)"
DEAF = f"{NOTE} signal.signal(15, signal.SIG_IGN); log.write(f'{{os.getpid()}}\\n'); time.sleep(60)"


def lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def run_until(ready: Callable[[], bool], *, grace: float = 10, **scripts: tuple[str, Path]) -> None:
    """Supervise scripts, each given as (code, file to write to), until `ready`."""
    commands = {name: [sys.executable, "-c", code, str(file)] for name, (code, file) in scripts.items()}
    boss = Supervisor(commands, grace=grace)
    boss.run(ready=ready, announce=boss.stop)


def test_delay_doubles_up_to_a_limit() -> None:
    delays, delay = [], 0.0
    for _ in range(10):
        delay = next_delay(delay, lived=1)
        delays.append(delay)
    assert delays == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30]


def test_delay_starts_over_after_a_long_life() -> None:
    assert next_delay(30, lived=30) == 0.2


def test_parts_are_told_to_stop_and_do(tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in ("a", "b")}
    everything = {name: (POLITE, file) for name, file in files.items()}
    run_until(lambda: all(map(lines, files.values())), **everything)
    assert [lines(file) for file in files.values()] == [["up", "bye"]] * 2


def test_part_that_dies_is_started_again(tmp_path: Path) -> None:
    lively, mortal = tmp_path / "lively", tmp_path / "mortal"
    run_until(lambda: len(lines(mortal)) == 3, lively=(LIVE, lively), mortal=(DIE, mortal))
    assert len(set(lines(mortal))) == 3
    assert len(lines(lively)) == 1


def test_parts_are_started_anew_when_the_settings_have_changed(tmp_path: Path) -> None:
    log, asked = tmp_path / "log", []

    def renew() -> bool:
        asked.append(bool(lines(log)))
        return asked.count(True) == 1 and asked[-1]

    boss = Supervisor({"polite": [sys.executable, "-c", POLITE, str(log)]})
    boss.run(ready=lambda: len(lines(log)) == 3, announce=boss.stop, renew=renew)
    assert lines(log) == ["up", "bye", "up", "bye"]


@pytest.mark.parametrize("there", [True, False])
def test_credentials_that_appear_are_noticed_once(tmp_path: Path, there: bool) -> None:
    file = tmp_path / "app.json"
    if there:
        file.touch()
    look = _appears(file, seconds=3)
    assert look() is False
    file.touch()
    assert look() is False, "the browser has to fetch the page that says so"
    os.utime(file, (time.time() - 3,) * 2)
    assert [look(), look()] == [not there, False]


def test_death_is_logged_with_its_status(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    run_until(lambda: len(lines(tmp_path / "log")) == 2, mortal=(DIE, tmp_path / "log"))
    (death,) = [record for record in caplog.records if record.message == "part died"][:1]
    assert (vars(death)["part"], vars(death)["status"], vars(death)["again_in"]) == ("mortal", 3, 0.2)


def test_part_that_does_not_stop_is_killed(tmp_path: Path) -> None:
    run_until(lambda: bool(lines(tmp_path / "log")), grace=0.2, deaf=(DEAF, tmp_path / "log"))
    assert not psutil.pid_exists(int(lines(tmp_path / "log")[0]))


def test_ready_is_announced_once(tmp_path: Path) -> None:
    boss = Supervisor({"lively": [sys.executable, "-c", LIVE, str(tmp_path / "log")]})
    asked: list[str] = []
    timer = threading.Timer(0.5, boss.stop)
    timer.start()
    boss.run(ready=lambda: True, announce=lambda: asked.append("ready"))
    timer.join()
    assert asked == ["ready"]


def test_nothing_outlives_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    child = f"import sys; sys.argv = ['', {str(tmp_path / 'log')!r}]; from bot import supervisor; "
    child += f"supervisor.die_with_parent(); {LIVE}"
    code = f"import sys; from bot.supervisor import *; boss = Supervisor({{'part': [sys.executable, '-c', {child!r}]}})"
    boss = subprocess.Popen([sys.executable, "-c", code + "\nboss.run(ready=lambda: False, announce=print)"], cwd=ROOT)
    until(lambda: bool(lines(tmp_path / "log")))
    boss.kill()
    boss.wait()
    until(lambda: not psutil.pid_exists(int(lines(tmp_path / "log")[0])))


def until(condition: Callable[[], bool], *, timeout: float = 30) -> None:
    """Wait for a condition; fail if it does not come true."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@pytest.mark.parametrize("part", supervisor.PARTS)
def test_every_part_is_a_subcommand(part: str) -> None:
    args = build_parser(part).parse_args(supervisor.commands()[part][3:])
    assert (args.command, args.supervised) == (part, True)


# --- the port


@contextmanager
def listener() -> Iterator[socket.socket]:
    """Listen on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_port_in_use_is_told() -> None:
    with listener() as server, pytest.raises(PortError, match="already in use; stop what listens there, or set PORT"):
        wait_for_port("127.0.0.1", server.getsockname()[1], patience=0.1)


def test_port_that_is_let_go_is_waited_for() -> None:
    with listener() as server:
        timer = threading.Timer(0.3, server.close)
        timer.start()
        wait_for_port("127.0.0.1", server.getsockname()[1], patience=10)
        timer.join()


@pytest.mark.parametrize(("host", "port"), [("192.0.2.1", 3000), ("127.0.0.1", 0)])
def test_address_that_will_not_do_is_told_at_once(host: str, port: int) -> None:
    with pytest.raises(PortError, match="PORT"):
        wait_for_port(host, port)


def test_nobody_answers_where_nobody_listens() -> None:
    with listener() as server:
        port = server.getsockname()[1]
    assert not answers("127.0.0.1", port, "/healthz")


# --- what `up` says


def test_welcome_says_what_to_do_without_an_app() -> None:
    text = welcome(Settings(), "http://link", 1.23)
    assert "ready at http://127.0.0.1:3000 (1.2 s)" in text
    assert "http://link" in text
    assert all(name in text for name in ("Sign in to the dashboard", "Create the GitHub App", "replay FILE"))


def test_welcome_is_short_with_an_app() -> None:
    assert "APP_ID" not in welcome(Settings(app=App(1, "key", "secret")), "http://link", 1)


@pytest.mark.parametrize(
    ("host", "url"),
    [("0.0.0.0", "http://127.0.0.1:80"), ("::", "http://[::1]:80"), ("example.org", "http://example.org:80")],
)
def test_address_for_people_is_one_they_can_open(host: str, url: str) -> None:
    assert base_url(Settings(host=host, port=80)) == url


# --- `issue-tagger up` itself


@pytest.fixture
def up(tmp_path: Path) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """Run `issue-tagger up` in an empty folder, without an App."""
    with listener() as server:
        port = server.getsockname()[1]
    own = {"PYTHONPATH": str(ROOT), "PORT": str(port), "ISSUE_TAGGER_DATA_DIR": str(tmp_path / "data")}
    command = [sys.executable, "-m", "bot.cli", "up"]
    with subprocess.Popen(
        command, cwd=tmp_path, env={**os.environ, **own}, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process, port
        process.kill()


def read_until(process: "subprocess.Popen[str]", pattern: str) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if re.search(pattern, line):
            return line
    pytest.fail(f"it ended without {pattern!r}")


@pytest.mark.slow
def test_up_comes_up_heals_and_stops(up: tuple["subprocess.Popen[str]", int]) -> None:
    process, port = up
    ready = read_until(process, "ready at")
    assert float(re.search(r"\((.*) s\)", ready)[1]) <= 10  # type: ignore[index]
    assert f"http://127.0.0.1:{port}/sign-in/" in read_until(process, "Sign in")
    parts = {each.cmdline()[3]: each for each in psutil.Process(process.pid).children()}
    assert set(parts) == set(supervisor.PARTS)
    parts["web"].kill()
    until(lambda: not parts["web"].is_running())
    until(lambda: answers("127.0.0.1", port, "/healthz"))
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 0
    assert not [each for each in children if each.is_running()]


@pytest.mark.slow
def test_nothing_of_up_outlives_its_supervisor(up: tuple["subprocess.Popen[str]", int]) -> None:
    process, port = up
    read_until(process, "ready at")
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    wait_for_port("127.0.0.1", port, patience=10)
    _, alive = psutil.wait_procs(children, timeout=20)
    assert alive == []
