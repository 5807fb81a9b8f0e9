"""Register the GitHub App by its manifest: what GitHub is sent, what comes back, and where that is kept.

GitHub asks the person, makes the App, and comes back with a code that is good for its credentials, once, for an hour.
"""

import base64
import json
import os
import secrets
import shlex
import tempfile
import urllib.parse
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import yaml

from bot.errors import GitHubRefused, GitHubUnavailable
from bot.settings import STORED_APP, Settings

MANIFEST = Path(__file__).parent.parent / "app.yml"
TIMEOUT = 20  # seconds
INSTALLING = "INSTALLING"  # beside the credentials in their file: the address of the page that installs the App


@dataclass(frozen=True)
class Registered:
    """An App that GitHub has made: where its page is, and its credentials, shown where that is asked for, once."""

    page: str
    credentials: dict[str, str]

    @property
    def installing(self) -> str:
        """Return where it is installed on repositories."""
        return f"{self.page}/installations/new"


def permissions() -> dict[str, str]:
    """Return what the App has to be allowed: name of a permission -> read or write."""
    return dict(yaml.safe_load(MANIFEST.read_text())["default_permissions"])


def manifest(address: str, *, webhook: str, back: str) -> str:
    """Return what GitHub is to make, for a bot that people reach at `address`.

    Deliveries go to `webhook`, and the person who registers comes `back`, under the name by which they are signed in.
    """
    about: dict[str, Any] = yaml.safe_load(MANIFEST.read_text())
    about |= {"name": f"issue-tagger-{secrets.token_hex(3)}", "url": address, "redirect_url": back}
    about["hook_attributes"] = {"url": webhook, "active": True}
    return json.dumps(about)


def new_app_address(site: str, organization: str, state: str) -> str:
    """Return where on GitHub the manifest is posted to: a person's own account, or an organisation."""
    place = f"organizations/{urllib.parse.quote(organization, safe='')}/settings" if organization else "settings"
    return f"{site}/{place}/apps/new?state={urllib.parse.quote(state, safe='')}"


def convert(api_url: str, code: str) -> Registered:
    """Return the App that a code is good for.

    Raises
    ------
    GitHubUnavailable, GitHubRefused
        If GitHub does not answer, or does not take the code: it is good once, for an hour.
    """
    address = f"{api_url}/app-manifests/{urllib.parse.quote(code, safe='')}/conversions"
    try:
        answer = requests.post(address, timeout=TIMEOUT, allow_redirects=False)
        found = answer.json() if answer.ok else {}
    except (requests.RequestException, ValueError) as error:
        raise GitHubUnavailable(f"GitHub did not answer ({type(error).__name__}); try again") from error
    if answer.status_code != 201:
        message = f"GitHub answered {answer.status_code} to the code, which is good once, for an hour; begin again"
        raise GitHubRefused(message, status=answer.status_code)
    credentials = {"APP_ID": str(found["id"]), "PRIVATE_KEY": found["pem"], "WEBHOOK_SECRET": found["webhook_secret"]}
    return Registered(found["html_url"], credentials)


def installing(settings: Settings) -> str:
    """Return where the App that was registered from here is installed on repositories; empty for another App."""
    try:
        return str(json.loads((settings.data_dir / STORED_APP).read_text())[INSTALLING])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def is_closed(settings: Settings) -> bool:
    """Tell whether there is an App already, so that no other one can be registered."""
    return settings.app is not None or (settings.data_dir / STORED_APP).exists()


def store(data_dir: Path, registered: Registered) -> None:
    """Keep the credentials where the settings find them, readable by the owner only; the first ones stay."""
    kept = {**registered.credentials, INSTALLING: registered.installing}
    create_private(data_dir / STORED_APP, json.dumps(kept, indent=1).encode())


def environment(credentials: dict[str, str]) -> str:
    """Return the credentials as a shell and `.env` take them; the key in base64, for it has many lines."""
    lines = {**credentials, "PRIVATE_KEY": base64.b64encode(credentials["PRIVATE_KEY"].encode()).decode()}
    return "\n".join(f"{name}={shlex.quote(value)}" for name, value in lines.items())


def create_private(path: Path, content: bytes) -> None:
    """Let a file appear whole or not at all, mode 0600; if another process was faster, its file stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(name, path)
    finally:
        os.unlink(name)
