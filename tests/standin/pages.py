"""GitHub's two pages on which a person makes an App of a manifest and installs it; enough for a browser."""

import html
import json
import secrets
from urllib.parse import urlencode

from tests.standin.answers import Answer, Request
from tests.standin.endpoints import Endpoints, route


@route("POST", r"/(?:organizations/[^/]+/)?settings/apps/new", "anybody")
def ask_for_app(github: Endpoints, request: Request, found: dict[str, str]) -> Answer:
    """Show what is to be made, and where the person goes on once it is."""
    manifest, code = json.loads(request.body["manifest"]), secrets.token_hex(10)
    github._world.codes.add(code)
    back = f"{manifest['redirect_url']}?{urlencode({'code': code, 'state': request.query['state']})}"
    asked = "".join(f"<li>{what}: {access}</li>" for what, access in sorted(manifest["default_permissions"].items()))
    link = f'<a href="{html.escape(back)}">Create GitHub App</a>'
    return Answer(f"<title>GitHub</title><h1>{html.escape(manifest['name'])}</h1><ul>{asked}</ul>{link}")


@route("GET", "/apps/[^/]+/installations/new", "anybody")
def ask_for_installation(github: Endpoints, request: Request, found: dict[str, str]) -> Answer:
    """Offer to install the App on the one account there is."""
    return Answer('<title>GitHub</title><h1>Install</h1><form method="post"><button>Install</button></form>')


@route("POST", "/apps/[^/]+/installations/new", "anybody")
def install(github: Endpoints, request: Request, found: dict[str, str]) -> Answer:
    """Install the App, and tell it so."""
    (installation,) = github._world.installations.values()
    github._people.install(installation.account)
    return Answer("<title>GitHub</title><h1>Installed</h1>")
