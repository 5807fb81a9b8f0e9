"""PyGithub's requester behind a token that may end, pages followed by their links, and its errors turned into ours."""

import email.utils
import json
import logging
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import github
import jwt
import requests

from bot.errors import GitHubMissing, GitHubRefused, GitHubUnavailable

PAGE = 100  # the most that GitHub gives at once
SLOW_DOWN = 60.0  # seconds; GitHub's rule where it names no time

ADVICE: Mapping[int, str] = {
    401: "it does not know us; check APP_ID and PRIVATE_KEY",
    403: "the App may not; check its permissions (issues: read and write) and that the installation is not suspended",
    404: "it is not there, or the App is not installed there",
    410: "it was deleted, or issues are switched off",
}

logging.getLogger("github.Requester").setLevel(logging.WARNING)  # below, PyGithub writes tokens and issues' texts

Answer = tuple[dict[str, Any], Any]  # headers, their names in lower case; what the JSON says


class Access:
    """Requests with a client's token; `forget` is called when GitHub does not take that token any more."""

    def __init__(self, client: Callable[[], github.Github], forget: Callable[[], None] | None = None) -> None:
        self._client = client
        self._forget = forget

    @contextmanager
    def open(self, doing: str) -> Iterator[github.Github]:
        """Lend the client, and translate what goes wrong."""
        client = self._client()
        try:
            with translated(doing):
                yield client
        except GitHubRefused as refused:
            if refused.status != 401 or self._forget is None:
                raise
            self._forget()
            raise GitHubUnavailable(f"{doing}: GitHub did not take our token; the next try gets a new one") from refused

    def get(self, url: str, parameters: dict[str, Any]) -> Answer:
        """Read one page."""
        with self.open(reading(url)) as client:
            return client.requester.requestJsonAndCheck("GET", url, parameters)


def pages(get: Callable[[str, dict[str, Any]], Answer], url: str, **parameters: str) -> Iterator[Any]:
    """Yield page after page; each is fetched when it is asked for."""
    for page, _ in pages_and_places(get, url, {"per_page": PAGE, **parameters}):
        yield page


def pages_and_places(
    get: Callable[[str, dict[str, Any]], Answer], url: str, wanted: dict[str, Any]
) -> Iterator[tuple[Any, str]]:
    """Yield each page with the address of the next one, empty after the last, following `Link: rel="next"`."""
    following = url
    while following:
        headers, page = get(following, wanted)
        links = requests.utils.parse_header_links(headers.get("link", ""))
        following, wanted = next((link["url"] for link in links if link.get("rel") == "next"), ""), {}
        yield page, following


# --- from PyGithub's errors


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn what PyGithub and what is below it raise into GitHubUnavailable or GitHubRefused."""
    try:
        yield
    except github.GithubException as error:
        raise _from_answer(doing, error) from error
    except requests.exceptions.RetryError as error:
        raise GitHubUnavailable(f"{doing}: it has moved; its new name has to be told before we go on") from error
    except requests.RequestException as error:
        raise GitHubUnavailable(f"{doing}: no answer from GitHub ({type(error).__name__})") from error
    except json.JSONDecodeError as error:
        raise GitHubUnavailable(f"{doing}: GitHub's answer is not JSON") from error
    except jwt.InvalidKeyError as error:
        raise GitHubRefused(f"{doing}: PRIVATE_KEY is not the App's key in PEM format", status=401) from error


def _from_answer(doing: str, error: github.GithubException) -> GitHubUnavailable | GitHubRefused:
    headers = error.headers or {}
    said = f"{doing}: GitHub answered {error.status} ({error.message or 'and did not say why'})"
    if error.status >= 500:
        return GitHubUnavailable(said, retry_after=_seconds(headers.get("retry-after")))
    limited = "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0"
    if error.status == 429 or (error.status == 403 and limited) or isinstance(error, github.RateLimitExceededException):
        return GitHubUnavailable(said, retry_after=_pause(headers))
    kind = GitHubMissing if error.status == 404 else GitHubRefused
    return kind(f"{said}; {ADVICE[error.status]}" if error.status in ADVICE else said, status=error.status)


def _pause(headers: Mapping[str, str]) -> float:
    """Return how many seconds GitHub wants us to wait; its own clock tells when now is."""
    asked = _seconds(headers.get("retry-after"))
    reset, date = _seconds(headers.get("x-ratelimit-reset")), headers.get("date")
    if asked is None and reset is not None and date and headers.get("x-ratelimit-remaining") == "0":
        asked = max(1.0, reset - email.utils.parsedate_to_datetime(date).timestamp())
    return SLOW_DOWN if asked is None else asked


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isdigit() else None


def reading(url: str) -> str:
    """Return in words that an address is read."""
    return f"reading {urllib.parse.urlsplit(url).path}"
