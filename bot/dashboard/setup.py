"""The pages on which the operator registers the GitHub App; closed as soon as there is one."""

import secrets
from urllib.parse import urlsplit

import flask
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest

from bot import auth, registration
from bot.dashboard.views import blueprint, context, web_address
from bot.errors import BotError, NotFoundError

STATE, SHOW = "setup_state", "setup_show"  # of the session: against forgery; whether credentials are to be shown


@blueprint.get("/setup")
def setup() -> ResponseReturnValue:
    """Ask whose App it is to be, and at which address."""
    _require_open()
    here, settings = flask.request.url_root.rstrip("/"), context().settings
    address = "" if _why_not(here, web_address(settings.api_url)) else here
    return flask.render_template("setup.html", address=address, channel=settings.webhook_proxy)


@blueprint.post("/setup")
def setup_begin() -> ResponseReturnValue:
    """Show the button that takes the manifest to GitHub.

    A form of ours only leads here: GitHub sends what is good for the credentials to the address.
    """
    _require_open()
    settings, asked = context().settings, flask.request.form
    address, organization = asked.get("address", "").strip(), asked.get("organization", "").strip()
    site = web_address(settings.api_url)
    if why_not := _why_not(address, site):
        raise BadRequest(f"{address!r} {why_not}")
    flask.session[STATE], flask.session[SHOW] = secrets.token_urlsafe(24), "show" in asked
    post_to = registration.new_app_address(site, organization, flask.session[STATE])
    webhook = settings.webhook_proxy or f"{address.rstrip('/')}{settings.webhook_path}"
    same = urlsplit(address).netloc == flask.request.host  # then it knows better whether a proxy before us has https
    back = f"{(address if same else flask.request.url_root).rstrip('/')}{flask.url_for('dashboard.setup_callback')}"
    manifest = registration.manifest(address, webhook=webhook, back=back)
    shown = {"address": address, "organization": organization, "post_to": post_to, "manifest": manifest}
    answer = flask.make_response(flask.render_template("setup.html", **shown))
    policy = f"default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self' {site}; base-uri 'none'"
    answer.headers["Content-Security-Policy"] = f"{policy}; frame-ancestors 'none'"
    return answer


@blueprint.get("/setup/callback")
def setup_callback() -> ResponseReturnValue:
    """Take the code with which GitHub sends the operator back, and keep what it is good for, or show it this once."""
    _require_open()
    show = flask.session.pop(SHOW, False)
    expected, given = flask.session.pop(STATE, ""), flask.request.args
    if not expected or not secrets.compare_digest(expected.encode(), given.get("state", "").encode()):
        raise BadRequest("This does not belong to a registration begun in this browser. Begin again at /setup.")
    try:
        registered = registration.convert(context().settings.api_url, given.get("code", ""))
    except BotError as error:
        raise BadRequest(str(error)) from error
    if not show:
        registration.store(context().settings.data_dir, registered)
    shown = registration.environment(registered.credentials) if show else ""
    return flask.render_template("registered.html", installing=registered.installing, credentials=shown)


def _why_not(address: str, site: str) -> str:
    """Return why GitHub cannot deliver to an address, such as this machine's own name for itself; empty if it can."""
    found = urlsplit(address)
    if found.scheme not in {"https", "http"} or not found.hostname or any(sign.isspace() for sign in address):
        return "is no address such as https://bot.example.com"
    if context().settings.webhook_proxy:
        return ""
    channel = "where GitHub cannot reach this machine, set WEBHOOK_PROXY_URL to a channel, and start anew"
    if found.path.strip("/") or found.query:
        return f"has a path, and the webhook has its own: leave it out; {channel}"
    if auth.is_loopback(found.netloc) and not auth.is_loopback(urlsplit(site).netloc):
        return f"is this machine's name for itself: give its public address; {channel}"
    return ""


def _require_open() -> None:
    if registration.is_closed(context().settings):
        raise NotFoundError("There is a GitHub App already.")
