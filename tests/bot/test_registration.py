"""The GitHub App is registered by its manifest: who may, what GitHub is sent, and what is kept of its answer."""

import html
import json
import re
import stat
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bot.database import Database
from bot.registration import MANIFEST, Registered, installing, store
from bot.settings import STORED_APP, Settings, load
from tests.bot.dashboard_client import sign_in
from tests.standin import StandIn

pytest_plugins = ["tests.bot.dashboard_fixtures"]

ADDRESS = "https://bot.example.com"
PLACES = ("/setup", "/setup/callback?code=c0de&state=x")


@pytest.fixture
def client(make_client, database: Database, standin: StandIn) -> FlaskClient:
    """The operator's browser, before there is an App."""
    browser: FlaskClient = make_client(app=None, api_url=standin.url)
    sign_in(browser, database)
    return browser


def fill_in(client: FlaskClient, *, address: str = ADDRESS, **more: str) -> TestResponse:
    """Send off the form of the first page."""
    (token,) = set(re.findall(r'name="csrf" value="([^"]+)"', client.get("/setup").text))
    return client.post("/setup", data={"csrf": token, "address": address, **more})


def begin(client: FlaskClient, organization: str = "", **more: str) -> tuple[str, dict[str, object]]:
    """Return where the manifest is posted to, and the manifest."""
    page = fill_in(client, organization=organization, **more).text
    (address,) = re.findall(r'<form method="post" action="([^"]+apps/new[^"]*)"', page)
    (manifest,) = re.findall(r'name="manifest" value="([^"]+)"', page)
    return html.unescape(address), json.loads(html.unescape(manifest))


def state_of(address: str) -> str:
    return parse_qs(urlsplit(address).query)["state"][0]


def test_manifest_is_that_of_app_yml_with_this_bots_addresses(client: FlaskClient) -> None:
    address, manifest = begin(client)
    assert urlsplit(address).path == "/settings/apps/new"
    about = yaml.safe_load(MANIFEST.read_text())
    for same in ("default_permissions", "default_events", "public", "description"):
        assert manifest[same] == about[same]
    assert manifest["hook_attributes"] == {"url": "https://bot.example.com/api/github/webhooks", "active": True}
    assert manifest["redirect_url"] == "http://localhost/setup/callback", "where the operator is signed in"
    assert begin(client, address="https://localhost")[1]["redirect_url"] == "https://localhost/setup/callback"
    assert begin(client)[1]["name"] != manifest["name"], "names of Apps are taken once on all of GitHub"


def test_organisation_is_asked_at_its_own_address(client: FlaskClient) -> None:
    assert urlsplit(begin(client, "oc/to")[0]).path == "/organizations/oc%2Fto/settings/apps/new"


def test_code_becomes_credentials_that_only_their_owner_reads(
    client: FlaskClient, standin: StandIn, tmp_path: Path
) -> None:
    standin.world.codes.add("c0de")
    state = state_of(begin(client)[0])
    page = client.get(f"/setup/callback?code=c0de&state={state}")
    assert page.status_code == 200
    assert f"{standin.url}/apps/{standin.world.slug}/installations/new" in page.text
    assert "PRIVATE KEY" not in page.text
    assert installing(Settings(data_dir=tmp_path)) == f"{standin.url}/apps/{standin.world.slug}/installations/new"
    kept = tmp_path / STORED_APP
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    found = load({"ISSUE_TAGGER_DATA_DIR": str(tmp_path)}, Path("/nowhere/.env")).app
    assert found is not None
    assert (found.app_id, found.private_key, found.webhook_secret) == (
        standin.world.app_id,
        standin.app.private_key,
        standin.app.webhook_secret,
    )


def test_credentials_are_shown_once_and_kept_nowhere_where_that_is_asked_for(
    client: FlaskClient, standin: StandIn, tmp_path: Path
) -> None:
    standin.world.codes.add("c0de")
    callback = f"/setup/callback?code=c0de&state={state_of(begin(client, show='yes')[0])}"
    page = client.get(callback)
    assert page.headers["Cache-Control"] == "no-store"
    (shown,) = re.findall(r"<pre><code>(.*?)</code></pre>", page.text, re.DOTALL)
    (tmp_path / ".env").write_text(html.unescape(shown))
    found = load({}, tmp_path / ".env").app
    assert found is not None
    assert (found.app_id, found.private_key, found.webhook_secret) == (
        standin.world.app_id,
        standin.app.private_key,
        standin.app.webhook_secret,
    )
    assert sorted(each.name for each in tmp_path.iterdir() if STORED_APP in each.name) == []
    again = client.get(callback)
    assert (again.status_code, found.webhook_secret in again.text) == (400, False)


def test_what_was_asked_for_once_does_not_hold_for_the_next_registration(
    client: FlaskClient, standin: StandIn, tmp_path: Path
) -> None:
    begin(client, show="yes")
    standin.world.codes.add("c0de")
    assert "<pre>" not in client.get(f"/setup/callback?code=c0de&state={state_of(begin(client)[0])}").text
    assert (tmp_path / STORED_APP).exists()


def test_it_is_shut_once_done(client: FlaskClient, tmp_path: Path) -> None:
    store(tmp_path, Registered("https://github.example/apps/x", {"APP_ID": "1"}))
    for path in PLACES:
        assert client.get(path).status_code == 404
    store(tmp_path, Registered("https://github.example/apps/y", {"APP_ID": "2"}))
    assert json.loads((tmp_path / STORED_APP).read_text())["APP_ID"] == "1"


def test_it_is_shut_where_an_app_is_configured(operator: FlaskClient) -> None:
    assert operator.get("/setup").status_code == 404


def test_it_is_closed_to_everybody_but_the_operator(make_client) -> None:
    for path in PLACES:
        assert make_client(app=None).get(path).status_code == 401


@pytest.mark.parametrize("state", ["", "guessed", "another"])
def test_state_of_another_browser_is_refused(client: FlaskClient, standin: StandIn, tmp_path: Path, state: str) -> None:
    standin.world.codes.add("c0de")
    begin(client)
    assert client.get(f"/setup/callback?code=c0de&state={state}").status_code == 400
    assert not (tmp_path / STORED_APP).exists()
    assert standin.world.codes == {"c0de"}


def test_state_is_good_once(client: FlaskClient, standin: StandIn, tmp_path: Path) -> None:
    state = state_of(begin(client)[0])
    first = client.get(f"/setup/callback?code=stale&state={state}")
    assert first.status_code == 400
    assert "begin again" in first.text
    standin.world.codes.add("c0de")
    assert client.get(f"/setup/callback?code=c0de&state={state}").status_code == 400
    assert not (tmp_path / STORED_APP).exists()


def test_github_that_does_not_answer_is_told(client: FlaskClient, standin: StandIn) -> None:
    state = state_of(begin(client)[0])
    standin.fail_next(1, "drop", "/conversions", method="POST")
    answer = client.get(f"/setup/callback?code=c0de&state={state}")
    assert (answer.status_code, "try again" in answer.text) == (400, True)


@pytest.mark.parametrize("address", ["bot.example.com", "javascript:alert(1)", "https://a b"])
def test_address_that_is_none_is_refused(client: FlaskClient, address: str) -> None:
    assert fill_in(client, address=address).status_code == 400


@pytest.mark.parametrize("address", ["http://127.0.0.1:3000", "http://localhost", "https://smee.example/channel"])
def test_address_that_github_cannot_deliver_to_is_refused(make_client, database: Database, address: str) -> None:
    browser = make_client(app=None)
    sign_in(browser, database)
    refused = fill_in(browser, address=address)
    assert (refused.status_code, "WEBHOOK_PROXY_URL" in refused.text) == (400, True)


def test_channel_takes_the_deliveries_of_a_machine_that_github_cannot_reach(make_client, database: Database) -> None:
    browser = make_client(app=None, webhook_proxy="https://smee.example/channel")
    sign_in(browser, database)
    (manifest,) = re.findall(r'name="manifest" value="([^"]+)"', fill_in(browser, address="http://localhost").text)
    assert json.loads(html.unescape(manifest))["hook_attributes"]["url"] == "https://smee.example/channel"


def test_link_that_names_an_address_leads_to_the_empty_form(client: FlaskClient) -> None:
    page = client.get(f"/setup?address={ADDRESS}")
    assert (f'value="{ADDRESS}"' in page.text, "apps/new" in page.text) == (False, False)
    assert client.post("/setup", data={"address": ADDRESS}).status_code == 400


def test_page_may_post_to_github_and_nowhere_else(client: FlaskClient, standin: StandIn) -> None:
    policy = fill_in(client).headers["Content-Security-Policy"]
    assert f"form-action 'self' {standin.url};" in policy
    assert "script-src" not in policy


def test_broken_file_of_credentials_is_a_problem_and_no_open_door(tmp_path: Path) -> None:
    from bot.errors import SettingsError

    (tmp_path / STORED_APP).write_text("{")
    with pytest.raises(SettingsError, match="take it away and register the App again"):
        load({"ISSUE_TAGGER_DATA_DIR": str(tmp_path)}, Path("/nowhere/.env"))
