"""A chat model to test against: a real server on loopback that knows nothing but the examples it is shown."""

import json
import threading
from collections.abc import Callable
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.pipeline import tiny

Asked = dict[str, Any]
Answer = tuple[int, dict[str, str], bytes]  # status, headers, body


class Chat:
    """Answers each request as told, and remembers the last ones."""

    def __init__(self, answer: Callable[[Asked], Answer]) -> None:
        self.asked: list[tuple[str, dict[str, str], Asked]] = []
        chat = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:  # the name is the server's
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                chat.asked.append((self.path, dict(self.headers), body))
                status, headers, content = answer(body)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(content)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def says(content: object) -> Answer:
    """Return a chat completion with that text."""
    return 200, {}, json.dumps({"choices": [{"message": {"role": "assistant", "content": content}}]}).encode()


def from_examples(asked: Asked) -> Answer:
    """Answer as the examples have it, the more so the more letters in a row they share with the issue."""
    system, *before, last = asked["messages"]
    listed = [
        json.loads(line[2:].rsplit(": ", 1)[0]) for line in system["content"].splitlines() if line.startswith("- ")
    ]
    votes: dict[str, list[tuple[float, float]]] = {name: [(1e-9, 0.5)] for name in listed}  # of what is unknown, half
    for shown, answer in zip(before[::2], before[1::2], strict=True):
        weight = alike(shown["content"], last["content"]) ** 4
        for name, value in json.loads(answer["content"])["labels"].items():
            votes[name].append((weight, value))
    found = {name: sum(w * v for w, v in each) / sum(w for w, _ in each) for name, each in votes.items()}
    return says(json.dumps({"labels": found}))


def alike(one: str, other: str) -> float:
    first, second = ({text[at : at + 3] for at in range(len(text) - 2)} for text in (text_of(one), text_of(other)))
    return len(first & second) / max(len(first | second), 1)


def text_of(content: str) -> str:
    issue = json.loads(content)
    return f"{issue['title']} {issue['body']}"


@lru_cache(maxsize=1)
def shared() -> Chat:
    """Return the one that answers from examples; it lives as long as the tests."""
    return Chat(from_examples)


def settings_for(method: str) -> dict[str, Any]:
    """Return the settings without which a method cannot be fitted at all, or not in a second."""
    if method == "prompt":
        return {"endpoint": shared().url, "model": "stand-in"}
    return tiny.settings() if method in {"fine_tune", "domain_adapted", "uda", "contrastive"} else {}
