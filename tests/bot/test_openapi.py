"""Every request that the bot makes is one that GitHub's own OpenAPI description allows.

The bot lives through a scenario on the stand-in; each kind of request that it made there is then sent to a mock server
that knows that description, and refuses what it does not allow.
"""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

from bot import recovery, sync
from bot.models import Mode
from bot.registration import convert
from bot.repo_config import PATH
from tests.bot.usecases import BOTH, CRASH, Tagger
from tests.live.process import ROOT, free_port
from tests.standin import Logged
from tests.standin.fixtures import NAME

MODULES = ROOT / "node_modules"
DESCRIPTION = MODULES / "@octokit" / "openapi" / "generated" / "api.github.com.json"
PRISM = MODULES / ".bin" / "prism"
SLIM = ROOT.parent / "shared" / "github-api" / "slim.py"
MORE = (  # paths that SLIM does not keep
    'REPO + "/statuses/{sha}": None, REPO + "/issues/comments/{comment_id}/reactions": None,'
)
KINDS = {
    "GET /app",
    "GET /app/hook/deliveries",
    "GET /app/installations",
    "GET /installation/repositories",
    "GET /repos/R/collaborators/X/permission",
    "GET /repos/R/contents/F",
    "GET /repos/R/issues",
    "GET /repos/R/issues/N",
    "GET /repos/R/issues/events",
    "GET /repos/R/issues/N/comments",
    "GET /repos/R/issues/N/events",
    "GET /repos/R/issues/N/suggestions",
    "GET /repos/R/labels",
    "POST /app-manifests/C/conversions",
    "POST /app/hook/deliveries/N/attempts",
    "POST /app/installations/N/access_tokens",
    "POST /repos/R/issues/N/comments",
    "POST /repos/R/issues/N/labels",
    "POST /repos/R/issues/N/suggestions/N/dismiss",
    "POST /repos/R/issues/comments/N/reactions",
    "POST /repos/R/statuses/S",
    "PATCH /repos/R/issues/comments/N",
    "DELETE /repos/R/issues/N/labels/X",
    "DELETE /repos/R/issues/comments/N",
}


def kind(request: Logged) -> str:
    """Return what a request is, without the names and numbers in its path."""
    path = re.sub(r"^/repos/[^/]+/[^/]+", "/repos/R", request.path)
    path = re.sub(r"/contents/.+", "/contents/F", path)
    path = re.sub(r"/(collaborators|labels)/[^/]+", r"/\1/X", path)
    path = re.sub(r"/app-manifests/[^/]+", "/app-manifests/C", path)
    path = re.sub(r"/statuses/[^/]+", "/statuses/S", path)
    return f"{request.method} {re.sub(r'/[0-9]+', '/N', path)}"


def live(tagger: Tagger) -> None:
    """Let the bot do all that it can do on GitHub."""
    people, world = tagger.github.people, tagger.github.world
    people.open_issue(NAME, "lost on its way", at=tagger.clock() - timedelta(hours=1))
    tagger.github.webhooks.clock = lambda: tagger.clock() - timedelta(hours=1)
    tagger.github.webhooks.transport = lambda headers, body: 502
    tagger.github.webhooks.attempt(tagger.github.webhooks.sent[-1])
    assert recovery.redeliver(tagger.context, tagger.clock() - timedelta(days=1)) == 1
    tagger.github.webhooks.transport = None
    sync.follow_installations(tagger.context)
    sync.pull(tagger.context, tagger.repo)
    people.push(NAME, {PATH: b"groups: {needs-*: settled}\n"})
    world.add_label(world.find(NAME), "needs-triage")
    tagger.catch_up()
    number = tagger.open(BOTH, labels=["needs-triage"])
    for command in ("accept", "explain", "no bug"):
        people.comment(NAME, number, f"/tagger {command}")
        tagger.catch_up()
    other = tagger.open(BOTH)
    people.comment(NAME, other, "/tagger undo")
    tagger.catch_up()
    world.find(NAME).suggests = True
    tagger.enrol(native_suggestions=None, mode=Mode.SUGGEST)
    people.comment(NAME, tagger.open(CRASH), "/tagger undo")
    tagger.catch_up()
    world.codes.add("c0de")
    convert(tagger.github.url, "c0de")


@pytest.fixture(scope="module")
def description(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that allows what GitHub's description allows."""
    if not (PRISM.exists() and DESCRIPTION.exists() and SLIM.exists()):
        pytest.skip("@stoplight/prism-cli and @octokit/openapi are not there: npm ci puts them there")
    folder, port = tmp_path_factory.mktemp("openapi"), free_port()
    url = f"http://127.0.0.1:{port}"
    (folder / "slim.py").write_text(SLIM.read_text().replace("KEEP = {", f"KEEP = {{{MORE}", 1))
    subprocess.run(
        [sys.executable, "-W", "ignore", folder / "slim.py", DESCRIPTION, folder / "slim.json", url], check=True
    )
    with (folder / "log").open("wb") as log:
        command = [PRISM, "mock", "-h", "127.0.0.1", "-p", str(port), folder / "slim.json"]
        server = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            wait(url, folder / "log")
            yield url
        finally:
            server.terminate()
            server.wait()


def wait(url: str, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            requests.get(url, timeout=1)
        except requests.RequestException:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(log.read_text(errors="replace")[-2000:])


def ask(url: str, request: Logged) -> requests.Response:
    body = {} if request.body is None else {"json": request.body}
    address, query = url + quote(request.path, safe="/"), request.query
    headers = {"Authorization": "Bearer token"}
    return requests.request(request.method, address, params=query, headers=headers, timeout=30, **body)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_every_request_is_allowed_by_githubs_own_description(taught: Tagger, description: str) -> None:
    live(taught)
    made = [each for each in taught.github.log if each.status < 400]
    assert {kind(each) for each in made} == KINDS
    shapes = {(kind(each), repr(type(each.body)), tuple(each.query), repr(each.body)[:200]): each for each in made}
    for each in shapes.values():
        answer = ask(description, each)
        assert answer.ok, (each, answer.status_code, answer.text[:500])


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", f"/repos/{NAME}/issues/1/labels", {"labels": [{"suggest": True}]}),
        ("POST", f"/repos/{NAME}/issues/1/comments", {"text": "hello"}),
        ("POST", f"/repos/{NAME}/statuses/{'0' * 40}", {"state": "fine"}),
        ("POST", f"/repos/{NAME}/issues/comments/1/reactions", {"content": "thumbs"}),
        ("GET", f"/repos/{NAME}/issues/1/suggestion", None),
    ],
)
def test_what_the_description_does_not_allow_is_refused(description: str, method: str, path: str, body: object) -> None:
    assert ask(description, Logged(method, path, {}, "", body, 0, 0.0)).status_code in {404, 422}
