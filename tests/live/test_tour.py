"""The way of a new user, in a real browser: register, install, configure, first suggestion, accept, undo, pause.

`SCREENSHOTS=dir` keeps what it looked like; docs/tour.md shows it.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.comments import MARKER
from tests.live.process import Up, until
from tests.standin import StandIn
from tests.standin.state import Issue

CHROMIUM = Path("/usr/bin/chromium")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is not installed")

NAME = "octo/kettle"
TEXTS = {
    "bug": ("Kettle crashes when {}", "It stops with a traceback and has to be started again."),
    "documentation": ("Manual is unclear about {}", "The page in the readme has a typo, and does not explain it."),
    "enhancement": ("Please support {}", "It would be nice to have this as an option, we would use it every day."),
}
ABOUT = ("descaling", "two cups", "low voltage", "the timer", "hard water", "cold mornings", "the lid", "tea")
BLANK = {"APP_ID": "", "PRIVATE_KEY": "", "WEBHOOK_SECRET": ""}
CONFIGURATION = b"mode: suggest\nlabels:\n  exclude: [wontfix]\n"


@pytest.fixture
def github() -> Iterator[StandIn]:
    """GitHub with a repository whose people have labelled 120 issues in the last year."""
    with StandIn() as standin:
        standin.world.add_repository(NAME, [*TEXTS, "wontfix"])
        begun = datetime.now(UTC).replace(microsecond=0) - timedelta(days=360)
        for number in range(120):
            label, at = list(TEXTS)[number % 3], begun + timedelta(days=3 * number)
            title, body = TEXTS[label]
            about = f"{ABOUT[number % 8]} and {ABOUT[number % 7]}"
            issue = standin.people.open_issue(NAME, title.format(about), body=body, at=at)
            standin.people.label(NAME, issue.number, label, at=at + timedelta(hours=5))
        yield standin


@pytest.fixture
def page() -> Iterator["playwright.Page"]:
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser.new_page(viewport={"width": 1000, "height": 700})
        browser.close()


def keep(page: "playwright.Page", name: str) -> None:
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/tour-{name}.png")


def ours(github: StandIn, issue: Issue) -> str:
    """Return the bot's comment on an issue; empty if there is none."""
    with github.world.lock:
        return next((each.body for each in issue.comments if each.author == github.world.bot), "")


def ask(github: StandIn, label: str, about: str) -> Issue:
    """Let a user open an issue, and wait for the bot's comment."""
    title, body = TEXTS[label]
    issue = github.people.open_issue(NAME, title.format(about), body=body)
    until(lambda: MARKER in ours(github, issue), "a suggestion", timeout=30)
    return issue


def say(github: StandIn, issue: Issue, text: str) -> None:
    """Let the maintainer comment, and wait until the bot has shown that it followed."""
    said = github.people.comment(NAME, issue.number, text)
    until(lambda: said.reactions == ["+1"], f"{text} is followed")


@pytest.mark.slow
def test_new_user(github: StandIn, page: "playwright.Page", tmp_path: Path) -> None:
    settings = {"ISSUE_TAGGER_METHOD": "linear", "GITHUB_API_URL": github.url}
    with Up(github, tmp_path, {**settings, **BLANK}) as up:
        register_and_install(up, page)
        first = "model 1 (linear) in service"
        until(lambda: first in repository_page(up, page), "a model is in service", timeout=120, every=2)
        keep(page, "first-model")
        configure(github, up, page)
        accept_by_checkbox(github)
        undo(github)
        pause(github)
        assert up.stop() == 0
        assert "Traceback" not in up.said()


def register_and_install(up: Up, page: "playwright.Page") -> None:
    page.goto(up.sign_in_link())
    page.get_by_role("button", name="Sign in to the dashboard").click()
    page.get_by_role("link", name="Create the GitHub App").click()
    page.get_by_label("Public address").fill(up.url)
    keep(page, "register")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Create it on GitHub").click()
    page.get_by_role("link", name="Create GitHub App").click()
    keep(page, "registered")
    page.get_by_role("link", name="Install").click()
    until(lambda: up.said().count("web ready") == 2, "it has started anew")
    page.get_by_role("button", name="Install").click()
    assert page.get_by_role("heading", name="Installed").is_visible()
    page.goto(up.url)


def repository_page(up: Up, page: "playwright.Page") -> str:
    page.goto(f"{up.url}/repositories/{NAME}")
    return str(page.locator("main").inner_text()) if page.locator("main").count() else ""


def configure(github: StandIn, up: Up, page: "playwright.Page") -> None:
    """A mistake in the configuration is told on the commit and on the dashboard; then it is mended."""
    path = ".github/issue-tagger.yml"
    broken = github.people.push(NAME, {path: CONFIGURATION.replace(b"exclude", b"exclud")})
    statuses = github.world.find(NAME).statuses
    until(lambda: any((sha, state) == (broken, "failure") for sha, state, _ in statuses), "the mistake is told")
    page.goto(f"{up.url}/repositories/{NAME}")
    assert page.get_by_text("exclud").first.is_visible()
    keep(page, "mistake")
    mended = github.people.push(NAME, {path: CONFIGURATION})
    until(lambda: any((sha, state) == (mended, "success") for sha, state, _ in statuses), "it is in force")


def accept_by_checkbox(github: StandIn) -> None:
    issue = ask(github, "bug", "the lid is open")
    comment = next(each for each in issue.comments if each.author == github.world.bot)
    assert "- [ ] `bug`" in comment.body
    if folder := os.environ.get("SCREENSHOTS"):
        Path(folder, "tour-comment.md").write_text(comment.body)
    github.people.edit_comment(NAME, issue.number, comment, comment.body.replace("- [ ] `bug`", "- [x] `bug`"))
    until(lambda: issue.names() == {"bug"}, "the label is put on")
    until(lambda: "<details><summary>Suggestions, settled" in ours(github, issue), "the comment folds itself")


def undo(github: StandIn) -> None:
    issue = ask(github, "documentation", "the timer")
    say(github, issue, "/tagger undo")
    assert ours(github, issue) == ""
    assert issue.names() == set()


def pause(github: StandIn) -> None:
    issue = ask(github, "enhancement", "tea")
    say(github, issue, "/tagger pause")
    quiet = github.people.open_issue(NAME, "Kettle crashes again", body="With a traceback.")
    say(github, issue, "/tagger resume")
    assert ours(github, quiet) == ""
    ask(github, "bug", "low voltage")
