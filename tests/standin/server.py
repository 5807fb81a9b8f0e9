"""The stand-in as a server on loopback: a real HTTP server, whose state tests set up and look at directly."""

import json
import socket
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.settings import App
from tests.standin import pages  # noqa: F401  (its routes)
from tests.standin.answers import Answer, HttpError, Request
from tests.standin.endpoints import Endpoints
from tests.standin.faults import Fault, Faults, Logged
from tests.standin.payloads import Payloads
from tests.standin.people import People
from tests.standin.state import World, wall_clock
from tests.standin.webhooks import Webhooks

APP_ID = 4711
SLUG = "issue-tagger"
SECRET = "a secret of the stand-in"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class StandIn:
    """GitHub on loopback: `with StandIn() as github`.

    Attributes
    ----------
    url : str
        Its address, for GITHUB_API_URL.
    app : App
        The one App that it knows.
    world : World
        What there is: `world.add_repository("octo/demo", ["bug"])`, `world.issue("octo/demo", 1).names()`.
    people : People
        What people do: `people.open_issue("octo/demo", "It crashes")`.
    webhooks : Webhooks
        Where and how deliveries are sent, and which ones were.
    log : list of Logged
        Every request, in the order of their answers.
    fail_next, heal : function
        See :meth:`Faults.fail_next` and :meth:`Faults.heal`.
    """

    def __init__(self, *, clock: Callable[[], datetime] = wall_clock, port: int = 0) -> None:
        self._server = _Server(("127.0.0.1", port), _Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        pem = serialization.Encoding.PEM
        private = KEY.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        public = KEY.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.app = App(APP_ID, private.decode(), SECRET)
        self.world = World(app_id=APP_ID, slug=SLUG, clock=clock)
        self.world.pem = private.decode()
        self.webhooks = Webhooks(SECRET)
        payloads = Payloads(self.world, self.url)
        self.people = People(self.world, payloads, self.webhooks)
        endpoints = Endpoints(self.world, payloads, self.people, self.webhooks, url=self.url, public_key=public)
        self.log = self._server.log
        self.fail_next, self.heal = self._server.faults.fail_next, self._server.faults.heal
        self._server.endpoints, self._server.world = endpoints, self.world
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True, name="standin")

    def environ(self) -> dict[str, str]:
        """Return the settings of a bot that talks to this GitHub."""
        key = {"APP_ID": str(self.app.app_id), "PRIVATE_KEY": self.app.private_key}
        return {**key, "WEBHOOK_SECRET": self.app.webhook_secret, "GITHUB_API_URL": self.url}

    def requests(self, method: str | None = None, path: str = "") -> list[Logged]:
        """Return the logged requests with this method and a path that ends so."""
        return [each for each in list(self.log) if method in {None, each.method} and each.path.endswith(path)]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.closing.set()
        self.webhooks.close()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    endpoints: Endpoints
    world: World

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self.faults = Faults()
        self.log: list[Logged] = []
        self.closing = threading.Event()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet about clients that went away; show everything else."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        """Write nothing: the log is kept, not printed."""

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_PATCH = do_PUT = do_DELETE = do_GET

    def _serve(self) -> None:
        request = self._request()
        fault = self.server.faults.take(request.method, request.path)
        if fault and fault.kind == "slow":
            self.server.closing.wait(fault.seconds)
        if fault and fault.kind == "drop":
            self._finish(request, 0, b"")
            return
        refused = _failure(fault, self._now())
        answer = refused or self.server.endpoints.answer(request, self.headers.get("Authorization", ""))
        shown = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
        content = b"" if answer.status == 204 else shown.encode()
        if fault and fault.kind == "garbled":
            content = content[: len(content) // 2]
        head = self._head(answer, content)
        if fault and fault.kind == "cut":
            self._finish(request, 0, head + content[: len(content) // 2])
            return
        self._finish(request, answer.status, head + content)

    def _request(self) -> Request:
        parts = urlsplit(self.path)
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        form = self.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded")
        body = dict(parse_qsl(content.decode())) if form else json.loads(content) if content else None
        return Request(self.command, unquote(parts.path), dict(parse_qsl(parts.query)), body)

    def _head(self, answer: Answer, content: bytes) -> bytes:
        headers = {
            "Content-Type": f"{'text/html' if isinstance(answer.body, str) else 'application/json'}; charset=utf-8",
            "Content-Length": str(len(content)),
            "X-RateLimit-Limit": "5000",
            "X-RateLimit-Remaining": "4999",
            "X-RateLimit-Reset": str(self._now() + 3600),
            "Date": self.date_time_string(self._now()),
            **answer.headers,
        }
        lines = [f"HTTP/1.1 {answer.status} -", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        return "\r\n".join(lines).encode()

    def _now(self) -> int:
        return int(self.server.world.clock().timestamp())

    def _finish(self, request: Request, status: int, content: bytes) -> None:
        """Log first: who has read the answer may look for it there. Then write all at once; status 0 cuts."""
        entry = Logged(
            method=request.method,
            path=request.path,
            query=request.query,
            actor=request.actor,
            body=request.body,
            status=status,
            at=time.monotonic(),
        )
        self.server.log.append(entry)
        self.wfile.write(content)
        if status == 0:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)


def _failure(fault: Fault | None, now: int) -> Answer | None:
    """Return the answer of a fault that is an answer; `now` is in seconds since 1970."""
    if fault is None or fault.kind in {"slow", "cut", "drop", "garbled"}:
        return None
    after = str(int(fault.seconds))
    reset = {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": str(now + int(fault.seconds))}
    errors = {
        "403": HttpError(403, "You have triggered an abuse detection mechanism", Retry_After=after),
        "secondary": HttpError(403, "You have exceeded a secondary rate limit. Please wait a few minutes."),
        "429": HttpError(429, "Too many requests", Retry_After=after),
        "limit": HttpError(403, "Over the limit", **reset),
        "401": HttpError(401, "Bad credentials"),
        "500": HttpError(500, "Server Error"),
        "502": HttpError(502, "Bad Gateway"),
    }
    return errors[fault.kind].answer
