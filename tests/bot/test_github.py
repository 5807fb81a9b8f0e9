"""The real PyGithub, behind `bot/github.py`, against the stand-in."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import GitHubRefused, GitHubUnavailable
from bot.github import GitHub, public_repository
from bot.remote import RemoteInstallation, RemoteLabel, RemoteRepository, RepositoryGateway
from tests.standin import StandIn
from tests.standin.fixtures import NAME as DEMO

MARKER = "<!-- issue-tagger -->"


def number_of(standin: StandIn, **more: str) -> int:
    return standin.people.open_issue(DEMO, "It crashes", body="Always.", **more).number


# --- reading


def test_the_app_is_who_github_says(hub: GitHub, standin: StandIn) -> None:
    assert (hub.check(), hub.login(), hub.login()) == ("Issue-Tagger", "issue-tagger[bot]", "issue-tagger[bot]")
    assert len(standin.requests(path="/app")) == 2  # the login is asked for once


def test_installations_come_with_what_they_allow_the_suspended_ones_too(hub: GitHub, standin: StandIn) -> None:
    active = standin.world.installations[standin.world.find(DEMO).installation_id]
    other = standin.world.install("elsewhere")
    other.suspended, other.permissions = True, {"issues": "read"}
    assert hub.installations() == [
        RemoteInstallation(active.id, "octo", False, active.permissions),
        RemoteInstallation(other.id, "elsewhere", True, {"issues": "read"}),
    ]


def test_quota_is_that_of_the_installation(hub: GitHub, standin: StandIn) -> None:
    there = standin.world.installations[standin.world.find(DEMO).installation_id]
    there.limit = 300
    hub.quota(there.id)
    quota = hub.quota(there.id)
    assert quota is not None
    assert (quota.limit, quota.left, quota.used) == (300, 298, 2)
    assert 3590 < quota.renewed_in <= 3600


def test_repositories_are_those_of_the_installation(hub: GitHub, standin: StandIn) -> None:
    ours = [standin.world.add_repository(f"octo/more-{number}") for number in range(120)]
    standin.world.add_repository("elsewhere/other")
    found = list(hub.repositories(ours[0].installation_id))
    assert len(found) == 121
    assert found[-1] == RemoteRepository(ours[-1].id, "octo/more-119")


def test_labels_come_with_their_descriptions(gateway: RepositoryGateway, standin: StandIn) -> None:
    repository = standin.world.find(DEMO)
    label = standin.world.add_label(repository, "Build / CI", "How it is built")
    assert gateway.labels()[-1] == RemoteLabel(label.id, "Build / CI", "How it is built")
    assert gateway.labels()[0].description == ""


def test_an_issue_is_read_in_one_request(gateway: RepositoryGateway, standin: StandIn) -> None:
    number = number_of(standin, author="maintainer")
    standin.people.label(DEMO, number, "BUG")
    gateway.labels()  # gets the token
    before = len(standin.log)
    issue = gateway.issue(number)
    assert len(standin.log) == before + 1
    assert issue is not None
    assert (issue.title, issue.body, issue.state, issue.labels) == ("It crashes", "Always.", "open", ("bug",))
    assert (issue.author, issue.author_association) == ("maintainer", "MEMBER")
    assert issue.created_at.tzinfo is UTC


def test_an_issue_without_text_has_an_empty_one(gateway: RepositoryGateway, standin: StandIn) -> None:
    number = standin.people.open_issue(DEMO, "No text", body=None).number
    issue = gateway.issue(number)
    assert issue is not None
    assert issue.body == ""


def test_a_deleted_or_unknown_issue_is_gone(gateway: RepositoryGateway, standin: StandIn) -> None:
    number = number_of(standin)
    standin.people.delete(DEMO, number)
    assert gateway.issue(number) is None
    assert gateway.issue(999) is None


def test_a_transferred_issue_is_gone(gateway: RepositoryGateway, standin: StandIn) -> None:
    standin.world.add_repository("octo/other")
    number = number_of(standin)
    standin.people.transfer(DEMO, number, "octo/other")
    assert gateway.issue(number) is None


def test_an_installation_that_is_gone_is_not_an_issue_that_is_gone(
    gateway: RepositoryGateway, standin: StandIn
) -> None:
    number = number_of(standin)
    standin.people.install("octo", action="deleted")
    with pytest.raises(GitHubRefused) as refused:
        gateway.issue(number)
    assert refused.value.status == 404


def test_a_renamed_repository_is_worth_another_try(gateway: RepositoryGateway, standin: StandIn) -> None:
    number = number_of(standin)
    standin.people.rename_repository(DEMO, "octo/renamed")
    for read in (lambda: gateway.issue(number), gateway.labels, lambda: list(gateway.issues_since(None))):
        with pytest.raises(GitHubUnavailable, match="has moved"):
            read()


def test_label_events_say_who_did_what_in_time_order(gateway: RepositoryGateway, standin: StandIn) -> None:
    number = number_of(standin)
    later = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    standin.people.label(DEMO, number, "bug", by="stale[bot]", at=later)
    standin.people.close(DEMO, number)
    standin.people.label(DEMO, number, "question")
    standin.people.unlabel(DEMO, number, "question", at=later)
    told = [(event.action, event.label, event.actor, event.actor_type) for event in gateway.label_events(number)]
    assert told == [
        ("labeled", "question", "maintainer", "User"),
        ("labeled", "bug", "stale[bot]", "Bot"),
        ("unlabeled", "question", "maintainer", "User"),
    ]
    assert gateway.label_events(number)[-1].at == later


def test_a_public_repository_is_read_without_an_app(standin: StandIn) -> None:
    number_of(standin)
    found = list(public_repository(DEMO, standin.url).issues_since(None))
    assert [issue.title for issue in found] == ["It crashes"]
    assert standin.log[-1].actor == "anonymous"


# --- paging


def fill(standin: StandIn, *, issues: int) -> datetime:
    """Open issues an hour apart, with a pull request after each fifth; return when the first one was opened."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(issues):
        at = start + timedelta(hours=number)
        standin.people.open_issue(DEMO, f"Issue {number}", at=at)
        if number % 5 == 4:
            standin.people.open_issue(DEMO, f"Pull {number}", pull=True, at=at)
    return start


def test_all_issues_come_in_time_order_page_by_page_without_pull_requests(
    gateway: RepositoryGateway, standin: StandIn
) -> None:
    fill(standin, issues=250)
    issues = gateway.issues_since(None)
    first = next(issues)
    assert len(standin.requests(path="/issues")) == 1
    titles = [first.title, *(issue.title for issue in issues)]
    assert titles == [f"Issue {number}" for number in range(250)]
    assert len(standin.requests(path="/issues")) == 3  # 300 with the pull requests, 100 a page, and no other request
    assert len(standin.log) == 4


def test_closed_issues_come_too_and_only_those_changed_since(gateway: RepositoryGateway, standin: StandIn) -> None:
    start = fill(standin, issues=120)
    standin.people.close(DEMO, 1, at=start + timedelta(days=30))
    since = start + timedelta(hours=110)
    found = list(gateway.issues_since(since))
    assert [issue.title for issue in found] == ["Issue 0", *(f"Issue {number}" for number in range(110, 120))]
    assert found[0].state == "closed"


def test_an_issue_that_changes_during_the_walk_hides_no_other(gateway: RepositoryGateway, standin: StandIn) -> None:
    fill(standin, issues=150)
    issues = gateway.issues_since(None)
    titles = {next(issues).title}
    standin.people.edit(DEMO, 1, title="Changed meanwhile")
    titles |= {issue.title for issue in issues}
    assert titles == {f"Issue {number}" for number in range(150)}


# --- writing


def test_labels_are_added_to_those_there_never_put_in_their_place(gateway: RepositoryGateway, standin: StandIn) -> None:
    number = number_of(standin, author="maintainer")
    standin.people.label(DEMO, number, "documentation")
    gateway.add_labels(number, ["BUG", "Documentation"])
    assert standin.world.issue(DEMO, number).names() == {"documentation", "bug"}
    writes = [each for each in standin.log if each.method != "GET" and not each.path.endswith("/access_tokens")]
    assert [(each.method, each.body) for each in writes] == [("POST", ["BUG", "Documentation"])]
    assert [event.actor for event in gateway.label_events(number)] == ["maintainer", "issue-tagger[bot]"]


def test_nothing_is_written_to_where_an_issue_was_transferred(gateway: RepositoryGateway, standin: StandIn) -> None:
    standin.world.add_repository("octo/other")
    number = number_of(standin)
    copy = standin.people.transfer(DEMO, number, "octo/other")
    with pytest.raises(GitHubUnavailable, match="has moved"):
        gateway.add_labels(number, ["bug"])
    with pytest.raises(GitHubUnavailable, match="has moved"):
        gateway.create_comment(number, "Hello")
    assert (copy.labels, copy.comments) == ([], [])
    assert "bug" not in standin.world.find("octo/other").labels


def test_our_own_comment_is_found_but_not_that_of_another_with_our_marker(
    gateway: RepositoryGateway, standin: StandIn
) -> None:
    number = number_of(standin)
    for _ in range(120):
        standin.people.comment(DEMO, number, "Me too")
    standin.people.comment(DEMO, number, f"I quote {MARKER}")
    gateway.create_comment(number, "Something else of ours")
    assert gateway.marked_comment(number, MARKER) is None
    ours = gateway.create_comment(number, f"Suggested: bug {MARKER}")
    assert gateway.marked_comment(number, MARKER) == ours


def test_a_comment_is_edited_in_place(gateway: RepositoryGateway, standin: StandIn) -> None:
    number = number_of(standin)
    comment = gateway.create_comment(number, f"First {MARKER}")
    gateway.edit_comment(number, comment.id, f"Second {MARKER}")
    assert [each.body for each in standin.world.issue(DEMO, number).comments] == [f"Second {MARKER}"]
