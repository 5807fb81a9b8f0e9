"""PyGithub's requester behind a token that may end, pages followed by their links, and its errors turned into ours."""

import email.utils
import json
import logging
import urllib.parse
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

import github
import jwt
import requests

from bot.errors import GitHubLimited, GitHubMissing, GitHubRefused, GitHubUnavailable
from bot.limits import Limit
from bot.remote import Quota

PAGE = 100  # the most that GitHub gives at once

PAGE_OF_APPS = "in GitHub's settings, under Applications"
ADVICE: Sequence[tuple[int, str, str]] = (  # the first whose status and words, anywhere in what GitHub says, are there
    (401, "", "it does not know us; check APP_ID and PRIVATE_KEY"),
    (403, "suspended", f"the App is suspended there; the account's owner can end that {PAGE_OF_APPS}"),
    (
        403,
        "",
        f"the App may not; check its permissions against app.yml: the account's owner grants them {PAGE_OF_APPS}",
    ),
    (404, "", "it is not there, or the App is not installed there any more"),
    (410, "disabled", "issues are switched off in that repository"),
    (410, "", "it was deleted"),
)

logging.getLogger("github.Requester").setLevel(logging.WARNING)  # below, PyGithub writes tokens and issues' texts

Answer = tuple[dict[str, Any], Any]  # headers, their names in lower case; what the JSON says


class Access:
    """Requests with a client's token.

    `forget` is called when GitHub does not take that token any more; `limit` keeps requests back while GitHub wants so.
    """

    quota: Quota | None = None  # as the last answer had it

    def __init__(
        self,
        client: Callable[[], github.Github],
        *,
        forget: Callable[[], None] | None = None,
        limit: Limit | None = None,
    ) -> None:
        self._client = client
        self._forget = forget
        self._limit = limit

    @contextmanager
    def open(self, doing: str) -> Iterator[github.Github]:
        """Lend the client, and translate what goes wrong; NotYetError while GitHub wants us to wait."""
        if self._limit is None:
            with self._lend(doing) as client:
                yield client
            return
        self._limit.check()
        try:
            with self._lend(doing) as client:
                yield client
        except GitHubLimited as limited:
            raise self._limit.note(limited) from limited

    @contextmanager
    def _lend(self, doing: str) -> Iterator[github.Github]:
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
            headers, found = client.requester.requestJsonAndCheck("GET", url, parameters)
        self.quota = _quota(headers)
        return headers, found


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
    why = error.message or (error.data.get("message") if isinstance(error.data, dict) else None)
    said = f"{doing}: GitHub answered {error.status} ({why or 'and did not say why'})"
    if error.status >= 500:
        return GitHubUnavailable(said, retry_after=_seconds(headers.get("retry-after")))
    limited = "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0"
    if error.status == 429 or (error.status == 403 and limited) or isinstance(error, github.RateLimitExceededException):
        return GitHubLimited(said, retry_after=_pause(headers))
    kind = GitHubMissing if error.status == 404 else GitHubRefused
    words = (advice for status, part, advice in ADVICE if status == error.status and part in said)
    return kind("; ".join((said, *islice(words, 1))), status=error.status)


def _pause(headers: Mapping[str, str]) -> float | None:
    """Return how many seconds GitHub wants us to wait; None where it does not say."""
    asked, quota = _seconds(headers.get("retry-after")), _quota(headers)
    return quota.renewed_in if asked is None and quota is not None and quota.left == 0 else asked


def _quota(headers: Mapping[str, str]) -> Quota | None:
    """Return what an answer says of the hourly limit; GitHub's own clock tells when now is, for ours may be wrong."""
    limit, left, reset = (_seconds(headers.get(f"x-ratelimit-{name}")) for name in ("limit", "remaining", "reset"))
    date = email.utils.parsedate_tz(headers.get("date", ""))
    if limit is None or left is None or reset is None or date is None:
        return None
    return Quota(int(limit), int(left), max(1.0, reset - email.utils.mktime_tz(date)))


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isdigit() else None


def reading(url: str) -> str:
    """Return in words that an address is read."""
    return f"reading {urllib.parse.urlsplit(url).path}"
