"""Who may see the dashboard: whoever opened a one-time link that this machine's operator made.

The link's token is 256 random bits, of which the database keeps only a hash. Opening the link shows a button, and only
the button uses the link up, so that a preview made by a chat or a mail program spoils nothing. What the browser gets
is a signed cookie with the time until which it is good.
"""

import hashlib
import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, cast

import flask
from flask.sessions import SecureCookieSessionInterface
from sqlalchemy import CursorResult, delete, update
from sqlalchemy.orm import Session
from werkzeug.exceptions import BadRequest, Unauthorized

from bot.errors import SettingsError
from bot.models import SignInLink
from bot.registration import create_private

LINK_LIFETIME = timedelta(days=1)
SESSION_LIFETIME = timedelta(hours=12)
KEY_BYTES = 32


# --- one-time links


def create_link(session: Session, *, now: datetime, lifetime: timedelta = LINK_LIFETIME) -> str:
    """Return the token of a new sign-in link; forget the links that have expired."""
    session.execute(delete(SignInLink).where(SignInLink.expires_at <= now))
    token = secrets.token_urlsafe(32)
    session.add(SignInLink(token_hash=_hash(token), expires_at=now + lifetime))
    session.flush()
    return token


def redeem(session: Session, token: str, now: datetime) -> bool:
    """Use a link up; False if it is unknown, expired, or used already. One statement decides who was first."""
    good = (SignInLink.token_hash == _hash(token), SignInLink.used_at.is_(None), SignInLink.expires_at > now)
    statement = update(SignInLink).where(*good).values(used_at=now).execution_options(synchronize_session=False)
    return cast("CursorResult[Any]", session.execute(statement)).rowcount == 1


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


# --- the key that signs the cookie


def session_key(data_dir: Path) -> bytes:
    """Return the key that signs session cookies, made on first use and readable by its owner only.

    Raises
    ------
    SettingsError
        The file is there but is not such a key, or cannot be read or made.
    """
    path = data_dir / "session.key"
    try:
        if not path.exists():
            create_private(path, secrets.token_bytes(KEY_BYTES))
        key = path.read_bytes()
    except OSError as error:
        raise SettingsError([f"{path}: cannot be read or created: {error.strerror}"]) from error
    if len(key) != KEY_BYTES:
        raise SettingsError([f"{path}: not a session key of {KEY_BYTES} bytes; delete it and a new one is made"])
    return key


# --- the browser's session


class CookieSession(SecureCookieSessionInterface):
    """Flask's signed cookie, sent over https only, except to this machine itself."""

    def get_cookie_secure(self, app: flask.Flask) -> bool:
        """Return whether the browser must keep the cookie off plain http."""
        return flask.request.is_secure or not is_loopback(flask.request.host)


def configure(app: flask.Flask, data_dir: Path) -> None:
    """Set the session cookie up.

    SameSite is Lax: with Strict, a link to the dashboard on another site, an issue say, would find the operator signed
    out. Nothing changes on GET, and what a form posts carries a token of its own.
    """
    app.secret_key = session_key(data_dir)
    app.session_interface = CookieSession()
    app.config.update(
        SESSION_COOKIE_NAME="issue_tagger_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=SESSION_LIFETIME,
    )


def sign_in(now: datetime) -> None:
    """Start a session that ends after `SESSION_LIFETIME`, however much it is used."""
    flask.session.clear()
    flask.session.permanent = True
    flask.session["until"] = (now + SESSION_LIFETIME).timestamp()
    flask.session["csrf"] = secrets.token_urlsafe(32)


def signed_in(now: datetime) -> bool:
    """Return whether the request comes from somebody who signed in and whose session has not ended."""
    return bool(flask.session.get("until", 0) > now.timestamp())


def require_operator(now: Callable[[], datetime]) -> None:
    """Stop a request of anybody who is not signed in, and one that changes something without its form's token.

    Raises
    ------
    Unauthorized, BadRequest
        Flask answers 401 and 400.
    """
    if not signed_in(now()):
        raise Unauthorized
    if flask.request.method not in ("GET", "HEAD", "OPTIONS"):
        given, expected = flask.request.form.get("csrf", ""), flask.session["csrf"]
        if not secrets.compare_digest(given.encode(), expected.encode()):
            raise BadRequest("The form was out of date, and nothing was changed. Reload the page and try again.")


def is_loopback(host: str) -> bool:
    """Return whether a Host header names this machine itself."""
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    with suppress(ValueError):
        return ip_address(name.strip("[]")).is_loopback
    return name == "localhost"
