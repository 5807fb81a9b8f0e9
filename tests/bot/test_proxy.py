"""Deliveries that come by a channel, for development: the real client, with a channel on this machine."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue

import psutil
import pytest

from bot import events, proxy
from bot.cli import main
from bot.database import Database
from bot.errors import SettingsError
from bot.settings import Settings
from bot.supervisor import PARTS, commands
from tests.live.process import free_port, until
from tests.standin.webhooks import sign

ROOT = Path(__file__).parent.parent.parent
SECRET = "a secret"
BODY = json.dumps({"action": "opened", "text": "Grüße 👋"}, separators=(",", ":"), ensure_ascii=False)


class Channel(BaseHTTPRequestHandler):
    """What smee.io does: GET streams the deliveries; and, for the test, the bot's web process: POST takes one."""

    taken: Queue[tuple[str, dict[str, str], bytes]] = Queue()

    def do_GET(self) -> None:
        headers = {"x-github-event": "issues", "x-github-delivery": "d-1", "host": "smee.io"}
        told = {**headers, "x-hub-signature-256": sign(SECRET, BODY.encode()), "body": json.loads(BODY), "query": {}}
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(f"event: ready\ndata: {{}}\n\ndata: {json.dumps(told)}\n\n".encode())
        self.wfile.flush()
        self.server.closing.wait()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.taken.put((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(202)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing."""


@pytest.fixture
def channel() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", free_port()), Channel)
    server.daemon_threads = True
    server.closing = threading.Event()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.closing.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.skipif(not (ROOT / "node_modules" / "smee-client").exists(), reason="npm ci has not been run")
def test_deliveries_of_the_channel_arrive_with_a_good_signature_and_the_client_ends_with_us(
    channel: str, tmp_path: Path
) -> None:
    Database(f"sqlite:///{tmp_path / 'issue-tagger.sqlite3'}").migrate()
    port = channel.rpartition(":")[2]  # the web process is the channel's server itself
    own = {"WEBHOOK_PROXY_URL": f"{channel}/abc", "PORT": port, "ISSUE_TAGGER_DATA_DIR": str(tmp_path)}
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "NPM_CONFIG_UPDATE_NOTIFIER": "false", **own}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            commands("proxy")["proxy"], cwd=ROOT, env=environ, stdin=subprocess.PIPE, stdout=log, stderr=log
        )
    path, headers, body = Channel.taken.get(timeout=60)
    assert (path, body.decode()) == ("/api/github/webhooks", BODY)
    events.verify(SECRET, body, headers["x-hub-signature-256"])
    started = psutil.Process(process.pid).children(recursive=True)
    assert started
    assert process.stdin
    process.stdin.close()
    process.wait(timeout=30)
    until(lambda: not any(each.is_running() for each in started), "the client has ended", timeout=10)


def test_it_is_a_part_of_up_only_where_a_channel_is_set() -> None:
    assert list(commands()) == list(PARTS)
    assert commands("proxy")["proxy"] == [sys.executable, "-m", "bot.cli", "proxy", "--supervised"]


def test_without_npx_up_tells_what_to_run_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("WEBHOOK_PROXY_URL", "https://smee.io/abc")
    monkeypatch.setenv("PORT", str(free_port()))
    assert main(["up"]) == 2
    told = capsys.readouterr().err
    assert "WEBHOOK_PROXY_URL: needs npx, which is not here" in told
    assert "npx --yes smee-client@5.0.0 --url https://smee.io/abc --target http://127.0.0.1:" in told


def test_without_a_channel_it_says_where_there_is_one() -> None:
    with pytest.raises(SettingsError, match=r"https://smee\.io/new"):
        proxy.command(Settings(), "http://127.0.0.1:3000")


def test_client_is_the_one_that_the_tests_run_with() -> None:
    packages = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    assert f"smee-client@{packages['smee-client']}" == proxy.CLIENT
