"""The dashboard in a real browser, served by the real web server. `SCREENSHOTS=dir` keeps what it looked like."""

import os
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import flask
import pytest
from waitress import create_server

from bot import auth, dashboard
from bot.database import Database
from bot.settings import App, Settings
from tests.bot.dashboard_data import NOW, demo

CHROMIUM = Path("/usr/bin/chromium")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is not installed")


def serve(tmp_path: Path, *, lively: bool, app: App | None) -> Iterator[tuple[str, Database]]:
    """Serve the dashboard on a free loopback port."""
    settings = Settings(data_dir=tmp_path, app=app)
    database = Database(settings.database_url)
    database.migrate()
    if lively:
        with database.write() as session:
            demo(session)
    flask_app = flask.Flask(__name__)
    dashboard.register(
        flask_app, settings, database, now=lambda: NOW, next_training=lambda _session, _repo: "after 22 more labels"
    )
    sockets: dict[int, object] = {}
    server = create_server(flask_app, map=sockets, host="127.0.0.1", port=0, asyncore_use_poll=True)
    stopped = threading.Event()

    def run() -> None:
        while not stopped.is_set():  # sockets are closed by the thread that waits for them, or its select fails
            server.asyncore.loop(timeout=0.1, use_poll=True, map=sockets, count=1)
        server.task_dispatcher.shutdown()
        server.asyncore.close_all(sockets)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}", database
    finally:
        stopped.set()
        thread.join()
        database.engine.dispose()


@pytest.fixture
def lively(tmp_path: Path) -> Iterator[tuple[str, Database]]:
    """Serve a dashboard with something on it."""
    yield from serve(tmp_path, lively=True, app=App(1, "key", "secret"))


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[tuple[str, Database]]:
    """Serve a dashboard before anything is configured."""
    yield from serve(tmp_path, lively=False, app=None)


@pytest.fixture
def browser() -> Iterator["playwright.Browser"]:
    """Start a browser."""
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()


def open_signed_in(browser: "playwright.Browser", served: tuple[str, Database], **options: object) -> "playwright.Page":
    """Follow a fresh one-time link as an operator would, and collect what the browser complains of."""
    address, database = served
    with database.write() as session:
        token = auth.create_link(session, now=NOW, lifetime=timedelta(minutes=5))
    page = browser.new_page(**{"viewport": {"width": 1240, "height": 900}, **options})
    page.complaints = []
    page.on("console", lambda message: page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.goto(f"{address}/sign-in/{token}")
    page.get_by_role("button", name="Sign in to the dashboard").click()
    page.wait_for_url(f"{address}/")
    assert page.title() == "Repositories · issue-tagger"
    return page


def keep(page: "playwright.Page", name: str, **options: object) -> None:
    """Save a screenshot if somebody wants to look."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", **{"full_page": True, **options})


def picture_is_drawn(page: "playwright.Page") -> bool:
    """Tell whether the browser could load and draw the picture."""
    return bool(
        page.locator("img.chart").evaluate("async image => { await image.decode(); return image.naturalWidth > 0 }")
    )


def test_operator_signs_in_reads_the_page_and_signs_out(browser, lively) -> None:
    page = open_signed_in(browser, lively)
    keep(page, "index")
    page.get_by_role("link", name="northwind/kettle").click()
    assert page.get_by_role("heading", level=1).inner_text() == "northwind/kettle"
    assert picture_is_drawn(page)
    below_labels = page.locator("#predictions").bounding_box()["y"] - 30
    keep(page, "dashboard", clip={"x": 0, "y": 0, "width": 1240, "height": below_labels})
    keep(page, "repository")
    assert page.complaints == []
    page.get_by_role("button", name="Sign out").click()
    page.goto(lively[0])
    assert page.get_by_role("heading", level=1).inner_text() == "Please sign in"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 768])
def test_no_page_is_wider_than_the_screen(browser, lively, width: int, scheme: str) -> None:
    page = open_signed_in(browser, lively, viewport={"width": width, "height": 800}, color_scheme=scheme)
    for path in ("/", "/repositories/northwind/kettle", "/repositories/northwind/teapot"):
        assert page.goto(lively[0] + path).ok
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        keep(page, f"{scheme}-{width}-{path.rpartition('/')[2] or 'index'}")


def test_dark_mode_is_dark_and_its_picture_too(browser, lively) -> None:
    page = open_signed_in(browser, lively, color_scheme="dark")
    page.goto(f"{lively[0]}/repositories/northwind/kettle")
    assert picture_is_drawn(page)
    assert page.locator("img.chart").evaluate("image => image.currentSrc").endswith("?theme=dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(15, 19, 24)"
    keep(page, "repository-dark")


def test_empty_dashboard_tells_what_to_do_next(browser, empty) -> None:
    page = open_signed_in(browser, empty)
    assert page.get_by_role("heading", name="Next: connect a GitHub App").is_visible()
    keep(page, "empty")
    page.context.clear_cookies()
    page.reload()
    assert page.get_by_text("issue-tagger sign-in").is_visible()
    keep(page, "unauthorized")


def test_keyboard_reaches_the_content_first(browser, lively) -> None:
    page = open_signed_in(browser, lively)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
