"""Tokens and failures: what `bot/github.py` makes of them, with the real PyGithub against the stand-in."""

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.errors import GitHubLimited, GitHubRefused, GitHubUnavailable
from bot.github import GitHub
from bot.remote import RepositoryGateway
from bot.settings import App
from tests.standin import StandIn
from tests.standin.fixtures import NAME as DEMO
from tests.standin.state import wall_clock

TOKENS = "/access_tokens"


def number_of(standin: StandIn) -> int:
    return standin.people.open_issue(DEMO, "It crashes", body="Always.").number


# --- tokens


def test_one_token_serves_all_requests(hub: GitHub, standin: StandIn) -> None:
    for _ in range(3):
        hub.repository(standin.world.find(DEMO).installation_id, DEMO).labels()
    assert len(standin.requests("POST", TOKENS)) == 1


def test_a_token_is_replaced_shortly_before_it_expires(gateway: RepositoryGateway, standin: StandIn) -> None:
    standin.world.token_lifetime = timedelta(seconds=15)  # less than the 20 s that PyGithub keeps clear of
    gateway.labels()
    gateway.labels()
    assert len(standin.requests("POST", TOKENS)) >= 2
    assert not [each for each in standin.log if each.status == 401]


def test_a_token_that_github_drops_fails_once_and_is_replaced(gateway: RepositoryGateway, standin: StandIn) -> None:
    gateway.labels()
    standin.world.revoke_tokens()
    with pytest.raises(GitHubUnavailable, match="next try gets a new one"):
        gateway.labels()
    assert len(gateway.labels()) == 3


def test_no_token_is_ever_logged(
    gateway: RepositoryGateway, standin: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    number = number_of(standin)
    gateway.issue(number)
    assert "ghs_" not in caplog.text
    assert "It crashes" not in caplog.text


# --- failures


@pytest.mark.parametrize(
    ("kind", "retry_after"),
    [("500", None), ("502", None), ("403", 45), ("429", 45), ("cut", None), ("drop", None), ("garbled", None)],
)
def test_what_may_work_later_is_unavailable(
    gateway: RepositoryGateway, standin: StandIn, kind: str, retry_after: float | None
) -> None:
    standin.fail_next(1, kind, "/labels", seconds=45)
    with pytest.raises(GitHubUnavailable) as unavailable:
        gateway.labels()
    assert unavailable.value.retry_after == retry_after
    assert len(standin.requests(path="/labels")) == 1  # PyGithub did not try again by itself
    assert len(gateway.labels()) == 3


@pytest.mark.parametrize("ahead", [-60, 60])
def test_clock_that_is_a_minute_off_does_no_harm(gateway: RepositoryGateway, standin: StandIn, ahead: int) -> None:
    standin.world.skew = timedelta(seconds=ahead)
    standin.world.clock = lambda: wall_clock() + standin.world.skew
    assert len(gateway.labels()) == 3
    standin.fail_next(1, "limit", "/labels", seconds=300)
    with pytest.raises(GitHubLimited) as limited:
        gateway.labels()
    assert limited.value.retry_after == 300
    standin.world.token_lifetime = timedelta(0)  # GitHub takes it no more, and by our clock it may be good still
    standin.world.revoke_tokens()
    with pytest.raises(GitHubUnavailable, match="next try gets a new one"):
        gateway.labels()
    standin.world.token_lifetime = timedelta(hours=1)
    with suppress(GitHubUnavailable):
        gateway.labels()
    assert len(gateway.labels()) == 3


def test_where_github_names_no_time_none_is_made_up(gateway: RepositoryGateway, standin: StandIn) -> None:
    standin.fail_next(1, "secondary", "/labels")
    with pytest.raises(GitHubLimited, match="secondary rate limit") as limited:
        gateway.labels()
    assert limited.value.retry_after is None


def test_a_used_up_rate_limit_says_when_it_is_renewed(gateway: RepositoryGateway, standin: StandIn) -> None:
    standin.fail_next(1, "limit", "/labels", seconds=300)
    with pytest.raises(GitHubUnavailable) as unavailable:
        gateway.labels()
    assert unavailable.value.retry_after == pytest.approx(300, abs=2)


def test_a_slow_answer_is_not_waited_for(standin: StandIn) -> None:
    hub = GitHub(standin.app, standin.url, timeout=1)
    standin.fail_next(1, "slow", "/app", seconds=30)
    with pytest.raises(GitHubUnavailable, match="no answer"):
        hub.login()


def test_nobody_answering_is_unavailable(standin: StandIn) -> None:
    with pytest.raises(GitHubUnavailable, match="no answer"):
        GitHub(standin.app, "http://127.0.0.1:9").check()


def test_a_failure_while_getting_the_token_is_unavailable(gateway: RepositoryGateway, standin: StandIn) -> None:
    standin.fail_next(1, "500", TOKENS)
    with pytest.raises(GitHubUnavailable, match="getting a token"):
        gateway.labels()


def other_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, pem, plain).decode()


@pytest.mark.parametrize("key", [other_key, lambda: "-----BEGIN nonsense"])
def test_a_wrong_private_key_is_refused_in_plain_words(standin: StandIn, key: Callable[[], str]) -> None:
    hub = GitHub(App(standin.app.app_id, key(), "secret"), standin.url)
    with pytest.raises(GitHubRefused, match="PRIVATE_KEY") as refused:
        hub.check()
    assert refused.value.status == 401
    with pytest.raises(GitHubRefused, match="PRIVATE_KEY"):
        hub.repository(standin.world.find(DEMO).installation_id, DEMO).labels()


def test_a_suspended_installation_is_refused(gateway: RepositoryGateway, standin: StandIn) -> None:
    standin.people.install("octo", action="suspend")
    with pytest.raises(GitHubRefused, match="suspended") as refused:
        gateway.labels()
    assert refused.value.status == 403


def test_issues_that_are_switched_off_are_told_from_one_that_was_deleted(
    gateway: RepositoryGateway, standin: StandIn
) -> None:
    number = number_of(standin)
    standin.people.delete(DEMO, number)
    with pytest.raises(GitHubRefused, match="it was deleted"):
        gateway.label_events(number)
    standin.world.find(DEMO).has_issues = False
    with pytest.raises(GitHubRefused, match="issues are switched off in that repository"):
        list(gateway.issues_since(None))


def test_a_missing_permission_is_refused(gateway: RepositoryGateway, standin: StandIn) -> None:
    number = number_of(standin)
    standin.world.installations[standin.world.find(DEMO).installation_id].permissions["issues"] = "read"
    with pytest.raises(GitHubRefused, match="permissions") as refused:
        gateway.add_labels(number, ["bug"])
    assert refused.value.status == 403


def test_a_label_that_github_does_not_accept_is_refused(gateway: RepositoryGateway, standin: StandIn) -> None:
    number = number_of(standin)
    with pytest.raises(GitHubRefused) as refused:
        gateway.add_labels(number, ["x" * 51])
    assert refused.value.status == 422
