"""From the text of a setting to its value; ValueError says what is wrong with the text."""

import base64
import binascii
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from bot.models import Mode

DEFAULT = "default"  # takes back what `configure` set for a repository


def pem(text: str) -> str:
    """Convert a private key: PEM, its line ends written `\\n` perhaps, or all of it in base64."""
    text = text.replace("\\n", "\n")
    if "-----BEGIN" not in text:
        try:
            text = base64.b64decode(text, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            text = ""
    if "-----BEGIN" not in text:
        raise ValueError("neither a PEM key nor one in base64; download it from the App's settings page on GitHub")
    return text


def pem_file(text: str) -> str:
    """Convert the name of a file with a private key, to that key."""
    try:
        return pem(Path(text).read_text())
    except OSError as error:
        raise ValueError(f"{text!r} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{text!r} is not a PEM key") from error


def whole(least: int, most: int) -> Callable[[str], int]:
    """Return what converts a whole number within limits."""

    def convert(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
            raise ValueError(f"{text!r} is not a whole number from {least} to {most}")
        return int(text)

    return convert


def share(text: str) -> float:
    """Convert a probability or share, above 0 and below 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 1:
        raise ValueError(f"{text!r} is not a number above 0 and below 1, such as 0.9")
    return value


def one_of(*choices: str) -> Callable[[str], str]:
    """Return what converts one of a few words."""
    return lambda text: choice(text, choices)


def choice(text: str, choices: Iterable[str]) -> str:
    """Return a word that is one of a few."""
    if text not in choices:
        raise ValueError(f"{text!r} is not one of {', '.join(choices)}")
    return text


def mode(text: str) -> Mode:
    """Convert what may be written to GitHub."""
    return Mode(choice(text.lower(), tuple(Mode)))


def level(text: str) -> str:
    """Convert a level of the log, also as Probot calls it."""
    probots = {"TRACE": "DEBUG", "WARN": "WARNING", "FATAL": "ERROR"}
    return choice(probots.get(text.upper(), text.upper()), ("DEBUG", "INFO", "WARNING", "ERROR"))


def log_format(text: str) -> str:
    """Convert the form of the log; Probot's `pretty` is text."""
    return choice({"pretty": "text"}.get(text.lower(), text.lower()), ("text", "json"))


def path(text: str) -> str:
    """Convert the path of an address."""
    if not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+/?", text):
        raise ValueError(f"{text!r} is not a path such as /api/github/webhooks")
    return text


def url(text: str) -> str:
    """Convert an address that nobody listens in on."""
    if not re.match(r"https://|http://(127\.0\.0\.1|localhost)(:\d+)?(/|$)", text):
        raise ValueError(f"{text!r} does not start with https://; a plain http:// address is accepted on loopback only")
    if not re.fullmatch(r"https?://([\w.-]+|\[[\da-fA-F:.]+\])(:\d{1,5})?(/[^\s@]*)?", text):
        raise ValueError(f"{text!r} is not an address such as https://github.example.com/api/v3")
    return text.rstrip("/")


def host(text: str) -> str:
    """Convert the name of a host, with a port perhaps."""
    if not re.fullmatch(r"[A-Za-z0-9.-]+(:\d+)?", text):
        raise ValueError(f"{text!r} is not the name of a host such as github.example.com")
    return text


def database(text: str) -> str:
    """Convert the address of a database."""
    for start in ("postgres://", "postgresql://", "postgresql+psycopg://"):
        if text.startswith(start):
            return _address("postgresql+psycopg://" + text.removeprefix(start))
    if text.startswith("sqlite:///"):
        return text
    raise ValueError("starts neither with sqlite:/// nor with postgresql://")


def redis(text: str) -> str:
    """Convert the address of a Redis."""
    if not text.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("does not start with redis://, rediss:// or unix://")
    return _address(text)


def _address(text: str) -> str:
    """Return an address that can be taken apart; of one that cannot nothing is quoted, for it may have a password."""
    try:
        make_url(text)
        _ = urlsplit(text).port
    except (ValueError, ArgumentError):
        parts = "its port is no number, or its user or password has :, /, ? or @ in it"
        raise ValueError(f"cannot be read: {parts}; write these as %3A, %2F, %3F and %40") from None
    return text
