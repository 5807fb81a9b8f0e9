"""The stand-in itself: does it behave as GitHub does, where tests rely on it?"""

import json
import time
from collections.abc import Mapping
from datetime import timedelta

import jwt
import pytest
import requests

from bot.events import verify
from bot.github import GitHub
from bot.remote import RepositoryGateway
from tests.standin import SECRET, StandIn, sign
from tests.standin.fixtures import NAME as DEMO
from tests.standin.past import fill


class Receiver:
    """Stand where the bot's webhook would be; answer with the given statuses, then with 202."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.got: list[tuple[Mapping[str, str], bytes]] = []

    def __call__(self, headers: Mapping[str, str], body: bytes) -> int:
        self.got.append((headers, body))
        return self.statuses.pop(0) if self.statuses else 202

    def told(self) -> list[tuple[str, str, str]]:
        """Return event, action and sender of each delivery."""
        payloads = [(headers["X-GitHub-Event"], json.loads(body)) for headers, body in self.got]
        return [(event, payload["action"], payload["sender"]["login"]) for event, payload in payloads]


def app_token(standin: StandIn, *, app_id: str | None = None, lives: int = 300) -> dict[str, str]:
    now = int(time.time())
    claims = {"iat": now - 60, "exp": now + lives, "iss": app_id or str(standin.app.app_id)}
    return {"Authorization": "Bearer " + jwt.encode(claims, standin.app.private_key, algorithm="RS256")}


def installation_token(standin: StandIn) -> dict[str, str]:
    return {"Authorization": "token " + standin.world.issue_token(standin.world.find(DEMO).installation_id)[0]}


def test_the_signature_is_githubs() -> None:
    expected = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert sign("It's a Secret to Everybody", b"Hello, World!") == expected


@pytest.mark.parametrize(
    ("wrong", "status"),
    [({}, 200), ({"app_id": "1"}, 401), ({"lives": 700}, 401), ({"lives": -1}, 401)],
)
def test_an_app_token_must_be_ours_and_short_lived(standin: StandIn, wrong: dict[str, int], status: int) -> None:
    answer = requests.get(f"{standin.url}/app", headers=app_token(standin, **wrong), timeout=5)
    assert answer.status_code == status


def test_an_installation_token_opens_until_it_expires(standin: StandIn) -> None:
    url = f"{standin.url}/repos/{DEMO}/labels"
    assert requests.get(url, headers=installation_token(standin), timeout=5).status_code == 200
    assert requests.get(url, headers={"Authorization": "token ghs_unknown"}, timeout=5).status_code == 401
    standin.world.token_lifetime = timedelta(seconds=-1)
    assert requests.get(url, headers=installation_token(standin), timeout=5).status_code == 401
    assert requests.get(url, timeout=5).status_code == 401


def test_another_installation_sees_nothing(standin: StandIn) -> None:
    other = standin.world.add_repository("elsewhere/other")
    token = {"Authorization": "token " + standin.world.issue_token(other.installation_id)[0]}
    assert requests.get(f"{standin.url}/repos/{DEMO}/labels", headers=token, timeout=5).status_code == 404


def test_page_numbers_end_at_10000_items_and_links_go_on(standin: StandIn) -> None:
    repository, token = standin.world.find(DEMO), installation_token(standin)
    fill(standin.world, repository, issues=10_050, pulls=0, events=10_050)
    for path in ("issues", "issues/events"):
        url = f"{standin.url}/repos/{DEMO}/{path}?state=all&per_page=100&page="
        assert requests.get(f"{url}101", headers=token, timeout=5).status_code == 422
        last = requests.get(f"{url}100", headers=token, timeout=5)
        following = requests.get(last.links["next"]["url"], headers=token, timeout=5)
        assert (following.status_code, len(following.json()), following.links) == (200, 50, {})
        assert not {each["id"] for each in last.json()} & {each["id"] for each in following.json()}


def test_requests_of_an_hour_are_counted_and_refused_beyond_the_limit(standin: StandIn) -> None:
    url, token = f"{standin.url}/repos/{DEMO}/labels", installation_token(standin)
    there, now = standin.world.installations[standin.world.find(DEMO).installation_id], standin.world.clock()
    there.limit, standin.world.clock = 2, lambda: now
    answers = [requests.get(url, headers=token, timeout=5) for _ in range(3)]
    left = [(each.status_code, each.headers["X-RateLimit-Remaining"]) for each in answers]
    assert left == [(200, "1"), (200, "0"), (403, "0")]
    assert int(answers[2].headers["X-RateLimit-Reset"]) == now.timestamp() + 3600
    standin.world.clock = lambda: now + timedelta(hours=1)
    assert requests.get(url, headers=token, timeout=5).status_code == 200


def test_pages_are_linked_with_the_stand_ins_own_address(standin: StandIn) -> None:
    for number in range(5):
        standin.people.open_issue(DEMO, f"Issue {number}")
    url = f"{standin.url}/repos/{DEMO}/issues?state=all&sort=updated&direction=asc&per_page=2"
    titles = []
    while url:
        answer = requests.get(url, headers=installation_token(standin), timeout=5)
        titles += [each["title"] for each in answer.json()]
        url = answer.links.get("next", {}).get("url", "")
        assert url.startswith(standin.url) or not url
    assert titles == [f"Issue {number}" for number in range(5)]


def test_an_unknown_label_is_created_as_github_does(gateway: RepositoryGateway, standin: StandIn) -> None:
    number = standin.people.open_issue(DEMO, "It crashes").number
    gateway.add_labels(number, ["invented"])
    assert "invented" in standin.world.find(DEMO).labels
    assert [(each.event, each.payload["action"]) for each in standin.webhooks.sent] == [
        ("issues", "opened"),
        ("label", "created"),
        ("issues", "labeled"),
    ]


def test_deliveries_are_signed_and_shaped_as_githubs(standin: StandIn) -> None:
    standin.webhooks.transport = receiver = Receiver()
    issue = standin.people.open_issue(DEMO, "It crashes", labels=["question"])
    standin.people.label(DEMO, issue.number, "BUG")
    standin.people.unlabel(DEMO, issue.number, "bug")
    assert receiver.told() == [
        ("issues", "opened", "reporter"),
        ("issues", "labeled", "reporter"),
        ("issues", "labeled", "maintainer"),
        ("issues", "unlabeled", "maintainer"),
    ]
    for headers, body in receiver.got:
        verify(SECRET, body, headers["X-Hub-Signature-256"])
    payload = json.loads(receiver.got[2][1])
    assert [each["name"] for each in payload["issue"]["labels"]] == ["question", "bug"]
    assert payload["label"]["name"] == "bug"
    assert payload["installation"]["id"] == standin.world.find(DEMO).installation_id
    assert len({headers["X-GitHub-Delivery"] for headers, _ in receiver.got}) == 4


def test_every_act_is_told(standin: StandIn) -> None:
    standin.world.add_repository("octo/other", ["bug"])
    standin.webhooks.transport = receiver = Receiver()
    people, number = standin.people, standin.people.open_issue(DEMO, "It crashes", labels=["bug"]).number
    people.edit(DEMO, number, title="It still crashes")
    people.close(DEMO, number)
    people.reopen(DEMO, number)
    people.comment(DEMO, number, "Me too")
    copy = people.transfer(DEMO, number, "octo/other")
    people.delete("octo/other", copy.number)
    people.rename_label(DEMO, "bug", "defect")
    people.delete_label(DEMO, "defect")
    people.rename_repository(DEMO, "octo/renamed")
    people.install("octo", action="suspend")
    told = [f"{event}.{action}" for event, action, _ in receiver.told()]
    assert told[2:6] == ["issues.edited", "issues.closed", "issues.reopened", "issue_comment.created"]
    assert told[6:9] == ["issues.transferred", "issues.opened", "issues.deleted"]
    assert told[9:] == ["label.edited", "label.deleted", "repository.renamed", "installation.suspend"]
    assert copy.names() == {"bug"}


def test_what_the_app_does_is_told_with_the_app_as_sender(gateway: RepositoryGateway, standin: StandIn) -> None:
    number = standin.people.open_issue(DEMO, "It crashes").number
    standin.webhooks.transport = receiver = Receiver()
    gateway.add_labels(number, ["bug"])
    standin.webhooks.drain()
    assert receiver.told() == [("issues", "labeled", "issue-tagger[bot]")]
    assert json.loads(receiver.got[0][1])["sender"]["type"] == "Bot"


def test_a_persistent_sender_repeats_a_delivery_under_its_id_until_it_is_accepted(standin: StandIn) -> None:
    standin.webhooks.transport = receiver = Receiver(0, 500)
    standin.webhooks.background = standin.webhooks.persistent = True
    standin.people.open_issue(DEMO, "It crashes")
    standin.webhooks.drain()
    assert standin.webhooks.sent[0].statuses == [0, 500, 202]
    assert len({headers["X-GitHub-Delivery"] for headers, _ in receiver.got}) == 1


def test_a_cut_answer_leaves_the_work_done_and_a_dropped_request_does_not(
    gateway: RepositoryGateway, standin: StandIn
) -> None:
    number = standin.people.open_issue(DEMO, "It crashes").number
    for kind, name in (("cut", "bug"), ("drop", "question")):
        standin.fail_next(1, kind, "/labels", method="POST")
        with pytest.raises(Exception, match="no answer"):
            gateway.add_labels(number, [name])
    assert standin.world.issue(DEMO, number).names() == {"bug"}


def test_a_bot_is_configured_by_the_environment_it_gives(standin: StandIn) -> None:
    from bot.settings import load

    settings = load(standin.environ())
    assert settings.app is not None
    assert GitHub(settings.app, settings.api_url).login() == "issue-tagger[bot]"
